/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The interface of a kernel, answered by the model.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "model/kernel-model-internal.h"

/* What a call costs, so that others get their turn between two of them. */
#define CALL_USEC 50

static int note_call(struct kernel_model *m, enum kernel_model_call_kind kind, uint32_t module, int result)
{
	struct kernel_model_call *more = realloc(m->calls, (m->n_calls + 1) * sizeof(*more));

	if (!more)
		abort();
	m->calls = more;
	more[m->n_calls++] = (struct kernel_model_call){
		kind, module == NOBODY ? "" : m->modules[module].name, result
	};
	return result;
}

static int model_insert(void *ctx, const struct kernel_insert *insert)
{
	struct kernel_model *m = ctx;
	uint32_t module = model_find(m, insert->name, strlen(insert->name));

	if (module == NOBODY)
		return -EBADF; /* a question for the call itself, with a descriptor of nothing */
	model_pass_time(m, CALL_USEC);
	model_start(&m->processes[0], LOAD_START, module);
	m->processes[0].is_copy = insert->fd < 0;
	return note_call(m, KERNEL_MODEL_INSERT, module, model_run_call(m));
}

static int model_remove(void *ctx, const char *name, unsigned int flags)
{
	struct kernel_model *m = ctx;
	uint32_t module = model_find(m, name, strlen(name));

	model_pass_time(m, CALL_USEC);
	if (module == NOBODY)
		return note_call(m, KERNEL_MODEL_REMOVE, NOBODY, -ENOENT);
	model_start(&m->processes[0], UNLOAD_START, module);
	m->processes[0].is_forced = flags & O_TRUNC;
	return note_call(m, KERNEL_MODEL_REMOVE, module, model_run_call(m));
}

static int model_run(void *ctx, const struct kernel_command *command)
{
	struct kernel_model *m = ctx;
	uint32_t module = model_find(m, command->module, strlen(command->module));
	uint32_t child = m->n_processes;

	model_pass_time(m, CALL_USEC);
	if (kernel_model_process(m, command->command) < 0)
		return -ENOMEM;
	m->processes[child].stops_at_errors = true;
	while (!m->processes[child].has_ended)
		if (!model_take_turns(m) && !model_move_clock(m))
			abort();
	return note_call(m, KERNEL_MODEL_RUN, module, m->processes[child].status);
}

static enum module_state state_of(const struct kernel_model *m, const struct module *module)
{
	if (module->is.is_builtin)
		return MODULE_NO_STATE;
	switch (module->state) {
	case IS_COMING:
		return m->now_usec < module->shown_from_usec ? MODULE_NO_STATE : MODULE_COMING;
	case IS_LIVE:
		return MODULE_LIVE;
	case IS_GOING:
		return MODULE_GOING;
	default:
		return MODULE_ABSENT;
	}
}

enum module_state kernel_model_state(const struct kernel_model *m, const char *name)
{
	uint32_t i = model_find(m, name, strlen(name));

	return i == NOBODY ? MODULE_ABSENT : state_of(m, &m->modules[i]);
}

static int model_state(void *ctx, const char *name, enum module_state *ret_state)
{
	struct kernel_model *m = ctx;

	model_pass_time(m, CALL_USEC);
	*ret_state = kernel_model_state(m, name);
	return 0;
}

long kernel_model_users(const struct kernel_model *m, const char *name)
{
	uint32_t i = model_find(m, name, strlen(name));

	if (i == NOBODY)
		return 0;
	/* A module that comes is held by whoever loads it. */
	return model_count_users(m, i) + m->modules[i].n_held + (m->modules[i].state == IS_COMING);
}

static bool has_users_file(const struct kernel_model *m, const char *name)
{
	uint32_t i = model_find(m, name, strlen(name));

	return i != NOBODY && !m->modules[i].is.is_builtin && m->modules[i].state >= IS_COMING;
}

static int model_users(void *ctx, const char *name, long *ret_n_users)
{
	struct kernel_model *m = ctx;

	model_pass_time(m, CALL_USEC);
	if (!has_users_file(m, name))
		return -ENOENT;
	*ret_n_users = kernel_model_users(m, name);
	return 0;
}

static int model_holders(void *ctx, const char *name, struct buf *holders)
{
	struct kernel_model *m = ctx;
	uint32_t used;

	model_pass_time(m, CALL_USEC);
	if (!has_users_file(m, name))
		return -ENOENT;
	used = model_find(m, name, strlen(name));
	for (uint32_t i = 0; i < m->n_modules; i++)
		if (model_uses(&m->modules[i], used))
			buf_put(holders, m->modules[i].name, strlen(m->modules[i].name) + 1);
	return holders->error;
}

static int model_read(void *ctx, const char *path, struct buf *out)
{
	(void)path;
	(void)out;
	model_pass_time(ctx, CALL_USEC);
	return -ENOENT;
}

static void model_wait(void *ctx, uint32_t usec)
{
	model_pass_time(ctx, usec);
}

static int64_t model_now(void *ctx)
{
	const struct kernel_model *m = ctx;

	return m->now_usec;
}

void kernel_model_kernel(struct kernel_model *m, struct kernel *ret_kernel)
{
	model_link(m);
	*ret_kernel = (struct kernel){
		.ctx = m,
		.insert = model_insert,
		.remove = model_remove,
		.state = model_state,
		.users = model_users,
		.holders = model_holders,
		.read = model_read,
		.run = model_run,
		.wait = model_wait,
		.now_usec = model_now,
	};
}

unsigned int kernel_model_inits(const struct kernel_model *m, const char *name)
{
	uint32_t i = model_find(m, name, strlen(name));

	return i == NOBODY ? 0 : m->modules[i].n_inits;
}

size_t kernel_model_calls(const struct kernel_model *m, const struct kernel_model_call **ret_calls)
{
	*ret_calls = m->calls;
	return m->n_calls;
}

int kernel_model_result(const struct kernel_model *m, size_t i)
{
	return i + 1 < m->n_processes ? m->processes[i + 1].result : 0;
}
