/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Symbol namespaces in modules.modsure.bin: which exported symbol is in one, and who exports into it.
 *
 *   namespace:symbol:SYMBOL         OWNER NAMESPACE     one value for each exporter, the one that counts first
 *   namespace:exporter:NAMESPACE    OWNER               one value for each exporter
 *
 * OWNER is a module, or "vmlinux" for the kernel itself.
 */
#include <stdbool.h>
#include <stddef.h>

struct buf;
struct diag;

#define NAMESPACES_SYMBOL "namespace:symbol:"
#define NAMESPACES_EXPORTER "namespace:exporter:"

/* The kernel itself, as Module.symvers calls it. */
#define NAMESPACES_KERNEL "vmlinux"

/* Longest namespace that is written, bytes; a list of modules ("module:a,b") may be long. */
#define NAMESPACES_NAME_MAX 1023u

/* What all symbols take together, each INDEX_NODE_MAX and its key and value, bytes: a kernel has one MiB. */
#define NAMESPACES_SIZE_MAX ((size_t)48 * 1024 * 1024)

/** struct namespace_export - a value of "namespace:symbol:SYMBOL"; strings borrow from the value */
struct namespace_export {
	const char *owner;
	size_t owner_size;
	const char *ns; /* up to the NUL of the value; never empty */
};

/** namespaces_may_hold() - can a value carry @ns? NULL: yes; otherwise why not, "is ...". */
const char *namespaces_may_hold(const char *ns);

/** namespaces_put_symbol() - append the value, without a NUL; namespaces_may_hold() @ns */
void namespaces_put_symbol(const char *owner, const char *ns, struct buf *out);

/**
 * namespaces_get_symbol() - read a value
 * Return: 0; -EBADMSG no such value (diag), @ret_export is undefined.
 */
int namespaces_get_symbol(const char *value, struct namespace_export *ret_export, struct diag *diag);
