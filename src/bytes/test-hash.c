/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes/hash.h"

/* Made by an implementation of the description of the format in another language. */
static const struct {
	const char *text;
	uint32_t want;
} order_values[] = {
	{ "", 0x00000000u },
	{ "a", 0x115ea782u },
	{ "ab", 0x516b8b44u },
	{ "abc", 0xd2be198au },
	{ "abcd", 0xdad8b8dbu },
	{ "ext4", 0xe679ab16u },
	{ "r8169", 0x833bfae5u },
	{ "symbol", 0x13257769u },
	{ "__put_net", 0x1d9e8bf0u },
	{ "usb_storage", 0x9f9b2fabu },
	{ "snd_hda_intel", 0x6e4028a1u },
};

static void test_order(void **state)
{
	char long_name[255];

	(void)state;
	for (size_t i = 0; i < sizeof(order_values) / sizeof(order_values[0]); i++)
		assert_int_equal(hash_order(order_values[i].text, strlen(order_values[i].text)),
				 order_values[i].want);
	memset(long_name, 'x', sizeof(long_name));
	assert_int_equal(hash_order(long_name, sizeof(long_name)), 0x28092d4cu);
}

/* The same wherever the bytes lie. */
static void test_unaligned(void **state)
{
	uint64_t content = hash_content("snd_hda_intel", 13, 1);
	char room[80];

	(void)state;
	for (size_t off = 0; off < 9; off++) {
		memcpy(room + off, "snd_hda_intel", 13);
		assert_int_equal(hash_order(room + off, 13), 0x6e4028a1u);
		assert_int_equal(hash_name(room + off, 13), hash_name("snd_hda_intel", 13));
		assert_true(hash_content(room + off, 13, 1) == content);
	}
}

/* 0 marks a free place in tables. Without the rule these names would have it. */
static void test_name_is_never_0(void **state)
{
	static const char *const names[] = {
		"n000002_Ly\xdf\xe0\xd4/\xaaI",
		"n000003_\x1b\xd9X\x1f\x97L\x1d\x94",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_not_equal(hash_name(names[i], 16), 0);
	assert_int_not_equal(hash_name("", 0), 0);
}

/* A table's slots are the low bits: neighbours in the alphabet must not crowd in a few of them. */
static void test_name_spreads(void **state)
{
	unsigned int n_used = 0;
	uint8_t used[4096] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 4096; i++) {
		char name[16] = "__symbol_0000";

		for (unsigned int k = 0, v = i; k < 4; k++, v /= 10)
			name[12 - k] = (char)('0' + v % 10);
		n_used += !used[hash_name(name, 13) & 4095];
		used[hash_name(name, 13) & 4095] = 1;
	}
	assert_in_range(n_used, 2400, 4096); /* 2590 of random numbers */
}

static void test_content(void **state)
{
	static const char zeros[32];
	uint64_t seen[32], a;

	(void)state;
	for (size_t n = 0; n < 32; n++) {
		seen[n] = hash_content(zeros, n, 0);
		for (size_t k = 0; k < n; k++)
			assert_true(seen[k] != seen[n]);
	}
	a = hash_content("ab", 2, 0);
	assert_true(a != hash_content("ba", 2, 0));
	assert_true(a != hash_content("ab", 2, 1));
	assert_true(hash_content("b", 1, hash_content("a", 1, 0)) !=
		    hash_content("", 0, hash_content("ab", 2, 0)));
	assert_true(a == hash_content("ab", 2, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),		cmocka_unit_test(test_unaligned),
		cmocka_unit_test(test_name_is_never_0), cmocka_unit_test(test_name_spreads),
		cmocka_unit_test(test_content),
	};

	return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}
