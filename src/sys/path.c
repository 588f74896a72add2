/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int sys_absolute_path(const char *path, char **ret_path)
{
	char *cwd, *joined;
	int n;

	if (path[0] == '/') {
		joined = strdup(path);
		n = joined ? 0 : -1;
	} else {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return -errno;
		n = asprintf(&joined, "%s/%s", cwd, path);
		free(cwd);
	}
	if (n < 0)
		return -ENOMEM;
	*ret_path = joined;
	return 0;
}

int sys_real_path(const char *path, char **ret_path)
{
	char *real = realpath(path, NULL);

	if (!real)
		return -errno;
	*ret_path = real;
	return 0;
}
