/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "bytes/diag.h"
#include "conf/proc-modules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(struct bytes name, const uint8_t *data, size_t size)
{
	if (name.size == 0 || name.base < data || name.base + name.size > data + size ||
	    memchr(name.base, '/', name.size) || memchr(name.base, '\n', name.size))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_modules modules = { .text = bytes_of(data, size) };
	struct proc_module module;
	struct bytes holder;
	struct diag diag;
	int r;

	while ((r = proc_modules_next(&modules, &module, &diag)) != 0) {
		if (r < 0)
			continue;
		check_name(module.name, data, size);
		while (proc_modules_holder(&module.holders, &holder))
			check_name(holder, data, size);
	}
	return 0;
}
