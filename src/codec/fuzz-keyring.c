/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Half of the bytes are a file of keys, half a signature: where, says the first one. */
#include <errno.h>
#include <stdlib.h>

#include "bytes/diag.h"
#include "codec/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keyring *keyring = keyring_new();
	struct diag diag = { 0 };
	size_t cut = size ? 1 + (size - 1) * data[0] / 255 : 0;
	int r;

	r = keyring_add(keyring, bytes_of(data + (size ? 1 : 0), cut ? cut - 1 : 0), &diag);
	if (r == 0 || (r < 0 && r != -ENOMEM && diag.what[0] == '\0'))
		abort();
	diag = (struct diag){ 0 };
	r = keyring_verify(keyring, bytes_of(data + cut, size - cut), bytes_of("m", 1), &diag);
	if (r < 0 && r != -ENOMEM && diag.what[0] == '\0')
		abort();
	keyring_free(keyring);
	return 0;
}
