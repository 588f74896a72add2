/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Was this name met before? For lists whose length a file decides.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct name_set - all zero is empty */
struct name_set {
	struct name_set_slot {
		const char *name; /* NULL: free */
		uint32_t value;
	} *slots;
	uint32_t n_slots, n_used;
};

/**
 * name_set_put() - put @name in, unless it is there already
 * @name:  borrowed for the life of @set
 * @value: kept with it
 * @ret_value: of the one that was there; written only with 0; may be NULL
 * Return: 1 it was not there; 0 it was; -ENOMEM (or -E2BIG): nothing has changed.
 */
int name_set_put(struct name_set *set, const char *name, uint32_t value, uint32_t *ret_value);

/** name_set_has() - is @name in it, and with which value? @ret_value may be NULL; written only with true */
bool name_set_has(const struct name_set *set, const char *name, uint32_t *ret_value);

/** name_set_done() - free the table (not the names) and make it empty; NULL is fine */
void name_set_done(struct name_set *set);

#define CLEANUP_NAME_SET __attribute__((cleanup(name_set_done)))
