/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds out what has to be known. Every module goes through the same questions: is it live, what does
 * it need, is its file there; and every name or alias is looked up once. Questions are kept in a
 * queue, in the order in which they came up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/grow.h"
#include "bytes/name.h"
#include "plan/plan-internal.h"

struct planner *planner_new(const struct plan_options *options, const struct modprobe_conf *conf)
{
	static const struct modprobe_conf no_conf;
	struct planner *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->options = *options;
	p->conf = conf ? conf : &no_conf;
	return p;
}

void planner_free(struct planner *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->n_nodes; i++)
		free(p->nodes[i].words);
	free(p->nodes);
	free(p->requests);
	free(p->goals);
	free(p->tasks);
	free(p->edges);
	free(p->notes);
	free(p->node_names.slots);
	free(p->request_names.slots);
	free(p->hard_names.slots);
	arena_done(&p->arena);
	free(p);
}

static int add_task(struct planner *p, enum plan_want_kind kind, uint32_t index)
{
	int r = grow_array(&p->tasks, p->n_tasks, &p->tasks_capacity, sizeof(*p->tasks),
			  4 * PLAN_EDGES_MAX);

	if (r < 0)
		return r;
	p->tasks[p->n_tasks++] = (struct task){ kind, index };
	return 0;
}

/* The request @text; two spellings of one name are one request. */
static int get_request(struct planner *p, const char *text, uint32_t *ret_i)
{
	char normal[ALIAS_MAX + 1];

	if (name_normalize_alias(text, normal) < 0)
		return -EINVAL;
	return plan_get_request(p, &p->request_names, normal, ret_i);
}

int plan_ask_hard(struct planner *p, const char *word, uint32_t *ret_request)
{
	char normal[ALIAS_MAX + 1];
	bool is_name = name_normalize_alias(word, normal) > 0;
	struct request *request;
	int r;

	r = plan_get_request(p, &p->hard_names, is_name ? normal : word, ret_request);
	if (r < 0)
		return r;
	request = &p->requests[*ret_request];
	if (request->is_asked)
		return 0;
	request->is_hard = request->is_asked = true;
	request->is_answered = !is_name; /* by nothing */
	return is_name ? add_task(p, PLAN_WANT_LOOKUP, *ret_request) : 0;
}

static int after_state(struct planner *p, uint32_t i);

int plan_begin(struct planner *p, uint32_t i)
{
	struct node *node = &p->nodes[i];
	enum modprobe_rule_kind command = p->options.is_unload ? MODPROBE_REMOVE : MODPROBE_INSTALL;

	if (node->is_begun)
		return 0;
	node->is_begun = true;
	if (!node->is_goal || !p->options.ignore_commands)
		node->command = modprobe_conf_next(p->conf, command, node->name, NULL);
	if (node->is_builtin)
		return 0;
	if (!p->options.is_unload)
		node->mask = modprobe_conf_next(p->conf, MODPROBE_MASK, node->name, NULL);
	if (!p->options.is_unload && p->options.ignore_loaded)
		return after_state(p, i);
	if (node->is_watched) /* asked, or told already */
		return node->has_state ? after_state(p, i) : 0;
	return add_task(p, PLAN_WANT_STATE, i);
}

int plan_watch(struct planner *p, uint32_t i)
{
	struct node *node = &p->nodes[i];

	if (node->is_begun || node->is_watched || node->is_builtin)
		return 0;
	node->is_watched = true;
	return add_task(p, PLAN_WANT_STATE, i);
}

static int after_state(struct planner *p, uint32_t i)
{
	struct node *node = &p->nodes[i];
	bool is_loaded = node->state.live == PLAN_LIVE || node->state.live == PLAN_BUILTIN;
	int r;

	if (!p->options.is_unload && ((is_loaded && !p->options.ignore_loaded) || node->mask))
		return 0;
	if (!p->options.is_unload)
		return add_task(p, PLAN_WANT_DEPS, i);
	if (node->command || node->state.live == PLAN_ABSENT || node->state.live == PLAN_BUILTIN)
		return 0;
	r = add_task(p, PLAN_WANT_HARD_USERS, i);
	return r < 0 ? r : add_task(p, PLAN_WANT_DEPS, i);
}

