/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What modsure's commands that only look have in common: which system they look at, their exit
 * statuses, and text for people.
 */
#include "bytes/buf.h"
#include "cli/json.h"
#include "cli/log.h"
#include "cli/options.h"
#include "engine/session.h"
#include "graph/links.h"

/** enum view_status - exit statuses of modsure plan, why and graph; a promise, see their pages */
enum view_status {
	VIEW_YES = 0,
	VIEW_NO = 1,	  /* a goal is refused; no chain leads there */
	VIEW_USAGE = 2,
	VIEW_UNKNOWN = 3, /* nothing answers to a name */
	VIEW_FAILED = 4,  /* no answer: no indexes, no memory, no JSON library, output failed */
};

/* What is printed in columns stays within a terminal of so many. */
#define VIEW_WIDTH 80

/** struct view - set up by view_init() */
struct view {
	struct log log;
	bool is_json;
	bool is_verbose;
	struct session_options options;
	const char **conf_paths;
	char *release; /* of a captured system */
	struct session session;
	bool is_open, has_no_indexes;
	struct json *json;
};

enum { VIEW_OPTION_JSON = 256, VIEW_OPTION_SYSROOT, VIEW_OPTIONS };

/* Rows of every command's table; view_apply() knows what they do. */
#define VIEW_ROWS                                                                             \
	{ VIEW_OPTION_JSON, "json", NULL, "show everything as JSON" },                        \
	{ 'C', "config", "PATH", "read configuration from here, not from the usual places" }, \
	{ 'd', "dirname", "DIR", "look for modules below DIR" MODULE_DIRECTORY },              \
	{ 'b', "basedir", "DIR", NULL },                                                      \
	{ 'S', "set-version", "VERSION", "of this kernel, not the running one" },              \
	{ 'k', "kernel", "VERSION", NULL },                                                   \
	{ VIEW_OPTION_SYSROOT, "sysroot", "DIR",                                              \
	  "a captured system below DIR, not the running one" },                               \
	{ 'v', "verbose", NULL, "say more" }

/** view_init() - @name: as messages are to call the command */
void view_init(struct view *view, const char *name);

/**
 * view_run() - view_init(), the options, and then the command
 * @name:  as messages are to call the command
 * @apply: as options_parse() has it; @run: with the words behind the options; both with @ctx, which holds @view
 * Return: exit status, for view_finish().
 */
int view_run(struct view *view, const char *name, const struct option_table *table, int argc, char **argv,
	     int (*apply)(void *ctx, int id, const char *argument),
	     int (*run)(void *ctx, int n_words, char **words), void *ctx);

/** view_apply() - an option of VIEW_ROWS. Return: 0; -EINVAL none of these; -ENOMEM. */
int view_apply(struct view *view, int id, const char *argument);

/**
 * view_open() - session and JSON library; what is wrong is reported
 * A missing directory of modules is reported, and no error: see view_unknown().
 * Return: 0; -errno.
 */
int view_open(struct view *view);

/** view_open_json() - the JSON library alone, if it is asked for. Return: 0; -errno (reported). */
int view_open_json(struct view *view);

/** view_close() - NULL members are fine */
void view_close(struct view *view);

/**
 * view_fail() - report an error of the program or system. Return: VIEW_FAILED.
 */
int view_fail(const struct view *view, int error);

/**
 * view_unknown() - report that nothing answers to @request, and the reason where there is one
 * @error: of the lookup
 * Return: VIEW_UNKNOWN; VIEW_FAILED when nothing can, for want of indexes.
 */
int view_unknown(const struct view *view, const char *request, int error);

/** view_kernel() - the kernel's version: the name of the directory of its modules */
const char *view_kernel(const struct view *view);

/**
 * view_clean() - @text to @out, with a NUL behind: control characters as \xNN, and paths in the
 * directory of modules relative to it, which a line of VIEW_WIDTH has no room for
 */
void view_clean(const struct view *view, const char *text, struct buf *out);

/**
 * view_wrap() - print @text from column @column on, broken at blanks; further lines begin at @indent
 * Ends with a newline.
 */
void view_wrap(const char *text, size_t column, size_t indent);

/** view_text() view_source() - JSON of a string, of {"file", "line"}; null for NULL, no line */
struct json_node *view_text(struct json *json, const char *s);
struct json_node *view_source(struct json *json, const char *file, unsigned int line);

/** view_link() - "word", "symbol", "symbols", "source" of a link, set in @map */
void view_link(struct json *json, struct json_node *map, const struct link *link);

/** view_print_json() - @map on one line; drops it. Return: 0; -ENOMEM. */
int view_print_json(struct view *view, struct json_node *map);

/** view_finish() - write what is buffered. Return: @status; VIEW_FAILED when it can't be written. */
int view_finish(const struct view *view, int status);
