/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "conf/option-words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The kernel takes parameters apart at blanks; no other kind may be left. */
static void check_parameters(const struct buf *out)
{
	if (!out->error && out->size && (memchr(out->base, '\n', out->size) || memchr(out->base, '\t', out->size)))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	CLEANUP_BUF struct buf out = { 0 };
	char *text = arena_alloc(&arena, size + 1);
	size_t sum = 0;
	char **words;
	int n;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	n = option_words_split(text, &arena, &words);
	for (int i = 0; i < n; i++) {
		sum += strlen(words[i]);
		option_put_parameter(&out, words[i]);
	}
	if (sum > strlen(text) || (n >= 0 && words[n]))
		__builtin_trap();
	check_parameters(&out);
	return 0;
}
