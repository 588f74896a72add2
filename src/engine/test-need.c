/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <errno.h>

#include "engine/need.h"

#define LONG_USEC ((int64_t)20 * 1000 * 1000)

static char base[] = "/tmp/test-need-XXXXXX";
static char dir[64];
static struct kernel_real real;
static struct kernel kernel;

static void put(const char *module, const char *state)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/module/%s", base, module);
	(void)mkdir(path, 0755);
	strcat(path, "/initstate");
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(state, file);
	fclose(file);
}

static void take(const char *module)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/sys/module/%s/initstate", base, module);
	assert_int_equal(unlink(path), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
}

/* Modules are directories below a root of the test's own: d1 and d2 are loaded. */
static int make_dir(void **state)
{
	char path[64];

	(void)state;
	strcpy(base, "/tmp/test-need-XXXXXX");
	if (!mkdtemp(base))
		return -1;
	snprintf(dir, sizeof(dir), "%s/run/need", base); /* made by the first one */
	snprintf(path, sizeof(path), "%s/sys", base);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/sys/module", base);
	(void)mkdir(path, 0755);
	put("d1", "live\n");
	put("d2", "live\n");
	return kernel_open(base, &real, &kernel);
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	kernel_close(&real);
	snprintf(command, sizeof(command), "rm -r %s", base);
	return system(command);
}

static const char *const both[] = { "d1", "d2", "d1" };

/* Who needs it? Whatever module "user" is. */
static int look(void *ctx, const char *module)
{
	enum module_state state;

	++*(unsigned int *)ctx;
	assert_string_equal(module, "d2");
	assert_int_equal(kernel.state(kernel.ctx, "user", &state), 0);
	return state == MODULE_ABSENT ? 0 : -EBUSY;
}

static int look_never(void *ctx, const char *module)
{
	(void)ctx;
	(void)module;
	return 0;
}

