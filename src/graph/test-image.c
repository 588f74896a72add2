/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "graph/image.h"
#include "graph/links.h"

/* A module with a file. Return: its number. */
static uint32_t module(struct links *links, const char *name)
{
	uint32_t i;

	assert_int_equal(links_get(links, name, &i), 0);
	links_module(links, i)->path = "x.ko";
	return i;
}

/* @deps: names with a blank between, users before what they need */
static void line(struct links *links, const char *name, const char *deps)
{
	CLEANUP_BUF struct buf paths = { 0 };
	uint32_t i = module(links, name);

	while (*deps) {
		size_t n = strcspn(deps, " ");

		buf_printf(&paths, "%.*s.ko", (int)n, deps);
		buf_put_u8(&paths, 0);
		deps += n + (deps[n] == ' ');
	}
	assert_int_equal(links_set_deps(links, i, (const char *)paths.base, paths.size), 0);
}

static void want(struct links *links, const char *from, const char *to)
{
	struct link link = { .from = module(links, from), .kind = LINK_WEAK, .word = "" };

	link.to = module(links, to);
	assert_int_equal(links_add(links, &link), 0);
}

static void assert_order(struct links *links, const char *root, const char *expected)
{
	CLEANUP_BUF struct buf got = { 0 };
	uint32_t i = links_find(links, root), *order, n;

	assert_int_equal(links_finish(links), 0);
	assert_int_equal(image_order(links, &i, 1, &order, &n), 0);
	for (uint32_t k = 0; k < n; k++)
		buf_printf(&got, "%s%s", k ? " " : "", links_module(links, order[k])->name);
	buf_put_u8(&got, 0);
	assert_string_equal((const char *)got.base, expected);
	free(order);
}

static void what_is_wanted_stands_before_who_wants_it(void **state)
{
	struct links *links = links_new();

	(void)state;
	line(links, "top", "mid low");
	line(links, "mid", "low");
	line(links, "low", "");
	want(links, "mid", "extra");
	want(links, "extra", "more");
	assert_order(links, "top", "low more extra mid top");
	links_free(links);
}

static void lines_of_modules_dep_outweigh_wishes(void **state)
{
	struct links *links = links_new();

	(void)state;
	line(links, "user", "base");
	line(links, "base", "");
	want(links, "base", "user");
	assert_order(links, "base", "base user");
	links_free(links);
}

static void a_circle_of_wishes_ends(void **state)
{
	struct links *links = links_new();

	(void)state;
	want(links, "a", "b");
	want(links, "b", "c");
	want(links, "c", "a");
	assert_order(links, "a", "c b a");
	links_free(links);
}

static void a_module_without_a_file_is_left_out(void **state)
{
	struct links *links = links_new();

	(void)state;
	want(links, "a", "inside");
	links_module(links, links_find(links, "inside"))->path = NULL;
	assert_order(links, "a", "a");
	links_free(links);
}

static void a_long_chain_needs_no_stack(void **state)
{
	struct links *links = links_new();
	char from[16], to[16];
	uint32_t *order, n, root;

	(void)state;
	for (int i = 0; i < 60000; i++) {
		snprintf(from, sizeof(from), "m%d", i);
		snprintf(to, sizeof(to), "m%d", i + 1);
		want(links, from, to);
	}
	assert_int_equal(links_finish(links), 0);
	root = links_find(links, "m0");
	assert_int_equal(image_order(links, &root, 1, &order, &n), 0);
	assert_int_equal(n, 60001);
	assert_string_equal(links_module(links, order[0])->name, "m60000");
	free(order);
	links_free(links);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wanted_stands_before_who_wants_it),
		cmocka_unit_test(lines_of_modules_dep_outweigh_wishes),
		cmocka_unit_test(a_circle_of_wishes_ends),
		cmocka_unit_test(a_module_without_a_file_is_left_out),
		cmocka_unit_test(a_long_chain_needs_no_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
