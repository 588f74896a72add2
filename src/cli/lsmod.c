/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lsmod, kmod list: which modules are loaded, and who uses them?
 *
 * Everything about a module comes from its one line in /proc/modules, so that a module which goes
 * away meanwhile is shown as it was, or not at all. Where several modules use it, the order of their
 * names is that of /sys/module/NAME/holders, as kmod prints them: the kernel sorts that directory by
 * a hash of the names, not by what was loaded when.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "bytes/diag.h"
#include "bytes/name.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "cli/log.h"
#include "cli/options.h"
#include "conf/proc-modules.h"
#include "sys/kernel.h"

/* No module of Debian's kernels has more than 200; beyond, the order is that of /proc/modules. */
#define HOLDERS_SORTED_MAX 1024u

struct command {
	struct log log;
	const char *root;
	bool is_json;
	struct kernel kernel;
	struct arena arena;
	struct proc_module *modules;
	size_t n_modules, capacity;
};

enum { OPTION_JSON = 256, OPTION_SYSROOT };

static const char *const usage[] = { "lsmod [OPTIONS]", "kmod list [OPTIONS]", NULL };

static const struct option_row rows[] = {
	{ OPTION_JSON, "json", NULL, "show everything as JSON" },
	{ OPTION_SYSROOT, "sysroot", "DIR", "a captured system below DIR, not the running one" },
	{ 's', "syslog", NULL, "messages to syslog, not to standard error" },
	{ 'v', "verbose", NULL, "say more" },
};

static const struct option_table table = { usage, rows, sizeof(rows) / sizeof(rows[0]) };

static int apply(void *ctx, int id, const char *argument)
{
	struct command *c = ctx;

	switch (id) {
	case OPTION_JSON:
		c->is_json = true;
		break;
	case OPTION_SYSROOT:
		c->root = argument;
		break;
	case 's':
		log_to_syslog(&c->log);
		break;
	default:
		c->log.level = LOG_INFO;
		break;
	}
	return 0;
}

static int add_module(struct command *c, const struct proc_module *module)
{
	if (c->n_modules == c->capacity) {
		size_t capacity = c->capacity ? 2 * c->capacity : 256;
		struct proc_module *grown = realloc(c->modules, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->modules = grown;
		c->capacity = capacity;
	}
	c->modules[c->n_modules++] = *module;
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	const struct proc_module *x = *(const struct proc_module *const *)a;
	const struct proc_module *y = *(const struct proc_module *const *)b;
	size_t shorter = x->name.size < y->name.size ? x->name.size : y->name.size;
	int order = memcmp(x->name.base, y->name.base, shorter);

	if (order == 0)
		order = (x->name.size > y->name.size) - (x->name.size < y->name.size);
	return order ? order : (x > y) - (x < y);
}

/*
 * The kernel hands out the list a page at a time, and counts lines to know where it was: a module
 * loaded between two pages makes it give a line again. The first one is kept.
 */
static int drop_repeated(struct command *c)
{
	struct proc_module **sorted = calloc(c->n_modules + 1, sizeof(struct proc_module *));
	size_t n = 0;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_modules; i++)
		sorted[i] = &c->modules[i];
	qsort(sorted, c->n_modules, sizeof(struct proc_module *), compare_names);
	for (size_t i = c->n_modules; i-- > 1;)
		if (sorted[i]->name.size == sorted[i - 1]->name.size &&
		    memcmp(sorted[i]->name.base, sorted[i - 1]->name.base,
			   sorted[i]->name.size) == 0)
			sorted[i]->name.size = 0;
	free(sorted);
	for (size_t i = 0; i < c->n_modules; i++)
		if (c->modules[i].name.size > 0)
			c->modules[n++] = c->modules[i];
	c->n_modules = n;
	return 0;
}

/* Return: 0; -EBADMSG some lines are bad (reported); -errno. */
static int read_modules(struct command *c, struct buf *text)
{
	struct proc_modules list = { 0 };
	struct proc_module module;
	char path[4096 + 32];
	struct diag diag;
	int r, ret = 0;

	snprintf(path, sizeof(path), "%s/proc/modules", c->root);
	r = c->kernel.read(c->kernel.ctx, "proc/modules", text);
	if (r < 0) {
		log_message(&c->log, LOG_ERR, "could not get list of modules: %s: %s", path,
			    strerror(-r));
		return r;
	}
	list.text = buf_bytes(text);
	while ((r = proc_modules_next(&list, &module, &diag)) != 0) {
		if (r < 0) {
			log_diag(&c->log, LOG_ERR, path, r, &diag);
			ret = r;
		} else if (add_module(c, &module) < 0) {
			return -ENOMEM;
		}
	}
	r = drop_repeated(c);
	return r < 0 ? r : ret;
}

/* Moves those of @names that the kernel's directory lists to the front, in its order. */
static void sort_holders(struct command *c, const struct proc_module *m, struct bytes *names,
			 size_t n)
{
	CLEANUP_BUF struct buf listed = { 0 };
	char name[MODULE_NAME_MAX + 1];
	size_t n_sorted = 0;

	if (m->name.size > MODULE_NAME_MAX)
		return;
	memcpy(name, m->name.base, m->name.size);
	name[m->name.size] = '\0';
	if (c->kernel.holders(c->kernel.ctx, name, &listed) < 0)
		return;
	for (size_t off = 0; off < listed.size;) {
		const char *entry = (const char *)listed.base + off;
		size_t size = strlen(entry);

		off += size + 1;
		for (size_t i = n_sorted; i < n; i++) {
			struct bytes found = names[i];

			if (found.size != size || memcmp(found.base, entry, size) != 0)
				continue;
			memmove(&names[n_sorted + 1], &names[n_sorted],
				(i - n_sorted) * sizeof(*names));
			names[n_sorted++] = found;
			break;
		}
	}
}

