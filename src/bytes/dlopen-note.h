/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * A note in the program that names a library which it opens on demand, so that packaging tools
 * and image builders see what the list of linked libraries does not tell.
 *
 *   | name size = 4 | size of the text | type 0x407c0c0a | "FDO" NUL | JSON NUL | padding to 4 |
 *
 * Source: systemd.io, "dlopen() Metadata for ELF Files".
 */
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
