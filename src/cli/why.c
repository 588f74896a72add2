/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure why A B: by which dependencies does A bring B in? The chain comes from indexes, rules and
 * symbols; whether it counts is the planner's word, so that why and modprobe never disagree. For --symbol
 * see why-symbol.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/view.h"
#include "cli/why-symbol.h"
#include "config.h"
#include "engine/link-reader.h"
#include "plan/describe.h"

/** struct names - modules that answer to an argument */
struct names {
	struct plan_answer *items;
	size_t n;
};

struct command {
	struct view view;
	struct why_symbol_options about_symbol;
	const char *from, *to;
	struct names starts, ends;
	struct arena arena;
	struct links *links;
	uint32_t *start_modules;
	size_t n_start_modules;
	struct planner *planner;
	const struct plan *plan;
};

/** struct finding - how one module is, or is not, brought in */
struct finding {
	const char *module;
	bool is_builtin, is_brought_in, is_alias; /* is_alias: the argument is no name of it */
	const struct link **chain; /* also where it does not count */
	size_t n_links;
	struct session_conflicts conflicts; /* with what A is, or brings in */
	struct buf reason; /* why not */
};

enum { OPTION_SYMBOL = VIEW_OPTIONS };

static const char *const usage[] = { "modsure why [OPTIONS] A B", "modsure why [OPTIONS] --symbol NAME", NULL };
static const struct option_row rows[] = {
	{ OPTION_SYMBOL, "symbol", "NAME", "who exports this symbol, in which namespace, and who uses it?" },
	{ 'E', "symvers", "FILE", "with --symbol: what the kernel exports, as Module.symvers has it" },
	{ 'F', "filesyms", "FILE", "with --symbol: the same, from a System.map or a kernel image" },
	VIEW_ROWS,
};
static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

static int apply(void *ctx, int id, const char *argument)
{
	struct command *c = ctx;

	switch (id) {
	case OPTION_SYMBOL:
		c->about_symbol.symbol = argument;
		return 0;
	case 'E':
		c->about_symbol.symvers = argument;
		return 0;
	case 'F':
		c->about_symbol.system_map = argument;
		return 0;
	default:
		return view_apply(&c->view, id, argument);
	}
}

static const struct plan_step *find_step(const struct command *c, const char *module)
{
	for (uint32_t i = 0; i < c->plan->n_steps; i++)
		if (strcmp(c->plan->steps[i].module, module) == 0)
			return &c->plan->steps[i];
	return NULL;
}

static bool is_in_plan(const struct command *c, const char *module)
{
	const struct plan_step *step = find_step(c, module);

	return step && step->action != PLAN_REFUSE;
}

/* A chain begins at what will be loaded; where nothing will be, it tells what would happen. */
static void drop_refused_starts(struct command *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_start_modules; i++)
		if (is_in_plan(c, links_module(c->links, c->start_modules[i])->name))
			c->start_modules[n++] = c->start_modules[i];
	c->n_start_modules = n > 0 ? n : c->n_start_modules;
}

static const struct plan_note *find_note(const struct command *c, const char *module)
{
	for (uint32_t i = 0; i < c->plan->n_notes; i++) {
		const struct plan_note *note = &c->plan->notes[i];

		if ((note->kind == PLAN_NOTE_SOFT_REFUSED || note->kind == PLAN_NOTE_BLACKLISTED ||
		     note->kind == PLAN_NOTE_ANSWER_REFUSED || note->kind == PLAN_NOTE_HARD_CYCLE) &&
		    strcmp(note->b, module) == 0)
			return note;
	}
	return NULL;
}

/* What the planner says about a goal or module that is refused, or left out of its plan. */
static bool explain_by_plan(const struct command *c, const char *module, struct buf *out)
{
	const struct plan_step *step = find_step(c, module);
	const struct plan_note *note = find_note(c, module);

	if (!step && c->n_start_modules > 0)
		step = find_step(c, links_module(c->links, c->start_modules[0])->name);
	if (step && step->action == PLAN_REFUSE)
		plan_describe_refusal(c->plan, step, out);
	else if (note)
		plan_describe_note(note, out);
	return out->size > 0;
}

static bool starts_are_builtin(const struct command *c)
{
	for (size_t i = 0; i < c->n_start_modules; i++)
		if (!links_module(c->links, c->start_modules[i])->is_builtin)
			return false;
	return true;
}

static void put_place(const struct plan_source *source, struct buf *out)
{
	buf_put_string(out, " (");
	plan_describe_source(source, out);
	buf_put_string(out, ")");
}

