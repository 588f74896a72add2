/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/test-payload.h"

#include <lzma.h>

const enum payload_kind payload_battery_kind = PAYLOAD_LZMA;
const bool payload_is_checked = false, payload_is_continued = false;

/* Like the tool: size unknown, with a mark at the end. */
void battery_pack(struct bytes in, struct buf *out)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_options_lzma options;
	size_t room = in.size + in.size / 2 + 1000;

	assert_false(lzma_lzma_preset(&options, 1));
	assert_int_equal(lzma_alone_encoder(&s, &options), LZMA_OK);
	s.next_in = in.base;
	s.avail_in = in.size;
	s.next_out = buf_reserve(out, room);
	s.avail_out = room;
	assert_int_equal(lzma_code(&s, LZMA_FINISH), LZMA_STREAM_END);
	out->size += room - s.avail_out;
	lzma_end(&s);
}

/* Bytes 1 to 4 are the dictionary's size, 5 to 12 that of the content. */
static void set(struct buf *packed, size_t off, uint64_t v, size_t size)
{
	for (size_t i = 0; i < size; i++)
		packed->base[off + i] = (uint8_t)(v >> 8 * i);
}

static void test_dictionary_limit(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 };

	(void)state;
	battery_pack(bytes_of("some content", 12), &packed);
	set(&packed, 1, 128 * 1024 * 1024, 4);
	expect_unpacked(buf_bytes(&packed), bytes_of("some content", 12), packed.size);
	set(&packed, 1, 256 * 1024 * 1024, 4);
	expect_refused(buf_bytes(&packed), DECODED_MAX, -E2BIG, "lzma dictionary needs more memory");
}

static void test_known_size(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 };

	(void)state;
	battery_pack(bytes_of("some content", 12), &packed);
	set(&packed, 5, 12, 8);
	expect_unpacked(buf_bytes(&packed), bytes_of("some content", 12), packed.size);
	set(&packed, 5, 13, 8);
	expect_refused(buf_bytes(&packed), DECODED_MAX, -EBADMSG, "lzma data is");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		PAYLOAD_BATTERY,
		cmocka_unit_test(test_dictionary_limit),
		cmocka_unit_test(test_known_size),
	};

	return cmocka_run_group_tests_name("lzma", tests, NULL, NULL);
}
