/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   harddep:r8169      realtek conf dep /etc/depmod.d/nic.conf:3
 *   harddep:btrfs      crypto-crc32c module group .modinfo
 *   conflict:nouveau   nvidia nvidia module .modinfo
 *
 * One blank between two parts. The last one is FILE:LINE, or .modinfo for a tag.
 */
#include "index/declared.h"

#include <errno.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/diag.h"

#define TAG ".modinfo"

static const char *const fates[] = {
	[DECLARED_IN_DEP] = "dep",	   [DECLARED_BY_SYMBOL] = "symbol",
	[DECLARED_GROUP] = "group",	   [DECLARED_BUILTIN] = "builtin",
	[DECLARED_UNKNOWN] = "unknown", [DECLARED_CYCLE] = "cycle",
};

static const char *const bys[] = {
	[DECLARED_BY_MODULE] = "module",
	[DECLARED_BY_CONF] = "conf",
	[DECLARED_BY_CONF_STRICT] = "conf!",
};

#define N_FATES (sizeof(fates) / sizeof(fates[0]))
#define N_BYS (sizeof(bys) / sizeof(bys[0]))

const char *declared_fate_name(enum declared_fate fate)
{
	return fates[fate];
}

const char *declared_by_name(enum declared_by by)
{
	return bys[by];
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static void put_word(const char *word, size_t size, struct buf *out)
{
	buf_put(out, word, size);
	buf_put_u8(out, ' ');
}

static void put_source(const char *file, size_t size, unsigned int line, struct buf *out)
{
	if (size == 0) {
		buf_put_string(out, TAG);
		return;
	}
	for (size_t i = 0; i < size; i++)
		buf_put_u8(out, is_control(file[i]) ? '?' : (uint8_t)file[i]);
	buf_printf(out, ":%u", line);
}

void declared_put_hard(const struct declared_hard *hard, struct buf *out)
{
	put_word(hard->word, hard->word_size, out);
	put_word(bys[hard->by], strlen(bys[hard->by]), out);
	put_word(fates[hard->fate], strlen(fates[hard->fate]), out);
	put_source(hard->file, hard->file_size, hard->line, out);
}

void declared_put_conflict(const struct declared_conflict *conflict, struct buf *out)
{
	put_word(conflict->other, conflict->other_size, out);
	put_word(conflict->module, conflict->module_size, out);
	put_word(bys[conflict->by], strlen(bys[conflict->by]), out);
	put_source(conflict->file, conflict->file_size, conflict->line, out);
}

/* A name or alias up to a blank: what is no such thing must not get into messages either. */
static int get_word(const char **at, const char **ret_word, size_t *ret_size)
{
	size_t n = 0;

	while ((*at)[n] > 0x20 && (*at)[n] < 0x7f)
		n++;
	if (n == 0 || (*at)[n] != ' ')
		return -EBADMSG;
	*ret_word = *at;
	*ret_size = n;
	*at += n + 1;
	return 0;
}

/* Return: which of @names; -EBADMSG none. */
static int get_name(const char **at, const char *const *names, size_t n)
{
	const char *word;
	size_t size;

	if (get_word(at, &word, &size) < 0)
		return -EBADMSG;
	for (size_t i = 0; i < n; i++)
		if (strlen(names[i]) == size && memcmp(names[i], word, size) == 0)
			return (int)i;
	return -EBADMSG;
}

static int get_line(const char *s, unsigned int *ret_line)
{
	unsigned int line = 0;

	if (!*s)
		return -EBADMSG;
	for (; *s; s++) {
		unsigned int digit = (unsigned int)*s - '0';

		if (digit > 9 || __builtin_mul_overflow(line, 10u, &line) ||
		    __builtin_add_overflow(line, digit, &line))
			return -EBADMSG;
	}
	*ret_line = line;
	return 0;
}

static int get_source(const char *s, enum declared_by by, const char **ret_file, size_t *ret_size,
		      unsigned int *ret_line)
{
	const char *colon = strrchr(s, ':');

	if (by == DECLARED_BY_MODULE) {
		*ret_file = s;
		*ret_size = 0;
		*ret_line = 0;
		return strcmp(s, TAG) == 0 ? 0 : -EBADMSG;
	}
	if (!colon || colon == s)
		return -EBADMSG;
	for (const char *c = s; c < colon; c++)
		if (is_control(*c))
			return -EBADMSG;
	*ret_file = s;
	*ret_size = (size_t)(colon - s);
	return get_line(colon + 1, ret_line);
}

int declared_get_hard(const char *value, struct declared_hard *ret_hard, struct diag *diag)
{
	struct declared_hard *h = ret_hard;
	const char *at = value;
	int by = -EBADMSG, fate = -EBADMSG;

	if (get_word(&at, &h->word, &h->word_size) == 0)
		by = get_name(&at, bys, N_BYS);
	if (by >= 0)
		fate = get_name(&at, fates, N_FATES);
	if (fate < 0 || get_source(at, (enum declared_by)by, &h->file, &h->file_size, &h->line) < 0)
		return diag_plain(diag, -EBADMSG, "a hard dependency in it is malformed");
	h->by = (enum declared_by)by;
	h->fate = (enum declared_fate)fate;
	return 0;
}

int declared_get_conflict(const char *value, struct declared_conflict *ret_conflict,
			  struct diag *diag)
{
	struct declared_conflict *c = ret_conflict;
	const char *at = value;
	int by = -EBADMSG;

	if (get_word(&at, &c->other, &c->other_size) == 0 &&
	    get_word(&at, &c->module, &c->module_size) == 0)
		by = get_name(&at, bys, N_BYS);
	if (by < 0 || get_source(at, (enum declared_by)by, &c->file, &c->file_size, &c->line) < 0)
		return diag_plain(diag, -EBADMSG, "a conflict in it is malformed");
	c->by = (enum declared_by)by;
	return 0;
}
