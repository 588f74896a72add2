/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"
#include "service.h"

MODULE_DESCRIPTION("what weak_user asks the kernel for");

int weak_service(void)
{
	return 0;
}
EXPORT_SYMBOL_GPL(weak_service);
