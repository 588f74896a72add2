/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   xz     | fd 7zXZ 0 | 0, check | CRC32 4 | block: size, flags, (sizes), filters, padding, CRC32 |
 *   zstd   | 28 b5 2f fd | descriptor | (window) | (dictionary id) | (content size) |
 *   gzip   | 1f 8b | 8 | flags | time 4, level, system | (extra) | (name 0) | (comment 0) | (CRC) |
 *
 * A file may hold several of these, one behind the other.
 *
 * Source: The .xz File Format 1.1.0; RFC 8878, 3.1.1; RFC 1952; behaviour of Linux 5.17 to 6.12.
 */
#include "codec/kernel-decoder.h"

#include "bytes/diag.h"

#define XZ_HEADER_SIZE 12u
#define XZ_CHECK_CRC32 1u
#define XZ_FILTER_LZMA2 0x21u
#define XZ_DICTIONARY_CODE_MAX 40u
#define XZ_VLI_SIZE_MAX 9u

#define ZSTD_RESERVED 0x08u

#define GZIP_HEADER_SIZE 10u
#define GZIP_DEFLATE 8u
#define GZIP_FLAG_NAME 0x08u
#define GZIP_FLAGS_RESERVED 0xe0u
#define GZIP_FLAGS_PASSED 0x01u /* says that the content may be text: nobody looks at it */

static int cut_off(struct bytes head, const char *what, struct diag *diag)
{
	return diag_offset(diag, -EBADMSG, head.size, "%s header is cut off", what);
}

/* A number of 7 bits a byte, the lowest first. Its value does not matter here. */
static int skip_vli(struct bytes b, size_t *at)
{
	for (unsigned int n = 0; n < XZ_VLI_SIZE_MAX && *at < b.size; n++)
		if (!(b.base[(*at)++] & 0x80))
			return 0;
	return -EBADMSG;
}

/* Code 2n is 2^n * 4 KiB, code 2n+1 half as much again; 40 is all that 32 bits can say. */
static uint64_t xz_dictionary_size(uint8_t code)
{
	return code == XZ_DICTIONARY_CODE_MAX ? UINT32_MAX
					      : (uint64_t)(2 | (code & 1)) << (code / 2 + 11);
}

/* @block: up to its CRC; @off: where it stands in the file */
static int check_xz_filters(struct bytes block, size_t at, size_t off, struct diag *diag)
{
	uint8_t code;

	if (block.size - at < 3)
		return diag_offset(diag, -EBADMSG, off + at, "xz block header is too short");
	if (block.base[at] != XZ_FILTER_LZMA2 || block.base[at + 1] != 1)
		return diag_offset(diag, -EOPNOTSUPP, off + at, "xz filter 0x%02x", block.base[at]);
	code = block.base[at + 2];
	if (code > XZ_DICTIONARY_CODE_MAX)
		return diag_offset(diag, -EBADMSG, off + at + 2, "xz dictionary of unknown size");
	if (xz_dictionary_size(code) > KERNEL_DECODER_WINDOW_MAX)
		return diag_offset(diag, -EOPNOTSUPP, off + at + 2, "xz dictionary of %llu MiB",
				   (unsigned long long)xz_dictionary_size(code) >> 20);
	return 0;
}

static int check_xz_block(struct bytes block, size_t off, struct diag *diag)
{
	uint8_t flags = block.base[1];
	size_t at = 2;

	if (flags & 0x3c)
		return diag_offset(diag, -EOPNOTSUPP, off + 1, "xz block flags 0x%02x", flags);
	if (flags & 0x03)
		return diag_offset(diag, -EOPNOTSUPP, off + 1, "%u xz filters in a row",
				   (flags & 0x03u) + 1);
	for (unsigned int bit = 0x40; bit <= 0x80; bit <<= 1)
		if ((flags & bit) && skip_vli(block, &at) < 0)
			return diag_offset(diag, -EBADMSG, off + at, "size in xz block header");
	return check_xz_filters(block, at, off, diag);
}

static int check_xz(struct bytes head, struct diag *diag)
{
	struct bytes block;
	size_t size;

	if (head.size <= XZ_HEADER_SIZE)
		return cut_off(head, "xz", diag);
	if (head.base[6] != 0 || head.base[7] > XZ_CHECK_CRC32)
		return diag_offset(diag, -EOPNOTSUPP, 7, "xz check type %u (CRC32 is 1)",
				   head.base[7]);
	if (head.base[XZ_HEADER_SIZE] == 0)
		return 0; /* no block at all: nothing inside */
	size = ((size_t)head.base[XZ_HEADER_SIZE] + 1) * 4;
	if (bytes_slice(head, XZ_HEADER_SIZE, size, &block) < 0)
		return cut_off(head, "xz block", diag);
	block.size -= 4;
	return check_xz_block(block, XZ_HEADER_SIZE, diag);
}

