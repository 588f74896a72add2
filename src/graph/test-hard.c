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
#include "conf/depmod-conf.h"
#include "graph/declarations.h"
#include "graph/hard.h"
#include "graph/outputs.h"
#include "graph/test-facts.h"
#include "index/lookup.h"

struct mod {
	const char *name;
	const char *exports;
	const char *imports;
	const char *tags; /* lines */
};

struct tree {
	struct graph g;
	struct depmod_conf conf;
	struct declarations d;
	struct findings findings;
	struct buf alias_text, alias, symbols_text, symbols, builtin, builtin_alias;
	struct lookup lookup;
};

static void tree_done(struct tree *t)
{
	for (uint32_t i = 0; i < t->g.n_modules; i++)
		free((void *)(uintptr_t)t->g.modules[i].facts);
	free(t->g.modules);
	declarations_done(&t->d);
	depmod_conf_done(&t->conf);
	graph_done(&t->g);
	findings_done(&t->findings);
	buf_done(&t->alias_text);
	buf_done(&t->alias);
	buf_done(&t->symbols_text);
	buf_done(&t->symbols);
	buf_done(&t->builtin);
	buf_done(&t->builtin_alias);
}

#define CLEANUP_TREE __attribute__((cleanup(tree_done)))

static void no_bad_alias(void *ctx, const struct builtin_alias *alias, const char *why)
{
	(void)ctx;
	fail_msg("%s %s", alias->alias, why);
}

/* All that depmod does with declarations but for reports; built in is "inside", alias "fs-inside". */
static void run(struct tree *t, const char *conf)
{
	static const char *const builtin[] = { "inside" };
	static const struct builtin_alias builtin_alias = { "fs_inside", "inside" };
	const struct depmod_conf_env env = { 0 };

	assert_int_equal(graph_resolve(&t->g, &t->findings), 0);
	assert_int_equal(depmod_conf_read(&t->conf, bytes_of(conf, strlen(conf)), "c", &env), 0);
	assert_int_equal(outputs_alias(&t->g, false, &t->alias_text, &t->alias, &t->findings), 0);
	assert_int_equal(outputs_symbols(&t->g, false, &t->symbols_text, &t->symbols, &t->findings), 0);
	assert_int_equal(outputs_builtin(builtin, 1, &t->builtin), 0);
	assert_int_equal(outputs_builtin_alias(&builtin_alias, 1, &t->builtin_alias, no_bad_alias, NULL),
			 0);
	assert_int_equal(lookup_add(&t->lookup, LOOKUP_ALIAS, buf_bytes(&t->alias)), 0);
	assert_int_equal(lookup_add(&t->lookup, LOOKUP_SYMBOLS, buf_bytes(&t->symbols)), 0);
	assert_int_equal(lookup_add(&t->lookup, LOOKUP_BUILTIN, buf_bytes(&t->builtin)), 0);
	assert_int_equal(lookup_add(&t->lookup, LOOKUP_BUILTIN_ALIAS, buf_bytes(&t->builtin_alias)), 0);
	assert_int_equal(declarations_collect(&t->d, &t->g, &t->conf, &t->findings), 0);
	assert_int_equal(declarations_resolve(&t->d, &t->g, &t->lookup, &t->findings), 0);
	assert_int_equal(hard_add_edges(&t->g, &t->d, &t->findings), 0);
}

static void fill(struct tree *t, const struct mod *mods, uint32_t n)
{
	t->g.modules = calloc(n, sizeof(*t->g.modules));
	t->g.n_modules = n;
	for (uint32_t i = 0; i < n; i++)
		t->g.modules[i] = (struct graph_module){
			.name = mods[i].name,
			.path = mods[i].name,
			.facts = made_tagged_facts(mods[i].exports ? mods[i].exports : "",
						   mods[i].imports ? mods[i].imports : "",
						   mods[i].tags ? mods[i].tags : ""),
		};
}

#define RUN(t, text, ...)                                                                          \
	do {                                                                                       \
		const struct mod mods[] = { __VA_ARGS__ };                                         \
		fill(t, mods, sizeof(mods) / sizeof(mods[0]));                                     \
		run(t, text);                                                                      \
	} while (0)

static uint32_t index_of(const struct tree *t, const char *name)
{
	for (uint32_t i = 0; i < t->g.n_modules; i++)
		if (strcmp(t->g.modules[i].name, name) == 0)
			return i;
	fail_msg("no module %s", name);
	return 0;
}

static void put_names(const struct tree *t, const uint32_t *modules, int64_t n, struct buf *out)
{
	for (int64_t k = 0; k < n; k++)
		buf_printf(out, "%s%s", k ? " " : "", t->g.modules[modules[k]].name);
	buf_put_u8(out, 0);
}

