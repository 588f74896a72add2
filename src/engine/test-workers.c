/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "engine/workers.h"

#define THREADS_MAX 8

struct job {
	_Atomic uint32_t n_begun[10000];
	_Atomic uint32_t n_on_thread[THREADS_MAX];
	_Atomic uint32_t n_wrong;
	_Atomic uint32_t last; /* item begun last */
	pthread_t caller;
	unsigned int n_threads;
	uint32_t fails_from; /* items from this one on fail, each with a value of its own */
};

static int work(void *ctx, unsigned int thread, uint32_t item)
{
	struct job *job = ctx;
	uint32_t last = atomic_load(&job->last);

	/* cmocka's checks may only fail on the main thread. */
	if (thread >= job->n_threads ||
	    (thread == 0) != !!pthread_equal(pthread_self(), job->caller))
		job->n_wrong++;
	job->n_begun[item]++;
	if (thread < THREADS_MAX)
		job->n_on_thread[thread]++;
	while (last < item && !atomic_compare_exchange_weak(&job->last, &last, item))
		;
	if (item % 64 == 0)
		(void)sched_yield();
	return item >= job->fails_from ? -(int)(1000 + item) : (int)item;
}

static void run(struct job *job, unsigned int n_threads, uint32_t n_items, int want)
{
	*job = (struct job){
		.caller = pthread_self(),
		.n_threads = n_threads ? n_threads : 1,
		.fails_from = job->fails_from,
	};
	assert_int_equal(workers_run(n_threads, n_items, work, job), want);
	assert_int_equal(job->n_wrong, 0);
}

static void test_every_item_once(void **state)
{
	static struct job job;

	(void)state;
	job.fails_from = UINT32_MAX;
	for (unsigned int n_threads = 0; n_threads <= THREADS_MAX; n_threads++) {
		run(&job, n_threads, 10000, 0);
		for (uint32_t i = 0; i < 10000; i++)
			assert_int_equal(job.n_begun[i], 1);
	}
}

static void test_more_threads_than_items(void **state)
{
	static struct job job;

	(void)state;
	job.fails_from = UINT32_MAX;
	run(&job, THREADS_MAX, 3, 0);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(job.n_begun[i], 1);
	run(&job, 1, 1, 0);
	assert_int_equal(job.n_on_thread[0], 1);
}

static void test_no_items(void **state)
{
	static struct job job;

	(void)state;
	job.fails_from = 0;
	run(&job, THREADS_MAX, 0, 0);
	run(&job, 0, 0, 0);
	assert_int_equal(job.n_begun[0], 0);
}

/* On one thread, nothing is begun behind the item that fails. */
static void test_failure_on_one_thread(void **state)
{
	static struct job job;

	(void)state;
	job.fails_from = 70;
	run(&job, 1, 10000, -1070);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(job.n_begun[i], i <= 70);
}

/* On several, what is said is the failure of the first item, and few more are begun. */
static void test_failure_on_several_threads(void **state)
{
	static struct job job;

	(void)state;
	for (int round = 0; round < 200; round++) {
		job.fails_from = 100 + (uint32_t)round;
		run(&job, 4, 10000, -(1100 + round));
		for (uint32_t i = 0; i < job.fails_from; i++)
			assert_int_equal(job.n_begun[i], 1);
		assert_true(job.last < job.fails_from + 4);
	}
}

struct race {
	_Atomic bool has_first_failed;
};

/* Items from 1 on fail only after item 0 did. */
static int fail_in_order(void *ctx, unsigned int thread, uint32_t item)
{
	const struct timespec moment = { .tv_nsec = 5 * 1000 * 1000 };
	struct race *race = ctx;

	(void)thread;
	if (item == 0) {
		(void)nanosleep(&moment, NULL); /* let the others begin */
		atomic_store(&race->has_first_failed, true);
		return -1;
	}
	while (!atomic_load(&race->has_first_failed))
		(void)sched_yield();
	(void)nanosleep(&moment, NULL);
	return -2;
}

static void test_a_later_failure_changes_nothing(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		struct race race = { false };

		assert_int_equal(workers_run(4, 100, fail_in_order, &race), -1);
	}
}

struct sharing {
	struct budget *budget;
	_Atomic uint64_t out;
	_Atomic uint32_t n_wrong;
};

enum { BUDGET = 1000 };

static int share(void *ctx, unsigned int thread, uint32_t item)
{
	struct sharing *s = ctx;
	uint64_t bytes = item % 97 == 0 ? 3 * BUDGET : (item * 7919u) % (BUDGET + 1);
	uint64_t out;

	(void)thread;
	budget_acquire(s->budget, bytes);
	out = atomic_fetch_add(&s->out, bytes) + bytes;
	if (out > BUDGET && out != bytes) /* too much for all, but not alone */
		s->n_wrong++;
	if (item % 3 == 0)
		(void)sched_yield();
	atomic_fetch_sub(&s->out, bytes);
	budget_release(s->budget, bytes);
	return 0;
}

static void test_budget_is_kept(void **state)
{
	struct sharing s = { .budget = budget_new(BUDGET) };

	(void)state;
	assert_int_equal(workers_run(THREADS_MAX, 20000, share, &s), 0);
	assert_int_equal(s.n_wrong, 0);
	assert_int_equal(s.out, 0);
	budget_free(s.budget);
	budget_free(NULL);
}

struct waiting {
	struct budget *budget;
	uint64_t bytes;
	_Atomic bool is_through;
};

static void *wait_for_budget(void *arg)
{
	struct waiting *w = arg;

	budget_acquire(w->budget, w->bytes);
	atomic_store(&w->is_through, true);
	budget_release(w->budget, w->bytes);
	return NULL;
}

/*
 * Somebody asks for @bytes while @held of @all are out. Whoever need not wait is given ten seconds
 * to show it; whoever must is watched for a tenth of one, and gets through in the end.
 */
static void check_budget(uint64_t all, uint64_t held, uint64_t bytes, bool must_wait)
{
	const struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };
	struct waiting w = { .budget = budget_new(all), .bytes = bytes };
	pthread_t thread;

	if (held)
		budget_acquire(w.budget, held);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_budget, &w), 0);
	for (int i = 0; i < (must_wait ? 5 : 500) && !atomic_load(&w.is_through); i++)
		(void)nanosleep(&moment, NULL);
	assert_int_equal(atomic_load(&w.is_through), !must_wait);
	if (held)
		budget_release(w.budget, held);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(atomic_load(&w.is_through));
	budget_free(w.budget);
}

static void test_who_waits(void **state)
{
	(void)state;
	check_budget(100, 60, 40, false);
	check_budget(100, 60, 41, true);
	check_budget(100, 100, 1, true);
	check_budget(100, 100, 0, false);
	check_budget(100, 0, 100, false);
	check_budget(100, 0, UINT64_MAX, false); /* more than there is, but nobody else has any */
	check_budget(100, 1, UINT64_MAX, true);
	check_budget(100, 1000, 1, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_item_once),
		cmocka_unit_test(test_more_threads_than_items),
		cmocka_unit_test(test_no_items),
		cmocka_unit_test(test_failure_on_one_thread),
		cmocka_unit_test(test_failure_on_several_threads),
		cmocka_unit_test(test_a_later_failure_changes_nothing),
		cmocka_unit_test(test_budget_is_kept),
		cmocka_unit_test(test_who_waits),
	};

	return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
