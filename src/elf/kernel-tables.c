/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which symbols does a vmlinux export, under which namespace, CRC and licence rule?
 *
 *   __ksymtab[_gpl]     entries, sorted by name; see kernel-tables-proof.c
 *   __kflagstab         (7.1 on) a byte an entry of __ksymtab, instead of _gpl sections; bit 0 = GPL only
 *   __kcrctab[_gpl]     a CRC an entry: 4 bytes; a word up to 4.10; 4.11 to 5.18 maybe the way to it,
 *                       counted from where that stands
 *   __ksymtab_strings   names and namespaces
 *   __ksymtab_NAME      symbols of the entries, where they were not stripped
 *
 * All values are those of a linked file: addresses, of which the section headers tell where in the
 * file they are.
 */
#include "bytes/diag.h"
#include "elf/exports.h"
#include "elf/kernel-exports.h"
#include "elf/kernel-tables.h"

#define KFLAG_GPL 1u

/* Names and namespaces of one kernel; real ones have 300 KiB. They may share bytes in the file. */
#define KERNEL_TABLES_TEXT_MAX ((uint64_t)64 * 1024 * 1024)

/* Bytes; for a first look at how many a table holds. */
#define KERNEL_ENTRY_USUAL ((size_t)24)

/* So many CRCs don't look like ways into one section by chance. */
#define CRCS_AT_MIN 8u

static const struct {
	const char *name, *crcs;
	bool is_gpl;
} known[KERNEL_TABLES] = {
	{ "__ksymtab", "__kcrctab", false },
	{ "__ksymtab_gpl", "__kcrctab_gpl", true },
	{ "__ksymtab_gpl_future", "__kcrctab_gpl_future", false },
	{ "__ksymtab_unused", "__kcrctab_unused", false },
	{ "__ksymtab_unused_gpl", "__kcrctab_unused_gpl", true },
};

/* R_*_RELATIVE of machines whose kernels may be position independent with absolute entries. */
static const struct {
	uint16_t machine, type;
} relative_types[] = {
	{ ELF_MACHINE_PPC, 22 },      { ELF_MACHINE_PPC64, 22 },  { ELF_MACHINE_S390, 12 },
	{ ELF_MACHINE_X86_64, 8 },    { ELF_MACHINE_AARCH64, 1027 }, { ELF_MACHINE_RISCV, 3 },
	{ ELF_MACHINE_LOONGARCH, 3 },
};

static int content_of(const struct kernel_tables *k, const char *name,
		      const struct elf_section **ret_s, struct bytes *ret_b)
{
	*ret_s = elf_find(&k->elf, name);
	*ret_b = (struct bytes){ 0 };
	return *ret_s ? elf_content(&k->elf, *ret_s, ret_b) : 0;
}

static uint32_t relative_type(const struct elf *elf)
{
	for (size_t i = 0; i < sizeof(relative_types) / sizeof(relative_types[0]); i++)
		if (relative_types[i].machine == elf->machine)
			return relative_types[i].type;
	return 0;
}

/* Put the addends of one section of relocations where they belong in a copy of the table. */
static void apply(const struct kernel_tables *k, const struct kernel_table *t, struct bytes relocations,
		  uint8_t *copy)
{
	size_t word = k->elf.is_64 ? 8 : 4, size = t->content.size;
	struct table records = bytes_table(relocations, 3 * word);
	uint32_t type = relative_type(&k->elf);

	for (size_t i = 0; i < records.n; i++) {
		const uint8_t *p = table_entry(&records, i);
		bool big = k->elf.is_big;
		uint64_t at = (k->elf.is_64 ? get_u64(p, big) : get_u32(p, big)) - t->section->addr;
		uint32_t kind = k->elf.is_64 ? (uint32_t)get_u64(p + 8, big)
					     : get_u32(p + 4, big) & 0xff;

		if (kind == type && size >= word && at <= size - word)
			memcpy(copy + at, p + 2 * word, word);
	}
}

