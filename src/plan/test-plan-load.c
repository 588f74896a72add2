/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "plan/test-plan.h"

/* r8169 and what it needs, as Debian's modules.dep has it, and some around it. */
static const struct module chain[] = {
	{ "r8169", "mdio_devres libphy" },
	{ "mdio_devres", "libphy" },
	{ "libphy", "" },
	{ "realtek", "libphy" },
	{ "lone", "" },
	{ 0 },
};

static void test_chain(void **state)
{
	const struct world w = { chain };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "r8169");
	assert_string_equal(steps_text(&run), "+libphy +mdio_devres +r8169");
	assert_string_equal(reasons_text(&run, "r8169"), "goal(r8169)");
	assert_string_equal(reasons_text(&run, "mdio_devres"), "needs(r8169)");
	assert_string_equal(reasons_text(&run, "libphy"), "needs(mdio_devres)");
	assert_string_equal(needs_text(&run, "r8169"), "mdio_devres");
	assert_string_equal(needs_text(&run, "mdio_devres"), "libphy");
	assert_string_equal(needs_text(&run, "libphy"), "");
	assert_string_equal(step_of(&run, "libphy")->path, DIRECTORY "libphy.ko");
	assert_true(step_of(&run, "r8169")->is_goal);
	assert_false(step_of(&run, "libphy")->is_goal);
	assert_true(step_of(&run, "libphy")->is_required);
	assert_int_equal(run.plan->n_notes, 0);
}

static void test_several_goals(void **state)
{
	const struct world w = { chain };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "lone r8169 realtek libphy r8169");
	assert_string_equal(steps_text(&run), "+lone +libphy +mdio_devres +r8169 +realtek");
	assert_string_equal(reasons_text(&run, "libphy"),
			    "goal(libphy) needs(realtek) needs(mdio_devres)");
	assert_int_equal(run.plan->n_goals, 5);
	assert_string_equal(goal_text(&run, 2), "realtek");
	assert_string_equal(goal_text(&run, 4), "r8169");
}

static void test_spelling(void **state)
{
	const struct world w = { chain };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "mdio-devres mdio_devres");
	assert_string_equal(steps_text(&run), "+libphy +mdio_devres");
	assert_string_equal(run.plan->goals[0].request, "mdio-devres");
	assert_string_equal(goal_text(&run, 0), "mdio_devres");
	assert_string_equal(goal_text(&run, 1), "mdio_devres");
}

static void test_unknown(void **state)
{
	const struct world w = { chain };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "nosuch lone");
	assert_string_equal(steps_text(&run), "+lone");
	assert_string_equal(goal_text(&run, 0), "none");
	assert_int_equal(run.plan->goals[0].error, -ENOENT);
	assert_string_equal(goal_text(&run, 1), "lone");
}

static void test_bad_requests(void **state)
{
	const struct plan_options options = { 0 };
	struct planner *planner = planner_new(&options, NULL);
	char longest[ALIAS_MAX + 2];
	const struct plan *plan = NULL;
	struct plan_want want;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(planner_add(planner, "a[b", NULL), -EINVAL);
	assert_int_equal(planner_add(planner, longest, NULL), -E2BIG);
	assert_int_equal(planner_add_file(planner, "/tmp/", NULL), -EINVAL);
	assert_int_equal(planner_answer_file(planner, 0), -EINVAL);
	assert_int_equal(planner_add(planner, longest + 1, NULL), 0);
	assert_int_equal(planner_next(planner, &want), 1);
	assert_int_equal(want.kind, PLAN_WANT_LOOKUP);
	assert_string_equal(want.name, longest + 1);
	assert_int_equal(planner_answer_state(planner, &(struct plan_state){ 0 }), -EINVAL);
	assert_int_equal(planner_finish(planner, &plan), -EINVAL);
	assert_null(plan);
	assert_int_equal(planner_next(planner, &want), 1);
	assert_int_equal(planner_answer_lookup(planner, NULL, 0, -ENOENT), 0);
	assert_int_equal(planner_next(planner, &want), 0);
	assert_int_equal(planner_finish(planner, &plan), 0);
	assert_int_equal(plan->n_steps, 0);
	assert_false(plan->goals[0].is_found);
	planner_free(planner);
	planner_free(NULL);
}

