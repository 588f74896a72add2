/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What can be known to be wrong with a tree of modules before it is booted? Rules stand in one table
 * (rules.h); each looks at one input and adds findings.
 *
 *     struct check_input  --check_rules_run()-->  struct check (findings, and rules that did not run)
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "bytes/bytes.h"
#include "bytes/diag.h"
#include "check/judge.h"
#include "graph/graph.h"

struct check;
struct check_rule;
struct claims;
struct declarations;
struct depmod_conf;
struct kernel_config;
struct kernel_exports;
struct lookup;
struct modprobe_conf;

/*
 * Findings that are kept; the rest is counted. A tree for another kernel has one for each import. One rule
 * gets half of what is left at most, so that none hides what the next ones find.
 */
#define CHECK_FINDINGS_MAX (1u << 18)

/** enum check_severity - the least first */
enum check_severity {
	CHECK_NOTE,    /* worth knowing; works */
	CHECK_WARNING, /* works today, or not as meant */
	CHECK_ERROR,   /* the kernel, or modprobe, refuses */
};
#define CHECK_SEVERITIES 3 /* how many */

/** enum check_need - what a rule has to know, bits */
enum check_need {
	CHECK_NEEDS_EXPORTS = 1u << 0,	    /* symbols that the kernel exports */
	CHECK_NEEDS_CRCS = 1u << 1,	    /* their versions */
	CHECK_NEEDS_NAMESPACES = 1u << 2,   /* their namespaces */
	CHECK_NEEDS_LICENCES = 1u << 3,	    /* which are GPL-only */
	CHECK_NEEDS_CONFIG = 1u << 4,	    /* options of the kernel's build */
	CHECK_NEEDS_RELEASE = 1u << 5,	    /* version numbers of the kernel */
	CHECK_NEEDS_VERMAGIC = 1u << 6,	    /* of the kernel */
	CHECK_NEEDS_BUILTIN = 1u << 7,	    /* modules.builtin */
	CHECK_NEEDS_BUILTIN_TAGS = 1u << 8, /* modules.builtin.modinfo */
	CHECK_NEEDS_KEYS = 1u << 9,	    /* keys to verify signatures with */
	CHECK_NEEDS_INDEXES = 1u << 10,	    /* a set of indexes is there */
	CHECK_NEEDS_TREE = 1u << 11,	    /* all modules were read, not only those given */
};
#define CHECK_NEEDS 12 /* how many */

/** enum check_signature - of one module */
enum check_signature {
	CHECK_SIGNATURE_NOT_LOOKED, /* no keys were given; whether there is one, the facts say */
	CHECK_SIGNATURE_GOOD,
	CHECK_SIGNATURE_BAD,	    /* the content is not what was signed, or it is no signature */
	CHECK_SIGNATURE_UNKNOWN_KEY,
};

/** struct check_module - what is known of module @i of the graph besides its facts */
struct check_module {
	const char *path;	 /* full, for messages */
	const char *compression; /* "none", "xz", "zstd", "gzip" */
	int64_t mtime_usec;
	bool is_asked; /* findings about it are wanted */
	bool is_given; /* by its file, not by the tree */
	enum check_signature signature;
	const char *signature_why; /* of a BAD one, or one by an UNKNOWN_KEY; NULL otherwise */
	/* Compressed in a way that the kernel's own decoder may lack, in words; NULL otherwise. */
	const char *kernel_lacks;
};

/** struct check_damaged - a module file that could not be read */
struct check_damaged {
	const char *path;
	const char *name; /* of the module, from the path */
	int error;
	struct diag diag;
	bool is_asked;
};

/** struct check_shadowed - a file that another one of the same module name hides */
struct check_shadowed {
	const char *name; /* of the module */
	const char *path;
	const char *used; /* the one that counts; full paths */
	bool is_by_rule; /* configuration puts it first */
	bool is_asked;
};

/** struct check_list - modules.order, modules.builtin or modules.builtin.modinfo */
struct check_list {
	const char *path;
	bool is_missing;
	uint32_t n_bad;	  /* lines, or entries, that are no use */
	struct diag diag; /* the first of them */
};

/** enum check_index_state - of one file of the published set */
enum check_index_state {
	CHECK_INDEX_FINE,
	CHECK_INDEX_MISSING,
	CHECK_INDEX_CORRUPT,	/* diag */
	CHECK_INDEX_DIFFERENT,	/* not what depmod would write now */
};

/** struct check_index - one file */
struct check_index {
	const char *path;
	enum check_index_state state;
	struct diag diag;
	const char *newer; /* path of a module that is newer than the file; NULL for none */
	bool is_of_other_run; /* than modules.modsure.bin, by its manifest; only of a file that is read */
	const char *first; /* of a DIFFERENT one: the first key or line that differs; NULL: not known */
};

/** struct check_other_tree - another kernel's modules beside this one's */
struct check_other_tree {
	const char *version;
	struct lookup *lookup; /* its modules.symbols */
};

/** struct check_conf_note - a line of modprobe.d or depmod.d, or a part of it, that has no effect */
struct check_conf_note {
	const char *file;
	unsigned int line; /* 0 where the file has none */
	bool is_bad;	   /* nobody can understand it; else it is of old, and no longer used */
	const char *what;
};

/** struct check_input - all that rules look at; borrowed, NULL or 0 where it is not known */
struct check_input {
	struct graph *graph; /* resolved; hard dependencies are in */
	const struct check_module *modules; /* as many as in @graph */
	const struct findings *const *findings; /* of the graph, of declarations, of each output */
	size_t n_findings;
	struct declarations *declarations;

