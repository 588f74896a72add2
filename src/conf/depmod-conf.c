/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   search DIR|built-in|external ...     the first has the highest priority
 *   override MODULE VERSION SUBDIR       SUBDIR/MODULE.ko* wins over all others
 *   external VERSION DIR                 look there too
 *   exclude NAME ...                     pass files and folders of this name
 *   harddep[!] PATTERN [WORD ...]        modules need one that answers to each word; none: take back
 *   conflict WORD WORD ...               the first excludes each of the others
 *   merge_softdeps [yes|no]              one line a module in modules.softdep
 *   make_map_files yes|no, include FILE  of old; accepted
 */
#include "conf/depmod-conf.h"

#include <stdlib.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "bytes/grow.h"
#include "bytes/name.h"
#include "conf/expression.h"
#include "conf/lines.h"

struct reading {
	struct depmod_conf *conf;
	const struct depmod_conf_env *env;
	const char *file; /* in the arena */
	unsigned int line;
	const char *directive;
};

static void note(const struct reading *in, enum depmod_note why, const struct diag *diag)
{
	if (in->env->note)
		in->env->note(in->env->ctx, in->file, why, diag);
}

static int note_bad(const struct reading *in, const char *what)
{
	struct diag diag;

	diag_line(&diag, 0, in->line, "%.40s: %s", in->directive, what);
	note(in, DEPMOD_NOTE_BAD, &diag);
	return 0;
}

static int rules_add(const struct reading *in, struct depmod_rules *rules, uint32_t max,
		     struct depmod_rule rule)
{
	int r;

	if (rules->n >= max)
		return note_bad(in, "ignored, there are too many of them");
	if (!rule.text)
		return -ENOMEM;
	r = grow_array(&rules->items, rules->n, &rules->capacity, sizeof(*rules->items), max);
	if (r < 0)
		return r;
	rule.file = in->file;
	rule.line = in->line;
	rule.order = rules->n;
	rules->items[rules->n++] = rule;
	return 0;
}

static bool is_for_kernel(const struct reading *in, const char *version)
{
	struct diag diag;
	int fits;

	if (!expression_is_cheap(version)) {
		diag_line(&diag, 0, in->line, "%.40s: '%.100s' is too long or too costly, line ignored",
			  in->directive, version);
		note(in, DEPMOD_NOTE_BAD, &diag);
		return false;
	}
	fits = strcmp(version, "*") == 0 ? 1 : in->env->matches(in->env->ctx, version);
	if (fits > 0)
		return true;
	if (fits < 0) {
		diag_line(&diag, 0, in->line, "%.40s: '%.100s' is no regular expression, line ignored",
			  in->directive, version);
		note(in, DEPMOD_NOTE_BAD, &diag);
		return false;
	}
	diag_line(&diag, 0, in->line, "%.40s: for another kernel than this, %.100s", in->directive,
		  version);
	note(in, DEPMOD_NOTE_OTHER_KERNEL, &diag);
	return false;
}

static char *copy(const struct reading *in, const char *s)
{
	return arena_string(&in->conf->arena, s, strlen(s));
}

static int read_search(struct reading *in, char *rest)
{
	const char *word;

	while ((word = conf_word(&rest))) {
		struct depmod_rule rule = { .text = copy(in, word) };
		int r;

		if (strcmp(word, "built-in") == 0)
			rule.search = DEPMOD_SEARCH_BUILT_IN;
		else if (strcmp(word, "external") == 0)
			rule.search = DEPMOD_SEARCH_EXTERNAL;
		r = rules_add(in, &in->conf->searches, DEPMOD_SEARCHES_MAX, rule);
		if (r < 0)
			return r;
	}
	return 0;
}

/* "SUBDIR/MODULE", the module spelled as in a file's stem below. */
static char *override_text(struct arena *arena, const char *subdir, const char *module)
{
	size_t n_dir = strlen(subdir), n_module = strlen(module);
	char *text;

	while (n_dir > 0 && subdir[n_dir - 1] == '/')
		n_dir--;
	text = arena_alloc(arena, n_dir + n_module + 2);
	if (!text)
		return NULL;
	memcpy(text, subdir, n_dir);
	text[n_dir] = '/';
	for (size_t i = 0; i <= n_module; i++)
		text[n_dir + 1 + i] = module[i] == '-' ? '_' : module[i];
	return text;
}

