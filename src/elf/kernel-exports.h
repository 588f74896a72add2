/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The symbols that the kernel itself exports: one table, whatever it was read from, which knows what
 * its source could not tell.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "bytes/bytes.h"
#include "elf/facts.h"

struct diag;

/* Symbols of one table; a kernel with everything built in has some 50,000. */
#define KERNEL_EXPORTS_MAX (1u << 20)

/** enum kernel_exports_source - where a table comes from, the best one first */
enum kernel_exports_source {
	KERNEL_EXPORTS_NONE,
	KERNEL_EXPORTS_SYMVERS,	   /* Module.symvers */
	KERNEL_EXPORTS_IMAGE,	   /* vmlinuz, vmlinux */
	KERNEL_EXPORTS_SYSTEM_MAP,
	KERNEL_EXPORTS_KALLSYMS,
};

/** enum kernel_exports_knows - what the table tells of each symbol, bits */
enum kernel_exports_knows {
	KERNEL_EXPORTS_KNOWS_CRC = 1u << 0,
	KERNEL_EXPORTS_KNOWS_NAMESPACE = 1u << 1,
	KERNEL_EXPORTS_KNOWS_LICENCE = 1u << 2, /* SYMBOL_GPL */
};

/** struct kernel_export - one symbol; strings live in the table's arena */
struct kernel_export {
	const char *name;
	const char *ns; /* namespace; NULL without */
	uint32_t name_hash; /* hash_name() */
	uint32_t crc;	    /* with SYMBOL_CRC */
	uint32_t flags;	    /* enum facts_symbol_flags: GPL, CRC, NAMESPACE */
	uint32_t order;	    /* in which it was added, from 0 */
};

/** struct kernel_foreign - a symbol that Module.symvers ascribes to a module */
struct kernel_foreign {
	const char *name;
	const char *owner; /* path without extension, as it stands there */
};

/** struct kernel_exports - all zero is empty; kernel_exports_done() in the end */
struct kernel_exports {
	struct arena arena;
	struct kernel_export *items; /* sorted by name once finished; a name comes once */
	uint32_t n, capacity;
	/* What Module.symvers says that modules of the same build export; sorted by name. */
	struct kernel_foreign *foreign;
	uint32_t n_foreign, foreign_capacity;
	enum kernel_exports_source source;
	unsigned int knows; /* enum kernel_exports_knows */
	const char *path;   /* of the source, for messages */
};

/**
 * kernel_exports_add() - one more symbol; strings are copied, @ns_size 0 is no namespace
 * Return: 0; -E2BIG over KERNEL_EXPORTS_MAX; -ENOMEM.
 */
int kernel_exports_add(struct kernel_exports *x, const char *name, size_t name_size, const char *ns,
		       size_t ns_size, uint32_t flags, uint32_t crc);

/** kernel_exports_add_foreign() - likewise, of a module */
int kernel_exports_add_foreign(struct kernel_exports *x, const char *name, size_t name_size,
			       const char *owner, size_t owner_size);

/** kernel_exports_finish() - sort; of one name that came twice the first stays. Before any search. */
void kernel_exports_finish(struct kernel_exports *x);

/** kernel_exports_find() - NULL: not exported. Logarithmic. */
const struct kernel_export *kernel_exports_find(const struct kernel_exports *x, const char *name);

/** kernel_exports_owner() - the module that exports @name by Module.symvers, as a path; NULL: none */
const char *kernel_exports_owner(const struct kernel_exports *x, const char *name);

/**
 * kernel_exports_read_elf() - add what the export tables of a vmlinux hold
 * @vmlinux: the whole ELF file; symbols may be stripped, section names not
 *
 * The size of an entry is proven (by symbols, by the number of CRCs or flags, by every string that
 * the entries lead to), never taken for granted; what cannot be proven is an error. Sets @x->knows.
 * Not finished, and nothing added on failure. Linear in sections and entries.
 * Return: 0; -ENOEXEC not an ELF file, or without export tables; -EBADMSG (diag: offset);
 * -EOPNOTSUPP tables whose entries are of a kind that is not known (diag); -E2BIG; -ENOMEM.
 * Source: doc/formats/kernel-image.md, "Export tables".
 */
int kernel_exports_read_elf(struct kernel_exports *x, struct bytes vmlinux, struct diag *diag);

/** kernel_exports_source_name() - "Module.symvers", "kernel image", "System.map", "kallsyms"; "" for none */
const char *kernel_exports_source_name(enum kernel_exports_source source);

/** kernel_exports_done() - free; NULL and all zero are fine */
void kernel_exports_done(struct kernel_exports *x);
