/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which symbols does a module export whose __ksymtab_NAME symbols were stripped?
 *
 *   entry       | value | name | (5.4 on) namespace | what later kernels may add |
 *   relocation     ^       ^         ^
 *                  |       into __ksymtab_strings
 *                  to anything else
 *
 * The fields are empty in the file: relocations fill them, and where those stand tells how large an
 * entry is. No header says so; a layout is taken if each relocation has its place in it, and
 * as many flags and CRCs are there as entries. Else nothing is known of the table.
 */
#include <stdlib.h>

#include "bytes/arena.h"
#include "bytes/diag.h"
#include "elf/exports-internal.h"

struct relocation {
	uint64_t off; /* in the table */
	uint32_t symbol;
	uint64_t addend;
	uint64_t at; /* of the record in the file */
	bool is_string; /* leads into __ksymtab_strings */
};

/* What an entry looks like, bytes. */
struct layout {
	uint64_t size;
	uint32_t field;
	bool is_grown; /* has more fields than the three that are known */
};

struct export_table {
	uint32_t index; /* of its section */
	uint32_t strings_index;
	struct bytes content, strings;
	struct bytes crcs;   /* empty when relocations would change them */
	struct bytes kflags; /* of __kflagstab */
	bool is_gpl, has_addends;
	struct relocation *relocations; /* by offset */
	size_t n;
	struct layout layout;
};

static struct relocation decode(const struct elf *elf, const uint8_t *p, bool has_addend)
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

static int compare(const void *a, const void *b)
{
	const struct relocation *x = a, *y = b;

	return x->off < y->off ? -1 : x->off > y->off;
}

/* Two of one place are none of an export table. */
static int sort(struct exports_context *c, struct export_table *t)
{
	bool is_sorted = true;

	for (size_t i = 1; i < t->n && is_sorted; i++)
		is_sorted = t->relocations[i - 1].off < t->relocations[i].off;
	if (is_sorted)
		return 0;
	qsort(t->relocations, t->n, sizeof(*t->relocations), compare);
	for (size_t i = 1; i < t->n; i++)
		if (t->relocations[i - 1].off == t->relocations[i].off)
			return diag_offset(c->diag, -EBADMSG, t->relocations[i].at,
					   "relocations do not fit an export table");
	return 0;
}

static int collect(struct exports_context *c, const struct elf_section *rel, struct export_table *t)
{
	size_t word = c->elf->is_64 ? 8 : 4;
	struct table records;
	struct bytes b;
	int ret;

	t->has_addends = rel->type == ELF_SECTION_RELA;
	ret = elf_content(c->elf, rel, &b);
	if (ret < 0)
		return ret;
	records = bytes_table(b, word * (t->has_addends ? 3 : 2));
	if (records.n > t->content.size / 4)
		return diag_offset(c->diag, -EBADMSG, rel->off, "relocations do not fit an export table");
	t->relocations = arena_alloc(&c->r->scratch, (records.n + 1) * sizeof(*t->relocations));
	if (!t->relocations)
		return -ENOMEM;
	for (size_t i = 0; i < records.n; i++) {
		struct relocation *r = &t->relocations[i];

		*r = decode(c->elf, table_entry(&records, i), t->has_addends);
		r->at = rel->off + (uint64_t)i * records.entry_size;
		if (r->symbol == 0 || r->symbol >= c->symbols->entries.n)
			return diag_offset(c->diag, -EBADMSG, r->at,
					   "relocation of an export names symbol %u", r->symbol);
		if (t->content.size < 4 || r->off > t->content.size - 4)
			return diag_offset(c->diag, -EBADMSG, r->at,
					   "relocation lies outside of its section");
		r->is_string = elf_symbol_at(c->elf, c->symbols, r->symbol).section == t->strings_index;
	}
	t->n = records.n;
	return sort(c, t);
}

/* Has each relocation its place in entries of that kind, and each entry its relocations? */
static bool holds(const struct export_table *t, const struct layout *l)
{
	const struct relocation *r = t->relocations, *end = r + t->n;

	for (uint64_t at = 0; at < t->content.size; at += l->size) {
		uint64_t known = l->is_grown ? 3 * (uint64_t)l->field : l->size;

		if (end - r < 2 || r[0].off != at || r[0].is_string || r[1].off != at + l->field ||
		    !r[1].is_string)
			return false;
		r += 2;
		/* 5.4-rc1 to rc4 have nothing where later kernels have an empty string. */
		if (r < end && r->off == at + 2 * (uint64_t)l->field && known > r->off - at) {
			if (!r->is_string)
				return false;
			r++;
		}
		if (r < end && r->off < at + known)
			return false;
		while (l->is_grown && r < end && r->off < at + l->size)
			r++;
	}
	return true;
}

static unsigned int try_layout(const struct exports_context *c, struct export_table *t, uint64_t size,
			       uint32_t field)
{
	const struct layout l = { size, field, size > 3 * (uint64_t)field };

	if (size == 0 || size > EXPORT_ENTRY_MAX || size % 4 != 0 || t->content.size % size != 0 ||
	    (size != 2 * (uint64_t)field && size < 3 * (uint64_t)field) || (field == 8 && !c->elf->is_64) ||
	    !holds(t, &l))
		return 0;
	t->layout = l;
	return 1;
}

