/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/link-reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/name.h"
#include "engine/modfile.h"
#include "engine/session-internal.h"

struct reading {
	struct session *s;
	const struct link_reader_options *options;
	struct modfile_reader *files;
	struct arena *arena;
	struct links *links;
};

static bool is_alias(enum plan_lookup by)
{
	return by == PLAN_BY_CONF_ALIAS || by == PLAN_BY_SYMBOL || by == PLAN_BY_ALIAS ||
	       by == PLAN_BY_BUILTIN_ALIAS;
}

static bool is_blacklisted(const struct reading *rd, const struct plan_answer *answer)
{
	return is_alias(answer->by) &&
	       modprobe_conf_next(&rd->s->conf, MODPROBE_BLACKLIST, answer->module, NULL);
}

static void mark_answer(struct links_module *m, enum plan_lookup by)
{
	m->is_builtin |= by == PLAN_BY_BUILTIN || by == PLAN_BY_BUILTIN_ALIAS;
	m->is_command |= by == PLAN_BY_COMMAND;
}

static int add_answer(struct reading *rd, struct link *link, const struct plan_answer *answer)
{
	int r;

	if (is_blacklisted(rd, answer))
		return 0;
	r = links_get(rd->links, answer->module, &link->to);
	if (r < 0 || link->to == link->from)
		return r;
	mark_answer(links_module(rd->links, link->to), answer->by);
	r = links_add(rd->links, link);
	return r < 0 || link->kind == LINK_WEAK ? r : links_want(rd->links, link->to);
}

/* Nothing answers: the name stands for itself. */
static int add_unknown(struct reading *rd, struct link *link)
{
	char folded[ALIAS_MAX + 1];
	int r;

	if (name_normalize_alias(link->word, folded) < 0)
		return 0;
	r = links_get(rd->links, folded, &link->to);
	if (r < 0 || link->to == link->from)
		return r;
	links_module(rd->links, link->to)->is_unknown = true;
	return links_add(rd->links, link);
}

static int add_word(struct reading *rd, struct link link, const char *word, size_t size)
{
	struct plan_answer *answers = NULL;
	struct session_word written;
	size_t n = 0;
	int r;

	r = session_word(rd->s, word, size, &written);
	if (r < 0)
		return r == -EINVAL ? 0 : r; /* it matches no module */
	link.word = written.text;
	r = session_lookup(rd->s, written.folded, &answers, &n);
	if (r < 0 && r != -ENOMEM)
		r = add_unknown(rd, &link);
	for (size_t i = 0; i < n && r == 0; i++)
		r = add_answer(rd, &link, &answers[i]);
	free(answers);
	return r;
}

static int add_softdeps(struct reading *rd, uint32_t i)
{
	const struct modprobe_rule *rule = NULL;
	int r = 0;

	while (r == 0 && (rule = modprobe_conf_next(&rd->s->conf, MODPROBE_SOFTDEP,
						    links_module(rd->links, i)->name, rule))) {
		struct softdep_words words = { .rest = rule->text };
		enum softdep_phase phase;
		const char *word;
		size_t size;

		while (r == 0 && softdep_next(&words, &phase, &word, &size))
			r = add_word(rd,
				     (struct link){ .from = i,
						    .kind = phase == SOFTDEP_PRE ? LINK_SOFT_PRE
										 : LINK_SOFT_POST,
						    .file = rule->file,
						    .line = rule->line },
				     word, size);
	}
	return r;
}

static int add_weakdeps(struct reading *rd, uint32_t i)
{
	const struct modprobe_rule *rule = NULL;
	int r = 0;

	while (r == 0 && (rule = modprobe_conf_next(&rd->s->conf, MODPROBE_WEAKDEP,
						    links_module(rd->links, i)->name, rule))) {
		const struct link link = {
			.from = i, .kind = LINK_WEAK, .file = rule->file, .line = rule->line
		};
		const char *word = rule->text;

		for (size_t size; r == 0 && *(word += strspn(word, " \t")); word += size) {
			size = strcspn(word, " \t");
			r = add_word(rd, link, word, size);
		}
	}
	return r;
}

/*
 * Answers to the word of a hard dependency that count, moved to the front: none that is blacklisted, not
 * the module itself, and of those with a built-in one, which satisfies for ever, only that.
 */
static size_t counting(const struct reading *rd, uint32_t i, struct plan_answer *answers, size_t n)
{
	const char *module = links_module(rd->links, i)->name;
	size_t n_kept = 0;

	for (size_t k = 0; k < n; k++) {
		if (strcmp(answers[k].module, module) == 0 || is_blacklisted(rd, &answers[k]))
			continue;
		if (session_is_builtin(rd->s, &answers[k])) {
			answers[0] = answers[k];
			return 1;
		}
		answers[n_kept++] = answers[k];
	}
	return n_kept;
}

static int add_hard_answer(struct reading *rd, struct link link, const struct plan_answer *answer)
{
	int r;

	r = links_get(rd->links, answer->module, &link.to);
	if (r < 0)
		return r;
	mark_answer(links_module(rd->links, link.to), answer->by);
	r = links_add(rd->links, &link);
	return r < 0 || link.kind == LINK_STRUCK ? r : links_want(rd->links, link.to);
}

