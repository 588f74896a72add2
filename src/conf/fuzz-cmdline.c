/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/cmdline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void touch(struct bytes b, struct bytes inside)
{
	if (b.size > inside.size)
		__builtin_trap();
	for (size_t i = 0; i < b.size; i++)
		sink += b.base[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cmdline line = { .text = bytes_of(data, size) };
	struct cmdline_word word;
	size_t last = 0;

	while (cmdline_next(&line, &word)) {
		struct bytes item;
		size_t off = 0;

		if (line.off <= last)
			__builtin_trap();
		last = line.off;
		touch(word.module, line.text);
		touch(word.key, line.text);
		touch(word.value, line.text);
		if (word.is_quoted && !word.has_value)
			__builtin_trap();
		while (cmdline_list_next(word.value, &off, &item)) {
			if (item.size == 0 || memchr(item.base, ',', item.size))
				__builtin_trap();
			touch(item, word.value);
		}
	}
	return cmdline_is_blacklisted(line.text, "a,b");
}
