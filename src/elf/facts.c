/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What does a module say of itself, offer and need?
 *
 *   record:  | struct facts | modinfo[] | exports[] | imports[] | klp..[] | build id | pool |
 *
 * The parts are collected in scratch buffers and laid out once their sizes are known.
 */
#include "elf/facts.h"

#include <stdlib.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "bytes/diag.h"
#include "elf/elf.h"
#include "elf/facts-internal.h"
#include "elf/trailer.h"

/*
 * Linkers let names share their ends, so the strings of a record can exceed those of the file, but
 * not by far. More means a file made to cost memory.
 */
#define POOL_GROWTH_MAX 8u
#define POOL_SLACK ((uint64_t)64 * 1024)

struct facts_reader *facts_reader_new(void)
{
	struct facts_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->modinfo.max = FACTS_RECORD_MAX;
	r->exports.max = FACTS_RECORD_MAX;
	r->imports.max = FACTS_RECORD_MAX;
	r->klp_sections.max = FACTS_RECORD_MAX;
	r->klp_symbols.max = FACTS_RECORD_MAX;
	return r;
}

void facts_reader_free(struct facts_reader *r)
{
	if (!r)
		return;
	buf_done(&r->pool);
	buf_done(&r->modinfo);
	buf_done(&r->exports);
	buf_done(&r->imports);
	buf_done(&r->klp_sections);
	buf_done(&r->klp_symbols);
	symbol_map_done(&r->map);
	arena_done(&r->scratch);
	free(r);
}

static void reset(struct facts_reader *r, uint64_t file_size)
{
	uint64_t pool_max = file_size < FACTS_RECORD_MAX / POOL_GROWTH_MAX
				    ? file_size * POOL_GROWTH_MAX + POOL_SLACK
				    : FACTS_RECORD_MAX;

	r->pool.max = pool_max < FACTS_RECORD_MAX ? (size_t)pool_max : FACTS_RECORD_MAX;
	r->pool.size = r->modinfo.size = r->exports.size = r->imports.size = 0;
	r->klp_sections.size = r->klp_symbols.size = 0;
	r->pool.error = r->modinfo.error = r->exports.error = r->imports.error = 0;
	r->klp_sections.error = r->klp_symbols.error = 0;
	r->flags = 0;
	r->build_id = (struct bytes){ 0 };
	r->signature = (struct facts_signature){ 0 };
	arena_reset(&r->scratch, (size_t)1024 * 1024);
}

uint32_t facts_pool_add(struct facts_reader *r, const char *s, size_t size)
{
	uint32_t at = (uint32_t)r->pool.size;
	uint8_t *to = buf_reserve(&r->pool, size + 1);

	if (!to)
		return 0;
	memcpy(to, s, size);
	to[size] = '\0';
	r->pool.size += size + 1;
	return at;
}

int facts_collected(const struct facts_reader *r, struct diag *diag)
{
	const struct buf *const parts[] = { &r->pool,	 &r->modinfo,	   &r->exports,
					    &r->imports, &r->klp_sections, &r->klp_symbols };
	uint64_t sum = r->build_id.size;
	int error = 0;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		sum += parts[i]->size;
		if (parts[i]->error)
			error = parts[i]->error;
	}
	if (error == -ENOMEM)
		return error;
	if (r->pool.error && r->pool.max < FACTS_RECORD_MAX)
		return diag_plain(diag, -E2BIG,
				  "its names share bytes: apart they exceed %zu bytes",
				  r->pool.max);
	if (r->pool.error || error < 0 || sum > FACTS_RECORD_MAX)
		return diag_plain(diag, -E2BIG, "its names and tables exceed %u MiB",
				  FACTS_RECORD_MAX >> 20);
	return 0;
}

const char *facts_tag(const char *tag, const char *key)
{
	size_t n = strlen(key);

	return strncmp(tag, key, n) == 0 && tag[n] == '=' ? tag + n + 1 : NULL;
}

const char *facts_first(const struct facts *f, const char *key)
{
	for (uint32_t i = 0; i < f->n_modinfo; i++) {
		const char *value = facts_tag(facts_modinfo(f, i), key);

		if (value)
			return value;
	}
	return NULL;
}

/* The tags that index files and dependency rules are made of. */
static bool is_index_tag(const char *tag, size_t size)
{
	static const char *const keys[] = {
		"alias=", "softdep=", "weakdep=", "harddep=", "conflict=", "import_ns=",
		"livepatch=", "license=", "name=", "vermagic=",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		size_t n = strlen(keys[i]);

		if (size >= n && memcmp(tag, keys[i], n) == 0)
			return true;
	}
	return false;
}

