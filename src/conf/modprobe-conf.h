/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The rules of modprobe.d, of modules.softdep and modules.weakdep, and of the kernel's command
 * line: what was said of a module, by which line of which file.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "bytes/bytes.h"
#include "bytes/name-set.h"
#include "bytes/name.h"

struct diag;
struct modprobe_link;

/* Rules of one kind. A request looks at each that is a pattern, so that this bounds time as well. */
#define MODPROBE_RULES_MAX (1u << 20)

/** enum modprobe_rule_kind - directives of modprobe.d */
enum modprobe_rule_kind {
	MODPROBE_ALIAS,
	MODPROBE_BLACKLIST,
	MODPROBE_OPTIONS,
	MODPROBE_INSTALL,
	MODPROBE_REMOVE,
	MODPROBE_SOFTDEP,
	MODPROBE_WEAKDEP,
	MODPROBE_MASK,
	MODPROBE_ALLOW,
	MODPROBE_HARDDEP,
	MODPROBE_CONFLICT,
	MODPROBE_RULE_KINDS, /* how many */
};

/** struct modprobe_rule - one rule; strings live as long as the configuration */
struct modprobe_rule {
	/* What it is about, '-' folded to '_' (in patterns outside of [...]): for alias the pattern of
	 * requests, for install, remove, softdep, weakdep, harddep, mask and allow a pattern of module
	 * names, for blacklist and options a name, for conflict a name or alias. */
	const char *name;
	/* alias: the module's name, '-' folded; options: parameters, tabs made blanks; install, remove:
	 * the command; these two are all that stands behind the one blank after the name, further blanks
	 * too, as kmod prints them. softdep, weakdep: the words behind the name, "" where there are none;
	 * harddep, conflict: likewise, one blank between two, each once but for '-' and '_', none of them
	 * @name;
	 * else "". */
	const char *text;
	const char *file;
	unsigned int line; /* 0 where the file has no lines: the kernel's command line */
	bool is_pattern;   /* @name has to be matched */
	bool takes_back;   /* softdep, weakdep, harddep: names nothing, see modprobe_conf_next() */
	bool is_strict;	   /* harddep: written "harddep!" */
};

/** struct modprobe_conf - all zero before the first of the calls below */
struct modprobe_conf {
	struct arena arena;
	struct modprobe_rules {
		struct modprobe_rule *items; /* in the order of reading, the module's own tags first */
		uint32_t n;
		/* How they are found; modprobe-rules.c. */
		uint32_t capacity;
		struct modprobe_link *links; /* beside each of them */
		struct name_set names; /* the first of each name that is no pattern */
		uint32_t *patterns, n_patterns, patterns_capacity; /* numbers of those that are */
		bool has_taking_back;
	} rules[MODPROBE_RULE_KINDS];
};

/** enum modprobe_note - why a line, or a part of it, has no effect */
enum modprobe_note {
	MODPROBE_NOTE_BAD,	/* cannot be understood, or over a limit */
	MODPROBE_NOTE_NOT_USED, /* include, config: of old, no longer acted upon */
};

/** struct modprobe_conf_env - where remarks go; @note may be NULL */
struct modprobe_conf_env {
	void (*note)(void *ctx, const char *file, enum modprobe_note note, const struct diag *diag);
	void *ctx;
};

/**
 * modprobe_conf_read() - add the rules of one file; call it for the files in their order
 * @file: name for messages; copied
 * @env:  may be NULL
 *
 * What is wrong with a line goes to @env->note, and the rest of the file counts.
 * Return: 0; -ENOMEM.
 * Source: modprobe.d(5).
 */
int modprobe_conf_read(struct modprobe_conf *conf, struct bytes text, const char *file,
		       const struct modprobe_conf_env *env);

/**
 * modprobe_conf_read_tags() - the same for modules.softdep or modules.weakdep: only the lines of
 * @kind count. Call it before modprobe_conf_read(), so that a file of the administrator's can clear
 * what modules say of themselves. Here a name is no pattern, and a line without words takes nothing
 * back: a module speaks of itself only.
 */
int modprobe_conf_read_tags(struct modprobe_conf *conf, enum modprobe_rule_kind kind,
			    struct bytes text, const char *file,
			    const struct modprobe_conf_env *env);

/**
 * modprobe_conf_read_cmdline() - MODULE.PARAMETER[=VALUE] and modprobe.blacklist=A,B
 * @text: of /proc/cmdline, all of it
 * @file: name for messages; copied
 *
 * Call it after the last file. A value that was quoted is quoted again in the rule's text; one whose
 * quotes do not come in pairs goes to @env->note instead (without a line).
 * Return: 0; -ENOMEM.
 */
int modprobe_conf_read_cmdline(struct modprobe_conf *conf, struct bytes text, const char *file,
			       const struct modprobe_conf_env *env);

/**
 * modprobe_conf_next() - next rule of @kind that is about @name, in the order of the configuration
 * @name:  alias: the request, normalised; otherwise the module's name, '-' folded
 * @after: the rule found before; NULL for the first
 *
 * softdep, weakdep, harddep: a line that names nothing (without words, or with "pre:" and "post:" alone) takes
 * back all lines about @name before it: they are not found, and neither is that line. All calls for one
 * @name together cost a pass over the rules of that name and the patterns of the kind; where a pattern is
 * about it, over all rules of the kind.
 * Return: NULL when there is no other.
 */
const struct modprobe_rule *modprobe_conf_next(const struct modprobe_conf *conf,
					       enum modprobe_rule_kind kind, const char *name,
					       const struct modprobe_rule *after);

/** modprobe_conf_takes_back() - does a rule of @kind take back what was said of module @name elsewhere? */
bool modprobe_conf_takes_back(const struct modprobe_conf *conf, enum modprobe_rule_kind kind,
			      const char *name);

/**
 * modprobe_conf_of_name() - the first rule of @kind that is written with this very name, or pattern
 * Costs a pass over the patterns of the kind. Return: NULL without.
 */
const struct modprobe_rule *modprobe_conf_of_name(const struct modprobe_conf *conf,
						  enum modprobe_rule_kind kind, const char *name);

/** modprobe_conf_done() - free everything; NULL is fine */
void modprobe_conf_done(struct modprobe_conf *conf);

#define CLEANUP_MODPROBE_CONF __attribute__((cleanup(modprobe_conf_done)))

/** enum softdep_phase - when a soft dependency is loaded */
enum softdep_phase {
	SOFTDEP_PRE,
	SOFTDEP_POST,
};

/** struct softdep_words - place in the words of a softdep rule; set @rest to its text */
struct softdep_words {
	const char *rest;
	enum softdep_phase phase; /* of words before the first "pre:" or "post:" */
};

/**
 * softdep_next() - next name or alias; words before "pre:" or "post:" count as behind "pre:"
 * @ret_phase: when it is loaded
 * @ret_name:  not NUL-terminated; inside the rule's text; @ret_size is above 0
 * Return: whether there was one.
 */
bool softdep_next(struct softdep_words *words, enum softdep_phase *ret_phase,
		  const char **ret_name, size_t *ret_size);
