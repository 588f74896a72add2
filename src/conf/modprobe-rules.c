/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which rules are about a module, or a request? Those of its very name are chained; patterns have to be
 * tried one by one.
 */
#include "conf/modprobe-rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/glob.h"
#include "bytes/grow.h"

/** struct modprobe_link - beside each rule that is no pattern */
struct modprobe_link {
	uint32_t next; /* of the same name; 0: none */
	uint32_t last; /* of the first of a name: the last one */
};

/* Both arrays have room for as many. */
static int grow(struct modprobe_rules *rules)
{
	uint32_t links = rules->capacity, items = rules->capacity;
	int r;

	r = grow_array(&rules->links, rules->n, &links, sizeof(*rules->links), MODPROBE_RULES_MAX);
	if (r == 0)
		r = grow_array(&rules->items, rules->n, &items, sizeof(*rules->items), MODPROBE_RULES_MAX);
	if (r == 0)
		rules->capacity = items;
	return r;
}

static int add_pattern(struct modprobe_rules *rules)
{
	int r = grow_array(&rules->patterns, rules->n_patterns, &rules->patterns_capacity,
			   sizeof(*rules->patterns), MODPROBE_RULES_MAX);

	if (r == 0)
		rules->patterns[rules->n_patterns++] = rules->n;
	return r;
}

static int add_name(struct modprobe_rules *rules, const char *name)
{
	uint32_t first;
	int r = name_set_put(&rules->names, name, rules->n, &first);

	if (r < 0)
		return r;
	rules->links[rules->n] = (struct modprobe_link){ .last = rules->n };
	if (r > 0)
		return 0;
	rules->links[rules->links[first].last].next = rules->n;
	rules->links[first].last = rules->n;
	return 0;
}

int modprobe_rules_add(struct modprobe_rules *rules, const struct modprobe_rule *rule)
{
	int r;

	r = grow(rules);
	if (r == 0)
		r = rule->is_pattern ? add_pattern(rules) : add_name(rules, rule->name);
	if (r < 0)
		return r;
	rules->items[rules->n++] = *rule;
	rules->has_taking_back |= rule->takes_back;
	return 0;
}

void modprobe_rules_done(struct modprobe_rules *rules)
{
	free(rules->items);
	free(rules->links);
	free(rules->patterns);
	name_set_done(&rules->names);
}

static bool matches(const struct modprobe_rules *rules, uint32_t pattern, const char *name)
{
	return glob_matches(rules->items[pattern].name, name);
}

/* The first rule of this very name; @n without. */
static uint32_t first_named(const struct modprobe_rules *rules, const char *name)
{
	uint32_t first;

	return name_set_has(&rules->names, name, &first) ? first : rules->n;
}

static uint32_t next_named(const struct modprobe_rules *rules, uint32_t i)
{
	uint32_t next = i < rules->n ? rules->links[i].next : 0;

	return next ? next : rules->n;
}

/* Place of the first pattern that is not before rule @from. */
static uint32_t lower_bound(const struct modprobe_rules *rules, uint32_t from)
{
	uint32_t low = 0, high = rules->n_patterns;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (rules->patterns[mid] < from)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* The first pattern from rule @from on, before rule @end, that is about @name; @end without. */
static uint32_t next_pattern(const struct modprobe_rules *rules, const char *name, uint32_t from, uint32_t end)
{
	for (uint32_t p = lower_bound(rules, from); p < rules->n_patterns && rules->patterns[p] < end; p++)
		if (matches(rules, rules->patterns[p], name))
			return rules->patterns[p];
	return end;
}

/* 1 + the last rule that takes back what was said of @name; 0 without. */
static uint32_t behind_taking_back(const struct modprobe_rules *rules, const char *name)
{
	uint32_t found = 0;

	if (!rules->has_taking_back)
		return 0;
	for (uint32_t i = first_named(rules, name); i < rules->n; i = next_named(rules, i))
		if (rules->items[i].takes_back)
			found = i + 1;
	for (uint32_t p = rules->n_patterns; p > 0 && rules->patterns[p - 1] >= found; p--)
		if (rules->items[rules->patterns[p - 1]].takes_back && matches(rules, rules->patterns[p - 1], name))
			return rules->patterns[p - 1] + 1;
	return found;
}

static const struct modprobe_rule *rule_at(const struct modprobe_rules *rules, uint32_t i)
{
	return i < rules->n ? &rules->items[i] : NULL;
}

/* Behind a pattern, no chain tells where to go on. */
static uint32_t next_of_any(const struct modprobe_rules *rules, const char *name, uint32_t i)
{
	while (i < rules->n && !(rules->items[i].is_pattern ? matches(rules, i, name)
							     : strcmp(rules->items[i].name, name) == 0))
		i++;
	return i;
}

const struct modprobe_rule *modprobe_conf_next(const struct modprobe_conf *conf,
					       enum modprobe_rule_kind kind, const char *name,
					       const struct modprobe_rule *after)
{
	const struct modprobe_rules *rules = &conf->rules[kind];
	uint32_t from, named;

	if (after && after->is_pattern)
		return rule_at(rules, next_of_any(rules, name, (uint32_t)(after - rules->items) + 1));
	/* What is found at all stands behind the last line that takes back. */
	from = after ? (uint32_t)(after - rules->items) + 1 : behind_taking_back(rules, name);
	named = after ? next_named(rules, from - 1) : first_named(rules, name);
	while (named < from)
		named = next_named(rules, named);
	return rule_at(rules, next_pattern(rules, name, from, named));
}

bool modprobe_conf_takes_back(const struct modprobe_conf *conf, enum modprobe_rule_kind kind,
			      const char *name)
{
	return behind_taking_back(&conf->rules[kind], name) > 0;
}

const struct modprobe_rule *modprobe_conf_of_name(const struct modprobe_conf *conf,
						  enum modprobe_rule_kind kind, const char *name)
{
	const struct modprobe_rules *rules = &conf->rules[kind];
	uint32_t named = first_named(rules, name);

	for (uint32_t p = 0; p < rules->n_patterns && rules->patterns[p] < named; p++)
		if (strcmp(rules->items[rules->patterns[p]].name, name) == 0)
			return rule_at(rules, rules->patterns[p]);
	return rule_at(rules, named);
}
