/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/diag.h"
#include "index/builtin.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct builtin_list list = { .text = bytes_of(data, size) };
	struct builtin_modinfo modinfo = { .text = bytes_of(data, size) };
	char name[MODULE_NAME_MAX + 1];
	struct builtin_tag tag;
	struct diag diag;
	size_t sum = 0;
	int r;

	while ((r = builtin_list_next(&list, name, &diag)) != 0)
		sum += r > 0 ? strlen(name) : strlen(diag.what);
	while ((r = builtin_modinfo_next(&modinfo, &tag, &diag)) != 0)
		sum += r > 0 ? strlen(tag.value) - tag.value_size : strlen(diag.what);
	return sum == SIZE_MAX;
}
