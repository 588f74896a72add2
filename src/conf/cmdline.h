/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the kernel's command line says of modules.
 */
#include <stdbool.h>
#include <stddef.h>

#include "bytes/bytes.h"

/** struct cmdline - place in a command line; set @text, the rest zero */
struct cmdline {
	struct bytes text;
	size_t off;
};

/** struct cmdline_word - one word of it, as runs of bytes in the text, never NUL-terminated */
struct cmdline_word {
	struct bytes module; /* what stands before the first '.'; empty without one */
	struct bytes key;    /* what stands behind it, up to '=' */
	struct bytes value;  /* what stands behind '='; quotes around it are taken off */
	bool has_value;	     /* there is a '=' */
	bool is_quoted;	     /* they were: the value has to be quoted again when it is passed on */
};

/**
 * cmdline_next() - next word
 * @ret_word: written only when there is one; borrows from the text
 *
 * Blanks outside of double quotes separate words; quotes may stand around a value or around the whole
 * word, others are part of the value. A quote without an end reaches to the end of the line. "--", or
 * a NUL, ends the line: what is behind "--" is for init, and is not given.
 * A key with another '.' in it, or with nothing before or behind its only one, is nobody's parameter:
 * it comes with an empty @module and the whole "a.b.c" as @key.
 * Return: whether there was one.
 */
bool cmdline_next(struct cmdline *line, struct cmdline_word *ret_word);

/**
 * cmdline_list_next() - next item of a value "A,B"; empty ones are passed
 * @off: place in the list, 0 in the beginning
 * Return: whether there was one.
 */
bool cmdline_list_next(struct bytes list, size_t *off, struct bytes *ret_item);

/**
 * cmdline_is_blacklisted() - does the kernel itself refuse this module?
 * @text:   of /proc/cmdline
 * @module: the name that the module gives itself, '-' folded to '_'
 *
 * Looks at module_blacklist=A,B as the kernel does: of several the last one counts, one of more than
 * 1024 bytes does not, and names are compared byte by byte, so that one with a '-' in it refuses
 * nothing.
 */
bool cmdline_is_blacklisted(struct bytes text, const char *module);
