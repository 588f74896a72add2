/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("needs a module whose init fails, and one whose does not");

int dep_a_fn(int number);
int fails_exp_fn(void);
int needs_fails_fn(void);
int needs_fails_fn(void)
{
	return dep_a_fn(fails_exp_fn());
}
EXPORT_SYMBOL_GPL(needs_fails_fn);
