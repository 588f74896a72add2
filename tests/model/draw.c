/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "draw.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t next(struct draw *d)
{
	d->state ^= d->state >> 12;
	d->state ^= d->state << 25;
	d->state ^= d->state >> 27;
	return (uint32_t)((d->state * 0x2545f4914f6cdd1dull) >> 32);
}

uint32_t draw_below(struct draw *d, uint32_t n)
{
	return next(d) % n;
}

bool draw_chance(struct draw *d, uint32_t percent)
{
	return draw_below(d, 100) < percent;
}

static uint32_t draw_one(struct draw *d)
{
	return draw_below(d, d->n_modules);
}

uint32_t draw_find(const struct draw *d, const char *name)
{
	uint32_t i = 0;

	while (i < d->n_modules && strcmp(d->modules[i].name, name) != 0)
		i++;
	return i;
}

const struct draw_alias *draw_find_alias(const struct draw *d, const char *name)
{
	for (uint32_t i = 0; i < d->n_aliases; i++)
		if (strcmp(d->aliases[i].name, name) == 0)
			return &d->aliases[i];
	return NULL;
}

/* Names in no relation to who needs whom. */
static void draw_name(struct draw *d, struct draw_module *module)
{
	do
		(void)snprintf(module->name, sizeof(module->name), "m%c%c", 'a' + draw_below(d, 4),
			       'a' + draw_below(d, 26));
	while (&d->modules[draw_find(d, module->name)] != module);
}

static void draw_needs(struct draw *d, uint32_t i)
{
	struct draw_module *module = &d->modules[i];
	uint32_t percent = 10 + draw_below(d, 40);

	for (uint32_t need = 0; need < i; need++) {
		if (!draw_chance(d, percent))
			continue;
		if (!d->modules[need].is.is_builtin) { /* no index speaks of what is built in */
			module->needs |= BIT(need);
			module->closure |= BIT(need) | d->modules[need].closure;
		}
		strcat(module->needs_text, d->modules[need].name);
		strcat(module->needs_text, " ");
	}
}

static int64_t draw_time(struct draw *d)
{
	static const int64_t times[] = { 0, 0, 100, 3000, 400000 };

	return times[draw_below(d, 5)];
}

static int draw_error(struct draw *d)
{
	static const int errors[] = { -ENODEV, -EIO, -EEXIST, -EBUSY, -EINTR, -EINVAL };

	return errors[draw_below(d, 6)];
}

static void draw_module(struct draw *d, uint32_t i)
{
	struct draw_module *module = &d->modules[i];
	bool is_quirky = draw_chance(d, 30);

	d->n_modules = i; /* draw_find() looks at those before it */
	draw_name(d, module);
	d->n_modules = i + 1;
	draw_needs(d, i);
	module->is = (struct kernel_model_module){ .name = module->name,
						   .needs = module->needs_text,
						   .init_usec = draw_time(d),
						   .exit_usec = draw_time(d),
						   .is_permanent = draw_chance(d, 5) };
	if (draw_chance(d, 50))
		module->is.no_state_usec = module->is.init_usec / 2;
	if (!module->needs && draw_chance(d, 8))
		module->is.is_builtin = true;
	if (!is_quirky || module->is.is_builtin)
		return;
	module->is_missing = draw_chance(d, 15);
	module->is_damaged = draw_chance(d, 8);
	module->is.load_error = draw_chance(d, 15) ? -ENOEXEC : 0;
	module->is.init_error = draw_chance(d, 30) ? draw_error(d) : 0;
	module->is.n_bad_inits = draw_below(d, 3);
}

/* What is live has what it needs, and a file that once was good. */
static void draw_live(struct draw *d)
{
	uint32_t percent = draw_below(d, 60);

	for (uint32_t i = d->n_modules; i-- > 0;) {
		struct draw_module *module = &d->modules[i];

		if (module->is.is_builtin || (!module->is.is_live && !draw_chance(d, percent / 2)))
			continue;
		module->is.is_live = true;
		module->is.n_users = draw_chance(d, 10) ? 1 : 0;
		for (uint32_t need = 0; need < i; need++)
			if (module->closure & BIT(need) && !d->modules[need].is.is_builtin)
				d->modules[need].is.is_live = true;
	}
}

static void draw_aliases(struct draw *d)
{
	d->n_aliases = draw_below(d, DRAW_ALIASES_MAX + 1);
	for (uint32_t i = 0; i < d->n_aliases; i++) {
		struct draw_alias *alias = &d->aliases[i];

		(void)snprintf(alias->name, sizeof(alias->name), "x:%u", i);
		alias->n = 1 + draw_below(d, 3);
		alias->is_rule = draw_chance(d, 40);
		for (uint32_t n = 0; n < alias->n; n++)
			alias->modules[n] = (uint8_t)draw_one(d);
	}
}

