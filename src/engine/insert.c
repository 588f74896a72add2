/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a file to a live module.
 *
 *   plain file                                          finit_module(fd)
 *   compressed, and the kernel's decoder can read it    finit_module(fd, compressed)
 *   compressed otherwise, or no finit_module(2)         init_module(decompressed image)
 *
 * The kernel reads the file itself where it can: attempts with the same file are one attempt for it
 * then, and all of them get one answer.
 */
#include "engine/insert.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "bytes/diag.h"
#include "bytes/hash.h"
#include "codec/codec.h"
#include "codec/kernel-decoder.h"
#include "elf/force.h"
#include "engine/claim.h"
#include "engine/events.h"
#include "engine/patience.h"
#include "sys/sys.h"

/* Buffers above this are given back after the module that needed them. */
#define KEEP_MAX ((size_t)1024 * 1024)

struct inserter {
	const struct kernel *kernel;
	const struct events *events;
	struct codec *codec;	    /* made for the first file that needs it */
	struct buf file;	    /* as it is on disk */
	struct buf plain;	    /* decompressed */
	bool has_asked_compression; /* @kernel_codec is known */
	enum codec_kind kernel_codec; /* what the kernel decompresses; CODEC_PLAIN: nothing */
	const char *claim_dir;	    /* NULL: no claims */
	bool has_asked_finit;	    /* @is_finit_missing is known */
	bool is_finit_missing;
};

/** struct insertion - one module on its way */
struct insertion {
	struct inserter *in;
	const struct insert_request *request;
	struct insert_report *report;
	struct diag *diag;
	struct kernel_insert call;
	int fd;
	uint64_t size; /* of the file, bytes */
	enum codec_kind codec;
	int64_t deadline_usec;
	bool is_retried; /* after a failure that may have been another's */
};

struct inserter *inserter_new(const struct kernel *kernel, const struct events *events)
{
	struct inserter *in = calloc(1, sizeof(*in));

	if (!in)
		return NULL;
	in->kernel = kernel;
	in->events = events;
	in->file.max = in->plain.max = (size_t)CODEC_OUTPUT_MAX;
	return in;
}

void inserter_free(struct inserter *in)
{
	if (!in)
		return;
	codec_free(in->codec);
	buf_done(&in->file);
	buf_done(&in->plain);
	free(in);
}

void inserter_set_claims(struct inserter *in, const char *dir)
{
	in->claim_dir = dir;
}

static void empty(struct buf *b)
{
	if (b->capacity > KEEP_MAX)
		buf_done(b);
	b->size = 0;
	b->error = 0;
}

/* "xz" and a newline: what stands in sys/module/compression of a kernel that decompresses. */
static enum codec_kind kernel_codec(struct inserter *in)
{
	CLEANUP_BUF struct buf text = { .max = 64 };

	if (in->has_asked_compression)
		return in->kernel_codec;
	in->has_asked_compression = true;
	if (in->kernel->read(in->kernel->ctx, "sys/module/compression", &text) < 0)
		return CODEC_PLAIN;
	for (int kind = CODEC_PLAIN + 1; kind < CODEC_KINDS; kind++) {
		const char *name = codec_name((enum codec_kind)kind);
		size_t n = strlen(name);

		if (text.size >= n && memcmp(text.base, name, n) == 0 &&
		    (text.size == n || (text.size == n + 1 && text.base[n] == '\n')))
			in->kernel_codec = (enum codec_kind)kind;
	}
	return in->kernel_codec;
}

/* Appends the part of the file up to @end to what is read of it. */
static int read_up_to(struct insertion *m, uint64_t end)
{
	struct buf *file = &m->in->file;
	size_t size = (size_t)end - file->size;
	uint8_t *to;
	int r;

	if (size == 0)
		return 0;
	to = buf_reserve(file, size);
	if (!to)
		return diag_plain(m->diag, file->error, "no memory for a file of %zu bytes", size);
	r = sys_read_at(m->fd, to, size, file->size);
	if (r == -ENODATA)
		return diag_plain(m->diag, -EBADMSG, "shrank while it was read");
	if (r < 0)
		return diag_plain(m->diag, r, "cannot be read: %s", strerror(-r));
	file->size += size;
	return 0;
}

