/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/kmod.h>
#include <linux/module.h>
#include "service.h"

MODULE_LICENSE("GPL");
MODULE_AUTHOR("modsure");
MODULE_DESCRIPTION("asks the kernel for weak_service while it starts, and fails without: who makes an image must know");
MODULE_INFO(weakdep, "weak_service");

static int __init weak_user_init(void)
{
	request_module("weak_service");
	if (!symbol_get(weak_service))
		return -ENXIO;
	symbol_put(weak_service);
	return 0;
}

static void __exit weak_user_exit(void)
{
}

module_init(weak_user_init);
module_exit(weak_user_exit);
