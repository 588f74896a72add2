/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/diag.h"
#include "conf/symvers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static int each(void *ctx, const struct symvers_symbol *s)
{
	(void)ctx;
	for (size_t i = 0; i < s->name_size; i++)
		sink += (uint8_t)s->name[i];
	for (size_t i = 0; i < s->owner_size; i++)
		sink += (uint8_t)s->owner[i];
	for (size_t i = 0; i < s->type_size; i++)
		sink += (uint8_t)s->type[i];
	for (size_t i = 0; i < s->ns_size; i++)
		sink += (uint8_t)s->ns[i];
	return 0;
}

static void bad(void *ctx, const struct diag *diag)
{
	(void)ctx;
	sink += (uint8_t)strlen(diag->what);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct symvers_use use = { each, bad, NULL };

	(void)symvers_read(bytes_of(data, size), &use, NULL);
	(void)system_map_read(bytes_of(data, size), &use, NULL);
	return 0;
}
