/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a pattern up to the first NUL, then a text. */
#include <stdlib.h>
#include <string.h>

#include "bytes/glob-track.h"
#include "bytes/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Two matchers that have little in common agree. */
static int track(const char *pattern, const char *text)
{
	struct glob_text prepared;
	struct glob_state state;

	glob_text_init(&prepared, text);
	glob_state_init(&state, &prepared, 0);
	for (; *pattern; pattern++)
		if (!glob_state_step(&state, &prepared, *pattern))
			return 0;
	return glob_state_matches(&state, &prepared);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *both = malloc(size + 2);
	uint64_t steps = 1 << 20;
	int r, tracked;

	if (!both)
		return 0;
	memcpy(both, data, size);
	both[size] = both[size + 1] = '\0';
	r = glob_matches_within(both, both + strlen(both) + 1, &steps);
	tracked = track(both, both + strlen(both) + 1);
	if (r >= 0 && tracked >= 0 && r != tracked)
		__builtin_trap();
	free(both);
	return 0;
}
