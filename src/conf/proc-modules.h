/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * /proc/modules: which modules are in the kernel, and who uses them?
 */
#include "bytes/bytes.h"

struct diag;

/* As much as a reader takes: 64 K modules with long lines. */
#define PROC_MODULES_MAX ((size_t)16 * 1024 * 1024)

/** struct proc_modules - place in the text; set @text, the rest zero */
struct proc_modules {
	struct bytes text;
	size_t off;
	unsigned int line; /* last one read, from 1 */
};

enum proc_module_state {
	PROC_MODULE_LIVE,
	PROC_MODULE_LOADING,
	PROC_MODULE_UNLOADING,
};

/** struct proc_module - one line; the strings lie in the text */
struct proc_module {
	struct bytes name;
	int64_t size; /* bytes of memory */
	/* References of any kind; a kernel that cannot unload modules does not count them. */
	int64_t n_users;
	bool has_users;
	struct bytes holders; /* for proc_modules_holder() */
	bool is_permanent;    /* has an init and no exit */
	enum proc_module_state state;
	struct bytes taints; /* letters; empty without any */
};

/**
 * proc_modules_next() - next module, in the order of the kernel: the newest first
 * @ret_module: written only with 1
 * Return: 1; 0 at the end; -EBADMSG the line is none of /proc/modules (diag: line). Go on calling:
 * it has been passed. Empty lines are passed in silence.
 */
int proc_modules_next(struct proc_modules *modules, struct proc_module *ret_module,
		      struct diag *diag);

/**
 * proc_modules_holder() - next module that uses this one by symbols, the newest use first
 * @holders: the line's, or what is left of them
 */
bool proc_modules_holder(struct bytes *holders, struct bytes *ret_name);
