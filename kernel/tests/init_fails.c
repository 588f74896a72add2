/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/delay.h>
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("its init returns an error, after a while");

static int error = 19; /* ENODEV */
module_param(error, int, 0444);
MODULE_PARM_DESC(error, "errno to return");

static int ms;
module_param(ms, int, 0444);
MODULE_PARM_DESC(ms, "milliseconds before init returns");

static int __init init_fails_init(void)
{
	pr_info("init_fails: init\n");
	msleep(ms);
	return -error;
}

static void __exit init_fails_exit(void)
{
}

module_init(init_fails_init);
module_exit(init_fails_exit);
