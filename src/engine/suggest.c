/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/suggest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/arena.h"
#include "bytes/diag.h"
#include "bytes/grow.h"
#include "bytes/name.h"
#include "engine/depmod.h"
#include "engine/modfile.h"
#include "engine/session.h"
#include "engine/workers.h"
#include "graph/links.h"
#include "sys/sys.h"

/* What the crypto layer puts in front of an algorithm's name to ask for its module. */
#define CRYPTO_START "crypto-"

/** struct word - a word of a soft dependency */
struct word {
	uint32_t owner; /* module */
	const char *text;
	bool is_post;
	const struct modprobe_rule *rule;
	struct plan_answer *answers;
	size_t n_answers;
	bool is_crypto;
};

/** struct file - a module file to be read, and what came of it */
struct file {
	bool is_owner;
	const char *path;
	struct suggest_module module;
	struct diag *diag; /* in a thread's arena; NULL for nothing to tell */
	int error;
};

struct thread {
	struct modfile_reader *reader;
	struct arena arena;
};

struct reading {
	struct session *s;
	struct links *names; /* numbers of modules, and where their files are */
	struct arena arena;
	uint32_t *owners; /* modules, by name */
	uint32_t n_owners, owners_capacity;
	struct word *words;
	uint32_t n_words, words_capacity;
	bool is_full;
	struct file *files; /* by number of module */
	struct thread *threads;
	uint32_t n_threads;
};

/* Which modules have soft dependencies? */

static int add_owner(struct reading *rd, const char *name)
{
	uint32_t i;
	int r;

	if (links_find(rd->names, name) != LINKS_NONE)
		return 0;
	r = links_get(rd->names, name, &i);
	if (r == 0)
		r = grow_array(&rd->owners, rd->n_owners, &rd->owners_capacity, sizeof(*rd->owners),
			       LINKS_MODULES_MAX);
	if (r == 0)
		rd->owners[rd->n_owners++] = i;
	return r;
}

static int add_if_owner(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	struct reading *rd = ctx;

	(void)key_size;
	(void)value;
	if (!modprobe_conf_next(&rd->s->conf, MODPROBE_SOFTDEP, key, NULL))
		return 0;
	return add_owner(rd, key);
}

static int find_owners(struct reading *rd)
{
	const struct modprobe_rules *rules = &rd->s->conf.rules[MODPROBE_SOFTDEP];
	bool has_patterns = false;
	int r = 0;

	for (uint32_t i = 0; i < rules->n && r == 0; i++) {
		has_patterns |= rules->items[i].is_pattern;
		if (!rules->items[i].is_pattern)
			r = add_owner(rd, rules->items[i].name);
	}
	if (r == 0 && has_patterns)
		r = indexes_dump(&rd->s->indexes, LOOKUP_DEP, add_if_owner, rd);
	return r == -EBADMSG ? 0 : r;
}

static int compare_owners(const void *a, const void *b, void *ctx)
{
	const struct links *names = ctx;

	return strcmp(links_module(names, *(const uint32_t *)a)->name,
		      links_module(names, *(const uint32_t *)b)->name);
}

/* Their words */

/* The number of a module, with the place of its file. */
static int get_module(struct reading *rd, const char *name, uint32_t *ret_i)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct plan_deps deps;
	int r;

	r = links_get(rd->names, name, ret_i);
	if (r < 0 || links_module(rd->names, *ret_i)->path)
		return r;
	r = session_deps(rd->s, name, &text, &deps);
	if (r < 0 || !deps.path)
		return r;
	links_module(rd->names, *ret_i)->path = links_string(rd->names, deps.path);
	if (!links_module(rd->names, *ret_i)->path)
		return -ENOMEM;
	return links_set_deps(rd->names, *ret_i, deps.deps, deps.deps_size);
}

static bool is_builtin(const struct plan_answer *answer)
{
	return answer->by == PLAN_BY_BUILTIN || answer->by == PLAN_BY_BUILTIN_ALIAS;
}

