/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/remove.h"

#define FILES_MAX 8

/* A kernel with one module, "m", and the files that it is given. */
struct fixture {
	enum module_state state;
	long users; /* below 0: it has no such file */
	const char *holders; /* "a b " */
	bool has_holders;
	struct {
		const char *path, *text;
		int error;
	} files[FILES_MAX];
	struct kernel kernel;
	struct remove_words words;
};

static int get_state(void *ctx, const char *name, enum module_state *ret_state)
{
	const struct fixture *f = ctx;

	assert_string_equal(name, "m");
	*ret_state = f->state;
	return 0;
}

static int get_users(void *ctx, const char *name, long *ret_n_users)
{
	const struct fixture *f = ctx;

	(void)name;
	*ret_n_users = f->users;
	return f->users < 0 ? -ENOENT : 0;
}

static int get_holders(void *ctx, const char *name, struct buf *holders)
{
	const struct fixture *f = ctx;

	(void)name;
	if (!f->has_holders)
		return -ENOENT;
	for (const char *c = f->holders; *c; c++)
		buf_put_u8(holders, *c == ' ' ? 0 : (uint8_t)*c);
	return 0;
}

static int read_file(void *ctx, const char *path, struct buf *out)
{
	const struct fixture *f = ctx;

	for (size_t i = 0; i < FILES_MAX && f->files[i].path; i++) {
		if (strcmp(path, f->files[i].path) != 0)
			continue;
		if (f->files[i].text)
			buf_put_string(out, f->files[i].text);
		return f->files[i].error;
	}
	return -ENOENT;
}

static void put(struct fixture *f, const char *path, const char *text, int error)
{
	size_t i = 0;

	while (f->files[i].path && strcmp(f->files[i].path, path) != 0)
		i++;
	f->files[i].path = path;
	f->files[i].text = text;
	f->files[i].error = error;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->state = MODULE_LIVE;
	f->holders = "";
	f->has_holders = true;
	f->kernel = (struct kernel){ .ctx = f,
				     .state = get_state,
				     .users = get_users,
				     .holders = get_holders,
				     .read = read_file };
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	remove_words_done(&f->words);
	free(f);
	return 0;
}

static void assert_words(struct fixture *f, const char *what, const char *why)
{
	assert_string_equal((const char *)f->words.what.base, what);
	assert_string_equal((const char *)f->words.why.base, why);
	remove_words_done(&f->words);
}

static void assert_refused(struct fixture *f, int error, const char *what, const char *why)
{
	assert_int_equal(remove_check(&f->kernel, NULL, "m", false, &f->words), error);
	assert_words(f, what, why);
}

static void assert_why(struct fixture *f, int error, const char *why)
{
	assert_int_equal(remove_explain(&f->kernel, "m", error, &f->words), 0);
	assert_words(f, strerror(-error), why);
}

static void test_unused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(remove_check(&f->kernel, NULL, "m", false, &f->words), 0);
	f->users = -1; /* a kernel that counts no users */
	assert_int_equal(remove_check(&f->kernel, NULL, "m", false, &f->words), 0);
}

static void test_states(void **state)
{
	struct fixture *f = *state;

	f->state = MODULE_ABSENT;
	assert_refused(f, -ENOENT, "Module m is not currently loaded", "");
	f->state = MODULE_GOING;
	assert_refused(f, -EBUSY, "Module m is already being removed", "");
	f->state = MODULE_COMING;
	assert_refused(f, -EBUSY, "Module m is still being loaded", "");
	/* A built-in module has parameters, but nobody can hold it. */
	f->state = MODULE_NO_STATE;
	assert_refused(f, -EBUSY, "Module m is still being loaded", "");
	f->has_holders = false;
	assert_refused(f, -ENOENT, "Module m is builtin.", "");
}

static void test_users(void **state)
{
	struct fixture *f = *state;
	static const char kinds[] = "no modules: a mounted file system, an open device, a network "
				    "interface, or the like";
	char why[256];

	f->users = 2;
	f->holders = "b a ";
	assert_refused(f, -EBUSY, "Module m is in use by: b a", "");
	f->users = 3;
	snprintf(why, sizeof(why), "besides, 1 user that is %s", kinds);
	assert_refused(f, -EBUSY, "Module m is in use by: b a", why);
	f->holders = "";
	snprintf(why, sizeof(why), "3 users that are %s", kinds);
	assert_refused(f, -EBUSY, "Module m is in use", why);
	/* Force is about users. */
	assert_int_equal(remove_check(&f->kernel, NULL, "m", true, &f->words), 0);
}

