/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * From a resolved graph to the bytes of the index files.
 */
#include "bytes/buf.h"
#include "graph/graph.h"

/* No index set of a real kernel comes near; bounds what a chain of hostile modules makes. */
#define OUTPUT_TEXT_MAX ((size_t)512 * 1024 * 1024)

struct builtin_alias {
	const char *alias;
	const char *module;
};

/**
 * outputs_dep()     - modules.dep and modules.dep.bin
 * outputs_alias()   - modules.alias and modules.alias.bin
 * outputs_symbols() - modules.symbols and modules.symbols.bin
 * outputs_tags()    - modules.softdep (@key "softdep") or modules.weakdep ("weakdep")
 * outputs_merged_softdeps() - modules.softdep with one line a module: all words of its tags in their
 *                     order, each once before and once behind "post:". A module whose line would be
 *                     longer than CONF_LINE_MAX, which readers pass over, keeps a line a tag.
 * outputs_devname() - modules.devname
 * outputs_builtin() - modules.builtin.bin, from @n module names
 * outputs_builtin_alias() - modules.builtin.alias.bin, from @n aliases as they stand in
 *                     modules.builtin.modinfo; those that no index can hold go to @bad
 * @g:        resolved; may be shared by threads that run different ones of these at once
 * @findings: what could not be written, and with @warn keys that have several values
 * @text, @bin: empty; written only as far as the return value is 0
 *
 * Where the aliases or symbols of a few modules make an index too large, theirs are left out (FINDING_HEAVY).
 *
 * Linear in what they write, plus sorting the keys.
 * Return: 0; -E2BIG over OUTPUT_TEXT_MAX or INDEX_SIZE_MAX; -ENOMEM.
 * Source: doc/formats/depmod.md.
 */
int outputs_dep(const struct graph *g, bool warn, struct buf *text, struct buf *bin,
		struct findings *findings);
int outputs_alias(const struct graph *g, bool warn, struct buf *text, struct buf *bin,
		  struct findings *findings);
int outputs_symbols(const struct graph *g, bool warn, struct buf *text, struct buf *bin,
		    struct findings *findings);
int outputs_tags(const struct graph *g, const char *key, struct buf *text,
		 struct findings *findings);
int outputs_merged_softdeps(const struct graph *g, struct buf *text, struct findings *findings);
int outputs_devname(const struct graph *g, struct buf *text, struct findings *findings);
int outputs_builtin(const char *const *names, size_t n, struct buf *bin);
int outputs_builtin_alias(const struct builtin_alias *aliases, size_t n, struct buf *bin,
			  void (*bad)(void *ctx, const struct builtin_alias *alias, const char *why),
			  void *ctx);

/**
 * outputs_namespaces() - exported symbols that are in a namespace, and who exports into one
 * @with_kernel: those of the kernel itself too, as far as @g has them
 * @arena: of keys and values, which @put borrows
 * @put: a key of modules.modsure.bin and one of its values
 *
 * Of several exporters of one name the one that counts has the lowest priority. A namespace that a value
 * cannot hold is a finding, and so is the first one over NAMESPACES_SIZE_MAX, behind which none is put.
 * Linear in the symbols of @g, plus sorting what is in namespaces.
 * Return: 0; what @put returned; -ENOMEM.
 * Source: doc/formats/modsure.md.
 */
int outputs_namespaces(const struct graph *g, bool with_kernel, struct arena *arena,
		       struct findings *findings,
		       int (*put)(void *ctx, const char *key, const char *value, uint32_t priority),
		       void *ctx);
