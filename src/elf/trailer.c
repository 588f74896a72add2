/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   | ELF file | signer name | key id | signature | info (12) | magic (28) |
 *
 *   info: algo, hash, id_type, signer_size, key_id_size: 1 byte each, 3 of padding,
 *         signature size: 4 bytes, big endian
 */
#include "elf/trailer.h"

#include "bytes/diag.h"

#define TRAILER_INFO_SIZE 12

static const char magic[] = "~Module signature appended~\n";

int trailer_read(const struct source *source, struct facts_signature *ret_signature,
		 struct diag *diag)
{
	const uint64_t tail = TRAILER_INFO_SIZE + sizeof(magic) - 1;
	struct facts_signature s = { 0 };
	uint64_t names;
	struct bytes b;
	int r;

	*ret_signature = s;
	if (source->size < tail)
		return 0;
	r = source_get(source, source->size - tail, tail, &b);
	if (r < 0)
		return r;
	if (memcmp(b.base + TRAILER_INFO_SIZE, magic, sizeof(magic) - 1) != 0)
		return 0;
	s.algo = b.base[0];
	s.hash = b.base[1];
	s.id_type = b.base[2];
	s.signer_size = b.base[3];
	s.key_id_size = b.base[4];
	s.size = get_u32(b.base + 8, true);
	names = (uint64_t)s.signer_size + s.key_id_size;
	if (s.size > source->size - tail || names > source->size - tail - s.size)
		return diag_offset(diag, -EBADMSG, source->size - tail,
				   "signature of %u bytes does not fit into the file", s.size);
	s.off = source->size - tail - s.size;
	s.is_present = 1;
	*ret_signature = s;
	return 0;
}
