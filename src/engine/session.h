/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Everything that a request about modules is answered from: configuration, the indexes of a kernel,
 * and the kernel that runs. Each part is read when the first question needs it.
 */
#include <stdbool.h>

#include "conf/modprobe-conf.h"
#include "engine/events.h"
#include "engine/indexes.h"
#include "plan/plan.h"
#include "sys/kernel.h"

/** struct session_options - where to look; strings borrowed during session_open() only */
struct session_options {
	const char *sysroot;	/* moves all roots; NULL or "" for none */
	const char *module_root; /* before MODULE_DIRECTORY; NULL for none */
	const char *version;	/* of the kernel; NULL for the running one */
	const char *const *conf_paths; /* instead of the usual directories */
	size_t n_conf_paths;	/* 0 for the usual ones */
	bool no_conf;		/* rules do not matter */
	bool with_weakdeps;	/* modules.weakdep as well: nothing is loaded for its sake */
	bool no_tags;		/* neither modules.softdep nor modules.weakdep */
	bool with_live_tags;	/* what modules in the kernel that no index knows have declared: see live-tags.h */
	bool no_cmdline;	/* the kernel's command line is not that of the system in question */
	/* Not NULL: told of lines that are no use, in place of the events. */
	void (*note)(void *ctx, const char *file, enum modprobe_note note, const struct diag *diag);
	void *note_ctx;
};

struct conflict_rules;

/** struct session - set up by session_open() */
struct session {
	struct modprobe_conf conf;
	struct indexes indexes;
	struct kernel kernel;
	struct kernel_real real;
	struct events events; /* copied */
	struct buf cmdline;   /* of the kernel */
	struct modprobe_conf_env conf_env; /* where remarks about the configuration go */
	struct arena arena;   /* names that were looked up */
	struct conflict_rules *conflict_rules; /* NULL until they are needed */
	struct session_file *files; /* see session_read_file(), the last one first */
};

/**
 * session_open() - read the configuration, and get ready for the rest
 * @events: remarks about lines that are no use; copied
 * Files that cannot be read and lines that make no sense are reported, and the rest counts. A missing
 * directory of modules is no error.
 * Return: 0; -ENAMETOOLONG; -ENOMEM; -errno.
 */
int session_open(struct session *s, const struct session_options *options,
		 const struct events *events);
void session_close(struct session *s);

/**
 * session_lookup() - modules that answer to a name or an alias, in the order in which to load them
 * @request: a name or an alias, '-' and '_' alike
 * @answers: array with room for @ret_n; free() it, the names live until session_close()
 *
 * Asks, in this order, and takes the first that has an answer: alias rules, the index of dependencies,
 * of symbols, install and remove rules, of aliases, of what is built in.
 * Return: 0; -ENOENT; -EINVAL unmatched bracket; -E2BIG; -ENOMEM.
 */
int session_lookup(struct session *s, const char *request, struct plan_answer **ret_answers,
		   size_t *ret_n);

/**
 * session_answer() - answer what a planner wants to know, until it knows enough
 * Broken indexes are reported once, and the others still answer.
 * Return: 0; what planner_next() or an answer returned below 0.
 */
int session_answer(struct session *s, struct planner *planner);

/**
 * session_deps() - a module's line in the index of dependencies, with full paths
 * @ret_text: owns what @ret_deps borrows; all zero before use
 * Return: 0; -ENOMEM. That there is no line, or a bad one, is in @ret_deps->error.
 */
int session_deps(struct session *s, const char *module, struct buf *ret_text,
		 struct plan_deps *ret_deps);

/* Words that count of the tags of one file, as depmod takes of a module. */
#define SESSION_FILE_WORDS_MAX 4096u

/**
 * session_read_file() - the file at @path is module @module: from now on its own tags are what the module
 * says of itself, not those of the file that depmod has read under this name
 * @events: told of words that are none; NULL for nobody
 * A file that cannot be read has no tags: whoever inserts it says what is wrong.
 * Cost: of the very file that depmod has read, and nobody has written since, the indexes know the tags; another one's .modinfo is read
 * once (a compressed file is decompressed for that).
 * Return: 0; -ENOMEM.
 */
int session_read_file(struct session *s, const char *module, const char *path,
		      const struct events *events);

/**
 * session_add_file() - planner_add_file() of the file at @path, after session_read_file(): what the file
 * says of itself counts, not what another one of its name does. Return: as these.
 */
int session_add_file(struct session *s, struct planner *planner, const char *path, const char *params);

/** struct session_hards - declared hard dependencies of a module; session_hards_done() frees */
struct session_hards {
	struct plan_hard *items; /* strings live as long as the session */
	size_t n, capacity;
};

/**
 * session_hards() - of one module: what modules.modsure.bin keeps (tags and depmod.d), then the
 * rules of modprobe.d. A word that was said before comes once, as it was said first, but for its
 * strictness, which adds up; what a rule without words takes back is_dropped.
 * @module: '-' folded
 * The source of a tag has a file of "MODULE, section .modinfo", and no line.
 * Return: 0; -ENOMEM.
 */
int session_hards(struct session *s, const char *module, struct session_hards *ret);
void session_hards_done(struct session_hards *hards);

/**
 * session_each_hard() - the same for all modules that have any in modules.modsure.bin, by name, and
 * then for those of @names that have any by rules alone
 * @names: modules that patterns of rules are tried upon (say, those that are loaded)
 * Return: 0; what @each returned, which ends it; -ENOMEM.
 */
int session_each_hard(struct session *s, const char *const *names, size_t n_names,
		      int (*each)(void *ctx, const char *module, const struct session_hards *hards),
		      void *ctx);

/**
 * session_answers() - modules that answer to the word of a hard dependency, in order, each once
 * As session_lookup(), but what is built in counts beside modules: its answers come behind theirs. Where
 * nothing answers, a module that only the kernel knows answers to its name.
 */
int session_answers(struct session *s, const char *word, struct plan_answer **ret_answers,
		    size_t *ret_n);

/** struct session_conflicts - modules in conflict with one; session_conflicts_done() frees */
struct session_conflicts {
	struct plan_answered_conflict *items; /* strings live as long as the session */
	size_t n, capacity;
};

/**
 * session_conflicts() - declared for @module or for the others, by tags, depmod.d or modprobe.d; words
 * are looked up as session_answers() does. A word without an answer may be the name of a module whose
 * file is elsewhere: it is_unknown, and its declaration holds for that module too. Each module once.
 * Cost: for a module that no index knows all declarations are looked through.
 * Return: 0; -ENOMEM.
 */
int session_conflicts(struct session *s, const char *module, struct session_conflicts *ret);
void session_conflicts_done(struct session_conflicts *conflicts);

/** struct session_hard_users - see struct plan_hard_user; session_hard_users_done() frees */
struct session_hard_users {
	struct plan_hard_user *items; /* strings live as long as the session */
	size_t n, capacity;
};

/**
 * session_hard_users() - live modules with a hard dependency on @module that nothing built in
 * satisfies; by name
 * Cost: all declarations are looked through; those of live modules are looked up.
 * Return: 0; -ENOMEM.
 */
int session_hard_users(struct session *s, const char *module, struct session_hard_users *ret);
void session_hard_users_done(struct session_hard_users *users);
