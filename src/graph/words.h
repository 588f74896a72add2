/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Which modules of a graph answer to the words of hard dependencies and conflicts? Those whom a reader
 * of the published indexes would find, in the same order, and behind them what is built in.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"

struct graph;
struct lookup;

/* Bytes of indexes and patterns that all words together may make us look at: a few seconds. Names of
 * modules cost nothing, and are found whatever aliases others have. */
#define WORDS_WORK_MAX ((uint64_t)1 << 30)

/* Built-in answers to a word; more say nothing new. */
#define WORDS_BUILTIN_MAX 64u

/* Answers to all words together; real words have one to some ten. Behind the first word that goes over it,
 * only names of modules are looked up. */
#define WORDS_ANSWERS_MAX (1u << 22)

/** struct word_answer - a module that answers */
struct word_answer {
	const char *name;
	uint32_t module; /* in the graph; GRAPH_NONE for a built-in one */
};

/** struct word_answers - modules first, each once */
struct word_answers {
	const struct word_answer *items;
	uint32_t n, n_builtin;
	bool is_cut; /* over a limit: it may be that nobody was asked */
};

/** struct words - all zero before words_add(); words_done() in the end */
struct words {
	struct arena arena;
	struct word_use *uses;
	size_t n, capacity;
	const uint32_t *by_name; /* modules, sorted by name */
	uint32_t n_by_name;
};

/** words_index() - sort the names of @g's modules, for words_module(). Return: 0; -ENOMEM. */
int words_index(struct words *w, const struct graph *g);

/** words_module() - module called @name ('-' folded) that was not left out; GRAPH_NONE without */
uint32_t words_module(const struct words *w, const struct graph *g, const char *name);

/**
 * words_add() - @word, folded, has to be looked up
 * @ret_answers: set by words_resolve(); the answers live as long as @w and the indexes
 * Return: 0; -ENOMEM.
 */
int words_add(struct words *w, const char *word, const struct word_answers **ret_answers);

/**
 * words_resolve() - look all words up
 * @lookup: the indexes of @g but for modules.dep
 *
 * A word is the name of a module, or an export ("symbol:X"), or an alias; and what is built in by
 * this name or alias answers besides. Equal words are looked up once.
 * Return: 0; -ENOMEM.
 */
int words_resolve(struct words *w, const struct graph *g, struct lookup *lookup);

void words_done(struct words *w);
