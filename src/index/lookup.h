/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Which modules answer to a name or an alias? Looks through the indexes in kmod's order; where
 * one of them is missing or broken, the others still answer.
 */
#include <stdbool.h>
#include <stddef.h>

#include "bytes/diag.h"
#include "bytes/name.h"
#include "index/files.h"
#include "index/reader.h"

/** enum lookup_source - the indexes, in the order in which they are asked */
enum lookup_source {
	LOOKUP_DEP,
	LOOKUP_SYMBOLS,
	LOOKUP_ALIAS,
	LOOKUP_BUILTIN,
	LOOKUP_BUILTIN_ALIAS,
	LOOKUP_SOURCES, /* how many */
};

/** struct lookup - the indexes of one kernel; all zero has none of them */
struct lookup {
	struct lookup_part {
		struct index_reader reader;
		bool is_open;
		int error;	  /* the last one met in this index; 0 without */
		struct diag diag; /* its place and reason */
	} parts[LOOKUP_SOURCES];
	uint64_t work; /* of all searches so far, see index_reader_search_counted() */
};

/** struct lookup_answer - all zero before use; lookup_answer_done() frees what it holds */
struct lookup_answer {
	enum lookup_source source; /* the index that answered */
	struct index_values values;
	unsigned int broken; /* bit (1 << source) for each index that failed on the way */
	char request[ALIAS_MAX + 1]; /* normalised */
};

/** struct dep_line - a value of modules.dep.bin, and a place in it; borrows from the value */
struct dep_line {
	const char *path; /* not NUL-terminated */
	size_t path_size;
	const char *rest;
};

/** lookup_file() - the file that holds an index */
enum index_file lookup_file(enum lookup_source source);

/**
 * lookup_add() - put an index in
 * @file: borrowed for the life of @lookup
 * A file of 0 bytes is an index of what is built in, and no other one.
 * Return: 0; -EBADMSG as index_reader_open(): @lookup goes on without it, and its part says why.
 */
int lookup_add(struct lookup *lookup, enum lookup_source source, struct bytes file);

/**
 * lookup_find() - modules for a name or an alias
 * @ret_answer: its answer is replaced; on failure it holds @broken and no modules
 *
 * Asks modules.dep (unless there is a ':' in the request), modules.symbols (only for "symbol:"),
 * modules.alias, modules.builtin, modules.builtin.alias; the first one with an answer wins. An
 * index that turns out broken is passed: see @broken and the diag of its part.
 * Cost: as index_reader_find() and index_reader_search().
 * Return: 0; -ENOENT nobody answers; -EINVAL unmatched bracket; -E2BIG longer than ALIAS_MAX;
 * -ENOMEM.
 */
int lookup_find(struct lookup *lookup, const char *request, struct lookup_answer *ret_answer);

/**
 * lookup_find_name() - the module of this very name
 * @name: '-' is '_', and what follows a '.' does not count
 *
 * Asks modules.dep, modules.builtin, modules.builtin.alias. Otherwise as lookup_find().
 */
int lookup_find_name(struct lookup *lookup, const char *name, struct lookup_answer *ret_answer);

/**
 * lookup_begin() - a new question; lookup_is_for() - may this index answer it?
 * lookup_ask() - ask one index
 *
 * What lookup_find() (or, with @is_name, lookup_find_name()) is made of, for callers who open an
 * index only when its turn comes, or who ask others in between.
 * Return of lookup_begin(): 0; -EINVAL; -E2BIG. Of lookup_ask(): 0; -ENOENT; -ENOMEM.
 */
int lookup_begin(const char *request, bool is_name, struct lookup_answer *ret_answer);
bool lookup_is_for(enum lookup_source source, bool is_name, const char *request);
int lookup_ask(struct lookup *lookup, enum lookup_source source, struct lookup_answer *answer);

/**
 * lookup_answer_module() - name of answer @i (less than @answer->values.n)
 * Borrows from the answer and from the indexes. A name may come twice, as in kmod.
 */
const char *lookup_answer_module(const struct lookup_answer *answer, size_t i);

/** lookup_answer_done() - free; NULL is fine */
void lookup_answer_done(struct lookup_answer *answer);

#define CLEANUP_LOOKUP_ANSWER __attribute__((cleanup(lookup_answer_done)))

/**
 * lookup_dep() - path and dependencies of a module
 * @module: as lookup_answer_module() gives it
 * @ret_line: written only on success; borrows from the index
 * Return: 0; -ENOENT not in modules.dep; -EBADMSG (see the diag of part LOOKUP_DEP); -ENOMEM.
 */
int lookup_dep(struct lookup *lookup, const char *module, struct dep_line *ret_line);

/**
 * dep_line_open() - split "path: dep dep" behind the path
 * @value: borrowed for the life of @ret_line
 *
 * The path ends at the first colon with a blank or the end behind it, so that it may hold others.
 * Return: 0; -EBADMSG no such colon, or no path before it.
 */
int dep_line_open(const char *value, struct dep_line *ret_line);

/**
 * dep_line_next() - next dependency, in the order of the line: users before what they need
 * @ret_path: not NUL-terminated
 * Return: whether there was one.
 */
bool dep_line_next(struct dep_line *line, const char **ret_path, size_t *ret_size);
