/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/diag.h"
#include "conf/modprobe-conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static void keep_note(void *ctx, const char *file, enum modprobe_note note, const struct diag *diag)
{
	(void)ctx;
	sink += strlen(file) + strlen(diag->what) + note;
}

static bool names_something(const char *text)
{
	struct softdep_words words = { .rest = text };
	enum softdep_phase phase;
	const char *name;
	size_t size, n = 0;

	while (softdep_next(&words, &phase, &name, &size)) {
		if (size == 0 || name < text || name + size > text + strlen(text))
			__builtin_trap();
		n++;
	}
	return n > 0;
}

static void ask(const struct modprobe_conf *conf, enum modprobe_rule_kind kind, const char *name)
{
	const struct modprobe_rule *rule = NULL, *next;

	for (; (next = modprobe_conf_next(conf, kind, name, rule)); rule = next) {
		if (rule && next <= rule)
			__builtin_trap();
		if (kind == MODPROBE_SOFTDEP && !names_something(next->text))
			__builtin_trap();
		sink += strlen(next->name) + strlen(next->text) + strlen(next->file) + next->line;
	}
}

/* Names of declarations are folded, stand there once, and are not the rule's own. */
static void check_declarations(const struct modprobe_conf *conf, enum modprobe_rule_kind kind)
{
	for (uint32_t i = 0; i < conf->rules[kind].n; i++) {
		const struct modprobe_rule *rule = &conf->rules[kind].items[i];

		if (rule->takes_back != !rule->text[0] || strstr(rule->text, "  ") ||
		    strcmp(rule->name, rule->text) == 0 || !name_is_clean(rule->text))
			__builtin_trap();
		if (kind == MODPROBE_CONFLICT && (rule->takes_back || rule->is_pattern))
			__builtin_trap();
		if (rule->takes_back && !modprobe_conf_takes_back(conf, kind, rule->name) &&
		    !rule->is_pattern)
			__builtin_trap();
	}
}

/* What the command line gives to a module is one parameter: blanks in it are between quotes. */
static void check_parameters(const struct modprobe_conf *conf)
{
	for (uint32_t i = 0; i < conf->rules[MODPROBE_OPTIONS].n; i++) {
		bool in_quotes = false;

		for (const char *s = conf->rules[MODPROBE_OPTIONS].items[i].text; *s; s++) {
			if (*s == '"')
				in_quotes = !in_quotes;
			if (!in_quotes && (*s == ' ' || (*s >= '\t' && *s <= '\r')))
				__builtin_trap();
		}
		if (in_quotes)
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "m", "a_b", "snd_hda", "" };
	const struct modprobe_conf_env env = { keep_note, NULL };
	CLEANUP_MODPROBE_CONF struct modprobe_conf conf = { 0 }, cmdline = { 0 };
	struct bytes text = bytes_of(data, size);

	if (modprobe_conf_read_cmdline(&cmdline, text, "cmdline", &env) < 0)
		return 0;
	check_parameters(&cmdline);
	if (modprobe_conf_read_tags(&conf, MODPROBE_SOFTDEP, text, "modules.softdep", &env) < 0 ||
	    modprobe_conf_read_tags(&conf, MODPROBE_WEAKDEP, text, "modules.weakdep", &env) < 0 ||
	    modprobe_conf_read(&conf, text, "fuzz.conf", &env) < 0)
		return 0;
	check_declarations(&conf, MODPROBE_HARDDEP);
	check_declarations(&conf, MODPROBE_CONFLICT);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (int kind = 0; kind < MODPROBE_RULE_KINDS; kind++)
			ask(&conf, (enum modprobe_rule_kind)kind, names[i]);
	return 0;
}
