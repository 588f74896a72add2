/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Modules and what they need: from facts to an ordered, cycle-free graph of symbol dependencies.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "bytes/bytes.h"
#include "elf/facts.h"

struct diag;

#define GRAPH_NONE UINT32_MAX

/** struct graph_module - one module file; the caller fills the first four, all borrowed */
struct graph_module {
	const char *name; /* of the module, '-' folded */
	const char *path; /* as it stands in the indexes: relative to the tree, or absolute */
	const struct facts *facts;
	uint32_t file; /* the caller's own number of it */

	/* Owners of the symbols that it needs, in order of first need; then its hard dependencies that
	 * are no such owners, in order of declaration. */
	const uint32_t *deps;
	uint32_t n_deps;
	uint32_t n_hard_deps; /* of these, at the end; see hard_add_edges() */
	uint32_t n_users; /* modules that need this one directly */
	uint32_t rank;	  /* users have lower ranks than what they need */
	bool is_left_out; /* unloadable: in a cycle, or needs something that is */
};

/**
 * struct graph_symbol - who exports a name; owner GRAPH_NONE is the kernel itself
 *
 * Several may export one name. The last in array order counts, unless it was left out: then the
 * next older one does.
 */
struct graph_symbol {
	const char *name;
	uint32_t name_hash; /* hash_name() */
	uint32_t owner;
	uint32_t older;	   /* number of the next older exporter's record, from 1; 0 for none */
	uint32_t left_out; /* with is_gone: the module that would export it */
	uint32_t crc;	   /* with SYMBOL_CRC */
	uint32_t flags;	   /* enum facts_symbol_flags */
	const char *ns;	   /* with SYMBOL_NAMESPACE */
	bool is_gone; /* all who exported it were left out */
};

enum finding_kind {
	FINDING_CYCLE,		/* a symbol cycle; path of modules and the symbols between them */
	FINDING_NEEDS_ITSELF,	/* imports a symbol that only it exports */
	FINDING_NEEDS_LEFT_OUT, /* needs a symbol of a module that was left out */
	FINDING_UNKNOWN_SYMBOL, /* an import that nobody exports; this and the next two: see judge_report() */
	FINDING_CRC,		/* an import whose CRC is not the exporter's */
	FINDING_NAMESPACE,	/* one from a namespace (why) of module @other, or the kernel, not imported */
	FINDING_BAD_ALIAS,	/* an alias that an index cannot hold; symbol is the alias */
	FINDING_BAD_TAG,	/* a softdep or weakdep that a line cannot hold; symbol is the tag */
	FINDING_NO_NUMBERS,	/* a devname alias without device numbers; symbol is the name */
	FINDING_BAD_NAMESPACE,	/* of an exported symbol, that an index does not take; symbol is the symbol */
	FINDING_HEAVY,		/* what makes an index too large is not in it; symbol says what */
	FINDING_DUPLICATE,	/* two values under one key; symbol is the key */

	/* About the word (symbol) of a declaration; file and line say where it is, NULL for a tag. */
	FINDING_HARD_UNKNOWN,	/* a hard dependency that nothing answers to */
	FINDING_HARD_CYCLE,	/* one on @other that is dropped, since it would close a cycle: path */
	FINDING_HARD_BAD,	/* one that does not count; why */
	FINDING_CONFLICT_UNKNOWN, /* a conflict with something that is not there */
	FINDING_CONFLICT_BAD,	/* one that does not count; why */
};

/** struct finding - something worth saying about a module; never fatal to the whole */
struct finding {
	struct finding *next;
	enum finding_kind kind;
	uint32_t module;
	uint32_t other;	      /* module, for NEEDS_LEFT_OUT; exporter, for NAMESPACE */
	const char *symbol;   /* or what the kind says */
	const char *why;      /* reason in words, for BAD_ kinds; values, for DUPLICATE; namespace */
	/* For CYCLE and HARD_CYCLE: n_path modules, the last one needs the first; none for a
	 * HARD_CYCLE that was not looked for, since there was too much to look at. */
	const uint32_t *path;
	const char **symbols; /* likewise: what path[i] needs of the next one; NULL: a hard dependency */
	uint32_t n_path;
	bool is_path_cut; /* it is longer, and goes on from the last one */

