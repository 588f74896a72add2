/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plans what was asked for, does it, and says how it went.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "bytes/diag.h"
#include "bytes/name.h"
#include "cli/modprobe.h"
#include "conf/command.h"
#include "conf/option-words.h"
#include "engine/apply.h"
#include "engine/claim.h"
#include "engine/conflict.h"
#include "engine/explain.h"
#include "engine/need.h"
#include "engine/remove.h"
#include "plan/describe.h"

/** struct change - one plan on its way */
struct change {
	struct modprobe *m;
	const struct plan *plan;
	struct apply_result *results;
	bool has_params; /* of the command line, for the goals */
};

static void no_plan(const struct modprobe *m, int error)
{
	log_message(&m->log, LOG_ERR, "%s", log_limit_text(error));
}

static void not_found(const struct modprobe *m, const char *name, int error)
{
	bool has_brackets = error == -EINVAL && strpbrk(name, "[]");
	const char *why = has_brackets	    ? ": its brackets do not match" :
			  error == -E2BIG ? ": the name is too long" :
					    "";
	int level = m->is_all ? LOG_WARNING : LOG_CRIT;

	if (m->is_remove)
		log_message(&m->log, level, "Module %s not found%s.", name, why);
	else
		log_message(&m->log, level, "Module %s not found in directory %s%s", name,
			    m->session.indexes.dir, why);
}

/* As the shell gets it: a removal has no parameters to put in. */
static void print_remove(const char *command)
{
	CLEANUP_BUF struct buf text = { 0 }, variable = { 0 };

	if (command_expand(command, "", &text, &variable) >= 0)
		printf("remove %s\n", (const char *)text.base);
}

/*
 * What is printed is a promise to scripts, blanks at the end included: one behind what is inserted,
 * and another one behind options of the configuration, even where none of the command line follow.
 */
static void print_step(const struct change *c, const struct plan_step *step)
{
	const struct modprobe *m = c->m;
	const char *end = step->options[0] && !(step->is_goal && c->has_params) ? " " : "";

	if (!m->is_shown && m->verbose == 0)
		return;
	switch (step->action) {
	case PLAN_INSERT:
		printf("insmod %s %s%s\n", step->path, step->options, end);
		break;
	case PLAN_RUN_INSTALL:
		printf("install %s %s%s\n", step->command, step->options, end);
		break;
	case PLAN_RUN_REMOVE:
		print_remove(step->command);
		break;
	case PLAN_DELETE:
		printf("rmmod %s\n", step->module);
		break;
	case PLAN_IS_BUILTIN:
		if (m->ignore_loaded && !m->is_remove)
			printf("builtin %s\n", step->module);
		break;
	default:
		break;
	}
}

static void before(void *ctx, const struct plan_step *step)
{
	print_step(ctx, step);
	fflush(stdout); /* a command writes there too */
}

static const char *verb(const struct change *c)
{
	return c->m->is_remove ? "remove" : "insert";
}

static const char *insert_error_text(int error)
{
	switch (error) {
	case -EEXIST:
		return "its init reports that it is there already (EEXIST), and it is not loaded";
	case -ENOENT:
		return "Unknown symbol in module, or unknown parameter (see dmesg)";
	default:
		return strerror(-error);
	}
}

/* The module whose init failed, or its file, in more words. */
static void explain(const struct change *c, const struct plan_step *step,
		    const struct apply_result *result)
{
	const struct insert_request request = { .name = step->module,
						.path = step->path,
						.params = step->options,
						.ignore_vermagic = step->is_goal && c->m->force_vermagic,
						.ignore_modversions =
							step->is_goal && c->m->force_modversions };
	struct explanation found = { 0 };

	if (explain_insert(&c->m->session.kernel, &c->m->session.indexes, &request, &result->report,
			   result->error, NULL, &found) == 0)
		log_explanation(&c->m->log, &found);
	explanation_done(&found);
}

static void put_conflict(const struct plan_step *step, const struct apply_result *result,
			 struct buf *out)
{
	const struct plan_conflict *conflict = &step->conflicts[result->conflict];

