/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kmod static-nodes: which device nodes are to be there before their modules are?
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "cli/commands.h"
#include "cli/log.h"
#include "cli/options.h"
#include "cli/sysroot.h"
#include "index/devname.h"
#include "sys/sys.h"

/* A line for each device driver; a larger file is something else. */
#define DEVNAME_FILE_MAX ((size_t)16 * 1024 * 1024)

typedef void (*put_node)(struct buf *out, const struct devname_node *node);

struct command {
	struct log log;
	const char *root, *output;
	put_node put;
};

#define TEXT(b) (int)(b).size, (const char *)(b).base

static void put_human(struct buf *out, const struct devname_node *n)
{
	buf_printf(out, "Module: %.*s\n\tDevice node: /dev/%.*s\n\t\tType: %s device\n", TEXT(n->module),
		   TEXT(n->name), n->type == 'c' ? "character" : "block");
	buf_printf(out, "\t\tMajor: %u\n\t\tMinor: %u\n", n->major, n->minor);
}

static void put_tmpfiles(struct buf *out, const struct devname_node *n)
{
	if (n->directory.size > 0)
		buf_printf(out, "d /dev/%.*s 0755 - - -\n", TEXT(n->directory));
	buf_printf(out, "%c! /dev/%.*s 0600 - - - %u:%u\n", n->type, TEXT(n->name), n->major,
		   n->minor);
}

static void put_devname(struct buf *out, const struct devname_node *n)
{
	buf_printf(out, "%.*s %.*s %c%u:%u\n", TEXT(n->module), TEXT(n->name), n->type, n->major,
		   n->minor);
}

static const struct {
	const char *name;
	put_node put;
} formats[] = {
	{ "human", put_human },
	{ "tmpfiles", put_tmpfiles },
	{ "devname", put_devname },
};

enum { OPTION_SYSROOT = 256 };

static const char *const usage[] = { "kmod static-nodes [OPTIONS]", NULL };

static const struct option_row rows[] = {
	{ 'f', "format", "FORMAT", "human (the default), tmpfiles or devname" },
	{ 'o', "output", "FILE", "write to FILE" },
	{ OPTION_SYSROOT, "sysroot", "DIR", "a captured system below DIR, not the running one" },
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

static int set_format(struct command *c, const char *name)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strcmp(formats[i].name, name) != 0)
			continue;
		c->put = formats[i].put;
		return 0;
	}
	log_message(&c->log, LOG_ERR, "Unknown format: '%s'; there are human, tmpfiles and devname.",
		    name);
	return -EINVAL;
}

static int apply(void *ctx, int id, const char *argument)
{
	struct command *c = ctx;

	switch (id) {
	case 'f':
		return set_format(c, argument);
	case 'o':
		c->output = argument;
		break;
	default:
		c->root = argument;
		break;
	}
	return 0;
}

/* All good lines of @text. Return: 0; -EBADMSG some are bad (reported); -ENOMEM. */
static int format_nodes(const struct command *c, const char *path, struct bytes text,
			struct buf *out)
{
	struct devname_list list = { .text = text };
	struct devname_node node;
	struct diag diag;
	int r, ret = 0;

	while ((r = devname_next(&list, &node, &diag)) != 0) {
		if (r < 0) {
			log_diag(&c->log, LOG_ERR, path, r, &diag);
			ret = r;
		} else {
			c->put(out, &node);
		}
	}
	return out->error ? out->error : ret;
}

/* In full or not at all: beside it, then in its place. */
static int replace_file(const char *path, struct bytes content)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char *directory = NULL, *staged = NULL;
	CLEANUP_FD int dir_fd = -1;
	int r = -ENOMEM, fd;

	directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!directory || asprintf(&staged, "%s.%ld~", name, (long)getpid()) < 0)
		goto out;
	r = name[0] ? sys_make_dirs(directory) : -EISDIR;
	if (r == 0)
		r = dir_fd = sys_open_dir(AT_FDCWD, directory);
	if (r < 0)
		goto out;
	(void)sys_unlink(dir_fd, staged); /* of one that was killed, long ago */
	r = fd = sys_create_file(dir_fd, staged, content, 0644);
	if (r >= 0)
		r = sys_finish_file(fd);
	if (r == 0)
		r = sys_rename(dir_fd, staged, name);
	if (r < 0 && fd >= 0)
		(void)sys_unlink(dir_fd, staged);
out:
	free(directory);
	free(staged);
	return r;
}

/* A device or pipe takes the text as it is, and stays what it is. */
static int write_through(const char *path, struct bytes content)
{
	FILE *file = fopen(path, "we");
	int r;

	if (!file)
		return -errno;
	r = content.size == 0 || fwrite(content.base, content.size, 1, file) == 1 ? 0 : -errno;
	return fclose(file) != 0 && r == 0 ? -errno : r;
}

/* "/dev/stdout" leads to a file whose name is not ours to replace. */
static bool is_special(const char *path)
{
	struct sys_entry entry;

	if (strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0)
		return true;
	return sys_stat(AT_FDCWD, path, &entry) == 0 && !entry.is_regular;
}

static int write_output(const struct command *c, struct bytes content)
{
	char *target = NULL;
	int r;

	if (!c->output) { /* main() sees errors of standard output */
		(void)fwrite(content.base, 1, content.size, stdout);
		return 0;
	}
	if (is_special(c->output)) {
		r = write_through(c->output, content);
	} else {
		target = realpath(c->output, NULL); /* a link to the file stays one */
		r = replace_file(target ? target : c->output, content);
	}
	free(target);
	if (r < 0)
		log_message(&c->log, LOG_ERR, "could not create %s: %s", c->output, strerror(-r));
	return r;
}

static int run(const struct command *c)
{
	CLEANUP_BUF struct buf text = { .max = DEVNAME_FILE_MAX }, out = { 0 };
	char *dir = NULL, *path = NULL;
	int r, written;

	r = sysroot_module_dir(c->root, &dir);
	if (r == 0 && asprintf(&path, "%s/modules.devname", dir) < 0)
		r = -ENOMEM;
	free(dir);
	if (r < 0) {
		log_message(&c->log, LOG_ERR, "no release of a kernel: %s", strerror(-r));
		return r;
	}
	r = sys_read_file(AT_FDCWD, path, &text);
	if (r == -ENOENT) {
		log_message(&c->log, LOG_WARNING, "%s not found - ignoring", path);
		r = 0;
	} else if (r < 0) {
		log_message(&c->log, LOG_ERR, "could not open %s: %s", path, strerror(-r));
	} else {
		r = format_nodes(c, path, buf_bytes(&text), &out);
		written = r == -ENOMEM ? r : write_output(c, buf_bytes(&out));
		r = r < 0 ? r : written;
	}
	free(path);
	return r;
}

int cmd_static_nodes(int argc, char **argv)
{
	struct command c = { .root = "", .put = put_human };
	int first;

	log_init(&c.log, argv[0]);
	first = options_parse(&table, argc, argv, apply, &c);
	if (first <= 0)
		return first < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (first < argc) {
		log_message(&c.log, LOG_ERR, "too many arguments, see --help");
		return EXIT_FAILURE;
	}
	return run(&c) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
