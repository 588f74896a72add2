/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which sections and symbols does a file have?
 *
 *   0        16      18       20               e_shoff
 *   | ident  | type  | machine | ...           | section header 0 | 1 | ... |
 *     |  |                                        name, type, off, size, link, info, entsize
 *     |  byte order (5)
 *     class (4)
 *
 * Section 0 carries the real counts when they do not fit into the 16-bit header fields.
 * Source: System V ABI, chapter 4.
 */
#include "elf/elf.h"

#include "bytes/arena.h"
#include "bytes/diag.h"

#define ELF_IDENT_SIZE 16
#define ELF32_HEADER_SIZE 52
#define ELF64_HEADER_SIZE 64
#define ELF32_SECTION_SIZE 40
#define ELF64_SECTION_SIZE 64
#define ELF32_SYMBOL_SIZE 16
#define ELF64_SYMBOL_SIZE 24

struct header {
	uint64_t shoff;
	uint32_t n_sections;
	uint32_t names_index;
	uint16_t section_size;
};

static const struct {
	const char *magic;
	uint8_t size;
	const char *what;
} known[] = {
	{ "\xfd" "7zXZ\0", 6, "an xz file" },
	{ "\x28\xb5\x2f\xfd", 4, "a zstd file" },
	{ "\x1f\x8b", 2, "a gzip file" },
	{ "BZh", 3, "a bzip2 file" },
	{ "\x04\x22\x4d\x18", 4, "an lz4 file" },
	{ "!<arch>\n", 8, "an ar archive" },
	{ "#!", 2, "a script" },
	{ "PK\x03\x04", 4, "a zip archive" },
	{ "MZ", 2, "a PE or EFI file (a kernel image?)" },
	{ "\xb0\x07\xf4\x57", 4, "a modules index (.bin)" },
	{ "070701", 6, "a cpio archive" },
};

const char *elf_what(struct bytes head)
{
	bool is_text = true, is_zero = true;

	if (head.size == 0)
		return "an empty file";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (head.size >= known[i].size &&
		    memcmp(head.base, known[i].magic, known[i].size) == 0)
			return known[i].what;
	if (head.size >= 4 && memcmp(head.base, "\177ELF", 4) == 0)
		return "a truncated ELF file";
	for (size_t i = 0; i < head.size; i++) {
		uint8_t c = head.base[i];

		is_text = is_text && (c >= 0x20 || c == '\n' || c == '\t' || c == '\r');
		is_zero = is_zero && c == 0;
	}
	return is_zero ? "all zero bytes" : is_text ? "text" : "unknown data";
}

static int read_ident(const struct source *source, struct elf *elf, struct diag *diag)
{
	struct bytes head;
	int r;

	r = source_get(source, 0, source->size < 64 ? source->size : 64, &head);
	if (r < 0)
		return r;
	if (head.size < ELF_IDENT_SIZE + 4 || memcmp(head.base, "\177ELF", 4) != 0)
		return diag_plain(diag, -ENOEXEC, "not an ELF file but %s", elf_what(head));
	if (head.base[4] != 1 && head.base[4] != 2)
		return diag_offset(diag, -ENOEXEC, 4, "ELF class %u is neither 32 nor 64 bit",
				   head.base[4]);
	if (head.base[5] != 1 && head.base[5] != 2)
		return diag_offset(diag, -ENOEXEC, 5, "ELF byte order %u is neither little nor big",
				   head.base[5]);
	elf->is_64 = head.base[4] == 2;
	elf->is_big = head.base[5] == 2;
	elf->type = get_u16(head.base + 16, elf->is_big);
	elf->machine = get_u16(head.base + 18, elf->is_big);
	return 0;
}

static int read_header(const struct source *source, const struct elf *elf, struct header *h,
		       struct diag *diag)
{
	size_t size = elf->is_64 ? ELF64_HEADER_SIZE : ELF32_HEADER_SIZE;
	bool big = elf->is_big;
	struct bytes b;
	int r;

