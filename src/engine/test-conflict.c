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

#include "bytes/name.h"
#include "engine/conflict.h"

#define LONG_USEC ((int64_t)20 * 1000 * 1000)

static char base[] = "/tmp/test-conflict-XXXXXX";
static char dir[64];
static struct kernel_real real;
static struct kernel kernel;

/* Modules are directories below a root of the test's own. */
static int make_dir(void **state)
{
	char path[64];

	(void)state;
	strcpy(base, "/tmp/test-conflict-XXXXXX");
	if (!mkdtemp(base))
		return -1;
	snprintf(dir, sizeof(dir), "%s/run/conflict", base); /* made by the first one */
	snprintf(path, sizeof(path), "%s/sys", base);
	(void)mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/sys/module", base);
	(void)mkdir(path, 0755);
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

static void insert(const char *module, const char *state)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/sys/module/%s", base, module);
	assert_int_equal(mkdir(path, 0755), 0);
	if (!state)
		return;
	strcat(path, "/initstate");
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(state, file);
	fclose(file);
}

static int begin(struct conflict_guard *guard, const char *module, const char *other,
		 int64_t wait_usec)
{
	const struct plan_conflict conflict = { .module = other };
	uint32_t which = 7;
	int r;

	r = conflict_begin(guard, &kernel, dir, module, &conflict, 1, wait_usec, &which);
	assert_int_equal(which, r < 0 ? 0 : 7);
	return r;
}

/* A process that wants @module. Told to go on, it inserts the module (or not) and ends. Return: its id. */
static pid_t start_other(int *ret_release, const char *module, const char *other, bool does_insert)
{
	int ready[2], release[2];
	struct conflict_guard guard;
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(release), 0);
	pid = fork();
	if (pid == 0) {
		close(release[1]);
		if (begin(&guard, module, other, LONG_USEC) != 0 || guard.n != 1)
			_exit(1);
		(void)!write(ready[1], "x", 1);
		(void)!read(release[0], &c, 1);
		usleep(50000); /* by now the parent waits */
		if (does_insert)
			insert(module, "live\n");
		_exit(0); /* as one that dies: nothing is given up by hand */
	}
	close(release[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*ret_release = release[1];
	return pid;
}

static int begin_while_other(bool does_insert)
{
	struct conflict_guard guard;
	int release, status, r;
	pid_t pid = start_other(&release, "b", "a", does_insert);

	close(release);
	r = begin(&guard, "a", "b", LONG_USEC);
	assert_int_equal(guard.n, r == 0);
	conflict_end(&guard);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return r;
}

static void test_race(void **state)
{
	(void)state;
	assert_int_equal(begin_while_other(true), -EADDRINUSE);
}

static void test_holder_dies(void **state)
{
	(void)state;
	assert_int_equal(begin_while_other(false), 0);
}

/* After so long a wait the one that is being inserted counts as there. */
static void test_wait_limit(void **state)
{
	struct conflict_guard guard;
	int release, status;
	pid_t pid;

	(void)state;
	pid = start_other(&release, "b", "a", false);
	assert_int_equal(begin(&guard, "a", "b", 20000), -EADDRINUSE);
	assert_int_equal(guard.n, 0);
	assert_int_equal(begin(&guard, "a", "c", 0), 0); /* which is nobody's */
	conflict_end(&guard);
	close(release);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(begin(&guard, "a", "b", 0), 0);
	conflict_end(&guard);
}

/* Whatever its state is, it is there. */
static void test_states(void **state)
{
	static const char *const states[] = { "live\n", "coming\n", "going\n", NULL };
	const struct plan_conflict conflicts[] = { { .module = "x" }, { .module = "m0" },
						   { .module = "y" } };
	struct conflict_guard guard;
	uint32_t which;
	char name[8];

	(void)state;
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "m%d", i);
		assert_int_equal(begin(&guard, "a", name, 0), 0);
		conflict_end(&guard);
		insert(name, states[i]);
		assert_int_equal(begin(&guard, "a", name, 0), -EADDRINUSE);
	}
	assert_int_equal(conflict_begin(&guard, &kernel, dir, "a", conflicts, 3, 0, &which),
			 -EADDRINUSE);
	assert_int_equal(which, 1);
}

