/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Reads the files behind the soft dependencies of a tree, and judges each of them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/bytes.h"
#include "graph/suggest.h"

struct plan_answer;
struct session;

/* Words of soft dependencies in one tree; each costs a pass over its owner's texts. */
#define SUGGEST_WORDS_MAX 4096u

/* Answers to one word that are looked at. */
#define SUGGEST_ANSWERS_MAX 64u

/** enum suggest_settled - why there is nothing to be done about a soft dependency */
enum suggest_settled {
	SUGGEST_OPEN,	    /* there is */
	SUGGEST_NEEDED,	    /* modules.dep has it for the sake of symbols */
	SUGGEST_DECLARED,   /* it is declared as a hard dependency: @declared_file, _line */
	SUGGEST_BUILTIN,    /* something that answers is built in */
	SUGGEST_UNANSWERED, /* nothing answers in this tree */
};

/** struct suggestion - a judged soft dependency; everything lives until @each returns */
struct suggestion {
	const char *owner, *word;
	bool is_post;
	const char *file; /* that declares it */
	unsigned int line;
	const struct plan_answer *answers;
	size_t n_answers;
	enum suggest_verdict verdict;
	enum suggest_settled settled;
	const char *declared_file;
	unsigned int declared_line;
	struct bytes evidence; /* sentences, each with a NUL behind */
};

/**
 * suggest_read() - judge the soft dependencies of modules
 * @names: of modules, '-' folded; all that have a file with @n_names of 0
 * @jobs: threads; 0 for one a CPU
 * @each: by owner's name, then in the order of the rules; what it returns other than 0 ends it
 *
 * Reads each file once, and only those of modules that have soft dependencies and of what answers to
 * them. A file that cannot be read is reported, and says nothing.
 * Return: 0; what @each returned; -ENOMEM.
 */
int suggest_read(struct session *s, const char *const *names, size_t n_names, unsigned int jobs,
		 int (*each)(void *ctx, const struct suggestion *suggestion), void *ctx);
