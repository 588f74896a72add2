/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: lookup-answers ROOT VERSION CONF < REQUESTS -- what modprobe finds under every line: a
 * line of the modules' names, or of the error's number, which is below 0.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/session.h"

static void print_answers(struct session *s, const char *request)
{
	struct plan_answer *answers = NULL;
	size_t n = 0;
	int r = session_lookup(s, request, &answers, &n);

	if (r < 0)
		printf("%d", r);
	for (size_t i = 0; i < n; i++)
		printf("%s%s", i > 0 ? " " : "", answers[i].module);
	putchar('\n');
	free(answers);
}

int main(int argc, char **argv)
{
	const struct session_options options = { .module_root = argv[1], .version = argv[2],
						 .conf_paths = (const char *const *)argv + 3, .n_conf_paths = 1 };
	struct session session;
	char line[8192];

	if (argc != 4 || session_open(&session, &options, NULL) < 0)
		return EXIT_FAILURE;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		print_answers(&session, line);
	}
	session_close(&session);
	return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
