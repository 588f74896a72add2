/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/json.h"

#include "bytes/diag.h"

/* Nothing but json_open() can be called without a library. */

int json_open(struct json **ret_json, struct diag *diag)
{
	(void)ret_json;
	return diag_plain(diag, -EOPNOTSUPP, "this build has no JSON output");
}

void json_close(struct json *json)
{
	(void)json;
}

struct json_node *json_new_map(struct json *json)
{
	(void)json;
	return NULL;
}

struct json_node *json_new_list(struct json *json)
{
	(void)json;
	return NULL;
}

struct json_node *json_new_string(struct json *json, struct bytes text)
{
	(void)json;
	(void)text;
	return NULL;
}

struct json_node *json_new_number(struct json *json, int64_t number)
{
	(void)json;
	(void)number;
	return NULL;
}

struct json_node *json_new_bool(struct json *json, bool value)
{
	(void)json;
	(void)value;
	return NULL;
}

struct json_node *json_new_null(struct json *json)
{
	(void)json;
	return NULL;
}

struct json_node *json_get(struct json *json, struct json_node *map, const char *key)
{
	(void)json;
	(void)map;
	(void)key;
	return NULL;
}

void json_set(struct json *json, struct json_node *map, const char *key, struct json_node *value)
{
	(void)json;
	(void)map;
	(void)key;
	(void)value;
}

void json_append(struct json *json, struct json_node *list, struct json_node *value)
{
	(void)json;
	(void)list;
	(void)value;
}

int json_text(struct json *json, struct json_node *node, const char **ret_text)
{
	(void)json;
	(void)node;
	(void)ret_text;
	return -ENOMEM;
}

void json_drop(struct json *json, struct json_node *node)
{
	(void)json;
	(void)node;
}
