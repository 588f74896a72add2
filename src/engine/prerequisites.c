/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/prerequisites.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/name-set.h"
#include "engine/events.h"
#include "engine/modfile.h"
#include "engine/session-internal.h"
#include "sys/sys.h"

#define BLANKS " \t"

/** struct finding - one file on its way */
struct finding {
	struct session *s;
	const char *module, *path;
	const struct events *events;
	struct prerequisites *found;
	struct plan_source tag;
	struct name_set hards, conflicts; /* words of tags, each once */
	bool is_taken_back;		  /* what it says that it needs */
	bool is_indexed;		  /* depmod has read this very file */
};

static bool is_live(const struct finding *f, const char *module)
{
	const struct kernel *k = &f->s->kernel;
	enum module_state state;

	return k->state(k->ctx, module, &state) == 0 && state == MODULE_LIVE;
}

/* Return: 1 satisfied; 0 not, and @ret_is_answered whether a module could do it; -ENOMEM. */
static int is_satisfied(const struct finding *f, const char *word, bool *ret_is_answered)
{
	struct plan_answer *answers = NULL;
	bool is_done = false;
	size_t n = 0;
	int r;

	r = session_answers(f->s, word, &answers, &n);
	for (size_t i = 0; i < n && !is_done; i++)
		is_done = session_is_builtin(f->s, &answers[i]) || is_live(f, answers[i].module);
	/* One that needs itself alone is a mistake; depmod tells. */
	if (n == 1 && strcmp(answers[0].module, f->module) == 0)
		is_done = true;
	free(answers);
	*ret_is_answered = n > 0;
	if (r == -ENOMEM)
		return r;
	return is_done;
}

static int add_hard(struct finding *f, const struct plan_hard *hard)
{
	struct prerequisites *p = f->found;
	bool is_answered;
	int r;

	r = is_satisfied(f, hard->word, &is_answered);
	if (r != 0)
		return r < 0 ? r : 0;
	r = session_grow(&p->missing, p->n_missing, &p->missing_capacity, sizeof(*p->missing));
	if (r < 0)
		return r;
	p->missing[p->n_missing++] = (struct prerequisite){
		.word = hard->word,
		.source = hard->source,
		.is_answered = is_answered,
		.is_needed = is_answered || hard->declared != PLAN_BY_CONF,
	};
	return 0;
}

static int put_conflict(struct finding *f, const char *module, bool is_builtin,
			struct plan_source source)
{
	struct prerequisites *p = f->found;
	int r;

	if (strcmp(module, f->module) == 0)
		return 0;
	r = session_grow(&p->conflicts, p->n_conflicts, &p->conflicts_capacity,
			 sizeof(*p->conflicts));
	if (r < 0)
		return r;
	if (is_builtin && p->builtin == UINT32_MAX)
		p->builtin = (uint32_t)p->n_conflicts;
	p->conflicts[p->n_conflicts++] = (struct plan_conflict){ module, source };
	return 0;
}

/* A word that nobody answers may be a module that only the kernel knows. */
static int add_conflict(struct finding *f, const char *word)
{
	struct plan_answer *answers = NULL;
	size_t n = 0;
	int r;

	r = session_answers(f->s, word, &answers, &n);
	if (r < 0)
		return r == -ENOMEM ? r : put_conflict(f, word, false, f->tag);
	for (size_t i = 0; i < n && r == 0; i++)
		r = put_conflict(f, answers[i].module, session_is_builtin(f->s, &answers[i]), f->tag);
	free(answers);
	return r;
}

static void report_word(const struct finding *f, const char *key, const char *word, size_t size,
			const char *what)
{
	event_emit(f->events, EVENT_WARNING, "%s, section .modinfo: %s: '%.*s' %s", f->path, key,
		   (int)(size < 80 ? size : 80), word, what);
}

static int read_word(struct finding *f, const char *key, bool is_conflict, const char *text,
		     size_t size)
{
	struct name_set *words = is_conflict ? &f->conflicts : &f->hards;
	const char *word;
	int r;

	r = session_fold(f->s, text, size, &word);
	if (r == -EINVAL) {
		report_word(f, key, text, size, "is no name");
		return 0;
	}
	if (r < 0 || words->n_used >= PREREQUISITES_WORDS_MAX)
		return r;
	r = name_set_put(words, word, 0, NULL);
	if (r > 0 && strcmp(word, f->module) == 0)
		report_word(f, key, text, size, "names itself");
	else if (r > 0 && is_conflict)
		return add_conflict(f, word);
	else if (r > 0)
		return add_hard(f, &(struct plan_hard){ .word = word,
							.declared = PLAN_BY_MODULE,
							.source = f->tag });
	return r < 0 ? r : 0;
}

