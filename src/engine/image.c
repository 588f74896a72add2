/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/image.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/grow.h"
#include "bytes/name.h"
#include "engine/session-internal.h"

/* The modules that an image holds */

static int add_root(struct links *links, struct image_roots *roots, const char *module)
{
	uint32_t i;
	int r;

	r = links_get(links, module, &i);
	if (r == 0)
		r = grow_array(&roots->items, roots->n, &roots->capacity, sizeof(*roots->items),
			       LINKS_MAX);
	if (r < 0)
		return r;
	roots->items[roots->n++] = i;
	return links_want(links, i);
}

/* A rule's command stands for a module that is not there. */
static bool is_module(const struct plan_answer *answer)
{
	return answer->by != PLAN_BY_COMMAND;
}

int image_add(struct session *s, struct links *links, struct image_roots *roots, const char *name)
{
	struct plan_answer *answers = NULL;
	char folded[ALIAS_MAX + 1];
	struct dep_line line;
	size_t n = 0;
	int r;

	if (name_normalize_alias(name, folded) < 0)
		return -EINVAL;
	if (indexes_dep(&s->indexes, folded, &line) == 0 || indexes_is_builtin(&s->indexes, folded))
		return add_root(links, roots, folded);
	r = session_lookup(s, name, &answers, &n);
	if (r == -ENOMEM)
		return r;
	if (r < 0 || !is_module(&answers[0]))
		r = -ENOENT;
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_root(links, roots, answers[i].module);
	free(answers);
	return r;
}

/* What they bring in */

static int add_answers(struct links *links, struct link link, const struct plan_answer *answers,
		       size_t n)
{
	int r = 0;

	for (size_t i = 0; i < n && r == 0; i++) {
		if (!is_module(&answers[i]))
			continue;
		r = links_get(links, answers[i].module, &link.to);
		if (r == 0 && link.to != link.from)
			r = links_add(links, &link);
		if (r == 0)
			r = links_want(links, link.to);
	}
	return r;
}

static void report_unanswered(struct session *s, const char *module, const struct plan_hard *hard,
			      struct image_result *result)
{
	const struct plan_source *source = &hard->source;

	if (source->line > 0)
		event_emit(&s->events, EVENT_WARNING,
			   "nothing answers to %s, a hard dependency of module %s (%s:%u)", hard->word,
			   module, source->file, source->line);
	else
		event_emit(&s->events, EVENT_WARNING,
			   "nothing answers to %s, a hard dependency of module %s (%s)", hard->word,
			   module, source->file ? source->file : "");
	result->is_broken |= hard->declared != PLAN_BY_CONF;
}

/* One that depmod dropped for a cycle says nothing about order, but still what is needed. */
static int add_hards(struct session *s, struct links *links, uint32_t i, struct image_result *result)
{
	const char *module = links_module(links, i)->name;
	bool is_taken_back = modprobe_conf_takes_back(&s->conf, MODPROBE_HARDDEP, module);
	struct session_hards hards = { 0 };
	int r;

	r = session_hards(s, module, &hards);
	for (size_t k = 0; k < hards.n && r == 0; k++) {
		const struct plan_hard *hard = &hards.items[k];
		struct plan_answer *answers = NULL;
		size_t n = 0;

		if (hard->is_dropped && is_taken_back)
			continue;
		r = session_answers(s, hard->word, &answers, &n);
		if (r == 0)
			r = add_answers(links,
					(struct link){ .from = i, .kind = LINK_WEAK, .word = hard->word },
					answers, n);
		else if (r != -ENOMEM) {
			report_unanswered(s, module, hard, result);
			r = 0;
		}
		free(answers);
	}
	session_hards_done(&hards);
	return r;
}

static int add_weak_word(struct session *s, struct links *links, uint32_t i, const char *word,
			 size_t size)
{
	struct plan_answer *answers = NULL;
	struct session_word written;
	size_t n = 0;
	int r;

	r = session_word(s, word, size, &written);
	if (r == 0)
		r = session_lookup(s, written.folded, &answers, &n);
	if (r == 0)
		r = add_answers(links, (struct link){ .from = i, .kind = LINK_WEAK, .word = "" }, answers,
				n);
	else if (r != -ENOMEM)
		r = 0;
	free(answers);
	return r;
}

static int add_weaks(struct session *s, struct links *links, uint32_t i)
{
	const struct modprobe_rule *rule = NULL;
	int r = 0;

	while (r == 0 && (rule = modprobe_conf_next(&s->conf, MODPROBE_WEAKDEP,
						    links_module(links, i)->name, rule))) {
		const char *word = rule->text;

		for (size_t size; r == 0 && *(word += strspn(word, " \t")); word += size) {
			size = strcspn(word, " \t");
			r = add_weak_word(s, links, i, word, size);
		}
	}
	return r;
}

static int follow_module(struct session *s, struct links *links, uint32_t i, struct image_result *result)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct plan_deps deps;
	int r;

	r = session_deps(s, links_module(links, i)->name, &text, &deps);
	if (r < 0)
		return r;
	if (!deps.path) {
		links_module(links, i)->is_builtin = deps.is_builtin;
		return 0;
	}
	links_module(links, i)->path = links_string(links, deps.path);
	if (!links_module(links, i)->path)
		return -ENOMEM;
	r = links_set_deps(links, i, deps.deps, deps.deps_size);
	if (r == 0)
		r = add_hards(s, links, i, result);
	return r < 0 ? r : add_weaks(s, links, i);
}

int image_collect(struct session *s, struct links *links, struct image_result *ret)
{
	uint32_t i;
	int r = 0;

	*ret = (struct image_result){ 0 };
	while (r == 0 && (i = links_next(links)) != LINKS_NONE)
		r = follow_module(s, links, i, ret);
	return r < 0 ? r : links_finish(links);
}
