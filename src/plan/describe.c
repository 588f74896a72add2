/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "plan/describe.h"

#include <errno.h>

#include "bytes/buf.h"
#include "bytes/name.h"

#define N_WORDS(words) (sizeof(words) / sizeof((words)[0]))

static const char *word_at(const char *const *words, size_t n, unsigned int i)
{
	return i < n ? words[i] : "unknown";
}

const char *plan_action_name(enum plan_action action)
{
	static const char *const words[] = {
		[PLAN_INSERT] = "insert",   [PLAN_RUN_INSTALL] = "run-install",
		[PLAN_DELETE] = "remove",   [PLAN_RUN_REMOVE] = "run-remove",
		[PLAN_IS_LIVE] = "live",    [PLAN_IS_BUILTIN] = "builtin",
		[PLAN_IS_ABSENT] = "absent", [PLAN_REFUSE] = "refuse",
	};

	return word_at(words, N_WORDS(words), action);
}

const char *plan_edge_name(enum plan_edge_kind kind)
{
	static const char *const words[] = {
		[PLAN_GOAL] = "goal",
		[PLAN_NEEDS] = "needs",
		[PLAN_HARD] = "harddep",
		[PLAN_ANY_OF] = "harddep-any",
		[PLAN_SOFT_PRE] = "softdep-pre",
		[PLAN_SOFT_POST] = "softdep-post",
		[PLAN_HOLDER] = "holder",
		[PLAN_HARD_USER] = "harddep-user",
	};

	return word_at(words, N_WORDS(words), kind);
}

const char *plan_refusal_name(enum plan_refusal refusal)
{
	static const char *const words[] = {
		[PLAN_REFUSE_NOTHING] = "nothing",	 [PLAN_REFUSE_MASKED] = "masked",
		[PLAN_REFUSE_NOT_ALLOWED] = "not-allowed",
		[PLAN_REFUSE_NO_FILE] = "no-file",	 [PLAN_REFUSE_UNKNOWN] = "unknown-module",
		[PLAN_REFUSE_IN_USE] = "in-use",	 [PLAN_REFUSE_BUILTIN] = "builtin",
		[PLAN_REFUSE_LOADED] = "loaded",	 [PLAN_REFUSE_NOT_LOADED] = "not-loaded",
		[PLAN_REFUSE_INDEX] = "bad-index",	 [PLAN_REFUSE_NEEDS] = "needs-refused",
		[PLAN_REFUSE_NO_ANSWER] = "no-answer",	 [PLAN_REFUSE_BLACKLISTED] = "blacklisted",
		[PLAN_REFUSE_CONFLICT] = "conflict",	 [PLAN_REFUSE_HARD_USED] = "harddep-used",
	};

	return word_at(words, N_WORDS(words), refusal);
}

const char *plan_note_name(enum plan_note_kind kind)
{
	static const char *const words[] = {
		[PLAN_NOTE_ORDER_CUT] = "order-cut",
		[PLAN_NOTE_SOFT_UNKNOWN] = "softdep-unknown",
		[PLAN_NOTE_SOFT_REFUSED] = "softdep-refused",
		[PLAN_NOTE_BLACKLISTED] = "blacklisted",
		[PLAN_NOTE_NEEDS_CYCLE] = "needs-cycle",
		[PLAN_NOTE_ANSWER_REFUSED] = "answer-refused",
		[PLAN_NOTE_HARD_UNKNOWN] = "harddep-unknown",
		[PLAN_NOTE_HARD_CYCLE] = "harddep-cycle",
		[PLAN_NOTE_HARD_SELF] = "harddep-self",
	};

	return word_at(words, N_WORDS(words), kind);
}

bool plan_note_is_warning(enum plan_note_kind kind)
{
	return kind == PLAN_NOTE_HARD_UNKNOWN || kind == PLAN_NOTE_HARD_CYCLE ||
	       kind == PLAN_NOTE_HARD_SELF;
}