static bool have_common(const struct plan_answer *a, size_t n_a, const struct plan_answer *b, size_t n_b)
{
	for (size_t i = 0; i < n_a && i < SUGGEST_ANSWERS_MAX; i++)
		for (size_t k = 0; k < n_b && k < SUGGEST_ANSWERS_MAX; k++)
			if (strcmp(a[i].module, b[k].module) == 0)
				return true;
	return false;
}

/* Would the crypto layer's own request for the word have the same answer? */
static int ask_as_crypto(struct reading *rd, struct word *word)
{
	size_t n = sizeof(CRYPTO_START) - 1, size = strlen(word->text), n_answers = 0;
	struct plan_answer *answers = NULL;
	char request[ALIAS_MAX + 1];
	int r;

	if (strncmp(word->text, CRYPTO_START, n) == 0 || strncmp(word->text, "crypto_", n) == 0) {
		word->is_crypto = word->n_answers > 0;
		return 0;
	}
	if (n + size > ALIAS_MAX)
		return 0;
	memcpy(request, CRYPTO_START, n);
	memcpy(request + n, word->text, size + 1);
	r = session_lookup(rd->s, request, &answers, &n_answers);
	word->is_crypto = r == 0 && have_common(word->answers, word->n_answers, answers, n_answers);
	free(answers);
	return r == -ENOMEM ? r : 0;
}

static bool is_known(const struct reading *rd, uint32_t from, const struct word *word)
{
	for (uint32_t i = from; i < rd->n_words; i++)
		if (rd->words[i].is_post == word->is_post &&
		    strcmp(rd->words[i].text, word->text) == 0)
			return true;
	return false;
}

static int answer_word(struct reading *rd, struct word *word)
{
	int r;

	r = session_answers(rd->s, word->text, &word->answers, &word->n_answers);
	if (r < 0)
		word->n_answers = 0;
	if (r == -ENOMEM)
		return r;
	for (size_t i = 0; i < word->n_answers && i < SUGGEST_ANSWERS_MAX; i++) {
		uint32_t module;

		r = get_module(rd, word->answers[i].module, &module);
		if (r < 0)
			return r;
	}
	return ask_as_crypto(rd, word);
}

static int add_word(struct reading *rd, uint32_t from, struct word word, size_t size)
{
	int r;

	if (rd->n_words == SUGGEST_WORDS_MAX) {
		rd->is_full = true;
		return 0;
	}
	if (size > ALIAS_MAX)
		return 0;
	word.text = arena_string(&rd->arena, word.text, size);
	if (!word.text)
		return -ENOMEM;
	if (is_known(rd, from, &word))
		return 0;
	r = grow_array(&rd->words, rd->n_words, &rd->words_capacity, sizeof(*rd->words), SUGGEST_WORDS_MAX);
	if (r < 0)
		return r;
	rd->words[rd->n_words] = word;
	return answer_word(rd, &rd->words[rd->n_words++]);
}

static int add_words(struct reading *rd, uint32_t owner)
{
	const struct modprobe_rule *rule = NULL;
	uint32_t from = rd->n_words, i;
	int r;

	r = get_module(rd, links_module(rd->names, owner)->name, &i);
	if (r < 0 || !links_module(rd->names, owner)->path)
		return r;
	while (r == 0 && !rd->is_full &&
	       (rule = modprobe_conf_next(&rd->s->conf, MODPROBE_SOFTDEP,
					  links_module(rd->names, owner)->name, rule))) {
		struct softdep_words words = { .rest = rule->text };
		enum softdep_phase phase;
		const char *text;
		size_t size;

		while (r == 0 && softdep_next(&words, &phase, &text, &size))
			r = add_word(rd, from,
				     (struct word){ .owner = owner,
						    .text = text,
						    .is_post = phase == SOFTDEP_POST,
						    .rule = rule },
				     size);
	}
	return r;
}

/* Files */

