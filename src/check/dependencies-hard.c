/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Can hard dependencies be met: does something answer to each, and may it be loaded?
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/name.h"
#include "check/claims.h"
#include "check/rules-internal.h"
#include "conf/cmdline.h"
#include "graph/declarations.h"

/* The kernel's own limit is a few KiB; each answer is looked for in all of it. */
#define CMDLINE_LOOKED_AT_MAX ((size_t)64 * 1024)

struct check_about check_about_finding(const struct finding *x)
{
	return (struct check_about){
		.module = x->module,
		.is_of_module = x->module != GRAPH_NONE,
		.file = x->file,
		.line = x->line,
		.section = x->file ? NULL : ".modinfo",
		.object = x->symbol,
	};
}

static const char *name_of(const struct check *c, uint32_t module)
{
	return c->in->graph->modules[module].name;
}

static int unknown_declared(struct check *c, struct claims *cl, const struct finding *x)
{
	struct check_about about = check_about_finding(x);
	char folded[ALIAS_MAX + 1];

	if (x->kind != FINDING_HARD_UNKNOWN || name_fold_word(x->symbol, folded) ||
	    claims_is_ruled(c, cl, folded))
		return 0;
	if (cl->taken_back[MODPROBE_HARDDEP][x->module]) {
		about.has_severity = true;
		return check_add(c, &about, "nothing answers to '%s', which %s needs; modprobe.d takes it back",
				 x->symbol, name_of(c, x->module));
	}
	about.has_severity = !x->is_refused;
	about.severity = CHECK_WARNING;
	return check_add(c, &about, "nothing answers to '%s', which %s needs, so modprobe %s", x->symbol,
			 name_of(c, x->module), x->is_refused ? "refuses to load it" : "loads it without");
}

int check_unknown_harddep(struct check *c)
{
	struct claims *cl;
	int r = claims_get(c, &cl);

	for (size_t i = 0; i < c->in->n_findings; i++)
		for (const struct finding *x = c->in->findings[i]->first; r == 0 && x; x = x->next)
			r = unknown_declared(c, cl, x);
	for (uint32_t i = 0; r == 0 && i < cl->n; i++) {
		const struct claim *claim = &cl->items[i];
		struct check_about about;
		uint32_t module;

		if (claim->kind != CLAIM_HARD || !claim->answers || claim->answers->n > 0 ||
		    claim->answers->is_cut)
			continue;
		module = claims_some_module(cl, claim);
		if (module == GRAPH_NONE || claims_is_ruled(c, cl, claim->folded))
			continue;
		about = claims_about(claim, module);
		about.has_severity = !claim->rule->is_strict;
		about.severity = CHECK_WARNING;
		r = check_add(c, &about, "nothing answers to '%s', which %s needs, so modprobe %s",
			      claim->text, name_of(c, module),
			      claim->rule->is_strict ? "refuses to load it" : "loads it without");
	}
	return r < 0 ? r : claims_skip_if_cut(c, cl);
}

/** struct forbidding - by module: the lines of configuration that keep it out; NULL for none */
struct forbidding {
	const struct modprobe_rule **mask, **blacklist, **install;
	uint8_t *cmdline; /* 1 + does module_blacklist= name it?; 0: nobody looked */
};

/* Its users get nothing but a failure, whatever its name. */
static bool is_failing(const char *command)
{
	static const char *const failing[] = { "/bin/false", "/usr/bin/false", "false" };
	size_t n;

	command += strspn(command, " \t");
	n = strcspn(command, " \t");
	for (size_t i = 0; i < sizeof(failing) / sizeof(failing[0]); i++)
		if (n == strlen(failing[i]) && memcmp(command, failing[i], n) == 0)
			return !command[strcspn(command, ";&|")];
	return n == 4 && memcmp(command, "exit", 4) == 0 && command[4 + strspn(command + 4, " \t")] >= '1' &&
	       command[4 + strspn(command + 4, " \t")] <= '9' && !command[strcspn(command, ";&|")];
}

/* Of several lines the first one counts. */
static void forbid(const struct check *c, struct claims *cl, enum modprobe_rule_kind kind,
		   const struct modprobe_rule **to)
{
	const struct modprobe_rules *rules = &c->in->conf->rules[kind];

	for (uint32_t i = 0; i < rules->n; i++) {
		struct claims_match match = { 0 };
		uint32_t module;

		while (claims_next_match(c, cl, rules->items[i].name, rules->items[i].is_pattern, &match,
					 &module))
			if (!to[module])
				to[module] = &rules->items[i];
	}
}

static bool is_refused_by_kernel(const struct check *c, const struct forbidding *f, uint32_t m)
{
	const struct bytes cmdline = c->in->cmdline;

	if (!f->cmdline[m])
		f->cmdline[m] = 1 + (cmdline.size > 0 && cmdline.size <= CMDLINE_LOOKED_AT_MAX &&
				     cmdline_is_blacklisted(cmdline, name_of(c, m)));
	return f->cmdline[m] == 2;
}

