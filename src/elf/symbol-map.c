/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "elf/facts-internal.h"

struct symbol_slot {
	const char *name;
	uint32_t hash;
	uint32_t value;
	uint32_t generation;
};

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

/* Real symbol tables need a dozen at the most; this many means that somebody made names collide. */
#define PROBES_MAX 1024u

/* The slot of @name, or the free one where it belongs; NULL after PROBES_MAX others. */
static struct symbol_slot *slot_of(const struct symbol_map *m, const char *name, uint32_t hash)
{
	uint32_t mask = m->n_slots - 1;

	for (uint32_t n = 0; n < PROBES_MAX; n++) {
		struct symbol_slot *s = &m->slots[(hash + n) & mask];

		if (s->generation != m->generation ||
		    (s->hash == hash && strcmp(s->name, name) == 0))
			return s;
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

uint32_t symbol_map_find(const struct symbol_map *m, const char *name, uint32_t hash)
{
	const struct symbol_slot *s = slot_of(m, name, hash);

	return s && s->generation == m->generation ? s->value : UINT32_MAX;
}
