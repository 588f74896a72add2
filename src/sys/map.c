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
	atomic_bool is_used;
	_Atomic uintptr_t base;
	_Atomic size_t size; /* 0: nothing is mapped */
	_Atomic int fd;	     /* of the file, +1; 0: none */
} slots[SYS_MAPS_MAX];

static atomic_bool is_guarded;

static bool is_mapped(uintptr_t address)
{
	for (unsigned int i = 0; i < SYS_MAPS_MAX; i++) {
		uintptr_t base = atomic_load(&slots[i].base);

		if (address >= base && address - base < atomic_load(&slots[i].size))
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

/*
 * A slot for a map, and rid of what it held before: unmapping and closing are left to the next one that
 * needs the slot, or to the end of the program, which most often comes first. Return: from 1; 0 all are
 * in use.
 */
static unsigned int take_slot(void)
{
	for (unsigned int i = 0; i < SYS_MAPS_MAX; i++) {
		if (atomic_exchange(&slots[i].is_used, true))
			continue;
		if (atomic_load(&slots[i].size) > 0)
			(void)munmap((void *)atomic_load(&slots[i].base), atomic_load(&slots[i].size));
		atomic_store(&slots[i].size, 0);
		sys_close(atomic_exchange(&slots[i].fd, 0) - 1);
		return i + 1;
	}
	return 0;
}

/* Return: whether @fd is mapped now, and the map's. */
static bool map(int fd, size_t size, struct sys_map *ret)
{
	unsigned int slot;
	void *base;

	slot = atomic_load(&is_guarded) && size > 0 ? take_slot() : 0;
	if (!slot)
		return false;
	base = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (base == MAP_FAILED) {
		atomic_store(&slots[slot - 1].is_used, false);
		return false;
	}
	atomic_store(&slots[slot - 1].base, (uintptr_t)base);
	atomic_store(&slots[slot - 1].size, size);
	atomic_store(&slots[slot - 1].fd, fd + 1);
	*ret = (struct sys_map){ .content = bytes_of(base, size), .slot = slot };
	return true;
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
	if (map(fd, (size_t)size, ret_map)) {
		fd = -1;
		return 0;
	}
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
	if (m->slot)
		atomic_store(&slots[m->slot - 1].is_used, false);
	*m = (struct sys_map){ 0 };
}
