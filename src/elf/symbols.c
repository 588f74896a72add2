/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which symbols does a module need, and in which order does it name them?
 *
 * Imports are the undefined names of the symbol table. Their CRCs stand in one of two tables:
 *
 *   __versions               records of 64 bytes: CRC in a word of the class, then the name
 *   __version_ext_crcs       CRCs of 4 bytes
 *   __version_ext_names      as many NUL-terminated names
 *
 * A name that stands in a version table only counts as an import too. Exports: see exports.c.
 */
#include "bytes/diag.h"
#include "bytes/hash.h"
#include "elf/elf.h"
#include "elf/exports.h"
#include "elf/facts-internal.h"

#define VERSION_RECORD_SIZE 64

static bool is_sparc(const struct elf *elf)
{
	return elf->machine == ELF_MACHINE_SPARC || elf->machine == ELF_MACHINE_SPARC32PLUS ||
	       elf->machine == ELF_MACHINE_SPARCV9;
}

/* Index of the import called @name, made if need be. */
static int import_of(struct facts_reader *r, const char *name, size_t size, uint32_t flags,
		     uint32_t *ret_i, struct diag *diag)
{
	struct facts_import import = { .flags = flags };
	int ret;

	import.name_hash = hash_name(name, size);
	ret = symbol_map_put(&r->map, name, import.name_hash,
			     (uint32_t)(r->imports.size / sizeof(import)), ret_i);
	if (ret < 0)
		return diag_plain(diag, ret, "too many imports with like names");
	if (ret == 0)
		return 0;
	import.name = facts_pool_add(r, name, size);
	buf_put(&r->imports, &import, sizeof(import));
	return facts_collected(r, diag);
}

static int add_version(struct facts_reader *r, const char *name, size_t size, uint32_t crc,
		       struct diag *diag)
{
	struct facts_import *import;
	uint32_t i;
	int ret;

	ret = import_of(r, name, size, SYMBOL_VERSION_ONLY, &i, diag);
	if (ret < 0)
		return ret;
	import = (struct facts_import *)(void *)r->imports.base + i;
	if (!(import->flags & SYMBOL_CRC)) {
		import->crc = crc;
		import->flags |= SYMBOL_CRC;
	}
	r->flags |= FACTS_VERSIONS;
	return 0;
}

