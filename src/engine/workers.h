/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The same work on many items, on several threads; results are placed by item, never by order of
 * completion.
 */
#include <stdint.h>

struct budget;

/**
 * workers_run() - call @work once for each item 0..@n_items-1
 * @n_threads: at most so many; the calling thread is one of them
 * @work: @thread is 0 on the calling thread, else below @n_threads; items are begun in ascending
 *        order. A return value below 0 makes the rest of the items be left alone.
 * Fewer threads than asked for do the same work when no more can be made.
 * Return: 0; the first negative value that a @work returned (by item).
 */
int workers_run(unsigned int n_threads, uint32_t n_items,
		int (*work)(void *ctx, unsigned int thread, uint32_t item), void *ctx);

/**
 * budget_new() - a number of bytes that threads share
 * budget_acquire() waits until @bytes fit; more than all of it is given when nothing else is out
 * Whoever holds something must not ask for more. budget_free() takes NULL.
 */
struct budget *budget_new(uint64_t bytes);
void budget_acquire(struct budget *b, uint64_t bytes);
void budget_release(struct budget *b, uint64_t bytes);
void budget_free(struct budget *b);
