/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What does an entry of a kernel's export table look like?
 *
 *   self-relative   | value 4 | name 4 | (5.4 on) namespace 4 |    target = address of the field + field
 *   absolute        | value w | name w | (5.4 on) namespace w |    w: 4 or 8 by class; target = field
 *
 * No header says so. A wrong guess finds values where names should be, and values never lead into
 * __ksymtab_strings; a right one finds names that ascend. Strings share their ends, so a name need not begin
 * where the one before ends.
 */
#include "bytes/diag.h"
#include "elf/kernel-tables.h"

/* The layout that failed last among those tried, for a message. */
struct trial {
	struct entry_layout best;
	uint64_t held; /* entries */
	const char *why;
	struct entry_layout found;
	unsigned int n_found;
};

static uint64_t target(const struct kernel_tables *k, const struct kernel_table *t,
		       const struct entry_layout *l, uint64_t at, uint64_t *ret_raw)
{
	const uint8_t *p = t->content.base + at;
	bool big = k->elf.is_big;
	uint64_t v = l->field == 8 ? get_u64(p, big) : get_u32(p, big);

	*ret_raw = v;
	if (l->is_relative)
		v = t->section->addr + at + (uint64_t)(int64_t)(int32_t)v;
	return k->elf.is_64 ? v : (uint32_t)v;
}

/* The text at @addr; nothing that can't be printed in it, no blank unless allowed. */
static const char *text_at(const struct kernel_tables *k, uint64_t addr, bool has_blanks,
			   size_t *ret_size)
{
	const char *s;

	if (addr < k->strings_addr ||
	    bytes_string_within(k->strings, addr - k->strings_addr, SYMBOL_NAME_MAX, &s, ret_size) < 0)
		return NULL;
	for (size_t i = 0; i < *ret_size; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c == 0x7f || (c == 0x20 && !has_blanks))
			return NULL;
	}
	return s;
}

static bool is_in_strings(const struct kernel_tables *k, uint64_t addr)
{
	return addr >= k->strings_addr && addr - k->strings_addr < k->strings.size;
}

const char *kernel_table_entry(const struct kernel_tables *k, const struct kernel_table *t,
			       const struct entry_layout *l, uint64_t i, struct kernel_entry *ret)
{
	uint64_t at = i * l->size, raw, addr;

	*ret = (struct kernel_entry){ 0 };
	if (is_in_strings(k, target(k, t, l, at, &raw)))
		return "its value leads into the names";
	addr = target(k, t, l, at + l->field, &raw);
	ret->name = text_at(k, addr, false, &ret->name_size);
	if (!ret->name || ret->name_size == 0)
		return "its name leads to none";
	if (!l->has_namespace)
		return NULL;
	addr = target(k, t, l, at + 2 * (uint64_t)l->field, &raw);
	/* 5.4-rc1 to rc4 have nothing where later kernels have an empty string. */
	if (raw == 0)
		return NULL;
	ret->ns = text_at(k, addr, true, &ret->ns_size);
	return ret->ns ? NULL : "its namespace leads to none";
}

/* Return: how many entries hold; all of them: @l is possible. */
static uint64_t holds(const struct kernel_tables *k, const struct kernel_table *t,
		      const struct entry_layout *l, const char **ret_why)
{
	uint64_t n = t->content.size / l->size;
	struct kernel_entry entry;
	const char *before = NULL;

	for (uint64_t i = 0; i < n; i++) {
		*ret_why = kernel_table_entry(k, t, l, i, &entry);
		if (!*ret_why && before && strcmp(before, entry.name) >= 0)
			*ret_why = "its name is not behind the one before in the order of names";
		if (*ret_why)
			return i;
		before = entry.name;
	}
	return n;
}

static void try_layout(const struct kernel_tables *k, const struct kernel_table *t,
		       uint64_t size, bool is_relative, struct trial *trial)
{
	uint32_t field = is_relative || !k->elf.is_64 ? 4 : 8;
	struct entry_layout l = { (uint32_t)size, field, is_relative, size != 2 * field };
	const char *why = NULL;
	uint64_t n;

	if (size == 0 || size > KERNEL_ENTRY_MAX || size % 4 != 0 || t->content.size % size != 0 ||
	    size < (l.has_namespace ? 3 : 2) * field)
		return;
	n = holds(k, t, &l, &why);
	if (n == t->content.size / size) {
		trial->found = l;
		trial->n_found++;
	} else if (!trial->why || n > trial->held) {
		trial->best = l;
		trial->held = n;
		trial->why = why;
	}
}

