/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   .modinfo             "vermagic=..." becomes NULs: padding between tags
 *   __versions and kin   loses the flag "allocate": the kernel looks among allocated sections only
 *   behind the module    a signature is cut off
 */
#include "elf/force.h"

#include "bytes/arena.h"
#include "bytes/source.h"
#include "elf/elf.h"
#include "elf/trailer.h"

#define SECTION_ALLOCATED 2u

static const char *const version_tables[] = {
	"__versions", "__version_ext_crcs", "__version_ext_names",
};

static bool is_version_table(const char *name)
{
	for (size_t i = 0; i < sizeof(version_tables) / sizeof(version_tables[0]); i++)
		if (strcmp(name, version_tables[i]) == 0)
			return true;
	return false;
}

/* @table: of the section headers, which elf_open() found whole */
static void hide_section(uint8_t *table, const struct elf *elf, uint32_t i)
{
	uint8_t *flags = table + (size_t)i * (elf->is_64 ? 64 : 40) + 8;

	flags[!elf->is_big ? 0 : elf->is_64 ? 7 : 3] &= (uint8_t)~SECTION_ALLOCATED;
}

static void wipe_tags(uint8_t *tags, size_t size)
{
	static const char key[] = "vermagic=";

	while (size > 0) {
		size_t n = strnlen((const char *)tags, size);

		if (n >= sizeof(key) - 1 && memcmp(tags, key, sizeof(key) - 1) == 0)
			memset(tags, 0, n);
		n += n < size;
		tags += n;
		size -= n;
	}
}

/* The kernel reads the first allocated section of this name, whatever others there are. */
static void wipe_vermagic(uint8_t *base, const struct elf *elf)
{
	for (uint32_t i = 1; i < elf->n_sections; i++) {
		const struct elf_section *s = &elf->sections[i];

		if (!(s->flags & SECTION_ALLOCATED) || strcmp(s->name, ".modinfo") != 0)
			continue;
		if (s->type != 0 && s->type != ELF_SECTION_NOBITS)
			wipe_tags(base + s->off, (size_t)s->size);
		return;
	}
}

static void hide_versions(uint8_t *base, const struct elf *elf)
{
	uint8_t *table = base + (elf->is_64 ? get_u64(base + 40, elf->is_big)
					    : get_u32(base + 32, elf->is_big));

	for (uint32_t i = 1; i < elf->n_sections; i++)
		if (is_version_table(elf->sections[i].name))
			hide_section(table, elf, i);
}

int force_edit(struct force_image *image, bool vermagic, bool modversions, struct diag *diag)
{
	const struct bytes b = bytes_of(image->base, image->size);
	const struct source source = source_of_bytes(&b);
	CLEANUP_ARENA struct arena arena = { 0 };
	struct facts_signature signature;
	struct elf elf;
	int r;

	r = elf_open(&source, &arena, &elf, diag);
	if (r == 0)
		r = trailer_read(&source, &signature, diag);
	if (r < 0)
		return r;
	/* In this order: the tags of a crafted file may lie on its header. */
	if (modversions)
		hide_versions(image->base, &elf);
	if (vermagic)
		wipe_vermagic(image->base, &elf);
	if (signature.is_present)
		image->size = (size_t)(signature.off - signature.key_id_size -
				       signature.signer_size);
	return 0;
}
