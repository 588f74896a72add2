/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   number   [-+] then 0x and hexadecimal, 0 and octal, or decimal digits; one newline may follow
 *   bool     begins with one of y Y t T 1, n N f F 0, on of oN oF and so on; no value means yes
 *   array    elements of one type with commas between
 */
#include "conf/parameters.h"

#define ARRAY "array of "

/** struct number_type - a type whose values are numbers; @n_bits of 0 is a long */
struct number_type {
	const char *name;
	unsigned int n_bits;
	bool is_signed;
	const char *wants;
};

static const struct number_type number_types[] = {
	{ "byte", 8, false, "a number from 0 to 255" },
	{ "short", 16, true, "a number from -32768 to 32767" },
	{ "ushort", 16, false, "a number from 0 to 65535" },
	{ "int", 32, true, "a number from -2147483648 to 2147483647" },
	{ "uint", 32, false, "a number from 0 to 4294967295" },
	{ "hexint", 32, false, "a number from 0 to 0xffffffff" },
	{ "long", 0, true, "a whole number that fits into a long" },
	{ "ulong", 0, false, "a whole number, not negative, that fits into an unsigned long" },
	{ "ullong", 64, false, "a whole number from 0 to 18446744073709551615" },
};

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static int base_of(struct bytes b, size_t *at)
{
	if (*at >= b.size || b.base[*at] != '0')
		return 10;
	if (b.size - *at > 2 && (b.base[*at + 1] | 0x20) == 'x' && digit_of(b.base[*at + 2]) < 16) {
		*at += 2;
		return 16;
	}
	return 8;
}

/* Digits up to the end, or to one newline there. */
static bool read_magnitude(struct bytes b, size_t at, uint64_t *ret_v)
{
	int base = base_of(b, &at);
	uint64_t v = 0;
	size_t end = b.size;

	if (end > at && b.base[end - 1] == '\n')
		end--;
	if (at >= end)
		return false;
	for (; at < end; at++) {
		int digit = digit_of(b.base[at]);

		if (digit >= base || __builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit, &v))
			return false;
	}
	*ret_v = v;
	return true;
}

static bool is_number(const struct number_type *type, struct bytes b, bool is_64)
{
	unsigned int n_bits = type->n_bits ? type->n_bits : is_64 ? 64 : 32;
	bool is_negative = type->is_signed && b.size > 0 && b.base[0] == '-';
	bool has_sign = is_negative || (b.size > 0 && b.base[0] == '+');
	uint64_t v, most = UINT64_MAX >> (64 - n_bits + type->is_signed);

	return read_magnitude(b, has_sign, &v) && v <= most + is_negative;
}

static bool is_bool(struct bytes b)
{
	uint8_t c = b.size > 0 ? b.base[0] : 0;

	if ((c == 'o' || c == 'O') && b.size > 1)
		return memchr("nNfF", b.base[1], 4);
	return c && strchr("yYtT1nNfF0", c);
}

static const struct number_type *number_type(const char *name)
{
	for (size_t i = 0; i < sizeof(number_types) / sizeof(number_types[0]); i++)
		if (strcmp(number_types[i].name, name) == 0)
			return &number_types[i];
	return NULL;
}

static bool is_bool_type(const char *type)
{
	return strcmp(type, "bool") == 0 || strcmp(type, "bool_enable_only") == 0 ||
	       strcmp(type, "bint") == 0 || strcmp(type, "invbool") == 0;
}

static enum parameter_verdict verdict(bool is_taken)
{
	return is_taken ? PARAMETER_TAKEN : PARAMETER_REFUSED;
}

/* @value: of one element */
static enum parameter_verdict check_one(const char *type, const struct parameter_value *value,
					bool is_64, const char **ret_wants)
{
	const struct number_type *number = number_type(type);

	if (number) {
		*ret_wants = number->wants;
		return verdict(value->has_text && is_number(number, value->text, is_64));
	}
	if (is_bool_type(type)) {
		*ret_wants = "Y or N";
		return verdict(!value->has_text || is_bool(value->text));
	}
	if (strcmp(type, "charp") == 0) {
		*ret_wants = "a text of at most 1024 characters";
		return verdict(value->has_text && value->text.size <= PARAMETER_TEXT_MAX);
	}
	return PARAMETER_UNKNOWN;
}

static enum parameter_verdict check_array(const char *type, const struct parameter_value *value,
					  bool is_64, const char **ret_wants)
{
	struct parameter_value one = { .has_text = true };
	size_t at = 0;

	if (!value->has_text) {
		*ret_wants = "a list of values with commas between";
		return PARAMETER_REFUSED;
	}
	while (at <= value->text.size) {
		const uint8_t *from = value->text.size > 0 ? value->text.base + at : NULL;
		size_t left = value->text.size - at;
		const uint8_t *comma = left > 0 ? memchr(from, ',', left) : NULL;
		enum parameter_verdict v;

		one.text = bytes_of(from, comma ? (size_t)(comma - from) : left);
		v = check_one(type, &one, is_64, ret_wants);
		if (v != PARAMETER_TAKEN)
			return v;
		at += one.text.size + 1;
	}
	return PARAMETER_TAKEN;
}

enum parameter_verdict parameter_check(const char *type, const struct parameter_value *value,
				       bool is_64, const char **ret_wants)
{
	const char *wants = "";
	enum parameter_verdict v;

	if (strncmp(type, ARRAY, sizeof(ARRAY) - 1) == 0)
		v = check_array(type + sizeof(ARRAY) - 1, value, is_64, &wants);
	else
		v = check_one(type, value, is_64, &wants);
	*ret_wants = v == PARAMETER_REFUSED ? wants : "";
	return v;
}

bool parameter_is_named(struct bytes key, struct bytes name)
{
	if (key.size != name.size)
		return false;
	for (size_t i = 0; i < key.size; i++) {
		uint8_t a = key.base[i] == '-' ? '_' : key.base[i];
		uint8_t b = name.base[i] == '-' ? '_' : name.base[i];

		if (a != b)
			return false;
	}
	return true;
}
