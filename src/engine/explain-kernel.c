/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What does the running kernel export? From files beside it, which may be of another build.
 */
#include <fcntl.h>
#include <stdio.h>

#include "engine/explain-internal.h"
#include "sys/sys.h"

/* The text that tells the builds of a kernel apart stands in the setup code of an image, at its start. */
#define IMAGE_START ((size_t)64 * 1024)

const char *explain_kernel_release(struct explaining *e)
{
	if (!e->has_asked_release &&
	    !explain_read_word(e, "proc/sys/kernel/osrelease", e->release, sizeof(e->release)))
		e->release[0] = '\0';
	e->has_asked_release = true;
	return e->release;
}

/* "#1 SMP PREEMPT_DYNAMIC Debian 6.12.117-1 (2026-11-14)": an image of the same release may be a later one. */
static bool is_image_of_this_build(struct explaining *e, const char *path)
{
	CLEANUP_BUF struct buf start = { 0 };
	char version[256];
	uint64_t size;
	bool is_same = false;
	int fd;

	if (!explain_read_word(e, "proc/sys/kernel/version", version, sizeof(version)) || !version[0])
		return false;
	fd = sys_open_regular(AT_FDCWD, path, &size);
	if (fd < 0)
		return false;
	size = size < IMAGE_START ? size : IMAGE_START;
	if (buf_reserve(&start, size) && sys_read_at(fd, start.base, size, 0) == 0)
		is_same = memmem(start.base, size, version, strlen(version)) != NULL;
	sys_close(fd);
	return is_same;
}

static bool put_module_dir(struct explaining *e, struct buf *path)
{
	if (!explain_kernel_release(e)[0])
		return false;
	buf_printf(path, "%s/lib/modules/%s", e->root, explain_kernel_release(e));
	return path->error == 0;
}

/* What comes with the kernel's headers. */
static void read_symvers(struct explaining *e)
{
	CLEANUP_BUF struct buf path = { 0 };
	const struct events quiet = { 0 };
	struct kernel_symbols_options options = { .is_optional = true };
	struct sys_entry entry;

	if (!put_module_dir(e, &path))
		return;
	buf_put_string(&path, "/build/Module.symvers");
	buf_put_u8(&path, 0);
	options.symvers = (const char *)path.base;
	if (path.error == 0 && sys_stat(AT_FDCWD, options.symvers, &entry) == 0 &&
	    kernel_symbols_find(&options, &quiet, &e->kernel_symbols) < 0)
		kernel_symbols_done(&e->kernel_symbols);
}

static void read_image(struct explaining *e)
{
	CLEANUP_BUF struct buf dir = { 0 };
	const struct events quiet = { 0 };
	struct kernel_symbols_options options = { .root = e->root, .version = explain_kernel_release(e) };
	const struct kernel_exports *x = &e->kernel_symbols.exports;

	if (!put_module_dir(e, &dir))
		return;
	buf_put_u8(&dir, 0);
	options.module_dir = (const char *)dir.base;
	/* Other sources have names alone, which /proc/kallsyms has as well. */
	if (dir.error < 0 || kernel_symbols_find(&options, &quiet, &e->kernel_symbols) < 0 ||
	    x->source != KERNEL_EXPORTS_IMAGE || !is_image_of_this_build(e, x->path))
		kernel_symbols_done(&e->kernel_symbols);
}

const struct kernel_exports *explain_kernel_exports(struct explaining *e, bool with_image)
{
	const struct kernel_exports *x = &e->kernel_symbols.exports;

	if (!e->has_asked_symvers)
		read_symvers(e);
	e->has_asked_symvers = true;
	if (x->source == KERNEL_EXPORTS_NONE && with_image && !e->has_asked_image) {
		kernel_symbols_done(&e->kernel_symbols);
		read_image(e);
		e->has_asked_image = true;
	}
	return x->source == KERNEL_EXPORTS_NONE ? NULL : x;
}
