/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/lines.h"

#include "bytes/arena.h"
#include "bytes/diag.h"

/* A logical line while it is put together. */
struct joined {
	char *text; /* in the arena; NULL to count only */
	size_t size;
	bool has_nul;
	bool is_too_long;
};

static int peek(const struct conf_lines *l, size_t ahead)
{
	return ahead < l->text.size - l->off ? l->text.base[l->off + ahead] : -1;
}

/* Bytes of a line end at the current place: "\n" or "\r\n"; 0 when there is none. */
static size_t line_end(const struct conf_lines *l)
{
	if (peek(l, 0) == '\n')
		return 1;
	return peek(l, 0) == '\r' && peek(l, 1) == '\n' ? 2 : 0;
}

static void skip_physical_line(struct conf_lines *l)
{
	const uint8_t *start = l->text.base + l->off;
	const uint8_t *end = memchr(start, '\n', l->text.size - l->off);

	l->off = end ? (size_t)(end - l->text.base) + 1 : l->text.size;
	l->n_read++;
}

static void put(struct joined *j, int byte)
{
	j->has_nul = j->has_nul || byte == 0;
	if (j->size >= CONF_LINE_MAX) {
		j->is_too_long = true;
		return;
	}
	if (j->text)
		j->text[j->size] = (char)byte;
	j->size++;
}

/* Takes one logical line off the text, from the first byte of a physical line on. */
static void join(struct conf_lines *l, struct joined *j)
{
	l->n_read++;
	while (l->off < l->text.size) {
		size_t end = line_end(l);

		if (end) {
			l->off += end;
			return;
		}
		if (peek(l, 0) == '\\') {
			l->off++;
			end = line_end(l);
			if (end) {
				l->off += end;
				l->n_read++;
				continue;
			}
			if (l->off == l->text.size)
				return;
		}
		put(j, l->text.base[l->off++]);
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Cuts the line into words in place. */
static int split(struct conf_lines *l, struct joined *j, struct conf_line *line)
{
	size_t n = 0;

	for (size_t i = 0; i < j->size; i++)
		n += !is_blank(j->text[i]) && (i == 0 || is_blank(j->text[i - 1]));
	line->n_words = n;
	line->words = arena_alloc(l->arena, (n + 1) * sizeof(*line->words));
	if (!line->words)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < j->size; i++) {
		if (is_blank(j->text[i]))
			j->text[i] = '\0';
		else if (i == 0 || j->text[i - 1] == '\0')
			line->words[n++] = j->text + i;
	}
	return 0;
}

int conf_lines_next(struct conf_lines *lines, struct conf_line *ret_line, struct diag *diag)
{
	while (lines->off < lines->text.size) {
		struct conf_line line = { .number = lines->n_read + 1 };
		struct conf_lines ahead = *lines;
		struct joined j = { 0 };
		int r;

		if (peek(lines, 0) == '#' || line_end(lines)) {
			skip_physical_line(lines);
			continue;
		}
		join(&ahead, &j);
		if (j.has_nul || j.is_too_long) {
			*lines = ahead;
			return diag_line(diag, -EBADMSG, line.number, "%s",
					 j.has_nul ? "holds a NUL byte" : "is too long");
		}
		j.text = arena_alloc(lines->arena, j.size + 1);
		if (!j.text)
			return -ENOMEM;
		j.size = 0;
		join(lines, &j);
		j.text[j.size] = '\0';
		r = split(lines, &j, &line);
		if (r < 0)
			return r;
		if (line.n_words == 0)
			continue;
		*ret_line = line;
		return 1;
	}
	return 0;
}
