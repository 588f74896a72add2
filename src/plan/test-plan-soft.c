/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "plan/test-plan.h"

/* Modules that need nothing; and some that do: n_X needs X. */
static const struct module modules[] = {
	{ "a", "" },	{ "b", "" },   { "c", "" },   { "d", "" },	{ "e", "" },
	{ "n_a", "a" }, { "n_b", "b" }, { "gone", "", .file_error = -ENOENT },
	{ "on_gone", "gone" }, { "live", "", PLAN_LIVE }, { 0 },
};

static struct world with(const char *conf)
{
	return (struct world){ modules, .conf = conf };
}

static void test_around(void **state)
{
	const struct world w = with("softdep a pre: b c post: d e\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+b +c +a +d +e");
	assert_string_equal(reasons_text(&run, "b"), "pre(a:b)@conf:1");
	assert_string_equal(reasons_text(&run, "e"), "post(a:e)@conf:1");
	assert_string_equal(needs_text(&run, "a"), "");
	assert_false(step_of(&run, "b")->is_required);
	assert_false(step_of(&run, "b")->is_goal);
	assert_int_equal(run.plan->n_notes, 0);
}

/* kmod heeds the first line only, and of it no word before "pre:". */
static void test_all_lines_count(void **state)
{
	const struct world w = with("softdep a pre: b\nsoftdep a c\nsoftdep [ax] post: d pre: e\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+b +c +e +a +d");
	assert_string_equal(reasons_text(&run, "c"), "pre(a:c)@conf:2");
	assert_string_equal(reasons_text(&run, "d"), "post(a:d)@conf:3");
}

/* What modules say of themselves, and what the administrator adds or takes back. */
static void test_tags_and_clearing(void **state)
{
	struct world w = { modules, .tags = "softdep a pre: b\nsoftdep a c\nsoftdep d pre: e\n" };

	(void)state;
	expect_steps(&w, "a", "+b +c +a");
	w.conf = "softdep a post: d\n";
	expect_steps(&w, "a", "+b +c +a +e +d");
	w.conf = "softdep a\nsoftdep a pre: e\n";
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+e +a");
	assert_string_equal(reasons_text(&run, "e"), "pre(a:e)@conf:2");
	expect_steps(&w, "d", "+e +d");
}

static void test_of_what_is_needed(void **state)
{
	const struct world w = with("softdep a pre: b post: c\nsoftdep n_a pre: d\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "n_a");
	assert_string_equal(steps_text(&run), "+b +a +c +d +n_a");
	assert_string_equal(needs_text(&run, "n_a"), "a");
	assert_true(step_of(&run, "a")->is_required);
	assert_false(step_of(&run, "c")->is_required);
}

/* A word's own chain comes along, with its soft dependencies. */
static void test_closure(void **state)
{
	const struct world w = with("softdep c pre: n_a\nsoftdep a pre: d\nsoftdep d post: e\n");

	(void)state;
	expect_steps(&w, "c", "+d +e +a +n_a +c");
}

/* The owner is needed by its own soft dependency: kmod loads a first and then c, and both twice. */
static void test_pre_that_needs_its_owner(void **state)
{
	const struct world w = with("softdep a pre: n_a\n");
	static const char *const goals[] = { "a", "n_a" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP_RUN struct run run = world_plan(&w, goals[i]);

		assert_string_equal(steps_text(&run), "+a +n_a");
		assert_string_equal(notes_text(&run), "cut(a,n_a)@conf:1");
		assert_string_equal(needs_text(&run, "n_a"), "a");
	}
}

static void test_names_itself(void **state)
{
	const struct world w = with("softdep a pre: a b post: a\n");

	(void)state;
	expect_steps(&w, "a", "+b +a");
	expect_notes(&w, "a", "");
}

/* Two that name each other, in all ways: the order hangs on names, not on who was asked for. */
static void test_cycles_of_two(void **state)
{
	static const struct {
		const char *conf, *steps, *notes;
	} cases[] = {
		{ "softdep a pre: b\nsoftdep b pre: a\n", "+a +b", "cut(a,b)@conf:1" },
		{ "softdep b pre: a\nsoftdep a pre: b\n", "+a +b", "cut(a,b)@conf:2" },
		{ "softdep a post: b\nsoftdep b post: a\n", "+a +b", "cut(b,a)@conf:2" },
		/* Both want the same order: nothing to cut. */
		{ "softdep a pre: b\nsoftdep b post: a\n", "+b +a", "" },
		{ "softdep a post: b\nsoftdep b pre: a\n", "+a +b", "" },
		/* One line contradicts itself. */
		{ "softdep a pre: b post: b\n", "+a +b", "cut(a,b)@conf:1" },
	};
	static const char *const goals[] = { "a", "b", "a b", "b a" };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct world w = with(cases[i].conf);

		for (size_t g = 0; g < (i < 5 ? 4 : 1); g++) {
			expect_steps(&w, goals[g], cases[i].steps);
			expect_notes(&w, goals[g], cases[i].notes);
		}
	}
}

