/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

#include "bytes/diag.h"

int library_open(const char *file, const char *what, const struct library_function *functions,
		 size_t n_functions, void *table, void **ret_library, struct diag *diag)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return diag_plain(diag, -EOPNOTSUPP, "%s without %s", what, file);
	for (size_t i = 0; i < n_functions; i++) {
		void *symbol = dlsym(library, functions[i].name);

		if (!symbol) {
			dlclose(library);
			return diag_plain(diag, -EOPNOTSUPP, "%s: %s lacks %s", what, file,
					  functions[i].name);
		}
		memcpy((char *)table + functions[i].at, &symbol, sizeof(symbol));
	}
	*ret_library = library;
	return 0;
}
