/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Which module brings in which, by what kind of dependency, and who says so? For one module and what
 * hangs below it: the lines of modules.dep hold whole closures, so the links inside a line are found
 * from the files' symbols; hard, soft and weak dependencies come from declarations.
 *
 *     links_new() -> links_get() for a start, links_want() it
 *       -> while links_next() gives a module: links_set_deps(), links_add() for its rules
 *       -> links_finish() -> links_at(), links_path()
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct facts;
struct modprobe_rule;

/* As in a plan: every module of a large distribution, several times over. */
#define LINKS_MODULES_MAX 65536u

/* Links, and entries of all lines together; bounds memory against lines that name everything. */
#define LINKS_MAX (1u << 22)

#define LINKS_NONE UINT32_MAX

/** enum link_kind - in the order in which they are shown, and preferred where several fit */
enum link_kind {
	LINK_SYMBOL,	/* it uses symbols that the other exports */
	LINK_HARD,	/* a hard dependency, declared */
	LINK_ANY_OF,	/* the same, and the other is one of several that answer to @word: one will do */
	LINK_DEP,	/* modules.dep says so, and the files do not tell why */
	LINK_SOFT_PRE,	/* a soft dependency, to be loaded before it */
	LINK_SOFT_POST, /* a soft dependency, to be loaded after it */
	LINK_WEAK,	/* a weak dependency: nothing is loaded for its sake */
	LINK_KINDS,	/* how many */
	/* No link: the line of @from holds @to for the sake of a hard dependency that does not count. What
	 * @to needs may be there for others' sake. */
	LINK_STRUCK = LINK_KINDS,
};

/* Sets of kinds: bits (1 << kind). */
#define LINKS_ALL ((1u << LINK_KINDS) - 1)
#define LINKS_LOADED (LINKS_ALL & ~(1u << LINK_WEAK))

/** struct link - @from brings in @to */
struct link {
	uint32_t from, to; /* modules */
	enum link_kind kind;
	const char *word;   /* hard, soft, weak: name or alias as it was written; NULL otherwise */
	const char *file;   /* hard, soft, weak: where; borrowed */
	unsigned int line;  /* 0 without */
	const char *symbol; /* LINK_SYMBOL: of those used, the first in the order of bytes */
	uint32_t n_symbols; /* LINK_SYMBOL: how many */
};

/** struct links_conflict - a module that must not be there together with another one */
struct links_conflict {
	const char *module;
	const char *file; /* who says so */
	unsigned int line; /* 0 without */
};

/** struct links_module - a module; what is not known of it is NULL or false */
struct links_module {
	const char *name;
	const char *path;	   /* of its file */
	bool is_builtin;
	bool is_command;	   /* the name of an install rule, no module */
	bool is_unknown;	   /* named, but no index knows it */
	const struct modprobe_rule *mask;    /* borrowed */
	const struct modprobe_rule *command; /* install rule; borrowed */
	const struct links_conflict *conflicts; /* borrowed */
	uint32_t n_conflicts;
	const struct facts *facts; /* with symbols; borrowed; NULL for a file that can't be read */

	/* The rest belongs to the functions below. */
	uint32_t *deps; /* of its line, users before what they need */
	uint32_t n_deps;
	uint32_t first_link, n_links;
	bool is_wanted;
};

/** struct links - modules and links between them */
struct links;

/** links_new() - Return: NULL without memory. */
struct links *links_new(void);
void links_free(struct links *links);

/**
 * links_get() - the module called @name ('-' folded), made when there is none
 * Return: 0; -E2BIG over LINKS_MODULES_MAX; -ENOMEM.
 */
int links_get(struct links *links, const char *name, uint32_t *ret_i);

/** links_find() - the module called @name; LINKS_NONE without */
uint32_t links_find(const struct links *links, const char *name);

/** links_n() - how many modules there are */
uint32_t links_n(const struct links *links);

/** links_module() - module @i; valid until the next links_get() or links_set_deps() */
struct links_module *links_module(const struct links *links, uint32_t i);

/**
 * links_want() - what @i brings in is to be found out, too
 * links_next() - the next of the wanted ones, each once, in the order of their wanting
 * Return: 0, -ENOMEM; of links_next(): LINKS_NONE when there is no other.
 */
int links_want(struct links *links, uint32_t i);
uint32_t links_next(struct links *links);

/** links_string() - copy of @s that lives as long as @links; NULL without memory */
const char *links_string(struct links *links, const char *s);

/**
 * links_set_deps() - the line of @i; its modules are wanted now
 * @deps: paths, each with a NUL behind, users before what they need
 * Paths that can't be a module's are passed over.
 * Return: 0; -E2BIG over LINKS_MAX or LINKS_MODULES_MAX; -ENOMEM.
 */
int links_set_deps(struct links *links, uint32_t i, const char *deps, size_t deps_size);

/**
 * links_add() - a link of a declaration; copied, its strings are borrowed
 * The first of several from one module to another of one kind counts; groups are told apart by their
 * words.
 * Return: 0; -E2BIG; -ENOMEM.
 */
int links_add(struct links *links, const struct link *link);

/**
 * links_finish() - find the links inside of the lines, and sort
 *
 * A module is linked to those of its line whose exports answer its imports, and by LINK_DEP to what
 * its line names and neither these nor its hard dependencies on the line are or bring in. Time is linear in symbols, and quadratic
 * in the length of lines up to LINKS_REDUCED_MAX.
 * Return: 0; -E2BIG; -ENOMEM.
 */
int links_finish(struct links *links);

/* Longer lines are taken as they are. */
#define LINKS_REDUCED_MAX 1024u

/**
 * links_at() - links of module @i after links_finish(): by kind, then symbols and modules.dep by
 * name of the other module, declared ones as they were added
 */
const struct link *links_at(const struct links *links, uint32_t i, uint32_t *ret_n);

/**
 * links_path() - the shortest way from one of @from to @to; of equal ones the one whose names sort
 * first
 * @kinds:    that may be used: bits (1 << kind)
 * @ret_path: links from the first on, to be freed; no links when @to is one of @from
 *
 * Masked modules are no way to go on, and are reached only with @to_masked.
 * Return: 0; -ENOENT no way; -ENOMEM.
 */
int links_path(const struct links *links, const uint32_t *from, size_t n_from, uint32_t to,
	       unsigned int kinds, bool to_masked, const struct link ***ret_path, size_t *ret_n);

/**
 * link_kind_name() - "symbol", "harddep", "harddep-any", "modules.dep", "softdep-pre", "softdep-post",
 * "weakdep"
 */
const char *link_kind_name(enum link_kind kind);

/** links_word() - what @link calls the module at its end: its name, or where nothing answers what was written */
const char *links_word(const struct links *links, const struct link *link);

/**
 * links_describe() - a sentence without a full stop, appended to @out:
 * "r8169 uses libphy: phy_attached_info and 21 more symbols"
 */
void links_describe(const struct links *links, const struct link *link, struct buf *out);
