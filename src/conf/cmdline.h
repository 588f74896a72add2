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
	bool is_quoted;	     /* the value has to be quoted again when it is passed on */
};

/**
 * cmdline_next() - next word
 * Blanks outside of double quotes separate words; quotes may stand around a value or around the whole
 * word. "--" does not end the line: what is behind it is for init, and is not given.
 * A key with another '.' in it is nobody's parameter: it comes with an empty @module and the whole
 * "a.b.c" as @key.
 * Return: whether there was one.
 */
bool cmdline_next(struct cmdline *line, struct cmdline_word *ret_word);

/**
 * cmdline_is_blacklisted() - does the kernel itself refuse this module?
 * @module: '-' folded to '_'
 * Looks for module_blacklist=A,B; either spelling of '-' counts there.
 */
bool cmdline_is_blacklisted(struct bytes text, const char *module);