void plan_describe_source(const struct plan_source *source, struct buf *out)
{
	buf_put_string(out, source->file ? source->file : "modules.dep");
	if (source->file && source->line > 0)
		buf_printf(out, ":%u", source->line);
}

/* " (FILE:LINE)" */
static void put_source(const struct plan_source *source, struct buf *out)
{
	buf_put_string(out, " (");
	plan_describe_source(source, out);
	buf_put_string(out, ")");
}

void plan_describe_hard_source(const struct plan_source *source, struct buf *out)
{
	buf_put_string(out, " (hard dependency, ");
	plan_describe_source(source, out);
	buf_put_string(out, ")");
}

static void put_rule(const struct modprobe_rule *rule, struct buf *out)
{
	if (rule)
		put_source(&(struct plan_source){ rule->file, rule->line }, out);
}

static void put_strings(struct buf *out, const char *a, const char *b, const char *c)
{
	buf_put_string(out, a);
	buf_put_string(out, b);
	buf_put_string(out, c);
}

/* The core has no strerror(3), whose words hang on the locale. */
static void put_error(int error, struct buf *out)
{
	switch (error) {
	case -ENOENT:
		buf_put_string(out, "there is no such file");
		break;
	case -EACCES:
	case -EPERM:
		buf_put_string(out, "permission denied");
		break;
	case -EISDIR:
		buf_put_string(out, "it is a directory");
		break;
	case -ENOTDIR:
		buf_put_string(out, "a part of the path is no directory");
		break;
	case -ELOOP:
		buf_put_string(out, "too many symbolic links");
		break;
	case -EIO:
		buf_put_string(out, "input/output error");
		break;
	case -EBADMSG:
		buf_put_string(out, "it is damaged");
		break;
	default:
		buf_printf(out, "error %d", error < 0 ? -error : error);
	}
}

static void describe_insert(const struct plan_step *step, struct buf *out)
{
	put_strings(out, "insert ", step->module, "");
	if (step->path)
		put_strings(out, " (", step->path, ")");
	if (step->options && step->options[0])
		put_strings(out, " with ", step->options, "");
}

static void describe_command(const struct plan_step *step, const char *kind, struct buf *out)
{
	put_strings(out, "run the ", kind, " command of ");
	buf_put_string(out, step->module);
	put_rule(step->rule, out);
	put_strings(out, ": ", step->command ? step->command : "", "");
	if (step->options && step->options[0])
		put_strings(out, " with ", step->options, "");
}

void plan_describe_step(const struct plan_step *step, struct buf *out)
{
	switch (step->action) {
	case PLAN_INSERT:
		describe_insert(step, out);
		break;
	case PLAN_RUN_INSTALL:
		describe_command(step, "install", out);
		break;
	case PLAN_DELETE:
		put_strings(out, "remove ", step->module,
			    step->if_unused ? " if nothing uses it by then" : "");
		break;
	case PLAN_RUN_REMOVE:
		describe_command(step, "remove", out);
		break;
	case PLAN_IS_LIVE:
		put_strings(out, step->module, " is loaded already", "");
		break;
	case PLAN_IS_BUILTIN:
		put_strings(out, step->module, " is built into the kernel", "");
		break;
	case PLAN_IS_ABSENT:
		put_strings(out, step->module, " is not loaded", "");
		break;
	case PLAN_REFUSE:
		put_strings(out, "refuse ", step->module, "");
		break;
	}
}

static void describe_goal(const struct plan_step *step, const struct plan_reason *reason,
			  struct buf *out)
{
	if (strcmp(reason->by, step->module) == 0) {
		buf_put_string(out, "asked for");
		return;
	}
	put_strings(out, "asked for as ", reason->by, "");
	if (reason->source.file)
		put_source(&reason->source, out);
}

