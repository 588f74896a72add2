/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hard dependencies: what was declared becomes edges like those of modules.dep, unless it would close
 * a cycle; where several modules answer, a group of which one has to succeed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "plan/plan-internal.h"

/* Edges looked at for cycles, in all: a second's worth, and no configuration comes near it. */
#define HARD_STEPS_MAX (1u << 28)

/* Modules that a message about a cycle names. */
#define CYCLE_NAMED_MAX 64u

int plan_read_hards(struct planner *p, uint32_t i, const struct plan_hard *hards, size_t n)
{
	struct hard_word *words;
	int r = 0;

	if (n == 0)
		return 0;
	if (n > PLAN_EDGES_MAX - p->n_words)
		return -E2BIG;
	words = arena_alloc(&p->arena, n * sizeof(*words));
	if (!words)
		return -ENOMEM;
	for (size_t h = 0; h < n && r == 0; h++) {
		words[h] = (struct hard_word){ .text = arena_string(&p->arena, hards[h].word,
								    strlen(hards[h].word)),
					       .declared = hards[h].declared,
					       .is_in_line = hards[h].is_in_line,
					       .is_by_symbol = hards[h].is_by_symbol,
					       .is_dropped = hards[h].is_dropped,
					       .source = hards[h].source };
		p->nodes[i].has_line_hards |= hards[h].is_in_line;
		r = words[h].text ? plan_ask_hard(p, hards[h].word, &words[h].request) : -ENOMEM;
	}
	p->nodes[i].hards = words;
	p->nodes[i].n_hards = r < 0 ? 0 : (uint32_t)n;
	p->n_words += (uint32_t)n;
	return r;
}

int plan_begin_found(struct planner *p, const struct request *request)
{
	const struct found *found = request->found;
	uint32_t n = request->n_found;
	int r = 0;

	for (uint32_t f = 0; f < n && r == 0; f++) {
		if (plan_counts(p, &found[f], false))
			r = plan_begin(p, found[f].node);
		else if (!p->options.ignore_loaded)
			r = plan_watch(p, found[f].node); /* not to be loaded, but it may be there */
	}
	return r;
}

const struct hard_word *plan_find_line_hard(const struct planner *p, uint32_t i, uint32_t to)
{
	const struct node *node = &p->nodes[i];
	const struct hard_word *dropped = NULL;

	for (uint32_t h = 0; h < node->n_hards; h++) {
		const struct hard_word *word = &node->hards[h];
		const struct request *request = &p->requests[word->request];

		for (uint32_t f = 0; f < request->n_found && word->is_in_line; f++) {
			if (request->found[f].node == to && !word->is_dropped)
				return word;
			if (request->found[f].node == to)
				dropped = word;
		}
	}
	return dropped;
}

/** struct reach - memory to look for a way from one module to another */
struct reach {
	uint32_t *todo, *from; /* @from: the module that led to each */
	uint32_t *stamp;
	uint32_t generation, n_steps;
};

static void reach_done(struct reach *w)
{
	free(w->todo);
	free(w->from);
	free(w->stamp);
}

static int reach_init(struct reach *w, uint32_t n)
{
	*w = (struct reach){ .todo = calloc((size_t)n + 1, sizeof(uint32_t)),
			     .from = calloc((size_t)n + 1, sizeof(uint32_t)),
			     .stamp = calloc((size_t)n + 1, sizeof(uint32_t)) };
	return w->todo && w->from && w->stamp ? 0 : -ENOMEM;
}

/* Is there a way along needs from @start to @goal? Return: 1, and @w->from leads back; 0; -E2BIG. */
static int is_reached(const struct planner *p, struct reach *w, uint32_t start, uint32_t goal)
{
	uint32_t n = 0;

	w->generation++;
	w->stamp[start] = w->generation;
	w->todo[n++] = start;
	while (n > 0) {
		uint32_t at = w->todo[--n];

		for (uint32_t e = p->nodes[at].first_edge; e != PLAN_NONE; e = p->edges[e].next) {
			uint32_t to = p->edges[e].to;

			if (++w->n_steps > HARD_STEPS_MAX)
				return -E2BIG;
			if (w->stamp[to] == w->generation)
				continue;
			w->stamp[to] = w->generation;
			w->from[to] = at;
			if (to == goal)
				return 1;
			w->todo[n++] = to;
		}
	}
	return 0;
}

