/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The lines of a modprobe.d or depmod.d file, and the words on them.
 */
#include "bytes/buf.h"
#include "bytes/bytes.h"

struct diag;

/* A logical line; shell commands in install rules are the longest, with a few KiB. */
#define CONF_LINE_MAX ((size_t)64 * 1024)

/** struct conf_lines - place in a file; set @text, the rest zero; conf_lines_done() in the end */
struct conf_lines {
	struct bytes text;
	size_t off;
	unsigned int n_read; /* physical lines so far */
	struct buf line;
};

/**
 * conf_lines_next() - next line that is neither empty nor a comment
 * @ret_text: the caller may change it; valid until the next call
 * @ret_line: number of its first physical line, from 1
 *
 * A `\` at the end of a line joins the next one to it; before any other byte it is dropped, and
 * the byte stays. A comment has its `#` in the first column, and goes on after a `\` too. A CR
 * before the end of a line does not count. The last line needs no newline.
 * Return: 1; 0 at the end; -EBADMSG a NUL in the line, or longer than CONF_LINE_MAX (diag: line;
 * go on calling: the line has been passed); -ENOMEM.
 */
int conf_lines_next(struct conf_lines *lines, char **ret_text, unsigned int *ret_line,
		    struct diag *diag);

/**
 * conf_word() - next word of a line; spaces and tabs separate
 * @rest: where to go on; moved behind the word
 * Return: the word, now with a NUL behind; NULL when there are no more.
 */
char *conf_word(char **rest);

/** conf_lines_done() - free the line (not the text); NULL is fine */
void conf_lines_done(struct conf_lines *lines);

#define CLEANUP_CONF_LINES __attribute__((cleanup(conf_lines_done)))
