/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Makes facts records by hand, for tests that want a graph and no module files. Include after
 * cmocka.h.
 */
#include <stdlib.h>
#include <string.h>

#include "bytes/hash.h"
#include "elf/facts.h"

struct made {
	uint8_t *base;
	uint32_t at;	  /* where the next table goes */
	uint32_t pool_at; /* behind the record, until made_done() moves it */
	char *pool;
};

static inline uint32_t made_string(struct made *m, const char *s, size_t size)
{
	uint32_t at = m->pool_at;

	memcpy(m->pool + at, s, size);
	m->pool[at + size] = '\0';
	m->pool_at += (uint32_t)size + 1;
	return at;
}

/* Takes the next word of a list; its marks say what it is. */
static inline size_t made_word(const char **words, uint32_t *flags, uint32_t *crc, const char **ret)
{
	static const char marks[] = "?!~";
	static const uint32_t meanings[] = { SYMBOL_WEAK, SYMBOL_GPL, SYMBOL_VERSION_ONLY };
	const char *mark;
	size_t n;
	char *end;

	*words += strspn(*words, " ");
	*flags = 0;
	for (; **words && (mark = strchr(marks, **words)) != NULL; ++*words)
		*flags |= meanings[mark - marks];
	*ret = *words;
	n = strcspn(*words, " #@");
	*words += n;
	if (**words == '#') {
		*crc = (uint32_t)strtoul(*words + 1, &end, 16);
		*flags |= SYMBOL_CRC;
		*words = end;
	}
	return n;
}

/* A namespace behind "name#crc", if there is one. */
static inline uint32_t made_namespace(struct made *m, const char **words, uint32_t *flags)
{
	size_t n;
	uint32_t at;

	if (**words != '@')
		return 0;
	n = strcspn(++*words, " ");
	at = made_string(m, *words, n);
	*words += n;
	*flags |= SYMBOL_NAMESPACE;
	return at;
}

static inline uint32_t made_count(const char *words)
{
	uint32_t n = 0;

	for (; *(words += strspn(words, " ")); n++)
		words += strcspn(words, " ");
	return n;
}

static inline uint32_t made_count_lines(const char *lines)
{
	uint32_t n = 0;

	for (; *lines; n++) {
		lines += strcspn(lines, "\n");
		lines += *lines == '\n';
	}
	return n;
}

/*
 * A record with the symbols named in two lists, words with a blank between: "name" or "name#crc" (in
 * hex); of exports, "!name" for GPL-only ones and "name@NS" or "name#crc@NS" in namespaces; of imports,
 * "?name" for weak ones and "~name" for those of the version table alone; and with the lines of @tags.
 * To be freed.
 */
static inline struct facts *made_tagged_facts(const char *exports, const char *imports,
					      const char *tags)
{
	uint32_t n_tags = made_count_lines(tags);
	uint32_t n_exports = made_count(exports), n_imports = made_count(imports);
	size_t pool_max = strlen(exports) + strlen(imports) + strlen(tags) + 2 * n_exports + n_imports +
			  n_tags + 2;
	size_t tables = sizeof(struct facts) + n_exports * sizeof(struct facts_export) +
			n_imports * sizeof(struct facts_import) + n_tags * sizeof(uint32_t);
	struct made m = { calloc(1, tables + pool_max + 8), sizeof(struct facts), 0,
			  calloc(1, pool_max) };
	struct facts *f = (struct facts *)(void *)m.base;

	assert_non_null(m.base);
	assert_non_null(m.pool);
	made_string(&m, "", 0);
	*f = (struct facts){ .version = FACTS_VERSION, .flags = FACTS_RELOCATABLE };
	f->exports_off = m.at;
	f->n_exports = n_exports;
	for (uint32_t i = 0; i < n_exports; i++, m.at += sizeof(struct facts_export)) {
		struct facts_export *e = (struct facts_export *)(void *)(m.base + m.at);
		const char *name;
		size_t n = made_word(&exports, &e->flags, &e->crc, &name);

		e->name = made_string(&m, name, n);
		e->name_hash = hash_name(name, n);
		e->ns = made_namespace(&m, &exports, &e->flags);
	}
	f->imports_off = m.at;
	f->n_imports = n_imports;
	for (uint32_t i = 0; i < n_imports; i++, m.at += sizeof(struct facts_import)) {
		struct facts_import *e = (struct facts_import *)(void *)(m.base + m.at);
		const char *name;
		size_t n = made_word(&imports, &e->flags, &e->crc, &name);

		e->name = made_string(&m, name, n);
		e->name_hash = hash_name(name, n);
	}
	f->modinfo_off = m.at;
	f->n_modinfo = n_tags;
	for (; *tags; m.at += sizeof(uint32_t)) {
		size_t n = strcspn(tags, "\n");

		*(uint32_t *)(void *)(m.base + m.at) = made_string(&m, tags, n);
		tags += n;
		tags += *tags == '\n';
	}
	f->klp_sections_off = f->klp_symbols_off = f->build_id_off = m.at;
	f->pool_off = m.at;
	f->pool_size = m.pool_at;
	memcpy(m.base + m.at, m.pool, m.pool_at);
	f->size = (m.at + m.pool_at + 7) & ~7u;
	free(m.pool);
	assert_int_equal(facts_check(bytes_of(f, f->size)), 0);
	return f;
}

static inline struct facts *made_facts(const char *exports, const char *imports)
{
	return made_tagged_facts(exports, imports, "");
}
