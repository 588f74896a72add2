/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What a planner knows: modules, what they were found to need, and the words that were looked up.
 */
#include "bytes/arena.h"
#include "plan/plan.h"

/* Cycles are taken apart one module at a time; what is left after so many rounds is cut at once. */
#define PLAN_CUT_ROUNDS 64

/** struct word - one softdep word of a module, in the order in which it was said */
struct word {
	uint32_t request;
	const char *text; /* as it was written */
	enum softdep_phase phase;
	const struct modprobe_rule *rule;
};

/** struct hard_word - a declared hard dependency of a module */
struct hard_word {
	uint32_t request;
	const char *text; /* as it was written */
	enum plan_declared declared;
	bool is_in_line, is_by_symbol, is_dropped;
	struct plan_source source;
};

/** struct other - a module that must not be there together with the one that has it in its list */
struct other {
	uint32_t node;
	struct plan_source source;
};

/** struct hard_user - unload: a live module with a hard dependency on the one that has it in its list */
struct hard_user {
	uint32_t node;
	const char *word;
	uint32_t *others; /* modules that would do instead */
	uint32_t n_others;
	struct plan_source source;
};

/** struct any_of - a hard dependency with several answers, of which none is live yet */
struct any_of {
	const char *word;
	struct plan_source source;
	uint32_t *members; /* modules, in the order in which to try them */
	uint32_t n_members;
};

/** struct edge - @from wants @to; the list of one module is chained through @next */
struct edge {
	uint32_t from, to;
	enum plan_edge_kind kind;
	const char *text; /* soft, hard: as it was written; PLAN_GOAL: the request */
	uint32_t group;	  /* PLAN_ANY_OF: index into the groups of @from; PLAN_HARD_USER: into its users */
	struct plan_source source;
	bool is_order_cut;
	uint32_t next;
};

/** struct node - a module that the plan may touch */
struct node {
	const char *name;
	const char *path;    /* of its file, by the index or the caller */
	const char *hint;    /* the same as another module's line says it */
	const char *deps;    /* paths, each with a NUL behind */
	size_t deps_size;
	const char *alias;   /* that it was asked for by; NULL for its name */
	const char *params;  /* of the caller */
	struct plan_state state;
	const struct modprobe_rule *mask;    /* load */
	const struct modprobe_rule *command; /* install or remove */
	struct word *words;
	uint32_t n_words, words_capacity;
	struct hard_word *hards;
	uint32_t n_hards;
	struct other *others; /* load: conflicts */
	uint32_t n_others;
	struct hard_user *users; /* unload */
	uint32_t n_users;
	bool is_watched; /* only its state is of interest, as long as it is not begun */
	bool is_begun, is_goal, is_builtin, is_command_only, is_unknown;
	bool is_goal_like; /* unload: a goal, or what has to go because of one */
	bool has_state;	   /* @state was told */
	uint32_t next_todo; /* of a chain, while users are followed */
	int file_error, index_error;

	/* Set while a plan is put together. */
	uint32_t *line; /* modules of @deps, users first; NULL before plan_need_edges() */
	uint32_t n_line;
	uint32_t first_hard; /* of the line: the first behind which hard dependencies may have put others; n_line */
	bool has_line_hards; /* the line holds hard dependencies of its own */
	uint32_t first_edge, last_edge; /* in the order of loading */
	uint32_t place;	    /* where a plain walk puts it */
	enum plan_refusal refusal;
	uint32_t cause;	    /* with PLAN_REFUSE_NEEDS: the node; PLAN_NONE */
	uint32_t cause_group; /* likewise, and it is the first of a group: number of that, from 1; else 0 */
	enum plan_refusal word_refusal; /* because of a hard dependency: NO_ANSWER or BLACKLISTED */
	const char *word;   /* of the refusal, and where from */
	struct plan_source source;
	const struct modprobe_rule *rule; /* with PLAN_REFUSE_BLACKLISTED */
	const char *blacklisted; /* likewise: all that answer, "a, b" */
	bool is_clashing;   /* it and @clash are both required */
	struct other clash;
	struct any_of *groups;
	uint32_t n_groups;
	bool is_kept;	    /* stays in the plan */
	bool is_required;
	bool is_left;	    /* unload: something uses it, and it was not asked for */
	uint32_t step;
};

