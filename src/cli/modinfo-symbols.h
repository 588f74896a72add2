/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What modinfo --exports and --imports show of one file. Text and JSON layout are a promise, see modinfo(8).
 */
#include "engine/modfile.h"

struct json;
struct log;

enum modinfo_symbols {
	MODINFO_SYMBOLS_NONE,
	MODINFO_SYMBOLS_EXPORTS,
	MODINFO_SYMBOLS_IMPORTS,
};

/** struct modinfo_list - how to print it */
struct modinfo_list {
	enum modinfo_symbols what;
	char separator;	   /* behind each line: '\n', or 0 */
	struct json *json; /* NULL: as text */
	const struct log *log;
	struct modfile_reader *reader;
	struct arena *arena; /* of the file at hand */
	size_t n_printed;    /* files; JSON objects stand a line each */
};

/**
 * modinfo_list_file() - print what the module file, kernel image or vmlinux at @path exports or imports
 * @argument: which the user named it by
 *
 * A file whose name does not end as those of modules do is a kernel if it looks like one.
 * Return: 0; -errno (reported).
 */
int modinfo_list_file(struct modinfo_list *list, const char *argument, const char *path);
