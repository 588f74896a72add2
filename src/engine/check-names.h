/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Which modules is a check asked about? Words of a command line to files, and to names of modules.
 */
#include <stdbool.h>
#include <stddef.h>

#include "bytes/arena.h"
#include "engine/events.h"

struct lookup;
struct scan;

/** struct check_names - all zero asks for everything */
struct check_names {
	struct arena *arena; /* owns all strings and lists */
	const char **files; /* paths, absolute */
	size_t n_files;
	const char **words; /* what is no file: names and aliases */
	size_t n_words;
	const char **asked; /* names of modules, sorted; an asked one twice stands there twice */
	size_t n_asked;
	const char **unknown; /* words that nothing answers to */
	size_t n_unknown;
	bool is_partial; /* there were words: not everything is asked for */
};

/**
 * check_names_split() - files from names
 *
 * A file is what ends like a module file, begins with '/', "./" or "../", or has a '/' and is there. One from
 * whose path no module's name can be made is reported, and unknown.
 * Return: 0; -ENOMEM; -errno of getcwd(2).
 */
int check_names_split(struct check_names *names, const char *const *words, size_t n_words,
		      const struct events *events);

/**
 * check_names_find() - who is meant: the module of this name, else the answers of the indexes, which
 * modinfo(8) goes by; those of files besides. What nothing but the kernel itself answers to, or nothing, is
 * reported and unknown.
 * @lookup: of the indexes as depmod would write them now
 * Cost: a search a word; the sorting of the tree's names.
 * Return: 0; -ENOMEM.
 */
int check_names_find(struct check_names *names, const struct scan *scan, struct lookup *lookup,
		     const struct events *events);

/** check_names_has() - is the module asked for? */
bool check_names_has(const struct check_names *names, const char *name);
