/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("a livepatch: /proc/loadavg says so while it is enabled");

static int patched_show(struct seq_file *to, void *unused)
{
	seq_puts(to, "patched\n");
	return 0;
}

static struct klp_func patched[] = {
	{ .old_name = "loadavg_proc_show", .new_func = patched_show },
	{},
};

static struct klp_object kernel_itself[] = {
	{ .funcs = patched },
	{},
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = kernel_itself,
};

static int __init patch_init(void)
{
	return klp_enable_patch(&patch);
}

/* Called once it is disabled and no task runs its code. */
static void __exit patch_exit(void)
{
}

module_init(patch_init);
module_exit(patch_exit);
