/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which command is meant? The name that the program is called by says it, or the first argument
 * behind "modsure" and "kmod".
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/log.h"
#include "cli/version.h"
#include "sys/map.h"
#include "sys/standard.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
	bool has_no_link; /* a word behind "kmod" or "modsure" only */
	bool is_verb;	  /* behind "modsure" only */
};

static const struct command commands[] = {
	{ "check", cmd_check, "find what is wrong with modules before they are booted", true, true },
	{ "depmod", cmd_depmod, "index the modules of a kernel", false },
	{ "graph", cmd_graph, "show what a module brings in, as a tree, DOT or JSON", true, true },
	{ "harddep", cmd_harddep, "list hard dependencies, complete an image, suggest more", true, true },
	{ "insmod", cmd_insmod, "insert one module file", false },
	{ "list", cmd_lsmod, "the same as lsmod", true },
	{ "lsmod", cmd_lsmod, "list the modules that are loaded", false },
	{ "modprobe", cmd_modprobe, "load and unload modules and what they need", false },
	{ "modinfo", cmd_modinfo, "show what module files say of themselves", false },
	{ "plan", cmd_plan, "show what loading or unloading would do, and why", true, true },
	{ "rmmod", cmd_rmmod, "remove modules", false },
	{ "static-nodes", cmd_static_nodes, "list device nodes that load their module", true },
	{ "why", cmd_why, "show how one module brings in another", true, true },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name, bool is_link)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0 && !(is_link && commands[i].has_no_link))
			return &commands[i];
	return NULL;
}

static bool is_known_to(const char *program, const struct command *command)
{
	return !command->is_verb || strcmp(program, "modsure") == 0;
}

static void print_help(const char *program)
{
	printf("Usage:\n"
	       "  %s [-h | -V] COMMAND [ARGUMENTS]\n"
	       "  COMMAND [ARGUMENTS], where COMMAND is a link to this program\n"
	       "Options:\n"
	       "  -V, --version             show the version and what is built in\n"
	       "  -h, --help                show this text\n"
	       "Commands:\n",
	       program);
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (is_known_to(program, &commands[i]))
			printf("  %-26s%s\n", commands[i].name, commands[i].help);
}

static int run_sub_command(const struct log *log, int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct command *command;

	if (!name) {
		log_message(log, LOG_ERR, "missing command, see --help");
		return EXIT_FAILURE;
	}
	if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		print_help(log->program);
		return EXIT_SUCCESS;
	}
	if (strcmp(name, "-V") == 0 || strcmp(name, "--version") == 0) {
		version_print();
		return EXIT_SUCCESS;
	}
	command = find_command(name, false);
	if (!command || !is_known_to(log->program, command)) {
		log_message(log, LOG_ERR, "'%s' is no command, see --help", name);
		return EXIT_FAILURE;
	}
	return command->run(argc - 1, argv + 1);
}

static int run(const struct log *log, int argc, char **argv)
{
	const struct command *command = find_command(log->program, true);

	if (command)
		return command->run(argc, argv);
	if (strcmp(log->program, "modsure") == 0 || strcmp(log->program, "kmod") == 0)
		return run_sub_command(log, argc, argv);
	log_message(log, LOG_ERR, "no command of this name; call modsure --help for a list");
	return EXIT_FAILURE;
}

/* Return: why output was lost; NULL: none was, and none is where standard output was never open. */
static const char *finish_stdout(void)
{
	errno = 0;
	if ((fflush(stdout) == 0 && !ferror(stdout)) || fcntl(STDOUT_FILENO, F_GETFD) < 0)
		return NULL;
	return errno ? strerror(errno) : "a write before failed";
}

int main(int argc, char **argv)
{
	struct log log;
	const char *lost;
	int status;

	sys_guard_standard();
	(void)sys_guard_maps();
	log_init(&log, argc > 0 ? argv[0] : "modsure");
	status = run(&log, argc, argv);
	lost = finish_stdout();
	if (lost) {
		log_message(&log, LOG_ERR, "cannot write to standard output: %s", lost);
		status = status > EXIT_FAILURE ? status : EXIT_FAILURE;
	}
	return status;
}
