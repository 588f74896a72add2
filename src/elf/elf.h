/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The ELF container: header, sections and symbols of a file of either class and byte order,
 * every offset checked before use.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bytes/source.h"

struct arena;
struct diag;

/* More sections than -ffunction-sections gives the largest module; bounds memory, not meaning. */
#define ELF_SECTIONS_MAX 262144u

/* ELF constants used by readers of module files. Source: System V ABI, chapter 4. */
enum {
	ELF_TYPE_REL = 1,
	ELF_TYPE_EXEC = 2,
	ELF_TYPE_DYN = 3,
	ELF_TYPE_CORE = 4,

	ELF_MACHINE_SPARC = 2,
	ELF_MACHINE_SPARC32PLUS = 18,
	ELF_MACHINE_SPARCV9 = 43,

	ELF_SECTION_SYMTAB = 2,
	ELF_SECTION_RELA = 4,
	ELF_SECTION_NOTE = 7,
	ELF_SECTION_NOBITS = 8,
	ELF_SECTION_REL = 9,

	ELF_SHN_UNDEF = 0,
	ELF_SHN_ABS = 0xfff1,
	ELF_SHN_XINDEX = 0xffff,
	ELF_SHN_LIVEPATCH = 0xff20,

	ELF_BIND_LOCAL = 0,
	ELF_BIND_GLOBAL = 1,
	ELF_BIND_WEAK = 2,

	ELF_SYMBOL_SPARC_REGISTER = 13,
};

struct elf_section {
	const char *name; /* inside the file's section name table */
	uint32_t type;
	uint32_t link;
	uint32_t info;
	uint64_t flags;
	uint64_t off;  /* from the start of the file; inside the file unless type is NOBITS */
	uint64_t size; /* bytes */
	uint64_t entry_size;
};

struct elf {
	const struct source *source;
	bool is_64;
	bool is_big;
	uint16_t type;
	uint16_t machine;
	uint32_t n_sections;
	struct elf_section *sections; /* in the arena given to elf_open() */
};

struct elf_symbol {
	uint32_t name_off;
	uint8_t bind;
	uint8_t kind;
	uint16_t section; /* index, or ELF_SHN_* */
	uint64_t value;
};

/**
 * elf_open() - read header and section table
 * @source: borrowed for the life of @ret_elf
 * @arena:  owns the section table
 * @ret_elf: written only on success
 *
 * Reads the header, the section table and the section names; cost is one pass over the sections.
 * Return: 0; -ENOEXEC not an ELF file, or truncated before its section table (diag says what it
 * is instead); -EBADMSG malformed; -E2BIG more than ELF_SECTIONS_MAX; -ENOMEM; what the source
 * returns.
 */
int elf_open(const struct source *source, struct arena *arena, struct elf *ret_elf,
	     struct diag *diag);

/** elf_find() - first section called @name, NULL when there is none */
const struct elf_section *elf_find(const struct elf *elf, const char *name);

/**
 * elf_content() - the bytes of a section; a NOBITS section has none
 * Return: 0; what the source returns.
 */
int elf_content(const struct elf *elf, const struct elf_section *section, struct bytes *ret_b);

/**
 * elf_symbols() - the symbol table and its string table
 * @ret_table:   records to be read with elf_symbol_at()
 * @ret_strings: ends in a NUL, so that any offset inside starts a terminated string
 *
 * Return: 0; -ENOENT no symbol table; -EBADMSG (diag: offset).
 */
int elf_symbols(const struct elf *elf, struct table *ret_table, struct bytes *ret_strings,
		struct diag *diag);

/** elf_symbol_at() - decode record @i of the table that elf_symbols() gave */
static inline struct elf_symbol elf_symbol_at(const struct elf *elf, const struct table *table,
					      size_t i)
{
	const uint8_t *p = table_entry(table, i);
	struct elf_symbol s;

	s.name_off = get_u32(p, elf->is_big);
	if (elf->is_64) {
		s.bind = p[4] >> 4;
		s.kind = p[4] & 0xf;
		s.section = get_u16(p + 6, elf->is_big);
		s.value = get_u64(p + 8, elf->is_big);
	} else {
		s.value = get_u32(p + 4, elf->is_big);
		s.bind = p[12] >> 4;
		s.kind = p[12] & 0xf;
		s.section = get_u16(p + 14, elf->is_big);
	}
	return s;
}

/** elf_what() - what the first bytes of a file look like, in words: "empty", "an xz file", ... */
const char *elf_what(struct bytes head);
