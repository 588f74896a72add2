/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   alias PATTERN MODULE                 what is asked for by these names is this module
 *   blacklist MODULE                     its own aliases do not count
 *   options MODULE PARAMETER...          given to it whenever it is loaded
 *   install, remove PATTERN COMMAND      run this in place of loading, removing
 *   softdep PATTERN [pre:] NAME... post: NAME...
 *   weakdep PATTERN NAME...
 *   harddep PATTERN NAME...              needs one that answers to each; harddep! even if none does
 *   conflict NAME NAME...                the first one excludes each of the others
 *   mask PATTERN...                      never load
 *   allow PATTERN...                     load nothing else
 *   include, config FILE                 of old; accepted
 */
#include "conf/modprobe-conf.h"

#include <errno.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "bytes/name-set.h"
#include "conf/cmdline.h"
#include "conf/lines.h"
#include "conf/modprobe-rules.h"

#define BLANKS " \t"
#define WILDCARDS "*?[\\"
#define KERNEL_BLANKS " \t\n\v\f\r"

struct reading {
	struct modprobe_conf *conf;
	const struct modprobe_conf_env *env; /* may be NULL */
	const char *file;		     /* in the arena */
	unsigned int line;		     /* 0: none */
	const char *directive;
	bool is_strict;
};

static void note(const struct reading *in, enum modprobe_note why, const struct diag *diag)
{
	if (in->env && in->env->note)
		in->env->note(in->env->ctx, in->file, why, diag);
}

/* @size bytes of @text in quotes, when they are what is wrong. */
static int note_bad_text(const struct reading *in, const char *what, const char *text, size_t size)
{
	int n = size < 80 ? (int)size : 80;
	struct diag diag;

	if (in->line)
		diag_line(&diag, 0, in->line, "%.40s: '%.*s' %s", in->directive, n, text, what);
	else
		diag_plain(&diag, 0, "%.40s: '%.*s' %s", in->directive, n, text, what);
	note(in, MODPROBE_NOTE_BAD, &diag);
	return 0;
}

static int note_bad(const struct reading *in, const char *what)
{
	struct diag diag;

	if (in->line)
		diag_line(&diag, 0, in->line, "%.40s: %s", in->directive, what);
	else
		diag_plain(&diag, 0, "%.40s: %s", in->directive, what);
	note(in, MODPROBE_NOTE_BAD, &diag);
	return 0;
}

/* Does a line with this text take back those before it? It names nothing. */
static bool names_nothing(enum modprobe_rule_kind kind, const char *text)
{
	struct softdep_words words = { .rest = text };
	enum softdep_phase phase;
	const char *name;
	size_t size;

	if (kind == MODPROBE_SOFTDEP)
		return !softdep_next(&words, &phase, &name, &size);
	return (kind == MODPROBE_WEAKDEP || kind == MODPROBE_HARDDEP) && !text[0];
}

static bool has_wildcard(const char *name)
{
	return name[strcspn(name, WILDCARDS)] != '\0';
}

static bool may_be_pattern(enum modprobe_rule_kind kind, const char *name)
{
	return kind != MODPROBE_BLACKLIST && kind != MODPROBE_OPTIONS && has_wildcard(name);
}

/* @name and @text in the arena, NULL when there was no memory for them. */
static int add(const struct reading *in, enum modprobe_rule_kind kind, const char *name,
	       const char *text)
{
	const struct modprobe_rule rule = { .name = name,
					    .text = text,
					    .file = in->file,
					    .line = in->line,
					    .is_pattern = name && may_be_pattern(kind, name),
					    .takes_back = text && names_nothing(kind, text),
					    .is_strict = in->is_strict };
	int r = name && text ? modprobe_rules_add(&in->conf->rules[kind], &rule) : -ENOMEM;

	return r == -E2BIG ? note_bad(in, "ignored, there are too many of them") : r;
}

static char *copy(const struct reading *in, const char *s, size_t size)
{
	return arena_string(&in->conf->arena, s, size);
}

/* The folded spelling. Return: 1; 0 there is none, and a note says so; -ENOMEM. */
static int fold(const struct reading *in, const char *word, const char **ret_name)
{
	char name[ALIAS_MAX + 1];
	int n = name_normalize_alias(word, name);

	if (n < 0)
		return note_bad_text(in, n == -E2BIG ? "is too long" : "has a bracket without its other",
				     word, strlen(word));
	*ret_name = copy(in, name, (size_t)n);
	return *ret_name ? 1 : -ENOMEM;
}

