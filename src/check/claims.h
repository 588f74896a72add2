/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What tags and lines of modprobe.d say that modules need, and who answers: collected once, for the
 * rules about dependencies. (What depmod.d says, and tags of hard dependencies and conflicts, is in
 * check_input.declarations.)
 *
 *     claim: module or line of modprobe.d --kind--> word --> answers
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "check/check.h"
#include "conf/modprobe-conf.h"
#include "graph/words.h"

/* Words of all modules and lines; a real kernel has a hundred. */
#define CLAIMS_MAX (1u << 20)

/* Modules that lines with patterns are about, of all such lines together. */
#define CLAIMS_MATCHES_MAX (1u << 22)

/* Bytes of patterns and names that are looked at to find these: a fraction of a second. */
#define CLAIMS_GLOB_MAX ((uint64_t)1 << 26)

enum claim_kind {
	CLAIM_SOFT_PRE,
	CLAIM_SOFT_POST,
	CLAIM_WEAK,
	CLAIM_HARD,
	CLAIM_CONFLICT,
	CLAIM_SUBJECT, /* the name that a line is about, where aliases count: conflict, options, install */
};

/** struct claim_line - a softdep, weakdep or harddep line of modprobe.d */
struct claim_line {
	const struct modprobe_rule *rule;
	enum modprobe_rule_kind kind;
	uint32_t first, n;   /* of struct claims.matches: the modules that it is about */
	uint32_t n_counting; /* of these it is not taken back; they come first */
};

/** struct claim - one word; those of a module, then those of a line, stand side by side */
struct claim {
	enum claim_kind kind;
	uint32_t module;	      /* whose tag it is; GRAPH_NONE for a line */
	uint32_t line;		      /* of struct claims.lines, with one of its kinds */
	const struct modprobe_rule *rule; /* NULL for a tag */
	enum modprobe_rule_kind rule_kind;
	const char *text, *folded;
	bool is_unmarked;     /* soft: neither "pre:" nor "post:" stands before it */
	const char *why_bad;  /* nobody could answer, in words; NULL */
	const struct word_answers *answers; /* NULL of a bad one */
};

/** struct claims_tags - what a module says of itself; nothing for one that was left out */
struct claims_tags {
	uint8_t n_soft; /* tags with a word in them; 2 stands for more, too */
	bool has_weak, has_hard;
};

/** struct claims - of one input; in struct check, made by the first rule that asks */
struct claims {
	struct arena arena;
	struct words words;
	struct claim *items;
	uint32_t n, capacity;
	struct claim_line *lines; /* in the order of reading, by kind */
	uint32_t n_lines;
	uint32_t *matches, n_matches, matches_capacity;
	uint32_t *by_name; /* all modules, also those that were left out, sorted by name */
	uint32_t *taken_back[MODPROBE_RULE_KINDS]; /* by module: 1 + rule that takes back; 0 none; of 3 kinds */
	struct claims_tags *tags; /* by module */
	uint64_t steps;	   /* of patterns that are left */
	bool is_cut;	   /* over a limit: not all is known */
};

/**
 * claims_get() - made at the first call
 * Linear in tags, lines and answers; patterns are tried on the names that begin as they do, up to the
 * limits above.
 * Return: 0; -ENOMEM.
 */
int claims_get(struct check *c, struct claims **ret_claims);

/** claims_module() - number of the module called @name, '-' folded, also of one left out; GRAPH_NONE */
uint32_t claims_module(const struct check *c, const struct claims *claims, const char *name);

/** struct claims_match - place among the modules that a name or pattern is about; all zero to begin */
struct claims_match {
	uint32_t at;
	bool is_begun;
};

/**
 * claims_next_match() - next module that a line is about
 * Return: whether there is one; none where claims->is_cut says so.
 */
bool claims_next_match(const struct check *c, struct claims *claims, const char *name, bool is_pattern,
		       struct claims_match *match, uint32_t *ret_module);

/**
 * claims_is_ruled() - do alias, install or remove lines answer to @word before an index does?
 * claims_has_command() - is there an install or remove line for this very name?
 * One pass over the lines; true where claims->is_cut says that nobody looked.
 */
bool claims_is_ruled(const struct check *c, struct claims *claims, const char *word);
bool claims_has_command(const struct check *c, struct claims *claims, const char *name);

/**
 * claims_about() - where a claim stands: module and file, or file and line
 * @module: that a line is about; of a tag its own
 */
struct check_about claims_about(const struct claim *claim, uint32_t module);

/** claims_some_module() - of a tag its own; of a line the first that it counts for; GRAPH_NONE: none */
uint32_t claims_some_module(const struct claims *claims, const struct claim *claim);

/** claims_skip_if_cut() - say that not all was looked at. Return: 0; -ENOMEM. */
int claims_skip_if_cut(struct check *c, const struct claims *claims);

/** claims_free() - NULL is fine */
void claims_free(struct claims *claims);
