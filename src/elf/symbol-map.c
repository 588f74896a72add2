/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "elf/facts-internal.h"

struct symbol_slot {
	const char *name;
	uint32_t hash;
	uint32_t value;
	uint32_t generation;
};

/*
 * Real symbol tables need a dozen at the most for one name, three on the average, and meet another
 * name of the same hash almost never; more means that somebody made names collide.
 */
#define PROBES_MAX 1024u
#define PROBES_A_NAME 8u
#define PROBES_SAME_HASH 8 /* what comparing two names in vain counts for */
#define PROBES_ALL 65536u

int symbol_map_clear(struct symbol_map *m, size_t n)
{
	uint32_t want = 64;

	if (n > UINT32_MAX / 4)
		return -ENOMEM;
	while (want < 2 * n)
		want *= 2;
	if (want > m->n_slots) {
		free(m->slots);
		m->n_slots = 0;
		m->slots = calloc(want, sizeof(*m->slots));
		if (!m->slots)
			return -ENOMEM;
		m->n_slots = want;
		m->generation = 0;
	}
	m->probes_left = (int64_t)(PROBES_ALL + PROBES_A_NAME * (uint64_t)n);
	if (++m->generation == 0) {
		memset(m->slots, 0, m->n_slots * sizeof(*m->slots));
		m->generation = 1;
	}
	return 0;
}

void symbol_map_done(struct symbol_map *m)
{
	free(m->slots);
	*m = (struct symbol_map){ 0 };
}

/* The slot of @name, or the free one where it belongs; NULL when that takes too many others. */
static struct symbol_slot *slot_of(struct symbol_map *m, const char *name, uint32_t hash)
{
	uint32_t mask = m->n_slots - 1;

	for (uint32_t n = 0; n < PROBES_MAX && m->probes_left > 0; n++) {
		struct symbol_slot *s = &m->slots[(hash + n) & mask];

		if (s->generation != m->generation)
			return s;
		if (s->hash == hash) {
			if (strcmp(s->name, name) == 0)
				return s;
			m->probes_left -= PROBES_SAME_HASH;
		} else {
			m->probes_left--;
		}
	}
	return NULL;
}

int symbol_map_put(struct symbol_map *m, const char *name, uint32_t hash, uint32_t value,
		   uint32_t *ret_value)
{
	struct symbol_slot *s = slot_of(m, name, hash);
	bool is_new;

	if (!s)
		return -E2BIG;
	is_new = s->generation != m->generation;
	if (is_new)
		*s = (struct symbol_slot){ name, hash, value, m->generation };
	*ret_value = s->value;
	return is_new;
}

int symbol_map_find(struct symbol_map *m, const char *name, uint32_t hash, uint32_t *ret_value)
{
	const struct symbol_slot *s = slot_of(m, name, hash);

	if (!s)
		return -E2BIG;
	if (s->generation != m->generation)
		return -ENOENT;
	*ret_value = s->value;
	return 0;
}
