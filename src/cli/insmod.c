/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * insmod: put this file into the kernel, with these parameters and nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "bytes/name.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/options.h"
#include "conf/option-words.h"
#include "engine/events.h"
#include "engine/claim.h"
#include "engine/conflict.h"
#include "engine/explain.h"
#include "engine/insert.h"
#include "engine/live-tags.h"
#include "engine/need.h"
#include "engine/prerequisites.h"
#include "engine/session.h"
#include "plan/describe.h"
#include "sys/kernel.h"
#include "sys/sys.h"

struct command {
	struct log log;
	bool ignore_vermagic, ignore_modversions, is_forced;
	struct session session;
};

enum { OPTION_MODVERSION = 256, OPTION_VERMAGIC };

static const char *const usage[] = { "insmod [OPTIONS] FILE [PARAMETER[=VALUE]]...", NULL };

static const struct option_row rows[] = {
	{ 'f', "force", NULL, "both of these, and whatever it needs or excludes; this may crash the machine" },
	{ OPTION_MODVERSION, "force-modversion", NULL, "do not compare versions of symbols" },
	{ OPTION_VERMAGIC, "force-vermagic", NULL, "do not compare the version of the kernel" },
	{ 's', "syslog", NULL, "messages to syslog, not to standard error" },
	{ 'v', "verbose", NULL, "say what is done" },
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

static int apply(void *ctx, int id, const char *argument)
{
	struct command *c = ctx;

	(void)argument;
	switch (id) {
	case 'f':
		c->ignore_modversions = c->ignore_vermagic = c->is_forced = true;
		break;
	case OPTION_MODVERSION:
		c->ignore_modversions = true;
		break;
	case OPTION_VERMAGIC:
		c->ignore_vermagic = true;
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

/* What kmod says where the kernel's number is used for something else than its name. */
static const char *error_text(int error)
{
	switch (-error) {
	case ENOEXEC:
		return "Invalid module format";
	case ENOENT:
		return "Unknown symbol in module";
	case ESRCH:
		return "Module has wrong symbol version";
	case EINVAL:
		return "Invalid parameters";
	default:
		return strerror(-error);
	}
}

static int join_parameters(char **words, struct buf *out)
{
	for (; *words; words++)
		option_put_parameter(out, *words);
	buf_put_u8(out, 0);
	return out->error;
}

static void explain(struct command *c, const struct insert_request *request,
		    const struct insert_report *done, int error)
{
	struct explanation found = { 0 };

	if (explain_insert(&c->session.kernel, &c->session.indexes, request, done, error, NULL,
			   &found) == 0)
		log_explanation(&c->log, &found);
	explanation_done(&found);
}

static void report_failure(struct command *c, const struct insert_request *request,
			   const struct insert_report *done, int error, const struct diag *diag)
{
	CLEANUP_BUF struct buf text = { 0 };
	const char *otherwise = done->has_called ? error_text(error) : strerror(-error);

	/* What is wrong in the file, and where; the kernel alone knows of nothing but a number. */
	diag_text(done->has_called ? NULL : diag, request->path, otherwise, &text);
	log_message(&c->log, LOG_ERR, "could not insert module %s",
		    text.error ? request->path : (const char *)text.base);
	if (done->has_called && !done->was_loaded)
		explain(c, request, done, error);
}

static int insert(struct command *c, const struct insert_request *request)
{
	const struct events events = { .report = log_event, .ctx = &c->log };
	struct inserter *inserter = inserter_new(&c->session.kernel, &events);
	struct insert_report done = { 0 };
	struct diag diag = { 0 };
	int r;

	if (inserter)
		inserter_set_claims(inserter, CLAIM_DIR);
	r = inserter ? insert_module(inserter, request, &done, &diag) : -ENOMEM;
	if (r == 0 && done.was_loaded)
		r = -EEXIST; /* with other parameters, as far as we know */
	if (r < 0)
		report_failure(c, request, &done, r, &diag);
	else
		log_message(&c->log, LOG_INFO, "Module %s is inserted", request->name);
	if (r == 0)
		live_tags_keep(&c->session, request->name);
	inserter_free(inserter);
	return r;
}

/* insmod does no more than it is told to, but what must not be loaded is not loaded in this way either. */
static bool is_masked(const struct command *c, const char *path, const char *name)
{
	const struct modprobe_conf *conf = &c->session.conf;
	const struct modprobe_rule *rule = modprobe_conf_next(conf, MODPROBE_MASK, name, NULL);

	if (rule)
		log_message(&c->log, LOG_ERR, "could not insert module %s: %s is masked (%s:%u)", path,
			    name, rule->file, rule->line);
	return rule != NULL;
}

/* "m needs x (hard dependency, SOURCE), and ..." */
static void put_missing(struct buf *out, const char *name, const struct prerequisite *missing)
{
	plan_describe_hard(name, missing->word, &missing->source, out);
	buf_put_string(out, missing->is_answered ? ", and nothing that answers to that is loaded"
						 : ", and nothing answers to that");
	buf_put_u8(out, 0);
}

/* Hard dependencies: every one is told. Return: 0; -ENOENT one is missing without which it must not go in. */
static int check_missing(const struct command *c, const char *path, const char *name,
			 const struct prerequisites *p)
{
	int ret = 0;

	for (size_t i = 0; i < p->n_missing; i++) {
		bool is_fatal = p->missing[i].is_needed && !c->is_forced;
		CLEANUP_BUF struct buf text = { 0 };

		put_missing(&text, name, &p->missing[i]);
		if (text.error)
			return text.error;
		if (is_fatal)
			log_message(&c->log, LOG_ERR, "could not insert module %s: %s", path,
				    (const char *)text.base);
		else
			log_message(&c->log, LOG_WARNING, "%s", (const char *)text.base);
		ret = is_fatal ? -ENOENT : ret;
	}
	return ret;
}

static void report_conflict(const struct command *c, const struct insert_request *request,
			    const struct plan_conflict *conflict)
{
	CLEANUP_BUF struct buf text = { 0 };

	plan_describe_conflict(request->name, conflict->module, &conflict->source, &text);
	buf_put_u8(&text, 0);
	if (text.error)
		return;
	if (c->is_forced)
		log_message(&c->log, LOG_WARNING, "%s", (const char *)text.base);
	else
		log_message(&c->log, LOG_ERR, "could not insert module %s: %s", request->path,
			    (const char *)text.base);
}

/* Nobody else inserts what it must not meet while it goes in. */
static int insert_guarded(struct command *c, const struct insert_request *request,
			  const struct prerequisites *p)
{
	struct conflict_guard guard = { 0 };
	uint32_t other = p->builtin;
	int r = -EADDRINUSE;

	if (other == UINT32_MAX)
		r = conflict_begin(&guard, &c->session.kernel, CONFLICT_DIR, request->name,
				   p->conflicts, (uint32_t)p->n_conflicts, INSERT_WAIT_MAX_USEC,
				   &other);
	if (r == -EADDRINUSE) {
		report_conflict(c, request, &p->conflicts[other]);
		r = c->is_forced ? 0 : r;
	}
	if (r == 0)
		r = insert(c, request);
	conflict_end(&guard);
	return r;
}

static int report_gone(const struct command *c, const struct insert_request *request,
		       const struct prerequisite *word)
{
	CLEANUP_BUF struct buf text = { 0 };

	plan_describe_hard(request->name, word->word, &word->source, &text);
	buf_put_string(&text, ", and that has been removed meanwhile");
	buf_put_u8(&text, 0);
	if (text.error == 0)
		log_message(&c->log, LOG_ERR, "could not insert module %s: %s", request->path,
			    (const char *)text.base);
	return -ENOENT;
}

/* Nobody removes what it needs while it goes in. */
static int insert_kept(struct command *c, const struct insert_request *request,
		       const struct prerequisites *p)
{
	struct need_guard guard = { 0 };
	uint32_t gone;
	int r;

	r = need_begin(&guard, &c->session.kernel, NEED_DIR, p->live, (uint32_t)p->n_live,
		       INSERT_WAIT_MAX_USEC, &gone);
	if (r == -ESTALE)
		r = c->is_forced ? 0 : report_gone(c, request, &p->live_words[gone]);
	if (r == 0)
		r = insert_guarded(c, request, p);
	need_end(&guard);
	return r;
}

static int check_and_insert(struct command *c, const struct insert_request *request)
{
	const struct events events = { .report = log_event, .ctx = &c->log };
	struct prerequisites p;
	int r;

	r = prerequisites_find(&c->session, request->name, request->path, &events, &p);
	if (r == 0)
		r = check_missing(c, request->path, request->name, &p);
	if (r == 0)
		r = insert_kept(c, request, &p);
	else if (r == -ENOMEM)
		log_message(&c->log, LOG_ERR, "could not insert module %s: %s", request->path,
			    strerror(-r));
	prerequisites_done(&p);
	return r;
}

static int run(struct command *c, const char *path, char **parameters)
{
	CLEANUP_BUF struct buf params = { 0 };
	char name[MODULE_NAME_MAX + 1];
	struct sys_entry entry;
	int r;

	if (strcmp(path, "-") == 0) {
		log_message(&c->log, LOG_ERR, "this tool does not support loading from stdin!");
		return -EINVAL;
	}
	r = sys_stat(AT_FDCWD, path, &entry);
	if (r == 0 && name_of_path(path, name) < 0)
		r = -EINVAL;
	if (r == 0)
		r = join_parameters(parameters, &params);
	if (r < 0) {
		log_message(&c->log, LOG_ERR, "could not load module %s: %s", path, strerror(-r));
		return r;
	}
	if (is_masked(c, path, name))
		return -EPERM;
	return check_and_insert(c, &(struct insert_request){
					   .name = name,
					   .path = path,
					   .params = (const char *)params.base,
					   .ignore_vermagic = c->ignore_vermagic,
					   .ignore_modversions = c->ignore_modversions,
				   });
}

int cmd_insmod(int argc, char **argv)
{
	const struct session_options where = { .with_live_tags = true };
	struct command c = { 0 };
	int first, r;

	log_init(&c.log, argv[0]);
	first = options_parse(&table, argc, argv, apply, &c);
	if (first <= 0)
		return first < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (first >= argc) {
		log_message(&c.log, LOG_ERR, "missing filename.");
		return EXIT_FAILURE;
	}
	/* Lines that make no sense are modprobe's to report. */
	r = session_open(&c.session, &where, NULL);
	if (r < 0) {
		log_message(&c.log, LOG_ERR, "%s", strerror(-r));
		return EXIT_FAILURE;
	}
	r = run(&c, argv[first], argv + first + 1);
	session_close(&c.session);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
