/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("weakly uses a symbol that nothing exports, and imports a namespace that there is not");
MODULE_IMPORT_NS(MODSURE_NOWHERE);

int exported_by_nobody_either(void) __attribute__((weak));

static int __init hopes_init(void)
{
	return exported_by_nobody_either ? exported_by_nobody_either() : 0;
}

static void __exit hopes_exit(void)
{
}

module_init(hopes_init);
module_exit(hopes_exit);
