/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bytes/buf.h"
#include "bytes/bytes.h"
#include "bytes/diag.h"
#include "index/declared.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A value that can be read comes out of what is written for it as it was. */
static void check(const char *value)
{
	CLEANUP_BUF struct buf hard_text = { 0 }, conflict_text = { 0 };
	struct declared_conflict conflict, conflict_again;
	struct declared_hard hard, hard_again;
	struct diag diag;

	if (declared_get_hard(value, &hard, &diag) == 0) {
		declared_put_hard(&hard, &hard_text);
		buf_put_u8(&hard_text, '\0');
		if (hard_text.error == 0 &&
		    (declared_get_hard((const char *)hard_text.base, &hard_again, &diag) < 0 ||
		     hard_again.word_size != hard.word_size ||
		     hard_again.file_size != hard.file_size || hard_again.line != hard.line))
			__builtin_trap();
	}
	if (declared_get_conflict(value, &conflict, &diag) == 0) {
		declared_put_conflict(&conflict, &conflict_text);
		buf_put_u8(&conflict_text, '\0');
		if (conflict_text.error == 0 &&
		    (declared_get_conflict((const char *)conflict_text.base, &conflict_again,
					   &diag) < 0 ||
		     conflict_again.module_size != conflict.module_size ||
		     conflict_again.line != conflict.line))
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUF struct buf text = { 0 };

	buf_put(&text, data, size);
	buf_put_u8(&text, '\0');
	if (text.error == 0)
		check((const char *)text.base);
	return 0;
}