/* One word of a softdep line: a module, an alias, or nothing that there is. */
static void put_soft_word(struct draw *d, struct draw_rule *rule, bool is_post)
{
	uint32_t what = draw_below(d, 12), module = draw_one(d);

	if (what == 0) {
		strcat(rule->text, "nosuch ");
	} else if (what == 1 && d->n_aliases > 0) {
		const struct draw_alias *alias = &d->aliases[draw_below(d, d->n_aliases)];

		strcat(strcat(rule->text, alias->name), " ");
		for (uint32_t i = 0; i < alias->n; i++)
			*(is_post ? &rule->post_alias : &rule->pre_alias) |= BIT(alias->modules[i]);
	} else {
		strcat(strcat(rule->text, d->modules[module].name), " ");
		*(is_post ? &rule->post : &rule->pre) |= BIT(module);
	}
}

static void draw_soft_words(struct draw *d, struct draw_rule *rule)
{
	bool is_post = false;

	for (uint32_t n = draw_below(d, 5); n > 0; n--) {
		if (draw_chance(d, 40)) {
			is_post = draw_chance(d, 40);
			strcat(rule->text, is_post ? "post: " : "pre: ");
		}
		put_soft_word(d, rule, is_post);
	}
}

static void draw_command(struct draw *d, struct draw_rule *rule, uint32_t module)
{
	static const char *const ends[] = { "exit:0", "exit:2", "kill:9", "sleep:500", "" };
	char act[16] = "";

	if (draw_chance(d, 60))
		(void)snprintf(act, sizeof(act), "%c%s ", rule->kind == MODPROBE_INSTALL ? '+' : '-',
			       d->modules[module].name);
	(void)snprintf(rule->text, sizeof(rule->text), "%s%s", act, ends[draw_below(d, 5)]);
	if (!rule->text[0])
		strcpy(rule->text, "exit:0");
}

static enum modprobe_rule_kind draw_kind(struct draw *d, bool has_commands, bool has_allow)
{
	static const uint8_t kinds[] = { MODPROBE_SOFTDEP, MODPROBE_SOFTDEP, MODPROBE_SOFTDEP,
					 MODPROBE_SOFTDEP, MODPROBE_SOFTDEP, MODPROBE_SOFTDEP,
					 MODPROBE_OPTIONS, MODPROBE_OPTIONS, MODPROBE_BLACKLIST,
					 MODPROBE_MASK,	   MODPROBE_INSTALL, MODPROBE_REMOVE,
					 MODPROBE_ALLOW,   MODPROBE_WEAKDEP };
	enum modprobe_rule_kind kind;

	do
		kind = kinds[draw_below(d, sizeof(kinds))];
	while ((kind == MODPROBE_ALLOW && !has_allow) ||
	       ((kind == MODPROBE_INSTALL || kind == MODPROBE_REMOVE) && !has_commands));
	return kind;
}

static bool has_pattern(enum modprobe_rule_kind kind)
{
	return kind != MODPROBE_BLACKLIST && kind != MODPROBE_OPTIONS;
}

static void draw_rule(struct draw *d, struct draw_rule *rule, enum modprobe_rule_kind kind)
{
	static const char *const words[] = {
		[MODPROBE_BLACKLIST] = "blacklist", [MODPROBE_OPTIONS] = "options",
		[MODPROBE_INSTALL] = "install",	    [MODPROBE_REMOVE] = "remove",
		[MODPROBE_SOFTDEP] = "softdep",	    [MODPROBE_WEAKDEP] = "weakdep",
		[MODPROBE_MASK] = "mask",	    [MODPROBE_ALLOW] = "allow"
	};
	uint32_t module = draw_one(d);
	bool is_for_all = has_pattern(kind) && draw_chance(d, kind == MODPROBE_SOFTDEP ? 5 : 2);

	*rule = (struct draw_rule){ .kind = kind, .about = is_for_all ? ~0u : BIT(module) };
	/* Rules of one kind about all and about one keep their order. */
	rule->rank = (uint32_t)kind;
	(void)snprintf(rule->head, sizeof(rule->head), "%s %s ", words[kind],
		       is_for_all ? "m*" : d->modules[module].name);
	if (kind == MODPROBE_SOFTDEP)
		draw_soft_words(d, rule);
	else if (kind == MODPROBE_OPTIONS)
		(void)snprintf(rule->text, sizeof(rule->text), "p%u=%u", draw_below(d, 3), draw_below(d, 10));
	else if (kind == MODPROBE_WEAKDEP)
		strcpy(rule->text, d->modules[draw_one(d)].name);
	else if (kind == MODPROBE_INSTALL || kind == MODPROBE_REMOVE)
		draw_command(d, rule, module);
}

