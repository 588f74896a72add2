/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Far more modules than a distribution has, in the worst shapes: chains, where recursion would run
 * out of stack, and cycles, where every module names every other.
 */
#include <errno.h>

#include "plan/test-plan.h"

enum {
	N_CHAIN = 20000,
	N_DENSE = 400,
	N_RING = 2000,
};

/** struct big - n modules m00000, m00001...: what each says, by number */
struct big {
	uint32_t n;
	bool is_unload;
	bool has_needs;	  /* each needs the next */
	const char *conf; /* NULL for none */
};

static void put_number(struct buf *out, const char *format, uint32_t i)
{
	buf_printf(out, format, i);
}

static uint32_t number_of(const char *name)
{
	return (uint32_t)strtoul(name + 1, NULL, 10);
}

static int answer_big(const struct big *big, struct planner *planner, const struct plan_want *want)
{
	char next[64], path[64], holder[64];
	uint32_t i = number_of(want->name);
	struct plan_answer answer = { .module = want->name, .by = PLAN_BY_NAME };
	struct plan_state state = { .live = big->is_unload ? PLAN_LIVE : PLAN_ABSENT };
	struct plan_deps deps = { .path = path };

	(void)snprintf(path, sizeof(path), DIRECTORY "m%05u.ko", i);
	(void)snprintf(next, sizeof(next), DIRECTORY "m%05u.ko", i + 1);
	(void)snprintf(holder, sizeof(holder), "m%05u", i - 1);
	if (big->has_needs && i + 1 < big->n)
		deps = (struct plan_deps){ path, false, next, strlen(next) + 1, 0 };
	if (big->has_needs && big->is_unload && i > 0) {
		state.n_users = 1;
		state.holders = holder;
		state.holders_size = strlen(holder) + 1;
	}
	switch (want->kind) {
	case PLAN_WANT_LOOKUP:
		return planner_answer_lookup(planner, &answer, 1, 0);
	case PLAN_WANT_STATE:
		return planner_answer_state(planner, &state);
	case PLAN_WANT_DEPS:
		return planner_answer_deps(planner, &deps);
	case PLAN_WANT_HARD_USERS:
		return planner_answer_hard_users(planner, NULL, 0);
	default:
		return planner_answer_file(planner, 0);
	}
}

/* Plans for m00000. */
static struct run big_plan(const struct big *big)
{
	const struct plan_options options = { .is_unload = big->is_unload };
	const char *conf = big->conf ? big->conf : "";
	struct run run = { 0 };
	struct plan_want want;

	assert_int_equal(modprobe_conf_read(&run.conf, bytes_of(conf, strlen(conf)), "conf", NULL), 0);
	run.planner = planner_new(&options, &run.conf);
	assert_int_equal(planner_add(run.planner, "m00000", NULL), 0);
	while (planner_next(run.planner, &want) > 0)
		assert_int_equal(answer_big(big, run.planner, &want), 0);
	assert_int_equal(planner_finish(run.planner, &run.plan), 0);
	return run;
}

/* Every module once, in the order first, first + by, ... */
static void assert_order(const struct run *run, uint32_t n, uint32_t first, int by)
{
	char name[64];

	assert_int_equal(run->plan->n_steps, n);
	for (uint32_t i = 0; i < n; i++) {
		(void)snprintf(name, sizeof(name), "m%05u", (uint32_t)((int)first + by * (int)i));
		assert_string_equal(run->plan->steps[i].module, name);
	}
}

static void test_chain_of_needs(void **state)
{
	struct big big = { .n = N_CHAIN, .has_needs = true };

	(void)state;
	CLEANUP_RUN struct run load = big_plan(&big);
	assert_order(&load, N_CHAIN, N_CHAIN - 1, -1);
	assert_true(load.plan->steps[0].is_required);
	big.is_unload = true;
	CLEANUP_RUN struct run unload = big_plan(&big);
	assert_order(&unload, N_CHAIN, 0, 1);
}

/* Modules that name each other in a long ring: one place is cut, the one that names say. */
static void test_soft_ring(void **state)
{
	CLEANUP_BUF struct buf conf = { 0 };
	struct big big = { .n = N_RING };

	(void)state;
	for (uint32_t i = 0; i < N_RING; i++) {
		put_number(&conf, "softdep m%05u pre: ", i);
		put_number(&conf, "m%05u\n", (i + 1) % N_RING);
	}
	buf_put_u8(&conf, 0);
	big.conf = (const char *)conf.base;
	CLEANUP_RUN struct run load = big_plan(&big);
	assert_int_equal(load.plan->n_notes, 1);
	assert_string_equal(load.plan->steps[0].module, "m00000");
	assert_string_equal(load.plan->steps[1].module, "m01999");
	assert_string_equal(load.plan->steps[N_RING - 1].module, "m00001");
	big.is_unload = true;
	CLEANUP_RUN struct run unload = big_plan(&big);
	assert_int_equal(unload.plan->n_steps, N_RING);
	for (uint32_t i = 0; i < N_RING; i++) /* m00000 was the first to come */
		assert_int_equal(number_of(unload.plan->steps[i].module), (i + 1) % N_RING);
}

/* Every module names all others, on both sides of itself. */
static void test_dense_cycle(void **state)
{
	static const char *const phases[] = { "pre:", "post:" };
	struct big big = { .n = N_DENSE };

	(void)state;
	for (int is_unload = 0; is_unload < 2; is_unload++) {
		for (int phase = 0; phase < 2; phase++) {
			CLEANUP_BUF struct buf conf = { 0 };

			put_number(&conf, "softdep m* ", 0);
			buf_put_string(&conf, phases[phase]);
			for (uint32_t i = 0; i < N_DENSE; i++)
				put_number(&conf, " m%05u", i);
			buf_put(&conf, "\n", 2);
			big.conf = (const char *)conf.base;
			big.is_unload = is_unload;
			CLEANUP_RUN struct run run = big_plan(&big);
			assert_int_equal(run.plan->n_steps, N_DENSE);
			for (uint32_t i = 0; i < 64; i++) {
				uint32_t at = is_unload ? N_DENSE - 1 - i : i;

				assert_int_equal(number_of(run.plan->steps[at].module), i);
			}
		}
	}
}

/* More than there is room for is an error, and not a plan without the rest. */
static void test_over_the_limit(void **state)
{
	const struct big big = { .n = PLAN_MODULES_MAX + 2, .has_needs = true };
	const struct plan_options options = { 0 };
	struct planner *planner = planner_new(&options, NULL);
	const struct plan *plan = NULL;
	struct plan_want want;
	int r = 0;

	(void)state;
	assert_int_equal(planner_add(planner, "m00000", NULL), 0);
	while (r == 0 && planner_next(planner, &want) > 0)
		r = answer_big(&big, planner, &want);
	assert_int_equal(r, -E2BIG);
	assert_int_equal(planner_next(planner, &want), -E2BIG);
	assert_int_equal(planner_finish(planner, &plan), -E2BIG);
	assert_null(plan);
	planner_free(planner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain_of_needs),
		cmocka_unit_test(test_soft_ring),
		cmocka_unit_test(test_dense_cycle),
		cmocka_unit_test(test_over_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