	buf_printf(out, "%s must not be loaded together with %s (", step->module, conflict->module);
	plan_describe_source(&conflict->source, out);
	buf_put_string(out, "), which is there by now");
}

static void report_conflict(const struct change *c, int level, const struct plan_step *step,
			    const struct apply_result *result)
{
	CLEANUP_BUF struct buf why = { 0 };

	put_conflict(step, result, &why);
	buf_put_u8(&why, '\0');
	if (why.error == 0)
		log_message(&c->m->log, level, "could not insert '%s': %s", step->module,
			    (const char *)why.base);
}

static void report_insert(const struct change *c, int level, const struct plan_step *step,
			  const struct apply_result *result)
{
	if (!result->report.has_called && result->diag.what[0]) {
		log_message(&c->m->log, level, "could not insert '%s': %s: %s", step->module,
			    step->path, result->diag.what);
		return;
	}
	log_message(&c->m->log, level, "could not insert '%s': %s", step->module,
		    insert_error_text(result->error));
	if (level <= c->m->log.level)
		explain(c, step, result);
}

static void report_command(const struct change *c, int level, const struct plan_step *step,
			   const struct apply_result *result)
{
	int status = result->wait_status;
	CLEANUP_BUF struct buf where = { 0 };

	buf_printf(&where, "%s:%u", step->rule->file, step->rule->line);
	buf_put_u8(&where, '\0');
	if (where.error < 0)
		return;
	if (result->error != -ECANCELED)
		log_message(&c->m->log, level, "could not %s '%s': the command of %s cannot be run: %s",
			    verb(c), step->module, (const char *)where.base, strerror(-result->error));
	else if (WIFSIGNALED(status))
		log_message(&c->m->log, level, "could not %s '%s': the command of %s was killed by signal %d (%s)",
			    verb(c), step->module, (const char *)where.base, WTERMSIG(status),
			    strsignal(WTERMSIG(status)));
	else
		log_message(&c->m->log, level, "could not %s '%s': the command of %s failed with status %d",
			    verb(c), step->module, (const char *)where.base, WEXITSTATUS(status));
}

static void report_delete(const struct change *c, int level, const struct plan_step *step,
			  const struct apply_result *result)
{
	struct remove_words words = { 0 };

	if (remove_explain(&c->m->session.kernel, step->module, result->error, &words) == 0) {
		log_message(&c->m->log, level, "could not remove '%s': %s", step->module,
			    (const char *)words.what.base);
		if (words.why.size > 1)
			log_message(&c->m->log, level, "%s: %s", step->module,
				    (const char *)words.why.base);
	}
	remove_words_done(&words);
}

/*
 * Force is for modules that are stuck. To remove a livepatch under the code that runs through it would
 * bring the machine down at once. Return: whether all goals may be forced.
 */
static bool may_force(const struct change *c)
{
	const struct session *s = &c->m->session;
	bool may = true;

	for (uint32_t i = 0; i < c->plan->n_steps; i++) {
		const struct plan_step *step = &c->plan->steps[i];
		struct remove_words words = { 0 };

		if (step->action == PLAN_DELETE && step->is_goal &&
		    remove_check(&s->kernel, NULL, step->module, true, &words) == -EBUSY) {
			log_message(&c->m->log, LOG_CRIT, "%s%s%s", (const char *)words.what.base,
				    words.why.size > 1 ? " " : "",
				    words.why.size > 1 ? (const char *)words.why.base : "");
			may = false;
		}
		remove_words_done(&words);
	}
	return may;
}

/* In kmod's words where there are such. */
static void report_refusal(const struct change *c, int level, const struct plan_step *step)
{
	const struct log *log = &c->m->log;
	CLEANUP_BUF struct buf why = { 0 };

	switch (step->refusal) {
	case PLAN_REFUSE_LOADED:
		log_message(log, level, "could not insert '%s': Module already in kernel", step->module);
		return;
	case PLAN_REFUSE_NOT_LOADED:
		log_message(log, level, "Module %s is not in kernel.", step->module);
		return;
	case PLAN_REFUSE_BUILTIN:
		log_message(log, level, "Module %s is builtin.", step->module);
		return;
	case PLAN_REFUSE_IN_USE:
		log_message(log, level, "Module %s is in use%s%s.", step->module,
			    step->holders[0] ? " by: " : "", step->holders);
		return;
	case PLAN_REFUSE_UNKNOWN:
		log_message(log, level, "Module %s not found in directory %s", step->module,
			    c->m->session.indexes.dir);
		return;
	default:
		break;
	}
	plan_describe_refusal(c->plan, step, &why);
	buf_put_u8(&why, '\0');
	if (why.error == 0)
		log_message(log, level, "could not %s '%s': %s", verb(c), step->module,
			    (const char *)why.base);
}

