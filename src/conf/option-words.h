/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Words of options in one string: MODPROBE_OPTIONS, and the parameters given to a module.
 */
#include <stddef.h>

struct arena;
struct buf;

/* What the environment may hold is bounded by the kernel; so is this. */
#define OPTION_WORDS_MAX 4096u

/**
 * option_words_split() - split the value of MODPROBE_OPTIONS
 * @arena:     owns the words and the list
 * @ret_words: list with a NULL behind the last; written only on success
 *
 * Blanks (space, tab, newline) separate words; '...' and "..." keep them together, also inside of a
 * word, and are taken off. A quote without an end reaches to the end of the string. No escapes.
 * Return: number of words; -E2BIG more than OPTION_WORDS_MAX; -ENOMEM.
 */
int option_words_split(const char *text, struct arena *arena, char ***ret_words);

/**
 * option_put_parameter() - append one parameter from a command line to a module's parameters
 * @out: a blank is put before it unless @out is empty
 *
 * KEY=VALUE with a blank in the value and no quote in it becomes KEY="VALUE", so that the kernel
 * takes it as one. Everything else goes as it is; a newline or a tab becomes a blank.
 */
void option_put_parameter(struct buf *out, const char *parameter);
