/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/modfile.h"

#include <stdlib.h>

#include "bytes/arena.h"
#include "bytes/diag.h"
#include "codec/kernel-decoder.h"
#include "elf/strings.h"
#include "sys/sys.h"

/* Read at once; most modules are not larger, and one system call beats a dozen. */
#define HEAD_SIZE ((size_t)32 * 1024)

/* Buffers above this are given back after the file that needed them: few modules are larger. */
#define KEEP_MAX ((size_t)1024 * 1024)

/* A module's tables do not overlap, so what is read of a file exceeds its size by little. */
#define FETCH_SLACK ((uint64_t)1024 * 1024)

struct modfile_reader {
	struct codec *codec;
	struct facts_reader *facts;
	struct modfile_budget budget;
	struct modfile_judge judge;
	struct buf file;     /* the start of a file, all of it when it is compressed */
	struct buf plain;    /* decompressed */
	struct arena ranges; /* of a plain file behind its start */

	int fd;
	uint64_t fetch_left; /* bytes that may still be read */
	const char *trouble; /* why a fetch failed */
};

static void no_budget(void *ctx, uint64_t bytes)
{
	(void)ctx;
	(void)bytes;
}

struct modfile_reader *modfile_reader_new(const struct modfile_budget *budget)
{
	struct modfile_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->codec = codec_new();
	r->facts = facts_reader_new();
	if (budget)
		r->budget = *budget;
	if (!r->budget.acquire || !r->budget.release)
		r->budget = (struct modfile_budget){ no_budget, no_budget, NULL };
	r->file.max = r->plain.max = (size_t)CODEC_OUTPUT_MAX;
	if (!r->codec || !r->facts) {
		modfile_reader_free(r);
		return NULL;
	}
	return r;
}

void modfile_reader_free(struct modfile_reader *r)
{
	if (!r)
		return;
	codec_free(r->codec);
	facts_reader_free(r->facts);
	buf_done(&r->file);
	buf_done(&r->plain);
	arena_done(&r->ranges);
	free(r);
}

void modfile_reader_set_judge(struct modfile_reader *r, const struct modfile_judge *judge)
{
	r->judge = *judge;
}

static void empty(struct buf *b)
{
	if (b->capacity > KEEP_MAX)
		buf_done(b);
	b->size = 0;
	b->error = 0;
}

static void clean_up(struct modfile_reader *r)
{
	empty(&r->file);
	arena_reset(&r->ranges, KEEP_MAX);
}

/* Appends the part of the file up to @end. */
static int read_up_to(struct modfile_reader *r, uint64_t end, struct diag *diag)
{
	size_t size = (size_t)end - r->file.size;
	uint8_t *to;
	int ret;

	if (size == 0)
		return 0;
	to = buf_reserve(&r->file, size);
	if (!to)
		return diag_plain(diag, r->file.error, "no memory for a file of %zu bytes", size);
	ret = sys_read_at(r->fd, to, size, r->file.size);
	if (ret == -ENODATA)
		return diag_plain(diag, -EBADMSG, "shrank while it was read");
	if (ret < 0)
		return diag_plain(diag, ret, "cannot be read: %s", strerror(-ret));
	r->file.size += size;
	return 0;
}

/* struct source of a plain file: what is not in the part read first is read into the arena. */
static int fetch(void *ctx, uint64_t off, size_t size, const uint8_t **ret_p)
{
	struct modfile_reader *r = ctx;
	struct bytes part;
	uint8_t *to;
	int ret;

	if (bytes_slice(buf_bytes(&r->file), off, size, &part) == 0) {
		*ret_p = part.base;
		return 0;
	}
	if (size > r->fetch_left) {
		r->trouble = "its tables overlap";
		return -EBADMSG;
	}
	to = arena_alloc(&r->ranges, size);
	if (!to)
		return -ENOMEM;
	ret = sys_read_at(r->fd, to, size, off);
	if (ret < 0) {
		r->trouble = ret == -ENODATA ? "shrank while it was read" : "cannot be read";
		return ret == -ENODATA ? -EBADMSG : ret;
	}
	r->fetch_left -= size;
	*ret_p = to;
	return 0;
}

static int copy_part(const struct source *source, uint64_t off, uint64_t size, struct arena *arena,
		     struct bytes *ret)
{
	struct bytes b;
	char *to;
	int r;

