/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("uses a symbol of dep_a; the tests change the version that it expects");

int dep_a_fn(int number);

static int __init bad_crc_init(void)
{
	return dep_a_fn(-1);
}

static void __exit bad_crc_exit(void)
{
}

module_init(bad_crc_init);
module_exit(bad_crc_exit);
