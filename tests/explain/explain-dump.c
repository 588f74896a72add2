/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why did the kernel not take a module?
 *
 *   explain-dump ROOT VERSION NAME FILE KEY=VALUE...
 *
 * ROOT is a captured tree of the running system: ROOT/proc, ROOT/sys, ROOT/dev/kmsg and
 * ROOT/lib/modules/VERSION with its indexes; VERSION "-" goes without indexes. Keys: error (errno of
 * the insertion), state (enum module_state), params, vermagic and modversions (1: by force), started
 * and now (microseconds). Prints a line a reason; "(ambiguous)" behind them where they are candidates.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/explain.h"
#include "engine/indexes.h"
#include "sys/sys.h"

struct machine {
	int root_fd;
	int64_t now_usec;
};

static int read_file(void *ctx, const char *path, struct buf *out)
{
	return sys_read_file(((struct machine *)ctx)->root_fd, path, out);
}

static int64_t now_usec(void *ctx)
{
	return ((struct machine *)ctx)->now_usec;
}

static const char *option(char **argv, const char *key, const char *otherwise)
{
	size_t n = strlen(key);

	for (; *argv; argv++)
		if (strncmp(*argv, key, n) == 0 && (*argv)[n] == '=')
			return *argv + n + 1;
	return otherwise;
}

static int explain(char **argv, const struct kernel *kernel, struct indexes *indexes)
{
	const struct insert_request request = {
		.name = argv[3],
		.path = argv[4],
		.params = option(argv, "params", ""),
		.ignore_vermagic = atoi(option(argv, "vermagic", "0")),
		.ignore_modversions = atoi(option(argv, "modversions", "0")),
	};
	const struct insert_report report = {
		.started_usec = atoll(option(argv, "started", "0")),
		.has_called = true,
		.state = (enum module_state)atoi(option(argv, "state", "0")),
	};
	struct explanation explanation = { 0 };
	int r;

	r = explain_insert(kernel, indexes, &request, &report, -atoi(option(argv, "error", "0")),
			   argv[1], &explanation);
	for (size_t i = 0; i < explanation.n_lines; i++)
		puts(explanation.lines[i]);
	if (explanation.is_ambiguous)
		puts("(ambiguous)");
	explanation_done(&explanation);
	return r;
}

int main(int argc, char **argv)
{
	struct machine machine = { 0 };
	const struct kernel kernel = { .ctx = &machine, .read = read_file, .now_usec = now_usec };
	struct indexes indexes = { .dir_fd = -1 };
	CLEANUP_BUF struct buf dir = { 0 };
	bool has_indexes;
	int r;

	if (argc < 5)
		return 2;
	has_indexes = strcmp(argv[2], "-") != 0;
	machine.root_fd = sys_open_dir(AT_FDCWD, argv[1]);
	machine.now_usec = atoll(option(argv, "now", "0"));
	buf_printf(&dir, "%s/lib/modules/%s", argv[1], argv[2]);
	buf_put_u8(&dir, 0);
	if (machine.root_fd < 0 || (has_indexes && indexes_open(&indexes, (const char *)dir.base) < 0))
		return 2;
	r = explain(argv, &kernel, has_indexes ? &indexes : NULL);
	indexes_close(&indexes);
	sys_close(machine.root_fd);
	return r < 0;
}
