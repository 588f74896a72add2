/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Do options give modules parameters that they have, once, and with values that they take?
 *
 * A module tells of its parameters by tags: "parmtype=NAME:TYPE", "parm=NAME:DESCRIPTION"; what is
 * built in by modules.builtin.modinfo.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/grow.h"
#include "bytes/name-set.h"
#include "check/claims.h"
#include "check/rules-internal.h"
#include "conf/cmdline.h"
#include "conf/parameters.h"
#include "index/builtin.h"

/* Parameters of all modules that options are about; a real kernel has 10,000 in all. */
#define PARAMETERS_MAX (1u << 22)

/* Bytes of names that a rule looks up, one a module that an option is about: a second. */
#define LOOKED_UP_MAX ((uint64_t)1 << 26)

/* Of a message. */
#define SHOWN_MAX 100u

/** struct parameters - of the modules that were asked for, "module.parameter" */
struct parameters {
	struct check *c;
	struct claims *claims;
	struct arena arena;
	struct name_set all;	/* value: number of the type, from 1; 0: it is not known */
	struct name_set builtin; /* modules that are built in and have tags */
	const char **types;
	uint32_t n_types, capacity;
	uint8_t *is_read; /* by module */
	struct buf key;	  /* of key_of() */
	bool is_builtin_read;
	uint64_t steps; /* bytes of names that may still be looked up */
	bool is_cut;	/* not all were */
};

/** struct given - one parameter on an options line */
struct given {
	const struct modprobe_rule *rule;
	const struct word_answers *answers; /* to the name on the line */
	struct bytes key;
	struct cmdline_word word;
};

/* "module.name", '-' folded; until the next call. NULL without memory. */
static const char *key_of(struct parameters *p, const char *module, size_t module_size, struct bytes name)
{
	p->key.size = 0;
	buf_put(&p->key, module, module_size);
	buf_put_u8(&p->key, '.');
	buf_put(&p->key, name.base, name.size);
	buf_put_u8(&p->key, '\0');
	if (p->key.error)
		return NULL;
	for (char *s = (char *)p->key.base; *s; s++)
		if (*s == '-')
			*s = '_';
	return (const char *)p->key.base;
}

/* One that is in the set stays as it is. Return as name_set_put(). */
static int put_key(struct parameters *p, struct name_set *set, const char *key, uint32_t value)
{
	if (!key)
		return -ENOMEM;
	if (name_set_has(set, key, NULL))
		return 0;
	key = arena_string(&p->arena, key, strlen(key));
	return key ? name_set_put(set, key, value, NULL) : -ENOMEM;
}

/* Many options of modules with one alias, or with a long name, could make us look for ever. */
static bool may_look(struct parameters *p, const char *module, struct bytes key)
{
	uint64_t cost = strlen(module) + key.size;

	p->is_cut |= p->steps < cost;
	p->steps -= p->is_cut ? 0 : cost;
	return !p->is_cut;
}

/* "NAME:REST" of a tag; a type goes before none. */
static int put(struct parameters *p, const char *module, size_t module_size, const char *value, bool is_type)
{
	const char *colon = strchr(value, ':'), *key;
	uint32_t type = 0;
	int r = 0;

	if (!colon || p->all.n_used >= PARAMETERS_MAX)
		return 0;
	if (is_type) {
		r = grow_array(&p->types, p->n_types, &p->capacity, sizeof(char *), PARAMETERS_MAX);
		if (r < 0)
			return r == -E2BIG ? 0 : r;
		p->types[p->n_types++] = colon + 1;
		type = p->n_types;
	}
	key = key_of(p, module, module_size, bytes_of(value, (size_t)(colon - value)));
	r = put_key(p, &p->all, key, type);
	return r < 0 ? r : 0;
}

static int read_module(struct parameters *p, uint32_t module)
{
	const struct graph_module *m = &p->c->in->graph->modules[module];
	size_t n = strlen(m->name);
	int r = 0;

	if (p->is_read[module])
		return 0;
	p->is_read[module] = 1;
	for (int is_type = 1; is_type >= 0; is_type--)
		for (uint32_t i = 0; r == 0 && i < m->facts->n_modinfo; i++) {
			const char *value = facts_tag(facts_modinfo(m->facts, i), is_type ? "parmtype" : "parm");

			if (value)
				r = put(p, m->name, n, value, is_type);
		}
	return r;
}

static int read_builtin(struct parameters *p)
{
	struct builtin_modinfo modinfo = { .text = p->c->in->builtin_modinfo };
	struct builtin_tag tag;
	int more, r = 0;

	if (p->is_builtin_read)
		return 0;
	p->is_builtin_read = true;
	while (r >= 0 && (more = builtin_modinfo_next(&modinfo, &tag, NULL)) != 0) {
		if (more < 0)
			continue;
		r = put_key(p, &p->builtin, key_of(p, tag.module, tag.module_size, bytes_of("", 0)), 0);
		if (r >= 0 && tag.key_size == 4 && memcmp(tag.key, "parm", 4) == 0)
			r = put(p, tag.module, tag.module_size, tag.value, false);
		else if (r >= 0 && tag.key_size == 8 && memcmp(tag.key, "parmtype", 8) == 0)
			r = put(p, tag.module, tag.module_size, tag.value, true);
	}
	return r < 0 ? r : 0;
}

