/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Not loaded under this name: COPIES in tests/vm/testmodules.py gives each copy a name and tags of its own. Its init
 * returns what it is told to.
 */
#include <modsure/module.h>

MODULE_LICENSE("GPL");
MODULE_AUTHOR("modsure");
MODULE_DESCRIPTION("what copies with other names and tags are made of");
MODULE_ALIAS("modsure-room-for-an-alias");
MODULE_HARDDEP("modsure-room-for-several-names of-modules");
MODULE_CONFLICT("modsure-room-for-several-names of-modules");

static int error;
module_param(error, int, 0444);
MODULE_PARM_DESC(error, "errno that init returns, 0 for success");

static int __init mould_init(void)
{
	pr_info("%s: init\n", THIS_MODULE->name);
	return -error;
}

static void __exit mould_exit(void)
{
	pr_info("%s: exit\n", THIS_MODULE->name);
}

module_init(mould_init);
module_exit(mould_exit);