/* Modules that @f's must not meet, of those that are wanted when A is. */
static int find_conflicts(struct command *c, struct finding *f)
{
	struct session_conflicts *all = &f->conflicts;
	size_t n = 0;
	int r;

	r = session_conflicts(&c->view.session, f->module, all);
	for (size_t i = 0; i < all->n && r == 0; i++)
		if (find_step(c, all->items[i].module))
			all->items[n++] = all->items[i];
	all->n = r == 0 ? n : 0;
	return r;
}

static bool is_start(const struct command *c, const char *module)
{
	for (size_t i = 0; i < c->n_start_modules; i++)
		if (strcmp(links_module(c->links, c->start_modules[i])->name, module) == 0)
			return true;
	return false;
}

static void describe_conflict(const struct command *c, const struct finding *f,
			      const struct plan_answered_conflict *conflict, struct buf *out)
{
	bool is_direct = is_start(c, conflict->module);

	buf_printf(out, "%s%s%s%s and %s exclude each other", conflict->module,
		   is_direct ? "" : ", which ", is_direct ? "" : c->from,
		   is_direct ? "" : " brings in,", f->module);
	put_place(&conflict->source, out);
}

/* Does @hard of @module, which does not bring @f's module in, name it all the same? */
static int explain_hard(struct command *c, const struct finding *f, const char *module,
			const struct plan_hard *hard, struct buf *out)
{
	struct session *s = &c->view.session;
	const char *other = NULL;
	struct plan_answer *answers = NULL;
	bool is_named = false;
	size_t n = 0;
	int r;

	r = session_answers(s, hard->word, &answers, &n);
	for (size_t i = 0; i < n; i++) {
		is_named |= strcmp(answers[i].module, f->module) == 0;
		if (!other && indexes_is_builtin(&s->indexes, answers[i].module))
			other = answers[i].module;
	}
	if (is_named && (hard->is_dropped || other)) {
		buf_printf(out, "the hard dependency of %s on %s", module, hard->word);
		put_place(&hard->source, out);
		if (!hard->is_dropped)
			buf_printf(out, " is satisfied by %s, which is built into the kernel", other);
		else if (modprobe_conf_takes_back(&s->conf, MODPROBE_HARDDEP, module))
			buf_put_string(out, " is taken back by a rule");
		else
			buf_put_string(out, " would close a cycle, and is dropped");
	}
	free(answers);
	return r == -ENOMEM ? r : 0;
}

static int explain_hards(struct command *c, struct finding *f)
{
	int r = 0;

	for (size_t i = 0; i < c->n_start_modules && r == 0 && f->reason.size == 0; i++) {
		const char *module = links_module(c->links, c->start_modules[i])->name;
		struct session_hards hards = { 0 };

		r = session_hards(&c->view.session, module, &hards);
		for (size_t k = 0; k < hards.n && r == 0 && f->reason.size == 0; k++)
			r = explain_hard(c, f, module, &hards.items[k], &f->reason);
		session_hards_done(&hards);
	}
	return r;
}

/* On a chain that does not count, a module on the way may be what is refused. */
static void explain(const struct command *c, struct finding *f, bool is_weak)
{
	for (size_t i = 0; i < f->n_links && !is_weak && f->reason.size == 0; i++)
		(void)explain_by_plan(c, links_module(c->links, f->chain[i]->to)->name, &f->reason);
	if (f->reason.size > 0)
		return;
	if (is_weak)
		buf_put_string(&f->reason,
			       "only as a weak dependency, for whose sake nothing is loaded");
	else if (explain_by_plan(c, f->module, &f->reason))
		return;
	else if (f->is_builtin)
		buf_printf(&f->reason, "%s is built into the kernel: it is always there", f->module);
	else if (starts_are_builtin(c))
		buf_printf(&f->reason, "%s is built into the kernel: it brings in nothing", c->from);
	else
		buf_printf(&f->reason, "nothing that %s brings in leads to %s", c->from, f->module);
}

/* The chain that counts, else one that does not: to something masked, or a weak dependency. */
static int find_chain(const struct command *c, struct finding *f, unsigned int kinds,
		      bool to_masked)
{
	uint32_t to = links_find(c->links, f->module);

	if (to == LINKS_NONE)
		return -ENOENT;
	f->is_builtin |= links_module(c->links, to)->is_builtin;
	return links_path(c->links, c->start_modules, c->n_start_modules, to, kinds, to_masked,
			  &f->chain, &f->n_links);
}

