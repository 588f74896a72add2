/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans with hard dependencies and conflicts, carried out on the model of a kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "engine/apply.h"
#include "model/kernel-model.h"
#include "plan/test-plan.h"

/* n_X needs X by its symbols; bad_X has an init that fails; the others just work. */
static const struct kernel_model_module kernel_modules[] = {
	{ "a" }, { "b" }, { "c" }, { "d" }, { "e" }, { "f" }, { "live", .is_live = true },
	{ "n_a", "a" }, { "n_b", "b" }, { "n_bad_a", "bad_a" }, { "top", "n_b" },
	{ "bad_a", .init_error = -ENODEV }, { "bad_b", .init_error = -EIO },
	{ "bad_n_a", "a", .init_error = -ENODEV }, { "stuck", .is_permanent = true },
};
static const struct module modules[] = {
	{ "a", "" }, { "b", "" }, { "c", "" }, { "d", "" }, { "e", "" }, { "f", "" }, { "live", "", PLAN_LIVE },
	{ "n_a", "a" }, { "n_b", "b" }, { "n_bad_a", "bad_a" }, { "bad_a", "" }, { "bad_b", "" },
	{ "bad_n_a", "a" }, { "stuck", "" }, { "top", "n_b b" }, { 0 },
};
static const struct alias aliases[] = {
	{ "x:abc", "a b c", PLAN_BY_ALIAS },	{ "x:bad_ab", "bad_a bad_b a b", PLAN_BY_ALIAS },
	{ "x:bad", "bad_a bad_b", PLAN_BY_ALIAS }, { "x:deep", "a n_b", PLAN_BY_ALIAS },
	{ "x:bad_n", "n_bad_a c", PLAN_BY_ALIAS }, { "x:badlive", "bad_n_a c", PLAN_BY_ALIAS }, { 0 },
};

static char path[] = "/tmp/apply-XXXXXX"; /* the file of every module: the model goes by the name */

/** struct applied - a plan, its results and the kernel afterwards; applied_done() in the end */
struct applied {
	struct run run;
	struct kernel_model *model;
	struct apply_result results[32];
	struct buf before; /* modules of steps that were announced */
	int result;
};

static void note_before(void *ctx, const struct plan_step *step)
{
	struct applied *a = ctx;

	buf_printf(&a->before, "%s%s", a->before.size > 0 ? " " : "", step->module);
}

static struct kernel_model *new_model(void)
{
	struct kernel_model *model = kernel_model_new(KERNEL_MODEL_6_12);

	for (size_t i = 0; i < sizeof(kernel_modules) / sizeof(kernel_modules[0]); i++)
		assert_int_equal(kernel_model_add(model, &kernel_modules[i]), 0);
	return model;
}

/* The same plan with one file for all. */
static void apply(struct applied *a, struct kernel *kernel, struct apply_options options)
{
	struct plan_step steps[32];
	struct plan plan = *a->run.plan;
	const struct events events = { 0 };
	struct inserter *inserter = inserter_new(kernel, &events);

	assert_true(plan.n_steps <= 32);
	memcpy(steps, plan.steps, plan.n_steps * sizeof(*steps));
	for (uint32_t i = 0; i < plan.n_steps; i++)
		steps[i].path = path;
	plan.steps = steps;
	options.before = note_before;
	options.ctx = a;
	a->result = apply_plan(&plan, kernel, inserter, &options, a->results);
	inserter_free(inserter);
}

/* @meanwhile: what another process does between plan and deed; NULL for nothing */
static void do_goals(struct applied *a, const struct world *w, const char *goals, const char *meanwhile,
		     struct apply_options options)
{
	struct kernel kernel;

	a->run = world_plan(w, goals);
	a->model = new_model();
	if (meanwhile)
		assert_int_equal(kernel_model_process(a->model, meanwhile), 0);
	kernel_model_kernel(a->model, &kernel);
	if (meanwhile)
		kernel.wait(kernel.ctx, 1000);
	apply(a, &kernel, options);
}

static void applied_done(struct applied *a)
{
	buf_done(&a->before);
	kernel_model_free(a->model);
	world_done(&a->run);
}

#define CLEANUP_APPLIED __attribute__((cleanup(applied_done)))