/* What the module's line in modules.dep names, in order. */
static void assert_line(const struct tree *t, const char *module, const char *want)
{
	CLEANUP_BUF struct buf names = { 0 };
	struct graph_walk walk = { 0 };
	const uint32_t *found;
	int64_t n = graph_closure(&t->g, index_of(t, module), &walk, &found);

	put_names(t, found, n, &names);
	assert_string_equal(names.base, want);
	graph_walk_done(&walk);
}

/* "word by fate, word by fate". */
static void assert_hards(const struct tree *t, const char *module, const char *want)
{
	CLEANUP_BUF struct buf got = { 0 };

	for (const struct hard *x = t->d.hards[index_of(t, module)].first; x; x = x->next)
		buf_printf(&got, "%s%s %s %s", got.size ? ", " : "", x->word->text,
			   declared_by_name(x->by), declared_fate_name(x->fate));
	buf_put_u8(&got, 0);
	assert_string_equal(got.base, want);
}

/* A line a finding: "KIND MODULE WORD LINE [WAY] [WHY]". */
static void assert_findings(const struct tree *t, const char *want)
{
	CLEANUP_BUF struct buf got = { 0 };

	for (const struct finding *x = t->findings.first; x; x = x->next) {
		static const char *const names[] = { [FINDING_HARD_UNKNOWN] = "unknown",
						     [FINDING_HARD_CYCLE] = "cycle",
						     [FINDING_HARD_BAD] = "bad",
						     [FINDING_CONFLICT_UNKNOWN] = "no-conflict",
						     [FINDING_CONFLICT_BAD] = "bad-conflict" };

		buf_printf(&got, "%s %s %s %u", names[x->kind] ? names[x->kind] : "?",
			   t->g.modules[x->module].name, x->symbol, x->line);
		for (uint32_t k = 0; k < x->n_path; k++)
			buf_printf(&got, " %s -(%s)->", t->g.modules[x->path[k]].name,
				   x->symbols[k] ? x->symbols[k] : "");
		buf_printf(&got, "%s%s\n", x->why ? " " : "", x->why ? x->why : "");
	}
	buf_put_u8(&got, 0);
	assert_string_equal(got.base, want);
}

static int put(void *ctx, const char *key, const char *value, uint32_t priority)
{
	buf_printf(ctx, "%s %u %s\n", key, priority, value);
	return 0;
}

static void assert_put(struct tree *t, const char *want)
{
	CLEANUP_BUF struct buf got = { 0 };

	assert_int_equal(declarations_put(&t->d, &t->g, &t->findings, put, &got), 0);
	buf_put_u8(&got, 0);
	assert_string_equal(got.base, want);
}

static void test_one_answer_comes_with_its_closure(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "harddep nic phy\n", { "base", "b" }, { "phylib", "p", "b" }, { "phy", "", "p" },
	    { "nic", "", "b" }, { "above", "", "" });
	assert_line(&t, "nic", "phy phylib base");
	assert_line(&t, "phy", "phylib base");
	assert_hards(&t, "nic", "phy conf dep");
	assert_findings(&t, "");
	assert_int_equal(t.g.modules[index_of(&t, "phy")].n_users, 1);
}

static void test_users_of_the_module_get_it_too(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "harddep b c\nharddep c d\n", { "d" }, { "c" }, { "b", "b" }, { "a", "", "b" });
	assert_line(&t, "a", "b c d");
	assert_line(&t, "b", "c d");
}

static void test_tags_and_lines(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "harddep a-b y\nharddep! a_b z\n", { "a_b", "", "", "license=GPL\nharddep=w \tx\nharddep=v-1" },
	    { "v_1" }, { "w" }, { "x" }, { "y" }, { "z" });
	assert_hards(&t, "a_b", "w module dep, x module dep, v-1 module dep, y conf dep, z conf! dep");
	assert_line(&t, "a_b", "z y v_1 x w");
}

static void test_needed_by_symbols_too(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "harddep a b c\n", { "c", "c" }, { "b", "b", "c" }, { "a", "", "b" });
	/* It needs symbols of b itself; those of c are needed by b alone. */
	assert_hards(&t, "a", "b conf symbol, c conf dep");
	assert_line(&t, "a", "b c");
}

