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
};

/** struct session - set up by session_open() */
struct session {
	struct modprobe_conf conf;
	struct indexes indexes;
	struct kernel kernel;
	struct kernel_real real;
	struct events events; /* copied */
	struct buf cmdline;   /* of the kernel */
	struct arena arena;   /* names that were looked up */
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
