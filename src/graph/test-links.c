/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "bytes/buf.h"
#include "conf/modprobe-conf.h"
#include "graph/links.h"
#include "graph/test-facts.h"

static const struct modprobe_rule mask = { "m", "", "x.conf", 1 };

struct case_ {
	struct links *links;
	struct facts *facts[16];
	size_t n_facts;
};

static int set_up(void **state)
{
	struct case_ *c = calloc(1, sizeof(*c));

	c->links = links_new();
	*state = c;
	return c->links ? 0 : -1;
}

static int tear_down(void **state)
{
	struct case_ *c = *state;

	links_free(c->links);
	for (size_t i = 0; i < c->n_facts; i++)
		free(c->facts[i]);
	free(c);
	return 0;
}

static uint32_t get(struct case_ *c, const char *name)
{
	uint32_t i;

	assert_int_equal(links_get(c->links, name, &i), 0);
	return i;
}

/* @deps: module names with a blank between, as in a line of modules.dep */
static void line(struct case_ *c, const char *name, const char *deps)
{
	CLEANUP_BUF struct buf paths = { 0 };

	while (*(deps += strspn(deps, " "))) {
		size_t n = strcspn(deps, " ");

		buf_printf(&paths, "/lib/modules/1/kernel/%.*s.ko.xz", (int)n, deps);
		buf_put_u8(&paths, 0);
		deps += n;
	}
	assert_int_equal(links_set_deps(c->links, get(c, name), (const char *)paths.base, paths.size),
			 0);
}

static void symbols(struct case_ *c, const char *name, const char *exports, const char *imports)
{
	struct facts *f = made_facts(exports, imports);

	c->facts[c->n_facts++] = f;
	links_module(c->links, get(c, name))->facts = f;
}

static void rule(struct case_ *c, const char *from, enum link_kind kind, const char *to,
		 unsigned int at)
{
	struct link link = { .from = get(c, from), .to = get(c, to), .kind = kind, .line = at };

	assert_int_equal(links_add(c->links, &link), 0);
}

/* A hard dependency on @to, one of several answers to @word when there is one. */
static void hard(struct case_ *c, const char *from, const char *to, const char *word, unsigned int at)
{
	struct link link = { .from = get(c, from), .to = get(c, to), .word = word, .file = "x.conf",
			     .line = at, .kind = word ? LINK_ANY_OF : LINK_HARD };

	assert_int_equal(links_add(c->links, &link), 0);
}

static void put_link(struct case_ *c, const struct link *link, struct buf *out)
{
	buf_printf(out, "%s %s", link_kind_name(link->kind), links_module(c->links, link->to)->name);
	if (link->kind == LINK_SYMBOL)
		buf_printf(out, " %u %s", link->n_symbols, link->symbol);
	if (link->line > 0)
		buf_printf(out, " :%u", link->line);
	buf_put_string(out, "\n");
}

static void assert_links(struct case_ *c, const char *name, const char *want)
{
	CLEANUP_BUF struct buf got = { 0 };
	const struct link *links;
	uint32_t n;

	links = links_at(c->links, get(c, name), &n);
	for (uint32_t i = 0; i < n; i++)
		put_link(c, &links[i], &got);
	buf_put_u8(&got, 0);
	assert_string_equal((const char *)got.base, want);
}

/* @want: the names on the way, with a blank between; NULL for no way */
static void assert_way(struct case_ *c, const char *from, const char *to, unsigned int kinds,
		       bool to_masked, const char *want)
{
	uint32_t start = get(c, from);
	const struct link **path;
	CLEANUP_BUF struct buf got = { 0 };
	size_t n;
	int r;

	r = links_path(c->links, &start, 1, get(c, to), kinds, to_masked, &path, &n);
	assert_int_equal(r, want ? 0 : -ENOENT);
	if (r < 0)
		return;
	buf_put_string(&got, from);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(path[i]->from, i ? path[i - 1]->to : start);
		buf_printf(&got, " %s", links_module(c->links, path[i]->to)->name);
	}
	buf_put_u8(&got, 0);
	free(path);
	assert_string_equal((const char *)got.base, want);
}

/* A line holds a closure; symbols tell what is direct, and how much it is used. */
static void test_symbols(void **state)
{
	struct case_ *c = *state;

	line(c, "a", "b c d");
	line(c, "b", "c d");
	line(c, "c", "d");
	line(c, "d", "");
	symbols(c, "a", "", "b_two d_one printk b_one ?b_three");
	symbols(c, "b", "b_two b_one b_other", "c_one");
	symbols(c, "c", "c_one", ".d_one ?d_two");
	symbols(c, "d", "d_one d_two", "printk");
	assert_int_equal(links_finish(c->links), 0);
	assert_links(c, "a", "symbol b 2 b_one\nsymbol d 1 d_one\n");
	assert_links(c, "b", "symbol c 1 c_one\n");
	assert_links(c, "c", "symbol d 2 d_one\n");
	assert_links(c, "d", "");
}

