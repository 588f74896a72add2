/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/depmod-conf.h"

#include "bytes/diag.h"
#include "bytes/name.h"
#include "conf/lines.h"

/* The place of "built-in" where no search line says it: behind the folders of the default. */
#define DEFAULT_SEARCH "updates"

struct reading {
	struct depmod_conf *conf;
	const char *path; /* in the arena */
	const struct depmod_conf_context *context;
	const struct conf_line *line;
};

static struct depmod_rule *add_rule(struct reading *r, struct depmod_rules *rules, const char *text)
{
	struct depmod_rule *rule = arena_alloc(&r->conf->arena, sizeof(*rule));

	if (!rule)
		return NULL;
	*rule = (struct depmod_rule){ .path = r->path, .line = r->line->number, .text = text };
	if (rules->last)
		*rules->last = rule;
	else
		rules->first = rule;
	rules->last = &rule->next;
	rules->n++;
	return rule;
}

static void report(const struct reading *r, bool is_error, const char *what, const char *word)
{
	struct diag diag;

	(void)diag_line(&diag, 0, r->line->number, "%s%s%.60s%s", what, word ? " '" : "",
			word ? word : "", word ? "'" : "");
	r->context->report(r->context->ctx, r->path, &diag, is_error);
}

/* "./a//b/" and "a/b" are one folder. */
static const char *normal_folder(struct reading *r, const char *folder)
{
	char *to = arena_string(&r->conf->arena, folder, strlen(folder)), *out = to;

	if (!to)
		return NULL;
	for (const char *p = folder; *p;) {
		size_t n = strcspn(p, "/");

		if (n > 0 && !(n == 1 && p[0] == '.')) {
			if (out != to || folder[0] == '/')
				*out++ = '/';
			memmove(out, p, n);
			out += n;
		}
		p += n;
		p += strspn(p, "/");
	}
	*out = '\0';
	return to;
}

static int read_search(struct reading *r)
{
	for (size_t i = 1; i < r->line->n_words; i++) {
		const char *folder = normal_folder(r, r->line->words[i]);

		if (!folder || !add_rule(r, &r->conf->search, folder))
			return -ENOMEM;
	}
	return 0;
}

static int version_matches(struct reading *r, const char *pattern)
{
	int m = strcmp(pattern, "*") == 0 ? 1 : r->context->matches(r->context->ctx, pattern);

	if (m < 0)
		report(r, true, "no regular expression:", pattern);
	return m;
}

static int read_override(struct reading *r)
{
	char *const *w = r->line->words;
	char name[MODULE_NAME_MAX + 1];
	struct depmod_rule *rule;
	size_t module_size, folder_size;
	const char *folder;
	char *text;

	if (r->line->n_words != 4) {
		report(r, true, "override takes a module, a version and a folder", NULL);
		return 0;
	}
	if (name_of_path(w[1], name) < 0) {
		report(r, true, "no module name:", w[1]);
		return 0;
	}
	if (version_matches(r, w[2]) <= 0)
		return 0;
	folder = normal_folder(r, w[3]);
	if (!folder)
		return -ENOMEM;
	folder_size = strlen(folder);
	module_size = strlen(name);
	text = arena_alloc(&r->conf->arena, folder_size + module_size + 2);
	rule = text ? add_rule(r, &r->conf->overrides, text) : NULL;
	if (!rule)
		return -ENOMEM;
	memcpy(text, folder, folder_size);
	text[folder_size] = '/';
	memcpy(text + folder_size + 1, name, module_size + 1);
	rule->module = text + folder_size + 1;
	return 0;
}

static int read_external(struct reading *r)
{
	char *const *w = r->line->words;

	if (r->line->n_words < 3) {
		report(r, true, "external takes a version and folders", NULL);
		return 0;
	}
	if (version_matches(r, w[1]) <= 0)
		return 0;
	for (size_t i = 2; i < r->line->n_words; i++) {
		const char *folder;

		if (w[i][0] != '/') {
			report(r, true, "an external folder needs an absolute path, not", w[i]);
			continue;
		}
		folder = normal_folder(r, w[i]);
		if (!folder || !add_rule(r, &r->conf->externals, folder))
			return -ENOMEM;
	}
	return 0;
}

static int read_exclude(struct reading *r)
{
	for (size_t i = 1; i < r->line->n_words; i++)
		if (!add_rule(r, &r->conf->excludes, r->line->words[i]))
			return -ENOMEM;
	return 0;
}

