/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * A small world for tests of the planner: a table of modules, configuration as text, and plans as one
 * line of text. It answers what the planner wants and fails when something is asked twice.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "plan/plan.h"

#define DIRECTORY "/lib/modules/k/"

/** struct module - of the world; a table ends with one without a name */
struct module {
	const char *name;
	const char *line; /* what it needs, blanks between, as modules.dep says it: users first */
	enum plan_live live;
	long n_users;
	const char *holders; /* blanks between */
	int file_error, index_error;
	bool is_not_indexed;
};

/** struct alias - of the world's indexes; ends with one without a pattern */
struct alias {
	const char *alias, *modules; /* blanks between */
	enum plan_lookup by;
};

/** struct hard - a declared hard dependency; "h", line 1, 2... is its source; ends with one without a module */
struct hard {
	const char *module, *word;
	enum plan_declared declared;
	bool is_in_line, is_by_symbol, is_dropped;
};

/** struct clash - two modules in conflict; "c", line 1, 2... is its source; ends with one without a module */
struct clash {
	const char *a, *b;
	bool is_one_sided; /* b does not know */
};

/** struct world - what the planner may ask about */
struct world {
	const struct module *modules;
	const struct alias *aliases;
	const char *builtins; /* " a b " */
	const char *tags; /* modules.softdep */
	const char *conf;
	struct plan_options options;
	const struct hard *hards;
	const struct clash *clashes;
};

/** struct run - one plan and all that it was made of; world_done() in the end */
struct run {
	const struct world *world;
	struct modprobe_conf conf;
	struct planner *planner;
	const struct plan *plan;
	struct buf wants; /* "state a deps a " and so on */
	struct buf text;  /* of the last line that was made */
};

