/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a module file. Whatever it is, a refusal has a reason and a record is whole. */
#include <stdlib.h>

#include "bytes/arena.h"
#include "bytes/diag.h"
#include "bytes/hash.h"
#include "elf/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_symbol(const struct facts *f, uint32_t name, uint32_t hash)
{
	const char *s = facts_string(f, name);

	if (hash_name(s, strlen(s)) != hash)
		abort();
}

static void check_record(const struct facts *f)
{
	size_t sum = 0;

	if (facts_check(bytes_of(f, f->size)) < 0)
		abort();
	for (uint32_t i = 0; i < f->n_modinfo; i++)
		sum += strlen(facts_modinfo(f, i));
	for (uint32_t i = 0; i < f->n_klp_sections; i++)
		sum += strlen(facts_klp_section(f, i));
	for (uint32_t i = 0; i < f->n_klp_symbols; i++)
		sum += strlen(facts_klp_symbol(f, i));
	for (uint32_t i = 0; i < f->build_id_size; i++)
		sum += facts_build_id(f)[i];
	for (uint32_t i = 0; i < f->n_imports; i++)
		check_symbol(f, facts_imports(f)[i].name, facts_imports(f)[i].name_hash);
	for (uint32_t i = 0; i < f->n_exports; i++) {
		const struct facts_export *e = &facts_exports(f)[i];

		check_symbol(f, e->name, e->name_hash);
		if (e->flags & SYMBOL_NAMESPACE)
			sum += strlen(facts_string(f, e->ns));
	}
	if (sum == SIZE_MAX) /* so that all of it is read */
		abort();
}

/* The reader lives on from file to file, as it does in a thread of depmod. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct facts_reader *reader;
	static struct arena arena;
	const struct bytes b = bytes_of(data, size);
	const struct source source = source_of_bytes(&b);
	const struct facts *f = NULL;
	struct diag diag = { 0 };
	int r;

	if (!reader)
		reader = facts_reader_new();
	arena_reset(&arena, (size_t)1024 * 1024);
	r = facts_read(reader, &source, FACTS_WANT_EVERYTHING, &arena, &f, &diag);
	if (r == 0)
		check_record(f);
	else if (r > 0 || f || (r != -ENOMEM && diag.what[0] == '\0'))
		abort();
	return 0;
}
