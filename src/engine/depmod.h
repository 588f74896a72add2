/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The whole job of depmod: find module files, read them, resolve, publish the index set.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/bytes.h"
#include "conf/depmod-conf.h"
#include "engine/events.h"
#include "index/files.h"

struct depmod;
struct modfile_judge;

/** struct depmod_options - all strings are borrowed for the time of the call */
struct depmod_options {
	const char *module_dir; /* BASE/lib/modules/VERSION */
	const char *output_dir; /* made if need be; NULL: module_dir */
	const char *version;	/* of the kernel, for override and external lines */

	const char *const *conf_paths; /* files or directories; NULL: the system's */
	size_t n_conf_paths;
	const char *conf_root; /* before the system's directories of configuration; NULL or "" for none */
	/* Not NULL: told of lines that are no use, in place of the events. */
	void (*note)(void *ctx, const char *file, enum depmod_note note, const struct diag *diag);
	void *note_ctx;
	const char *const *files; /* absolute paths: index these only; NULL: all */
	size_t n_files;

	const char *symvers;	/* Module.symvers, or NULL */
	const char *system_map; /* System.map, or NULL; not used beside symvers */
	char symbol_prefix;	/* 0 for none */

	bool check_symbols;   /* report unknown symbols and wrong CRCs */
	bool check_namespaces; /* and namespaces that are not imported */
	bool warn_duplicates; /* report keys with several values */
	bool merge_softdeps;  /* one line a module in modules.softdep, also without a rule for it */
	bool only_if_newer;   /* do nothing when the set is up to date */
	unsigned int jobs;    /* threads; 0: as many CPUs as may be used */

	/* Not NULL: write nothing, hand over the text files instead. */
	int (*show)(void *ctx, enum index_file file, struct bytes text);
	void *show_ctx;

	/* Not NULL: publish nothing, call this when everything stands that would be published. */
	int (*inspect)(void *ctx, struct depmod *d);
	void *inspect_ctx;
	const char *const *given;   /* for inspect(): files that stand for the tree's of their names */
	size_t n_given;
	bool may_lack_symbols; /* for inspect(): symbols that can't be had are no reason to give up */
	bool with_all_facts;	    /* for inspect(): all tags, signatures, what a kernel can decompress */
	const struct modfile_judge *judge; /* of signatures, with all facts; NULL: nobody judges */
	bool find_kernel_symbols; /* from the best source, beside the two above; see engine/kernel-symbols.h */
	const char *root;	    /* for that: before /boot and /proc; NULL for none */
	bool is_running;	    /* for that: @version is the running kernel */
	const struct events *kernel_events; /* remarks about that; NULL: as all others */

	/* Not NULL: told each symbol that one module takes from another, by their full paths. */
	void (*need)(void *ctx, const char *user, const char *symbol, const char *owner);
	void *need_ctx;
};

/** struct depmod_result - what was done; filled as far as it went */
struct depmod_result {
	uint32_t n_modules;  /* in the indexes */
	uint32_t n_left_out; /* files that are not: unreadable, in a cycle, shadowed by another */
	bool is_up_to_date;  /* nothing was done */
	int64_t read_usec, resolve_usec, write_usec, publish_usec;
};

/**
 * depmod_run() - do it
 * @events: must not be NULL
 *
 * A module that cannot be read or loaded is reported and left out, everything else is indexed.
 * Memory: the facts of all modules (a few KiB each), the outputs, and no more than
 * DEPMOD_IN_FLIGHT_MAX bytes of decompressed modules at a time, or one module.
 * Return: 0 a complete set was published (or shown, or is up to date); -EINTR cancelled, nothing
 * changed; -errno no set was published (reported).
 */
int depmod_run(const struct depmod_options *options, const struct events *events,
	       struct depmod_result *ret_result);

/* All threads together hold no more decompressed bytes than this, unless one module has more. */
#define DEPMOD_IN_FLIGHT_MAX ((uint64_t)32 * 1024 * 1024)