/* "a -> b -> c -> a", from @i over @to back to @i; the way was found from @to to @i. */
static const char *cycle_path(struct planner *p, const struct reach *w, uint32_t i, uint32_t to)
{
	CLEANUP_BUF struct buf text = { 0 };
	uint32_t n = 0;

	for (uint32_t at = i; at != to; at = w->from[at])
		w->todo[n++] = at;
	w->todo[n++] = to;
	buf_put_string(&text, p->nodes[i].name);
	for (uint32_t named = 0; n > 0; named++) {
		uint32_t at = w->todo[--n];

		if (named == CYCLE_NAMED_MAX)
			buf_put_string(&text, " -> ...");
		if (named >= CYCLE_NAMED_MAX && n > 0)
			continue;
		buf_put_string(&text, " -> ");
		buf_put_string(&text, p->nodes[at].name);
	}
	return text.error ? NULL : arena_string(&p->arena, (const char *)text.base, text.size);
}

/** struct answers - what may be used of the answers to one word */
struct answers {
	uint32_t *nodes;
	uint32_t n;
	const struct modprobe_rule *blacklist; /* of the first that is blacklisted */
	const char *cycle; /* that the first dropped one would close */
	bool is_own;	   /* the module answers to it itself */
};

static int note_word(struct planner *p, uint32_t i, const struct hard_word *word,
		     enum plan_note_kind kind, const char *path)
{
	return plan_add_note(p, (struct plan_note){ .kind = kind,
						    .a = p->nodes[i].name,
						    .b = word->text,
						    .path = path,
						    .source = word->source });
}

/* All answers that count and close no cycle; one that is there is the only one. */
static int find_answers(struct planner *p, struct reach *w, uint32_t i,
			const struct hard_word *word, struct answers *a)
{
	const struct request *request = &p->requests[word->request];
	int r;

	a->nodes = arena_alloc(&p->arena, ((size_t)request->n_found + 1) * sizeof(*a->nodes));
	if (!a->nodes)
		return -ENOMEM;
	for (uint32_t f = 0; f < request->n_found; f++) {
		const struct found *found = &request->found[f];

		if (found->node == i) {
			a->is_own = true;
		} else if (plan_is_there(p, &p->nodes[found->node])) {
			a->nodes[0] = found->node;
			a->n = 1;
			return 0;
		} else if (!plan_counts(p, found, false)) {
			if (!a->blacklist)
				a->blacklist = plan_is_blacklisted(p, p->nodes[found->node].name);
		} else {
			a->nodes[a->n++] = found->node;
		}
	}
	for (uint32_t n = a->n, at = 0; at < n; at++) {
		uint32_t to = a->nodes[at];

		if (at == 0)
			a->n = 0;
		r = is_reached(p, w, to, i);
		if (r < 0)
			return r;
		if (r == 0)
			a->nodes[a->n++] = to;
		else if (!a->cycle)
			a->cycle = cycle_path(p, w, i, to);
		if (r > 0 && !a->cycle)
			return -ENOMEM;
	}
	return 0;
}

static void refuse_word(struct planner *p, uint32_t i, const struct hard_word *word,
			enum plan_refusal refusal, const struct modprobe_rule *rule)
{
	struct node *node = &p->nodes[i];

	if (node->word_refusal != PLAN_REFUSE_NOTHING)
		return;
	node->word_refusal = refusal;
	node->word = word->text;
	node->source = word->source;
	node->rule = rule;
}

/* "a, b": the answers to a word of @i that are blacklisted. */
static const char *blacklisted_answers(struct planner *p, uint32_t i, const struct request *request)
{
	CLEANUP_BUF struct buf text = { 0 };

	for (uint32_t f = 0; f < request->n_found; f++) {
		const struct found *found = &request->found[f];

		if (found->node == i || !plan_is_blacklisted(p, p->nodes[found->node].name))
			continue;
		buf_put_string(&text, text.size > 0 ? ", " : "");
		buf_put_string(&text, p->nodes[found->node].name);
	}
	return text.error ? NULL : arena_string(&p->arena, (const char *)text.base, text.size);
}

