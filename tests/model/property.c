/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Draws worlds, lets the planner plan and the engine do it on a model of the kernel, and judges.
 *
 *     property [FIRST [COUNT]]     worlds FIRST, FIRST + 1, ...: the same world for the same number
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/describe.h"
#include "run.h"

#define COUNT 3000

static void print_result(const struct run *run)
{
	static const char *const words[] = { "not tried", "done", "not needed", "failed", "needs", "undone" };
	const struct draw_request *q = run->request;

	printf("# %s%s%s%s%s%s%s%s%s:", q->options.is_unload ? "unload" : "load",
	       q->options.ignore_loaded ? " ignore-loaded" : "",
	       q->options.ignore_commands ? " ignore-commands" : "",
	       q->options.use_blacklist ? " blacklist" : "", q->options.must_change ? " must-change" : "",
	       q->options.with_holders ? " holders" : "", q->all_or_nothing ? " all-or-nothing" : "",
	       q->dry_run ? " dry" : "", q->wait_usec ? " wait" : "");
	for (uint32_t g = 0; g < q->n_goals; g++)
		printf(" %s", q->goals[g]);
	printf("\n# live before:");
	for (uint32_t i = 0; i < run->draw->n_modules; i++)
		if (run->live_before & BIT(i))
			printf(" %s", run->draw->modules[i].name);
	printf("\n");
	for (uint32_t s = 0; s < run->plan->n_steps; s++) {
		const struct plan_step *step = &run->plan->steps[s];

		printf("#   %s %s (%s)%s: %s %d\n", plan_action_name(step->action), step->module,
		       plan_refusal_name(step->refusal), step->is_goal ? " goal" : "",
		       run->results ? words[run->results[s].status] : "-",
		       run->results ? run->results[s].error : 0);
	}
	printf("# live after:");
	for (uint32_t i = 0; i < run->draw->n_modules; i++)
		if (run->live_after & BIT(i))
			printf(" %s", run->draw->modules[i].name);
	printf("\n");
}

static bool report(struct run *run)
{
	if (!run->broken)
		return true;
	printf("not ok - world %llu: %s (%s)\n", (unsigned long long)run->draw->seed, run->broken,
	       run->broken_at);
	draw_print(run->draw);
	print_result(run);
	return false;
}

/* One request; @ret_removed: what it unloaded. */
static bool do_request(struct draw *d, const struct draw_request *request, struct kernel_model *model,
		       const char *directory, set *ret_removed)
{
	struct run run = { .draw = d, .request = request, .model = model, .directory = directory };
	struct run shuffled = run, reversed = run, fewer = run;
	bool holds;

	kernel_model_kernel(model, &run.inner);
	shuffled.inner = reversed.inner = fewer.inner = run.inner;
	run_plan(&run, RUN_AS_DRAWN);
	judge_plan(&run);
	if (d->n_processes == 0) { /* otherwise time passes, and others act */
		run_plan(&shuffled, RUN_RULES_SHUFFLED);
		judge_shuffled(&run, &shuffled);
		run_plan(&reversed, RUN_GOALS_REVERSED);
		judge_reversed(&run, &reversed);
		run_plan(&fewer, RUN_FIRST_GOAL);
		judge_fewer(&run, &fewer);
	}
	run_apply(&run);
	judge_result(&run);
	holds = report(&run);
	*ret_removed = run.live_before & ~run.live_after;
	run_done(&run);
	run_done(&shuffled);
	run_done(&reversed);
	run_done(&fewer);
	return holds;
}

/* What went can come back; the judge knows whether it has to. */
static bool load_again(struct draw *d, struct kernel_model *model, const char *directory, set removed)
{
	struct draw_request request = { 0 };

	for (uint32_t i = 0; i < d->n_modules && request.n_goals < DRAW_GOALS_MAX; i++)
		if (removed & BIT(i))
			strcpy(request.goals[request.n_goals++], d->modules[i].name);
	return do_request(d, &request, model, directory, &removed);
}

static bool do_world(uint64_t seed, const char *directory)
{
	struct kernel_model *model;
	struct draw d;
	bool holds = true;
	set removed;

	draw_world(&d, seed);
	model = draw_model(&d);
	for (uint32_t i = 0; i < d.n_requests && holds; i++) {
		holds = do_request(&d, &d.requests[i], model, directory, &removed);
		if (holds && removed && d.requests[i].options.is_unload)
			holds = load_again(&d, model, directory, removed);
	}
	kernel_model_settle(model);
	kernel_model_free(model);
	return holds;
}

/* A plain file for every name that can be drawn; the model goes by the name. */
static void for_each_file(const char *directory, bool is_made)
{
	char path[256];

	for (char a = 'a'; a < 'a' + 4; a++) {
		for (char b = 'a'; b <= 'z'; b++) {
			int fd;

			(void)snprintf(path, sizeof(path), "%s/m%c%c.ko", directory, a, b);
			if (!is_made) {
				(void)unlink(path);
				continue;
			}
			fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
			if (fd < 0 || write(fd, "plain", 5) != 5)
				abort();
			close(fd);
		}
	}
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 0) : COUNT, i = 0;
	char directory[128];
	bool holds = true;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)snprintf(directory, sizeof(directory), "%s/model-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	if (!mkdtemp(directory))
		return 2;
	for_each_file(directory, true);
	printf("1..1\n# worlds %llu to %llu\n", (unsigned long long)first, (unsigned long long)(first + n - 1));
	for (; i < n && holds; i++)
		holds = do_world(first + i, directory);
	if (holds)
		printf("ok - what always must hold\n");
	for_each_file(directory, false);
	(void)rmdir(directory);
	return !holds;
}