static int add_word(struct planner *p, uint32_t i, struct word word)
{
	struct node *node = &p->nodes[i];
	int r;

	if (p->n_words >= PLAN_EDGES_MAX)
		return -E2BIG;
	r = grow_array(&node->words, node->n_words, &node->words_capacity, sizeof(*node->words),
		      PLAN_EDGES_MAX);
	if (r < 0)
		return r;
	node->words[node->n_words++] = word;
	p->n_words++;
	return 0;
}

/* Modules that answer to a word; those that were found by a request of the caller's as well. */
static int begin_word_answers(struct planner *p, const struct request *request)
{
	int r = 0;

	for (uint32_t f = 0; f < request->n_found && r == 0; f++)
		if (plan_counts(p, &request->found[f], false))
			r = plan_begin(p, request->found[f].node);
	return r;
}

static int ask_request(struct planner *p, uint32_t i, bool is_word)
{
	struct request *request = &p->requests[i];
	bool is_new_word = is_word && !request->is_word;

	request->is_word |= is_word;
	if (!request->is_asked) {
		request->is_asked = true;
		return add_task(p, PLAN_WANT_LOOKUP, i);
	}
	return is_new_word && request->is_answered ? begin_word_answers(p, request) : 0;
}

static int read_softdep(struct planner *p, uint32_t i, const struct modprobe_rule *rule)
{
	struct softdep_words words = { .rest = rule->text };
	struct word word = { .rule = rule };
	const char *text;
	size_t size;
	int r = 0;

	while (r >= 0 && softdep_next(&words, &word.phase, &text, &size)) {
		if (size > ALIAS_MAX)
			continue;
		word.text = arena_string(&p->arena, text, size);
		r = word.text ? get_request(p, word.text, &word.request) : -ENOMEM;
		if (r == -EINVAL) { /* brackets that match nothing match no module */
			r = 0;
			continue;
		}
		if (r == 0)
			r = add_word(p, i, word);
		if (r == 0)
			r = ask_request(p, word.request, true);
	}
	return r;
}

static int read_softdeps(struct planner *p, uint32_t i)
{
	const struct modprobe_rule *rule = NULL;
	int r = 0;

	if (p->nodes[i].is_goal && p->options.ignore_commands)
		return 0;
	while (r == 0 &&
	       (rule = modprobe_conf_next(p->conf, MODPROBE_SOFTDEP, p->nodes[i].name, rule)))
		r = read_softdep(p, i, rule);
	return r;
}

/* What @i needs, by its line. Modules come with where their file is said to be. */
static int read_deps(struct planner *p, uint32_t i)
{
	const char *at = p->nodes[i].deps;
	size_t left = p->nodes[i].deps_size;
	char name[MODULE_NAME_MAX + 1];
	uint32_t to;
	int r;

	for (; left > 0; left -= strlen(at) + 1, at += strlen(at) + 1) {
		if (name_of_path(at, name) < 0)
			continue;
		r = plan_get_node(p, name, &to);
		if (r < 0)
			return r;
		if (!p->nodes[to].hint)
			p->nodes[to].hint = at;
		r = plan_begin(p, to);
		if (r < 0)
			return r;
	}
	return 0;
}

static int after_deps(struct planner *p, uint32_t i)
{
	struct node *node = &p->nodes[i];
	int r;

	if (node->is_builtin)
		return 0;
	if (!node->path)
		node->path = node->hint;
	node->is_unknown = !node->path && !node->index_error;
	if (!p->options.is_unload && node->path && !node->command && !p->options.skip_files) {
		r = add_task(p, PLAN_WANT_FILE, i);
		if (r < 0)
			return r;
	}
	r = read_deps(p, i);
	return r < 0 ? r : read_softdeps(p, i);
}

static int add_goal(struct planner *p, struct goal goal, const char *text, const char *params)
{
	int r = grow_array(&p->goals, p->n_goals, &p->goals_capacity, sizeof(*p->goals),
			  PLAN_MODULES_MAX);

	if (r < 0)
		return r;
	goal.text = arena_string(&p->arena, text, strlen(text));
	goal.params = params ? arena_string(&p->arena, params, strlen(params)) : "";
	if (!goal.text || !goal.params)
		return -ENOMEM;
	p->goals[p->n_goals++] = goal;
	return 0;
}

