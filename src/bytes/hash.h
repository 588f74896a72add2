/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Two hashes: one whose values decide the order of lines in depmod's files, so that it is part of
 * their format, and one for our own tables.
 */
#include <stddef.h>
#include <stdint.h>

/**
 * hash_order() - the hash that orders modules and symbols in depmod's files
 *
 * Paul Hsieh's hash with 16-bit loads that are little endian on every machine, so that the
 * order of the output never depends on where depmod runs.
 * Source: doc/formats/depmod.md, "Order".
 */
uint32_t hash_order(const void *data, size_t size);

/** hash_name() - hash for tables in memory or in facts records; never 0 */
uint32_t hash_name(const char *s, size_t size);

/** hash_content() - 64-bit hash of any bytes, chained through @seed; tells contents apart */
uint64_t hash_content(const void *data, size_t size, uint64_t seed);
