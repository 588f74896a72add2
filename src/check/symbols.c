/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Is each symbol that a module uses there, in the right version, and for a module like this?
 */
#include "check/rules-internal.h"

int check_unresolved_symbol(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		const struct facts *f = g->modules[i].facts;
		const struct facts_import *imports = facts_imports(f);

		for (uint32_t k = 0; r == 0 && k < f->n_imports; k++) {
			struct check_about about = { .module = i, .is_of_module = true };

			if ((imports[k].flags & (SYMBOL_WEAK | SYMBOL_VERSION_ONLY)) || check_import_symbol(c, i, k))
				continue;
			about.object = facts_string(f, imports[k].name);
			r = check_add(c, &about, "nobody exports %s", about.object);
		}
	}
	return r;
}
