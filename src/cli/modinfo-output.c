/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The forms of modinfo's output. The JSON layout is a promise, see modinfo(8).
 */
#include <strings.h>

#include "bytes/buf.h"
#include "cli/json.h"
#include "cli/modinfo-view.h"

/* Keys are padded so that values start here. */
#define VALUE_COLUMN 16

/* A module file may come from anywhere; its strings are not to command a terminal. */
static void put_text(const struct modinfo_form *form, const char *s)
{
	if (!form->is_terminal) {
		fputs(s, stdout);
		return;
	}
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			printf("\\x%02x", c);
		else
			putchar(c);
	}
}

static void put_value(const struct modinfo_form *form, const char *value)
{
	put_text(form, value);
	putchar(form->separator);
}

static void put_padded(const struct modinfo_form *form, const char *key)
{
	int n = (int)strnlen(key, VALUE_COLUMN) + 1;

	put_text(form, key);
	printf(":%*s", n < VALUE_COLUMN ? VALUE_COLUMN - n : 0, "");
}

static void put_field(const struct modinfo_form *form, const struct modinfo_field *field)
{
	if (form->separator == '\0') {
		put_text(form, field->key);
		putchar('=');
	} else {
		put_padded(form, field->key);
	}
	put_value(form, field->value);
}

/* These have a line of their own kind, the same with and without -0. */
static void put_line(const struct modinfo_form *form, const char *key, const char *value)
{
	put_padded(form, key);
	put_value(form, value);
}

/* "name:description (type)"; a type alone has parentheses in lists of nothing but parameters. */
static void put_parm(const struct modinfo_form *form, const struct modinfo_parm *parm)
{
	bool is_enclosed = parm->type && (parm->description || form->field);

	put_text(form, parm->name);
	putchar(':');
	if (parm->description)
		put_text(form, parm->description);
	fputs(is_enclosed ? " (" : "", stdout);
	if (parm->type)
		put_text(form, parm->type);
	fputs(is_enclosed ? ")" : "", stdout);
	putchar(form->separator);
}

static bool is_parm_key(const char *key)
{
	return strcmp(key, "parm") == 0 || strcmp(key, "parmtype") == 0;
}

static void print_all(const struct modinfo_form *form, const struct modinfo_view *view)
{
	if (!view->path)
		put_line(form, "name", view->name);
	put_line(form, "filename", view->path ? view->path : "(builtin)");
	for (size_t i = 0; i < view->n_fields; i++)
		if (!is_parm_key(view->fields[i].key))
			put_field(form, &view->fields[i]);
	for (size_t i = view->n_parms; i > 0; i--) {
		put_padded(form, "parm");
		put_parm(form, &view->parms[i - 1]);
	}
}

/* Values of all fields that @same calls the same. Return: were there any? */
static bool print_field(const struct modinfo_form *form, const struct modinfo_view *view,
			int (*same)(const char *, const char *))
{
	bool is_parm = same("parm", form->field) == 0;
	bool found = false;

	if (same("filename", form->field) == 0) {
		put_value(form, view->path ? view->path : "(builtin)");
		return true;
	}
	if (!view->path && same("name", form->field) == 0) {
		put_value(form, view->name);
		return true;
	}
	for (size_t i = view->n_parms; is_parm && i > 0; i--) {
		put_parm(form, &view->parms[i - 1]);
		found = true;
	}
	for (size_t i = 0; !is_parm && i < view->n_fields; i++) {
		if (same(view->fields[i].key, form->field) != 0)
			continue;
		put_value(form, view->fields[i].value);
		found = true;
	}
	return found;
}

void modinfo_print(const struct modinfo_form *form, const struct modinfo_view *view)
{
	if (!form->field)
		print_all(form, view);
	else if (!print_field(form, view, strcmp))
		(void)print_field(form, view, strcasecmp);
}

static struct json_node *text_node(struct json *json, const char *s)
{
	return s ? json_new_string(json, bytes_of(s, strlen(s))) : json_new_null(json);
}

static struct json_node *hex_node(struct json *json, struct bytes b)
{
	CLEANUP_BUF struct buf text = { 0 };

	if (b.size == 0)
		return json_new_null(json);
	for (size_t i = 0; i < b.size; i++)
		buf_printf(&text, "%02x", b.base[i]);
	return json_new_string(json, buf_bytes(&text));
}

static struct json_node *fields_node(struct json *json, const struct modinfo_view *view)
{
	struct json_node *map = json_new_map(json);

	for (size_t i = 0; i < view->n_tags; i++) {
		const struct modinfo_field *field = &view->fields[i];
		struct json_node *list = json_get(json, map, field->key);

		if (!list) {
			json_set(json, map, field->key, json_new_list(json));
			list = json_get(json, map, field->key);
		}
		json_append(json, list, text_node(json, field->value));
	}
	return map;
}

static struct json_node *parms_node(struct json *json, const struct modinfo_view *view)
{
	struct json_node *list = json_new_list(json);

	for (size_t i = 0; i < view->n_parms; i++) {
		struct json_node *parm = json_new_map(json);

		json_set(json, parm, "name", text_node(json, view->parms[i].name));
		json_set(json, parm, "description", text_node(json, view->parms[i].description));
		json_set(json, parm, "type", text_node(json, view->parms[i].type));
		json_append(json, list, parm);
	}
	return list;
}

static struct json_node *signature_node(struct json *json, const struct modinfo_signature *s)
{
	struct json_node *map;

	if (!s->is_present)
		return json_new_null(json);
	map = json_new_map(json);
	json_set(json, map, "type", text_node(json, s->type));
	json_set(json, map, "signer", text_node(json, s->signer[0] ? s->signer : NULL));
	json_set(json, map, "key_id", hex_node(json, s->key_id));
	json_set(json, map, "hash", text_node(json, s->is_read ? s->hash : NULL));
	json_set(json, map, "data", hex_node(json, s->data));
	return map;
}

int modinfo_print_json(struct json *json, const char *argument, const struct modinfo_view *view)
{
	struct json_node *map = json_new_map(json);
	bool is_file = view->path;
	const char *text;
	int r;

	json_set(json, map, "argument", text_node(json, argument));
	json_set(json, map, "name", text_node(json, view->name));
	json_set(json, map, "builtin", json_new_bool(json, !is_file));
	json_set(json, map, "path", text_node(json, view->path));
	json_set(json, map, "size",
		 is_file ? json_new_number(json, (int64_t)view->size) : json_new_null(json));
	json_set(json, map, "compression", text_node(json, is_file ? codec_name(view->codec) : NULL));
	json_set(json, map, "fields", fields_node(json, view));
	json_set(json, map, "parameters", parms_node(json, view));
	json_set(json, map, "build_id", hex_node(json, view->build_id));
	json_set(json, map, "signature", signature_node(json, &view->signature));
	r = json_text(json, map, &text);
	if (r == 0)
		fputs(text, stdout);
	json_drop(json, map);
	return r;
}
