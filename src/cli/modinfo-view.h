/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What modinfo shows of one module, before it is decided how: fields in order, parameters merged,
 * signature read.
 */
#include <stdio.h>

#include "bytes/arena.h"
#include "cli/log.h"
#include "engine/modfile.h"

struct hard_names;
struct json;
struct pkcs7_reader;

/** struct modinfo_field - one line; strings live in the arena of the view */
struct modinfo_field {
	const char *key;
	const char *value;
};

/** struct modinfo_parm - a module parameter; @description and @type may be NULL */
struct modinfo_parm {
	const char *name;
	const char *description;
	const char *type;
};

/** struct modinfo_signature - @is_present tells whether there is one of a known kind */
struct modinfo_signature {
	bool is_present;
	bool is_read; /* @hash is known, and so are the others where the signature has them */
	const char *type;
	const char *hash;
	const char *signer;
	struct bytes key_id, data;
};

/** struct modinfo_view - one module */
struct modinfo_view {
	const char *name;
	const char *path; /* NULL: built in */
	enum codec_kind codec;
	uint64_t size; /* of the file, bytes */

	struct modinfo_field *fields; /* tags in the order of the file, then what we add */
	size_t n_fields;
	size_t n_tags; /* how many of the fields are tags, of the file or of indexes */
	struct modinfo_parm *parms; /* in the order of their first mention */
	size_t n_parms;
	struct bytes build_id;
	struct modinfo_signature signature;
};

/** struct modinfo_tools - what making a view needs */
struct modinfo_tools {
	const struct log *log;
	struct arena *arena; /* owns the views */
	struct pkcs7_reader *pkcs7;
	bool has_told_no_pkcs7;
};

/**
 * modinfo_view_file() - of a module file
 * @path: absolute, borrowed
 * @hard: modules to be added to its "depends" tag, and words that are a "harddep" tag where the file
 *        has none of them
 * Return: 0; -ENOMEM.
 */
int modinfo_view_file(struct modinfo_tools *tools, const char *path, const struct modfile *file,
		      const struct hard_names *hard, struct modinfo_view *ret_view);

/**
 * modinfo_view_builtin() - of a module in the kernel image
 * @text: modules.builtin.modinfo
 * Return: 0; -ENOMEM.
 */
int modinfo_view_builtin(struct modinfo_tools *tools, const char *name, struct bytes text,
			 struct modinfo_view *ret_view);

/** struct modinfo_form - of the text output */
struct modinfo_form {
	const char *field; /* only this one's values; NULL: all fields */
	char separator;	   /* '\n', or 0 */
	bool is_terminal;  /* control characters are shown as \xNN */
};

/** modinfo_print() - as text to stdout */
void modinfo_print(const struct modinfo_form *form, const struct modinfo_view *view);

/**
 * modinfo_print_json() - one JSON object to stdout, without a newline
 * @argument: which the user named it by
 * Return: 0; -ENOMEM.
 */
int modinfo_print_json(struct json *json, const char *argument, const struct modinfo_view *view);
