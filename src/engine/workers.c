/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/workers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct run {
	int (*work)(void *ctx, unsigned int thread, uint32_t item);
	void *ctx;
	uint32_t n_items;
	_Atomic uint32_t next;
	pthread_mutex_t mutex;
	uint32_t failed_item;
	int error;
};

struct thread {
	struct run *run;
	pthread_t id;
	unsigned int index;
};

static void note_failure(struct run *run, uint32_t item, int error)
{
	pthread_mutex_lock(&run->mutex);
	if (run->error == 0 || item < run->failed_item) {
		run->error = error;
		run->failed_item = item;
	}
	pthread_mutex_unlock(&run->mutex);
	/* Nobody begins another one; items before this one have all been begun. */
	atomic_store(&run->next, run->n_items);
}

static void *work_on(void *arg)
{
	struct thread *t = arg;
	struct run *run = t->run;

	for (;;) {
		uint32_t item = atomic_fetch_add(&run->next, 1);
		int r;

		if (item >= run->n_items)
			return NULL;
		r = run->work(run->ctx, t->index, item);
		if (r < 0)
			note_failure(run, item, r);
	}
}

int workers_run(unsigned int n_threads, uint32_t n_items,
		int (*work)(void *ctx, unsigned int thread, uint32_t item), void *ctx)
{
	struct run run = { .work = work, .ctx = ctx, .n_items = n_items };
	unsigned int n_made = 0;
	struct thread *threads, self = { .run = &run };

	if (n_threads > n_items)
		n_threads = n_items;
	pthread_mutex_init(&run.mutex, NULL);
	threads = n_threads > 1 ? calloc(n_threads - 1, sizeof(*threads)) : NULL;
	while (threads && n_made < n_threads - 1) {
		threads[n_made] = (struct thread){ .run = &run, .index = n_made + 1 };
		if (pthread_create(&threads[n_made].id, NULL, work_on, &threads[n_made]) != 0)
			break;
		n_made++;
	}
	work_on(&self);
	for (unsigned int i = 0; i < n_made; i++)
		pthread_join(threads[i].id, NULL);
	free(threads);
	pthread_mutex_destroy(&run.mutex);
	return run.error;
}

struct budget {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	uint64_t all;
	uint64_t out;
};

struct budget *budget_new(uint64_t bytes)
{
	struct budget *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	pthread_mutex_init(&b->mutex, NULL);
	pthread_cond_init(&b->changed, NULL);
	b->all = bytes;
	return b;
}

void budget_acquire(struct budget *b, uint64_t bytes)
{
	pthread_mutex_lock(&b->mutex);
	while (b->out > 0 && (bytes > b->all || b->out > b->all - bytes))
		pthread_cond_wait(&b->changed, &b->mutex);
	b->out += bytes;
	pthread_mutex_unlock(&b->mutex);
}

void budget_release(struct budget *b, uint64_t bytes)
{
	pthread_mutex_lock(&b->mutex);
	b->out -= bytes;
	pthread_cond_broadcast(&b->changed);
	pthread_mutex_unlock(&b->mutex);
}

void budget_free(struct budget *b)
{
	if (!b)
		return;
	pthread_cond_destroy(&b->changed);
	pthread_mutex_destroy(&b->mutex);
	free(b);
}
