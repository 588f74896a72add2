/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What must always hold of hard dependencies and conflicts, worked out from the drawn world alone.
 */
#include <string.h>

#include "run.h"

static bool is_quiet(const struct run *run)
{
	return run->draw->n_processes == 0;
}

set hard_answers(const struct draw *d, uint32_t i)
{
	set answers = 0;

	for (uint32_t h = 0; h < d->n_hards; h++)
		if (d->hards[h].module == i && !d->hards[h].is_dropped)
			answers |= d->hards[h].answer_set;
	return answers & ~BIT(i);
}

set hard_closure(const struct draw *d, uint32_t i)
{
	set closure = d->modules[i].closure | d->modules[i].line | hard_answers(d, i), before;

	do {
		before = closure;
		for (uint32_t z = 0; z < d->n_modules; z++)
			if (closure & BIT(z))
				closure |= d->modules[z].closure | d->modules[z].line | hard_answers(d, z);
	} while (closure != before);
	return closure;
}

bool hard_is_taken_back(const struct draw *d, uint32_t i)
{
	for (uint32_t h = 0; h < d->n_hards; h++)
		if (d->hards[h].module == i && d->hards[h].is_in_line && d->hards[h].is_dropped)
			return true;
	return false;
}

/* Is it about this word? */
static bool is_about(const struct run *run, const struct plan_note *note, const struct draw_hard *hard)
{
	return plan_note_is_warning(note->kind) &&
	       strcmp(note->a, run->draw->modules[hard->module].name) == 0 &&
	       note->source.line == (uint32_t)(hard - run->draw->hards) + 1;
}

bool hard_holds(const struct run *run, const struct draw_hard *hard)
{
	if (hard->is_dropped || hard->is_by_symbol)
		return false;
	for (uint32_t n = 0; n < run->plan->n_notes; n++)
		if (is_about(run, &run->plan->notes[n], hard))
			return false;
	return true;
}

static set there_before(const struct run *run)
{
	return run_builtin(run->draw) | (run->request->options.ignore_loaded ? 0 : run->live_before);
}

set hard_usable(const struct run *run, const struct draw_hard *hard)
{
	set blacklisted = hard->is_alias ? run->draw->blacklisted : 0;

	return hard->answer_set & ~BIT(hard->module) & (there_before(run) | ~blacklisted);
}

static bool is_loading(const struct plan_step *step)
{
	return step->action == PLAN_INSERT || step->action == PLAN_RUN_INSTALL;
}

static uint32_t find_step(const struct run *run, uint32_t i)
{
	uint32_t s = 0;

	while (s < run->plan->n_steps && strcmp(run->plan->steps[s].module, run->draw->modules[i].name) != 0)
		s++;
	return s;
}

/* One that can serve stands before it. */
static bool has_answer_before(const struct run *run, const struct draw_hard *hard, uint32_t s)
{
	for (uint32_t n = 0; n < s; n++) {
		const struct plan_step *step = &run->plan->steps[n];

		if (hard_usable(run, hard) & BIT(run_module_of(run, n)) &&
		    (step->refusal == PLAN_REFUSE_NOTHING || step->refusal == PLAN_REFUSE_LOADED))
			return true;
	}
	return false;
}

static void judge_words(struct run *run, uint32_t s)
{
	const struct plan_step *step = &run->plan->steps[s];
	const struct draw *d = run->draw;

	for (uint32_t h = 0; h < d->n_hards && is_loading(step); h++)
		if (d->hards[h].module == run_module_of(run, s) && hard_holds(run, &d->hards[h]))
			run_must(run, has_answer_before(run, &d->hards[h], s),
				 "an answer to each hard dependency comes before", step->module);
	for (uint32_t g = 0; g < step->n_groups; g++)
		for (uint32_t n = 0; n < step->groups[g].n_steps; n++)
			run_must(run, step->groups[g].steps[n] < s, "answers come before their user",
				 step->module);
}

/* Symbols, or a word that counts, lead from one to the other. */
static bool is_hop(const struct draw *d, uint32_t from, uint32_t to)
{
	return from < d->n_modules && to < d->n_modules &&
	       (d->modules[from].closure | d->modules[from].line | hard_answers(d, from)) & BIT(to);
}

static bool is_cycle(const struct draw *d, const char *path, const char *start)
{
	char copy[512], *save = NULL, *name;
	uint32_t first = draw_find(d, start), last = first;

	strcpy(copy, path);
	name = strtok_r(copy, " ->", &save);
	if (!name || strcmp(name, start) != 0)
		return false;
	while ((name = strtok_r(NULL, " ->", &save))) {
		if (!is_hop(d, last, draw_find(d, name)))
			return false;
		last = draw_find(d, name);
	}
	return last == first && strchr(path, '>');
}

