/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What does a module export, under which namespace, CRC and licence rule?
 *
 *   __ksymtab[_gpl]     an entry a symbol: value, name and (5.4 on) namespace; each 4 bytes when
 *                       self-relative, else a word of the class. "_gpl" stands for the licence
 *   __kflagstab         (7.1 on) one byte a symbol instead of _gpl sections; bit 0 = GPL only
 *   __kcrctab[_gpl]     4 bytes a symbol; its symbol __crc_NAME is an offset into it, or in older
 *                       kernels an absolute value that is the CRC itself
 *   __ksymtab_strings   names and namespaces
 */
#include "bytes/diag.h"
#include "bytes/hash.h"
#include "elf/exports-internal.h"

int exports_content(struct exports_context *c, uint32_t index, struct bytes *ret_b)
{
	int ret;

	if (index == 0 || index >= c->elf->n_sections)
		return -ENOENT;
	if (!c->is_read[index]) {
		ret = elf_content(c->elf, &c->elf->sections[index], &c->contents[index]);
		if (ret < 0)
			return ret;
		c->is_read[index] = true;
	}
	*ret_b = c->contents[index];
	return 0;
}

size_t exports_split_namespace(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && dot != name && dot[1] != '\0' ? (size_t)(dot - name) : 0;
}

static uint32_t index_of_section(const struct elf *elf, const char *name)
{
	const struct elf_section *s = elf_find(elf, name);

	return s ? (uint32_t)(s - elf->sections) : 0;
}

int exports_add(struct exports_context *c, const char *name, uint32_t flags, uint32_t *ret_i)
{
	size_t size = strnlen(name, SYMBOL_NAME_MAX + 1);
	struct facts_export export = { .flags = flags };
	struct facts_reader *r = c->r;
	int ret;

	if (size == 0 || size > SYMBOL_NAME_MAX)
		return diag_plain(c->diag, -EBADMSG, "name of an export is %s",
				  size ? "too long" : "empty");
	export.name_hash = hash_name(name, size);
	ret = symbol_map_put(&r->map, name, export.name_hash,
			     (uint32_t)(r->exports.size / sizeof(export)), ret_i);
	if (ret < 0)
		return diag_plain(c->diag, ret, "too many exports with like names");
	if (ret == 1) {
		export.name = facts_pool_add(r, name, size);
		buf_put(&r->exports, &export, sizeof(export));
	}
	return facts_collected(r, c->diag);
}

static struct facts_export *export_at(struct exports_context *c, uint32_t i)
{
	return (struct facts_export *)(void *)c->r->exports.base + i;
}

void exports_set_namespace(struct exports_context *c, uint32_t i, const char *ns, size_t size)
{
	struct facts_export *e;
	uint32_t at;

	if (size == 0)
		return;
	at = facts_pool_add(c->r, ns, size);
	e = export_at(c, i);
	e->ns = at;
	e->flags |= SYMBOL_NAMESPACE;
}

void exports_set_crc(struct exports_context *c, uint32_t i, uint32_t crc)
{
	struct facts_export *e = export_at(c, i);

	e->crc = crc;
	e->flags |= SYMBOL_CRC;
}

