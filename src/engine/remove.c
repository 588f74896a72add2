/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/remove.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/proc-modules.h"
#include "engine/indexes.h"

/* Bit of CAP_SYS_MODULE. Source: capabilities(7). */
#define SYS_MODULE_BIT 16

#define SMALL_FILE_MAX ((size_t)64 * 1024)

/* A small file's text, with a NUL behind. */
static int read_text(const struct kernel *k, const char *path, struct buf *text)
{
	int r;

	text->max = SMALL_FILE_MAX;
	text->size = 0;
	r = k->read(k->ctx, path, text);
	if (r < 0)
		return r;
	buf_put_u8(text, 0);
	return text->error;
}

/* Users of a livepatch's code, which no reference tells. Return: false for any other module. */
static bool put_livepatch(const struct kernel *k, const char *name, struct buf *out)
{
	CLEANUP_BUF struct buf text = { 0 };
	char path[512];
	int r;

	/* The directory is there as long as any task may run the code. */
	snprintf(path, sizeof(path), "sys/kernel/livepatch/%s/enabled", name);
	r = read_text(k, path, &text);
	if (r == -ENOENT)
		return false;
	if (r < 0)
		buf_printf(out, "it is a livepatch, and whether it is enabled cannot be read: %s",
			   strerrordesc_np(-r));
	else if (text.base[0] == '0')
		buf_put_string(out, "it is a livepatch that is being disabled, and tasks still run "
				    "its code");
	else
		buf_printf(out, "it is an enabled livepatch, to be disabled first: "
				"echo 0 > /sys/kernel/livepatch/%s/enabled", name);
	return true;
}

static size_t put_names(struct buf *out, const struct buf *names)
{
	size_t n = 0;

	for (size_t off = 0; off < names->size; n++) {
		const char *name = (const char *)names->base + off;

		buf_put_u8(out, ' ');
		buf_put_string(out, name);
		off += strlen(name) + 1;
	}
	return n;
}

/* Who holds it, as far as that is known. Return: false when nobody does. */
static bool put_users(const struct kernel *k, const char *name, struct remove_words *words)
{
	CLEANUP_BUF struct buf holders = { 0 };
	long n_users = 0;
	size_t n;

	(void)k->holders(k->ctx, name, &holders);
	if (k->users(k->ctx, name, &n_users) < 0)
		n_users = 0;
	if (holders.size == 0 && n_users <= 0)
		return false;
	buf_printf(&words->what, "Module %s is in use", name);
	if (holders.size > 0)
		buf_put_string(&words->what, " by:");
	n = put_names(&words->what, &holders);
	if (!put_livepatch(k, name, &words->why) && n_users > (long)n)
		buf_printf(&words->why,
			   "%s%ld user%s no modules: a mounted file system, an open device, a network "
			   "interface, or the like",
			   n > 0 ? "besides, " : "", n_users - (long)n,
			   n_users - (long)n == 1 ? " that is" : "s that are");
	return true;
}

static bool is_builtin(struct indexes *indexes, const char *name)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };

	return indexes && indexes_find_name(indexes, name, &answer) == 0 &&
	       answer.source == LOOKUP_BUILTIN;
}

/* Without a state it is built in, or at the very beginning or end of its life. */
static bool is_loadable(const struct kernel *k, const char *name)
{
	CLEANUP_BUF struct buf holders = { 0 };

	return k->holders(k->ctx, name, &holders) == 0;
}

static int check_state(const struct kernel *k, struct indexes *indexes, const char *name,
		       struct buf *what)
{
	enum module_state state;
	int r;

	r = k->state(k->ctx, name, &state);
	if (r < 0) {
		buf_printf(what, "could not find out whether module %s is loaded: %s", name,
			   strerrordesc_np(-r));
		return r;
	}
	if (state == MODULE_NO_STATE && is_loadable(k, name))
		state = MODULE_COMING;
	switch (state) {
	case MODULE_LIVE:
		return 0;
	case MODULE_COMING:
		buf_printf(what, "Module %s is still being loaded", name);
		return -EBUSY;
	case MODULE_GOING:
		buf_printf(what, "Module %s is already being removed", name);
		return -EBUSY;
	case MODULE_ABSENT:
	case MODULE_NO_STATE:
		break;
	}
	buf_printf(what, state == MODULE_NO_STATE || is_builtin(indexes, name)
				 ? "Module %s is builtin."
				 : "Module %s is not currently loaded", name);
	return -ENOENT;
}

