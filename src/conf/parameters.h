/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Does the kernel take a value for a module's parameter? By the type that the module's parmtype tag
 * names; types that a module makes up itself are only known to itself.
 */
#include <stdbool.h>

#include "bytes/bytes.h"

/* The kernel takes no longer text for a parameter of type charp, bytes. */
#define PARAMETER_TEXT_MAX ((size_t)1024)

enum parameter_verdict {
	PARAMETER_TAKEN,
	PARAMETER_REFUSED,
	PARAMETER_UNKNOWN, /* nobody but the module can tell */
};

/** struct parameter_value - a value as it was given; @text has no NUL and no quotes around it */
struct parameter_value {
	struct bytes text;
	bool has_text; /* "name=text", not "name" alone */
};

/**
 * parameter_check() - does a parameter take this value?
 * @type:   "int", "bool", "array of charp"; what follows "NAME:" in a parmtype tag
 * @is_64:  the module has 64 bits: a long has as many
 * @ret_wants: what the type takes, in words ("a number from 0 to 255"); "" unless it is refused
 *
 * Where kernels differ, the one that takes most counts. How many elements an array has is not known.
 * Source: doc/formats/module.md, "Parameters".
 */
enum parameter_verdict parameter_check(const char *type, const struct parameter_value *value,
				       bool is_64, const char **ret_wants);

/** parameter_is_named() - is @key the parameter @name? '-' and '_' are the same in both */
bool parameter_is_named(struct bytes key, struct bytes name);
