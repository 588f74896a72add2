/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "check/judge.h"
#include "elf/licence.h"
#include "elf/namespace.h"
#include "graph/test-facts.h"

struct mod {
	const char *name;
	const char *exports;
	const char *imports;
	const char *tags;
};

#define GPL "license=GPL\n"
#define CLOSED "license=Proprietary\n"

struct tree {
	struct graph g;
	struct findings findings;
	struct judgement judgement;
	uint32_t n;
};

static void tree_done(struct tree *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free((void *)(uintptr_t)t->g.modules[i].facts);
	free(t->g.modules);
	judgement_done(&t->judgement);
	graph_done(&t->g);
	findings_done(&t->findings);
}

#define CLEANUP_TREE __attribute__((cleanup(tree_done)))

static void tree_fill(struct tree *t, const struct mod *mods, uint32_t n)
{
	t->n = n;
	t->g.modules = calloc(n, sizeof(*t->g.modules));
	t->g.n_modules = n;
	for (uint32_t i = 0; i < n; i++)
		t->g.modules[i] = (struct graph_module){
			.name = mods[i].name,
			.path = mods[i].name,
			.facts = made_tagged_facts(mods[i].exports, mods[i].imports,
						   mods[i].tags ? mods[i].tags : ""),
		};
	assert_int_equal(graph_resolve(&t->g, &t->findings), 0);
}

#define JUDGE(t, what, lists, ...)                                                       \
	do {                                                                             \
		const struct mod mods[] = { __VA_ARGS__ };                               \
		tree_fill(t, mods, sizeof(mods) / sizeof(mods[0]));                      \
		assert_int_equal(judge_graph(&(t)->g, what, lists, &(t)->judgement), 0); \
	} while (0)

static void kernel_exports(struct tree *t, const char *name, uint32_t flags, uint32_t crc,
			   const char *ns)
{
	assert_int_equal(graph_add_kernel_symbol(&t->g, name, flags, crc, ns), 0);
}

/* The verdicts on one module's imports, in their order. */
static void assert_verdicts(const struct tree *t, const char *module, const char *want)
{
	static const char *const words[] = {
		[VERDICT_FINE] = "fine",       [VERDICT_WEAK] = "weak",
		[VERDICT_UNKNOWN] = "unknown", [VERDICT_LEFT_OUT] = "left-out",
		[VERDICT_GPL_ONLY] = "gpl",    [VERDICT_PROPRIETARY] = "proprietary",
		[VERDICT_VERSION] = "version", [VERDICT_NOT_IMPORTED] = "ns",
		[VERDICT_NOT_LISTED] = "list", [VERDICT_UNSURE] = "unsure",
	};
	CLEANUP_BUF struct buf text = { 0 };

	for (uint32_t i = 0; i < t->n; i++)
		for (uint32_t k = 0; strcmp(t->g.modules[i].name, module) == 0 &&
				     k < t->g.modules[i].facts->n_imports;
		     k++)
			buf_printf(&text, "%s%s", k ? " " : "",
				   words[t->judgement.verdicts[t->judgement.first[i] + k]]);
	buf_put_u8(&text, 0);
	assert_string_equal((const char *)text.base, want);
}

/* What depmod -e would say, "MODULE KIND SYMBOL" each. */
static void assert_reported(struct tree *t, bool with_namespaces, const char *want)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct findings findings = { 0 };

	assert_int_equal(judge_report(&t->judgement, &t->g, true, true, with_namespaces, &findings),
			 0);
	for (const struct finding *x = findings.first; x; x = x->next) {
		buf_printf(&text, "%s%s %s %s", x == findings.first ? "" : ", ",
			   t->g.modules[x->module].name,
			   x->kind == FINDING_UNKNOWN_SYMBOL ? "unknown"
			   : x->kind == FINDING_CRC          ? "crc"
							     : x->why,
			   x->symbol);
		if (x->kind == FINDING_NAMESPACE)
			buf_printf(&text, " of %s",
				   x->other == GRAPH_NONE ? "-" : t->g.modules[x->other].name);
	}
	buf_put_u8(&text, 0);
	assert_string_equal((const char *)text.base, want);
	findings_done(&findings);
}

