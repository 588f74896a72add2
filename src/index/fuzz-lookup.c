/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a request up to the first NUL, then an index that stands for all five. */
#include "index/lookup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	const char *request = (const char *)data;
	struct lookup lookup = { 0 };
	const char *path;
	struct dep_line line;
	size_t n, sum = 0;

	if (!size || !memchr(data, 0, size))
		return 0;
	n = strlen(request) + 1;
	for (enum lookup_source i = 0; i < LOOKUP_SOURCES; i++)
		(void)lookup_add(&lookup, i, bytes_of(data + n, size - n));
	(void)lookup_find_name(&lookup, request, &answer);
	(void)lookup_find(&lookup, request, &answer);
	for (size_t i = 0; i < answer.values.n; i++)
		sum += strlen(lookup_answer_module(&answer, i));
	if (lookup_dep(&lookup, request, &line) == 0)
		while (dep_line_next(&line, &path, &n))
			sum += n;
	return sum == SIZE_MAX;
}
