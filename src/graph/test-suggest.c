/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "graph/suggest.h"
#include "graph/test-facts.h"

/* The verdict on the soft dependency of "owner" on "dep"; texts of the owner end in a NUL each. */
static enum suggest_verdict judge(const char *owner_imports, const char *texts, size_t size,
				  const char *dep_imports, struct buf *evidence)
{
	struct facts *owner_facts = made_facts("", owner_imports), *dep_facts = made_facts("", dep_imports);
	struct suggest_module owner, dep;
	const struct suggest_module *answers[] = { &dep };
	const struct suggest_case c = {
		.owner = &owner, .word = "dep", .answers = answers, .n_answers = 1
	};
	enum suggest_verdict verdict;

	suggest_module_init(&owner, "owner", owner_facts, bytes_of(texts, size));
	suggest_module_init(&dep, "dep", dep_facts, bytes_of(NULL, 0));
	verdict = suggest_judge(&c, evidence);
	assert_int_equal(evidence->error, 0);
	assert_true(evidence->size > 1 && evidence->base[evidence->size - 1] == '\0');
	free(owner_facts);
	free(dep_facts);
	return verdict;
}

#define assert_verdict(owner, texts, dep, expected)                                           \
	do {                                                                                  \
		CLEANUP_BUF struct buf evidence = { 0 };                                      \
		assert_int_equal(judge(owner, texts, sizeof(texts), dep, &evidence), expected); \
	} while (0)

static void messages_that_need_the_module_are_told_from_those_that_name_it(void **state)
{
	(void)state;
	assert_verdict("", "put dep.ko there", "", SUGGEST_HARD);
	assert_verdict("", "module dep is missing", "", SUGGEST_HARD);
	assert_verdict("", "Requires DEP", "", SUGGEST_HARD);
	assert_verdict("", "this is dep", "", SUGGEST_ORDER);
	assert_verdict("", "my_dep is missing", "", SUGGEST_ORDER);
	assert_verdict("", "deputy is missing", "", SUGGEST_ORDER);
	assert_verdict("", "net/dep.c: line missing", "", SUGGEST_ORDER);
	assert_verdict("", "needs\0dep", "", SUGGEST_ORDER);
	assert_verdict("", "dep.ko", "", SUGGEST_ORDER);
}

static void requests_need_the_call_and_the_name(void **state)
{
	(void)state;
	assert_verdict("__request_module", "dep", "", SUGGEST_PRESENCE);
	assert_verdict("", "dep", "", SUGGEST_ORDER);
	assert_verdict("__request_module", "deps", "", SUGGEST_ORDER);
	assert_verdict("__request_module", "%s", "", SUGGEST_ORDER);
}

static void what_is_asked_for_at_run_time_need_not_be_loaded_before(void **state)
{
	(void)state;
	assert_verdict("__request_module", "dep.ko is needed\0dep", "", SUGGEST_PRESENCE);
	assert_verdict("devfreq_add_device", "dep.ko is needed", "devfreq_add_governor",
		       SUGGEST_PRESENCE);
}

static void both_ends_of_a_supply_have_to_be_there(void **state)
{
	(void)state;
	assert_verdict("devm_phy_get", "", "devm_phy_create", SUGGEST_HARD);
	assert_verdict("devm_phy_get", "", "other", SUGGEST_ORDER);
	assert_verdict("other", "", "devm_phy_create", SUGGEST_ORDER);
	assert_verdict("devm_phy_optional_get", "", "devm_phy_create", SUGGEST_ORDER);
	assert_verdict("devm_phy_create", "", "devm_phy_get", SUGGEST_ORDER);
}

static void the_evidence_does_not_hang_on_the_order_of_symbols(void **state)
{
	CLEANUP_BUF struct buf one = { 0 }, two = { 0 };

	(void)state;
	judge("phy_connect phy_attach", "", 1, "phy_drivers_register phy_driver_register", &one);
	judge("phy_attach phy_connect", "", 1, "phy_driver_register phy_drivers_register", &two);
	assert_string_equal((char *)one.base, (char *)two.base);
	assert_non_null(strstr((char *)one.base, "(phy_attach)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_that_need_the_module_are_told_from_those_that_name_it),
		cmocka_unit_test(requests_need_the_call_and_the_name),
		cmocka_unit_test(what_is_asked_for_at_run_time_need_not_be_loaded_before),
		cmocka_unit_test(both_ends_of_a_supply_have_to_be_there),
		cmocka_unit_test(the_evidence_does_not_hang_on_the_order_of_symbols),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