static void describe_soft(const struct plan_step *step, const struct plan_reason *reason,
			  struct buf *out)
{
	put_strings(out, "soft dependency ", reason->kind == PLAN_SOFT_PRE ? "before " : "after ",
		    reason->by);
	if (reason->word && !name_is_same(reason->word, step->module))
		put_strings(out, ", named ", reason->word, "");
	put_source(&reason->source, out);
	if (reason->is_order_cut)
		buf_put_string(out, "; not in that order, which would close a cycle");
}

static void describe_hard(const struct plan_step *step, const struct plan_reason *reason,
			  struct buf *out)
{
	bool is_unload = step->action == PLAN_DELETE || step->action == PLAN_RUN_REMOVE;
	bool is_alias = reason->word && !name_is_same(reason->word, step->module);

	if (reason->kind == PLAN_ANY_OF)
		put_strings(out, "one answer to the hard dependency of ", reason->by, "");
	else if (reason->kind == PLAN_HARD)
		put_strings(out, is_unload ? "was a hard dependency of " : "hard dependency of ",
			    reason->by, "");
	else
		put_strings(out, "has a hard dependency on ", reason->by, "");
	if (is_alias && reason->kind != PLAN_HARD_USER)
		put_strings(out, reason->kind == PLAN_ANY_OF ? " on " : ", named ", reason->word, "");
	put_source(&reason->source, out);
}

void plan_describe_reason(const struct plan_step *step, const struct plan_reason *reason,
			  struct buf *out)
{
	bool is_unload = step->action == PLAN_DELETE || step->action == PLAN_RUN_REMOVE;

	switch (reason->kind) {
	case PLAN_GOAL:
		describe_goal(step, reason, out);
		break;
	case PLAN_NEEDS:
		put_strings(out, is_unload ? "was needed by " : "needed by ", reason->by, "");
		put_source(&reason->source, out);
		break;
	case PLAN_SOFT_PRE:
	case PLAN_SOFT_POST:
		describe_soft(step, reason, out);
		break;
	case PLAN_HARD:
	case PLAN_ANY_OF:
	case PLAN_HARD_USER:
		describe_hard(step, reason, out);
		break;
	case PLAN_HOLDER:
		put_strings(out, "uses ", reason->by, "");
		break;
	}
}

static void describe_in_use(const struct plan_step *step, struct buf *out)
{
	put_strings(out, step->module, " is in use", "");
	if (step->holders && step->holders[0])
		put_strings(out, " by ", step->holders, "");
	else if (step->n_users > 0)
		buf_printf(out, ", %ld user%s", step->n_users, step->n_users == 1 ? "" : "s");
}

static void describe_file(const struct plan_step *step, struct buf *out)
{
	put_strings(out, "the file of ", step->module, "");
	if (step->path)
		put_strings(out, " cannot be opened: ", step->path, ": ");
	else
		buf_put_string(out, " cannot be opened: ");
	put_error(step->error, out);
}

void plan_describe_needed(const char *module, const char *users, const char *word,
			  const struct plan_source *source, struct buf *out)
{
	bool are_many = strchr(users, ',');

	put_strings(out, users, are_many ? " are" : " is", " loaded and ");
	put_strings(out, are_many ? "need " : "needs ", word, "");
	if (!name_is_same(word, module))
		put_strings(out, ", which nothing but ", module, " answers");
	plan_describe_hard_source(source, out);
}

void plan_describe_hard(const char *module, const char *word, const struct plan_source *source,
			struct buf *out)
{
	put_strings(out, module, " needs ", word);
	plan_describe_hard_source(source, out);
}

void plan_describe_conflict(const char *module, const char *other, const struct plan_source *source,
			    struct buf *out)
{
	put_strings(out, module, " must not be loaded together with ", other);
	put_source(source, out);
}

static void describe_blacklisted(const struct plan_step *step, struct buf *out)
{
	bool is_several = strchr(step->holders, ',') != NULL;

	plan_describe_hard(step->module, step->word, &step->source, out);
	put_strings(out, ", which only ", step->holders, is_several ? " answer" : " answers");
	buf_put_string(out, is_several ? ", and those are blacklisted" : ", and that is blacklisted");
	put_rule(step->rule, out);
}