static void draw_rules(struct draw *d)
{
	bool has_commands = draw_chance(d, 35), has_allow = draw_chance(d, 15), is_patterned[16] = { 0 };

	d->n_rules = draw_below(d, draw_chance(d, 50) ? 8 : DRAW_RULES_MAX);
	for (uint32_t i = 0; i < d->n_rules; i++) {
		draw_rule(d, &d->rules[i], draw_kind(d, has_commands, has_allow));
		is_patterned[d->rules[i].kind] |= d->rules[i].about == ~0u;
	}
	for (uint32_t i = 0; i < d->n_rules; i++)
		if (!is_patterned[d->rules[i].kind])
			d->rules[i].rank |= d->rules[i].about << 8;
}

/* What one softdep line says of module @i; a line without words takes back those before it. */
static void say_softdep(struct draw *d, const struct draw_rule *rule, uint32_t i)
{
	bool says_nothing = !rule->text[strspn(rule->text, " ")];
	char copy[sizeof(rule->text)], *save = NULL;

	strcpy(copy, rule->text);
	if (!says_nothing) {
		says_nothing = true;
		for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
			says_nothing &= strcmp(word, "pre:") == 0 || strcmp(word, "post:") == 0;
	}
	for (int is_unload = 0; is_unload < 2; is_unload++) {
		set *pre = &d->pre[is_unload][i], *post = &d->post[is_unload][i];
		set left_out = is_unload ? 0 : d->blacklisted;

		*pre = says_nothing ? 0 : *pre | rule->pre | (rule->pre_alias & ~left_out);
		*post = says_nothing ? 0 : *post | rule->post | (rule->post_alias & ~left_out);
		*pre &= ~BIT(i);
		*post &= ~BIT(i);
	}
}

static void work_out(struct draw *d)
{
	set *const sets[] = {
		[MODPROBE_MASK] = &d->masked,	    [MODPROBE_ALLOW] = &d->allowed,
		[MODPROBE_BLACKLIST] = &d->blacklisted, [MODPROBE_INSTALL] = &d->installs,
		[MODPROBE_REMOVE] = &d->removes,    [MODPROBE_RULE_KINDS] = NULL
	};

	for (uint32_t r = 0; r < d->n_rules; r++) {
		if (sets[d->rules[r].kind])
			*sets[d->rules[r].kind] |= d->rules[r].about;
		d->has_allow |= d->rules[r].kind == MODPROBE_ALLOW;
	}
	for (uint32_t r = 0; r < d->n_rules; r++)
		for (uint32_t i = 0; i < d->n_modules; i++)
			if (d->rules[r].kind == MODPROBE_SOFTDEP && d->rules[r].about & BIT(i))
				say_softdep(d, &d->rules[r], i);
}

static void draw_request(struct draw *d, struct draw_request *q)
{
	bool is_unload = draw_chance(d, 35);

	q->options = (struct plan_options){ .is_unload = is_unload,
					    .ignore_loaded = !is_unload && draw_chance(d, 4),
					    .ignore_commands = draw_chance(d, 8),
					    .use_blacklist = draw_chance(d, 8),
					    .must_change = draw_chance(d, 8),
					    .with_holders = is_unload && draw_chance(d, 20),
					    .with_hard_deps = is_unload && draw_chance(d, 25) };
	q->all_or_nothing = draw_chance(d, 30);
	q->dry_run = draw_chance(d, 4);
	q->wait_usec = is_unload && draw_chance(d, 20) ? 100000 : 0;
	q->n_goals = 1 + draw_below(d, DRAW_GOALS_MAX);
	for (uint32_t i = 0; i < q->n_goals; i++) {
		const char *name = d->modules[draw_one(d)].name;

		if (d->n_aliases > 0 && draw_chance(d, 15))
			name = d->aliases[draw_below(d, d->n_aliases)].name;
		strcpy(q->goals[i], draw_chance(d, 3) ? "nosuch" : name);
	}
}

static void draw_process(struct draw *d, char *script)
{
	static const char *const acts[] = { "+", "+", "copy:", "-", "-", "hold:", "drop:" };

	for (uint32_t n = 1 + draw_below(d, 4); n > 0; n--) {
		char word[40];

		(void)snprintf(word, sizeof(word), "sleep:%u %s%s ", draw_below(d, 2000),
			       acts[draw_below(d, 7)], d->modules[draw_one(d)].name);
		if (strlen(script) + strlen(word) < sizeof(d->processes[0]))
			strcat(script, word);
	}
}