int planner_add(struct planner *p, const char *request, const char *params)
{
	struct goal goal = { 0 };
	int r;

	if (strlen(request) > ALIAS_MAX)
		return -E2BIG;
	r = get_request(p, request, &goal.request);
	if (r == 0)
		r = add_goal(p, goal, request, params);
	return r < 0 ? r : ask_request(p, goal.request, false);
}

const struct modprobe_rule *plan_is_blacklisted(const struct planner *p, const char *module)
{
	return modprobe_conf_next(p->conf, MODPROBE_BLACKLIST, module, NULL);
}

bool plan_counts(const struct planner *p, const struct found *found, bool is_goal)
{
	bool is_alias = found->by == PLAN_BY_CONF_ALIAS || found->by == PLAN_BY_ALIAS ||
			found->by == PLAN_BY_SYMBOL || found->by == PLAN_BY_BUILTIN_ALIAS;

	if (p->options.is_unload || (!is_alias && !(is_goal && p->options.use_blacklist)))
		return true;
	return !plan_is_blacklisted(p, p->nodes[found->node].name);
}

/* A caller's request was answered by @found. */
static int begin_goal(struct planner *p, const struct goal *goal, const struct found *found)
{
	struct node *node = &p->nodes[found->node];

	if (!plan_counts(p, found, true))
		return 0;
	node->is_goal = node->is_goal_like = true;
	/* Of several requests for it the first one counts, as if they were done one by one. */
	if (!node->params && found->by != PLAN_BY_NAME && found->by != PLAN_BY_BUILTIN)
		node->alias = p->requests[goal->request].text;
	if (!node->params)
		node->params = goal->params;
	node->is_command_only |= found->by == PLAN_BY_COMMAND;
	return plan_begin(p, found->node);
}

/* A request that is answered already: by the module of a file. */
static int add_file_request(struct planner *p, const char *path, uint32_t node, uint32_t *ret_i)
{
	struct found *found = arena_alloc(&p->arena, sizeof(*found));
	int r = grow_array(&p->requests, p->n_requests, &p->requests_capacity, sizeof(*p->requests),
			  PLAN_EDGES_MAX);

	if (!found || r < 0)
		return r < 0 ? r : -ENOMEM;
	*found = (struct found){ .node = node, .by = PLAN_BY_NAME };
	p->requests[p->n_requests] = (struct request){
		.text = path, .is_asked = true, .is_answered = true, .found = found, .n_found = 1
	};
	*ret_i = p->n_requests++;
	return 0;
}

int planner_add_file(struct planner *p, const char *path, const char *params)
{
	struct goal goal = { 0 };
	char name[MODULE_NAME_MAX + 1];
	uint32_t node;
	int r;

	if (name_of_path(path, name) < 0)
		return -EINVAL;
	path = arena_string(&p->arena, path, strlen(path));
	if (!path)
		return -ENOMEM;
	r = plan_get_node(p, name, &node);
	if (r == 0)
		r = add_file_request(p, path, node, &goal.request);
	if (r == 0)
		r = add_goal(p, goal, path, params);
	if (r < 0)
		return r;
	p->nodes[node].path = path;
	return begin_goal(p, &p->goals[p->n_goals - 1], p->requests[goal.request].found);
}

int planner_next(struct planner *p, struct plan_want *ret_want)
{
	const struct task *task;

	if (p->error < 0)
		return p->error;
	if (p->tasks_done == p->n_tasks)
		return 0;
	task = &p->tasks[p->tasks_done];
	ret_want->kind = task->kind;
	ret_want->with_users = p->options.is_unload;
	ret_want->with_builtin = task->kind == PLAN_WANT_LOOKUP && p->requests[task->index].is_hard;
	if (task->kind == PLAN_WANT_LOOKUP)
		ret_want->name = p->requests[task->index].text;
	else if (task->kind == PLAN_WANT_FILE)
		ret_want->name = p->nodes[task->index].path;
	else
		ret_want->name = p->nodes[task->index].name;
	return 1;
}