	const char *file; /* of a declaration in the configuration */
	unsigned int line;
	bool is_refused; /* HARD_UNKNOWN: the module cannot be loaded for lack of it; NAMESPACE: nor imported */
	bool is_one_of_many; /* others that the line is about are not said */
};

/** struct findings - in the order in which they were made */
struct findings {
	struct arena arena;
	struct finding *first;
	struct finding **last;
};

/** findings_add() - a new zeroed finding at the end; NULL without memory */
struct finding *findings_add(struct findings *f, enum finding_kind kind, uint32_t module);
void findings_done(struct findings *f);

struct graph {
	struct graph_module *modules; /* in array order; owned by the caller */
	uint32_t n_modules;
	char symbol_prefix; /* stripped from symbols; 0 for none */

	struct arena arena;
	struct graph_symbol *symbols; /* hash table */
	uint32_t n_slots;
	uint32_t n_symbols;
	struct buf older; /* struct graph_symbol: exporters that a later one replaced */
	bool no_older;	  /* older exporters no longer step in: too many rounds */
};

/**
 * graph_order() - sort modules into the order that all index files follow
 * @modules: sorted in place
 * @order:   contents of modules.order, or empty
 *
 * Modules that @order names come first, in its order; the rest follow by the bucket of
 * hash_order() of their names, then by name, then by path.
 * Return: 0; -ENOMEM.
 * Source: doc/formats/depmod.md, "Order".
 */
int graph_order(struct graph_module *modules, uint32_t n, struct bytes order);

/**
 * graph_add_kernel_symbol() - a symbol that the kernel exports; a module's export of the same name
 * goes before it. Before graph_resolve() only; @name and @ns are borrowed.
 * @flags: enum facts_symbol_flags; @crc and @ns count by these
 * Return: 0; -ENOMEM.
 */
int graph_add_kernel_symbol(struct graph *g, const char *name, uint32_t flags, uint32_t crc,
			    const char *ns);

/**
 * graph_resolve() - find deps, leave out what is in a cycle or needs such a module, rank the rest
 * @g: modules, n_modules and the options are set
 *
 * Of two exporters of one name the later one in array order counts. A module that is left out
 * stops exporting; what another exporter answers then is answered.
 * A round is linear in modules, imports and exports. A tree without cycles takes one, others a few,
 * and none more than a small fixed number: then older exporters no longer step in.
 * Return: 0; -ENOMEM.
 */
int graph_resolve(struct graph *g, struct findings *findings);

/** graph_find_symbol() - NULL when nobody exports @name; may be one that is_gone */
const struct graph_symbol *graph_find_symbol(struct graph *g, const char *name, uint32_t hash);

/**
 * graph_find_import() - who exports import @k of module @i
 * Return: NULL when nobody does; may be one that is_gone.
 */
const struct graph_symbol *graph_find_import(struct graph *g, uint32_t i, uint32_t k);

/** graph_older_symbol() - the next older exporter of the same name; NULL: there is no other */
const struct graph_symbol *graph_older_symbol(const struct graph *g, const struct graph_symbol *s);

/** graph_symbol_between() - the first symbol by which @user needs @owner; "" when none does */
const char *graph_symbol_between(struct graph *g, uint32_t user, uint32_t owner);

/**
 * graph_needs() - call @each for every symbol that module @i takes from another module
 * In the order of its imports. Return: 0; what @each returned below 0, which ends it.
 */
int graph_needs(struct graph *g, uint32_t i,
		int (*each)(void *ctx, const char *symbol, const struct graph_module *owner),
		void *ctx);

/** struct graph_walk - scratch memory for closures; all zero is empty, one a thread */
struct graph_walk {
	uint32_t *found;
	uint32_t *stamp;
	uint32_t generation;
};

/**
 * graph_closure() - all that module @i needs, directly or not, by ascending rank
 * @ret_found: valid until the next call with @walk
 * Linear in the edges of the closure plus sorting it.
 * Return: number of modules; -ENOMEM.
 */
int64_t graph_closure(const struct graph *g, uint32_t i, struct graph_walk *walk,
		      const uint32_t **ret_found);
void graph_walk_done(struct graph_walk *walk);

/** graph_done() - free what @g owns, not the modules; NULL is fine */
void graph_done(struct graph *g);
