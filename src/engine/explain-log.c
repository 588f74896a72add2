/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What did the kernel log about the module since the attempt began?
 */
#include "engine/explain-internal.h"
#include "sys/kmsg.h"

/* How far the log's clock may be away from the monotonic one: they are slewed apart by at most 500
 * millionths of the time since boot. */
#define DRIFT(usec) ((usec) / 2000 + 100000)

/* What a screen holds beside the reasons; the last ones say most. */
#define QUOTES_MAX 6u

static bool is_about(struct bytes message, const char *name)
{
	size_t n = strlen(name);

	return message.size > n + 2 && memcmp(message.base, name, n) == 0 &&
	       message.base[n] == ':' && message.base[n + 1] == ' ';
}

/* The device of the running system, or a regular file in a captured tree. */
static bool read_log(struct explaining *e, struct buf *text)
{
	int r;

	text->max = KMSG_TEXT_MAX + 16384;
	r = e->kernel->read(e->kernel->ctx, "dev/kmsg", text);
	if (r != -EINVAL)
		return r == 0;
	text->size = 0;
	text->error = 0;
	return kmsg_read("/dev/kmsg", text) == 0;
}

/* Newest time of a message about the module that can be of this attempt; 0 without. */
static uint64_t newest(struct explaining *e, struct bytes text, uint64_t since)
{
	struct kmsg log = { .text = text };
	struct kmsg_record record;
	uint64_t usec = 0;

	while (kmsg_next(&log, &record))
		if (record.usec >= since && is_about(record.message, e->request->name))
			usec = record.usec;
	return usec;
}

void explain_log(struct explaining *e)
{
	CLEANUP_BUF struct buf text = { 0 };
	int64_t now = e->kernel->now_usec(e->kernel->ctx), started = e->report->started_usec;
	size_t skip = strlen(e->request->name) + 2;
	struct kmsg_record quotes[QUOTES_MAX];
	struct kmsg log;
	uint64_t since, last;
	unsigned int n = 0;

	if (!read_log(e, &text))
		return;
	since = started > DRIFT(now) ? (uint64_t)(started - DRIFT(now)) : 0;
	last = newest(e, buf_bytes(&text), since);
	if (!last)
		return;
	/* All of one attempt lies in as much time as it took. */
	if (last > (uint64_t)(now - started) && last - (uint64_t)(now - started) > since)
		since = last - (uint64_t)(now - started);
	log = (struct kmsg){ .text = buf_bytes(&text) };
	for (struct kmsg_record record; kmsg_next(&log, &record);)
		if (record.usec >= since && is_about(record.message, e->request->name))
			quotes[n++ % QUOTES_MAX] = record;
	for (unsigned int i = n > QUOTES_MAX ? n - QUOTES_MAX : 0; i < n; i++) {
		struct bytes m = quotes[i % QUOTES_MAX].message;

		explain_add(e, "the kernel's log says: %.*s", (int)(m.size < 600 ? m.size : 600) - (int)skip,
			    (const char *)m.base + skip);
	}
}