/* Ends both texts. */
static int finish(struct remove_words *words, int ret)
{
	buf_put_u8(&words->what, 0);
	buf_put_u8(&words->why, 0);
	return words->what.error ? words->what.error : words->why.error ? words->why.error : ret;
}

int remove_check(const struct kernel *kernel, struct indexes *indexes, const char *name, bool force,
		 struct remove_words *ret_words)
{
	int r;

	if (force) {
		if (!put_livepatch(kernel, name, &ret_words->why))
			return 0;
		buf_printf(&ret_words->what, "Module %s is not removed, by force even less: the "
					     "machine would not survive it", name);
		return finish(ret_words, -EBUSY);
	}
	r = check_state(kernel, indexes, name, &ret_words->what);
	if (r == 0 && put_users(kernel, name, ret_words))
		r = -EBUSY;
	return r < 0 ? finish(ret_words, r) : 0;
}

static bool is_permanent(const struct kernel *k, const char *name)
{
	CLEANUP_BUF struct buf text = { .max = PROC_MODULES_MAX };
	struct proc_modules list = { 0 };
	struct proc_module module;
	int r;

	if (k->read(k->ctx, "proc/modules", &text) < 0)
		return false;
	list.text = buf_bytes(&text);
	while ((r = proc_modules_next(&list, &module, NULL)) != 0)
		if (r > 0 && module.name.size == strlen(name) &&
		    memcmp(module.name.base, name, module.name.size) == 0)
			return module.is_permanent;
	return false;
}

static void put_busy(const struct kernel *k, const char *name, struct buf *why)
{
	enum module_state state;

	if (k->state(k->ctx, name, &state) < 0)
		return;
	if (state == MODULE_COMING)
		buf_put_string(why, "its init is still running");
	else if (state == MODULE_GOING)
		buf_put_string(why, "another process is removing it");
	else if (is_permanent(k, name))
		buf_put_string(why, "it has an init and no exit function, so it stays until the "
				    "next boot");
}

/* Capabilities count in the first user namespace alone, which maps every number to itself. */
static bool is_in_namespace(const struct kernel *k)
{
	CLEANUP_BUF struct buf text = { 0 };
	unsigned long inside, outside, n;

	return read_text(k, "proc/self/uid_map", &text) == 0 &&
	       sscanf((const char *)text.base, "%lu %lu %lu", &inside, &outside, &n) == 3 &&
	       !(inside == 0 && outside == 0 && n == UINT32_MAX);
}

static void put_privilege(const struct kernel *k, struct buf *why)
{
	CLEANUP_BUF struct buf text = { 0 };
	const char *value;
	uint64_t capabilities;

	if (read_text(k, "proc/sys/kernel/modules_disabled", &text) == 0 && text.base[0] == '1') {
		buf_put_string(why, "kernel.modules_disabled is 1: no module comes or goes until the "
				    "next boot");
		return;
	}
	if (read_text(k, "proc/self/status", &text) < 0)
		return;
	value = strstr((const char *)text.base, "\nCapEff:");
	if (!value || sscanf(value, "\nCapEff: %" SCNx64, &capabilities) != 1)
		return;
	if (!(capabilities >> SYS_MODULE_BIT & 1))
		buf_put_string(why, "this process has not the capability CAP_SYS_MODULE, as root has");
	else if (is_in_namespace(k))
		buf_put_string(why, "this process is root of a user namespace only");
}

/* EAGAIN: the kernel counted users after we had looked. */
static void put_late_users(const struct kernel *k, const char *name, struct buf *why)
{
	struct remove_words users = { 0 };

	if (put_users(k, name, &users) && finish(&users, 0) == 0) {
		buf_put_string(why, (const char *)users.what.base);
		if (((const char *)users.why.base)[0])
			buf_printf(why, "; %s", (const char *)users.why.base);
	}
	remove_words_done(&users);
}

int remove_explain(const struct kernel *kernel, const char *name, int error,
		   struct remove_words *ret_words)
{
	struct buf *why = &ret_words->why;

	buf_put_string(&ret_words->what, strerrordesc_np(-error));
	switch (-error) {
	case ENOENT:
		buf_put_string(why, "it is not loaded");
		break;
	case EAGAIN:
		put_late_users(kernel, name, why);
		break;
	case EBUSY:
		put_busy(kernel, name, why);
		break;
	case EPERM:
		put_privilege(kernel, why);
		break;
	case ENOSYS:
		buf_put_string(why, "this kernel was built without modules, or without their removal");
		break;
	}
	return finish(ret_words, 0);
}

void remove_words_done(struct remove_words *words)
{
	if (!words)
		return;
	buf_done(&words->what);
	buf_done(&words->why);
}
