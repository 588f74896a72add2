/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modules and requests by their names: every one once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/grow.h"
#include "bytes/hash.h"
#include "plan/plan-internal.h"

static const char *name_at(const struct planner *p, const struct names *names, uint32_t i)
{
	return names == &p->node_names ? p->nodes[i].name : p->requests[i].text;
}

/* The slot of @name, or the free one where it belongs; slots are never all in use. */
static uint32_t *find_slot(const struct planner *p, const struct names *names, const char *name)
{
	uint32_t i = hash_name(name, strlen(name)) & (names->n_slots - 1);

	while (names->slots[i] && strcmp(name_at(p, names, names->slots[i] - 1), name) != 0)
		i = (i + 1) & (names->n_slots - 1);
	return &names->slots[i];
}

uint32_t plan_find_node(const struct planner *p, const char *name)
{
	return p->node_names.n_slots ? *find_slot(p, &p->node_names, name) - 1 : PLAN_NONE;
}

static int grow_names(const struct planner *p, struct names *names)
{
	struct names larger = { .n_slots = names->n_slots ? names->n_slots * 2 : 64 };

	if (names->n_used * 2 < names->n_slots)
		return 0;
	larger.slots = calloc(larger.n_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < names->n_slots; i++) {
		uint32_t at;

		if (!names->slots[i])
			continue;
		at = hash_name(name_at(p, names, names->slots[i] - 1),
			       strlen(name_at(p, names, names->slots[i] - 1))) &
		     (larger.n_slots - 1);
		while (larger.slots[at])
			at = (at + 1) & (larger.n_slots - 1);
		larger.slots[at] = names->slots[i];
	}
	larger.n_used = names->n_used;
	free(names->slots);
	*names = larger;
	return 0;
}

int plan_get_node(struct planner *p, const char *name, uint32_t *ret_i)
{
	uint32_t *slot;
	char *copy;
	int r;

	r = grow_names(p, &p->node_names);
	if (r < 0)
		return r;
	slot = find_slot(p, &p->node_names, name);
	if (*slot) {
		*ret_i = *slot - 1;
		return 0;
	}
	r = grow_array(&p->nodes, p->n_nodes, &p->nodes_capacity, sizeof(*p->nodes), PLAN_MODULES_MAX);
	if (r < 0)
		return r;
	copy = arena_string(&p->arena, name, strlen(name));
	if (!copy)
		return -ENOMEM;
	p->nodes[p->n_nodes] = (struct node){ .name = copy, .cause = PLAN_NONE };
	*slot = p->n_nodes + 1;
	p->node_names.n_used++;
	*ret_i = p->n_nodes++;
	return 0;
}

int plan_get_request(struct planner *p, struct names *names, const char *normal, uint32_t *ret_i)
{
	uint32_t *slot;
	char *copy;
	int r;

	r = grow_names(p, names);
	if (r < 0)
		return r;
	slot = find_slot(p, names, normal);
	if (*slot) {
		*ret_i = *slot - 1;
		return 0;
	}
	r = grow_array(&p->requests, p->n_requests, &p->requests_capacity, sizeof(*p->requests),
		      PLAN_EDGES_MAX);
	if (r < 0)
		return r;
	copy = arena_string(&p->arena, normal, strlen(normal));
	if (!copy)
		return -ENOMEM;
	p->requests[p->n_requests] = (struct request){ .text = copy };
	*slot = p->n_requests + 1;
	names->n_used++;
	*ret_i = p->n_requests++;
	return 0;
}
