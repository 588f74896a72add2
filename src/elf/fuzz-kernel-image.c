/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Input: a kernel image, or a vmlinux. What is found lies inside of it; a refusal has a reason and a
 * place inside.
 */
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "elf/kernel-image.h"
#include "elf/kernel-version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_version(struct bytes vmlinux, const char *known)
{
	struct kernel_version v;
	struct diag diag = { 0 };
	size_t release, vermagic;
	int r;

	r = kernel_version_read(vmlinux, known, &v, &diag);
	if (r < 0) {
		if (r != -ENOMEM && diag.what[0] == '\0')
			abort();
		return;
	}
	release = strnlen(v.release, sizeof(v.release));
	vermagic = strnlen(v.vermagic, sizeof(v.vermagic));
	if (r > 0 || release == sizeof(v.release) || vermagic == sizeof(v.vermagic) ||
	    (vermagic > 0 && (strncmp(v.vermagic, v.release, release) != 0 ||
			      v.vermagic[release] != ' ')))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes file = bytes_of(data, size);
	struct kernel_image image;
	struct diag diag = { 0 };
	int r;

	r = kernel_image_find(file, &image, &diag);
	if (r < 0) {
		if (diag.what[0] == '\0' || (diag.place == DIAG_OFFSET && diag.where > size))
			abort();
		return 0;
	}
	if (image.payload.size == 0 || image.payload_off > size ||
	    image.payload.base != data + image.payload_off ||
	    image.payload.size > size - image.payload_off || image.release.size > KERNEL_RELEASE_MAX)
		abort();
	check_version(image.payload, "");
	check_version(image.payload, "6.1");
	return 0;
}
