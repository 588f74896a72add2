/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/name-set.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/hash.h"

#define SLOTS_MIN 16u
#define SLOTS_MAX (1u << 28)

/* The slot of @name, or the free one where it belongs; one is always free. */
static struct name_set_slot *find(const struct name_set *set, const char *name)
{
	uint32_t i = hash_name(name, strlen(name)) & (set->n_slots - 1);

	while (set->slots[i].name && strcmp(set->slots[i].name, name) != 0)
		i = (i + 1) & (set->n_slots - 1);
	return &set->slots[i];
}

static int grow(struct name_set *set)
{
	struct name_set larger = { .n_slots = set->n_slots ? set->n_slots * 2 : SLOTS_MIN,
				   .n_used = set->n_used };

	if (larger.n_slots > SLOTS_MAX)
		return -E2BIG;
	larger.slots = calloc(larger.n_slots, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < set->n_slots; i++)
		if (set->slots[i].name)
			*find(&larger, set->slots[i].name) = set->slots[i];
	free(set->slots);
	*set = larger;
	return 0;
}

int name_set_put(struct name_set *set, const char *name, uint32_t value, uint32_t *ret_value)
{
	struct name_set_slot *slot;

	if (set->n_used * 2 >= set->n_slots) {
		int r = grow(set);

		if (r < 0)
			return r;
	}
	slot = find(set, name);
	if (slot->name) {
		if (ret_value)
			*ret_value = slot->value;
		return 0;
	}
	*slot = (struct name_set_slot){ name, value };
	set->n_used++;
	return 1;
}

bool name_set_has(const struct name_set *set, const char *name, uint32_t *ret_value)
{
	const struct name_set_slot *slot = set->n_slots ? find(set, name) : NULL;

	if (!slot || !slot->name)
		return false;
	if (ret_value)
		*ret_value = slot->value;
	return true;
}

void name_set_done(struct name_set *set)
{
	if (!set)
		return;
	free(set->slots);
	*set = (struct name_set){ 0 };
}
