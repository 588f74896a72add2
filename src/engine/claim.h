/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Several processes want the same module at once: one inserts it, the others wait, and all get one
 * answer. Where the kernel does not do that by itself (before 6.5; for copies of a file; for images), every
 * process would run the module's init again when it fails, and most would be told that it is busy.
 *
 * A claim is a locked file, DIR/NAME; the kernel gives it up when its process ends, however. What
 * stands in it is the last attempt: its request, when it ended, how. Nothing else depends on it: where there
 * can be no such file, insertions go on without.
 */
#include <stdint.h>

#include "sys/kernel.h"

/* Made when it is not there. */
#define CLAIM_DIR "/run/modsure/insert"

/** struct claim - an attempt to insert a module; claim_finish() or claim_drop() in the end */
struct claim {
	int fd;		  /* below 0: no claim */
	uint64_t request; /* hash of what is to be done */
};

/** enum claim_answer - who inserts it? */
enum claim_answer {
	CLAIM_OURS,	/* this process, or nobody can be kept from it */
	CLAIM_ANSWERED, /* another one did, since claim_take() began, with the same request */
};

/**
 * claim_take() - claim a module, or wait for who has it
 * @dir:     CLAIM_DIR; NULL for no claims
 * @request: hash of file, parameters and flags
 * @wait_usec: longest wait; afterwards the kernel has to sort it out
 * @ret_error: with CLAIM_ANSWERED what the other one was told: 0 or -errno
 * Return: an enum claim_answer.
 */
enum claim_answer claim_take(struct claim *claim, const struct kernel *kernel, const char *dir,
			     const char *module, uint64_t request, int64_t wait_usec, int *ret_error);

/** claim_finish() - after an attempt of ours: tell those who wait, and give it up. @error: 0 or -errno */
void claim_finish(struct claim *claim, const struct kernel *kernel, int error);

/** claim_drop() - give it up without an attempt: what stands there stays */
void claim_drop(struct claim *claim);
