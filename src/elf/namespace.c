/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "elf/namespace.h"

#include <string.h>

#include "bytes/release.h"

bool namespace_has_modules(const char *release)
{
	return release_is_since(release, 6, 16);
}

bool namespace_is_list(const char *ns)
{
	return strncmp(ns, NAMESPACE_OF_MODULES, sizeof(NAMESPACE_OF_MODULES) - 1) == 0;
}

static bool is_alike(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((a[i] == '-' ? '_' : a[i]) != (b[i] == '-' ? '_' : b[i]))
			return false;
	return true;
}

bool namespace_lists(const char *ns, const char *module)
{
	size_t size = strlen(module);

	if (!namespace_is_list(ns))
		return false;
	for (const char *at = ns + sizeof(NAMESPACE_OF_MODULES) - 1; *at;) {
		size_t n = strcspn(at, ",");
		bool is_start = n > 0 && at[n - 1] == '*';
		size_t n_fixed = n - is_start;

		if ((is_start ? n_fixed <= size : n_fixed == size) && is_alike(at, module, n_fixed))
			return true;
		at += n + (at[n] == ',');
	}
	return false;
}

bool namespace_is_imported(const struct facts *facts, const char *ns)
{
	for (uint32_t i = 0; i < facts->n_modinfo; i++) {
		const char *imported = facts_tag(facts_modinfo(facts, i), "import_ns");

		if (imported && strcmp(imported, ns) == 0)
			return true;
	}
	return false;
}

bool namespace_admits(const struct facts *facts, const char *module, const char *ns, bool has_modules)
{
	return (has_modules && namespace_lists(ns, module)) || namespace_is_imported(facts, ns);
}
