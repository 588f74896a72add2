/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modinfo: what do these files, names and aliases stand for, and what do the modules say?
 */
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "bytes/diag.h"
#include "bytes/name.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/modinfo-symbols.h"
#include "cli/modinfo-view.h"
#include "cli/options.h"
#include "codec/pkcs7.h"
#include "config.h"
#include "engine/hard-names.h"
#include "engine/index-set.h"
#include "engine/indexes.h"
#include "sys/path.h"
#include "sys/sys.h"

struct modinfo {
	struct log log;
	struct modinfo_form form;
	bool is_name; /* arguments are names, no aliases */
	bool is_json;
	const char *base_dir;
	const char *version;

	struct indexes indexes;
	bool has_told_no_dir;
	struct modfile_reader *reader;
	struct modinfo_tools tools;
	struct arena arena; /* of the module at hand */
	struct json *json;
	size_t n_printed;
	struct modinfo_list list; /* of symbols, where those are wanted and no fields */
	bool has_both_lists;
};

enum { OPTION_JSON = 256, OPTION_EXPORTS, OPTION_IMPORTS };

static const char *const usage[] = { "modinfo [OPTIONS] NAME|ALIAS|FILE...", NULL };

static const struct option_row rows[] = {
	{ 'a', "author", NULL, "the same as -F author" },
	{ 'd', "description", NULL, "the same as -F description" },
	{ 'l', "license", NULL, "the same as -F license" },
	{ 'p', "parameters", NULL, "the same as -F parm" },
	{ 'n', "filename", NULL, "the same as -F filename" },
	{ 'F', "field", "FIELD", "show the values of this field only, a line each" },
	{ '0', "null", NULL, "end each value with a NUL byte instead of a newline" },
	{ OPTION_JSON, "json", NULL, "show everything as JSON" },
	{ OPTION_EXPORTS, "exports", NULL, "show the symbols that modules, or a kernel image, export" },
	{ OPTION_IMPORTS, "imports", NULL, "show the symbols that modules import" },
	{ 'm', "modname", NULL, "arguments are module names, not aliases or files" },
	{ 'v', "verbose", NULL, "say when the indexes do not belong together" },
	{ 'k', "set-version", "VERSION", "look for modules of this kernel, not the running one" },
	{ 'b', "basedir", "DIR", "look for modules below DIR" MODULE_DIRECTORY },
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

/* Options that are short for -F and a field. */
static const char *field_of(int id)
{
	switch (id) {
	case 'a':
		return "author";
	case 'd':
		return "description";
	case 'l':
		return "license";
	case 'p':
		return "parm";
	default:
		return "filename";
	}
}

static void want_list(struct modinfo *m, enum modinfo_symbols what)
{
	m->has_both_lists = m->has_both_lists || (m->list.what != MODINFO_SYMBOLS_NONE && m->list.what != what);
	m->list.what = what;
}

static int apply_option(void *ctx, int id, const char *argument)
{
	struct modinfo *m = ctx;

	switch (id) {
	case 'a':
	case 'd':
	case 'l':
	case 'p':
	case 'n':
		m->form.field = field_of(id);
		break;
	case 'v':
		m->log.level = LOG_INFO;
		break;
	case 'F':
		m->form.field = argument;
		break;
	case '0':
		m->form.separator = '\0';
		break;
	case OPTION_JSON:
		m->is_json = true;
		break;
	case OPTION_EXPORTS:
		want_list(m, MODINFO_SYMBOLS_EXPORTS);
		break;
	case OPTION_IMPORTS:
		want_list(m, MODINFO_SYMBOLS_IMPORTS);
		break;
	case 'm':
		m->is_name = true;
		break;
	case 'k':
		m->version = argument;
		break;
	case 'b':
		m->base_dir = argument;
		break;
	default:
		return -EINVAL;
	}
	return 0;
}

static int print(struct modinfo *m, const char *argument, const struct modinfo_view *view)
{
	int r = 0;

	if (m->is_json) {
		fputs(m->n_printed > 0 ? ",\n" : "\n", stdout);
		r = modinfo_print_json(m->json, argument, view);
	} else {
		modinfo_print(&m->form, view);
	}
	m->n_printed++;
	return r;
}

static int no_memory(const struct modinfo *m, int error)
{
	log_message(&m->log, LOG_ERR, "%s", strerror(-error));
	return error;
}

/* Looking into a signature means opening libcrypto, which takes longer than all the rest. */
static unsigned int wanted(const struct modinfo *m)
{
	static const char *const fields[] = { "sig_id", "signer", "sig_key", "sig_hashalgo",
					      "signature" };
	bool is_wanted = !m->form.field;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]) && !is_wanted; i++)
		is_wanted = strcasecmp(m->form.field, fields[i]) == 0;
	return FACTS_WANT_ALL_MODINFO | (is_wanted ? FACTS_WANT_SIGNATURE : 0);
}

