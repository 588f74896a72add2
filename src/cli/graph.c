/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure graph: what does a module bring in, and what do those bring in? As a tree for people, in
 * the language of Graphviz, or as JSON.
 */
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/view.h"
#include "config.h"
#include "engine/link-reader.h"

/* Deeper trees are no longer seen as such; lines would grow with their depth. */
#define DEPTH_MAX 100u

/** struct frame - a module whose links are being printed */
struct frame {
	const struct link *links;
	uint32_t n, next;
};

struct command {
	struct view view;
	bool is_dot, is_ascii;
	uint32_t depth;
	struct link_reader_options options;
	const char *request;
	struct plan_answer *answers;
	size_t n_answers;
	struct arena arena;
	struct links *links;
	uint32_t *roots;
	size_t n_roots;
	uint32_t *distances; /* of modules from the next root; LINKS_NONE for none */
	uint32_t *by_distance;
	uint32_t n_reached;
};

enum { OPTION_DOT = VIEW_OPTIONS, OPTION_SOFT, OPTION_NO_SOFT, OPTION_WEAK, OPTION_NO_WEAK,
       OPTION_ASCII };

static const char *const usage[] = { "modsure graph [OPTIONS] NAME", NULL };

static const struct option_row rows[] = {
	{ OPTION_DOT, "dot", NULL, "for Graphviz" },
	VIEW_ROWS,
	{ 'L', "depth", "N", "no more than N links away from NAME" },
	{ OPTION_NO_SOFT, "no-soft", NULL, "without soft and weak dependencies" },
	{ OPTION_SOFT, "soft", NULL, "with them, as is usual" },
	{ OPTION_NO_WEAK, "no-weak", NULL, "without weak dependencies" },
	{ OPTION_WEAK, "weak", NULL, "with them, as is usual" },
	{ OPTION_ASCII, "ascii", NULL, "no other characters, whatever the locale says" },
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

static int read_depth(struct command *c, const char *argument)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(argument, &end, 10);
	if (argument[0] < '0' || argument[0] > '9' || *end || errno || n > DEPTH_MAX) {
		log_message(&c->view.log, LOG_ERR, "%s: a depth is a number from 0 to %u", argument,
			    DEPTH_MAX);
		return -EINVAL;
	}
	c->depth = (uint32_t)n;
	return 0;
}

static int apply(void *ctx, int id, const char *argument)
{
	struct command *c = ctx;

	switch (id) {
	case OPTION_DOT:
		c->is_dot = true;
		break;
	case 'L':
		return read_depth(c, argument);
	case OPTION_SOFT:
	case OPTION_NO_SOFT:
		c->options.no_soft = id == OPTION_NO_SOFT;
		break;
	case OPTION_WEAK:
	case OPTION_NO_WEAK:
		c->options.no_weak = id == OPTION_NO_WEAK;
		break;
	case OPTION_ASCII:
		c->is_ascii = true;
		break;
	default:
		return view_apply(&c->view, id, argument);
	}
	return 0;
}

/* How many links each module is away from a root. */
static int find_distances(struct command *c)
{
	uint32_t n = links_n(c->links);

	c->distances = calloc((size_t)n + 1, sizeof(*c->distances));
	c->by_distance = calloc((size_t)n + 1, sizeof(*c->by_distance));
	if (!c->distances || !c->by_distance)
		return -ENOMEM;
	memset(c->distances, 0xff, (size_t)n * sizeof(*c->distances));
	for (size_t i = 0; i < c->n_roots; i++) {
		c->distances[c->roots[i]] = 0;
		c->by_distance[c->n_reached++] = c->roots[i];
	}
	for (uint32_t done = 0; done < c->n_reached; done++) {
		uint32_t i = c->by_distance[done], n_links;
		const struct link *links = links_at(c->links, i, &n_links);

		for (uint32_t k = 0; k < n_links && c->distances[i] < c->depth; k++) {
			if (c->distances[links[k].to] != LINKS_NONE)
				continue;
			c->distances[links[k].to] = c->distances[i] + 1;
			c->by_distance[c->n_reached++] = links[k].to;
		}
	}
	return 0;
}

/* Text */

static void put_source(struct buf *out, const char *file, unsigned int line)
{
	buf_put_string(out, file);
	if (line > 0)
		buf_printf(out, ":%u", line);
}

