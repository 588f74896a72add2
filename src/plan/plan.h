/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What would have to be done, in which order, and why? A goal, the rules, the indexes and the state
 * of the kernel become ordered steps. Pure and resumable: the planner says what it wants to know
 * next, the caller answers, until it knows enough; nothing is looked up that the goal does not need.
 *
 *     planner_new() -> planner_load() or planner_unload() for each request
 *       -> while planner_next() wants something: one planner_answer_*() -> planner_finish()
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/modprobe-conf.h"

/* Modules in one plan: every module of a large distribution, several times over. */
#define PLAN_MODULES_MAX 65536u

/* Dependencies between them; bounds time and memory against configuration that names everything. */
#define PLAN_EDGES_MAX (1u << 22)

#define PLAN_NONE UINT32_MAX

/** enum plan_edge_kind - why a module is in a plan */
enum plan_edge_kind {
	PLAN_GOAL,	/* it was asked for */
	PLAN_NEEDS,	/* another needs it: modules.dep */
	PLAN_HARD,	/* another needs it, and no symbol says so: a hard dependency */
	PLAN_ANY_OF,	/* the same, and one of several answers will do */
	PLAN_SOFT_PRE,	/* a soft dependency, to be loaded before */
	PLAN_SOFT_POST, /* a soft dependency, to be loaded after */
	PLAN_HOLDER,	/* unload: it uses a module that is to go */
	PLAN_HARD_USER, /* unload: it has a hard dependency on a module that is to go */
};

/** struct plan_source - where a dependency or a rule comes from */
struct plan_source {
	const char *file;  /* borrowed; NULL for the index of dependencies */
	unsigned int line; /* 0 without */
};

/** enum plan_lookup - which source answered a request */
enum plan_lookup {
	PLAN_BY_CONF_ALIAS,
	PLAN_BY_NAME,
	PLAN_BY_SYMBOL,
	PLAN_BY_COMMAND, /* the name of an install or remove rule, no module */
	PLAN_BY_ALIAS,
	PLAN_BY_BUILTIN,
	PLAN_BY_BUILTIN_ALIAS,
};

/** struct plan_answer - one module that answers to a request */
struct plan_answer {
	const char *module; /* copied */
	enum plan_lookup by;
	struct plan_source source; /* with PLAN_BY_CONF_ALIAS; file borrowed for the plan's life */
};

/** enum plan_want_kind - what the planner has to know next */
enum plan_want_kind {
	PLAN_WANT_LOOKUP, /* planner_answer_lookup() */
	PLAN_WANT_STATE,  /* planner_answer_state() */
	PLAN_WANT_DEPS,	  /* planner_answer_deps() */
	PLAN_WANT_FILE,	  /* planner_answer_file(): is @name, a path, there? */
	PLAN_WANT_HARD_USERS, /* unload: planner_answer_hard_users() */
};

struct plan_want {
	enum plan_want_kind kind;
	const char *name; /* request, module or path; the planner's */
	bool with_users;  /* STATE: users and holders too */
	bool with_builtin; /* LOOKUP: for a hard dependency; what is built in counts beside modules */
};

/** struct plan_state - of a module in the kernel */
struct plan_state {
	enum plan_live {
		PLAN_ABSENT,
		PLAN_LIVE,
		PLAN_COMING, /* another process loads it */
		PLAN_GOING,
		PLAN_BUILTIN, /* the kernel lists it without a state */
	} live;
	long n_users;	     /* unload only */
	const char *holders; /* unload only: names, each with a NUL behind; copied */
	size_t holders_size;
};

/** enum plan_action - what a step does */
enum plan_action {
	PLAN_INSERT,
	PLAN_RUN_INSTALL, /* an install rule's command instead */
	PLAN_DELETE,
	PLAN_RUN_REMOVE, /* a remove rule's command instead */
	PLAN_IS_LIVE,	 /* load: nothing to do; unload: not used in steps */
	PLAN_IS_BUILTIN, /* nothing to do, or (unload) nothing that can be done */
	PLAN_IS_ABSENT,	 /* unload: nothing to do */
	PLAN_REFUSE,	 /* must not or cannot be done; @refusal says why */
};

