/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What declarations.c and conflicts.c share; not for others.
 */
#include "graph/declarations.h"

/** struct declared_words - of one line or tag; from the arena */
struct declared_words {
	struct declared_word *items;
	uint32_t n;
	struct declared_word *over; /* the first one over DECLARATIONS_WORDS_MAX; NULL without */
};

/** declarations_parse() - @text into words; @like says where it stands. Return: 0; -ENOMEM. */
int declarations_parse(struct declarations *d, const char *text, const struct declared_word *like,
		       struct declared_words *ret_words);

/**
 * declarations_check() - can @word of @module be looked up?
 * Return: 1; 0 it can't, and a finding of @kind says why; -ENOMEM.
 */
int declarations_check(struct declared_word *word, const struct graph *g, uint32_t module,
		       enum finding_kind kind, struct findings *findings);

/** declarations_too_many declarations_pattern - why words over a limit, and patterns, do not count */
extern const char declarations_too_many[], declarations_pattern[];

/** conflicts_collect() conflicts_put() - the part of declarations_collect(), declarations_put() */
int conflicts_collect(struct declarations *d, const struct graph *g, const struct depmod_conf *conf,
		      struct findings *findings);
int conflicts_put(struct declarations *d, const struct graph *g, struct findings *findings,
		  int (*put)(void *ctx, const char *key, const char *value, uint32_t priority),
		  void *ctx);
