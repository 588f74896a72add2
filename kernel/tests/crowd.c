/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/completion.h>
#include <linux/kmod.h>
#include <linux/kthread.h>
#include <linux/module.h>

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("asks the kernel for one module from many threads at once, and counts the answers");

static char *name = "requested";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "module or alias to ask for");

static int threads = 8;
module_param(threads, int, 0444);
MODULE_PARM_DESC(threads, "how many ask");

static int good;
module_param(good, int, 0444);
MODULE_PARM_DESC(good, "of these were told that it was loaded");

static int bad;
module_param(bad, int, 0444);
MODULE_PARM_DESC(bad, "of these were told that it was not");

static DECLARE_COMPLETION(start);
static DECLARE_COMPLETION(done);
static atomic_t n_good, n_bad, n_left;

static int ask(void *unused)
{
	wait_for_completion(&start);
	atomic_inc(request_module("%s", name) == 0 ? &n_good : &n_bad);
	if (atomic_dec_and_test(&n_left))
		complete(&done);
	return 0;
}

/* The one more that is counted is ours, so that nobody ends it before all have begun. */
static int __init crowd_init(void)
{
	atomic_set(&n_left, 1);
	for (int i = 0; i < threads; i++) {
		atomic_inc(&n_left);
		if (IS_ERR(kthread_run(ask, NULL, "crowd/%d", i)))
			atomic_dec(&n_left);
	}
	complete_all(&start);
	if (!atomic_dec_and_test(&n_left))
		wait_for_completion(&done);
	good = atomic_read(&n_good);
	bad = atomic_read(&n_bad);
	return 0;
}

static void __exit crowd_exit(void)
{
}

module_init(crowd_init);
module_exit(crowd_exit);
