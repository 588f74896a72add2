/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/string-list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/grow.h"

int string_list_add(struct string_list *list, const char *s)
{
	int r = grow_array(&list->items, list->n, &list->capacity, sizeof(*list->items),
			   STRING_LIST_MAX);

	if (r < 0)
		return -ENOMEM;
	list->items[list->n++] = s;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

void string_list_sort(struct string_list *list)
{
	uint32_t n = 0;

	if (list->n < 2)
		return;
	qsort(list->items, list->n, sizeof(*list->items), compare);
	for (uint32_t i = 0; i < list->n; i++)
		if (n == 0 || strcmp(list->items[n - 1], list->items[i]) != 0)
			list->items[n++] = list->items[i];
	list->n = n;
}

bool string_list_has(const struct string_list *list, const char *s)
{
	return list->n > 0 && bsearch(&s, list->items, list->n, sizeof(*list->items), compare);
}

void string_list_done(struct string_list *list)
{
	if (!list)
		return;
	free(list->items);
	*list = (struct string_list){ 0 };
}
