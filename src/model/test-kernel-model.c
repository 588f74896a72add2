/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The model against what was measured on kernels 6.1.192 and 6.12.117: five calls at once for one
 * module whose init takes 1.5 s, and the cases around it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>

#include "model/kernel-model.h"

#define N_CALLS 5
#define INIT_USEC 1500000

static const struct kernel_model_module slow = { .name = "slow", .init_usec = INIT_USEC };
static const struct kernel_model_module bad = { .name = "bad", .init_usec = INIT_USEC,
						.init_error = -ENODEV };

static struct kernel_model *new_model(enum kernel_model_version version,
				      const struct kernel_model_module *module)
{
	struct kernel_model *m = kernel_model_new(version);

	assert_non_null(m);
	assert_int_equal(kernel_model_add(m, module), 0);
	return m;
}

/* Five processes with the same script: one of them gets @winner, the others @losers. */
static void check_five(enum kernel_model_version version, const struct kernel_model_module *module,
		       const char *script, int winner, int losers, unsigned int n_inits)
{
	for (uint32_t seed = 0; seed < 20; seed++) {
		struct kernel_model *m = new_model(version, module);
		struct kernel kernel;
		int n_winners = 0;

		kernel_model_kernel(m, &kernel);
		kernel_model_shuffle(m, seed);
		for (int i = 0; i < N_CALLS; i++)
			assert_int_equal(kernel_model_process(m, script), 0);
		kernel_model_settle(m);
		for (size_t i = 0; i < N_CALLS; i++) {
			int result = kernel_model_result(m, i);

			assert_true(result == winner || result == losers);
			n_winners += result == winner;
		}
		assert_int_equal(n_winners, winner == losers ? N_CALLS : 1);
		assert_int_equal(kernel_model_inits(m, module->name), n_inits);
		assert_int_equal(kernel.now_usec(kernel.ctx), INIT_USEC);
		assert_int_equal(kernel_model_state(m, module->name),
				 module->init_error ? MODULE_ABSENT : MODULE_LIVE);
		kernel_model_free(m);
	}
}

static void test_same_file(void **state)
{
	(void)state;
	check_five(KERNEL_MODEL_6_1, &slow, "+slow", 0, -EEXIST, 1);
	check_five(KERNEL_MODEL_6_12, &slow, "+slow", 0, 0, 1);
}

static void test_copies(void **state)
{
	(void)state;
	check_five(KERNEL_MODEL_6_1, &slow, "copy:slow", 0, -EEXIST, 1);
	check_five(KERNEL_MODEL_6_12, &slow, "copy:slow", 0, -EEXIST, 1);
}

static void test_same_file_that_fails(void **state)
{
	(void)state;
	check_five(KERNEL_MODEL_6_1, &bad, "+bad", -ENODEV, -EBUSY, 1);
	check_five(KERNEL_MODEL_6_12, &bad, "+bad", -ENODEV, -ENODEV, 1);
}

static void test_copies_that_fail(void **state)
{
	(void)state;
	check_five(KERNEL_MODEL_6_1, &bad, "copy:bad", -ENODEV, -EBUSY, 1);
	check_five(KERNEL_MODEL_6_12, &bad, "copy:bad", -ENODEV, -EBUSY, 1);
}

/* One call of the interface while another process is at work; @usec later. */
struct call {
	enum kernel_model_version version;
	const struct kernel_model_module *modules; /* up to one without a name */
	const char *process;
	uint32_t usec;
	struct kernel_model *model;
	struct kernel kernel;
};

static void set_up(struct call *c)
{
	c->model = kernel_model_new(c->version);
	for (const struct kernel_model_module *module = c->modules; module->name; module++)
		assert_int_equal(kernel_model_add(c->model, module), 0);
	assert_int_equal(kernel_model_process(c->model, c->process), 0);
	kernel_model_kernel(c->model, &c->kernel);
	if (c->usec)
		c->kernel.wait(c->kernel.ctx, c->usec);
}

static int insert(const struct call *c, const char *name, int fd)
{
	const struct kernel_insert insert = { .name = name, .fd = fd, .params = "" };

	return c->kernel.insert(c->kernel.ctx, &insert);
}

#define EACH_VERSION(v) (enum kernel_model_version v = KERNEL_MODEL_6_1; v <= KERNEL_MODEL_6_12; v++)

static void test_live_already(void **state)
{
	static const struct kernel_model_module modules[] = { { "a", .is_live = true }, { 0 } };

	(void)state;
	for EACH_VERSION (v) {
		struct call c = { v, modules, "" };

		set_up(&c);
		assert_int_equal(insert(&c, "a", 3), -EEXIST);
		assert_int_equal(insert(&c, "a", -1), -EEXIST);
		assert_true(c.kernel.now_usec(c.kernel.ctx) < 1000);
		kernel_model_free(c.model);
	}
}

