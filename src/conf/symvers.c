/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   Module.symvers   0xcccccccc TAB symbol TAB owner TAB type TAB namespace
 *   System.map       address    BLANK kind BLANK __ksymtab_symbol
 */
#include "conf/symvers.h"

#include "bytes/diag.h"
#include "elf/exports.h"

#define COLUMNS_MAX 5
#define KSYMTAB "__ksymtab_"

struct column {
	const char *s;
	size_t size;
};

struct reading {
	const struct symvers_use *use;
	struct symvers_counts counts;
	size_t n_columns;
	struct column columns[COLUMNS_MAX];
};

static int bad_line(struct reading *in, const char *what)
{
	struct diag diag;

	in->counts.n_bad++;
	diag_line(&diag, 0, (unsigned int)in->counts.n_lines, "line ignored: %s", what);
	if (in->use->bad)
		in->use->bad(in->use->ctx, &diag);
	return 0;
}

static int give(struct reading *in, struct symvers_symbol *symbol)
{
	int r;

	symbol->line = (unsigned int)in->counts.n_lines;
	in->counts.n_symbols++;
	r = in->use->each(in->use->ctx, symbol);
	return r < 0 ? r : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Split at each tab; what is behind the last column of interest is left out. */
static void split_at_tabs(struct reading *in, const char *s, const char *end)
{
	for (in->n_columns = 0; in->n_columns < COLUMNS_MAX; in->n_columns++) {
		const char *tab = memchr(s, '\t', (size_t)(end - s));
		struct column c = { s, (size_t)((tab ? tab : end) - s) };

		in->columns[in->n_columns] = c;
		if (!tab) {
			in->n_columns++;
			return;
		}
		s = tab + 1;
	}
}

/* Split at every run of blanks. */
static void split_at_blanks(struct reading *in, const char *s, const char *end)
{
	in->n_columns = 0;
	while (in->n_columns < COLUMNS_MAX) {
		struct column *c = &in->columns[in->n_columns];

		while (s < end && is_blank(*s))
			s++;
		if (s == end)
			return;
		c->s = s;
		while (s < end && !is_blank(*s))
			s++;
		c->size = (size_t)(s - c->s);
		in->n_columns++;
	}
}

static bool is_text(const struct column *c, const char *want)
{
	return c->size == strlen(want) && memcmp(c->s, want, c->size) == 0;
}

static bool ends_in(const struct column *c, const char *want)
{
	size_t n = strlen(want);

	return c->size >= n && memcmp(c->s + c->size - n, want, n) == 0;
}

/* Hexadecimal with or without 0x, at most 32 bits as kernels since 2.6 write it. */
static bool parse_crc(const struct column *c, uint32_t *ret_crc)
{
	size_t i = c->size > 2 && c->s[0] == '0' && (c->s[1] | 0x20) == 'x' ? 2 : 0;
	uint64_t v = 0;

	if (i == c->size)
		return false;
	for (; i < c->size; i++) {
		char lower = (char)(c->s[i] | 0x20);

		if (c->s[i] >= '0' && c->s[i] <= '9')
			v = v << 4 | (uint64_t)(c->s[i] - '0');
		else if (lower >= 'a' && lower <= 'f')
			v = v << 4 | ((uint64_t)(lower - 'a') + 10);
		else
			return false;
		if (v > UINT32_MAX)
			return false;
	}
	*ret_crc = (uint32_t)v;
	return true;
}

static int read_symvers_line(struct reading *in, const char *s, const char *end)
{
	struct symvers_symbol symbol = { 0 };
	struct column *c = in->columns;

	memset(c, 0, sizeof(in->columns));
	if (memchr(s, '\t', (size_t)(end - s)))
		split_at_tabs(in, s, end);
	else
		split_at_blanks(in, s, end);
	if (in->n_columns < 3)
		return bad_line(in, "not a CRC, a symbol and its owner");
	if (!parse_crc(&c[0], &symbol.crc))
		return bad_line(in, "its CRC is no hexadecimal number of 32 bits");
	if (c[1].size == 0 || c[1].size > SYMBOL_NAME_MAX)
		return bad_line(in, "its symbol is empty or too long");
	symbol.name = c[1].s;
	symbol.name_size = c[1].size;
	symbol.owner = c[2].s;
	symbol.owner_size = c[2].size;
	symbol.type = c[3].s ? c[3].s : "";
	symbol.type_size = c[3].size;
	symbol.ns = c[4].s ? c[4].s : "";
	symbol.ns_size = c[4].size;
	symbol.is_vmlinux = is_text(&c[2], "vmlinux");
	symbol.is_gpl = ends_in(&c[3], "_GPL");
	return give(in, &symbol);
}

/* What stands behind "__ksymtab_": a name, or "namespace.name". */
static int give_ksymtab(struct reading *in, const char *s, size_t size)
{
	struct symvers_symbol symbol = { .owner = "vmlinux", .owner_size = 7, .is_vmlinux = true };
	char name[SYMBOL_NAME_MAX + 1];
	size_t ns_size;

	if (size == 0 || size > SYMBOL_NAME_MAX)
		return bad_line(in, "its symbol is empty or too long");
	memcpy(name, s, size);
	name[size] = '\0';
	ns_size = exports_split_namespace(name);
	symbol.name = ns_size ? s + ns_size + 1 : s;
	symbol.name_size = ns_size ? size - ns_size - 1 : size;
	symbol.type = "";
	symbol.ns = ns_size ? s : "";
	symbol.ns_size = ns_size;
	return give(in, &symbol);
}

static int read_map_line(struct reading *in, const char *s, const char *end)
{
	const size_t skip = sizeof(KSYMTAB) - 1;
	const struct column *c = in->columns;
	size_t prefix;

	split_at_blanks(in, s, end);
	/* A symbol without a value has no address. */
	if (in->n_columns == 2 && c[0].size == 1)
		return 0;
	if (in->n_columns < 3)
		return bad_line(in, "not an address, a kind and a symbol");
	prefix = in->use->prefix && c[2].s[0] == in->use->prefix;
	if (c[2].size - prefix < skip || memcmp(c[2].s + prefix, KSYMTAB, skip) != 0)
		return 0;
	if (in->n_columns > 3 && c[3].s[0] == '[')
		return 0;
	return give_ksymtab(in, c[2].s + prefix + skip, c[2].size - prefix - skip);
}

static int read_lines(struct bytes text, const struct symvers_use *use,
		      int (*read)(struct reading *in, const char *s, const char *end),
		      struct symvers_counts *ret_counts)
{
	const char *s = (const char *)text.base, *all = s + text.size;
	struct reading in = { .use = use };
	int r = 0;

	while (r == 0 && s < all) {
		const char *newline = memchr(s, '\n', (size_t)(all - s));
		const char *end = newline ? newline : all;

		in.counts.n_lines++;
		if (end > s && memchr(s, 0, (size_t)(end - s)))
			r = bad_line(&in, "NUL byte in it");
		else if (end > s && !(end == s + 1 && *s == '\r'))
			r = read(&in, s, end[-1] == '\r' ? end - 1 : end);
		s = newline ? end + 1 : all;
	}
	if (r == 0 && ret_counts)
		*ret_counts = in.counts;
	return r;
}

int symvers_read(struct bytes text, const struct symvers_use *use,
		 struct symvers_counts *ret_counts)
{
	return read_lines(text, use, read_symvers_line, ret_counts);
}

int system_map_read(struct bytes text, const struct symvers_use *use,
		    struct symvers_counts *ret_counts)
{
	return read_lines(text, use, read_map_line, ret_counts);
}
