/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Which module files are there?
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "engine/events.h"

struct depmod_conf;

/* Folders inside folders; a deeper tree is a loop of links or a mistake. */
#define SCAN_DEPTH_MAX 64

/* Folders reached through links: thirty folders with two links each to the next have 2^30 paths. */
#define SCAN_LINKED_FOLDERS_MAX 16384

/** struct scan_file - one module file; strings live in the scan's arena */
struct scan_file {
	const char *name; /* of the module */
	const char *path; /* relative to the module directory, or absolute */
	const char *given; /* the file to read in its place, see scan_give(); NULL: @path */
	uint64_t size;	   /* bytes */
	int64_t mtime_usec;
};

/** struct scan_shadowed - a file that is not used for another one of its module name */
struct scan_shadowed {
	const char *name; /* of the module */
	const char *path;
	const char *used;
	bool is_ruled; /* configuration puts that one first */
};

struct scan {
	struct arena arena;
	const char **unfit; /* paths of files that no index can hold; as found */
	uint32_t n_unfit, unfit_capacity;
	struct scan_shadowed *shadowed; /* by scan_settle() */
	uint32_t n_shadowed, shadowed_capacity;
	struct scan_file *files; /* one for each module name; sorted by path */
	uint32_t n_files;
	uint32_t capacity;
};

/**
 * scan_tree() - add all module files below a directory
 * @prefix: put before each path; "" or "/absolute/dir/"
 * Symbolic links are followed; a link that leads back into its own folders is reported and passed
 * over, and so is a file whose name no index can hold. Where links lead to more than
 * SCAN_LINKED_FOLDERS_MAX folders, that is reported and none to a folder is followed.
 * Return: 0; -errno of the directory itself; -EINTR cancelled; -ENOMEM.
 */
int scan_tree(struct scan *scan, int dir_fd, const char *prefix, const struct depmod_conf *conf,
	      const struct events *events);

/** scan_add() - add one file. Return: 0; -EINVAL its name is no module's; -ENOMEM. */
int scan_add(struct scan *scan, const char *path, uint64_t size, int64_t mtime_usec);

/**
 * scan_give() - a file from elsewhere that is to stand where the tree has its module, or in updates/
 * @given: path to read it by
 * scan_settle() lets it take the place of all files of its module name; nobody shadows anybody there. Of two
 * given ones of one name the first by its path stays, which is reported.
 * Return: 0; -EINVAL its name is no module's; -ENOMEM.
 */
int scan_give(struct scan *scan, const char *given, uint64_t size, int64_t mtime_usec);

/**
 * scan_settle() - keep one file of each module name, by what @conf says, and sort by path
 * Return: 0; -ENOMEM.
 */
int scan_settle(struct scan *scan, const struct depmod_conf *conf, const struct events *events);

/** scan_done() - free everything; NULL is fine */
void scan_done(struct scan *scan);
