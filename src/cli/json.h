/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * JSON output through json-c, which is opened when it is first asked for; json-none.c is the twin
 * for builds without it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bytes/bytes.h"

struct diag;

/** struct json - the opened library; the first failed allocation sticks to it, see json_text() */
struct json;

/** struct json_node - a value that is not yet part of another one */
struct json_node;

/**
 * json_open() - open the library
 * Return: 0; -EOPNOTSUPP neither built in nor installed (diag says which); -ENOMEM.
 */
int json_open(struct json **ret_json, struct diag *diag);
void json_close(struct json *json);

/**
 * json_new_map() json_new_list() json_new_string() json_new_number() json_new_bool() - new values
 * Strings: what is not UTF-8 becomes U+FFFD, a byte at a time.
 */
struct json_node *json_new_map(struct json *json);
struct json_node *json_new_list(struct json *json);
struct json_node *json_new_string(struct json *json, struct bytes text);
struct json_node *json_new_number(struct json *json, int64_t number);
struct json_node *json_new_bool(struct json *json, bool value);

/** json_new_null() - there is no other way to put a null into a map or list */
struct json_node *json_new_null(struct json *json);

/** json_get() - value of @key in @map, still part of it; NULL when it has none */
struct json_node *json_get(struct json *json, struct json_node *map, const char *key);

/** json_set() - put @value under @key, after the keys that are there; takes @value */
void json_set(struct json *json, struct json_node *map, const char *key, struct json_node *value);

/** json_append() - put @value behind the others; takes @value */
void json_append(struct json *json, struct json_node *list, struct json_node *value);

/**
 * json_text() - @node as text on one line
 * @ret_text: valid as long as @node
 * Return: 0; -ENOMEM now or in any call before.
 */
int json_text(struct json *json, struct json_node *node, const char **ret_text);

/** json_drop() - free a value that is not part of another; NULL is fine */
void json_drop(struct json *json, struct json_node *node);
