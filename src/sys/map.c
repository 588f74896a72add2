/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/map.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys/sys.h"

/* A signal comes without a context, so this is the one state that a whole program shares. */
static struct {
	_Atomic uintptr_t base; /* 0: free */
	_Atomic size_t size;
} slots[SYS_MAPS_MAX];

static atomic_bool is_guarded;

static bool is_mapped(uintptr_t address)
{
	for (unsigned int i = 0; i < SYS_MAPS_MAX; i++) {
		uintptr_t base = atomic_load(&slots[i].base);

		if (base && address >= base && address - base < atomic_load(&slots[i].size))
			return true;
	}
	return false;
}

/* Puts a page of zeros where the file has none any longer. Every other fault is what it was. */
static void handle(int signal, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr;
	long page = sysconf(_SC_PAGESIZE);
	int saved = errno;

	(void)context;
	if (info->si_code > 0 && is_mapped(address)) {
		void *at = (void *)(address & ~((uintptr_t)page - 1));

		if (mmap(at, (size_t)page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
		    MAP_FAILED) {
			errno = saved;
			return;
		}
	}
	(void)sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	(void)raise(signal);
}

int sys_guard_maps(void)
{
	struct sigaction action = { .sa_sigaction = handle, .sa_flags = SA_SIGINFO };

	if (sigaction(SIGBUS, &action, NULL) < 0)
		return -errno;
	atomic_store(&is_guarded, true);
	return 0;
}

/* Return: whether @fd is mapped now. */
static bool map(int fd, size_t size, struct sys_map *ret)
{
	uintptr_t expected = 0;
	void *base;

	if (!atomic_load(&is_guarded) || size == 0)
		return false;
	base = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (base == MAP_FAILED)
		return false;
	for (unsigned int i = 0; i < SYS_MAPS_MAX; i++, expected = 0) {
		if (!atomic_compare_exchange_strong(&slots[i].base, &expected, (uintptr_t)base))
			continue;
		atomic_store(&slots[i].size, size); /* 0 until then: nobody reads it before this returns */
		*ret = (struct sys_map){ .content = bytes_of(base, size), .slot = i + 1 };
		return true;
	}
	(void)munmap(base, size);
	return false;
}

int sys_map_file(int dir_fd, const char *path, uint64_t max, struct sys_map *ret_map)
{
	struct sys_map copy = { .copy.max = (size_t)max };
	CLEANUP_FD int fd = -1;
	uint64_t size;
	uint8_t *to;
	int r;

	fd = sys_open_regular(dir_fd, path, &size);
	if (fd < 0)
		return fd;
	if (size > max)
		return -E2BIG;
	if (map(fd, (size_t)size, ret_map))
		return 0;
	to = buf_reserve(&copy.copy, (size_t)size);
	if (!to)
		return copy.copy.error;
	r = sys_read_at(fd, to, (size_t)size, 0);
	if (r < 0) {
		buf_done(&copy.copy);
		return r == -ENODATA ? -EIO : r;
	}
	copy.copy.size = (size_t)size;
	copy.content = buf_bytes(&copy.copy);
	*ret_map = copy;
	return 0;
}

void sys_map_done(struct sys_map *m)
{
	if (!m)
		return;
	buf_done(&m->copy);
	if (m->slot) {
		atomic_store(&slots[m->slot - 1].size, 0);
		atomic_store(&slots[m->slot - 1].base, 0);
		(void)munmap((void *)m->content.base, m->content.size);
	}
	*m = (struct sys_map){ 0 };
}
