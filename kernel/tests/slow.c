/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/delay.h>
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("takes its time to come and to go");

static int ms = 700;
module_param(ms, int, 0444);
MODULE_PARM_DESC(ms, "milliseconds of init");

static int exit_ms;
module_param(exit_ms, int, 0444);
MODULE_PARM_DESC(exit_ms, "milliseconds of exit");

int slow_fn(void);
int slow_fn(void)
{
	return ms;
}
EXPORT_SYMBOL_GPL(slow_fn);

static int __init slow_init(void)
{
	pr_info("slow: init\n");
	msleep(ms);
	return 0;
}

static void __exit slow_exit(void)
{
	msleep(exit_ms);
}

module_init(slow_init);
module_exit(slow_exit);
