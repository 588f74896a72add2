/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * --sysroot: a directory with a captured /proc, /sys and /lib/modules in place of the running
 * system's.
 */
#include <stdbool.h>

/**
 * sysroot_module_dir() - ROOT/lib/modules/RELEASE
 * @root: "" for the running system. The release of another one is what its
 *        proc/sys/kernel/osrelease says; without that file, it is the running kernel's.
 * @ret_dir: free()
 * Return: 0; -ENOMEM; -EBADMSG the file holds no name of a release; -errno of read(2).
 */
int sysroot_module_dir(const char *root, char **ret_dir);

/**
 * sysroot_is_running() - is @version the kernel that runs, or ran where @root was captured?
 * @root: NULL or "" for the running system; of another one only its proc/sys/kernel/osrelease tells
 */
bool sysroot_is_running(const char *root, const char *version);