static int read_file(void *ctx, unsigned int thread, uint32_t item)
{
	struct reading *rd = ctx;
	struct thread *t = &rd->threads[thread];
	struct file *file = &rd->files[item];
	unsigned int want = FACTS_WANT_SYMBOLS | (file->is_owner ? MODFILE_WANT_STRINGS : 0);
	struct modfile modfile = { 0 };
	struct diag diag = { 0 };

	if (!file->path)
		return 0;
	file->error = modfile_read(t->reader, AT_FDCWD, file->path, want, &t->arena, &modfile, &diag);
	if (file->error == -ENOMEM)
		return file->error;
	suggest_module_init(&file->module, file->module.name, modfile.facts, modfile.strings);
	if (file->error == 0)
		return 0;
	file->diag = arena_alloc(&t->arena, sizeof(diag));
	if (!file->diag)
		return -ENOMEM;
	*file->diag = diag;
	return 0;
}

static void acquire(void *ctx, uint64_t bytes)
{
	budget_acquire(ctx, bytes);
}

static void release(void *ctx, uint64_t bytes)
{
	budget_release(ctx, bytes);
}

static int start_threads(struct reading *rd, uint32_t n, struct budget *budget)
{
	const struct modfile_budget shared = { acquire, release, budget };

	rd->threads = calloc(n, sizeof(*rd->threads));
	if (!rd->threads)
		return -ENOMEM;
	rd->n_threads = n;
	for (uint32_t i = 0; i < n; i++) {
		rd->threads[i].reader = modfile_reader_new(&shared);
		if (!rd->threads[i].reader)
			return -ENOMEM;
	}
	return 0;
}

static void want_file(struct reading *rd, uint32_t i, bool is_owner)
{
	rd->files[i].path = links_module(rd->names, i)->path;
	rd->files[i].is_owner |= is_owner;
}

static void want_files(struct reading *rd)
{
	for (uint32_t i = 0; i < links_n(rd->names); i++)
		rd->files[i].module.name = links_module(rd->names, i)->name;
	for (uint32_t i = 0; i < rd->n_words; i++) {
		const struct word *word = &rd->words[i];

		want_file(rd, word->owner, true);
		for (size_t k = 0; k < word->n_answers && k < SUGGEST_ANSWERS_MAX; k++)
			want_file(rd, links_find(rd->names, word->answers[k].module), false);
	}
}

static int read_files(struct reading *rd, unsigned int jobs)
{
	uint32_t n = links_n(rd->names), n_threads = jobs ? jobs : sys_cpus();
	struct budget *budget = budget_new(DEPMOD_IN_FLIGHT_MAX);
	int r = -ENOMEM;

	rd->files = calloc((size_t)n + 1, sizeof(*rd->files));
	if (rd->files && budget) {
		want_files(rd);
		r = start_threads(rd, n_threads < 1 ? 1 : n_threads > n ? n + 1 : n_threads, budget);
	}
	if (r == 0)
		r = workers_run(rd->n_threads, n, read_file, rd);
	for (uint32_t i = 0; i < n && r == 0; i++)
		if (rd->files[i].error < 0)
			event_diag(&rd->s->events, EVENT_WARNING, rd->files[i].path,
				   rd->files[i].error, rd->files[i].diag);
	budget_free(budget);
	return r;
}

/* Verdicts */

static bool is_in_line(const struct reading *rd, uint32_t owner, uint32_t module)
{
	const struct links_module *m = links_module(rd->names, owner);

	for (uint32_t i = 0; i < m->n_deps; i++)
		if (m->deps[i] == module)
			return true;
	return false;
}

/* Does modules.dep bring in every answer? */
static bool is_needed(const struct reading *rd, const struct word *word)
{
	for (size_t i = 0; i < word->n_answers && i < SUGGEST_ANSWERS_MAX; i++)
		if (!is_in_line(rd, word->owner, links_find(rd->names, word->answers[i].module)))
			return false;
	return word->n_answers > 0;
}

static bool is_declared(const struct session_hards *hards, const char *word, struct suggestion *ret)
{
	for (size_t i = 0; i < hards->n; i++) {
		if (hards->items[i].is_dropped || !name_is_same(hards->items[i].word, word))
			continue;
		ret->settled = SUGGEST_DECLARED;
		ret->declared_file = hards->items[i].source.file;
		ret->declared_line = hards->items[i].source.line;
		return !hards->items[i].is_by_symbol;
	}
	return false;
}