static int read_alias(struct reading *in, enum modprobe_rule_kind kind, char *rest)
{
	const char *pattern = conf_word(&rest), *module = conf_word(&rest);
	int r;

	if (!module)
		return note_bad(in, "needs an alias and a module");
	r = fold(in, pattern, &pattern);
	if (r > 0)
		r = fold(in, module, &module);
	return r > 0 ? add(in, kind, pattern, module) : r;
}

static int read_name(struct reading *in, enum modprobe_rule_kind kind, char *rest)
{
	const char *name = conf_word(&rest);
	int r;

	if (!name)
		return note_bad(in, "needs a module");
	r = fold(in, name, &name);
	return r > 0 ? add(in, kind, name, "") : r;
}

/* What stands behind the name counts to the byte: people see it in what modprobe prints. */
static int read_text(struct reading *in, enum modprobe_rule_kind kind, char *rest)
{
	const char *name = conf_word(&rest);
	int r;

	if (!name || !rest[strspn(rest, BLANKS)])
		return note_bad(in, kind == MODPROBE_OPTIONS ? "needs a module and parameters" :
							       "needs a module and a command");
	for (char *s = rest; kind == MODPROBE_OPTIONS && *s; s++)
		if (*s == '\t')
			*s = ' ';
	r = fold(in, name, &name);
	return r > 0 ? add(in, kind, name, copy(in, rest, strlen(rest))) : r;
}

static int read_dependency(struct reading *in, enum modprobe_rule_kind kind, char *rest)
{
	const char *name = conf_word(&rest);
	size_t n;
	int r;

	if (!name)
		return note_bad(in, "needs a module");
	rest += strspn(rest, BLANKS);
	for (n = strlen(rest); n > 0 && strchr(BLANKS, rest[n - 1]); n--)
		;
	r = fold(in, name, &name);
	return r > 0 ? add(in, kind, name, copy(in, rest, n)) : r;
}

/* A "# comment" behind the names must not mask or allow what its words happen to name. */
static int read_list(struct reading *in, enum modprobe_rule_kind kind, char *rest)
{
	unsigned int n_words = 0;
	const char *name;
	int r;

	while ((name = conf_word(&rest)) && name[0] != '#') {
		n_words++;
		r = fold(in, name, &name);
		if (r > 0)
			r = add(in, kind, name, "");
		if (r < 0)
			return r;
	}
	return n_words ? 0 : note_bad(in, "needs a module");
}

/* The folded spelling of a name of a declaration. Return as fold(). */
static int fold_declared(const struct reading *in, enum modprobe_rule_kind kind, const char *word,
			 const char **ret_name)
{
	if (!name_is_clean(word))
		return note_bad_text(in, "is no name", word, strlen(word));
	if (kind == MODPROBE_CONFLICT && has_wildcard(word))
		return note_bad_text(in, "is a pattern, and none may stand here", word,
				     strlen(word));
	return fold(in, word, ret_name);
}

/* What stands behind @own, as it was written. What is no name, its own, or there already, is told and
 * passed over. */
static int put_names(const struct reading *in, enum modprobe_rule_kind kind, const char *own,
		     char *rest, struct buf *text)
{
	CLEANUP_NAME_SET struct name_set names = { 0 };
	const char *word, *name;
	int r = 0;

	while (r >= 0 && (word = conf_word(&rest)) && word[0] != '#') {
		r = fold_declared(in, kind, word, &name);
		if (r <= 0)
			continue;
		if (strcmp(name, own) == 0) {
			r = note_bad_text(in, "names itself", word, strlen(word));
			continue;
		}
		r = name_set_put(&names, name, 0, NULL);
		if (r == 0) {
			note_bad_text(in, "stands there twice", word, strlen(word));
		} else if (r > 0) {
			buf_put_string(text, text->size ? " " : "");
			buf_put_string(text, word);
		}
	}
	return r < 0 ? r : text->error;
}

/* A line without names takes back; one with none that is any good must not. */
static int read_declaration(struct reading *in, enum modprobe_rule_kind kind, char *rest)
{
	const char *name = conf_word(&rest);
	CLEANUP_BUF struct buf text = { 0 };
	bool is_bare;
	int r;

	if (!name)
		return note_bad(in, "needs a module");
	rest += strspn(rest, BLANKS);
	is_bare = !*rest || *rest == '#';
	in->is_strict = in->directive[strlen(in->directive) - 1] == '!';
	if (is_bare && (kind == MODPROBE_CONFLICT || in->is_strict))
		return note_bad(in, "needs two names");
	r = fold_declared(in, kind, name, &name);
	if (r <= 0)
		return r;
	r = put_names(in, kind, name, rest, &text);
	if (r < 0 || (text.size == 0 && !is_bare))
		return r;
	return add(in, kind, name, copy(in, (const char *)text.base, text.size));
}

