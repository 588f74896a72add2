/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/module.h>
#include <linux/notifier.h>

MODULE_LICENSE("GPL");
MODULE_AUTHOR("modsure");
MODULE_DESCRIPTION("logs when another module comes, is live, and goes");

static const char *state_name(unsigned long state)
{
	switch (state) {
	case MODULE_STATE_COMING:
		return "coming";
	case MODULE_STATE_LIVE:
		return "live";
	case MODULE_STATE_GOING:
		return "going";
	default:
		return "?";
	}
}

static int watch_event(struct notifier_block *block, unsigned long state, void *module)
{
	pr_info("watch: %s %s\n", ((struct module *)module)->name, state_name(state));
	return NOTIFY_DONE;
}

static struct notifier_block watch_block = { .notifier_call = watch_event };

static int __init watch_init(void)
{
	return register_module_notifier(&watch_block);
}

static void __exit watch_exit(void)
{
	unregister_module_notifier(&watch_block);
}

module_init(watch_init);
module_exit(watch_exit);
