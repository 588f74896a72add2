/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Can the kernel read each compressed module itself? Since 5.17 a loader may pass the file as it is;
 * where the kernel can't, the loader has to decompress it.
 */
#include <string.h>

#include "check/rules-internal.h"
#include "conf/kernel-config.h"

/* Of the kinds of compression, which one the kernel was built to read. */
static const struct {
	const char *name; /* as struct check_module has it */
	const char *option;
} kinds[] = {
	{ "gzip", "CONFIG_MODULE_COMPRESS_GZIP" },
	{ "xz", "CONFIG_MODULE_COMPRESS_XZ" },
	{ "zstd", "CONFIG_MODULE_COMPRESS_ZSTD" },
};

static bool kernel_reads(const struct check *c, size_t kind)
{
	return kernel_config_is(c->in->config, "CONFIG_MODULE_DECOMPRESS") &&
	       kernel_config_is(c->in->config, kinds[kind].option);
}

/* One finding for all modules of a kind: they come from one build, and are mended by one option. */
static int add_kind(struct check *c, size_t kind)
{
	bool must_be_file = kernel_config_is(c->in->config, "CONFIG_SECURITY_LOADPIN_ENFORCE");
	const struct graph *g = c->in->graph;
	uint32_t n = 0, first = 0;

	for (uint32_t i = g->n_modules; i-- > 0;)
		if (c->in->modules[i].is_asked && strcmp(c->in->modules[i].compression, kinds[kind].name) == 0) {
			first = i;
			n++;
		}
	struct check_about about = { .module = first, .is_of_module = true, .object = kinds[kind].name,
				     .has_severity = must_be_file, .severity = CHECK_WARNING };

	if (n == 0 || kernel_reads(c, kind))
		return 0;
	return check_add(c, &about, "%u module%s compressed with %s, of which this is the first: the kernel cannot read "
			 "that itself (%s), so the loader has to decompress%s", n, n == 1 ? "" : "s", kinds[kind].name,
			 kernel_config_is(c->in->config, "CONFIG_MODULE_DECOMPRESS") ? kinds[kind].option
										    : "CONFIG_MODULE_DECOMPRESS",
			 must_be_file ? ", which CONFIG_SECURITY_LOADPIN_ENFORCE forbids" : "");
}

int check_kernel_cannot_decompress(struct check *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		r = add_kind(c, i);
	return r;
}

int check_kernel_decoder_lacks(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		const struct check_module *m = &c->in->modules[i];
		struct check_about about = { .module = i, .is_of_module = true, .object = m->compression };
		bool can = false;

		for (size_t k = 0; m->kernel_lacks && k < sizeof(kinds) / sizeof(kinds[0]); k++)
			can |= strcmp(m->compression, kinds[k].name) == 0 && kernel_reads(c, k);
		if (can)
			r = check_add(c, &about, "compressed in a way that the kernel's own decoder may not read: %s",
				      m->kernel_lacks);
	}
	return r;
}