static int read_unused(struct reading *in, enum modprobe_rule_kind kind, char *rest)
{
	struct diag diag;

	(void)kind;
	(void)rest;
	diag_line(&diag, 0, in->line, "%.40s: has no effect", in->directive);
	note(in, MODPROBE_NOTE_NOT_USED, &diag);
	return 0;
}

static const struct directive {
	const char *name;
	enum modprobe_rule_kind kind;
	int (*read)(struct reading *in, enum modprobe_rule_kind kind, char *rest);
} directives[] = {
	{ "alias", MODPROBE_ALIAS, read_alias },
	{ "blacklist", MODPROBE_BLACKLIST, read_name },
	{ "options", MODPROBE_OPTIONS, read_text },
	{ "install", MODPROBE_INSTALL, read_text },
	{ "remove", MODPROBE_REMOVE, read_text },
	{ "softdep", MODPROBE_SOFTDEP, read_dependency },
	{ "weakdep", MODPROBE_WEAKDEP, read_dependency },
	{ "harddep", MODPROBE_HARDDEP, read_declaration },
	{ "harddep!", MODPROBE_HARDDEP, read_declaration },
	{ "conflict", MODPROBE_CONFLICT, read_declaration },
	{ "mask", MODPROBE_MASK, read_list },
	{ "allow", MODPROBE_ALLOW, read_list },
	{ "include", MODPROBE_RULE_KINDS, read_unused },
	{ "config", MODPROBE_RULE_KINDS, read_unused },
};

static int read_rule(struct reading *in, enum modprobe_rule_kind only, char *text)
{
	(void)only;
	in->is_strict = false;
	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++)
		if (strcmp(in->directive, directives[i].name) == 0)
			return directives[i].read(in, directives[i].kind, text);
	return note_bad(in, "unknown directive, line ignored");
}

/* A module speaks of itself, by its name, and has nothing to take back. */
static int read_tag(struct reading *in, enum modprobe_rule_kind only, char *text)
{
	const char *name = text + strspn(text, BLANKS);
	size_t n = strcspn(name, BLANKS);

	for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
		if (directives[i].kind != only || strcmp(in->directive, directives[i].name) != 0)
			continue;
		if (strcspn(name, "*?[") < n)
			return note_bad_text(in, "is no module's name", name, n);
		if (!name[n + strspn(name + n, BLANKS)])
			return 0;
		return directives[i].read(in, only, text);
	}
	return note_bad(in, "has no place in this file, line ignored");
}

static int read_file(struct modprobe_conf *conf, enum modprobe_rule_kind only, struct bytes text,
		     const char *file, const struct modprobe_conf_env *env,
		     int (*read_line)(struct reading *, enum modprobe_rule_kind, char *))
{
	CLEANUP_CONF_LINES struct conf_lines lines = { .text = text };
	struct reading in = { .conf = conf, .env = env };
	struct diag diag;
	char *line;
	int r;

	in.file = copy(&in, file, strlen(file));
	if (!in.file)
		return -ENOMEM;
	while ((r = conf_lines_next(&lines, &line, &in.line, &diag)) != 0) {
		if (r == -EBADMSG)
			note(&in, MODPROBE_NOTE_BAD, &diag);
		else if (r > 0 && (in.directive = conf_word(&line)))
			r = read_line(&in, only, line);
		if (r < 0 && r != -EBADMSG)
			return r;
	}
	return 0;
}

int modprobe_conf_read(struct modprobe_conf *conf, struct bytes text, const char *file,
		       const struct modprobe_conf_env *env)
{
	return read_file(conf, MODPROBE_RULE_KINDS, text, file, env, read_rule);
}

int modprobe_conf_read_tags(struct modprobe_conf *conf, enum modprobe_rule_kind kind,
			    struct bytes text, const char *file,
			    const struct modprobe_conf_env *env)
{
	return read_file(conf, kind, text, file, env, read_tag);
}