/* Steps in their order: +a done, =a not needed, !a failed, <a needs another, .a not tried, ~a undone. */
static const char *results_text(struct applied *a)
{
	static const char marks[] = { [APPLY_NOT_TRIED] = '.', [APPLY_DONE] = '+', [APPLY_NOT_NEEDED] = '=',
				      [APPLY_FAILED] = '!', [APPLY_NEEDS] = '<', [APPLY_UNDONE] = '~' };

	a->run.text.size = 0;
	for (uint32_t i = 0; i < a->run.plan->n_steps; i++)
		buf_printf(&a->run.text, "%c%s ", marks[a->results[i].status], a->run.plan->steps[i].module);
	return end_text(&a->run);
}

static const struct apply_result *result_of(const struct applied *a, const char *module)
{
	return &a->results[step_of(&a->run, module) - a->run.plan->steps];
}

static bool is_live_now(const struct applied *a, const char *module)
{
	return kernel_model_state(a->model, module) == MODULE_LIVE;
}

static struct world with(const struct hard *hards, const char *conf)
{
	return (struct world){ modules, aliases, .conf = conf, .hards = hards };
}

static void expect(const struct world *w, const char *goals, struct apply_options options, const char *want,
		   int result)
{
	CLEANUP_APPLIED struct applied a = { 0 };

	do_goals(&a, w, goals, NULL, options);
	assert_string_equal(results_text(&a), want);
	assert_int_equal(a.result, result);
}

static const struct apply_options plain;

