/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Where and why something in a file is wrong. The core fills it; cli and abi turn it into text.
 */
#include <stdint.h>

enum diag_place {
	DIAG_NOWHERE,
	DIAG_OFFSET, /* @where is a byte offset in the (decompressed) file */
	DIAG_LINE,   /* @where is a line number, from 1 */
};

struct diag {
	enum diag_place place;
	uint64_t where;
	char what[200];
};

struct buf;

/**
 * diag_text() - "PATH: offset N: WHAT", "PATH:LINE: WHAT" or "PATH: WHAT", with a NUL behind
 * @d: may be NULL; where it says nothing, @otherwise stands in
 * @out: appended to
 */
void diag_text(const struct diag *d, const char *path, const char *otherwise, struct buf *out);

/**
 * diag_offset() - note a defect at a byte offset; formats like printf
 * diag_line()   - the same for a line of text
 * diag_plain()  - the same without a place
 * @d: may be NULL
 * Return: @error, so that a reader can say `return diag_offset(d, -EBADMSG, ...)`.
 */
int diag_offset(struct diag *d, int error, uint64_t off, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int diag_line(struct diag *d, int error, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
int diag_plain(struct diag *d, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
