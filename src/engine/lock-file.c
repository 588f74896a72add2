/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/lock-file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bytes/name.h"
#include "engine/patience.h"
#include "sys/sys.h"

int lock_file_open(const char *dir, const char *name)
{
	char path[2 * MODULE_NAME_MAX + 64];
	int fd;

	if (!dir || strchr(name, '/') ||
	    snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return -ENOENT;
	fd = sys_open_lock(path);
	if (fd != -ENOENT || sys_make_dirs(dir) < 0)
		return fd;
	return sys_open_lock(path);
}

static int try_lock(int fd, enum lock_file_kind kind)
{
	return kind == LOCK_FILE_SHARED ? sys_lock_shared(fd) : sys_lock(fd, false);
}

int lock_file_wait(int fd, const struct kernel *kernel, enum lock_file_kind kind,
		   int64_t deadline_usec)
{
	struct patience patience = patience_until(kernel, deadline_usec);
	int r;

	while ((r = try_lock(fd, kind)) == -EWOULDBLOCK)
		if (!patience_wait(&patience))
			return -ETIMEDOUT;
	return r;
}
