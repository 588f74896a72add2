/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * May this module be removed, and why did the kernel refuse it?
 */
#include <stdbool.h>

#include "bytes/buf.h"
#include "sys/kernel.h"

struct indexes;

/** struct remove_words - for a person; both end in a NUL, @why may be empty; all zero before use */
struct remove_words {
	struct buf what;
	struct buf why;
};

/**
 * remove_check() - what speaks against a removal, before it is tried
 * @indexes: of the running kernel, asked for built-in modules when @name is not loaded; may be NULL
 * @name:    module, folded
 * @force:   only what would bring the machine down counts: an enabled livepatch, whose code runs in
 *           place of the kernel's own
 * @ret_words: written unless 0 is returned
 *
 * Return: 0; -ENOENT not loaded, or built in; -EBUSY in use, being loaded, or a livepatch in use;
 * -ENOMEM; -errno of reading the state.
 */
int remove_check(const struct kernel *kernel, struct indexes *indexes, const char *name, bool force,
		 struct remove_words *ret_words);

/**
 * remove_explain() - after kernel->remove() failed with @error
 * @ret_words: what, the kernel's word for the error; why, what can be found out: who uses it, its
 *             state, a livepatch, kernel.modules_disabled, missing privilege. Only what is certain.
 * Return: 0; -ENOMEM.
 */
int remove_explain(const struct kernel *kernel, const char *name, int error,
		   struct remove_words *ret_words);

/** remove_words_done() - free; NULL is fine */
void remove_words_done(struct remove_words *words);
