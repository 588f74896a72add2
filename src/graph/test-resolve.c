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

#include "graph/graph.h"
#include "graph/test-facts.h"

struct mod {
	const char *name;
	const char *exports;
	const char *imports;
};

struct tree {
	struct graph g;
	struct findings findings;
	uint32_t n;
};

/* The modules in array order; options of the graph may be set before. */
static void tree_fill(struct tree *t, const struct mod *mods, uint32_t n)
{
	t->n = n;
	t->g.modules = calloc(n, sizeof(*t->g.modules));
	t->g.n_modules = n;
	for (uint32_t i = 0; i < n; i++)
		t->g.modules[i] = (struct graph_module){
			.name = mods[i].name,
			.path = mods[i].name,
			.facts = made_facts(mods[i].exports, mods[i].imports),
		};
}

static void tree_done(struct tree *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free((void *)(uintptr_t)t->g.modules[i].facts);
	free(t->g.modules);
	graph_done(&t->g);
	findings_done(&t->findings);
}

#define CLEANUP_TREE __attribute__((cleanup(tree_done)))
#define RESOLVE(t, ...)                                                                            \
	do {                                                                                       \
		const struct mod mods[] = { __VA_ARGS__ };                                         \
		tree_fill(t, mods, sizeof(mods) / sizeof(mods[0]));                                \
		assert_int_equal(graph_resolve(&(t)->g, &(t)->findings), 0);                       \
	} while (0)

static uint32_t index_of(const struct tree *t, const char *name)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (strcmp(t->g.modules[i].name, name) == 0)
			return i;
	fail_msg("no module %s", name);
	return 0;
}

static void add_name(char *list, size_t size, const struct tree *t, uint32_t i)
{
	size_t n = strlen(list);

	(void)snprintf(list + n, size - n, "%s%s", n ? " " : "", t->g.modules[i].name);
}

static void assert_deps(const struct tree *t, const char *module, const char *want)
{
	const struct graph_module *m = &t->g.modules[index_of(t, module)];
	char list[400] = "";

	for (uint32_t k = 0; k < m->n_deps; k++)
		add_name(list, sizeof(list), t, m->deps[k]);
	assert_string_equal(list, want);
}

static void assert_closure(const struct tree *t, const char *module, const char *want)
{
	struct graph_walk walk = { 0 };
	const uint32_t *found;
	char list[400] = "";
	int64_t n = graph_closure(&t->g, index_of(t, module), &walk, &found);

	for (int64_t k = 0; k < n; k++)
		add_name(list, sizeof(list), t, found[k]);
	assert_string_equal(list, want);
	graph_walk_done(&walk);
}

/* Names in array order. */
static void assert_left_out(const struct tree *t, const char *want)
{
	char list[400] = "";

	for (uint32_t i = 0; i < t->n; i++)
		if (t->g.modules[i].is_left_out)
			add_name(list, sizeof(list), t, i);
	assert_string_equal(list, want);
}

/* Every module that was not left out has a rank of its own, below those of what it needs. */
static void assert_ranks(const struct tree *t)
{
	uint8_t *seen = calloc(t->n + 1, 1);
	uint32_t n_kept = 0;

	for (uint32_t i = 0; i < t->n; i++)
		n_kept += !t->g.modules[i].is_left_out;
	for (uint32_t i = 0; i < t->n; i++) {
		const struct graph_module *m = &t->g.modules[i];

		if (m->is_left_out) {
			assert_true(m->rank == UINT32_MAX);
			continue;
		}
		assert_true(m->rank < n_kept && !seen[m->rank]);
		seen[m->rank] = 1;
		for (uint32_t k = 0; k < m->n_deps; k++) {
			assert_false(t->g.modules[m->deps[k]].is_left_out);
			assert_true(t->g.modules[m->deps[k]].rank > m->rank);
		}
	}
	free(seen);
}

/* One line a finding: "KIND module other symbol path", '-' for what it has not. */
static void assert_findings(const struct tree *t, const char *want)
{
	static const char *const kinds[] = {
		[FINDING_CYCLE] = "cycle",	     [FINDING_NEEDS_ITSELF] = "itself",
		[FINDING_NEEDS_LEFT_OUT] = "left-out",
	};
	CLEANUP_BUF struct buf text = { 0 };

	for (const struct finding *f = t->findings.first; f; f = f->next) {
		buf_printf(&text, "%s %s %s %s", kinds[f->kind], t->g.modules[f->module].name,
			   f->other == GRAPH_NONE ? "-" : t->g.modules[f->other].name,
			   f->symbol ? f->symbol : "-");
		for (uint32_t k = 0; k < f->n_path; k++)
			buf_printf(&text, " %s/%s", t->g.modules[f->path[k]].name, f->symbols[k]);
		buf_put_u8(&text, '\n');
	}
	buf_put_u8(&text, 0);
	assert_string_equal((const char *)text.base, want);
}

