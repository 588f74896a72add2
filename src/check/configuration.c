/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Can each line of modprobe.d and depmod.d be understood, and is it about a module of this kernel?
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/glob.h"
#include "bytes/grow.h"
#include "bytes/name-set.h"
#include "bytes/name.h"
#include "check/claims.h"
#include "check/rules-internal.h"
#include "conf/depmod-conf.h"
#include "graph/declarations.h"
#include "index/builtin.h"

#define WILDCARDS "*?["

/* Names that are built in; Debian's kernels have a few hundred. */
#define BUILTIN_MAX (1u << 20)

static int look_at_notes(struct check *c, bool is_bad)
{
	int r = 0;

	for (size_t i = 0; r == 0 && c->in->is_whole && i < c->in->n_conf_notes; i++) {
		const struct check_conf_note *note = &c->in->conf_notes[i];
		struct check_about about = { .file = note->file, .line = note->line, .object = note->what };

		if (note->is_bad == is_bad)
			r = check_add(c, &about, "%s", note->what);
	}
	return r;
}

int check_bad_configuration(struct check *c)
{
	return look_at_notes(c, true);
}

int check_unused_configuration(struct check *c)
{
	return look_at_notes(c, false);
}

/** struct names - what lines may be about, besides modules of the tree */
struct names {
	struct check *c;
	struct claims *claims;
	struct arena arena;
	struct name_set builtin, damaged;
	const char **all_builtin; /* of the first set */
	uint32_t n_builtin, capacity;
};

static int collect_builtin(struct names *n)
{
	struct builtin_list list = { .text = n->c->in->builtin };
	char name[MODULE_NAME_MAX + 1];
	int more, r = 0;

	while (r >= 0 && n->n_builtin < BUILTIN_MAX && (more = builtin_list_next(&list, name, NULL)) != 0) {
		const char *copy;

		if (more < 0)
			continue;
		copy = arena_string(&n->arena, name, strlen(name));
		r = copy ? name_set_put(&n->builtin, copy, 0, NULL) : -ENOMEM;
		if (r > 0)
			r = grow_array(&n->all_builtin, n->n_builtin, &n->capacity, sizeof(char *), BUILTIN_MAX);
		else if (r == 0)
			continue;
		if (r == 0)
			n->all_builtin[n->n_builtin++] = copy;
	}
	return r < 0 ? r : 0;
}

static int names_init(struct names *n, struct check *c)
{
	int r;

	*n = (struct names){ .c = c };
	r = claims_get(c, &n->claims);
	if (r == 0)
		r = collect_builtin(n);
	for (size_t i = 0; r >= 0 && i < c->in->n_damaged; i++)
		r = name_set_put(&n->damaged, c->in->damaged[i].name, 0, NULL);
	return r < 0 ? r : 0;
}

static void names_done(struct names *n)
{
	name_set_done(&n->builtin);
	name_set_done(&n->damaged);
	free(n->all_builtin);
	arena_done(&n->arena);
}

enum is_known {
	IS_UNKNOWN,
	IS_BUILTIN,
	IS_KNOWN,
};

static bool matches(struct names *n, const char *pattern, bool is_pattern, const char *name)
{
	int r = 0;

	if (!is_pattern)
		return strcmp(pattern, name) == 0;
	r = glob_matches_within(pattern, name, &n->claims->steps);
	n->claims->is_cut |= r < 0;
	return r > 0;
}

static enum is_known is_known(struct names *n, const char *name, bool is_pattern)
{
	struct claims_match match = { 0 };
	uint32_t module;

	if (claims_next_match(n->c, n->claims, name, is_pattern, &match, &module))
		return IS_KNOWN;
	if (!is_pattern && name_set_has(&n->damaged, name, NULL))
		return IS_KNOWN;
	if (!is_pattern && name_set_has(&n->builtin, name, NULL))
		return IS_BUILTIN;
	for (size_t i = 0; is_pattern && i < n->c->in->n_damaged; i++)
		if (matches(n, name, true, n->c->in->damaged[i].name))
			return IS_KNOWN;
	for (uint32_t i = 0; is_pattern && i < n->n_builtin; i++)
		if (matches(n, name, true, n->all_builtin[i]))
			return IS_BUILTIN;
	/* Where not all names were tried, nobody can say that there is none. */
	return n->claims->is_cut ? IS_KNOWN : IS_UNKNOWN;
}

static const struct kind {
	const char *directive;
	bool may_be_builtin; /* it has an effect on what is built in */
	bool may_be_alias;
	bool is_name; /* and no pattern */
} kinds[MODPROBE_RULE_KINDS] = {
	[MODPROBE_BLACKLIST] = { "blacklist", false, false, true },
	[MODPROBE_OPTIONS] = { "options", false, true, true },
	[MODPROBE_INSTALL] = { "install", true, true, false },
	[MODPROBE_REMOVE] = { "remove", true, true, false },
	[MODPROBE_SOFTDEP] = { "softdep", false, false, false },
	[MODPROBE_WEAKDEP] = { "weakdep", false, false, false },
	[MODPROBE_MASK] = { "mask", false, false, false },
	[MODPROBE_ALLOW] = { "allow", true, false, false },
	[MODPROBE_HARDDEP] = { "harddep", false, false, false },
	[MODPROBE_CONFLICT] = { "conflict", true, true, true },
};

/* Would it be about a module if it were written otherwise? */
static bool is_mistake(const struct kind *kind, const char *name)
{
	size_t n = strlen(name);

	return strchr(name, '/') || (n > 3 && strcmp(name + n - 3, ".ko") == 0) ||
	       (kind->is_name && !kind->may_be_alias && name[strcspn(name, WILDCARDS)]);
}

