/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Libraries that are opened on demand, and the note in the program that names each of them: so
 * packaging tools and image builders see what the list of linked libraries does not tell.
 *
 *   | name size = 4 | size of the text | type 0x407c0c0a | "FDO" NUL | JSON NUL | padding to 4 |
 *
 * Source: systemd.io, "dlopen() Metadata for ELF Files".
 */
#include <stddef.h>

struct diag;

/** struct library_function - a function to be found, and where its address goes */
struct library_function {
	const char *name;
	size_t at; /* offset in the caller's struct of function pointers */
};

/**
 * library_open() - open a shared library and find functions in it
 * @file:  its soname
 * @what:  what can't be done without it, for the diag: "no JSON output"
 * @table: the struct of function pointers that @functions fill
 * @ret_library: for dlclose(3); written only on success
 * Return: 0; -EOPNOTSUPP not there, or without one of the functions (diag).
 */
int library_open(const char *file, const char *what, const struct library_function *functions,
		 size_t n_functions, void *table, void **ret_library, struct diag *diag);

#define DLOPEN_NOTE_QUOTE_AGAIN(s) #s
#define DLOPEN_NOTE_QUOTE(s) DLOPEN_NOTE_QUOTE_AGAIN(s)

/** DLOPEN_NOTE() - @...: one JSON object with soname, feature, description and priority */
#define DLOPEN_NOTE(...)                                                                           \
	__asm__(".pushsection .note.dlopen, \"a\", %note\n"                                        \
		".balign 4\n"                                                                      \
		".long 4, 2f - 1f, 0x407c0c0a\n"                                                   \
		".asciz \"FDO\"\n"                                                                 \
		"1: .ascii " DLOPEN_NOTE_QUOTE("[") "\n"                                          \
		".ascii " DLOPEN_NOTE_QUOTE(#__VA_ARGS__) "\n"                                    \
		".asciz " DLOPEN_NOTE_QUOTE("]") "\n"                                             \
		"2: .balign 4\n"                                                                   \
		".popsection\n")
