/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How is a file compressed, and what is inside?
 */
#include "codec/codec.h"

#include <stdlib.h>

#include "codec/codec-internal.h"

/* What is allocated on the word of the file alone; more only as it really comes out. */
#define TRUST_MAX ((uint64_t)64 * 1024 * 1024)

#define STEP_MIN ((size_t)256 * 1024)

struct codec {
	void *state[CODEC_KINDS];
};

static const struct codec_ops plain;

static const struct {
	const char *name;
	const struct codec_ops *ops;
	const char *magic;
	size_t magic_size;
} kinds[CODEC_KINDS] = {
	[CODEC_PLAIN] = { "none", &plain, NULL, 0 },
	[CODEC_XZ] = { "xz", &codec_xz, "\xfd" "7zXZ\0", 6 },
	[CODEC_ZSTD] = { "zstd", &codec_zstd, "\x28\xb5\x2f\xfd", 4 },
	[CODEC_GZIP] = { "gzip", &codec_gzip, "\x1f\x8b", 2 },
};

struct codec *codec_new(void)
{
	return calloc(1, sizeof(struct codec));
}

void codec_free(struct codec *codec)
{
	if (!codec)
		return;
	for (int i = 0; i < CODEC_KINDS; i++)
		if (codec->state[i])
			kinds[i].ops->free(codec->state[i]);
	free(codec);
}

enum codec_kind codec_detect(struct bytes head)
{
	for (int i = CODEC_PLAIN + 1; i < CODEC_KINDS; i++)
		if (head.size >= kinds[i].magic_size &&
		    memcmp(head.base, kinds[i].magic, kinds[i].magic_size) == 0)
			return (enum codec_kind)i;
	return CODEC_PLAIN;
}

const char *codec_name(enum codec_kind kind)
{
	return kinds[kind].name;
}

bool codec_is_built(enum codec_kind kind)
{
	return kind == CODEC_PLAIN || kinds[kind].ops->decode;
}

int codec_size_hint(enum codec_kind kind, struct bytes in, uint64_t *ret_size)
{
	if (kind == CODEC_PLAIN) {
		*ret_size = in.size;
		return 0;
	}
	return kinds[kind].ops->size_hint ? kinds[kind].ops->size_hint(in, ret_size) : -ENODATA;
}

int codec_sink_room(struct codec_sink *sink, uint8_t **ret_p, size_t *ret_size)
{
	struct buf *out = sink->out;
	size_t left = sink->limit - out->size;
	size_t step = out->size > STEP_MIN ? out->size : STEP_MIN;

	sink->is_probe = left == 0;
	if (sink->is_probe) {
		*ret_p = &sink->probe;
		*ret_size = 1;
		return 0;
	}
	if (out->capacity <= out->size && !buf_reserve(out, step < left ? step : left))
		return out->error;
	*ret_p = out->base + out->size;
	*ret_size = out->capacity - out->size < left ? out->capacity - out->size : left;
	return 0;
}

int codec_sink_wrote(struct codec_sink *sink, size_t n)
{
	if (sink->is_probe) {
		sink->is_over = n > 0;
		return n > 0 ? -E2BIG : 0;
	}
	sink->out->size += n;
	return 0;
}

int codec_sink_put(struct codec_sink *sink, const void *p, size_t n)
{
	sink->is_over = n > sink->limit - sink->out->size;
	if (sink->is_over)
		return -E2BIG;
	buf_put(sink->out, p, n);
	return sink->out->error;
}

static int decode(struct codec *codec, enum codec_kind kind, struct bytes in,
		  struct codec_sink *sink, struct diag *diag)
{
	const struct codec_ops *ops = kinds[kind].ops;
	uint64_t left = sink->limit - sink->out->size;
	uint64_t size;

	if (kind == CODEC_PLAIN)
		return codec_sink_put(sink, in.base, in.size);
	if (!ops->decode)
		return diag_plain(diag, -EOPNOTSUPP, "this build cannot read %s files",
				  kinds[kind].name);
	if (!codec->state[kind])
		codec->state[kind] = ops->new();
	if (!codec->state[kind])
		return -ENOMEM;
	if (ops->size_hint(in, &size) == 0) {
		size = size < TRUST_MAX ? size : TRUST_MAX;
		if (!buf_reserve(sink->out, (size_t)(size < left ? size : left)))
			return sink->out->error;
	}
	return ops->decode(codec->state[kind], in, sink, diag);
}

int codec_decode(struct codec *codec, enum codec_kind kind, struct bytes in, struct buf *out,
		 struct diag *diag)
{
	struct codec_sink sink = { .out = out, .limit = (size_t)CODEC_OUTPUT_MAX };
	size_t start = out->size;
	int r;

	if (out->error)
		return out->error;
	if (out->max && out->max < sink.limit)
		sink.limit = out->max;
	if (out->size > sink.limit)
		return -E2BIG;
	r = decode(codec, kind, in, &sink, diag);
	if (sink.is_over)
		diag_plain(diag, r, "decompresses to more than the limit of %zu bytes", sink.limit);
	if (r < 0)
		out->size = start;
	return r;
}
