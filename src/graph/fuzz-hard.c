/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The input: tags of six modules, a tag a line, each module's with a NUL behind; then a depmod.d file.
 * d needs a symbol of e, and e one of f.
 */
#include <stdlib.h>
#include <string.h>

#define assert_non_null(p) ((p) ? (void)0 : abort())
#define assert_int_equal(a, b) ((a) == (b) ? (void)0 : abort())

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "bytes/name.h"
#include "conf/depmod-conf.h"
#include "graph/declarations.h"
#include "graph/hard.h"
#include "graph/outputs.h"
#include "graph/test-facts.h"
#include "index/lookup.h"

#define N_MODULES 6

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct graph g;
	struct graph_module modules[N_MODULES];
	struct depmod_conf conf;
	struct declarations d;
	struct findings findings;
	struct buf text, alias, symbols, builtin, softdep;
	struct lookup lookup;
};

/* What gets into the index must be what readers take. */
static int check_value(void *ctx, const char *key, const char *value, uint32_t priority)
{
	struct declared_conflict conflict;
	struct declared_hard hard;
	struct diag diag;

	(void)ctx;
	(void)priority;
	if (!name_is_clean(key) || strchr(key, ' '))
		abort();
	if (strncmp(key, DECLARED_HARDDEP, strlen(DECLARED_HARDDEP)) == 0)
		assert_int_equal(declared_get_hard(value, &hard, &diag), 0);
	else
		assert_int_equal(declared_get_conflict(value, &conflict, &diag), 0);
	return 0;
}

static int matches(void *ctx, const char *pattern)
{
	(void)ctx;
	return pattern[0] == '^';
}

static void pass_over(void *ctx, const char *module, const char *why)
{
	(void)ctx;
	if (!module || !why)
		abort();
}

static void make(struct run *r)
{
	static const char *const builtin[] = { "inside" };

	assert_int_equal(graph_resolve(&r->g, &r->findings), 0);
	assert_int_equal(outputs_alias(&r->g, false, &r->text, &r->alias, &r->findings), 0);
	r->text.size = 0;
	assert_int_equal(outputs_symbols(&r->g, false, &r->text, &r->symbols, &r->findings), 0);
	assert_int_equal(outputs_builtin(builtin, 1, &r->builtin), 0);
	assert_int_equal(outputs_merged_softdeps(&r->g, &r->softdep, &r->findings), 0);
	(void)lookup_add(&r->lookup, LOOKUP_ALIAS, buf_bytes(&r->alias));
	(void)lookup_add(&r->lookup, LOOKUP_SYMBOLS, buf_bytes(&r->symbols));
	(void)lookup_add(&r->lookup, LOOKUP_BUILTIN, buf_bytes(&r->builtin));
	assert_int_equal(declarations_collect(&r->d, &r->g, &r->conf, &r->findings), 0);
	for (uint32_t i = 0; i < N_MODULES; i++) {
		const char *value = facts_first(r->modules[i].facts, "conflict");

		if (value)
			assert_int_equal(declarations_add_builtin(&r->d, "inside", value, pass_over, NULL), 0);
	}
	assert_int_equal(declarations_resolve(&r->d, &r->g, &r->lookup, &r->findings), 0);
	assert_int_equal(hard_add_edges(&r->g, &r->d, &r->findings), 0);
	assert_int_equal(declarations_put(&r->d, &r->g, &r->findings, check_value, NULL), 0);
	for (uint32_t i = 0; i < N_MODULES; i++)
		for (uint32_t k = 0; k < r->modules[i].n_deps; k++)
			if (r->modules[i].rank >= r->modules[r->modules[i].deps[k]].rank)
				abort();
}

static void done(struct run *r)
{
	for (uint32_t i = 0; i < N_MODULES; i++)
		free((void *)(uintptr_t)r->modules[i].facts);
	declarations_done(&r->d);
	depmod_conf_done(&r->conf);
	graph_done(&r->g);
	findings_done(&r->findings);
	buf_done(&r->text);
	buf_done(&r->alias);
	buf_done(&r->symbols);
	buf_done(&r->builtin);
	buf_done(&r->softdep);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[N_MODULES] = { "a", "b", "c", "d", "e", "f" };
	static const char *const exports[N_MODULES] = { "", "", "", "", "e", "f" };
	static const char *const imports[N_MODULES] = { "", "", "", "e", "f", "" };
	const struct depmod_conf_env env = { .matches = matches };
	struct run r = { 0 };

	for (uint32_t i = 0; i < N_MODULES; i++) {
		size_t n = strnlen((const char *)data, size);
		char *tags = strndup((const char *)data, n);

		assert_non_null(tags);
		r.modules[i] = (struct graph_module){
			.name = names[i],
			.path = names[i],
			.facts = made_tagged_facts(exports[i], imports[i], tags),
		};
		free(tags);
		n += n < size;
		data += n;
		size -= n;
	}
	r.g.modules = r.modules;
	r.g.n_modules = N_MODULES;
	assert_int_equal(depmod_conf_read(&r.conf, bytes_of(data, size), "fuzz.conf", &env), 0);
	assert_int_equal(depmod_conf_finish(&r.conf), 0);
	make(&r);
	done(&r);
	return 0;
}