static void put_kind(const struct command *c, const struct link *link, struct buf *out)
{
	static const char *const words[LINK_KINDS] = { [LINK_HARD] = "hard",
						       [LINK_ANY_OF] = "hard, any of ",
						       [LINK_DEP] = "modules.dep",
						       [LINK_SOFT_PRE] = "soft, before",
						       [LINK_SOFT_POST] = "soft, after",
						       [LINK_WEAK] = "weak" };
	bool is_verbose = c->view.is_verbose;

	buf_put_string(out, " (");
	if (link->kind == LINK_SYMBOL) {
		buf_printf(out, "%u symbol%s%s%s", link->n_symbols, link->n_symbols == 1 ? "" : "s",
			   is_verbose ? ": " : "", is_verbose ? link->symbol : "");
	} else {
		buf_put_string(out, words[link->kind]);
		if (link->kind == LINK_ANY_OF)
			buf_put_string(out, link->word);
		if (is_verbose && link->file) {
			buf_put_string(out, ", ");
			put_source(out, link->file, link->line);
		}
	}
	buf_put_string(out, ")");
}

static void put_conflicts(const struct command *c, const struct links_module *m, struct buf *out)
{
	for (uint32_t i = 0; i < m->n_conflicts; i++) {
		buf_printf(out, " [not with %s", m->conflicts[i].module);
		if (c->view.is_verbose) {
			buf_put_string(out, ", ");
			put_source(out, m->conflicts[i].file, m->conflicts[i].line);
		}
		buf_put_string(out, "]");
	}
}

/* What is special about a module. */
static void put_marks(const struct command *c, const struct links_module *m, struct buf *out)
{
	if (m->is_builtin)
		buf_put_string(out, " [built in]");
	if (m->is_unknown)
		buf_put_string(out, " [nothing answers]");
	if (m->mask) {
		buf_put_string(out, " [masked by ");
		put_source(out, m->mask->file, m->mask->line);
		buf_put_string(out, "]");
	}
	if (m->command) {
		buf_put_string(out, " [install command of ");
		put_source(out, m->command->file, m->command->line);
		buf_put_string(out, "]");
	}
	put_conflicts(c, m, out);
}

static void print_clean(const struct command *c, struct buf *text)
{
	CLEANUP_BUF struct buf clean = { 0 };

	buf_put_u8(text, '\0');
	if (!text->error)
		view_clean(&c->view, (const char *)text->base, &clean);
	if (!clean.error && clean.size > 0)
		puts((const char *)clean.base);
	buf_done(text);
}

static void print_prefix(const struct command *c, const struct frame *frames, uint32_t n)
{
	static const char *const utf8[] = { "   ", "│  ", "└─ ", "├─ " };
	static const char *const ascii[] = { "   ", "|  ", "`- ", "|- " };
	const char *const *parts = c->is_ascii ? ascii : utf8;

	for (uint32_t i = 0; i < n; i++) {
		bool has_more = frames[i].next < frames[i].n;

		fputs(parts[(i + 1 == n ? 2 : 0) + (has_more ? 1 : 0)], stdout);
	}
}

/* A module with links is printed once with what is below it; @is_open[i] says that it was. */
static bool open_module(const struct command *c, uint32_t i, uint32_t depth, uint8_t *is_open,
			struct frame *ret_frame, struct buf *text)
{
	*ret_frame = (struct frame){ 0 };
	ret_frame->links = links_at(c->links, i, &ret_frame->n);
	put_marks(c, links_module(c->links, i), text);
	if (ret_frame->n == 0)
		return false;
	if (is_open[i]) {
		buf_put_string(text, " (above)");
		return false;
	}
	if (depth == c->depth) {
		buf_put_string(text, " ...");
		return false;
	}
	is_open[i] = 1;
	return true;
}

static void print_tree(const struct command *c, uint32_t root, uint8_t *is_open)
{
	struct frame frames[DEPTH_MAX + 1];
	struct buf text = { 0 };
	uint32_t n = 0;

	buf_put_string(&text, links_module(c->links, root)->name);
	n += open_module(c, root, 0, is_open, &frames[0], &text);
	print_clean(c, &text);
	while (n > 0) {
		struct frame *top = &frames[n - 1];
		const struct link *link;
		bool is_opened;

		if (top->next == top->n) {
			n--;
			continue;
		}
		link = &top->links[top->next++];
		print_prefix(c, frames, n);
		buf_put_string(&text, links_word(c->links, link));
		put_kind(c, link, &text);
		is_opened = open_module(c, link->to, n, is_open, &frames[n], &text);
		print_clean(c, &text);
		n += is_opened;
	}
}