/* The values of a position independent kernel stand in its relocations. */
static int relocate(struct kernel_tables *k, struct kernel_table *t)
{
	uint8_t *copy = NULL;
	struct bytes b;
	int r;

	if (k->elf.type != ELF_TYPE_DYN || relative_type(&k->elf) == 0)
		return 0;
	for (uint32_t i = 1; i < k->elf.n_sections; i++) {
		const struct elf_section *s = &k->elf.sections[i];

		if (s->type != ELF_SECTION_RELA || strncmp(s->name, ".rela", 5) != 0)
			continue;
		r = elf_content(&k->elf, s, &b);
		if (r < 0)
			return r;
		if (!copy) {
			copy = arena_alloc(&k->arena, t->content.size);
			if (!copy)
				return -ENOMEM;
			memcpy(copy, t->content.base, t->content.size);
		}
		apply(k, t, b, copy);
	}
	if (copy)
		t->content.base = copy;
	return 0;
}

static int open_table(struct kernel_tables *k, int i)
{
	const struct elf_section *s, *section;
	struct kernel_table *t = &k->tables[i];
	struct bytes b;
	int r;

	r = content_of(k, known[i].name, &section, &b);
	if (r < 0 || !section || section->size == 0)
		return r;
	if (b.size == 0)
		return diag_plain(k->diag, -ENOEXEC, "its %s was taken out: a file of debug data",
				  known[i].name);
	if (b.size > KERNEL_ENTRY_USUAL * KERNEL_EXPORTS_MAX)
		return diag_offset(k->diag, -E2BIG, section->off, "%s holds more than %u entries",
				   known[i].name, KERNEL_EXPORTS_MAX);
	*t = (struct kernel_table){ .name = known[i].name, .section = section, .content = b,
				    .is_gpl = known[i].is_gpl };
	r = relocate(k, t);
	if (r == 0)
		r = content_of(k, known[i].crcs, &s, &t->crcs);
	t->crcs_addr = r == 0 && s ? s->addr : 0;
	if (r == 0 && i == 0)
		r = content_of(k, "__kflagstab", &s, &t->flags);
	return r;
}

static int open_tables(struct kernel_tables *k)
{
	const struct elf_section *s;
	bool has_any = false;
	int r;

	if (k->elf.type != ELF_TYPE_EXEC && k->elf.type != ELF_TYPE_DYN)
		return diag_plain(k->diag, -ENOEXEC, "an ELF file that is not linked: no kernel");
	for (int i = 0; i < KERNEL_TABLES; i++) {
		r = open_table(k, i);
		if (r < 0)
			return r;
		has_any = has_any || k->tables[i].name;
	}
	if (!has_any)
		return diag_plain(k->diag, -ENOEXEC, "has no export table (__ksymtab): no kernel, or one without modules");
	r = content_of(k, "__ksymtab_strings", &s, &k->strings);
	if (r < 0)
		return r;
	if (k->strings.size == 0)
		return diag_plain(k->diag, -EOPNOTSUPP, "has export tables, but no __ksymtab_strings");
	k->strings_addr = s->addr;
	r = elf_symbols(&k->elf, &k->symbols, k->diag);
	return r == -ENOENT ? 0 : r;
}

