/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the two halves of the reader of a vmlinux' export tables share; not for others.
 *
 *   kernel-tables.c        finds the tables, and turns proven entries into symbols
 *   kernel-tables-proof.c  proves what an entry looks like
 */
#include "bytes/arena.h"
#include "elf/elf.h"
#include "elf/facts-internal.h"

struct diag;

/* Sections that kernels have had: plain, GPL, and until 5.11 three more kinds. */
#define KERNEL_TABLES 5

/* An entry of more bytes is none; today's have 12 or 24 at the most. */
#define KERNEL_ENTRY_MAX 256u

/** struct entry_layout - what an entry of a table looks like: value, name, maybe namespace, and what else */
struct entry_layout {
	uint32_t size;	  /* of the entry, bytes */
	uint32_t field;	  /* of a field, bytes */
	bool is_relative; /* a field counts from where it stands */
	bool has_namespace;
};

/** struct kernel_table - one export table; empty without a name */
struct kernel_table {
	const char *name;
	const struct elf_section *section;
	struct bytes content; /* with what relocations put there */
	bool is_gpl;
	struct bytes crcs, flags; /* of __kcrctab* and __kflagstab; empty without */
	uint64_t crcs_addr;
	uint64_t by_symbols; /* size of an entry, told by all of its symbols; 0 they don't tell */
	struct entry_layout layout;
	uint32_t crc_size; /* 4; 8 in kernels up to 4.10; 0 no CRCs, or it can't be told what they are */
	const struct elf_section *crcs_at; /* 4.11 to 5.18 maybe: entries lead to CRCs there */
};

/** struct kernel_tables - of one vmlinux */
struct kernel_tables {
	struct elf elf;
	struct arena arena;
	struct elf_symbols symbols; /* empty when stripped */
	struct bytes strings;	    /* __ksymtab_strings */
	uint64_t strings_addr;
	struct kernel_table tables[KERNEL_TABLES];
	struct diag *diag;
};

/** struct kernel_entry - decoded; strings lie in @strings, without what follows them */
struct kernel_entry {
	const char *name, *ns; /* @ns_size 0: no namespace */
	size_t name_size, ns_size;
};

/** kernel_table_entries() - how many, once the layout is known */
static inline uint64_t kernel_table_entries(const struct kernel_table *t)
{
	return t->content.size / t->layout.size;
}

/**
 * kernel_table_entry() - decode entry @i
 * Return: NULL; why it is no entry of that layout.
 */
const char *kernel_table_entry(const struct kernel_tables *k, const struct kernel_table *t,
			       const struct entry_layout *layout, uint64_t i,
			       struct kernel_entry *ret);

/**
 * kernel_table_prove() - find the one layout that all entries have, into @t->layout and @t->crc_size
 *
 * Tries those that kernels have used; if none of them holds, and flags, CRCs or symbols tell the size, also
 * entries that have more fields. As many flags, CRCs and symbols must be there as entries. A layout holds if each name leads into __ksymtab_strings, each
 * namespace too, no value does, and names ascend, as the kernel's own search needs it.
 * Return: 0; -EBADMSG (diag: offset) an entry that is damaged; -EOPNOTSUPP (diag) no layout holds, or
 * more than one.
 */
int kernel_table_prove(const struct kernel_tables *k, struct kernel_table *t);
