/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The kernel's log: records of /dev/kmsg.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bytes/buf.h"
#include "bytes/bytes.h"

/* How much of the log is read at the most: as much as the largest buffer that kernels are built
 * with by default, 2^20 bytes of text, with the head of each record. */
#define KMSG_TEXT_MAX ((size_t)4 * 1024 * 1024)

/** struct kmsg_record - one message; borrows from the text */
struct kmsg_record {
	uint64_t usec; /* of the kernel's own clock, which drifts away from the monotonic one */
	struct bytes message; /* without a newline; bytes that are no text stand as \xNN */
};

/** struct kmsg - place in a run of records; set @text, the rest zero */
struct kmsg {
	struct bytes text;
	size_t off;
};

/**
 * kmsg_next() - next record that is whole
 * Text that is no record is passed, the lines of details behind a message too.
 * Return: whether there was one.
 * Source: Documentation/ABI/testing/dev-kmsg of Linux.
 */
bool kmsg_next(struct kmsg *log, struct kmsg_record *ret_record);

/**
 * kmsg_read() - append all records that the device at @path has now, never waiting for more
 * @out: what goes beyond KMSG_TEXT_MAX is left out
 * Costs a system call a record.
 * Return: 0; -errno of open(2) or read(2); -ENOMEM.
 */
int kmsg_read(const char *path, struct buf *out);
