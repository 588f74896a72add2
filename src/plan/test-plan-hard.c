/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "plan/test-plan.h"

/* n_X needs X by its symbols. */
static const struct module modules[] = {
	{ "a", "" }, { "b", "" }, { "c", "" }, { "d", "" }, { "n_a", "a" }, { "n_b", "b" },
	{ "live", "", PLAN_LIVE }, { "gone", "", .file_error = -ENOENT },
	{ "damaged", "", .index_error = -EBADMSG }, { 0 },
};
static const struct alias aliases[] = {
	{ "x:b", "b", PLAN_BY_ALIAS },	      { "x:a", "a", PLAN_BY_ALIAS },
	{ "x:self", "a", PLAN_BY_ALIAS },     { "x:built", "fixed", PLAN_BY_BUILTIN_ALIAS },
	{ "symbol:fn", "b", PLAN_BY_SYMBOL }, { 0 },
};

static struct world with(const struct hard *hards, const char *conf)
{
	return (struct world){ modules, aliases, .builtins = "built fixed", .conf = conf, .hards = hards };
}

static void test_single(void **state)
{
	static const struct hard hards[] = { { "a", "b" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+b +a");
	assert_string_equal(reasons_text(&run, "b"), "hard(a:b)@h:1");
	assert_string_equal(needs_text(&run, "a"), "b");
	assert_string_equal(groups_text(&run, "a"), "");
	assert_true(step_of(&run, "b")->is_required);
	assert_false(step_of(&run, "b")->is_goal);
	assert_string_equal(notes_text(&run), "");
	expect_steps(&w, "b", "+b");
}

/* Down through hard dependencies, symbols and soft dependencies; shared by two. */
static void test_chains(void **state)
{
	static const struct hard levels[] = { { "a", "b" }, { "b", "c" }, { "c", "d" }, { 0 } };
	static const struct hard mixed[] = { { "a", "n_b" }, { "b", "c" }, { 0 } };
	static const struct hard shared[] = { { "a", "c" }, { "b", "c" }, { 0 } };
	const struct world down = with(levels, NULL), through = with(mixed, NULL), both = with(shared, NULL);
	const struct world soft = with(levels, "softdep d pre: live n_a\nsoftdep b post: n_b\n");

	(void)state;
	expect_steps(&down, "a", "+d +c +b +a");
	expect_steps(&through, "a", "+c +b +n_b +a");
	CLEANUP_RUN struct run run = world_plan(&both, "a b");
	assert_string_equal(steps_text(&run), "+c +a +b");
	assert_string_equal(reasons_text(&run, "c"), "hard(a:c)@h:1 hard(b:c)@h:2");
	expect_steps(&soft, "a", "=live +d +c +b +n_b +a +n_a");
}

static void test_names_of_all_kinds(void **state)
{
	static const struct hard hards[] = { { "a", "x-b" }, { "c", "x:b" }, { "d", "symbol:fn" },
					     { "n_a", "service" }, { "n_b", "alias_rule" }, { 0 } };
	const struct world w = with(hards, "install service start\nalias alias_rule live\n");

	(void)state;
	CLEANUP_RUN struct run alias = world_plan(&w, "c");
	assert_string_equal(steps_text(&alias), "+b +c");
	assert_string_equal(reasons_text(&alias, "b"), "hard(c:x:b)@h:2");
	assert_string_equal(groups_text(&alias, "c"), "");
	expect_steps(&w, "d", "+b +d");
	expect_steps(&w, "n_a", "x:no-answer:a x:needs:n_a");
	expect_steps(&w, "n_b", "+b =live +n_b");
	static const struct hard command[] = { { "a", "service" }, { 0 } };
	const struct world runs = with(command, "install service start\n");
	expect_steps(&runs, "a", "!service +a");
}

/* One that is loaded is not loaded for, nor what it needs looked at. */
static void test_there_already(void **state)
{
	static const struct hard hards[] = { { "a", "live" }, { "live", "b" }, { "b", "built" },
					     { "c", "x:built" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "=live +a");
	assert_string_equal(needs_text(&run, "a"), "live");
	assert_false(was_asked(&run, "deps live"));
	expect_steps(&w, "b", "^built +b");
	expect_steps(&w, "c", "^fixed +c");
	w.options.ignore_loaded = true;
	expect_steps(&w, "a", "^built +b +live +a");
}

/* Nor is what is built in asked for what it needs. */
static void test_of_built_in(void **state)
{
	static const struct alias builtin[] = { { "x:fixed", "fixed", PLAN_BY_ALIAS }, { 0 } };
	static const struct hard hards[] = { { "a", "x:fixed" }, { "fixed", "nosuch" }, { 0 } };
	const struct world w = { modules, builtin, .builtins = "fixed", .hards = hards,
				 .options = { .ignore_loaded = true } };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "^fixed +a");
	assert_false(was_asked(&run, "hard-lookup nosuch"));
}

/* A module's own word and "harddep!" are strict; a line of configuration serves many kernels. */
static void test_no_answer(void **state)
{
	static const struct hard hards[] = { { "a", "nosuch" },
					     { "b", "nosuch", PLAN_BY_CONF },
					     { "c", "no:such", PLAN_BY_CONF_STRICT },
					     { "d", "br[cket" },
					     { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run own = world_plan(&w, "a");
	assert_string_equal(steps_text(&own), "x:no-answer:a");
	assert_string_equal(refusal_text(&own, "a"), "nosuch@h:1");
	CLEANUP_RUN struct run conf = world_plan(&w, "b");
	assert_string_equal(steps_text(&conf), "+b");
	assert_string_equal(notes_text(&conf), "hard-unknown(b,nosuch)@h:2");
	assert_true(plan_note_is_warning(conf.plan->notes[0].kind));
	CLEANUP_RUN struct run strict = world_plan(&w, "c");
	assert_string_equal(steps_text(&strict), "x:no-answer:c");
	assert_string_equal(refusal_text(&strict, "c"), "no:such@h:3");
	expect_steps(&w, "d", "x:no-answer:d");
}

/* The first word that cannot be had is the one to tell. */
static void test_several_words(void **state)
{
	static const struct hard hards[] = { { "a", "b" }, { "a", "nosuch" }, { "a", "x:none" }, { "c", "b" },
					     { "c", "d" }, { "c", "live" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "x:no-answer:a");
	assert_string_equal(refusal_text(&run, "a"), "nosuch@h:2");
	CLEANUP_RUN struct run all = world_plan(&w, "c");
	assert_string_equal(steps_text(&all), "+b +d =live +c");
	assert_string_equal(needs_text(&all, "c"), "b d live");
}

static void test_refused_answers(void **state)
{
	static const struct hard hards[] = { { "a", "gone" }, { "b", "damaged" }, { "c", "x:b" }, { 0 } };
	const struct world w = with(hards, NULL), masked = with(hards, "mask gone\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "x:no-file:gone x:needs:a");
	assert_string_equal(refusal_text(&run, "a"), "gone@h:1 <- gone");
	CLEANUP_RUN struct run chain = world_plan(&w, "c");
	assert_string_equal(steps_text(&chain), "x:index:damaged x:needs:b x:needs:c");
	assert_string_equal(refusal_text(&chain, "c"), "x:b@h:3 <- b");
	assert_string_equal(refusal_text(&chain, "b"), "damaged@h:2 <- damaged");
	expect_steps(&masked, "a", "x:masked:gone x:needs:a");
}

/* A blacklist is about aliases: a name is never bound by it. */
static void test_blacklist(void **state)
{
	static const struct hard hards[] = { { "a", "b" }, { "c", "x:b" }, { "d", "x:b", PLAN_BY_CONF }, { 0 } };
	struct world w = with(hards, "blacklist nothing\nblacklist b\n");

	(void)state;
	expect_steps(&w, "a", "+b +a");
	w.options.use_blacklist = true;
	expect_steps(&w, "a", "+b +a");
	w.options.use_blacklist = false;
	CLEANUP_RUN struct run run = world_plan(&w, "c");
	assert_string_equal(steps_text(&run), "x:blacklisted:c");
	assert_string_equal(refusal_text(&run, "c"), "x:b@h:2");
	assert_int_equal(step_of(&run, "c")->rule->line, 2);
	expect_steps(&w, "d", "x:blacklisted:d");
}

/* What is there is there, whatever the blacklist says of loading it. */
static void test_blacklisted_but_there(void **state)
{
	static const struct alias there[] = { { "x:live", "live", PLAN_BY_ALIAS },
					      { "x:built", "fixed", PLAN_BY_BUILTIN_ALIAS }, { 0 } };
	static const struct hard hards[] = { { "a", "x:live" }, { "b", "x:built" }, { 0 } };
	struct world w = { modules, there, .builtins = "fixed", .hards = hards,
			   .conf = "blacklist live\nblacklist fixed\n" };

	(void)state;
	expect_steps(&w, "a", "=live +a");
	expect_steps(&w, "b", "^fixed +b");
	w.options.ignore_loaded = true;
	expect_steps(&w, "a", "x:blacklisted:a");
}

/* An install rule's command stands in for the module, and its module's needs still come first. */
static void test_install_rule(void **state)
{
	static const struct hard hards[] = { { "a", "gone" }, { "gone", "b" }, { 0 } };
	const struct world w = with(hards, "install gone /bin/true\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+b !gone +a");
	assert_string_equal(needs_text(&run, "gone"), "b");
}

/* What an allowed module needs comes along; what it only would like does not. */
static void test_allow(void **state)
{
	static const struct hard hards[] = { { "a", "b" }, { "b", "c" }, { "d", "c" }, { 0 } };
	const struct world w = with(hards, "allow a\nsoftdep a pre: d\n");

	(void)state;
	expect_steps(&w, "a", "+c +b +a");
	expect_steps(&w, "d", "x:not-allowed:d");
	expect_steps(&w, "b", "x:not-allowed:b");
	expect_notes(&w, "a", "refused(a,d)not-allowed@conf:2");
}

static void test_self_and_twice(void **state)
{
	static const struct hard hards[] = { { "a", "a" }, { "a", "x:self" }, { "b", "c" }, { "b", "c" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_RUN struct run self = world_plan(&w, "a");
	assert_string_equal(steps_text(&self), "+a");
	assert_string_equal(notes_text(&self), "hard-self(a,a)@h:1 hard-self(a,x:self)@h:2");
	assert_true(plan_note_is_warning(self.plan->notes[0].kind));
	expect_steps(&w, "b", "+c +b");
}

/* Whoever is asked for: the same dependency is dropped, the way round is told, and loading goes on. */
static void test_cycles(void **state)
{
	static const struct hard two[] = { { "b", "a" }, { "a", "b" }, { 0 } };
	static const struct hard three[] = { { "c", "a" }, { "a", "b" }, { "b", "c" }, { 0 } };
	static const struct hard symbol[] = { { "a", "n_a" }, { 0 } };
	static const struct hard alias[] = { { "a", "x:b" }, { "b", "x:a", PLAN_BY_CONF_STRICT }, { 0 } };
	static const struct {
		const struct hard *hards;
		const char *goals, *steps, *notes;
	} cases[] = {
		{ two, "a", "+b +a", "hard-cycle(b,a)[b -> a -> b]@h:1" },
		{ two, "b", "+b", "hard-cycle(b,a)[b -> a -> b]@h:1" },
		{ two, "a b", "+b +a", "hard-cycle(b,a)[b -> a -> b]@h:1" },
		{ two, "b a", "+b +a", "hard-cycle(b,a)[b -> a -> b]@h:1" },
		{ three, "a", "+c +b +a", "hard-cycle(c,a)[c -> a -> b -> c]@h:1" },
		{ three, "b", "+c +b", "hard-cycle(c,a)[c -> a -> b -> c]@h:1" },
		{ three, "c a", "+c +b +a", "hard-cycle(c,a)[c -> a -> b -> c]@h:1" },
		{ symbol, "n_a", "+a +n_a", "hard-cycle(a,n_a)[a -> n_a -> a]@h:1" },
		{ symbol, "a", "+a", "hard-cycle(a,n_a)[a -> n_a -> a]@h:1" },
		{ alias, "b a", "+b +a", "hard-cycle(b,x:a)[b -> a -> b]@h:2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct world w = with(cases[i].hards, NULL);
		CLEANUP_RUN struct run run = world_plan(&w, cases[i].goals);

		assert_string_equal(steps_text(&run), cases[i].steps);
		assert_string_equal(notes_text(&run), cases[i].notes);
		assert_true(plan_note_is_warning(run.plan->notes[0].kind));
	}
}

/* What depmod has found to close no cycle stays; of the rest, what comes later goes. */
static void test_cycle_with_a_line(void **state)
{
	static const struct module lined[] = { { "a", "" }, { "z", "a" }, { 0 } };
	static const struct hard hards[] = { { "a", "z", PLAN_BY_CONF },
					     { "z", "a", .is_in_line = true }, { 0 } };
	const struct world w = { lined, .hards = hards };

	(void)state;
	expect_steps(&w, "z", "+a +z");
	expect_notes(&w, "z", "hard-cycle(a,z)[a -> z -> a]@h:1");
	expect_steps(&w, "a", "+a");
}

/* A word that depmod dropped, or that a rule took back, is as if it had not been said. */
static void test_dropped(void **state)
{
	static const struct module lined[] = { { "a", "b c" }, { "b", "c" }, { "c", "" }, { "d", "b c" }, { 0 } };
	static const struct hard hards[] = { { "c", "nosuch", .is_dropped = true },
					     { "a", "b", .is_in_line = true, .is_dropped = true }, { 0 } };
	const struct world w = { lined, .hards = hards };

	(void)state;
	expect_steps(&w, "c", "+c");
	expect_notes(&w, "c", "");
	/* c may be there for symbols of a's own: the line does not tell. */
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+c +a");
	assert_string_equal(needs_text(&run, "a"), "c");
	expect_steps(&w, "d", "+c +b +d");
	/* What one on the line does without, another still needs. */
	static const struct module shared[] = { { "u", "m w" }, { "m", "w" }, { "w", "" }, { 0 } };
	static const struct hard back[] = { { "m", "w", .is_in_line = true, .is_dropped = true }, { 0 } };
	const struct world of_two = { shared, .hards = back };
	expect_steps(&of_two, "m", "+m");
	expect_steps(&of_two, "u", "+w +m +u");
}

/* The line tells the order for everybody, the declaration why: one reason each. */
static void test_in_line(void **state)
{
	static const struct module lined[] = { { "a", "b c s" }, { "b", "c" }, { "c", "" }, { "s", "" }, { 0 } };
	static const struct hard hards[] = { { "a", "b", .is_in_line = true },
					     { "a", "s", .is_by_symbol = true }, { 0 } };
	const struct world w = { lined, .hards = hards };

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+s +c +b +a");
	assert_string_equal(reasons_text(&run, "b"), "hard(a:b)@h:1");
	assert_string_equal(reasons_text(&run, "c"), "needs(b)");
	assert_string_equal(reasons_text(&run, "s"), "needs(a)");
	assert_string_equal(needs_text(&run, "a"), "s b");
}

/* A soft dependency whose own hard dependencies cannot be had is left out, and warns of nothing. */
static void test_of_soft_dependencies(void **state)
{
	static const struct hard hards[] = { { "b", "nosuch" },		      { "c", "gone" },
					     { "d", "nosuch", PLAN_BY_CONF }, { "d", "gone" },
					     { "n_b", "a" },		      { 0 } };
	const struct world w = with(hards, "softdep a pre: b c d\n");
	const struct world back = with(hards, "softdep live pre: b\nsoftdep a pre: n_a\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a");
	assert_string_equal(steps_text(&run), "+a");
	assert_string_equal(notes_text(&run), "refused(a,b)no-answer@conf:1 refused(a,c)needs@conf:1 "
					      "refused(a,d)needs@conf:1");
	for (uint32_t i = 0; i < run.plan->n_notes; i++)
		assert_false(plan_note_is_warning(run.plan->notes[i].kind));
	expect_steps(&back, "a", "+a +n_a");
}

/* A hard dependency comes before, a soft one gives way. */
static void test_order_against_soft(void **state)
{
	static const struct hard hards[] = { { "a", "b" }, { 0 } };
	const struct world pre = with(hards, "softdep b pre: a\n"), post = with(hards, "softdep a post: b\n");

	(void)state;
	expect_steps(&pre, "a", "+b +a");
	expect_notes(&pre, "b", "cut(b,a)@conf:1");
	expect_steps(&post, "a", "+b +a");
	expect_notes(&post, "a", "cut(a,b)@conf:1");
}

static void test_first_time(void **state)
{
	static const struct hard hards[] = { { "a", "live" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	w.options.must_change = true;
	expect_steps(&w, "a", "=live +a");
	expect_steps(&w, "live a", "x:loaded:live +a");
}

/* @n answers to the question about what m needs. */
static int answer_with_hards(const struct plan_hard *hards, size_t n)
{
	const struct plan_options options = { .skip_files = true };
	const struct plan_answer itself = { .module = "m", .by = PLAN_BY_NAME };
	const struct plan_state absent = { 0 };
	struct plan_deps deps = { .path = "/m.ko", .hard = hards, .n_hard = n };
	struct planner *planner = planner_new(&options, NULL);
	struct plan_want want;
	int r;

	assert_int_equal(planner_add(planner, "m", NULL), 0);
	assert_int_equal(planner_answer_lookup(planner, &itself, 1, 0), 0);
	assert_int_equal(planner_answer_state(planner, &absent), 0);
	r = planner_answer_deps(planner, &deps);
	assert_int_equal(planner_next(planner, &want), r < 0 ? r : 1);
	planner_free(planner);
	return r;
}

/* Nothing is read of a list that is too long to be taken. */
static void test_too_many(void **state)
{
	const struct plan_hard one = { .word = "x" };

	(void)state;
	assert_int_equal(answer_with_hards(&one, 1), 0);
	assert_int_equal(answer_with_hards(&one, PLAN_EDGES_MAX + 1), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_names_of_all_kinds),
		cmocka_unit_test(test_there_already),
		cmocka_unit_test(test_of_built_in),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_several_words),
		cmocka_unit_test(test_refused_answers),
		cmocka_unit_test(test_blacklist),
		cmocka_unit_test(test_blacklisted_but_there),
		cmocka_unit_test(test_install_rule),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_self_and_twice),
		cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_cycle_with_a_line),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_in_line),
		cmocka_unit_test(test_of_soft_dependencies),
		cmocka_unit_test(test_order_against_soft),
		cmocka_unit_test(test_first_time),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