	if (size == 0)
		return 0;
	r = source_get(source, off, size, &b);
	if (r < 0)
		return r;
	to = arena_string(arena, (const char *)b.base, b.size);
	if (!to)
		return -ENOMEM;
	*ret = bytes_of(to, b.size);
	return 0;
}

/* Signer name and key id stand in front of the signature. */
static int copy_signature(const struct source *source, struct arena *arena, struct modfile *file,
			  struct diag *diag)
{
	const struct facts_signature *s = &file->facts->signature;
	int r;

	if (!s->is_present)
		return 0;
	if (s->size > MODFILE_SIGNATURE_MAX)
		return diag_offset(diag, -E2BIG, s->off, "signature of %u bytes is too long",
				   s->size);
	r = copy_part(source, s->off - s->key_id_size - s->signer_size, s->signer_size, arena,
		      &file->signer);
	if (r == 0)
		r = copy_part(source, s->off - s->key_id_size, s->key_id_size, arena,
			      &file->key_id);
	if (r == 0)
		r = copy_part(source, s->off, s->size, arena, &file->signature);
	return r;
}

/* Source: doc/formats/module.md, "Signature": a kernel takes one kind of it only. */
static int judge(struct modfile_reader *r, const struct facts_signature *s, struct bytes signature,
		 struct bytes content, struct diag *diag)
{
	if (s->id_type != 2)
		return diag_plain(diag, -ENOPKG, "the signature is not of the kind PKCS#7 but %u", s->id_type);
	if (s->algo || s->hash || s->signer_size || s->key_id_size)
		return diag_plain(diag, -EBADMSG, "what stands behind the signature names a key or a hash");
	return r->judge.verify(r->judge.ctx, signature, content, diag);
}

static int take_verdict(struct modfile_reader *r, struct bytes content, struct arena *arena,
			struct modfile *file)
{
	struct diag why = { 0 };

	file->verdict = judge(r, &file->facts->signature, file->signature, content, &why);
	if (file->verdict == -ENOMEM)
		return -ENOMEM;
	if (file->verdict < 0) {
		file->verdict_why = arena_string(arena, why.what, strlen(why.what));
		return file->verdict_why ? 0 : -ENOMEM;
	}
	return 0;
}

static bool has_to_be_judged(const struct modfile_reader *r, const struct modfile *file)
{
	return r->judge.verify && file->facts->signature.is_present;
}

/* What was signed is the file up to the signature. */
static int judge_plain(struct modfile_reader *r, struct arena *arena, struct modfile *file,
		       struct diag *diag)
{
	uint64_t end = file->facts->signature.off;
	struct bytes content;
	int ret = 0;

	if (!has_to_be_judged(r, file))
		return 0;
	r->budget.acquire(r->budget.ctx, end);
	if (end > r->file.size)
		ret = read_up_to(r, end, diag);
	if (ret == 0)
		ret = bytes_slice(buf_bytes(&r->file), 0, end, &content);
	if (ret == 0)
		ret = take_verdict(r, content, arena, file);
	r->budget.release(r->budget.ctx, end);
	return ret;
}

static int note_decoder(const struct modfile_reader *r, struct arena *arena, struct modfile *file)
{
	struct bytes head = buf_bytes(&r->file);
	struct diag diag = { 0 };

	if (head.size > KERNEL_DECODER_HEAD_MAX)
		head.size = KERNEL_DECODER_HEAD_MAX;
	if (kernel_decoder_check(file->codec, head, &diag) == 0 &&
	    kernel_decoder_check_single(file->codec, buf_bytes(&r->file), &diag) == 0)
		return 0;
	file->kernel_lacks = arena_string(arena, diag.what, strlen(diag.what));
	return file->kernel_lacks ? 0 : -ENOMEM;
}

static int copy_strings(const struct source *source, struct arena *arena, struct modfile *file,
			struct diag *diag)
{
	CLEANUP_BUF struct buf texts = { 0 };
	char *to;
	int r;

	r = strings_read(source, &texts, diag);
	if (r < 0 || texts.size == 0)
		return r;
	to = arena_string(arena, (const char *)texts.base, texts.size);
	if (!to)
		return -ENOMEM;
	file->strings = bytes_of(to, texts.size);
	return 0;
}

static int read_source(struct modfile_reader *r, const struct source *source, unsigned int want,
		       struct arena *arena, struct modfile *file, struct diag *diag)
{
	int ret;

