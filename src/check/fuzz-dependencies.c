/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The input: tags of four modules, a tag a line; a depmod.d file; a modprobe.d file; modules.builtin.modinfo
 * with a newline for each NUL; a kernel's command line. Each with a NUL behind.
 */
#include <stdlib.h>
#include <string.h>

#define assert_non_null(p) ((p) ? (void)0 : abort())
#define assert_int_equal(a, b) ((a) == (b) ? (void)0 : abort())

#include "bytes/buf.h"
#include "check/check.h"
#include "conf/depmod-conf.h"
#include "conf/modprobe-conf.h"
#include "graph/declarations.h"
#include "graph/hard.h"
#include "graph/outputs.h"
#include "graph/test-facts.h"
#include "index/lookup.h"

#define N_MODULES 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

struct run {
	struct graph g;
	struct graph_module modules[N_MODULES];
	struct check_module about[N_MODULES];
	struct depmod_conf depmod_conf;
	struct modprobe_conf conf;
	struct declarations d;
	struct findings findings;
	struct buf text, alias, symbols, builtin, dep, dep_bin, softdep;
	struct lookup lookup;
};

static int matches(void *ctx, const char *pattern)
{
	(void)ctx;
	return pattern[0] == '^';
}

static void make(struct run *r)
{
	static const char *const builtin[] = { "inside" };

	assert_int_equal(graph_resolve(&r->g, &r->findings), 0);
	assert_int_equal(outputs_alias(&r->g, false, &r->text, &r->alias, &r->findings), 0);
	r->text.size = 0;
	assert_int_equal(outputs_symbols(&r->g, false, &r->text, &r->symbols, &r->findings), 0);
	assert_int_equal(outputs_builtin(builtin, 1, &r->builtin), 0);
	assert_int_equal(outputs_tags(&r->g, "softdep", &r->softdep, &r->findings), 0);
	(void)lookup_add(&r->lookup, LOOKUP_ALIAS, buf_bytes(&r->alias));
	(void)lookup_add(&r->lookup, LOOKUP_SYMBOLS, buf_bytes(&r->symbols));
	(void)lookup_add(&r->lookup, LOOKUP_BUILTIN, buf_bytes(&r->builtin));
	assert_int_equal(declarations_collect(&r->d, &r->g, &r->depmod_conf, &r->findings), 0);
	assert_int_equal(declarations_resolve(&r->d, &r->g, &r->lookup, &r->findings), 0);
	assert_int_equal(hard_add_edges(&r->g, &r->d, &r->findings), 0);
	assert_int_equal(outputs_dep(&r->g, false, &r->dep, &r->dep_bin, &r->findings), 0);
	(void)lookup_add(&r->lookup, LOOKUP_DEP, buf_bytes(&r->dep_bin));
}

/* What people and programs read has to be readable. */
static void check_text(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || (unsigned char)*s >= 0x7f)
			abort();
}

static void ask(struct run *r, struct bytes modinfo, struct bytes cmdline)
{
	static const char list[] = "kernel/inside.ko\n";
	const struct findings *all[] = { &r->findings };
	const struct check_input in = {
		.graph = &r->g,
		.modules = r->about,
		.findings = all,
		.n_findings = 1,
		.declarations = &r->d,
		.release = "6.12.0",
		.builtin = bytes_of(list, sizeof(list) - 1),
		.builtin_modinfo = modinfo,
		.lookup = &r->lookup,
		.is_whole = true,
		.conf = &r->conf,
		.depmod_conf = &r->depmod_conf,
		.cmdline = cmdline,
		.knows = CHECK_NEEDS_TREE | CHECK_NEEDS_BUILTIN | CHECK_NEEDS_BUILTIN_TAGS,
	};
	struct check c = { 0 };

	assert_int_equal(check_rules_run(&c, &in), 0);
	for (uint32_t i = 0; i < c.n_findings; i++) {
		check_text(c.findings[i].message);
		check_text(c.findings[i].object);
		sink += c.findings[i].line;
	}
	check_done(&c);
}

static void done(struct run *r)
{
	struct buf *const bufs[] = { &r->text, &r->alias, &r->symbols, &r->builtin, &r->dep, &r->dep_bin,
				     &r->softdep };

	for (uint32_t i = 0; i < N_MODULES; i++)
		free((void *)(uintptr_t)r->modules[i].facts);
	declarations_done(&r->d);
	depmod_conf_done(&r->depmod_conf);
	modprobe_conf_done(&r->conf);
	graph_done(&r->g);
	findings_done(&r->findings);
	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_done(bufs[i]);
}

/* A copy, to be freed, of what stands before the next NUL, which is passed. */
static char *take(const uint8_t **data, size_t *size)
{
	size_t n = strnlen((const char *)*data, *size);
	char *copy = strndup((const char *)*data, n);

	assert_non_null(copy);
	n += n < *size;
	*data += n;
	*size -= n;
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[N_MODULES] = { "a", "b", "c", "d" };
	static const char *const exports[N_MODULES] = { "", "", "c", "d" };
	static const char *const imports[N_MODULES] = { "", "c", "d", "" };
	const struct depmod_conf_env env = { .matches = matches };
	char *depmod_d, *modprobe_d, *modinfo, *cmdline;
	struct run r = { 0 };
	size_t n_modinfo;

	for (uint32_t i = 0; i < N_MODULES; i++) {
		char *tags = take(&data, &size);

		r.modules[i] = (struct graph_module){
			.name = names[i],
			.path = names[i],
			.facts = made_tagged_facts(exports[i], imports[i], tags),
		};
		r.about[i] = (struct check_module){ .path = names[i], .compression = "none", .is_asked = true };
		free(tags);
	}
	r.g.modules = r.modules;
	r.g.n_modules = N_MODULES;
	depmod_d = take(&data, &size);
	modprobe_d = take(&data, &size);
	modinfo = take(&data, &size);
	cmdline = take(&data, &size);
	n_modinfo = strlen(modinfo);
	for (size_t i = 0; i < n_modinfo; i++)
		modinfo[i] = modinfo[i] == '\n' ? '\0' : modinfo[i];
	assert_int_equal(depmod_conf_read(&r.depmod_conf, bytes_of(depmod_d, strlen(depmod_d)), "d.conf", &env), 0);
	assert_int_equal(depmod_conf_finish(&r.depmod_conf), 0);
	assert_int_equal(modprobe_conf_read(&r.conf, bytes_of(modprobe_d, strlen(modprobe_d)), "m.conf", NULL), 0);
	assert_int_equal(modprobe_conf_read_cmdline(&r.conf, bytes_of(cmdline, strlen(cmdline)), "cmdline", NULL), 0);
	make(&r);
	ask(&r, bytes_of(modinfo, n_modinfo), bytes_of(cmdline, strlen(cmdline)));
	free(depmod_d);
	free(modprobe_d);
	free(modinfo);
	free(cmdline);
	done(&r);
	return 0;
}