static void test_who_answers(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "harddep m symbol:exp single-alias group-alias inside fs-inside both gone one twice\n",
	    { "one", "exp", "", "alias=single_alias\nalias=group-*\nalias=twi*\nalias=twice" },
	    { "two", "", "", "alias=group-alias\nalias=fs-*" }, { "m" }, { "both", "", "", "alias=one" });
	assert_hards(&t, "m", "symbol:exp conf dep, single-alias conf dep, group-alias conf group, "
			      "inside conf builtin, fs-inside conf builtin, both conf dep, gone conf unknown, "
			      "one conf dep, twice conf dep");
	/* A name goes before an alias, and an answer counts once. */
	assert_line(&t, "m", "both one");
	assert_findings(&t, "unknown m gone 1\n");
}

/* After a budget's worth of aliases, names are still found, and so is what is built in. */
static void test_too_much_to_look_at(void **state)
{
	CLEANUP_TREE struct tree t = { .lookup = { .work = WORDS_WORK_MAX + 1 } };

	(void)state;
	RUN(&t, "harddep m x inside alias-x\n", { "m" }, { "x", "", "", "alias=alias-x" });
	assert_hards(&t, "m", "x conf dep, inside conf builtin, alias-x conf unknown");
	assert_findings(&t, "bad m alias-x 1 was not looked up: all names together have too many aliases to look at\n");
}

static void test_taken_back(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t,
	    "harddep a x\n"
	    "harddep [ab]\n"
	    "harddep a y\n"
	    "harddep c x\n"
	    "harddep nobody\n",
	    { "a", "", "", "harddep=z" }, { "b", "", "", "harddep=z" }, { "c", "", "", "harddep=z" }, { "x" },
	    { "y" }, { "z" });
	assert_hards(&t, "a", "y conf dep");
	assert_hards(&t, "b", "");
	assert_hards(&t, "c", "z module dep, x conf dep");
	assert_line(&t, "b", "");
}

static void test_said_twice(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "harddep a x y-1\nharddep! * y_1\nharddep a z\nharddep a z\n", { "a", "", "", "harddep=x v\nharddep=v" },
	    { "v" }, { "x" }, { "y_1" }, { "z" });
	/* The first place stays, strictness adds up; configuration may say what a tag says. */
	assert_hards(&t, "a", "x module dep, v module dep, y-1 conf! dep, z conf dep");
	assert_findings(&t, "bad a v 0 is said before\n"
			    "bad a y_1 2 is said before\n"
			    "bad a z 4 is said before\n");
}

static void test_bad_words(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "harddep other self\nharddep [mo]* me\n",
	    { "me", "", "", "alias=self\nharddep=me\nharddep=\nharddep= \t\nharddep=g\001d [x y* self x\xc3\xa4 good" },
	    { "good" }, { "other" });
	assert_hards(&t, "me", "good module dep");
	assert_hards(&t, "other", "self conf dep, me conf dep");
	assert_findings(&t, "bad me me 0 is the module itself\n"
			    "bad me  0 is empty\n"
			    "bad me  0 is empty\n"
			    "bad me g\001d 0 holds a control character or a byte above 7 bits\n"
			    "bad me [x 0 has a bracket without its partner\n"
			    "bad me y* 0 is a pattern\n"
			    "bad me x\xc3\xa4 0 holds a control character or a byte above 7 bits\n"
			    "bad me self 0 is the module itself\n");
}

/* One tag and one line with so many names; all but the last ones count. */
static void test_too_many_words(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };
	CLEANUP_BUF struct buf tag = { 0 };

	(void)state;
	buf_put_string(&tag, "harddep=");
	for (unsigned int i = 0; i < DECLARATIONS_WORDS_MAX + 2; i++)
		buf_printf(&tag, " w%u", i);
	buf_put_u8(&tag, 0);
	RUN(&t, "harddep m b\n", { "m", "", "", (const char *)tag.base }, { "b" }, { "w4095" }, { "w4096" });
	assert_int_equal(t.d.hards[0].n, DECLARATIONS_WORDS_MAX);
	assert_line(&t, "m", "w4095");
}

static void test_symbols_win_against_a_cycle(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "harddep lib top side\n", { "lib", "l" }, { "mid", "m", "l" }, { "top", "", "m" }, { "side" });
	assert_hards(&t, "lib", "top conf cycle, side conf dep");
	assert_line(&t, "lib", "side");
	assert_line(&t, "top", "mid lib side");
	assert_findings(&t, "cycle lib top 1 lib -()-> top -(m)-> mid -(l)->\n");
}

static void test_of_two_the_later_module_gives_in(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	/* The order of lines does not count, that of modules does. */
	RUN(&t, "harddep c a\nharddep b c\nharddep a b\n", { "a" }, { "b" }, { "c" });
	assert_line(&t, "a", "b c");
	assert_line(&t, "b", "c");
	assert_line(&t, "c", "");
	assert_hards(&t, "c", "a conf cycle");
	assert_findings(&t, "cycle c a 1 c -()-> a -()-> b -()->\n");
}

