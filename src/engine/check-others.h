/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The trees of other kernels beside the one that is checked: who exports a symbol there?
 */
#include <stdbool.h>
#include <stddef.h>

#include "check/check.h"
#include "engine/indexes.h"

/* Kernels that are asked; a machine keeps two or three. */
#define CHECK_OTHERS_MAX 8u

/** struct check_others - all zero and @module_dir is not opened yet; check_others_done() in the end */
struct check_others {
	const char *module_dir; /* BASE/lib/modules/VERSION of the one that is checked */
	bool is_open;
	struct check_other_tree trees[CHECK_OTHERS_MAX];
	struct indexes indexes[CHECK_OTHERS_MAX];
	size_t n;
};

/**
 * check_others_get() - for struct check_input; @ctx is the struct check_others
 * Opens modules.symbols.bin of the first CHECK_OTHERS_MAX other versions by name, at the first call.
 * What is not there or no use is passed over: it only helps to say more.
 */
const struct check_other_tree *check_others_get(void *ctx, size_t *ret_n);

/** check_others_done() - close; all zero is fine */
void check_others_done(struct check_others *others);