/* A file of one's own is an attempt of one's own, whoever came first. */
static void test_copy_beside_file(void **state)
{
	static const struct kernel_model_module modules[] = { { "slow", .init_usec = INIT_USEC }, { 0 } };

	(void)state;
	for EACH_VERSION (v) {
		struct call copy_second = { v, modules, "+slow", 1000 };
		struct call copy_first = { v, modules, "copy:slow", 1000 };

		set_up(&copy_second);
		assert_int_equal(insert(&copy_second, "slow", -1), -EEXIST);
		kernel_model_free(copy_second.model);
		set_up(&copy_first);
		assert_int_equal(insert(&copy_first, "slow", 3), -EEXIST);
		kernel_model_free(copy_first.model);
	}
}

static void test_while_what_it_needs_comes(void **state)
{
	static const struct kernel_model_module modules[] = {
		{ "slow", .init_usec = INIT_USEC }, { "user", "slow" }, { 0 }
	};

	(void)state;
	for EACH_VERSION (v) {
		struct call c = { v, modules, "+slow", 1000 };

		set_up(&c);
		assert_int_equal(kernel_model_state(c.model, "slow"), MODULE_COMING);
		assert_int_equal(insert(&c, "user", 3), 0);
		assert_int_equal(c.kernel.now_usec(c.kernel.ctx), INIT_USEC);
		assert_int_equal(kernel_model_users(c.model, "slow"), 1);
		kernel_model_free(c.model);
	}
}

/* The kernel gives up after 30 s. */
static void test_what_it_needs_never_comes(void **state)
{
	static const struct kernel_model_module modules[] = {
		{ "slow", .init_usec = 100000000 }, { "user", "slow" },
		{ "bad", .init_usec = 1000, .init_error = -EIO }, { "other", "bad" }, { 0 }
	};
	struct call c = { KERNEL_MODEL_6_12, modules, "+slow", 1000 };

	(void)state;
	set_up(&c);
	assert_int_equal(insert(&c, "user", 3), -EBUSY);
	assert_in_range(c.kernel.now_usec(c.kernel.ctx), 30000000, 30010000);
	assert_int_equal(kernel_model_state(c.model, "user"), MODULE_ABSENT);
	assert_int_equal(insert(&c, "other", 3), -ENOENT);
	assert_int_equal(kernel_model_process(c.model, "+bad"), 0);
	assert_int_equal(insert(&c, "other", 3), -ENOENT);
	kernel_model_free(c.model);
}

static void test_insert_while_it_goes(void **state)
{
	static const struct kernel_model_module modules[] = {
		{ "a", .is_live = true, .exit_usec = INIT_USEC }, { "user", "a" }, { 0 }
	};

	(void)state;
	for EACH_VERSION (v) {
		struct call c = { v, modules, "-a", 1000 };

		set_up(&c);
		assert_int_equal(kernel_model_state(c.model, "a"), MODULE_GOING);
		assert_int_equal(insert(&c, "a", 3), -EBUSY);
		assert_int_equal(insert(&c, "user", 3), -ENOENT);
		assert_true(c.kernel.now_usec(c.kernel.ctx) < 2000);
		kernel_model_settle(c.model);
		assert_int_equal(insert(&c, "user", 3), -ENOENT);
		assert_int_equal(insert(&c, "a", 3), 0);
		kernel_model_free(c.model);
	}
}

static void test_remove(void **state)
{
	static const struct kernel_model_module modules[] = {
		{ "coming", .init_usec = INIT_USEC }, { "used", .is_live = true },
		{ "user", "used", .is_live = true }, { "held", .is_live = true, .n_users = 2 },
		{ "forever", .is_live = true, .is_permanent = true }, { "built", .is_builtin = true }, { 0 }
	};
	struct call c = { KERNEL_MODEL_6_12, modules, "+coming", 1000 };
	struct kernel *k = &c.kernel;

	(void)state;
	set_up(&c);
	assert_int_equal(k->remove(k->ctx, "coming", O_NONBLOCK), -EBUSY);
	assert_int_equal(k->remove(k->ctx, "nosuch", O_NONBLOCK), -ENOENT);
	assert_int_equal(k->remove(k->ctx, "built", O_NONBLOCK), -ENOENT);
	assert_int_equal(k->remove(k->ctx, "used", O_NONBLOCK), -EAGAIN);
	assert_int_equal(k->remove(k->ctx, "used", O_NONBLOCK | O_TRUNC), -EAGAIN);
	assert_int_equal(k->remove(k->ctx, "held", O_NONBLOCK), -EAGAIN);
	assert_int_equal(k->remove(k->ctx, "held", O_NONBLOCK | O_TRUNC), 0);
	assert_int_equal(k->remove(k->ctx, "forever", O_NONBLOCK), -EBUSY);
	assert_int_equal(k->remove(k->ctx, "user", O_NONBLOCK), 0);
	assert_int_equal(k->remove(k->ctx, "used", O_NONBLOCK), 0);
	assert_int_equal(k->remove(k->ctx, "used", O_NONBLOCK), -ENOENT);
	kernel_model_free(c.model);
}

