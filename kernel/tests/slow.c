/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/delay.h>
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("takes its time to come and to go");

static int ms = 700;
module_param(ms, int, 0444);
MODULE_PARM_DESC(ms, "milliseconds of init");

static int hold_init;
module_param(hold_init, int, 0644);
MODULE_PARM_DESC(hold_init, "init does not end before this is 0");

static int hold_exit;
module_param(hold_exit, int, 0644);
MODULE_PARM_DESC(hold_exit, "exit does not end before this is 0");

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
	while (READ_ONCE(hold_init))
		msleep(20);
	return 0;
}

static void __exit slow_exit(void)
{
	while (READ_ONCE(hold_exit))
		msleep(20);
}

module_init(slow_init);
module_exit(slow_exit);
