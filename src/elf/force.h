/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Make a module in memory pass where its file would not: without vermagic, without versions of
 * symbols. What finit_module(2) does with its flags, for init_module(2), which has none.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/** struct force_image - a module file in memory, to be changed in place */
struct force_image {
	uint8_t *base;
	size_t size; /* becomes smaller when a signature is cut off */
};

/**
 * force_edit() - take out what the kernel would compare
 * @vermagic:    overwrite the vermagic= tags with NULs
 * @modversions: mark the tables of symbol versions as not to be loaded, so that the kernel does not
 *               find them
 *
 * A signature behind the module no longer fits then, and is cut off: as with the flags of
 * finit_module(2), the module counts as unsigned. On an error nothing is changed.
 * Return: 0; -ENOEXEC, -EBADMSG, -E2BIG, -ENOMEM as elf_open() and trailer_read().
 * Source: doc/formats/module.md, "Forced loading".
 */
int force_edit(struct force_image *image, bool vermagic, bool modversions, struct diag *diag);