/* A signature trailer that is damaged need not hide the rest. */
static int read_file(struct modinfo *m, const char *path, struct modfile *ret_file)
{
	struct diag diag = { 0 };
	int r, again;

	r = modfile_read(m->reader, AT_FDCWD, path, wanted(m), &m->arena, ret_file, &diag);
	if (r == 0)
		return 0;
	log_diag(&m->log, LOG_ERR, path, r, &diag);
	if ((r != -EBADMSG && r != -E2BIG) || !(wanted(m) & FACTS_WANT_SIGNATURE))
		return r;
	again = modfile_read(m->reader, AT_FDCWD, path, FACTS_WANT_ALL_MODINFO, &m->arena, ret_file,
			     NULL);
	return again < 0 ? again : r;
}

/* Told once: why nothing is found, or why something else is. */
static void report_indexes(struct modinfo *m, unsigned int broken)
{
	const struct diag *diag;
	const char *file;
	char *path;
	int error;

	if (!m->has_told_no_dir && indexes_dir_fd(&m->indexes) < 0) {
		log_diag(&m->log, LOG_WARNING, m->indexes.dir, indexes_dir_fd(&m->indexes), NULL);
		m->has_told_no_dir = true;
	}
	while ((file = indexes_next_broken(&m->indexes, broken, &error, &diag))) {
		if (asprintf(&path, "%s/%s", m->indexes.dir, file) < 0)
			return;
		log_diag(&m->log, LOG_WARNING, path, error, diag);
		free(path);
	}
}

static bool wants_hard(const struct modinfo *m)
{
	return !m->form.field || strcasecmp(m->form.field, "depends") == 0 ||
	       strcasecmp(m->form.field, "harddep") == 0;
}

/* Is @path the file that modules.dep.bin names for @module? */
static bool is_of_tree(struct modinfo *m, const char *module, const char *path)
{
	struct sys_entry file, entry;
	struct dep_line line;
	char *in_tree;
	int r;

	if (indexes_dep(&m->indexes, module, &line) < 0 || sys_stat(AT_FDCWD, path, &file) < 0)
		return false;
	if (line.path[0] == '/')
		r = asprintf(&in_tree, "%.*s", (int)line.path_size, line.path);
	else
		r = asprintf(&in_tree, "%s/%.*s", m->indexes.dir, (int)line.path_size, line.path);
	if (r < 0)
		return false;
	r = sys_stat(AT_FDCWD, in_tree, &entry);
	free(in_tree);
	return r == 0 && entry.dev == file.dev && entry.inode == file.inode;
}

static int read_tags(struct modinfo *m, const char *module, const struct facts *facts,
		     struct hard_names *names)
{
	int r = 0;

	for (uint32_t i = 0; i < facts->n_modinfo && r == 0; i++) {
		const char *words = facts_tag(facts_modinfo(facts, i), "harddep");

		if (words)
			r = hard_names_add(&m->indexes, module, words, names);
	}
	return r;
}

/*
 * Of the tree's modules depmod knows, who heard of depmod.d too; another file speaks for itself.
 * @module: of the tree; NULL for a file that was named by its path
 */
static int find_hard(struct modinfo *m, const char *path, const struct facts *facts,
		     const char *module, struct hard_names *names)
{
	char name[MODULE_NAME_MAX + 1];
	unsigned int broken;
	int r;

	if (!wants_hard(m) || (!module && name_of_path(path, name) < 0))
		return 0;
	r = hard_names_of_index(&m->indexes, module ? module : name, names);
	broken = names->broken;
	if (!module && (r != -ENOENT || facts_first(facts, "harddep")) && r != -ENOMEM &&
	    !is_of_tree(m, name, path)) {
		hard_names_done(names);
		*names = (struct hard_names){ 0 };
		r = read_tags(m, name, facts, names);
	}
	broken |= names->broken;
	if (broken)
		report_indexes(m, broken);
	return r == -ENOMEM ? r : 0;
}

static bool ends_like_a_module(const char *path)
{
	return name_suffix(path) != SUFFIX_NONE;
}

/* What needs no look into it to be taken for a module. */
static bool is_module_file(const char *path)
{
	struct sys_entry entry;

	return ends_like_a_module(path) && sys_stat(AT_FDCWD, path, &entry) == 0 && entry.is_regular;
}

