/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/kernel.h"
#include "sys/sys.h"

/* A captured tree, and the kernel that it says is running. */
struct fixture {
	char dir[32];
	int fd;
	struct kernel_real real;
	struct kernel kernel;
};

static void make_dirs(const struct fixture *f, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", f->dir, path);
	assert_int_equal(sys_make_dirs(full), 0);
}

static void put(const struct fixture *f, const char *path, const char *text)
{
	int fd = openat(f->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void put_module(const struct fixture *f, const char *name, const char *state,
		       const char *refcnt)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/module/%s/holders", name);
	make_dirs(f, path);
	snprintf(path, sizeof(path), "sys/module/%s/initstate", name);
	put(f, path, state);
	snprintf(path, sizeof(path), "sys/module/%s/refcnt", name);
	put(f, path, refcnt);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->dir, "/tmp/kernel-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	f->fd = open(f->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	make_dirs(f, "proc");
	make_dirs(f, "sys/module/printk/parameters");
	put(f, "proc/cmdline", "quiet ro\n");
	put(f, "sys/module/compression", "xz\n");
	put_module(f, "mii", "live\n", "2\n");
	make_dirs(f, "sys/module/mii/holders/r8169");
	make_dirs(f, "sys/module/mii/holders/e100");
	put_module(f, "slow", "coming\n", "1\n");
	put_module(f, "leaving", "going\n", "-1\n");
	put_module(f, "odd", "sleeping\n", "many\n");
	assert_int_equal(kernel_open(f->dir, &f->real, &f->kernel), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[64];

	kernel_close(&f->real);
	(void)close(f->fd);
	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -r %s", f->dir);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void assert_state(struct fixture *f, const char *name, enum module_state expected)
{
	enum module_state found;

	assert_int_equal(f->kernel.state(f->kernel.ctx, name, &found), 0);
	assert_string_equal(module_state_name(found), module_state_name(expected));
}

static void test_states(void **state)
{
	struct fixture *f = *state;
	enum module_state found = MODULE_LIVE;

	assert_state(f, "mii", MODULE_LIVE);
	assert_state(f, "slow", MODULE_COMING);
	assert_state(f, "leaving", MODULE_GOING);
	assert_state(f, "printk", MODULE_NO_STATE);
	assert_state(f, "nowhere", MODULE_ABSENT);
	assert_state(f, "compression", MODULE_ABSENT); /* a file beside the modules */
	assert_int_equal(f->kernel.state(f->kernel.ctx, "odd", &found), -EBADMSG);
	assert_int_equal(found, MODULE_LIVE);
}

static void test_names_lead_nowhere_else(void **state)
{
	static const char *const names[] = { "", ".", "..", "../module/mii", "mii/holders", "/mii" };
	struct fixture *f = *state;
	CLEANUP_BUF struct buf holders = { 0 };
	enum module_state found;
	long n;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(f->kernel.state(f->kernel.ctx, names[i], &found), -EINVAL);
		assert_int_equal(f->kernel.users(f->kernel.ctx, names[i], &n), -EINVAL);
		assert_int_equal(f->kernel.holders(f->kernel.ctx, names[i], &holders), -EINVAL);
	}
}

static void test_users(void **state)
{
	struct fixture *f = *state;
	long n = 42;

	assert_int_equal(f->kernel.users(f->kernel.ctx, "printk", &n), -ENOENT);
	assert_int_equal(f->kernel.users(f->kernel.ctx, "nowhere", &n), -ENOENT);
	assert_int_equal(f->kernel.users(f->kernel.ctx, "odd", &n), -EBADMSG);
	assert_int_equal(n, 42);
	assert_int_equal(f->kernel.users(f->kernel.ctx, "mii", &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(f->kernel.users(f->kernel.ctx, "leaving", &n), 0);
	assert_int_equal(n, 0);
}

static void test_holders(void **state)
{
	struct fixture *f = *state;
	CLEANUP_BUF struct buf holders = { 0 };
	bool is_known;

	assert_int_equal(f->kernel.holders(f->kernel.ctx, "nowhere", &holders), -ENOENT);
	assert_int_equal(f->kernel.holders(f->kernel.ctx, "printk", &holders), -ENOENT);
	assert_int_equal(f->kernel.holders(f->kernel.ctx, "slow", &holders), 0);
	assert_int_equal(holders.size, 0);
	assert_int_equal(f->kernel.holders(f->kernel.ctx, "mii", &holders), 0);
	/* The order is the directory's. */
	is_known = holders.size == sizeof("r8169\0e100") &&
		   (memcmp(holders.base, "r8169\0e100", holders.size) == 0 ||
		    memcmp(holders.base, "e100\0r8169", holders.size) == 0);
	assert_true(is_known);
}

static void test_read(void **state)
{
	struct fixture *f = *state;
	CLEANUP_BUF struct buf text = { .max = 16 };

	assert_int_equal(f->kernel.read(f->kernel.ctx, "proc/cmdline", &text), 0);
	assert_int_equal(text.size, strlen("quiet ro\n"));
	assert_memory_equal(text.base, "quiet ro\n", text.size);
	assert_int_equal(f->kernel.read(f->kernel.ctx, "proc/modules", &text), -ENOENT);
	assert_int_equal(f->kernel.read(f->kernel.ctx, "/proc/cmdline", &text), -EINVAL);
	put(f, "proc/cmdline", "twenty bytes of text");
	assert_int_equal(f->kernel.read(f->kernel.ctx, "proc/cmdline", &text), -E2BIG);
}

static void test_no_sysfs(void **state)
{
	struct fixture *f = *state;
	CLEANUP_BUF struct buf holders = { 0 };
	struct kernel_real real;
	struct kernel kernel;
	enum module_state found;
	char root[64];
	long n;

	snprintf(root, sizeof(root), "%s/proc", f->dir);
	assert_int_equal(kernel_open(root, &real, &kernel), 0);
	assert_int_equal(kernel.state(kernel.ctx, "mii", &found), 0);
	assert_int_equal(found, MODULE_ABSENT);
	assert_int_equal(kernel.users(kernel.ctx, "mii", &n), -ENOENT);
	assert_int_equal(kernel.holders(kernel.ctx, "mii", &holders), -ENOENT);
	kernel_close(&real);
	kernel_close(&real);
	snprintf(root, sizeof(root), "%s/nowhere", f->dir);
	assert_int_equal(kernel_open(root, &real, &kernel), -ENOENT);
	kernel_close(&real);
}

static void test_no_flags_with_an_image(void **state)
{
	struct fixture *f = *state;
	const struct kernel_insert insert = { .fd = -1, .params = "", .flags = KERNEL_COMPRESSED };

	assert_int_equal(f->kernel.insert(f->kernel.ctx, &insert), -EINVAL);
}

/* Runs @command in the fixture's directory. Return: the wait status. */
static int run(struct fixture *f, const char *command, const char *options)
{
	const struct kernel_command c = { command, "mod_x", options };

	assert_int_equal(chdir(f->dir), 0);
	return f->kernel.run(f->kernel.ctx, &c);
}

static void assert_file(struct fixture *f, const char *name, const char *expected)
{
	CLEANUP_BUF struct buf text = { 0 };

	assert_int_equal(sys_read_file(f->fd, name, &text), 0);
	buf_put_u8(&text, 0);
	assert_string_equal((const char *)text.base, expected);
}

static void test_run_environment(void **state)
{
	struct fixture *f = *state;
	/* As it was handed over: shells pass on one of two variables of a name. */
	static const char command[] = "tr '\\0' '\\n' </proc/$$/environ | "
				      "grep -E '^(MODPROBE_|KEPT)' | LC_ALL=C sort > out";

	assert_int_equal(setenv("MODPROBE_MODULE", "outer", 1), 0);
	assert_int_equal(setenv("MODPROBE_OPTIONS", "-s", 1), 0);
	assert_int_equal(setenv("KEPT", "a b", 1), 0);
	assert_int_equal(run(f, command, "-q -v"), 0);
	assert_file(f, "out", "KEPT=a b\nMODPROBE_MODULE=mod_x\nMODPROBE_OPTIONS=-q -v\n");
	assert_int_equal(run(f, command, NULL), 0);
	assert_file(f, "out", "KEPT=a b\nMODPROBE_MODULE=mod_x\nMODPROBE_OPTIONS=-s\n");
	assert_string_equal(getenv("MODPROBE_MODULE"), "outer");
}

static void test_run_status(void **state)
{
	struct fixture *f = *state;
	int status;

	status = run(f, "exit 3", NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	status = run(f, "kill -9 $$", NULL);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), 9);
	/* A command, never an option of the shell. */
	status = run(f, "-x 2>err", NULL);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 127);
}

static void test_run_with_ignored_sigchld(void **state)
{
	struct fixture *f = *state;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old, found;

	assert_int_equal(sigaction(SIGCHLD, &ignore, &old), 0);
	assert_int_equal(run(f, "exit 7", NULL), 7 << 8);
	assert_int_equal(sigaction(SIGCHLD, &old, &found), 0);
	assert_ptr_equal(found.sa_handler, SIG_IGN);
}

/* Whoever is interrupted while a command runs dies of it, but not before the command has ended. */
static void test_run_outlasts_an_interrupt(void **state)
{
	struct fixture *f = *state;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		(void)signal(SIGINT, SIG_DFL);
		(void)run(f, "kill -INT $PPID; sleep 0.2; touch ended", NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(faccessat(f->fd, "ended", F_OK, 0), 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGINT);
	/* The command itself is as interruptible as any. */
	assert_int_equal(run(f, "kill -INT $$", NULL), SIGINT);
}

static void test_wait_is_short(void **state)
{
	struct fixture *f = *state;
	int64_t before = f->kernel.now_usec(f->kernel.ctx);

	f->kernel.wait(f->kernel.ctx, UINT32_MAX); /* returns, long before an hour */
	assert_true(f->kernel.now_usec(f->kernel.ctx) > before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names_lead_nowhere_else, setup, teardown),
		cmocka_unit_test_setup_teardown(test_users, setup, teardown),
		cmocka_unit_test_setup_teardown(test_holders, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_sysfs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_flags_with_an_image, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_status, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_with_ignored_sigchld, setup, teardown),
		cmocka_unit_test_setup_teardown(test_run_outlasts_an_interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wait_is_short, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