/* Why a step failed for its own sake, in one clause. */
static void put_own_failure(const struct change *c, uint32_t i, struct buf *out)
{
	const struct plan_step *step = &c->plan->steps[i];
	const struct apply_result *result = &c->results[i];

	if (step->action == PLAN_REFUSE) {
		plan_describe_refusal(c->plan, step, out);
	} else if (result->conflict != PLAN_NONE) {
		put_conflict(step, result, out);
	} else if (result->status == APPLY_NOT_TRIED) {
		buf_put_string(out, "it was not tried, another answer was there");
	} else if (result->error == -ESTALE) {
		buf_put_string(out, "it was loaded, and has been removed meanwhile");
	} else if (step->action == PLAN_RUN_INSTALL || step->action == PLAN_RUN_REMOVE) {
		buf_printf(out, "the command of %s:%u failed", step->rule->file, step->rule->line);
	} else if (!result->report.has_called && result->diag.what[0]) {
		buf_printf(out, "%s: %s", step->path, result->diag.what);
	} else {
		buf_put_string(out, insert_error_text(result->error));
	}
}

static bool has_succeeded(const struct change *c, uint32_t i)
{
	return c->results[i].status == APPLY_DONE || c->results[i].status == APPLY_NOT_NEEDED;
}

/* The group of a step none of which has succeeded; NULL when there is none. */
static const struct plan_group *failed_group(const struct change *c, const struct plan_step *step)
{
	for (uint32_t g = 0; g < step->n_groups; g++) {
		const struct plan_group *group = &step->groups[g];
		uint32_t n = 0;

		while (n < group->n_steps && !has_succeeded(c, group->steps[n]))
			n++;
		if (n == group->n_steps && n > 0)
			return group;
	}
	return NULL;
}

/* What a step needs and did not get; of a group, the first, and *@ret_group is the group. Return: PLAN_NONE:
 * it failed by itself. */
static uint32_t failed_need(const struct change *c, uint32_t i, const struct plan_group **ret_group)
{
	const struct plan_step *step = &c->plan->steps[i];

	*ret_group = NULL;
	if (c->results[i].status != APPLY_NEEDS && c->results[i].status != APPLY_NOT_TRIED)
		return PLAN_NONE;
	for (uint32_t n = 0; n < step->n_needs; n++)
		if (!has_succeeded(c, step->needs[n]))
			return step->needs[n];
	*ret_group = failed_group(c, step);
	return *ret_group ? (*ret_group)->steps[0] : PLAN_NONE;
}

/* By which hard dependency one step needs another; NULL when it is none. */
static const struct plan_reason *find_hard_reason(const struct plan *plan, uint32_t user, uint32_t need)
{
	const struct plan_step *step = &plan->steps[need];

	for (uint32_t n = 0; n < step->n_reasons; n++)
		if (step->reasons[n].step == user &&
		    (step->reasons[n].kind == PLAN_HARD || step->reasons[n].kind == PLAN_ANY_OF))
			return &step->reasons[n];
	return NULL;
}

static void put_failure(const struct change *c, uint32_t i, bool with_answers, struct buf *out);

/* Every answer's reason, once: those of groups within are left out, for they may be the same ones over and over. */
static void put_group_failure(const struct change *c, const struct plan_group *group, bool with_answers,
			      struct buf *out)
{
	buf_printf(out, "it needs %s", group->word);
	plan_describe_hard_source(&group->source, out);
	buf_put_string(out, ", and nothing that answers to that could be inserted");
	for (uint32_t n = 0; with_answers && n < group->n_steps; n++) {
		buf_printf(out, "%s%s: ", n == 0 ? " (" : ", ", c->plan->steps[group->steps[n]].module);
		put_failure(c, group->steps[n], false, out);
	}
	buf_put_string(out, with_answers ? ")" : "");
}