/** enum plan_refusal - why */
enum plan_refusal {
	PLAN_REFUSE_NOTHING,
	PLAN_REFUSE_MASKED,	 /* a mask rule: @rule */
	PLAN_REFUSE_NOT_ALLOWED, /* there are allow rules, and none names it */
	PLAN_REFUSE_NO_FILE,	 /* its file is not there: @path, @error */
	PLAN_REFUSE_UNKNOWN,	 /* named by an index or a rule, but there is no such module */
	PLAN_REFUSE_IN_USE,	 /* unload: @n_users, by @holders */
	PLAN_REFUSE_BUILTIN,	 /* unload */
	PLAN_REFUSE_LOADED,	 /* load with must_change: it is loaded already */
	PLAN_REFUSE_NOT_LOADED,	 /* unload with must_change */
	PLAN_REFUSE_INDEX,	 /* its line in the index cannot be read; @error */
	PLAN_REFUSE_NEEDS,	 /* what it needs is refused: step @cause; with @word, @source: a hard
				  * dependency. Of one with several answers all are refused, @cause the first */
	PLAN_REFUSE_NO_ANSWER,	 /* nothing answers to @word, a hard dependency of @source */
	PLAN_REFUSE_BLACKLISTED, /* what answers to @word, a hard dependency of @source, is all
				  * blacklisted: @rule for the first */
	PLAN_REFUSE_CONFLICT,	 /* it must not be there together with @word: @source */
	PLAN_REFUSE_HARD_USED,	 /* unload: @holders, live, have hard dependencies on it: @word, @source of
				  * the first */
};

/** struct plan_reason - an edge into a step */
struct plan_reason {
	enum plan_edge_kind kind;
	uint32_t step; /* that wants it; PLAN_NONE with PLAN_GOAL, and where that has no step */
	const char *by; /* PLAN_GOAL: the request; else the module that wants it */
	const char *word; /* soft, hard: the name or alias that was written; NULL otherwise */
	struct plan_source source;
	uint32_t group;	   /* PLAN_ANY_OF: index into the groups of @step */
	bool is_order_cut; /* soft: the order could not be kept, it would close a cycle */
};

/** struct plan_group - steps of which one has to succeed, to be tried in this order */
struct plan_group {
	const uint32_t *steps;
	uint32_t n_steps;
	const char *word; /* that they answer to */
	struct plan_source source;
};

/** struct plan_conflict - a module that must not be there together with another one */
struct plan_conflict {
	const char *module; /* the other one */
	struct plan_source source;
};

/** struct plan_breach - a live module that loses what it has a hard dependency on */
struct plan_breach {
	const char *user;
	const char *word;
	struct plan_source source;
};

/** struct plan_step - steps stand in the order in which they are to be done */
struct plan_step {
	enum plan_action action;
	const char *module;
	const char *path;    /* insert: file, as given by planner_answer_deps() or planner_load() */
	const char *options; /* parameters: of configuration, then of the caller; "" for none */
	const char *command; /* PLAN_RUN_*; $CMDLINE_OPTS still in it */
	const char *undo; /* PLAN_RUN_INSTALL: command of the remove rule, which takes it back; NULL without */
	const struct modprobe_rule *rule; /* that decided about command or refusal; NULL without */
	enum plan_refusal refusal;
	uint32_t cause; /* with PLAN_REFUSE_NEEDS: a step; PLAN_NONE otherwise */
	uint32_t cause_group; /* likewise: index of the group that it is the first of; PLAN_NONE otherwise */
	const char *word; /* of some refusals; NULL otherwise */
	struct plan_source source; /* likewise */
	int error; /* of PLAN_REFUSE_NO_FILE and _INDEX: -errno */
	long n_users; /* PLAN_REFUSE_IN_USE */
	const char *holders; /* likewise: "a, b"; "" for none known; PLAN_REFUSE_BLACKLISTED: what answers to @word */

	bool is_goal;	 /* asked for by name */
	bool is_required; /* a goal depends on it: its failure is the goal's */
	bool if_unused;	 /* unload: only if nothing uses it by then; in use is no failure */
	const uint32_t *needs; /* steps that must have succeeded before: load, what it needs; unload, its users */
	uint32_t n_needs;
	const struct plan_group *groups; /* load: of each, one must have succeeded before */
	uint32_t n_groups; /* one that is refused needs not have steps in each */
	const struct plan_conflict *conflicts; /* load: to be looked at once more when it is done */
	uint32_t n_conflicts;
	const struct plan_breach *breaches; /* unload by force: what it breaks */
	uint32_t n_breaches;
	const struct plan_reason *reasons; /* why it is here; the first is the one to tell */
	uint32_t n_reasons;
};

