/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How is a kernel image packed, and what is inside?
 */
#include "codec/payload.h"

#include "codec/codec-internal.h"

static const struct {
	const char *name;
	const struct payload_ops *ops;
	const char *magic;
	size_t magic_size;
} kinds[PAYLOAD_KINDS] = {
	[PAYLOAD_UNKNOWN] = { "none", NULL, NULL, 0 },
	[PAYLOAD_GZIP] = { "gzip", &payload_gzip, "\x1f\x8b", 2 },
	[PAYLOAD_BZIP2] = { "bzip2", &payload_bzip2, "BZh", 3 },
	/* No magic: the usual properties (lc 3, lp 0, pb 2), and dictionaries are whole blocks. */
	[PAYLOAD_LZMA] = { "lzma", &payload_lzma, "\x5d\0\0", 3 },
	[PAYLOAD_XZ] = { "xz", &payload_xz, "\xfd" "7zXZ\0", 6 },
	[PAYLOAD_LZO] = { "lzo", &payload_lzo, "\x89LZO\0\r\n\x1a\n", 9 },
	[PAYLOAD_LZ4] = { "lz4", &payload_lz4, "\x02\x21\x4c\x18", 4 },
	[PAYLOAD_ZSTD] = { "zstd", &payload_zstd, "\x28\xb5\x2f\xfd", 4 },
};

enum payload_kind payload_detect(struct bytes head)
{
	for (int i = PAYLOAD_UNKNOWN + 1; i < PAYLOAD_KINDS; i++)
		if (head.size >= kinds[i].magic_size &&
		    memcmp(head.base, kinds[i].magic, kinds[i].magic_size) == 0)
			return (enum payload_kind)i;
	return PAYLOAD_UNKNOWN;
}

const char *payload_name(enum payload_kind kind)
{
	return kinds[kind].name;
}

bool payload_is_built(enum payload_kind kind)
{
	return kinds[kind].ops && kinds[kind].ops->decode;
}

/* Of lzma nothing can be told apart from what stands behind it. */
static bool is_followed(enum payload_kind kind, struct bytes rest)
{
	return kind != PAYLOAD_LZMA && payload_detect(rest) == kind;
}

static int decode_all(enum payload_kind kind, struct bytes in, struct codec_sink *sink,
		      size_t *ret_used, struct diag *diag)
{
	struct bytes rest = in;

	do {
		size_t used;
		int r = kinds[kind].ops->decode(rest, sink, &used, diag);

		if (r < 0) {
			if (diag && diag->place == DIAG_OFFSET)
				diag->where += in.size - rest.size;
			return r;
		}
		rest = bytes_of(rest.base + used, rest.size - used);
	} while (is_followed(kind, rest));
	*ret_used = in.size - rest.size;
	return 0;
}

int payload_decode(enum payload_kind kind, struct bytes in, struct buf *out, size_t *ret_used,
		   struct diag *diag)
{
	struct codec_sink sink = { .out = out, .limit = PAYLOAD_OUTPUT_MAX };
	size_t start = out->size;
	int r;

	if (!payload_is_built(kind))
		return diag_plain(diag, -EOPNOTSUPP, "this build cannot decompress %s",
				  kinds[kind].name);
	if (out->error)
		return out->error;
	if (out->max && out->max < sink.limit)
		sink.limit = out->max;
	if (out->size > sink.limit)
		return diag_plain(diag, -E2BIG, "no room for what it decompresses to");
	r = decode_all(kind, in, &sink, ret_used, diag);
	if (sink.is_over)
		diag_plain(diag, r, "decompresses to more than the limit of %zu bytes", sink.limit);
	if (r < 0)
		out->size = start;
	return r;
}