static int open_file(struct insertion *m)
{
	int r;

	m->fd = sys_open_regular(AT_FDCWD, m->request->path, &m->size);
	if (m->fd == -EINVAL)
		return diag_plain(m->diag, m->fd, "not a regular file");
	if (m->fd == -EISDIR)
		return diag_plain(m->diag, m->fd, "is a directory");
	if (m->fd < 0)
		return diag_plain(m->diag, m->fd, "cannot be opened: %s", strerror(-m->fd));
	if (m->size > CODEC_OUTPUT_MAX)
		return diag_plain(m->diag, -E2BIG, "is larger than %llu MiB",
				  (unsigned long long)CODEC_OUTPUT_MAX >> 20);
	r = read_up_to(m, m->size < KERNEL_DECODER_HEAD_MAX ? m->size : KERNEL_DECODER_HEAD_MAX);
	if (r == 0)
		m->codec = codec_detect(buf_bytes(&m->in->file));
	return r;
}

/* Is the kernel to take the bytes of the file as they are? Return: 1; 0; as read_up_to(). */
static int is_for_finit(struct insertion *m)
{
	const struct buf *file = &m->in->file;
	struct diag lack = { 0 };
	int r;

	if (m->in->is_finit_missing)
		return 0;
	if (m->codec == CODEC_PLAIN)
		return 1;
	if (kernel_codec(m->in) != m->codec)
		return 0;
	r = kernel_decoder_check(m->codec, buf_bytes(file), &lack);
	if (r == 0) {
		r = read_up_to(m, m->size);
		if (r < 0)
			return r;
		r = kernel_decoder_check_single(m->codec, buf_bytes(file), &lack);
	}
	if (r == 0)
		return 1;
	event_emit(m->in->events, EVENT_DEBUG,
		   "%s: decompressed here, for the kernel's decoder does not read: %s",
		   m->request->path, lack.what);
	return 0;
}

static void call_with_fd(struct insertion *m)
{
	m->call.fd = m->fd;
	m->call.flags = (m->codec == CODEC_PLAIN ? 0 : KERNEL_COMPRESSED) |
			(m->request->ignore_vermagic ? KERNEL_IGNORE_VERMAGIC : 0) |
			(m->request->ignore_modversions ? KERNEL_IGNORE_MODVERSIONS : 0);
}

static int decompress(struct insertion *m)
{
	struct inserter *in = m->in;
	int r;

	if (!in->codec)
		in->codec = codec_new();
	if (!in->codec)
		return -ENOMEM;
	r = codec_decode(in->codec, m->codec, buf_bytes(&in->file), &in->plain, m->diag);
	if (r == -ENOMEM && m->diag && !m->diag->what[0])
		diag_plain(m->diag, r, "no memory to decompress it");
	return r;
}

/* init_module(2) knows no flags: what they mean is done to the image. */
static int call_with_image(struct insertion *m)
{
	const struct insert_request *q = m->request;
	struct force_image image;
	int r;

	r = read_up_to(m, m->size);
	if (r == 0)
		r = decompress(m);
	if (r < 0)
		return r;
	image = (struct force_image){ m->in->plain.base, m->in->plain.size };
	if (q->ignore_vermagic || q->ignore_modversions)
		r = force_edit(&image, q->ignore_vermagic, q->ignore_modversions, m->diag);
	m->call.fd = -1;
	m->call.flags = 0;
	m->call.image = bytes_of(image.base, image.size);
	return r;
}

/*
 * A kernel without finit_module(2) gives ENOSYS, and so may a module's init. No file has this
 * number, so that nothing but the system call itself can answer.
 */
static bool is_finit_missing(struct inserter *in)
{
	const struct kernel_insert nothing = { .name = "", .fd = INT_MAX, .params = "" };

	if (!in->has_asked_finit)
		in->is_finit_missing = in->kernel->insert(in->kernel->ctx, &nothing) == -ENOSYS;
	in->has_asked_finit = true;
	return in->is_finit_missing;
}

static int attempt(struct insertion *m)
{
	const struct kernel *kernel = m->in->kernel;
	int r;

	m->report->has_called = true;
	r = kernel->insert(kernel->ctx, &m->call);
	if (r != -ENOSYS || m->call.fd < 0 || !is_finit_missing(m->in))
		return r;
	m->report->has_called = false;
	r = call_with_image(m);
	if (r < 0)
		return r;
	m->report->has_called = true;
	return kernel->insert(kernel->ctx, &m->call);
}

static bool is_passing(enum module_state state)
{
	return state == MODULE_COMING || state == MODULE_GOING || state == MODULE_NO_STATE;
}

/* Has the caller's patience run out? */
static bool is_cancelled(const struct insertion *m)
{
	const struct events *events = m->in->events;

	return events && events->is_cancelled && events->is_cancelled(events->ctx);
}