static int read_override(struct reading *in, char *rest)
{
	const char *module = conf_word(&rest);
	const char *version = conf_word(&rest);
	const char *subdir = conf_word(&rest);
	struct depmod_rule rule = { 0 };

	if (!subdir)
		return note_bad(in, "needs a module, a kernel version and a directory");
	if (!is_for_kernel(in, version))
		return 0;
	rule.text = override_text(&in->conf->arena, subdir, module);
	return rules_add(in, &in->conf->overrides, DEPMOD_RULES_MAX, rule);
}

static int read_external(struct reading *in, char *rest)
{
	const char *version = conf_word(&rest);
	char *dir = conf_word(&rest);
	struct depmod_rule rule = { 0 };
	size_t n;

	if (!dir)
		return note_bad(in, "needs a kernel version and a directory");
	if (dir[0] != '/')
		return note_bad(in, "the directory is not absolute");
	if (!is_for_kernel(in, version))
		return 0;
	for (n = strlen(dir); n > 1 && dir[n - 1] == '/'; n--)
		dir[n - 1] = '\0';
	rule.text = copy(in, dir);
	return rules_add(in, &in->conf->externals, DEPMOD_SEARCHES_MAX, rule);
}

static int read_exclude(struct reading *in, char *rest)
{
	const char *word;
	int r = 0;

	while (r == 0 && (word = conf_word(&rest)))
		r = rules_add(in, &in->conf->excludes, DEPMOD_RULES_MAX,
			      (struct depmod_rule){ .text = copy(in, word) });
	return r;
}

static int note_word(const struct reading *in, const char *word, const char *what)
{
	struct diag diag;
	char shown[81];
	size_t n = 0;

	/* What a terminal should not see becomes '?'. */
	for (; word[n] && n < sizeof(shown) - 1; n++)
		shown[n] = (unsigned char)word[n] < ' ' || (unsigned char)word[n] >= 0x7f ? '?' : word[n];
	shown[n] = '\0';
	diag_line(&diag, 0, in->line, "%.40s: '%s' %s", in->directive, shown, what);
	note(in, DEPMOD_NOTE_BAD, &diag);
	return 0;
}

/* What is wrong with @word as a name or alias; NULL, and its folded spelling. */
static const char *fold(const char *word, bool may_be_pattern, char *ret_name)
{
	const char *why = name_fold_word(word, ret_name);

	if (!why && !may_be_pattern && ret_name[strcspn(ret_name, "*?[")])
		return "is a pattern";
	return why;
}

/* Adds a line; the items of its text are from the arena, NULL without memory. */
static int declare(const struct reading *in, struct depmod_declarations *to,
		   struct depmod_declaration line)
{
	int r;

	if (!line.name || !line.words)
		return -ENOMEM;
	if (to->n >= DEPMOD_DECLARATIONS_MAX ||
	    (line.is_pattern && in->conf->n_patterns >= DEPMOD_PATTERNS_MAX))
		return note_bad(in, "ignored, there are too many of them");
	r = grow_array(&to->items, to->n, &to->capacity, sizeof(*to->items), DEPMOD_DECLARATIONS_MAX);
	if (r < 0)
		return r;
	line.file = in->file;
	line.line = in->line;
	in->conf->n_patterns += line.is_pattern;
	to->items[to->n++] = line;
	return 0;
}

/*
 * The words that can be looked up, a blank between; a note tells of each other one. A word that
 * begins with '#' and all behind it is a remark.
 * Return: how many were there, good and bad.
 */
static unsigned int read_words(const struct reading *in, char *rest, const char *name, struct buf *out)
{
	char folded[ALIAS_MAX + 1];
	unsigned int n_words = 0;
	const char *word, *why;

	for (; (word = conf_word(&rest)) && word[0] != '#'; n_words++) {
		why = fold(word, false, folded);
		if (!why && strcmp(folded, name) == 0)
			why = "is the module itself";
		if (why) {
			(void)note_word(in, word, why);
			continue;
		}
		buf_put_string(out, out->size ? " " : "");
		buf_put_string(out, word);
	}
	return n_words;
}

static int read_declaration(const struct reading *in, char *rest, struct depmod_declarations *to,
			    struct depmod_declaration line, bool may_be_pattern)
{
	const char *name = conf_word(&rest), *why;
	CLEANUP_BUF struct buf words = { 0 };
	char folded[ALIAS_MAX + 1];
	unsigned int n_words;

