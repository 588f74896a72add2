/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * One flat record of all that other parts want to know of a module file. It holds no pointer, so
 * that it can be moved, stored and read back.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/source.h"

struct arena;
struct diag;
struct facts_reader;

/* Raise whenever the layout or the meaning of a record changes: stored ones are void then. */
#define FACTS_VERSION 2u

/* The strings and tables of one record; real ones have a few hundred KiB at the most. */
#define FACTS_RECORD_MAX ((uint32_t)64 * 1024 * 1024)

enum facts_flags {
	FACTS_64BIT = 1u << 0,
	FACTS_BIG_ENDIAN = 1u << 1,
	FACTS_RELOCATABLE = 1u << 2, /* ELF type REL: what a kernel module is */
	FACTS_LIVEPATCH = 1u << 3,   /* has a livepatch= tag; its value does not matter */
	FACTS_VERSIONS = 1u << 4,    /* has CRCs of its imports in either encoding */
	FACTS_KFLAGSTAB = 1u << 5,   /* GPL flags come from __kflagstab */
	FACTS_THIS_MODULE = 1u << 6, /* has .gnu.linkonce.this_module */
	FACTS_EXPORTS_UNKNOWN = 1u << 7, /* has an export table whose names can't be told */
	FACTS_LICENCES_UNKNOWN = 1u << 8, /* has flags that don't fit its exports: SYMBOL_GPL may lack */
};

enum facts_symbol_flags {
	SYMBOL_GPL = 1u << 0,	      /* export: for GPL-compatible modules only */
	SYMBOL_CRC = 1u << 1,	      /* crc is known */
	SYMBOL_NAMESPACE = 1u << 2,   /* export: in a namespace */
	SYMBOL_WEAK = 1u << 3,	      /* import: may stay unresolved */
	SYMBOL_VERSION_ONLY = 1u << 4, /* import: stands in the version table only */
};

/** struct facts_export - a symbol that the module offers; string fields are pool offsets */
struct facts_export {
	uint32_t name;
	uint32_t name_hash; /* hash_name() */
	uint32_t ns;	    /* with SYMBOL_NAMESPACE */
	uint32_t crc;	    /* with SYMBOL_CRC */
	uint32_t flags;
};

/** struct facts_import - a symbol that the module needs; in the order of its symbol table */
struct facts_import {
	uint32_t name;
	uint32_t name_hash; /* hash_name() */
	uint32_t crc;	    /* with SYMBOL_CRC */
	uint32_t flags;
};

/** struct facts_signature - the trailer behind a signed module; all zero without one */
struct facts_signature {
	uint64_t off; /* of the signature in the decompressed file, bytes */
	uint32_t size;
	uint8_t algo;	 /* 1 = RSA; 0 with id_type 2 */
	uint8_t hash;	 /* numbers of the kernel before PKCS#7; 0 with id_type 2 */
	uint8_t id_type; /* 2 = PKCS#7 */
	uint8_t signer_size;
	uint8_t key_id_size;
	uint8_t is_present;
	uint8_t pad[2];
};

/**
 * struct facts - head of a record; arrays lie at @x_off from its start, strings in the pool
 *
 * Integers are in host order: a stored record belongs to one kind of machine.
 */
struct facts {
	uint32_t version; /* FACTS_VERSION */
	uint32_t size;	  /* of the whole record, bytes */
	uint32_t flags;
	uint16_t machine;  /* ELF e_machine */
	uint16_t elf_type; /* ELF e_type */
	uint32_t modinfo_off, n_modinfo;       /* uint32_t: pool offset of each "key=value" */
	uint32_t exports_off, n_exports;       /* struct facts_export */
	uint32_t imports_off, n_imports;       /* struct facts_import */
	uint32_t klp_sections_off, n_klp_sections; /* uint32_t: name of each .klp.rela. section */
	uint32_t klp_symbols_off, n_klp_symbols;   /* uint32_t: name of each livepatch symbol */
	uint32_t build_id_off, build_id_size;      /* bytes, from the start of the record */
	uint32_t pool_off;
	uint32_t pool_size; /* ends in a NUL */
	struct facts_signature signature;
};

/** enum facts_want - which parts of a record to fill; what is not wanted stays empty */
enum facts_want {
	FACTS_WANT_ALL_MODINFO = 1u << 0, /* all tags; otherwise only those that indexes are made of */
	FACTS_WANT_SYMBOLS = 1u << 1,
	FACTS_WANT_SIGNATURE = 1u << 2,
	FACTS_WANT_EVERYTHING = 7,
};

/** facts_reader_new() - scratch memory for facts_read(), one a thread; NULL without memory */
struct facts_reader *facts_reader_new(void);
void facts_reader_free(struct facts_reader *reader);

/**
 * facts_read() - read a module file (decompressed) into one record
 * @want:     enum facts_want
 * @arena:    owns the record
 * @ret_facts: written only on success
 *
 * One pass over each section that is needed; time and memory are linear in their size, whatever
 * they hold. Accepts any ELF file that has a .modinfo section or is relocatable.
 * Return: 0; -ENOEXEC not a module (diag says what it is instead); -EBADMSG malformed (diag:
 * offset); -E2BIG over a limit; -ENOMEM; what the source returns.
 */
int facts_read(struct facts_reader *reader, const struct source *source, unsigned int want,
	       struct arena *arena, const struct facts **ret_facts, struct diag *diag);

/** facts_check() - is the record at @b (any bytes, 8-aligned) whole? Return: 0; -EBADMSG. */
int facts_check(struct bytes b);

static inline const char *facts_string(const struct facts *f, uint32_t pool_off)
{
	return (const char *)f + f->pool_off + pool_off;
}

static inline const struct facts_export *facts_exports(const struct facts *f)
{
	return (const struct facts_export *)((const char *)f + f->exports_off);
}

static inline const struct facts_import *facts_imports(const struct facts *f)
{
	return (const struct facts_import *)((const char *)f + f->imports_off);
}

/** facts_modinfo() - tag @i of the module, "key=value" */
static inline const char *facts_modinfo(const struct facts *f, uint32_t i)
{
	return facts_string(f, ((const uint32_t *)((const char *)f + f->modinfo_off))[i]);
}

static inline const char *facts_klp_section(const struct facts *f, uint32_t i)
{
	return facts_string(f, ((const uint32_t *)((const char *)f + f->klp_sections_off))[i]);
}

static inline const char *facts_klp_symbol(const struct facts *f, uint32_t i)
{
	return facts_string(f, ((const uint32_t *)((const char *)f + f->klp_symbols_off))[i]);
}

static inline const uint8_t *facts_build_id(const struct facts *f)
{
	return (const uint8_t *)f + f->build_id_off;
}

/**
 * facts_tag() - value of @tag when its key is @key
 * Return: what follows "key=", NULL for another key.
 */
const char *facts_tag(const char *tag, const char *key);

/** facts_first() - value of the first tag called @key, NULL when there is none */
const char *facts_first(const struct facts *f, const char *key);
