/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the parts of apply share.
 */
#include "engine/apply.h"
#include "engine/need.h"

/** struct applying - one plan on its way */
struct applying {
	const struct plan *plan;
	const struct kernel *kernel;
	struct inserter *inserter;
	const struct apply_options *options;
	struct apply_result *results;
	uint8_t *is_doomed; /* steps that cannot succeed any longer */
	uint8_t *is_moot;   /* steps that nobody waits for any longer: another answer has succeeded */
	uint8_t *is_kept;   /* steps that are not undone */
};

/** apply_has_succeeded() - done, or so already */
bool apply_has_succeeded(const struct apply_result *result);

/**
 * apply_keep_needs() - what step @i, to be inserted, needs for no symbol is there, and stays till need_end()
 * Return: 0; below 0, and @result, the step's own, says why.
 */
int apply_keep_needs(struct applying *a, uint32_t i, struct need_guard *guard,
		     struct apply_result *result);

/**
 * apply_remove() - remove the module of step @i unless somebody has come to need it, or comes to
 * while it goes; nobody is asked where force was
 * Return: 0; -EBUSY and @result->needed; -errno of the kernel.
 */
int apply_remove(struct applying *a, uint32_t i, unsigned int flags, struct apply_result *result);