/* A module's name from the command line. Return as fold(). */
static int fold_bytes(const struct reading *in, struct bytes word, const char **ret_name)
{
	char *name;

	if (word.size > MODULE_NAME_MAX)
		return note_bad_text(in, "is too long", (const char *)word.base, word.size);
	name = copy(in, (const char *)word.base, word.size);
	if (!name)
		return -ENOMEM;
	for (char *s = name; *s; s++)
		if (*s == '-')
			*s = '_';
	*ret_name = name;
	return 1;
}

static int add_blacklist(const struct reading *in, struct bytes list)
{
	struct bytes item;
	size_t off = 0;
	const char *name;
	int r;

	while (cmdline_list_next(list, &off, &item)) {
		r = fold_bytes(in, item, &name);
		if (r > 0)
			r = add(in, MODPROBE_BLACKLIST, name, "");
		if (r < 0)
			return r;
	}
	return 0;
}

/* How many of these bytes (no NUL) are in @b. */
static size_t count(struct bytes b, const char *bytes)
{
	size_t n = 0;

	for (size_t i = 0; i < b.size; i++)
		n += memchr(bytes, b.base[i], strlen(bytes)) != NULL;
	return n;
}

/* KEY=VALUE as the kernel has to get it; NULL without memory. */
static const char *parameter_text(struct arena *arena, const struct cmdline_word *word)
{
	const char *quote = word->is_quoted ? "\"" : "";
	CLEANUP_BUF struct buf text = { 0 };

	buf_put(&text, word->key.base, word->key.size);
	buf_put_string(&text, word->has_value ? "=" : "");
	buf_put_string(&text, quote);
	for (size_t i = 0; i < word->value.size; i++)
		buf_put_u8(&text, memchr(KERNEL_BLANKS, word->value.base[i], strlen(KERNEL_BLANKS)) ?
					  ' ' : word->value.base[i]);
	buf_put_string(&text, quote);
	return text.error ? NULL : arena_string(arena, (const char *)text.base, text.size);
}

static int add_parameter(const struct reading *in, const struct cmdline_word *word)
{
	const char *name;
	int r;

	/* Otherwise what follows would become part of this one, or this one two. */
	if (count(word->value, "\"") % 2 || count(word->key, "\"" KERNEL_BLANKS) ||
	    count(word->module, "\"" KERNEL_BLANKS))
		return note_bad_text(in, "has a quote where none can be, ignored",
				     (const char *)word->key.base, word->key.size);
	r = fold_bytes(in, word->module, &name);
	if (r <= 0)
		return r;
	return add(in, MODPROBE_OPTIONS, name, parameter_text(&in->conf->arena, word));
}

static bool is_text(struct bytes b, const char *text)
{
	return b.size == strlen(text) && memcmp(b.base, text, b.size) == 0;
}

int modprobe_conf_read_cmdline(struct modprobe_conf *conf, struct bytes text, const char *file,
			       const struct modprobe_conf_env *env)
{
	struct reading in = { .conf = conf, .env = env, .directive = "kernel command line" };
	struct cmdline line = { .text = text };
	struct cmdline_word word;
	int r = 0;

	in.file = copy(&in, file, strlen(file));
	if (!in.file)
		return -ENOMEM;
	while (r == 0 && cmdline_next(&line, &word)) {
		if (word.module.size == 0)
			continue;
		if (is_text(word.module, "modprobe") && is_text(word.key, "blacklist"))
			r = add_blacklist(&in, word.value);
		else
			r = add_parameter(&in, &word);
	}
	return r;
}

void modprobe_conf_done(struct modprobe_conf *conf)
{
	if (!conf)
		return;
	for (int kind = 0; kind < MODPROBE_RULE_KINDS; kind++)
		modprobe_rules_done(&conf->rules[kind]);
	arena_done(&conf->arena);
	*conf = (struct modprobe_conf){ 0 };
}

static bool is_word(const char *word, size_t size, const char *text)
{
	return size == strlen(text) && memcmp(word, text, size) == 0;
}

bool softdep_next(struct softdep_words *words, enum softdep_phase *ret_phase,
		  const char **ret_name, size_t *ret_size)
{
	for (;;) {
		const char *word = words->rest + strspn(words->rest, BLANKS);
		size_t n = strcspn(word, BLANKS);

		words->rest = word + n;
		if (n == 0)
			return false;
		if (is_word(word, n, "pre:")) {
			words->phase = SOFTDEP_PRE;
		} else if (is_word(word, n, "post:")) {
			words->phase = SOFTDEP_POST;
		} else {
			*ret_phase = words->phase;
			*ret_name = word;
			*ret_size = n;
			return true;
		}
	}
}