static void test_look(void **state)
{
	static const struct kernel_model_module modules[] = {
		{ "a", .is_live = true, .n_users = 1 }, { "b", "a", .is_live = true },
		{ "c", "a b", .is_live = true },
		{ "new", .init_usec = 10000, .no_state_usec = 5000 }, { "built", .is_builtin = true }, { 0 }
	};
	struct call c = { KERNEL_MODEL_6_1, modules, "+new hold:c", 1000 };
	CLEANUP_BUF struct buf holders = { 0 };
	enum module_state is;
	long n;

	(void)state;
	set_up(&c);
	assert_int_equal(c.kernel.users(c.kernel.ctx, "a", &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(c.kernel.holders(c.kernel.ctx, "a", &holders), 0);
	assert_int_equal(holders.size, 4);
	assert_memory_equal(holders.base, "b\0c", 4);
	assert_int_equal(c.kernel.users(c.kernel.ctx, "built", &n), -ENOENT);
	assert_int_equal(c.kernel.state(c.kernel.ctx, "built", &is), 0);
	assert_int_equal(is, MODULE_NO_STATE);
	assert_int_equal(c.kernel.state(c.kernel.ctx, "nosuch", &is), 0);
	assert_int_equal(is, MODULE_ABSENT);
	assert_int_equal(c.kernel.state(c.kernel.ctx, "new", &is), 0);
	assert_int_equal(is, MODULE_NO_STATE);
	c.kernel.wait(c.kernel.ctx, 5000);
	assert_int_equal(c.kernel.state(c.kernel.ctx, "new", &is), 0);
	assert_int_equal(is, MODULE_COMING);
	assert_int_equal(c.kernel.users(c.kernel.ctx, "new", &n), 0);
	assert_int_equal(n, 1);
	kernel_model_settle(c.model);
	assert_int_equal(c.kernel.users(c.kernel.ctx, "c", &n), 0);
	assert_int_equal(n, 1);
	kernel_model_free(c.model);
}

static void test_commands(void **state)
{
	static const struct kernel_model_module modules[] = {
		{ "a" }, { "b", "a" }, { "slow", .init_usec = INIT_USEC }, { 0 }
	};
	static const struct {
		const char *command;
		int status;
	} cases[] = {
		{ "+b", 1 << 8 }, /* fails: a is not there */
		{ "+a +b +slow", 0 }, { "-a +slow", 1 << 8 }, { "exit:3 -b", 3 << 8 }, { "kill:9", 9 },
		{ "what", 127 << 8 }, { "", 0 }, { "-b hold:a -a", 1 << 8 }, { "drop:a -a", 0 },
	};
	struct call c = { KERNEL_MODEL_6_1, modules, "" };
	const struct kernel_model_call *calls;

	(void)state;
	set_up(&c);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct kernel_command command = { .command = cases[i].command, .module = "a" };

		assert_int_equal(c.kernel.run(c.kernel.ctx, &command), cases[i].status);
	}
	assert_true(c.kernel.now_usec(c.kernel.ctx) >= INIT_USEC);
	assert_int_equal(kernel_model_state(c.model, "slow"), MODULE_LIVE);
	assert_int_equal(kernel_model_state(c.model, "a"), MODULE_ABSENT);
	assert_int_equal(kernel_model_calls(c.model, &calls), 9);
	assert_int_equal(calls[3].kind, KERNEL_MODEL_RUN);
	assert_int_equal(calls[3].result, 3 << 8);
	assert_string_equal(calls[3].module, "a");
	kernel_model_free(c.model);
}

static void test_failures(void **state)
{
	static const struct kernel_model_module modules[] = {
		{ "file", .load_error = -ENOEXEC }, { "twice", .init_error = -EIO, .n_bad_inits = 2 },
		{ "exists", .init_error = -EEXIST }, { "built", .is_builtin = true }, { "on_built", "built" },
		{ 0 }
	};
	struct call c = { KERNEL_MODEL_6_12, modules, "" };

	(void)state;
	set_up(&c);
	assert_int_equal(insert(&c, "file", 3), -ENOEXEC);
	assert_int_equal(kernel_model_inits(c.model, "file"), 0);
	assert_int_equal(insert(&c, "twice", 3), -EIO);
	assert_int_equal(insert(&c, "twice", 3), -EIO);
	assert_int_equal(insert(&c, "twice", 3), 0);
	assert_int_equal(insert(&c, "exists", 3), -EEXIST);
	assert_int_equal(kernel_model_state(c.model, "exists"), MODULE_ABSENT);
	assert_int_equal(insert(&c, "built", 3), -ENOEXEC);
	assert_int_equal(insert(&c, "on_built", 3), 0);
	kernel_model_free(c.model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_file),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_same_file_that_fails),
		cmocka_unit_test(test_copies_that_fail),
		cmocka_unit_test(test_live_already),
		cmocka_unit_test(test_copy_beside_file),
		cmocka_unit_test(test_while_what_it_needs_comes),
		cmocka_unit_test(test_what_it_needs_never_comes),
		cmocka_unit_test(test_insert_while_it_goes),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_look),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
