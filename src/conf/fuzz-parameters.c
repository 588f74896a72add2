/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a type, a newline, a value. A refusal says what is wanted. */
#include <stdlib.h>

#include "conf/parameters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
	struct parameter_value value = { .has_text = true };
	const char *wants = NULL;
	enum parameter_verdict v;
	char type[64] = "";

	if (!newline || (size_t)(newline - data) >= sizeof(type))
		return 0;
	memcpy(type, data, (size_t)(newline - data));
	value.text = bytes_of(newline + 1, size - (size_t)(newline - data) - 1);
	v = parameter_check(type, &value, size & 1, &wants);
	if (!wants || (v == PARAMETER_REFUSED) != (wants[0] != '\0'))
		abort();
	return 0;
}
