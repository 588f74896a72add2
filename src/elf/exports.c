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
#include "elf/exports.h"

#include "bytes/diag.h"
#include "bytes/hash.h"
#include "elf/elf.h"

#define KFLAG_GPL 1u

struct context {
	struct facts_reader *r;
	const struct elf *elf;
	const struct elf_symbols *symbols;
	struct bytes *contents; /* of each section, once read */
	bool *is_read;
	struct diag *diag;
};

/* Contents of a section by index; each section is read once at the most. */
static int content_of(struct context *c, uint32_t index, struct bytes *ret_b)
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

static int add_export(struct context *c, const char *name, uint32_t flags, uint32_t *ret_i)
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

static struct facts_export *export_at(struct context *c, uint32_t i)
{
	return (struct facts_export *)(void *)c->r->exports.base + i;
}

static void set_namespace(struct context *c, uint32_t i, const char *ns, size_t size)
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

static void set_crc(struct context *c, uint32_t i, uint32_t crc)
{
	struct facts_export *e = export_at(c, i);

	e->crc = crc;
	e->flags |= SYMBOL_CRC;
}

/* GPL flag of the entry that @s points at, from __kflagstab: one byte an entry. */
static bool kflag_is_gpl(struct context *c, const struct elf_symbol *s, uint32_t kflagstab)
{
	uint64_t table_size, entry_size;
	struct bytes flags;

	if (s->section >= c->elf->n_sections || content_of(c, kflagstab, &flags) < 0 ||
	    flags.size == 0)
		return false;
	c->r->flags |= FACTS_KFLAGSTAB;
	table_size = c->elf->sections[s->section].size;
	entry_size = table_size / flags.size;
	if (entry_size == 0 || table_size % flags.size != 0 || s->value / entry_size >= flags.size)
		return false;
	return flags.base[s->value / entry_size] & KFLAG_GPL;
}

static int read_ksymtab_symbol(struct context *c, const struct elf_symbol *s, const char *name,
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
	ret = add_export(c, ns_size ? name + ns_size + 1 : name, flags, &i);
	if (ret < 0)
		return ret;
	if (ns_size && !(export_at(c, i)->flags & SYMBOL_NAMESPACE))
		set_namespace(c, i, name, ns_size);
	return 0;
}

/* Where the CRC and the namespace of an export stand is told by two more symbols. */
static int read_attribute(struct context *c, size_t index, const struct elf_symbol *s,
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
		set_crc(c, i, (uint32_t)s->value);
		return 0;
	}
	ret = content_of(c, s->section, &b);
	if (ret < 0)
		return ret == -ENOENT ? 0 : ret;
	if (is_crc) {
		if (bytes_u32(b, s->value, c->elf->is_big, &crc) < 0)
			return diag_offset(c->diag, -EBADMSG, elf_symbol_off(c->symbols, index),
					   "CRC of an export lies outside of its section");
		set_crc(c, i, crc);
	} else {
		if (bytes_string_within(b, s->value, SYMBOL_NAME_MAX, &ns, &size) < 0)
			return diag_offset(c->diag, -EBADMSG, elf_symbol_off(c->symbols, index),
					   "namespace of an export has no end in its section, or is "
					   "too long");
		set_namespace(c, i, ns, size);
	}
	return facts_collected(c->r, c->diag);
}

static int read_by_symbols(struct context *c, const uint32_t *special, size_t n)
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

static int read_attributes(struct context *c, const uint32_t *special, size_t n)
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

struct relocation {
	uint64_t off;
	uint32_t symbol;
	uint64_t addend;
};

static struct relocation decode_relocation(const struct elf *elf, const uint8_t *p, bool has_addend)
{
	bool big = elf->is_big;
	struct relocation r = { 0 };

	if (elf->is_64) {
		r.off = get_u64(p, big);
		/* MIPS has five fields there, of which the first is a symbol of 4 bytes. */
		r.symbol = elf->machine == ELF_MACHINE_MIPS
				   ? get_u32(p + 8, big)
				   : (uint32_t)(get_u64(p + 8, big) >> 32);
		r.addend = has_addend ? get_u64(p + 16, big) : 0;
	} else {
		r.off = get_u32(p, big);
		r.symbol = get_u32(p + 4, big) >> 8;
		r.addend = has_addend ? get_u32(p + 8, big) : 0;
	}
	return r;
}

/* An export table whose names stand nowhere but in its relocations. */
struct export_table {
	uint32_t index; /* of its section */
	uint32_t strings_index;
	struct bytes content, strings;
	struct bytes crcs;   /* empty when relocations would change them */
	struct bytes kflags; /* of __kflagstab */
	bool is_gpl;
};

static const struct elf_section *relocations_of(const struct elf *elf, uint32_t target)
{
	for (uint32_t i = 1; i < elf->n_sections; i++) {
		const struct elf_section *s = &elf->sections[i];

		if ((s->type == ELF_SECTION_RELA || s->type == ELF_SECTION_REL) &&
		    s->info == target)
			return s;
	}
	return NULL;
}