static int read_nothing(struct reading *r)
{
	report(r, false, "not used here:", r->line->words[0]);
	return 0;
}

static const struct {
	const char *word;
	int (*read)(struct reading *r);
} directives[] = {
	{ "search", read_search },     { "override", read_override },
	{ "external", read_external }, { "exclude", read_exclude },
	{ "include", read_nothing },   { "make_map_files", read_nothing },
};

static int read_line(struct reading *r)
{
	const char *word = r->line->words[0];

	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		if (strcmp(directives[i].word, word) != 0)
			continue;
		if (r->line->n_words == 1) {
			report(r, true, "no words behind", word);
			return 0;
		}
		return directives[i].read(r);
	}
	report(r, true, "unknown directive", word);
	return 0;
}

/* Of all folders, the one named first has the highest number. */
static void number_search(struct depmod_conf *conf)
{
	uint32_t priority = conf->search.n;

	for (struct depmod_rule *rule = conf->search.first; rule; rule = rule->next)
		rule->priority = priority--;
}

int depmod_conf_read(struct depmod_conf *conf, const char *path, struct bytes text,
		     const struct depmod_conf_context *context)
{
	struct conf_lines lines = { .text = text, .arena = &conf->arena };
	struct reading r = { .conf = conf, .context = context };
	struct conf_line line = { 0 };
	struct diag diag;
	int ret;

	r.path = arena_string(&conf->arena, path, strlen(path));
	if (!r.path)
		return -ENOMEM;
	while ((ret = conf_lines_next(&lines, &line, &diag)) != 0) {
		if (ret == -EBADMSG) {
			context->report(context->ctx, r.path, &diag, true);
			continue;
		}
		r.line = &line;
		if (ret < 0 || read_line(&r) < 0)
			return -ENOMEM;
	}
	number_search(conf);
	return 0;
}

bool depmod_conf_is_excluded(const struct depmod_conf *conf, const char *name)
{
	for (const struct depmod_rule *rule = conf->excludes.first; rule; rule = rule->next)
		if (strcmp(rule->text, name) == 0)
			return true;
	return false;
}

/* Does @path lie in @folder, at any depth? */
static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/';
}

/* "FOLDER/MODULE" of an override against a path, by its folder; the module is known to fit. */
static bool is_override(const struct depmod_rule *rule, const char *path)
{
	size_t folder_size = strlen(rule->text) - strlen(rule->module) - 1;
	const char *slash = strrchr(path, '/');
	size_t path_size = slash ? (size_t)(slash - path) : 0;

	return path_size == folder_size && memcmp(path, rule->text, path_size) == 0;
}

static bool is_overridden(const struct depmod_conf *conf, const char *module, const char *path)
{
	for (const struct depmod_rule *rule = conf->overrides.first; rule; rule = rule->next)
		if (strcmp(rule->module, module) == 0 && is_override(rule, path))
			return true;
	return false;
}

/* Priority of a file by search lines; what no line names is "built-in" or "external". */
static uint32_t search_priority(const struct depmod_conf *conf, const char *path, bool is_external)
{
	const char *keyword = is_external ? "external" : "built-in";
	uint32_t otherwise = 0;

	if (conf->search.n == 0)
		return !is_external && is_below(path, DEFAULT_SEARCH);
	for (const struct depmod_rule *rule = conf->search.first; rule; rule = rule->next) {
		if (strcmp(rule->text, keyword) == 0) {
			if (otherwise < rule->priority)
				otherwise = rule->priority;
		} else if (!is_external && is_below(path, rule->text)) {
			return rule->priority;
		}
	}
	return otherwise;
}

int depmod_conf_choose(const struct depmod_conf *conf, const char *module, const char *a_path,
		       uint32_t a_external, const char *b_path, uint32_t b_external)
{
	bool a_over = is_overridden(conf, module, a_path);
	bool b_over = is_overridden(conf, module, b_path);
	uint32_t a, b;

	if (a_over != b_over)
		return a_over ? -1 : 1;
	a = search_priority(conf, a_path, a_external > 0);
	b = search_priority(conf, b_path, b_external > 0);
	if (a != b)
		return a > b ? -1 : 1;
	if (a_external != b_external)
		return a_external < b_external ? -1 : 1;
	return strcmp(a_path, b_path) < 0 ? -2 : 2;
}

void depmod_conf_done(struct depmod_conf *conf)
{
	if (!conf)
		return;
	arena_done(&conf->arena);
	*conf = (struct depmod_conf){ 0 };
}
