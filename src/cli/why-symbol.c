/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure why --symbol NAME: who exports the symbol, in which namespace, and who uses it?
 */
#include "cli/why-symbol.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/view.h"
#include "elf/namespace.h"
#include "engine/symbol-users.h"

struct command {
	struct view *view;
	const char *symbol;
	struct symbol_users found;
	bool has_lists; /* the kernel knows namespaces that are lists of modules */
};

static bool is_known(const struct command *c, unsigned int what)
{
	return c->found.export.knows & what;
}

static bool is_list(const struct command *c)
{
	return c->has_lists && c->found.export.ns && namespace_is_list(c->found.export.ns);
}

static bool is_other_version(const struct command *c, const struct symbol_user *user)
{
	return (c->found.export.flags & user->flags & SYMBOL_CRC) && c->found.export.crc != user->crc;
}

/* Text */

static void print_line(const struct command *c, struct buf *text, int indent)
{
	CLEANUP_BUF struct buf clean = { 0 };

	bool is_empty = text->size == 0;

	buf_put_u8(text, '\0');
	if (!text->error && !is_empty)
		view_clean(c->view, (const char *)text->base, &clean);
	if (!clean.error && clean.size > 0) {
		printf("%*s", indent, "");
		view_wrap((const char *)clean.base, (size_t)indent, (size_t)indent + 2);
	}
	buf_done(text);
}

static void print_owner(const struct command *c)
{
	const struct symbol_export *export = &c->found.export;
	struct buf text = { 0 };

	switch (export->owner) {
	case SYMBOL_OF_MODULE:
		buf_printf(&text, "%s is exported by module %s", c->symbol, export->module);
		break;
	case SYMBOL_OF_KERNEL:
		buf_printf(&text, "%s is exported by the kernel itself", c->symbol);
		break;
	case SYMBOL_OF_NOBODY:
		buf_printf(&text, "%s is exported by nobody: not by the kernel, and by no module", c->symbol);
		break;
	case SYMBOL_OF_UNKNOWN:
		buf_printf(&text, "%s is exported by no module, and nothing here tells what the kernel itself exports",
			   c->symbol);
		break;
	}
	if (export->source)
		buf_printf(&text, " (%s)", export->source);
	print_line(c, &text, 0);
}

static void print_namespace(const struct command *c)
{
	const struct symbol_export *export = &c->found.export;
	struct buf text = { 0 };

	if (!is_known(c, KERNEL_EXPORTS_KNOWS_NAMESPACE))
		buf_put_string(&text, "whether it is in a namespace is not known");
	else if (is_list(c))
		buf_printf(&text, "may be used by modules %s only", export->ns + strlen(NAMESPACE_OF_MODULES));
	else if (export->ns)
		buf_printf(&text, "in namespace %s", export->ns);
	else
		buf_put_string(&text, "in no namespace");
	print_line(c, &text, 2);
}

static void print_export(const struct command *c)
{
	const struct symbol_export *export = &c->found.export;
	struct buf licence = { 0 }, version = { 0 };

	print_namespace(c);
	if (is_known(c, KERNEL_EXPORTS_KNOWS_LICENCE))
		buf_printf(&licence, "for modules with %s licence",
			   export->flags & SYMBOL_GPL ? "a GPL-compatible" : "any");
	print_line(c, &licence, 2);
	if (is_known(c, KERNEL_EXPORTS_KNOWS_CRC) && (export->flags & SYMBOL_CRC))
		buf_printf(&version, "version 0x%08x", export->crc);
	print_line(c, &version, 2);
}

static void print_user(const struct command *c, const struct symbol_user *user)
{
	bool has_remark = c->found.export.ns && !(is_list(c) && user->imports_namespace);
	struct buf text = { 0 };

	buf_put_string(&text, user->module);
	if (user->flags & SYMBOL_WEAK)
		buf_put_string(&text, ", which does without it, too");
	if (c->found.export.ns && is_list(c))
		buf_put_string(&text, user->imports_namespace ? "" : ": is not one of these modules");
	else if (c->found.export.ns)
		buf_put_string(&text, user->imports_namespace ? ": imports the namespace"
							      : ": does not import the namespace");
	if (is_other_version(c, user))
		buf_printf(&text, "%s built with version 0x%08x", has_remark ? ";" : ":", user->crc);
	print_line(c, &text, 2);
}

static void print_users(const struct command *c)
{
	const struct symbol_users *found = &c->found;

	if (found->n_users == 0)
		puts("no module uses it");
	else
		printf("%u module%s:\n", found->n_users, found->n_users > 1 ? "s use it" : " uses it");
	for (uint32_t i = 0; i < found->n_users; i++)
		print_user(c, &found->users[i]);
}

/* JSON */

static struct json_node *crc_node(struct json *json, bool is_there, uint32_t crc)
{
	char text[16];

	(void)snprintf(text, sizeof(text), "0x%08x", crc);
	return view_text(json, is_there ? text : NULL);
}

static struct json_node *known_bool(struct json *json, bool is_known, bool value)
{
	return is_known ? json_new_bool(json, value) : json_new_null(json);
}

