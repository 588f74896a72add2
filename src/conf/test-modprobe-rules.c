/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/glob.h"
#include "conf/modprobe-conf.h"

#define LINES_MAX 40

/* What a reader of the lines would say, one after the other. */
static bool is_about(const struct modprobe_rule *rule, const char *name)
{
	return rule->is_pattern ? glob_matches(rule->name, name) : strcmp(rule->name, name) == 0;
}

static void check_name(const struct modprobe_conf *conf, const char *name)
{
	const struct modprobe_rules *rules = &conf->rules[MODPROBE_SOFTDEP];
	const struct modprobe_rule *found = NULL, *same = NULL;
	uint32_t first = 0;

	for (uint32_t i = 0; i < rules->n; i++) {
		if (rules->items[i].takes_back && is_about(&rules->items[i], name))
			first = i + 1;
		if (!same && strcmp(rules->items[i].name, name) == 0)
			same = &rules->items[i];
	}
	assert_int_equal(modprobe_conf_takes_back(conf, MODPROBE_SOFTDEP, name), first > 0);
	assert_ptr_equal(modprobe_conf_of_name(conf, MODPROBE_SOFTDEP, name), same);
	for (uint32_t i = first; i < rules->n; i++) {
		if (!is_about(&rules->items[i], name))
			continue;
		found = modprobe_conf_next(conf, MODPROBE_SOFTDEP, name, found);
		assert_ptr_equal(found, &rules->items[i]);
	}
	assert_null(modprobe_conf_next(conf, MODPROBE_SOFTDEP, name, found));
}

static void test_agrees_with_a_pass_over_all(void **state)
{
	static const char *const names[] = { "a", "b", "ab", "a*", "*b", "?", "*", "[ab]", "c" };
	const size_t n_names = sizeof(names) / sizeof(names[0]);
	unsigned int seed = (unsigned int)time(NULL);

	(void)state;
	print_message("# seed %u\n", seed);
	srand(seed);
	for (int round = 0; round < 3000; round++) {
		struct modprobe_conf conf = { 0 };
		CLEANUP_BUF struct buf text = { 0 };

		for (int n = rand() % LINES_MAX; n > 0; n--)
			buf_printf(&text, "softdep %s%s\n", names[(size_t)rand() % n_names],
				   rand() % 8 ? " pre: x" : "");
		assert_int_equal(modprobe_conf_read(&conf, buf_bytes(&text), "f", NULL), 0);
		for (size_t i = 0; i < n_names; i++)
			check_name(&conf, names[i]);
		modprobe_conf_done(&conf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_with_a_pass_over_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
