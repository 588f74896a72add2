/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Files that processes lock to keep out of each other's way. The kernel gives a lock up when its process
 * ends, however. Nobody depends on them: where there can be no such file, work goes on without.
 */
#include <stdint.h>

#include "sys/kernel.h"

/**
 * lock_file_open() - open DIR/NAME, made when it is not there, as is @dir
 * @dir: NULL for no such files
 * Return: descriptor, not locked; -ENOENT no @dir, or @name is no file's; -errno of open(2).
 */
int lock_file_open(const char *dir, const char *name);

/** enum lock_file_kind - beside whom? */
enum lock_file_kind {
	LOCK_FILE_ALONE,
	LOCK_FILE_SHARED, /* others that share it */
};

/**
 * lock_file_wait() - lock it, or wait for who has it
 * @deadline_usec: of @kernel's clock
 * Return: 0 locked, until it is closed; -ETIMEDOUT; -errno of flock(2).
 */
int lock_file_wait(int fd, const struct kernel *kernel, enum lock_file_kind kind,
		   int64_t deadline_usec);
