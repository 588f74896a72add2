/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The symbols that a module exports, in every encoding that kernels have used.
 */
#include <stdbool.h>

#include "elf/facts-internal.h"

struct elf;
struct elf_symbols;

/** exports_is_special() - does a symbol of this name describe an export? */
static inline bool exports_is_special(const char *name)
{
	return name[0] == '_' && name[1] == '_' &&
	       ((name[2] == 'k' && (strncmp(name, "__ksymtab_", 10) == 0 ||
				    strncmp(name, "__kstrtabns_", 12) == 0)) ||
		(name[2] == 'c' && strncmp(name, "__crc_", 6) == 0));
}

/**
 * exports_split_namespace() - the namespace in a name of Linux 5.4-rc1 to rc4, "NS.symbol"
 * @name: what stands behind "__ksymtab_"
 * Return: bytes of the namespace at @name (the symbol follows behind a dot); 0 without one.
 */
size_t exports_split_namespace(const char *name);

/**
 * exports_read() - fill the reader's exports and livepatch symbols
 * @special: indexes of the symbols that exports_is_special() or livepatch symbols, @n of them
 *
 * Names come from __ksymtab_NAME symbols; where those were stripped, from the relocations of the
 * export tables. Strings of __ksymtab_strings alone are no exports: namespaces stand among them.
 * Return: 0; -EBADMSG (diag: offset); -E2BIG; -ENOMEM; what the source returns.
 * Source: doc/formats/module.md, "Exports".
 */
int exports_read(struct facts_reader *r, const struct elf *elf, const struct elf_symbols *symbols,
		 const uint32_t *special, size_t n, struct diag *diag);
