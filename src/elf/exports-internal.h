/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the readers of a module's export tables share; not for others.
 *
 *   exports.c              by symbols
 *   exports-relocations.c  by relocations, where the symbols were stripped
 */
#include "elf/elf.h"
#include "elf/exports.h"

/* Bit of a byte of __kflagstab. */
#define KFLAG_GPL 1u

/* An entry of more bytes is none; today's have 12 or 24 at the most. */
#define EXPORT_ENTRY_MAX 256u

struct exports_context {
	struct facts_reader *r;
	const struct elf *elf;
	const struct elf_symbols *symbols;
	struct bytes *contents; /* of each section, once read */
	bool *is_read;
	struct diag *diag;
	uint32_t kflag_table; /* section that flags belong to */
	uint64_t kflag_size;  /* by symbols: bytes of an entry that has a flag; 0 they don't fit the flags */
};

/** exports_content() - a section by index, read once at the most. Return: 0; -ENOENT; of the source. */
int exports_content(struct exports_context *c, uint32_t index, struct bytes *ret_b);

/** exports_named() - a section by name; @ret_index 0 and no bytes without one. Return: as above. */
int exports_named(struct exports_context *c, const char *name, uint32_t *ret_index, struct bytes *ret_b);

/** exports_add() - an export, by name: its number, new or not. Return: 0; -EBADMSG; -E2BIG; -ENOMEM. */
int exports_add(struct exports_context *c, const char *name, uint32_t flags, uint32_t *ret_i);

/** exports_set_namespace() exports_set_crc() - of export @i; an empty namespace is none */
void exports_set_namespace(struct exports_context *c, uint32_t i, const char *ns, size_t size);
void exports_set_crc(struct exports_context *c, uint32_t i, uint32_t crc);

/** exports_by_relocations() - all of __ksymtab, or of __ksymtab_gpl. Return: as exports_read(). */
int exports_by_relocations(struct exports_context *c, bool is_gpl);
