/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What could a module say or ask for? The texts among its data: messages, names of devices, patterns
 * of aliases that it requests.
 */
#include <stddef.h>

#include "bytes/source.h"

struct buf;
struct diag;

/* Shorter ones are mostly numbers that look like text. */
#define STRINGS_LENGTH_MIN 3u

/* Texts of one module; the largest that has soft dependencies has a tenth of it. */
#define STRINGS_SIZE_MAX ((size_t)2 * 1024 * 1024)

/**
 * strings_read() - texts of the sections .rodata*, .data*, .init.rodata* and .init.data*, in their
 * order, appended to @out, each with a NUL behind
 *
 * A text is a run of printable characters, tabs and newlines with a NUL behind. The mark of a
 * message's level, \001 and one character, begins one and is no part of it. What is over
 * STRINGS_SIZE_MAX is left out, and so are sections that together are larger than the file.
 * Cost: one pass over the file.
 * Return: 0; as elf_open(); -ENOMEM.
 */
int strings_read(const struct source *source, struct buf *out, struct diag *diag);