/* For a reason of its own, not because of what it needs. */
static void describe_own(const struct plan_step *step, struct buf *out)
{
	static const char *const words[] = {
		[PLAN_REFUSE_MASKED] = " is masked",
		[PLAN_REFUSE_NOT_ALLOWED] = " is not allowed: there are allow rules, and none names it",
		[PLAN_REFUSE_UNKNOWN] = " is named, but no index knows such a module",
		[PLAN_REFUSE_BUILTIN] = " is built into the kernel",
		[PLAN_REFUSE_LOADED] = " is loaded already",
		[PLAN_REFUSE_NOT_LOADED] = " is not loaded",
	};

	switch (step->refusal) {
	case PLAN_REFUSE_NOTHING:
		break;
	case PLAN_REFUSE_IN_USE:
		describe_in_use(step, out);
		break;
	case PLAN_REFUSE_NO_FILE:
		describe_file(step, out);
		break;
	case PLAN_REFUSE_INDEX:
		put_strings(out, "the line of ", step->module, " in modules.dep.bin cannot be used: ");
		put_error(step->error, out);
		break;
	case PLAN_REFUSE_NEEDS:
		put_strings(out, step->module, " cannot be loaded", "");
		break;
	case PLAN_REFUSE_NO_ANSWER:
		plan_describe_hard(step->module, step->word, &step->source, out);
		buf_put_string(out, ", and nothing answers to that");
		break;
	case PLAN_REFUSE_BLACKLISTED:
		describe_blacklisted(step, out);
		break;
	case PLAN_REFUSE_CONFLICT:
		plan_describe_conflict(step->module, step->word, &step->source, out);
		break;
	case PLAN_REFUSE_HARD_USED:
		plan_describe_needed(step->module, step->holders, step->word, &step->source, out);
		break;
	default:
		put_strings(out, step->module, word_at(words, N_WORDS(words), step->refusal), "");
		put_rule(step->rule, out);
	}
}

/* "realtek", "realtek (hard dependency, FILE:LINE)", "crypto-x, answered by y (...)" */
static void describe_need(const struct plan_step *step, const char *module, struct buf *out)
{
	if (!step->word) {
		buf_put_string(out, module);
		return;
	}
	buf_put_string(out, step->word);
	if (step->cause_group >= step->n_groups && !name_is_same(step->word, module))
		put_strings(out, ", answered by ", module, "");
	plan_describe_hard_source(&step->source, out);
}

/* Why none of the answers can be loaded, each with its own reason, but not the reasons behind. */
static void describe_answers(const struct plan *plan, const struct plan_step *step, struct buf *out)
{
	const struct plan_group *group = &step->groups[step->cause_group];

	buf_put_string(out, ", and nothing that answers to it can be loaded: ");
	for (uint32_t n = 0; n < group->n_steps && n < DESCRIBE_CHAIN_MAX; n++) {
		buf_put_string(out, n > 0 ? "; " : "");
		describe_own(&plan->steps[group->steps[n]], out);
	}
	buf_put_string(out, group->n_steps > DESCRIBE_CHAIN_MAX ? "; and so on" : "");
}

void plan_describe_refusal(const struct plan *plan, const struct plan_step *step, struct buf *out)
{
	const struct plan_step *at = step;
	uint32_t n_named = 0;

	/* A plan is finite, and so is the way to a cause that is its own. */
	for (uint32_t n = 0; n < plan->n_steps && at->refusal == PLAN_REFUSE_NEEDS &&
			     at->cause < plan->n_steps;
	     n++) {
		if (n == 0)
			put_strings(out, at->module, " needs ", "");
		else if (n_named < DESCRIBE_CHAIN_MAX)
			buf_put_string(out, ", which needs ");
		if (n_named < DESCRIBE_CHAIN_MAX)
			describe_need(at, plan->steps[at->cause].module, out);
		else if (n_named == DESCRIBE_CHAIN_MAX)
			buf_put_string(out, ", and so on");
		n_named++;
		if (at->cause_group < at->n_groups) {
			describe_answers(plan, at, out);
			return;
		}
		at = &plan->steps[at->cause];
	}
	if (at != step)
		buf_put_string(out, ": ");
	describe_own(at, out);
}