static int find(struct command *c, const struct plan_answer *end, struct finding *f)
{
	bool is_weak = false;
	int r;

	*f = (struct finding){ .module = end->module,
			       .is_builtin = end->by == PLAN_BY_BUILTIN ||
					     end->by == PLAN_BY_BUILTIN_ALIAS,
			       .is_alias = end->by != PLAN_BY_NAME && end->by != PLAN_BY_BUILTIN };
	r = find_conflicts(c, f);
	if (r == 0)
		r = find_chain(c, f, LINKS_LOADED, false);
	if (r == 0 && is_in_plan(c, f->module)) {
		f->is_brought_in = true;
		return 0;
	}
	if (r == -ENOENT)
		r = find_chain(c, f, LINKS_LOADED, true);
	if (r == -ENOENT) {
		r = find_chain(c, f, LINKS_ALL, true);
		is_weak = r == 0;
	}
	if (r < 0 && r != -ENOENT)
		return r;
	r = 0;
	if (f->conflicts.n > 0)
		describe_conflict(c, f, &f->conflicts.items[0], &f->reason);
	else if (f->n_links == 0 || is_weak)
		r = explain_hards(c, f);
	if (r == 0)
		explain(c, f, is_weak);
	return r < 0 ? r : f->reason.error;
}

/* Text */

static void print_line(const struct command *c, struct buf *text, int indent)
{
	CLEANUP_BUF struct buf clean = { 0 };

	buf_put_u8(text, '\0');
	if (!text->error)
		view_clean(&c->view, (const char *)text->base, &clean);
	if (!clean.error && clean.size > 0) {
		printf("%*s", indent, "");
		view_wrap((const char *)clean.base, (size_t)indent, (size_t)indent + 2);
	}
	buf_done(text);
}

static void print_marks(const struct command *c, const struct links_module *m, int indent)
{
	struct buf text = { 0 };

	if (m->is_builtin) {
		buf_printf(&text, "%s is built into the kernel", m->name);
		print_line(c, &text, indent);
	} else if (m->command) {
		buf_printf(&text, "%s: an install command runs in its place (%s:%u)", m->name,
			   m->command->file, m->command->line);
		print_line(c, &text, indent);
	}
}

static void print_chain(const struct command *c, const struct finding *f)
{
	for (size_t i = 0; i < f->n_links; i++) {
		struct buf text = { 0 };

		links_describe(c->links, f->chain[i], &text);
		print_line(c, &text, 2);
		print_marks(c, links_module(c->links, f->chain[i]->to), 4);
	}
}

static void print_finding(const struct command *c, const struct finding *f)
{
	struct buf text = { 0 };

	if (!f->is_brought_in)
		buf_printf(&text, "no: %.*s", (int)f->reason.size,
			   f->reason.size > 0 ? (const char *)f->reason.base : "");
	else if (f->n_links == 0)
		buf_printf(&text, "%s is what is asked for", f->module);
	else
		buf_printf(&text, "%s brings in %s%s%s", c->from, f->module,
			   f->is_alias ? ", which answers to " : "", f->is_alias ? c->to : "");
	print_line(c, &text, 0);
	print_chain(c, f);
}

/* JSON */

static struct json_node *link_node(const struct command *c, const struct link *link)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json);
	CLEANUP_BUF struct buf text = { 0 };

	links_describe(c->links, link, &text);
	json_set(json, map, "kind", view_text(json, link_kind_name(link->kind)));
	json_set(json, map, "from", view_text(json, links_module(c->links, link->from)->name));
	json_set(json, map, "to", view_text(json, links_module(c->links, link->to)->name));
	view_link(json, map, link);
	json_set(json, map, "text",
		 json_new_string(json, text.error ? bytes_of("", 0) : buf_bytes(&text)));
	return map;
}

static struct json_node *conflict_node(const struct command *c, const struct finding *f,
				       const struct plan_answered_conflict *conflict)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json);
	CLEANUP_BUF struct buf text = { 0 };

	describe_conflict(c, f, conflict, &text);
	json_set(json, map, "module", view_text(json, conflict->module));
	json_set(json, map, "source", view_source(json, conflict->source.file, conflict->source.line));
	json_set(json, map, "text",
		 json_new_string(json, text.error ? bytes_of("", 0) : buf_bytes(&text)));
	return map;
}

static struct json_node *finding_node(const struct command *c, const struct finding *f)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json), *chain = json_new_list(json),
			 *conflicts = json_new_list(json);

	for (size_t i = 0; i < f->n_links; i++)
		json_append(json, chain, link_node(c, f->chain[i]));
	for (size_t i = 0; i < f->conflicts.n; i++)
		json_append(json, conflicts, conflict_node(c, f, &f->conflicts.items[i]));
	json_set(json, map, "module", view_text(json, f->module));
	json_set(json, map, "builtin", json_new_bool(json, f->is_builtin));
	json_set(json, map, "brought_in", json_new_bool(json, f->is_brought_in));
	json_set(json, map, "chain", chain);
	json_set(json, map, "reason",
		 f->is_brought_in ? json_new_null(json)
				  : json_new_string(json, buf_bytes(&f->reason)));
	json_set(json, map, "conflicts", conflicts);
	return map;
}