static int print_trees(struct command *c)
{
	uint8_t *is_open = calloc((size_t)links_n(c->links) + 1, 1);

	if (!is_open)
		return -ENOMEM;
	if (setlocale(LC_CTYPE, "") == NULL || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		c->is_ascii = true;
	for (size_t i = 0; i < c->n_roots; i++)
		print_tree(c, c->roots[i], is_open);
	free(is_open);
	return 0;
}

/* Graphviz */

/* In quotes; a backslash is one in names and labels alike, and what is no plain ASCII shows as \xNN. */
static void print_quoted(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		unsigned char ch = (unsigned char)*s;

		if (ch == '"')
			fputs("\\\"", stdout);
		else if (ch == '\\')
			fputs("\\\\", stdout);
		else if (ch < 0x20 || ch >= 0x7f)
			printf("\\\\x%02x", ch);
		else
			putchar(ch);
	}
	putchar('"');
}

static void print_dot_module(const struct command *c, uint32_t i)
{
	const struct links_module *m = links_module(c->links, i);

	putchar('\t');
	print_quoted(m->name);
	printf(" [peripheries=%d", c->distances[i] == 0 ? 2 : 1);
	if (m->mask)
		fputs(", color=red", stdout);
	else if (m->is_unknown)
		fputs(", color=gray, fontcolor=gray", stdout);
	else if (m->is_builtin)
		fputs(", style=filled, fillcolor=lightgray", stdout);
	puts("];");
}

static void print_dot_link(const struct command *c, const struct link *link)
{
	static const char *const looks[LINK_KINDS] = {
		[LINK_SYMBOL] = "style=solid",
		[LINK_HARD] = "style=bold",
		[LINK_ANY_OF] = "style=\"bold,dashed\"",
		[LINK_DEP] = "style=solid, arrowhead=empty",
		[LINK_SOFT_PRE] = "style=dashed",
		[LINK_SOFT_POST] = "style=dashed, arrowhead=empty",
		[LINK_WEAK] = "style=dotted",
	};
	CLEANUP_BUF struct buf label = { 0 };

	if (link->kind == LINK_SYMBOL)
		buf_printf(&label, "%u", link->n_symbols);
	else if (link->kind == LINK_ANY_OF)
		buf_printf(&label, "any of %s", link->word);
	else
		buf_put_string(&label, link_kind_name(link->kind));
	buf_put_u8(&label, '\0');
	putchar('\t');
	print_quoted(links_module(c->links, link->from)->name);
	fputs(" -> ", stdout);
	print_quoted(links_module(c->links, link->to)->name);
	printf(" [%s, label=", looks[link->kind]);
	print_quoted(label.error ? "" : (const char *)label.base);
	puts("];");
}

/* Between two of the modules shown, once: both know it, but for one that was not looked into. */
static void print_dot_conflicts(const struct command *c, uint32_t i)
{
	const struct links_module *m = links_module(c->links, i);

	for (uint32_t k = 0; k < m->n_conflicts; k++) {
		uint32_t other = links_find(c->links, m->conflicts[k].module);

		if (other == LINKS_NONE || c->distances[other] == LINKS_NONE ||
		    (links_module(c->links, other)->n_conflicts > 0 &&
		     strcmp(m->name, m->conflicts[k].module) > 0))
			continue;
		putchar('\t');
		print_quoted(m->name);
		fputs(" -> ", stdout);
		print_quoted(m->conflicts[k].module);
		puts(" [style=dotted, color=red, dir=none, constraint=false, label=\"conflict\"];");
	}
}

static void print_dot(const struct command *c)
{
	fputs("digraph ", stdout);
	print_quoted(c->request);
	puts(" {\n\trankdir=LR;\n\tnode [shape=box];");
	for (uint32_t i = 0; i < c->n_reached; i++)
		print_dot_module(c, c->by_distance[i]);
	for (uint32_t i = 0; i < c->n_reached; i++) {
		uint32_t n;
		const struct link *links = links_at(c->links, c->by_distance[i], &n);

		for (uint32_t k = 0; k < n && c->distances[c->by_distance[i]] < c->depth; k++)
			print_dot_link(c, &links[k]);
		print_dot_conflicts(c, c->by_distance[i]);
	}
	puts("}");
}

/* JSON */

static struct json_node *links_node(const struct command *c, uint32_t i)
{
	struct json *json = c->view.json;
	struct json_node *list;
	const struct link *links;
	uint32_t n;

