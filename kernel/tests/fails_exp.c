/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("exports a symbol, and its init fails");

int fails_exp_fn(void);
int fails_exp_fn(void)
{
	return 1;
}
EXPORT_SYMBOL_GPL(fails_exp_fn);

static int __init fails_exp_init(void)
{
	return -EIO;
}

static void __exit fails_exp_exit(void)
{
}

module_init(fails_exp_init);
module_exit(fails_exp_exit);