/* @size: 0 where nothing tells it: those that kernels have used */
static void try_all(const struct kernel_tables *k, const struct kernel_table *t, uint64_t size,
		    struct trial *trial)
{
	for (int is_relative = 0; is_relative < 2; is_relative++) {
		uint32_t field = is_relative || !k->elf.is_64 ? 4 : 8;

		if (size) {
			try_layout(k, t, size, is_relative, trial);
			continue;
		}
		try_layout(k, t, 2 * (uint64_t)field, is_relative, trial);
		try_layout(k, t, 3 * (uint64_t)field, is_relative, trial);
	}
}

/* Size of an entry when there are @n of them; 0: that is no whole number, or there are none. */
static uint64_t size_by_count(const struct kernel_table *t, uint64_t n)
{
	return n && t->content.size % n == 0 ? t->content.size / n : 0;
}

static int contradiction(const struct kernel_tables *k, const struct kernel_table *t, const char *what,
			 uint64_t n)
{
	return diag_offset(k->diag, -EOPNOTSUPP, t->section->off,
			   "%s: its %zu bytes are not what %llu %s make, so its entries are not known",
			   t->name, t->content.size, (unsigned long long)n, what);
}

/* What the size of an entry is by flags and symbols; 0 they don't tell. */
static int proven_size(const struct kernel_tables *k, const struct kernel_table *t, uint64_t *ret)
{
	*ret = t->by_symbols;
	if (t->flags.size == 0)
		return 0;
	*ret = size_by_count(t, t->flags.size);
	if (*ret == 0 || (t->by_symbols && t->by_symbols != *ret))
		return contradiction(k, t, "flags", t->flags.size);
	return 0;
}

/* Before 4.11 a CRC was a word, of which the upper half was empty. */
static bool are_words(const struct kernel_tables *k, const struct kernel_table *t)
{
	struct table words = bytes_table(t->crcs, 8);

	for (size_t i = 0; i < words.n; i++)
		if (get_u64(table_entry(&words, i), k->elf.is_big) >> 32)
			return false;
	return k->elf.is_64 && words.n > 0 && t->crcs.size % 8 == 0;
}

static int fail(const struct kernel_tables *k, const struct kernel_table *t, const struct trial *trial,
		bool is_size_known)
{
	uint64_t at = t->section->off + trial->held * trial->best.size;

	if (trial->n_found > 1)
		return diag_offset(k->diag, -EOPNOTSUPP, t->section->off,
				   "%s: its entries can be read in more than one way", t->name);
	if (!trial->why)
		return diag_offset(k->diag, -EOPNOTSUPP, t->section->off,
				   "%s: its %zu bytes are no entries of a kind that is known", t->name,
				   t->content.size);
	if (is_size_known && trial->held > 0)
		return diag_offset(k->diag, -EBADMSG, at, "%s: entry %llu is damaged: %s", t->name,
				   (unsigned long long)trial->held, trial->why);
	return diag_offset(k->diag, -EOPNOTSUPP, at,
			   "%s: its entries are of no kind that is known; of %u bytes, entry %llu is none: %s",
			   t->name, trial->best.size, (unsigned long long)trial->held, trial->why);
}

int kernel_table_prove(const struct kernel_tables *k, struct kernel_table *t)
{
	uint64_t size, by_crcs = size_by_count(t, t->crcs.size / 4);
	struct trial trial = { 0 };
	bool is_known;
	int r;

	r = proven_size(k, t, &size);
	if (r < 0)
		return r;
	is_known = size || by_crcs;
	try_all(k, t, size ? size : by_crcs, &trial);
	t->crc_size = t->crcs.size ? 4 : 0;
	if (trial.n_found == 0 && t->crcs.size && are_words(k, t)) {
		/* These words never came with self-relative entries. */
		try_layout(k, t, size ? size : size_by_count(t, t->crcs.size / 8), false, &trial);
		t->crc_size = 8;
	}
	if (trial.n_found != 1)
		return fail(k, t, &trial, is_known);
	t->layout = trial.found;
	if (t->crcs.size && t->crcs.size != kernel_table_entries(t) * t->crc_size)
		return contradiction(k, t, "CRCs", t->crcs.size / t->crc_size);
	return 0;
}
