/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "sys/standard.h"

void sys_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
}

int sys_open_dir(int dir_fd, const char *path)
{
	int fd = sys_move_up(openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));

	return fd < 0 ? -errno : fd;
}

/* A new folder is there after a power cut only if the one around it was synced. */
static int sync_parent(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *parent = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path))
							   : strdup(".");
	CLEANUP_FD int fd = -1;
	int r = -ENOMEM;

	if (parent)
		r = fd = sys_open_dir(AT_FDCWD, parent);
	free(parent);
	return r < 0 ? r : sys_sync(fd);
}

int sys_make_dirs(const char *path)
{
	char *copy = strdup(path);
	int r = 0;

	if (!copy)
		return -ENOMEM;
	for (char *p = copy + 1; *copy && r == 0; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) == 0)
			r = sync_parent(copy);
		else if (errno != EEXIST)
			r = -errno;
		*p = c;
		if (c == '\0')
			break;
	}
	free(copy);
	return r;
}

/* Neither waits for a FIFO's writer nor takes a terminal. */
static int open_for_read(int dir_fd, const char *path)
{
	int fd = sys_move_up(openat(dir_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));

	return fd < 0 ? -errno : fd;
}

int sys_open_regular(int dir_fd, const char *path, uint64_t *ret_size)
{
	CLEANUP_FD int fd = open_for_read(dir_fd, path);
	struct stat st;
	int r;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_size = (uint64_t)st.st_size;
	r = fd;
	fd = -1;
	return r;
}

