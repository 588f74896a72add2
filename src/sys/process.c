/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/process.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where the shell is by POSIX's own word; PATH is not asked, it may be a user's. */
#define SHELL "/bin/sh"

struct environment {
	char **all; /* borrowed strings, but for those in @own */
	char *own[PROCESS_VARIABLES_MAX];
};

static void environment_done(struct environment *e)
{
	for (unsigned int i = 0; i < PROCESS_VARIABLES_MAX; i++)
		free(e->own[i]);
	free(e->all);
}

static bool is_replaced(const char *entry, const struct process_variable *variables, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		size_t size = strlen(variables[i].name);

		if (variables[i].value && strncmp(entry, variables[i].name, size) == 0 &&
		    entry[size] == '=')
			return true;
	}
	return false;
}

static int environment_init(struct environment *e, const struct process_variable *variables,
			    unsigned int n)
{
	size_t n_all = 0, n_old = 0;

	while (environ && environ[n_old])
		n_old++;
	e->all = calloc(n_old + n + 1, sizeof(*e->all));
	if (!e->all)
		return -ENOMEM;
	for (size_t i = 0; i < n_old; i++)
		if (!is_replaced(environ[i], variables, n))
			e->all[n_all++] = environ[i];
	for (unsigned int i = 0; i < n; i++) {
		if (!variables[i].value)
			continue;
		if (asprintf(&e->own[i], "%s=%s", variables[i].name, variables[i].value) < 0) {
			e->own[i] = NULL;
			return -ENOMEM;
		}
		e->all[n_all++] = e->own[i];
	}
	return 0;
}

static int spawn_shell(const char *command, char **env, const sigset_t *mask, pid_t *ret_pid)
{
	char *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, (char[]){ "--" }, NULL, NULL };
	posix_spawnattr_t attr;
	char *copy = strdup(command);
	int r = copy ? posix_spawnattr_init(&attr) : ENOMEM;

	if (r) {
		free(copy);
		return -r;
	}
	argv[3] = copy;
	r = posix_spawnattr_setsigmask(&attr, mask);
	if (r == 0)
		r = posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	if (r == 0)
		r = posix_spawn(ret_pid, SHELL, NULL, &attr, argv, env);
	(void)posix_spawnattr_destroy(&attr);
	free(copy);
	return -r;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status;
}

/* Whoever started us may ignore SIGCHLD; the kernel then throws the status of our child away. */
static bool take_child_signal(struct sigaction *ret_old)
{
	struct sigaction plain = { .sa_handler = SIG_DFL };

	if (sigaction(SIGCHLD, NULL, ret_old) < 0)
		return false;
	if (ret_old->sa_handler != SIG_IGN && !(ret_old->sa_flags & SA_NOCLDWAIT))
		return false;
	return sigaction(SIGCHLD, &plain, NULL) == 0;
}

int process_run_shell(const char *command, const struct process_variable *variables,
		      unsigned int n_variables)
{
	struct environment env = { 0 };
	struct sigaction old_child;
	sigset_t held, old_mask;
	bool is_taken;
	pid_t pid;
	int r;

	if (n_variables > PROCESS_VARIABLES_MAX)
		return -E2BIG;
	r = environment_init(&env, variables, n_variables);
	if (r < 0)
		goto out;
	sigemptyset(&held);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGQUIT);
	r = -pthread_sigmask(SIG_BLOCK, &held, &old_mask);
	if (r < 0)
		goto out;
	is_taken = take_child_signal(&old_child);
	r = spawn_shell(command, env.all, &old_mask, &pid);
	if (r == 0)
		r = wait_for(pid);
	if (is_taken)
		(void)sigaction(SIGCHLD, &old_child, NULL);
	(void)pthread_sigmask(SIG_SETMASK, &old_mask, NULL);
out:
	environment_done(&env);
	return r;
}
