/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "index/declared.h"

#define FILE_NAME "/etc/depmod.d/a b: c.conf"

static void assert_part(const char *part, size_t size, const char *want)
{
	assert_int_equal(size, strlen(want));
	assert_memory_equal(part, want, size);
}

static void assert_text(struct buf *text, const char *want)
{
	buf_put_u8(text, '\0');
	assert_int_equal(text->error, 0);
	assert_string_equal((const char *)text->base, want);
}

static struct declared_hard hard_of(const char *word, enum declared_by by, enum declared_fate fate,
				    const char *file, unsigned int line)
{
	return (struct declared_hard){ word, strlen(word), by, fate, file, strlen(file), line };
}

static void assert_hard(const struct declared_hard *hard, const char *text)
{
	CLEANUP_BUF struct buf out = { 0 };
	struct declared_hard got;

	declared_put_hard(hard, &out);
	assert_text(&out, text);
	assert_int_equal(declared_get_hard(text, &got, NULL), 0);
	assert_part(got.word, got.word_size, hard->word);
	assert_part(got.file, got.file_size, hard->file);
	assert_int_equal(got.by, hard->by);
	assert_int_equal(got.fate, hard->fate);
	assert_int_equal(got.line, hard->line);
}

static void test_hard(void **state)
{
	static const char *const fates[] = { "dep", "symbol", "group", "builtin", "unknown", "cycle" };
	char text[64];

	(void)state;
	for (enum declared_fate fate = DECLARED_IN_DEP; fate <= DECLARED_CYCLE; fate++) {
		struct declared_hard hard = hard_of("realtek", DECLARED_BY_MODULE, fate, "", 0);

		(void)snprintf(text, sizeof(text), "realtek module %s .modinfo", fates[fate]);
		assert_string_equal(declared_fate_name(fate), fates[fate]);
		assert_hard(&hard, text);
	}
	assert_hard(&(struct declared_hard){ "a", 1, DECLARED_BY_CONF, DECLARED_IN_DEP, FILE_NAME,
					     strlen(FILE_NAME), 4294967295u },
		    "a conf dep " FILE_NAME ":4294967295");
	assert_hard(&(struct declared_hard){ "pci:v*", 6, DECLARED_BY_CONF_STRICT, DECLARED_GROUP,
					     "x", 1, 7 },
		    "pci:v* conf! group x:7");
}

static void test_conflict(void **state)
{
	static const char text[] = "nvidia nouveau conf! " FILE_NAME ":12";
	const struct declared_conflict conflict = { "nvidia",	   6,
						    "nouveau",	   7,
						    DECLARED_BY_CONF_STRICT, FILE_NAME,
						    strlen(FILE_NAME), 12 };
	CLEANUP_BUF struct buf out = { 0 };
	struct declared_conflict got;

	(void)state;
	declared_put_conflict(&conflict, &out);
	assert_text(&out, text);
	assert_int_equal(declared_get_conflict(text, &got, NULL), 0);
	assert_part(got.other, got.other_size, "nvidia");
	assert_part(got.module, got.module_size, "nouveau");
	assert_part(got.file, got.file_size, FILE_NAME);
	assert_int_equal(got.by, DECLARED_BY_CONF_STRICT);
	assert_int_equal(got.line, 12);
	assert_int_equal(declared_get_conflict("a b module .modinfo", &got, NULL), 0);
	assert_int_equal(got.file_size, 0);
	assert_int_equal(got.line, 0);
}

/* A folder's name may hold anything but a slash and a NUL. */
static void test_file_with_control_characters(void **state)
{
	struct declared_hard hard = hard_of("a", DECLARED_BY_CONF, DECLARED_IN_DEP,
					    "/x\n\x1b[2Jy\x7f\xc3\xa4", 1);
	CLEANUP_BUF struct buf out = { 0 };

	(void)state;
	declared_put_hard(&hard, &out);
	assert_text(&out, "a conf dep /x??[2Jy?\xc3\xa4:1");
	assert_int_equal(declared_get_hard((const char *)out.base, &hard, NULL), 0);
}

static void test_bad_hard(void **state)
{
	static const char *const texts[] = {
		"",
		" ",
		"a",
		"a module",
		"a module dep",
		"a module dep ",
		"a module dep  .modinfo",
		"a module dep .modinfo ",
		"a module dep .modinf",
		"a module dep x:1",
		" a module dep .modinfo",
		"a  module dep .modinfo",
		"a Module dep .modinfo",
		"a modul dep .modinfo",
		"a module depp .modinfo",
		"a\tb module dep .modinfo",
		"a\tmodule dep .modinfo",
		"a module\x80" "dep .modinfo",
		"a\nb module dep .modinfo",
		"\x1b[2J module dep .modinfo",
		"\xc3\xa4 module dep .modinfo",
		"a conf dep .modinfo",
		"a conf dep :1",
		"a conf dep x:",
		"a conf dep x",
		"a conf dep x:-1",
		"a conf dep x:+1",
		"a conf dep x: 1",
		"a conf dep x:1 ",
		"a conf dep x:1a",
		"a conf dep x:4294967296",
		"a conf dep x:99999999999999999999",
		"a conf dep x\ny:1",
		"a conf dep \x1b:1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct declared_hard hard;
		struct diag diag = { 0 };

		assert_int_equal(declared_get_hard(texts[i], &hard, &diag), -EBADMSG);
		assert_string_equal(diag.what, "a hard dependency in it is malformed");
	}
}

static void test_bad_conflict(void **state)
{
	static const char *const texts[] = {
		"", "a", "a b", "a b module", "a b module ", "a module .modinfo", "a b conf .modinfo",
		"a b none x:1", "a b\x01 conf x:1", "a b conf x:1:", "a  conf x:1",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct declared_conflict conflict;
		struct diag diag = { 0 };

		assert_int_equal(declared_get_conflict(texts[i], &conflict, &diag), -EBADMSG);
		assert_string_equal(diag.what, "a conflict in it is malformed");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hard),
		cmocka_unit_test(test_conflict),
		cmocka_unit_test(test_file_with_control_characters),
		cmocka_unit_test(test_bad_hard),
		cmocka_unit_test(test_bad_conflict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