/* What is there already is shown where somebody asks for it or needs it, and not looked into. */
static void test_live(void **state)
{
	static const struct module modules[] = {
		{ "a", "b c" }, { "b", "c", PLAN_LIVE }, { "c", "", PLAN_LIVE }, { 0 }
	};
	struct world w = { modules, .conf = "softdep b pre: x\noptions b y=1\n" };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "=c =b +a");
	assert_false(was_asked(&run, "deps b"));
	assert_false(was_asked(&run, "lookup x"));
	assert_false(was_asked(&run, "file " DIRECTORY "b.ko"));
	assert_true(was_asked(&run, "file " DIRECTORY "a.ko"));
	expect_steps(&w, "b", "=b");
	w.options.must_change = true;
	expect_steps(&w, "b", "x:loaded:b");
	expect_steps(&w, "a", "=c =b +a");
	CLEANUP_RUN struct run both = world_plan(&w, "b a");
	assert_string_equal(steps_text(&both), "x:loaded:b =c +a");
	assert_string_equal(needs_text(&both, "a"), "c");
	w.options.ignore_loaded = true;
	expect_steps(&w, "a", "+c +b +a");
	w.options.must_change = false;
	expect_steps(&w, "b", "+c +b");
}

/* Another process may fail yet, or be done in between: it is for the kernel to tell. */
static void test_coming_and_going(void **state)
{
	static const struct module modules[] = {
		{ "a", "b c" }, { "b", "", PLAN_COMING }, { "c", "", PLAN_GOING }, { 0 }
	};
	const struct world w = { modules };

	(void)state;
	expect_steps(&w, "a", "+c +b +a");
}

static void test_builtin(void **state)
{
	static const struct module modules[] = { { "a", "" }, { "seen", "", PLAN_BUILTIN }, { 0 } };
	static const struct alias aliases[] = { { "fs_x", "built", PLAN_BY_BUILTIN_ALIAS }, { 0 } };
	struct world w = { modules, aliases, "built other", .conf = "softdep a pre: built\n" };

	(void)state;
	expect_steps(&w, "built", "^built");
	expect_steps(&w, "fs-x", "^built");
	expect_steps(&w, "a", "^built +a");
	expect_steps(&w, "seen", "^seen");
	w.options.must_change = true;
	expect_steps(&w, "built", "x:loaded:built");
	w.conf = "mask built\nblacklist built\n";
	w.options.must_change = false;
	expect_steps(&w, "built", "^built");
}

/* Fault 16 of kmod: a module went in without what it needs. */
static void test_missing_file(void **state)
{
	static const struct module modules[] = {
		{ "a", "b c" }, { "b", "c" }, { "c", "", .file_error = -ENOENT }, { "lone", "" }, { 0 }
	};
	const struct world w = { modules };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a lone");
	assert_string_equal(steps_text(&run), "x:no-file:c x:needs:b x:needs:a +lone");
	assert_int_equal(step_of(&run, "c")->error, -ENOENT);
	assert_string_equal(step_of(&run, "c")->path, DIRECTORY "c.ko");
	assert_string_equal(run.plan->steps[step_of(&run, "b")->cause].module, "c");
	assert_string_equal(run.plan->steps[step_of(&run, "a")->cause].module, "b");
}

/* Nothing is loaded for the sake of a module that cannot be loaded anyway. */
static void test_refused_goal_takes_nothing_along(void **state)
{
	static const struct module modules[] = {
		{ "a", "gone good" }, { "good", "" }, { "gone", "", .file_error = -EACCES },
		{ "soft", "under" },  { "under", "" }, { "b", "good" }, { 0 }
	};
	const struct world w = { modules, .conf = "softdep a pre: soft\nsoftdep good post: under\n" };

	(void)state;
	expect_steps(&w, "a", "x:no-file:gone x:needs:a");
	expect_steps(&w, "a b", "+good +under x:no-file:gone x:needs:a +b");
}

/* Not even where it was the first that the planner heard of. */
static void test_refused_goal_and_blacklisted_answer(void **state)
{
	static const struct module modules[] = {
		{ "lone", "" }, { "a", "lone", .file_error = -ENOENT }, { 0 }
	};
	const struct world w = { modules, .conf = "alias x lone\nblacklist lone\n" };

	(void)state;
	expect_steps(&w, "x a", "x:no-file:a");
}

static void test_missing_line(void **state)
{
	static const struct module modules[] = {
		{ "a", "b" }, { "b", "", .is_not_indexed = true }, { "c", "d" },
		{ "d", "", .index_error = -EBADMSG }, { "lone", "" }, { 0 }
	};
	static const struct alias aliases[] = { { "ghost_alias", "ghost", PLAN_BY_ALIAS }, { 0 } };
	const struct world w = { modules, aliases };

	(void)state;
	expect_steps(&w, "a", "+b +a"); /* its user's line says where it is */
	CLEANUP_RUN struct run run = world_plan(&w, "c lone");
	assert_string_equal(steps_text(&run), "x:index:d x:needs:c +lone");
	assert_int_equal(step_of(&run, "d")->error, -EBADMSG);
	expect_steps(&w, "ghost-alias", "x:unknown:ghost");
}

/* What a line says wins over the order of the line: each module is asked for its own. */
static void test_order_of_lines(void **state)
{
	static const struct module modules[] = {
		{ "a", "d c b" }, { "b", "c" }, { "c", "d" }, { "d", "" },
		{ "x", "x y" },	  { "y", "" }, { 0 }
	};
	const struct world w = { modules };

	(void)state;
	expect_steps(&w, "a", "+d +c +b +a");
	expect_steps(&w, "x", "+y +x"); /* a line that names its own module */
}

