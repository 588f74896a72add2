/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once
/*
 * A module that can be loaded and unloaded and does nothing else.
 */
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_AUTHOR("modsure");

static int __init leaf_init(void)
{
	pr_info("%s: init\n", KBUILD_MODNAME);
	return 0;
}

static void __exit leaf_exit(void)
{
	pr_info("%s: exit\n", KBUILD_MODNAME);
}

module_init(leaf_init);
module_exit(leaf_exit);
