/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The signature that may stand behind a module's ELF file.
 */
#include "elf/facts.h"

/**
 * trailer_read() - is there a signature trailer, and what does it say?
 * @ret_signature: all zero when there is none
 * Return: 0; -EBADMSG the magic is there but the sizes do not fit the file; source errors.
 * Source: doc/formats/module.md, "Signature".
 */
int trailer_read(const struct source *source, struct facts_signature *ret_signature,
		 struct diag *diag);