static const struct module *world_module(const struct world *w, const char *name)
{
	for (const struct module *m = w->modules; m && m->name; m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static const struct alias *world_alias(const struct world *w, const char *alias, bool is_builtin)
{
	for (const struct alias *a = w->aliases; a && a->alias; a++)
		if (strcmp(a->alias, alias) == 0 && (a->by == PLAN_BY_BUILTIN_ALIAS) == is_builtin)
			return a;
	return NULL;
}

/* Is @name one of the words of @list? */
static bool is_listed(const char *list, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = list; at && (at = strstr(at, name)); at += n)
		if ((at == list || at[-1] == ' ') && (at[n] == ' ' || !at[n]))
			return true;
	return false;
}

static bool has_command(const struct run *run, const char *name)
{
	for (int kind = MODPROBE_INSTALL; kind <= MODPROBE_REMOVE; kind++)
		for (uint32_t i = 0; i < run->conf.rules[kind].n; i++)
			if (strcmp(run->conf.rules[kind].items[i].name, name) == 0)
				return true;
	return false;
}

static size_t find_conf_aliases(const struct run *run, const char *request,
				struct plan_answer *answers)
{
	const struct modprobe_rule *rule = NULL;
	size_t n = 0;

	while ((rule = modprobe_conf_next(&run->conf, MODPROBE_ALIAS, request, rule)))
		answers[n++] = (struct plan_answer){ rule->text, PLAN_BY_CONF_ALIAS,
						     { rule->file, rule->line } };
	return n;
}

/* In the order of a real lookup; names are cut from @copy. */
static size_t find_answers(const struct run *run, const char *request, char *copy,
			   struct plan_answer *answers)
{
	const struct world *w = run->world;
	size_t n = find_conf_aliases(run, request, answers);
	const struct alias *alias;

	if (n > 0)
		return n;
	answers[0].module = request;
	if (world_module(w, request) && !world_module(w, request)->is_not_indexed)
		return answers[0].by = PLAN_BY_NAME, 1;
	if (has_command(run, request))
		return answers[0].by = PLAN_BY_COMMAND, 1;
	alias = world_alias(w, request, false);
	if (!alias && is_listed(w->builtins, request))
		return answers[0].by = PLAN_BY_BUILTIN, 1;
	if (!alias)
		alias = world_alias(w, request, true);
	if (!alias)
		return 0;
	strcpy(copy, alias->modules);
	for (char *at = strtok(copy, " "); at; at = strtok(NULL, " "))
		answers[n++] = (struct plan_answer){ .module = at, .by = alias->by };
	return n;
}

/** struct answers - to one request; not to be copied */
struct answers {
	struct plan_answer items[64];
	size_t n;
	char copy[1024], builtin_copy[1024];
};

static bool is_builtin_answer(const struct plan_answer *answer)
{
	return answer->by == PLAN_BY_BUILTIN || answer->by == PLAN_BY_BUILTIN_ALIAS;
}

/* For a hard dependency, what is built in counts beside modules. */
static void look_up(const struct run *run, const char *request, bool with_builtin, struct answers *ret)
{
	const struct alias *alias = world_alias(run->world, request, true);

	*ret = (struct answers){ 0 };
	ret->n = find_answers(run, request, ret->copy, ret->items);
	if (!with_builtin || (ret->n > 0 && is_builtin_answer(&ret->items[0])))
		return;
	if (is_listed(run->world->builtins, request))
		ret->items[ret->n++] = (struct plan_answer){ .module = request, .by = PLAN_BY_BUILTIN };
	if (!alias)
		return;
	strcpy(ret->builtin_copy, alias->modules);
	for (char *at = strtok(ret->builtin_copy, " "); at; at = strtok(NULL, " "))
		ret->items[ret->n++] = (struct plan_answer){ .module = at, .by = PLAN_BY_BUILTIN_ALIAS };
}

static int answer_lookup(struct run *run, const struct plan_want *want)
{
	struct answers answers;

	look_up(run, want->name, want->with_builtin, &answers);
	return planner_answer_lookup(run->planner, answers.items, answers.n, answers.n > 0 ? 0 : -ENOENT);
}

/* Words of @list, each with @before and @after around it and a NUL behind. */
static void put_list(struct buf *out, const char *list, const char *before, const char *after)
{
	while (list && *list) {
		size_t n = strcspn(list, " ");

		buf_put_string(out, before);
		buf_put(out, list, n);
		buf_put(out, after, strlen(after) + 1);
		list += n + strspn(list + n, " ");
	}
}

static int answer_state(struct run *run, const char *name)
{
	const struct module *m = world_module(run->world, name);
	CLEANUP_BUF struct buf holders = { 0 };
	struct plan_state state = { 0 };

	if (m) {
		put_list(&holders, m->holders, "", "");
		state = (struct plan_state){ m->live, m->n_users, (const char *)holders.base,
					     holders.size };
	}
	return planner_answer_state(run->planner, &state);
}

static size_t find_hards(const struct world *w, const char *name, struct plan_hard *ret)
{
	size_t n = 0;

	for (const struct hard *h = w->hards; h && h->module; h++)
		if (strcmp(h->module, name) == 0)
			ret[n++] = (struct plan_hard){ h->word, h->declared, h->is_in_line,
						       h->is_by_symbol, h->is_dropped,
						       { "h", (unsigned int)(h - w->hards) + 1 } };
	return n;
}

static size_t find_clashes(const struct world *w, const char *name, struct plan_answered_conflict *ret)
{
	size_t n = 0;

	for (const struct clash *c = w->clashes; c && c->a; c++) {
		const char *other = strcmp(c->a, name) == 0 ? c->b :
				    strcmp(c->b, name) == 0 && !c->is_one_sided ? c->a : NULL;

		if (other)
			ret[n++] = (struct plan_answered_conflict){
				other, is_listed(w->builtins, other),
				{ "c", (unsigned int)(c - w->clashes) + 1 }
			};
	}
	return n;
}

static bool is_live(const struct world *w, const char *name)
{
	const struct module *m = world_module(w, name);

	return m && m->live == PLAN_LIVE;
}

/* Does @module answer to a word of @h's? @others: what else does and is live, each with a NUL behind. */
static bool relies_on(const struct run *run, const struct hard *h, const char *module, struct buf *others)
{
	struct answers answers;
	bool relies = false;

	look_up(run, h->word, true, &answers);
	for (size_t i = 0; i < answers.n; i++) {
		const char *name = answers.items[i].module;

		if (is_builtin_answer(&answers.items[i]))
			return false;
		if (strcmp(name, module) == 0)
			relies = true;
		else if (is_live(run->world, name) && strcmp(name, h->module) != 0)
			buf_put(others, name, strlen(name) + 1);
	}
	return relies;
}

static int answer_hard_users(struct run *run, const char *name)
{
	struct plan_hard_user users[16];
	struct buf others[16] = { 0 };
	size_t n = 0;
	int r;

	for (const struct hard *h = run->world->hards; h && h->module; h++) {
		others[n].size = 0;
		if (strcmp(h->module, name) == 0 || h->is_dropped || !is_live(run->world, h->module) ||
		    !relies_on(run, h, name, &others[n]))
			continue;
		users[n] = (struct plan_hard_user){ h->module, h->word, (const char *)others[n].base,
						    others[n].size,
						    { "h", (unsigned int)(h - run->world->hards) + 1 } };
		n++;
	}
	r = planner_answer_hard_users(run->planner, users, n);
	for (size_t i = 0; i < 16; i++)
		buf_done(&others[i]);
	return r;
}

static int answer_deps(struct run *run, const char *name)
{
	struct plan_answered_conflict clashes[128];
	struct plan_hard hards[16];
	const struct module *m = world_module(run->world, name);
	CLEANUP_BUF struct buf deps = { 0 };
	struct plan_deps answer = { .error = -ENOENT };
	char path[300];

	(void)snprintf(path, sizeof(path), DIRECTORY "%s.ko", name);
	if (m && m->index_error) {
		answer.error = m->index_error;
	} else if (m && !m->is_not_indexed) {
		put_list(&deps, m->line, DIRECTORY, ".ko");
		answer = (struct plan_deps){ path, false, (const char *)deps.base, deps.size, 0 };
	} else if (is_listed(run->world->builtins, name)) {
		answer = (struct plan_deps){ .is_builtin = true };
	}
	answer.hard = hards;
	answer.n_hard = find_hards(run->world, name, hards);
	answer.conflicts = clashes;
	answer.n_conflicts = find_clashes(run->world, name, clashes);
	return planner_answer_deps(run->planner, &answer);
}

static int answer_file(struct run *run, const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	char module[256];
	const struct module *m;

	(void)snprintf(module, sizeof(module), "%.*s", (int)strcspn(name, "."), name);
	m = world_module(run->world, module);
	return planner_answer_file(run->planner, m ? m->file_error : -ENOENT);
}

static int answer(struct run *run, const struct plan_want *want)
{
	static const char *const kinds[] = { "lookup", "state", "deps", "file", "hard-users" };
	char text[512];

	(void)snprintf(text, sizeof(text), " %s%s %s ", want->with_builtin ? "hard-" : "",
		       kinds[want->kind], want->name);
	if (run->wants.size < 65536) {
		if (run->wants.size > 0)
			assert_null(memmem(run->wants.base, run->wants.size, text, strlen(text)));
		buf_put_string(&run->wants, text);
	}
	switch (want->kind) {
	case PLAN_WANT_LOOKUP:
		return answer_lookup(run, want);
	case PLAN_WANT_STATE:
		return answer_state(run, want->name);
	case PLAN_WANT_DEPS:
		return answer_deps(run, want->name);
	case PLAN_WANT_HARD_USERS:
		return answer_hard_users(run, want->name);
	default:
		return answer_file(run, want->name);
	}
}

/* Questions are put and answered until there are none. */
static void answer_all(struct run *run)
{
	struct plan_want want;
	int r;

	while ((r = planner_next(run->planner, &want)) > 0)
		assert_int_equal(answer(run, &want), 0);
	assert_int_equal(r, 0);
}

/* @goals: blanks between; "/..." is a file, and "NAME:PARAMS" has parameters (with ',' for blanks). */
static void add_goals(struct planner *planner, const char *goals)
{
	char copy[1024], *save = NULL;

	(void)snprintf(copy, sizeof(copy), "%s", goals);
	for (char *at = strtok_r(copy, " ", &save); at; at = strtok_r(NULL, " ", &save)) {
		char *params = strstr(at, "::");

		if (params) {
			*params = '\0';
			params += 2;
			for (char *c = params; *c; c++)
				*c = *c == ',' ? ' ' : *c;
		}
		if (at[0] == '/')
			assert_int_equal(planner_add_file(planner, at, params), 0);
		else
			assert_int_equal(planner_add(planner, at, params), 0);
	}
}

static struct run world_plan(const struct world *w, const char *goals)
{
	struct run run = { .world = w };
	const char *conf = w->conf ? w->conf : "", *tags = w->tags ? w->tags : "";

	assert_int_equal(modprobe_conf_read_tags(&run.conf, MODPROBE_SOFTDEP, bytes_of(tags, strlen(tags)),
						 "tags", NULL), 0);
	assert_int_equal(modprobe_conf_read(&run.conf, bytes_of(conf, strlen(conf)), "conf", NULL), 0);
	run.planner = planner_new(&w->options, &run.conf);
	assert_non_null(run.planner);
	add_goals(run.planner, goals);
	answer_all(&run);
	assert_int_equal(planner_finish(run.planner, &run.plan), 0);
	return run;
}

static void world_done(struct run *run)
{
	planner_free(run->planner);
	modprobe_conf_done(&run->conf);
	buf_done(&run->wants);
	buf_done(&run->text);
}

#define CLEANUP_RUN __attribute__((cleanup(world_done)))

static const char *refusal_name(enum plan_refusal refusal)
{
	static const char *const names[] = {
		[PLAN_REFUSE_NOTHING] = "nothing", [PLAN_REFUSE_MASKED] = "masked",
		[PLAN_REFUSE_NOT_ALLOWED] = "not-allowed",
		[PLAN_REFUSE_NO_FILE] = "no-file", [PLAN_REFUSE_UNKNOWN] = "unknown",
		[PLAN_REFUSE_IN_USE] = "in-use", [PLAN_REFUSE_BUILTIN] = "builtin",
		[PLAN_REFUSE_LOADED] = "loaded", [PLAN_REFUSE_NOT_LOADED] = "not-loaded",
		[PLAN_REFUSE_INDEX] = "index", [PLAN_REFUSE_NEEDS] = "needs",
		[PLAN_REFUSE_NO_ANSWER] = "no-answer", [PLAN_REFUSE_BLACKLISTED] = "blacklisted",
		[PLAN_REFUSE_CONFLICT] = "conflict", [PLAN_REFUSE_HARD_USED] = "hard-used"
	};

	return names[refusal];
}

static const char *end_text(struct run *run)
{
	if (run->text.size > 0 && run->text.base[run->text.size - 1] == ' ')
		run->text.size--;
	buf_put_u8(&run->text, 0);
	assert_int_equal(run->text.error, 0);
	return (const char *)run->text.base;
}

/*
 * Steps in their order: +a insert, !a install command, -a delete, ~a remove command, =a live,
 * ^a built in, .a absent, x:WHY:a refused; behind it '?' for one that only goes if it is unused.
 */
static const char *steps_text(struct run *run)
{
	static const char *const actions[] = { "+", "!", "-", "~", "=", "^", "." };

	run->text.size = 0;
	for (uint32_t i = 0; i < run->plan->n_steps; i++) {
		const struct plan_step *s = &run->plan->steps[i];

		if (s->action == PLAN_REFUSE)
			buf_printf(&run->text, "x:%s:", refusal_name(s->refusal));
		else
			buf_put_string(&run->text, actions[s->action]);
		buf_printf(&run->text, "%s%s ", s->module, s->if_unused ? "?" : "");
	}
	return end_text(run);
}

static const struct plan_step *step_of(const struct run *run, const char *module)
{
	const struct plan_step *found = NULL;

	for (uint32_t i = 0; i < run->plan->n_steps; i++) {
		if (strcmp(run->plan->steps[i].module, module) != 0)
			continue;
		assert_null(found); /* every module once */
		found = &run->plan->steps[i];
	}
	return found;
}

static void put_source(struct buf *out, const struct plan_source *source)
{
	if (source->file)
		buf_printf(out, "@%s:%u", source->file, source->line);
	buf_put_string(out, " ");
}

/* Reasons of a module's step: "goal(REQUEST) needs(BY) pre(BY:WORD)@FILE:LINE". */
static const char *reasons_text(struct run *run, const char *module)
{
	static const char *const kinds[] = { "goal", "needs", "hard", "any",
					     "pre",  "post",  "holder", "hard-user" };
	const struct plan_step *s = step_of(run, module);

	assert_non_null(s);
	run->text.size = 0;
	for (uint32_t i = 0; i < s->n_reasons; i++) {
		const struct plan_reason *why = &s->reasons[i];

		if (why->kind == PLAN_GOAL)
			assert_int_equal(why->step, PLAN_NONE);
		else if (why->step != PLAN_NONE)
			assert_string_equal(run->plan->steps[why->step].module, why->by);
		buf_printf(&run->text, "%s(%s%s%s)%s", kinds[why->kind], why->by,
			   why->word ? ":" : "", why->word ? why->word : "",
			   why->is_order_cut ? "cut" : "");
		put_source(&run->text, &why->source);
	}
	return end_text(run);
}

/* Steps that a module's step waits for. */
static const char *needs_text(struct run *run, const char *module)
{
	const struct plan_step *s = step_of(run, module);

	assert_non_null(s);
	run->text.size = 0;
	for (uint32_t i = 0; i < s->n_needs; i++)
		buf_printf(&run->text, "%s ", run->plan->steps[s->needs[i]].module);
	return end_text(run);
}

/* Of each group of a module's step: "WORD[A B]@FILE:LINE". */
static const char *groups_text(struct run *run, const char *module)
{
	const struct plan_step *s = step_of(run, module);

	assert_non_null(s);
	run->text.size = 0;
	for (uint32_t g = 0; g < s->n_groups; g++) {
		buf_printf(&run->text, "%s[", s->groups[g].word);
		for (uint32_t i = 0; i < s->groups[g].n_steps; i++)
			buf_printf(&run->text, "%s%s", i > 0 ? " " : "",
				   run->plan->steps[s->groups[g].steps[i]].module);
		buf_put_string(&run->text, "]");
		put_source(&run->text, &s->groups[g].source);
	}
	return end_text(run);
}

/* Of a refused step: "WORD@FILE:LINE <- CAUSE". */
static const char *refusal_text(struct run *run, const char *module)
{
	const struct plan_step *s = step_of(run, module);

	assert_non_null(s);
	assert_int_equal(s->action, PLAN_REFUSE);
	run->text.size = 0;
	buf_put_string(&run->text, s->word ? s->word : "-");
	put_source(&run->text, &s->source);
	if (s->cause != PLAN_NONE)
		buf_printf(&run->text, "<- %s ", run->plan->steps[s->cause].module);
	return end_text(run);
}

/* "cut(A,B)@FILE:LINE" and so on, in their order. */
static const char *notes_text(struct run *run)
{
	static const char *const kinds[] = {
		[PLAN_NOTE_ORDER_CUT] = "cut",		   [PLAN_NOTE_SOFT_UNKNOWN] = "unknown",
		[PLAN_NOTE_SOFT_REFUSED] = "refused",	   [PLAN_NOTE_BLACKLISTED] = "blacklisted",
		[PLAN_NOTE_NEEDS_CYCLE] = "cycle",	   [PLAN_NOTE_ANSWER_REFUSED] = "answer-refused",
		[PLAN_NOTE_HARD_UNKNOWN] = "hard-unknown", [PLAN_NOTE_HARD_CYCLE] = "hard-cycle",
		[PLAN_NOTE_HARD_SELF] = "hard-self",
	};

	run->text.size = 0;
	for (uint32_t i = 0; i < run->plan->n_notes; i++) {
		const struct plan_note *note = &run->plan->notes[i];

		buf_printf(&run->text, "%s(%s,%s)", kinds[note->kind], note->a, note->b ? note->b : "");
		if (note->kind == PLAN_NOTE_SOFT_REFUSED || note->kind == PLAN_NOTE_ANSWER_REFUSED)
			buf_printf(&run->text, "%s", refusal_name(note->refusal));
		if (note->path)
			buf_printf(&run->text, "[%s]", note->path);
		put_source(&run->text, &note->source);
	}
	return end_text(run);
}

/* Modules that answer to goal @i, with '-' for none. */
static const char *goal_text(struct run *run, uint32_t i)
{
	const struct plan_goal *goal = &run->plan->goals[i];

	assert_true(i < run->plan->n_goals);
	run->text.size = 0;
	for (uint32_t s = 0; s < goal->n_steps; s++)
		buf_printf(&run->text, "%s ",
			   run->plan->steps[run->plan->goal_steps[goal->first_step_ref + s]].module);
	if (goal->n_steps == 0)
		buf_put_string(&run->text, goal->is_found ? "-" : "none");
	return end_text(run);
}

/* Plans @goals in @w and compares the steps with @want. */
static void expect_steps(const struct world *w, const char *goals, const char *want)
{
	CLEANUP_RUN struct run run = world_plan(w, goals);

	assert_string_equal(steps_text(&run), want);
}

static void expect_notes(const struct world *w, const char *goals, const char *want)
{
	CLEANUP_RUN struct run run = world_plan(w, goals);

	assert_string_equal(notes_text(&run), want);
}

/* Was @question ("deps a") put? */
static bool was_asked(const struct run *run, const char *question)
{
	char text[512];

	(void)snprintf(text, sizeof(text), " %s ", question);
	return run->wants.size > 0 && memmem(run->wants.base, run->wants.size, text, strlen(text));
}

/* Not every test uses everything. */
static void world_unused(void) __attribute__((unused));
static void world_unused(void)
{
	(void)expect_notes;
	(void)was_asked;
	(void)goal_text;
	(void)groups_text;
	(void)refusal_text;
	(void)needs_text;
	(void)reasons_text;
	(void)expect_steps;
}