/* Why a step failed, with all that it failed for. What is needed stands before what needs it. */
static void put_failure(const struct change *c, uint32_t i, bool with_answers, struct buf *out)
{
	const struct plan_group *group;
	uint32_t need;

	for (; (need = failed_need(c, i, &group)) != PLAN_NONE; i = need) {
		const struct plan_reason *reason = find_hard_reason(c->plan, i, need);

		if (group) {
			put_group_failure(c, group, with_answers, out);
			return;
		}
		buf_printf(out, "it needs %s", c->plan->steps[need].module);
		if (reason)
			plan_describe_hard_source(&reason->source, out);
		buf_put_string(out, ", which could not be inserted: ");
	}
	put_own_failure(c, i, out);
}

/* Is there a hard dependency on the way to what a step failed for? */
static bool failed_by_hard(const struct change *c, uint32_t i)
{
	const struct plan_group *group;

	for (uint32_t need; (need = failed_need(c, i, &group)) != PLAN_NONE; i = need)
		if (find_hard_reason(c->plan, i, need))
			return true;
	return false;
}

/* Nothing but the declaration says so: the one line must tell everything. */
static void report_hard_need(const struct change *c, int level, const struct plan_step *step,
			     uint32_t need, const struct plan_reason *reason)
{
	const char *module = c->plan->steps[need].module;
	bool is_alias = !name_is_same(reason->word, module);
	CLEANUP_BUF struct buf source = { 0 }, why = { 0 };

	plan_describe_source(&reason->source, &source);
	buf_put_u8(&source, '\0');
	put_failure(c, need, true, &why);
	buf_put_u8(&why, '\0');
	if (source.error == 0 && why.error == 0)
		log_message(&c->m->log, level,
			    "could not insert '%s': %s%s%s%s, its hard dependency (%s), could not be inserted: %s",
			    step->module, module, is_alias ? " (for " : "",
			    is_alias ? reason->word : "", is_alias ? ")" : "",
			    (const char *)source.base, (const char *)why.base);
}

static void report_group(const struct change *c, int level, const struct plan_step *step,
			 const struct plan_group *group)
{
	CLEANUP_BUF struct buf text = { 0 };

	buf_printf(&text, "nothing that answers to %s, its hard dependency (", group->word);
	plan_describe_source(&group->source, &text);
	buf_put_string(&text, "), could be inserted");
	for (uint32_t n = 0; n < group->n_steps; n++) {
		buf_printf(&text, "%s %s: ", n == 0 ? ":" : ";", c->plan->steps[group->steps[n]].module);
		put_failure(c, group->steps[n], true, &text);
	}
	buf_put_u8(&text, '\0');
	if (text.error == 0)
		log_message(&c->m->log, level, "could not insert '%s': %s", step->module,
			    (const char *)text.base);
}

static void report_need(const struct change *c, int level, const struct plan_step *step,
			const struct apply_result *result)
{
	CLEANUP_BUF struct buf why = { 0 };
	const struct plan_reason *hard;

	if (result->cause == PLAN_NONE) {
		report_group(c, level, step, &step->groups[result->group]);
		return;
	}
	hard = find_hard_reason(c->plan, (uint32_t)(step - c->plan->steps), result->cause);
	if (hard) {
		report_hard_need(c, level, step, result->cause, hard);
		return;
	}
	if (c->m->is_remove) {
		log_message(&c->m->log, level, "could not remove '%s': %s, which uses it, could not be removed",
			    step->module, c->plan->steps[result->cause].module);
		return;
	}
	if (failed_by_hard(c, result->cause))
		put_failure(c, result->cause, true, &why);
	buf_put_u8(&why, '\0');
	if (why.error == 0)
		log_message(&c->m->log, level,
			    "could not insert '%s': %s, which it needs, could not be inserted%s%s",
			    step->module, c->plan->steps[result->cause].module, why.size > 1 ? ": " : "",
			    (const char *)why.base);
}