	r = source_get(source, 0, size, &b);
	if (r == -EBADMSG)
		return diag_plain(diag, -ENOEXEC, "ELF header is cut off: file has %llu bytes",
				  (unsigned long long)source->size);
	if (r < 0)
		return r;
	h->shoff = elf->is_64 ? get_u64(b.base + 40, big) : get_u32(b.base + 32, big);
	h->section_size = get_u16(b.base + (elf->is_64 ? 58 : 46), big);
	h->n_sections = get_u16(b.base + (elf->is_64 ? 60 : 48), big);
	h->names_index = get_u16(b.base + (elf->is_64 ? 62 : 50), big);
	if (h->shoff == 0)
		return diag_plain(diag, -ENOEXEC, "ELF file without section headers");
	if (h->section_size != (elf->is_64 ? ELF64_SECTION_SIZE : ELF32_SECTION_SIZE))
		return diag_offset(diag, -EBADMSG, elf->is_64 ? 58 : 46,
				   "section header size %u is wrong for this class",
				   h->section_size);
	return 0;
}

static struct elf_section decode_section(const uint8_t *p, bool is_64, bool big, uint32_t *ret_name)
{
	struct elf_section s = { 0 };

	*ret_name = get_u32(p, big);
	s.type = get_u32(p + 4, big);
	if (is_64) {
		s.flags = get_u64(p + 8, big);
		s.addr = get_u64(p + 16, big);
		s.off = get_u64(p + 24, big);
		s.size = get_u64(p + 32, big);
		s.link = get_u32(p + 40, big);
		s.info = get_u32(p + 44, big);
		s.entry_size = get_u64(p + 56, big);
	} else {
		s.flags = get_u32(p + 8, big);
		s.addr = get_u32(p + 12, big);
		s.off = get_u32(p + 16, big);
		s.size = get_u32(p + 20, big);
		s.link = get_u32(p + 24, big);
		s.info = get_u32(p + 28, big);
		s.entry_size = get_u32(p + 36, big);
	}
	return s;
}

/* Counts that do not fit into the header stand in section 0. */
static int read_counts(const struct source *source, const struct elf *elf, struct header *h,
		       struct diag *diag)
{
	struct elf_section zero;
	struct bytes b;
	uint32_t name;
	int r;

	if (h->n_sections != 0 && h->names_index != ELF_SHN_XINDEX)
		return 0;
	r = source_get(source, h->shoff, h->section_size, &b);
	if (r == -EBADMSG)
		return diag_offset(diag, -ENOEXEC, h->shoff,
				   "section headers lie behind the end of the file (truncated?)");
	if (r < 0)
		return r;
	zero = decode_section(b.base, elf->is_64, elf->is_big, &name);
	if (h->n_sections == 0) {
		if (zero.size > ELF_SECTIONS_MAX)
			return diag_offset(diag, -E2BIG, h->shoff, "%llu sections are too many",
					   (unsigned long long)zero.size);
		h->n_sections = (uint32_t)zero.size;
	}
	if (h->names_index == ELF_SHN_XINDEX)
		h->names_index = zero.link;
	return 0;
}

static int check_section(const struct source *source, const struct header *h, uint32_t i,
			 const struct elf_section *s, struct diag *diag)
{
	if (i == 0 || s->type == 0 || s->type == ELF_SECTION_NOBITS)
		return 0;
	if (s->off > source->size || s->size > source->size - s->off)
		return diag_offset(diag, -EBADMSG, h->shoff + (uint64_t)i * h->section_size,
				   "section %u lies behind the end of the file", i);
	return 0;
}

static int read_sections(const struct source *source, struct arena *arena, const struct header *h,
			 struct elf *elf, struct diag *diag)
{
	uint64_t size = (uint64_t)h->n_sections * h->section_size;
	struct elf_section names;
	struct table table;
	struct bytes b, text;
	uint32_t name;
	int r;

	r = source_get(source, h->shoff, size, &b);
	if (r == -EBADMSG)
		return diag_offset(diag, -ENOEXEC, h->shoff,
				   "section headers lie behind the end of the file (truncated?)");
	if (r < 0)
		return r;
	table = bytes_table(b, h->section_size);
	if (h->names_index >= h->n_sections)
		return diag_offset(diag, -EBADMSG, elf->is_64 ? 62 : 50,
				   "section name table %u of only %u sections", h->names_index,
				   h->n_sections);
	names = decode_section(table_entry(&table, h->names_index), elf->is_64, elf->is_big, &name);
	r = check_section(source, h, h->names_index, &names, diag);
	if (r < 0)
		return r;
	r = source_get(source, names.off, names.type == ELF_SECTION_NOBITS ? 0 : names.size, &text);
	if (r == -EBADMSG)
		return diag_offset(diag, r, elf->is_64 ? 62 : 50,
				   "section name table lies behind the end of the file");
	if (r < 0)
		return r;
	if (text.size == 0 || text.base[text.size - 1] != '\0')
		return diag_offset(diag, -EBADMSG, names.off,
				   "section name table does not end in a NUL byte");