	if (c->distances[i] >= c->depth)
		return json_new_null(json);
	list = json_new_list(json);
	links = links_at(c->links, i, &n);
	for (uint32_t k = 0; k < n; k++) {
		struct json_node *map = json_new_map(json);

		json_set(json, map, "kind", view_text(json, link_kind_name(links[k].kind)));
		json_set(json, map, "to",
			 view_text(json, links_module(c->links, links[k].to)->name));
		view_link(json, map, &links[k]);
		json_append(json, list, map);
	}
	return list;
}

static struct json_node *conflicts_node(struct json *json, const struct links_module *m)
{
	struct json_node *list = json_new_list(json);

	for (uint32_t i = 0; i < m->n_conflicts; i++) {
		struct json_node *map = json_new_map(json);

		json_set(json, map, "module", view_text(json, m->conflicts[i].module));
		json_set(json, map, "source",
			 view_source(json, m->conflicts[i].file, m->conflicts[i].line));
		json_append(json, list, map);
	}
	return list;
}

static struct json_node *module_node(const struct command *c, uint32_t i)
{
	const struct links_module *m = links_module(c->links, i);
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json);

	json_set(json, map, "name", view_text(json, m->name));
	json_set(json, map, "distance", json_new_number(json, c->distances[i]));
	json_set(json, map, "path", view_text(json, m->path));
	json_set(json, map, "builtin", json_new_bool(json, m->is_builtin));
	json_set(json, map, "known", json_new_bool(json, !m->is_unknown));
	json_set(json, map, "mask",
		 view_source(json, m->mask ? m->mask->file : NULL, m->mask ? m->mask->line : 0));
	json_set(json, map, "install",
		 view_source(json, m->command ? m->command->file : NULL,
			     m->command ? m->command->line : 0));
	json_set(json, map, "links", links_node(c, i));
	json_set(json, map, "conflicts", conflicts_node(json, m));
	return map;
}

static int print_json(struct command *c)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json), *roots = json_new_list(json),
			 *modules = json_new_list(json);

	for (size_t i = 0; i < c->n_roots; i++)
		json_append(json, roots, view_text(json, links_module(c->links, c->roots[i])->name));
	for (uint32_t i = 0; i < c->n_reached; i++)
		json_append(json, modules, module_node(c, c->by_distance[i]));
	json_set(json, map, "request", view_text(json, c->request));
	json_set(json, map, "kernel", view_text(json, view_kernel(&c->view)));
	json_set(json, map, "roots", roots);
	json_set(json, map, "modules", modules);
	return view_print_json(&c->view, map);
}

/* What is found */

static int read_links(struct command *c)
{
	c->links = links_new();
	c->roots = calloc(c->n_answers, sizeof(*c->roots));
	if (!c->links || !c->roots)
		return -ENOMEM;
	return link_reader_read(&c->view.session, &c->options, c->answers, c->n_answers, &c->arena,
				c->links, c->roots, &c->n_roots);
}

static int show(struct command *c)
{
	int r = find_distances(c);

	if (r < 0)
		return r;
	if (c->view.is_json)
		return print_json(c);
	if (!c->is_dot)
		return print_trees(c);
	print_dot(c);
	return 0;
}

static int run(void *ctx, int argc, char **argv)
{
	struct command *c = ctx;
	int r;

	if (argc != 1) {
		log_message(&c->view.log, LOG_ERR, "one name is needed; see --help");
		return VIEW_USAGE;
	}
	if (c->is_dot && c->view.is_json) {
		log_message(&c->view.log, LOG_ERR, "--dot and --json are two forms of the same");
		return VIEW_USAGE;
	}
	c->request = argv[0];
	c->view.options.with_live_tags = true;
	if (view_open(&c->view) < 0)
		return VIEW_FAILED;
	r = session_lookup(&c->view.session, c->request, &c->answers, &c->n_answers);
	if (r < 0 && r != -ENOMEM)
		return view_unknown(&c->view, c->request, r);
	if (r == 0)
		r = read_links(c);
	if (r == 0)
		r = show(c);
	return r < 0 ? view_fail(&c->view, r) : VIEW_YES;
}

int cmd_graph(int argc, char **argv)
{
	struct command c = { .depth = DEPTH_MAX };
	int status;

	status = view_run(&c.view, "modsure graph", &table, argc, argv, apply, run, &c);
	links_free(c.links);
	arena_done(&c.arena);
	free(c.roots);
	free(c.answers);
	free(c.distances);
	free(c.by_distance);
	view_close(&c.view);
	return view_finish(&c.view, status);
}