/* A process that does @work, tells, and waits for a word to go on. Return: its id. */
static pid_t start(int *ret_release, void (*work)(int ready, int release))
{
	int ready[2], release[2];
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(release), 0);
	pid = fork();
	if (pid == 0) {
		close(release[1]);
		work(ready[1], release[0]);
		_exit(0); /* as one that dies: nothing is given up by hand */
	}
	close(release[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*ret_release = release[1];
	return pid;
}

static void end(pid_t pid, int release)
{
	int status;

	close(release);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void say(int ready, int release)
{
	char c;

	(void)!write(ready, "x", 1);
	(void)!read(release, &c, 1);
}

/* Has looked, and inserts a little later. */
static void inserts(int ready, int release)
{
	struct need_guard guard;
	uint32_t gone;

	if (need_begin(&guard, &kernel, dir, both, 3, LONG_USEC, &gone) != 0 || guard.n != 3)
		_exit(1);
	say(ready, release);
	usleep(50000); /* by now the parent waits */
	put("user", "live\n");
}

static void fails_to_insert(int ready, int release)
{
	struct need_guard guard;
	uint32_t gone;

	if (need_begin(&guard, &kernel, dir, both, 3, LONG_USEC, &gone) != 0)
		_exit(1);
	say(ready, release);
	usleep(50000);
}

static void inserts_slowly(int ready, int release)
{
	struct need_guard guard;
	uint32_t gone;

	if (need_begin(&guard, &kernel, dir, both, 3, LONG_USEC, &gone) != 0)
		_exit(1);
	put("user", "coming\n");
	say(ready, release);
}

static int remove_while(void (*work)(int ready, int release), bool does_wait_for_end,
			unsigned int *ret_looks)
{
	struct removal_guard guard;
	int release, r;
	pid_t pid = start(&release, work);

	*ret_looks = 0;
	if (does_wait_for_end)
		(void)!write(release, "x", 1);
	r = removal_begin(&guard, &kernel, dir, "d2", LONG_USEC, look, ret_looks);
	removal_end(&guard);
	end(pid, release);
	return r;
}

static void test_removal_while_a_user_begins(void **state)
{
	unsigned int looks;

	(void)state;
	assert_int_equal(remove_while(inserts, true, &looks), -EBUSY);
}

static void test_removal_while_a_user_fails(void **state)
{
	unsigned int looks;

	(void)state;
	assert_int_equal(remove_while(fails_to_insert, true, &looks), 0);
	assert_true(looks > 1);
}

/* A user that is being loaded is seen at once, however long its init takes. */
static void test_removal_does_not_wait_for_an_init(void **state)
{
	unsigned int looks;

	(void)state;
	assert_int_equal(remove_while(inserts_slowly, false, &looks), -EBUSY);
	assert_int_equal(looks, 1);
}

static void removes(int ready, int release)
{
	struct removal_guard guard;

	if (removal_begin(&guard, &kernel, dir, "d2", LONG_USEC, look_never, NULL) != 0)
		_exit(1);
	say(ready, release);
	usleep(50000);
	take("d2");
}

static void removes_in_vain(int ready, int release)
{
	struct removal_guard guard;

	if (removal_begin(&guard, &kernel, dir, "d2", LONG_USEC, look_never, NULL) != 0)
		_exit(1);
	say(ready, release);
	usleep(50000);
}

static int insert_while(void (*work)(int ready, int release), uint32_t *ret_gone)
{
	struct need_guard guard;
	int release, r;
	pid_t pid = start(&release, work);

	(void)!write(release, "x", 1);
	r = need_begin(&guard, &kernel, dir, both, 3, LONG_USEC, ret_gone);
	assert_int_equal(guard.n, r < 0 ? 0 : 3);
	need_end(&guard);
	end(pid, release);
	return r;
}

static void test_insertion_while_a_need_goes(void **state)
{
	uint32_t gone = 7;

	(void)state;
	assert_int_equal(insert_while(removes, &gone), -ESTALE);
	assert_int_equal(gone, 1);
}

static void test_insertion_while_a_need_does_not_go(void **state)
{
	uint32_t gone = 7;

	(void)state;
	assert_int_equal(insert_while(removes_in_vain, &gone), 0);
	assert_int_equal(gone, 7);
}

/* Two answers of one group: each removal counts on the other one's answer. */
static void test_removals_exclude_each_other(void **state)
{
	struct removal_guard guard;
	int release;
	pid_t pid = start(&release, removes_in_vain);

	(void)state;
	assert_int_equal(removal_begin(&guard, &kernel, dir, "d1", 0, look_never, NULL), 0);
	assert_true(guard.fd < 0 && guard.removals_fd < 0); /* it went on without, after no wait */
	removal_end(&guard);
	(void)!write(release, "x", 1);
	assert_int_equal(removal_begin(&guard, &kernel, dir, "d1", LONG_USEC, look_never, NULL), 0);
	assert_true(guard.fd >= 0 && guard.removals_fd >= 0);
	removal_end(&guard);
	end(pid, release);
}

static void test_insertions_share(void **state)
{
	struct need_guard guard;
	uint32_t gone;
	int release;
	pid_t pid = start(&release, inserts_slowly);

	(void)state;
	assert_int_equal(need_begin(&guard, &kernel, dir, both, 3, 0, &gone), 0);
	assert_int_equal(guard.n, 3);
	need_end(&guard);
	end(pid, release);
}

static void test_states(void **state)
{
	static const char *const states[] = { "live\n", "coming\n", "going\n" };
	struct need_guard guard;
	uint32_t gone;

	(void)state;
	for (int i = 0; i < 3; i++) {
		put("d2", states[i]);
		assert_int_equal(need_begin(&guard, &kernel, dir, both, 3, 0, &gone),
				 i < 2 ? 0 : -ESTALE);
		need_end(&guard);
	}
	take("d2");
	assert_int_equal(need_begin(&guard, &kernel, dir, both, 3, 0, &gone), -ESTALE);
	assert_int_equal(gone, 1);
}

/* Without locks the looks are taken all the same; without needs nothing is made. */
static void test_no_directory(void **state)
{
	const char *const dirs[] = { NULL, "/proc/none/such", "/dev/null/x" };
	struct removal_guard removal;
	struct need_guard guard;
	unsigned int looks = 0;
	uint32_t gone;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(need_begin(&guard, &kernel, dirs[i], both, 3, LONG_USEC, &gone), 0);
		assert_int_equal(guard.n, 0);
		need_end(&guard);
		assert_int_equal(removal_begin(&removal, &kernel, dirs[i], "d2", LONG_USEC, look, &looks),
				 0);
		removal_end(&removal);
	}
	assert_int_equal(looks, 3);
	put("user", "live\n");
	assert_int_equal(removal_begin(&removal, &kernel, NULL, "d2", LONG_USEC, look, &looks), -EBUSY);
	assert_int_equal(need_begin(&guard, &kernel, dir, both, 0, LONG_USEC, &gone), 0);
	assert_int_equal(access(dir, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_removal_while_a_user_begins, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_removal_while_a_user_fails, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_removal_does_not_wait_for_an_init, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_insertion_while_a_need_goes, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_insertion_while_a_need_does_not_go, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_removals_exclude_each_other, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_insertions_share, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_states, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_no_directory, make_dir, remove_dir),
	};

	return cmocka_run_group_tests_name("need", tests, NULL, NULL);
}
