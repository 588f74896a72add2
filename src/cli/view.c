/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "cli/sysroot.h"

void view_init(struct view *v, const char *name)
{
	*v = (struct view){ .options.with_weakdeps = true };
	log_init(&v->log, name);
}

static int add_conf_path(struct view *v, const char *path)
{
	size_t n = v->options.n_conf_paths;
	const char **paths = realloc(v->conf_paths, (n + 1) * sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	paths[n] = path;
	v->conf_paths = paths;
	v->options.conf_paths = paths;
	v->options.n_conf_paths = n + 1;
	return 0;
}

int view_run(struct view *view, const char *name, const struct option_table *table, int argc, char **argv,
	     int (*apply)(void *ctx, int id, const char *argument),
	     int (*run)(void *ctx, int n_words, char **words), void *ctx)
{
	int first;

	argv[0] = (char *)name;
	view_init(view, name);
	first = options_parse(table, argc, argv, apply, ctx);
	if (first < 0)
		return first == -ENOMEM ? VIEW_FAILED : VIEW_USAGE;
	return first == 0 ? VIEW_YES : run(ctx, argc - first, argv + first);
}

int view_apply(struct view *v, int id, const char *argument)
{
	switch (id) {
	case VIEW_OPTION_JSON:
		v->is_json = true;
		break;
	case VIEW_OPTION_SYSROOT:
		v->options.sysroot = argument;
		break;
	case 'C':
		return add_conf_path(v, argument);
	case 'd':
	case 'b':
		v->options.module_root = argument;
		break;
	case 'S':
	case 'k':
		v->options.version = argument;
		break;
	case 'v':
		v->is_verbose = true;
		v->log.level = LOG_INFO;
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

int view_fail(const struct view *v, int error)
{
	log_message(&v->log, LOG_ERR, "%s", log_limit_text(error));
	return VIEW_FAILED;
}

/* A captured system tells which kernel it ran. */
static int find_release(struct view *v)
{
	char *dir;
	int r;

	if (!v->options.sysroot || v->options.version)
		return 0;
	r = sysroot_module_dir(v->options.sysroot, &dir);
	if (r < 0)
		return r;
	v->release = strdup(strrchr(dir, '/') + 1);
	free(dir);
	v->options.version = v->release;
	return v->release ? 0 : -ENOMEM;
}

int view_open_json(struct view *v)
{
	struct diag diag = { 0 };
	int r;

	if (!v->is_json || v->json)
		return 0;
	r = json_open(&v->json, &diag);
	if (r < 0)
		log_message(&v->log, LOG_ERR, "%s", diag.what[0] ? diag.what : strerror(-r));
	return r;
}

int view_open(struct view *v)
{
	const struct events events = { .report = log_event, .ctx = &v->log };
	int r;

	r = view_open_json(v);
	if (r < 0)
		return r;
	r = find_release(v);
	if (r == 0)
		r = session_open(&v->session, &v->options, &events);
	if (r < 0) {
		(void)view_fail(v, r);
		return r;
	}
	v->is_open = true;
	r = indexes_dir_fd(&v->session.indexes);
	if (r < 0)
		log_diag(&v->log, LOG_ERR, v->session.indexes.dir, r, NULL);
	v->has_no_indexes = r < 0;
	return 0;
}

void view_close(struct view *v)
{
	if (v->is_open)
		session_close(&v->session);
	json_close(v->json);
	free(v->conf_paths);
	free(v->release);
}

int view_unknown(const struct view *v, const char *request, int error)
{
	if (error == -EINVAL)
		log_message(&v->log, LOG_ERR, "nothing answers to %s: its brackets do not match",
			    request);
	else
		log_message(&v->log, LOG_ERR, "nothing answers to %s", request);
	return v->has_no_indexes ? VIEW_FAILED : VIEW_UNKNOWN;
}

const char *view_kernel(const struct view *v)
{
	const char *slash = strrchr(v->session.indexes.dir, '/');

	return slash ? slash + 1 : v->session.indexes.dir;
}

void view_clean(const struct view *v, const char *text, struct buf *out)
{
	const char *dir = v->session.indexes.dir;
	size_t n = strlen(dir);

	while (*text) {
		unsigned char c = (unsigned char)*text;

		if (c == (unsigned char)dir[0] && strncmp(text, dir, n) == 0 && text[n] == '/') {
			text += n + 1;
			continue;
		}
		if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\x%02x", c);
		else
			buf_put_u8(out, c);
		text++;
	}
	buf_put_u8(out, '\0');
}

void view_wrap(const char *text, size_t column, size_t indent)
{
	bool is_first = true;

	while (*(text += strspn(text, " "))) {
		size_t n = strcspn(text, " ");

		if (!is_first && column + 1 + n > VIEW_WIDTH) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (!is_first) {
			putchar(' ');
			column++;
		}
		fwrite(text, 1, n, stdout);
		column += n;
		text += n;
		is_first = false;
	}
	putchar('\n');
}

struct json_node *view_text(struct json *json, const char *s)
{
	return s ? json_new_string(json, bytes_of(s, strlen(s))) : json_new_null(json);
}

struct json_node *view_source(struct json *json, const char *file, unsigned int line)
{
	struct json_node *map;

	if (!file)
		return json_new_null(json);
	map = json_new_map(json);
	json_set(json, map, "file", view_text(json, file));
	json_set(json, map, "line", line > 0 ? json_new_number(json, line) : json_new_null(json));
	return map;
}

void view_link(struct json *json, struct json_node *map, const struct link *link)
{
	bool is_symbol = link->kind == LINK_SYMBOL;

	json_set(json, map, "word", view_text(json, link->word));
	json_set(json, map, "symbol", view_text(json, is_symbol ? link->symbol : NULL));
	json_set(json, map, "symbols",
		 is_symbol ? json_new_number(json, link->n_symbols) : json_new_null(json));
	json_set(json, map, "source",
		 view_source(json, link->kind == LINK_DEP ? "modules.dep" : link->file, link->line));
}

int view_print_json(struct view *v, struct json_node *map)
{
	const char *text;
	int r;

	r = json_text(v->json, map, &text);
	if (r == 0)
		puts(text);
	json_drop(v->json, map);
	return r;
}

int view_finish(const struct view *v, int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	log_message(&v->log, LOG_ERR, "cannot write to standard output: %s", strerror(errno));
	return VIEW_FAILED;
}
