/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Two modules exclude each other, and two processes want one each: a plan saw neither of them loaded.
 * So the last look is taken under a lock that both must have, a file for each pair:
 * DIR/A+B, names in the order of their bytes. The kernel gives it up when its process ends.
 */
#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"
#include "sys/kernel.h"

/* Made when it is not there. */
#define CONFLICT_DIR "/run/modsure/conflict"

/** struct conflict_guard - held while a module is inserted; all zero holds nothing */
struct conflict_guard {
	int *fds;
	uint32_t n;
};

/**
 * conflict_begin() - may @module be inserted now?
 * @dir: CONFLICT_DIR; NULL, or one that cannot be made: the look is taken without a lock
 * @conflicts: the modules that it must not meet
 * @wait_usec: longest wait for a process that inserts one of them, and for one that is being
 *             removed; then that one counts as there
 * @ret_other: with -EADDRINUSE: index of the one that is there
 *
 * Locks are taken in the order of their names, so that no two processes wait for each other's. A module
 * counts as there when its state is anything but absent; one that is being removed, when @wait_usec
 * is over.
 * Return: 0 go on, and conflict_end() afterwards; -EADDRINUSE it must not; -ENOMEM.
 */
int conflict_begin(struct conflict_guard *guard, const struct kernel *kernel, const char *dir,
		   const char *module, const struct plan_conflict *conflicts, uint32_t n,
		   int64_t wait_usec, uint32_t *ret_other);

/** conflict_end() - others may go on; all zero is fine */
void conflict_end(struct conflict_guard *guard);
