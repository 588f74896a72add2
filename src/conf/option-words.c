/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/option-words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/arena.h"
#include "bytes/buf.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/*
 * One word of @text to @to, without its quotes and with a NUL behind; it is never longer than what
 * it is made of. Return: where the word ends in @text.
 */
static const char *take_word(const char *text, char *to, char **ret_end)
{
	char quote = '\0';

	for (; *text && (quote || !is_blank(*text)); text++) {
		if (*text == quote)
			quote = '\0';
		else if (!quote && (*text == '"' || *text == '\''))
			quote = *text;
		else
			*to++ = *text;
	}
	*to++ = '\0';
	*ret_end = to;
	return text;
}

int option_words_split(const char *text, struct arena *arena, char ***ret_words)
{
	/* Each word needs a byte of the text for itself or its quotes, and its NUL another or the last. */
	char *to = arena_alloc(arena, strlen(text) + 1);
	char **words = arena_alloc(arena, (OPTION_WORDS_MAX + 1) * sizeof(*words));
	unsigned int n = 0;

	if (!to || !words)
		return -ENOMEM;
	for (;;) {
		while (is_blank(*text))
			text++;
		if (!*text)
			break;
		if (n == OPTION_WORDS_MAX)
			return -E2BIG;
		words[n++] = to;
		text = take_word(text, to, &to);
	}
	words[n] = NULL;
	*ret_words = words;
	return (int)n;
}

void option_put_parameter(struct buf *out, const char *parameter)
{
	const char *value = strchr(parameter, '=');
	bool needs_quotes = value && value[1 + strcspn(value + 1, " \t\n")] && !strchr(value, '"');

	if (out->size > 0)
		buf_put_u8(out, ' ');
	for (const char *s = parameter; *s; s++) {
		buf_put_u8(out, (uint8_t)(is_blank(*s) ? ' ' : *s));
		if (needs_quotes && s == value)
			buf_put_u8(out, '"');
	}
	if (needs_quotes)
		buf_put_u8(out, '"');
}