/* One finding tells of the line; what became of each is in the set. */
static void test_a_pattern_is_told_once(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "harddep * top gone\n", { "one", "o" }, { "two", "t" }, { "top", "", "o t" }, { "other" });
	assert_hards(&t, "one", "top conf cycle, gone conf unknown");
	assert_hards(&t, "two", "top conf cycle, gone conf unknown");
	assert_hards(&t, "top", "gone conf unknown");
	assert_hards(&t, "other", "top conf dep, gone conf unknown");
	assert_findings(&t, "unknown one gone 1\ncycle one top 1 one -()-> top -(o)->\n");
}

static void test_left_out_modules_declare_nothing(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "harddep p x\nharddep x p\n", { "p", "p", "q", "harddep=x" }, { "q", "q", "p", "conflict=x" },
	    { "x" });
	assert_put(&t, "harddep:x 0 p conf unknown c:2\n");
	assert_hards(&t, "p", "");
	assert_hards(&t, "x", "p conf unknown");
}

static bool reaches(bool *edges, uint32_t n, uint32_t from, uint32_t to, bool *seen)
{
	seen[from] = true;
	for (uint32_t i = 0; i < n; i++)
		if (edges[from * n + i] && (i == to || (!seen[i] && reaches(edges, n, i, to, seen))))
			return true;
	return false;
}

/* Against a plain reading: each edge in its turn, kept if there is no way back. */
static void check_random(unsigned int seed)
{
	enum { N = 12 };
	CLEANUP_TREE struct tree t = { 0 };
	CLEANUP_BUF struct buf conf = { 0 };
	char names[N][4], exports[N][4], imports[N][N * 4 + 1];
	bool want[N * N] = { 0 }, is_symbol[N * N] = { 0 }, hard[N * N] = { 0 };
	struct mod mods[N];

	srand(seed);
	for (uint32_t i = 0; i < N; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "m%02u", i);
		(void)snprintf(exports[i], sizeof(exports[i]), "e%02u", i);
		imports[i][0] = '\0';
		/* Symbols form no cycle: they go against the numbers. */
		for (uint32_t k = 0; k < i; k++)
			if (rand() % 6 == 0) {
				(void)snprintf(imports[i] + strlen(imports[i]), 5, "e%02u ", k);
				want[i * N + k] = is_symbol[i * N + k] = true;
			}
		mods[i] = (struct mod){ names[i], exports[i], imports[i], "" };
	}
	for (uint32_t i = 0; i < N; i++)
		for (uint32_t n = (uint32_t)rand() % 3; n > 0; n--) {
			uint32_t k = (uint32_t)rand() % N;
			bool seen[N] = { 0 };

			if (k == i || hard[i * N + k])
				continue;
			hard[i * N + k] = true;
			buf_printf(&conf, "harddep m%02u m%02u\n", i, k);
			if (!reaches(want, N, k, i, seen))
				want[i * N + k] = true;
		}
	buf_put_u8(&conf, 0);
	fill(&t, mods, N);
	run(&t, (const char *)conf.base);
	for (uint32_t i = 0; i < N; i++) {
		bool got[N] = { 0 };

		for (uint32_t k = 0; k < t.g.modules[i].n_deps; k++) {
			assert_false(got[t.g.modules[i].deps[k]]);
			got[t.g.modules[i].deps[k]] = true;
			assert_true(t.g.modules[i].rank < t.g.modules[t.g.modules[i].deps[k]].rank);
		}
		assert_memory_equal(got, &want[i * N], sizeof(got));
		for (const struct hard *x = t.d.hards[i].first; x; x = x->next) {
			uint32_t k = index_of(&t, x->word->text);

			assert_int_equal(x->fate, is_symbol[i * N + k] ? DECLARED_BY_SYMBOL
						  : want[i * N + k]    ? DECLARED_IN_DEP
								       : DECLARED_CYCLE);
		}
	}
	for (const struct finding *x = t.findings.first; x; x = x->next)
		for (uint32_t k = 0; k < x->n_path; k++) {
			uint32_t from = x->path[k], to = x->path[(k + 1) % x->n_path];

			/* Only the first hop is the one that is not there. */
			assert_int_equal(want[from * N + to], k > 0);
			assert_int_equal(is_symbol[from * N + to], x->symbols[k] != NULL);
		}
}

