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
	ELF_MACHINE_MIPS = 8,
	ELF_MACHINE_SPARC32PLUS = 18,
	ELF_MACHINE_PPC = 20,
	ELF_MACHINE_PPC64 = 21,
	ELF_MACHINE_S390 = 22,
	ELF_MACHINE_SPARCV9 = 43,
	ELF_MACHINE_X86_64 = 62,
	ELF_MACHINE_AARCH64 = 183,
	ELF_MACHINE_RISCV = 243,
	ELF_MACHINE_LOONGARCH = 258,

	ELF_SECTION_SYMTAB = 2,
	ELF_SECTION_RELA = 4,
	ELF_SECTION_NOTE = 7,
	ELF_SECTION_NOBITS = 8,
	ELF_SECTION_REL = 9,
	ELF_SECTION_SYMTAB_INDEXES = 18,

	ELF_SHN_UNDEF = 0,
	ELF_SHN_RESERVED = 0xff00, /* from here on, 16-bit fields hold no index */
	ELF_SHN_XINDEX = 0xffff,

	ELF_BIND_LOCAL = 0,
	ELF_BIND_GLOBAL = 1,
	ELF_BIND_WEAK = 2,

	ELF_SYMBOL_SPARC_REGISTER = 13,
};

/* Reserved indexes as struct elf_symbol has them: above those of all sections of any file. */
#define ELF_SHN_ABOVE 0xffff0000u
#define ELF_SHN_ABS (ELF_SHN_ABOVE | 0xfff1u)
#define ELF_SHN_LIVEPATCH (ELF_SHN_ABOVE | 0xff20u)

struct elf_section {
	const char *name; /* inside the file's section name table */
	uint32_t type;
	uint32_t link;
	uint32_t info;
	uint64_t flags;
	uint64_t addr; /* where it is linked to; 0 in a relocatable file */
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
	uint32_t section; /* index, or ELF_SHN_* */
	uint64_t value;
};

/** struct elf_symbols - the symbol table; all zero is an empty one */
struct elf_symbols {
	struct table entries; /* for elf_symbol_at() */
	struct bytes strings; /* ends in a NUL, so any offset inside starts a terminated string */
	struct bytes indexes; /* a section index an entry, for those whose own field is too small */
	uint64_t off;	      /* of the entries in the file */
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
 * elf_symbols() - the symbol table and what belongs to it
 * @ret_symbols: written only on success
 *
 * Return: 0; -ENOENT no symbol table; -EBADMSG (diag: offset).
 */
int elf_symbols(const struct elf *elf, struct elf_symbols *ret_symbols, struct diag *diag);

/** elf_symbol_off() - where record @i of the table stands in the file */
static inline uint64_t elf_symbol_off(const struct elf_symbols *symbols, size_t i)
{
	return symbols->off + (uint64_t)i * symbols->entries.entry_size;
}

/** elf_symbol_at() - decode record @i of the table */
static inline struct elf_symbol elf_symbol_at(const struct elf *elf,
					      const struct elf_symbols *symbols, size_t i)
{
	const uint8_t *p = table_entry(&symbols->entries, i);
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
	if (s.section >= ELF_SHN_RESERVED) {
		bool is_elsewhere = s.section == ELF_SHN_XINDEX;

		s.section |= ELF_SHN_ABOVE;
		if (is_elsewhere)
			(void)bytes_u32(symbols->indexes, 4 * (uint64_t)i, elf->is_big, &s.section);
	}
	return s;
}

/** elf_what() - what the first bytes of a file look like, in words: "empty", "an xz file", ... */
const char *elf_what(struct bytes head);
