/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure harddep image: what must an image hold besides these modules?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/name.h"
#include "cli/harddep.h"
#include "engine/image.h"
#include "graph/image.h"

/** struct image - a call of modsure harddep image */
struct image {
	struct harddep *h;
	struct links *links;
	struct image_roots roots;
	struct image_result result;
	uint32_t *order;
	uint32_t n_order;
	struct json_node *unknown; /* list of names */
	uint32_t n_unknown;
};

/* It may be of another kernel, or a file that no index has; the others are answered. */
static void add_unknown(struct image *image, const char *name, int error)
{
	struct json *json = image->h->view.json;

	(void)view_unknown(&image->h->view, name, error);
	image->n_unknown++;
	if (json)
		json_append(json, image->unknown, view_text(json, name));
}

/* A name, an alias, or the path of a module's file. */
static int add(struct image *image, const char *argument)
{
	const char *slash = strrchr(argument, '/'), *name = argument;
	char module[MODULE_NAME_MAX + 1];
	int r;

	if (name_suffix(slash ? slash + 1 : argument) != SUFFIX_NONE &&
	    name_of_path(argument, module) > 0)
		name = module;
	r = image_add(&image->h->view.session, image->links, &image->roots, name);
	if (r != -ENOENT && r != -EINVAL)
		return r;
	add_unknown(image, argument, r);
	return 0;
}

static int add_lines(struct image *image, FILE *file)
{
	size_t size = 0;
	char *line = NULL;
	ssize_t n;
	int r = 0;

	while (r == 0 && (n = getline(&line, &size, file)) >= 0) {
		char *text = line + strspn(line, " \t");

		line[strcspn(line, "\r\n")] = '\0';
		n = (ssize_t)strlen(text);
		while (n > 0 && strchr(" \t", text[n - 1]))
			text[--n] = '\0';
		if (n > 0)
			r = add(image, text);
	}
	if (r == 0 && !feof(file))
		r = -EIO;
	free(line);
	return r;
}

static int add_all(struct image *image)
{
	const struct harddep *h = image->h;
	bool is_read = h->is_stdin;
	int r = 0;

	for (int i = 0; i < h->n_names && r == 0; i++) {
		if (strcmp(h->names[i], "-") == 0)
			is_read = true;
		else
			r = add(image, h->names[i]);
	}
	return r == 0 && is_read ? add_lines(image, stdin) : r;
}

/* Moves what the image did not hold to the front of @order. */
static int drop_roots(struct image *image)
{
	bool *is_root = calloc((size_t)links_n(image->links) + 1, sizeof(*is_root));
	uint32_t n = 0;

	if (!is_root)
		return -ENOMEM;
	for (uint32_t i = 0; i < image->roots.n; i++)
		is_root[image->roots.items[i]] = true;
	for (uint32_t i = 0; i < image->n_order; i++)
		if (!is_root[image->order[i]])
			image->order[n++] = image->order[i];
	image->n_order = n;
	free(is_root);
	return 0;
}

static int print_json(struct image *image)
{
	struct json *json = image->h->view.json;
	struct json_node *map = json_new_map(json), *modules = json_new_list(json);

	for (uint32_t i = 0; i < image->n_order; i++) {
		const struct links_module *m = links_module(image->links, image->order[i]);
		struct json_node *module = json_new_map(json);

		json_set(json, module, "module", view_text(json, m->name));
		json_set(json, module, "path", view_text(json, m->path));
		json_append(json, modules, module);
	}
	json_set(json, map, "kernel", view_text(json, view_kernel(&image->h->view)));
	json_set(json, map, "modules", modules);
	json_set(json, map, "unknown", image->unknown);
	image->unknown = NULL;
	json_set(json, map, "complete", json_new_bool(json, !image->result.is_broken));
	return view_print_json(&image->h->view, map);
}

static int print(struct image *image)
{
	if (image->h->view.json)
		return print_json(image);
	for (uint32_t i = 0; i < image->n_order; i++) {
		const struct links_module *m = links_module(image->links, image->order[i]);

		puts(image->h->is_files ? m->path : m->name);
	}
	return 0;
}

static int find(struct image *image)
{
	struct session *s = &image->h->view.session;
	int r;

	image->links = links_new();
	r = image->links ? add_all(image) : -ENOMEM;
	if (r == 0)
		r = image_collect(s, image->links, &image->result);
	if (r == 0)
		r = image_order(image->links, image->roots.items, image->roots.n, &image->order,
				&image->n_order);
	return r < 0 ? r : drop_roots(image);
}

int harddep_image(struct harddep *h)
{
	struct image image = { .h = h };
	bool is_all_unknown;
	int r;

	if (h->view.json)
		image.unknown = json_new_list(h->view.json);
	r = find(&image);
	if (r == 0)
		r = print(&image);
	if (image.unknown)
		json_drop(h->view.json, image.unknown);
	is_all_unknown = image.n_unknown > 0 && image.roots.n == 0;
	links_free(image.links);
	free(image.roots.items);
	free(image.order);
	if (r < 0)
		return view_fail(&h->view, r);
	return is_all_unknown ? VIEW_UNKNOWN : VIEW_YES;
}
