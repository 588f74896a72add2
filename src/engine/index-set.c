/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/index-set.h"

#include "bytes/buf.h"
#include "index/reader.h"
#include "sys/sys.h"

/* A manifest has two KiB; what else may stand in the file has a few MiB. */
#define MODSURE_BIN_MAX ((size_t)256 * 1024 * 1024)

int index_set_check(int dir_fd, struct manifest *ret_manifest, enum index_file *ret_first)
{
	CLEANUP_BUF struct buf file = { .max = MODSURE_BIN_MAX };
	int64_t sizes[INDEX_CLASSIC_FILES];
	struct index_reader reader;
	struct manifest manifest;
	struct sys_entry entry;

	if (sys_read_file(dir_fd, index_file_name(INDEX_MODSURE_BIN), &file) < 0 ||
	    index_reader_open(buf_bytes(&file), &reader, NULL) < 0 ||
	    manifest_parse(&reader, &manifest, NULL) < 0)
		return -ENOENT;
	for (int i = 0; i < INDEX_CLASSIC_FILES; i++)
		sizes[i] = sys_stat(dir_fd, index_file_name((enum index_file)i), &entry) == 0
				   ? (int64_t)entry.size
				   : -1;
	if (ret_manifest)
		*ret_manifest = manifest;
	return manifest_compare(&manifest, sizes, ret_first) == MANIFEST_WHOLE;
}