static void test_order_of_first_reference(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "a", "a1 a2", "" }, { "b", "b1 b2", "a1" }, { "c", "c1", "" },
		{ "user", "", "nowhere b2 c1 a2 b1 a1 c1x" });
	assert_deps(&t, "user", "b c a");
	assert_deps(&t, "b", "a");
	assert_deps(&t, "a", "");
	assert_int_equal(t.g.modules[0].n_users, 2); /* modules, not symbols */
	assert_int_equal(t.g.modules[3].n_users, 0);
	assert_ranks(&t);
	assert_findings(&t, "");
}

static void test_last_exporter_wins(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "old", "fn only_old", "" }, { "user", "", "fn only_old" },
		{ "new", "fn", "" }, { "newest", "fn", "" }, { "late", "", "fn" });
	assert_deps(&t, "user", "newest old");
	assert_deps(&t, "late", "newest");
	assert_ranks(&t);
}

static void test_kernel_symbols(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	assert_int_equal(graph_add_kernel_symbol(&t.g, "printk", 0, 0, NULL), 0);
	assert_int_equal(graph_add_kernel_symbol(&t.g, "both", 0, 0, NULL), 0);
	RESOLVE(&t, { "m", "both", "printk" }, { "user", "", "printk both missing ?weak" });
	assert_deps(&t, "m", "");
	assert_deps(&t, "user", "m");
}

static void test_leading_dot(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "m", "fn", "" }, { "user", "", ".fn" }, { "twice", "", "..fn" });
	assert_deps(&t, "user", "m");
	assert_deps(&t, "twice", "");
}

static void test_symbol_prefix(void **state)
{
	CLEANUP_TREE struct tree t = { .g = { .symbol_prefix = '_' } };

	(void)state;
	assert_int_equal(graph_add_kernel_symbol(&t.g, "printk", 0, 0, NULL), 0);
	RESOLVE(&t, { "m", "_fn", "" }, { "user", "", "_fn ._fn _printk" }, { "bare", "", "fn" },
		{ "twice", "", "__fn" });
	assert_deps(&t, "user", "m");
	assert_deps(&t, "bare", "m");
	assert_deps(&t, "twice", "");
}

static void test_needs_itself(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "s", "fn", "fn" }, { "user", "", "fn" }, { "fine", "g", "" },
		{ "fine2", "", "g" });
	assert_left_out(&t, "s user");
	assert_deps(&t, "fine2", "fine");
	assert_findings(&t, "itself s - fn\nleft-out user s fn\n");
	assert_ranks(&t);
}

/* A weak reference to an own symbol is what the linker makes of an own weak definition. */
static void test_weak_import_of_itself(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "a", "fn", "?fn" }, { "user", "", "?fn" });
	assert_left_out(&t, "");
	assert_deps(&t, "a", "");
	assert_deps(&t, "user", "a");
	assert_findings(&t, "");
}

/* 5.1 #3: a <-> b; c needs them, and all else is kept. */
static void test_5_1_3_a_cycle_leaves_others_alone(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "fine", "f", "printk" }, { "a", "a1 a2", "b1" }, { "b", "b1", "x f a2" },
		{ "c", "c1", "f b1" }, { "d", "", "c1" }, { "e", "", "f" });
	assert_left_out(&t, "a b c d");
	assert_deps(&t, "e", "fine");
	assert_findings(&t, "cycle a - - a/b1 b/a2\nleft-out c b b1\nleft-out d c c1\n");
	assert_ranks(&t);
}

/* 5.1 #1: a cycle whose members share other dependencies. */
static void test_5_1_1_cycle_with_shared_dependencies(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "a", "a1", "c1 c2 c3 c4 c5 c6 c7 c8 c9 c10 b1" },
		{ "b", "b1", "c10 c9 c8 c7 c6 c5 c4 c3 c2 c1 a1" }, { "m1", "c1", "" },
		{ "m2", "c2", "c1" }, { "m3", "c3", "" }, { "m4", "c4", "" }, { "m5", "c5", "" },
		{ "m6", "c6", "" }, { "m7", "c7", "" }, { "m8", "c8", "" }, { "m9", "c9", "" },
		{ "m10", "c10", "c9" });
	assert_left_out(&t, "a b");
	assert_deps(&t, "m2", "m1");
	assert_deps(&t, "m10", "m9");
	assert_findings(&t, "cycle a - - a/b1 b/a1\n");
	assert_ranks(&t);
}

