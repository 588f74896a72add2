/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/test-payload.h"

#include <zlib.h>

const enum codec_kind battery_kind = CODEC_GZIP;
const enum payload_kind payload_battery_kind = PAYLOAD_GZIP;
const bool payload_is_checked = true, payload_is_continued = true;

void battery_pack(struct bytes in, struct buf *out)
{
	z_stream z = { 0 };
	size_t room;

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	room = deflateBound(&z, in.size);
	z.next_out = buf_reserve(out, room);
	z.avail_out = (uInt)room;
	z.next_in = (Bytef *)(uintptr_t)in.base;
	z.avail_in = (uInt)in.size;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->size += room - z.avail_out;
	deflateEnd(&z);
}

static void test_zero_padding(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 };
	struct codec *codec = codec_new();

	(void)state;
	battery_pack(bytes_of("some content", 12), &packed);
	buf_put(&packed, "\0\0\0\0\0\0\0", 7);
	expect_content(codec, buf_bytes(&packed), bytes_of("some content", 12));
	buf_put(&packed, "x", 1);
	expect_result(buf_bytes(&packed), DECODED_MAX, -EBADMSG);
	codec_free(codec);
}

static void test_hint_lies(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 };
	uint64_t hint = 77;

	(void)state;
	battery_pack(bytes_of("some content", 12), &packed);
	memcpy(packed.base + packed.size - 4, "\xff\xff\xff\xff", 4);
	assert_int_equal(codec_size_hint(CODEC_GZIP, buf_bytes(&packed), &hint), -ENODATA);
	assert_int_equal(hint, 77);
	expect_result(buf_bytes(&packed), DECODED_MAX, -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BATTERY,
		PAYLOAD_BATTERY_ALSO,
		cmocka_unit_test(test_zero_padding),
		cmocka_unit_test(test_hint_lies),
	};

	return cmocka_run_group_tests_name("gzip", tests, NULL, NULL);
}
