/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which symbols does a file offer or need?
 *
 *   exports   CRC TAB symbol TAB owner TAB EXPORT_SYMBOL[_GPL] TAB namespace    as in Module.symvers
 *   imports   CRC TAB symbol TAB module TAB weak|-
 */
#include "cli/modinfo-symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/name.h"
#include "cli/json.h"
#include "cli/log.h"
#include "engine/kernel-image.h"
#include "engine/kernel-symbols.h"

/* One symbol, whatever it comes from. */
struct symbol {
	const char *name;
	const char *ns; /* NULL: none */
	uint32_t flags; /* enum facts_symbol_flags */
	uint32_t crc;
};

/* The file at hand. */
struct showing {
	struct modinfo_list *list;
	const char *owner;
	struct json_node *symbols;
};

/* A file may come from anywhere: its names neither end a line or column nor command a terminal. */
static void put_word(const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c == 0x7f)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

static void put_text(const struct showing *in, const struct symbol *s)
{
	bool is_import = in->list->what == MODINFO_SYMBOLS_IMPORTS;

	printf("0x%08x\t", s->flags & SYMBOL_CRC ? s->crc : 0);
	put_word(s->name);
	putchar('\t');
	put_word(in->owner);
	if (is_import) {
		fputs(s->flags & SYMBOL_WEAK ? "\tweak" : "\t-", stdout);
	} else {
		fputs(s->flags & SYMBOL_GPL ? "\tEXPORT_SYMBOL_GPL\t" : "\tEXPORT_SYMBOL\t", stdout);
		put_word(s->ns ? s->ns : "");
	}
	putchar(in->list->separator);
}

static struct json_node *text_node(struct json *json, const char *s)
{
	return s && s[0] ? json_new_string(json, bytes_of(s, strlen(s))) : json_new_null(json);
}

static void put_json(const struct showing *in, const struct symbol *s)
{
	struct json *json = in->list->json;
	struct json_node *map = json_new_map(json);
	char crc[16];

	(void)snprintf(crc, sizeof(crc), "0x%08x", s->crc);
	json_set(json, map, "symbol", text_node(json, s->name));
	json_set(json, map, "crc", text_node(json, s->flags & SYMBOL_CRC ? crc : NULL));
	if (in->list->what == MODINFO_SYMBOLS_IMPORTS) {
		json_set(json, map, "weak", json_new_bool(json, s->flags & SYMBOL_WEAK));
	} else {
		json_set(json, map, "namespace", text_node(json, s->ns));
		json_set(json, map, "gpl", json_new_bool(json, s->flags & SYMBOL_GPL));
	}
	json_append(json, in->symbols, map);
}

static void put_symbol(const struct showing *in, const struct symbol *s)
{
	if (in->list->json)
		put_json(in, s);
	else
		put_text(in, s);
}

static struct json_node *kernel_node(struct json *json, const struct kernel_image_facts *facts)
{
	struct json_node *map;

	if (!facts)
		return json_new_null(json);
	map = json_new_map(json);
	json_set(json, map, "format", text_node(json, facts->format));
	json_set(json, map, "compression", text_node(json, facts->compression));
	json_set(json, map, "release", text_node(json, facts->version.release));
	json_set(json, map, "vermagic", text_node(json, facts->version.vermagic));
	return map;
}

/* The object around the symbols. @kernel: NULL for a module */
static int print_object(const struct showing *in, const char *argument, const char *path,
			const struct kernel_image_facts *kernel)
{
	bool is_import = in->list->what == MODINFO_SYMBOLS_IMPORTS;
	struct json *json = in->list->json;
	struct json_node *map;
	const char *text;
	int r;

	in->list->n_printed++;
	if (!json)
		return 0;
	map = json_new_map(json);
	json_set(json, map, "argument", text_node(json, argument));
	json_set(json, map, "name", text_node(json, in->owner));
	json_set(json, map, "path", text_node(json, path));
	json_set(json, map, "kernel", kernel_node(json, kernel));
	json_set(json, map, is_import ? "imports" : "exports", in->symbols);
	r = json_text(json, map, &text);
	if (r == 0) {
		fputs(in->list->n_printed > 1 ? ",\n" : "\n", stdout);
		fputs(text, stdout);
	}
	json_drop(json, map);
	return r;
}

