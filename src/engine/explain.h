/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The kernel gave a number; what is the reason? Looked for in the module's file, in the indexes, and
 * in what the running kernel tells, after a failure only.
 */
#include <stddef.h>

#include "bytes/arena.h"
#include "engine/insert.h"

struct indexes;

/* Reasons worth reading; a module with a hundred unknown symbols has one reason. */
#define EXPLAIN_LINES_MAX 16u

/** struct explanation - what was found; all zero before use; explanation_done() in the end */
struct explanation {
	struct arena arena;
	const char *lines[EXPLAIN_LINES_MAX]; /* sentences without a newline, for a person */
	/* What the module's own code logged: it may be the reason, and may be chatter. */
	bool is_remark[EXPLAIN_LINES_MAX];
	size_t n_lines;
	/* More than one cause fits, and nothing tells which: the lines are candidates. */
	bool is_ambiguous;
};

/**
 * explain_insert() - why did insert_module() fail?
 * @indexes: of the running kernel, to tell who exports a symbol; may be NULL
 * @error:   what insert_module() returned
 * @root:    before /boot and /lib of the running system; NULL for none
 *
 * Finds: unknown symbols and who would export them; versions of symbols that differ; namespaces that
 * are used and not imported; values that parameters do not take, and the parameters there are;
 * vermagic; signatures; a blacklist on the kernel's command line; modules_disabled; missing
 * privilege; lockdown. Lines that the kernel logged about the module since the attempt began are
 * quoted where they can be read; those that are not the loader's own are remarks. What is not certain is not told as if it were; where nothing
 * explains the error there are no lines: it came from the module's own init.
 * Return: 0; -ENOMEM.
 */
int explain_insert(const struct kernel *kernel, struct indexes *indexes,
		   const struct insert_request *request, const struct insert_report *report,
		   int error, const char *root, struct explanation *ret_explanation);

/** explanation_done() - free, and make it empty; NULL is fine */
void explanation_done(struct explanation *explanation);
