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

/* Those that kernels have used. */
static void try_usual(const struct kernel_tables *k, const struct kernel_table *t, struct trial *trial)
{
	for (int is_relative = 0; is_relative < 2; is_relative++) {
		uint32_t field = is_relative || !k->elf.is_64 ? 4 : 8;

		try_layout(k, t, 2 * (uint64_t)field, is_relative, trial);
		try_layout(k, t, 3 * (uint64_t)field, is_relative, trial);
	}
}

/* Entries of @size bytes; and parts of them, since what was taken for one might be several. */
static void try_grown(const struct kernel_tables *k, const struct kernel_table *t, uint64_t size,
		      struct trial *trial)
{
	for (uint64_t part = size < KERNEL_ENTRY_MAX ? size : KERNEL_ENTRY_MAX; part >= 8; part--) {
		if (size % part != 0)
			continue;
		try_layout(k, t, part, false, trial);
		try_layout(k, t, part, true, trial);
	}
}

/* Size of an entry when there are @n of them; 0: that is no whole number, or there are none. */
static uint64_t size_by_count(const struct kernel_table *t, uint64_t n)
{
	return n && t->content.size % n == 0 ? t->content.size / n : 0;
}

/* What the size of an entry is by what else there is; 0: that doesn't tell. */
static uint64_t counted_size(const struct kernel_table *t)
{
	uint64_t size = size_by_count(t, t->flags.size);

	if (size == 0)
		size = t->by_symbols;
	return size ? size : size_by_count(t, t->crcs.size / 4);
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

static int contradiction(const struct kernel_tables *k, const struct kernel_table *t, uint64_t n,
			 const char *what)
{
	return diag_offset(k->diag, -EOPNOTSUPP, t->section->off,
			   "%s: looks like %llu entries of %u bytes, which %llu %s contradict: not known",
			   t->name, (unsigned long long)kernel_table_entries(t), t->layout.size,
			   (unsigned long long)n, what);
}

/* Whatever comes with the entries must be as many. */
static int check_counts(const struct kernel_tables *k, struct kernel_table *t)
{
	uint64_t n = kernel_table_entries(t);

	if (t->flags.size && t->flags.size != n)
		return contradiction(k, t, t->flags.size, "flags");
	if (t->by_symbols && t->by_symbols != t->layout.size)
		return contradiction(k, t, t->content.size / t->by_symbols, "symbols");
	/* Words never came with self-relative entries. */
	if (t->crcs.size == 4 * n)
		t->crc_size = 4;
	else if (t->crcs.size == 8 * n && !t->layout.is_relative && are_words(k, t))
		t->crc_size = 8;
	else if (t->crcs.size)
		return contradiction(k, t, t->crcs.size / 4, "CRCs");
	return 0;
}

int kernel_table_prove(const struct kernel_tables *k, struct kernel_table *t)
{
	uint64_t size = counted_size(t);
	struct trial trial = { 0 };

	try_usual(k, t, &trial);
	if (trial.n_found != 1 && size) {
		trial = (struct trial){ 0 };
		try_grown(k, t, size, &trial);
	}
	if (trial.n_found != 1)
		return fail(k, t, &trial, size != 0);
	t->layout = trial.found;
	return check_counts(k, t);
}
