/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which modules need each other in a circle?
 *
 * Strongly connected components by Tarjan's method, with a stack of our own: the depth of a chain
 * of modules comes from files. A component of several modules, or one module with an edge to
 * itself, is a cycle.
 */
#include "graph/cycles.h"

#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"

struct search {
	struct graph *g;
	struct findings *findings;
	uint32_t *number;    /* order of discovery, from 1; 0 unseen */
	uint32_t *low;	     /* smallest number reachable */
	uint32_t *next_edge; /* to look at */
	uint32_t *path;	     /* modules being searched, outermost first */
	uint32_t *members;   /* modules not yet in a finished component */
	uint32_t *component; /* of a module, from 1; 0 unfinished */
	uint32_t *from;	     /* scratch of the search for a path: where we came from */
	uint32_t *queue;     /* scratch likewise */
	uint32_t n_members, n_components, counter;
	bool only_components; /* nobody is left out */
	int n_left_out;
};

static bool needs_itself(const struct graph_module *m, uint32_t i)
{
	for (uint32_t k = 0; k < m->n_deps; k++)
		if (m->deps[k] == i)
			return true;
	return false;
}

/*
 * A shortest way from @start back to itself inside its component, breadth first.
 * Return: its last module, whose edge leads back to @start; @s->from leads from there backwards.
 */
static uint32_t find_way_back(struct search *s, uint32_t start)
{
	uint32_t head = 0, tail = 0;

	s->queue[tail++] = start;
	s->from[start] = start;
	while (head < tail) {
		uint32_t i = s->queue[head++];
		const struct graph_module *m = &s->g->modules[i];

		for (uint32_t k = 0; k < m->n_deps; k++) {
			uint32_t d = m->deps[k];

			if (d == start)
				return i;
			if (s->component[d] != s->component[start] || s->from[d] != GRAPH_NONE)
				continue;
			s->from[d] = i;
			s->queue[tail++] = d;
		}
	}
	return start;
}

static int report_cycle(struct search *s, uint32_t start, const struct finding **ret_finding)
{
	uint32_t last = find_way_back(s, start), n = 1;
	struct arena *arena = &s->findings->arena;
	struct finding *x = findings_add(s->findings, FINDING_CYCLE, start);
	const char **symbols;
	uint32_t *path;

	for (uint32_t i = last; i != start; i = s->from[i])
		n++;
	path = arena_alloc(arena, n * sizeof(*path));
	symbols = arena_alloc(arena, n * sizeof(*symbols));
	if (!x || !path || !symbols)
		return -ENOMEM;
	for (uint32_t i = last, k = n; k > 0; i = s->from[i])
		path[--k] = i;
	for (uint32_t k = 0; k < n; k++)
		symbols[k] = graph_symbol_between(s->g, path[k], path[(k + 1) % n]);
	x->path = path;
	x->symbols = symbols;
	x->n_path = n;
	*ret_finding = x;
	return 0;
}

/* Members that the reported path does not touch are said one by one, each with what it needs. */
static int report_others(struct search *s, const struct finding *cycle, const uint32_t *members,
			 uint32_t n)
{
	for (uint32_t k = 0; k < cycle->n_path; k++)
		s->from[cycle->path[k]] = GRAPH_NONE - 1;
	for (uint32_t k = 0; k < n; k++) {
		const struct graph_module *m = &s->g->modules[members[k]];
		struct finding *x;

		if (s->from[members[k]] == GRAPH_NONE - 1)
			continue;
		x = findings_add(s->findings, FINDING_NEEDS_LEFT_OUT, members[k]);
		if (!x)
			return -ENOMEM;
		for (uint32_t d = 0; d < m->n_deps && x->other == GRAPH_NONE; d++)
			if (s->component[m->deps[d]] == s->component[members[k]])
				x->other = m->deps[d];
		x->symbol = graph_symbol_between(s->g, members[k], x->other);
	}
	return 0;
}

static int leave_component_out(struct search *s, const uint32_t *members, uint32_t n)
{
	const struct finding *cycle;
	uint32_t start = members[0];
	int r;

	for (uint32_t k = 0; k < n; k++) {
		s->from[members[k]] = GRAPH_NONE;
		if (strcmp(s->g->modules[members[k]].name, s->g->modules[start].name) < 0)
			start = members[k];
	}
	if (n == 1) {
		struct finding *x = findings_add(s->findings, FINDING_NEEDS_ITSELF, start);

		if (!x)
			return -ENOMEM;
		x->symbol = graph_symbol_between(s->g, start, start);
	} else {
		r = report_cycle(s, start, &cycle);
		if (r == 0)
			r = report_others(s, cycle, members, n);
		if (r < 0)
			return r;
	}
	for (uint32_t k = 0; k < n; k++)
		s->g->modules[members[k]].is_left_out = true;
	s->n_left_out += (int)n;
	return 0;
}