/* A dependency is given up only for a reason that there is. */
static void judge_note(struct run *run, const struct plan_note *note)
{
	const struct draw *d = run->draw;
	uint32_t a = draw_find(d, note->a);
	const struct draw_hard *hard = &d->hards[note->source.line - 1];

	run_must(run, note->source.line - 1 < d->n_hards && hard->module == a && !hard->is_dropped &&
			      find_step(run, a) < run->plan->n_steps &&
			      run->plan->steps[find_step(run, a)].refusal == PLAN_REFUSE_NOTHING,
		 "warnings are about what is loaded", note->a);
	if (note->kind == PLAN_NOTE_HARD_UNKNOWN)
		run_must(run, hard->n_answers == 0 && hard->declared == PLAN_BY_CONF,
			 "nothing answers, and configuration says so", note->a);
	else if (note->kind == PLAN_NOTE_HARD_SELF)
		run_must(run, hard->answer_set & BIT(a) && !hard_usable(run, hard), "it names itself", note->a);
	else
		run_must(run, is_cycle(d, note->path, note->a) &&
				      (!(hard_usable(run, hard) & there_before(run)) || !is_quiet(run) ||
				       run->request->options.ignore_loaded),
			 "a cycle is one", note->a);
}

/* What the goals cannot do without, or may come to need. */
static set find_hard_reach(const struct run *run)
{
	set reach = run->goals;

	for (uint32_t i = 0; i < run->draw->n_modules; i++)
		if (run->goals & BIT(i))
			reach |= hard_closure(run->draw, i);
	return reach;
}

/* Is there a word of @i for which this refusal is right? */
static bool has_bad_word(const struct run *run, uint32_t i, enum plan_refusal refusal)
{
	for (uint32_t h = 0; h < run->draw->n_hards; h++) {
		const struct draw_hard *hard = &run->draw->hards[h];

		if (hard->module != i || hard->is_dropped)
			continue;
		if (refusal == PLAN_REFUSE_NO_ANSWER && hard->n_answers == 0 && hard->declared != PLAN_BY_CONF)
			return true;
		if (refusal == PLAN_REFUSE_BLACKLISTED && hard->n_answers > 0 && !hard_usable(run, hard))
			return true;
	}
	return false;
}

static bool is_hard_used(const struct run *run, uint32_t i)
{
	for (uint32_t h = 0; h < run->draw->n_hards; h++) {
		const struct draw_hard *hard = &run->draw->hards[h];

		if (hard->answer_set & BIT(i) && !hard->is_dropped && hard->module != i &&
		    run->live_before & BIT(hard->module) && !(hard->answer_set & run_builtin(run->draw)))
			return true;
	}
	return false;
}

static void judge_refusal(struct run *run, const struct plan_step *step, uint32_t i)
{
	set reasons = there_before(run) | find_hard_reach(run);
	uint32_t other;

	switch (step->refusal) {
	case PLAN_REFUSE_NO_ANSWER:
	case PLAN_REFUSE_BLACKLISTED:
		run_must(run, has_bad_word(run, i, step->refusal) || !is_quiet(run) ||
				      run->request->options.ignore_loaded, "a word that nothing answers",
			 step->module);
		break;
	case PLAN_REFUSE_CONFLICT:
		other = draw_find(run->draw, step->word);
		run_must(run, other < run->draw->n_modules && run->draw->conflicts[i] & BIT(other),
			 "a conflict that was declared", step->module);
		/* A goal does not fail for the sake of what is only welcome. */
		run_must(run, !step->is_required || reasons & BIT(other) || !is_quiet(run),
			 "goals go before what is welcome", step->module);
		break;
	case PLAN_REFUSE_HARD_USED:
		run_must(run, step->word && step->holders[0], "who needs it is told", step->module);
		if (is_quiet(run))
			run_must(run, is_hard_used(run, i), "a live module needs it", step->module);
		break;
	default:
		break;
	}
}

/* Of what was there before, nobody asks what it excludes: there, the module must have been told itself. */
static set known_conflicts(const struct run *run, uint32_t i)
{
	set old = run->live_before | run_builtin(run->draw);

	return (run->draw->conflicts[i] & ~old) | (run->draw->told_conflicts[i] & old);
}

/* Two that are sure to come must not exclude each other: answers may, of which one is chosen later. */
static void judge_conflicts(struct run *run, uint32_t s)
{
	const struct plan_step *step = &run->plan->steps[s];
	set others = run->draw->conflicts[run_module_of(run, s)];

	if (!is_loading(step))
		return;
	run_must(run, !(known_conflicts(run, run_module_of(run, s)) & there_before(run)) || !is_quiet(run),
		 "nothing is loaded beside a live module that excludes it", step->module);
	for (uint32_t n = 0; n < run->plan->n_steps; n++)
		run_must(run, !(others & BIT(run_module_of(run, n))) || !is_loading(&run->plan->steps[n]) ||
				      !step->is_required || !run->plan->steps[n].is_required,
			 "a goal does not need two that exclude each other", step->module);
}

void judge_hard_plan(struct run *run)
{
	bool is_unload = run->request->options.is_unload;

	for (uint32_t n = 0; n < run->plan->n_notes; n++)
		if (plan_note_is_warning(run->plan->notes[n].kind))
			judge_note(run, &run->plan->notes[n]);
	for (uint32_t s = 0; s < run->plan->n_steps; s++) {
		judge_refusal(run, &run->plan->steps[s], run_module_of(run, s));
		if (is_unload)
			continue;
		judge_words(run, s);
		judge_conflicts(run, s);
	}
}