static void test_single(void **state)
{
	static const struct hard hards[] = { { "d", "a" }, { "e", "bad_a" }, { "f", "e" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	expect(&w, "d", plain, "+a +d", 0);
	CLEANUP_APPLIED struct applied failed = { 0 };
	do_goals(&failed, &w, "f", NULL, plain);
	assert_string_equal(results_text(&failed), "!bad_a .e <f");
	assert_int_equal(failed.result, 1);
	assert_int_equal(result_of(&failed, "f")->cause, 1);
	assert_false(is_live_now(&failed, "e"));
}

/* One after the other, until one is live; what only a later one needs is not touched. */
static void test_group(void **state)
{
	static const struct hard hards[] = { { "d", "x:abc" }, { "e", "x:bad_ab" }, { "f", "x:deep" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	expect(&w, "d", plain, "+a .b .c +d", 0);
	CLEANUP_APPLIED struct applied second = { 0 };
	do_goals(&second, &w, "e", NULL, plain);
	assert_string_equal(results_text(&second), "!bad_a !bad_b +a .b +e");
	assert_int_equal(second.result, 0);
	assert_true(is_live_now(&second, "e"));
	CLEANUP_APPLIED struct applied deep = { 0 };
	do_goals(&deep, &w, "f", NULL, plain);
	assert_string_equal(results_text(&deep), "+a .b .n_b +f");
	assert_false(is_live_now(&deep, "b"));
	/* Somebody else wants it as well. */
	expect(&w, "f n_b", plain, "+a +b +n_b +f", 0);
	expect(&w, "d f", plain, "+a .b .c +d .n_b +f", 0);
}

static void test_all_fail(void **state)
{
	static const struct hard hards[] = { { "d", "a" }, { "d", "x:bad" }, { "e", "d" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_APPLIED struct applied a = { 0 };
	do_goals(&a, &w, "d e", NULL, plain);
	assert_string_equal(results_text(&a), "+a !bad_a !bad_b <d <e");
	assert_int_equal(a.result, 1);
	assert_int_equal(result_of(&a, "d")->cause, PLAN_NONE);
	assert_int_equal(result_of(&a, "d")->group, 0);
	assert_int_equal(result_of(&a, "e")->group, PLAN_NONE);
}

/* An answer whose own need fails is none, and nothing else is loaded for it. */
static void test_answer_whose_need_fails(void **state)
{
	static const struct hard hards[] = { { "d", "x:bad_n" }, { "n_bad_a", "e" }, { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	CLEANUP_APPLIED struct applied a = { 0 };
	do_goals(&a, &w, "d", NULL, plain);
	assert_string_equal(results_text(&a), "!bad_a .e <n_bad_a +c +d");
	assert_int_equal(a.result, 0);
}

/* Nothing is loaded for a module that cannot come any longer, not even answers. */
static void test_doomed(void **state)
{
	static const struct hard hards[] = { { "d", "bad_a" }, { "d", "x:abc" }, { "e", "x:bad" }, { "e", "f" },
					     { 0 } };
	const struct world w = with(hards, NULL);

	(void)state;
	expect(&w, "d", plain, "!bad_a .a .b .c <d", 1);
	expect(&w, "e", plain, "!bad_a !bad_b .f <e", 1);
}

/* Two that are not to be had, one by the plan and one by its init: what needs them is given up at once. */
static void test_doomed_by_refused_answer(void **state)
{
	static const struct hard hards[] = { { "top", "x:bad" }, { 0 } };
	const struct world w = with(hards, "mask bad_b\nsoftdep b pre: bad_a\n");

	(void)state;
	expect(&w, "top bad_b", plain, "!bad_a .b .n_b !bad_b <top", 1);
}

/* Soft dependencies come with the answer that was loaded, and with no other. */
static void test_soft_of_answers(void **state)
{
	static const struct hard hards[] = { { "d", "x:abc" }, { 0 } };
	const struct world w = with(hards, "softdep a post: e\nsoftdep b pre: f\nsoftdep c post: n_bad_a\n");
	/* What c would have had behind it needs what comes before c. */
	const struct world before = with(hards, "softdep c post: n_b\nsoftdep b post: n_a\n");

	(void)state;
	expect(&w, "d", plain, "+a +e .f .b .c .bad_a .n_bad_a +d", 0);
	expect(&before, "d", plain, "+a .b .n_a .c .n_b +d", 0);
	const struct world failed = with(hards, "softdep bad_a post: e\n");
	expect(&failed, "bad_a", plain, "!bad_a .e", 1);
}

static void test_dry_run(void **state)
{
	static const struct hard hards[] = { { "d", "x:deep" }, { "d", "live" }, { 0 } };
	static const struct clash clashes[] = { { "d", "e" }, { 0 } };
	struct world w = with(hards, NULL);
	CLEANUP_APPLIED struct applied a = { 0 };
	const struct kernel_model_call *calls;

	(void)state;
	w.clashes = clashes;
	do_goals(&a, &w, "d", NULL, (struct apply_options){ .dry_run = true });
	assert_string_equal(results_text(&a), "+a +b +n_b =live +d");
	buf_put_u8(&a.before, 0);
	assert_string_equal((const char *)a.before.base, "a b n_b d");
	assert_int_equal(kernel_model_calls(a.model, &calls), 0);
	assert_int_equal(a.result, 0);
}

/* What came since the plan was made is seen before the module is inserted. */
static void test_conflict_that_came(void **state)
{
	static const struct clash clashes[] = { { "b", "f", true }, { "a", "e" }, { 0 } };
	static const struct hard hards[] = { { "d", "x:abc" }, { 0 } };
	struct world w = with(hards, NULL);

	(void)state;
	w.clashes = clashes;
	CLEANUP_APPLIED struct applied a = { 0 };
	do_goals(&a, &w, "n_a", "+e", plain);
	assert_string_equal(results_text(&a), "!a <n_a");
	assert_int_equal(result_of(&a, "a")->error, -EADDRINUSE);
	assert_int_equal(result_of(&a, "a")->conflict, 0);
	assert_int_equal(a.result, 1);
	assert_false(is_live_now(&a, "a"));
	/* The next answer may do. */
	CLEANUP_APPLIED struct applied group = { 0 };
	do_goals(&group, &w, "d", "+e", plain);
	assert_string_equal(results_text(&group), "!a +b .c +d");
	assert_int_equal(group.result, 0);
	w.conf = "install a +a\n";
	CLEANUP_APPLIED struct applied command = { 0 };
	do_goals(&command, &w, "a", "+e", plain);
	assert_string_equal(results_text(&command), "!a");
	assert_false(is_live_now(&command, "a"));
}

/* Answers of two dependencies that exclude each other: who comes second gives way to the next. */
static void test_conflict_of_answers(void **state)
{
	static const struct clash clashes[] = { { "b", "c", true }, { 0 } };
	static const struct alias two[] = { { "x:ca", "c a", PLAN_BY_ALIAS }, { "x:be", "b e", PLAN_BY_ALIAS },
					    { 0 } };
	static const struct hard hards[] = { { "d", "x:ca" }, { "d", "x:be" }, { 0 } };
	const struct world w = { modules, two, .hards = hards, .clashes = clashes };

	(void)state;
	expect(&w, "d", plain, "+c .a !b +e +d", 0);
}

/* The kernel would insert it all the same. */
static void test_dependency_that_went(void **state)
{
	static const struct hard hards[] = { { "d", "live" }, { "e", "x:live" }, { 0 } };
	static const struct alias alias[] = { { "x:live", "a live", PLAN_BY_ALIAS }, { 0 } };
	const struct world w = { modules, alias, .hards = hards };

	(void)state;
	CLEANUP_APPLIED struct applied a = { 0 };
	do_goals(&a, &w, "d", "-live", plain);
	assert_string_equal(results_text(&a), "!live <d");
	assert_int_equal(result_of(&a, "live")->error, -ESTALE);
	assert_int_equal(result_of(&a, "d")->cause, 0);
	assert_false(is_live_now(&a, "d"));
	CLEANUP_APPLIED struct applied group = { 0 };
	do_goals(&group, &w, "e", "-live", plain);
	assert_int_equal(group.result, 1);
	assert_false(is_live_now(&group, "e"));
	CLEANUP_APPLIED struct applied stays = { 0 };
	do_goals(&stays, &w, "d", "+a", plain);
	assert_string_equal(results_text(&stays), "=live +d");
}

static void test_all_or_nothing(void **state)
{
	static const struct hard hards[] = { { "d", "x:abc" }, { "e", "x:badlive" }, { "stuck", "x:deep" },
					     { "n_b", "f" }, { 0 } };
	const struct world w = with(hards, NULL);
	const struct apply_options options = { .all_or_nothing = true };

	(void)state;
	expect(&w, "d bad_a", options, "~a .b .c ~d !bad_a", 1);
	expect(&w, "d bad_a", plain, "+a .b .c +d !bad_a", 1);
	/* An answer that failed has left what it needed; nothing failed in the end. */
	expect(&w, "e", options, "+a !bad_n_a +c +e", 0);
	/* What cannot be removed keeps what it needs, of a group the answer that came. */
	expect(&w, "stuck bad_a", options, "+a .b .f .n_b +stuck !bad_a", 1);
	static const struct hard single[] = { { "stuck", "n_a" }, { "a", "c" }, { "c", "e" }, { "e", "f" },
					       { 0 } };
	const struct world chain = with(single, NULL);
	expect(&chain, "stuck d bad_a", options, "+f +e +c +a +n_a +stuck ~d !bad_a", 1);
}

/* An install command is taken back by a remove command, while nobody uses the module, and by nothing else. */
static void test_undone_commands(void **state)
{
	const struct apply_options options = { .all_or_nothing = true };

	(void)state;
	const struct world bare = with(NULL, "install a +a\n");
	expect(&bare, "b a bad_a", options, "~b +a !bad_a", 1);
	const struct world both = with(NULL, "install a +a\nremove a -a\nremove b -a\n");
	CLEANUP_APPLIED struct applied undone = { 0 };
	do_goals(&undone, &both, "b a bad_a", NULL, options);
	assert_string_equal(results_text(&undone), "~b ~a !bad_a");
	assert_false(is_live_now(&undone, "a"));
	const struct world fails = with(NULL, "install a +a\nremove a -nothing\n");
	expect(&fails, "a bad_a", options, "+a !bad_a", 1);
	const struct world used = with(NULL, "install a +a +n_a\nremove a -n_a -a\n");
	CLEANUP_APPLIED struct applied kept = { 0 };
	do_goals(&kept, &used, "a bad_a", NULL, options);
	assert_string_equal(results_text(&kept), "+a !bad_a");
	assert_true(is_live_now(&kept, "n_a"));
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	if (fd < 0 || write(fd, "plain", 5) != 5)
		return -1;
	return close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_single),
		cmocka_unit_test(test_group),
		cmocka_unit_test(test_all_fail),
		cmocka_unit_test(test_answer_whose_need_fails),
		cmocka_unit_test(test_doomed),
		cmocka_unit_test(test_doomed_by_refused_answer),
		cmocka_unit_test(test_soft_of_answers),
		cmocka_unit_test(test_dry_run),
		cmocka_unit_test(test_conflict_that_came),
		cmocka_unit_test(test_conflict_of_answers),
		cmocka_unit_test(test_dependency_that_went),
		cmocka_unit_test(test_all_or_nothing),
		cmocka_unit_test(test_undone_commands),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
