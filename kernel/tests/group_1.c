/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_AUTHOR("modsure");
MODULE_DESCRIPTION("one of two that answer to modsure-group: drives something that no machine has");
MODULE_ALIAS("modsure-group");

static int __init group_1_init(void)
{
	pr_info("group_1: not for this machine\n");
	return -ENODEV;
}

static void __exit group_1_exit(void)
{
}

module_init(group_1_init);
module_exit(group_1_exit);
