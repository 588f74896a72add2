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

#include "engine/claim.h"
#include "sys/sys.h"

#define LONG_USEC ((int64_t)20 * 1000 * 1000)

static char base[] = "/tmp/test-claim-XXXXXX";
static char dir[64];
static struct kernel_real real;
static struct kernel kernel;

static int make_dir(void **state)
{
	(void)state;
	strcpy(base, "/tmp/test-claim-XXXXXX");
	if (!mkdtemp(base))
		return -1;
	snprintf(dir, sizeof(dir), "%s/run/insert", base); /* made by the first claim */
	return kernel_open("", &real, &kernel);
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	kernel_close(&real);
	snprintf(command, sizeof(command), "rm -r %s", base);
	return system(command);
}

/* Another process claims "m" for request 1, holds it until @release is written to, and ends as told. */
static pid_t start_other(int *ret_release, bool is_finished, int error)
{
	int ready[2], release[2];
	struct claim claim;
	int ignored = 0;
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(release), 0);
	pid = fork();
	if (pid == 0) {
		close(release[1]);
		if (claim_take(&claim, &kernel, dir, "m", 1, LONG_USEC, &ignored) != CLAIM_OURS || claim.fd < 0)
			_exit(1);
		(void)!write(ready[1], "x", 1);
		(void)!read(release[0], &c, 1);
		usleep(50000); /* by now the parent waits */
		if (is_finished)
			claim_finish(&claim, &kernel, error);
		_exit(0);
	}
	close(release[0]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	*ret_release = release[1];
	return pid;
}

static enum claim_answer take_while_other(bool is_finished, int error, uint64_t request, int *ret_error)
{
	enum claim_answer answer;
	struct claim claim;
	int release, status;
	pid_t pid = start_other(&release, is_finished, error);

	close(release);
	answer = claim_take(&claim, &kernel, dir, "m", request, LONG_USEC, ret_error);
	assert_true(claim.fd >= 0);
	claim_drop(&claim);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return answer;
}

static void test_one_answer_for_all(void **state)
{
	int error = 7;

	(void)state;
	assert_int_equal(take_while_other(true, -ENODEV, 1, &error), CLAIM_ANSWERED);
	assert_int_equal(error, -ENODEV);
	assert_int_equal(take_while_other(true, 0, 1, &error), CLAIM_ANSWERED);
	assert_int_equal(error, 0);
}

static void test_other_requests(void **state)
{
	int error = 7;

	(void)state;
	assert_int_equal(take_while_other(true, -EINVAL, 2, &error), CLAIM_OURS);
	assert_int_equal(error, 7);
}

static void test_who_dies_answers_nothing(void **state)
{
	int error = 7;

	(void)state;
	assert_int_equal(take_while_other(false, 0, 1, &error), CLAIM_OURS);
	assert_int_equal(error, 7);
}

/* An answer is for those who waited for it, not for who comes later. */
static void test_old_answers(void **state)
{
	struct claim claim;
	int error = 7;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(claim_take(&claim, &kernel, dir, "m", 1, LONG_USEC, &error), CLAIM_OURS);
		assert_int_equal(error, 7);
		claim_finish(&claim, &kernel, -EIO);
		usleep(1000);
	}
}

static void test_no_wait_without_end(void **state)
{
	int release, error = 7, status;
	struct claim claim;
	pid_t pid;

	(void)state;
	pid = start_other(&release, true, -EIO);
	assert_int_equal(claim_take(&claim, &kernel, dir, "m", 1, 20000, &error), CLAIM_OURS);
	assert_true(claim.fd < 0);
	claim_finish(&claim, &kernel, 0);
	close(release);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

/* Where no file can be, everybody goes on alone. */
static void test_no_claims(void **state)
{
	struct claim claim;
	int error = 7;

	(void)state;
	assert_int_equal(claim_take(&claim, &kernel, NULL, "m", 1, LONG_USEC, &error), CLAIM_OURS);
	assert_true(claim.fd < 0);
	assert_int_equal(claim_take(&claim, &kernel, "/proc/none/such", "m", 1, LONG_USEC, &error), CLAIM_OURS);
	assert_true(claim.fd < 0);
	assert_int_equal(claim_take(&claim, &kernel, dir, "../m", 1, LONG_USEC, &error), CLAIM_OURS);
	assert_true(claim.fd < 0);
	claim_finish(&claim, &kernel, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_answer_for_all, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_other_requests, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_who_dies_answers_nothing, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_old_answers, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_no_wait_without_end, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_no_claims, make_dir, remove_dir),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
