/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("uses a symbol that nothing exports");

int exported_by_nobody(void);

static int __init lost_init(void)
{
	return exported_by_nobody();
}

static void __exit lost_exit(void)
{
}

module_init(lost_init);
module_exit(lost_exit);