/* The question that is being answered; its index. */
static int take(struct planner *p, enum plan_want_kind kind, uint32_t *ret_index)
{
	if (p->error < 0)
		return p->error;
	if (p->tasks_done == p->n_tasks || p->tasks[p->tasks_done].kind != kind)
		return -EINVAL;
	*ret_index = p->tasks[p->tasks_done++].index;
	return 0;
}

static int stick(struct planner *p, int r)
{
	if (r < 0)
		p->error = r;
	return r;
}

static int begin_answers(struct planner *p, uint32_t request)
{
	const struct request *asked = &p->requests[request];
	int r = 0;

	if (asked->is_hard)
		return plan_begin_found(p, asked);

	for (uint32_t g = 0; g < p->n_goals; g++)
		for (uint32_t i = 0; p->goals[g].request == request && i < asked->n_found && r == 0; i++)
			r = begin_goal(p, &p->goals[g], &asked->found[i]);
	return r == 0 && asked->is_word ? begin_word_answers(p, asked) : r;
}

int planner_answer_lookup(struct planner *p, const struct plan_answer *answers, size_t n, int error)
{
	struct found *found;
	uint32_t i;
	int r;

	r = take(p, PLAN_WANT_LOOKUP, &i);
	if (r < 0)
		return r;
	if (n > PLAN_MODULES_MAX || n > PLAN_EDGES_MAX - p->n_found)
		return stick(p, -E2BIG);
	p->n_found += (uint32_t)n;
	found = arena_alloc(&p->arena, (n + 1) * sizeof(*found));
	if (!found)
		return stick(p, -ENOMEM);
	for (size_t a = 0; a < n; a++) {
		found[a] = (struct found){ .by = answers[a].by, .source = answers[a].source };
		r = plan_get_node(p, answers[a].module, &found[a].node);
		if (r < 0)
			return stick(p, r);
		if (found[a].by == PLAN_BY_BUILTIN || found[a].by == PLAN_BY_BUILTIN_ALIAS)
			p->nodes[found[a].node].is_builtin = true;
	}
	p->requests[i].found = found;
	p->requests[i].n_found = (uint32_t)n;
	p->requests[i].error = error;
	p->requests[i].is_answered = true;
	return stick(p, begin_answers(p, i));
}

/* A user of a module that has to go has to go as well; @todo: chain of those whose users are next. */
static int begin_user(struct planner *p, uint32_t user, uint32_t *todo)
{
	if (p->nodes[user].has_state && !p->nodes[user].is_goal_like) {
		p->nodes[user].next_todo = *todo;
		*todo = user;
	}
	p->nodes[user].is_goal_like = true;
	return plan_begin(p, user);
}

static int begin_users(struct planner *p, uint32_t i, uint32_t *todo)
{
	const char *at = p->nodes[i].state.holders;
	size_t left = p->nodes[i].state.holders_size;
	uint32_t holder;
	int r = 0;

	for (; left > 0 && r == 0; left -= strlen(at) + 1, at += strlen(at) + 1) {
		r = plan_get_node(p, at, &holder);
		if (r == 0)
			r = begin_user(p, holder, todo);
	}
	for (uint32_t u = 0; u < p->nodes[i].n_users && r == 0; u++)
		if (plan_must_go_too(p, &p->nodes[i].users[u]))
			r = begin_user(p, p->nodes[i].users[u].node, todo);
	return r;
}

/*
 * Whoever uses a module that has to go, by symbols or by a hard dependency, has to go as well. Users
 * whose state was told when they were not known to be such pass it on to theirs.
 */
static int begin_holders(struct planner *p, uint32_t i)
{
	uint32_t todo = i;
	int r = 0;

	p->nodes[i].next_todo = PLAN_NONE;
	while (todo != PLAN_NONE && r == 0) {
		i = todo;
		todo = p->nodes[i].next_todo;
		if (!p->nodes[i].command)
			r = begin_users(p, i, &todo);
	}
	return r;
}

