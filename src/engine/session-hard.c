/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hard dependencies: what modules.modsure.bin keeps of tags and depmod.d, and rules of modprobe.d.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/name-set.h"
#include "conf/proc-modules.h"
#include "engine/session-internal.h"
#include "index/declared.h"

#define BLANKS " \t"

/** struct gathering - the list of one module while it grows */
struct gathering {
	struct session *s;
	const char *module;
	struct session_hards *hards;
	struct name_set words;
	struct plan_source tag; /* file NULL before it is needed */
	bool is_taken_back;	/* what modules.modsure.bin says */
	const struct session_file *file; /* given by its path, in place of the one that was indexed; NULL */
};

int session_word(struct session *s, const char *text, size_t size, struct session_word *ret_word)
{
	char folded[ALIAS_MAX + 1];
	const char *word;

	if (size > ALIAS_MAX)
		return -EINVAL;
	word = arena_string(&s->arena, text, size);
	if (!word)
		return -ENOMEM;
	if (name_normalize_alias(word, folded) < 0)
		return -EINVAL;
	ret_word->text = ret_word->folded = word;
	if (strcmp(folded, word) != 0)
		ret_word->folded = arena_string(&s->arena, folded, size);
	return ret_word->folded ? 0 : -ENOMEM;
}

/* As it was said first, but for how strictly; what was taken back may be said again. */
static void say_again(const struct gathering *g, struct plan_hard *before, const struct plan_hard *now)
{
	if (before->is_dropped && g->is_taken_back) {
		before->is_dropped = false;
		before->declared = now->declared;
		before->source = now->source;
	} else if (before->declared == PLAN_BY_CONF) {
		before->declared = now->declared;
	}
}

static int add(struct gathering *g, const struct session_word *word, struct plan_hard hard)
{
	struct session_hards *h = g->hards;
	uint32_t at;
	int r;

	r = session_grow(&h->items, h->n, &h->capacity, sizeof(*h->items));
	if (r == 0)
		r = name_set_put(&g->words, word->folded, (uint32_t)h->n, &at);
	if (r > 0) {
		hard.word = word->text;
		h->items[h->n++] = hard;
		return 0;
	}
	if (r == 0)
		say_again(g, &h->items[at], &hard);
	return r;
}

static int source_of(struct gathering *g, const struct declared_hard *kept,
		     struct plan_source *ret_source)
{
	if (kept->by != DECLARED_BY_MODULE) {
		ret_source->file = arena_string(&g->s->arena, kept->file, kept->file_size);
		ret_source->line = kept->line;
		return ret_source->file ? 0 : -ENOMEM;
	}
	if (!g->tag.file && !session_tag_source(g->s, g->module, &g->tag))
		return -ENOMEM;
	*ret_source = g->tag;
	return 0;
}

static int add_kept(struct gathering *g, const char *value)
{
	static const enum plan_declared by[] = {
		[DECLARED_BY_MODULE] = PLAN_BY_MODULE,
		[DECLARED_BY_CONF] = PLAN_BY_CONF,
		[DECLARED_BY_CONF_STRICT] = PLAN_BY_CONF_STRICT,
	};
	struct declared_hard kept;
	struct plan_hard hard = { 0 };
	struct session_word word;
	struct diag diag;
	bool is_mixed, is_cycle;
	int r;

	r = declared_get_hard(value, &kept, &diag);
	if (r == 0 && g->file && kept.by == DECLARED_BY_MODULE)
		return 0;
	if (r == 0)
		r = session_word(g->s, kept.word, kept.word_size, &word);
	if (r == -EBADMSG || r == -EINVAL) {
		indexes_bad_declared(&g->s->indexes, value,
				     r == -EINVAL ? "a hard dependency on what is no name" : diag.what);
		return 0;
	}
	if (r == 0)
		r = source_of(g, &kept, &hard.source);
	if (r < 0)
		return r;
	/* Its fate is about the lines that were written with it, not about those of another depmod. */
	is_mixed = indexes_set(&g->s->indexes) == INDEXES_MIXED;
	is_cycle = kept.fate == DECLARED_CYCLE && !is_mixed;
	if (is_cycle && g->is_taken_back)
		return 0;
	hard.declared = by[kept.by];
	hard.is_in_line = kept.fate == DECLARED_IN_DEP && !is_mixed;
	hard.is_by_symbol = kept.fate == DECLARED_BY_SYMBOL && !is_mixed;
	hard.is_dropped = is_cycle || g->is_taken_back;
	return add(g, &word, hard);
}

static int gather_kept(struct gathering *g)
{
	CLEANUP_INDEX_VALUES struct index_values values = { 0 };
	int r;

	r = indexes_declared(&g->s->indexes, DECLARED_HARDDEP, g->module, &values);
	for (size_t i = 0; i < values.n && r == 0; i++)
		r = add_kept(g, values.items[i].text);
	session_report_broken(g->s, INDEXES_DECLARED);
	return r == -ENOMEM ? r : 0;
}

