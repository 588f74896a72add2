/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("exports into a namespace");

int ns_exp_fn(void);
int ns_exp_fn(void)
{
	return 1;
}
EXPORT_SYMBOL_NS_GPL(ns_exp_fn, MODSURE_TEST);
