/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "plan/test-plan.h"

/*
 * All live. user uses top by its symbols; top, top2 and mid have their words from the tests. lined and
 * deep have lines with hard dependencies in them, sym uses base by symbols.
 */
static const struct module modules[] = {
	{ "user", "top", PLAN_LIVE }, { "top", "", PLAN_LIVE, 1, "user" }, { "top2", "", PLAN_LIVE },
	{ "mid", "", PLAN_LIVE }, { "base", "", PLAN_LIVE }, { "other", "", PLAN_LIVE },
	{ "held", "", PLAN_LIVE, 1 }, { "gone", "" },
	{ "lined", "mid base", PLAN_LIVE }, { "deep", "base", PLAN_LIVE },
	{ "sym", "mid used", PLAN_LIVE }, { "used", "", PLAN_LIVE, 1, "sym" }, { 0 },
};
static const struct alias aliases[] = {
	{ "x:two", "base other", PLAN_BY_ALIAS }, { "x:held", "base held", PLAN_BY_ALIAS },
	{ "x:gone", "base gone", PLAN_BY_ALIAS }, { "x:mixed", "base", PLAN_BY_ALIAS },
	{ "x:mixed", "fixed", PLAN_BY_BUILTIN_ALIAS }, { 0 },
};

static struct world with(const struct hard *hards, const char *conf)
{
	return (struct world){ modules, aliases, .builtins = "fixed", .conf = conf, .hards = hards,
			       .options = { .is_unload = true } };
}

