/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("dep_c needs dep_b needs dep_a");

int dep_a_fn(int number);
int dep_a_fn(int number)
{
	return number + 1;
}
EXPORT_SYMBOL_GPL(dep_a_fn);
