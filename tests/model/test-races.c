/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One module, several who want it: insert_module() on the model of each kernel, with others at work.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bytes/diag.h"
#include "engine/events.h"
#include "engine/insert.h"
#include "model/kernel-model.h"

static const struct kernel_model_module modules[] = {
	{ "slow", .init_usec = 1500000, .exit_usec = 1500000, .no_state_usec = 2000 },
	{ "bad", .init_usec = 1500000, .init_error = -ENODEV },
	{ "once_bad", .init_usec = 1500000, .init_error = -ENODEV, .n_bad_inits = 1 },
	{ "live", .is_live = true, .exit_usec = 1500000 },
	{ "user", "slow" },
	{ "exists", .init_error = -EEXIST },
};

/** struct race - what the others do, then what insert_module() makes of it, 1 ms later */
struct race {
	const char *others; /* each of four processes */
	const char *module;
	struct {
		int result;
		bool was_loaded, has_lost_race;
		unsigned int n_inits;
	} want[2]; /* on each kernel */
};

static struct kernel_model *new_model(enum kernel_model_version version, const char *others)
{
	struct kernel_model *model = kernel_model_new(version);

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		assert_int_equal(kernel_model_add(model, &modules[i]), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(kernel_model_process(model, others), 0);
	return model;
}

static void check_race(const struct race *race, enum kernel_model_version version, const char *path)
{
	const struct events events = { 0 };
	struct insert_request request = { .name = race->module, .path = path, .params = "" };
	struct kernel_model *model = new_model(version, race->others);
	struct inserter *inserter;
	struct insert_report report;
	struct diag diag = { 0 };
	struct kernel kernel;
	int r;

	kernel_model_kernel(model, &kernel);
	kernel.wait(kernel.ctx, 1000);
	inserter = inserter_new(&kernel, &events);
	r = insert_module(inserter, &request, &report, &diag);
	assert_int_equal(r, race->want[version].result);
	if (r == 0) {
		assert_int_equal(kernel_model_state(model, race->module), MODULE_LIVE);
		assert_int_equal(report.was_loaded, race->want[version].was_loaded);
		assert_int_equal(report.has_lost_race, race->want[version].has_lost_race);
	}
	assert_int_equal(kernel_model_inits(model, race->module), race->want[version].n_inits);
	inserter_free(inserter);
	kernel_model_free(model);
}

static void test_races(void **state)
{
	static const struct race races[] = {
		/* Somebody else did it; on 6.12 the kernel does not tell them apart. */
		{ "+slow", "slow", { { 0, true, false, 1 }, { 0, false, false, 1 } } },
		{ "copy:slow", "slow", { { 0, true, false, 1 }, { 0, true, false, 1 } } },
		/* The error is the module's own on both kernels, at the price of one more init. */
		{ "+bad", "bad", { { -ENODEV, .n_inits = 2 }, { -ENODEV, .n_inits = 1 } } },
		{ "copy:bad", "bad", { { -ENODEV, .n_inits = 2 }, { -ENODEV, .n_inits = 2 } } },
		{ "copy:once_bad", "once_bad", { { 0, false, false, 2 }, { 0, false, false, 2 } } },
		/* It goes: wait, then load it. */
		{ "-live", "live", { { 0, false, true, 1 }, { 0, false, true, 1 } } },
		{ "", "live", { { 0, true, false, 0 }, { 0, true, false, 0 } } },
		{ "+slow", "user", { { 0, false, false, 1 }, { 0, false, false, 1 } } },
		{ "", "user", { { -ENOENT, .n_inits = 0 }, { -ENOENT, .n_inits = 0 } } },
		/* Its init says that it exists: it does not. */
		{ "", "exists", { { -EEXIST, .n_inits = 1 }, { -EEXIST, .n_inits = 1 } } },
	};
	char path[] = "/tmp/race-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0 && write(fd, "plain", 5) == 5);
	close(fd);
	for (size_t i = 0; i < sizeof(races) / sizeof(races[0]); i++) {
		print_message("# %s while %s\n", races[i].module, races[i].others);
		check_race(&races[i], KERNEL_MODEL_6_1, path);
		check_race(&races[i], KERNEL_MODEL_6_12, path);
	}
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_races) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
