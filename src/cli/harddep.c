/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure harddep VERB: which hard dependencies are declared, what must an image hold for their sake,
 * and which soft ones look like some?
 */
#include "cli/harddep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "config.h"

enum { OPTION_FILES = VIEW_OPTIONS, OPTION_STDIN };

static const char *const usage[] = { "modsure harddep list [OPTIONS] [MODULE...]",
				     "modsure harddep image [OPTIONS] MODULE...",
				     "modsure harddep suggest [OPTIONS] [MODULE...]", NULL };

static const struct option_row rows[] = {
	{ OPTION_FILES, "files", NULL, "image: print paths, not names" },
	{ OPTION_STDIN, "stdin", NULL, "image: read names or paths of files, one a line" },
	VIEW_ROWS,
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

/** struct verb - @is_image: it takes --files and --stdin, and needs a module */
struct verb {
	const char *name;
	int (*run)(struct harddep *h);
	bool is_image;
};

static const struct verb verbs[] = {
	{ "list", harddep_list, false },
	{ "image", harddep_image, true },
	{ "suggest", harddep_suggest, false },
};

static int apply(void *ctx, int id, const char *argument)
{
	struct harddep *h = ctx;

	switch (id) {
	case OPTION_FILES:
		h->is_files = true;
		break;
	case OPTION_STDIN:
		h->is_stdin = true;
		break;
	default:
		return view_apply(&h->view, id, argument);
	}
	return 0;
}

static bool is_repeated(const struct harddep_modules *modules, const char *name)
{
	for (size_t i = 0; i < modules->n; i++)
		if (strcmp(modules->items[i], name) == 0)
			return true;
	return false;
}

static int add_modules(struct harddep_modules *modules, struct arena *arena,
		       const struct plan_answer *answers, size_t n)
{
	const char **items = realloc(modules->items, (modules->n + n) * sizeof(*items));

	if (!items)
		return -ENOMEM;
	modules->items = items;
	for (size_t i = 0; i < n; i++) {
		const char *name = answers[i].module;

		if (answers[i].by == PLAN_BY_COMMAND || is_repeated(modules, name))
			continue;
		items[modules->n] = arena_string(arena, name, strlen(name));
		if (!items[modules->n])
			return -ENOMEM;
		modules->n++;
	}
	return 0;
}

int harddep_find(struct harddep *h, struct arena *arena, struct harddep_modules *ret)
{
	int r = 0;

	*ret = (struct harddep_modules){ 0 };
	for (int i = 0; i < h->n_names && r == 0; i++) {
		struct plan_answer *answers = NULL;
		size_t n = 0;

		r = session_lookup(&h->view.session, h->names[i], &answers, &n);
		if (r == 0) {
			r = add_modules(ret, arena, answers, n);
		} else if (r != -ENOMEM) {
			ret->status = view_unknown(&h->view, h->names[i], r);
			r = 0;
		}
		free(answers);
	}
	return r;
}

void harddep_print(const struct harddep *h, struct buf *text, int indent)
{
	CLEANUP_BUF struct buf clean = { 0 };

	buf_put_u8(text, '\0');
	if (!text->error)
		view_clean(&h->view, (const char *)text->base, &clean);
	if (!clean.error && clean.size > 0) {
		printf("%*s", indent, "");
		view_wrap((const char *)clean.base, (size_t)indent, (size_t)indent + 2);
	}
	buf_done(text);
}

static bool is_builtin(const struct plan_answer *answer)
{
	return answer->by == PLAN_BY_BUILTIN || answer->by == PLAN_BY_BUILTIN_ALIAS;
}

struct json_node *harddep_answers(struct json *json, const struct plan_answer *answers, size_t n)
{
	struct json_node *list = json_new_list(json);

	for (size_t i = 0; i < n; i++) {
		struct json_node *map = json_new_map(json);

		json_set(json, map, "module", view_text(json, answers[i].module));
		json_set(json, map, "builtin", json_new_bool(json, is_builtin(&answers[i])));
		json_append(json, list, map);
	}
	return list;
}

void harddep_put_answers(const struct plan_answer *answers, size_t n, const char *last,
			 struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_put_string(out, i + 1 == n ? last : ", ");
		buf_put_string(out, answers[i].module);
		if (is_builtin(&answers[i]))
			buf_put_string(out, " (built in)");
	}
}

void harddep_put_source(const char *file, unsigned int line, struct buf *out)
{
	if (file && line > 0)
		buf_printf(out, " (%s:%u)", file, line);
	else if (file)
		buf_printf(out, " (%s)", file);
}

static int usage_error(const struct harddep *h, const char *text)
{
	log_message(&h->view.log, LOG_ERR, "%s", text);
	return VIEW_USAGE;
}

static int run(void *ctx, int argc, char **argv)
{
	struct harddep *h = ctx;
	const struct verb *verb = NULL;

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]) && argc > 0; i++)
		if (strcmp(argv[0], verbs[i].name) == 0)
			verb = &verbs[i];
	if (!verb)
		return usage_error(h, "say list, image or suggest; see --help");
	h->names = argv + 1;
	h->n_names = argc - 1;
	if ((h->is_files || h->is_stdin) && !verb->is_image)
		return usage_error(h, "--files and --stdin are for image; see --help");
	if (verb->is_image && h->n_names == 0 && !h->is_stdin)
		return usage_error(h, "what does the image hold? see --help");
	if (view_open(&h->view) < 0)
		return VIEW_FAILED;
	if (h->view.has_no_indexes)
		return VIEW_FAILED;
	return verb->run(h);
}

int cmd_harddep(int argc, char **argv)
{
	struct harddep h = { 0 };
	int status;

	status = view_run(&h.view, "modsure harddep", &table, argc, argv, apply, run, &h);
	view_close(&h.view);
	return view_finish(&h.view, status);
}