/* Nothing can be used: why, and what follows from it. */
static int no_answer(struct planner *p, uint32_t i, const struct hard_word *word,
		     const struct answers *a)
{
	if (a->cycle)
		return note_word(p, i, word, PLAN_NOTE_HARD_CYCLE, a->cycle);
	if (a->blacklist) {
		refuse_word(p, i, word, PLAN_REFUSE_BLACKLISTED, a->blacklist);
		if (!p->nodes[i].blacklisted)
			p->nodes[i].blacklisted =
				blacklisted_answers(p, i, &p->requests[word->request]);
		return p->nodes[i].blacklisted ? 0 : -ENOMEM;
	}
	if (a->is_own)
		return note_word(p, i, word, PLAN_NOTE_HARD_SELF, NULL);
	if (word->declared == PLAN_BY_CONF)
		return note_word(p, i, word, PLAN_NOTE_HARD_UNKNOWN, NULL);
	refuse_word(p, i, word, PLAN_REFUSE_NO_ANSWER, NULL);
	return 0;
}

static int add_hard_edges(struct planner *p, uint32_t i, const struct hard_word *word,
			  const struct answers *a)
{
	struct node *node = &p->nodes[i];
	struct edge edge = { .from = i,
			     .kind = a->n == 1 ? PLAN_HARD : PLAN_ANY_OF,
			     .text = word->text,
			     .group = node->n_groups,
			     .source = word->source };
	int r = 0;

	for (uint32_t at = 0; at < a->n && r == 0; at++) {
		edge.to = a->nodes[at];
		r = plan_add_edge(p, edge);
	}
	if (a->n > 1)
		node->groups[node->n_groups++] = (struct any_of){ .word = edge.text,
								  .source = word->source,
								  .members = a->nodes,
								  .n_members = a->n };
	return r;
}

static int read_words(struct planner *p, struct reach *w, uint32_t i, bool is_in_line)
{
	struct node *node = &p->nodes[i];
	int r = 0;

	if (!node->groups)
		node->groups = arena_alloc(&p->arena, node->n_hards * sizeof(*node->groups));
	if (!node->groups)
		return -ENOMEM;
	for (uint32_t h = 0; h < node->n_hards && r == 0; h++) {
		const struct hard_word *word = &node->hards[h];
		struct answers a = { 0 };

		if (word->is_dropped || word->is_by_symbol || word->is_in_line != is_in_line)
			continue;
		r = find_answers(p, w, i, word, &a);
		if (r == 0)
			r = a.n > 0 ? add_hard_edges(p, i, word, &a) : no_answer(p, i, word, &a);
	}
	return r;
}

static int compare_names(const void *a, const void *b, void *ctx)
{
	const struct planner *p = ctx;

	return strcmp(p->nodes[*(const uint32_t *)a].name, p->nodes[*(const uint32_t *)b].name);
}

/*
 * By name, so that what is dropped of a cycle does not hang on what was asked for. Those that stand in
 * lines come first: they close no cycle among themselves, and other readers keep to them.
 */
int plan_hard_edges(struct planner *p)
{
	uint32_t *owners = calloc((size_t)p->n_nodes + 1, sizeof(*owners));
	struct reach w;
	uint32_t n = 0;
	int r;

	r = reach_init(&w, p->n_nodes);
	if (!owners)
		r = -ENOMEM;
	for (uint32_t i = 0; i < p->n_nodes && r == 0; i++)
		if (p->nodes[i].n_hards > 0 && !plan_is_there(p, &p->nodes[i]))
			owners[n++] = i;
	if (n > 0)
		qsort_r(owners, n, sizeof(*owners), compare_names, p);
	for (uint32_t at = 0; at < 2 * n && r == 0; at++)
		r = read_words(p, &w, owners[at % n], at < n);
	reach_done(&w);
	free(owners);
	return r;
}

bool plan_must_go_too(const struct planner *p, const struct hard_user *user)
{
	for (uint32_t o = 0; o < user->n_others; o++)
		if (!p->nodes[user->others[o]].is_goal_like)
			return false;
	return true;
}

int plan_hard_order_edges(struct planner *p, uint32_t i)
{
	const struct node *node = &p->nodes[i];
	int r = 0;

	for (uint32_t h = 0; h < node->n_hards && r == 0; h++) {
		const struct hard_word *word = &node->hards[h];
		const struct request *request = &p->requests[word->request];

		for (uint32_t f = 0; f < request->n_found && r == 0; f++) {
			if (word->is_dropped || word->is_by_symbol || request->found[f].node == i)
				continue;
			r = plan_add_edge(p, (struct edge){ .from = i,
							    .to = request->found[f].node,
							    .kind = PLAN_HARD,
							    .text = word->text,
							    .source = word->source });
		}
	}
	return r;
}
