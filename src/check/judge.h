/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What does the kernel say to each symbol that a module uses? Asks in the kernel's order - is there
 * one, may this module have it, is it of the right version, is its namespace imported - so that one
 * import has one verdict: the first that refuses it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/graph.h"

/** enum verdict - on one import */
enum verdict {
	VERDICT_FINE,
	VERDICT_WEAK,	      /* the module does not get it, and does not mind */
	VERDICT_UNKNOWN,      /* nobody exports it: -ENOENT */
	VERDICT_LEFT_OUT,     /* who exports it can't be loaded, for the graph has left it out: -ENOENT */
	VERDICT_GPL_ONLY,     /* not for a module with this licence: -ENOENT */
	VERDICT_PROPRIETARY,  /* a module with symbols of a proprietary one has none that are GPL-only: -ENOENT */
	VERDICT_VERSION,      /* it was built with another CRC: -EINVAL */
	VERDICT_NOT_IMPORTED, /* the module does not import the namespace: -EINVAL */
	VERDICT_NOT_LISTED,   /* the namespace is "module:..." and leaves the module out: -EINVAL */
	VERDICT_UNSURE,	      /* that namespace, and a kernel of which nobody knows whether it has that rule */
};

/** enum judge_lists - what is "module:a,b-*" to the kernel? */
enum judge_lists {
	JUDGE_LISTS_UNKNOWN,
	JUDGE_LISTS_ARE_NAMES,	 /* a namespace like any other: before 6.16 */
	JUDGE_LISTS_ARE_COUNTED, /* only those modules may use it, and nobody can import it: since 6.16 */
};

/** enum judge_what - what is looked at besides whether a symbol is there, bits */
enum judge_what {
	JUDGE_LICENCES = 1u << 0,
	JUDGE_VERSIONS = 1u << 1,
	JUDGE_NAMESPACES = 1u << 2,
	/* Of what the kernel and a module both export the module gets the kernel's, as the kernel has
	 * it; without this the module's, as depmod's indexes have it. */
	JUDGE_KERNEL_FIRST = 1u << 3,
	JUDGE_AS_KERNEL = 15,
};

/** struct judgement - of all imports of all modules; judgement_done() in the end */
struct judgement {
	uint32_t *first; /* by module: number of its first import in the arrays */
	const struct graph_symbol **symbols; /* who exports it; NULL: nobody; borrowed from the graph */
	uint8_t *verdicts;  /* enum verdict */
	uint8_t *proprietary; /* by module: bool, by its licence or that of one it uses */
};

/**
 * judge_graph() - judge every import
 * @g: resolved; borrowed for the life of @ret
 * @what: enum judge_what. Licences and namespaces take facts with all tags.
 *
 * What the facts have in the table of versions only (SYMBOL_VERSION_ONLY) is looked up, and compared
 * with its exporter's version; the kernel looks at none of these but module_layout.
 * Linear in imports, n log n in the import_ns= tags of a module.
 * Return: 0; -ENOMEM.
 * Source: doc/formats/module.md, "Symbols in the kernel's eyes".
 */
int judge_graph(struct graph *g, unsigned int what, enum judge_lists lists, struct judgement *ret);

/**
 * judge_report() - findings of what depmod -e speaks about, in the order of modules and imports
 * @with_unknown: FINDING_UNKNOWN_SYMBOL; @with_versions: FINDING_CRC; @with_namespaces: FINDING_NAMESPACE
 * A weak import is reported for its namespace only, for which the kernel refuses it like others.
 * Return: 0; -ENOMEM.
 */
int judge_report(const struct judgement *judgement, const struct graph *g, bool with_unknown,
		 bool with_versions, bool with_namespaces, struct findings *findings);

/** judgement_done() - free; NULL and all zero are fine */
void judgement_done(struct judgement *judgement);

/** judge_module_name() - as the kernel knows the module: its name= tag, or else that of the file */
const char *judge_module_name(const struct graph_module *m);

/** judge_lists_of() - by the release of a kernel, "6.12.117-amd64"; NULL or no release: unknown */
enum judge_lists judge_lists_of(const char *release);