int sys_read_at(int fd, void *to, size_t size, uint64_t off)
{
	uint8_t *p = to;

	while (size > 0) {
		ssize_t n = pread(fd, p, size, (off_t)off);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (n == 0)
			return -ENODATA;
		p += n;
		off += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* Room to ask for: one byte more than is there tells the end without a second read of full size. */
static size_t room_for(uint64_t left, const struct buf *out)
{
	size_t want = left < 4096 ? 4096 : left > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)left + 1;

	return out->max && want > out->max - out->size ? out->max - out->size : want;
}

int sys_read(int dir_fd, const char *path, enum sys_end end, struct buf *out)
{
	CLEANUP_FD int fd = -1;
	uint64_t size = 0, left;

	if (end == SYS_END_BY_SIZE)
		fd = sys_open_regular(dir_fd, path, &size);
	else
		fd = open_for_read(dir_fd, path);
	if (fd < 0)
		return fd;
	for (left = size;;) {
		size_t want = room_for(left, out);
		uint8_t *to;
		ssize_t n;

		if (want == 0)
			return -E2BIG;
		to = buf_reserve(out, want);
		if (!to)
			return out->error;
		n = read(fd, to, want);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		out->size += (size_t)n;
		if ((size_t)n < want && (end == SYS_END_BY_SHORT_READ || (size > 0 && left == (uint64_t)n)))
			return 0;
		left = left > (uint64_t)n ? left - (uint64_t)n : 0;
		if (end != SYS_END_BY_SIZE) /* fewer reads of larger parts */
			left = out->size;
	}
}

int sys_read_file(int dir_fd, const char *path, struct buf *out)
{
	return sys_read(dir_fd, path, SYS_END_BY_SIZE, out);
}

static int write_all(int fd, struct bytes content)
{
	while (content.size > 0) {
		ssize_t n = write(fd, content.base, content.size);

		if (n < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		content.base += n;
		content.size -= (size_t)n;
	}
	return 0;
}

int sys_create_file(int dir_fd, const char *name, struct bytes content, mode_t mode)
{
	int fd = sys_move_up(openat(
		dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
	int r;

	if (fd < 0)
		return -errno;
	/* The mode is part of what is promised, whatever the umask. */
	r = fchmod(fd, mode) < 0 ? -errno : 0;
	if (r == 0)
		r = write_all(fd, content);
	if (r == 0)
		return fd;
	(void)close(fd);
	(void)unlinkat(dir_fd, name, 0);
	return r;
}

int sys_write_to(int dir_fd, const char *path, struct bytes content)
{
	int fd = sys_move_up(openat(dir_fd, path, O_WRONLY | O_NOCTTY | O_CLOEXEC));
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, content);
	return close(fd) < 0 && r == 0 ? -errno : r;
}

int sys_finish_file(int fd)
{
	int r = fsync(fd) < 0 ? -errno : 0;

	return close(fd) < 0 && r == 0 ? -errno : r;
}

int sys_sync(int fd)
{
	if (fsync(fd) == 0 || errno == EINVAL || errno == EROFS)
		return 0;
	return -errno;
}

int sys_empty_file(int dir_fd, const char *name)
{
	CLEANUP_FD int fd =
		sys_move_up(openat(dir_fd, name, O_WRONLY | O_TRUNC | O_NOFOLLOW | O_CLOEXEC));

	return fd < 0 ? -errno : 0;
}

int sys_rename(int dir_fd, const char *from, const char *to)
{
	return renameat(dir_fd, from, dir_fd, to) < 0 ? -errno : 0;
}

int sys_unlink(int dir_fd, const char *name)
{
	return unlinkat(dir_fd, name, 0) < 0 ? -errno : 0;
}

int sys_open_lock(const char *path)
{
	int fd = sys_move_up(open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));

	return fd < 0 ? -errno : fd;
}

int sys_write_at(int fd, const void *from, size_t size, uint64_t off)
{
	const uint8_t *p = from;

	while (size > 0) {
		ssize_t n = pwrite(fd, p, size, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		off += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int lock(int fd, int how)
{
	if (flock(fd, how) == 0)
		return 0;
	if (errno == EWOULDBLOCK || errno == EINTR)
		return -errno;
	return -EOPNOTSUPP;
}

int sys_lock(int fd, bool wait)
{
	return lock(fd, LOCK_EX | (wait ? 0 : LOCK_NB));
}

int sys_lock_shared(int fd)
{
	return lock(fd, LOCK_SH | LOCK_NB);
}

static int64_t usec_of(const struct timespec *t)
{
	return (int64_t)t->tv_sec * 1000000 + t->tv_nsec / 1000;
}

bool sys_is_link_to(const char *path, const char *target)
{
	char text[256];
	ssize_t n = readlink(path, text, sizeof(text));

	return n >= 0 && (size_t)n == strlen(target) && memcmp(text, target, (size_t)n) == 0;
}

int sys_stat(int dir_fd, const char *path, struct sys_entry *ret_entry)
{
	struct stat st;

	if (fstatat(dir_fd, path, &st, 0) < 0)
		return -errno;
	*ret_entry = (struct sys_entry){
		.name = path,
		.size = (uint64_t)st.st_size,
		.mtime_usec = usec_of(&st.st_mtim),
		.dev = st.st_dev,
		.inode = st.st_ino,
		.is_dir = S_ISDIR(st.st_mode),
		.is_regular = S_ISREG(st.st_mode),
		.is_null = S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3),
	};
	return 0;
}

/* Not every file system says in a listing what an entry is. */
static bool is_link(int dir_fd, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type == DT_LNK;
	return fstatat(dir_fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);
}

int sys_list(int dir_fd, const char *path, bool (*want)(void *ctx, const char *name, bool may_be_dir),
	     int (*each)(void *ctx, int dir_fd, const struct sys_entry *entry), void *ctx)
{
	int fd = sys_open_dir(dir_fd, path);
	struct dirent *d;
	DIR *dir;
	int r = 0;

	if (fd < 0)
		return fd;
	dir = fdopendir(fd);
	if (!dir) {
		r = -errno;
		sys_close(fd);
		return r;
	}
	while (r == 0) {
		struct sys_entry entry;

		errno = 0;
		d = readdir(dir);
		if (!d) {
			r = -errno;
			break;
		}
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (want && !want(ctx, d->d_name, d->d_type != DT_REG))
			continue;
		r = sys_stat(fd, d->d_name, &entry);
		if (r == 0) {
			entry.is_link = entry.is_dir && is_link(fd, d);
			r = each(ctx, fd, &entry);
		} else if (r == -ENOENT || r == -ELOOP || r == -ENOTDIR || r == -EACCES) {
			r = 0;
		}
	}
	closedir(dir);
	return r;
}

int sys_list_names(int dir_fd, const char *path,
		   int (*each)(void *ctx, int dir_fd, const char *name, bool is_regular), void *ctx)
{
	CLEANUP_FD int fd = sys_open_dir(dir_fd, path);
	_Alignas(struct dirent64) char space[8192];
	ssize_t size;
	int r = 0;

	if (fd < 0)
		return fd;
	while (r == 0 && (size = getdents64(fd, space, sizeof(space))) != 0) {
		if (size < 0)
			return -errno;
		for (ssize_t at = 0; at < size && r == 0;) {
			const struct dirent64 *d = (const struct dirent64 *)(space + at);

			at += d->d_reclen;
			if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
				r = each(ctx, fd, d->d_name, d->d_type == DT_REG);
		}
	}
	return r;
}

unsigned int sys_cpus(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return (unsigned int)CPU_COUNT(&set);
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned int)n : 1;
}

int sys_release(char *ret_release, size_t size)
{
	struct utsname u;

	if (uname(&u) < 0)
		return -errno;
	if (strlen(u.release) >= size)
		return -ENAMETOOLONG;
	strcpy(ret_release, u.release);
	return 0;
}

int64_t sys_now_usec(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return usec_of(&t);
}
