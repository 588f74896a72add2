/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Do the index files in a directory belong together?
 */
#include "index/manifest.h"

/**
 * index_set_check() - compare the sizes of the files with those in the set's own record
 * @ret_manifest: the record; written with 0 and 1; may be NULL
 * @ret_first: the first file of another size; written with 0; may be NULL
 *
 * Reads modules.modsure.bin and asks for the sizes of the others; no other file is read.
 * Return: 1 a whole set; 0 files of different runs, or another depmod wrote since; -ENOENT no record,
 * or none that this version reads.
 * Source: doc/formats/modsure.md.
 */
int index_set_check(int dir_fd, struct manifest *ret_manifest, enum index_file *ret_first);
