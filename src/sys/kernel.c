/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/kernel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bytes/name.h"
#include "sys/process.h"
#include "sys/sys.h"

/* sysfs has no events for states; this is short beside any init, and long beside a look. */
#define WAIT_STEP_MAX_USEC 5000u

/* Attributes of a module are a word or a number. */
#define ATTRIBUTE_MAX ((size_t)64)

/* The C library has these two and declares neither. */
extern int init_module(void *image, unsigned long size, const char *params);
extern int delete_module(const char *name, unsigned int flags);

static int real_insert(void *ctx, const struct kernel_insert *insert)
{
	long r;

	(void)ctx;
	if (insert->fd >= 0)
		r = syscall(SYS_finit_module, insert->fd, insert->params, insert->flags);
	else if (insert->flags)
		return -EINVAL;
	else
		r = init_module((void *)insert->image.base, insert->image.size, insert->params);
	return r < 0 ? -errno : 0;
}

static int real_remove(void *ctx, const char *name, unsigned int flags)
{
	(void)ctx;
	return delete_module(name, flags) < 0 ? -errno : 0;
}

/* The root of this process needs no descriptor. */
static const char *prefix(const struct kernel_real *k)
{
	return k->root_fd == AT_FDCWD ? "/" : "";
}

/* A name with a '/' in it would lead out of sys/module. */
static bool is_name(const char *name)
{
	return name[0] != '\0' && strlen(name) <= MODULE_NAME_MAX && !strchr(name, '/') &&
	       strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

/*
 * One attribute of a module, without the newline.
 * Return: 0; -ENOENT no such attribute or no such module; -ENODEV it goes away at this moment.
 */
static int read_attribute(const struct kernel_real *k, const char *name, const char *attribute,
			  char to[ATTRIBUTE_MAX + 1])
{
	CLEANUP_BUF struct buf text = { .max = ATTRIBUTE_MAX };
	char path[MODULE_NAME_MAX + 32];
	int r;

	if (!is_name(name))
		return -EINVAL;
	snprintf(path, sizeof(path), "%ssys/module/%s/%s", prefix(k), name, attribute);
	r = sys_read_file(k->root_fd, path, &text);
	if (r < 0)
		return r == -ENOTDIR ? -ENOENT : r;
	if (text.size > 0 && text.base[text.size - 1] == '\n')
		text.size--;
	if (text.size > 0)
		memcpy(to, text.base, text.size);
	to[text.size] = '\0';
	return 0;
}

static bool is_known(const struct kernel_real *k, const char *name)
{
	char path[MODULE_NAME_MAX + 32];
	struct sys_entry entry;

	snprintf(path, sizeof(path), "%ssys/module/%s", prefix(k), name);
	return sys_stat(k->root_fd, path, &entry) == 0 && entry.is_dir;
}

static int real_state(void *ctx, const char *name, enum module_state *ret_state)
{
	static const enum module_state states[] = { MODULE_COMING, MODULE_LIVE, MODULE_GOING };
	const struct kernel_real *k = ctx;
	char word[ATTRIBUTE_MAX + 1];
	int r;

	if (!is_name(name))
		return -EINVAL;
	if (!is_known(k, name)) { /* what is asked for most is not there: one look is enough */
		*ret_state = MODULE_ABSENT;
		return 0;
	}
	r = read_attribute(k, name, "initstate", word);
	if (r == -ENOENT) {
		*ret_state = is_known(k, name) ? MODULE_NO_STATE : MODULE_ABSENT;
		return 0;
	}
	if (r == -ENODEV) { /* opened, and then taken down under us */
		*ret_state = MODULE_GOING;
		return 0;
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(word, module_state_name(states[i])) != 0)
			continue;
		*ret_state = states[i];
		return 0;
	}
	return -EBADMSG;
}

static int real_users(void *ctx, const char *name, long *ret_n_users)
{
	char text[ATTRIBUTE_MAX + 1], *end;
	long n;
	int r;

	r = read_attribute(ctx, name, "refcnt", text);
	if (r < 0)
		return r == -ENODEV ? -ENOENT : r;
	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end)
		return -EBADMSG;
	*ret_n_users = n > 0 ? n : 0; /* -1 while it goes */
	return 0;
}

static int real_holders(void *ctx, const char *name, struct buf *holders)
{
	const struct kernel_real *k = ctx;
	char path[MODULE_NAME_MAX + 32];
	const struct dirent *d;
	DIR *dir;
	int fd;

	if (!is_name(name))
		return -EINVAL;
	snprintf(path, sizeof(path), "%ssys/module/%s/holders", prefix(k), name);
	fd = sys_open_dir(k->root_fd, path);
	if (fd < 0)
		return fd == -ENOTDIR || fd == -ENODEV ? -ENOENT : fd;
	dir = fdopendir(fd);
	if (!dir) {
		sys_close(fd);
		return -ENOMEM;
	}
	for (errno = 0; (d = readdir(dir)); errno = 0)
		if (d->d_name[0] != '.')
			buf_put(holders, d->d_name, strlen(d->d_name) + 1);
	fd = -errno;
	closedir(dir);
	return fd < 0 ? fd : holders->error;
}

static int real_read(void *ctx, const char *path, struct buf *out)
{
	const struct kernel_real *k = ctx;

	enum sys_end end;
	char full[256];

	if (path[0] == '/' || strlen(path) + 2 > sizeof(full))
		return -EINVAL;
	snprintf(full, sizeof(full), "%s%s", prefix(k), path);
	/* Of those with one record only the first read gives anything. */
	end = strcmp(path, "proc/cmdline") == 0 ? SYS_END_BY_SHORT_READ : SYS_END_BY_SIZE;
	return sys_read(k->root_fd, full, end, out);
}

static int real_run(void *ctx, const struct kernel_command *command)
{
	const struct process_variable variables[] = {
		{ "MODPROBE_MODULE", command->module },
		{ "MODPROBE_OPTIONS", command->options },
		{ "CMDLINE_OPTS", command->params },
	};

	(void)ctx;
	return process_run_shell(command->command, variables,
				 sizeof(variables) / sizeof(variables[0]));
}

static void real_wait(void *ctx, uint32_t usec)
{
	struct timespec t = { 0 };

	(void)ctx;
	t.tv_nsec = (long)(usec < WAIT_STEP_MAX_USEC ? usec : WAIT_STEP_MAX_USEC) * 1000;
	(void)nanosleep(&t, NULL);
}

static int64_t real_now_usec(void *ctx)
{
	(void)ctx;
	return sys_now_usec();
}

int kernel_open(const char *root, struct kernel_real *real, struct kernel *ret_kernel)
{
	*real = (struct kernel_real){ AT_FDCWD };
	if (root[0])
		real->root_fd = sys_open_dir(AT_FDCWD, root);
	if (root[0] && real->root_fd < 0)
		return real->root_fd;
	*ret_kernel = (struct kernel){
		.ctx = real,
		.insert = real_insert,
		.remove = real_remove,
		.state = real_state,
		.users = real_users,
		.holders = real_holders,
		.read = real_read,
		.run = real_run,
		.wait = real_wait,
		.now_usec = real_now_usec,
	};
	return 0;
}

void kernel_close(struct kernel_real *real)
{
	sys_close(real->root_fd);
	*real = (struct kernel_real){ -1 };
}

const char *module_state_name(enum module_state state)
{
	switch (state) {
	case MODULE_ABSENT:
		return "absent";
	case MODULE_COMING:
		return "coming";
	case MODULE_LIVE:
		return "live";
	case MODULE_GOING:
		return "going";
	case MODULE_NO_STATE:
		break;
	}
	return "builtin";
}
