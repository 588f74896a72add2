/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the parts of the facts reader share; not for others.
 */
#include "bytes/arena.h"
#include "bytes/buf.h"
#include "elf/facts.h"

struct elf;

/* Symbol names are shorter than 512 bytes in every kernel (KSYM_NAME_LEN), prefixes included. */
#define SYMBOL_NAME_MAX 1023u

/**
 * struct symbol_map - name -> number, for the symbols of one module
 *
 * Open addressing; a generation number makes clearing it free.
 */
struct symbol_map {
	struct symbol_slot *slots;
	uint32_t n_slots; /* a power of two */
	uint32_t generation;
	int64_t probes_left; /* until it is clear that names were made to collide */
};

struct facts_reader {
	struct buf pool, modinfo, exports, imports, klp_sections, klp_symbols;
	struct symbol_map map;
	struct arena scratch; /* for the time of one file */
	uint32_t flags;
	struct bytes build_id;
	struct facts_signature signature;
};

/** facts_pool_add() - copy a string into the pool; errors stick to the pool */
uint32_t facts_pool_add(struct facts_reader *r, const char *s, size_t size);

/**
 * facts_collected() - did all that was added find room?
 * Return: 0; -E2BIG over FACTS_RECORD_MAX; -ENOMEM.
 */
int facts_collected(const struct facts_reader *r, struct diag *diag);

/** symbol_map_clear() - forget all names, make room for @n. Return: 0; -ENOMEM. */
int symbol_map_clear(struct symbol_map *m, size_t n);
void symbol_map_done(struct symbol_map *m);

/**
 * symbol_map_put() - number under which @name stands, after putting it there as @value if new
 * @name: borrowed until the map is cleared
 * Call it at most as often as symbol_map_clear() made room for. All calls together take time in
 * proportion to that number.
 * Return: 0 found; 1 new; -E2BIG too many names with like hashes (a hostile file).
 */
int symbol_map_put(struct symbol_map *m, const char *name, uint32_t hash, uint32_t value,
		   uint32_t *ret_value);

/**
 * symbol_map_find() - number under which @name stands
 * Return: 0; -ENOENT it does not; -E2BIG as for symbol_map_put().
 */
int symbol_map_find(struct symbol_map *m, const char *name, uint32_t hash, uint32_t *ret_value);

/** facts_read_symbols() - exports, imports and livepatch symbols into the reader's buffers */
int facts_read_symbols(struct facts_reader *r, const struct elf *elf, struct diag *diag);
