/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * One module file on disk, compressed or not, to its facts.
 */
#include "codec/codec.h"
#include "elf/facts.h"

/* A longer signature than this is none that a kernel would look at. */
#define MODFILE_SIGNATURE_MAX ((uint32_t)1024 * 1024)

/**
 * struct modfile_budget - bounds what many readers hold of decompressed files
 * @acquire: asked before a file is decompressed, with its likely size; may wait
 * @release: called with the same number when it is gone again
 * All zero is no bound.
 */
struct modfile_budget {
	void (*acquire)(void *ctx, uint64_t bytes);
	void (*release)(void *ctx, uint64_t bytes);
	void *ctx;
};

/** struct modfile - what a file holds; everything lives in the caller's arena */
struct modfile {
	const struct facts *facts;
	enum codec_kind codec;
	uint64_t size;	     /* of the file, bytes */
	uint64_t plain_size; /* decompressed */
	/* Parts of a signature, empty without one or where it has no such part. */
	struct bytes signer, key_id, signature;
	struct bytes strings; /* with MODFILE_WANT_STRINGS: as strings_read() */
	/* With MODFILE_WANT_DECODER: what the kernel's own decoder may lack for the file, in words; NULL
	 * for nothing. */
	const char *kernel_lacks;
	int verdict; /* of the judge on the signature; 0 without either */
	const char *verdict_why; /* in words; NULL with 0 */
};

/**
 * struct modfile_judge - says whether a signature is good
 * @verify: as keyring_verify(); on the thread that reads
 */
struct modfile_judge {
	int (*verify)(void *ctx, struct bytes signature, struct bytes content, struct diag *diag);
	void *ctx;
};

/* Besides enum facts_want: texts as well. */
#define MODFILE_WANT_STRINGS (1u << 16)
/* And what a kernel's decoder would say. */
#define MODFILE_WANT_DECODER (1u << 17)

/** struct modfile_reader - memory that is reused from file to file; one a thread */
struct modfile_reader;

/**
 * modfile_reader_new() - @budget: copied; NULL for no bound
 * Return: NULL without memory.
 */
struct modfile_reader *modfile_reader_new(const struct modfile_budget *budget);
void modfile_reader_free(struct modfile_reader *reader);

/**
 * modfile_reader_set_judge() - have the signature of each file judged that is read with
 * FACTS_WANT_SIGNATURE; plain files are read as a whole then
 * @judge: copied
 */
void modfile_reader_set_judge(struct modfile_reader *reader, const struct modfile_judge *judge);

/**
 * modfile_read() - read the module file at @path below @dir_fd
 * @want: enum facts_want; signature parts are read with FACTS_WANT_SIGNATURE; MODFILE_WANT_STRINGS
 * @arena: owns what @ret_file points to
 * @ret_file: written only on success
 *
 * A compressed file is decompressed as a whole, of a plain one only what is needed is read. No
 * file is mapped: one that shrinks meanwhile is an error and no signal.
 * Return: 0; -EISDIR a directory; -EINVAL another thing that is no regular file; -ENOEXEC not a
 * module; -EBADMSG damaged; -E2BIG over CODEC_OUTPUT_MAX or another limit; -EOPNOTSUPP a kind of
 * compression that is not built in; -ENOMEM; -errno of open(2) or pread(2). The diag says why in
 * all cases but errors of open(2).
 */
int modfile_read(struct modfile_reader *reader, int dir_fd, const char *path, unsigned int want,
		 struct arena *arena, struct modfile *ret_file, struct diag *diag);
