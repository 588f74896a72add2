/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("can't be unloaded: it has an init and no exit");

static int __init no_exit_init(void)
{
	return 0;
}

module_init(no_exit_init);
