/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/prerequisites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/session-internal.h"

/** struct finding - one file on its way */
struct finding {
	struct session *s;
	const char *module;
	struct prerequisites *found;
};

static bool is_live(const struct finding *f, const char *module)
{
	const struct kernel *k = &f->s->kernel;
	enum module_state state;

	return k->state(k->ctx, module, &state) == 0 && state == MODULE_LIVE;
}

/*
 * Return: 1 satisfied, by @ret_live unless it is NULL; 0 not, and @ret_is_answered whether a module could do
 * it; -ENOMEM.
 */
static int is_satisfied(const struct finding *f, const char *word, const char **ret_live,
			bool *ret_is_answered)
{
	struct plan_answer *answers = NULL;
	bool is_done = false;
	size_t n = 0;
	int r;

	*ret_live = NULL;
	r = session_answers(f->s, word, &answers, &n);
	for (size_t i = 0; i < n && !is_done; i++)
		is_done = session_is_builtin(f->s, &answers[i]);
	for (size_t i = 0; i < n && !is_done; i++)
		if (is_live(f, answers[i].module)) {
			is_done = true;
			*ret_live = answers[i].module;
		}
	/* One that needs itself alone is a mistake; depmod tells. */
	if (n == 1 && strcmp(answers[0].module, f->module) == 0) {
		is_done = true;
		*ret_live = NULL;
	}
	free(answers);
	*ret_is_answered = n > 0;
	if (r == -ENOMEM)
		return r;
	return is_done;
}

static int add_live(struct prerequisites *p, const char *module, struct prerequisite word)
{
	int r;

	r = session_grow(&p->live, p->n_live, &p->live_capacity, sizeof(*p->live));
	if (r == 0)
		r = session_grow(&p->live_words, p->n_live, &p->live_words_capacity,
				 sizeof(*p->live_words));
	if (r < 0)
		return r;
	p->live[p->n_live] = module;
	p->live_words[p->n_live++] = word;
	return 0;
}

static int add_missing(struct prerequisites *p, struct prerequisite word)
{
	int r;

	r = session_grow(&p->missing, p->n_missing, &p->missing_capacity, sizeof(*p->missing));
	if (r == 0)
		p->missing[p->n_missing++] = word;
	return r;
}

static int add_hard(struct finding *f, const struct plan_hard *hard)
{
	struct prerequisite word = { .word = hard->word, .source = hard->source };
	const char *live;
	int r;

	r = is_satisfied(f, hard->word, &live, &word.is_answered);
	word.is_needed = word.is_answered || hard->declared != PLAN_BY_CONF;
	if (r > 0)
		return live ? add_live(f->found, live, word) : 0;
	return r < 0 ? r : add_missing(f->found, word);
}

static int put_conflict(struct finding *f, const char *module, bool is_builtin,
			struct plan_source source)
{
	struct prerequisites *p = f->found;
	int r;

	if (strcmp(module, f->module) == 0)
		return 0;
	r = session_grow(&p->conflicts, p->n_conflicts, &p->conflicts_capacity,
			 sizeof(*p->conflicts));
	if (r < 0)
		return r;
	if (is_builtin && p->builtin == UINT32_MAX)
		p->builtin = (uint32_t)p->n_conflicts;
	p->conflicts[p->n_conflicts++] = (struct plan_conflict){ module, source };
	return 0;
}

static int add_declared(struct finding *f)
{
	struct session_conflicts conflicts = { 0 };
	struct session_hards hards = { 0 };
	int r;

	r = session_hards(f->s, f->module, &hards);
	for (size_t i = 0; i < hards.n && r == 0; i++)
		if (!hards.items[i].is_dropped)
			r = add_hard(f, &hards.items[i]);
	session_hards_done(&hards);
	if (r == 0)
		r = session_conflicts(f->s, f->module, &conflicts);
	for (size_t i = 0; i < conflicts.n && r == 0; i++)
		r = put_conflict(f, conflicts.items[i].module, conflicts.items[i].is_builtin,
				 conflicts.items[i].source);
	session_conflicts_done(&conflicts);
	return r;
}

int prerequisites_find(struct session *s, const char *module, const char *path,
		       const struct events *events, struct prerequisites *ret)
{
	struct finding f = { .s = s, .module = module, .found = ret };
	int r;

	*ret = (struct prerequisites){ .builtin = UINT32_MAX };
	r = session_read_file(s, module, path, events);
	if (r == 0)
		r = add_declared(&f);
	if (r < 0)
		prerequisites_done(ret);
	return r;
}

void prerequisites_done(struct prerequisites *p)
{
	if (!p)
		return;
	free(p->missing);
	free(p->live);
	free(p->live_words);
	free(p->conflicts);
	*p = (struct prerequisites){ .builtin = UINT32_MAX };
}
