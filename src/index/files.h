/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The files of an index set: those that depmod has always written, and modules.modsure.bin.
 */

/** enum index_file - in the order in which depmod writes and publishes them */
enum index_file {
	INDEX_DEP,
	INDEX_DEP_BIN,
	INDEX_ALIAS,
	INDEX_ALIAS_BIN,
	INDEX_SOFTDEP,
	INDEX_WEAKDEP,
	INDEX_SYMBOLS,
	INDEX_SYMBOLS_BIN,
	INDEX_BUILTIN_BIN,
	INDEX_BUILTIN_ALIAS_BIN,
	INDEX_DEVNAME,
	INDEX_CLASSIC_FILES, /* how many there are without ours */
	INDEX_MODSURE_BIN = INDEX_CLASSIC_FILES,
	INDEX_FILES,
};

/** index_file_name() - "modules.dep", ... */
const char *index_file_name(enum index_file file);
