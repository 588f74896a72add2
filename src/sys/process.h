/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Run a shell command and wait for it.
 */

/** struct process_variable - one of the child's environment; @value of NULL leaves it as it is */
struct process_variable {
	const char *name;
	const char *value;
};

/* More than the callers set. */
#define PROCESS_VARIABLES_MAX 4u

/**
 * process_run_shell() - `sh -c` and wait for its end
 * @command:   passed as it is, also when it begins with a '-'
 * @variables: at most PROCESS_VARIABLES_MAX; they take the place of what the environment says
 *
 * The child has this process's environment otherwise, its signal mask and dispositions, descriptors
 * 0 to 2. SIGINT and SIGQUIT that come to the calling thread meanwhile are delivered once the command
 * has ended: nobody is left behind half done, and its status is never lost.
 * Return: wait status as waitpid(2) gives it; -E2BIG; -ENOMEM; -errno of posix_spawn(3), waitpid(2).
 */
int process_run_shell(const char *command, const struct process_variable *variables,
		      unsigned int n_variables);
