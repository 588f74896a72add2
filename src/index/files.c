/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "index/files.h"

static const char *const names[INDEX_FILES] = {
	[INDEX_DEP] = "modules.dep",
	[INDEX_DEP_BIN] = "modules.dep.bin",
	[INDEX_ALIAS] = "modules.alias",
	[INDEX_ALIAS_BIN] = "modules.alias.bin",
	[INDEX_SOFTDEP] = "modules.softdep",
	[INDEX_WEAKDEP] = "modules.weakdep",
	[INDEX_SYMBOLS] = "modules.symbols",
	[INDEX_SYMBOLS_BIN] = "modules.symbols.bin",
	[INDEX_BUILTIN_BIN] = "modules.builtin.bin",
	[INDEX_BUILTIN_ALIAS_BIN] = "modules.builtin.alias.bin",
	[INDEX_DEVNAME] = "modules.devname",
	[INDEX_MODSURE_BIN] = "modules.modsure.bin",
};

const char *index_file_name(enum index_file file)
{
	return names[file];
}
