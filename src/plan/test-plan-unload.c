/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "plan/test-plan.h"

/* c needs b needs a, all live; d is used by something that is no module; u uses a by no symbol. */
static const struct module modules[] = {
	{ "a", "", PLAN_LIVE, 1, "b" },
	{ "b", "a", PLAN_LIVE, 1, "c" },
	{ "c", "b a", PLAN_LIVE },
	{ "d", "", PLAN_LIVE, 2 },
	{ "s", "", PLAN_LIVE },
	{ "t", "", PLAN_LIVE },
	{ "absent", "a" },
	{ "fixed", "", PLAN_BUILTIN },
	{ 0 },
};
static const struct alias aliases[] = { { "pci:x", "t absent s", PLAN_BY_ALIAS }, { 0 } };

static struct world with(const char *conf)
{
	return (struct world){ modules, aliases, "built", .conf = conf,
			       .options = { .is_unload = true } };
}

/* kmod leaves a. */
static void test_chain(void **state)
{
	const struct world w = with(NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "c");
	assert_string_equal(steps_text(&run), "-c -b? -a?");
	assert_string_equal(reasons_text(&run, "c"), "goal(c)");
	assert_string_equal(reasons_text(&run, "b"), "needs(c)");
	assert_string_equal(needs_text(&run, "b"), "c");
	assert_string_equal(needs_text(&run, "a"), "b");
	assert_true(step_of(&run, "c")->is_required);
	assert_false(step_of(&run, "a")->is_required);
}

static void test_in_use(void **state)
{
	const struct world w = with(NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "b d s");
	assert_string_equal(steps_text(&run), "x:in-use:b x:in-use:d -s");
	assert_int_equal(step_of(&run, "b")->n_users, 1);
	assert_string_equal(step_of(&run, "b")->holders, "c");
	assert_int_equal(step_of(&run, "d")->n_users, 2);
	assert_string_equal(step_of(&run, "d")->holders, "");
}

/* Goals free each other: the order in which they were given is of no matter. */
static void test_goals_that_use_each_other(void **state)
{
	const struct world w = with(NULL);
	static const char *const goals[] = { "a b c", "c b a", "b a c" };

	(void)state;
	for (size_t i = 0; i < 3; i++)
		expect_steps(&w, goals[i], "-c -b -a");
	CLEANUP_RUN struct run run = world_plan(&w, "a b");
	assert_string_equal(steps_text(&run), "x:in-use:b x:in-use:a");
	assert_string_equal(step_of(&run, "a")->holders, "b");
	assert_string_equal(step_of(&run, "b")->holders, "c");
}

static void test_shared(void **state)
{
	static const struct module shared[] = {
		{ "base", "", PLAN_LIVE, 2, "one two" }, { "one", "base", PLAN_LIVE },
		{ "two", "base", PLAN_LIVE }, { 0 }
	};
	const struct world w = { shared, .options = { .is_unload = true } };

	(void)state;
	expect_steps(&w, "one", "-one");
	CLEANUP_RUN struct run run = world_plan(&w, "base two");
	assert_string_equal(steps_text(&run), "-two x:in-use:base");
	assert_string_equal(step_of(&run, "base")->holders, "one");
	expect_steps(&w, "two one", "-two -one -base?");
}

static void test_with_holders(void **state)
{
	struct world w = with(NULL);

	(void)state;
	w.options.with_holders = true;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "-c -b -a");
	assert_string_equal(reasons_text(&run, "c"), "holder(b)");
	assert_true(step_of(&run, "c")->is_required);
	assert_false(step_of(&run, "c")->is_goal);
	expect_steps(&w, "d", "x:in-use:d");
}

/* s is first known as what t needs, and later as a user of what uses g: x has to go as well. */
static void test_with_holders_known_before(void **state)
{
	static const struct module known[] = {
		{ "t", "s h2 h1 g", PLAN_LIVE },	{ "s", "h2 h1 g", PLAN_LIVE, 2, "t x" },
		{ "h2", "h1 g", PLAN_LIVE, 1, "s" }, { "h1", "g", PLAN_LIVE, 1, "h2" },
		{ "g", "", PLAN_LIVE, 1, "h1" },	{ "x", "s h2 h1 g", PLAN_LIVE }, { 0 }
	};
	const struct world w = { known, .options = { .is_unload = true, .with_holders = true } };

	(void)state;
	expect_steps(&w, "t g", "-t -x -s -h2 -h1 -g");
	expect_steps(&w, "g t", "-x -t -s -h2 -h1 -g");
	expect_steps(&w, "g", "-x -t -s -h2 -h1 -g");
}

/* A holder that stays keeps what it uses. */
static void test_holder_in_use(void **state)
{
	static const struct module held[] = {
		{ "a", "", PLAN_LIVE, 2, "b c" }, { "b", "a", PLAN_LIVE },
		{ "c", "a s", PLAN_LIVE, 1 }, { "s", "", PLAN_LIVE, 1, "c" }, { 0 }
	};
	const struct world w = { held, .options = { .is_unload = true, .with_holders = true } };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_non_null(step_of(&run, "a"));
	assert_int_equal(step_of(&run, "a")->refusal, PLAN_REFUSE_IN_USE);
	assert_string_equal(step_of(&run, "a")->holders, "b, c");
	assert_null(step_of(&run, "b"));
	assert_int_equal(step_of(&run, "c")->refusal, PLAN_REFUSE_IN_USE);
	assert_string_equal(reasons_text(&run, "c"), "holder(a)");
	assert_null(step_of(&run, "s"));
}

static void test_force(void **state)
{
	struct world w = with(NULL);

	(void)state;
	w.options.force = true;
	expect_steps(&w, "d", "-d");
	expect_steps(&w, "b", "-b -a?");
}

