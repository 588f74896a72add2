/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "plan/test-plan.h"

/* n_X needs X by its symbols. */
static const struct module modules[] = {
	{ "a", "" }, { "b", "" }, { "c", "" }, { "d", "" }, { "e", "" }, { "n_a", "a" }, { "n_b", "b" },
	{ "m_a", "a" },
	{ "live", "", PLAN_LIVE }, { "live2", "", PLAN_LIVE }, { "gone", "", .file_error = -ENOENT },
	{ "on_gone", "gone" }, { 0 },
};
static const struct alias aliases[] = {
	{ "x:bcd", "b c d", PLAN_BY_ALIAS },	  { "x:dcb", "d c b", PLAN_BY_ALIAS },
	{ "x:live", "b live live2 c", PLAN_BY_ALIAS }, { "x:gone", "gone c on_gone", PLAN_BY_ALIAS },
	{ "x:none", "on_gone gone", PLAN_BY_ALIAS },   { "x:self", "a b c", PLAN_BY_ALIAS },
	{ "x:deep", "n_b c", PLAN_BY_ALIAS },
	{ "x:mixed", "b c", PLAN_BY_ALIAS },	  { "x:mixed", "fixed", PLAN_BY_BUILTIN_ALIAS },
	{ "x:ring", "n_a c", PLAN_BY_ALIAS },	  { "x:ring2", "n_a c d", PLAN_BY_ALIAS },
	{ "x:rings", "m_a n_a", PLAN_BY_ALIAS },	  { "symbol:fn", "b c", PLAN_BY_SYMBOL }, { 0 },
};

static struct world with(const struct hard *hards, const char *conf)
{
	return (struct world){ modules, aliases, .builtins = "fixed", .conf = conf, .hards = hards };
}