/* Tags are separated by one NUL or more; the last one may lack it. */
static int read_modinfo(struct facts_reader *r, const struct elf *elf,
			const struct elf_section *section, unsigned int want)
{
	struct bytes b;
	size_t i = 0;
	int ret;

	ret = elf_content(elf, section, &b);
	if (ret < 0)
		return ret;
	while (i < b.size) {
		const char *tag = (const char *)b.base + i;
		const char *end = memchr(tag, 0, b.size - i);
		size_t n = end ? (size_t)(end - tag) : b.size - i;

		i += n + 1;
		if (n == 0)
			continue;
		if (n >= 10 && memcmp(tag, "livepatch=", 10) == 0)
			r->flags |= FACTS_LIVEPATCH;
		if ((want & FACTS_WANT_ALL_MODINFO) || is_index_tag(tag, n)) {
			uint32_t at = facts_pool_add(r, tag, n);

			buf_put(&r->modinfo, &at, sizeof(at));
		}
	}
	return 0;
}

/* A note: name size, descriptor size, type, then both padded to 4 bytes. Type 3 is the build id. */
static int read_build_id(struct facts_reader *r, const struct elf *elf,
			 const struct elf_section *section)
{
	struct bytes b;
	size_t i = 0;
	int ret;

	ret = elf_content(elf, section, &b);
	if (ret < 0)
		return ret;
	while (b.size - i >= 12) {
		uint64_t name_size = get_u32(b.base + i, elf->is_big);
		uint64_t size = get_u32(b.base + i + 4, elf->is_big);
		uint32_t type = get_u32(b.base + i + 8, elf->is_big);
		uint64_t at = i + 12 + ((name_size + 3) & ~(uint64_t)3);
		uint64_t next = at + ((size + 3) & ~(uint64_t)3);

		if (at > b.size || size > b.size - at)
			return 0;
		if (type == 3 && name_size == 4 && memcmp(b.base + i + 12, "GNU", 4) == 0)
			return bytes_slice(b, at, size, &r->build_id);
		if (next > b.size)
			return 0;
		i = (size_t)next;
	}
	return 0;
}