static void test_random_graphs(void **state)
{
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	print_message("# seed %u\n", seed);
	for (unsigned int i = 0; i < 1500; i++)
		check_random(seed + i);
}

/* Everything needs everything: ends soon, and no cycle is left. */
static void test_a_knot_that_is_too_large(void **state)
{
	enum { N = 600 };
	CLEANUP_TREE struct tree t = { 0 };
	CLEANUP_BUF struct buf conf = { 0 };
	static char names[N][8];
	static struct mod mods[N];
	size_t n_edges = 0, n_unsaid = 0;

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "m%u", i);
		mods[i] = (struct mod){ .name = names[i] };
		buf_printf(&conf, "\nharddep m%u", i);
		for (uint32_t k = 0; k < N; k++)
			buf_printf(&conf, " m%u", k);
	}
	buf_put_u8(&conf, 0);
	fill(&t, mods, N);
	run(&t, (const char *)conf.base);
	for (uint32_t i = 0; i < N; i++) {
		n_edges += t.g.modules[i].n_deps;
		for (uint32_t k = 0; k < t.g.modules[i].n_deps; k++)
			assert_true(t.g.modules[i].rank < t.g.modules[t.g.modules[i].deps[k]].rank);
	}
	for (const struct finding *x = t.findings.first; x; x = x->next)
		n_unsaid += x->n_path == 0;
	assert_true(n_edges > 1000);
	assert_true(n_unsaid > 1000);
}

static void test_conflicts_stand_on_both_sides(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "conflict both-alias z\nconflict nobody a\nconflict a inside\n",
	    { "a", "", "", "alias=both_alias\nconflict=b gone" }, { "b", "", "", "alias=both-alias\nconflict=a" },
	    { "z" });
	assert_put(&t, "conflict:a 0 b a module .modinfo\n"
		       "conflict:a 2 gone a module .modinfo\n"
		       "conflict:a 9 inside a conf c:3\n"
		       "conflict:a 5 z a conf c:1\n"
		       "conflict:b 1 a a module .modinfo\n"
		       "conflict:b 7 z b conf c:1\n"
		       "conflict:inside 10 a a conf c:3\n"
		       "conflict:z 6 a a conf c:1\n"
		       "conflict:z 8 b b conf c:1\n");
	assert_findings(&t, "no-conflict a gone 0\n");
}

static void test_a_shared_alias_excludes_the_others(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "", { "a", "", "", "alias=slot\nconflict=slot\nconflict=a" }, { "b", "", "", "alias=slot\nconflict=slot" });
	assert_put(&t, "conflict:a 0 b a module .modinfo\n"
		       "conflict:b 1 a a module .modinfo\n");
	assert_findings(&t, "bad-conflict a a 0 is the module itself\n");
}

static void test_values_in_order_of_declaration(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RUN(&t, "\nharddep! m z\nharddep m a\n", { "m", "", "", "harddep=y x" }, { "x" }, { "a" }, { "z" });
	assert_put(&t, "harddep:m 0 y module unknown .modinfo\n"
		       "harddep:m 1 x module dep .modinfo\n"
		       "harddep:m 2 z conf! dep c:2\n"
		       "harddep:m 3 a conf dep c:3\n");
}

static void test_nothing_declared(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };
	static const struct depmod_conf none;

	(void)state;
	RUN(&t, "", { "m", "", "", "softdep=x" }, { "x" });
	assert_false(declarations_are_any(&t.g, &none));
	assert_put(&t, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_answer_comes_with_its_closure),
		cmocka_unit_test(test_users_of_the_module_get_it_too),
		cmocka_unit_test(test_tags_and_lines),
		cmocka_unit_test(test_needed_by_symbols_too),
		cmocka_unit_test(test_who_answers),
		cmocka_unit_test(test_too_much_to_look_at),
		cmocka_unit_test(test_taken_back),
		cmocka_unit_test(test_said_twice),
		cmocka_unit_test(test_bad_words),
		cmocka_unit_test(test_too_many_words),
		cmocka_unit_test(test_symbols_win_against_a_cycle),
		cmocka_unit_test(test_of_two_the_later_module_gives_in),
		cmocka_unit_test(test_a_pattern_is_told_once),
		cmocka_unit_test(test_left_out_modules_declare_nothing),
		cmocka_unit_test(test_random_graphs),
		cmocka_unit_test(test_a_knot_that_is_too_large),
		cmocka_unit_test(test_conflicts_stand_on_both_sides),
		cmocka_unit_test(test_a_shared_alias_excludes_the_others),
		cmocka_unit_test(test_values_in_order_of_declaration),
		cmocka_unit_test(test_nothing_declared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