/* Name of symbol @i if it is one of an entry, and where in which table that stands. */
static const char *entry_symbol(struct kernel_tables *k, size_t i, struct kernel_table **ret_t,
				uint64_t *ret_at)
{
	struct elf_symbol s = elf_symbol_at(&k->elf, &k->symbols, i);
	const char *name;

	if (s.name_off >= k->symbols.strings.size)
		return NULL;
	name = (const char *)k->symbols.strings.base + s.name_off;
	if (name[0] != '_' || strncmp(name, "__ksymtab_", 10) != 0)
		return NULL;
	for (int n = 0; n < KERNEL_TABLES; n++) {
		struct kernel_table *t = &k->tables[n];

		if (!t->name || s.value < t->section->addr ||
		    s.value - t->section->addr >= t->content.size)
			continue;
		*ret_t = t;
		*ret_at = s.value - t->section->addr;
		return name + 10;
	}
	return NULL;
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

/* Symbols tell the size of an entry if there is one for each: then they stand that far apart. */
static void measure_by_symbols(struct kernel_tables *k)
{
	uint64_t counts[KERNEL_TABLES] = { 0 }, at;
	struct kernel_table *t;

	for (size_t i = 1; i < k->symbols.entries.n; i++)
		if (entry_symbol(k, i, &t, &at)) {
			counts[t - k->tables]++;
			t->by_symbols = gcd(t->by_symbols, at);
		}
	for (int n = 0; n < KERNEL_TABLES; n++) {
		t = &k->tables[n];
		if (t->name && (counts[n] == 0 || t->by_symbols == 0 || t->by_symbols > KERNEL_ENTRY_MAX ||
				counts[n] * t->by_symbols != t->content.size))
			t->by_symbols = 0;
	}
}

/* Is @name that of @entry? With its namespace in front in 5.4-rc1 to rc4. */
static bool is_name_of(const char *name, const struct kernel_entry *entry)
{
	size_t n = exports_split_namespace(name);

	return strcmp(name, entry->name) == 0 ||
	       (n && n == entry->ns_size && strncmp(name, entry->ns, n) == 0 &&
		strcmp(name + n + 1, entry->name) == 0);
}

static int check_symbols(struct kernel_tables *k)
{
	for (size_t i = 1; i < k->symbols.entries.n; i++) {
		struct kernel_entry entry;
		struct kernel_table *t;
		uint64_t at;
		const char *name = entry_symbol(k, i, &t, &at);

		if (!name || (at % t->layout.size == 0 &&
			      !kernel_table_entry(k, t, &t->layout, at / t->layout.size, &entry) &&
			      is_name_of(name, &entry)))
			continue;
		return diag_offset(k->diag, -EBADMSG, elf_symbol_off(&k->symbols, i),
				   "symbol __ksymtab_%.60s leads to no entry of that name in %s", name, t->name);
	}
	return 0;
}

static const struct elf_section *section_at(const struct elf *elf, uint64_t addr)
{
	for (uint32_t i = 1; i < elf->n_sections; i++) {
		const struct elf_section *s = &elf->sections[i];

		if (s->type != 0 && s->type != ELF_SECTION_NOBITS && addr >= s->addr && s->addr > 0 &&
		    addr - s->addr < s->size)
			return s;
	}
	return NULL;
}

/* Where CRC @i would be if the table told the way; 0: the symbol has none. */
static uint64_t crc_addr(const struct kernel_tables *k, const struct kernel_table *t, uint64_t i)
{
	uint32_t way = get_u32(t->crcs.base + 4 * i, k->elf.is_big);
	uint64_t addr = t->crcs_addr + 4 * i + (uint64_t)(int64_t)(int32_t)way;

	return k->elf.is_64 ? addr : (uint32_t)addr;
}

/* Are its CRCs ways to CRCs? If they all lead into one section, and are too few to be sure, they are unknown. */
static void find_crcs(const struct kernel_tables *k, struct kernel_table *t)
{
	const struct elf_section *s = NULL;
	uint64_t n = t->crc_size == 4 ? t->crcs.size / 4 : 0;

	for (uint64_t i = 0; i < n; i++) {
		uint64_t addr = crc_addr(k, t, i);

		if (addr == 0)
			continue;
		if (!s)
			s = section_at(&k->elf, addr);
		if (!s || s->size < 4 || addr < s->addr || addr - s->addr > s->size - 4)
			return;
	}
	if (s && n >= CRCS_AT_MIN)
		t->crcs_at = s;
	else if (s)
		t->crc_size = 0;
}

static bool crc_of(const struct kernel_tables *k, const struct kernel_table *t, uint64_t i, uint32_t *ret)
{
	struct bytes b;

	if (t->crc_size == 8)
		*ret = (uint32_t)get_u64(t->crcs.base + 8 * i, k->elf.is_big);
	else if (t->crc_size == 4 && !t->crcs_at)
		*ret = get_u32(t->crcs.base + 4 * i, k->elf.is_big);
	else
		return t->crcs_at && elf_content(&k->elf, t->crcs_at, &b) == 0 &&
		       bytes_u32(b, crc_addr(k, t, i) - t->crcs_at->addr, k->elf.is_big, ret) == 0;
	return true;
}

static int prove_tables(struct kernel_tables *k)
{
	const struct kernel_table *first = NULL;

	measure_by_symbols(k);
	for (int i = 0; i < KERNEL_TABLES; i++) {
		struct kernel_table *t = &k->tables[i];
		int r = t->name ? kernel_table_prove(k, t) : 0;

		if (r < 0)
			return r;
		if (!t->name)
			continue;
		if (first && (first->layout.size != t->layout.size ||
			      first->layout.is_relative != t->layout.is_relative))
			return diag_offset(k->diag, -EOPNOTSUPP, t->section->off,
					   "entries of %s have %u bytes, those of %s %u: not known", t->name,
					   t->layout.size, first->name, first->layout.size);
		first = first ? first : t;
		find_crcs(k, t);
	}
	return check_symbols(k);
}

static int add_table(const struct kernel_tables *k, const struct kernel_table *t,
		     struct kernel_exports *x, uint64_t *text)
{
	for (uint64_t i = 0; i < kernel_table_entries(t); i++) {
		bool is_gpl = t->is_gpl || (t->flags.size && (t->flags.base[i] & KFLAG_GPL));
		uint32_t flags = is_gpl ? SYMBOL_GPL : 0, crc = 0;
		struct kernel_entry e;
		int r;

		if (kernel_table_entry(k, t, &t->layout, i, &e))
			return -EBADMSG;
		*text += e.name_size + e.ns_size;
		if (*text > KERNEL_TABLES_TEXT_MAX)
			return diag_plain(k->diag, -E2BIG, "names of its exports exceed %llu MiB",
					  (unsigned long long)KERNEL_TABLES_TEXT_MAX >> 20);
		flags |= crc_of(k, t, i, &crc) ? SYMBOL_CRC : 0;
		r = kernel_exports_add(x, e.name, e.name_size, e.ns, e.ns_size, flags, crc);
		if (r < 0)
			return r == -E2BIG ? diag_plain(k->diag, r, "exports more than %u symbols",
							KERNEL_EXPORTS_MAX)
					   : r;
	}
	return 0;
}

static int add_tables(const struct kernel_tables *k, struct kernel_exports *x)
{
	unsigned int knows = KERNEL_EXPORTS_KNOWS_CRC | KERNEL_EXPORTS_KNOWS_NAMESPACE |
			     KERNEL_EXPORTS_KNOWS_LICENCE;
	uint32_t before = x->n;
	uint64_t text = 0;
	int r = 0;

	for (int i = 0; i < KERNEL_TABLES && r == 0; i++) {
		if (!k->tables[i].name)
			continue;
		if (k->tables[i].crc_size == 0)
			knows &= ~(unsigned int)KERNEL_EXPORTS_KNOWS_CRC;
		r = add_table(k, &k->tables[i], x, &text);
	}
	if (r == 0)
		x->knows = knows;
	else
		x->n = before;
	return r;
}

int kernel_exports_read_elf(struct kernel_exports *x, struct bytes vmlinux, struct diag *diag)
{
	const struct source source = source_of_bytes(&vmlinux);
	struct kernel_tables k = { .diag = diag };
	int r;

	r = elf_open(&source, &k.arena, &k.elf, diag);
	if (r == 0)
		r = open_tables(&k);
	if (r == 0)
		r = prove_tables(&k);
	if (r == 0)
		r = add_tables(&k, x);
	arena_done(&k.arena);
	return r;
}