/*
 * EEXIST: it is there, or comes, or its init said so. EBUSY and EINTR: another attempt failed or is
 * about to, it is being removed, or its init said so. A state that stays tells them apart. One more
 * attempt and no third: when many try to load a module that fails, each of them runs its init.
 * Return: 1 try again; 0 it is live; @error stands.
 */
static int answer_of_state(struct insertion *m, int error)
{
	const struct kernel *kernel = m->in->kernel;
	struct patience patience = patience_until(kernel, m->deadline_usec);
	enum module_state state;
	bool has_waited = false;

	for (;;) {
		if (kernel->state(kernel->ctx, m->request->name, &state) < 0)
			return error;
		if (!is_passing(state))
			break;
		has_waited = m->report->has_lost_race = true;
		if (is_cancelled(m) || !patience_wait(&patience))
			return error;
	}
	if (state == MODULE_LIVE) {
		m->report->was_loaded = true;
		m->report->has_lost_race |= error != -EEXIST;
		return 0;
	}
	if (m->is_retried || (error == -EEXIST && !has_waited) || is_cancelled(m) ||
	    patience_is_over(&patience))
		return error;
	m->is_retried = true;
	return 1;
}

static int insert(struct insertion *m)
{
	int r;

	do {
		r = attempt(m);
		if (m->report->has_called && (r == -EEXIST || r == -EBUSY || r == -EINTR))
			r = answer_of_state(m, r);
	} while (r > 0);
	return r;
}

static int open_and_insert(struct insertion *m)
{
	int r;

	r = open_file(m);
	if (r < 0)
		return r;
	r = is_for_finit(m);
	if (r > 0)
		call_with_fd(m);
	else if (r == 0)
		r = call_with_image(m);
	return r < 0 ? r : insert(m);
}

/* What makes two requests one: the same file (not the same path, which hangs on the directory), parameters
 * and flags. */
static uint64_t request_hash(const struct insert_request *q)
{
	struct sys_entry entry = { 0 };
	uint64_t file[4] = { 0 };
	const char flags[] = { (char)(q->ignore_vermagic ? 'v' : '-'), (char)(q->ignore_modversions ? 'm' : '-') };
	uint64_t hash;

	if (sys_stat(AT_FDCWD, q->path, &entry) == 0) {
		file[0] = entry.dev;
		file[1] = entry.inode;
		file[2] = entry.size;
		file[3] = (uint64_t)entry.mtime_usec;
	}
	hash = hash_content(file, sizeof(file), 0);
	hash = hash_content(q->params, strlen(q->params) + 1, hash);
	return hash_content(flags, sizeof(flags), hash);
}

/* Another process did it meanwhile. Return: whether its answer can stand. */
static bool is_answer(const struct insertion *m, int error)
{
	const struct kernel *kernel = m->in->kernel;
	enum module_state state;

	return error < 0 ||
	       (kernel->state(kernel->ctx, m->request->name, &state) == 0 && state == MODULE_LIVE);
}

static int claim_and_insert(struct insertion *m)
{
	struct inserter *in = m->in;
	struct claim claim;
	int r = 0;

	if (claim_take(&claim, in->kernel, in->claim_dir, m->request->name, request_hash(m->request),
		       INSERT_WAIT_MAX_USEC, &r) == CLAIM_ANSWERED &&
	    is_answer(m, r)) {
		m->report->has_called = m->report->has_lost_race = true;
		m->report->was_loaded = r == 0;
		claim_drop(&claim);
		return r;
	}
	m->deadline_usec = in->kernel->now_usec(in->kernel->ctx) + INSERT_WAIT_MAX_USEC;
	r = open_and_insert(m);
	/* What failed before the kernel was asked is said best by whoever meets it. */
	if (m->report->has_called)
		claim_finish(&claim, in->kernel, r);
	else
		claim_drop(&claim);
	return r;
}

int insert_module(struct inserter *inserter, const struct insert_request *request,
		  struct insert_report *ret_report, struct diag *diag)
{
	const struct kernel *kernel = inserter->kernel;
	struct insertion m = {
		.in = inserter,
		.request = request,
		.report = ret_report,
		.diag = diag,
		.call = { .name = request->name, .fd = -1, .params = request->params },
		.fd = -1,
	};
	int r;

	*ret_report = (struct insert_report){ .started_usec = kernel->now_usec(kernel->ctx) };
	r = claim_and_insert(&m);
	sys_close(m.fd);
	empty(&inserter->file);
	empty(&inserter->plain);
	if (r < 0 && kernel->state(kernel->ctx, request->name, &ret_report->state) < 0)
		ret_report->state = MODULE_ABSENT;
	return r;
}
