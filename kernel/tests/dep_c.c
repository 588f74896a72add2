/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/init.h>
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("dep_c needs dep_b needs dep_a");

int dep_b_fn(int number);

static int number = 1;
module_param(number, int, 0444);
MODULE_PARM_DESC(number, "what dep_b computes with");

static int result;
module_param(result, int, 0444);
MODULE_PARM_DESC(result, "set by init");

static int __init dep_c_init(void)
{
	result = dep_b_fn(number);
	return 0;
}

static void __exit dep_c_exit(void)
{
}

module_init(dep_c_init);
module_exit(dep_c_exit);
