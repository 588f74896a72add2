/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * depmod: options into a job, events into lines.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/log.h"
#include "cli/options.h"
#include "config.h"
#include "engine/depmod.h"
#include "sys/sys.h"

#define OPTION_MERGE_SOFTDEPS 256
#define OPTION_NAMESPACES 257

/* Work shorter than this needs no progress line. */
#define PROGRESS_AFTER_USEC 1000000
#define PROGRESS_EVERY_USEC 100000

struct command {
	struct log log;
	struct depmod_options options;
	const char *base_dir, *out_dir, *module_root;
	const char **conf_paths;
	bool is_all; /* --all was given: files named besides do not count */
	bool shows_progress, has_progress;
	int64_t start_usec, shown_usec;
};

static volatile sig_atomic_t caught_signal;

static void catch(int number)
{
	caught_signal = number;
}

/* Ends the work at the next safe point; a signal that our caller ignores stays ignored. */
static void catch_signals(void)
{
	static const int numbers[] = { SIGHUP, SIGINT, SIGTERM };
	struct sigaction action = { .sa_handler = catch };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct sigaction old;

		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			(void)sigaction(numbers[i], &action, NULL);
	}
	/* A file over a size limit is an error of write(2) like others. */
	(void)signal(SIGXFSZ, SIG_IGN);
}

static bool is_cancelled(void *ctx)
{
	(void)ctx;
	return caught_signal != 0;
}

static void clear_progress(struct command *c)
{
	if (c->has_progress)
		fputs("\r\033[K", stderr);
	c->has_progress = false;
}

static void show_progress(void *ctx, uint32_t done, uint32_t total)
{
	struct command *c = ctx;
	int64_t now;

	if (!c->shows_progress)
		return;
	now = sys_now_usec();
	if (now - c->start_usec < PROGRESS_AFTER_USEC || now - c->shown_usec < PROGRESS_EVERY_USEC)
		return;
	c->shown_usec = now;
	c->has_progress = true;
	fprintf(stderr, "\rdepmod: %u of %u modules", done, total);
}

static void report(void *ctx, enum event_level level, const char *text)
{
	struct command *c = ctx;

	clear_progress(c);
	log_event(&c->log, level, text);
}

static int show(void *ctx, enum index_file file, struct bytes text)
{
	(void)ctx;
	(void)file;
	return text.size == 0 || fwrite(text.base, text.size, 1, stdout) == 1 ? 0 : -EIO;
}

static void tell_need(void *ctx, const char *user, const char *symbol, const char *owner)
{
	(void)ctx;
	printf("%s needs \"%s\": %s\n", user, symbol, owner);
}

static const struct option_row rows[] = {
	{ 'a', "all", NULL, "index all modules (the default without FILE)" },
	{ 'A', "quick", NULL, "do nothing when the indexes are up to date" },
	{ 'b', "basedir", "DIR", "modules are below DIR" },
	{ 'm', "moduledir", "DIR", "in place of " MODULE_DIRECTORY },
	{ 'o', "outdir", "DIR", "write below DIR" },
	{ 'C', "config", "PATH", "read this file or directory in place of depmod.d" },
	{ 'e', "errsyms", NULL, "report unknown symbols; needs -E or -F" },
	{ OPTION_NAMESPACES, "namespaces", NULL, "-e, and report namespaces that are used and not imported" },
	{ 'E', "symvers", "FILE", "the kernel's symbols: a Module.symvers" },
	{ 'F', "filesyms", "FILE", "the kernel's symbols: a System.map" },
	{ 'n', "show", NULL, "write text files to standard output, nothing to disk" },
	{ 'n', "dry-run", NULL, NULL },
	{ 'P', "symbol-prefix", "CHAR", "take CHAR off the front of symbols" },
	{ 'w', "warn", NULL, "report keys that stand for several modules" },
	{ OPTION_MERGE_SOFTDEPS, "merge-softdeps", NULL,
	  "write all soft dependencies of a module as one line" },
	{ 'j', "jobs", "N", "read modules on N threads" },
	{ 'v', "verbose", NULL, "say what is done" },
};

static int set_number(struct command *c, const char *argument)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(argument, &end, 10);
	if (errno || *end || end == argument || n < 1 || n > 1024 || argument[0] == '-') {
		log_message(&c->log, LOG_ERR, "-j takes a number from 1 to 1024, not '%s'", argument);
		return -EINVAL;
	}
	c->options.jobs = (unsigned int)n;
	return 0;
}

