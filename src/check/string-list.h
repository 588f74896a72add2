/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Is this one of those strings? For lists whose length a file decides: filled, sorted, then asked.
 */
#include <stdbool.h>
#include <stdint.h>

/* Strings of one list: more than the tags of the largest record. */
#define STRING_LIST_MAX (1u << 26)

/** struct string_list - all zero is empty; string_list_done() in the end */
struct string_list {
	const char **items; /* borrowed */
	uint32_t n, capacity;
};

/** string_list_add() - one more; twice does no harm. Return: 0; -ENOMEM. */
int string_list_add(struct string_list *list, const char *s);

/** string_list_sort() - in the order of bytes, each string once. Before any search. n log n. */
void string_list_sort(struct string_list *list);

/** string_list_has() - is @s in it? Logarithmic. */
bool string_list_has(const struct string_list *list, const char *s);

/** string_list_done() - free the list, not the strings, and make it empty; NULL is fine */
void string_list_done(struct string_list *list);

#define CLEANUP_STRING_LIST __attribute__((cleanup(string_list_done)))
