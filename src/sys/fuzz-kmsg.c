/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: records of the kernel's log. Each message lies inside, behind the one before. */
#include <stdlib.h>

#include "sys/kmsg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kmsg log = { .text = bytes_of(data, size) };
	const uint8_t *last = data;
	struct kmsg_record record;

	while (kmsg_next(&log, &record)) {
		if (record.message.base <= last || record.message.base > data + size ||
		    record.message.size > (size_t)(data + size - record.message.base) ||
		    (record.message.size && memchr(record.message.base, '\n', record.message.size)))
			abort();
		last = record.message.base;
	}
	return 0;
}