	r->trouble = NULL;
	ret = facts_read(r->facts, source, want, arena, &file->facts, diag);
	if (ret == 0 && (want & FACTS_WANT_SIGNATURE))
		ret = copy_signature(source, arena, file, diag);
	if (ret == 0 && (want & MODFILE_WANT_STRINGS))
		ret = copy_strings(source, arena, file, diag);
	if (ret < 0 && r->trouble)
		diag_plain(diag, ret, "%s", r->trouble);
	else if (ret == -ENOMEM)
		diag_plain(diag, ret, "no memory to read it");
	return ret;
}

static int read_plain(struct modfile_reader *r, unsigned int want, struct arena *arena,
		      struct modfile *file, struct diag *diag)
{
	const struct source source = { fetch, r, file->size };
	int ret;

	r->fetch_left = 2 * file->size + FETCH_SLACK;
	file->plain_size = file->size;
	ret = read_source(r, &source, want, arena, file, diag);
	return ret < 0 ? ret : judge_plain(r, arena, file, diag);
}

/* An offset in a diag that facts_read() filled is none in the file that the user sees. */
static void note_decompressed(struct diag *diag)
{
	size_t n = diag ? strlen(diag->what) : 0;

	if (n > 0 && n + sizeof(" (decompressed)") <= sizeof(diag->what))
		strcpy(diag->what + n, " (decompressed)");
}

static int read_packed(struct modfile_reader *r, unsigned int want, struct arena *arena,
		       struct modfile *file, struct diag *diag)
{
	struct source source;
	struct bytes plain;
	int ret;

	ret = codec_decode(r->codec, file->codec, buf_bytes(&r->file), &r->plain, diag);
	if (ret == -ENOMEM && diag && !diag->what[0])
		diag_plain(diag, ret, "no memory to decompress it");
	if (ret < 0)
		return ret;
	plain = buf_bytes(&r->plain);
	source = source_of_bytes(&plain);
	file->plain_size = plain.size;
	ret = read_source(r, &source, want, arena, file, diag);
	if (ret < 0)
		note_decompressed(diag);
	if (ret == 0 && has_to_be_judged(r, file)) {
		plain.size = file->facts->signature.off;
		ret = take_verdict(r, plain, arena, file);
	}
	if (ret == 0 && (want & MODFILE_WANT_DECODER))
		ret = note_decoder(r, arena, file);
	return ret;
}

/* What decompression will take, as far as the file tells. */
static uint64_t likely_size(const struct modfile *file, struct bytes packed)
{
	uint64_t size;

	if (codec_size_hint(file->codec, packed, &size) < 0)
		size = 4 * file->size;
	if (size < file->size)
		size = file->size;
	return size < CODEC_OUTPUT_MAX ? size : CODEC_OUTPUT_MAX;
}

static int read_open_file(struct modfile_reader *r, unsigned int want, struct arena *arena,
			  struct modfile *file, struct diag *diag)
{
	uint64_t budget;
	int ret;

	if (file->size > CODEC_OUTPUT_MAX)
		return diag_plain(diag, -E2BIG, "is larger than %llu MiB",
				  (unsigned long long)CODEC_OUTPUT_MAX >> 20);
	ret = read_up_to(r, file->size < HEAD_SIZE ? file->size : HEAD_SIZE, diag);
	if (ret < 0)
		return ret;
	file->codec = codec_detect(buf_bytes(&r->file));
	if (file->codec == CODEC_PLAIN)
		return read_plain(r, want, arena, file, diag);
	ret = read_up_to(r, file->size, diag);
	if (ret < 0)
		return ret;
	budget = likely_size(file, buf_bytes(&r->file));
	r->budget.acquire(r->budget.ctx, budget);
	ret = read_packed(r, want, arena, file, diag);
	empty(&r->plain);
	r->budget.release(r->budget.ctx, budget);
	return ret;
}

int modfile_read(struct modfile_reader *reader, int dir_fd, const char *path, unsigned int want,
		 struct arena *arena, struct modfile *ret_file, struct diag *diag)
{
	CLEANUP_FD int fd = -1;
	struct modfile file = { 0 };
	int r;

	fd = sys_open_regular(dir_fd, path, &file.size);
	if (fd == -EINVAL)
		return diag_plain(diag, fd, "not a regular file");
	if (fd == -EISDIR)
		return diag_plain(diag, fd, "is a directory");
	if (fd < 0)
		return fd;
	reader->fd = fd;
	r = read_open_file(reader, want, arena, &file, diag);
	clean_up(reader);
	if (r == 0)
		*ret_file = file;
	return r;
}