/** enum plan_note_kind - remarks: nothing of it is an error of the goal */
enum plan_note_kind {
	PLAN_NOTE_ORDER_CUT,	  /* soft dependencies of @a on @b: order not kept, a cycle */
	PLAN_NOTE_SOFT_UNKNOWN,	  /* nothing answers to @b, a soft dependency of @a */
	PLAN_NOTE_SOFT_REFUSED,	  /* @b, a soft dependency of @a, must not or cannot be loaded */
	PLAN_NOTE_BLACKLISTED,	  /* @b answers to the alias @a, but is blacklisted */
	PLAN_NOTE_NEEDS_CYCLE,	  /* @a and @b need each other, says modules.dep */
	PLAN_NOTE_ANSWER_REFUSED, /* @b, one of several answers to a hard dependency of @a, is left out */
	/* These are warnings: somebody's hard dependency does not hold. */
	PLAN_NOTE_HARD_UNKNOWN,	  /* nothing answers to @b, a hard dependency that was declared for @a */
	PLAN_NOTE_HARD_CYCLE,	  /* hard dependency of @a on @b dropped: it would close the cycle @path */
	PLAN_NOTE_HARD_SELF,	  /* hard dependency of @a on itself dropped */
};

/** plan_note_is_warning() - is it more than a remark? */
bool plan_note_is_warning(enum plan_note_kind kind);

struct plan_note {
	enum plan_note_kind kind;
	const char *a, *b;
	const char *path; /* HARD_CYCLE: "a -> b -> c -> a"; NULL otherwise */
	struct plan_source source; /* of the dependency or the rule */
	enum plan_refusal refusal; /* with SOFT_REFUSED, ANSWER_REFUSED */
	const struct modprobe_rule *rule; /* likewise; NULL without */
};

/** struct plan_goal - one request and what answers to it */
struct plan_goal {
	const char *request;
	uint32_t first_step_ref; /* into @steps of the plan's goal_steps */
	uint32_t n_steps;	 /* answers; 0: nothing answers, or all are blacklisted */
	bool is_found;		 /* something answered, blacklisted or not */
	int error;		 /* of the lookup: -errno; 0 without */
};

/** struct plan - lives as long as its planner */
struct plan {
	const struct plan_step *steps;
	uint32_t n_steps;
	const struct plan_goal *goals;
	uint32_t n_goals;
	const uint32_t *goal_steps; /* indexes of steps */
	const struct plan_note *notes;
	uint32_t n_notes;
};

/** struct plan_options - all false is what plain modprobe does */
struct plan_options {
	bool is_unload;
	bool ignore_loaded;   /* load: as if nothing were loaded */
	bool ignore_commands; /* install and remove rules of the goals do not count */
	bool use_blacklist;   /* blacklist rules count for names too */
	bool must_change;     /* a goal that is loaded (not loaded) already is refused */
	bool with_holders;    /* unload: what uses a goal goes first */
	bool with_hard_deps;  /* unload: hard dependencies of a goal go behind it where nothing needs them */
	bool force;	      /* unload: users are no reason to refuse */
	bool may_wait;	      /* unload: users may go in time; a goal that is in use is tried */
	bool skip_files;      /* do not ask whether files are there */
};

struct planner;

/**
 * planner_new() - @conf: borrowed for the planner's life; NULL for no rules. @options: copied
 * Return: NULL without memory.
 */
struct planner *planner_new(const struct plan_options *options, const struct modprobe_conf *conf);
void planner_free(struct planner *planner);

/**
 * planner_add() - a name or an alias to load or unload; copied
 * @params: load: parameters for it, behind those of configuration; NULL for none
 * Return: 0; -EINVAL an alias with unmatched brackets; -E2BIG; -ENOMEM.
 */
int planner_add(struct planner *planner, const char *request, const char *params);

/**
 * planner_add_file() - a module file; what it needs is still looked up by its module's name
 * Return: 0; -EINVAL no module's file name; -ENOMEM.
 */
int planner_add_file(struct planner *planner, const char *path, const char *params);

/**
 * planner_next() - what has to be known next
 * @ret_want: valid until it is answered; asking again gives the same
 * Return: 1; 0 everything is known; -E2BIG over PLAN_MODULES_MAX or PLAN_EDGES_MAX; -ENOMEM.
 */
int planner_next(struct planner *planner, struct plan_want *ret_want);

/**
 * planner_answer_lookup() - modules that answer to the request, in the order to load them
 * @error: 0; -ENOENT with @n of 0: nothing; other -errno: the lookup failed
 * Return: 0; -EINVAL nothing of the kind was asked; -E2BIG; -ENOMEM.
 */