/* What no symbol explains comes from modules.dep, and only what nothing else on the line brings. */
static void test_unexplained(void **state)
{
	struct case_ *c = *state;

	line(c, "a", "b hard c");
	line(c, "b", "c");
	line(c, "hard", "c");
	line(c, "c", "");
	symbols(c, "a", "", "b_one");
	symbols(c, "b", "b_one", "c_one");
	symbols(c, "c", "c_one", "");
	line(c, "unread", "b hard c");
	assert_int_equal(links_finish(c->links), 0);
	assert_links(c, "a", "symbol b 1 b_one\nmodules.dep hard\n");
	assert_links(c, "hard", "modules.dep c\n");
	assert_links(c, "unread", "modules.dep b\nmodules.dep hard\n");
}

/*
 * A line that holds a module for the sake of a declaration is explained by it, and so is what that
 * module brings along. What a declaration names besides the line explains nothing on it.
 */
static void test_hard(void **state)
{
	struct case_ *c = *state;

	line(c, "a", "b hard low");
	line(c, "b", "");
	line(c, "hard", "low");
	line(c, "low", "");
	symbols(c, "a", "", "b_one");
	symbols(c, "b", "b_one", "");
	symbols(c, "hard", "", "low_one");
	symbols(c, "low", "low_one", "");
	hard(c, "a", "hard", NULL, 3);
	line(c, "unread", "low");
	line(c, "other", "low");
	hard(c, "unread", "other", NULL, 4);
	assert_int_equal(links_finish(c->links), 0);
	assert_links(c, "a", "symbol b 1 b_one\nharddep hard :3\n");
	assert_links(c, "hard", "symbol low 1 low_one\n");
	assert_links(c, "unread", "harddep other :4\nmodules.dep low\n");
	assert_way(c, "a", "low", LINKS_LOADED, false, "a hard low");
}

/*
 * What was taken back is still on the line, and is no link. What it needs is one: the line does not say
 * for whose sake it stands there.
 */
static void test_struck(void **state)
{
	struct case_ *c = *state;

	line(c, "a", "b hard own shared");
	line(c, "b", "shared");
	line(c, "hard", "own shared");
	line(c, "own", "");
	line(c, "shared", "");
	symbols(c, "a", "", "b_one shared_one");
	symbols(c, "b", "b_one", "shared_one");
	symbols(c, "hard", "", "own_one shared_one");
	symbols(c, "own", "own_one", "");
	symbols(c, "shared", "shared_one", "");
	rule(c, "a", LINK_STRUCK, "hard", 3);
	rule(c, "a", LINK_WEAK, "b", 4);
	assert_int_equal(links_finish(c->links), 0);
	assert_links(c, "a", "symbol b 1 b_one\nsymbol shared 1 shared_one\nmodules.dep own\nweakdep b :4\n");
	assert_way(c, "a", "hard", LINKS_ALL, false, NULL);
}

/* They are added in any order, between those of other modules. */
static void test_hard_of_several(void **state)
{
	struct case_ *c = *state;

	hard(c, "b", "y", NULL, 1);
	hard(c, "a", "x", NULL, 2);
	rule(c, "a", LINK_SOFT_PRE, "x", 3);
	hard(c, "b", "x", NULL, 4);
	rule(c, "b", LINK_SOFT_PRE, "z", 5);
	hard(c, "a", "y", NULL, 6);
	line(c, "b", "x z");
	line(c, "a", "z y x");
	line(c, "z", "");
	line(c, "x", "");
	line(c, "y", "");
	assert_int_equal(links_finish(c->links), 0);
	assert_links(c, "a", "harddep x :2\nharddep y :6\nmodules.dep z\nsoftdep-pre x :3\n");
	assert_links(c, "b", "harddep y :1\nharddep x :4\nmodules.dep z\nsoftdep-pre z :5\n");
}

/* Each answer is a link; a module may be in two groups, and need not be twice in one. */
static void test_groups(void **state)
{
	struct case_ *c = *state;
	CLEANUP_BUF struct buf text = { 0 };
	const struct link *links;
	uint32_t n;

	hard(c, "a", "y", "crypto", 1);
	hard(c, "a", "x", "crypto", 1);
	hard(c, "a", "x", "hash", 2);
	hard(c, "a", "x", "hash", 3);
	hard(c, "a", "y", NULL, 4);
	line(c, "a", "x");
	assert_int_equal(links_finish(c->links), 0);
	assert_links(c, "a", "harddep y :4\nharddep-any y :1\nharddep-any x :1\nharddep-any x :2\n");
	links = links_at(c->links, get(c, "a"), &n);
	for (uint32_t i = 0; i < 2; i++) {
		links_describe(c->links, &links[i], &text);
		buf_put_string(&text, "\n");
	}
	buf_put_u8(&text, 0);
	assert_string_equal((const char *)text.base,
			    "a has the hard dependency y (x.conf:4)\n"
			    "a has the hard dependency crypto, to which y is one of several answers "
			    "(x.conf:1)\n");
}

