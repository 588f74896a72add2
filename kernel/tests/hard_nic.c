/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/module.h>
#include <linux/notifier.h>

MODULE_LICENSE("GPL");
MODULE_AUTHOR("modsure");
MODULE_DESCRIPTION("given to a network driver as its hard dependency; logs whether it is live when a module comes");

/* The kernel tells of a module that comes before it calls the module's init. */
static int hard_nic_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct module *module = data;

	if (event == MODULE_STATE_COMING && module != THIS_MODULE)
		pr_info("hard_nic: %s before %s\n", THIS_MODULE->state == MODULE_STATE_LIVE ? "live" : "not live",
			module->name);
	return NOTIFY_DONE;
}

static struct notifier_block hard_nic_block = { .notifier_call = hard_nic_event };

static int __init hard_nic_init(void)
{
	return register_module_notifier(&hard_nic_block);
}

static void __exit hard_nic_exit(void)
{
	unregister_module_notifier(&hard_nic_block);
}

module_init(hard_nic_init);
module_exit(hard_nic_exit);
