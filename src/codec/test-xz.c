/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/test-payload.h"

#include <lzma.h>

const enum codec_kind battery_kind = CODEC_XZ;
const enum payload_kind payload_battery_kind = PAYLOAD_XZ;
const bool payload_is_checked = true, payload_is_continued = true;

/* The kernel's own choice for modules: CRC32 and a dictionary of 1 MiB. */
void battery_pack(struct bytes in, struct buf *out)
{
	lzma_options_lzma options;
	lzma_filter filters[] = { { LZMA_FILTER_LZMA2, &options }, { LZMA_VLI_UNKNOWN, NULL } };
	size_t room = lzma_stream_buffer_bound(in.size), at = 0;
	uint8_t *to = buf_reserve(out, room);

	assert_false(lzma_lzma_preset(&options, 0));
	options.dict_size = 1024 * 1024;
	assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, in.base, in.size,
						   to, &at, room), LZMA_OK);
	out->size += at;
}

static void put_crc(uint8_t *at, const uint8_t *from, size_t size)
{
	uint32_t crc = lzma_crc32(from, size, 0);

	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(crc >> 8 * i);
}

/*
 * The block header stands at 12: size, flags, filter 0x21, 1, dictionary, zero padding, CRC32.
 * Dictionary 28 is 64 MiB, 29 is 96 MiB. Source: The .xz File Format, 3.1 and 5.3.1.
 */
static void set_dictionary(struct buf *packed, uint8_t code)
{
	uint8_t *header = packed->base + 12;
	size_t size = ((size_t)header[0] + 1) * 4;
	uint8_t *dict = memchr(header, 0x21, size);

	assert_non_null(dict);
	assert_int_equal(dict[1], 1);
	dict[2] = code;
	put_crc(header + size - 4, header, size - 4);
}

static void test_dictionary_limit(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 }, out = { 0 };
	struct codec *codec = codec_new();
	struct diag diag = { 0 };

	(void)state;
	battery_pack(bytes_of("some content", 12), &packed);
	set_dictionary(&packed, 28);
	expect_content(codec, buf_bytes(&packed), bytes_of("some content", 12));
	set_dictionary(&packed, 29);
	expect_result(buf_bytes(&packed), DECODED_MAX, -E2BIG);
	assert_int_equal(decode_to(codec, buf_bytes(&packed), &out, &diag), -E2BIG);
	assert_non_null(strstr(diag.what, "dictionary"));
	codec_free(codec);
}

/* Check 5 is reserved; both copies of the stream flags are changed. */
static void test_unknown_check(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 };
	uint8_t *footer;

	(void)state;
	battery_pack(bytes_of("some content", 12), &packed);
	packed.base[7] = 5;
	put_crc(packed.base + 8, packed.base + 6, 2);
	footer = packed.base + packed.size - 12;
	footer[9] = 5;
	put_crc(footer, footer + 4, 6);
	expect_result(buf_bytes(&packed), DECODED_MAX, -EOPNOTSUPP);
}

/* Replaces index and footer by ones that claim @size bytes. */
static void lie(struct buf *packed, uint64_t size)
{
	lzma_index *index = lzma_index_init(NULL);
	lzma_stream_flags flags;
	const uint8_t *footer = packed->base + packed->size - LZMA_STREAM_HEADER_SIZE;
	size_t room, at = 0;

	assert_int_equal(lzma_stream_footer_decode(&flags, footer), LZMA_OK);
	packed->size -= LZMA_STREAM_HEADER_SIZE + flags.backward_size;
	assert_int_equal(lzma_index_append(index, NULL, packed->size - 12, size), LZMA_OK);
	room = lzma_index_size(index);
	assert_int_equal(lzma_index_buffer_encode(index, buf_reserve(packed, room), &at, room),
			 LZMA_OK);
	packed->size += at;
	flags.backward_size = at;
	assert_int_equal(lzma_stream_footer_encode(&flags, buf_reserve(packed, 12)), LZMA_OK);
	packed->size += 12;
	lzma_index_end(index, NULL);
}

static void test_hint_lies(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 }, out = { 0 };
	struct codec *codec = codec_new();
	uint64_t hint = 0;

	(void)state;
	battery_pack(bytes_of("some content", 12), &packed);
	lie(&packed, (uint64_t)1 << 40);
	assert_int_equal(codec_size_hint(CODEC_XZ, buf_bytes(&packed), &hint), 0);
	assert_true(hint == (uint64_t)1 << 40);
	assert_int_equal(decode_to(codec, buf_bytes(&packed), &out, NULL), -EBADMSG);
	assert_true(out.capacity <= 64 * 1024 * 1024);
	codec_free(codec);
}

static void test_hint_of_streams_and_padding(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 };
	uint64_t hint = 0;

	(void)state;
	battery_pack(bytes_of("some content", 12), &packed);
	buf_put(&packed, "\0\0\0\0", 4);
	battery_pack(bytes_of("more", 4), &packed);
	buf_put(&packed, "\0\0\0\0\0\0\0\0", 8);
	assert_int_equal(codec_size_hint(CODEC_XZ, buf_bytes(&packed), &hint), 0);
	assert_int_equal(hint, 16);
	packed.size -= 2;
	assert_int_equal(codec_size_hint(CODEC_XZ, buf_bytes(&packed), &hint), -ENODATA);
	assert_int_equal(hint, 16);
}

/* What kernels are packed with: a dictionary of 128 MiB at most, with or without the x86 filter. */
static void test_payload_dictionary_limit(void **state)
{
	CLEANUP_BUF struct buf packed = { 0 };

	(void)state;
	battery_pack(bytes_of("some content", 12), &packed);
	set_dictionary(&packed, 30);
	expect_unpacked(buf_bytes(&packed), bytes_of("some content", 12), packed.size);
	set_dictionary(&packed, 31);
	expect_refused(buf_bytes(&packed), DECODED_MAX, -E2BIG, "xz dictionary needs more memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BATTERY,
		PAYLOAD_BATTERY_ALSO,
		cmocka_unit_test(test_dictionary_limit),
		cmocka_unit_test(test_unknown_check),
		cmocka_unit_test(test_hint_lies),
		cmocka_unit_test(test_hint_of_streams_and_padding),
		cmocka_unit_test(test_payload_dictionary_limit),
	};

	return cmocka_run_group_tests_name("xz", tests, NULL, NULL);
}
