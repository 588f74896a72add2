/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/lines.h"

#include "bytes/diag.h"

/* Bytes of the line end at @off: LF, CR LF, or CR before the end of the file; 0 without one. */
static size_t line_end(struct bytes text, size_t off)
{
	if (text.base[off] == '\n')
		return 1;
	if (text.base[off] != '\r')
		return 0;
	if (off + 1 == text.size)
		return 1;
	return text.base[off + 1] == '\n' ? 2 : 0;
}

/* One logical line into @to (what is left of the text, or CONF_LINE_MAX, and a NUL). Return: its size, even if that is more. */
static size_t join(struct conf_lines *l, char *to, bool *ret_has_nul)
{
	struct bytes text = l->text;
	size_t n = 0;

	l->n_read++;
	*ret_has_nul = false;
	while (l->off < text.size) {
		size_t end = line_end(text, l->off);
		uint8_t c;

		l->off += end;
		if (end)
			break;
		c = text.base[l->off++];
		if (c == '\\') {
			if (l->off == text.size)
				break;
			end = line_end(text, l->off);
			if (end) {
				l->off += end;
				l->n_read++;
				continue;
			}
			c = text.base[l->off++];
		}
		*ret_has_nul |= c == 0;
		if (n < CONF_LINE_MAX)
			to[n] = (char)c;
		n++;
	}
	to[n < CONF_LINE_MAX ? n : CONF_LINE_MAX] = '\0';
	return n;
}

int conf_lines_next(struct conf_lines *lines, char **ret_text, unsigned int *ret_line,
		    struct diag *diag)
{
	size_t left = lines->text.size - lines->off;
	char *to;

	to = (char *)buf_reserve(&lines->line, (left < CONF_LINE_MAX ? left : CONF_LINE_MAX) + 1);
	if (!to)
		return lines->line.error;
	while (lines->off < lines->text.size) {
		unsigned int first = lines->n_read + 1;
		bool has_nul;
		size_t n = join(lines, to, &has_nul);

		if (n == 0 || to[0] == '#')
			continue;
		if (has_nul)
			return diag_line(diag, -EBADMSG, first, "line ignored: NUL byte in it");
		if (n > CONF_LINE_MAX)
			return diag_line(diag, -EBADMSG, first,
					 "line ignored: longer than %zu bytes", CONF_LINE_MAX);
		*ret_text = to;
		*ret_line = first;
		return 1;
	}
	return 0;
}

char *conf_word(char **rest)
{
	char *word = *rest + strspn(*rest, " \t");
	size_t n = strcspn(word, " \t");

	*rest = word + n;
	if (n == 0)
		return NULL;
	if (word[n]) {
		word[n] = '\0';
		*rest = word + n + 1;
	}
	return word;
}

void conf_lines_done(struct conf_lines *lines)
{
	if (lines)
		buf_done(&lines->line);
}
