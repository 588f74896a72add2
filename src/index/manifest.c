/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "index/manifest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/hash.h"
#include "index/reader.h"

#define KEY_FORMAT "manifest:format"
#define KEY_GENERATION "manifest:generation"
#define KEY_INPUT "manifest:input"
#define KEY_FILE "manifest:file:"

#define HEX_DIGITS 16

static uint64_t chain(uint64_t h, uint64_t v)
{
	uint8_t p[8];

	/* The same bytes on every machine. */
	for (size_t i = 0; i < sizeof(p); i++)
		p[i] = (uint8_t)(v >> (8 * i));
	return hash_content(p, sizeof(p), h);
}

uint64_t manifest_generation(const struct manifest *m)
{
	uint64_t h = chain(MANIFEST_FORMAT, m->input);

	for (enum index_file i = 0; i < INDEX_CLASSIC_FILES; i++) {
		h = hash_content(index_file_name(i), strlen(index_file_name(i)), h);
		h = chain(h, m->files[i].size);
		h = chain(h, m->files[i].hash);
	}
	return h;
}

static void key_of_file(enum index_file file, char *to, size_t size)
{
	(void)snprintf(to, size, KEY_FILE "%s", index_file_name(file));
}

int manifest_write(const struct manifest *m,
		   int (*put)(void *ctx, const char *key, const char *value), void *ctx)
{
	char key[64], value[64];
	int r;

	(void)snprintf(value, sizeof(value), "%u", MANIFEST_FORMAT);
	r = put(ctx, KEY_FORMAT, value);
	if (r < 0)
		return r;
	(void)snprintf(value, sizeof(value), "%016llx", (unsigned long long)manifest_generation(m));
	r = put(ctx, KEY_GENERATION, value);
	if (r < 0)
		return r;
	(void)snprintf(value, sizeof(value), "%016llx", (unsigned long long)m->input);
	r = put(ctx, KEY_INPUT, value);
	for (enum index_file i = 0; r >= 0 && i < INDEX_CLASSIC_FILES; i++) {
		key_of_file(i, key, sizeof(key));
		(void)snprintf(value, sizeof(value), "size=%llu hash=%016llx",
			       (unsigned long long)m->files[i].size,
			       (unsigned long long)m->files[i].hash);
		r = put(ctx, key, value);
	}
	return r < 0 ? r : 0;
}

/* Digits of @base at @s, all lower case, no sign, no blank. Return: behind them; NULL if none. */
static const char *parse_digits(const char *s, unsigned int base, uint64_t *ret_v)
{
	const char *from = s;
	uint64_t v = 0;

	for (;; s++) {
		unsigned int digit = *s >= '0' && *s <= '9' ? (unsigned int)(*s - '0')
				   : *s >= 'a' && *s <= 'f' ? (unsigned int)(*s - 'a') + 10
							    : 16;

		if (digit >= base)
			break;
		if (__builtin_mul_overflow(v, (uint64_t)base, &v) ||
		    __builtin_add_overflow(v, (uint64_t)digit, &v))
			return NULL;
	}
	*ret_v = v;
	return s == from ? NULL : s;
}

static int parse_hex(const char *s, uint64_t *ret_v)
{
	const char *end = parse_digits(s, 16, ret_v);

	return end && !*end && end - s == HEX_DIGITS ? 0 : -EBADMSG;
}

static int parse_file(const char *s, struct manifest_file *ret_file)
{
	const char *end;

	if (strncmp(s, "size=", 5) != 0)
		return -EBADMSG;
	end = parse_digits(s + 5, 10, &ret_file->size);
	if (!end || strncmp(end, " hash=", 6) != 0)
		return -EBADMSG;
	return parse_hex(end + 6, &ret_file->hash);
}

/* The one value of @key, inside the file. */
static int find(const struct index_reader *reader, const char *key, const char **ret_value,
		struct diag *diag)
{
	CLEANUP_INDEX_VALUES struct index_values values = { 0 };
	int r = index_reader_find(reader, key, &values, diag);

	if (r < 0)
		return r;
	if (values.n != 1)
		return diag_plain(diag, -EBADMSG, "%s has %zu values", key, values.n);
	*ret_value = values.items[0].text;
	return 0;
}

/* The same for a key that every manifest has. */
static int find_part(const struct index_reader *reader, const char *key, const char **ret_value,
		     struct diag *diag)
{
	int r = find(reader, key, ret_value, diag);

	return r == -ENOENT ? diag_plain(diag, -EBADMSG, "manifest without %s", key) : r;
}

static int bad_value(struct diag *diag, const struct index_reader *reader, const char *key,
		     const char *value)
{
	return diag_offset(diag, -EBADMSG,
			   (uint64_t)((const uint8_t *)value - reader->file.base),
			   "%s is malformed", key);
}

static int read_hash(const struct index_reader *reader, const char *key, uint64_t *ret_v,
		     struct diag *diag)
{
	const char *value;
	int r = find_part(reader, key, &value, diag);

	if (r < 0)
		return r;
	return parse_hex(value, ret_v) < 0 ? bad_value(diag, reader, key, value) : 0;
}

static int read_format(const struct index_reader *reader, struct diag *diag)
{
	const char *value, *end;
	uint64_t format;
	int r = find(reader, KEY_FORMAT, &value, diag);

	if (r < 0)
		return r;
	end = parse_digits(value, 10, &format);
	if (!end || *end)
		return bad_value(diag, reader, KEY_FORMAT, value);
	if (format != MANIFEST_FORMAT)
		return diag_plain(diag, -EOPNOTSUPP, "manifest of format %llu, not %u",
				  (unsigned long long)format, MANIFEST_FORMAT);
	return 0;
}

int manifest_parse(const struct index_reader *reader, struct manifest *ret_manifest,
		   struct diag *diag)
{
	struct manifest m;
	int r;

	r = read_format(reader, diag);
	if (r == 0)
		r = read_hash(reader, KEY_GENERATION, &m.generation, diag);
	if (r == 0)
		r = read_hash(reader, KEY_INPUT, &m.input, diag);
	for (enum index_file i = 0; r == 0 && i < INDEX_CLASSIC_FILES; i++) {
		const char *value;
		char key[64];

		key_of_file(i, key, sizeof(key));
		r = find_part(reader, key, &value, diag);
		if (r == 0 && parse_file(value, &m.files[i]) < 0)
			r = bad_value(diag, reader, key, value);
	}
	if (r < 0)
		return r;
	if (m.generation != manifest_generation(&m))
		return diag_plain(diag, -EBADMSG, "manifest says generation %016llx but is %016llx",
				  (unsigned long long)m.generation,
				  (unsigned long long)manifest_generation(&m));
	*ret_manifest = m;
	return 0;
}

enum manifest_verdict manifest_compare(const struct manifest *m,
				       const int64_t sizes[INDEX_CLASSIC_FILES],
				       enum index_file *ret_first)
{
	for (enum index_file i = 0; i < INDEX_CLASSIC_FILES; i++) {
		if (sizes[i] >= 0 && (uint64_t)sizes[i] == m->files[i].size)
			continue;
		if (ret_first)
			*ret_first = i;
		return MANIFEST_MIXED;
	}
	return MANIFEST_WHOLE;
}