	elf->sections = arena_alloc(arena, sizeof(*elf->sections) * h->n_sections);
	if (!elf->sections)
		return -ENOMEM;
	for (uint32_t i = 0; i < h->n_sections; i++) {
		struct elf_section *s = &elf->sections[i];

		*s = decode_section(table_entry(&table, i), elf->is_64, elf->is_big, &name);
		r = check_section(source, h, i, s, diag);
		if (r < 0)
			return r;
		if (name >= text.size)
			return diag_offset(diag, -EBADMSG, h->shoff + (uint64_t)i * h->section_size,
					   "name of section %u lies outside of the name table", i);
		s->name = (const char *)text.base + name;
	}
	elf->n_sections = h->n_sections;
	return 0;
}

int elf_open(const struct source *source, struct arena *arena, struct elf *ret_elf,
	     struct diag *diag)
{
	struct elf elf = { .source = source };
	struct header h;
	int r;

	r = read_ident(source, &elf, diag);
	if (r < 0)
		return r;
	r = read_header(source, &elf, &h, diag);
	if (r < 0)
		return r;
	r = read_counts(source, &elf, &h, diag);
	if (r < 0)
		return r;
	r = read_sections(source, arena, &h, &elf, diag);
	if (r < 0)
		return r;
	*ret_elf = elf;
	return 0;
}

const struct elf_section *elf_find(const struct elf *elf, const char *name)
{
	for (uint32_t i = 1; i < elf->n_sections; i++)
		if (strcmp(elf->sections[i].name, name) == 0)
			return &elf->sections[i];
	return NULL;
}

int elf_content(const struct elf *elf, const struct elf_section *section, struct bytes *ret_b)
{
	if (section->type == ELF_SECTION_NOBITS || section->type == 0) {
		*ret_b = (struct bytes){ 0 };
		return 0;
	}
	return source_get(elf->source, section->off, section->size, ret_b);
}

static const struct elf_section *section_of_type(const struct elf *elf, uint32_t type)
{
	for (uint32_t i = 1; i < elf->n_sections; i++)
		if (elf->sections[i].type == type)
			return &elf->sections[i];
	return NULL;
}

int elf_symbols(const struct elf *elf, struct elf_symbols *ret_symbols, struct diag *diag)
{
	size_t record = elf->is_64 ? ELF64_SYMBOL_SIZE : ELF32_SYMBOL_SIZE;
	const struct elf_section *symtab, *strtab, *indexes = NULL;
	struct elf_symbols s = { 0 };
	struct bytes b;
	int r;

	symtab = section_of_type(elf, ELF_SECTION_SYMTAB);
	if (!symtab)
		return -ENOENT;
	if (symtab->entry_size != record || symtab->size % record != 0)
		return diag_offset(diag, -EBADMSG, symtab->off,
				   "symbol table is no whole number of %zu-byte entries", record);
	if (symtab->link == 0 || symtab->link >= elf->n_sections)
		return diag_offset(diag, -EBADMSG, symtab->off,
				   "symbol table names section %u as its strings", symtab->link);
	strtab = &elf->sections[symtab->link];
	r = elf_content(elf, symtab, &b);
	if (r < 0)
		return r;
	s.entries = bytes_table(b, record);
	s.off = symtab->off;
	r = elf_content(elf, strtab, &s.strings);
	if (r < 0)
		return r;
	if (s.strings.size == 0 || s.strings.base[s.strings.size - 1] != '\0')
		return diag_offset(diag, -EBADMSG, strtab->off,
				   "symbol names do not end in a NUL byte");
	if (elf->n_sections > ELF_SHN_RESERVED)
		indexes = section_of_type(elf, ELF_SECTION_SYMTAB_INDEXES);
	if (indexes) {
		r = elf_content(elf, indexes, &s.indexes);
		if (r < 0)
			return r;
	}
	*ret_symbols = s;
	return 0;
}