/* All are steps, in the order of the answers, before the module; none alone has to succeed. */
static void test_group(void **state)
{
	static const struct hard hards[] = { { "a", "x:bcd" }, { "e", "x:dcb" }, { "live", "x:bcd" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+b +c +d +a");
	assert_string_equal(groups_text(&run, "a"), "x:bcd[b c d]@h:1");
	assert_string_equal(reasons_text(&run, "c"), "any(a:x:bcd)@h:1");
	assert_int_equal(step_of(&run, "c")->reasons[0].group, 0);
	assert_string_equal(needs_text(&run, "a"), "");
	assert_false(step_of(&run, "b")->is_required);
	assert_string_equal(notes_text(&run), "");
	expect_steps(&w, "e", "+d +c +b +e");
	expect_steps(&w, "live", "=live");
}

static void test_two_groups(void **state)
{
	static const struct hard hards[] = { { "a", "x:deep" }, { "a", "e" }, { "a", "x:dcb" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(groups_text(&run, "a"), "x:deep[n_b c]@h:1 x:dcb[d c b]@h:3");
	assert_string_equal(needs_text(&run, "a"), "e");
	assert_string_equal(needs_text(&run, "n_b"), "b");
	assert_int_equal(step_of(&run, "d")->reasons[0].group, 1);
	assert_true(step_of(&run, "e")->is_required);
	assert_false(step_of(&run, "n_b")->is_required);
	assert_string_equal(steps_text(&run), "+b +n_b +c +e +d +a");
}

/* The first that is live, or built in, is the only one; a dry run as if nothing were loaded has all. */
static void test_there_already(void **state)
{
	static const struct hard hards[] = { { "a", "x:live" }, { "d", "x:mixed" }, { "e", "x:bcd" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "=live +a");
	assert_string_equal(groups_text(&run, "a"), "");
	assert_string_equal(needs_text(&run, "a"), "live");
	assert_string_equal(reasons_text(&run, "live"), "hard(a:x:live)@h:1");
	CLEANUP_RUN struct run built = world_plan(&w, "d");
	assert_string_equal(steps_text(&built), "^fixed +d");
	assert_true(was_asked(&built, "hard-lookup x:mixed"));
	w.options.ignore_loaded = true;
	expect_steps(&w, "a", "+b +live +live2 +c +a");
	expect_steps(&w, "d", "^fixed +d"); /* for ever */
}

static void test_refused_answers(void **state)
{
	static const struct hard hards[] = { { "a", "x:gone" }, { "d", "x:none" }, { 0 } };
	const struct world w = with(hards, NULL), masked = with(hards, "mask c\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+c +a");
	assert_string_equal(groups_text(&run, "a"), "x:gone[c]@h:1");
	assert_string_equal(notes_text(&run), "answer-refused(a,gone)no-file@h:1 "
					      "answer-refused(a,on_gone)needs@h:1");
	assert_false(plan_note_is_warning(run.plan->notes[0].kind));
	CLEANUP_RUN struct run none = world_plan(&w, "d");
	assert_string_equal(steps_text(&none), "x:no-file:gone x:needs:on_gone x:needs:d");
	assert_string_equal(refusal_text(&none, "d"), "x:none@h:2 <- on_gone");
	assert_string_equal(groups_text(&none, "d"), "x:none[on_gone gone]@h:2"); /* to tell of each */
	CLEANUP_RUN struct run rule = world_plan(&masked, "a");
	assert_string_equal(steps_text(&rule), "x:no-file:gone x:masked:c x:needs:on_gone x:needs:a");
	assert_string_equal(refusal_text(&rule, "a"), "x:gone@h:1 <- gone");
}

/* The user of a module that is refused is refused, however far. */
static void test_refused_chain(void **state)
{
	static const struct hard hards[] = { { "a", "x:none" }, { "e", "n_a" }, { "d", "x:ring" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	expect_steps(&w, "e", "x:no-file:gone x:needs:on_gone x:needs:a x:needs:n_a x:needs:e");
	CLEANUP_RUN struct run run = world_plan(&w, "d");
	assert_string_equal(steps_text(&run), "+c +d");
	assert_string_equal(notes_text(&run), "answer-refused(d,n_a)needs@h:3");
}

static void test_blacklist(void **state)
{
	static const struct hard hards[] = { { "a", "x:bcd" }, { "e", "symbol:fn" }, { "b", "nosuch" }, { 0 } };
	const struct world one = with(hards, "blacklist b\nblacklist d\n");
	const struct world all = with(hards, "blacklist d\nblacklist b\nblacklist c\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&one, "a");
	assert_string_equal(steps_text(&run), "+c +a");
	assert_string_equal(groups_text(&run, "a"), "");
	assert_string_equal(needs_text(&run, "a"), "c");
	expect_steps(&one, "e", "+c +e");
	CLEANUP_RUN struct run none = world_plan(&all, "a");
	assert_string_equal(steps_text(&none), "x:blacklisted:a");
	assert_int_equal(step_of(&none, "a")->rule->line, 2); /* of the first answer */
	assert_string_equal(step_of(&none, "a")->holders, "b, c, d");
	expect_steps(&all, "e", "x:blacklisted:e");
}

/* A module that answers to its own word leaves the others. */
static void test_answers_itself(void **state)
{
	static const struct hard hards[] = { { "a", "x:self" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(groups_text(&run, "a"), "x:self[b c]@h:1");
	assert_string_equal(notes_text(&run), "");
}

/* An answer that needs the module itself is none; only where no other is left is that worth a word. */
static void test_cycles(void **state)
{
	static const struct hard hards[] = { { "a", "x:ring2" }, { 0 } };
	static const struct hard one[] = { { "a", "x:ring" }, { 0 } };
	static const struct hard both[] = { { "a", "x:rings" }, { 0 } };
	const struct world w = with(hards, NULL), single = with(one, NULL), none = with(both, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+c +d +a");
	assert_string_equal(groups_text(&run, "a"), "x:ring2[c d]@h:1");
	assert_string_equal(notes_text(&run), "");
	expect_steps(&w, "n_a", "+c +d +a +n_a");
	CLEANUP_RUN struct run left = world_plan(&single, "a");
	assert_string_equal(needs_text(&left, "a"), "c");
	expect_notes(&single, "a", "");
	expect_steps(&none, "n_a", "+a +n_a");
	expect_notes(&none, "n_a", "hard-cycle(a,x:rings)[a -> m_a -> a]@h:1");
}

/* What an allowed module needs comes along, whichever answer it will be. */
static void test_allow(void **state)
{
	static const struct hard hards[] = { { "a", "x:deep" }, { 0 } };
	const struct world w = with(hards, "allow a\n");

	(void)state;
	expect_steps(&w, "a", "+b +n_b +c +a");
	expect_notes(&w, "a", "");
}

/* Soft dependencies of answers come with them, and those of the module give way to its group. */
static void test_soft(void **state)
{
	static const struct hard hards[] = { { "a", "x:mixed2" }, { 0 } };
	static const struct alias two[] = { { "x:mixed2", "b c", PLAN_BY_ALIAS }, { 0 } };
	const struct world w = { modules, two, .hards = hards,
				 .conf = "softdep b pre: d\nsoftdep c post: e\nsoftdep c pre: a\n" };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+d +b +c +e +a");
	assert_string_equal(notes_text(&run), "cut(c,a)@conf:3");
}

/* A goal that is an answer too is tried for its own sake. */
static void test_answer_that_is_a_goal(void **state)
{
	static const struct hard hards[] = { { "a", "x:gone" }, { "e", "x:bcd" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "e c");
	assert_string_equal(steps_text(&run), "+b +c +d +e");
	assert_string_equal(reasons_text(&run, "c"), "goal(c) any(e:x:bcd)@h:2");
	assert_true(step_of(&run, "c")->is_required);
	CLEANUP_RUN struct run refused = world_plan(&w, "a gone");
	assert_string_equal(steps_text(&refused), "x:no-file:gone +c +a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_two_groups),
		cmocka_unit_test(test_there_already),
		cmocka_unit_test(test_refused_answers),
		cmocka_unit_test(test_refused_chain),
		cmocka_unit_test(test_blacklist),
		cmocka_unit_test(test_answers_itself),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_soft),
		cmocka_unit_test(test_answer_that_is_a_goal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