int planner_answer_lookup(struct planner *planner, const struct plan_answer *answers, size_t n,
			  int error);

/** planner_answer_state() - of the module; @state is copied. Return: as above. */
int planner_answer_state(struct planner *planner, const struct plan_state *state);

/** struct plan_hard - a hard dependency: a module needs one of those that answer to a word */
struct plan_hard {
	const char *word; /* name or alias; copied */
	enum plan_declared {
		PLAN_BY_MODULE,	  /* the module says so itself: without an answer it is refused */
		PLAN_BY_CONF,	  /* configuration does: without an answer, a warning */
		PLAN_BY_CONF_STRICT, /* "harddep!": without an answer it is refused */
	} declared;
	bool is_in_line;   /* its one answer stands in the line for the sake of this declaration alone */
	bool is_by_symbol; /* its one answer stands in the line for its symbols as well */
	bool is_dropped;   /* it counts for nothing, not in the line either: depmod found that it closes a
			    * cycle, or a rule took it back */
	struct plan_source source; /* file is borrowed for the plan's life */
};

/** struct plan_answered_conflict - a module that must not be there together with this one */
struct plan_answered_conflict {
	const char *module; /* copied */
	bool is_builtin;
	struct plan_source source; /* file is borrowed for the plan's life */
	bool is_unknown; /* neither an index nor the kernel knows it so far */
};

/** struct plan_hard_user - a live module that has a hard dependency on the one in question */
struct plan_hard_user {
	const char *user; /* copied, as are the next two */
	const char *word;
	const char *others; /* live modules that answer to @word too, each with a NUL behind */
	size_t others_size;
	struct plan_source source; /* file is borrowed for the plan's life */
};

/** struct plan_deps - a module's line in the index of dependencies */
struct plan_deps {
	const char *path; /* of its file, as messages are to show it; NULL with @error */
	bool is_builtin;  /* without @path */
	/* Paths of what it needs, each with a NUL behind; users before what they need, as in modules.dep. */
	const char *deps;
	size_t deps_size;
	int error; /* 0; -ENOENT not in the index; -EBADMSG its line is damaged */
	const struct plan_hard *hard; /* its hard dependencies */
	size_t n_hard;
	const struct plan_answered_conflict *conflicts; /* load: modules that it must not meet */
	size_t n_conflicts;
};

/** planner_answer_deps() - everything is copied. Return: as above. */
int planner_answer_deps(struct planner *planner, const struct plan_deps *deps);

/** planner_answer_file() - @error: 0 it is there; -errno. Return: as above. */
int planner_answer_file(struct planner *planner, int error);

/**
 * planner_answer_hard_users() - live modules with a hard dependency on the one in question that
 * nothing built in satisfies. Return: as above.
 */
int planner_answer_hard_users(struct planner *planner, const struct plan_hard_user *users, size_t n);

/**
 * planner_finish() - put everything in order
 * @ret_plan: written only on success; the planner's
 *
 * Load: what a module needs comes before it; soft dependencies where they belong unless that would
 * close a cycle. Then the module of the cycle whose name sorts first goes without its soft
 * dependencies being ordered: they are loaded, and the place hangs on nothing but names. Every
 * module comes once. Hard dependencies count like lines of modules.dep but for cycles: one that would
 * close a cycle is dropped, the later one first, and a note tells. Where several answer to one, all are
 * steps in the order of their answers, to be done until one has succeeded; one that is live (blacklisted or not)
 * already is the only one. Of two modules in conflict of which one is live (or built in) the other is
 * refused; where a goal cannot do without both, it is. Otherwise what a goal needs goes before answers
 * that it may need, those before what is welcome, and of two that are welcome the first stays; two
 * answers to hard dependencies both stay, and the one that is live first excludes the other.
 * Unload is the mirror: users first, then what nobody uses any longer. What a live module has a hard
 * dependency on stays unless another answer does; of answers that are all to go, one stays, if possible
 * one that was not asked for.
 * No recursion; time is linear in modules and edges but for cycles, where it is at most
 * PLAN_CUT_ROUNDS times that, and for hard dependencies, each of which may look at all needs behind it.
 * Return: 0; -EINVAL something is still wanted; -E2BIG, also when those looks come to 2^28; -ENOMEM.
 */
int planner_finish(struct planner *planner, const struct plan **ret_plan);
