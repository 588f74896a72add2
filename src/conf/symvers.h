/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The two files that tell depmod which symbols the kernel itself exports: Module.symvers (-E) and
 * System.map (-F).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/bytes.h"

struct diag;

/**
 * struct symvers_symbol - an exported symbol; strings lie in the file, without a NUL
 *
 * From a System.map only @name, and @ns from kernels 5.4-rc1 to rc4.
 */
struct symvers_symbol {
	const char *name;
	size_t name_size;
	const char *owner; /* "vmlinux", or the path of a module without extension */
	size_t owner_size;
	const char *type; /* "EXPORT_SYMBOL_GPL" and the like */
	size_t type_size;
	const char *ns; /* namespace */
	size_t ns_size;
	uint32_t crc;
	unsigned int line;
	bool is_gpl;	 /* by @type */
	bool is_vmlinux; /* by @owner: all that depmod -E wants */
};

/** struct symvers_use - what to do with what is found */
struct symvers_use {
	/* Below 0 ends the reading. */
	int (*each)(void *ctx, const struct symvers_symbol *symbol);
	/* A line that is passed, and why; may be NULL. */
	void (*bad)(void *ctx, const struct diag *diag);
	void *ctx;
	char prefix; /* what a System.map puts before all symbols; 0 for nothing */
};

struct symvers_counts {
	size_t n_lines;
	size_t n_symbols; /* given to each() */
	size_t n_bad;
};

/**
 * symvers_read() - every row of a Module.symvers: CRC, symbol, owner, type, namespace
 * @ret_counts: may be NULL
 *
 * Columns are separated by one tab each; where a line has no tab, by blanks. Type and namespace
 * may be missing. Empty lines are passed in silence.
 * Return: 0; what each() returned below 0.
 */
int symvers_read(struct bytes text, const struct symvers_use *use,
		 struct symvers_counts *ret_counts);

/**
 * system_map_read() - every exported symbol (`__ksymtab_NAME`) of a System.map or kallsyms
 * @ret_counts: may be NULL. Without symbols the file is one that Debian ships in place of the real
 *              one, or of another kind: nothing can be checked with it.
 *
 * Symbols that kallsyms ascribes to a module, in a fourth column, don't count.
 * Return: 0; what each() returned below 0.
 */
int system_map_read(struct bytes text, const struct symvers_use *use,
		    struct symvers_counts *ret_counts);
