/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the parts of modprobe share: the command line, taken apart.
 */
#include <stdbool.h>
#include <stdint.h>

#include "cli/log.h"
#include "engine/session.h"

/** struct modprobe - options, and what they are about */
struct modprobe {
	struct log log;
	struct session session;
	struct session_options where;
	const char **conf_paths; /* as many as there are arguments */
	char *release;		 /* of a captured system */
	char *child_options;	 /* MODPROBE_OPTIONS of commands; NULL: as it is */
	int verbose;
	int64_t wait_usec;
	bool is_quiet, is_syslog;

	bool is_all, is_remove, with_holders, with_hard_deps;
	bool is_first_time, ignore_commands, use_blacklist, all_or_nothing;
	bool force_vermagic, force_modversions;
	bool is_dry_run, ignore_loaded, is_shown;
	enum modprobe_query {
		QUERY_NONE,
		QUERY_ALIAS,
		QUERY_CONFIG,
		QUERY_VERSIONS,
		QUERY_EXPORTS,
	} query;
};

/**
 * modprobe_change() - load or unload the modules named by @names
 * Return: exit status.
 */
int modprobe_change(struct modprobe *m, int n, char **names);

/**
 * modprobe_show_aliases() modprobe_show_config() modprobe_show_versions() - what was asked for
 * Messages go to the log, answers to stdout. Return: exit status.
 */
int modprobe_show_aliases(struct modprobe *m, int n, char **names);
int modprobe_show_config(struct modprobe *m);
int modprobe_show_versions(struct modprobe *m, int n, char **names, bool is_exports);

/** modprobe_is_path() - does this argument name a file, not a module? */
bool modprobe_is_path(const char *name);