/* One that is dropped brings in nothing, though the line may still hold it. */
static int add_hard(struct reading *rd, uint32_t i, const struct plan_hard *hard)
{
	struct link link = { .from = i, .kind = LINK_HARD, .word = hard->word,
			     .file = hard->source.file, .line = hard->source.line };
	struct plan_answer *answers = NULL;
	size_t n = 0;
	int r;

	if (hard->is_dropped && !hard->is_in_line)
		return 0;
	r = session_answers(rd->s, hard->word, &answers, &n);
	if (r < 0)
		return r == -ENOMEM ? r : hard->is_dropped ? 0 : add_unknown(rd, &link);
	if (!hard->is_dropped)
		n = counting(rd, i, answers, n);
	if (n > 1)
		link.kind = LINK_ANY_OF;
	if (hard->is_dropped)
		link.kind = LINK_STRUCK;
	for (size_t k = 0; k < n && r == 0; k++)
		r = add_hard_answer(rd, link, &answers[k]);
	free(answers);
	return r;
}

static int add_hards(struct reading *rd, uint32_t i)
{
	struct session_hards hards = { 0 };
	int r;

	r = session_hards(rd->s, links_module(rd->links, i)->name, &hards);
	for (size_t k = 0; k < hards.n && r == 0; k++)
		r = add_hard(rd, i, &hards.items[k]);
	session_hards_done(&hards);
	return r;
}

static int add_conflicts(struct reading *rd, uint32_t i)
{
	struct links_module *m = links_module(rd->links, i);
	struct session_conflicts found = { 0 };
	struct links_conflict *kept = NULL;
	int r;

	r = session_conflicts(rd->s, m->name, &found);
	if (r == 0 && found.n > 0)
		kept = arena_alloc(rd->arena, found.n * sizeof(*kept));
	if (r == 0 && found.n > 0 && !kept)
		r = -ENOMEM;
	for (size_t k = 0; k < found.n && r == 0; k++)
		if (!found.items[k].is_unknown)
			kept[m->n_conflicts++] = (struct links_conflict){ found.items[k].module,
									  found.items[k].source.file,
									  found.items[k].source.line };
	m->conflicts = kept;
	session_conflicts_done(&found);
	return r;
}

static int read_symbols(struct reading *rd, uint32_t i, const char *path)
{
	struct modfile file = { 0 };
	struct diag diag = { 0 };
	int r;

	r = modfile_read(rd->files, AT_FDCWD, path, FACTS_WANT_SYMBOLS, rd->arena, &file, &diag);
	if (r == -ENOMEM)
		return r;
	if (r < 0)
		event_diag(&rd->s->events, EVENT_WARNING, path, r, &diag);
	else
		links_module(rd->links, i)->facts = file.facts;
	return 0;
}

/* By its line in the index: where its file is, and what it needs. */
static int read_line(struct reading *rd, uint32_t i)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct links_module *m = links_module(rd->links, i);
	struct plan_deps deps;
	int r;

	r = session_deps(rd->s, m->name, &text, &deps);
	if (r < 0)
		return r;
	m->is_builtin |= deps.is_builtin;
	m->is_unknown = deps.error < 0 && !m->is_command;
	if (!deps.path)
		return 0;
	m->path = links_string(rd->links, deps.path);
	if (!m->path)
		return -ENOMEM;
	if (!rd->options->no_files)
		r = read_symbols(rd, i, deps.path);
	return r < 0 ? r : links_set_deps(rd->links, i, deps.deps, deps.deps_size);
}

static int read_module(struct reading *rd, uint32_t i)
{
	int r = 0;

	if (!links_module(rd->links, i)->is_builtin)
		r = read_line(rd, i);
	if (r == 0)
		r = add_conflicts(rd, i);
	if (r < 0 || links_module(rd->links, i)->is_builtin)
		return r;
	r = add_hards(rd, i);
	if (r < 0 || rd->options->no_soft)
		return r;
	r = add_softdeps(rd, i);
	return r < 0 || rd->options->no_weak ? r : add_weakdeps(rd, i);
}

static void mark_rules(struct reading *rd)
{
	for (uint32_t i = 0; i < links_n(rd->links); i++) {
		struct links_module *m = links_module(rd->links, i);

		if (m->is_builtin)
			continue;
		m->mask = modprobe_conf_next(&rd->s->conf, MODPROBE_MASK, m->name, NULL);
		m->command = modprobe_conf_next(&rd->s->conf, MODPROBE_INSTALL, m->name, NULL);
	}
}

static int add_starts(struct reading *rd, const struct plan_answer *starts, size_t n_starts,
		      uint32_t *ret_starts, size_t *ret_n)
{
	int r = 0;

	*ret_n = 0;
	for (size_t s = 0; s < n_starts && r == 0; s++) {
		uint32_t i;
		size_t known = 0;

		r = links_get(rd->links, starts[s].module, &i);
		if (r < 0)
			break;
		mark_answer(links_module(rd->links, i), starts[s].by);
		while (known < *ret_n && ret_starts[known] != i)
			known++;
		if (known == *ret_n)
			ret_starts[(*ret_n)++] = i;
		r = links_want(rd->links, i);
	}
	return r;
}

int link_reader_read(struct session *s, const struct link_reader_options *options,
		     const struct plan_answer *starts, size_t n_starts, struct arena *arena,
		     struct links *links, uint32_t *ret_starts, size_t *ret_n)
{
	struct reading rd = { s, options, modfile_reader_new(NULL), arena, links };
	uint32_t i;
	int r;

	r = rd.files ? add_starts(&rd, starts, n_starts, ret_starts, ret_n) : -ENOMEM;
	while (r == 0 && (i = links_next(links)) != LINKS_NONE)
		r = read_module(&rd, i);
	if (r == 0) {
		mark_rules(&rd);
		r = links_finish(links);
	}
	modfile_reader_free(rd.files);
	return r;
}
