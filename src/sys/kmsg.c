/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   priority,number,microseconds,flags[,more];message
 *    KEY=VALUE      lines of details begin with a blank
 *
 * One read(2) of the device gives one record.
 */
#include "sys/kmsg.h"

#include <fcntl.h>
#include <unistd.h>

#include "sys/standard.h"
#include "sys/sys.h"

/* The kernel cuts a record where it would become longer than this (since 6.2; 8 KiB before). */
#define RECORD_MAX ((size_t)8192)

/* A number that ends in @end. */
static bool read_number(struct bytes line, size_t *at, char end, uint64_t *ret_v)
{
	uint64_t v = 0;
	size_t from = *at;

	for (; *at < line.size; (*at)++) {
		uint8_t c = line.base[*at];

		if (c == (uint8_t)end && *at > from) {
			(*at)++;
			*ret_v = v;
			return true;
		}
		if (c < '0' || c > '9' || __builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(c - '0'), &v))
			return false;
	}
	return false;
}

static bool read_record(struct bytes line, struct kmsg_record *record)
{
	const uint8_t *semicolon;
	uint64_t passed;
	size_t at = 0;

	if (!read_number(line, &at, ',', &passed) || !read_number(line, &at, ',', &passed) ||
	    !read_number(line, &at, ',', &record->usec))
		return false;
	semicolon = at < line.size ? memchr(line.base + at, ';', line.size - at) : NULL;
	if (!semicolon)
		return false;
	at = (size_t)(semicolon - line.base) + 1;
	record->message = bytes_of(line.base + at, line.size - at);
	return true;
}

bool kmsg_next(struct kmsg *log, struct kmsg_record *ret_record)
{
	while (log->off < log->text.size) {
		const uint8_t *from = log->text.base + log->off;
		const uint8_t *newline = memchr(from, '\n', log->text.size - log->off);
		struct kmsg_record record;

		if (!newline)
			break;
		log->off += (size_t)(newline - from) + 1;
		if (read_record(bytes_of(from, (size_t)(newline - from)), &record)) {
			*ret_record = record;
			return true;
		}
	}
	log->off = log->text.size;
	return false;
}

int kmsg_read(const char *path, struct buf *out)
{
	CLEANUP_FD int fd = sys_move_up(open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	size_t start = out->size;

	if (fd < 0)
		return -errno;
	while (out->size - start < KMSG_TEXT_MAX) {
		uint8_t *to = buf_reserve(out, RECORD_MAX);
		ssize_t n;

		if (!to)
			return out->error;
		n = read(fd, to, RECORD_MAX);
		if (n > 0)
			out->size += (size_t)n;
		else if (n == 0 || errno == EAGAIN)
			break;
		else if (errno != EPIPE && errno != EINTR) /* EPIPE: records were overwritten */
			return -errno;
	}
	return 0;
}
