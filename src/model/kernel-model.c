/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every process has at most one call under way, which goes from phase to phase:
 *
 *     load    START -> (FOLLOW | AWAIT | RESOLVE -> INIT)     unload  START -> EXIT     sleep  SLEEP
 *
 * Whoever can go on goes on; when nobody can, the clock moves to where somebody can.
 */
#include "model/kernel-model-internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So long a module waits for another one whose symbols it uses. */
#define RESOLVE_USEC ((int64_t)30 * 1000 * 1000)

/* More is a mistake in the model or in a script. */
#define TURNS_MAX 10000000u

struct kernel_model *kernel_model_new(enum kernel_model_version version)
{
	struct kernel_model *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->version = version;
	if (kernel_model_process(m, "") < 0) {
		free(m);
		return NULL;
	}
	return m;
}

void kernel_model_free(struct kernel_model *m)
{
	if (!m)
		return;
	for (uint32_t i = 0; i < m->n_modules; i++) {
		free(m->modules[i].name);
		free(m->modules[i].needs);
		free(m->modules[i].needs_text);
		free(m->modules[i].exports_into);
		free(m->modules[i].imports);
	}
	for (uint32_t i = 0; i < m->n_processes; i++)
		free(m->processes[i].script);
	free(m->modules);
	free(m->processes);
	free(m->calls);
	free(m);
}

int kernel_model_add(struct kernel_model *m, const struct kernel_model_module *module)
{
	struct module *more = realloc(m->modules, (m->n_modules + 1) * sizeof(*more));
	struct module *new;

	if (!more)
		return -ENOMEM;
	m->modules = more;
	new = &more[m->n_modules++];
	*new = (struct module){ .is = *module,
				.name = strdup(module->name),
				.needs_text = strdup(module->needs ? module->needs : ""),
				.exports_into = strdup(module->exports_into ? module->exports_into : ""),
				.imports = strdup(module->imports ? module->imports : ""),
				.state = module->is_live ? IS_LIVE : IS_ABSENT,
				.n_held = module->is_live ? module->n_users : 0 };
	m->is_linked = false;
	return new->name && new->needs_text && new->exports_into && new->imports ? 0 : -ENOMEM;
}

