/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#include <unistd.h>

#include "sys/kmsg.h"

static void expect(struct kmsg *log, uint64_t usec, const char *message)
{
	struct kmsg_record record;

	assert_true(kmsg_next(log, &record));
	assert_true(record.usec == usec);
	assert_int_equal(record.message.size, strlen(message));
	assert_memory_equal(record.message.base, message, record.message.size);
}

static void test_records(void **state)
{
	static const char text[] = "4,339,5140900,-;NET: Registered; protocol 1\n"
				   "30,340,5690716,c,caller=T1;udevd[80]: starting\n"
				   " SUBSYSTEM=pci\n DEVICE=+pci:0000:00:01.0\n"
				   "6,341,6690716,-;\n"
				   "6,342,6690717,-;not finished";
	struct kmsg log = { .text = bytes_of(text, sizeof(text) - 1) };
	struct kmsg_record record;

	(void)state;
	expect(&log, 5140900, "NET: Registered; protocol 1");
	expect(&log, 5690716, "udevd[80]: starting");
	expect(&log, 6690716, "");
	assert_false(kmsg_next(&log, &record));
	assert_false(kmsg_next(&log, &record));
}

static void test_no_records(void **state)
{
	static const char *const texts[] = {
		"", "\n\n", "a,1,2,-;x\n", "1,2;x\n", "1,2,3,-\n", ",,,;x\n", "1,,2,-;x\n",
		"1,2,99999999999999999999999,-;x\n", "1,2,-3,-;x\n", " 1,2,3,-;x\n",
	};
	struct kmsg_record record;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct kmsg log = { .text = bytes_of(texts[i], strlen(texts[i])) };

		assert_false(kmsg_next(&log, &record));
	}
}

static void test_read_does_not_wait(void **state)
{
	CLEANUP_BUF struct buf out = { 0 };
	char path[] = "/tmp/kmsg-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(write(fd, "1,2,3,-;x\n", 10), 10);
	close(fd);
	assert_int_equal(kmsg_read(path, &out), 0);
	assert_int_equal(out.size, 10);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(kmsg_read(path, &out), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_no_records),
		cmocka_unit_test(test_read_does_not_wait),
	};

	return cmocka_run_group_tests_name("kmsg", tests, NULL, NULL);
}
