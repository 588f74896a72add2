/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elf/strings.h"

#include <string.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "elf/elf.h"

/* In front of a message's level: the kernel's KERN_SOH. */
#define LEVEL_MARK 1

static bool is_text(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n';
}

static bool has_texts(const struct elf_section *section)
{
	static const char *const prefixes[] = { ".rodata", ".data", ".init.rodata", ".init.data" };

	if (section->type == ELF_SECTION_NOBITS)
		return false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t n = strlen(prefixes[i]);

		if (strncmp(section->name, prefixes[i], n) == 0 &&
		    (section->name[n] == '\0' || section->name[n] == '.'))
			return true;
	}
	return false;
}

static void add_text(const uint8_t *text, size_t size, struct buf *out, size_t *left)
{
	if (size < STRINGS_LENGTH_MIN || size >= *left)
		return;
	buf_put(out, text, size);
	buf_put_u8(out, '\0');
	*left -= size + 1;
}

static void add_texts(struct bytes b, struct buf *out, size_t *left)
{
	size_t start = 0;

	for (size_t i = 0; i < b.size; i++) {
		if (b.base[i] == '\0')
			add_text(b.base + start, i - start, out, left);
		else if (is_text(b.base[i]))
			continue;
		else if (b.base[i] == LEVEL_MARK && i + 1 < b.size && is_text(b.base[i + 1]))
			i++;
		start = i + 1;
	}
}

int strings_read(const struct source *source, struct buf *out, struct diag *diag)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	uint64_t to_read = source->size; /* sections do not overlap; some that do are not worth more */
	size_t left = STRINGS_SIZE_MAX;
	struct elf elf;
	int r;

	r = elf_open(source, &arena, &elf, diag);
	if (r < 0)
		return r;
	for (uint32_t i = 1; i < elf.n_sections && r == 0; i++) { /* the first is none */
		struct bytes content;

		if (!has_texts(&elf.sections[i]) || elf.sections[i].size > to_read)
			continue;
		to_read -= elf.sections[i].size;
		r = elf_content(&elf, &elf.sections[i], &content);
		if (r == 0)
			add_texts(content, out, &left);
	}
	return r < 0 ? r : out->error;
}
