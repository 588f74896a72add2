/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("uses a symbol of owner");

int owner_fn(void);
int owner_plugin_fn(void);
int owner_plugin_fn(void)
{
	return owner_fn();
}
EXPORT_SYMBOL_GPL(owner_plugin_fn);
