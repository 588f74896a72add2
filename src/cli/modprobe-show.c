/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Answers of modprobe that change nothing: who answers to an alias, what is configured, which versions
 * of symbols a module has.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "cli/modprobe.h"
#include "engine/modfile.h"
#include "sys/sys.h"

int modprobe_show_aliases(struct modprobe *m, int n, char **names)
{
	int status = EXIT_SUCCESS;

	/* What stands behind the first one is parameters, as in a load. */
	for (int i = 0; i < (m->is_all ? n : 1); i++) {
		struct plan_answer *answers = NULL;
		size_t n_answers = 0;
		int r;

		r = session_lookup(&m->session, names[i], &answers, &n_answers);
		for (size_t a = 0; a < n_answers; a++)
			puts(answers[a].module);
		free(answers);
		if (r == 0)
			continue;
		log_message(&m->log, m->is_all ? LOG_WARNING : LOG_CRIT,
			    "Module %s not found in directory %s", names[i], m->session.indexes.dir);
		status = EXIT_FAILURE;
	}
	return status;
}

/* Words before "pre:" or "post:" count as behind "pre:", and are shown there. */
static void print_softdep(const struct modprobe_rule *rule)
{
	static const char *const words[] = { [SOFTDEP_PRE] = "pre:", [SOFTDEP_POST] = "post:" };

	printf("softdep %s", rule->name);
	for (enum softdep_phase phase = SOFTDEP_PRE; phase <= SOFTDEP_POST; phase++) {
		struct softdep_words at = { .rest = rule->text };
		enum softdep_phase of;
		bool is_first = true;
		const char *name;
		size_t size;

		while (softdep_next(&at, &of, &name, &size)) {
			if (of != phase)
				continue;
			if (is_first)
				printf(" %s", words[phase]);
			printf(" %.*s", (int)size, name);
			is_first = false;
		}
	}
	putchar('\n');
}

static void print_rules(const struct modprobe_conf *conf, enum modprobe_rule_kind kind,
			const char *word)
{
	const struct modprobe_rules *rules = &conf->rules[kind];

	for (uint32_t i = 0; i < rules->n; i++) {
		const struct modprobe_rule *rule = &rules->items[i];

		if (kind == MODPROBE_SOFTDEP)
			print_softdep(rule);
		else
			printf("%s%s %s%s%s\n", word, rule->is_strict ? "!" : "", rule->name,
			       rule->text[0] ? " " : "", rule->text);
	}
}

static int print_alias(void *ctx, const char *key, size_t key_size, const struct index_value *value)
{
	(void)ctx;
	printf("alias %.*s %s\n", (int)key_size, key, value->text);
	return 0;
}

/* Also one that is broken is shown as far as it goes. */
static int print_index(struct modprobe *m, enum lookup_source source)
{
	const struct diag *diag;
	const char *file;
	int error, r;

	r = indexes_dump(&m->session.indexes, source, print_alias, NULL);
	while ((file = indexes_next_broken(&m->session.indexes, 1u << source, &error, &diag))) {
		CLEANUP_BUF struct buf path = { 0 };

		buf_printf(&path, "%s/%s", m->session.indexes.dir, file);
		buf_put_u8(&path, '\0');
		if (path.error == 0)
			log_diag(&m->log, LOG_ERR, (const char *)path.base, error, diag);
	}
	return r;
}

int modprobe_show_config(struct modprobe *m)
{
	static const struct {
		enum modprobe_rule_kind kind;
		const char *word;
	} kinds[] = {
		{ MODPROBE_BLACKLIST, "blacklist" }, { MODPROBE_INSTALL, "install" },
		{ MODPROBE_REMOVE, "remove" },	     { MODPROBE_ALIAS, "alias" },
		{ MODPROBE_OPTIONS, "options" },     { MODPROBE_SOFTDEP, "softdep" },
		{ MODPROBE_WEAKDEP, "weakdep" },     { MODPROBE_MASK, "mask" },
		{ MODPROBE_ALLOW, "allow" },	     { MODPROBE_HARDDEP, "harddep" },
		{ MODPROBE_CONFLICT, "conflict" },
	};
	int r, ret;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		print_rules(&m->session.conf, kinds[i].kind, kinds[i].word);
	puts("\n# End of configuration files. Dumping indexes now:\n");
	r = print_index(m, LOOKUP_ALIAS);
	ret = print_index(m, LOOKUP_SYMBOLS);
	r = ret < 0 ? ret : r;
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Return: how many there are. */
static uint32_t print_versions(const struct facts *facts, bool is_exports)
{
	const struct facts_import *imports = facts_imports(facts);
	const struct facts_export *exports = facts_exports(facts);
	uint32_t n = 0;

	for (uint32_t i = 0; i < facts->n_imports && !is_exports; i++) {
		if (!(imports[i].flags & SYMBOL_CRC))
			continue;
		printf("0x%08x\t%s\n", imports[i].crc, facts_string(facts, imports[i].name));
		n++;
	}
	for (uint32_t i = 0; i < facts->n_exports && is_exports; i++)
		printf("0x%08x\t%s\n", exports[i].flags & SYMBOL_CRC ? exports[i].crc : 0,
		       facts_string(facts, exports[i].name));
	return is_exports ? facts->n_exports : n;
}

static int show_file(struct modprobe *m, const char *path, bool is_exports)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	struct modfile_reader *reader = modfile_reader_new(NULL);
	struct diag diag = { 0 };
	struct modfile file;
	int r;

	r = reader ? modfile_read(reader, AT_FDCWD, path, FACTS_WANT_SYMBOLS, &arena, &file, &diag)
		   : -ENOMEM;
	if (r < 0)
		log_diag(&m->log, LOG_ERR, path, r, &diag);
	else if (print_versions(file.facts, is_exports) == 0)
		r = -ENODATA;
	if (r == -ENODATA)
		log_message(&m->log, LOG_CRIT, "could not get %s of %s: it has none",
			    is_exports ? "symbols" : "modversions", path);
	modfile_reader_free(reader);
	return r;
}

/* A name stands for the files of all modules that answer to it. */
static int show_named(struct modprobe *m, const char *name, bool is_exports)
{
	CLEANUP_BUF struct buf text = { 0 };
	struct plan_answer *answers = NULL;
	struct plan_deps deps;
	size_t n = 0;
	int r;

	r = session_lookup(&m->session, name, &answers, &n);
	if (r < 0)
		log_message(&m->log, LOG_CRIT, "Module %s not found.", name);
	for (size_t i = 0; i < n && r == 0; i++) {
		r = session_deps(&m->session, answers[i].module, &text, &deps);
		if (r == 0 && deps.path) {
			r = show_file(m, deps.path, is_exports);
		} else if (r == 0) {
			log_message(&m->log, LOG_CRIT, "Module %s has no file.", answers[i].module);
			r = -ENOENT;
		}
	}
	free(answers);
	return r;
}

int modprobe_show_versions(struct modprobe *m, int n, char **names, bool is_exports)
{
	int status = EXIT_SUCCESS;

	for (int i = 0; i < n; i++) {
		struct sys_entry entry;
		bool is_file = sys_stat(AT_FDCWD, names[i], &entry) == 0 && entry.is_regular;

		if ((is_file ? show_file(m, names[i], is_exports)
			     : show_named(m, names[i], is_exports)) < 0)
			status = EXIT_FAILURE;
	}
	return status;
}