/* As kmod does it: a path is known before the file is read, and reading may mean decompressing. */
static bool wants_path_only(const struct modinfo *m)
{
	return !m->is_json && m->form.field && strcmp(m->form.field, "filename") == 0;
}

/*
 * What is known is shown, also when something is wrong.
 * @module: as in find_hard()
 * Return: 0; -errno (reported).
 */
static int show_file(struct modinfo *m, const char *argument, const char *path,
		     const char *module)
{
	struct modfile file = { 0 };
	struct modinfo_view view = { .path = path };
	struct hard_names hard = { 0 };
	int r, ret;

	if (m->list.what != MODINFO_SYMBOLS_NONE) {
		r = modinfo_list_file(&m->list, argument, path);
		return r == -ENOMEM ? no_memory(m, r) : r;
	}
	arena_reset(&m->arena, (size_t)1024 * 1024);
	if (wants_path_only(m) && (module || is_module_file(path)))
		return print(m, argument, &view);
	ret = read_file(m, path, &file);
	if (!file.facts)
		return ret;
	r = find_hard(m, path, file.facts, module, &hard);
	if (r == 0)
		r = modinfo_view_file(&m->tools, path, &file, &hard, &view);
	hard_names_done(&hard);
	if (r == 0)
		r = print(m, argument, &view);
	if (r < 0)
		return no_memory(m, r);
	if (ret == 0 && file.facts->n_modinfo == 0) {
		log_message(&m->log, LOG_ERR, "%s: a module without .modinfo", path);
		ret = -ENOENT;
	}
	return ret;
}

static int show_builtin(struct modinfo *m, const char *argument, const char *name)
{
	struct modinfo_view view;
	struct bytes text;
	int r;

	if (m->list.what != MODINFO_SYMBOLS_NONE) {
		log_message(&m->log, LOG_ERR, "%s is part of the kernel: its image tells what that exports", name);
		return -ENOEXEC;
	}
	arena_reset(&m->arena, (size_t)1024 * 1024);
	r = indexes_builtin_modinfo(&m->indexes, &text);
	if (r < 0) {
		log_diag(&m->log, LOG_ERR, "modules.builtin.modinfo", r, NULL);
		return r;
	}
	r = modinfo_view_builtin(&m->tools, name, text, &view);
	if (r == 0)
		r = print(m, argument, &view);
	return r < 0 ? no_memory(m, r) : 0;
}

static int show_answer(struct modinfo *m, const char *argument, const struct lookup_answer *answer,
		       size_t i)
{
	struct indexes_module module;
	int r;

	r = indexes_module(&m->indexes, answer, i, &module);
	if (r == -ENOMEM)
		return no_memory(m, r);
	if (r < 0) {
		report_indexes(m, 1u << LOOKUP_DEP);
		log_message(&m->log, LOG_ERR, "Module %s, which answers to %s, is not in modules.dep.bin.",
			    lookup_answer_module(answer, i), argument);
		return r;
	}
	if (!module.path)
		return show_builtin(m, argument, module.name);
	r = show_file(m, argument, module.path, module.name);
	free(module.path);
	return r;
}

/* A file by its path from the current directory. */
static int show_path(struct modinfo *m, const char *argument)
{
	char *path;
	int r;

	r = sys_absolute_path(argument, &path);
	if (r < 0)
		return no_memory(m, r);
	r = show_file(m, argument, path, NULL);
	free(path);
	return r;
}

/* Nothing answers to @argument; if it is a file, the error is to say what that is. */
static int show_other(struct modinfo *m, const char *argument, int error)
{
	bool is_list = m->list.what != MODINFO_SYMBOLS_NONE; /* kernels are called as they please */
	struct sys_entry entry;

	if (!m->is_name && (strchr(argument, '/') || ends_like_a_module(argument) || is_list) &&
	    sys_stat(AT_FDCWD, argument, &entry) == 0)
		return show_path(m, argument);
	if (error == -EINVAL)
		log_message(&m->log, LOG_ERR, "Module %s not found: its brackets do not match.",
			    argument);
	else
		log_message(&m->log, LOG_ERR, "Module %s%s not found.", m->is_name ? "name " : "",
			    argument);
	return error;
}

static int show_found(struct modinfo *m, const char *argument)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	int r, ret = 0;

	r = m->is_name ? indexes_find_name(&m->indexes, argument, &answer)
		       : indexes_find(&m->indexes, argument, &answer);
	if (r == -ENOMEM)
		return no_memory(m, r);
	report_indexes(m, answer.broken);
	if (r < 0)
		return show_other(m, argument, r);
	for (size_t i = 0; i < answer.values.n; i++) {
		r = show_answer(m, argument, &answer, i);
		ret = r < 0 ? r : ret;
	}
	return ret;
}