static int gather_file(struct gathering *g)
{
	int r = 0;

	for (uint32_t i = 0; g->file && !g->is_taken_back && i < g->file->n_hards && r == 0; i++)
		r = add(g, &g->file->hards[i],
			(struct plan_hard){ .declared = PLAN_BY_MODULE, .source = g->file->source });
	return r;
}

static int gather_rule(struct gathering *g, const struct modprobe_rule *rule)
{
	const char *at = rule->text;
	int r = 0;

	while (*at && r == 0) {
		size_t n = strcspn(at, BLANKS);
		const struct plan_hard hard = {
			.declared = rule->is_strict ? PLAN_BY_CONF_STRICT : PLAN_BY_CONF,
			.source = { rule->file, rule->line },
		};
		struct session_word word;

		r = session_word(g->s, at, n, &word);
		if (r == 0)
			r = add(g, &word, hard);
		at += n;
		at += strspn(at, BLANKS);
	}
	return r;
}

int session_hards(struct session *s, const char *module, struct session_hards *ret)
{
	struct gathering g = { .s = s, .module = module, .hards = ret };
	const struct modprobe_rule *rule = NULL;
	int r;

	g.is_taken_back = modprobe_conf_takes_back(&s->conf, MODPROBE_HARDDEP, module);
	g.file = session_find_file(s, module);
	r = gather_file(&g);
	if (r == 0)
		r = gather_kept(&g);
	while (r == 0 && (rule = modprobe_conf_next(&s->conf, MODPROBE_HARDDEP, module, rule)))
		r = gather_rule(&g, rule);
	name_set_done(&g.words);
	if (r < 0)
		session_hards_done(ret);
	return r;
}

void session_hards_done(struct session_hards *hards)
{
	if (!hards)
		return;
	free(hards->items);
	*hards = (struct session_hards){ 0 };
}

/** struct walk - through all modules with declarations */
struct walk {
	struct session *s;
	int (*each)(void *ctx, const char *module, const struct session_hards *hards);
	void *ctx;
	char last[MODULE_NAME_MAX + 1]; /* module of the values that come now */
	struct name_set seen;		/* of those by rules alone */
	int r;
};

static int visit(struct walk *w, const char *module)
{
	struct session_hards hards = { 0 };

	w->r = session_hards(w->s, module, &hards);
	if (w->r == 0 && hards.n > 0)
		w->r = w->each(w->ctx, module, &hards);
	session_hards_done(&hards);
	return w->r;
}

/* The values of one module follow each other. */
static int visit_key(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	static const size_t prefix = sizeof(DECLARED_HARDDEP) - 1;
	struct walk *w = ctx;

	(void)value;
	if (key_size <= prefix || key_size - prefix > MODULE_NAME_MAX ||
	    memcmp(key, DECLARED_HARDDEP, prefix) != 0 || strcmp(key + prefix, w->last) == 0)
		return 0;
	strcpy(w->last, key + prefix);
	return visit(w, w->last) == 0 ? 0 : 1;
}

/* One that modules.modsure.bin does not know. */
static int visit_name(struct walk *w, const char *name)
{
	CLEANUP_INDEX_VALUES struct index_values values = { 0 };
	int r;

	if (!modprobe_conf_next(&w->s->conf, MODPROBE_HARDDEP, name, NULL))
		return 0;
	r = name_set_put(&w->seen, name, 0, NULL);
	if (r > 0) {
		r = indexes_declared(&w->s->indexes, DECLARED_HARDDEP, name, &values);
		return r == 0 || r == -ENOMEM ? r : visit(w, name);
	}
	return r;
}

int session_each_hard(struct session *s, const char *const *names, size_t n_names,
		      int (*each)(void *ctx, const char *module, const struct session_hards *hards),
		      void *ctx)
{
	const struct modprobe_rules *rules = &s->conf.rules[MODPROBE_HARDDEP];
	struct walk w = { .s = s, .each = each, .ctx = ctx };
	int r;

	r = indexes_each_declared(&s->indexes, visit_key, &w);
	session_report_broken(s, INDEXES_DECLARED);
	r = r == -ENOMEM ? r : w.r;
	for (uint32_t i = 0; i < rules->n && r == 0; i++)
		if (!rules->items[i].is_pattern)
			r = visit_name(&w, rules->items[i].name);
	for (size_t i = 0; i < n_names && rules->n > 0 && r == 0; i++)
		r = visit_name(&w, names[i]);
	name_set_done(&w.seen);
	return r;
}

/** struct loaded - names of the modules in the kernel */
struct loaded {
	struct buf text;
	const char **names; /* in @text */
	size_t n, capacity;
};