int exports_named(struct exports_context *c, const char *name, uint32_t *ret_index, struct bytes *ret_b)
{
	*ret_index = index_of_section(c->elf, name);
	*ret_b = (struct bytes){ 0 };
	return *ret_index ? exports_content(c, *ret_index, ret_b) : 0;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/*
 * A flag belongs to the entry of the same number, so the size of an entry has to be known. The number of
 * flags tells it, and symbols have to agree: each stands at the beginning of one, and where there
 * is one for each entry, they stand no further apart.
 */
static int measure_entries(struct exports_context *c, const uint32_t *special, size_t n)
{
	uint32_t table = index_of_section(c->elf, "__ksymtab"), flags_index;
	uint64_t apart = 0, n_symbols = 0, size, all;
	struct bytes flags;
	int ret;

	ret = exports_named(c, "__kflagstab", &flags_index, &flags);
	if (ret < 0 || !table || !flags_index)
		return ret;
	c->r->flags |= FACTS_KFLAGSTAB;
	all = c->elf->sections[table].size;
	for (size_t k = 0; k < n; k++) {
		struct elf_symbol s = elf_symbol_at(c->elf, c->symbols, special[k]);
		const char *name = (const char *)c->symbols->strings.base + s.name_off;

		if (s.section == table && s.value < all && strncmp(name, "__ksymtab_", 10) == 0) {
			apart = gcd(apart, s.value);
			n_symbols++;
		}
	}
	size = flags.size && all % flags.size == 0 ? all / flags.size : 0;
	if (size < 8 || size > EXPORT_ENTRY_MAX || size % 4 != 0 || apart % size != 0 ||
	    (apart > 0 && apart != size && n_symbols * apart == all))
		size = 0;
	c->kflag_size = size;
	c->kflag_table = table;
	return 0;
}

/* GPL flag of the entry that @s points at, from __kflagstab: one byte an entry. */
static bool kflag_is_gpl(struct exports_context *c, const struct elf_symbol *s, uint32_t kflagstab)
{
	struct bytes flags;

	if (c->kflag_size == 0 || exports_content(c, kflagstab, &flags) < 0 ||
	    s->section != c->kflag_table || s->value % c->kflag_size != 0 ||
	    s->value / c->kflag_size >= flags.size) {
		c->r->flags |= FACTS_LICENCES_UNKNOWN;
		return false;
	}
	return flags.base[s->value / c->kflag_size] & KFLAG_GPL;
}

static int read_ksymtab_symbol(struct exports_context *c, const struct elf_symbol *s, const char *name,
			       uint32_t kflagstab)
{
	uint32_t flags = 0, i;
	size_t ns_size;
	int ret;

	if (s->section < c->elf->n_sections &&
	    strncmp(c->elf->sections[s->section].name, "__ksymtab_gpl", 13) == 0)
		flags = SYMBOL_GPL;
	else if (kflagstab && kflag_is_gpl(c, s, kflagstab))
		flags = SYMBOL_GPL;
	ns_size = exports_split_namespace(name);
	ret = exports_add(c, ns_size ? name + ns_size + 1 : name, flags, &i);
	if (ret < 0)
		return ret;
	if (ns_size && !(export_at(c, i)->flags & SYMBOL_NAMESPACE))
		exports_set_namespace(c, i, name, ns_size);
	return 0;
}

/* Where the CRC and the namespace of an export stand is told by two more symbols. */
static int read_attribute(struct exports_context *c, size_t index, const struct elf_symbol *s,
			  const char *name)
{
	bool is_crc = name[2] == 'c';
	const char *symbol = name + (is_crc ? 6 : 12), *ns;
	size_t size = strnlen(symbol, SYMBOL_NAME_MAX + 1);
	struct bytes b;
	uint32_t i, crc;
	int ret;

	ret = symbol_map_find(&c->r->map, symbol, hash_name(symbol, size), &i);
	if (ret < 0)
		return ret == -ENOENT ? 0
				      : diag_plain(c->diag, ret, "too many exports with like names");
	if (!is_crc && (export_at(c, i)->flags & SYMBOL_NAMESPACE))
		return 0;
	if (is_crc && s->section == ELF_SHN_ABS) {
		exports_set_crc(c, i, (uint32_t)s->value);
		return 0;
	}
	ret = exports_content(c, s->section, &b);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (is_crc) {
		if (bytes_u32(b, s->value, c->elf->is_big, &crc) < 0)
			return diag_offset(c->diag, -EBADMSG, elf_symbol_off(c->symbols, index),
					   "CRC of an export lies outside of its section");
		exports_set_crc(c, i, crc);
	} else {
		if (bytes_string_within(b, s->value, SYMBOL_NAME_MAX, &ns, &size) < 0)
			return diag_offset(c->diag, -EBADMSG, elf_symbol_off(c->symbols, index),
					   "namespace of an export has no end in its section, or is "
					   "too long");
		exports_set_namespace(c, i, ns, size);
	}
	return facts_collected(c->r, c->diag);
}

static int read_by_symbols(struct exports_context *c, const uint32_t *special, size_t n)
{
	uint32_t kflagstab = index_of_section(c->elf, "__kflagstab");
	int ret;

	for (size_t k = 0; k < n; k++) {
		struct elf_symbol s = elf_symbol_at(c->elf, c->symbols, special[k]);
		const char *name = (const char *)c->symbols->strings.base + s.name_off;

		if (s.section == ELF_SHN_LIVEPATCH) {
			uint32_t at = facts_pool_add(c->r, name, strnlen(name, SYMBOL_NAME_MAX));

			buf_put(&c->r->klp_symbols, &at, sizeof(at));
			ret = facts_collected(c->r, c->diag);
			if (ret < 0)
				return ret;
		} else if (strncmp(name, "__ksymtab_", 10) == 0) {
			ret = read_ksymtab_symbol(c, &s, name + 10, kflagstab);
			if (ret < 0)
				return ret;
		}
	}
	return 0;
}

static int read_attributes(struct exports_context *c, const uint32_t *special, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		struct elf_symbol s = elf_symbol_at(c->elf, c->symbols, special[k]);
		const char *name = (const char *)c->symbols->strings.base + s.name_off;

		if (s.section == ELF_SHN_LIVEPATCH || strncmp(name, "__ksymtab_", 10) == 0)
			continue;
		int ret;

		ret = read_attribute(c, special[k], &s, name);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* An entry of an export table has 8 bytes at the least. */
static size_t entries_at_most(const struct elf_section *s)
{
	return s && s->type != ELF_SECTION_NOBITS && s->type != 0 ? (size_t)s->size / 8 : 0;
}

int exports_read(struct facts_reader *r, const struct elf *elf, const struct elf_symbols *symbols,
		 const uint32_t *special, size_t n, struct diag *diag)
{
	struct exports_context c = { .r = r, .elf = elf, .symbols = symbols, .diag = diag };
	const struct elf_section *plain = elf_find(elf, "__ksymtab");
	const struct elf_section *gpl = elf_find(elf, "__ksymtab_gpl");
	int ret;

	if (n == 0 && !plain && !gpl)
		return 0;
	ret = symbol_map_clear(&r->map, n + entries_at_most(plain) + entries_at_most(gpl));
	if (ret < 0)
		return ret;
	c.contents = arena_alloc(&r->scratch, elf->n_sections * sizeof(*c.contents));
	c.is_read = arena_alloc(&r->scratch, elf->n_sections * sizeof(*c.is_read));
	if (!c.contents || !c.is_read)
		return -ENOMEM;
	memset(c.is_read, 0, elf->n_sections * sizeof(*c.is_read));
	ret = measure_entries(&c, special, n);
	if (ret == 0)
		ret = read_by_symbols(&c, special, n);
	if (ret == 0 && r->exports.size == 0) {
		ret = exports_by_relocations(&c, false);
		if (ret == 0)
			ret = exports_by_relocations(&c, true);
	}
	if (ret == 0 && r->exports.size > 0)
		ret = read_attributes(&c, special, n);
	return ret;
}
