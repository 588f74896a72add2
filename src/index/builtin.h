/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The two files in which a kernel build lists what is built in: modules.builtin (a path a line)
 * and modules.builtin.modinfo ("module.key=value", each with a NUL behind).
 */
#include "bytes/bytes.h"
#include "bytes/name.h"

struct diag;

/** struct builtin_list - place in a modules.builtin; set @text, the rest zero */
struct builtin_list {
	struct bytes text;
	size_t off;
	unsigned int line; /* last one read, from 1 */
};

/**
 * builtin_list_next() - name of the next built-in module
 * @ret_name: at least MODULE_NAME_MAX + 1 bytes; written only with 1
 * Return: 1; 0 at the end; -EBADMSG the line is no path that starts with a letter (diag: line). Go
 * on calling: the line has been passed. Empty lines are passed in silence.
 */
int builtin_list_next(struct builtin_list *list, char *ret_name, struct diag *diag);

/** struct builtin_modinfo - place in a modules.builtin.modinfo; set @text, the rest zero */
struct builtin_modinfo {
	struct bytes text;
	size_t off;
};

/** struct builtin_tag - one entry; the strings lie in the file, only @value ends in a NUL */
struct builtin_tag {
	const char *module; /* as the kernel spells it */
	size_t module_size;
	const char *key;
	size_t key_size;
	const char *value;
	size_t value_size;
};

/**
 * builtin_modinfo_next() - next entry
 * @ret_tag: written only with 1
 * Return: 1; 0 at the end; -EBADMSG no "module.key=value", or cut off (diag: offset). Go on
 * calling: the entry has been passed. Empty entries are padding and passed in silence.
 */
int builtin_modinfo_next(struct builtin_modinfo *modinfo, struct builtin_tag *ret_tag,
			 struct diag *diag);
