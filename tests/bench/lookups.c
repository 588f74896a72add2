/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: lookups DIR VERSION < REQUESTS -- look up every line, in one process; print how many modules answered.
 * Built twice: on our session, and (BENCH_LIBKMOD) on libkmod, with the same shape.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef BENCH_LIBKMOD
#include <libkmod.h>

static struct kmod_ctx *ctx;

static int open_all(const char *root, const char *version)
{
	char dir[4096];

	snprintf(dir, sizeof(dir), "%s/lib/modules/%s", root, version);
	ctx = kmod_new(dir, NULL);
	return !ctx || kmod_load_resources(ctx) < 0 ? -1 : 0;
}

static unsigned long look_up(const char *request)
{
	struct kmod_list *list = NULL, *at;
	unsigned long n = 0;

	if (kmod_module_new_from_lookup(ctx, request, &list) < 0)
		return 0;
	kmod_list_foreach(at, list)
		n++;
	kmod_module_unref_list(list);
	return n;
}

static void close_all(void)
{
	kmod_unref(ctx);
}
#else
#include "engine/session.h"

static struct session session;

static int open_all(const char *root, const char *version)
{
	const struct session_options options = { .module_root = root, .version = version };

	return session_open(&session, &options, NULL);
}

static unsigned long look_up(const char *request)
{
	struct plan_answer *answers = NULL;
	size_t n = 0;

	(void)session_lookup(&session, request, &answers, &n);
	free(answers);
	return n;
}

static void close_all(void)
{
	session_close(&session);
}
#endif

int main(int argc, char **argv)
{
	unsigned long n_answers = 0, n = 0;
	char line[8192];

	if (argc != 3 || open_all(argv[1], argv[2]) < 0)
		return EXIT_FAILURE;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		n_answers += look_up(line);
		n++;
	}
	close_all();
	printf("%lu lookups, %lu answers\n", n, n_answers);
	return EXIT_SUCCESS;
}
