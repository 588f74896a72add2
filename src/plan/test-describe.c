/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>

#include "bytes/buf.h"
#include "plan/describe.h"

static const struct modprobe_rule rule = { "b", "", "/etc/modprobe.d/x.conf", 7 };
static const struct modprobe_rule no_line = { "b", "", "/proc/cmdline", 0 };
static const struct plan_source place = { "/etc/modprobe.d/s.conf", 3 };

static void assert_text(struct buf *got, const char *want)
{
	buf_put_u8(got, 0);
	assert_int_equal(got->error, 0);
	assert_string_equal((const char *)got->base, want);
	got->size = 0;
}

#define assert_step(want, ...)                                           \
	do {                                                             \
		CLEANUP_BUF struct buf got = { 0 };                      \
		plan_describe_step(&(struct plan_step){ __VA_ARGS__ }, &got); \
		assert_text(&got, want);                                 \
	} while (0)

static void test_steps(void **state)
{
	(void)state;
	assert_step("insert b (/m/b.ko.xz)", .action = PLAN_INSERT, .module = "b", .path = "/m/b.ko.xz",
		    .options = "");
	assert_step("insert b (/m/b.ko) with x=1 y=2", .action = PLAN_INSERT, .module = "b",
		    .path = "/m/b.ko", .options = "x=1 y=2");
	assert_step("run the install command of b (/etc/modprobe.d/x.conf:7): /bin/true $CMDLINE_OPTS "
		    "with x=1",
		    .action = PLAN_RUN_INSTALL, .module = "b", .rule = &rule,
		    .command = "/bin/true $CMDLINE_OPTS", .options = "x=1");
	assert_step("run the remove command of b (/etc/modprobe.d/x.conf:7): rm", .action = PLAN_RUN_REMOVE,
		    .module = "b", .rule = &rule, .command = "rm", .options = "");
	assert_step("remove b", .action = PLAN_DELETE, .module = "b");
	assert_step("remove b if nothing uses it by then", .action = PLAN_DELETE, .module = "b",
		    .if_unused = true);
	assert_step("b is loaded already", .action = PLAN_IS_LIVE, .module = "b");
	assert_step("b is built into the kernel", .action = PLAN_IS_BUILTIN, .module = "b");
	assert_step("b is not loaded", .action = PLAN_IS_ABSENT, .module = "b");
	assert_step("refuse b", .action = PLAN_REFUSE, .module = "b", .refusal = PLAN_REFUSE_MASKED);
}

static void assert_reason(enum plan_action action, struct plan_reason reason, const char *want)
{
	struct plan_step step = { .action = action, .module = "b" };
	CLEANUP_BUF struct buf got = { 0 };

	plan_describe_reason(&step, &reason, &got);
	assert_text(&got, want);
}

static void test_reasons(void **state)
{
	(void)state;
	assert_reason(PLAN_INSERT, (struct plan_reason){ .kind = PLAN_GOAL, .by = "b" }, "asked for");
	assert_reason(PLAN_INSERT, (struct plan_reason){ .kind = PLAN_GOAL, .by = "fs-b" },
		      "asked for as fs-b");
	assert_reason(PLAN_INSERT,
		      (struct plan_reason){ .kind = PLAN_GOAL, .by = "fs-b", .source = place },
		      "asked for as fs-b (/etc/modprobe.d/s.conf:3)");
	assert_reason(PLAN_INSERT, (struct plan_reason){ .kind = PLAN_NEEDS, .by = "a" },
		      "needed by a (modules.dep)");
	assert_reason(PLAN_DELETE, (struct plan_reason){ .kind = PLAN_NEEDS, .by = "a" },
		      "was needed by a (modules.dep)");
	assert_reason(PLAN_INSERT,
		      (struct plan_reason){
			      .kind = PLAN_SOFT_PRE, .by = "a", .word = "b", .source = place },
		      "soft dependency before a (/etc/modprobe.d/s.conf:3)");
	assert_reason(PLAN_RUN_INSTALL,
		      (struct plan_reason){
			      .kind = PLAN_SOFT_POST, .by = "a", .word = "crypto-b", .source = place },
		      "soft dependency after a, named crypto-b (/etc/modprobe.d/s.conf:3)");
	assert_reason(PLAN_INSERT,
		      (struct plan_reason){ .kind = PLAN_SOFT_PRE,
					    .by = "a",
					    .word = "b",
					    .source = place,
					    .is_order_cut = true },
		      "soft dependency before a (/etc/modprobe.d/s.conf:3); not in that order, which "
		      "would close a cycle");
	assert_reason(PLAN_RUN_REMOVE,
		      (struct plan_reason){
			      .kind = PLAN_SOFT_PRE, .by = "a", .word = "b", .source = place },
		      "soft dependency before a (/etc/modprobe.d/s.conf:3)");
	assert_reason(PLAN_DELETE, (struct plan_reason){ .kind = PLAN_HOLDER, .by = "a" }, "uses a");
}