static void settle(struct reading *rd, const struct word *word, const struct session_hards *hards,
		   bool *ret_is_needed, struct suggestion *ret)
{
	bool is_declared_only = is_declared(hards, word->text, ret);

	*ret_is_needed = !is_declared_only && is_needed(rd, word);
	if (ret->settled != SUGGEST_OPEN)
		return;
	if (*ret_is_needed)
		ret->settled = SUGGEST_NEEDED;
	else if (word->n_answers == 0)
		ret->settled = SUGGEST_UNANSWERED;
	for (size_t i = 0; i < word->n_answers; i++)
		if (is_builtin(&word->answers[i]))
			ret->settled = SUGGEST_BUILTIN;
}

static int judge(struct reading *rd, const struct word *word, const struct session_hards *hards,
		 int (*each)(void *ctx, const struct suggestion *suggestion), void *ctx)
{
	const struct suggest_module *answers[SUGGEST_ANSWERS_MAX];
	struct suggest_case c = { .owner = &rd->files[word->owner].module,
				  .word = word->text,
				  .is_post = word->is_post,
				  .is_crypto = word->is_crypto,
				  .answers = answers };
	struct suggestion found = { .owner = c.owner->name,
				    .word = word->text,
				    .is_post = word->is_post,
				    .file = word->rule->file,
				    .line = word->rule->line,
				    .answers = word->answers,
				    .n_answers = word->n_answers };
	CLEANUP_BUF struct buf evidence = { 0 };

	while (c.n_answers < word->n_answers && c.n_answers < SUGGEST_ANSWERS_MAX) {
		answers[c.n_answers] =
			&rd->files[links_find(rd->names, word->answers[c.n_answers].module)].module;
		c.n_answers++;
	}
	settle(rd, word, hards, &c.is_needed, &found);
	found.verdict = suggest_judge(&c, &evidence);
	if (evidence.error)
		return evidence.error;
	found.evidence = buf_bytes(&evidence);
	return each(ctx, &found);
}

static int judge_all(struct reading *rd,
		     int (*each)(void *ctx, const struct suggestion *suggestion), void *ctx)
{
	struct session_hards hards = { 0 };
	uint32_t owner = LINKS_NONE;
	int r = 0;

	for (uint32_t i = 0; i < rd->n_words && r == 0; i++) {
		if (rd->words[i].owner != owner) {
			owner = rd->words[i].owner;
			session_hards_done(&hards);
			r = session_hards(rd->s, links_module(rd->names, owner)->name, &hards);
		}
		if (r == 0)
			r = judge(rd, &rd->words[i], &hards, each, ctx);
	}
	session_hards_done(&hards);
	return r;
}

static void done(struct reading *rd)
{
	for (uint32_t i = 0; i < rd->n_threads; i++) {
		modfile_reader_free(rd->threads[i].reader);
		arena_done(&rd->threads[i].arena);
	}
	for (uint32_t i = 0; i < rd->n_words; i++)
		free(rd->words[i].answers);
	free(rd->threads);
	free(rd->files);
	free(rd->words);
	free(rd->owners);
	arena_done(&rd->arena);
	links_free(rd->names);
}

int suggest_read(struct session *s, const char *const *names, size_t n_names, unsigned int jobs,
		 int (*each)(void *ctx, const struct suggestion *suggestion), void *ctx)
{
	struct reading rd = { .s = s, .names = links_new() };
	int r = rd.names ? 0 : -ENOMEM;

	if (r == 0 && n_names == 0)
		r = find_owners(&rd);
	for (size_t i = 0; i < n_names && r == 0; i++)
		r = add_owner(&rd, names[i]);
	if (r == 0 && rd.n_owners > 1)
		qsort_r(rd.owners, rd.n_owners, sizeof(*rd.owners), compare_owners, rd.names);
	for (uint32_t i = 0; i < rd.n_owners && r == 0; i++)
		r = add_words(&rd, rd.owners[i]);
	if (r == 0 && rd.is_full)
		event_emit(&s->events, EVENT_WARNING,
			   "more than %u soft dependencies: the rest is not looked at",
			   SUGGEST_WORDS_MAX);
	if (r == 0)
		r = read_files(&rd, jobs);
	if (r == 0)
		r = judge_all(&rd, each, ctx);
	done(&rd);
	return r;
}
