/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/**
 * sys_absolute_path() - @path behind the current directory unless it is absolute
 * Nothing is resolved or shortened: "./x" becomes "/cwd/./x", as kmod's tools print it.
 * @ret_path: free()
 * Return: 0; -ENOMEM; -errno of getcwd(2).
 */
int sys_absolute_path(const char *path, char **ret_path);

/**
 * sys_real_path() - where @path leads in the end, without symbolic links
 * @ret_path: free()
 * Return: 0; -ENOMEM; -errno of realpath(3), as where nothing is there.
 */
int sys_real_path(const char *path, char **ret_path);