/* Why module @m cannot be loaded for the sake of @word. Return: NULL; what was done to it. */
static const char *why_forbidden(const struct check *c, const struct forbidding *f, uint32_t m,
				 const char *word, const char **ret_file, unsigned int *ret_line)
{
	const struct modprobe_rule *rule = f->mask[m];
	const char *why = "masked";

	if (!rule && f->install[m] && is_failing(f->install[m]->text)) {
		rule = f->install[m];
		why = "kept out by its install command";
	}
	if (!rule && strcmp(word, name_of(c, m)) != 0) {
		rule = f->blacklist[m];
		why = "blacklisted";
	}
	if (!rule && is_refused_by_kernel(c, f, m)) {
		*ret_file = "/proc/cmdline";
		*ret_line = 0;
		return "refused by the kernel (module_blacklist=)";
	}
	if (!rule)
		return NULL;
	*ret_file = rule->file;
	*ret_line = rule->line;
	return why;
}

/* @module needs one of those that answer to @text. */
static int look_at(struct check *c, const struct forbidding *f, uint32_t module, const char *text,
		   const char *word, const struct word_answers *a)
{
	struct check_about about = { .module = module, .is_of_module = true, .object = text };
	const char *why = NULL, *file;
	uint32_t n = 0, first = 0;
	unsigned int line;

	if (!a || a->is_cut || a->n_builtin > 0 || f->mask[module])
		return 0;
	for (uint32_t i = 0; i < a->n; i++) {
		const char *now = why_forbidden(c, f, a->items[i].module, word, &file, &line);

		if (now && n++ == 0) {
			why = now;
			first = a->items[i].module;
			about.file = file;
			about.line = line;
		}
	}
	if (n == 0)
		return 0;
	about.has_severity = n < a->n;
	about.severity = CHECK_NOTE;
	if (n < a->n)
		return check_add(c, &about, "%s is %s; it answers to '%s', which %s needs, and %u other%s too",
				 name_of(c, first), why, text, name_of(c, module), a->n - n,
				 a->n - n == 1 ? " does" : "s do");
	return check_add(c, &about, "%s needs '%s', and %s, which answers, is %s%s", name_of(c, module), text,
			 name_of(c, first), why, n > 1 ? "; so are all others" : "");
}

static int look_at_declared(struct check *c, struct forbidding *f, struct claims *cl)
{
	const struct declarations *d = c->in->declarations;
	int r = 0;

	for (uint32_t i = 0; d && d->hards && i < c->in->graph->n_modules; i++) {
		if (cl->taken_back[MODPROBE_HARDDEP][i])
			continue;
		for (const struct hard *x = d->hards[i].first; r == 0 && x; x = x->next)
			if (x->fate != DECLARED_CYCLE && !claims_is_ruled(c, cl, x->word->folded))
				r = look_at(c, f, i, x->word->text, x->word->folded, x->word->answers);
	}
	return r;
}

/* Said of the declaration already, where there is one. */
static bool is_declared(const struct check *c, uint32_t module, uint32_t owner)
{
	const struct declarations *d = c->in->declarations;

	for (const struct hard *x = d && d->hards ? d->hards[module].first : NULL; x; x = x->next)
		if (x->answer == owner)
			return true;
	return false;
}

/* Modules whose symbols @module uses. */
static int look_at_owners(struct check *c, const struct forbidding *f, uint32_t module)
{
	const struct graph_module *m = &c->in->graph->modules[module];
	int r = 0;

	if (m->is_left_out || f->mask[module])
		return 0;
	for (uint32_t i = 0; r == 0 && i < m->n_deps - m->n_hard_deps; i++) {
		const char *owner = name_of(c, m->deps[i]);
		struct check_about about = { .module = module, .is_of_module = true, .object = owner };
		const char *why = why_forbidden(c, f, m->deps[i], owner, &about.file, &about.line);

		if (why && !is_declared(c, module, m->deps[i]))
			r = check_add(c, &about, "%s uses symbols of %s, which is %s", name_of(c, module),
				      owner, why);
	}
	return r;
}

int check_forbidden_harddep(struct check *c)
{
	size_t n = (size_t)c->in->graph->n_modules + 1;
	const struct modprobe_rule **memory = calloc(3 * n, sizeof(*memory));
	struct forbidding f = { .mask = memory, .blacklist = memory + n, .install = memory + 2 * n,
				.cmdline = calloc(n, 1) };
	struct claims *cl;
	int r = memory && f.cmdline ? claims_get(c, &cl) : -ENOMEM;

	if (r == 0) {
		forbid(c, cl, MODPROBE_MASK, f.mask);
		forbid(c, cl, MODPROBE_BLACKLIST, f.blacklist);
		forbid(c, cl, MODPROBE_INSTALL, f.install);
		r = look_at_declared(c, &f, cl);
	}
	for (uint32_t i = 0; r == 0 && i < c->in->graph->n_modules; i++)
		r = look_at_owners(c, &f, i);
	for (uint32_t i = 0; r == 0 && i < cl->n; i++) {
		const struct claim *claim = &cl->items[i];
		uint32_t module = claim->kind == CLAIM_HARD ? claims_some_module(cl, claim) : GRAPH_NONE;

		if (module != GRAPH_NONE && !claims_is_ruled(c, cl, claim->folded))
			r = look_at(c, &f, module, claim->text, claim->folded, claim->answers);
	}
	free(memory);
	free(f.cmdline);
	return r < 0 ? r : claims_skip_if_cut(c, cl);
}
