/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Which release is a vmlinux, and which vermagic does it ask of its modules? Both are texts among
 * its read-only data.
 */
#include "bytes/bytes.h"
#include "elf/kernel-image.h"

struct diag;

/* Release, half a dozen words, and a hash where structures are randomised. */
#define KERNEL_VERMAGIC_MAX ((size_t)255)

/** struct kernel_version - texts; empty where the kernel does not say, or says two things */
struct kernel_version {
	char release[KERNEL_RELEASE_MAX + 1];	/* as uname -r has it */
	char vermagic[KERNEL_VERMAGIC_MAX + 1]; /* as vermagic= of modules: "RELEASE WORD... " */
};

/**
 * kernel_version_read() - look for release and vermagic in the data of @vmlinux
 * @vmlinux: an ELF file; symbols are not needed
 * @release: what is known already, "" for nothing; then it is taken from the kernel's banner
 * @ret_version: written only on success; its release is @release where that is not empty
 *
 * A vermagic is the text that begins with the release, a blank behind it, and has nothing but words
 * and single blanks up to its NUL. Where different texts are such, none is taken.
 * Cost: one pass over the data for each of the two.
 * Return: 0, also when nothing was found; -EINVAL @release is too long; as elf_open(); -ENOMEM.
 * Source: doc/formats/kernel-image.md.
 */
int kernel_version_read(struct bytes vmlinux, const char *release,
			struct kernel_version *ret_version, struct diag *diag);
