/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "plan/test-plan.h"

/* n_X needs X by its symbols. */
static const struct module modules[] = {
	{ "a", "" }, { "b", "" }, { "c", "" }, { "d", "" }, { "e", "" }, { "n_a", "a" }, { "n_b", "b" },
	{ "n_c", "c" }, { "n_ab", "a b" }, { "live", "", PLAN_LIVE }, { "live2", "", PLAN_LIVE },
	{ "gone", "", .file_error = -ENOENT }, { 0 },
};
static const struct alias aliases[] = {
	{ "x:ab", "a b", PLAN_BY_ALIAS },	  { "x:cd", "c d", PLAN_BY_ALIAS },
	{ "x:n_ab", "n_a n_b", PLAN_BY_ALIAS },	  { "x:abe", "a b e", PLAN_BY_ALIAS }, { 0 },
};

static struct world with(const struct clash *clashes, const struct hard *hards, const char *conf)
{
	return (struct world){ modules, aliases, .builtins = "fixed", .conf = conf, .hards = hards,
			       .clashes = clashes };
}

/* Modules that a step must not meet, for the last look. */
static const char *conflicts_text(struct run *run, const char *module)
{
	const struct plan_step *s = step_of(run, module);

	assert_non_null(s);
	run->text.size = 0;
	for (uint32_t i = 0; i < s->n_conflicts; i++) {
		buf_put_string(&run->text, s->conflicts[i].module);
		put_source(&run->text, &s->conflicts[i].source);
	}
	return end_text(run);
}

static void test_with_what_is_there(void **state)
{
	static const struct clash clashes[] = { { "live", "a" }, { "b", "fixed" }, { "c", "d" }, { 0 } };
	struct world w = with(clashes, NULL, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "x:conflict:a");
	assert_string_equal(refusal_text(&run, "a"), "live@c:1");
	assert_false(was_asked(&run, "deps live"));
	CLEANUP_RUN struct run built = world_plan(&w, "b");
	assert_string_equal(steps_text(&built), "x:conflict:b");
	assert_string_equal(refusal_text(&built, "b"), "fixed@c:2");
	expect_steps(&w, "n_a", "x:conflict:a x:needs:n_a");
	/* One that is not there is of no matter, but may be when its turn comes. */
	CLEANUP_RUN struct run alone = world_plan(&w, "c");
	assert_string_equal(steps_text(&alone), "+c");
	assert_string_equal(conflicts_text(&alone, "c"), "d@c:3");
	w.options.ignore_loaded = true;
	expect_steps(&w, "a", "+a");
	expect_steps(&w, "b", "x:conflict:b");
}

/* What is there stays, and may be asked for. */
static void test_there_and_asked_for(void **state)
{
	static const struct clash clashes[] = { { "live", "a" }, { "live", "live2" }, { 0 } };
	const struct world w = with(clashes, NULL, "softdep b pre: a\n");

	(void)state;
	expect_steps(&w, "live live2", "=live =live2");
	expect_steps(&w, "live a", "=live x:conflict:a");
	expect_steps(&w, "b", "+b");
	expect_notes(&w, "b", "refused(b,a)conflict@conf:1");
}

