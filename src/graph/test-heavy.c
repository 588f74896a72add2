/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "graph/heavy.h"
#include "graph/outputs.h"
#include "graph/test-facts.h"

#define N 3
#define HEAVY 1

struct scene {
	struct graph_module modules[N];
	struct graph g;
	struct findings findings;
	struct buf text, bin;
};

/* Module b has a hundred aliases and exports, the others a few; one of c's aliases no index can hold. */
static void init(struct scene *s)
{
	static const char *const names[N] = { "a", "b", "c" };
	CLEANUP_BUF struct buf tags = { 0 }, exports = { 0 };

	for (int i = 0; i < 100; i++) {
		buf_printf(&tags, "alias=much:%d\n", i);
		buf_printf(&exports, "much_%d ", i);
	}
	buf_put_u8(&tags, 0);
	buf_put_u8(&exports, 0);
	*s = (struct scene){ .g = { .modules = s->modules, .n_modules = N } };
	for (int i = 0; i < N; i++)
		s->modules[i] = (struct graph_module){ .name = names[i], .path = names[i] };
	s->modules[0].facts = made_tagged_facts("of_a", "", "alias=is:a\n");
	s->modules[HEAVY].facts = made_tagged_facts((char *)exports.base, "of_a", (char *)tags.base);
	s->modules[2].facts = made_tagged_facts("of_c also_c", "much_5", "alias=is:c\nalias=\x80\n");
	assert_int_equal(graph_resolve(&s->g, &s->findings), 0);
}

static void done(struct scene *s)
{
	for (int i = 0; i < N; i++)
		free((void *)(uintptr_t)s->modules[i].facts);
	graph_done(&s->g);
	findings_done(&s->findings);
	buf_done(&s->text);
	buf_done(&s->bin);
}

static void assert_text(struct scene *s, const char *want)
{
	buf_put_u8(&s->text, 0);
	assert_string_equal((const char *)s->text.base, want);
}

static void test_aliases(void **state)
{
	const struct finding *x;
	struct scene s;

	(void)state;
	init(&s);
	s.bin.max = 500;
	assert_int_equal(outputs_alias(&s.g, false, &s.text, &s.bin, &s.findings), 0);
	assert_text(&s, "# Aliases extracted from modules themselves.\nalias is:a a\nalias is:c c\n");
	x = s.findings.first;
	assert_int_equal(x->kind, FINDING_BAD_ALIAS);
	x = x->next;
	assert_int_equal(x->kind, FINDING_HEAVY);
	assert_int_equal(x->module, HEAVY);
	assert_string_equal(x->symbol, "aliases");
	assert_null(x->next);
	done(&s);
}

static void test_symbols(void **state)
{
	struct scene s;

	(void)state;
	init(&s);
	s.bin.max = 500;
	assert_int_equal(outputs_symbols(&s.g, false, &s.text, &s.bin, &s.findings), 0);
	assert_int_equal(s.findings.first->kind, FINDING_HEAVY);
	assert_int_equal(s.findings.first->module, HEAVY);
	assert_null(s.findings.first->next);
	assert_int_equal(s.modules[2].n_deps, 1); /* who exports it is known all the same */
	buf_put_u8(&s.text, 0);
	assert_null(strstr((const char *)s.text.base, "much"));
	assert_non_null(strstr((const char *)s.text.base, "alias symbol:also_c c\n"));
	done(&s);
}

static void test_room_enough(void **state)
{
	struct scene s;

	(void)state;
	init(&s);
	assert_int_equal(outputs_symbols(&s.g, false, &s.text, &s.bin, &s.findings), 0);
	assert_null(s.findings.first);
	buf_put_u8(&s.text, 0);
	assert_non_null(strstr((const char *)s.text.base, "alias symbol:much_99 b\n"));
	done(&s);
}

/* Not even an empty index fits. */
static void test_no_room(void **state)
{
	struct scene s;

	(void)state;
	init(&s);
	s.bin.max = 4;
	assert_int_equal(outputs_alias(&s.g, false, &s.text, &s.bin, &s.findings), -E2BIG);
	done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aliases),
		cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_room_enough),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
