/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Functions of the table of rules; not for others. Each is named after its rule and adds findings by
 * check_add(). Return: 0; -ENOMEM.
 */
#include "check/rules.h"

/** struct import_at - one import of one module */
struct import_at {
	uint32_t module;
	const struct facts_import *import;
	const char *name;
	const struct graph_symbol *symbol; /* NULL: nobody exports it */
};

/**
 * each_import() - call @each for the imports with one of these verdicts, of modules that were asked for
 * @verdicts: bits (1 << enum verdict)
 * Return: 0; what @each returned below 0, which ends it.
 */
int each_import(struct check *c, unsigned int verdicts,
		int (*each)(struct check *c, const struct import_at *at));

/** about_import() - a finding about the module, with the symbol as its object */
struct check_about about_import(const struct import_at *at);

/** symbol_owner_name() - the module, or "the kernel" */
const char *symbol_owner_name(const struct check *c, const struct graph_symbol *s);

/** check_about_finding() - where a finding about a declaration stands: a tag, or file and line */
struct check_about check_about_finding(const struct finding *x);

/* The rules, by file, in the order of their ids. */

/* symbols.c */
int check_unresolved_symbol(struct check *c);
int check_gpl_only_symbol(struct check *c);
int check_proprietary_provider(struct check *c);
int check_symbol_version(struct check *c);
int check_no_symbol_versions(struct check *c);
int check_symbol_without_version(struct check *c);
int check_weak_unresolved(struct check *c);

/* unloadable.c */
int check_exports_kernel_symbol(struct check *c);
int check_exported_twice(struct check *c);
int check_symbol_cycle(struct check *c);
int check_needs_itself(struct check *c);
int check_needs_unloadable(struct check *c);

/* namespaces.c */
int check_namespace_not_imported(struct check *c);
int check_namespace_unused(struct check *c);
int check_namespace_unknown(struct check *c);
int check_builtin_namespace_unknown(struct check *c);
int check_module_not_listed(struct check *c);
int check_module_list_imported(struct check *c);
int check_module_list_not_counted(struct check *c);

/* dependencies-hard.c */
int check_unknown_harddep(struct check *c);
int check_forbidden_harddep(struct check *c);

/* dependencies.c */
int check_unknown_softdep(struct check *c);
int check_unknown_weakdep(struct check *c);
int check_dependency_on_itself(struct check *c);
int check_unmarked_softdep(struct check *c);
int check_several_softdeps(struct check *c);
int check_dependency_taken_back(struct check *c);
int check_bad_dependency(struct check *c);

/* dependencies-conflict.c */
int check_unknown_conflict(struct check *c);
int check_conflict_with_need(struct check *c);

/* dependencies-order.c */
int check_harddep_cycle(struct check *c);
int check_softdep_cycle(struct check *c);

/* files.c */
int check_unreadable_module(struct check *c);
int check_unfit_file_name(struct check *c);
int check_duplicate_module(struct check *c);
int check_built_in_module(struct check *c);

/* modules.c */
int check_renamed_module(struct check *c);
int check_wrong_vermagic(struct check *c);
int check_no_vermagic(struct check *c);
int check_wrong_machine(struct check *c);
int check_incomplete_module(struct check *c);
int check_no_license_tag(struct check *c);
int check_livepatch_unsupported(struct check *c);
int check_unknown_export_table(struct check *c);

/* compression.c */
int check_kernel_cannot_decompress(struct check *c);
int check_kernel_decoder_lacks(struct check *c);

/* signatures.c */
int check_signature_missing(struct check *c);
int check_unsigned_among_signed(struct check *c);
int check_bad_signature(struct check *c);
int check_unknown_signing_key(struct check *c);

/* aliases.c */
int check_impossible_alias(struct check *c);
int check_unfit_alias(struct check *c);
int check_devname_without_numbers(struct check *c);

/* configuration.c */
int check_bad_configuration(struct check *c);
int check_unused_configuration(struct check *c);
int check_configuration_of_no_module(struct check *c);
int check_alias_of_no_module(struct check *c);

/* configuration-options.c */
int check_unknown_parameter(struct check *c);
int check_parameter_twice(struct check *c);
int check_refused_parameter(struct check *c);

/* indexes.c */
int check_no_indexes(struct check *c);
int check_index_missing(struct check *c);
int check_index_corrupt(struct check *c);
int check_indexes_older(struct check *c);
int check_indexes_mixed(struct check *c);
int check_indexes_outdated(struct check *c);
int check_foreign_indexes(struct check *c);
int check_kernel_list_missing(struct check *c);
int check_kernel_list_damaged(struct check *c);
