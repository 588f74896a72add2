/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Who exports a symbol, in which namespace, and which modules of the tree use it?
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "engine/kernel-symbols.h"

struct session;

/** enum symbol_owner - who exports it */
enum symbol_owner {
	SYMBOL_OF_NOBODY,
	SYMBOL_OF_MODULE,
	SYMBOL_OF_KERNEL,
	SYMBOL_OF_UNKNOWN, /* no module, and nothing tells what the kernel exports */
};

/** struct symbol_export - strings live in the arena of struct symbol_users */
struct symbol_export {
	enum symbol_owner owner;
	const char *module; /* with SYMBOL_OF_MODULE */
	const char *path;   /* of its file */
	unsigned int knows; /* enum kernel_exports_knows: which of the next three are known */
	const char *ns;	    /* NULL: in none */
	uint32_t flags;	    /* SYMBOL_GPL, SYMBOL_CRC */
	uint32_t crc;	    /* with SYMBOL_CRC */
	const char *source; /* the file that told; NULL: none did */
	const char *source_kind; /* "module", "Module.symvers", "kernel image", ...; "" for none */
};

/** struct symbol_user - a module that imports it */
struct symbol_user {
	const char *module;
	const char *path;
	uint32_t flags; /* SYMBOL_WEAK, SYMBOL_CRC */
	uint32_t crc;	/* that it was built with */
	bool imports_namespace; /* that of the export, or is on its list of modules */
};

/** struct symbol_users - all zero before use; symbol_users_done() in the end */
struct symbol_users {
	struct arena arena;
	struct symbol_export export;
	struct symbol_user *users; /* by name of module */
	uint32_t n_users;
	uint32_t n_unread; /* modules that may use it, and cannot be read (reported) */
};

/**
 * symbol_users_find() - ask indexes first, then files
 * @kernel: where to look for what the kernel exports, if no module exports the symbol
 * @jobs: threads; 0 for one a CPU
 *
 * Cost: of a module's symbol, the modules are read whose line in modules.dep has the module; of another
 * one, all modules: each once, on all threads, decompressed in a shared budget.
 * Return: 0, whatever was found; -ENOENT there is no index of modules; -errno of a given file in @kernel
 * (reported); -ENOMEM.
 */
int symbol_users_find(struct session *s, const struct kernel_symbols_options *kernel, const char *symbol,
		      unsigned int jobs, struct symbol_users *ret);

/** symbol_users_done() - free; NULL and all zero are fine */
void symbol_users_done(struct symbol_users *users);