static void test_with_itself(void **state)
{
	static const struct clash clashes[] = { { "a", "a" }, { 0 } };
	const struct world w = with(clashes, NULL, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+a");
	assert_string_equal(conflicts_text(&run, "a"), "");
}

/* Neither is better than the other. */
static void test_two_goals(void **state)
{
	for (int is_one_sided = 0; is_one_sided < 2; is_one_sided++) {
		const struct clash clashes[] = { { "a", "b", is_one_sided }, { 0 } };
		const struct world w = with(clashes, NULL, NULL);

		(void)state;
		CLEANUP_RUN struct run run = world_plan(&w, "a c b");
		assert_string_equal(steps_text(&run), "x:conflict:a +c x:conflict:b");
		assert_string_equal(refusal_text(&run, "a"), "b@c:1");
		assert_string_equal(refusal_text(&run, "b"), "a@c:1");
		expect_steps(&w, "b a", "x:conflict:b x:conflict:a");
		expect_steps(&w, "b", "+b");
		expect_steps(&w, "n_a n_b c", "x:conflict:a x:needs:n_a x:conflict:b x:needs:n_b +c");
	}
}

/* The goal cannot do without both, or is itself one of them. */
static void test_two_of_one_goal(void **state)
{
	static const struct clash clashes[] = { { "a", "b" }, { "n_c", "c" }, { 0 } };
	static const struct hard hards[] = { { "d", "a" }, { "d", "b" }, { 0 } };
	const struct world w = with(clashes, hards, NULL);

	(void)state;
	expect_steps(&w, "n_ab", "x:conflict:b x:needs:n_ab");
	CLEANUP_RUN struct run run = world_plan(&w, "d");
	assert_string_equal(steps_text(&run), "x:conflict:a x:needs:d");
	assert_string_equal(refusal_text(&run, "d"), "a@h:1 <- a");
	assert_string_equal(refusal_text(&run, "a"), "b@c:1");
	expect_steps(&w, "n_c", "x:conflict:n_c");
}

/* What goals need goes before what is welcome, whichever comes first. */
static void test_required_and_soft(void **state)
{
	for (int is_one_sided = 0; is_one_sided < 2; is_one_sided++) {
		const struct clash clashes[] = { { "a", "b", is_one_sided }, { 0 } };
		const struct world one = with(clashes, NULL, "softdep a pre: b c\nsoftdep n_b pre: n_a\n");

		(void)state;
		expect_steps(&one, "a", "+c +a");
		expect_notes(&one, "a", "refused(a,b)conflict@conf:1");
		expect_steps(&one, "n_b", "+b +n_b");
		expect_notes(&one, "n_b", "refused(n_b,n_a)needs@conf:2");
	}
}

/* Of two that are welcome, the first in the order is loaded. */
static void test_two_soft(void **state)
{
	for (int is_one_sided = 0; is_one_sided < 2; is_one_sided++) {
		const struct clash clashes[] = { { "a", "b", is_one_sided }, { 0 } };
		const struct world ab = with(clashes, NULL, "softdep c pre: a b\n");
		const struct world ba = with(clashes, NULL, "softdep c pre: b a\n");
		const struct world deep = with(clashes, NULL, "softdep c pre: n_b post: n_a d\n");

		(void)state;
		expect_steps(&ab, "c", "+a +c");
		expect_notes(&ab, "c", "refused(c,b)conflict@conf:1");
		expect_steps(&ba, "c", "+b +c");
		expect_notes(&ba, "c", "refused(c,a)conflict@conf:1");
		expect_steps(&deep, "c", "+b +n_b +c +d");
		expect_notes(&deep, "c", "refused(c,n_a)needs@conf:1");
	}
}

/* Only one of them is going to be loaded: both may be tried, and so may what each needs. */
static void test_alternatives(void **state)
{
	static const struct clash clashes[] = { { "a", "b" }, { 0 } };
	static const struct hard group[] = { { "c", "x:ab" }, { 0 } }, deep[] = { { "c", "x:n_ab" }, { 0 } },
				 two[] = { { "c", "x:ab" }, { "c", "x:abe" }, { 0 } };
	const struct world w = with(clashes, group, NULL), needs = with(clashes, deep, NULL),
			   groups = with(clashes, two, NULL), soft = with(clashes, group, "softdep d pre: c\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "c");
	assert_string_equal(steps_text(&run), "+a +b +c");
	assert_string_equal(groups_text(&run, "c"), "x:ab[a b]@h:1");
	assert_string_equal(conflicts_text(&run, "a"), "b@c:1");
	assert_string_equal(conflicts_text(&run, "b"), "a@c:1");
	CLEANUP_RUN struct run below = world_plan(&needs, "c");
	assert_string_equal(groups_text(&below, "c"), "x:n_ab[n_a n_b]@h:1");
	expect_notes(&needs, "c", "");
	expect_steps(&groups, "c", "+a +b +e +c");
	CLEANUP_RUN struct run welcome = world_plan(&soft, "d");
	assert_string_equal(groups_text(&welcome, "c"), "x:ab[a b]@h:1");
}

/* Of several answers those go that exclude what is needed for sure. */
static void test_answer_and_required(void **state)
{
	static const struct clash clashes[] = { { "a", "c" }, { "e", "n_c" }, { 0 } };
	static const struct hard hards[] = { { "c", "x:ab" }, { "n_c", "x:abe" }, { 0 } };
	static const struct hard none[] = { { "d", "x:ab" }, { "d", "e" }, { 0 } };
	static const struct clash all[] = { { "e", "a" }, { "b", "e" }, { 0 } };
	const struct world w = with(clashes, hards, NULL), n = with(all, none, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "n_c");
	assert_string_equal(steps_text(&run), "+b +c +n_c");
	assert_string_equal(groups_text(&run, "n_c"), "x:abe[b]@h:2");
	assert_string_equal(notes_text(&run), "answer-refused(n_c,a)conflict@h:2 "
					      "answer-refused(n_c,e)conflict@h:2 "
					      "answer-refused(c,a)conflict@h:1");
	CLEANUP_RUN struct run refused = world_plan(&n, "d");
	assert_int_equal(step_of(&refused, "d")->refusal, PLAN_REFUSE_NEEDS);
	assert_string_equal(refusal_text(&refused, "d"), "x:ab@h:1 <- a");
	assert_string_equal(refusal_text(&refused, "a"), "e@c:1");
}

/* A goal does not fail because of what is only welcome: that stays out, wherever it comes. */
static void test_answer_and_soft(void **state)
{
	static const struct clash clashes[] = { { "e", "a" }, { "e", "b" }, { 0 } };
	static const struct hard hards[] = { { "c", "x:ab" }, { 0 } };
	const struct world first = with(clashes, hards, "softdep d pre: e\n");
	const struct world in = with(clashes, hards, "softdep c pre: e\n");

	(void)state;
	expect_steps(&first, "d c", "+d +a +b +c");
	expect_steps(&in, "c", "+a +b +c");
	expect_notes(&in, "c", "refused(c,e)conflict@conf:1");
}

/* An answer that may never be tried does not keep out what is wanted for sure. */
static void test_soft_answer_and_soft(void **state)
{
	static const struct clash clashes[] = { { "a", "e" }, { 0 } };
	static const struct hard hards[] = { { "c", "x:ab" }, { 0 } };
	const struct world w = with(clashes, hards, "softdep d pre: c e\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "d");
	assert_string_equal(steps_text(&run), "+b +c +e +d");
	assert_string_equal(groups_text(&run, "c"), "x:ab[b]@h:1");
}

/* Who is refused for another reason is no danger. */
static void test_with_refused(void **state)
{
	static const struct clash clashes[] = { { "gone", "a" }, { "b", "c" }, { 0 } };
	const struct world w = with(clashes, NULL, "mask b\n");

	(void)state;
	expect_steps(&w, "gone a", "x:no-file:gone +a");
	expect_steps(&w, "b c", "x:masked:b +c");
	CLEANUP_RUN struct run run = world_plan(&w, "b c");
	assert_null(step_of(&run, "b")->word);
}

/* Who is allowed for another's sake only is not, when that one is refused. */
static void test_allow(void **state)
{
	static const struct clash clashes[] = { { "live", "n_a" }, { "n_b", "c" }, { 0 } };
	const struct world w = with(clashes, NULL, "allow n_a n_b c\n");

	(void)state;
	expect_steps(&w, "n_a a", "x:not-allowed:a x:conflict:n_a");
	expect_steps(&w, "n_b b", "+b +n_b");
	expect_steps(&w, "c n_b b", "x:conflict:c x:not-allowed:b x:conflict:n_b");
}

/* What is refused loses its need of others, and those their conflicts; in the end no two are left. */
static void test_chain_of_conflicts(void **state)
{
	static const struct clash clashes[] = { { "a", "b" }, { "b", "c" }, { "c", "d" }, { "d", "e" }, { 0 } };
	const struct world w = with(clashes, NULL, "softdep live3 pre: a b c d e\n"
						   "install live3 /bin/true\n");

	(void)state;
	expect_steps(&w, "live3", "+a +c +e !live3");
	expect_notes(&w, "live3", "refused(live3,b)conflict@conf:1 refused(live3,d)conflict@conf:1");
}

/* However many there are. */
static void test_many(void **state)
{
	static struct module many[102] = { { "a", "" } };
	static struct clash clashes[101];
	static char names[100][8];
	CLEANUP_BUF struct buf conf = { 0 };
	struct world w = { many, .clashes = clashes };

	(void)state;
	buf_put_string(&conf, "softdep a pre:");
	for (size_t i = 0; i < 100; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "m%02zu", i);
		many[i + 1] = (struct module){ names[i], "" };
		clashes[i] = (struct clash){ names[i], "a" };
		buf_printf(&conf, " %s", names[i]);
	}
	buf_put(&conf, "\n", 2);
	w.conf = (const char *)conf.base;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+a");
	assert_int_equal(run.plan->n_notes, 100);
}

/* The last look is taken by both, though only one was told. */
static void test_last_look(void **state)
{
	static const struct clash clashes[] = { { "a", "b", true }, { "a", "b" }, { "c", "a", true }, { 0 } };
	static const struct hard hards[] = { { "d", "x:ab" }, { 0 } };
	const struct world w = with(clashes, hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "d");
	assert_string_equal(conflicts_text(&run, "b"), "a@c:2");
	static const struct clash one[] = { { "a", "b", true }, { 0 } };
	const struct world sided = with(one, hards, NULL);
	CLEANUP_RUN struct run told = world_plan(&sided, "d");
	assert_string_equal(conflicts_text(&told, "a"), "b@c:1");
	assert_string_equal(conflicts_text(&told, "b"), "a@c:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_what_is_there),
		cmocka_unit_test(test_there_and_asked_for),
		cmocka_unit_test(test_with_itself),
		cmocka_unit_test(test_two_goals),
		cmocka_unit_test(test_two_of_one_goal),
		cmocka_unit_test(test_required_and_soft),
		cmocka_unit_test(test_two_soft),
		cmocka_unit_test(test_alternatives),
		cmocka_unit_test(test_answer_and_required),
		cmocka_unit_test(test_answer_and_soft),
		cmocka_unit_test(test_soft_answer_and_soft),
		cmocka_unit_test(test_with_refused),
		cmocka_unit_test(test_chain_of_conflicts),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_last_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