static int init(struct parameters *p, struct check *c)
{
	*p = (struct parameters){ .c = c, .steps = LOOKED_UP_MAX };
	p->is_read = calloc((size_t)c->in->graph->n_modules + 1, 1);
	return p->is_read ? claims_get(c, &p->claims) : -ENOMEM;
}

/* Return: @r; 0 for -E2BIG, where not all was looked at, which is said. */
static int done(struct parameters *p, int r)
{
	name_set_done(&p->all);
	name_set_done(&p->builtin);
	buf_done(&p->key);
	free(p->types);
	free(p->is_read);
	arena_done(&p->arena);
	if (r == -E2BIG || (r == 0 && p->is_cut))
		return check_skip(p->c, "not about all: there are too many options");
	return r;
}

/* The kernel takes these for any module. */
static bool is_generic(struct bytes key)
{
	static const char *const generic[] = { "async_probe", "dyndbg" };

	for (size_t i = 0; i < sizeof(generic) / sizeof(generic[0]); i++)
		if (parameter_is_named(key, bytes_of(generic[i], strlen(generic[i]))))
			return true;
	return false;
}

/* @each of them, in the order of the lines; what the kernel's command line says last. */
static int each_given(struct parameters *p, int (*each)(struct parameters *p, const struct given *given, void *ctx),
		      void *ctx)
{
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < p->claims->n; i++) {
		const struct claim *claim = &p->claims->items[i];
		struct given given = { .rule = claim->rule, .answers = claim->answers };
		struct cmdline line;

		if (claim->kind != CLAIM_SUBJECT || claim->rule_kind != MODPROBE_OPTIONS)
			continue;
		line = (struct cmdline){ .text = bytes_of(claim->rule->text, strlen(claim->rule->text)) };
		while (r == 0 && cmdline_next(&line, &given.word)) {
			given.key = given.word.key;
			/* A dot in it belongs to it here. */
			if (given.word.module.size > 0)
				given.key = bytes_of(given.word.module.base,
						     given.word.module.size + 1 + given.word.key.size);
			if (given.key.size > 0)
				r = each(p, &given, ctx);
		}
	}
	return r;
}

/* Return: 1 it has the parameter, of type @ret_type (NULL: not known), or nobody looked; 0 it has not; -ENOMEM. */
static int has_parameter(struct parameters *p, uint32_t module, struct bytes key, const char **ret_type)
{
	const char *name = p->c->in->graph->modules[module].name;
	int r = read_module(p, module);
	uint32_t type = 0;
	const char *full;

	*ret_type = NULL;
	if (r < 0 || !may_look(p, name, key))
		return r < 0 ? r : 1;
	full = key_of(p, name, strlen(name), key);
	if (!full)
		return -ENOMEM;
	if (!name_set_has(&p->all, full, &type))
		return p->all.n_used >= PARAMETERS_MAX;
	*ret_type = type ? p->types[type - 1] : NULL;
	return 1;
}

static struct check_about about_given(struct parameters *p, const struct given *g, uint32_t module)
{
	return (struct check_about){
		.module = module,
		.is_of_module = true,
		.file = g->rule->file,
		.line = g->rule->line,
		.object = arena_string(&p->arena, (const char *)g->key.base, g->key.size),
	};
}

/* On the command line, options of what is built in. */
static int look_at_builtin(struct parameters *p, const struct given *g)
{
	struct check_about about = { .name = g->rule->name, .file = g->rule->file };
	const char *key;
	int r;

	if (g->rule->line > 0 || !p->c->in->is_whole || !may_look(p, g->rule->name, g->key))
		return 0;
	r = read_builtin(p);
	key = r < 0 ? NULL : key_of(p, g->rule->name, strlen(g->rule->name), bytes_of("", 0));
	if (!key || !name_set_has(&p->builtin, key, NULL))
		return key ? 0 : -ENOMEM;
	key = key_of(p, g->rule->name, strlen(g->rule->name), g->key);
	if (!key || name_set_has(&p->all, key, NULL))
		return key ? 0 : -ENOMEM;
	about.object = arena_string(&p->arena, (const char *)g->key.base, g->key.size);
	if (!about.object)
		return -ENOMEM;
	return check_add(p->c, &about, "%s, which is built in, tells of no parameter called %s",
			 g->rule->name, about.object);
}