static const char *owner_name(enum symbol_owner owner)
{
	static const char *const names[] = {
		[SYMBOL_OF_NOBODY] = "nobody",
		[SYMBOL_OF_MODULE] = "module",
		[SYMBOL_OF_KERNEL] = "kernel",
		[SYMBOL_OF_UNKNOWN] = "unknown",
	};

	return names[owner];
}

static struct json_node *user_node(const struct command *c, const struct symbol_user *user)
{
	const struct symbol_export *export = &c->found.export;
	struct json *json = c->view->json;
	struct json_node *map = json_new_map(json);

	json_set(json, map, "module", view_text(json, user->module));
	json_set(json, map, "path", view_text(json, user->path));
	json_set(json, map, "weak", json_new_bool(json, user->flags & SYMBOL_WEAK));
	json_set(json, map, "crc", crc_node(json, user->flags & SYMBOL_CRC, user->crc));
	json_set(json, map, "same_version",
		 known_bool(json, export->flags & user->flags & SYMBOL_CRC, !is_other_version(c, user)));
	json_set(json, map, "imports_namespace", known_bool(json, export->ns, user->imports_namespace));
	return map;
}

static int print_json(const struct command *c)
{
	const struct symbol_export *export = &c->found.export;
	struct json *json = c->view->json;
	struct json_node *map = json_new_map(json), *users = json_new_list(json);
	bool has_crc = is_known(c, KERNEL_EXPORTS_KNOWS_CRC) && (export->flags & SYMBOL_CRC);

	for (uint32_t i = 0; i < c->found.n_users; i++)
		json_append(json, users, user_node(c, &c->found.users[i]));
	json_set(json, map, "symbol", view_text(json, c->symbol));
	json_set(json, map, "kernel", view_text(json, view_kernel(c->view)));
	json_set(json, map, "exported_by", view_text(json, owner_name(export->owner)));
	json_set(json, map, "module", view_text(json, export->module));
	json_set(json, map, "path", view_text(json, export->path));
	json_set(json, map, "source", view_text(json, export->source));
	json_set(json, map, "namespace_known",
		 json_new_bool(json, is_known(c, KERNEL_EXPORTS_KNOWS_NAMESPACE)));
	json_set(json, map, "namespace", view_text(json, export->ns));
	json_set(json, map, "gpl",
		 known_bool(json, is_known(c, KERNEL_EXPORTS_KNOWS_LICENCE), export->flags & SYMBOL_GPL));
	json_set(json, map, "crc", crc_node(json, has_crc, export->crc));
	json_set(json, map, "users", users);
	json_set(json, map, "unread", json_new_number(json, c->found.n_unread));
	return view_print_json(c->view, map);
}

/* What is found */

static int status_of(const struct command *c)
{
	switch (c->found.export.owner) {
	case SYMBOL_OF_MODULE:
	case SYMBOL_OF_KERNEL:
		return VIEW_YES;
	case SYMBOL_OF_NOBODY:
		return c->found.n_users > 0 ? VIEW_NO : VIEW_UNKNOWN;
	default:
		return VIEW_FAILED;
	}
}

/* Is the kernel that is asked about the one that runs, here or in the captured system? */
static bool is_running(struct view *view)
{
	struct session *s = &view->session;
	CLEANUP_BUF struct buf release = { .max = 4096 };

	if (s->kernel.read(s->kernel.ctx, "proc/sys/kernel/osrelease", &release) < 0)
		return false;
	buf_put_u8(&release, '\0');
	if (release.error)
		return false;
	release.base[strcspn((const char *)release.base, "\n")] = '\0';
	return strcmp((const char *)release.base, view_kernel(view)) == 0;
}

static int show(struct command *c)
{
	int r = 0;

	if (c->view->json) {
		r = print_json(c);
	} else {
		print_owner(c);
		if (status_of(c) == VIEW_YES)
			print_export(c);
		print_users(c);
	}
	return r < 0 ? view_fail(c->view, r) : status_of(c);
}

static int no_modules(const struct view *view)
{
	if (!view->has_no_indexes)
		log_message(&view->log, LOG_ERR, "%s: there is no index of modules to be used (modules.dep.bin)",
			    view->session.indexes.dir);
	return VIEW_FAILED;
}

int why_symbol(struct view *view, const struct why_symbol_options *options)
{
	const struct kernel_symbols_options kernel = {
		.symvers = options->symvers,
		.system_map = options->system_map,
		.root = view->options.module_root ? view->options.module_root : view->options.sysroot,
		.module_dir = view->session.indexes.dir,
		.version = view_kernel(view),
		.is_running = is_running(view),
	};
	struct command c = { .view = view, .symbol = options->symbol,
			     .has_lists = namespace_has_modules(kernel.version) };
	int r, status;

	r = symbol_users_find(&view->session, &kernel, options->symbol, 0, &c.found);
	if (r == 0)
		status = show(&c);
	else if (r == -ENOENT)
		status = no_modules(view);
	else
		status = view_fail(view, r);
	symbol_users_done(&c.found);
	return status;
}
