/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the steps of depmod share; not for others.
 */
#include "bytes/arena.h"
#include "bytes/buf.h"
#include "codec/codec.h"
#include "conf/depmod-conf.h"
#include "bytes/diag.h"
#include "engine/depmod.h"
#include "engine/kernel-symbols-job.h"
#include "engine/scan.h"
#include "graph/declarations.h"
#include "graph/graph.h"

/* Lists of findings: of the graph, of each job that makes outputs, of declarations. */
#define DEPMOD_FINDINGS_MAX 8u

/** struct depmod_damaged - a module file that could not be read */
struct depmod_damaged {
	uint32_t file; /* number in the scan */
	int error;
	struct diag diag;
};

/** struct depmod_extra - of a file, with_all_facts; as struct modfile has them */
struct depmod_extra {
	const char *kernel_lacks;
	int verdict;
	const char *verdict_why;
};

struct depmod {
	const struct depmod_options *options;
	const struct events *events;
	struct depmod_result *result;
	struct arena arena;
	int dir_fd;	/* module directory */
	int out_fd;	/* output directory; -1 when showing */
	bool is_locked; /* the output directory is ours */
	bool has_leftovers;

	struct depmod_conf conf;
	uint64_t conf_hash; /* of all configuration */
	struct scan scan;

	struct buf order, builtin, builtin_modinfo; /* the kernel's own lists */
	struct kernel_symbols kernel;
	int kernel_error; /* of a source that was given, with may_lack_symbols */
	struct kernel_symbols_job kernel_job; /* fills it while modules are read */

	struct graph graph;
	struct findings findings;
	struct graph_module *modules;
	uint32_t n_modules;
	struct depmod_damaged *damaged;
	uint32_t n_damaged, damaged_capacity;
	enum codec_kind *codecs; /* by number of the file in the scan */
	struct depmod_extra *extras; /* likewise; NULL without with_all_facts */
	struct declarations declarations;
	struct findings output_findings[DEPMOD_FINDINGS_MAX]; /* kept for inspect() */

	struct buf outputs[INDEX_FILES];
};

/** inputs_load_conf() - read depmod.d. Return: 0; -ENOMEM. */
int inputs_load_conf(struct depmod *d);

/** inputs_scan() - find the module files. Return: 0; -errno (reported). */
int inputs_scan(struct depmod *d);

/** inputs_load_lists() - modules.order and modules.builtin*; missing ones are reported */
int inputs_load_lists(struct depmod *d);

/** inputs_start_kernel_symbols() - begin to look for them, if that takes long */
void inputs_start_kernel_symbols(struct depmod *d);

/** inputs_load_kernel_symbols() - from -E or -F, or what was looked for, into the graph. Return: 0; -errno (reported). */
int inputs_load_kernel_symbols(struct depmod *d);

/** inputs_digest() - what the set depends on: names and sizes of modules, lists, configuration */
uint64_t inputs_digest(const struct depmod *d);

/** read_modules() - facts of all files, on all threads. Return: 0; -EINTR; -ENOMEM. */
int read_modules(struct depmod *d);

/** make_outputs() - all files of the set. Return: 0; -errno (reported). */
int make_outputs(struct depmod *d);

/**
 * depmod_path() - full path of a module or of a file in the module directory
 * @path: as in the indexes, relative or absolute
 * Return: to be freed; NULL without memory.
 */
char *depmod_path(const struct depmod *d, const char *path);

/** report_findings() - say what the graph found */
void report_findings(struct depmod *d, const struct findings *findings);

/** is_up_to_date() - would a run change nothing? */
bool is_up_to_date(struct depmod *d);
