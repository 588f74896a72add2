/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Names of modules, aliases and files: the rules by which two spellings mean the same thing.
 */
#include <stdbool.h>
#include <stddef.h>

/* A file name has at most 255 bytes (NAME_MAX), so a module name has fewer. */
#define MODULE_NAME_MAX 255

/* Longer aliases than a page are no alias that a kernel could ask for. */
#define ALIAS_MAX 4095

/** enum module_suffix - how a module's file name ends; what is inside is told by its magic */
enum module_suffix {
	SUFFIX_NONE, /* not a module's file name */
	SUFFIX_KO,
	SUFFIX_KO_GZ,
	SUFFIX_KO_XZ,
	SUFFIX_KO_ZST,
};

/** name_suffix() - which ending @file_name has; "x.ko" alone counts, ".ko" too */
enum module_suffix name_suffix(const char *file_name);

/**
 * name_of_path() - module name of a file: base name up to the first '.', '-' folded to '_'
 * @ret_name: at least MODULE_NAME_MAX + 1 bytes
 * Return: length; -EINVAL when nothing is left or it is too long.
 */
int name_of_path(const char *path, char *ret_name);

/**
 * name_normalize_alias() - fold '-' to '_' outside of [...]
 * @ret_alias: at least ALIAS_MAX + 1 bytes
 * Return: length; -EINVAL for an unmatched bracket; -E2BIG when longer than ALIAS_MAX.
 */
int name_normalize_alias(const char *alias, char *ret_alias);

/** name_is_same() - do two spellings of a name or alias differ in nothing but '-' and '_' outside of [...]? */
bool name_is_same(const char *a, const char *b);

/** name_is_clean() - true when a line of text can carry @s: no control character, 7 bits only */
bool name_is_clean(const char *s);

/**
 * name_fold_word() - a name or alias that somebody wrote to be looked up
 * @ret_folded: at least ALIAS_MAX + 1 bytes: as name_normalize_alias()
 * Return: NULL; why nobody could answer to it, in words that go on after it.
 */
const char *name_fold_word(const char *word, char *ret_folded);
