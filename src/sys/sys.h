/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * System calls, and nothing that decides: directories, whole files, locks. Retries EINTR.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bytes/buf.h"
#include "bytes/bytes.h"

/** sys_close() - close(2) that keeps errno; descriptors below 0 are fine */
void sys_close(int fd);

static inline void sys_close_cleanup(int *fd)
{
	sys_close(*fd);
}

#define CLEANUP_FD __attribute__((cleanup(sys_close_cleanup)))

/**
 * sys_open_dir() - a directory descriptor to read and to lock; @dir_fd may be AT_FDCWD
 * Return: descriptor; -errno of open(2).
 */
int sys_open_dir(int dir_fd, const char *path);

/**
 * sys_make_dirs() - create @path and its parents, mode 0755, written through to the disk
 * Return: 0; -errno of mkdir(2) or fsync(2).
 */
int sys_make_dirs(const char *path);

/**
 * sys_open_regular() - open a regular file to read, without waiting for FIFOs or devices
 * @ret_size: bytes
 * Return: descriptor; -EISDIR a directory; -EINVAL another kind of file; -errno of open(2).
 */
int sys_open_regular(int dir_fd, const char *path, uint64_t *ret_size);

/**
 * sys_read_at() - exactly @size bytes at @off
 * Return: 0; -ENODATA the file is shorter (by now); -errno of pread(2).
 */
int sys_read_at(int fd, void *to, size_t size, uint64_t off);

/** enum sys_end - how the end of a file is known */
enum sys_end {
	SYS_END_BY_SIZE,	/* it is regular, and has a size; or reads give nothing any more */
	SYS_END_BY_SHORT_READ,	/* the caller knows that a read that is not filled was the last one */
	SYS_END_BY_EMPTY_READ,	/* as files of /proc and /sys with more than one record */
};

/**
 * sys_read() - append a whole file to @out, up to its max
 * With SYS_END_BY_SIZE, what is not a regular file is refused.
 * Return: 0; -E2BIG; -ENOMEM; as sys_open_regular(); -errno of read(2).
 */
int sys_read(int dir_fd, const char *path, enum sys_end end, struct buf *out);

/** sys_read_file() - sys_read() of a regular file, or of one in /proc or /sys, by its size */
int sys_read_file(int dir_fd, const char *path, struct buf *out);

/**
 * sys_create_file() - a new file with these contents; not yet written through to the disk
 * Fails when the name exists. On an error nothing is left behind.
 * Return: descriptor, for sys_finish_file(); -errno of open(2) or write(2).
 */
int sys_create_file(int dir_fd, const char *name, struct bytes content, mode_t mode);

/**
 * sys_write_to() - all of @content to what is there already, as a device or a FIFO; that is not truncated
 * Return: 0; -errno of open(2), write(2) or close(2).
 */
int sys_write_to(int dir_fd, const char *path, struct bytes content);

/** sys_finish_file() - write through to the disk, and close. Return: 0; -errno of fsync(2), close(2). */
int sys_finish_file(int fd);

/** sys_sync() - fsync(2). Return: 0; -errno, but 0 where a directory cannot be synced. */
int sys_sync(int fd);

/** sys_empty_file() - truncate to 0 bytes. Return: 0; -errno of openat(2). */
int sys_empty_file(int dir_fd, const char *name);

/** sys_rename() - within one directory, replacing @to. Return: 0; -errno of renameat(2). */
int sys_rename(int dir_fd, const char *from, const char *to);

/** sys_unlink() - remove a file's name. Return: 0; -errno of unlinkat(2). */
int sys_unlink(int dir_fd, const char *name);

/**
 * sys_open_lock() - open a file to lock it, and to leave a few bytes for others; made when it is not there
 * Only its owner may read it; a symbolic link is refused.
 * Return: descriptor; -errno of open(2).
 */
int sys_open_lock(const char *path);

/** sys_write_at() - all of @size bytes at @off. Return: 0; -errno of pwrite(2). */
int sys_write_at(int fd, const void *from, size_t size, uint64_t off);

/** sys_lock_shared() - as sys_lock(), beside others of the kind, and without a wait */
int sys_lock_shared(int fd);

/**
 * sys_lock() - exclusive lock on an open directory or file, held until it is closed
 * @wait: wait for whoever holds it
 * Return: 0; -EWOULDBLOCK held and not @wait; -EINTR a signal came; -EOPNOTSUPP no locks there.
 */
int sys_lock(int fd, bool wait);

struct sys_entry {
	const char *name;
	uint64_t size;	     /* of a file, bytes */
	int64_t mtime_usec;  /* since the epoch */
	uint64_t dev, inode; /* of what a symbolic link leads to */
	bool is_dir;
	bool is_regular;
	bool is_link; /* the name itself, whatever it leads to; known by sys_list() only, of folders */
	bool is_null; /* /dev/null, by whatever path */
};

/**
 * sys_list() - call @each for the entries of a directory, symbolic links followed
 * "." and ".." are not among them; entries that vanish or dangle are passed over.
 * @want: NULL, or tells by name which entries are worth a stat
 * Return: 0; what @each returns when that is not 0; -errno of openat(2) or getdents(2).
 */
int sys_list(int dir_fd, const char *path, bool (*want)(void *ctx, const char *name, bool may_be_dir),
	     int (*each)(void *ctx, int dir_fd, const struct sys_entry *entry), void *ctx);

/**
 * sys_list_names() - call @each for the names in a directory, without a look at what they stand for
 * @is_regular: it is a regular file for certain; otherwise it may be one, or a link to one
 * Return: 0; what @each returns when that is not 0; -errno of openat(2) or getdents64(2).
 */
int sys_list_names(int dir_fd, const char *path,
		   int (*each)(void *ctx, int dir_fd, const char *name, bool is_regular), void *ctx);

/** sys_is_link_to() - is @path a symbolic link that holds exactly @target? */
bool sys_is_link_to(const char *path, const char *target);

/** sys_stat() - size and time of what @path leads to. Return: 0; -errno of fstatat(2). */
int sys_stat(int dir_fd, const char *path, struct sys_entry *ret_entry);

/** sys_cpus() - how many CPUs this process may use, at least 1 */
unsigned int sys_cpus(void);

/** sys_release() - uname(2) release. Return: 0; -ENAMETOOLONG. */
int sys_release(char *ret_release, size_t size);

/** sys_now_usec() - monotonic clock */
int64_t sys_now_usec(void);
