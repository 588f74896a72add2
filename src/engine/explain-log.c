/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What did the kernel log about the module since the attempt began?
 */
#include "engine/explain-internal.h"
#include "sys/kmsg.h"

/* How far the log's clock may be away from the monotonic one: they are slewed apart by at most 500
 * millionths of the time since boot. */
#define DRIFT(usec) ((usec) / 2000 + 100000)

/* Longest message that is quoted, bytes. */
#define QUOTE_MAX ((size_t)600)

static bool is_about(struct bytes message, const char *name)
{
	size_t n = strlen(name);

	return message.size > n + 2 && memcmp(message.base, name, n) == 0 &&
	       message.base[n] == ':' && message.base[n + 1] == ' ';
}

/* Said of every module that is not the distribution's own, whether it is taken or not. */
static bool is_about_taint(struct bytes message)
{
	return memmem(message.base, message.size, "taint", 5);
}

/* The device of the running system, or a regular file in a captured tree. */
static bool read_log(struct explaining *e)
{
	struct buf *text = &e->log_text;
	int r;

	text->max = KMSG_TEXT_MAX + 16384;
	r = e->kernel->read(e->kernel->ctx, "dev/kmsg", text);
	if (r != -EINVAL)
		return r == 0;
	text->size = 0;
	text->error = 0;
	return kmsg_read("/dev/kmsg", text) == 0;
}

/*
 * Since when a message is of this attempt, by the log's clock: all messages of one attempt lie in as
 * much time as it took, and the newest of them is near.
 */
static uint64_t beginning(struct explaining *e)
{
	int64_t now = e->kernel->now_usec(e->kernel->ctx), started = e->report->started_usec;
	uint64_t since = started > DRIFT(now) ? (uint64_t)(started - DRIFT(now)) : 0;
	uint64_t took = now > started ? (uint64_t)(now - started) : 0;
	struct kmsg log = { .text = buf_bytes(&e->log_text) };
	struct kmsg_record record;
	uint64_t newest = 0;

	while (kmsg_next(&log, &record))
		if (is_about(record.message, explain_kernels_name(e)))
			newest = record.usec;
	return newest > took && newest - took > since ? newest - took : since;
}

static void load(struct explaining *e)
{
	struct kmsg log = { 0 };
	struct kmsg_record record;
	struct bytes before = { 0 };
	uint64_t since;

	if (e->has_asked_log)
		return;
	e->has_asked_log = true;
	if (!read_log(e))
		return;
	since = beginning(e);
	log.text = buf_bytes(&e->log_text);
	for (; kmsg_next(&log, &record); before = record.message) {
		size_t skip = strlen(explain_kernels_name(e)) + 2;

		if (record.usec < since || !is_about(record.message, explain_kernels_name(e)) ||
		    is_about_taint(record.message))
			continue;
		e->log[e->n_log++ % EXPLAIN_LOG_MAX] = (struct log_line){
			.text = bytes_of(record.message.base + skip, record.message.size - skip),
			.before = before,
		};
	}
}

const struct log_line *explain_find_logged(struct explaining *e, const char *part)
{
	load(e);
	for (unsigned int i = 0; i < e->n_log && i < EXPLAIN_LOG_MAX; i++)
		if (memmem(e->log[i].text.base, e->log[i].text.size, part, strlen(part)))
			return &e->log[i];
	return NULL;
}

void explain_quote(struct explaining *e, struct bytes text)
{
	explain_add(e, "the kernel's log says: %.*s",
		    (int)(text.size < QUOTE_MAX ? text.size : QUOTE_MAX), (const char *)text.base);
}

/* Does the kernel's loader say this, not the module? */
static bool is_of_the_loader(struct bytes text)
{
	static const char *const parts[] = {
		"Unknown symbol ",	  "disagrees about version of symbol ", "no symbol version for ",
		"module uses symbol ",	  "exports duplicate symbol ",		"version magic ",
		"invalid for parameter ", "can only take ",			"gave up waiting for init of module",
		"invalid ELF",		  "has invalid ELF structures",
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (memmem(text.base, text.size, parts[i], strlen(parts[i])))
			return true;
	return false;
}

void explain_log(struct explaining *e)
{
	unsigned int n;

	load(e);
	n = e->n_log;
	for (unsigned int i = n > EXPLAIN_LOG_MAX ? n - EXPLAIN_LOG_MAX : 0; i < n; i++) {
		struct bytes text = e->log[i % EXPLAIN_LOG_MAX].text;
		size_t before = e->out->n_lines;

		explain_quote(e, text);
		if (e->out->n_lines > before)
			e->out->is_remark[before] = !is_of_the_loader(text);
	}
}
