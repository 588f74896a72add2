/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/module.h>
#include "service.h"

MODULE_LICENSE("GPL");
MODULE_AUTHOR("modsure");
MODULE_DESCRIPTION("fails where nothing that answers to modsure-group is live");

static int __init group_user_init(void)
{
	if (!symbol_get(group_service))
		return -ENXIO;
	symbol_put(group_service);
	return 0;
}

static void __exit group_user_exit(void)
{
}

module_init(group_user_init);
module_exit(group_user_exit);