static void test_longer_cycles(void **state)
{
	static const char *const goals[] = { "a", "b", "c", "c a", "b c a" };
	const struct world ring = with("softdep c pre: a\nsoftdep a pre: b\nsoftdep b pre: c\n");
	/* Through what is needed: n_a needs a, a wants c before, c wants n_a before. */
	const struct world mixed = with("softdep a pre: c\nsoftdep c pre: n_a\n");

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		expect_steps(&ring, goals[i], "+a +c +b");
		expect_notes(&ring, goals[i], "cut(a,b)@conf:2");
	}
	expect_steps(&mixed, "a", "+a +n_a +c");
	expect_steps(&mixed, "c", "+a +n_a +c");
	expect_notes(&mixed, "n_a", "cut(a,c)@conf:1");
}

/* Only who stands in the cycle gives way. */
static void test_cycle_beside_order(void **state)
{
	const struct world w = with("softdep b pre: c\nsoftdep c pre: b\nsoftdep d pre: b\n"
				    "softdep b pre: a\nsoftdep c post: e\n");

	(void)state;
	expect_steps(&w, "d", "+a +b +c +e +d");
	expect_notes(&w, "d", "cut(b,c)@conf:1");
}

static void test_nothing_answers(void **state)
{
	const struct world w = with("softdep a pre: nosuch bad[name b post: pci:x\n");

	(void)state;
	expect_steps(&w, "a", "+b +a");
	expect_notes(&w, "a", "unknown(a,nosuch)@conf:1 unknown(a,pci:x)@conf:1");
}

/* A soft dependency that cannot be loaded is left out, with what it alone would have brought. */
static void test_refused(void **state)
{
	const struct world w = with("softdep a pre: gone on_gone b\nsoftdep on_gone pre: c\n");

	(void)state;
	expect_steps(&w, "a", "+b +a");
	expect_notes(&w, "a", "refused(a,gone)no-file@conf:1 refused(a,on_gone)needs@conf:1");
}

static void test_alias_word(void **state)
{
	static const struct alias aliases[] = { { "crypto_x", "b c d", PLAN_BY_ALIAS }, { 0 } };
	struct world w = { modules, aliases, .conf = "softdep a pre: crypto-x e\n" };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+b +c +d +e +a");
	assert_string_equal(reasons_text(&run, "c"), "pre(a:crypto-x)@conf:1");
	w.conf = "softdep a pre: crypto_x e\nblacklist c\n";
	expect_steps(&w, "a", "+b +d +e +a");
	CLEANUP_RUN struct run listed = world_plan(&w, "a");
	assert_int_equal(listed.plan->n_notes, 1);
	assert_int_equal(listed.plan->notes[0].kind, PLAN_NOTE_BLACKLISTED);
	assert_string_equal(listed.plan->notes[0].b, "c");
	assert_int_equal(listed.plan->notes[0].rule->line, 2);
}

/* A blacklist is about aliases: a word that is a name counts, whether -b is given or not. */
static void test_blacklisted_word(void **state)
{
	struct world w = with("softdep a pre: b\nblacklist b\n");

	(void)state;
	expect_steps(&w, "a", "+b +a");
	w.options.use_blacklist = true;
	expect_steps(&w, "a", "+b +a");
	/* Asked for by name as well, where it is left out: it is still a word of a's. */
	expect_steps(&w, "b a", "+b +a");
	expect_steps(&w, "a b", "+b +a");
	CLEANUP_RUN struct run run = world_plan(&w, "b a");
	assert_string_equal(goal_text(&run, 0), "-");
	assert_string_equal(step_of(&run, "b")->path, DIRECTORY "b.ko");
}

/* What is live has had its soft dependencies loaded. */
static void test_of_live(void **state)
{
	const struct world w = with("softdep live pre: a\nsoftdep b pre: live\n");

	(void)state;
	expect_steps(&w, "live", "=live");
	expect_steps(&w, "b", "=live +b");
}

static void test_goal_that_is_soft_too(void **state)
{
	const struct world w = with("softdep a pre: b\nsoftdep c post: a\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "c a b");
	assert_string_equal(steps_text(&run), "+c +b +a");
	assert_string_equal(reasons_text(&run, "b"), "goal(b) pre(a:b)@conf:1");
	assert_string_equal(reasons_text(&run, "a"), "goal(a) post(c:a)@conf:2");
	assert_true(step_of(&run, "b")->is_required);
}

/* --ignore-install: the goal's own lines do not count, as in kmod; those of others do. */
static void test_ignore_commands(void **state)
{
	struct world w = with("softdep n_a pre: b\nsoftdep a pre: c\n");

	(void)state;
	w.options.ignore_commands = true;
	expect_steps(&w, "n_a", "+c +a +n_a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_around),
		cmocka_unit_test(test_all_lines_count),
		cmocka_unit_test(test_tags_and_clearing),
		cmocka_unit_test(test_of_what_is_needed),
		cmocka_unit_test(test_closure),
		cmocka_unit_test(test_pre_that_needs_its_owner),
		cmocka_unit_test(test_names_itself),
		cmocka_unit_test(test_cycles_of_two),
		cmocka_unit_test(test_longer_cycles),
		cmocka_unit_test(test_cycle_beside_order),
		cmocka_unit_test(test_nothing_answers),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_alias_word),
		cmocka_unit_test(test_blacklisted_word),
		cmocka_unit_test(test_of_live),
		cmocka_unit_test(test_goal_that_is_soft_too),
		cmocka_unit_test(test_ignore_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
