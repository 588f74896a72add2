/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   CONFIG_NAME=y | m | NUMBER | "STRING"
 *   # CONFIG_NAME is not set
 */
#include "conf/kernel-config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/grow.h"

#define PREFIX "CONFIG_"
#define PREFIX_SIZE (sizeof(PREFIX) - 1)
#define NOT_SET " is not set"
#define NOT_SET_SIZE (sizeof(NOT_SET) - 1)

static bool is_name_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* How many bytes of "CONFIG_..." stand at @s; 0 for none. */
static size_t name_at(const char *s, const char *end)
{
	const char *p = s + PREFIX_SIZE;

	if ((size_t)(end - s) <= PREFIX_SIZE || memcmp(s, PREFIX, PREFIX_SIZE) != 0)
		return 0;
	while (p < end && is_name_byte(*p))
		p++;
	return (size_t)(p - s) > PREFIX_SIZE ? (size_t)(p - s) : 0;
}

static int add(struct kernel_config *c, const char *name, size_t name_size, const char *value,
	       size_t value_size)
{
	struct kernel_config_option *o;
	int r;

	r = grow_array(&c->items, c->n, &c->capacity, sizeof(*c->items), KERNEL_CONFIG_MAX);
	if (r < 0)
		return r;
	o = &c->items[c->n];
	o->order = c->n;
	o->name = arena_string(&c->arena, name, name_size);
	o->value = arena_string(&c->arena, value, value_size);
	if (!o->name || !o->value)
		return -ENOMEM;
	c->n++;
	return 0;
}

/* Return: 0; -EINVAL it is none; -E2BIG; -ENOMEM. */
static int read_line(struct kernel_config *c, const char *s, const char *end)
{
	bool is_comment = s < end && *s == '#';
	size_t n;

	if (is_comment && end - s > 2 && s[1] == ' ') {
		n = name_at(s + 2, end);
		if (n && (size_t)(end - s) - 2 - n == NOT_SET_SIZE &&
		    memcmp(s + 2 + n, NOT_SET, NOT_SET_SIZE) == 0)
			return add(c, s + 2, n, "n", 1);
	}
	if (s == end || is_comment)
		return 0;
	n = name_at(s, end);
	if (n == 0 || s + n == end || s[n] != '=' || memchr(s, 0, (size_t)(end - s)))
		return -EINVAL;
	s += n + 1;
	if (end - s >= 2 && *s == '"' && end[-1] == '"')
		return add(c, s - n - 1, n, s + 1, (size_t)(end - s) - 2);
	return add(c, s - n - 1, n, s, (size_t)(end - s));
}

static int compare(const void *a, const void *b)
{
	const struct kernel_config_option *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->order < y->order ? -1 : x->order > y->order;
}

static int compare_name(const void *name, const void *item)
{
	return strcmp(name, ((const struct kernel_config_option *)item)->name);
}

static void finish(struct kernel_config *c)
{
	uint32_t n = 0;

	qsort(c->items, c->n, sizeof(*c->items), compare);
	for (uint32_t i = 0; i < c->n; i++) {
		if (n > 0 && strcmp(c->items[n - 1].name, c->items[i].name) == 0)
			n--;
		c->items[n++] = c->items[i];
	}
	c->n = n;
}

int kernel_config_read(struct kernel_config *c, struct bytes text,
		       void (*bad)(void *ctx, const struct diag *diag), void *ctx, struct diag *ret_diag)
{
	const char *s = (const char *)text.base, *all = s + text.size;
	unsigned int line = 0;
	struct diag diag;

	while (s < all) {
		const char *newline = memchr(s, '\n', (size_t)(all - s));
		const char *end = newline ? newline : all;
		int r;

		line++;
		r = read_line(c, s, end > s && end[-1] == '\r' ? end - 1 : end);
		if (r < 0 && r != -EINVAL)
			return r;
		if (r < 0 && bad) {
			(void)diag_line(&diag, 0, line, "line ignored: no option of a kernel");
			bad(ctx, &diag);
		}
		s = newline ? end + 1 : all;
	}
	if (c->n == 0)
		return diag_plain(ret_diag, -EBADMSG, "holds no option of a kernel");
	finish(c);
	return 0;
}

const char *kernel_config_get(const struct kernel_config *c, const char *name)
{
	const struct kernel_config_option *found;

	found = c->n ? bsearch(name, c->items, c->n, sizeof(*c->items), compare_name) : NULL;
	return found ? found->value : NULL;
}

bool kernel_config_is(const struct kernel_config *c, const char *name)
{
	const char *value = kernel_config_get(c, name);

	return value && strcmp(value, "y") == 0;
}

void kernel_config_done(struct kernel_config *c)
{
	if (!c)
		return;
	arena_done(&c->arena);
	free(c->items);
	*c = (struct kernel_config){ 0 };
}
