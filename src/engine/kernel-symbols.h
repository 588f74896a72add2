/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Which symbols does a kernel export? Asks the best source there is: Module.symvers, the kernel's
 * image, System.map, and of the running kernel /proc/kallsyms.
 */
#include <stdbool.h>

#include "elf/kernel-exports.h"
#include "elf/kernel-version.h"
#include "engine/events.h"

struct diag;
struct kernel_image_facts;

/** struct kernel_symbols_options - strings are borrowed for the time of the call; NULL: not given */
struct kernel_symbols_options {
	const char *symvers;	/* -E */
	const char *system_map; /* -F; an image (vmlinuz, vmlinux) is taken for what it is */
	const char *root;	/* before /boot, /proc and /usr/lib/modules; "" or NULL for none */
	const char *module_dir; /* BASE/lib/modules/VERSION: build/Module.symvers, vmlinuz */
	const char *version;	/* of the kernel; NULL: only what was given is read */
	bool is_running;	/* that is the running one, so that kallsyms is about it */
	char symbol_prefix;	/* what a System.map puts before all symbols; 0 for nothing */
	bool is_optional;	/* that a given file holds no symbols is no more than a remark */
};

/** struct kernel_symbols - what was found; kernel_symbols_done() in the end */
struct kernel_symbols {
	struct kernel_exports exports;
	char vermagic[KERNEL_VERMAGIC_MAX + 1]; /* "" where no image was read, or it does not tell */
	bool has_looked_at_image; /* @vermagic was looked for */
};

/**
 * kernel_symbols_find() - from the best source
 *
 * What was given comes first, and then nothing else is asked; otherwise, in this order:
 * build/Module.symvers below the module directory; images: vmlinuz there, /boot/vmlinuz-VERSION,
 * /boot/vmlinux-VERSION, vmlinux and build/vmlinux below the module directory,
 * /usr/lib/debug/boot/vmlinux-VERSION; /boot/System.map-VERSION, or that below the module directory; of the
 * running kernel /proc/kallsyms. A source that is there and no use (damaged, without symbols, an
 * image of another release) is reported with the reason, and the next one is asked. Which one was taken
 * is reported at level info, and stands in @ret.
 *
 * With @options->version, of a text each line must be what it should be: whoever looks for what is missing must not
 * be told half of it. Without, lines that are not are reported and passed over, and a given file
 * without symbols is no error.
 * Cost: an image is read, unpacked (see kernel_image_load()) and freed before this returns.
 * Return: 0, also when nothing was found: source is KERNEL_EXPORTS_NONE; -errno of a given file
 * (reported); -ENOMEM.
 */
int kernel_symbols_find(const struct kernel_symbols_options *options, const struct events *events,
			struct kernel_symbols *ret);

/**
 * kernel_symbols_read_image() - what one image or vmlinux exports
 * @ret: empty; to be searched after kernel_exports_finish(). Not empty after an error: kernel_symbols_done()
 * @ret_facts: written only on success; may be NULL
 * Return: 0; as kernel_image_load() and kernel_exports_read_elf().
 */
int kernel_symbols_read_image(const char *path, struct kernel_symbols *ret,
			      struct kernel_image_facts *ret_facts, struct diag *diag);

/** kernel_symbols_done() - free; NULL and all zero are fine */
void kernel_symbols_done(struct kernel_symbols *k);