/* Nobody exports what the linker makes up, and no module can lack it. */
static void nobody_lacks_symbols_of_the_linker(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	JUDGE(&t, 0, JUDGE_LISTS_UNKNOWN,
	      { "m", "", "__this_module _GLOBAL_OFFSET_TABLE_ .TOC. TOC." });
	assert_reported(&t, true, "");
}

static void unknown_symbols(void **state)
{
	CLEANUP_TREE struct tree t = { .g = { .symbol_prefix = '_' } };

	(void)state;
	kernel_exports(&t, "printk", 0, 0, NULL);
	JUDGE(&t, JUDGE_VERSIONS, JUDGE_LISTS_UNKNOWN, { "m", "fn both", "_printk" },
	      { "user", "", "fn ..fn missing ?weak __fn ~table" });
	assert_verdicts(&t, "m", "fine");
	assert_verdicts(&t, "user", "fine unknown unknown weak unknown unknown");
	assert_reported(
		&t, true,
		"user unknown ..fn, user unknown missing, user unknown __fn, user unknown table");
}

static void versions(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	kernel_exports(&t, "printk", SYMBOL_CRC, 0x11, NULL);
	kernel_exports(&t, "no_crc", 0, 0, NULL);
	JUDGE(&t, JUDGE_VERSIONS, JUDGE_LISTS_UNKNOWN, { "m", "fn#22 plain", "printk#11" },
	      { "user", "", "printk#12 no_crc#1 fn#22 plain#5 missing#1" },
	      { "other", "", "fn#23 printk ?fn2#1 ?fn#24" });
	assert_verdicts(&t, "other",
			"version fine weak version"); /* the kernel compares weak ones, too */
	assert_reported(&t, true, "user crc printk, user unknown missing, other crc fn");
}

/* The verdict is that of the kernel's first objection: licence, version, namespace. */
static void the_first_objection_counts(void **state)
{
	static const char imports[] = "fn#1";
	static const char exports[] = "!fn#2@NS";

	(void)state;
	for (int i = 0; i < 4; i++) {
		CLEANUP_TREE struct tree t = { 0 };

		JUDGE(&t, JUDGE_AS_KERNEL, JUDGE_LISTS_ARE_NAMES,
		      { "owner",
			i < 2    ? exports
			: i == 2 ? "!fn#1@NS"
				 : "fn@NS",
			"", GPL },
		      { "user", "", i == 0 ? "fn#2" : imports,
			i == 0   ? CLOSED
			: i == 3 ? GPL "import_ns=NS\n"
				 : GPL });
		assert_verdicts(&t, "user",
				i == 0   ? "gpl"
				: i == 1 ? "version"
				: i == 2 ? "ns"
					 : "fine");
	}
}

