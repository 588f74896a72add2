/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * May a module use a symbol that is in a namespace?
 */
#include <stdbool.h>

#include "elf/facts.h"

/* Namespaces of this form name the modules that may use their symbols: "module:a,b-*". */
#define NAMESPACE_OF_MODULES "module:"

/** namespace_has_modules() - does a kernel of this release know such lists? Since 6.16; before, they are names. */
bool namespace_has_modules(const char *release);

/** namespace_is_list() - is @ns of that form? */
bool namespace_is_list(const char *ns);

/**
 * namespace_lists() - is a module in the list?
 * @module: '-' and '_' are alike; a word of the list that ends in '*' is the start of names
 * False for a namespace of another form.
 */
bool namespace_lists(const char *ns, const char *module);

/** namespace_is_imported() - has the module a tag import_ns of exactly this text? @facts with all tags */
bool namespace_is_imported(const struct facts *facts, const char *ns);

/**
 * namespace_admits() - does the kernel let a module use symbols in @ns?
 * @has_modules: namespace_has_modules()
 */
bool namespace_admits(const struct facts *facts, const char *module, const char *ns, bool has_modules);
