/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/diag.h"
#include "conf/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_CONF_LINES struct conf_lines lines = { .text = bytes_of(data, size) };
	unsigned int line, last = 0;
	struct diag diag;
	char *text;
	int r;

	while ((r = conf_lines_next(&lines, &text, &line, &diag)) != 0) {
		if (r < 0)
			continue;
		if (line <= last)
			__builtin_trap();
		last = line;
		while (conf_word(&text))
			;
	}
	return 0;
}
