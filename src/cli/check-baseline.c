/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure check --baseline, --write-baseline: the file of findings that are accepted.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "cli/check.h"
#include "sys/path.h"
#include "sys/sys.h"

/* A line has some hundred bytes. */
#define FILE_MAX ((size_t)256 * 1024 * 1024)

static const char head[] = "# Findings of modsure check that are accepted: rule, module or file, what of it.\n"
			   "# modsure-check(8) tells what a line means; --write-baseline writes this file anew.\n";

static void report_bad(void *ctx, const struct diag *diag)
{
	const struct check_command *c = ctx;

	log_diag(&c->view.log, LOG_WARNING, c->baseline_path, -EBADMSG, diag);
}

int check_baseline_read(struct check_command *c)
{
	CLEANUP_BUF struct buf text = { .max = FILE_MAX };
	int r;

	if (!c->baseline_path)
		return 0;
	r = sys_read_file(AT_FDCWD, c->baseline_path, &text);
	if (r == 0)
		r = baseline_read(&c->baseline, buf_bytes(&text), report_bad, c);
	if (r < 0)
		log_diag(&c->view.log, LOG_ERR, c->baseline_path, r, NULL);
	return r;
}

/* Whole or not at all: what was accepted before must not be lost to a full disk. */
static int replace_file(const char *path, struct bytes text)
{
	CLEANUP_BUF struct buf other = { 0 };
	int fd;

	buf_printf(&other, "%s.modsure-new", path);
	buf_put_u8(&other, 0);
	if (other.error)
		return other.error;
	/* A file over a size limit is an error of write(2) like others. */
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)sys_unlink(AT_FDCWD, (const char *)other.base);
	fd = sys_create_file(AT_FDCWD, (const char *)other.base, text, 0644);
	if (fd >= 0)
		fd = sys_finish_file(fd);
	if (fd == 0)
		fd = sys_rename(AT_FDCWD, (const char *)other.base, path);
	if (fd < 0)
		(void)sys_unlink(AT_FDCWD, (const char *)other.base);
	return fd;
}

/* A link stays one, and no file takes the place of a device or a FIFO. */
static int write_file(const char *path, struct bytes text)
{
	struct sys_entry there;
	char *real;
	int r;

	r = sys_stat(AT_FDCWD, path, &there);
	if (r < 0)
		return replace_file(path, text);
	if (!there.is_regular)
		return sys_write_to(AT_FDCWD, path, text);
	r = sys_real_path(path, &real);
	if (r < 0)
		return r;
	r = replace_file(real, text);
	free(real);
	return r;
}

static int write_baseline(struct check_command *c)
{
	CLEANUP_BUF struct buf text = { 0 };
	int r;

	buf_put_string(&text, head);
	baseline_put(&c->result.check, &c->roots, &text);
	r = text.error;
	if (r == 0 && strcmp(c->write_path, "-") == 0)
		fwrite(text.base, 1, text.size, stdout); /* view_finish() sees what fails */
	else if (r == 0)
		r = write_file(c->write_path, buf_bytes(&text));
	if (r < 0)
		log_diag(&c->view.log, LOG_ERR, c->write_path, r, NULL);
	return r;
}

int check_baseline_use(struct check_command *c)
{
	struct check *check = &c->result.check;
	int r = 0;

	baseline_apply(&c->baseline, check, &c->roots);
	if (c->write_path)
		r = write_baseline(c);
	for (uint32_t i = 0; i < check->n_findings; i++) {
		check->findings[i].is_accepted |= r == 0 && c->write_path;
		c->n_accepted += check->findings[i].is_accepted;
	}
	return r;
}