/* One that is on its way out will not meet anybody. */
static void test_going(void **state)
{
	struct conflict_guard guard;
	char path[128];
	int status;
	pid_t pid;

	(void)state;
	insert("b", "going\n");
	pid = fork();
	if (pid == 0) {
		usleep(50000); /* by now the parent waits */
		snprintf(path, sizeof(path), "%s/sys/module/b/initstate", base);
		(void)unlink(path);
		*strrchr(path, '/') = '\0';
		_exit(rmdir(path) == 0 ? 0 : 1);
	}
	assert_int_equal(begin(&guard, "a", "b", LONG_USEC), 0);
	conflict_end(&guard);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	insert("c", "going\n");
	assert_int_equal(begin(&guard, "a", "c", 20000), -EADDRINUSE);
}

static void test_no_conflicts(void **state)
{
	struct conflict_guard guard;
	uint32_t which;

	(void)state;
	assert_int_equal(conflict_begin(&guard, &kernel, dir, "a", NULL, 0, 0, &which), 0);
	assert_int_equal(guard.n, 0);
	assert_int_equal(access(dir, F_OK), -1);
	conflict_end(&guard);
}

/* Without a lock the look is taken all the same. */
static void test_no_directory(void **state)
{
	const struct plan_conflict conflict = { .module = "b" };
	const char *const dirs[] = { NULL, "/proc/none/such", "/dev/null/x" };
	struct conflict_guard guard;
	uint32_t which;

	(void)state;
	for (int i = 0; i < 6; i++) {
		assert_int_equal(conflict_begin(&guard, &kernel, dirs[i % 3], "a", &conflict, 1,
						LONG_USEC, &which),
				 i < 3 ? 0 : -EADDRINUSE);
		assert_int_equal(guard.n, 0);
		conflict_end(&guard);
		if (i == 2)
			insert("b", "live\n");
	}
}

/* A link that somebody put there is not followed, and names that lead elsewhere make no file. */
static void test_hostile_directory(void **state)
{
	struct conflict_guard guard;
	char path[128], target[128];
	char name[MODULE_NAME_MAX + 1];

	(void)state;
	assert_int_equal(begin(&guard, "a", "c", 0), 0);
	conflict_end(&guard);
	snprintf(path, sizeof(path), "%s/a+b", dir);
	snprintf(target, sizeof(target), "%s/target", base);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(begin(&guard, "a", "b", 0), 0);
	assert_int_equal(guard.n, 0);
	assert_int_equal(access(target, F_OK), -1);
	conflict_end(&guard);
	assert_int_equal(begin(&guard, "a", "../b", 0), 0);
	assert_int_equal(guard.n, 0);
	conflict_end(&guard);
	memset(name, 'n', MODULE_NAME_MAX);
	name[MODULE_NAME_MAX] = '\0';
	assert_int_equal(begin(&guard, name, name, 0), 0);
	assert_int_equal(guard.n, 0);
	conflict_end(&guard);
}

/* Only root may read them, and one file serves both sides. */
static void test_file(void **state)
{
	struct conflict_guard guard;
	char path[128];
	struct stat st;

	(void)state;
	assert_int_equal(begin(&guard, "b", "a", 0), 0);
	conflict_end(&guard);
	snprintf(path, sizeof(path), "%s/a+b", dir);
	assert_int_equal(lstat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(begin(&guard, "a", "b", 0), 0);
	conflict_end(&guard);
	snprintf(path, sizeof(path), "%s/b+a", dir);
	assert_int_equal(access(path, F_OK), -1);
}

#define N_MANY 40

/* Two processes with the same conflicts in opposite order, twice each: both get on. */
static void test_many(void **state)
{
	static struct plan_conflict conflicts[2 * N_MANY];
	static char names[N_MANY][8];
	struct conflict_guard guard;
	uint32_t which;
	int status;
	pid_t pid;

	(void)state;
	for (int i = 0; i < N_MANY; i++)
		snprintf(names[i], sizeof(names[i]), "m%d", i);
	pid = fork();
	for (int i = 0; i < 2 * N_MANY; i++)
		conflicts[i].module = names[(pid ? i : 2 * N_MANY - 1 - i) % N_MANY];
	for (int i = 0; i < 50; i++) {
		if (conflict_begin(&guard, &kernel, dir, "x", conflicts, 2 * N_MANY, LONG_USEC,
				   &which) != 0 ||
		    guard.n != N_MANY) {
			if (pid == 0)
				_exit(1);
			fail_msg("round %d: %u locks", i, guard.n);
		}
		conflict_end(&guard);
	}
	if (pid == 0)
		_exit(0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_race, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_holder_dies, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_wait_limit, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_states, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_going, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_no_conflicts, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_no_directory, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_hostile_directory, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_file, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_many, make_dir, remove_dir),
	};

	return cmocka_run_group_tests_name("conflict", tests, NULL, NULL);
}
