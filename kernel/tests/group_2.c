/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"
#include "service.h"

MODULE_DESCRIPTION("one of two that answer to modsure-group: the one that works");
MODULE_ALIAS("modsure-group");

int group_service(void)
{
	return 0;
}
EXPORT_SYMBOL_GPL(group_service);
