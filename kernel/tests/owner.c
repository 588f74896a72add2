/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("wants a module before it that needs it");
MODULE_SOFTDEP("pre: owner_plugin");

int owner_fn(void);
int owner_fn(void)
{
	return 1;
}
EXPORT_SYMBOL_GPL(owner_fn);
