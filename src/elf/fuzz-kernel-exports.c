/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a vmlinux. A refusal has a reason and leaves nothing behind; what was read can be found again. */
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "elf/kernel-exports.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_exports x = { 0 };
	struct diag diag = { 0 };
	int r;

	r = kernel_exports_read_elf(&x, bytes_of(data, size), &diag);
	if (r > 0 || (r < 0 && (x.n != 0 || x.knows != 0 || (r != -ENOMEM && diag.what[0] == '\0'))))
		abort();
	kernel_exports_finish(&x);
	for (uint32_t i = 0; i < x.n; i++) {
		const struct kernel_export *e = kernel_exports_find(&x, x.items[i].name);

		if (e != &x.items[i] || e->name[0] == '\0' || !(e->flags & SYMBOL_NAMESPACE) != !e->ns)
			abort();
	}
	kernel_exports_done(&x);
	return 0;
}