static void test_nothing_to_do(void **state)
{
	struct world w = with(NULL);

	(void)state;
	expect_steps(&w, "absent", ".absent");
	expect_steps(&w, "built fixed", "x:builtin:built x:builtin:fixed");
	w.options.must_change = true;
	expect_steps(&w, "absent", "x:not-loaded:absent");
	expect_steps(&w, "c", "-c -b? -a?");
}

/* What was loaded for the sake of another, in the mirror of the order of loading. */
static void test_soft(void **state)
{
	const struct world w = with("softdep c pre: s post: t\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "c");
	assert_string_equal(steps_text(&run), "-t? -c -s? -b? -a?");
	assert_string_equal(reasons_text(&run, "t"), "post(c:t)@conf:1");
	assert_string_equal(needs_text(&run, "c"), "");
	const struct world used = with("softdep c pre: d post: absent built\n");
	expect_steps(&used, "c", "-c -b? -a?");
	/* d stays, and what it was to bring along with it. */
	const struct world stays = with("softdep c pre: d\nsoftdep d pre: s post: t\n");
	expect_steps(&stays, "c", "-c -b? -a?");
}

/* kmod runs into a stack overflow. */
static void test_soft_cycles(void **state)
{
	static const char *const lines[] = {
		"softdep s pre: t\nsoftdep t pre: s\n", "softdep s post: t\nsoftdep t post: s\n",
		"softdep s pre: t\nsoftdep t post: s\n", "softdep s post: t\nsoftdep t pre: s\n",
	};
	/* The mirror of the order of loading: "s t" loaded is "t s" removed. */
	static const char *const mirrored[] = { "t s", "t s", "s t", "t s" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct world w = with(lines[i]);
		struct world load = w;
		char want[64];
		const char *first = mirrored[i];

		load.options.is_unload = false;
		load.options.ignore_loaded = true;
		(void)snprintf(want, sizeof(want), "+%c +%c", first[2], first[0]);
		expect_steps(&load, "s", want);
		(void)snprintf(want, sizeof(want), "-%c%s -%c%s", first[0], first[0] == 's' ? "" : "?",
			       first[2], first[2] == 's' ? "" : "?");
		expect_steps(&w, "s", want);
		(void)snprintf(want, sizeof(want), "-%c%s -%c%s", first[0], first[0] == 't' ? "" : "?",
			       first[2], first[2] == 't' ? "" : "?");
		expect_steps(&w, "t", want);
	}
}

static void test_refused_takes_nothing_along(void **state)
{
	const struct world w = with("softdep d pre: s post: t\nsoftdep b post: t\n");

	(void)state;
	expect_steps(&w, "d", "x:in-use:d");
	expect_steps(&w, "b", "x:in-use:b");
	const struct world both = with("softdep d pre: s\nsoftdep t pre: s\n");
	expect_steps(&both, "d t", "x:in-use:d -t -s?");
}

static void test_remove_rule(void **state)
{
	struct world w = with("remove c stop c\nremove absent stop it\nremove d* stop d\n"
			      "softdep c post: t\nremove b stop b\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "c");
	assert_int_equal(step_of(&run, "c")->action, PLAN_RUN_REMOVE);
	assert_string_equal(step_of(&run, "c")->command, "stop c");
	assert_int_equal(step_of(&run, "c")->rule->line, 1);
	expect_steps(&w, "absent", "~absent");
	expect_steps(&w, "d", "~d"); /* in use: the command knows what to do */
	w.options.ignore_commands = true;
	expect_steps(&w, "d", "x:in-use:d");
	w.options.ignore_commands = false;
	w.conf = "remove d stop d\nremove s stop s\nsoftdep c pre: d s\n";
	expect_steps(&w, "c", "-c ~s? -b? -a?");
}

static void test_name_of_a_command(void **state)
{
	const struct world w = with("remove service stop it\n");

	(void)state;
	expect_steps(&w, "service", "~service");
}

static void test_answers(void **state)
{
	struct world w = with("blacklist t\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "pci:x");
	assert_string_equal(steps_text(&run), "-t .absent -s");
	assert_string_equal(goal_text(&run, 0), "t absent s");
	CLEANUP_RUN struct run none = world_plan(&w, "nosuch");
	assert_string_equal(goal_text(&none, 0), "none");
}

/* Rules against loading are none against removal. */
static void test_mask_and_allow(void **state)
{
	const struct world w = with("mask c\nallow nothing\n");

	(void)state;
	expect_steps(&w, "c", "-c -b? -a?");
}

static void test_coming_and_going(void **state)
{
	static const struct module passing[] = { { "x", "", PLAN_COMING, 1 }, { "y", "", PLAN_GOING }, { 0 } };
	const struct world w = { passing, .options = { .is_unload = true } };

	(void)state;
	expect_steps(&w, "y", "-y");
	CLEANUP_RUN struct run run = world_plan(&w, "x");
	assert_int_equal(step_of(&run, "x")->refusal, PLAN_REFUSE_IN_USE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_in_use),
		cmocka_unit_test(test_goals_that_use_each_other),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_with_holders),
		cmocka_unit_test(test_with_holders_known_before),
		cmocka_unit_test(test_holder_in_use),
		cmocka_unit_test(test_force),
		cmocka_unit_test(test_nothing_to_do),
		cmocka_unit_test(test_soft),
		cmocka_unit_test(test_soft_cycles),
		cmocka_unit_test(test_refused_takes_nothing_along),
		cmocka_unit_test(test_remove_rule),
		cmocka_unit_test(test_name_of_a_command),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_mask_and_allow),
		cmocka_unit_test(test_coming_and_going),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