/** struct request - a name or alias that is or was looked up, every one once; or a file's path */
struct request {
	const char *text;
	bool is_asked, is_answered;
	bool is_word; /* of a softdep; it may be of the caller as well */
	bool is_hard; /* of hard dependencies only: what is built in answers beside modules */
	int error;
	struct found {
		uint32_t node;
		enum plan_lookup by;
		struct plan_source source;
	} *found;
	uint32_t n_found;
};

struct goal {
	uint32_t request;
	const char *text;
	const char *params;
};

/** struct task - something to ask, in the order in which it came up */
struct task {
	enum plan_want_kind kind;
	uint32_t index; /* of a request or a node */
};

/** struct names - open addressing, indexes into nodes or requests, by hash_name() */
struct names {
	uint32_t *slots; /* index + 1 */
	uint32_t n_slots, n_used;
};

struct planner {
	struct plan_options options;
	const struct modprobe_conf *conf;
	struct arena arena;

	struct node *nodes;
	uint32_t n_nodes, nodes_capacity;
	struct request *requests;
	uint32_t n_requests, requests_capacity;
	struct goal *goals;
	uint32_t n_goals, goals_capacity;
	struct task *tasks;
	uint32_t n_tasks, tasks_capacity, tasks_done;
	struct edge *edges;
	uint32_t n_edges, edges_capacity;
	struct plan_note *notes;
	uint32_t n_notes, notes_capacity;
	struct names node_names, request_names, hard_names;
	uint32_t n_words; /* of all nodes */
	uint32_t n_found; /* of all requests */
	bool has_conflicts;
	int error;	  /* sticks */

	struct plan plan;
};

/** plan_get_node() - the module called @name; a new one knows nothing. Return: 0; -E2BIG; -ENOMEM. */
int plan_get_node(struct planner *p, const char *name, uint32_t *ret_i);

/**
 * plan_get_request() - the request @normal, a normalised name or alias, of @names
 * A new one was not asked yet. Return: 0; -E2BIG; -ENOMEM.
 */
int plan_get_request(struct planner *p, struct names *names, const char *normal, uint32_t *ret_i);

/** plan_begin() - the first questions about a module that the plan may touch; once */
int plan_begin(struct planner *p, uint32_t i);

/** plan_watch() - only the state of a module is of interest */
int plan_watch(struct planner *p, uint32_t i);

/** plan_ask_hard() - the request for a word of a hard dependency; one in several spellings is looked up once */
int plan_ask_hard(struct planner *p, const char *word, uint32_t *ret_request);

/** plan_read_hards() plan_read_others() - take down what was answered about module @i */
int plan_read_hards(struct planner *p, uint32_t i, const struct plan_hard *hards, size_t n);
int plan_read_others(struct planner *p, uint32_t i, const struct plan_answered_conflict *conflicts,
		     size_t n);

/** plan_begin_found() - what answers to a word of a hard dependency is touched */
int plan_begin_found(struct planner *p, const struct request *request);

/** plan_is_there() - load: live or built in, unless that is not to count */
bool plan_is_there(const struct planner *p, const struct node *node);

/**
 * plan_find_line_hard() - the word for whose sake alone @to stands in the line of @i
 * Return: NULL without; one that is dropped only where there is no other.
 */
const struct hard_word *plan_find_line_hard(const struct planner *p, uint32_t i, uint32_t to);

/** plan_is_need() - load: does what is at the start of the edge need what is at its end? */
static inline bool plan_is_need(const struct edge *edge)
{
	return edge->kind == PLAN_NEEDS || edge->kind == PLAN_HARD;
}

/** plan_is_cause() - does the edge lead to what its module is refused for? */
static inline bool plan_is_cause(const struct node *from, const struct edge *edge)
{
	if (from->refusal != PLAN_REFUSE_NEEDS)
		return false;
	if (from->cause_group)
		return edge->kind == PLAN_ANY_OF && edge->group == from->cause_group - 1;
	return from->cause == edge->to;
}

/** plan_is_used() - unload: refused because others use it */
static inline bool plan_is_used(const struct node *node)
{
	return node->refusal == PLAN_REFUSE_IN_USE || node->refusal == PLAN_REFUSE_HARD_USED;
}

/**
 * plan_hard_edges() - load: edges and groups of all hard dependencies, behind plan_need_edges() of all
 * What closes a cycle is dropped with a note; what cannot be had refuses its module.
 * Return: 0; -E2BIG over HARD_STEPS_MAX; -ENOMEM.
 */
