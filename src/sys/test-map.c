/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>

#include "sys/map.h"

#define SIZE ((size_t)64 * 1024)

static char path[] = "/tmp/test-map-XXXXXX";

static int make_file(void **state)
{
	char *text = malloc(SIZE);
	int fd;

	(void)state;
	strcpy(path, "/tmp/test-map-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || !text)
		return -1;
	memset(text, 'x', SIZE);
	if (write(fd, text, SIZE) != (ssize_t)SIZE)
		return -1;
	free(text);
	return close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void check_contents(const struct sys_map *map)
{
	assert_int_equal(map->content.size, SIZE);
	for (size_t i = 0; i < SIZE; i++)
		assert_int_equal(map->content.base[i], 'x');
}

/* Before anybody allowed it nothing is mapped: what is truncated afterwards stays as it was read. */
static void test_read(void **state)
{
	struct sys_map map = { 0 };

	(void)state;
	assert_int_equal(sys_map_file(AT_FDCWD, path, SIZE, &map), 0);
	assert_int_equal(truncate(path, 0), 0);
	check_contents(&map);
	sys_map_done(&map);
	assert_null(map.content.base);
	sys_map_done(NULL);
}

static void test_truncated(void **state)
{
	struct sys_map map = { 0 }, other = { 0 };

	(void)state;
	assert_int_equal(sys_guard_maps(), 0);
	assert_int_equal(sys_map_file(AT_FDCWD, path, SIZE, &map), 0);
	assert_int_equal(sys_map_file(AT_FDCWD, path, SIZE, &other), 0);
	check_contents(&map);
	assert_int_equal(truncate(path, 100), 0);
	assert_int_equal(map.content.base[50], 'x');
	assert_int_equal(map.content.base[SIZE - 1], 0);
	assert_int_equal(other.content.base[SIZE / 2], 0);
	sys_map_done(&map);
	sys_map_done(&other);
}

static void test_limits(void **state)
{
	struct sys_map map = { 0 }, many[SYS_MAPS_MAX + 3];

	(void)state;
	assert_int_equal(sys_map_file(AT_FDCWD, path, SIZE - 1, &map), -E2BIG);
	assert_int_equal(sys_map_file(AT_FDCWD, "/", SIZE, &map), -EISDIR);
	assert_int_equal(sys_map_file(AT_FDCWD, "/nonexistent", SIZE, &map), -ENOENT);
	assert_null(map.content.base);
	for (size_t i = 0; i < SYS_MAPS_MAX + 3; i++) {
		assert_int_equal(sys_map_file(AT_FDCWD, path, SIZE, &many[i]), 0);
		check_contents(&many[i]);
	}
	for (size_t i = 0; i < SYS_MAPS_MAX + 3; i++)
		sys_map_done(&many[i]);
}

/* A fault that is none of ours ends the program as it always did. */
static void test_other_faults(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		(void)sys_guard_maps(); /* cmocka has a handler of its own */
		(void)raise(SIGBUS);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read, make_file, remove_file),
		cmocka_unit_test_setup_teardown(test_truncated, make_file, remove_file),
		cmocka_unit_test_setup_teardown(test_limits, make_file, remove_file),
		cmocka_unit_test(test_other_faults),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
