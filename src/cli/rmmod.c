/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rmmod: take these modules out of the kernel, one after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/name.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/options.h"
#include "cli/sysroot.h"
#include "engine/indexes.h"
#include "engine/remove.h"
#include "sys/kernel.h"

struct command {
	struct log log;
	const char *root;
	bool is_forced, is_dry;
	struct kernel kernel;
	struct indexes indexes; /* opened for the first module that is not loaded */
	bool has_indexes;
};

enum { OPTION_SYSROOT = 256 };

static const char *const usage[] = { "rmmod [OPTIONS] MODULE...", NULL };

static const struct option_row rows[] = {
	{ 'f', "force", NULL, "remove modules in use; this may crash the machine" },
	{ 'n', "dry-run", NULL, "say what would be removed, and remove nothing" },
	{ OPTION_SYSROOT, "sysroot", "DIR", "a captured system below DIR; implies -n" },
	{ 's', "syslog", NULL, "messages to syslog, not to standard error" },
	{ 'v', "verbose", NULL, "say what is done" },
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

static int apply(void *ctx, int id, const char *argument)
{
	struct command *c = ctx;

	switch (id) {
	case 'f':
		c->is_forced = true;
		break;
	case 'n':
		c->is_dry = true;
		break;
	case OPTION_SYSROOT:
		c->root = argument;
		c->is_dry = true;
		break;
	case 's':
		log_to_syslog(&c->log);
		break;
	default:
		c->log.level = LOG_INFO;
		break;
	}
	return 0;
}

/* Where built-in modules are listed. Return: NULL when that cannot be read. */
static struct indexes *indexes_of(struct command *c)
{
	char *dir;

	if (!c->has_indexes && sysroot_module_dir(c->root, &dir) == 0) {
		c->has_indexes = indexes_open(&c->indexes, dir) == 0;
		free(dir);
	}
	return c->has_indexes ? &c->indexes : NULL;
}

static void report_why(const struct command *c, const char *name, const struct remove_words *words)
{
	const char *why = words->why.base && !words->why.error ? (const char *)words->why.base : "";

	if (why[0])
		log_message(&c->log, LOG_ERR, "%s: %s", name, why);
}

/* The module is loaded in almost all cases; only otherwise, indexes are worth opening. */
static int check(struct command *c, const char *name)
{
	struct remove_words words = { 0 };
	int r;

	r = remove_check(&c->kernel, NULL, name, c->is_forced, &words);
	if (r == -ENOENT) {
		remove_words_done(&words);
		r = remove_check(&c->kernel, indexes_of(c), name, c->is_forced, &words);
	}
	if (r < 0) {
		log_message(&c->log, LOG_ERR, "%s",
			    words.what.error ? strerror(-r) : (const char *)words.what.base);
		report_why(c, name, &words);
	}
	remove_words_done(&words);
	return r;
}

static int remove_one(struct command *c, const char *argument, const char *name)
{
	struct remove_words words = { 0 };
	int r;

	r = c->kernel.remove(c->kernel.ctx, name, O_NONBLOCK | (c->is_forced ? O_TRUNC : 0));
	if (r == 0) {
		log_message(&c->log, LOG_INFO, "Module %s is removed", name);
		return 0;
	}
	if (remove_explain(&c->kernel, name, r, &words) == 0) {
		log_message(&c->log, LOG_ERR, "could not remove module %s: %s", argument,
			    (const char *)words.what.base);
		report_why(c, name, &words);
	}
	remove_words_done(&words);
	return r;
}

static int handle(struct command *c, const char *argument)
{
	char name[MODULE_NAME_MAX + 1];
	int r;

	if (name_of_path(argument, name) < 0) {
		log_message(&c->log, LOG_ERR, "'%s' is no name of a module", argument);
		return -EINVAL;
	}
	r = check(c, name);
	if (r < 0)
		return r;
	if (!c->is_dry)
		return remove_one(c, argument, name);
	printf("rmmod %s\n", name);
	return 0;
}

int cmd_rmmod(int argc, char **argv)
{
	struct command c = { .root = "" };
	int first, r, ret = 0;
	struct kernel_real real;

	log_init(&c.log, argv[0]);
	first = options_parse(&table, argc, argv, apply, &c);
	if (first <= 0)
		return first < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (first >= argc) {
		log_message(&c.log, LOG_ERR, "missing module name.");
		return EXIT_FAILURE;
	}
	r = kernel_open(c.root, &real, &c.kernel);
	if (r < 0) {
		log_message(&c.log, LOG_ERR, "%s: %s", c.root[0] ? c.root : "/", strerror(-r));
		return EXIT_FAILURE;
	}
	for (int i = first; i < argc; i++) {
		r = handle(&c, argv[i]);
		ret = r < 0 ? r : ret;
	}
	if (c.has_indexes)
		indexes_close(&c.indexes);
	kernel_close(&real);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