/* 5.1 #2: after one cycle a module leads into another. */
static void test_5_1_2_a_cycle_behind_a_cycle(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "p", "p1", "q1 m1" }, { "q", "q1", "p1" }, { "m", "m1", "x1" },
		{ "x", "x1", "y1" }, { "y", "y1", "x1" }, { "fine", "f", "" });
	assert_left_out(&t, "p q m x y");
	assert_findings(&t, "cycle x - - x/y1 y/x1\ncycle p - - p/q1 q/p1\nleft-out m x x1\n");
	assert_ranks(&t);
}

/* One path is told, from the first name on; members that it does not touch say what they need. */
static void test_a_knot(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "z", "z1", "b1" }, { "c", "c1", "z1 d1" }, { "b", "b1", "c1" },
		{ "d", "d1", "b1" });
	assert_left_out(&t, "z c b d");
	assert_findings(&t, "cycle b - - b/c1 c/z1 z/b1\nleft-out d b b1\n");
}

static void test_another_exporter_steps_in(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "old", "fn", "" }, { "a", "fn a1", "b1" }, { "b", "b1", "a1" },
		{ "user", "u1", "fn" }, { "next", "", "u1" });
	assert_left_out(&t, "a b");
	assert_deps(&t, "user", "old");
	assert_deps(&t, "next", "user");
	assert_closure(&t, "next", "user old");
	assert_findings(&t, "cycle a - - a/b1 b/a1\n");
	assert_ranks(&t);
}

static void test_the_kernel_steps_in(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	assert_int_equal(graph_add_kernel_symbol(&t.g, "fn", 0, 0, NULL), 0);
	RESOLVE(&t, { "a", "fn a1", "b1" }, { "b", "b1", "a1" }, { "user", "", "fn" });
	assert_left_out(&t, "a b");
	assert_deps(&t, "user", "");
}

/* Who steps in may close a cycle of its own. */
static void test_who_steps_in_closes_a_cycle(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "old", "fn", "u1" }, { "a", "fn a1", "b1" }, { "b", "b1", "a1" },
		{ "user", "u1", "fn" }, { "fine", "", "" });
	assert_left_out(&t, "old a b user");
	assert_findings(&t, "cycle a - - a/b1 b/a1\ncycle old - - old/u1 user/fn\n");
	assert_ranks(&t);
}

/* A weak import of what was left out stays unresolved, as it would without any exporter. */
static void test_weak_import_of_a_left_out_module(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "a", "a1", "b1" }, { "b", "b1", "a1" }, { "user", "", "?a1 f" },
		{ "fine", "f", "" });
	assert_left_out(&t, "a b");
	assert_deps(&t, "user", "fine");
	assert_closure(&t, "user", "fine");
	assert_ranks(&t);
}

/*
 * Hundreds export fn and need it: the last of them needs itself and is left out, then the last but
 * one does. Work for hundreds of rounds, which would be quadratic in the size of the tree.
 */
static void test_many_rounds_come_to_an_end(void **state)
{
	enum { N = 300 };
	CLEANUP_TREE struct tree t = { 0 };
	static char names[N][16];
	struct mod mods[N + 2];

	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "m%03u", i);
		mods[i] = (struct mod){ names[i], "fn", "fn" };
	}
	mods[N] = (struct mod){ "fine", "fine1", "" };
	mods[N + 1] = (struct mod){ "user", "", "fine1" };
	tree_fill(&t, mods, N + 2);
	assert_int_equal(graph_resolve(&t.g, &t.findings), 0);
	for (uint32_t i = 0; i < N; i++)
		assert_true(t.g.modules[i].is_left_out);
	assert_deps(&t, "user", "fine");
	assert_ranks(&t);
}

/*
 * Numbers by hand: users first. Those that nobody needs are stacked in array order, the last one
 * is taken first; what loses its last user goes on top.
 */