static void licences(void **state)
{
	static const char *const good[] = {
		"GPL",          "GPL v2",       "GPL and additional rights",
		"Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL"
	};
	static const char *const bad[] = { "gpl", "GPLv2",        "GPL ",   "BSD",
					   "",    "Dual GPL/BSD", "GPL-2.0" };

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(licence_is_gpl(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(licence_is_gpl(bad[i]));
	assert_false(licence_is_gpl(NULL));
}

/* Who uses symbols of a proprietary module is one, and so are its users; either order of symbols is refused. */
static void proprietary_symbols_are_inherited(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	kernel_exports(&t, "gpl", SYMBOL_GPL, 0, NULL);
	kernel_exports(&t, "open", 0, 0, NULL);
	JUDGE(&t, JUDGE_AS_KERNEL, JUDGE_LISTS_ARE_NAMES, { "first", "", "gpl shim open", GPL },
	      { "last", "", "shim gpl ?gpl", GPL }, { "no_gpl", "", "shim open", GPL },
	      { "shim", "shim", "closed open", GPL },
	      { "closed", "closed", "open ?gpl gpl", CLOSED }, { "no_licence", "", "open gpl" });
	assert_verdicts(&t, "first", "fine proprietary fine");
	assert_verdicts(&t, "last", "fine proprietary weak");
	assert_verdicts(&t, "no_gpl", "fine fine");
	assert_verdicts(&t, "shim", "fine fine");
	assert_verdicts(&t, "closed", "fine weak gpl");
	assert_verdicts(&t, "no_licence", "fine gpl");
}

/* The kernel has its own symbol first; depmod's indexes the module's. */
static void who_is_asked_first(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		CLEANUP_TREE struct tree t = { 0 };

		kernel_exports(&t, "fn", SYMBOL_CRC, 0x1, NULL);
		JUDGE(&t, JUDGE_VERSIONS | (i ? JUDGE_KERNEL_FIRST : 0u), JUDGE_LISTS_ARE_NAMES,
		      { "m", "fn#2", "" }, { "n", "fn#3", "" }, { "user", "", "fn#1" });
		assert_verdicts(&t, "user", i ? "fine" : "version");
	}
}

static void namespaces(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	kernel_exports(&t, "k", SYMBOL_NAMESPACE, 0, "KERNEL");
	kernel_exports(&t, "empty", SYMBOL_NAMESPACE, 0, "");
	JUDGE(&t, JUDGE_NAMESPACES, JUDGE_LISTS_UNKNOWN, { "m", "fn@NS", "" },
	      { "none", "", "k fn ?fn empty" },
	      { "other", "", "k fn",
		"import_ns=\nimport_ns=KERNE\nimport_ns=KERNEL2\nimport_ns=NS\n" },
	      { "all", "", "k fn ~k", "import_ns=NS\nimport_ns=KERNEL\nimport_ns=NS\n" });
	assert_verdicts(&t, "none", "ns ns ns fine");
	assert_verdicts(&t, "other", "ns fine");
	assert_verdicts(&t, "all", "fine fine fine");
	assert_reported(
		&t, true,
		"none KERNEL k of -, none NS fn of m, none NS fn of m, other KERNEL k of -");
	assert_reported(&t, false, "");
}

/* One string, three kernels. */
static void lists_of_modules(void **state)
{
	static const char *const want[][2] = {
		[JUDGE_LISTS_UNKNOWN] = { "unsure", "unsure" },
		[JUDGE_LISTS_ARE_NAMES] = { "ns", "fine" },
		[JUDGE_LISTS_ARE_COUNTED] = { "fine", "list" },
	};

	(void)state;
	for (enum judge_lists lists = JUDGE_LISTS_UNKNOWN; lists <= JUDGE_LISTS_ARE_COUNTED;
	     lists++) {
		CLEANUP_TREE struct tree t = { 0 };

		JUDGE(&t, JUDGE_NAMESPACES, lists, { "owner", "fn@module:kvm,listed_*", "" },
		      { "renamed", "", "fn", "name=listed-one\n" },
		      { "importer", "", "fn", "import_ns=module:kvm,listed_*\n" });
		assert_verdicts(&t, "renamed", want[lists][0]);
		assert_verdicts(&t, "importer", want[lists][1]);
	}
}

static void items_of_a_list(void **state)
{
	static const struct {
		const char *ns, *name;
		bool want;
	} cases[] = {
		{ "module:a", "a", true },
		{ "module:a", "ab", false },
		{ "module:ab", "a", false },
		{ "module:a,b", "b", true },
		{ "module:a-b", "a_b", true },
		{ "module:a_b", "a-b", true },
		{ "module:kvm-*", "kvm_amd", true },
		{ "module:kvm-*", "kvm", false },
		{ "module:kvm*", "kvm", true },
		{ "module:*", "anything", true },
		{ "module:", "a", false },
		{ "module:,,", "a", false },
		{ "module:a*b", "axb", false },
		{ "module:*b", "ab", false },
		{ "modul:a", "a", false },
		{ "module:a, b", "b", false },
		{ "a", "a", false },
		{ "module:x,,b*", "bcd", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (namespace_lists(cases[i].ns, cases[i].name) != cases[i].want)
			fail_msg("%s %s", cases[i].ns, cases[i].name);
}

static void releases(void **state)
{
	(void)state;
	assert_int_equal(judge_lists_of("6.15.9-amd64"), JUDGE_LISTS_ARE_NAMES);
	assert_int_equal(judge_lists_of("6.12.117+deb12-amd64"), JUDGE_LISTS_ARE_NAMES);
	assert_int_equal(judge_lists_of("5.20.0"), JUDGE_LISTS_ARE_NAMES);
	assert_int_equal(judge_lists_of("6.16-rc1"), JUDGE_LISTS_ARE_COUNTED);
	assert_int_equal(judge_lists_of("7.0"), JUDGE_LISTS_ARE_COUNTED);
	assert_int_equal(judge_lists_of("10.1"), JUDGE_LISTS_ARE_COUNTED);
	assert_int_equal(judge_lists_of("mine"), JUDGE_LISTS_UNKNOWN);
	assert_int_equal(judge_lists_of("6"), JUDGE_LISTS_UNKNOWN);
	assert_int_equal(judge_lists_of("6.x"), JUDGE_LISTS_UNKNOWN);
	assert_int_equal(judge_lists_of(NULL), JUDGE_LISTS_UNKNOWN);
}

/* What is left out is no answer. */
static void left_out_exporters(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	JUDGE(&t, JUDGE_AS_KERNEL, JUDGE_LISTS_ARE_NAMES, { "a", "a1", "b1", GPL },
	      { "b", "b1", "a1", GPL }, { "user", "", "?a1 b1 nowhere", GPL },
	      { "self", "s", "?s", GPL });
	assert_verdicts(&t, "user", "weak left-out unknown");
	assert_verdicts(&t, "self", "fine");
}

/* A module with many tags and many uses of namespaces: a minute if each looked through all. */
static void many_tags(void **state)
{
	enum { N = 60000 };
	CLEANUP_BUF struct buf exports = { 0 }, imports = { 0 }, tags = { 0 };
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	buf_printf(&tags, "license=GPL\n");
	for (int i = 0; i < N; i++) {
		buf_printf(&exports, "f%d@NS%d ", i, i);
		buf_printf(&imports, "f%d ", i);
		buf_printf(&tags, "import_ns=NS%d\n", N - i);
	}
	buf_put_u8(&exports, 0);
	buf_put_u8(&imports, 0);
	buf_put_u8(&tags, 0);
	JUDGE(&t, JUDGE_AS_KERNEL, JUDGE_LISTS_ARE_NAMES,
	      { "owner", (const char *)exports.base, "", GPL },
	      { "user", "", (const char *)imports.base, (const char *)tags.base });
	assert_int_equal(t.judgement.verdicts[t.judgement.first[1]], VERDICT_NOT_IMPORTED);
	for (uint32_t k = 1; k < N; k++)
		assert_int_equal(t.judgement.verdicts[t.judgement.first[1] + k], VERDICT_FINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_lacks_symbols_of_the_linker),
		cmocka_unit_test(unknown_symbols),
		cmocka_unit_test(versions),
		cmocka_unit_test(the_first_objection_counts),
		cmocka_unit_test(licences),
		cmocka_unit_test(proprietary_symbols_are_inherited),
		cmocka_unit_test(who_is_asked_first),
		cmocka_unit_test(namespaces),
		cmocka_unit_test(lists_of_modules),
		cmocka_unit_test(items_of_a_list),
		cmocka_unit_test(releases),
		cmocka_unit_test(left_out_exporters),
		cmocka_unit_test(many_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