void plan_describe_breach(const char *module, const struct plan_breach *breach, struct buf *out)
{
	put_strings(out, "removing '", module, "' takes ");
	put_strings(out, breach->word, ", its hard dependency", "");
	put_source(&breach->source, out);
	put_strings(out, ", from ", breach->user, ", which stays loaded");
}

static void describe_left_out(const struct plan_note *note, struct buf *out)
{
	struct plan_step step = { .module = note->b, .refusal = note->refusal, .rule = note->rule };
	bool is_soft = note->kind == PLAN_NOTE_SOFT_REFUSED;

	put_strings(out, note->b,
		    is_soft ? ", a soft dependency of " : ", one answer to a hard dependency of ",
		    note->a);
	put_source(&note->source, out);
	buf_put_string(out, ", is left out: ");
	if (note->refusal == PLAN_REFUSE_NO_FILE)
		buf_put_string(out, "its file cannot be opened");
	else if (note->refusal == PLAN_REFUSE_INDEX)
		buf_put_string(out, "its line in modules.dep.bin is damaged");
	else if (note->refusal == PLAN_REFUSE_CONFLICT)
		buf_put_string(out, "it must not be loaded together with what else is to be");
	else if (note->refusal == PLAN_REFUSE_NO_ANSWER || note->refusal == PLAN_REFUSE_BLACKLISTED)
		buf_put_string(out, "nothing that may be loaded answers to a hard dependency of it");
	else if (note->refusal == PLAN_REFUSE_NEEDS)
		buf_put_string(out, "something that it needs cannot be loaded");
	else
		describe_own(&step, out);
}

void plan_describe_note(const struct plan_note *note, struct buf *out)
{
	switch (note->kind) {
	case PLAN_NOTE_ORDER_CUT:
		put_strings(out, "the soft dependency of ", note->a, " on ");
		buf_put_string(out, note->b);
		put_source(&note->source, out);
		buf_put_string(out, " would close a cycle: its order is not kept");
		break;
	case PLAN_NOTE_SOFT_UNKNOWN:
		put_strings(out, "nothing answers to ", note->b, ", a soft dependency of ");
		buf_put_string(out, note->a);
		put_source(&note->source, out);
		break;
	case PLAN_NOTE_SOFT_REFUSED:
	case PLAN_NOTE_ANSWER_REFUSED:
		describe_left_out(note, out);
		break;
	case PLAN_NOTE_BLACKLISTED:
		put_strings(out, note->b, " answers to ", note->a);
		buf_put_string(out, ", but is blacklisted");
		put_rule(note->rule, out);
		break;
	case PLAN_NOTE_NEEDS_CYCLE:
		put_strings(out, note->a, " and ", note->b);
		buf_put_string(out, " need each other, says modules.dep");
		break;
	case PLAN_NOTE_HARD_UNKNOWN:
		put_strings(out, "nothing answers to ", note->b, ", a hard dependency of ");
		buf_put_string(out, note->a);
		put_source(&note->source, out);
		buf_put_string(out, ": going on without");
		break;
	case PLAN_NOTE_HARD_CYCLE:
		put_strings(out, "the hard dependency of ", note->a, " on ");
		buf_put_string(out, note->b);
		put_source(&note->source, out);
		put_strings(out, " would close the cycle ", note->path ? note->path : "", ": dropped");
		break;
	case PLAN_NOTE_HARD_SELF:
		put_strings(out, note->a, " has a hard dependency on itself", "");
		put_source(&note->source, out);
		buf_put_string(out, ": dropped");
		break;
	}
}
