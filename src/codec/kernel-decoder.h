/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Can the kernel's own decoder read a compressed module file? It is smaller than the libraries
 * here: it knows fewer checks, filters and header fields, and says no more than "invalid argument"
 * where it lacks one.
 */
#include "codec/codec.h"

/* As much of a file as kernel_decoder_check() ever wants to see, bytes: an xz block header has at
 * most 1024 behind a stream header of 12; the name in a gzip header is a file name. */
#define KERNEL_DECODER_HEAD_MAX ((size_t)2048)

/* Larger dictionaries and windows are left to this program's decoder, which has the same limit: the
 * kernel would take memory for them that cannot be swapped. */
#define KERNEL_DECODER_WINDOW_MAX ((uint64_t)64 * 1024 * 1024)

/**
 * kernel_decoder_check() - is there anything in the header that a kernel's decoder may lack?
 * @head: the first KERNEL_DECODER_HEAD_MAX bytes of the file, or all of a shorter one
 * @diag: what it lacks, and at which offset
 *
 * Only the header of the first stream and of its first block is looked at. What depends on how the
 * kernel was built (the xz filters for machine code) counts as lacking.
 * Return: 0 nothing; -EOPNOTSUPP something; -EBADMSG the header is damaged or cut off; -EINVAL
 * @kind is CODEC_PLAIN.
 * Source: doc/formats/module.md, "Compression".
 */
int kernel_decoder_check(enum codec_kind kind, struct bytes head, struct diag *diag);

/**
 * kernel_decoder_check_single() - is there one stream only? A kernel reads the first and nothing behind it
 * @file: all of it
 * @diag: where another one begins
 *
 * Where a stream ends, no header tells: whatever looks like the start of another one counts. Within the
 * data of gzip that happens by chance once in 128 MiB, and what is taken for two streams here
 * loads all the same, decompressed by this program.
 * Return: 0 one; -EOPNOTSUPP several; -EINVAL @kind is CODEC_PLAIN. Time is linear.
 */
int kernel_decoder_check_single(enum codec_kind kind, struct bytes file, struct diag *diag);