static uint64_t zstd_window_size(uint8_t code)
{
	uint64_t base = (uint64_t)1 << (10 + (code >> 3));

	return base + base / 8 * (code & 7);
}

static uint64_t get_little(const uint8_t *p, size_t size)
{
	uint64_t v = 0;

	while (size > 0)
		v = v << 8 | p[--size];
	return v;
}

/* A frame of a single segment has no window: the decoder keeps all of its content instead. */
static int check_zstd(struct bytes head, struct diag *diag)
{
	static const size_t id_sizes[] = { 0, 1, 2, 4 }, content_sizes[] = { 0, 2, 4, 8 };
	size_t id_size, content_size, at;
	uint64_t window;
	bool is_single;
	uint8_t d;

	if (head.size < 6)
		return cut_off(head, "zstd frame", diag);
	d = head.base[4];
	is_single = d & 0x20;
	id_size = id_sizes[d & 3];
	content_size = d >> 6 == 0 && is_single ? 1 : content_sizes[d >> 6];
	at = is_single ? 5 : 6;
	if (head.size < at + id_size + content_size)
		return cut_off(head, "zstd frame", diag);
	if (d & ZSTD_RESERVED)
		return diag_offset(diag, -EOPNOTSUPP, 4, "zstd frame descriptor 0x%02x", d);
	if (get_little(head.base + at, id_size) != 0)
		return diag_offset(diag, -EOPNOTSUPP, at, "zstd dictionary");
	window = is_single ? get_little(head.base + at + id_size, content_size)
			   : zstd_window_size(head.base[5]);
	if (window > KERNEL_DECODER_WINDOW_MAX)
		return diag_offset(diag, -EOPNOTSUPP, 5, "zstd window of %llu MiB",
				   (unsigned long long)window >> 20);
	return 0;
}

static int check_gzip(struct bytes head, struct diag *diag)
{
	uint8_t flags;

	if (head.size <= GZIP_HEADER_SIZE)
		return cut_off(head, "gzip", diag);
	if (head.base[2] != GZIP_DEFLATE)
		return diag_offset(diag, -EOPNOTSUPP, 2, "gzip method %u", head.base[2]);
	flags = head.base[3] & ~GZIP_FLAGS_PASSED;
	if (flags & ~GZIP_FLAG_NAME)
		return diag_offset(diag, -EOPNOTSUPP, 3, "gzip header fields 0x%02x", flags);
	if (flags && !memchr(head.base + GZIP_HEADER_SIZE, 0, head.size - GZIP_HEADER_SIZE))
		return cut_off(head, "gzip", diag);
	return 0;
}

/* Streams of xz, and what pads them, fill multiples of four bytes; the others have reserved bits. */
static bool is_start(enum codec_kind kind, struct bytes file, size_t at)
{
	switch (kind) {
	case CODEC_XZ:
		return at % 4 == 0;
	case CODEC_ZSTD:
		return file.size - at > 4 && !(file.base[at + 4] & ZSTD_RESERVED);
	default:
		return file.size - at > 3 && !(file.base[at + 3] & GZIP_FLAGS_RESERVED);
	}
}

int kernel_decoder_check_single(enum codec_kind kind, struct bytes file, struct diag *diag)
{
	static const struct {
		const char *magic;
		size_t size;
	} starts[CODEC_KINDS] = {
		[CODEC_XZ] = { "\xfd" "7zXZ\0", 6 },
		[CODEC_ZSTD] = { "\x28\xb5\x2f\xfd", 4 },
		[CODEC_GZIP] = { "\x1f\x8b\x08", 3 },
	};
	const uint8_t *at = file.base;

	if (kind == CODEC_PLAIN || kind >= CODEC_KINDS)
		return -EINVAL;
	while (file.size > 0 && (at = memmem(at + 1, file.size - (size_t)(at - file.base) - 1,
					     starts[kind].magic, starts[kind].size))) {
		size_t off = (size_t)(at - file.base);

		if (is_start(kind, file, off))
			return diag_offset(diag, -EOPNOTSUPP, off, "a second %s stream", codec_name(kind));
	}
	return 0;
}

int kernel_decoder_check(enum codec_kind kind, struct bytes head, struct diag *diag)
{
	switch (kind) {
	case CODEC_XZ:
		return check_xz(head, diag);
	case CODEC_ZSTD:
		return check_zstd(head, diag);
	case CODEC_GZIP:
		return check_gzip(head, diag);
	default:
		return -EINVAL;
	}
}
