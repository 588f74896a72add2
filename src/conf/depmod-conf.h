/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The rules of depmod.d: which directories count, which of several files with the same module name is
 * the module, and what modules need or exclude that their files do not say.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "bytes/bytes.h"

struct diag;

/* Each file whose module name exists twice is compared with every search and external rule. */
#define DEPMOD_SEARCHES_MAX 4096u

/* One override a module, several times over. */
#define DEPMOD_RULES_MAX (1u << 20)

/* Some hundred modules of a kernel have hard dependencies. */
#define DEPMOD_DECLARATIONS_MAX 65536u

/* Each of them is compared with the name of every module. */
#define DEPMOD_PATTERNS_MAX 4096u

/** enum depmod_note - why a line, or a part of it, has no effect */
enum depmod_note {
	DEPMOD_NOTE_BAD,	  /* cannot be understood, or over a limit */
	DEPMOD_NOTE_OTHER_KERNEL, /* is for kernels of another version */
	DEPMOD_NOTE_NOT_USED,	  /* make_map_files, include: accepted, never acted upon */
};

/** enum depmod_search - what a word of a search line stands for */
enum depmod_search {
	DEPMOD_SEARCH_DIR,
	DEPMOD_SEARCH_BUILT_IN, /* all that no other rule names */
	DEPMOD_SEARCH_EXTERNAL,
};

struct depmod_rule {
	const char *text; /* search, external: directory; override: SUBDIR/MOD; exclude: name */
	const char *file; /* NULL for the default search rule */
	unsigned int line;
	uint32_t order; /* among the rules of its kind as they were read, from 0 */
	enum depmod_search search;
};

struct depmod_rules {
	struct depmod_rule *items;
	uint32_t n;
	uint32_t capacity;
};

/** struct depmod_declaration - a line about one module and others; strings live as long as the conf */
struct depmod_declaration {
	const char *name;  /* '-' folded; harddep: name or pattern of modules, conflict: name or alias */
	const char *words; /* names or aliases as they were written, a blank between; "" for none */
	const char *file;
	unsigned int line;
	bool is_pattern; /* @name has to be matched */
	bool is_strict;	 /* "harddep!" */
	bool takes_back; /* harddep: names nothing; what was said of these modules before does not count */
};

struct depmod_declarations {
	struct depmod_declaration *items; /* as read */
	uint32_t n;
	uint32_t capacity;
};

/** struct depmod_conf - all zero before the first depmod_conf_read() */
struct depmod_conf {
	struct arena arena;
	struct depmod_rules searches;  /* as read: the first has the highest priority */
	struct depmod_rules externals; /* as read */
	struct depmod_rules overrides; /* after depmod_conf_finish(): sorted by text, then order */
	struct depmod_rules excludes;  /* likewise */
	struct depmod_declarations hards;
	struct depmod_declarations conflicts;
	uint32_t n_patterns; /* in @hards */
	bool merge_softdeps; /* the last line about it */
};

/** struct depmod_conf_env - what the rules need of the outside */
struct depmod_conf_env {
	/* Is the pattern, a POSIX extended regular expression, found in the kernel's version? Not
	 * asked for "*", or what conf/expression.h refuses. 1; 0; -EINVAL when it is no such expression. */
	int (*matches)(void *ctx, const char *pattern);
	/* May be NULL. */
	void (*note)(void *ctx, const char *file, enum depmod_note note, const struct diag *diag);
	void *ctx;
};

/**
 * struct depmod_priority - decides between two files; the first member that differs does, and the
 * larger number wins
 */
struct depmod_priority {
	uint32_t override; /* 0 = none; of several, the one read last is the highest */
	uint32_t search;   /* 0 = nothing names it */
	uint32_t external; /* with a search rule for it: the directory read first is highest */
	uint32_t place;	   /* without: the kernel's own tree, then the directory read last */
};

/**
 * depmod_conf_read() - add the rules of one file; call it for the files in their order
 * @file: name for messages; copied
 *
 * What is wrong with a line goes to @env->note, and the rest of the file counts.
 * Return: 0; -ENOMEM.
 * Source: depmod.d(5).
 */
int depmod_conf_read(struct depmod_conf *conf, struct bytes text, const char *file,
		     const struct depmod_conf_env *env);

/**
 * depmod_conf_finish() - after the last file: sort, and add `search updates` if nothing else is
 * Return: 0; -ENOMEM.
 */
int depmod_conf_finish(struct depmod_conf *conf);

/** depmod_conf_is_excluded() - shall a directory entry (file or folder) of this name be passed? */
bool depmod_conf_is_excluded(const struct depmod_conf *conf, const char *entry_name);

/**
 * depmod_conf_priority() - of a module file
 * @path:     below the kernel's folder, or absolute for a file from an external directory
 * @ret_rule: the override or search rule that decided, NULL without; may be NULL
 *
 * Costs one pass over the search and external rules, and a binary search in the overrides.
 */
struct depmod_priority depmod_conf_priority(const struct depmod_conf *conf, const char *path,
					    const struct depmod_rule **ret_rule);

/** depmod_priority_compare() - below 0: @a wins; above: @b wins; 0: neither */
int depmod_priority_compare(const struct depmod_priority *a, const struct depmod_priority *b);

/**
 * depmod_conf_choose() - which of two files with the same module name is the module?
 * @a, @b: paths as for depmod_conf_priority()
 *
 * At equal priority the path that sorts first by its bytes wins, so that the answer for any number
 * of files hangs neither on the order in which they are found nor on how they are paired.
 * Return: below 0: @a; above: @b; 0 only for the same path.
 */
int depmod_conf_choose(const struct depmod_conf *conf, const char *a, const char *b);

/** depmod_conf_done() - free everything; NULL is fine */
void depmod_conf_done(struct depmod_conf *conf);

#define CLEANUP_DEPMOD_CONF __attribute__((cleanup(depmod_conf_done)))