	if (!name)
		return note_bad(in, "needs a module");
	why = fold(name, may_be_pattern, folded);
	if (why)
		return note_word(in, name, why);
	n_words = read_words(in, rest, folded, &words);
	if (words.error)
		return words.error;
	line.takes_back = n_words == 0;
	/* Each bad word has been said; a line of them only must not take anything back. */
	if (n_words > 0 && words.size == 0)
		return 0;
	if (line.takes_back && (line.is_strict || !may_be_pattern))
		return note_bad(in, "needs another name or alias behind the module");
	line.is_pattern = folded[strcspn(folded, "*?[\\")] != '\0';
	line.name = copy(in, folded);
	line.words = arena_string(&in->conf->arena, (const char *)words.base, words.size);
	return declare(in, to, line);
}

static int read_harddep(struct reading *in, char *rest)
{
	return read_declaration(in, rest, &in->conf->hards, (struct depmod_declaration){ 0 }, true);
}

static int read_strict_harddep(struct reading *in, char *rest)
{
	return read_declaration(in, rest, &in->conf->hards,
				(struct depmod_declaration){ .is_strict = true }, true);
}

static int read_conflict(struct reading *in, char *rest)
{
	return read_declaration(in, rest, &in->conf->conflicts, (struct depmod_declaration){ 0 }, false);
}

static int read_merge_softdeps(struct reading *in, char *rest)
{
	const char *word = conf_word(&rest);

	if (word && strcmp(word, "yes") != 0 && strcmp(word, "no") != 0)
		return note_word(in, word, "is neither yes nor no");
	in->conf->merge_softdeps = !word || strcmp(word, "yes") == 0;
	return 0;
}

static int read_unused(struct reading *in, char *rest)
{
	struct diag diag;

	(void)rest;
	diag_line(&diag, 0, in->line, "%.40s: has no effect", in->directive);
	note(in, DEPMOD_NOTE_NOT_USED, &diag);
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct reading *in, char *rest);
} directives[] = {
	{ "search", read_search },
	{ "override", read_override },
	{ "external", read_external },
	{ "exclude", read_exclude },
	{ "harddep", read_harddep },
	{ "harddep!", read_strict_harddep },
	{ "conflict", read_conflict },
	{ "merge_softdeps", read_merge_softdeps },
	{ "make_map_files", read_unused },
	{ "include", read_unused },
};

static int read_line(struct reading *in, char *text)
{
	in->directive = conf_word(&text);
	if (!in->directive)
		return 0;
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (strcmp(in->directive, directives[i].name) == 0)
			return directives[i].read(in, text);
	return note_bad(in, "unknown directive, line ignored");
}

