/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rmmod: take these modules out of the kernel, one after the other.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/name.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/options.h"
#include "cli/sysroot.h"
#include "engine/insert.h"
#include "engine/need.h"
#include "engine/remove.h"
#include "engine/session.h"
#include "plan/describe.h"
#include "sys/kernel.h"

struct command {
	struct log log;
	const char *root;
	bool is_forced, is_dry;
	struct kernel kernel;
	struct session session; /* configuration and indexes; opened when the first module asks for them */
	bool has_session;
};

enum { OPTION_SYSROOT = 256 };

static const char *const usage[] = { "rmmod [OPTIONS] MODULE...", NULL };

static const struct option_row rows[] = {
	{ 'f', "force", NULL, "remove modules in use, or needed; this may crash the machine" },
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

/*
 * Lines of configuration that make no sense are modprobe's to report. A kernel without a directory of
 * modules has no declarations. Return: 0; -errno.
 */
static int open_session(struct command *c)
{
	struct session_options where = { .sysroot = c->root, .with_live_tags = true };
	char *dir;
	int r;

	if (c->has_session)
		return 0;
	r = sysroot_module_dir(c->root, &dir);
	if (r < 0)
		return r;
	where.version = strrchr(dir, '/') + 1;
	r = session_open(&c->session, &where, NULL);
	free(dir);
	c->has_session = r == 0;
	return r;
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
		r = remove_check(&c->kernel, open_session(c) == 0 ? &c->session.indexes : NULL, name,
				 c->is_forced, &words);
	}
	if (r < 0) {
		log_message(&c->log, LOG_ERR, "%s",
			    words.what.error ? strerror(-r) : (const char *)words.what.base);
		report_why(c, name, &words);
	}
	remove_words_done(&words);
	return r;
}

static void report_needed(const struct command *c, const char *argument, const char *name,
			  const struct plan_hard_user *first, const char *users)
{
	CLEANUP_BUF struct buf text = { 0 };

	plan_describe_needed(name, users, first->word, &first->source, &text);
	buf_put_u8(&text, 0);
	if (text.error == 0)
		log_message(&c->log, LOG_ERR, "could not remove module %s: %s", argument,
			    (const char *)text.base);
}

static void warn_broken(const struct command *c, const char *name, const struct plan_hard_user *user)
{
	CLEANUP_BUF struct buf text = { 0 };

	plan_describe_breach(name, &(struct plan_breach){ user->user, user->word, user->source }, &text);
	buf_put_u8(&text, 0);
	if (text.error == 0)
		log_message(&c->log, LOG_WARNING, "%s", (const char *)text.base);
}

/* Users by hard dependencies, which the kernel does not count, unless something else that is live will do. */
static int look_at_users(struct command *c, const char *argument, const char *name,
			 const struct session_hard_users *users)
{
	const struct plan_hard_user *first = NULL, *last = NULL;
	CLEANUP_BUF struct buf names = { 0 };

	for (size_t i = 0; i < users->n; i++) {
		const struct plan_hard_user *user = &users->items[i];

		if (user->others_size > 0)
			continue;
		if (c->is_forced)
			warn_broken(c, name, user);
		if (!last || strcmp(last->user, user->user) != 0)
			buf_printf(&names, "%s%s", last ? ", " : "", user->user);
		first = first ? first : user;
		last = user;
	}
	buf_put_u8(&names, 0);
	if (names.error)
		return names.error;
	if (!first || c->is_forced)
		return 0;
	report_needed(c, argument, name, first, (const char *)names.base);
	return -EBUSY;
}

/** struct removal - of one module */
struct removal {
	struct command *c;
	const char *argument; /* that it was asked for by */
};

static int check_hard_users(void *ctx, const char *name)
{
	const struct removal *removal = ctx;
	struct session_hard_users users = { 0 };
	struct command *c = removal->c;
	enum module_state state;
	int r;

	/* By force, also what is not there comes this far. */
	if (c->kernel.state(c->kernel.ctx, name, &state) == 0 && state == MODULE_ABSENT)
		return 0;
	r = open_session(c);
	if (r == 0)
		r = session_hard_users(&c->session, name, &users);
	if (r < 0) {
		log_message(&c->log, LOG_ERR, "could not find out who needs module %s: %s",
			    removal->argument, strerror(-r));
		return r;
	}
	r = look_at_users(c, removal->argument, name, &users);
	session_hard_users_done(&users);
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

/* Nobody begins to insert what needs it between the look and the removal. */
static int remove_guarded(struct command *c, const char *argument, const char *name)
{
	struct removal removal = { c, argument };
	struct removal_guard guard = { -1, -1 };
	int r;

	if (c->is_forced)
		r = check_hard_users(&removal, name);
	else
		r = removal_begin(&guard, &c->kernel, NEED_DIR, name, INSERT_WAIT_MAX_USEC,
				  check_hard_users, &removal);
	if (r == 0)
		r = remove_one(c, argument, name);
	removal_end(&guard);
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
		return remove_guarded(c, argument, name);
	r = check_hard_users(&(struct removal){ c, argument }, name);
	if (r == 0)
		printf("rmmod %s\n", name);
	return r;
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
	if (c.has_session)
		session_close(&c.session);
	kernel_close(&real);
	return ret < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