/* Since the plan was made, or the plan would have said so. */
static void report_needed(const struct change *c, int level, const struct plan_step *step,
			  const struct plan_breach *needed)
{
	CLEANUP_BUF struct buf why = { 0 };

	plan_describe_needed(step->module, needed->user, needed->word, &needed->source, &why);
	buf_put_u8(&why, '\0');
	if (why.error == 0)
		log_message(&c->m->log, level, "could not remove '%s': %s", step->module,
			    (const char *)why.base);
}

static void report_failure(const struct change *c, int level, const struct plan_step *step,
			   const struct apply_result *result)
{
	if (result->conflict != PLAN_NONE) {
		report_conflict(c, level, step, result);
		return;
	}
	if (result->needed.user) {
		report_needed(c, level, step, &result->needed);
		return;
	}
	switch (step->action) {
	case PLAN_REFUSE:
		report_refusal(c, level, step);
		break;
	case PLAN_INSERT:
		report_insert(c, level, step, result);
		break;
	case PLAN_DELETE:
		report_delete(c, level, step, result);
		break;
	default:
		report_command(c, level, step, result);
		break;
	}
}

static void after(void *ctx, const struct plan_step *step, const struct apply_result *result)
{
	const struct change *c = ctx;
	/* What a goal does not depend on fails quietly, but for those who listen. */
	int level = step->is_required ? LOG_ERR : LOG_INFO;

	if (step->is_required && step->action == PLAN_REFUSE && step->refusal != PLAN_REFUSE_NEEDS &&
	    c->m->is_remove)
		level = LOG_CRIT;
	switch (result->status) {
	case APPLY_FAILED:
		report_failure(c, level, step, result);
		break;
	case APPLY_NEEDS:
		report_need(c, level, step, result);
		break;
	case APPLY_UNDONE:
		log_message(&c->m->log, LOG_INFO, "removed '%s' again", step->module);
		break;
	case APPLY_NOT_NEEDED:
		if (step->action == PLAN_IS_BUILTIN)
			print_step(c, step);
		break;
	default:
		break;
	}
	if (result->n_left_out > 0)
		log_message(&c->m->log, LOG_WARNING,
			    "%u parameters of '%s' begin with '-' and were kept from its command",
			    result->n_left_out, step->module);
}

static void report_notes(const struct change *c)
{
	for (uint32_t i = 0; i < c->plan->n_notes; i++) {
		bool is_warning = plan_note_is_warning(c->plan->notes[i].kind);
		CLEANUP_BUF struct buf text = { 0 };

		if (c->m->log.level < (is_warning ? LOG_WARNING : LOG_INFO))
			continue;
		plan_describe_note(&c->plan->notes[i], &text);
		buf_put_u8(&text, '\0');
		if (text.error == 0)
			log_message(&c->m->log, is_warning ? LOG_WARNING : LOG_INFO, "%s",
				    (const char *)text.base);
	}
}

/* By force, a module goes that others need: they are told of before. */
static void report_breaches(const struct change *c)
{
	for (uint32_t i = 0; i < c->plan->n_steps; i++) {
		const struct plan_step *step = &c->plan->steps[i];

		for (uint32_t b = 0; b < step->n_breaches; b++) {
			CLEANUP_BUF struct buf text = { 0 };

			plan_describe_breach(step->module, &step->breaches[b], &text);
			buf_put_u8(&text, '\0');
			if (text.error == 0)
				log_message(&c->m->log, LOG_WARNING, "%s", (const char *)text.base);
		}
	}
}

/* Where several answer to one request, each one's result counts. */
static void report_answers(const struct change *c, const struct plan_goal *goal)
{
	for (uint32_t i = 0; i < goal->n_steps && goal->n_steps > 1; i++) {
		uint32_t step = c->plan->goal_steps[goal->first_step_ref + i];
		enum apply_status status = c->results[step].status;

		log_message(&c->m->log, LOG_INFO, "%s: answered by %s: %s", goal->request,
			    c->plan->steps[step].module,
			    status == APPLY_DONE       ? "done" :
			    status == APPLY_NOT_NEEDED ? "was so already" :
							 "failed");
	}
}