int depmod_conf_read(struct depmod_conf *conf, struct bytes text, const char *file,
		     const struct depmod_conf_env *env)
{
	CLEANUP_CONF_LINES struct conf_lines lines = { .text = text };
	struct reading in = { .conf = conf, .env = env };
	struct diag diag;
	char *line;
	int r;

	in.file = arena_string(&conf->arena, file, strlen(file));
	if (!in.file)
		return -ENOMEM;
	while ((r = conf_lines_next(&lines, &line, &in.line, &diag)) != 0) {
		if (r == -EBADMSG)
			note(&in, DEPMOD_NOTE_BAD, &diag);
		else if (r > 0)
			r = read_line(&in, line);
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	return 0;
}

static int compare_rules(const void *a, const void *b)
{
	const struct depmod_rule *ra = a, *rb = b;
	int r = strcmp(ra->text, rb->text);

	return r ? r : (ra->order > rb->order) - (ra->order < rb->order);
}

static void sort(struct depmod_rules *rules)
{
	if (rules->n)
		qsort(rules->items, rules->n, sizeof(*rules->items), compare_rules);
}

int depmod_conf_finish(struct depmod_conf *conf)
{
	sort(&conf->overrides);
	sort(&conf->excludes);
	if (conf->searches.n > 0)
		return 0;
	return rules_add(&(struct reading){ .conf = conf }, &conf->searches, DEPMOD_SEARCHES_MAX,
			 (struct depmod_rule){ .text = "updates" });
}

/* The last of the sorted rules whose text is these bytes, NULL when there is none. */
static const struct depmod_rule *find(const struct depmod_rules *rules, const char *text)
{
	uint32_t low = 0, high = rules->n;

	/* All before low are at most the text, all from high on are above it. */
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (strcmp(rules->items[mid].text, text) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == 0 || strcmp(rules->items[low - 1].text, text) != 0)
		return NULL;
	return &rules->items[low - 1];
}

bool depmod_conf_is_excluded(const struct depmod_conf *conf, const char *entry_name)
{
	return find(&conf->excludes, entry_name);
}

/* Bytes of @path without its file's extension: what rules are compared with. */
static size_t stem_size(const char *path, size_t *ret_base_off)
{
	const char *slash = strrchr(path, '/');

	*ret_base_off = slash ? (size_t)(slash - path) + 1 : 0;
	return *ret_base_off + strcspn(path + *ret_base_off, ".");
}

static const struct depmod_rule *find_override(const struct depmod_conf *conf, const char *path)
{
	size_t base, n = stem_size(path, &base);
	char stem[4096];

	/* No path that could be opened is longer. */
	if (conf->overrides.n == 0 || n >= sizeof(stem))
		return NULL;
	for (size_t i = 0; i < n; i++)
		stem[i] = i >= base && path[i] == '-' ? '_' : path[i];
	stem[n] = '\0';
	return find(&conf->overrides, stem);
}

static bool is_below(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	return strncmp(dir, path, n) == 0 && (path[n] == '/' || dir[n - 1] == '/');
}

static void find_external(const struct depmod_conf *conf, const char *path,
			  struct depmod_priority *p)
{
	uint32_t n = conf->externals.n;

	p->place = n + 1;
	if (path[0] != '/')
		return;
	p->place = 0;
	for (uint32_t i = 0; i < n; i++)
		if (is_below(conf->externals.items[i].text, path)) {
			p->place = i + 1;
			if (!p->external)
				p->external = n - i;
		}
}

static bool search_names(const struct depmod_rule *rule, const char *path, size_t stem,
			 bool is_external)
{
	size_t n = strlen(rule->text);

	switch (rule->search) {
	case DEPMOD_SEARCH_EXTERNAL:
		return is_external;
	case DEPMOD_SEARCH_DIR:
		return n <= stem && is_below(rule->text, path);
	default:
		return false;
	}
}

/* The first rule that names the path, or else the first for what no rule names. */
static const struct depmod_rule *find_search(const struct depmod_conf *conf, const char *path,
					     bool is_external)
{
	const struct depmod_rule *built_in = NULL;
	size_t base, stem = stem_size(path, &base);

	for (uint32_t i = 0; i < conf->searches.n; i++) {
		const struct depmod_rule *rule = &conf->searches.items[i];

		if (search_names(rule, path, stem, is_external))
			return rule;
		if (!built_in && rule->search == DEPMOD_SEARCH_BUILT_IN)
			built_in = rule;
	}
	return built_in;
}

struct depmod_priority depmod_conf_priority(const struct depmod_conf *conf, const char *path,
					    const struct depmod_rule **ret_rule)
{
	const struct depmod_rule *override = find_override(conf, path);
	const struct depmod_rule *search;
	struct depmod_priority p = { 0 };

	find_external(conf, path, &p);
	search = find_search(conf, path, p.external > 0);
	if (override)
		p.override = override->order + 1;
	if (search)
		p.search = conf->searches.n - search->order;
	if (!search || search->search != DEPMOD_SEARCH_EXTERNAL)
		p.external = 0;
	if (ret_rule)
		*ret_rule = override ? override : search;
	return p;
}

static int compare_u32(uint32_t a, uint32_t b)
{
	return (a < b) - (a > b);
}

int depmod_priority_compare(const struct depmod_priority *a, const struct depmod_priority *b)
{
	int r = compare_u32(a->override, b->override);

	if (!r)
		r = compare_u32(a->search, b->search);
	if (!r)
		r = compare_u32(a->external, b->external);
	return r ? r : compare_u32(a->place, b->place);
}

int depmod_conf_choose(const struct depmod_conf *conf, const char *a, const char *b)
{
	struct depmod_priority pa = depmod_conf_priority(conf, a, NULL);
	struct depmod_priority pb = depmod_conf_priority(conf, b, NULL);
	int r = depmod_priority_compare(&pa, &pb);

	return r ? r : strcmp(a, b);
}

void depmod_conf_done(struct depmod_conf *conf)
{
	if (!conf)
		return;
	free(conf->searches.items);
	free(conf->externals.items);
	free(conf->overrides.items);
	free(conf->excludes.items);
	free(conf->hards.items);
	free(conf->conflicts.items);
	arena_done(&conf->arena);
	*conf = (struct depmod_conf){ 0 };
}
