/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("uses a symbol of slow");

int slow_fn(void);
int slow_user_fn(void);
int slow_user_fn(void)
{
	return slow_fn();
}
EXPORT_SYMBOL_GPL(slow_user_fn);