/* The component whose root is @i is complete: take it off the members. */
static int finish_component(struct search *s, uint32_t i)
{
	uint32_t end = s->n_members, start = end;

	s->n_components++;
	do {
		start--;
		s->component[s->members[start]] = s->n_components;
	} while (s->members[start] != i);
	s->n_members = start;
	if (s->only_components)
		return 0;
	if (end - start > 1 || needs_itself(&s->g->modules[i], i))
		return leave_component_out(s, s->members + start, end - start);
	return 0;
}

static void enter(struct search *s, uint32_t i, uint32_t *depth)
{
	s->number[i] = s->low[i] = ++s->counter;
	s->members[s->n_members++] = i;
	s->path[(*depth)++] = i;
}

static int search_from(struct search *s, uint32_t root)
{
	uint32_t depth = 0;
	int r;

	enter(s, root, &depth);
	while (depth > 0) {
		uint32_t i = s->path[depth - 1];
		const struct graph_module *m = &s->g->modules[i];

		if (s->next_edge[i] < m->n_deps) {
			uint32_t d = m->deps[s->next_edge[i]++];

			if (s->number[d] == 0)
				enter(s, d, &depth);
			else if (s->component[d] == 0 && s->number[d] < s->low[i])
				s->low[i] = s->number[d];
			continue;
		}
		if (s->low[i] == s->number[i]) {
			r = finish_component(s, i);
			if (r < 0)
				return r;
		}
		depth--;
		if (depth > 0 && s->low[i] < s->low[s->path[depth - 1]])
			s->low[s->path[depth - 1]] = s->low[i];
	}
	return 0;
}

static int search_all(struct search *s, size_t n)
{
	uint32_t *memory = calloc(n * 8 + 1, sizeof(*memory));
	int r = 0;

	if (!memory)
		return -ENOMEM;
	s->number = memory;
	s->low = memory + n;
	s->next_edge = memory + 2 * n;
	s->path = memory + 3 * n;
	s->members = memory + 4 * n;
	s->from = memory + 5 * n;
	s->queue = memory + 6 * n;
	if (!s->component)
		s->component = memory + 7 * n;
	for (uint32_t i = 0; r == 0 && i < n; i++)
		if (s->number[i] == 0 && !s->g->modules[i].is_left_out)
			r = search_from(s, i);
	free(memory);
	return r;
}

int cycles_leave_out(struct graph *g, struct findings *findings)
{
	struct search s = { .g = g, .findings = findings };
	int r = search_all(&s, g->n_modules);

	return r < 0 ? r : s.n_left_out;
}

int cycles_components(struct graph *g, uint32_t *ret_component)
{
	struct search s = { .g = g, .component = ret_component, .only_components = true };

	memset(ret_component, 0, g->n_modules * sizeof(*ret_component));
	return search_all(&s, g->n_modules);
}

int cycles_rank(struct graph *g)
{
	uint32_t *users = calloc((size_t)g->n_modules + 1, sizeof(*users));
	uint32_t *stack = malloc(((size_t)g->n_modules + 1) * sizeof(*stack));
	uint32_t depth = 0, rank = 0;

	if (!users || !stack) {
		free(users);
		free(stack);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < g->n_modules; i++)
		for (uint32_t k = 0; k < g->modules[i].n_deps; k++)
			users[g->modules[i].deps[k]]++;
	for (uint32_t i = 0; i < g->n_modules; i++) {
		g->modules[i].n_users = users[i];
		g->modules[i].rank = UINT32_MAX;
		if (users[i] == 0 && !g->modules[i].is_left_out)
			stack[depth++] = i;
	}
	while (depth > 0) {
		struct graph_module *m = &g->modules[stack[--depth]];

		m->rank = rank++;
		for (uint32_t k = 0; k < m->n_deps; k++)
			if (--users[m->deps[k]] == 0)
				stack[depth++] = m->deps[k];
	}
	free(users);
	free(stack);
	return 0;
}