static void test_ranks(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	/* a <- b, c; b, c <- d; e <- d, f; f and d are needed by nobody, and g stands alone */
	RESOLVE(&t, { "e", "e1", "" }, { "a", "a1", "" }, { "b", "b1", "a1" }, { "c", "c1", "a1" },
		{ "d", "", "b1 c1 e1" }, { "f", "", "e1" }, { "g", "", "" });
	/* Stack d f g: g 0, f 1, d 2; d frees b, c and e, taken from the top: e 3, c 4, b 5, a 6. */
	assert_int_equal(t.g.modules[6].rank, 0);
	assert_int_equal(t.g.modules[5].rank, 1);
	assert_int_equal(t.g.modules[4].rank, 2);
	assert_int_equal(t.g.modules[0].rank, 3);
	assert_int_equal(t.g.modules[3].rank, 4);
	assert_int_equal(t.g.modules[2].rank, 5);
	assert_int_equal(t.g.modules[1].rank, 6);
	assert_closure(&t, "d", "e c b a");
	assert_closure(&t, "b", "a");
	assert_closure(&t, "a", "");
}

static void test_closure_of_a_diamond(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "base", "base1", "" }, { "left", "left1", "base1" },
		{ "right", "right1", "base1 left1" }, { "top", "", "base1 left1 right1" });
	assert_deps(&t, "top", "base left right");
	assert_closure(&t, "top", "right left base");
}

/* One walk serves many closures. */
static void test_walk_again(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };
	struct graph_walk walk = { 0 };
	const uint32_t *found;

	(void)state;
	RESOLVE(&t, { "a", "a1", "" }, { "b", "b1", "a1" }, { "c", "", "b1" });
	walk.generation = UINT32_MAX - 2;
	for (int i = 0; i < 6; i++) {
		assert_int_equal(graph_closure(&t.g, 2, &walk, &found), 2);
		assert_int_equal(found[0], 1);
		assert_int_equal(found[1], 0);
		assert_int_equal(graph_closure(&t.g, 0, &walk, &found), 0);
	}
	graph_walk_done(&walk);
	graph_walk_done(NULL);
}

/* A chain as deep as it gets: no step of the work may recurse. @closes makes it a circle. */
static void chain(struct tree *t, uint32_t n, bool closes)
{
	struct mod *mods = calloc(n, sizeof(*mods));
	char(*text)[3][16] = calloc(n, sizeof(*text));

	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(text[i][0], 16, "m%05u", i);
		(void)snprintf(text[i][1], 16, "s%u", i);
		(void)snprintf(text[i][2], 16, "s%u", (i + 1) % n);
		mods[i] = (struct mod){ text[i][0], text[i][1],
					i + 1 < n || closes ? text[i][2] : "" };
	}
	tree_fill(t, mods, n);
	assert_int_equal(graph_resolve(&t->g, &t->findings), 0);
	for (uint32_t i = 0; i < n; i++)
		t->g.modules[i].name = t->g.modules[i].path = "m";
	free(mods);
	free(text);
}

static void test_deep_chain(void **state)
{
	enum { N = 50000 };
	CLEANUP_TREE struct tree t = { 0 };
	struct graph_walk walk = { 0 };
	const uint32_t *found;

	(void)state;
	chain(&t, N, false);
	assert_ranks(&t);
	assert_int_equal(graph_closure(&t.g, 0, &walk, &found), N - 1);
	for (uint32_t i = 0; i < N - 1; i++)
		assert_int_equal(found[i], i + 1);
	graph_walk_done(&walk);
}

static void test_deep_circle(void **state)
{
	enum { N = 50000 };
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	chain(&t, N, true);
	for (uint32_t i = 0; i < N; i++)
		assert_true(t.g.modules[i].is_left_out);
	assert_int_equal(t.findings.first->kind, FINDING_CYCLE);
	assert_int_equal(t.findings.first->n_path, N);
	assert_null(t.findings.first->next);
}

/* Random modules beside what follows from the definition, with a table of who reaches whom. */
enum { R = 24 };

struct model {
	bool reaches[R][R];
	bool left_out[R];
};

static void model_fill(struct model *m, const bool needs[R][R], uint32_t n)
{
	*m = (struct model){ 0 };
	memcpy(m->reaches, needs, sizeof(m->reaches));
	for (uint32_t k = 0; k < n; k++)
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t j = 0; j < n; j++)
				m->reaches[i][j] |= m->reaches[i][k] && m->reaches[k][j];
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t j = 0; j < n; j++)
			m->left_out[i] |= m->reaches[j][j] && (i == j || m->reaches[i][j]);
}

