/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The rules of depmod.d: which files count, and which of two with one module name.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "bytes/bytes.h"

struct diag;

/** struct depmod_rule - one word of a rule, and where it stands */
struct depmod_rule {
	struct depmod_rule *next; /* in the order of the files */
	const char *path;	  /* of the configuration file */
	unsigned int line;
	const char *text;   /* folder, or name to exclude, or "FOLDER/MODULE" of an override */
	const char *module; /* override: module name, '-' folded */
	uint32_t priority;  /* search: higher goes before lower */
};

struct depmod_rules {
	struct depmod_rule *first;
	struct depmod_rule **last;
	uint32_t n;
};

/** struct depmod_conf - all zero has no rules, and searches "updates" first */
struct depmod_conf {
	struct arena arena;
	struct depmod_rules search; /* folders, "built-in" and "external" */
	struct depmod_rules overrides;
	struct depmod_rules externals; /* folders for this kernel, in the order of precedence */
	struct depmod_rules excludes;
};

/**
 * struct depmod_conf_context - what reading a file needs beside its bytes
 * @matches: does @pattern ("*" or a POSIX extended regular expression) fit the kernel's version?
 *           Return: 1, 0, or -EINVAL for no such expression
 * @report:  a line that is not used, and why
 */
struct depmod_conf_context {
	int (*matches)(void *ctx, const char *pattern);
	void (*report)(void *ctx, const char *path, const struct diag *diag, bool is_error);
	void *ctx;
};

/**
 * depmod_conf_read() - add the rules of one file
 * @path: of the file, for messages; copied
 * Lines that say nothing usable are reported, all others count. Linear in the file.
 * Return: 0; -ENOMEM.
 * Source: man/depmod.8.scd, CONFIGURATION.
 */
int depmod_conf_read(struct depmod_conf *conf, const char *path, struct bytes text,
		     const struct depmod_conf_context *context);

/** depmod_conf_is_excluded() - is an entry of a folder to be passed over by its name? */
bool depmod_conf_is_excluded(const struct depmod_conf *conf, const char *name);

/**
 * depmod_conf_choose() - which of two files with the same module name is used
 * @module: their module name, '-' folded
 * @a_path, @b_path: relative to the module directory, or absolute
 * @a_external, @b_external: 0 inside of the module directory; n in the n-th external folder
 *
 * An override goes before search folders, an earlier search folder before a later one, an earlier
 * external folder before a later one; equals are settled by the order of the paths' bytes.
 * Return: below 0 @a, above 0 @b; -1 or 1 when a rule decided, -2 or 2 when only the paths did.
 */
int depmod_conf_choose(const struct depmod_conf *conf, const char *module, const char *a_path,
		       uint32_t a_external, const char *b_path, uint32_t b_external);

void depmod_conf_done(struct depmod_conf *conf);
