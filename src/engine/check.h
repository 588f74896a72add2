/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The whole job of `modsure check`: read a tree as depmod does, gather what else rules want to know,
 * ask them.
 */
#include <stdbool.h>
#include <stddef.h>

#include "check/check.h"
#include "engine/events.h"
#include "engine/session.h"

/** struct check_options - all strings are borrowed for the time of the call; NULL: not given */
struct check_options {
	/* Sysroot, module root, version. Its conf_paths stand in place of the folders of modprobe.d only; those of
	 * depmod.d are below sysroot, too, unless @depmod_conf_paths are given. */
	const struct session_options *session;
	const char *module_dir; /* BASE/lib/modules/VERSION */
	const char *version;	/* of the kernel */
	const char *root;	/* before /boot and /proc; NULL for none */
	bool is_running;	/* @version is the running kernel's */

	const char *const *names; /* modules, aliases or paths of module files; none: the whole tree */
	size_t n_names;
	const bool *is_off; /* rules that are not wanted, by number in the table; NULL: none of them */

	const char *symvers;	/* -E */
	const char *system_map; /* -F */
	const char *kernel_config; /* instead of /boot/config-VERSION */
	const char *const *depmod_conf_paths; /* instead of the usual directories of depmod.d */
	size_t n_depmod_conf_paths;
	const char *const *keyrings; /* files with certificates or public keys, PEM or DER */
	size_t n_keyrings;
	unsigned int jobs; /* threads; 0: as many CPUs as may be used */
};

/** struct check_result - check_result_done() in the end */
struct check_result {
	struct check check;
	struct arena arena;
	uint32_t n_modules; /* that were looked at */
	const char *exports_source; /* "Module.symvers", ...; "" for none */
	const char *exports_path;   /* NULL for none */
	const char *config_path;    /* NULL for none */
	const char *vermagic_source; /* NULL for none */
	const char *const *unknown; /* names that nothing answers to (reported) */
	size_t n_unknown;
	bool has_bad_source; /* something that was given is of no use (reported); rules that need it did not run */
};

/**
 * check_run() - read, ask all rules
 * @events: remarks about sources and files that are no use to the check; what is wrong with the tree
 *          is a finding and no remark
 *
 * Reads all modules on all threads; memory as depmod_run(), and CHECK_FINDINGS_MAX findings of some hundred
 * bytes. Nothing is written.
 * Return: 0, whatever was found; -EINTR cancelled; -errno (reported) there was nothing to check.
 */
int check_run(const struct check_options *options, const struct events *events,
	      struct check_result *ret);

/** check_result_done() - free; NULL and all zero are fine */
void check_result_done(struct check_result *result);