/* What is found */

static bool is_repeated(const struct names *names, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(names->items[k].module, names->items[i].module) == 0)
			return true;
	return false;
}

static int print_json(struct command *c, struct json_node *findings, bool is_any)
{
	struct json *json = c->view.json;
	struct json_node *map = json_new_map(json);

	json_set(json, map, "from", view_text(json, c->from));
	json_set(json, map, "to", view_text(json, c->to));
	json_set(json, map, "kernel", view_text(json, view_kernel(&c->view)));
	json_set(json, map, "brings_in", json_new_bool(json, is_any));
	json_set(json, map, "answers", findings);
	return view_print_json(&c->view, map);
}

static int show(struct command *c)
{
	struct json *json = c->view.json;
	struct json_node *list = json ? json_new_list(json) : NULL;
	bool is_any = false;
	int r = 0;

	for (size_t i = 0; i < c->ends.n && r == 0; i++) {
		struct finding f = { 0 };

		if (is_repeated(&c->ends, i))
			continue;
		r = find(c, &c->ends.items[i], &f);
		is_any |= f.is_brought_in;
		if (r == 0 && json)
			json_append(json, list, finding_node(c, &f));
		else if (r == 0)
			print_finding(c, &f);
		free(f.chain);
		session_conflicts_done(&f.conflicts);
		buf_done(&f.reason);
	}
	if (json && r == 0)
		r = print_json(c, list, is_any);
	else if (json)
		json_drop(json, list);
	return r < 0 ? view_fail(&c->view, r) : is_any ? VIEW_YES : VIEW_NO;
}

static int make_plan(struct command *c)
{
	const struct plan_options options = { .ignore_loaded = true };
	int r;

	c->planner = planner_new(&options, &c->view.session.conf);
	r = c->planner ? planner_add(c->planner, c->from, NULL) : -ENOMEM;
	if (r == 0)
		r = session_answer(&c->view.session, c->planner);
	return r < 0 ? r : planner_finish(c->planner, &c->plan);
}

static int read_links(struct command *c)
{
	const struct link_reader_options options = { 0 };

	c->links = links_new();
	c->start_modules = calloc(c->starts.n, sizeof(*c->start_modules));
	if (!c->links || !c->start_modules)
		return -ENOMEM;
	return link_reader_read(&c->view.session, &options, c->starts.items, c->starts.n, &c->arena,
				c->links, c->start_modules, &c->n_start_modules);
}

static int run(void *ctx, int argc, char **argv)
{
	struct command *c = ctx;
	int r;

	if (argc != (c->about_symbol.symbol ? 0 : 2)) {
		log_message(&c->view.log, LOG_ERR, "two names are needed, or --symbol and no other; see --help");
		return VIEW_USAGE;
	}
	if (!c->about_symbol.symbol && (c->about_symbol.symvers || c->about_symbol.system_map)) {
		log_message(&c->view.log, LOG_ERR, "-E and -F are for --symbol; see --help");
		return VIEW_USAGE;
	}
	if (c->about_symbol.symbol)
		return view_open(&c->view) < 0 ? VIEW_FAILED : why_symbol(&c->view, &c->about_symbol);
	c->from = argv[0];
	c->to = argv[1];
	c->view.options.with_live_tags = true;
	if (view_open(&c->view) < 0)
		return VIEW_FAILED;
	r = session_lookup(&c->view.session, c->from, &c->starts.items, &c->starts.n);
	if (r < 0)
		return r == -ENOMEM ? view_fail(&c->view, r) : view_unknown(&c->view, c->from, r);
	r = session_lookup(&c->view.session, c->to, &c->ends.items, &c->ends.n);
	if (r < 0)
		return r == -ENOMEM ? view_fail(&c->view, r) : view_unknown(&c->view, c->to, r);
	r = make_plan(c);
	if (r == 0)
		r = read_links(c);
	if (r < 0)
		return view_fail(&c->view, r);
	drop_refused_starts(c);
	return show(c);
}

int cmd_why(int argc, char **argv)
{
	struct command c = { 0 };
	int status;

	status = view_run(&c.view, "modsure why", &table, argc, argv, apply, run, &c);
	planner_free(c.planner);
	links_free(c.links);
	arena_done(&c.arena);
	free(c.start_modules);
	free(c.starts.items);
	free(c.ends.items);
	view_close(&c.view);
	return view_finish(&c.view, status);
}
