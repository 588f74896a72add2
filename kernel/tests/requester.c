/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/kmod.h>
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("asks the kernel for another module in its init");

static char *name = "requested";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "module or alias to ask for");

static int answer;
module_param(answer, int, 0444);
MODULE_PARM_DESC(answer, "what request_module() returned");

static int __init requester_init(void)
{
	answer = request_module("%s", name);
	return 0;
}

static void __exit requester_exit(void)
{
}

module_init(requester_init);
module_exit(requester_exit);
