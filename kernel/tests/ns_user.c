/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("uses a symbol of a namespace that it imports");
MODULE_IMPORT_NS(MODSURE_TEST);

int ns_exp_fn(void);
int ns_user_fn(void);
int ns_user_fn(void)
{
	return ns_exp_fn();
}
EXPORT_SYMBOL_GPL(ns_user_fn);