int plan_hard_edges(struct planner *p);

/** plan_is_going() - unload: is it to be removed, as far as is decided? */
bool plan_is_going(const struct node *node);

/**
 * plan_must_go_too() - unload: does a user have to go with the module?
 * Not where another answer was not asked for.
 */
bool plan_must_go_too(const struct planner *p, const struct hard_user *user);

/** plan_hard_order_edges() - unload: edges from @i to what it has hard dependencies on */
int plan_hard_order_edges(struct planner *p, uint32_t i);

/** plan_mirror_others() - whoever is in conflict with one that was told so is so as well. Return: 0; -E2BIG; -ENOMEM. */
int plan_mirror_others(struct planner *p);

/**
 * plan_refuse_with_live() - load: modules that exclude one that is there
 * plan_refuse_required() - both of two that goals cannot do without
 * plan_refuse_kept() - what excludes such a one; what is welcome and excludes an answer that goals may
 * need; of two that are welcome, the one that comes later in @order. Answers to hard dependencies that
 * exclude each other stay.
 * Return: whether some were refused now; plan_refuse_kept() also -ENOMEM.
 */
bool plan_refuse_with_live(struct planner *p);
bool plan_refuse_required(struct planner *p);
int plan_refuse_kept(struct planner *p, const uint32_t *order);

/** plan_copy_conflicts() - for a step. Return: 0; -ENOMEM. */
int plan_copy_conflicts(struct planner *p, const struct node *node, struct plan_step *step);

/** plan_add_edge() - append to the edges of @from. Return: 0; -E2BIG; -ENOMEM. */
int plan_add_edge(struct planner *p, struct edge edge);

/** plan_add_note() - Return: 0; -E2BIG; -ENOMEM. */
int plan_add_note(struct planner *p, struct plan_note note);

/** plan_is_blacklisted() - the rule; NULL without */
const struct modprobe_rule *plan_is_blacklisted(const struct planner *p, const char *module);

/**
 * plan_counts() - does answer @found count for a request?
 * @is_goal: a request of the caller: use_blacklist matters
 */
bool plan_counts(const struct planner *p, const struct found *found, bool is_goal);

/** plan_find_node() - the module called @name; PLAN_NONE when the planner does not know it */
uint32_t plan_find_node(const struct planner *p, const char *name);

/**
 * plan_find_places() - where a plain walk from the goals along the edges puts every module
 * @goes_before: does the module at the far end of an edge come before the one at its start?
 * Return: 0; -ENOMEM.
 */
int plan_find_places(struct planner *p, bool (*goes_before)(const struct edge *edge));

/**
 * plan_order_edges() - all modules in an order that the edges allow, as near to their places as can be
 *
 * Where edges contradict each other some give way: their is_order_cut is set, and a note tells.
 * @ret_order: n_nodes indexes, in the planner's arena
 * Return: 0; -E2BIG; -ENOMEM.
 */
int plan_order_edges(struct planner *p, bool (*goes_before)(const struct edge *edge),
		     const uint32_t **ret_order);

/** plan_make_load() plan_make_unload() - from what is known to p->plan. Return: 0; -E2BIG; -ENOMEM. */
int plan_make_load(struct planner *p);
int plan_make_unload(struct planner *p);

/**
 * plan_need_edges() - edges of module @i to what it needs, in the order of its line
 * What another module of the line needs as well is left to that one.
 * Return: 0; -E2BIG; -ENOMEM.
 */
int plan_need_edges(struct planner *p, uint32_t i);

/** plan_soft_edges() - edges of the softdep words of module @i, and notes of what nothing answers */
int plan_soft_edges(struct planner *p, uint32_t i);

/** plan_each_goal() - call @each for every module that answers to a goal, in order */
int plan_each_goal(struct planner *p, int (*each)(struct planner *p, uint32_t node));

/**
 * plan_is_reason() - does the edge bring the module at its end into a plan?
 * Unload: a user goes because of what it uses only where that was asked for, and its users with it.
 */
bool plan_is_reason(const struct planner *p, const struct edge *edge);

/**
 * plan_put_steps() - steps, reasons and goals from the nodes that are kept
 * @order: of all nodes
 * @fill:  what the step does; module, needs and reasons are filled in already
 */
int plan_put_steps(struct planner *p, const uint32_t *order,
		   int (*fill)(struct planner *p, const struct node *node, struct plan_step *step));