/* Entries of @size bytes that have grown; and parts of them, since what looks like one might be several. */
static unsigned int try_grown(const struct exports_context *c, struct export_table *t, uint64_t size)
{
	unsigned int n = 0;

	for (uint64_t part = size <= EXPORT_ENTRY_MAX ? size : 0; part >= 8; part -= 4)
		if (size % part == 0)
			n += try_layout(c, t, part, 4) + try_layout(c, t, part, 8);
	return n;
}

/* Size of an entry when there are @n of them; 0: that is no whole number, or there are none. */
static uint64_t size_by_count(const struct export_table *t, uint64_t n)
{
	return n && t->content.size % n == 0 ? t->content.size / n : 0;
}

/* Return: is the one layout known that fits everything? */
static bool prove(const struct exports_context *c, struct export_table *t)
{
	uint64_t size = size_by_count(t, t->kflags.size ? t->kflags.size : t->crcs.size / 4), n_entries;
	unsigned int n;

	n = try_layout(c, t, 8, 4) + try_layout(c, t, 12, 4) + try_layout(c, t, 16, 8) +
	    try_layout(c, t, 24, 8);
	if (n == 0 && size)
		n = try_grown(c, t, size);
	if (n != 1)
		return false;
	n_entries = t->content.size / t->layout.size;
	return (t->kflags.size == 0 || t->kflags.size == n_entries) &&
	       (t->crcs.size == 0 || t->crcs.size == 4 * n_entries);
}

/* The string that a relocation leads to. */
static int string_of(struct exports_context *c, const struct export_table *t, const struct relocation *r,
		     const char **ret_s, size_t *ret_size)
{
	struct elf_symbol s = elf_symbol_at(c->elf, c->symbols, r->symbol);
	const uint8_t *p = t->content.base + r->off;
	uint64_t addend = r->addend;

	if (!t->has_addends && t->layout.field == 8)
		addend = get_u64(p, c->elf->is_big);
	else if (!t->has_addends)
		addend = (uint64_t)(int64_t)(int32_t)get_u32(p, c->elf->is_big);
	if (bytes_string_within(t->strings, s.value + addend, SYMBOL_NAME_MAX, ret_s, ret_size) < 0)
		return diag_offset(c->diag, -EBADMSG, r->at, "relocations do not fit an export table");
	return 0;
}

/* Entry @n, whose relocations begin at @r. */
static int add_entry(struct exports_context *c, const struct export_table *t, uint64_t n,
		     const struct relocation *r)
{
	const struct relocation *end = t->relocations + t->n;
	bool is_gpl = t->is_gpl || (n < t->kflags.size && (t->kflags.base[n] & KFLAG_GPL));
	uint32_t crc, i;
	const char *s;
	size_t size;
	int ret;

	ret = string_of(c, t, &r[1], &s, &size);
	if (ret == 0)
		ret = exports_add(c, s, is_gpl ? SYMBOL_GPL : 0, &i);
	if (ret < 0)
		return ret;
	if (bytes_u32(t->crcs, 4 * n, c->elf->is_big, &crc) == 0)
		exports_set_crc(c, i, crc);
	if (t->layout.size == 2 * (uint64_t)t->layout.field || r + 2 >= end ||
	    r[2].off != r[0].off + 2 * (uint64_t)t->layout.field)
		return 0;
	ret = string_of(c, t, &r[2], &s, &size);
	if (ret == 0)
		exports_set_namespace(c, i, s, size);
	return ret;
}

static int add_entries(struct exports_context *c, const struct export_table *t)
{
	uint64_t n = t->content.size / t->layout.size;
	const struct relocation *r = t->relocations;

	for (uint64_t i = 0; i < n; i++) {
		int ret = add_entry(c, t, i, r);

		if (ret < 0)
			return ret;
		while (r < t->relocations + t->n && r->off < (i + 1) * t->layout.size)
			r++;
	}
	return 0;
}

/* What comes with the entries. */
static int open_counts(struct exports_context *c, struct export_table *t)
{
	uint32_t index;
	int ret;

	ret = exports_named(c, t->is_gpl ? "__kcrctab_gpl" : "__kcrctab", &index, &t->crcs);
	if (ret < 0)
		return ret;
	if (index && relocations_of(c->elf, index))
		t->crcs = (struct bytes){ 0 };
	return t->is_gpl ? 0 : exports_named(c, "__kflagstab", &index, &t->kflags);
}

int exports_by_relocations(struct exports_context *c, bool is_gpl)
{
	struct export_table t = { .is_gpl = is_gpl };
	const struct elf_section *rel;
	int ret;

	ret = exports_named(c, is_gpl ? "__ksymtab_gpl" : "__ksymtab", &t.index, &t.content);
	if (ret < 0 || t.content.size == 0)
		return ret;
	ret = exports_named(c, "__ksymtab_strings", &t.strings_index, &t.strings);
	if (ret < 0)
		return ret;
	/* What it would become has as many bytes at the least. */
	if (t.content.size > FACTS_RECORD_MAX)
		return diag_plain(c->diag, -E2BIG, "its export tables exceed %u MiB", FACTS_RECORD_MAX >> 20);
	rel = relocations_of(c->elf, t.index);
	if (!rel || t.strings_index == 0 || c->symbols->entries.n == 0) {
		c->r->flags |= FACTS_EXPORTS_UNKNOWN;
		return 0;
	}
	ret = open_counts(c, &t);
	if (ret == 0)
		ret = collect(c, rel, &t);
	if (ret < 0)
		return ret;
	if (prove(c, &t))
		return add_entries(c, &t);
	c->r->flags |= FACTS_EXPORTS_UNKNOWN;
	return 0;
}