/* Because of a word that is the module's own name, or an alias that it answers to. */
static void test_hard_reasons(void **state)
{
	static const struct {
		enum plan_action action;
		enum plan_edge_kind kind;
		const char *word, *want;
	} cases[] = {
		{ PLAN_INSERT, PLAN_HARD, "b", "hard dependency of a (/etc/modprobe.d/s.conf:3)" },
		{ PLAN_INSERT, PLAN_HARD, "crypto-b",
		  "hard dependency of a, named crypto-b (/etc/modprobe.d/s.conf:3)" },
		{ PLAN_IS_LIVE, PLAN_HARD, "b", "hard dependency of a (/etc/modprobe.d/s.conf:3)" },
		{ PLAN_INSERT, PLAN_ANY_OF, "crypto-b",
		  "one answer to the hard dependency of a on crypto-b (/etc/modprobe.d/s.conf:3)" },
		{ PLAN_DELETE, PLAN_HARD, "b", "was a hard dependency of a (/etc/modprobe.d/s.conf:3)" },
		{ PLAN_RUN_REMOVE, PLAN_HARD, "crypto-b",
		  "was a hard dependency of a, named crypto-b (/etc/modprobe.d/s.conf:3)" },
		{ PLAN_DELETE, PLAN_HARD_USER, "a", "has a hard dependency on a (/etc/modprobe.d/s.conf:3)" },
		{ PLAN_DELETE, PLAN_HARD_USER, "crypto-a",
		  "has a hard dependency on a (/etc/modprobe.d/s.conf:3)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_reason(cases[i].action,
			      (struct plan_reason){ .kind = cases[i].kind,
						    .by = "a",
						    .word = cases[i].word,
						    .source = place },
			      cases[i].want);
}

#define assert_refusal(want, ...)                                                          \
	do {                                                                               \
		struct plan_step one = { .action = PLAN_REFUSE, .module = "b", __VA_ARGS__ }; \
		struct plan alone = { .steps = &one, .n_steps = 1 };                       \
		CLEANUP_BUF struct buf got = { 0 };                                        \
		plan_describe_refusal(&alone, &one, &got);                                 \
		assert_text(&got, want);                                                   \
	} while (0)

static void test_refusals(void **state)
{
	(void)state;
	assert_refusal("", .refusal = PLAN_REFUSE_NOTHING);
	assert_refusal("b is masked (/etc/modprobe.d/x.conf:7)", .refusal = PLAN_REFUSE_MASKED,
		       .rule = &rule);
	assert_refusal("b is masked (/proc/cmdline)", .refusal = PLAN_REFUSE_MASKED, .rule = &no_line);
	assert_refusal("b is not allowed: there are allow rules, and none names it",
		       .refusal = PLAN_REFUSE_NOT_ALLOWED);
	assert_refusal("the file of b cannot be opened: /m/b.ko: there is no such file",
		       .refusal = PLAN_REFUSE_NO_FILE, .path = "/m/b.ko", .error = -ENOENT);
	assert_refusal("the file of b cannot be opened: /m/b.ko: error 28",
		       .refusal = PLAN_REFUSE_NO_FILE, .path = "/m/b.ko", .error = -ENOSPC);
	assert_refusal("b is named, but no index knows such a module", .refusal = PLAN_REFUSE_UNKNOWN);
	assert_refusal("the line of b in modules.dep.bin cannot be used: it is damaged",
		       .refusal = PLAN_REFUSE_INDEX, .error = -EBADMSG);
	assert_refusal("b is in use by a, c", .refusal = PLAN_REFUSE_IN_USE, .n_users = 2,
		       .holders = "a, c");
	assert_refusal("b is in use, 1 user", .refusal = PLAN_REFUSE_IN_USE, .n_users = 1, .holders = "");
	assert_refusal("b is in use, 2 users", .refusal = PLAN_REFUSE_IN_USE, .n_users = 2,
		       .holders = "");
	assert_refusal("b is built into the kernel", .refusal = PLAN_REFUSE_BUILTIN);
	assert_refusal("b is loaded already", .refusal = PLAN_REFUSE_LOADED);
	assert_refusal("b is not loaded", .refusal = PLAN_REFUSE_NOT_LOADED);
}

static void test_hard_refusals(void **state)
{
	(void)state;
	assert_refusal("b needs x (hard dependency, /etc/modprobe.d/s.conf:3), and nothing answers to that",
		       .refusal = PLAN_REFUSE_NO_ANSWER, .word = "x", .source = place);
	assert_refusal("b needs x (hard dependency, /etc/modprobe.d/s.conf:3), which only b answers, and that "
		       "is blacklisted (/etc/modprobe.d/x.conf:7)",
		       .refusal = PLAN_REFUSE_BLACKLISTED, .word = "x", .source = place, .rule = &rule,
		       .holders = "b");
	assert_refusal("b needs x (hard dependency, /etc/modprobe.d/s.conf:3), which only b, c answer, and "
		       "those are blacklisted (/etc/modprobe.d/x.conf:7)",
		       .refusal = PLAN_REFUSE_BLACKLISTED, .word = "x", .source = place, .rule = &rule,
		       .holders = "b, c");
	assert_refusal("b must not be loaded together with x (/etc/modprobe.d/s.conf:3)",
		       .refusal = PLAN_REFUSE_CONFLICT, .word = "x", .source = place);
	assert_refusal("a is loaded and needs b (hard dependency, a, section .modinfo)",
		       .refusal = PLAN_REFUSE_HARD_USED, .word = "b", .holders = "a",
		       .source = { "a, section .modinfo", 0 });
	assert_refusal("a, c are loaded and need crypto-b, which nothing but b answers (hard dependency, "
		       "/etc/modprobe.d/s.conf:3)",
		       .refusal = PLAN_REFUSE_HARD_USED, .word = "crypto-b", .holders = "a, c",
		       .source = place);
}

/* Step i needs step i + 1, and the last one is masked; @names has a letter for each. */
static void make_chain(struct plan_step *steps, uint32_t n, const char (*names)[2])
{
	for (uint32_t i = 0; i < n; i++)
		steps[i] = (struct plan_step){
			.action = PLAN_REFUSE,
			.module = names[i],
			.refusal = i + 1 < n ? PLAN_REFUSE_NEEDS : PLAN_REFUSE_MASKED,
			.cause = i + 1 < n ? i + 1 : PLAN_NONE,
			.rule = i + 1 < n ? NULL : &rule,
		};
}

static void test_causes(void **state)
{
	static const char names[][2] = { "a", "b", "c", "d", "e", "f", "g", "h", "i", "j" };
	struct plan_step steps[10];
	struct plan plan = { .steps = steps };
	CLEANUP_BUF struct buf got = { 0 };

	(void)state;
	make_chain(steps, plan.n_steps = 2, names);
	plan_describe_refusal(&plan, &steps[0], &got);
	assert_text(&got, "a needs b: b is masked (/etc/modprobe.d/x.conf:7)");
	make_chain(steps, plan.n_steps = 3, names);
	plan_describe_refusal(&plan, &steps[0], &got);
	assert_text(&got, "a needs b, which needs c: c is masked (/etc/modprobe.d/x.conf:7)");
	make_chain(steps, plan.n_steps = 10, names);
	plan_describe_refusal(&plan, &steps[0], &got);
	assert_text(&got, "a needs b, which needs c, which needs d, which needs e, which needs f, which "
			  "needs g, and so on: j is masked (/etc/modprobe.d/x.conf:7)");
}

/* The word and where it was written stand in the sentence, at each module that has one. */
static void test_hard_causes(void **state)
{
	static const char names[][2] = { "a", "b", "c" };
	struct plan_step steps[3];
	struct plan plan = { .steps = steps, .n_steps = 3 };
	CLEANUP_BUF struct buf got = { 0 };

	(void)state;
	make_chain(steps, 3, names);
	steps[0].word = "b";
	steps[1].word = "x:c";
	steps[0].source = steps[1].source = place;
	plan_describe_refusal(&plan, &steps[0], &got);
	assert_text(&got, "a needs b (hard dependency, /etc/modprobe.d/s.conf:3), which needs x:c, answered "
			  "by c (hard dependency, /etc/modprobe.d/s.conf:3): c is masked "
			  "(/etc/modprobe.d/x.conf:7)");
}

static void test_cause_in_a_circle(void **state)
{
	static const char names[][2] = { "a", "b" };
	struct plan_step steps[2];
	struct plan plan = { .steps = steps, .n_steps = 2 };
	CLEANUP_BUF struct buf got = { 0 };

	(void)state;
	make_chain(steps, 2, names);
	steps[1].refusal = PLAN_REFUSE_NEEDS;
	steps[1].cause = 0;
	plan_describe_refusal(&plan, &steps[0], &got);
	assert_int_equal(got.error, 0);
	assert_true(got.size < 200);
}

static void assert_note(struct plan_note note, const char *want)
{
	CLEANUP_BUF struct buf got = { 0 };

	note.a = "a";
	note.b = "b";
	plan_describe_note(&note, &got);
	assert_text(&got, want);
}

static void test_notes(void **state)
{
	(void)state;
	assert_note((struct plan_note){ .kind = PLAN_NOTE_ORDER_CUT, .source = place },
		    "the soft dependency of a on b (/etc/modprobe.d/s.conf:3) would close a cycle: its "
		    "order is not kept");
	assert_note((struct plan_note){ .kind = PLAN_NOTE_SOFT_UNKNOWN, .source = place },
		    "nothing answers to b, a soft dependency of a (/etc/modprobe.d/s.conf:3)");
	assert_note((struct plan_note){ .kind = PLAN_NOTE_SOFT_REFUSED,
					.source = place,
					.refusal = PLAN_REFUSE_MASKED,
					.rule = &rule },
		    "b, a soft dependency of a (/etc/modprobe.d/s.conf:3), is left out: b is masked "
		    "(/etc/modprobe.d/x.conf:7)");
	assert_note((struct plan_note){ .kind = PLAN_NOTE_SOFT_REFUSED,
					.source = place,
					.refusal = PLAN_REFUSE_NO_FILE },
		    "b, a soft dependency of a (/etc/modprobe.d/s.conf:3), is left out: its file cannot "
		    "be opened");
	assert_note((struct plan_note){ .kind = PLAN_NOTE_BLACKLISTED, .rule = &rule },
		    "b answers to a, but is blacklisted (/etc/modprobe.d/x.conf:7)");
	assert_note((struct plan_note){ .kind = PLAN_NOTE_NEEDS_CYCLE },
		    "a and b need each other, says modules.dep");
}

static void assert_left_out(enum plan_refusal refusal, const char *why)
{
	CLEANUP_BUF struct buf want = { 0 };

	buf_printf(&want, "b, one answer to a hard dependency of a (/etc/modprobe.d/s.conf:3), is left out: %s%c",
		   why, 0);
	assert_note((struct plan_note){ .kind = PLAN_NOTE_ANSWER_REFUSED,
					.source = place,
					.refusal = refusal,
					.rule = &rule },
		    (const char *)want.base);
}

static void test_hard_notes(void **state)
{
	(void)state;
	assert_left_out(PLAN_REFUSE_MASKED, "b is masked (/etc/modprobe.d/x.conf:7)");
	assert_left_out(PLAN_REFUSE_CONFLICT,
			"it must not be loaded together with what else is to be");
	assert_left_out(PLAN_REFUSE_NO_ANSWER, "nothing that may be loaded answers to a hard dependency of it");
	assert_left_out(PLAN_REFUSE_BLACKLISTED,
			"nothing that may be loaded answers to a hard dependency of it");
	assert_left_out(PLAN_REFUSE_NEEDS, "something that it needs cannot be loaded");
	assert_note((struct plan_note){ .kind = PLAN_NOTE_HARD_UNKNOWN, .source = place },
		    "nothing answers to b, a hard dependency of a (/etc/modprobe.d/s.conf:3): going on without");
	assert_note((struct plan_note){ .kind = PLAN_NOTE_HARD_CYCLE, .source = place, .path = "a -> b -> a" },
		    "the hard dependency of a on b (/etc/modprobe.d/s.conf:3) would close the cycle "
		    "a -> b -> a: dropped");
	assert_note((struct plan_note){ .kind = PLAN_NOTE_HARD_SELF, .source = place },
		    "a has a hard dependency on itself (/etc/modprobe.d/s.conf:3): dropped");
}

/* A warning is what is said without -v: somebody's hard dependency does not hold. */
static void test_breach(void **state)
{
	const struct plan_breach breach = { "nic", "phy", place };
	CLEANUP_BUF struct buf out = { 0 };

	(void)state;
	plan_describe_breach("phy_x", &breach, &out);
	buf_put_u8(&out, '\0');
	assert_string_equal((const char *)out.base, "removing 'phy_x' takes phy, its hard dependency "
						    "(/etc/modprobe.d/s.conf:3), from nic, which stays loaded");
}

static void test_warnings(void **state)
{
	(void)state;
	for (int i = PLAN_NOTE_ORDER_CUT; i <= PLAN_NOTE_HARD_SELF; i++)
		assert_int_equal(plan_note_is_warning((enum plan_note_kind)i), i >= PLAN_NOTE_HARD_UNKNOWN);
}

/* Every value of an enum has a word of its own. */
static void test_words(void **state)
{
	const char *words[64];
	size_t n = 0;

	(void)state;
	for (int i = PLAN_INSERT; i <= PLAN_REFUSE; i++)
		words[n++] = plan_action_name(i);
	for (int i = PLAN_GOAL; i <= PLAN_HARD_USER; i++)
		words[n++] = plan_edge_name(i);
	for (int i = PLAN_NOTE_ORDER_CUT; i <= PLAN_NOTE_HARD_SELF; i++)
		words[n++] = plan_note_name(i);
	for (size_t i = 0; i < n; i++) {
		assert_string_not_equal(words[i], "unknown");
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(words[i], words[j]);
	}
	n = 0;
	for (int i = PLAN_REFUSE_NOTHING; i <= PLAN_REFUSE_HARD_USED; i++)
		words[n++] = plan_refusal_name(i);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(words[i], words[j]);
	assert_string_equal(plan_action_name((enum plan_action)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),	 cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_causes),
		cmocka_unit_test(test_cause_in_a_circle), cmocka_unit_test(test_notes),
		cmocka_unit_test(test_hard_reasons), cmocka_unit_test(test_hard_refusals),
		cmocka_unit_test(test_hard_causes), cmocka_unit_test(test_hard_notes),
		cmocka_unit_test(test_breach),
		cmocka_unit_test(test_warnings),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