int kernel_model_process(struct kernel_model *m, const char *script)
{
	struct process *more = realloc(m->processes, (m->n_processes + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	m->processes = more;
	more[m->n_processes] = (struct process){ .script = strdup(script) };
	more[m->n_processes].at = more[m->n_processes].script;
	if (!more[m->n_processes].script)
		return -ENOMEM;
	m->n_processes++;
	return 0;
}

void kernel_model_shuffle(struct kernel_model *m, uint32_t seed)
{
	m->seed = seed;
}

uint32_t model_find(const struct kernel_model *m, const char *name, size_t size)
{
	for (uint32_t i = 0; i < m->n_modules; i++)
		if (strlen(m->modules[i].name) == size && memcmp(m->modules[i].name, name, size) == 0)
			return i;
	return NOBODY;
}

static void link_module(struct kernel_model *m, struct module *module)
{
	const char *at = module->needs_text;

	free(module->needs);
	module->n_needs = 0;
	module->needs = calloc(strlen(at) / 2 + 1, sizeof(*module->needs));
	if (!module->needs)
		abort();
	while (*(at += strspn(at, " "))) {
		size_t size = strcspn(at, " ");
		uint32_t need = model_find(m, at, size);

		if (need == NOBODY)
			abort();
		module->needs[module->n_needs++] = need;
		at += size;
	}
	module->n_taken = module->state == IS_LIVE ? module->n_needs : 0;
}

/* Names become numbers once all are there. */
void model_link(struct kernel_model *m)
{
	for (uint32_t i = 0; i < m->n_modules && !m->is_linked; i++)
		link_module(m, &m->modules[i]);
	m->is_linked = true;
}

bool model_uses(const struct module *user, uint32_t used)
{
	for (uint32_t i = 0; i < user->n_taken; i++)
		if (user->needs[i] == used)
			return true;
	return false;
}

long model_count_users(const struct kernel_model *m, uint32_t used)
{
	long n = 0;

	for (uint32_t i = 0; i < m->n_modules; i++)
		n += model_uses(&m->modules[i], used);
	return n;
}

static void finish(struct kernel_model *m, uint32_t i, int result)
{
	struct process *p = &m->processes[i];

	p->phase = DONE;
	p->result = result;
	for (uint32_t other = 0; other < m->n_processes; other++)
		if (m->processes[other].phase == LOAD_FOLLOW && m->processes[other].leader == i) {
			m->processes[other].phase = DONE;
			m->processes[other].result = result;
		}
}

static void vanish(struct kernel_model *m, uint32_t i, int result)
{
	struct module *module = &m->modules[m->processes[i].module];

	module->state = IS_ABSENT;
	module->n_taken = 0;
	module->n_held = 0;
	finish(m, i, result);
}

/* Somebody who loads the same module from the same file. */
static uint32_t find_leader(const struct kernel_model *m, uint32_t i)
{
	const struct process *p = &m->processes[i];

	if (m->version < KERNEL_MODEL_6_12 || p->is_copy)
		return NOBODY;
	for (uint32_t other = 0; other < m->n_processes; other++) {
		const struct process *o = &m->processes[other];

		if (other != i && o->module == p->module && !o->is_copy &&
		    (o->phase == LOAD_AWAIT || o->phase == LOAD_RESOLVE || o->phase == LOAD_INIT))
			return other;
	}
	return NOBODY;
}

static bool load_start(struct kernel_model *m, uint32_t i)
{
	struct process *p = &m->processes[i];
	struct module *module = &m->modules[p->module];
	uint32_t leader = find_leader(m, i);

	if (leader != NOBODY) {
		p->phase = LOAD_FOLLOW;
		p->leader = leader;
	} else if (module->is.load_error) {
		finish(m, i, module->is.load_error);
	} else if (module->is.is_builtin) {
		finish(m, i, -ENOEXEC); /* its symbols are there already */
	} else if (module->state == IS_LIVE) {
		finish(m, i, -EEXIST);
	} else if (module->state != IS_ABSENT) {
		p->phase = LOAD_AWAIT;
	} else {
		module->state = IS_UNFORMED;
		p->phase = LOAD_RESOLVE;
		p->until_usec = m->now_usec + RESOLVE_USEC;
	}
	return true;
}

static bool load_await(struct kernel_model *m, uint32_t i)
{
	enum internal_state state = m->modules[m->processes[i].module].state;

	/* Nobody waits for one that goes. */
	if (state == IS_UNFORMED || state == IS_COMING)
		return false;
	finish(m, i, state == IS_LIVE ? -EEXIST : -EBUSY);
	return true;
}

static bool load_resolve(struct kernel_model *m, uint32_t i)
{
	struct process *p = &m->processes[i];
	struct module *module = &m->modules[p->module];
	int r = model_may_import(m, module);

	if (r < 0) {
		vanish(m, i, r);
		return true;
	}
	for (; module->n_taken < module->n_needs; module->n_taken++) {
		const struct module *need = &m->modules[module->needs[module->n_taken]];

		if (need->state == IS_LIVE || need->is.is_builtin) {
			r = model_may_use(m, module, need);
			m->n_warnings += r > 0;
			if (r >= 0)
				continue;
			vanish(m, i, r);
			return true;
		}
		if (need->state == IS_COMING && m->now_usec < p->until_usec)
			return false;
		vanish(m, i, need->state == IS_COMING ? -EBUSY : -ENOENT);
		return true;
	}
	module->state = IS_COMING;
	module->shown_from_usec = m->now_usec + module->is.no_state_usec;
	module->n_inits++;
	p->phase = LOAD_INIT;
	p->until_usec = m->now_usec + module->is.init_usec;
	return true;
}

static bool load_init(struct kernel_model *m, uint32_t i)
{
	struct module *module = &m->modules[m->processes[i].module];

	if (m->now_usec < m->processes[i].until_usec)
		return false;
	if (module->is.init_error &&
	    (module->is.n_bad_inits == 0 || module->n_inits <= module->is.n_bad_inits)) {
		vanish(m, i, module->is.init_error);
	} else {
		module->state = IS_LIVE;
		finish(m, i, 0);
	}
	return true;
}

static bool unload_start(struct kernel_model *m, uint32_t i)
{
	struct process *p = &m->processes[i];
	struct module *module = &m->modules[p->module];

	if (module->state == IS_ABSENT || module->state == IS_UNFORMED || module->is.is_builtin) {
		finish(m, i, -ENOENT);
	} else if (model_count_users(m, p->module) > 0) {
		finish(m, i, -EAGAIN);
	} else if (module->state != IS_LIVE || (module->is.is_permanent && !p->is_forced)) {
		finish(m, i, -EBUSY);
	} else if (module->n_held > 0 && !p->is_forced) {
		finish(m, i, -EAGAIN);
	} else {
		module->state = IS_GOING;
		p->phase = UNLOAD_EXIT;
		p->until_usec = m->now_usec + module->is.exit_usec;
	}
	return true;
}

/* One phase of the call that the process is in. Return: whether it went on. */
static bool go_on(struct kernel_model *m, uint32_t i)
{
	const struct process *p = &m->processes[i];

	switch (p->phase) {
	case LOAD_START:
		return load_start(m, i);
	case LOAD_AWAIT:
		return load_await(m, i);
	case LOAD_RESOLVE:
		return load_resolve(m, i);
	case LOAD_INIT:
		return load_init(m, i);
	case UNLOAD_START:
		return unload_start(m, i);
	case UNLOAD_EXIT:
		if (m->now_usec < p->until_usec)
			return false;
		vanish(m, i, 0);
		return true;
	case SLEEP:
		if (m->now_usec < p->until_usec)
			return false;
		finish(m, i, 0);
		return true;
	default:
		return false;
	}
}

void model_start(struct process *p, enum phase phase, uint32_t module)
{
	p->phase = phase;
	p->module = module;
	p->is_copy = p->is_forced = false;
}

static void end(struct process *p, int status)
{
	p->has_ended = true;
	p->status = status;
}

static bool is_word(const char *word, size_t size, const char *start, const char **ret_rest,
		    size_t *ret_size)
{
	size_t n = strlen(start);

	*ret_rest = word + n;
	*ret_size = size - n;
	return size > n && memcmp(word, start, n) == 0;
}

static void hold(struct kernel_model *m, struct process *p, uint32_t module, long by)
{
	bool is_possible = m->modules[module].state == IS_LIVE && m->modules[module].n_held + by >= 0;

	p->result = is_possible ? 0 : -ENODEV;
	if (is_possible)
		m->modules[module].n_held += by;
}

/* Does what the next word of a script says, or starts it. */
static void begin_word(struct kernel_model *m, struct process *p, const char *word, size_t size)
{
	const char *rest;
	size_t n;

	if (is_word(word, size, "exit:", &rest, &n)) {
		end(p, atoi(rest) << 8);
	} else if (is_word(word, size, "kill:", &rest, &n)) {
		end(p, atoi(rest));
	} else if (is_word(word, size, "sleep:", &rest, &n)) {
		model_start(p, SLEEP, NOBODY);
		p->until_usec = m->now_usec + atoll(rest);
	} else if (is_word(word, size, "copy:", &rest, &n) && model_find(m, rest, n) != NOBODY) {
		model_start(p, LOAD_START, model_find(m, rest, n));
		p->is_copy = true;
	} else if (is_word(word, size, "+", &rest, &n) && model_find(m, rest, n) != NOBODY) {
		model_start(p, LOAD_START, model_find(m, rest, n));
	} else if (is_word(word, size, "-", &rest, &n) && model_find(m, rest, n) != NOBODY) {
		model_start(p, UNLOAD_START, model_find(m, rest, n));
	} else if (is_word(word, size, "hold:", &rest, &n) && model_find(m, rest, n) != NOBODY) {
		hold(m, p, model_find(m, rest, n), 1);
	} else if (is_word(word, size, "drop:", &rest, &n) && model_find(m, rest, n) != NOBODY) {
		hold(m, p, model_find(m, rest, n), -1);
	} else {
		end(p, 127 << 8);
	}
}

/* Return: whether there was something to do. */
static bool begin_next(struct kernel_model *m, struct process *p)
{
	const char *word = p->at + strspn(p->at, " ");
	size_t size = strcspn(word, " ");

	if (p->has_ended)
		return false;
	if (p->stops_at_errors && p->result < 0)
		end(p, 1 << 8);
	else if (size == 0)
		end(p, 0);
	else
		begin_word(m, p, word, size);
	p->at = word + size;
	return true;
}

static uint32_t draw(struct kernel_model *m)
{
	m->seed = m->seed * 1664525u + 1013904223u;
	return m->seed >> 8;
}

bool model_take_turns(struct kernel_model *m)
{
	uint32_t first = draw(m) % m->n_processes;
	bool has_gone_on = false;

	if (m->n_turns++ > TURNS_MAX)
		abort();
	for (uint32_t n = 0; n < m->n_processes; n++) {
		uint32_t i = (first + n) % m->n_processes;

		if (m->processes[i].phase == DONE && i > 0)
			has_gone_on |= begin_next(m, &m->processes[i]);
		else
			has_gone_on |= go_on(m, i);
	}
	return has_gone_on;
}

/* Nobody can go on now. Return: whether somebody can later. */
bool model_move_clock(struct kernel_model *m)
{
	int64_t next = INT64_MAX;

	for (uint32_t i = 0; i < m->n_processes; i++) {
		const struct process *p = &m->processes[i];

		if ((p->phase == LOAD_RESOLVE || p->phase == LOAD_INIT || p->phase == UNLOAD_EXIT ||
		     p->phase == SLEEP) && p->until_usec > m->now_usec && p->until_usec < next)
			next = p->until_usec;
	}
	if (next == INT64_MAX)
		return false;
	m->now_usec = next;
	return true;
}

/* Until the caller's own call is over. */
int model_run_call(struct kernel_model *m)
{
	model_link(m);
	while (m->processes[0].phase != DONE)
		if (!model_take_turns(m) && !model_move_clock(m))
			abort();
	return m->processes[0].result;
}

void model_pass_time(struct kernel_model *m, int64_t usec)
{
	model_start(&m->processes[0], SLEEP, NOBODY);
	m->processes[0].until_usec = m->now_usec + usec;
	(void)model_run_call(m);
}

void kernel_model_settle(struct kernel_model *m)
{
	model_link(m);
	while (model_take_turns(m) || model_move_clock(m))
		;
}