static void put_exports(const struct showing *in, const struct facts *f)
{
	for (uint32_t i = 0; i < f->n_exports; i++) {
		const struct facts_export *e = &facts_exports(f)[i];
		const struct symbol s = { facts_string(f, e->name),
					  e->flags & SYMBOL_NAMESPACE ? facts_string(f, e->ns) : NULL, e->flags,
					  e->crc };

		put_symbol(in, &s);
	}
}

static void put_imports(const struct showing *in, const struct facts *f)
{
	for (uint32_t i = 0; i < f->n_imports; i++) {
		const struct facts_import *import = &facts_imports(f)[i];
		const struct symbol s = { facts_string(f, import->name), NULL, import->flags, import->crc };

		put_symbol(in, &s);
	}
}

/* Return: 0; -errno (reported); -ENOEXEC (not reported, @diag) with @is_maybe: not a module. */
static int list_module(struct modinfo_list *list, const char *argument, const char *path, bool is_maybe,
		       struct diag *diag)
{
	struct showing in = { .list = list };
	char name[MODULE_NAME_MAX + 1] = "";
	struct modfile file;
	int r;

	r = modfile_read(list->reader, AT_FDCWD, path, FACTS_WANT_SYMBOLS, list->arena, &file, diag);
	if (r == -ENOEXEC && is_maybe)
		return r;
	if (r == 0 && list->what == MODINFO_SYMBOLS_EXPORTS && (file.facts->flags & FACTS_EXPORTS_UNKNOWN))
		r = diag_plain(diag, -EOPNOTSUPP, "has an export table whose names can't be told");
	else if (r == 0 && list->what == MODINFO_SYMBOLS_EXPORTS && (file.facts->flags & FACTS_LICENCES_UNKNOWN))
		r = diag_plain(diag, -EOPNOTSUPP, "has flags that do not fit its exports");
	if (r < 0) {
		log_diag(list->log, LOG_ERR, path, r, diag);
		return r;
	}
	(void)name_of_path(path, name);
	in.owner = facts_first(file.facts, "name");
	in.owner = in.owner ? in.owner : name;
	in.symbols = list->json ? json_new_list(list->json) : NULL;
	if (list->what == MODINFO_SYMBOLS_EXPORTS)
		put_exports(&in, file.facts);
	else
		put_imports(&in, file.facts);
	return print_object(&in, argument, path, NULL);
}

static int list_kernel(struct modinfo_list *list, const char *argument, const char *path,
		       const struct kernel_symbols *kernel, const struct kernel_image_facts *facts)
{
	struct showing in = { .list = list, .owner = "vmlinux" };
	const struct kernel_exports *x = &kernel->exports;

	if (list->what == MODINFO_SYMBOLS_IMPORTS) {
		log_message(list->log, LOG_ERR, "%s: a kernel imports nothing: all that it uses is linked into it",
			    path);
		return -ENOEXEC;
	}
	in.symbols = list->json ? json_new_list(list->json) : NULL;
	for (uint32_t i = 0; i < x->n; i++) {
		const struct kernel_export *e = &x->items[i];
		const struct symbol s = { e->name, e->ns, e->flags, e->crc };

		put_symbol(&in, &s);
	}
	return print_object(&in, argument, path, facts);
}

int modinfo_list_file(struct modinfo_list *list, const char *argument, const char *path)
{
	struct diag diag = { 0 }, other = { 0 };
	struct kernel_symbols kernel = { 0 };
	struct kernel_image_facts facts;
	int r;

	arena_reset(list->arena, (size_t)1024 * 1024);
	if (name_suffix(path) != SUFFIX_NONE)
		return list_module(list, argument, path, false, &diag);
	r = kernel_symbols_read_image(path, &kernel, &facts, &diag);
	kernel_exports_finish(&kernel.exports);
	if (r == 0) {
		r = list_kernel(list, argument, path, &kernel, &facts);
	} else if (r != -ENOEXEC || list_module(list, argument, path, true, &other) == -ENOEXEC) {
		log_diag(list->log, LOG_ERR, path, r, &diag);
	} else {
		r = 0;
	}
	kernel_symbols_done(&kernel);
	return r;
}