static int read_tag(struct finding *f, const char *key, bool is_conflict, const char *value)
{
	int r = 0;

	while (r == 0 && *(value += strspn(value, BLANKS))) {
		size_t n = strcspn(value, BLANKS);

		r = read_word(f, key, is_conflict, value, n);
		value += n;
	}
	return r;
}

static int read_tags(struct finding *f, const struct facts *facts)
{
	int r = 0;

	for (uint32_t i = 0; i < facts->n_modinfo && r == 0; i++) {
		const char *harddep = f->is_taken_back ?
					      NULL :
					      facts_tag(facts_modinfo(facts, i), "harddep");
		const char *conflict = facts_tag(facts_modinfo(facts, i), "conflict");

		if ((harddep || conflict) && !f->tag.file &&
		    !session_tag_source(f->s, f->path, &f->tag))
			return -ENOMEM;
		if (harddep)
			r = read_tag(f, "harddep", false, harddep);
		else if (conflict)
			r = read_tag(f, "conflict", true, conflict);
	}
	return r;
}

static int read_file(struct finding *f)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	struct modfile_reader *reader = modfile_reader_new(NULL);
	struct modfile file;
	struct diag diag;
	int r = -ENOMEM;

	if (reader)
		r = modfile_read(reader, AT_FDCWD, f->path, 0, &arena, &file, &diag);
	if (r == 0)
		r = read_tags(f, file.facts);
	modfile_reader_free(reader);
	return r == -ENOMEM ? r : 0;
}

/* Then modules.modsure.bin has its tags, and a large file need not be decompressed for them. */
static int find_indexed(struct finding *f)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct sys_entry this, that;
	struct plan_deps deps;
	int r;

	if (indexes_set(&f->s->indexes) != INDEXES_WHOLE)
		return 0;
	r = session_deps(f->s, f->module, &text, &deps);
	f->is_indexed = r == 0 && deps.path && sys_stat(AT_FDCWD, f->path, &this) == 0 &&
			sys_stat(AT_FDCWD, deps.path, &that) == 0 && this.dev == that.dev &&
			this.inode == that.inode;
	return r;
}

/* What another file of this name says that was indexed is not what this one says. */
static int add_declared(struct finding *f)
{
	struct session_conflicts conflicts = { 0 };
	struct session_hards hards = { 0 };
	int r;

	r = session_hards(f->s, f->module, &hards);
	for (size_t i = 0; i < hards.n && r == 0; i++)
		if (!hards.items[i].is_dropped &&
		    (f->is_indexed || hards.items[i].declared != PLAN_BY_MODULE))
			r = add_hard(f, &hards.items[i]);
	session_hards_done(&hards);
	if (r == 0)
		r = session_conflicts(f->s, f->module, &conflicts);
	for (size_t i = 0; i < conflicts.n && r == 0; i++)
		r = put_conflict(f, conflicts.items[i].module, conflicts.items[i].is_builtin,
				 conflicts.items[i].source);
	session_conflicts_done(&conflicts);
	return r;
}

int prerequisites_find(struct session *s, const char *module, const char *path,
		       const struct events *events, struct prerequisites *ret)
{
	struct finding f = { .s = s, .module = module, .path = path, .events = events, .found = ret };
	int r;

	*ret = (struct prerequisites){ .builtin = UINT32_MAX };
	f.is_taken_back = modprobe_conf_takes_back(&s->conf, MODPROBE_HARDDEP, module);
	r = find_indexed(&f);
	if (r == 0 && !f.is_indexed)
		r = read_file(&f);
	if (r == 0)
		r = add_declared(&f);
	name_set_done(&f.hards);
	name_set_done(&f.conflicts);
	if (r < 0)
		prerequisites_done(ret);
	return r;
}

void prerequisites_done(struct prerequisites *p)
{
	if (!p)
		return;
	free(p->missing);
	free(p->conflicts);
	*p = (struct prerequisites){ .builtin = UINT32_MAX };
}
