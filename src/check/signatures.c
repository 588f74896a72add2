/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is each module signed where it has to be, and does its signature hold?
 */
#include "check/rules-internal.h"
#include "conf/kernel-config.h"

/* Another kind of signature is none to a kernel. */
#define SIGNATURE_PKCS7 2

static bool is_signed(const struct facts *f)
{
	return f->signature.is_present && f->signature.id_type == SIGNATURE_PKCS7;
}

static bool is_enforced(const struct check *c)
{
	return c->in->config && kernel_config_is(c->in->config, "CONFIG_MODULE_SIG_FORCE");
}

/* Is it known that the kernel never looks at signatures? */
static bool is_ignored(const struct check *c)
{
	return c->in->config && !kernel_config_is(c->in->config, "CONFIG_MODULE_SIG");
}

int check_signature_missing(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	if (!is_enforced(c))
		return 0;
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct check_about about = { .module = i, .is_of_module = true, .object = "signature" };

		if (!is_signed(g->modules[i].facts))
			r = check_add(c, &about, "not signed, and the kernel is built with CONFIG_MODULE_SIG_FORCE");
	}
	return r;
}

/* A tree of which most modules are unsigned is that of a kernel that asks for no signatures. */
static bool are_most_signed(const struct graph *g)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < g->n_modules; i++)
		n += is_signed(g->modules[i].facts);
	return n > g->n_modules / 2;
}

int check_unsigned_among_signed(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	if (is_enforced(c) || is_ignored(c) || !are_most_signed(g))
		return 0;
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct check_about about = { .module = i, .is_of_module = true, .object = "signature" };

		if (!is_signed(g->modules[i].facts))
			r = check_add(c, &about, "not signed, as most modules of this tree are: it taints the kernel (E), "
				      "and a kernel that is locked down refuses it");
	}
	return r;
}

int check_bad_signature(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		const struct check_module *m = &c->in->modules[i];
		struct check_about about = { .module = i, .is_of_module = true, .object = "signature",
					     .has_severity = is_ignored(c), .severity = CHECK_WARNING };

		if (m->signature == CHECK_SIGNATURE_BAD)
			r = check_add(c, &about, "bad signature: %s", m->signature_why);
	}
	return r;
}

int check_unknown_signing_key(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		const struct check_module *m = &c->in->modules[i];
		struct check_about about = { .module = i, .is_of_module = true, .object = "signature",
					     .has_severity = is_enforced(c), .severity = CHECK_ERROR };

		if (m->signature == CHECK_SIGNATURE_UNKNOWN_KEY)
			r = check_add(c, &about, "not signed by any of the given keys: %s", m->signature_why);
	}
	return r;
}
