/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/json.h"

#include <dlfcn.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdlib.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "codec/library.h"

DLOPEN_NOTE({"feature": "json",
	     "description": "Output as JSON",
	     "priority": "suggested",
	     "soname": ["libjson-c.so.5"]});

#define LIBRARY "libjson-c.so.5"

#define FUNCTIONS(X)                                                                               \
	X(json_object_new_object)                                                                  \
	X(json_object_new_array)                                                                   \
	X(json_object_new_string_len)                                                              \
	X(json_object_new_int64)                                                                   \
	X(json_object_new_boolean)                                                                 \
	X(json_object_object_get_ex)                                                               \
	X(json_object_object_add)                                                                  \
	X(json_object_array_add)                                                                   \
	X(json_object_to_json_string_ext)                                                          \
	X(json_object_put)

struct functions {
#define X(name) __typeof__(name) *name;
	FUNCTIONS(X)
#undef X
};

struct json {
	void *library;
	struct functions f;
	bool is_broken; /* no memory at some point */
};

/* json-c's null is no object; this stands for it until it is put somewhere. */
static char null_node;

static struct json_object *object_of(struct json_node *node)
{
	return (void *)node == &null_node ? NULL : (struct json_object *)(void *)node;
}

static struct json_node *checked(struct json *json, struct json_object *object)
{
	json->is_broken = json->is_broken || !object;
	return (struct json_node *)(void *)object;
}

static int load(struct json *json, struct diag *diag)
{
	static const struct library_function functions[] = {
#define X(function) { #function, offsetof(struct functions, function) },
		FUNCTIONS(X)
#undef X
	};

	return library_open(LIBRARY, "no JSON output", functions,
			    sizeof(functions) / sizeof(functions[0]), &json->f, &json->library, diag);
}

int json_open(struct json **ret_json, struct diag *diag)
{
	struct json *json = calloc(1, sizeof(*json));
	int r;

	if (!json)
		return -ENOMEM;
	r = load(json, diag);
	if (r < 0) {
		json_close(json);
		return r;
	}
	*ret_json = json;
	return 0;
}

void json_close(struct json *json)
{
	if (!json)
		return;
	if (json->library)
		dlclose(json->library);
	free(json);
}

/* Bytes of the UTF-8 character at the start of @b; 0 when there is none. Source: RFC 3629. */
static size_t utf8_size(struct bytes b)
{
	static const struct {
		uint8_t first, last, low, high, size;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },	{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t n = forms[i].size;

		if (b.base[0] < forms[i].first || b.base[0] > forms[i].last)
			continue;
		if (n > b.size || (n > 1 && (b.base[1] < forms[i].low || b.base[1] > forms[i].high)))
			return 0;
		for (size_t k = 2; k < n; k++)
			if (b.base[k] < 0x80 || b.base[k] > 0xbf)
				return 0;
		return n;
	}
	return 0;
}

static void put_utf8(struct buf *out, struct bytes text)
{
	while (text.size > 0) {
		size_t n = utf8_size(text);

		if (n > 0)
			buf_put(out, text.base, n);
		else
			buf_put_string(out, "\357\277\275");
		n = n > 0 ? n : 1;
		text = bytes_of(text.base + n, text.size - n);
	}
}

struct json_node *json_new_map(struct json *json)
{
	return checked(json, json->f.json_object_new_object());
}

struct json_node *json_new_list(struct json *json)
{
	return checked(json, json->f.json_object_new_array());
}

struct json_node *json_new_string(struct json *json, struct bytes text)
{
	CLEANUP_BUF struct buf clean = { .max = INT_MAX - 1 };

	put_utf8(&clean, text);
	if (clean.error)
		return checked(json, NULL);
	return checked(json, json->f.json_object_new_string_len(
				     clean.size ? (const char *)clean.base : "", (int)clean.size));
}

struct json_node *json_new_number(struct json *json, int64_t number)
{
	return checked(json, json->f.json_object_new_int64(number));
}

struct json_node *json_new_bool(struct json *json, bool value)
{
	return checked(json, json->f.json_object_new_boolean(value));
}

struct json_node *json_new_null(struct json *json)
{
	(void)json;
	return (struct json_node *)(void *)&null_node;
}

/* Keys are texts too. */
static const char *clean_key(struct json *json, struct buf *clean, const char *key)
{
	put_utf8(clean, bytes_of(key, strlen(key) + 1));
	json->is_broken = json->is_broken || clean->error;
	return clean->error ? NULL : (const char *)clean->base;
}

struct json_node *json_get(struct json *json, struct json_node *map, const char *key)
{
	CLEANUP_BUF struct buf clean = { 0 };
	struct json_object *value = NULL;

	key = clean_key(json, &clean, key);
	if (!map || !key || !json->f.json_object_object_get_ex(object_of(map), key, &value))
		return NULL;
	return value ? (struct json_node *)(void *)value : json_new_null(json);
}

void json_set(struct json *json, struct json_node *map, const char *key, struct json_node *value)
{
	CLEANUP_BUF struct buf clean = { 0 };

	key = clean_key(json, &clean, key);
	if (map && key && value &&
	    json->f.json_object_object_add(object_of(map), key, object_of(value)) == 0)
		return;
	json_drop(json, value);
	json->is_broken = true;
}

void json_append(struct json *json, struct json_node *list, struct json_node *value)
{
	if (list && value &&
	    json->f.json_object_array_add(object_of(list), object_of(value)) == 0)
		return;
	json_drop(json, value);
	json->is_broken = true;
}

int json_text(struct json *json, struct json_node *node, const char **ret_text)
{
	const char *text = NULL;

	if (!json->is_broken && node)
		text = json->f.json_object_to_json_string_ext(
			object_of(node), JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (!text)
		return -ENOMEM;
	*ret_text = text;
	return 0;
}

void json_drop(struct json *json, struct json_node *node)
{
	if (node && object_of(node))
		json->f.json_object_put(object_of(node));
}
