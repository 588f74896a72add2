/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Lines and words of configuration files: joined, without comments, each with its number.
 */
#include <stdbool.h>
#include <stddef.h>

#include "bytes/bytes.h"

struct arena;
struct diag;

/* Joined lines longer than this are no configuration that a person or a package wrote. */
#define CONF_LINE_MAX ((size_t)64 * 1024)

/** struct conf_lines - place in a file; set @text and @arena, the rest zero */
struct conf_lines {
	struct bytes text;
	struct arena *arena; /* owns the words */
	size_t off;
	unsigned int n_read; /* physical lines */
};

/** struct conf_line - one logical line */
struct conf_line {
	unsigned int number; /* of its first physical line, from 1 */
	char **words;	     /* separated by spaces and tabs; n_words > 0 */
	size_t n_words;
};

/**
 * conf_lines_next() - the next line that has words
 * @ret_line: its words live in @lines->arena
 *
 * A backslash before the end of a line joins the next one; before another byte it keeps that byte
 * as it is. A line that begins with '#' is a comment. A carriage return before the end of a line
 * does not count. Linear in the file.
 * Return: 1; 0 at the end; -EBADMSG a line with a NUL byte, or longer than CONF_LINE_MAX (diag:
 * line): go on calling, it has been passed; -ENOMEM.
 */
int conf_lines_next(struct conf_lines *lines, struct conf_line *ret_line, struct diag *diag);