/* Its users hold no reference that could tell that it is used: it goes only where that is asked for. */
static void test_not_taken_along(void **state)
{
	static const struct hard hards[] = { { "top2", "base" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	expect_steps(&w, "top2", "-top2");
	w.options.with_hard_deps = true;
	CLEANUP_RUN struct run run = world_plan(&w, "top2");
	assert_string_equal(steps_text(&run), "-top2 -base?");
	assert_string_equal(reasons_text(&run, "base"), "hard(top2:base)@h:1");
	assert_string_equal(needs_text(&run, "base"), "top2");
}

/* Where it stands in the line, and what it brought into the line, by symbols or hard dependencies. */
static void test_in_line(void **state)
{
	static const struct hard hards[] = { { "lined", "mid", .is_in_line = true },
					     { "mid", "base", .is_in_line = true },
					     { "sym", "mid", .is_in_line = true }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	expect_steps(&w, "lined", "-lined");
	expect_steps(&w, "sym", "-sym -used?"); /* symbols of its own, behind the other in the line */
	expect_steps(&w, "lined sym mid", "-lined -sym -used? -mid");
	w.options.with_hard_deps = true;
	expect_steps(&w, "lined sym", "-lined -sym -used? -mid? -base?");
	static const struct hard symbol[] = { { "sym", "mid", .is_in_line = true },
					     { "sym", "used", .is_by_symbol = true }, { 0 } };
	const struct world needed = with(symbol, NULL);
	expect_steps(&needed, "sym", "-sym -used?");
}

static void test_refused(void **state)
{
	static const struct hard hards[] = { { "top", "base" }, { "top2", "x:mixed" }, { "mid", "x:gone" },
					     { "gone", "base" }, { "sym", "base", .is_dropped = true },
					     { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "base other");
	assert_string_equal(steps_text(&run), "x:hard-used:base -other");
	assert_string_equal(step_of(&run, "base")->holders, "top, mid"); /* fixed serves top2 */
	assert_string_equal(refusal_text(&run, "base"), "base@h:1");
	assert_true(step_of(&run, "base")->is_required);
}

static void test_shared(void **state)
{
	static const struct hard hards[] = { { "top2", "base" }, { "mid", "base" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	for (int with_deps = 0; with_deps < 2; with_deps++) {
		w.options.with_hard_deps = with_deps;
		expect_steps(&w, "top2", "-top2");
		expect_steps(&w, "base top2", "-top2 x:hard-used:base");
		expect_steps(&w, "top2 mid", with_deps ? "-top2 -mid -base?" : "-top2 -mid");
		expect_steps(&w, "base mid top2", "-mid -top2 -base");
	}
	CLEANUP_RUN struct run run = world_plan(&w, "base top2");
	assert_string_equal(step_of(&run, "base")->holders, "mid");
	assert_string_equal(refusal_text(&run, "base"), "base@h:2");
}

/* What was loaded for another's sake stays where a live module declares a need of it. */
static void test_soft_and_needed(void **state)
{
	static const struct hard hards[] = { { "top2", "base" }, { "held", "used" }, { 0 } };
	const struct world w = with(hards, "softdep other pre: base\n");

	(void)state;
	expect_steps(&w, "other", "-other");
	expect_steps(&w, "sym", "-sym -mid?");
	expect_steps(&w, "other top2", "-other -top2 -base?");
}

static void test_with_holders(void **state)
{
	static const struct hard hards[] = { { "top", "base" }, { "mid", "top" }, { "other", "x:gone" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	w.options.with_holders = true;
	CLEANUP_RUN struct run run = world_plan(&w, "base");
	assert_non_null(step_of(&run, "user")); /* by symbols, of a hard user */
	assert_non_null(step_of(&run, "mid"));
	assert_string_equal(reasons_text(&run, "top"), "hard-user(base:base)@h:1 needs(user)");
	assert_string_equal(reasons_text(&run, "user"), "holder(top)");
	assert_string_equal(reasons_text(&run, "mid"), "hard-user(top:top)@h:2");
	assert_string_equal(needs_text(&run, "base"), "top other");
	assert_true(step_of(&run, "mid")->is_required);
	assert_false(step_of(&run, "mid")->if_unused);
	assert_string_equal(steps_text(&run), "-other -mid -user -top -base");
}

/* A user that has to stay keeps what it needs, and is the one to tell. */
static void test_with_holders_in_use(void **state)
{
	static const struct hard hards[] = { { "held", "base" }, { "top2", "base" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	w.options.with_holders = true;
	CLEANUP_RUN struct run run = world_plan(&w, "base");
	assert_int_equal(step_of(&run, "held")->refusal, PLAN_REFUSE_IN_USE);
	assert_int_equal(step_of(&run, "base")->refusal, PLAN_REFUSE_HARD_USED);
	assert_string_equal(step_of(&run, "base")->holders, "held, top2");
	assert_null(step_of(&run, "top2")); /* it would not help */
}

/* As long as one answer stays, the other may go, and takes nobody along. */
static void test_other_answer(void **state)
{
	static const struct hard hards[] = { { "top2", "x:two" }, { "mid", "x:gone" }, { 0 } };
	static const struct hard one[] = { { "top2", "x:two" }, { 0 } };
	struct world w = with(hards, NULL), all = with(one, NULL);

	(void)state;
	expect_steps(&w, "other", "-other");
	expect_steps(&w, "base", "x:hard-used:base"); /* mid has no other */
	expect_steps(&all, "base", "-base");
	all.options.with_holders = true;
	expect_steps(&all, "base", "-base");
	expect_steps(&all, "base other", "-top2 -other -base");
	all.options.with_holders = false;
	all.options.with_hard_deps = true;
	expect_steps(&all, "top2", "-top2 -other? -base?");
}

/* Of two that are to go at once, one has to stay. */
static void test_both_answers(void **state)
{
	static const struct hard hards[] = { { "top2", "x:two" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "base other");
	assert_string_equal(steps_text(&run), "x:hard-used:base -other");
	assert_string_equal(step_of(&run, "base")->holders, "top2");
	assert_string_equal(refusal_text(&run, "base"), "x:two@h:1");
	expect_steps(&w, "base other top2", "-top2 -other -base");
}

/* What was only to go along stays, so that the one that was asked for can go. */
static void test_answer_that_goes_along(void **state)
{
	static const struct hard hards[] = { { "top2", "x:two" }, { 0 } };
	const struct world first = with(hards, "softdep held pre: base\nsoftdep mid pre: base\n");
	const struct world behind = with(hards, "softdep mid post: base\n");

	(void)state;
	expect_steps(&first, "mid other", "-mid -other");
	expect_steps(&first, "other mid", "-other -mid");
	expect_steps(&behind, "other mid", "-other -mid");
	expect_steps(&behind, "mid other", "-mid -other");
}

/* One that cannot go is there for the user, and waits for nobody. */
static void test_answer_that_stays(void **state)
{
	static const struct hard hards[] = { { "top2", "x:held" }, { 0 } };
	static const struct hard user[] = { { "held", "x:two" }, { 0 } };
	const struct world w = with(hards, NULL), of_held = with(user, NULL);

	(void)state;
	expect_steps(&w, "base held", "-base x:in-use:held");
	expect_steps(&w, "held base", "x:in-use:held -base");
	CLEANUP_RUN struct run run = world_plan(&of_held, "other held");
	assert_string_equal(steps_text(&run), "x:in-use:held -other");
	assert_string_equal(needs_text(&run, "other"), "");
}

/* Force removes it all the same, and the plan says whom that harms. */
static void test_force(void **state)
{
	static const struct hard hards[] = { { "top2", "x:two" }, { "mid", "base" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	w.options.force = true;
	CLEANUP_RUN struct run run = world_plan(&w, "base mid");
	assert_string_equal(steps_text(&run), "-mid -base");
	assert_int_equal(step_of(&run, "base")->n_breaches, 0); /* other stays for top2 */
	CLEANUP_RUN struct run breaks = world_plan(&w, "base other");
	assert_string_equal(steps_text(&breaks), "-base -other");
	const struct plan_step *base = step_of(&breaks, "base");
	assert_int_equal(base->n_breaches, 2);
	assert_string_equal(base->breaches[0].user, "top2");
	assert_string_equal(base->breaches[0].word, "x:two");
	assert_int_equal(base->breaches[1].source.line, 2);
	assert_int_equal(step_of(&breaks, "other")->n_breaches, 1);
	/* What was only welcome to go is not worth it. */
	w.options.with_hard_deps = true;
	static const struct hard shared[] = { { "top2", "base" }, { "mid", "base" }, { 0 } };
	w.hards = shared;
	expect_steps(&w, "top2", "-top2");
}

/* Users by symbols may go in time; a hard user is not waited for. */
static void test_may_wait(void **state)
{
	static const struct hard hards[] = { { "top2", "base" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	w.options.may_wait = true;
	expect_steps(&w, "held", "-held");
	expect_steps(&w, "base", "x:hard-used:base");
}

/* A command that was asked for may know what to do about users. */
static void test_remove_rule(void **state)
{
	static const struct hard hards[] = { { "top2", "base" }, { 0 } };
	struct world w = with(hards, "remove base stop base\n");

	(void)state;
	expect_steps(&w, "base", "~base");
	w.options.ignore_commands = true;
	expect_steps(&w, "base", "x:hard-used:base");
	w.options.ignore_commands = false;
	w.conf = "remove top2 stop top2\n";
	expect_steps(&w, "base", "x:hard-used:base");
	expect_steps(&w, "base top2", "~top2 -base");
}

/* Two that need each other go together or not at all. */
static void test_cycle(void **state)
{
	static const struct hard hards[] = { { "top2", "mid" }, { "mid", "top2" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	expect_steps(&w, "mid", "x:hard-used:mid");
	expect_steps(&w, "mid top2", "-top2 -mid");
	w.options.with_holders = true;
	expect_steps(&w, "mid", "-top2 -mid");
}

static void test_of_what_is_not_loaded(void **state)
{
	static const struct hard hards[] = { { "top2", "gone" }, { "gone", "base" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	expect_steps(&w, "gone", ".gone");
	expect_steps(&w, "base", "-base");
	w.options.with_hard_deps = true;
	expect_steps(&w, "gone", ".gone");
	expect_steps(&w, "top2", "-top2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_taken_along),
		cmocka_unit_test(test_in_line),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_soft_and_needed),
		cmocka_unit_test(test_with_holders),
		cmocka_unit_test(test_with_holders_in_use),
		cmocka_unit_test(test_other_answer),
		cmocka_unit_test(test_both_answers),
		cmocka_unit_test(test_answer_that_goes_along),
		cmocka_unit_test(test_answer_that_stays),
		cmocka_unit_test(test_force),
		cmocka_unit_test(test_may_wait),
		cmocka_unit_test(test_remove_rule),
		cmocka_unit_test(test_cycle),
		cmocka_unit_test(test_of_what_is_not_loaded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