/* Modules that cannot come any longer, because they failed, or what they need did. */
static set find_lost(const struct run *run, set there)
{
	const struct draw *d = run->draw;
	set lost = 0, before;

	for (uint32_t s = 0; s < run->plan->n_steps; s++)
		if (run->results[s].status == APPLY_FAILED || run->results[s].status == APPLY_NEEDS ||
		    run->plan->steps[s].action == PLAN_REFUSE)
			lost |= BIT(run_module_of(run, s)) & ~there;
	do {
		before = lost;
		for (uint32_t i = 0; i < d->n_modules; i++)
			if (d->modules[i].closure & lost)
				lost |= BIT(i) & ~there;
		for (uint32_t h = 0; h < d->n_hards; h++) {
			const struct draw_hard *hard = &d->hards[h];

			if (hard_holds(run, hard) && !(hard_usable(run, hard) & ~lost))
				lost |= BIT(hard->module) & ~there;
		}
	} while (lost != before);
	return lost;
}

/* What the goals still lead to, when what is live needs nothing any longer but what comes after it. */
static set find_wanted(const struct run *run, set live)
{
	const struct draw *d = run->draw;
	set there = live | run_builtin(d), lost = find_lost(run, there), wanted = run->goals & ~lost, before;

	do {
		before = wanted;
		for (uint32_t i = 0; i < d->n_modules; i++) {
			bool ignores = run->request->options.ignore_commands && run->goals & BIT(i);

			/* What came has its soft dependencies behind it, whatever became of who wanted it. */
			if (!((wanted | live) & BIT(i)) || run->live_before & BIT(i))
				continue;
			if (!ignores)
				wanted |= d->pre[0][i] | d->post[0][i]; /* behind it, where it closes a cycle */
			if (live & BIT(i))
				continue;
			wanted |= d->modules[i].line;
			for (uint32_t h = 0; h < d->n_hards; h++) {
				const struct draw_hard *hard = &d->hards[h];

				if (hard->module != i || hard->is_dropped)
					continue;
				if (!(hard_usable(run, hard) & there))
					wanted |= hard_usable(run, hard);
			}
		}
		wanted &= ~lost;
	} while (wanted != before);
	return wanted;
}

void judge_hard_insert(struct run *run, uint32_t i)
{
	const struct draw *d = run->draw;
	set live = run_live(run), there = live | run_builtin(d);

	if (d->installs || i == d->n_modules || live & BIT(i))
		return;
	for (uint32_t h = 0; h < d->n_hards; h++)
		if (d->hards[h].module == i && hard_holds(run, &d->hards[h]))
			run_must(run, d->hards[h].answer_set & ~BIT(i) & there,
				 "an answer to each hard dependency is live before", d->modules[i].name);
	run_must(run, !(known_conflicts(run, i) & there), "nothing that excludes it is live", d->modules[i].name);
	if (!run->request->options.ignore_loaded)
		run_must(run, find_wanted(run, live) & BIT(i), "nothing is loaded that nobody wants",
			 d->modules[i].name);
}

/* Who relies on an answer that was there still has one; of those in a cycle, one has to go first. */
static void judge_kept(struct run *run)
{
	const struct draw *d = run->draw;

	for (uint32_t h = 0; h < d->n_hards; h++) {
		const struct draw_hard *hard = &d->hards[h];
		set answers = hard->answer_set & ~BIT(hard->module);

		if (hard->is_dropped || hard->answer_set & run_builtin(d) ||
		    hard_closure(d, hard->module) & BIT(hard->module) || !(run->live_after & BIT(hard->module)) || !(run->live_before & BIT(hard->module)))
			continue;
		run_must(run, !(answers & run->live_before) || answers & run->live_after,
			 "what is live keeps what it needs", d->modules[hard->module].name);
	}
}

/* What a request inserted and could not take back has what it needs. */
static void judge_left(struct run *run)
{
	const struct draw *d = run->draw;

	for (uint32_t h = 0; h < d->n_hards; h++) {
		const struct draw_hard *hard = &d->hards[h];

		if (run->live_after & ~run->live_before & BIT(hard->module) && hard_holds(run, hard))
			run_must(run, hard->answer_set & ~BIT(hard->module) &
					      (run->live_after | run_builtin(d)),
				 "a loaded module has what it needs", d->modules[hard->module].name);
	}
}

void judge_hard_result(struct run *run)
{
	const struct draw *d = run->draw;
	set live = run->live_after | run_builtin(d);

	if (run->request->options.is_unload && !d->removes)
		judge_kept(run);
	if (run->request->options.is_unload || d->installs)
		return;
	judge_left(run);
	for (uint32_t i = 0; i < d->n_modules; i++)
		run_must(run, !(run->live_after & ~run->live_before & BIT(i)) || !(known_conflicts(run, i) & live),
			 "no two that exclude each other are loaded", d->modules[i].name);
}
