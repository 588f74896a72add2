/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Hard dependencies and conflicts in modules.modsure.bin: what was declared, by whom, and what depmod
 * made of it.
 *
 *   harddep:MODULE     WORD DECLARED FATE SOURCE     one value for each word
 *   conflict:MODULE    OTHER BY DECLARED SOURCE      one value for each other module, on both sides
 *
 * SOURCE is FILE:LINE of configuration, or .modinfo of a tag.
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct diag;

#define DECLARED_HARDDEP "harddep:"
#define DECLARED_CONFLICT "conflict:"

/** enum declared_by - who declared it: "module", "conf", "conf!" */
enum declared_by {
	DECLARED_BY_MODULE,	 /* a tag in its .modinfo */
	DECLARED_BY_CONF,	 /* a line of depmod.d */
	DECLARED_BY_CONF_STRICT, /* likewise, with a '!' */
};

/** enum declared_fate - what became of a hard dependency */
enum declared_fate {
	DECLARED_IN_DEP,    /* "dep": one module answers; it stands in modules.dep for this alone */
	DECLARED_BY_SYMBOL, /* "symbol": one module answers, whose symbols are needed as well */
	DECLARED_GROUP,	    /* "group": several answer; not in modules.dep */
	DECLARED_BUILTIN,   /* "builtin": one that answers is built in */
	DECLARED_UNKNOWN,   /* "unknown": nothing answers */
	DECLARED_CYCLE,	    /* "cycle": one module answers; it would close a cycle, and is dropped */
};

/** struct declared_hard - a value of "harddep:MODULE"; strings borrow from the value, and end there */
struct declared_hard {
	const char *word;
	size_t word_size;
	enum declared_by by;
	enum declared_fate fate;
	const char *file; /* the configuration file; "" for a tag */
	size_t file_size;
	unsigned int line; /* 0 without */
};

/** struct declared_conflict - a value of "conflict:MODULE"; likewise */
struct declared_conflict {
	const char *other; /* module; or a word that nothing answers to */
	size_t other_size;
	const char *module; /* whose declaration it is: MODULE or @other */
	size_t module_size;
	enum declared_by by;
	const char *file;
	size_t file_size;
	unsigned int line;
};

/**
 * declared_put_hard() declared_put_conflict() - append the value, without a NUL
 * Blanks may stand in @file only; control characters in it become '?'.
 */
void declared_put_hard(const struct declared_hard *hard, struct buf *out);
void declared_put_conflict(const struct declared_conflict *conflict, struct buf *out);

/**
 * declared_get_hard() declared_get_conflict() - read a value
 * Return: 0; -EBADMSG no such value (diag), @ret_ is undefined.
 */
int declared_get_hard(const char *value, struct declared_hard *ret_hard, struct diag *diag);
int declared_get_conflict(const char *value, struct declared_conflict *ret_conflict,
			  struct diag *diag);

/** declared_fate_name() declared_by_name() - the words above */
const char *declared_fate_name(enum declared_fate fate);
const char *declared_by_name(enum declared_by by);
