/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "bytes/grow.h"
#include "check/check.h"
#include "check/rules.h"

static const char hex[] = "0123456789abcdef";

/* Reading */

static int digit(uint8_t c)
{
	const char *at = c ? strchr(hex, c >= 'A' && c <= 'F' ? c | 0x20 : c) : NULL;

	return at ? (int)(at - hex) : -1;
}

/* "%20" to a blank; NULL without memory or (@is_bad) where no two digits follow a '%' or they say NUL. */
static const char *decode(struct baseline *b, struct bytes text, bool *is_bad)
{
	char *to = arena_alloc(&b->arena, text.size + 1);
	size_t n = 0;

	for (size_t i = 0; to && i < text.size; i++) {
		int high, low;

		if (text.base[i] != '%') {
			to[n++] = (char)text.base[i];
			continue;
		}
		high = i + 2 < text.size ? digit(text.base[i + 1]) : -1;
		low = i + 2 < text.size ? digit(text.base[i + 2]) : -1;
		if (high < 0 || low < 0 || high + low == 0) {
			*is_bad = true;
			return NULL;
		}
		to[n++] = (char)(high << 4 | low);
		i += 2;
	}
	if (to)
		to[n] = '\0';
	return to;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of @line, which is cut off. */
static struct bytes take_word(struct bytes *line)
{
	size_t n = 0;
	struct bytes word;

	while (line->size > 0 && is_blank(line->base[0]))
		*line = bytes_of(line->base + 1, line->size - 1);
	while (n < line->size && !is_blank(line->base[n]))
		n++;
	word = bytes_of(line->base, n);
	*line = bytes_of(line->base + n, line->size - n);
	return word;
}

static struct bytes trim(struct bytes line)
{
	while (line.size > 0 && is_blank(line.base[0]))
		line = bytes_of(line.base + 1, line.size - 1);
	while (line.size > 0 && is_blank(line.base[line.size - 1]))
		line.size--;
	return line;
}

static const struct check_rule *find_rule(struct bytes word)
{
	char name[64];

	if (word.size >= sizeof(name))
		return NULL;
	memcpy(name, word.base, word.size);
	name[word.size] = '\0';
	return check_rule_find(name);
}

/* Return: 1 a line is in @ret; 0 nothing to be read in it; -EBADMSG (diag); -ENOMEM. */
static int read_line(struct baseline *b, struct bytes text, unsigned int number, struct baseline_line *ret,
		     struct diag *diag)
{
	struct bytes id, subject;
	bool is_bad = false;

	text = trim(text);
	if (text.size == 0 || text.base[0] == '#')
		return 0;
	if (memchr(text.base, '\0', text.size))
		return diag_line(diag, -EBADMSG, number, "has a NUL byte");
	id = take_word(&text);
	subject = take_word(&text);
	*ret = (struct baseline_line){ .rule = find_rule(id), .line = number };
	if (!ret->rule)
		return diag_line(diag, -EBADMSG, number, "%.*s is no rule",
				 (int)(id.size < 64 ? id.size : 64), (const char *)id.base);
	if (subject.size == 0)
		return diag_line(diag, -EBADMSG, number, "names no module or file behind the rule");
	ret->subject = decode(b, subject, &is_bad);
	ret->object = is_bad ? NULL : decode(b, trim(text), &is_bad);
	if (is_bad)
		return diag_line(diag, -EBADMSG, number, "has a %% without two hexadecimal digits behind");
	return ret->subject && ret->object ? 1 : -ENOMEM;
}

static int compare_keys(const struct baseline_line *x, const struct baseline_line *y)
{
	int c = x->rule < y->rule ? -1 : x->rule > y->rule;

	if (c == 0)
		c = strcmp(x->subject, y->subject);
	return c ? c : strcmp(x->object, y->object);
}

static int compare_lines(const void *a, const void *b)
{
	const struct baseline_line *x = a, *y = b;
	int c = compare_keys(x, y);

	return c ? c : x->line < y->line ? -1 : x->line > y->line;
}

static int find_key(const void *key, const void *line)
{
	return compare_keys(key, line);
}

/* Sorted, and of equal ones the first. */
static void settle(struct baseline *b)
{
	uint32_t n = 0;

	if (b->n == 0)
		return;
	qsort(b->lines, b->n, sizeof(*b->lines), compare_lines);
	for (uint32_t i = 0; i < b->n; i++)
		if (n == 0 || compare_keys(&b->lines[n - 1], &b->lines[i]) != 0)
			b->lines[n++] = b->lines[i];
	b->n = n;
}

int baseline_read(struct baseline *b, struct bytes text, void (*bad)(void *ctx, const struct diag *diag),
		  void *ctx)
{
	unsigned int number = 0;

	while (text.size > 0) {
		const uint8_t *end = memchr(text.base, '\n', text.size);
		size_t size = end ? (size_t)(end - text.base) : text.size;
		struct diag diag = { 0 };
		struct baseline_line line;
		int r = read_line(b, bytes_of(text.base, size), ++number, &line, &diag);

		if (r == -ENOMEM)
			return r;
		if (r == -EBADMSG && bad)
			bad(ctx, &diag);
		if (r > 0) {
			r = grow_array(&b->lines, b->n, &b->capacity, sizeof(*b->lines), BASELINE_LINES_MAX);
			if (r < 0)
				return r;
			b->lines[b->n++] = line;
		}
		size += end ? 1 : 0;
		text = bytes_of(text.base + size, text.size - size);
	}
	settle(b);
	return 0;
}

/* Writing */

/* @text behind @prefix and its '/'; NULL where it is not below it. */
static const char *below(const char *text, const char *prefix)
{
	size_t n = prefix ? strlen(prefix) : 0;

	while (n > 0 && prefix[n - 1] == '/')
		n--;
	return n > 0 && strncmp(text, prefix, n) == 0 && text[n] == '/' ? text + n : NULL;
}

static const char *subject_of(const struct check_finding *f, const struct baseline_roots *roots)
{
	const char *inside;

	if (f->module)
		return f->module[0] ? f->module : "-";
	if (!f->file || !f->file[0])
		return "-";
	inside = below(f->file, roots->module_dir);
	if (inside && inside[strspn(inside, "/")])
		return inside + strspn(inside, "/");
	inside = below(f->file, roots->root);
	return inside ? inside : f->file;
}

/* Inside of an object blanks may stay, but none that a reader would pass over. */
static void encode(const char *s, bool is_object, struct buf *out)
{
	for (size_t i = 0; s[i]; i++) {
		unsigned char c = (unsigned char)s[i];
		bool stays = is_object && c == ' ' && i > 0 && s[i - 1] != ' ' && s[i + 1];

		if (c == '%' || c < ' ' || c == 0x7f || (c == ' ' && !stays)) {
			buf_put_u8(out, '%');
			buf_put_u8(out, (uint8_t)hex[c >> 4]);
			buf_put_u8(out, (uint8_t)hex[c & 15]);
		} else {
			buf_put_u8(out, c);
		}
	}
}

static void put(const struct check_rule *rule, const char *subject, const char *object, struct buf *out)
{
	buf_put_string(out, rule->id);
	buf_put_u8(out, ' ');
	encode(subject, false, out);
	if (object[0]) {
		buf_put_u8(out, ' ');
		encode(object, true, out);
	}
}

void baseline_put_finding(const struct check_finding *f, const struct baseline_roots *roots, struct buf *out)
{
	put(f->rule, subject_of(f, roots), f->object, out);
}

void baseline_put_line(const struct baseline_line *line, struct buf *out)
{
	put(line->rule, line->subject, line->object, out);
}

static struct baseline_line line_of(const struct check_finding *f, const struct baseline_roots *roots)
{
	return (struct baseline_line){ .rule = f->rule, .subject = subject_of(f, roots), .object = f->object };
}

void baseline_put(const struct check *c, const struct baseline_roots *roots, struct buf *out)
{
	struct baseline_line *lines = calloc((size_t)c->n_findings + 1, sizeof(*lines));

	if (!lines) {
		out->error = -ENOMEM;
		return;
	}
	for (uint32_t i = 0; i < c->n_findings; i++)
		lines[i] = line_of(&c->findings[i], roots);
	if (c->n_findings > 1)
		qsort(lines, c->n_findings, sizeof(*lines), compare_lines);
	for (uint32_t i = 0; i < c->n_findings; i++) {
		if (i > 0 && compare_keys(&lines[i - 1], &lines[i]) == 0)
			continue;
		baseline_put_line(&lines[i], out);
		buf_put_u8(out, '\n');
	}
	free(lines);
}

/* Matching */

void baseline_apply(struct baseline *b, struct check *c, const struct baseline_roots *roots)
{
	for (uint32_t i = 0; b->n > 0 && i < c->n_findings; i++) {
		const struct baseline_line key = line_of(&c->findings[i], roots);
		struct baseline_line *line = bsearch(&key, b->lines, b->n, sizeof(*b->lines), find_key);

		if (line)
			c->findings[i].is_accepted = line->is_used = true;
	}
}

bool baseline_is_stale(const struct baseline_line *line, const struct check *c)
{
	return !line->is_used && c->states[line->rule - check_rules] == CHECK_RUN;
}

void baseline_done(struct baseline *b)
{
	if (!b)
		return;
	arena_done(&b->arena);
	free(b->lines);
	*b = (struct baseline){ 0 };
}