static int add_conf_path(struct command *c, const char *path)
{
	size_t n = c->options.n_conf_paths;
	const char **paths = realloc(c->conf_paths, (n + 1) * sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	paths[n] = path;
	c->conf_paths = paths;
	c->options.conf_paths = paths;
	c->options.n_conf_paths = n + 1;
	return 0;
}

static int apply(void *ctx, int id, const char *argument)
{
	struct command *c = ctx;

	switch (id) {
	case 'a':
		c->is_all = true;
		break;
	case 'A':
		c->options.only_if_newer = true;
		break;
	case 'b':
		c->base_dir = argument;
		break;
	case 'm':
		c->module_root = argument;
		break;
	case 'o':
		c->out_dir = argument;
		break;
	case 'C':
		return add_conf_path(c, argument);
	case 'e':
		c->options.check_symbols = true;
		break;
	case 'E':
		c->options.symvers = argument;
		break;
	case 'F':
		c->options.system_map = argument;
		break;
	case OPTION_NAMESPACES:
		c->options.check_symbols = true;
		c->options.check_namespaces = true;
		break;
	case OPTION_MERGE_SOFTDEPS:
		c->options.merge_softdeps = true;
		break;
	case 'n':
		c->options.show = show;
		break;
	case 'P':
		if (argument[0] == '\0' || argument[1] != '\0') {
			log_message(&c->log, LOG_ERR, "-P takes a single character");
			return -EINVAL;
		}
		c->options.symbol_prefix = argument[0];
		break;
	case 'w':
		c->options.warn_duplicates = true;
		break;
	case 'j':
		return set_number(c, argument);
	case 'v':
		c->log.level = c->log.level < LOG_INFO ? LOG_INFO : LOG_DEBUG;
		c->options.need = tell_need;
		break;
	}
	return 0;
}

static bool is_version(const char *s)
{
	unsigned int major, minor;

	return sscanf(s, "%u.%u", &major, &minor) == 2;
}

/* "BASE/lib/modules/VERSION"; NULL without memory. */
static char *directory(const struct command *c, const char *base, const char *version)
{
	const char *root = c->module_root;
	char *path;

	while (root[0] == '/')
		root++;
	return asprintf(&path, "%s/%s/%s", base, root, version) < 0 ? NULL : path;
}

static void report_result(const struct command *c, const struct depmod_result *r)
{
	if (r->is_up_to_date)
		return;
	log_message(&c->log, LOG_INFO,
		    "%u modules indexed, %u left out; read %.3f s, resolve %.3f s, indexes %.3f s, "
		    "publish %.3f s",
		    r->n_modules, r->n_left_out, (double)r->read_usec / 1e6,
		    (double)r->resolve_usec / 1e6, (double)r->write_usec / 1e6,
		    (double)r->publish_usec / 1e6);
}

static int run(struct command *c)
{
	struct events events = { report, show_progress, is_cancelled, c };
	struct depmod_result result;
	int r;

	c->start_usec = sys_now_usec();
	c->shows_progress = c->log.level < LOG_INFO && isatty(STDERR_FILENO);
	catch_signals();
	r = depmod_run(&c->options, &events, &result);
	clear_progress(c);
	if (r == -EINTR && caught_signal) {
		(void)signal(caught_signal, SIG_DFL);
		(void)raise(caught_signal);
	}
	if (r < 0)
		return EXIT_FAILURE;
	report_result(c, &result);
	return EXIT_SUCCESS;
}

static int set_files(struct command *c, char **files, int n)
{
	for (int i = 0; i < n; i++) {
		if (files[i][0] == '/')
			continue;
		log_message(&c->log, LOG_ERR, "%s: not an absolute path", files[i]);
		return -EINVAL;
	}
	if (n > 0 && !c->is_all) {
		c->options.files = (const char *const *)files;
		c->options.n_files = (size_t)n;
	}
	return 0;
}

int cmd_depmod(int argc, char **argv)
{
	static const char *const usage[] = {
		"depmod [OPTIONS] [VERSION]",
		"depmod [OPTIONS] [VERSION] FILE...",
		NULL,
	};
	static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };
	struct command c = { .base_dir = "", .module_root = MODULE_DIRECTORY };
	char *module_dir = NULL, *output_dir = NULL;
	char release[256];
	int first, status = EXIT_FAILURE;

	log_init(&c.log, argv[0]);
	c.log.level = LOG_NOTICE;
	first = options_parse(&table, argc, argv, apply, &c);
	if (first <= 0) {
		status = first == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
		goto out;
	}
	if (first < argc && argv[first][0] != '/') {
		c.options.version = argv[first++];
		if (!is_version(c.options.version)) {
			log_message(&c.log, LOG_ERR, "Bad version passed %s", c.options.version);
			goto out;
		}
	} else {
		if (sys_release(release, sizeof(release)) < 0)
			goto out;
		c.options.version = release;
	}
	if (set_files(&c, argv + first, argc - first) < 0)
		goto out;
	if (c.options.check_symbols && !c.options.symvers && !c.options.system_map) {
		log_message(&c.log, LOG_WARNING, "-e needs -E or -F");
		c.options.check_symbols = false;
	}
	module_dir = directory(&c, c.base_dir, c.options.version);
	output_dir = c.out_dir ? directory(&c, c.out_dir, c.options.version) : NULL;
	if (!module_dir || (c.out_dir && !output_dir))
		goto out;
	c.options.module_dir = module_dir;
	c.options.output_dir = output_dir;
	status = run(&c);
out:
	free(module_dir);
	free(output_dir);
	free(c.conf_paths);
	return status;
}
