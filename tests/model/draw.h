/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * A small world, drawn by a number: modules that need each other, rules, aliases, requests, and what
 * other processes do at the same time. Sets of modules are bit masks.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bytes/buf.h"
#include "model/kernel-model.h"
#include "plan/plan.h"

#define DRAW_MODULES_MAX 12
#define DRAW_RULES_MAX 24
#define DRAW_ALIASES_MAX 3
#define DRAW_GOALS_MAX 3
#define DRAW_REQUESTS_MAX 3
#define DRAW_PROCESSES_MAX 3
#define DRAW_HARDS_MAX 10

#define BIT(i) (1u << (i))

typedef uint32_t set; /* of modules, by number */

struct draw_module {
	char name[8];
	set needs;   /* symbols of these; of lower numbers only */
	set closure; /* and of what those need */
	set line; /* the line in the index: the closure, and what hard dependencies bring in */
	char needs_text[128];
	struct kernel_model_module is;
	bool is_missing; /* its file */
	bool is_damaged; /* its line in the index */
};

struct draw_rule {
	enum modprobe_rule_kind kind;
	set about; /* one module, or all by a pattern */
	char head[32], text[96];
	set pre, post;	 /* softdep */
	set pre_alias, post_alias; /* softdep: by way of an alias, where a blacklist counts */
	uint32_t rank;	 /* rules of different ranks may change places */
};

struct draw_alias {
	char name[8];
	uint8_t modules[3];
	uint32_t n;
	bool is_rule; /* of the configuration; otherwise of an index */
};

/** struct draw_hard - a declared hard dependency; "hard", line 1, 2... is its source */
struct draw_hard {
	uint32_t module;
	char word[8];
	bool is_alias; /* a blacklist counts */
	enum plan_declared declared;
	bool is_in_line, is_by_symbol, is_dropped;
	uint8_t answers[3];
	uint32_t n_answers;
	set answer_set;
};

/** struct draw_request - one run of modprobe */
struct draw_request {
	struct plan_options options;
	bool all_or_nothing, dry_run;
	uint32_t wait_usec;
	uint32_t n_goals;
	char goals[DRAW_GOALS_MAX][8];
};

struct draw {
	uint64_t seed, state;
	enum kernel_model_version version;
	struct draw_module modules[DRAW_MODULES_MAX];
	uint32_t n_modules;
	struct draw_rule rules[DRAW_RULES_MAX];
	uint32_t n_rules;
	struct draw_alias aliases[DRAW_ALIASES_MAX];
	uint32_t n_aliases;
	struct draw_request requests[DRAW_REQUESTS_MAX];
	uint32_t n_requests;
	char processes[DRAW_PROCESSES_MAX][96];
	uint32_t n_processes;
	struct draw_hard hards[DRAW_HARDS_MAX];
	uint32_t n_hards;
	uint8_t order[DRAW_MODULES_MAX]; /* lines come from its end: users behind what they need */
	set conflicts[DRAW_MODULES_MAX]; /* on both sides */
	set told_conflicts[DRAW_MODULES_MAX]; /* of these a module is told; one side may not be */

	/* What the rules say, worked out here and not by the code that is tested. */
	set masked, allowed, blacklisted, installs, removes;
	bool has_allow;
	/* softdep: 0 to load, where a blacklist is heeded, 1 to unload */
	set pre[2][DRAW_MODULES_MAX], post[2][DRAW_MODULES_MAX];
};

/** draw_world() - the same world for the same number */
void draw_world(struct draw *d, uint64_t seed);

/** draw_hards() - hard dependencies and conflicts, and the lines that depmod makes of them */
void draw_hards(struct draw *d);

/** draw_print_hards() - for a person */
void draw_print_hards(const struct draw *d);

/** draw_conf() - modprobe.d; @is_shuffled: rules that have nothing to do with each other change places */
void draw_conf(struct draw *d, bool is_shuffled, struct buf *out);

/** draw_model() - a kernel of that world */
struct kernel_model *draw_model(const struct draw *d);

/** draw_print() - the world for a person */
void draw_print(struct draw *d);

/** draw_below() - a number below @n; draw_chance() - true in @percent of all cases */
uint32_t draw_below(struct draw *d, uint32_t n);
bool draw_chance(struct draw *d, uint32_t percent);

/** draw_find() - number of a module; n_modules when there is none of the name */
uint32_t draw_find(const struct draw *d, const char *name);

/** draw_find_alias() - NULL when there is none of the name */
const struct draw_alias *draw_find_alias(const struct draw *d, const char *name);