static int show_argument(struct modinfo *m, const char *argument)
{
	bool is_list = m->list.what != MODINFO_SYMBOLS_NONE;
	struct sys_entry entry;

	if (!m->is_name && is_module_file(argument))
		return show_path(m, argument);
	if (m->is_name || !is_list || !strchr(argument, '/') ||
	    sys_stat(AT_FDCWD, argument, &entry) < 0 || !entry.is_regular)
		return show_found(m, argument);
	return show_path(m, argument);
}

static int show_all(struct modinfo *m, int n, char **arguments)
{
	int ret = 0;

	if (m->is_json)
		putchar('[');
	for (int i = 0; i < n; i++) {
		int r = show_argument(m, arguments[i]);

		ret = r < 0 ? r : ret;
	}
	if (m->is_json)
		puts(m->n_printed + m->list.n_printed > 0 ? "\n]" : "]");
	return ret;
}

/* A mixed set is used all the same; whoever wonders about an answer may ask with -v. */
static void report_mixed_set(struct modinfo *m)
{
	enum index_file file;

	if (m->log.level < LOG_INFO || indexes_dir_fd(&m->indexes) < 0 ||
	    index_set_check(indexes_dir_fd(&m->indexes), NULL, &file) != 0)
		return;
	log_message(&m->log, LOG_INFO,
		    "%s: %s is not of the depmod run that modules.modsure.bin is of: a run did not "
		    "finish, or another depmod came after it",
		    m->indexes.dir, index_file_name(file));
}

static int open_indexes(struct modinfo *m)
{
	char release[256], *dir, *absolute;
	const char *version = m->version ? m->version : release;
	int r;

	if (!m->version) {
		r = sys_release(release, sizeof(release));
		if (r < 0)
			return r;
	}
	if (asprintf(&dir, "%s%s/%s", m->base_dir ? m->base_dir : "", MODULE_DIRECTORY, version) < 0)
		return -ENOMEM;
	r = sys_absolute_path(dir, &absolute);
	free(dir);
	if (r < 0)
		return r;
	r = indexes_open(&m->indexes, absolute);
	free(absolute);
	if (r == 0)
		report_mixed_set(m);
	return r;
}

static int set_up(struct modinfo *m)
{
	struct diag diag = { 0 };
	int r;

	if (m->is_json) {
		r = json_open(&m->json, &diag);
		if (r < 0) {
			log_message(&m->log, LOG_ERR, "%s", diag.what[0] ? diag.what : strerror(-r));
			return r;
		}
	}
	m->reader = modfile_reader_new(NULL);
	m->tools = (struct modinfo_tools){ &m->log, &m->arena, pkcs7_reader_new(), false };
	m->list.separator = m->form.separator;
	m->list.json = m->json;
	m->list.log = &m->log;
	m->list.reader = m->reader;
	m->list.arena = &m->arena;
	r = m->reader && m->tools.pkcs7 ? open_indexes(m) : -ENOMEM;
	return r < 0 ? no_memory(m, r) : 0;
}

static void clean_up(struct modinfo *m)
{
	indexes_close(&m->indexes);
	modfile_reader_free(m->reader);
	pkcs7_reader_free(m->tools.pkcs7);
	arena_done(&m->arena);
	json_close(m->json);
}

/* Options that do not go together. NULL: none. */
static const char *what_is_wrong(const struct modinfo *m)
{
	if (m->has_both_lists)
		return "--exports and --imports are shown one at a time.";
	if (m->list.what != MODINFO_SYMBOLS_NONE && m->form.field)
		return "--exports and --imports show symbols; they go with no -F or its kin.";
	if (m->is_json && (m->form.field || m->form.separator == '\0'))
		return "--json shows all fields; it goes with no -F, -0 or their kin.";
	return NULL;
}

int cmd_modinfo(int argc, char **argv)
{
	struct modinfo m = { .form.separator = '\n', .indexes.dir_fd = -1 };
	const char *wrong;
	int first, r;

	log_init(&m.log, argv[0]);
	m.form.is_terminal = isatty(STDOUT_FILENO) == 1;
	first = options_parse(&table, argc, argv, apply_option, &m);
	if (first <= 0)
		return first < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (first >= argc) {
		log_message(&m.log, LOG_ERR, "missing module or filename.");
		options_misuse(&table);
		return EXIT_FAILURE;
	}
	wrong = what_is_wrong(&m);
	if (wrong) {
		log_message(&m.log, LOG_ERR, "%s", wrong);
		return EXIT_FAILURE;
	}
	r = set_up(&m);
	if (r == 0)
		r = show_all(&m, argc - first, argv + first);
	clean_up(&m);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