void draw_world(struct draw *d, uint64_t seed)
{
	uint32_t n;

	*d = (struct draw){ .seed = seed, .state = seed * 0x9e3779b97f4a7c15ull + 0x1234567 };
	if (!d->state)
		d->state = 1;
	n = 2 + draw_below(d, DRAW_MODULES_MAX - 1);
	d->version = draw_chance(d, 50) ? KERNEL_MODEL_6_1 : KERNEL_MODEL_6_12;
	for (uint32_t i = 0; i < n; i++)
		draw_module(d, i);
	draw_live(d);
	draw_aliases(d);
	draw_rules(d);
	work_out(d);
	draw_hards(d);
	d->n_requests = 1 + draw_below(d, DRAW_REQUESTS_MAX);
	for (uint32_t i = 0; i < d->n_requests; i++)
		draw_request(d, &d->requests[i]);
	d->n_processes = draw_chance(d, 30) ? 1 + draw_below(d, DRAW_PROCESSES_MAX) : 0;
	for (uint32_t i = 0; i < d->n_processes; i++)
		draw_process(d, d->processes[i]);
}

static void put_rule(const struct draw_rule *rule, struct buf *out)
{
	buf_put_string(out, rule->head);
	buf_put_string(out, rule->text);
	buf_put_string(out, "\n");
}

static void put_alias_rules(const struct draw *d, struct buf *out)
{
	for (uint32_t i = 0; i < d->n_aliases; i++)
		for (uint32_t n = 0; n < d->aliases[i].n && d->aliases[i].is_rule; n++)
			buf_printf(out, "alias %s %s\n", d->aliases[i].name,
				   d->modules[d->aliases[i].modules[n]].name);
}

/* Groups of one rank come in another order, the rules in each keep theirs. */
static void put_shuffled(struct draw *d, struct buf *out)
{
	bool is_put[DRAW_RULES_MAX] = { 0 };

	for (uint32_t left = d->n_rules; left > 0;) {
		uint32_t first = draw_below(d, d->n_rules);

		for (uint32_t i = 0; i < d->n_rules; i++) {
			if (is_put[i] || d->rules[i].rank != d->rules[first].rank)
				continue;
			is_put[i] = true;
			put_rule(&d->rules[i], out);
			left--;
		}
	}
}

void draw_conf(struct draw *d, bool is_shuffled, struct buf *out)
{
	if (!is_shuffled)
		put_alias_rules(d, out);
	for (uint32_t i = 0; i < d->n_rules && !is_shuffled; i++)
		put_rule(&d->rules[i], out);
	if (is_shuffled) {
		put_shuffled(d, out);
		put_alias_rules(d, out);
	}
}

struct kernel_model *draw_model(const struct draw *d)
{
	struct kernel_model *model = kernel_model_new(d->version);
	int r = model ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < d->n_modules && r == 0; i++)
		r = kernel_model_add(model, &d->modules[i].is);
	for (uint32_t i = 0; i < d->n_processes && r == 0; i++)
		r = kernel_model_process(model, d->processes[i]);
	if (r < 0)
		abort();
	kernel_model_shuffle(model, (uint32_t)d->seed);
	return model;
}

void draw_print(struct draw *d)
{
	CLEANUP_BUF struct buf conf = { 0 };

	printf("# kernel %s\n", d->version == KERNEL_MODEL_6_1 ? "6.1" : "6.12");
	for (uint32_t i = 0; i < d->n_modules; i++) {
		const struct draw_module *m = &d->modules[i];

		printf("# %s needs %s%s%s%s%s%s load %d init %d (%u) %lld %lld us, users %ld\n", m->name,
		       m->needs_text, m->is.is_live ? "live " : "", m->is.is_builtin ? "builtin " : "",
		       m->is.is_permanent ? "permanent " : "", m->is_missing ? "missing " : "",
		       m->is_damaged ? "damaged " : "", m->is.load_error, m->is.init_error,
		       m->is.n_bad_inits, (long long)m->is.init_usec, (long long)m->is.exit_usec,
		       m->is.n_users);
	}
	for (uint32_t i = 0; i < d->n_aliases; i++) {
		printf("# %s (%s):", d->aliases[i].name, d->aliases[i].is_rule ? "rule" : "index");
		for (uint32_t n = 0; n < d->aliases[i].n; n++)
			printf(" %s", d->modules[d->aliases[i].modules[n]].name);
		printf("\n");
	}
	draw_print_hards(d);
	draw_conf(d, false, &conf);
	buf_put_u8(&conf, 0);
	printf("%s", (const char *)conf.base);
	for (uint32_t i = 0; i < d->n_processes; i++)
		printf("# process: %s\n", d->processes[i]);
}
