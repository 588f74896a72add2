/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What is declared about modules: that one needs another of which it uses no symbol, and that two
 * exclude each other. From tags and depmod.d to words with answers; hard.h makes edges of them.
 *
 *     declarations_are_any() -> declarations_collect() -> declarations_resolve()
 *       -> hard_add_edges() -> declarations_put()
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "graph/graph.h"
#include "graph/words.h"
#include "index/declared.h"

struct depmod_conf;
struct lookup;

/* Names behind harddep or conflict of one module; the longest list of a real kernel has 12. */
#define DECLARATIONS_WORDS_MAX 4096u

/* The same for all modules together; a pattern of the configuration can be about each of them. */
#define DECLARATIONS_MAX (1u << 20)

/* Pairs of modules that exclude each other; two aliases of many modules make many. */
#define DECLARATIONS_PAIRS_MAX (1u << 18)

/** struct declared_word - a word behind harddep or conflict, as it stands somewhere once */
struct declared_word {
	const char *text;   /* as it was written */
	const char *folded; /* as it is looked up */
	const char *file;   /* NULL for a tag */
	unsigned int line;
	enum declared_by by;
	bool is_of_pattern; /* about all modules that a pattern names */
	unsigned int told;  /* bits (1 << kind) of findings that there are about it */
	bool is_asked;	    /* it is among the words to be looked up */
	const struct word_answers *answers;
};

/** struct hard - a hard dependency of a module */
struct hard {
	struct hard *next; /* of the same module, in order of declaration */
	struct declared_word *word;
	uint32_t order;	 /* among those of the module, from 0 */
	bool is_dropped; /* it does not count, and is taken out of the list */
	enum declared_by by; /* the strictest of those who said the same */
	enum declared_fate fate;
	uint32_t answer; /* with IN_DEP, BY_SYMBOL and CYCLE: the one module; GRAPH_NONE otherwise */
};

/** struct hards - of one module */
struct hards {
	struct hard *first;
	struct hard *last;
	uint32_t n;
	bool is_full;
};

/** struct conflict_word - @word excludes @module, or all that answer to @one */
struct conflict_word {
	uint32_t module;	   /* GRAPH_NONE for a line of configuration, and for what is built in */
	struct declared_word *one; /* NULL for a module's tag */
	struct declared_word *word;
};

/** struct declarations - all zero before declarations_collect(); declarations_done() in the end */
struct declarations {
	struct arena arena;
	struct words words;
	struct hards *hards; /* by module */
	uint32_t n_hards;    /* of all modules, with those taken back */
	struct conflict_word *conflicts;
	size_t n_conflicts, conflicts_capacity;
};

/** declarations_are_any() - is anything declared at all? Linear in tags. */
bool declarations_are_any(const struct graph *g, const struct depmod_conf *conf);

/**
 * declarations_collect() - tags of modules that were not left out, then the lines of @conf
 * @g:    after graph_resolve(); borrowed, as is @conf, for the life of @d
 * @findings: words that do not count, with the reason
 *
 * A line without words takes back what was said before of the modules it is about. Time is linear in
 * tags and lines, and in modules for each line with a pattern.
 * Return: 0; -ENOMEM.
 */
int declarations_collect(struct declarations *d, const struct graph *g, const struct depmod_conf *conf,
			 struct findings *findings);

/** declarations_bad_fn() - words of a conflict of the built-in @module do not count, because of @why */
typedef void (*declarations_bad_fn)(void *ctx, const char *module, const char *why);

/**
 * declarations_add_builtin() - a conflict tag of a module that is built in
 * @module: as the kernel spells it; a name that no module can have is passed over
 * @value: of the tag
 *
 * After declarations_collect(). What it needs (harddep) is of no use to know: nothing loads it.
 * Return: 0; -ENOMEM.
 */
int declarations_add_builtin(struct declarations *d, const char *module, const char *value,
			     declarations_bad_fn bad, void *ctx);

/**
 * declarations_resolve() - who answers, and so what becomes of each hard dependency
 * @lookup: the indexes that were made of @g, but for modules.dep
 *
 * A word that was said before of the same module comes once. Fates are right but for cycles.
 * Return: 0; -ENOMEM.
 */
int declarations_resolve(struct declarations *d, const struct graph *g, struct lookup *lookup,
			 struct findings *findings);

/**
 * declarations_put() - keys and values of modules.modsure.bin
 * @put: values under one key are given in their order, @priority counts them; both strings live as
 *       long as @d; below 0 ends it
 * Return: 0; what @put returned; -ENOMEM.
 */
int declarations_put(struct declarations *d, const struct graph *g, struct findings *findings,
		     int (*put)(void *ctx, const char *key, const char *value, uint32_t priority),
		     void *ctx);

/** declarations_itself declarations_repeated - two of the reasons (why) of findings, to tell them by their address */
extern const char declarations_itself[], declarations_repeated[];

/** declarations_done() - free what @d owns; all zero is fine */
void declarations_done(struct declarations *d);

/**
 * declarations_finding() - a finding about @word of @module; of a pattern's word, only the first
 * @ret_finding: NULL where there is none; may be NULL
 * Return: 0; -ENOMEM.
 */
int declarations_finding(struct findings *findings, enum finding_kind kind, uint32_t module,
			 struct declared_word *word, const char *why, struct finding **ret_finding);
