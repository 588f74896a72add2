/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "conf/command.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first line is the command, the rest the parameters. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf command = { .max = (size_t)1 << 24 };
	CLEANUP_BUF struct buf variable = { 0 };
	char *text = malloc(size + 1), *options;
	int r;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	options = strchr(text, '\n');
	if (options)
		*options++ = '\0';
	r = command_expand(text, options ? options : "", &command, &variable);
	/* No word that a shell would split off may be an option. */
	if (r >= 0 && (variable.base[0] == '-' || strstr((const char *)variable.base, " -")))
		__builtin_trap();
	free(text);
	return 0;
}
