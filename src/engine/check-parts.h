/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Steps of check_run() that fill a part of struct check_input each; not for others. What they put
 * there lives in the arena that they are given.
 */
#include "check/check.h"
#include "engine/depmod-internal.h"
#include "engine/modfile.h"

struct check_options;
struct keyring;

/**
 * check_gather_files() - what was found out about each file of @modules besides its facts, files that
 * no index can hold, and which vermagic the kernel's own modules have where the kernel did not tell
 * @modules: as many as in @d; filled but for signature, signature_why and kernel_lacks
 * @has_judge: signatures were judged
 * Return: 0; -ENOMEM.
 */
int check_gather_files(const struct depmod *d, struct arena *arena, struct check_module *modules,
		       bool has_judge, struct check_input *in);

/**
 * check_gather_indexes() - the published set, file by file beside what depmod would write now, and the
 * kernel's own lists
 * @root: before the paths of configuration as this run sees them; NULL for none
 *
 * Reads all files of the set, and walks an index where its bytes are other ones than ours.
 * Return: 0; -ENOMEM.
 */
int check_gather_indexes(const struct depmod *d, const char *root, struct arena *arena,
			 struct check_input *in);

/**
 * check_load_keys() - all keyrings that were given
 * @ret_keyring: NULL where none was given, or one is of no use (reported)
 * Return: 1 they are all there; 0 not; -ENOMEM.
 */
int check_load_keys(const struct check_options *options, const struct events *events,
		    struct keyring **ret_keyring);

/** check_judge() - for modfile_reader_set_judge(), by keyring_verify() */
struct modfile_judge check_judge(struct keyring *keyring);