/* Lines that contradict each other: an order by names, whoever was asked for, and a note. */
static void test_cycle_of_lines(void **state)
{
	static const struct module modules[] = {
		{ "a", "b" }, { "b", "a" }, { "user", "b a" }, { "lone", "" }, { 0 }
	};
	const struct world w = { modules };
	static const char *const goals[] = { "a", "b" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		expect_steps(&w, goals[i], "+a +b");
		expect_notes(&w, goals[i], "cycle(a,b)");
	}
	expect_steps(&w, "user lone", "+a +b +user +lone");
	/* Beside a soft dependency's: what is cut and refused is left out, and so is who needs it. */
	static const struct module bad[] = {
		{ "a", "b" }, { "b", "a gone" }, { "gone", "", .file_error = -ENOENT }, { "lone", "" }, { 0 }
	};
	const struct world soft = { bad, .conf = "softdep lone pre: a\n" };
	expect_steps(&soft, "lone", "+a +lone");
}

/* modprobe FILE: the file is taken as it is, what it needs comes from the index. */
static void test_file_goal(void **state)
{
	const struct world w = { chain };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "/tmp/r8169.ko.xz::a=1,b=2 /tmp/lone.ko");
	assert_string_equal(steps_text(&run), "+libphy +mdio_devres +r8169 +lone");
	assert_string_equal(step_of(&run, "r8169")->path, "/tmp/r8169.ko.xz");
	assert_string_equal(step_of(&run, "r8169")->options, "a=1 b=2");
	assert_string_equal(step_of(&run, "libphy")->path, DIRECTORY "libphy.ko");
	assert_true(was_asked(&run, "file /tmp/r8169.ko.xz"));
	assert_string_equal(goal_text(&run, 0), "r8169");
	assert_string_equal(goal_text(&run, 1), "lone");
}

static void test_file_that_no_index_knows(void **state)
{
	static const struct module modules[] = { { "my_mod", "", .is_not_indexed = true }, { 0 } };
	const struct world w = { modules };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "/tmp/my-mod.ko");
	/* The world knows files by module names: this one is not there. */
	assert_string_equal(steps_text(&run), "x:no-file:my_mod");
	assert_string_equal(step_of(&run, "my_mod")->path, "/tmp/my-mod.ko");
}

static void test_skip_files(void **state)
{
	static const struct module modules[] = { { "a", "b" }, { "b", "", .file_error = -ENOENT }, { 0 } };
	const struct world w = { modules, .options = { .skip_files = true } };

	(void)state;
	expect_steps(&w, "a", "+b +a");
}

static void test_several_answers(void **state)
{
	static const struct module modules[] = {
		{ "x", "" }, { "y", "", .file_error = -ENOENT }, { "z", "" }, { 0 }
	};
	static const struct alias aliases[] = { { "pci:v1", "z y x", PLAN_BY_ALIAS }, { 0 } };
	const struct world w = { modules, aliases };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "pci:v1::p=1");
	assert_string_equal(steps_text(&run), "+z x:no-file:y +x");
	assert_string_equal(goal_text(&run, 0), "z y x");
	assert_string_equal(reasons_text(&run, "z"), "goal(pci:v1)");
	assert_string_equal(step_of(&run, "z")->options, "p=1");
	assert_string_equal(step_of(&run, "x")->options, "p=1");
	assert_true(step_of(&run, "y")->is_goal);
}

static void test_alias_rule(void **state)
{
	const struct world w = { chain, .conf = "# nic\nalias nic* r8169\nalias nic0 lone\n"
						"alias nowhere nosuch\n" };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "nic0");
	assert_string_equal(steps_text(&run), "+libphy +mdio_devres +r8169 +lone");
	assert_string_equal(reasons_text(&run, "r8169"), "goal(nic0)@conf:2");
	assert_string_equal(reasons_text(&run, "lone"), "goal(nic0)@conf:3");
	expect_steps(&w, "nowhere", "x:unknown:nosuch");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_several_goals),
		cmocka_unit_test(test_spelling),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_bad_requests),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_coming_and_going),
		cmocka_unit_test(test_builtin),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_refused_goal_takes_nothing_along),
		cmocka_unit_test(test_refused_goal_and_blacklisted_answer),
		cmocka_unit_test(test_missing_line),
		cmocka_unit_test(test_order_of_lines),
		cmocka_unit_test(test_cycle_of_lines),
		cmocka_unit_test(test_file_goal),
		cmocka_unit_test(test_file_that_no_index_knows),
		cmocka_unit_test(test_skip_files),
		cmocka_unit_test(test_several_answers),
		cmocka_unit_test(test_alias_rule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
