/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/libcrypto.h"

#include <dlfcn.h>

#include "codec/library.h"

DLOPEN_NOTE({"feature": "signatures",
	     "description": "Shows by whom and how kernel modules are signed",
	     "priority": "recommended",
	     "soname": ["libcrypto.so.3"]});

int libcrypto_open(struct libcrypto *crypto, const char *what, struct diag *diag)
{
	static const struct library_function functions[] = {
#define X(function) { #function, offsetof(struct functions, function) },
		LIBCRYPTO_FUNCTIONS(X)
#undef X
	};
	int r;

	if (crypto->library)
		return 0;
	r = library_open("libcrypto.so.3", what, functions, sizeof(functions) / sizeof(functions[0]),
			 &crypto->f, &crypto->library, diag);
	if (r == 0)
		crypto->f.OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	return r;
}

void libcrypto_close(struct libcrypto *crypto)
{
	if (crypto->library)
		dlclose(crypto->library);
	*crypto = (struct libcrypto){ 0 };
}
