/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Which configuration files count, and in which order?
 */
#include <stddef.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "engine/events.h"

/* A configuration file is written by hand; a larger one is something else. */
#define CONF_FILE_MAX ((size_t)16 * 1024 * 1024)

/** struct conf_file - one file and its contents */
struct conf_file {
	const char *path; /* in the list's arena */
	struct bytes text;
};

/** struct conf_files - sorted by base name; all zero is empty */
struct conf_files {
	struct arena arena;
	struct conf_file *files;
	size_t n_files;
	size_t capacity;
};

/**
 * conf_files_load() - read files and directories of configuration
 * @paths: in order of precedence; of a directory, the "*.conf" files in it count that do not begin
 *         with a dot. Of two files with one base name the one found first counts.
 * @must_exist: a path that is not there is reported (it was given by hand)
 *
 * A file that cannot be read is reported and passed over.
 * Return: 0; -ENOMEM.
 */
int conf_files_load(struct conf_files *files, const char *const *paths, size_t n_paths,
		    bool must_exist, const struct events *events);

/** conf_files_done() - free everything; NULL is fine */
void conf_files_done(struct conf_files *files);