static int copy_hard_user(struct planner *p, const struct plan_hard_user *user, struct hard_user *ret)
{
	const char *at = user->others;
	size_t left = user->others_size, n = 0;
	int r;

	for (size_t i = 0; i < left; i++)
		n += at[i] == '\0';
	*ret = (struct hard_user){ .source = user->source };
	ret->word = arena_string(&p->arena, user->word, strlen(user->word));
	ret->others = arena_alloc(&p->arena, (n + 1) * sizeof(*ret->others));
	if (!ret->word || !ret->others)
		return -ENOMEM;
	r = plan_get_node(p, user->user, &ret->node);
	for (; left > 0 && r == 0; left -= strlen(at) + 1, at += strlen(at) + 1)
		r = plan_get_node(p, at, &ret->others[ret->n_others++]);
	return r;
}

int planner_answer_hard_users(struct planner *p, const struct plan_hard_user *users, size_t n)
{
	struct hard_user *copies;
	uint32_t i, n_copies = 0;
	int r;

	r = take(p, PLAN_WANT_HARD_USERS, &i);
	if (r < 0)
		return r;
	if (n > PLAN_MODULES_MAX)
		return stick(p, -E2BIG);
	copies = arena_alloc(&p->arena, (n + 1) * sizeof(*copies));
	if (!copies)
		return stick(p, -ENOMEM);
	for (size_t u = 0; u < n && r == 0; u++) {
		r = copy_hard_user(p, &users[u], &copies[n_copies]);
		n_copies += r == 0 && copies[n_copies].node != i; /* nobody has to go before itself */
	}
	p->nodes[i].users = copies;
	p->nodes[i].n_users = n_copies;
	if (r == 0 && p->options.with_holders && p->nodes[i].is_goal_like)
		r = begin_holders(p, i);
	return stick(p, r);
}

int planner_answer_state(struct planner *p, const struct plan_state *state)
{
	struct node *node;
	uint32_t i;
	int r;

	r = take(p, PLAN_WANT_STATE, &i);
	if (r < 0)
		return r;
	node = &p->nodes[i];
	node->state = *state;
	if (state->holders_size > 0) {
		node->state.holders = arena_string(&p->arena, state->holders, state->holders_size);
		if (!node->state.holders)
			return stick(p, -ENOMEM);
	}
	node->has_state = true;
	if (!node->is_begun)
		return 0;
	if (p->options.is_unload && p->options.with_holders && node->is_goal_like)
		r = begin_holders(p, i);
	return stick(p, r < 0 ? r : after_state(p, i));
}

int planner_answer_deps(struct planner *p, const struct plan_deps *deps)
{
	struct node *node;
	uint32_t i;
	int r;

	r = take(p, PLAN_WANT_DEPS, &i);
	if (r < 0)
		return r;
	node = &p->nodes[i];
	node->is_builtin = deps->is_builtin;
	node->index_error = deps->error == -ENOENT ? 0 : deps->error;
	if (deps->error == 0 && deps->deps_size > 0) {
		node->deps = arena_string(&p->arena, deps->deps, deps->deps_size);
		node->deps_size = deps->deps_size;
		if (!node->deps)
			return stick(p, -ENOMEM);
	}
	if (deps->error == 0 && deps->path && !node->path) {
		node->path = arena_string(&p->arena, deps->path, strlen(deps->path));
		if (!node->path)
			return stick(p, -ENOMEM);
	}
	r = after_deps(p, i);
	if (p->nodes[i].is_builtin) /* it is there, and needs nothing any longer */
		return stick(p, r);
	if (r == 0)
		r = plan_read_hards(p, i, deps->hard, deps->n_hard);
	if (r == 0)
		r = plan_read_others(p, i, deps->conflicts, deps->n_conflicts);
	return stick(p, r);
}

int planner_answer_file(struct planner *p, int error)
{
	uint32_t i;
	int r;

	r = take(p, PLAN_WANT_FILE, &i);
	if (r < 0)
		return r;
	p->nodes[i].file_error = error;
	return 0;
}

int planner_finish(struct planner *p, const struct plan **ret_plan)
{
	int r;

	if (p->error < 0)
		return p->error;
	if (p->tasks_done != p->n_tasks)
		return -EINVAL;
	r = p->options.is_unload ? plan_make_unload(p) : plan_make_load(p);
	if (r < 0)
		return stick(p, r);
	*ret_plan = &p->plan;
	return 0;
}
