/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The options that a kernel was built with: /boot/config-VERSION.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "bytes/bytes.h"

struct diag;

/* A kernel has some 15,000. */
#define KERNEL_CONFIG_MAX (1u << 18)

/** struct kernel_config_option - one that is set, or said not to be */
struct kernel_config_option {
	const char *name;  /* with its "CONFIG_" */
	const char *value; /* "y", "m", "n" (for "is not set"), a number; a string without its quotes */
	uint32_t order; /* in the file */
};

/** struct kernel_config - all zero is empty; kernel_config_done() in the end */
struct kernel_config {
	struct arena arena;
	struct kernel_config_option *items; /* sorted by name after kernel_config_read() */
	uint32_t n, capacity;
};

/**
 * kernel_config_read() - all options of a file; of one that stands there twice the last counts
 * @bad: told of each line that is no option and no comment; may be NULL
 * Return: 0; -EBADMSG not one option in it (diag of @ret_diag); -E2BIG; -ENOMEM.
 */
int kernel_config_read(struct kernel_config *config, struct bytes text,
		       void (*bad)(void *ctx, const struct diag *diag), void *ctx, struct diag *ret_diag);

/** kernel_config_get() - value of "CONFIG_..."; NULL: the file does not mention it. Logarithmic. */
const char *kernel_config_get(const struct kernel_config *config, const char *name);

/** kernel_config_is() - is it "y"? An option that depends on others that are off is not mentioned. */
bool kernel_config_is(const struct kernel_config *config, const char *name);

/** kernel_config_done() - free; NULL and all zero are fine */
void kernel_config_done(struct kernel_config *config);
