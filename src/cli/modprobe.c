/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modprobe: load or unload modules and what belongs to them, or show what is known of them.
 */
#include "cli/modprobe.h"

#include <ctype.h>
#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/arena.h"
#include "bytes/diag.h"
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/sysroot.h"
#include "conf/option-words.h"
#include "config.h"

enum {
	OPTION_REMOVE_DEPENDENCIES = 256,
	OPTION_REMOVE_HOLDERS,
	OPTION_FIRST_TIME,
	OPTION_FORCE_MODVERSION,
	OPTION_FORCE_VERMAGIC,
	OPTION_SHOW_MODVERSIONS,
	OPTION_SHOW_EXPORTS,
	OPTION_SHOW,
	OPTION_ALL_OR_NOTHING,
	OPTION_SYSROOT,
};

static const char *const usage[] = { "modprobe [OPTIONS] MODULE [PARAMETER[=VALUE]...]",
				     "modprobe [OPTIONS] -a MODULE...",
				     "modprobe [OPTIONS] -r MODULE...",
				     "modprobe [OPTIONS] -R ALIAS",
				     "modprobe [OPTIONS] -c",
				     "modprobe [OPTIONS] --show-modversions MODULE|FILE",
				     NULL };

static const struct option_row rows[] = {
	{ 'a', "all", NULL, "load every module named, not the first with parameters" },
	{ 'r', "remove", NULL, "unload" },
	{ OPTION_REMOVE_DEPENDENCIES, "remove-dependencies", NULL,
	  "unload what uses the modules, and hard dependencies that nothing needs" },
	{ OPTION_REMOVE_HOLDERS, "remove-holders", NULL, "unload what uses the modules too" },
	{ 'w', "wait", "MSEC", "when unloading, wait up to so long for users to go" },
	{ OPTION_FIRST_TIME, "first-time", NULL, "fail if it is loaded (unloaded) already" },
	{ OPTION_ALL_OR_NOTHING, "all-or-nothing", NULL, "when a load fails, unload again what it loaded" },
	{ 'i', "ignore-install", NULL, "no install and remove commands for the modules named" },
	{ 'i', "ignore-remove", NULL, NULL },
	{ 'b', "use-blacklist", NULL, "heed the blacklist for names, not for aliases only" },
	{ 'f', "force", NULL, "the same as both of the next two; with -r, unload what is in use" },
	{ OPTION_FORCE_MODVERSION, "force-modversion", NULL, "ignore versions of symbols" },
	{ OPTION_FORCE_VERMAGIC, "force-vermagic", NULL, "ignore which kernel a module is for" },
	{ 'D', "show-depends", NULL, "show what would be loaded if nothing was, and do nothing" },
	{ 'c', "show-config", NULL, "show configuration and indexes" },
	{ 'c', "showconfig", NULL, NULL },
	{ OPTION_SHOW_MODVERSIONS, "show-modversions", NULL, "show versions of the symbols a module needs" },
	{ OPTION_SHOW_MODVERSIONS, "dump-modversions", NULL, NULL },
	{ OPTION_SHOW_EXPORTS, "show-exports", NULL, "show versions of the symbols a module offers" },
	{ 'R', "show-alias", NULL, "show which modules answer to an alias" },
	{ 'R', "resolve-alias", NULL, NULL },
	{ 'n', "dry-run", NULL, "do nothing; with -v, show what would be done" },
	{ OPTION_SHOW, "show", NULL, NULL },
	{ 'C', "config", "PATH", "read this file or directory instead of the usual ones" },
	{ 'd', "dirname", "DIR", "look for modules below DIR" MODULE_DIRECTORY },
	{ 'S', "set-version", "VERSION", "use the modules of this kernel, not the running one's" },
	{ OPTION_SYSROOT, "sysroot", "DIR", "configuration, modules, /proc and /sys are below DIR; implies -n" },
	{ 's', "syslog", NULL, "messages go to syslog" },
	{ 'q', "quiet", NULL, "no messages" },
	{ 'v', "verbose", NULL, "show what is done, and remarks" },
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

static int apply_wait(struct modprobe *m, const char *argument)
{
	unsigned long msec;
	char *end;

	errno = 0;
	msec = strtoul(argument, &end, 0);
	if (errno || end == argument || *end || !isdigit((unsigned char)argument[0]) ||
	    msec > UINT32_MAX) {
		log_message(&m->log, LOG_ERR, "'%s' is no number of milliseconds", argument);
		return -EINVAL;
	}
	m->wait_usec = (int64_t)msec * 1000;
	return 0;
}

/* Options of one word each. */
static bool apply_switch(struct modprobe *m, int id)
{
	switch (id) {
	case 'a':
		m->is_all = true;
		return true;
	case 'r':
		m->is_remove = true;
		return true;
	case OPTION_REMOVE_DEPENDENCIES: /* of old, another name of --remove-holders */
		m->is_remove = m->with_holders = m->with_hard_deps = true;
		return true;
	case OPTION_REMOVE_HOLDERS:
		m->is_remove = m->with_holders = true;
		return true;
	case OPTION_FIRST_TIME:
		m->is_first_time = true;
		return true;
	case OPTION_ALL_OR_NOTHING:
		m->all_or_nothing = true;
		return true;
	case 'i':
		m->ignore_commands = true;
		return true;
	case 'b':
		m->use_blacklist = true;
		return true;
	case 'f':
	case OPTION_FORCE_MODVERSION:
	case OPTION_FORCE_VERMAGIC:
		m->force_modversions |= id != OPTION_FORCE_VERMAGIC;
		m->force_vermagic |= id != OPTION_FORCE_MODVERSION;
		return true;
	case 'D':
	case 'n':
	case OPTION_SHOW:
		m->is_dry_run = true;
		m->ignore_loaded |= id == 'D';
		m->is_shown |= id != 'n';
		return true;
	default:
		return false;
	}
}

static bool apply_query(struct modprobe *m, int id)
{
	switch (id) {
	case 'c':
		m->query = QUERY_CONFIG;
		return true;
	case 'R':
		m->query = QUERY_ALIAS;
		return true;
	case OPTION_SHOW_MODVERSIONS:
		m->query = QUERY_VERSIONS;
		return true;
	case OPTION_SHOW_EXPORTS:
		m->query = QUERY_EXPORTS;
		return true;
	default:
		return false;
	}
}

static int apply_option(void *ctx, int id, const char *argument)
{
	struct modprobe *m = ctx;

	if (apply_switch(m, id) || apply_query(m, id))
		return 0;
	switch (id) {
	case 'w':
		return apply_wait(m, argument);
	case 'C':
		m->conf_paths[m->where.n_conf_paths++] = argument;
		return 0;
	case 'd':
		m->where.module_root = argument;
		return 0;
	case 'S':
		m->where.version = argument;
		return 0;
	case OPTION_SYSROOT:
		m->where.sysroot = argument;
		return 0;
	case 's':
		m->is_syslog = true;
		return 0;
	case 'q':
		m->is_quiet = true;
		return 0;
	case 'v':
		m->verbose++;
		return 0;
	default:
		return -EINVAL;
	}
}

/* Words of MODPROBE_OPTIONS stand before those of the command line. Return: how many words in all. */
static int prepend_environment(int argc, char **argv, struct arena *arena, char ***ret_argv)
{
	const char *text = getenv("MODPROBE_OPTIONS");
	char **words, **all;
	int n;

	n = text && text[0] ? option_words_split(text, arena, &words) : 0;
	if (n < 0)
		return n;
	all = arena_alloc(arena, ((size_t)argc + (size_t)n + 1) * sizeof(*all));
	if (!all)
		return -ENOMEM;
	all[0] = argv[0];
	for (int i = 0; i < n; i++)
		all[1 + i] = words[i];
	for (int i = 1; i <= argc; i++)
		all[n + i] = argv[i];
	*ret_argv = all;
	return argc + n;
}

/* A quote that a path holds is kept together by the other kind. */
static void put_word(struct buf *out, const char *word)
{
	const char *quote = !strpbrk(word, " \t\n'\"") ? "" : strchr(word, '\'') ? "\"" : "'";

	buf_printf(out, " %s%s%s", quote, word, quote);
}

/* Commands that call modprobe again are to read the same configuration and be as quiet. */
static int make_child_options(struct modprobe *m)
{
	const char *text = getenv("MODPROBE_OPTIONS");
	CLEANUP_BUF struct buf out = { 0 };
	size_t size;

	if (m->where.n_conf_paths == 0 && !m->is_syslog && !m->is_quiet && m->verbose == 0)
		return 0;
	buf_put_string(&out, text ? text : "");
	for (size_t i = 0; i < m->where.n_conf_paths; i++) {
		buf_put_string(&out, " -C");
		put_word(&out, m->conf_paths[i]);
	}
	buf_put_string(&out, m->is_syslog ? " -s" : "");
	buf_put_string(&out, m->is_quiet ? " -q" : "");
	for (int i = 0; i < m->verbose && i < 3; i++)
		buf_put_string(&out, " -v");
	buf_put_u8(&out, '\0');
	if (out.error < 0)
		return out.error;
	m->child_options = (char *)buf_steal(&out, &size);
	return 0;
}

static void set_log(struct modprobe *m)
{
	static const int levels[] = { LOG_WARNING, LOG_INFO, LOG_DEBUG };

	/* A script that is to be quiet is, even where its environment holds -v. */
	m->verbose = m->is_quiet ? 0 : m->verbose;
	m->log.level = m->is_quiet ? LOG_EMERG : levels[m->verbose < 2 ? m->verbose : 2];
	if (m->is_syslog)
		log_to_syslog(&m->log);
	else
		log_to_syslog_if_closed(&m->log);
}

bool modprobe_is_path(const char *name)
{
	return name[0] == '/' || strncmp(name, "./", 2) == 0;
}

static int run(struct modprobe *m, int n, char **names)
{
	if (m->query == QUERY_CONFIG)
		return modprobe_show_config(m);
	if (n == 0) {
		log_message(&m->log, LOG_ERR, "missing parameters. See -h.");
		options_misuse(&table);
		return EXIT_FAILURE;
	}
	if (m->query == QUERY_ALIAS)
		return modprobe_show_aliases(m, n, names);
	if (m->query != QUERY_NONE)
		return modprobe_show_versions(m, n, names, m->query == QUERY_EXPORTS);
	return modprobe_change(m, n, names);
}

/* A captured system tells which kernel it ran; the running kernel must not get what was meant for it. */
static int enter_sysroot(struct modprobe *m)
{
	char *dir;
	int r;

	if (!m->where.sysroot)
		return 0;
	m->is_dry_run = true;
	if (m->where.version)
		return 0;
	r = sysroot_module_dir(m->where.sysroot, &dir);
	if (r < 0)
		return r;
	m->where.version = m->release = strdup(strrchr(dir, '/') + 1);
	free(dir);
	return m->release ? 0 : -ENOMEM;
}

static int open_and_run(struct modprobe *m, int n, char **names)
{
	const struct events events = { .report = log_event, .ctx = &m->log };
	int r;

	set_log(m);
	r = make_child_options(m);
	m->where.conf_paths = m->conf_paths;
	/* How a module is to be loaded, printed for scripts, does not hang on what somebody has inserted by hand. */
	m->where.with_live_tags = m->query == QUERY_NONE && (m->is_remove || !m->is_dry_run);
	m->where.with_weakdeps = m->query == QUERY_CONFIG;
	if (r == 0)
		r = enter_sysroot(m);
	if (r == 0)
		r = session_open(&m->session, &m->where, &events);
	if (r < 0) {
		log_message(&m->log, LOG_ERR, "%s", strerror(-r));
		return EXIT_FAILURE;
	}
	r = run(m, n, names);
	session_close(&m->session);
	return r;
}

/*
 * This program lives for a millisecond and holds an index or two: it takes memory once, from one
 * place, and gives nothing back. What is not used costs nothing.
 */
static void tune_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_TOP_PAD, 4 * 1024 * 1024);
	mallopt(M_MMAP_THRESHOLD, 16 * 1024 * 1024);
	mallopt(M_TRIM_THRESHOLD, 64 * 1024 * 1024);
#endif
}

int cmd_modprobe(int argc, char **argv)
{
	struct modprobe m = { 0 };
	struct arena arena = { 0 };
	int status = EXIT_FAILURE, first, n;

	tune_memory();
	log_init(&m.log, argv[0]);
	n = prepend_environment(argc, argv, &arena, &argv);
	if (n > 0)
		m.conf_paths = calloc((size_t)n, sizeof(*m.conf_paths));
	if (!m.conf_paths) {
		log_message(&m.log, LOG_ERR, "%s", strerror(n < 0 ? -n : ENOMEM));
	} else {
		first = options_parse(&table, n, argv, apply_option, &m);
		if (first == 0)
			status = EXIT_SUCCESS;
		else if (first > 0)
			status = open_and_run(&m, n - first, argv + first);
	}
	free(m.conf_paths);
	free(m.child_options);
	free(m.release);
	arena_done(&arena);
	return status;
}