static int read_versions(struct facts_reader *r, const struct elf *elf,
			 const struct elf_section *section, struct bytes b, struct diag *diag)
{
	struct table t = bytes_table(b, VERSION_RECORD_SIZE);
	size_t word = elf->is_64 ? 8 : 4;

	for (size_t i = 0; i < t.n; i++) {
		const uint8_t *p = table_entry(&t, i);
		const char *name = (const char *)p + word;
		uint32_t crc = elf->is_64 ? (uint32_t)get_u64(p, elf->is_big)
					  : get_u32(p, elf->is_big);
		int ret;

		if (!memchr(name, 0, VERSION_RECORD_SIZE - word))
			return diag_offset(diag, -EBADMSG, section->off + i * VERSION_RECORD_SIZE,
					   "name in __versions has no end");
		if (name[0] == '\0')
			continue;
		ret = add_version(r, name, strlen(name), crc, diag);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int read_extended_versions(struct facts_reader *r, const struct elf *elf, struct bytes crcs,
				  const struct elf_section *section, struct bytes names,
				  struct diag *diag)
{
	struct table t = bytes_table(crcs, 4);
	uint64_t at = 0;

	for (size_t i = 0; i < t.n; i++) {
		const char *name;
		size_t size;
		int ret;

		if (bytes_string_within(names, at, SYMBOL_NAME_MAX, &name, &size) < 0)
			return names.size - at > SYMBOL_NAME_MAX
				       ? diag_offset(diag, -EBADMSG, section->off + at,
						     "name of an extended version is too long")
				       : diag_offset(diag, -EBADMSG, section->off + at,
						     "%zu extended versions, but only %zu names",
						     t.n, i);
		at += size + 1;
		if (size == 0)
			continue;
		ret = add_version(r, name, size, get_u32(table_entry(&t, i), elf->is_big), diag);
		if (ret < 0)
			return ret;
	}
	return 0;
}

struct version_tables {
	const struct elf_section *plain, *crcs, *names;
	struct bytes plain_b, crcs_b, names_b;
};

static int find_versions(const struct elf *elf, struct version_tables *v)
{
	int ret;

	for (uint32_t i = 1; i < elf->n_sections; i++) {
		const struct elf_section *s = &elf->sections[i];

		if (strncmp(s->name, "__version", 9) != 0)
			continue;
		if (!v->plain && strcmp(s->name, "__versions") == 0) {
			v->plain = s;
			ret = elf_content(elf, s, &v->plain_b);
		} else if (!v->crcs && strcmp(s->name, "__version_ext_crcs") == 0) {
			v->crcs = s;
			ret = elf_content(elf, s, &v->crcs_b);
		} else if (!v->names && strcmp(s->name, "__version_ext_names") == 0) {
			v->names = s;
			ret = elf_content(elf, s, &v->names_b);
		} else {
			continue;
		}
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Undefined symbols become imports; what exports.c must look at goes to @special. */
static int read_symbol_table(struct facts_reader *r, const struct elf *elf,
			     const struct elf_symbols *symbols, struct buf *special,
			     struct diag *diag)
{
	bool skip_registers = is_sparc(elf);

	for (size_t i = 1; i < symbols->entries.n; i++) {
		struct elf_symbol s = elf_symbol_at(elf, symbols, i);
		const char *name;
		uint32_t at;
		size_t size;
		int ret;

		if (s.name_off == 0)
			continue;
		if (s.name_off >= symbols->strings.size)
			return diag_offset(diag, -EBADMSG, elf_symbol_off(symbols, i),
					   "name of symbol %zu lies outside of the name table", i);
		name = (const char *)symbols->strings.base + s.name_off;
		if (s.section != ELF_SHN_UNDEF) {
			if (exports_is_special(name) ||
			    (s.section == ELF_SHN_LIVEPATCH && name[0] == '.')) {
				uint32_t index = (uint32_t)i;

				buf_put(special, &index, sizeof(index));
			}
			continue;
		}
		if (name[0] == '\0' || (skip_registers && s.kind == ELF_SYMBOL_SPARC_REGISTER))
			continue;
		size = strnlen(name, SYMBOL_NAME_MAX + 1);
		if (size > SYMBOL_NAME_MAX)
			return diag_offset(diag, -EBADMSG, elf_symbol_off(symbols, i),
					   "name of symbol %zu is longer than %u bytes", i,
					   SYMBOL_NAME_MAX);
		ret = import_of(r, name, size, s.bind == ELF_BIND_WEAK ? SYMBOL_WEAK : 0, &at,
				diag);
		if (ret < 0)
			return ret;
	}
	return special->error;
}

int facts_read_symbols(struct facts_reader *r, const struct elf *elf, struct diag *diag)
{
	CLEANUP_BUF struct buf special = { 0 };
	struct version_tables v = { 0 };
	struct elf_symbols symbols = { 0 };
	int ret;

	ret = elf_symbols(elf, &symbols, diag);
	if (ret < 0 && ret != -ENOENT)
		return ret;
	ret = find_versions(elf, &v);
	if (ret < 0)
		return ret;
	ret = symbol_map_clear(&r->map, symbols.entries.n + v.plain_b.size / VERSION_RECORD_SIZE +
						v.crcs_b.size / 4);
	if (ret < 0)
		return ret;
	ret = read_symbol_table(r, elf, &symbols, &special, diag);
	if (ret < 0)
		return ret;
	if (v.plain) {
		ret = read_versions(r, elf, v.plain, v.plain_b, diag);
		if (ret < 0)
			return ret;
	}
	if (v.crcs && v.names) {
		ret = read_extended_versions(r, elf, v.crcs_b, v.names, v.names_b, diag);
		if (ret < 0)
			return ret;
	}
	return exports_read(r, elf, &symbols, (const uint32_t *)(void *)special.base,
			    special.size / sizeof(uint32_t), diag);
}