static int report(struct check *c, const struct kind *kind, const char *name, const char *file,
		  unsigned int line, bool is_builtin)
{
	struct check_about about = { .file = file, .line = line, .object = name, .has_severity = true,
				     .severity = CHECK_NOTE };

	if (is_builtin)
		return check_add(c, &about, "%s is built into this kernel, so this %s line does nothing", name,
				 kind->directive);
	if (!is_mistake(kind, name))
		return check_add(c, &about, "no module of this kernel is called %s, as this %s line has it", name,
				 kind->directive);
	about.severity = CHECK_WARNING;
	return check_add(c, &about, "no module can be called '%s', as this %s line has it: %s", name,
			 kind->directive,
			 strchr(name, '/') || !name[strcspn(name, WILDCARDS)]
				 ? "the name of a file is not that of its module"
				 : "patterns have no meaning here");
}

/* Does anything answer to the name of this line as to an alias? */
static bool is_answered(const struct word_answers *a)
{
	return a && (a->n > 0 || a->is_cut);
}

static int look_at_rule(struct names *n, const struct modprobe_rule *rule, const struct kind *kind,
			const struct word_answers *answers)
{
	enum is_known known = is_known(n, rule->name, rule->is_pattern);

	/* What the command line says is for others, too; one option of it is not one line. */
	if (known == IS_KNOWN || rule->line == 0)
		return 0;
	if (known == IS_BUILTIN)
		return kind->may_be_builtin ? 0 : report(n->c, kind, rule->name, rule->file, rule->line, true);
	if (kind->may_be_alias && is_answered(answers))
		return 0;
	return report(n->c, kind, rule->name, rule->file, rule->line, false);
}

static int look_at_modprobe(struct names *n)
{
	const struct modprobe_conf *conf = n->c->in->conf;
	int r = 0;

	for (int kind = 0; kind < MODPROBE_RULE_KINDS; kind++)
		for (uint32_t i = 0; r == 0 && i < conf->rules[kind].n; i++)
			if (kinds[kind].directive && !kinds[kind].may_be_alias)
				r = look_at_rule(n, &conf->rules[kind].items[i], &kinds[kind], NULL);
	for (uint32_t i = 0; r == 0 && i < n->claims->n; i++) {
		const struct claim *claim = &n->claims->items[i];

		if (claim->kind == CLAIM_SUBJECT &&
		    !(claim->rule_kind == MODPROBE_OPTIONS && claims_is_ruled(n->c, n->claims, claim->folded)))
			r = look_at_rule(n, claim->rule, &kinds[claim->rule_kind], claim->answers);
	}
	return r;
}

static int look_at_depmod(struct names *n)
{
	static const struct kind harddep = { "harddep", false, false, false };
	static const struct kind override = { "override", false, false, true };
	const struct depmod_conf *conf = n->c->in->depmod_conf;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < conf->hards.n; i++) {
		const struct depmod_declaration *line = &conf->hards.items[i];
		enum is_known known = is_known(n, line->name, line->is_pattern);

		if (known != IS_KNOWN)
			r = report(n->c, &harddep, line->name, line->file, line->line, known == IS_BUILTIN);
	}
	for (uint32_t i = 0; r == 0 && i < conf->overrides.n; i++) {
		const struct depmod_rule *rule = &conf->overrides.items[i];
		const char *name = strrchr(rule->text, '/') + 1;
		enum is_known known = is_known(n, name, false);

		if (known != IS_KNOWN)
			r = report(n->c, &override, name, rule->file, rule->line, known == IS_BUILTIN);
	}
	return r;
}

/* The first name of a conflict line of depmod.d; what nothing answers to is in conflict with nobody. */
static int look_at_conflicts(struct names *n)
{
	const struct declarations *d = n->c->in->declarations;
	int r = 0;

	for (size_t i = 0; d && r == 0 && i < d->n_conflicts; i++) {
		const struct declared_word *one = d->conflicts[i].one;

		if (one && one->answers && !is_answered(one->answers))
			r = report(n->c, &kinds[MODPROBE_CONFLICT], one->text, one->file, one->line, false);
	}
	return r;
}

int check_configuration_of_no_module(struct check *c)
{
	struct names n;
	int r;

	if (!c->in->is_whole)
		return 0;
	r = names_init(&n, c);
	if (r == 0)
		r = look_at_modprobe(&n);
	if (r == 0)
		r = look_at_depmod(&n);
	if (r == 0)
		r = look_at_conflicts(&n);
	if (r == 0)
		r = claims_skip_if_cut(c, n.claims);
	names_done(&n);
	return r;
}

int check_alias_of_no_module(struct check *c)
{
	const struct modprobe_rules *rules = &c->in->conf->rules[MODPROBE_ALIAS];
	struct names n;
	int r;

	if (!c->in->is_whole || rules->n == 0)
		return 0;
	r = names_init(&n, c);
	for (uint32_t i = 0; r == 0 && i < rules->n; i++) {
		const struct modprobe_rule *rule = &rules->items[i];
		struct check_about about = { .file = rule->file, .line = rule->line, .object = rule->text };

		/* A command may stand for it, and "off" is how people say that there shall be none. */
		if (is_known(&n, rule->text, false) == IS_UNKNOWN && strcmp(rule->text, "off") != 0 &&
		    !claims_has_command(c, n.claims, rule->text))
			r = check_add(c, &about, "requests for %s are turned to %s, and no module of this kernel "
				      "is called so", rule->name, rule->text);
	}
	if (r == 0)
		r = claims_skip_if_cut(c, n.claims);
	names_done(&n);
	return r;
}