static int look_for_unknown(struct parameters *p, const struct given *g, void *ctx)
{
	const struct word_answers *a = g->answers;
	const char *type;
	struct check_about about;
	int r = 0;

	(void)ctx;
	if (!a || a->is_cut || is_generic(g->key))
		return 0;
	if (a->n == 0 || a->n_builtin > 0)
		return look_at_builtin(p, g);
	for (uint32_t i = 0; r == 0 && i < a->n; i++)
		r = has_parameter(p, a->items[i].module, g->key, &type);
	if (r != 0)
		return r < 0 ? r : 0;
	about = about_given(p, g, a->items[0].module);
	if (!about.object)
		return -ENOMEM;
	return check_add(p->c, &about, "%s tells of no parameter called %s, and the kernel passes over what a "
			 "module does not have", a->items[0].name, about.object);
}

int check_unknown_parameter(struct check *c)
{
	struct parameters p;
	int r = init(&p, c);

	if (r == 0)
		r = each_given(&p, look_for_unknown, NULL);
	return done(&p, r);
}

/** struct before - what a parameter was given last, and where */
struct before {
	struct given *items;
	uint32_t n, capacity;
	struct name_set names;
};

static bool is_same_value(const struct given *a, const struct given *b)
{
	return a->word.has_value == b->word.has_value && a->word.value.size == b->word.value.size &&
	       (a->word.value.size == 0 ||
		memcmp(a->word.value.base, b->word.value.base, a->word.value.size) == 0);
}

static int shown(struct bytes value)
{
	return value.size < SHOWN_MAX ? (int)value.size : (int)SHOWN_MAX;
}

static int report_twice(struct parameters *p, const struct given *old, const struct given *now)
{
	const struct word_answers *a = old->answers;
	struct check_about about;

	if (!a || a->n == 0 || a->items[0].module == GRAPH_NONE || is_same_value(old, now))
		return 0;
	about = about_given(p, old, a->items[0].module);
	if (!about.object)
		return -ENOMEM;
	return check_add(p->c, &about, "%s is given %s=%.*s, and again, so that this counts, %s=%.*s by %s:%u",
			 old->rule->name, about.object, shown(old->word.value),
			 old->word.value.size ? (const char *)old->word.value.base : "", about.object,
			 shown(now->word.value), now->word.value.size ? (const char *)now->word.value.base : "",
			 now->rule->file, now->rule->line);
}

static int look_for_twice(struct parameters *p, const struct given *g, void *ctx)
{
	struct before *before = ctx;
	const char *full;
	uint32_t at;
	int r;

	/* What dyndbg is told adds up. */
	if (parameter_is_named(g->key, bytes_of("dyndbg", 6)) || !may_look(p, g->rule->name, g->key))
		return 0;
	full = key_of(p, g->rule->name, strlen(g->rule->name), g->key);
	if (full && name_set_has(&before->names, full, &at)) {
		r = report_twice(p, &before->items[at], g);
		before->items[at] = *g;
		return r;
	}
	r = put_key(p, &before->names, full, before->n);
	if (r < 0)
		return r;
	r = grow_array(&before->items, before->n, &before->capacity, sizeof(*before->items), PARAMETERS_MAX);
	if (r == 0)
		before->items[before->n++] = *g;
	return r;
}

int check_parameter_twice(struct check *c)
{
	struct before before = { 0 };
	struct parameters p;
	int r = init(&p, c);

	if (r == 0)
		r = each_given(&p, look_for_twice, &before);
	free(before.items);
	name_set_done(&before.names);
	return done(&p, r);
}

static int look_for_refused(struct parameters *p, const struct given *g, void *ctx)
{
	const struct parameter_value value = { g->word.value, g->word.has_value };
	const struct word_answers *a = g->answers;
	const char *type = NULL, *wants;
	struct check_about about;
	const struct facts *facts;
	int r;

	(void)ctx;
	/* Of several modules one may take it. */
	if (!a || a->is_cut || a->n != 1 || a->n_builtin > 0)
		return 0;
	r = has_parameter(p, a->items[0].module, g->key, &type);
	if (r <= 0 || !type)
		return r < 0 ? r : 0;
	facts = p->c->in->graph->modules[a->items[0].module].facts;
	if (parameter_check(type, &value, facts->flags & FACTS_64BIT, &wants) != PARAMETER_REFUSED)
		return 0;
	about = about_given(p, g, a->items[0].module);
	if (!about.object)
		return -ENOMEM;
	/* Its command may give it others. */
	about.has_severity = claims_has_command(p->c, p->claims, a->items[0].name);
	about.severity = CHECK_WARNING;
	return check_add(p->c, &about, "the kernel refuses %s, whose parameter %s does not take '%.*s': it wants %s",
			 a->items[0].name, about.object, shown(value.text),
			 value.text.size ? (const char *)value.text.base : "", wants);
}

int check_refused_parameter(struct check *c)
{
	struct parameters p;
	int r = init(&p, c);

	if (r == 0)
		r = each_given(&p, look_for_refused, NULL);
	return done(&p, r);
}
