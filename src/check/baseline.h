/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Which findings does somebody know of and accept? A file, a finding a line:
 *
 *     # comment
 *     MS101 lost exported_by_nobody
 *     ID    SUBJECT OBJECT
 *
 * SUBJECT is the module, or the path of a file where the finding is about no module: below the directory
 * of modules, or absolute (below the root that is looked at); "-" for neither. OBJECT goes to the end of
 * the line and may be missing. No kernel version stands in it, so that one file does for many.
 *
 * Source: doc/formats/check-baseline.md.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "bytes/bytes.h"

struct check;
struct check_finding;
struct check_rule;
struct diag;

/* More lines than findings are ever kept. */
#define BASELINE_LINES_MAX (1u << 20)

/** struct baseline_line - a finding that is accepted; strings live in the arena */
struct baseline_line {
	const struct check_rule *rule;
	const char *subject, *object;
	unsigned int line;
	bool is_used; /* a finding matched; set by baseline_apply() */
};

/** struct baseline - all zero accepts nothing; baseline_done() in the end */
struct baseline {
	struct arena arena;
	struct baseline_line *lines; /* sorted, each once */
	uint32_t n, capacity;
};

/** struct baseline_roots - what paths are relative to; NULL or "" for none */
struct baseline_roots {
	const char *module_dir;
	const char *root; /* before /etc; kept paths begin behind it */
};

/**
 * baseline_read() - all lines of a file
 * @bad: told of each line that is none (an unknown rule, no subject); the others count; may be NULL
 * Return: 0; -E2BIG over BASELINE_LINES_MAX; -ENOMEM.
 */
int baseline_read(struct baseline *b, struct bytes text, void (*bad)(void *ctx, const struct diag *diag),
		  void *ctx);

/**
 * baseline_apply() - mark the findings that it accepts, and the lines that a finding matched
 * Cost: a binary search a finding.
 */
void baseline_apply(struct baseline *b, struct check *c, const struct baseline_roots *roots);

/**
 * baseline_is_stale() - does @line accept what is no longer found? Only of a rule that looked at everything.
 * @c: after baseline_apply()
 */
bool baseline_is_stale(const struct baseline_line *line, const struct check *c);

/** baseline_put_finding() - a finding as a line, without newline and NUL; the same from run to run */
void baseline_put_finding(const struct check_finding *f, const struct baseline_roots *roots, struct buf *out);

/** baseline_put_line() - likewise, a line that was read */
void baseline_put_line(const struct baseline_line *line, struct buf *out);

/** baseline_put() - a file that accepts all findings; each line once, in order. @out->error says. */
void baseline_put(const struct check *c, const struct baseline_roots *roots, struct buf *out);

/** baseline_done() - free; NULL and all zero are fine */
void baseline_done(struct baseline *b);
