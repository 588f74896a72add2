/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "plan/test-plan.h"

static const struct module modules[] = {
	{ "a", "b c" }, { "b", "c" }, { "c", "" }, { "lone", "" }, { "live", "", PLAN_LIVE },
	{ "gone", "", .file_error = -ENOENT }, { 0 },
};
static const struct alias aliases[] = {
	{ "pci:x", "lone b", PLAN_BY_ALIAS }, { "symbol:fn", "lone", PLAN_BY_SYMBOL }, { 0 }
};

static struct world with(const char *conf)
{
	return (struct world){ modules, aliases, .conf = conf };
}

/* Masked by name, alias, dependency, soft dependency: never loaded, and it is said by which line. */
static void test_mask(void **state)
{
	const struct world w = with("mask c nosuch\nsoftdep lone pre: c b\nmask snd*\nalias other c\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "c");
	assert_string_equal(steps_text(&run), "x:masked:c");
	assert_string_equal(step_of(&run, "c")->rule->file, "conf");
	assert_int_equal(step_of(&run, "c")->rule->line, 1);
	assert_false(was_asked(&run, "deps c"));
	expect_steps(&w, "other", "x:masked:c");
	expect_steps(&w, "a", "x:masked:c x:needs:b x:needs:a");
	expect_steps(&w, "lone", "+lone");
	expect_notes(&w, "lone",
		     "refused(lone,c)masked@conf:2 refused(lone,b)needs@conf:2");
	CLEANUP_RUN struct run soft = world_plan(&w, "lone");
	assert_int_equal(soft.plan->notes[0].rule->line, 1);
}

static void test_mask_and_the_rest(void **state)
{
	struct world w = with("mask c\nmask live\ninstall c /bin/true\nalias pci:x c\n");

	(void)state;
	expect_steps(&w, "live", "=live"); /* it is about loading */
	expect_steps(&w, "c", "x:masked:c"); /* no command goes around it */
	expect_steps(&w, "/tmp/c.ko", "x:masked:c");
	w.options.ignore_commands = true;
	expect_steps(&w, "c", "x:masked:c");
	w.options.ignore_loaded = true;
	expect_steps(&w, "live", "x:masked:live");
	expect_steps(&w, "pci:x", "x:masked:c");
}

/* Only what is allowed by name, and what that needs. */
static void test_allow(void **state)
{
	const struct world w = with("allow a\nallow l?ve\n");

	(void)state;
	expect_steps(&w, "a", "+c +b +a");
	expect_steps(&w, "lone", "x:not-allowed:lone");
	expect_steps(&w, "b", "x:not-allowed:b"); /* on its own account */
	expect_steps(&w, "b a", "+c +b +a"); /* it comes anyway */
	expect_steps(&w, "live", "=live");
	expect_steps(&w, "pci:x", "x:not-allowed:lone x:not-allowed:b");
}

static void test_allow_soft_and_mask(void **state)
{
	struct world w = with("allow a\nsoftdep a pre: lone\n");

	(void)state;
	expect_steps(&w, "a", "+c +b +a");
	expect_notes(&w, "a", "refused(a,lone)not-allowed@conf:2");
	w.conf = "allow a lone\nsoftdep a pre: lone\n";
	expect_steps(&w, "a", "+c +b +lone +a");
	w.conf = "allow a c\nmask c\n";
	expect_steps(&w, "a", "x:masked:c x:needs:b x:needs:a");
	w.conf = "allow a\ninstall lone /bin/x\n";
	expect_steps(&w, "lone", "x:not-allowed:lone");
}

/* Who is refused brings nothing along. */
static void test_allow_refused_user(void **state)
{
	struct world w = with("allow lone\nsoftdep lone pre: a\n");

	(void)state;
	expect_steps(&w, "lone", "+lone");
	expect_steps(&w, "a lone", "x:not-allowed:a +lone");
	w.conf = "allow a\nmask a\n";
	expect_steps(&w, "a b", "x:masked:a x:not-allowed:b");
	w.conf = "allow a gone\nmask b\n";
	expect_steps(&w, "a c", "x:not-allowed:c x:masked:b x:needs:a");
}

static void test_blacklist(void **state)
{
	struct world w = with("blacklist lone\nblacklist c\nalias mine lone\n");

	(void)state;
	expect_steps(&w, "lone", "+lone");
	expect_steps(&w, "a", "+c +b +a");
	CLEANUP_RUN struct run run = world_plan(&w, "pci:x mine symbol:fn");
	assert_string_equal(steps_text(&run), "+c +b");
	assert_string_equal(goal_text(&run, 0), "b");
	assert_string_equal(goal_text(&run, 1), "-");
	assert_string_equal(goal_text(&run, 2), "-");
	assert_int_equal(run.plan->goals[1].error, 0);
	assert_string_equal(notes_text(&run),
			    "blacklisted(pci:x,lone) blacklisted(mine,lone) blacklisted(symbol:fn,lone)");
	assert_int_equal(run.plan->notes[0].rule->line, 1);
	w.options.use_blacklist = true;
	CLEANUP_RUN struct run heeded = world_plan(&w, "lone a");
	assert_string_equal(steps_text(&heeded), "+c +b +a");
	assert_string_equal(goal_text(&heeded, 0), "-");
}

static void test_install_rule(void **state)
{
	struct world w = with("install a first\ninstall a* second $CMDLINE_OPTS\noptions a x=1\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "a::y=2");
	assert_string_equal(steps_text(&run), "+c +b !a");
	assert_string_equal(step_of(&run, "a")->command, "first");
	assert_int_equal(step_of(&run, "a")->rule->line, 1);
	assert_string_equal(step_of(&run, "a")->options, "x=1 y=2");
	assert_false(was_asked(&run, "file " DIRECTORY "a.ko"));
	w.conf = "install b cmd\n";
	expect_steps(&w, "a", "+c !b +a");
	w.options.ignore_commands = true;
	expect_steps(&w, "a", "+c !b +a"); /* it is about the goal */
	expect_steps(&w, "b", "+c +b");
	w.options.ignore_commands = false;
	w.conf = "install live cmd\n";
	expect_steps(&w, "live", "=live");
	w.conf = "install gone cmd\n";
	expect_steps(&w, "gone", "!gone");
}

/* kmod runs no command of a module that has soft dependencies, and loads it. */
static void test_install_rule_with_softdep(void **state)
{
	struct world w = with("install lone /bin/false\nsoftdep lone pre: c\n");

	(void)state;
	expect_steps(&w, "lone", "+c !lone");
	w.conf = "install c /bin/false\nsoftdep lone pre: c\nsoftdep c post: b\n";
	expect_steps(&w, "lone", "!c +b +lone");
	expect_steps(&w, "a", "!c +b +a");
}

/* The name of a command, no module. */
static void test_install_rule_alone(void **state)
{
	struct world w = with("install service start it\nsoftdep service pre: lone post: b\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "service");
	assert_string_equal(steps_text(&run), "+lone !service +c +b");
	assert_string_equal(reasons_text(&run, "service"), "goal(service)");
	w.conf = "softdep lone pre: service\ninstall service start it\n";
	expect_steps(&w, "lone", "!service +lone");
}

static void test_ignored_command_of_no_module(void **state)
{
	struct world w = with("install service start it\n");

	(void)state;
	w.options.ignore_commands = true;
	expect_steps(&w, "service", "x:unknown:service");
}

/* Parameters: in the order of the configuration, by module and by alias; then the caller's. */
static void test_options(void **state)
{
	const struct world w = with("options lone z=1\noptions mine y=2\noptions lone x=\"3 4\"\n"
				    "alias mine lone\noptions b q=5\noptions other w=6\n");

	(void)state;
	CLEANUP_RUN struct run by_alias = world_plan(&w, "mine::y=7,z=8");
	assert_string_equal(step_of(&by_alias, "lone")->options, "z=1 y=2 x=\"3 4\" y=7 z=8");
	CLEANUP_RUN struct run by_name = world_plan(&w, "lone a::p=9");
	assert_string_equal(step_of(&by_name, "lone")->options, "z=1 x=\"3 4\"");
	assert_string_equal(step_of(&by_name, "b")->options, "q=5");
	assert_string_equal(step_of(&by_name, "c")->options, "");
	assert_string_equal(step_of(&by_name, "a")->options, "p=9");
}

/* One after the other: the second would find it live. */
static void test_options_of_two_requests(void **state)
{
	const struct world w = with("alias one lone\nalias two lone\noptions one a=1\noptions two b=2\n");

	(void)state;
	CLEANUP_RUN struct run run = world_plan(&w, "two::p=1 one::p=2");
	assert_string_equal(steps_text(&run), "+lone");
	assert_string_equal(step_of(&run, "lone")->options, "b=2 p=1");
	CLEANUP_RUN struct run named = world_plan(&w, "lone one::p=2");
	assert_string_equal(step_of(&named, "lone")->options, "");
}

static void test_same_plan_for_the_same(void **state)
{
	struct world w = with("softdep lone pre: b\ninstall b x\n");

	(void)state;
	for (int i = 0; i < 3; i++)
		expect_steps(&w, "a lone", "+c !b +a +lone");
	expect_steps(&w, "", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mask),
		cmocka_unit_test(test_mask_and_the_rest),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_allow_soft_and_mask),
		cmocka_unit_test(test_allow_refused_user),
		cmocka_unit_test(test_blacklist),
		cmocka_unit_test(test_install_rule),
		cmocka_unit_test(test_install_rule_with_softdep),
		cmocka_unit_test(test_install_rule_alone),
		cmocka_unit_test(test_ignored_command_of_no_module),
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_options_of_two_requests),
		cmocka_unit_test(test_same_plan_for_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
