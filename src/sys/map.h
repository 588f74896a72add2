/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Files in memory without reading them: an index of a megabyte of which a request needs a dozen pages.
 *
 * A mapped file that somebody truncates gives SIGBUS. A program that may own the signal lets it be
 * handled here: what is gone reads as zeros then, which no format of ours takes for anything but damage.
 * A library may not; files are read there.
 */
#include <stdbool.h>

#include "bytes/buf.h"

/* As many as there are indexes, for a few kernels at once; more are read. */
#define SYS_MAPS_MAX 32u

/** struct sys_map - contents of a file; all zero is none */
struct sys_map {
	struct bytes content;
	struct buf copy;	/* where it was read */
	unsigned int slot;	/* where it is mapped: from 1 */
};

/**
 * sys_guard_maps() - from now on files may be mapped: for main() of a program, before other threads
 * Return: 0; -errno of sigaction(2): files are read.
 */
int sys_guard_maps(void);

/**
 * sys_map_file() - contents of a regular file
 * @max:     bytes
 * @ret_map: written only on success; sys_map_done() in the end
 * Return: 0; -E2BIG; -ENOMEM; as sys_open_regular(); -errno of read(2).
 */
int sys_map_file(int dir_fd, const char *path, uint64_t max, struct sys_map *ret_map);

/** sys_map_done() - free; NULL is fine */
void sys_map_done(struct sys_map *map);
