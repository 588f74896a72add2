/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What kind of kernel image is a file, and where in it is the kernel proper?
 */
#include <stdint.h>

#include "bytes/bytes.h"

struct diag;

/* Kernels allow 64 bytes (struct utsname). */
#define KERNEL_RELEASE_MAX ((size_t)64)

enum kernel_image_kind {
	KERNEL_IMAGE_ELF,     /* vmlinux: the file is the kernel proper */
	KERNEL_IMAGE_BZIMAGE, /* x86: setup code, then a payload */
	KERNEL_IMAGE_UNIFIED, /* EFI: a kernel image in the section .linux of a PE file */
};

/** struct kernel_image - where a file keeps its kernel; everything borrows from the file */
struct kernel_image {
	enum kernel_image_kind kind;
	uint64_t payload_off;	/* from the start of the file */
	struct bytes payload;	/* compressed or not, maybe an image itself; never empty */
	struct bytes release;	/* as uname -r has it; empty where the container does not say */
	bool is_size_known;	/* only of a bzImage */
	uint32_t plain_size;	/* what the payload must decompress to, bytes */
};

/** kernel_image_kind_name() - "vmlinux", "bzImage", "unified image" */
const char *kernel_image_kind_name(enum kernel_image_kind kind);

/**
 * kernel_image_find() - tell what @file is, and find its payload
 * @file: all of it, not compressed as a whole
 * @ret_image: written only on success
 *
 * Looks at headers only, and allocates nothing. What the payload holds is not looked at.
 * Return: 0; -ENOEXEC not a kernel image (diag says what it is instead); -EBADMSG damaged or cut
 * off (diag: offset); -EOPNOTSUPP a kernel image without a section table, or of a kind that is not
 * looked into (diag names it).
 * Source: doc/formats/kernel-image.md.
 */
int kernel_image_find(struct bytes file, struct kernel_image *ret_image, struct diag *diag);
