/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * One module file is to be inserted by itself: what has to be there before, and what must not be? Its own
 * tags say it, and what was declared for a module of its name.
 */
#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

struct events;
struct session;

/** struct prerequisites - all zero before use; strings live as long as the session */
struct prerequisites {
	struct prerequisite {
		const char *word; /* that nothing answers to that is live or built in */
		struct plan_source source;
		bool is_answered; /* a module does, and it is not loaded */
		bool is_needed;	  /* false: configuration says so, and knows of no answer */
	} *missing;
	size_t n_missing, missing_capacity;
	const char **live; /* of each word that a module in the kernel answers to, the first; see need_begin() */
	struct prerequisite *live_words; /* the words, likewise */
	size_t n_live, live_capacity, live_words_capacity;
	struct plan_conflict *conflicts;
	size_t n_conflicts, conflicts_capacity;
	uint32_t builtin; /* index of the first conflict that is built in; UINT32_MAX without */
};

/**
 * prerequisites_find() - @module: name of the file at @path, '-' folded
 * @events: words of tags that are none
 * Cost: that of session_read_file(); words are looked up only where there are any.
 * Return: 0; -ENOMEM.
 */
int prerequisites_find(struct session *s, const char *module, const char *path,
		       const struct events *events, struct prerequisites *ret);
void prerequisites_done(struct prerequisites *p);