/* Return: whether every request was found. */
static bool check_goals(const struct change *c)
{
	bool is_found = true;

	for (uint32_t i = 0; i < c->plan->n_goals; i++) {
		const struct plan_goal *goal = &c->plan->goals[i];

		if (!goal->is_found)
			not_found(c->m, goal->request, goal->error);
		is_found &= goal->is_found;
	}
	return is_found;
}

static int apply(struct change *c)
{
	const struct modprobe *m = c->m;
	const struct apply_options options = {
		.all_or_nothing = m->all_or_nothing,
		.ignore_vermagic = m->force_vermagic,
		.ignore_modversions = m->force_modversions,
		.force = m->is_remove && m->force_vermagic && m->force_modversions,
		.dry_run = m->is_dry_run,
		.wait_usec = m->wait_usec,
		.conflict_dir = CONFLICT_DIR,
		.need_dir = NEED_DIR,
		.session = &c->m->session,
		.child_options = m->child_options,
		.before = before,
		.after = after,
		.ctx = c,
	};
	struct inserter *inserter;
	int r = -ENOMEM;

	if (options.force && !may_force(c))
		return 1;
	inserter = inserter_new(&m->session.kernel, &m->session.events);
	c->results = calloc((size_t)c->plan->n_steps + 1, sizeof(*c->results));
	if (inserter)
		inserter_set_claims(inserter, CLAIM_DIR);
	if (inserter && c->results)
		r = apply_plan(c->plan, &m->session.kernel, inserter, &options, c->results);
	for (uint32_t i = 0; i < c->plan->n_goals && r >= 0; i++)
		report_answers(c, &c->plan->goals[i]);
	free(c->results);
	inserter_free(inserter);
	return r;
}

static int add_goals(struct modprobe *m, struct planner *planner, int n, char **names,
		     bool *ret_is_missing)
{
	CLEANUP_BUF struct buf params = { 0 };
	bool is_each = m->is_all || m->is_remove;
	int r = 0;

	for (int i = 1; i < n && !is_each; i++)
		option_put_parameter(&params, names[i]);
	buf_put_u8(&params, '\0');
	if (params.error < 0)
		return params.error;
	for (int i = 0; i < (is_each ? n : 1); i++) {
		if (modprobe_is_path(names[i]) && !m->is_remove)
			r = session_add_file(&m->session, planner, names[i], (const char *)params.base);
		else
			r = planner_add(planner, names[i], (const char *)params.base);
		if (r == -ENOMEM)
			return r;
		if (r < 0) {
			not_found(m, names[i], r);
			*ret_is_missing = true;
		}
	}
	return 0;
}

static int plan_and_apply(struct modprobe *m, struct planner *planner, int n, char **names)
{
	struct change c = { .m = m, .has_params = n > 1 && !m->is_all && !m->is_remove };
	bool is_missing = false;
	int r;

	r = add_goals(m, planner, n, names, &is_missing);
	if (r == 0)
		r = session_answer(&m->session, planner);
	if (r == 0)
		r = planner_finish(planner, &c.plan);
	if (r < 0)
		return r;
	report_notes(&c);
	report_breaches(&c);
	is_missing |= !check_goals(&c);
	if (is_missing && !m->is_all)
		return 1;
	r = apply(&c);
	return r < 0 ? r : r || is_missing;
}

int modprobe_change(struct modprobe *m, int n, char **names)
{
	const struct plan_options options = {
		.is_unload = m->is_remove,
		.ignore_loaded = m->ignore_loaded,
		.ignore_commands = m->ignore_commands,
		.use_blacklist = m->use_blacklist,
		.must_change = m->is_first_time,
		.with_holders = m->with_holders,
		.with_hard_deps = m->with_hard_deps,
		.may_wait = m->wait_usec > 0,
		.force = m->is_remove && m->force_vermagic && m->force_modversions,
	};
	struct planner *planner = planner_new(&options, &m->session.conf);
	int r = planner ? plan_and_apply(m, planner, n, names) : -ENOMEM;

	planner_free(planner);
	if (r < 0)
		no_plan(m, r);
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