static int read_sections(struct facts_reader *r, const struct elf *elf, unsigned int want,
			 bool *ret_has_modinfo)
{
	bool has_note = false;

	*ret_has_modinfo = false;
	for (uint32_t i = 1; i < elf->n_sections; i++) {
		const struct elf_section *s = &elf->sections[i];
		int ret = 0;

		if (s->name[0] != '.')
			continue;
		if (strcmp(s->name, ".modinfo") == 0 && !*ret_has_modinfo) {
			*ret_has_modinfo = true;
			ret = read_modinfo(r, elf, s, want);
		} else if (strcmp(s->name, ".note.gnu.build-id") == 0 && !has_note) {
			has_note = true;
			ret = read_build_id(r, elf, s);
		} else if (strcmp(s->name, ".gnu.linkonce.this_module") == 0) {
			r->flags |= FACTS_THIS_MODULE;
		} else if (strncmp(s->name, ".klp.rela.", 10) == 0) {
			uint32_t at = facts_pool_add(r, s->name, strnlen(s->name, SYMBOL_NAME_MAX));

			buf_put(&r->klp_sections, &at, sizeof(at));
		}
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* One part of the record: where it goes, and its bytes. */
static uint32_t lay(uint8_t *record, uint32_t *at, const void *p, size_t size, uint32_t align)
{
	uint32_t off = (*at + align - 1) & ~(align - 1);

	if (record) {
		memset(record + *at, 0, off - *at);
		if (size)
			memcpy(record + off, p, size);
	}
	*at = off + (uint32_t)size;
	return off;
}

/* Called twice: without @record to find the size, then to write. */
static uint32_t lay_out(const struct facts_reader *r, uint8_t *record, struct facts *head)
{
	uint32_t at = sizeof(struct facts);

	head->modinfo_off = lay(record, &at, r->modinfo.base, r->modinfo.size, 4);
	head->n_modinfo = (uint32_t)(r->modinfo.size / sizeof(uint32_t));
	head->exports_off = lay(record, &at, r->exports.base, r->exports.size, 4);
	head->n_exports = (uint32_t)(r->exports.size / sizeof(struct facts_export));
	head->imports_off = lay(record, &at, r->imports.base, r->imports.size, 4);
	head->n_imports = (uint32_t)(r->imports.size / sizeof(struct facts_import));
	head->klp_sections_off = lay(record, &at, r->klp_sections.base, r->klp_sections.size, 4);
	head->n_klp_sections = (uint32_t)(r->klp_sections.size / sizeof(uint32_t));
	head->klp_symbols_off = lay(record, &at, r->klp_symbols.base, r->klp_symbols.size, 4);
	head->n_klp_symbols = (uint32_t)(r->klp_symbols.size / sizeof(uint32_t));
	head->build_id_off = lay(record, &at, r->build_id.base, r->build_id.size, 1);
	head->build_id_size = (uint32_t)r->build_id.size;
	head->pool_off = lay(record, &at, r->pool.base, r->pool.size, 1);
	head->pool_size = (uint32_t)r->pool.size;
	return (at + 7) & ~7u;
}

static int make_record(struct facts_reader *r, const struct elf *elf, struct arena *arena,
		       const struct facts **ret_facts, struct diag *diag)
{
	struct facts head = { .version = FACTS_VERSION };
	uint8_t *record;
	int ret;

	facts_pool_add(r, "", 0); /* an empty pool still ends in a NUL */
	ret = facts_collected(r, diag);
	if (ret < 0)
		return ret;
	head.size = lay_out(r, NULL, &head);
	record = arena_alloc(arena, head.size);
	if (!record)
		return -ENOMEM;
	memset(record + head.size - 8, 0, 8);
	head.size = lay_out(r, record, &head);
	head.flags = r->flags | (elf->is_64 ? FACTS_64BIT : 0) |
		     (elf->is_big ? FACTS_BIG_ENDIAN : 0) |
		     (elf->type == ELF_TYPE_REL ? FACTS_RELOCATABLE : 0);
	head.machine = elf->machine;
	head.elf_type = elf->type;
	head.signature = r->signature;
	memcpy(record, &head, sizeof(head));
	*ret_facts = (const struct facts *)(const void *)record;
	return 0;
}

static const char *elf_type_words(uint16_t type)
{
	switch (type) {
	case ELF_TYPE_EXEC:
		return "an ELF executable";
	case ELF_TYPE_DYN:
		return "an ELF shared object or executable";
	case ELF_TYPE_CORE:
		return "an ELF core dump";
	default:
		return "an ELF file of unknown type";
	}
}

int facts_read(struct facts_reader *reader, const struct source *source, unsigned int want,
	       struct arena *arena, const struct facts **ret_facts, struct diag *diag)
{
	bool has_modinfo;
	struct elf elf;
	int r;

	reset(reader, source->size);
	r = elf_open(source, &reader->scratch, &elf, diag);
	if (r < 0)
		return r;
	r = read_sections(reader, &elf, want, &has_modinfo);
	if (r < 0)
		return diag_plain(diag, r, "cannot read its sections");
	if (!has_modinfo && elf.type != ELF_TYPE_REL)
		return diag_plain(diag, -ENOEXEC, "not a module but %s", elf_type_words(elf.type));
	if (want & FACTS_WANT_SYMBOLS) {
		r = facts_read_symbols(reader, &elf, diag);
		if (r < 0)
			return r;
	}
	if (want & FACTS_WANT_SIGNATURE) {
		r = trailer_read(source, &reader->signature, diag);
		if (r < 0)
			return r;
	}
	return make_record(reader, &elf, arena, ret_facts, diag);
}

/* Does an array of @n records of @size bytes lie in the record, aligned? */
static bool holds(const struct facts *f, uint32_t off, uint32_t n, size_t size)
{
	return off >= sizeof(*f) && off <= f->size && off % 4 == 0 &&
	       (uint64_t)n * size <= f->size - off;
}

static bool strings_hold(const struct facts *f, uint32_t off, uint32_t n)
{
	const uint32_t *at = (const uint32_t *)((const char *)f + off);

	for (uint32_t i = 0; i < n; i++)
		if (at[i] >= f->pool_size)
			return false;
	return true;
}

int facts_check(struct bytes b)
{
	const struct facts *f = (const struct facts *)(const void *)b.base;

	if (b.size < sizeof(*f) || f->version != FACTS_VERSION || f->size != b.size ||
	    !holds(f, f->modinfo_off, f->n_modinfo, sizeof(uint32_t)) ||
	    !holds(f, f->exports_off, f->n_exports, sizeof(struct facts_export)) ||
	    !holds(f, f->imports_off, f->n_imports, sizeof(struct facts_import)) ||
	    !holds(f, f->klp_sections_off, f->n_klp_sections, sizeof(uint32_t)) ||
	    !holds(f, f->klp_symbols_off, f->n_klp_symbols, sizeof(uint32_t)) ||
	    f->build_id_off > f->size || f->build_id_size > f->size - f->build_id_off ||
	    f->pool_off > f->size || f->pool_size > f->size - f->pool_off || f->pool_size == 0 ||
	    facts_string(f, f->pool_size - 1)[0] != '\0')
		return -EBADMSG;
	if (!strings_hold(f, f->modinfo_off, f->n_modinfo) ||
	    !strings_hold(f, f->klp_sections_off, f->n_klp_sections) ||
	    !strings_hold(f, f->klp_symbols_off, f->n_klp_symbols))
		return -EBADMSG;
	for (uint32_t i = 0; i < f->n_exports; i++) {
		const struct facts_export *e = &facts_exports(f)[i];

		if (e->name >= f->pool_size ||
		    ((e->flags & SYMBOL_NAMESPACE) && e->ns >= f->pool_size))
			return -EBADMSG;
	}
	for (uint32_t i = 0; i < f->n_imports; i++)
		if (facts_imports(f)[i].name >= f->pool_size)
			return -EBADMSG;
	return 0;
}
