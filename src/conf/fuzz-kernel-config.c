/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "conf/kernel-config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void bad(void *ctx, const struct diag *diag)
{
	unsigned int *last = ctx;

	if (diag->place != DIAG_LINE || diag->where <= *last)
		abort();
	*last = (unsigned int)diag->where;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct kernel_config config = { 0 };
	unsigned int last = 0;

	if (kernel_config_read(&config, bytes_of(data, size), bad, &last, NULL) == 0)
		for (uint32_t i = 0; i < config.n; i++)
			if (kernel_config_get(&config, config.items[i].name) != config.items[i].value ||
			    (i > 0 && strcmp(config.items[i - 1].name, config.items[i].name) >= 0))
				abort();
	kernel_config_done(&config);
	return 0;
}
