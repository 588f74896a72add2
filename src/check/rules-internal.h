/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Functions of the table of rules; not for others. Each is named after its rule and adds findings by
 * check_add(). Return: 0; -ENOMEM.
 */
#include "check/rules.h"

/* symbols.c */
int check_unresolved_symbol(struct check *c);

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