/* @ret_names: in the arena */
static int get_holders(struct command *c, const struct proc_module *m, struct bytes **ret_names,
		       size_t *ret_n)
{
	struct bytes rest = m->holders, name, *names;
	size_t n = 0, i = 0;

	while (proc_modules_holder(&rest, &name))
		n++;
	arena_reset(&c->arena, (size_t)64 * 1024);
	names = arena_alloc(&c->arena, (n + 1) * sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (rest = m->holders; proc_modules_holder(&rest, &name);)
		names[i++] = name;
	if (n > 1 && n <= HOLDERS_SORTED_MAX)
		sort_holders(c, m, names, n);
	*ret_names = names;
	*ret_n = n;
	return 0;
}

static void print_row(const struct proc_module *m, const struct bytes *holders, size_t n)
{
	printf("%-19.*s %8" PRId64 "  ", (int)m->name.size, (const char *)m->name.base, m->size);
	if (m->has_users)
		printf("%" PRId64, m->n_users);
	else
		putchar('-');
	for (size_t i = 0; i < n; i++)
		printf("%c%.*s", i == 0 ? ' ' : ',', (int)holders[i].size,
		       (const char *)holders[i].base);
	putchar('\n');
}

static struct json_node *json_of(struct json *json, const struct proc_module *m,
				 const struct bytes *holders, size_t n)
{
	static const enum module_state states[] = {
		[PROC_MODULE_LIVE] = MODULE_LIVE,
		[PROC_MODULE_LOADING] = MODULE_COMING,
		[PROC_MODULE_UNLOADING] = MODULE_GOING,
	};
	const char *state = module_state_name(states[m->state]);
	struct json_node *map = json_new_map(json), *list = json_new_list(json);

	for (size_t i = 0; i < n; i++)
		json_append(json, list, json_new_string(json, holders[i]));
	json_set(json, map, "name", json_new_string(json, m->name));
	json_set(json, map, "size", json_new_number(json, m->size));
	json_set(json, map, "users", m->has_users ? json_new_number(json, m->n_users)
						  : json_new_null(json));
	json_set(json, map, "holders", list);
	json_set(json, map, "state", json_new_string(json, bytes_of(state, strlen(state))));
	json_set(json, map, "permanent", json_new_bool(json, m->is_permanent));
	json_set(json, map, "taints", json_new_string(json, m->taints));
	return map;
}

static int print_table(struct command *c)
{
	puts("Module                  Size  Used by");
	for (size_t i = 0; i < c->n_modules; i++) {
		struct bytes *holders;
		size_t n;
		int r;

		r = get_holders(c, &c->modules[i], &holders, &n);
		if (r < 0)
			return r;
		print_row(&c->modules[i], holders, n);
	}
	return 0;
}

static int print_json(struct command *c, struct json *json)
{
	int r = 0;

	putchar('[');
	for (size_t i = 0; i < c->n_modules && r == 0; i++) {
		struct json_node *node;
		struct bytes *holders;
		const char *text;
		size_t n;

		r = get_holders(c, &c->modules[i], &holders, &n);
		if (r < 0)
			break;
		node = json_of(json, &c->modules[i], holders, n);
		r = json_text(json, node, &text);
		if (r == 0)
			printf("%s%s", i > 0 ? ",\n" : "\n", text);
		json_drop(json, node);
	}
	puts(c->n_modules > 0 ? "\n]" : "]");
	return r;
}

static int run(struct command *c)
{
	CLEANUP_BUF struct buf text = { .max = PROC_MODULES_MAX };
	struct json *json = NULL;
	struct diag diag = { 0 };
	int r, shown;

	if (c->is_json) {
		r = json_open(&json, &diag);
		if (r < 0) {
			log_message(&c->log, LOG_ERR, "%s", diag.what[0] ? diag.what : strerror(-r));
			return r;
		}
	}
	r = read_modules(c, &text);
	if (r == 0 || r == -EBADMSG) {
		shown = json ? print_json(c, json) : print_table(c);
		r = shown < 0 ? shown : r;
	}
	if (r == -ENOMEM)
		log_message(&c->log, LOG_ERR, "%s", strerror(-r));
	json_close(json);
	return r;
}

int cmd_lsmod(int argc, char **argv)
{
	struct command c = { .root = "" };
	struct kernel_real real;
	int first, r;

	log_init(&c.log, argv[0]);
	first = options_parse(&table, argc, argv, apply, &c);
	if (first <= 0)
		return first < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (first < argc) {
		log_message(&c.log, LOG_ERR, "too many arguments, see --help");
		return EXIT_FAILURE;
	}
	r = kernel_open(c.root, &real, &c.kernel);
	if (r == 0)
		r = run(&c);
	else
		log_message(&c.log, LOG_ERR, "%s: %s", c.root[0] ? c.root : "/", strerror(-r));
	kernel_close(&real);
	arena_done(&c.arena);
	free(c.modules);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
