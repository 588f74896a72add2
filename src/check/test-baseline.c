/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/diag.h"
#include "check/baseline.h"
#include "check/check.h"
#include "check/rules.h"

static const struct baseline_roots roots = { "/sys/lib/modules/6.12", "/sys" };

static void bad(void *ctx, const struct diag *diag)
{
	assert_int_equal(diag->place, DIAG_LINE);
	assert_true(diag->what[0] != '\0');
	buf_printf(ctx, "%u ", (unsigned int)diag->where);
}

static void read_text(struct baseline *b, const char *text, const char *bad_lines)
{
	CLEANUP_BUF struct buf seen = { 0 };

	assert_int_equal(baseline_read(b, bytes_of(text, strlen(text)), bad, &seen), 0);
	buf_put_u8(&seen, 0);
	assert_string_equal((const char *)seen.base, bad_lines);
}

/* What is kept, a line each. */
static void check_kept(const struct baseline *b, const char *expected)
{
	CLEANUP_BUF struct buf text = { 0 };

	for (uint32_t i = 0; i < b->n; i++) {
		buf_printf(&text, "%u:%s|%s|%s\n", b->lines[i].line, b->lines[i].rule->id, b->lines[i].subject,
			   b->lines[i].object);
	}
	buf_put_u8(&text, 0);
	assert_string_equal((const char *)text.base, expected);
}

static void test_lines(void **state)
{
	struct baseline b = { 0 };

	(void)state;
	read_text(&b, "# comment\n\n  MS101 b  two words \r\nms101\ta\tx%20y%25\nMS101 c\nunresolved-symbol b two words", "");
	check_kept(&b, "4:MS101|a|x y%\n3:MS101|b|two words\n5:MS101|c|\n");
	baseline_done(&b);
}

static void test_bad_lines(void **state)
{
	struct baseline b = { 0 };
	const char *text = "MS101\nMS999 a b\nMS101 a%2 b\nMS101 a b%zz\nMS101 a%00 b\nMS101 good one\nword\n";

	(void)state;
	read_text(&b, text, "1 2 3 4 5 7 ");
	check_kept(&b, "6:MS101|good|one\n");
	baseline_done(&b);
}

static void test_nul(void **state)
{
	struct baseline b = { 0 };
	CLEANUP_BUF struct buf seen = { 0 };
	static const char text[] = "MS101 a\0b c\nMS101 d e\n";

	(void)state;
	assert_int_equal(baseline_read(&b, bytes_of(text, sizeof(text) - 1), bad, &seen), 0);
	buf_put_u8(&seen, 0);
	assert_string_equal((const char *)seen.base, "1 ");
	check_kept(&b, "2:MS101|d|e\n");
	baseline_done(&b);
}

static struct check_finding finding(const char *module, const char *file, const char *object)
{
	return (struct check_finding){ .rule = &check_rules[0], .module = module, .file = file, .object = object };
}

static void put_file(const struct check *c, struct buf *text)
{
	baseline_put(c, &roots, text);
	assert_int_equal(text->error, 0);
	buf_put_u8(text, 0);
}

/* Paths lose what differs from kernel to kernel and machine to machine; order and repetition don't count. */
static void test_written(void **state)
{
	struct check_finding findings[] = {
		finding("m", "/sys/etc/modprobe.d/x.conf", "b"),
		finding(NULL, "/sys/lib/modules/6.12/modules.dep", ""),
		finding("m", "/other", "b"),
		finding(NULL, "/sys/etc/modprobe.d/a b.conf", " two  words "),
		finding(NULL, "/sys/lib/modules/6.12", "5% off"),
		finding(NULL, NULL, "#"),
		finding(NULL, "/elsewhere/x", "y"),
	};
	struct check c = { .findings = findings, .n_findings = sizeof(findings) / sizeof(findings[0]) };
	CLEANUP_BUF struct buf text = { 0 };

	(void)state;
	put_file(&c, &text);
	assert_string_equal((const char *)text.base, "MS101 - #\n"
						     "MS101 /elsewhere/x y\n"
						     "MS101 /etc/modprobe.d/a%20b.conf %20two %20words%20\n"
						     "MS101 /lib/modules/6.12 5%25 off\n"
						     "MS101 m b\n"
						     "MS101 modules.dep\n");
}

static void test_matching(void **state)
{
	struct check_finding findings[] = {
		finding("m", "/x", " a"), finding("m", "/y", " a"), finding("m", "/x", "b"),
		finding(NULL, "/sys/etc/a b.conf", "%"),
	};
	enum check_state *states = calloc(check_n_rules, sizeof(*states));
	struct check c = { .findings = findings, .n_findings = 4, .states = states };
	struct baseline b = { 0 };

	(void)state;
	assert_non_null(states);
	states[0] = CHECK_RUN;
	read_text(&b, "MS101 m %20a\nMS101 /etc/a%20b.conf %25\nMS101 m gone\n", "");
	baseline_apply(&b, &c, &roots);
	assert_true(findings[0].is_accepted && findings[1].is_accepted && findings[3].is_accepted);
	assert_false(findings[2].is_accepted);
	for (uint32_t i = 0; i < b.n; i++)
		assert_int_equal(baseline_is_stale(&b.lines[i], &c), strcmp(b.lines[i].object, "gone") == 0);
	/* Who did not look at everything does not know that something is gone. */
	for (states[0] = CHECK_OFF; states[0] < CHECK_RUN; states[0]++)
		for (uint32_t i = 0; i < b.n; i++)
			assert_false(baseline_is_stale(&b.lines[i], &c));
	baseline_done(&b);
	free(states);
}

/* Whatever an object holds, its line accepts it and no other. */
static void test_round_trip(void **state)
{
	static const char letters[] = "a% #\\2";
	char objects[6 * 6 * 6][4];
	struct check_finding findings[6 * 6 * 6];
	struct check c = { .findings = findings };
	struct baseline b = { 0 };
	CLEANUP_BUF struct buf text = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 6 * 6 * 6; i++) {
		char *o = objects[i];

		o[0] = letters[i % 6];
		o[1] = letters[i / 6 % 6];
		o[2] = letters[i / 36];
		o[3] = '\0';
		findings[c.n_findings++] = finding(i & 1 ? o : NULL, i & 1 ? NULL : o, o);
	}
	put_file(&c, &text);
	read_text(&b, (const char *)text.base, "");
	assert_int_equal(b.n, c.n_findings);
	baseline_apply(&b, &c, &roots);
	for (uint32_t i = 0; i < c.n_findings; i++)
		assert_true(findings[i].is_accepted && b.lines[i].is_used);
	baseline_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),	 cmocka_unit_test(test_bad_lines), cmocka_unit_test(test_nul),
		cmocka_unit_test(test_written),	 cmocka_unit_test(test_matching),
		cmocka_unit_test(test_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
