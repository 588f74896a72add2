/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * A module is to be inserted, and what it needs for no symbol must not go meanwhile; another one is to
 * be removed, and nobody must begin to need it meanwhile. The kernel knows nothing of hard dependencies,
 * so both sides take the last look under locks, a file a module: DIR/NAME. Those who insert share it, who
 * removes has it alone. Removals exclude each other besides: each may count on what the other takes.
 */
#include <stdint.h>

#include "sys/kernel.h"

/* Made when it is not there. */
#define NEED_DIR "/run/modsure/need"

/** struct need_guard - held while a module is inserted; all zero holds nothing */
struct need_guard {
	int *fds;
	uint32_t n;
};

/**
 * need_begin() - keep what a module needs from being removed while it is inserted
 * @dir:     NEED_DIR; NULL, or one that cannot be made: the look is taken without locks
 * @modules: that it has hard dependencies on; the same one may come twice
 * @wait_usec: longest wait for who removes one of them; then that one counts as gone
 * @ret_gone: with -ESTALE: index of one that is absent, or goes
 *
 * Return: 0 go on, and need_end() afterwards; -ESTALE; -ENOMEM.
 */
int need_begin(struct need_guard *guard, const struct kernel *kernel, const char *dir,
	       const char *const *modules, uint32_t n, int64_t wait_usec, uint32_t *ret_gone);

/** need_end() - others may go on; all zero is fine */
void need_end(struct need_guard *guard);

/** struct removal_guard - held while a module is removed */
struct removal_guard {
	int fd, removals_fd; /* below 0: none */
};

/**
 * removal_begin() - may a module be removed now?
 * @dir:  as above
 * @look: who needs the module by now? 0: nobody; below 0, it must not go. Asked when nothing can change
 *        any longer, and before each pause in a wait for that: who is being inserted may be seen already.
 * @wait_usec: longest wait; then the last look counts
 *
 * No lock is held while another one is waited for.
 * Return: 0, and removal_end() afterwards; what @look returned.
 */
int removal_begin(struct removal_guard *guard, const struct kernel *kernel, const char *dir,
		  const char *module, int64_t wait_usec, int (*look)(void *ctx, const char *module),
		  void *ctx);

/** removal_end() - others may go on */
void removal_end(struct removal_guard *guard);
