/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: what to take out (1 byte), and a module file. What is refused stays as it was. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "elf/force.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct force_image image;
	struct diag diag = { 0 };
	uint8_t *copy;
	int r;

	if (size == 0)
		return 0;
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	image = (struct force_image){ copy, size - 1 };
	r = force_edit(&image, data[0] & 1, data[0] & 2, &diag);
	if (image.size > size - 1 || r > 0 ||
	    (r < 0 && (image.size != size - 1 || memcmp(copy, data + 1, size - 1) != 0)) ||
	    (r < 0 && r != -ENOMEM && diag.what[0] == '\0'))
		abort();
	free(copy);
	return 0;
}