static void test_order(void **state)
{
	struct case_ *c = *state;

	rule(c, "a", LINK_WEAK, "k", 9);
	rule(c, "a", LINK_SOFT_POST, "z", 8);
	rule(c, "a", LINK_SOFT_PRE, "z", 3);
	rule(c, "a", LINK_SOFT_PRE, "y", 4);
	rule(c, "a", LINK_SOFT_PRE, "z", 5);
	line(c, "a", "x w");
	rule(c, "b", LINK_SOFT_PRE, "z", 6);
	assert_int_equal(links_finish(c->links), 0);
	assert_links(c, "a", "modules.dep w\nmodules.dep x\nsoftdep-pre z :3\nsoftdep-pre y :4\n"
			     "softdep-post z :8\nweakdep k :9\n");
	assert_links(c, "b", "softdep-pre z :6\n");
}

static void test_ways(void **state)
{
	struct case_ *c = *state;

	/* Two ways of two links, added against the order of their names; one of three. */
	line(c, "a", "n");
	line(c, "m", "end");
	line(c, "n", "end");
	line(c, "c", "m");
	rule(c, "a", LINK_SOFT_POST, "m", 1);
	rule(c, "a", LINK_SOFT_PRE, "b", 2);
	rule(c, "b", LINK_SOFT_PRE, "a", 3);
	rule(c, "b", LINK_SOFT_PRE, "c", 4);
	rule(c, "a", LINK_WEAK, "end", 5);
	rule(c, "end", LINK_WEAK, "far", 6);
	rule(c, "end", LINK_SOFT_PRE, "hidden", 7);
	rule(c, "hidden", LINK_SOFT_PRE, "behind", 8);
	get(c, "alone");
	links_module(c->links, get(c, "hidden"))->mask = &mask;
	assert_int_equal(links_finish(c->links), 0);
	assert_way(c, "a", "end", LINKS_LOADED, false, "a m end");
	assert_way(c, "a", "end", LINKS_ALL, false, "a end");
	assert_way(c, "a", "c", LINKS_LOADED, false, "a b c");
	assert_way(c, "b", "end", LINKS_LOADED, false, "b a m end");
	assert_way(c, "a", "a", LINKS_LOADED, false, "a");
	assert_way(c, "end", "a", LINKS_ALL, true, NULL);
	assert_way(c, "a", "alone", LINKS_ALL, true, NULL);
	assert_way(c, "a", "far", LINKS_LOADED, true, NULL);
	assert_way(c, "a", "far", LINKS_ALL, false, "a end far");
	assert_way(c, "a", "hidden", LINKS_LOADED, false, NULL);
	assert_way(c, "a", "hidden", LINKS_LOADED, true, "a m end hidden");
	assert_way(c, "a", "behind", LINKS_LOADED, true, NULL);
	assert_way(c, "a", "n", 1u << LINK_SOFT_PRE, true, NULL);
}

static void test_wanted(void **state)
{
	struct case_ *c = *state;

	assert_int_equal(links_next(c->links), LINKS_NONE);
	line(c, "a", "b c");
	assert_int_equal(links_want(c->links, get(c, "a")), 0);
	assert_int_equal(links_want(c->links, get(c, "b")), 0);
	assert_int_equal(links_next(c->links), get(c, "b"));
	assert_int_equal(links_next(c->links), get(c, "c"));
	assert_int_equal(links_next(c->links), get(c, "a"));
	assert_int_equal(links_next(c->links), LINKS_NONE);
}

static void test_odd_lines(void **state)
{
	static const char paths[] = "/m/a.ko\0/\0.ko\0/m/b-x.ko\0/m/b_x.ko.zst";
	struct case_ *c = *state;
	uint32_t n;

	assert_int_equal(links_set_deps(c->links, get(c, "a"), paths, sizeof(paths)), 0);
	assert_int_equal(links_finish(c->links), 0);
	assert_links(c, "a", "modules.dep b_x\n");
	assert_int_equal((links_at(c->links, get(c, "b_x"), &n), n), 0);
}

/* More than memory should hold is an error, and so is a module too many. */
static void test_limits(void **state)
{
	struct case_ *c = *state;
	char *many = calloc(1, LINKS_MAX + 1);
	char name[16];
	uint32_t i;

	assert_non_null(many);
	assert_int_equal(links_set_deps(c->links, get(c, "a"), many, LINKS_MAX + 1), -E2BIG);
	free(many);
	for (uint32_t n = 1; n < LINKS_MODULES_MAX; n++) {
		snprintf(name, sizeof(name), "m%u", n);
		assert_int_equal(links_get(c->links, name, &i), 0);
	}
	assert_int_equal(links_get(c->links, "one_more", &i), -E2BIG);
	assert_int_equal(links_get(c->links, "m7", &i), 0);
	assert_int_equal(i, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_symbols, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unexplained, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hard, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_struck, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hard_of_several, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_groups, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_ways, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_wanted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_odd_lines, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