static void loaded_done(struct loaded *l)
{
	buf_done(&l->text);
	free(l->names);
}

/* The text is read as a whole before, so that a NUL can be put behind each name. */
static int add_loaded(struct loaded *l, struct bytes name)
{
	char *text = (char *)l->text.base + ((size_t)(name.base - l->text.base));
	int r;

	r = session_grow(&l->names, l->n, &l->capacity, sizeof(*l->names));
	if (r < 0)
		return r;
	text[name.size] = '\0';
	l->names[l->n++] = text;
	return 0;
}

/* Patterns are tried upon these; a system that does not tell has none. */
static int read_loaded(struct session *s, struct loaded *l)
{
	struct proc_modules lines = { 0 };
	struct proc_module module;
	int r = 0, more;

	if (s->conf.rules[MODPROBE_HARDDEP].n == 0)
		return 0;
	l->text.max = PROC_MODULES_MAX;
	if (s->kernel.read(s->kernel.ctx, "proc/modules", &l->text) < 0)
		return l->text.error == -ENOMEM ? -ENOMEM : 0;
	lines.text = buf_bytes(&l->text);
	while (r == 0 && (more = proc_modules_next(&lines, &module, NULL)) != 0)
		if (more > 0)
			r = add_loaded(l, module.name);
	return r;
}

/** struct search - for live modules that need one */
struct search {
	struct session *s;
	const char *module;
	struct session_hard_users *users;
};

/* One whose init runs relies on it as well. */
static bool is_live(struct session *s, const char *module)
{
	enum module_state state;

	return s->kernel.state(s->kernel.ctx, module, &state) == 0 &&
	       (state == MODULE_LIVE || state == MODULE_COMING);
}

/*
 * What else answers to a word and is live, each with a NUL behind.
 * Return: 1; 0 the module in question does not answer, or something built in does; -ENOMEM.
 */
static int find_others(const struct search *f, const char *user, const char *word,
		       struct buf *others)
{
	struct plan_answer *answers = NULL;
	bool is_answer = false;
	size_t n = 0;
	int r;

	r = session_answers(f->s, word, &answers, &n);
	for (size_t i = 0; i < n && !is_answer; i++)
		is_answer = strcmp(answers[i].module, f->module) == 0;
	for (size_t i = 0; i < n && is_answer; i++) {
		const char *module = answers[i].module;

		if (session_is_builtin(f->s, &answers[i]))
			is_answer = false;
		else if (strcmp(module, f->module) != 0 && strcmp(module, user) != 0 &&
			 is_live(f->s, module))
			buf_put(others, module, strlen(module) + 1);
	}
	free(answers);
	if (r == -ENOMEM || others->error)
		return -ENOMEM;
	return is_answer;
}

static int add_user(const struct search *f, const char *user, const struct plan_hard *hard,
		    const struct buf *others)
{
	struct session_hard_users *u = f->users;
	struct plan_hard_user item = {
		.word = hard->word,
		.others_size = others->size,
		.source = hard->source,
	};
	int r;

	r = session_grow(&u->items, u->n, &u->capacity, sizeof(*u->items));
	if (r < 0)
		return r;
	item.user = arena_string(&f->s->arena, user, strlen(user));
	item.others = arena_string(&f->s->arena, (const char *)others->base, others->size);
	if (!item.user || !item.others)
		return -ENOMEM;
	u->items[u->n++] = item;
	return 0;
}

static int search_in(void *ctx, const char *user, const struct session_hards *hards)
{
	const struct search *f = ctx;
	int r = 0;

	if (strcmp(user, f->module) == 0 || !is_live(f->s, user))
		return 0;
	for (size_t i = 0; i < hards->n && r == 0; i++) {
		CLEANUP_BUF struct buf others = { 0 };

		if (hards->items[i].is_dropped)
			continue;
		r = find_others(f, user, hards->items[i].word, &others);
		if (r > 0)
			r = add_user(f, user, &hards->items[i], &others);
	}
	return r;
}

static int compare_users(const void *a, const void *b)
{
	const struct plan_hard_user *x = a, *y = b;
	int r = strcmp(x->user, y->user);

	return r ? r : strcmp(x->word, y->word);
}

int session_hard_users(struct session *s, const char *module, struct session_hard_users *ret)
{
	struct search search = { s, module, ret };
	struct loaded loaded = { 0 };
	int r;

	r = read_loaded(s, &loaded);
	if (r == 0)
		r = session_each_hard(s, loaded.names, loaded.n, search_in, &search);
	loaded_done(&loaded);
	if (r < 0)
		session_hard_users_done(ret);
	else if (ret->n > 1)
		qsort(ret->items, ret->n, sizeof(*ret->items), compare_users);
	return r;
}

void session_hard_users_done(struct session_hard_users *users)
{
	if (!users)
		return;
	free(users->items);
	*users = (struct session_hard_users){ 0 };
}