/* Entry @n of the table, whose name was met in a relocation. */
static int add_entry(struct context *c, const struct export_table *t, uint32_t n, const char *name,
		     uint32_t *ret_i)
{
	bool is_gpl = t->is_gpl || (n < t->kflags.size && (t->kflags.base[n] & KFLAG_GPL));
	uint32_t crc;
	int ret;

	ret = add_export(c, name, is_gpl ? SYMBOL_GPL : 0, ret_i);
	if (ret == 0 && bytes_u32(t->crcs, 4 * (uint64_t)n, c->elf->is_big, &crc) == 0)
		set_crc(c, *ret_i, crc);
	return ret;
}

/*
 * An entry's relocations come in the order value, name, namespace. The latter two lead into
 * __ksymtab_strings, the first one elsewhere: that tells entries apart whatever their size is.
 */
static int read_relocations(struct context *c, const struct elf_section *rel,
			    const struct export_table *t)
{
	bool has_addend = rel->type == ELF_SECTION_RELA;
	size_t word = c->elf->is_64 ? 8 : 4;
	uint32_t n_entries = 0, current = 0;
	unsigned int n_strings = 2; /* of the current entry; none is open before the first value */
	struct table records;
	struct bytes b;
	int ret;

	ret = elf_content(c->elf, rel, &b);
	if (ret < 0)
		return ret;
	records = bytes_table(b, word * (has_addend ? 3 : 2));
	for (size_t i = 0; i < records.n; i++) {
		const uint8_t *p = table_entry(&records, i);
		struct relocation r = decode_relocation(c->elf, p, has_addend);
		uint64_t at = rel->off + (uint64_t)i * records.entry_size;
		struct elf_symbol s;
		const char *string;
		uint32_t in_place;
		size_t size;

		if (r.symbol == 0 || r.symbol >= c->symbols->entries.n)
			return diag_offset(c->diag, -EBADMSG, at,
					   "relocation of an export names symbol %u", r.symbol);
		s = elf_symbol_at(c->elf, c->symbols, r.symbol);
		if (s.section != t->strings_index) {
			n_strings = 0;
			n_entries++;
			continue;
		}
		if (!has_addend) {
			if (bytes_u32(t->content, r.off, c->elf->is_big, &in_place) < 0)
				return diag_offset(c->diag, -EBADMSG, at,
						   "relocation lies outside of its section");
			r.addend = (uint64_t)(int64_t)(int32_t)in_place;
		}
		if (n_strings >= 2 || bytes_string_within(t->strings, s.value + r.addend,
							  SYMBOL_NAME_MAX, &string, &size) < 0)
			return diag_offset(c->diag, -EBADMSG, at,
					   "relocations do not fit an export table");
		if (n_strings++ == 0) {
			ret = add_entry(c, t, n_entries - 1, string, &current);
			if (ret < 0)
				return ret;
		} else {
			set_namespace(c, current, string, size);
		}
	}
	return 0;
}

/* Contents of the section called @name, empty without one. */
static int named_content(struct context *c, const char *name, uint32_t *ret_index,
			 struct bytes *ret_b)
{
	*ret_index = index_of_section(c->elf, name);
	*ret_b = (struct bytes){ 0 };
	return *ret_index ? content_of(c, *ret_index, ret_b) : 0;
}

static int read_by_relocations(struct context *c, bool is_gpl)
{
	struct export_table t = { .is_gpl = is_gpl };
	const struct elf_section *rel;
	uint32_t index;
	int ret;

	ret = named_content(c, is_gpl ? "__ksymtab_gpl" : "__ksymtab", &t.index, &t.content);
	if (ret < 0 || t.content.size == 0)
		return ret;
	ret = named_content(c, "__ksymtab_strings", &t.strings_index, &t.strings);
	if (ret < 0)
		return ret;
	rel = relocations_of(c->elf, t.index);
	if (!rel || t.strings_index == 0 || c->symbols->entries.n == 0) {
		c->r->flags |= FACTS_EXPORTS_UNKNOWN;
		return 0;
	}
	ret = named_content(c, is_gpl ? "__kcrctab_gpl" : "__kcrctab", &index, &t.crcs);
	if (ret < 0)
		return ret;
	if (index && relocations_of(c->elf, index))
		t.crcs = (struct bytes){ 0 };
	if (!is_gpl) {
		ret = named_content(c, "__kflagstab", &index, &t.kflags);
		if (ret < 0)
			return ret;
		if (t.kflags.size > 0)
			c->r->flags |= FACTS_KFLAGSTAB;
	}
	return read_relocations(c, rel, &t);
}

/* An entry of an export table has 8 bytes at the least. */
static size_t entries_at_most(const struct elf_section *s)
{
	return s && s->type != ELF_SECTION_NOBITS && s->type != 0 ? (size_t)s->size / 8 : 0;
}

int exports_read(struct facts_reader *r, const struct elf *elf, const struct elf_symbols *symbols,
		 const uint32_t *special, size_t n, struct diag *diag)
{
	struct context c = { .r = r, .elf = elf, .symbols = symbols, .diag = diag };
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
	ret = read_by_symbols(&c, special, n);
	if (ret == 0 && r->exports.size == 0) {
		ret = read_by_relocations(&c, false);
		if (ret == 0)
			ret = read_by_relocations(&c, true);
	}
	if (ret == 0 && r->exports.size > 0)
		ret = read_attributes(&c, special, n);
	return ret;
}
