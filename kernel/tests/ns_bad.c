/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("the tests take its import away: modpost would not let us build it so");
MODULE_IMPORT_NS(MODSURE_TEST);

int ns_exp_fn(void);
int ns_bad_fn(void);
int ns_bad_fn(void)
{
	return ns_exp_fn();
}
EXPORT_SYMBOL_GPL(ns_bad_fn);
