/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the model remembers: modules, and processes with the call that each has under way.
 */
#include "model/kernel-model.h"

#define NOBODY UINT32_MAX

enum internal_state {
	IS_ABSENT,
	IS_UNFORMED, /* its name is taken; nobody sees it yet */
	IS_COMING,
	IS_LIVE,
	IS_GOING,
};

struct module {
	struct kernel_model_module is;
	char *name;
	uint32_t *needs;
	uint32_t n_needs;
	uint32_t n_taken; /* of @needs: references to the first so many */
	char *needs_text;
	char *exports_into, *imports; /* never NULL */
	enum internal_state state;
	int64_t shown_from_usec;
	long n_held;
	unsigned int n_inits;
};

enum phase {
	DONE,
	LOAD_START,
	LOAD_FOLLOW, /* an attempt with the same file is under way: @leader */
	LOAD_AWAIT,  /* an attempt with another file is under way */
	LOAD_RESOLVE,
	LOAD_INIT,
	UNLOAD_START,
	UNLOAD_EXIT,
	SLEEP,
};

struct process {
	char *script;
	const char *at;
	bool stops_at_errors;
	bool has_ended;
	int status; /* as waitpid(2) gives it */

	enum phase phase;
	uint32_t module;
	bool is_copy, is_forced;
	uint32_t leader;
	int64_t until_usec;
	int result;
};

struct kernel_model {
	enum kernel_model_version version;
	struct kernel_model_namespaces namespaces;
	unsigned int n_warnings;
	int64_t now_usec;
	uint32_t seed, n_turns;
	struct module *modules;
	uint32_t n_modules;
	struct process *processes; /* the first is the caller of the interface */
	uint32_t n_processes;
	struct kernel_model_call *calls;
	size_t n_calls;
	bool is_linked;
};

/** model_find() - number of the module called by the first @size bytes of @name; NOBODY */
uint32_t model_find(const struct kernel_model *m, const char *name, size_t size);

/** model_link() - names of what modules need become numbers; aborts on names that there are not */
void model_link(struct kernel_model *m);

/** model_uses() - does @user hold a reference to the module @used? */
bool model_uses(const struct module *user, uint32_t used);

/** model_count_users() - modules that do */
long model_count_users(const struct kernel_model *m, uint32_t used);

/** model_may_import() - what the import_ns= tags of @user lead to before its symbols are looked at: 0; -EPERM */
int model_may_import(const struct kernel_model *m, const struct module *user);

/** model_may_use() - may @user have a symbol of @used, by its namespace? Return: 0; 1 with a warning; -EINVAL. */
int model_may_use(const struct kernel_model *m, const struct module *user, const struct module *used);

/** model_start() - let a process, which is done, begin a call */
void model_start(struct process *p, enum phase phase, uint32_t module);

/** model_take_turns() - every process once. Return: whether one of them could go on. */
bool model_take_turns(struct kernel_model *m);

/** model_move_clock() - when nobody can go on now. Return: whether somebody can later. */
bool model_move_clock(struct kernel_model *m);

/** model_run_call() - until the caller's own call is over. Return: its result. */
int model_run_call(struct kernel_model *m);

/** model_pass_time() - the caller waits */
void model_pass_time(struct kernel_model *m, int64_t usec);