	const struct check_damaged *damaged;
	size_t n_damaged;
	const struct check_shadowed *shadowed;
	size_t n_shadowed;

	const char *release; /* of the kernel */
	const struct kernel_exports *exports;
	const struct kernel_config *config;
	const char *config_path;
	const char *vermagic;	     /* of the kernel */
	const char *vermagic_source; /* the file that tells */
	struct bytes builtin;	     /* modules.builtin */
	struct bytes builtin_modinfo;
	const char *builtin_modinfo_path; /* full */
	struct lookup *lookup; /* the indexes as depmod would write them now, all parts */

	bool is_whole; /* all modules are asked for, and what is about none of them is to be said */

	/* modprobe.d, and behind it the kernel's command line where it is that of this system. What modules
	 * say of themselves is in their facts. */
	const struct modprobe_conf *conf;
	const struct depmod_conf *depmod_conf; /* depmod.d */
	const struct check_conf_note *conf_notes;
	size_t n_conf_notes;
	struct bytes cmdline; /* of the kernel, where it is that of this system */

	const struct check_index *indexes; /* in the order of enum index_file; none: not looked at */
	size_t n_indexes;
	const struct check_list *lists;
	size_t n_lists;
	const char *const *unfit; /* full paths of files whose names no index can hold */
	size_t n_unfit;
	/* Trees of other kernels, opened when somebody asks; NULL: there is nobody to ask. */
	const struct check_other_tree *(*others)(void *ctx, size_t *ret_n);
	void *others_ctx;

	const bool *is_off; /* by number in the table: rules that are not wanted; NULL: none of them */
	/* Names of modules that findings are wanted about, sorted; NULL: everything, indexes and all. */
	const char *const *asked;
	size_t n_asked;

	unsigned int knows; /* enum check_need: what is there */
	/* For each bit of CHECK_NEEDS_*, why it is not there; NULL: no more than its name to be said. */
	const char *why_not[CHECK_NEEDS];
};

/** struct check_finding - strings live in the arena of struct check, or as long as its input */
struct check_finding {
	const struct check_rule *rule;
	enum check_severity severity;
	const char *module; /* name; NULL: about none */
	const char *file;   /* full path of what has to be changed: module, configuration, index */
	unsigned int line;  /* 0 for none */
	const char *section; /* ".modinfo" and the like; NULL for none */
	/* What of it: symbol, namespace, parameter, word; tells findings of one rule and module apart, the
	 * same from run to run. Never NULL. */
	const char *object;
	const char *message; /* one sentence, no newline, nothing that confuses a terminal */
	bool is_accepted;    /* the baseline has it */
};

/** struct check_not_run - a rule that could not be asked, or not about everything */
struct check_not_run {
	const struct check_rule *rule;
	const char *why;
	bool is_partial; /* it ran, and could not look at everything */
};

/** enum check_state - of one rule */
enum check_state {
	CHECK_OFF,     /* not wanted */
	CHECK_NOT_RUN, /* something that it needs is not known */
	CHECK_RUN_IN_PART,
	CHECK_RUN,
};

/** struct check - what the rules found; check_done() in the end */
struct check {
	const struct check_input *in;
	struct arena arena;
	const struct check_rule *rule; /* that runs now */
	struct check_finding *findings; /* sorted: by rule, module, file, line, object */
	uint32_t n_findings, capacity;
	uint32_t room; /* up to which the rule that runs may fill it */
	uint64_t dropped[CHECK_SEVERITIES]; /* findings that were not kept, see CHECK_FINDINGS_MAX */
	struct check_not_run *not_run;
	uint32_t n_not_run, not_run_capacity;
	uint32_t n_run; /* rules, in part or whole */
	enum check_state *states; /* of each rule, by its number in the table */
	struct judgement judgement; /* see check_import_symbol() and check_import_verdict() */
	struct claims *claims;	/* see claims_get() */
};

/**
 * check_rules_run() - ask all rules whose needs are met; note the others
 * @in: borrowed for the life of @c
 * Return: 0; -ENOMEM.
 */
int check_rules_run(struct check *c, const struct check_input *in);

/** struct check_about - what a finding is about, to be completed by check_add(); all but @object may be 0 */
struct check_about {
	uint32_t module; /* number in the graph; with @is_of_module */
	bool is_of_module; /* sets name, and file unless one is given */
	const char *name;  /* of a module that is not in the graph, or of none that is there */
	const char *file;
	unsigned int line;
	const char *section;
	const char *object;
	bool has_severity; /* other than the rule's */
	enum check_severity severity;
};

/**
 * check_add() - a finding of the rule that runs; strings are copied and made printable
 * One about a module that was not asked for is dropped; with modules asked for, also one about none.
 * Return: 0; -ENOMEM.
 */
int check_add(struct check *c, const struct check_about *about, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** check_skip() - the rule that runs could not look at everything: why. Return: 0; -ENOMEM. */
int check_skip(struct check *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** check_import_symbol() - who exports import @k of module @i; NULL: nobody (known). Constant time. */
const struct graph_symbol *check_import_symbol(const struct check *c, uint32_t i, uint32_t k);

/** check_import_verdict() - what the kernel says to import @k of module @i, as far as is known. Constant time. */
enum verdict check_import_verdict(const struct check *c, uint32_t i, uint32_t k);

/** check_release_is() - is the kernel at least of version @major.@minor? False where it is not known. */
bool check_release_is(const struct check_input *in, unsigned int major, unsigned int minor);

/** check_count() - findings of a severity that the baseline does not accept, those not kept among them */
uint64_t check_count(const struct check *c, enum check_severity severity);

/** check_done() - free; NULL and all zero are fine */
void check_done(struct check *c);
