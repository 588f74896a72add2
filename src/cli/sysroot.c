/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "config.h"
#include "sys/sys.h"

/* As long as uname(2) could tell it. */
#define RELEASE_MAX ((size_t)255)

/* The release is one name, which cannot lead to another directory. */
static int captured_release(const char *root, char to[RELEASE_MAX + 1])
{
	CLEANUP_BUF struct buf text = { .max = RELEASE_MAX };
	char *path;
	int r;

	if (asprintf(&path, "%s/proc/sys/kernel/osrelease", root) < 0)
		return -ENOMEM;
	r = sys_read_file(AT_FDCWD, path, &text);
	free(path);
	if (r < 0)
		return r == -E2BIG ? -EBADMSG : r;
	if (text.size > 0 && text.base[text.size - 1] == '\n')
		text.size--;
	if (text.size == 0 || text.base[0] == '.' || memchr(text.base, '/', text.size) ||
	    memchr(text.base, 0, text.size))
		return -EBADMSG;
	memcpy(to, text.base, text.size);
	to[text.size] = '\0';
	return 0;
}

int sysroot_module_dir(const char *root, char **ret_dir)
{
	char release[RELEASE_MAX + 1];
	int r = -ENOENT;

	if (root[0])
		r = captured_release(root, release);
	if (r == -ENOENT)
		r = sys_release(release, sizeof(release));
	if (r < 0)
		return r;
	return asprintf(ret_dir, "%s%s/%s", root, MODULE_DIRECTORY, release) < 0 ? -ENOMEM : 0;
}

bool sysroot_is_running(const char *root, const char *version)
{
	char release[RELEASE_MAX + 1];
	int r = root && root[0] ? captured_release(root, release) : sys_release(release, sizeof(release));

	return r == 0 && strcmp(release, version) == 0;
}
