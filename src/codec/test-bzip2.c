/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/test-payload.h"

#include <bzlib.h>

const enum payload_kind payload_battery_kind = PAYLOAD_BZIP2;
const bool payload_is_checked = true, payload_is_continued = true;

void battery_pack(struct bytes in, struct buf *out)
{
	unsigned int size = (unsigned int)(in.size + in.size / 100 + 600);
	uint8_t *to = buf_reserve(out, size);

	assert_int_equal(BZ2_bzBuffToBuffCompress((char *)to, &size, (char *)(uintptr_t)in.base,
						  (unsigned int)in.size, 9, 0, 0), BZ_OK);
	out->size += size;
}

/* The block size is a digit from 1 to 9, and the magic of a block follows. */
static void test_header(void **state)
{
	(void)state;
	expect_refused(bytes_of("BZh0", 4), DECODED_MAX, -EBADMSG, "no bzip2 header");
	expect_refused(bytes_of("BZh9abcdef", 10), DECODED_MAX, -EBADMSG, "damaged");
	expect_refused(bytes_of("BZh9", 4), DECODED_MAX, -EBADMSG, "cut off");
}

static void test_says_where(void **state)
{
	CLEANUP_BUF struct buf sample = { 0 }, packed = { 0 }, out = { 0 };
	struct diag diag = { 0 };
	size_t used, first;

	(void)state;
	fill_sample(&sample, 5000);
	battery_pack(buf_bytes(&sample), &packed);
	first = packed.size;
	battery_pack(bytes_of("two", 3), &packed);
	packed.base[packed.size - 3] ^= 4;
	assert_int_equal(unpack_to(buf_bytes(&packed), &out, &used, &diag), -EBADMSG);
	assert_int_equal(diag.place, DIAG_OFFSET);
	assert_true(diag.where > first && diag.where <= packed.size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAYLOAD_BATTERY,
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_says_where),
	};

	return cmocka_run_group_tests_name("bzip2", tests, NULL, NULL);
}