static void check_model(const struct tree *t, const struct model *m)
{
	struct graph_walk walk = { 0 };

	for (uint32_t i = 0; i < t->n; i++) {
		bool in_closure[R] = { 0 };
		const uint32_t *found;
		int64_t n;

		assert_int_equal(t->g.modules[i].is_left_out, m->left_out[i]);
		if (m->left_out[i])
			continue;
		n = graph_closure(&t->g, i, &walk, &found);
		for (int64_t k = 0; k < n; k++) {
			assert_true(k == 0 || t->g.modules[found[k - 1]].rank <
						      t->g.modules[found[k]].rank);
			in_closure[found[k]] = true;
		}
		for (uint32_t j = 0; j < t->n; j++)
			assert_int_equal(in_closure[j], m->reaches[i][j]);
	}
	graph_walk_done(&walk);
}

static void random_tree(uint32_t n, long percent)
{
	CLEANUP_TREE struct tree t = { 0 };
	static char names[R][8], exports[R][8], imports[R][R * 5];
	bool needs[R][R] = { 0 };
	struct mod mods[R];
	struct model m;

	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "m%u", i);
		(void)snprintf(exports[i], sizeof(exports[i]), "s%u", i);
		imports[i][0] = '\0';
		for (uint32_t j = 0; j < n; j++) {
			size_t at = strlen(imports[i]);

			/* Few edges lead back, so that there are modules outside of cycles. */
			needs[i][j] = random() % 100 < (j > i ? percent : percent / 8);
			if (needs[i][j])
				(void)snprintf(imports[i] + at, sizeof(imports[i]) - at, " s%u", j);
		}
		mods[i] = (struct mod){ names[i], exports[i], imports[i] };
	}
	model_fill(&m, needs, n);
	tree_fill(&t, mods, n);
	assert_int_equal(graph_resolve(&t.g, &t.findings), 0);
	check_model(&t, &m);
	assert_ranks(&t);
}

static void test_random(void **state)
{
	const char *given = getenv("TEST_SEED");
	unsigned int seed = (unsigned int)(given ? strtol(given, NULL, 10) : time(NULL));

	(void)state;
	(void)printf("# TEST_SEED=%u\n", seed);
	srandom(seed);
	for (uint32_t round = 0; round < 3000; round++)
		random_tree(1 + (uint32_t)random() % R, 2 + random() % 16);
}

static void test_no_modules(void **state)
{
	struct graph g = { 0 };
	struct findings findings = { 0 };

	(void)state;
	assert_int_equal(graph_resolve(&g, &findings), 0);
	assert_null(findings.first);
	assert_null(graph_find_symbol(&g, "fn", hash_name("fn", 2)));
	graph_done(&g);
	graph_done(NULL);
	findings_done(&findings);
	findings_done(NULL);
}

static void test_symbol_between(void **state)
{
	CLEANUP_TREE struct tree t = { 0 };

	(void)state;
	RESOLVE(&t, { "a", "a1 a2", "" }, { "b", "", "x .a2 a1" });
	assert_string_equal(graph_symbol_between(&t.g, 1, 0), "a2");
	assert_string_equal(graph_symbol_between(&t.g, 0, 1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_first_reference),
		cmocka_unit_test(test_last_exporter_wins),
		cmocka_unit_test(test_kernel_symbols),
		cmocka_unit_test(test_leading_dot),
		cmocka_unit_test(test_symbol_prefix),
		cmocka_unit_test(test_needs_itself),
		cmocka_unit_test(test_weak_import_of_itself),
		cmocka_unit_test(test_5_1_1_cycle_with_shared_dependencies),
		cmocka_unit_test(test_5_1_2_a_cycle_behind_a_cycle),
		cmocka_unit_test(test_5_1_3_a_cycle_leaves_others_alone),
		cmocka_unit_test(test_a_knot),
		cmocka_unit_test(test_another_exporter_steps_in),
		cmocka_unit_test(test_the_kernel_steps_in),
		cmocka_unit_test(test_who_steps_in_closes_a_cycle),
		cmocka_unit_test(test_weak_import_of_a_left_out_module),
		cmocka_unit_test(test_many_rounds_come_to_an_end),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_closure_of_a_diamond),
		cmocka_unit_test(test_walk_again),
		cmocka_unit_test(test_deep_chain),
		cmocka_unit_test(test_deep_circle),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_no_modules),
		cmocka_unit_test(test_symbol_between),
	};

	return cmocka_run_group_tests_name("graph resolve", tests, NULL, NULL);
}
