/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Input: a compressed file or its head. A refusal has a reason and a place inside of it. */
#include <stdlib.h>

#include "bytes/diag.h"
#include "codec/kernel-decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes head = bytes_of(data, size);
	struct diag diag = { 0 };
	int r;

	if (kernel_decoder_check_single(codec_detect(head), head, &diag) == -EOPNOTSUPP &&
	    (!diag.what[0] || diag.where == 0 || diag.where >= size))
		abort();
	diag = (struct diag){ 0 };
	r = kernel_decoder_check(codec_detect(head), head, &diag);
	if (r == -EINVAL ? codec_detect(head) != CODEC_PLAIN
			 : r > 0 || (r < 0) != (diag.what[0] != '\0') || diag.where > size)
		abort();
	return 0;
}
