/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * From a kernel image on disk, whatever it is packed in and with, to its vmlinux.
 */
#include "elf/kernel-version.h"

struct buf;
struct diag;

/* A vmlinux with debug data has half of it; larger files are not read. */
#define KERNEL_IMAGE_FILE_MAX ((size_t)1024 * 1024 * 1024)

/* A compressed unified image that holds a bzImage with its payload: no kernel is wrapped in more. */
#define KERNEL_IMAGE_LAYERS_MAX 4

/**
 * struct kernel_image_facts - what the image says of itself
 * @format:      "vmlinux", "bzImage" or "unified image": what the file is when it is decompressed
 * @compression: of the kernel proper, as payload_name(); "none" where it is not compressed
 * @version:     release as uname -r has it, and the vermagic of its modules; empty where unknown
 */
struct kernel_image_facts {
	const char *format;
	const char *compression;
	struct kernel_version version;
};

/**
 * kernel_image_load() - read a kernel image and bring its vmlinux into memory
 * @dir_fd, @path: /boot/vmlinuz-VERSION, or a vmlinux
 * @out: empty; its max bounds nothing but what is decompressed (PAYLOAD_OUTPUT_MAX at the most).
 *       An ELF file, with a section table that elf_open() has accepted; empty after an error
 * @ret_facts: written only on success
 *
 * Cost: the size of the file, twice that of the vmlinux, and PAYLOAD_WORK_MAX while it is decompressed.
 * Offsets in the diag are those in the file, or behind them stands "(decompressed)".
 * Return: 0; -EISDIR, -EINVAL no regular file; -ENOEXEC not a kernel image; -EBADMSG damaged or
 * cut off; -E2BIG over a limit; -EOPNOTSUPP a kind of image or compression that can't be read here,
 * or a library is missing; -ENOMEM; -errno of open(2) or read(2). The diag says why in all cases
 * but errors of open(2).
 * Source: doc/formats/kernel-image.md.
 */
int kernel_image_load(int dir_fd, const char *path, struct buf *out,
		      struct kernel_image_facts *ret_facts, struct diag *diag);
