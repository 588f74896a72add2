/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Do the index files of a kernel belong together? The manifest in modules.modsure.bin says of
 * which size and content each was when they were published.
 *
 *   manifest:format        1
 *   manifest:generation    16 hex digits: hash of all that follows
 *   manifest:input         16 hex digits: hash of what the indexes were made from
 *   manifest:file:NAME     size=BYTES hash=HEX, one key for each of the eleven files
 */
#include <stdbool.h>
#include <stdint.h>

#include "index/files.h"

struct diag;
struct index_reader;

/* Raise when the meaning of a key changes; readers take other formats for no manifest. */
#define MANIFEST_FORMAT 1u

struct manifest_file {
	uint64_t size; /* bytes */
	uint64_t hash; /* hash_content(), seed 0 */
};

struct manifest {
	uint64_t generation; /* manifest_generation() of the rest */
	uint64_t input;
	struct manifest_file files[INDEX_CLASSIC_FILES];
};

/** enum manifest_verdict - what manifest_compare() finds */
enum manifest_verdict {
	MANIFEST_WHOLE,
	MANIFEST_MIXED,
};

/** manifest_generation() - hash of @m's input, sizes and hashes: the same set, the same number */
uint64_t manifest_generation(const struct manifest *m);

/**
 * manifest_write() - give the keys and values of a manifest to @put
 * @m:   its generation is not looked at but computed
 * @put: both strings are valid during the call only; below 0 ends it
 * Return: 0; what @put returned.
 */
int manifest_write(const struct manifest *m,
		   int (*put)(void *ctx, const char *key, const char *value), void *ctx);

/**
 * manifest_parse() - read the manifest in an index
 * @ret_manifest: written only on success
 * Return: 0; -ENOENT no manifest in it; -EOPNOTSUPP one of another format; -EBADMSG malformed, a
 * key missing, or not the generation that it says (diag); -ENOMEM.
 */
int manifest_parse(const struct index_reader *reader, struct manifest *ret_manifest,
		   struct diag *diag);

/**
 * manifest_compare() - do files of these sizes belong to the manifest?
 * @sizes: bytes, by enum index_file; below 0 for a file that is missing
 * @ret_first: the first file of another size; written only when mixed; may be NULL
 *
 * Contents are not looked at: a reader has no time to, and files of two generations have the same
 * eleven sizes only when next to nothing changed.
 */
enum manifest_verdict manifest_compare(const struct manifest *m,
				       const int64_t sizes[INDEX_CLASSIC_FILES],
				       enum index_file *ret_first);