static void test_livepatch(void **state)
{
	static const char what[] = "Module m is not removed, by force even less: the machine would not "
				   "survive it";
	struct fixture *f = *state;

	f->users = 1;
	put(f, "sys/kernel/livepatch/m/enabled", "1\n", 0);
	assert_refused(f, -EBUSY, "Module m is in use",
		       "it is an enabled livepatch, to be disabled first: "
		       "echo 0 > /sys/kernel/livepatch/m/enabled");
	assert_int_equal(remove_check(&f->kernel, NULL, "m", true, &f->words), -EBUSY);
	assert_words(f, what, "it is an enabled livepatch, to be disabled first: "
			      "echo 0 > /sys/kernel/livepatch/m/enabled");
	put(f, "sys/kernel/livepatch/m/enabled", "0\n", 0);
	assert_int_equal(remove_check(&f->kernel, NULL, "m", true, &f->words), -EBUSY);
	assert_words(f, what, "it is a livepatch that is being disabled, and tasks still run its code");
	put(f, "sys/kernel/livepatch/m/enabled", NULL, -EACCES);
	assert_int_equal(remove_check(&f->kernel, NULL, "m", true, &f->words), -EBUSY);
	assert_words(f, what, "it is a livepatch, and whether it is enabled cannot be read: "
			      "Permission denied");
}

static void test_why_not(void **state)
{
	struct fixture *f = *state;

	assert_why(f, -ENOENT, "it is not loaded");
	assert_why(f, -EAGAIN, "");
	f->users = 1;
	f->holders = "late ";
	assert_why(f, -EAGAIN, "Module m is in use by: late");
	assert_why(f, -EIO, "");
	assert_why(f, -ENOSYS, "this kernel was built without modules, or without their removal");
}

static void test_busy(void **state)
{
	struct fixture *f = *state;

	put(f, "proc/modules", "other 1 0 [permanent], Live 0x0\nm 1 0 - Live 0x0\n", 0);
	assert_why(f, -EBUSY, "");
	put(f, "proc/modules", "bad\nother 1 0 - Live 0x0\nm 1 0 [permanent], Live 0x0\n", 0);
	assert_why(f, -EBUSY, "it has an init and no exit function, so it stays until the next boot");
	f->state = MODULE_COMING;
	assert_why(f, -EBUSY, "its init is still running");
	f->state = MODULE_GOING;
	assert_why(f, -EBUSY, "another process is removing it");
}

static void test_privilege(void **state)
{
	struct fixture *f = *state;

	assert_why(f, -EPERM, "");
	put(f, "proc/self/status", "Name:\tx\nCapEff:\t000001fffffeffff\nSeccomp:\t0\n", 0);
	assert_why(f, -EPERM, "this process has not the capability CAP_SYS_MODULE, as root has");
	put(f, "proc/self/status", "Name:\tx\nCapEff:\t0000000000010000\n", 0);
	put(f, "proc/self/uid_map", "         0          0 4294967295\n", 0);
	assert_why(f, -EPERM, "");
	put(f, "proc/self/uid_map", "         0       1000          1\n", 0);
	assert_why(f, -EPERM, "this process is root of a user namespace only");
	put(f, "proc/sys/kernel/modules_disabled", "0\n", 0);
	assert_why(f, -EPERM, "this process is root of a user namespace only");
	put(f, "proc/sys/kernel/modules_disabled", "1\n", 0);
	assert_why(f, -EPERM, "kernel.modules_disabled is 1: no module comes or goes until the next boot");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_unused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_states, setup, teardown),
		cmocka_unit_test_setup_teardown(test_users, setup, teardown),
		cmocka_unit_test_setup_teardown(test_livepatch, setup, teardown),
		cmocka_unit_test_setup_teardown(test_why_not, setup, teardown),
		cmocka_unit_test_setup_teardown(test_busy, setup, teardown),
		cmocka_unit_test_setup_teardown(test_privilege, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
