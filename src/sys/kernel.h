/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The running kernel as a loader of modules sees it: insert, remove, states, and the commands that
 * configuration puts in their place. One interface with two makers: the real kernel (here) and a
 * model of it (src/model), which can show schedules and failures that a real one rarely does.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/buf.h"
#include "bytes/bytes.h"

/** enum module_state - of a module in the kernel */
enum module_state {
	MODULE_ABSENT,
	MODULE_COMING, /* its init runs */
	MODULE_LIVE,
	MODULE_GOING,	 /* its exit runs */
	MODULE_NO_STATE, /* known to the kernel, without a state: built in, or it just appears */
};

/* Flags of struct kernel_insert. Source: finit_module(2). */
enum kernel_insert_flags {
	KERNEL_IGNORE_MODVERSIONS = 1u << 0,
	KERNEL_IGNORE_VERMAGIC = 1u << 1,
	KERNEL_COMPRESSED = 1u << 2, /* the kernel is to decompress the file */
};

/** struct kernel_insert - one attempt to insert a module */
struct kernel_insert {
	const char *name;   /* module, for the model; the real kernel takes it from the file */
	int fd;		    /* of the file; below 0: insert @image instead */
	struct bytes image; /* decompressed */
	const char *params; /* parameters, separated by blanks; "" for none */
	unsigned int flags; /* enum kernel_insert_flags; none with @image */
};

/** struct kernel_command - a command that stands for an insertion or a removal */
struct kernel_command {
	const char *command; /* for sh -c */
	const char *module;  /* becomes MODPROBE_MODULE in its environment */
	const char *options; /* becomes MODPROBE_OPTIONS; NULL leaves it as it is */
	const char *params;  /* becomes CMDLINE_OPTS; NULL leaves it as it is */
};

/** struct kernel - what a maker gives; every member is set */
struct kernel {
	void *ctx;

	/** Return: 0; -errno of finit_module(2) or init_module(2). */
	int (*insert)(void *ctx, const struct kernel_insert *insert);

	/** @flags: O_NONBLOCK, O_TRUNC (force). Return: 0; -errno of delete_module(2). */
	int (*remove)(void *ctx, const char *name, unsigned int flags);

	/** Return: 0, *@ret_state written; -errno but ENOENT, which is MODULE_ABSENT. */
	int (*state)(void *ctx, const char *name, enum module_state *ret_state);

	/** Users of a module, of whatever kind. Return: 0; -ENOENT absent or built in; -errno. */
	int (*users)(void *ctx, const char *name, long *ret_n_users);

	/**
	 * Names of modules that use @name by symbols, in the order of the kernel's directory, each with
	 * a NUL behind, appended to @holders. Return: 0; -ENOENT absent or built in; -errno.
	 */
	int (*holders)(void *ctx, const char *name, struct buf *holders);

	/**
	 * A file of the running system, @path without a leading '/': "proc/modules", "proc/cmdline",
	 * "sys/module/compression". Appended to @out, up to its max.
	 * Return: 0; -ENOENT; -E2BIG; -errno.
	 */
	int (*read)(void *ctx, const char *path, struct buf *out);

	/**
	 * Run a command and wait for it. Return: its wait status as waitpid(2) gives it; -errno when it
	 * could not be started.
	 */
	int (*run)(void *ctx, const struct kernel_command *command);

	/** Wait until something may have changed, @usec at the most. */
	void (*wait)(void *ctx, uint32_t usec);

	/** Monotonic clock, microseconds. */
	int64_t (*now_usec)(void *ctx);
};

/** struct kernel_real - memory of the real kernel; fields are private */
struct kernel_real {
	int root_fd; /* of the runtime root; AT_FDCWD for the root of this process */
};

/**
 * kernel_open() - the kernel that this program runs on
 * @root: where /proc and /sys stand: "" or a directory with a captured tree. Insert and remove mean
 *        the running kernel whatever @root says.
 * @real: must outlive @ret_kernel; kernel_close() in the end
 * Return: 0; -errno of open(2) for @root. A missing sys/module is no error: all modules are absent.
 */
int kernel_open(const char *root, struct kernel_real *real, struct kernel *ret_kernel);

/** kernel_close() - give back the descriptors; @real may hold a descriptor of -1 */
void kernel_close(struct kernel_real *real);

/** module_state_name() - "live", "coming", "going", "builtin" (no state), "absent" */
const char *module_state_name(enum module_state state);
