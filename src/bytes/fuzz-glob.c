/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a pattern up to the first NUL, then a text. */
#include <stdlib.h>
#include <string.h>

#include "bytes/glob.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *both = malloc(size + 2);
	uint64_t steps = 1 << 20;

	if (!both)
		return 0;
	memcpy(both, data, size);
	both[size] = both[size + 1] = '\0';
	(void)glob_matches_within(both, both + strlen(both) + 1, &steps);
	free(both);
	return 0;
}
