/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Only the last `*` is ever taken back: what stands between two of them matches at the first place
 * where it can, and a later place can't help the rest. So there is no recursion.
 */
#include "bytes/glob.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static bool in(unsigned char c, unsigned char low, unsigned char high)
{
	return low <= c && c <= high;
}

static bool is_alpha(unsigned char c)
{
	return in(c | 0x20, 'a', 'z');
}

static bool is_digit(unsigned char c)
{
	return in(c, '0', '9');
}

static bool is_alnum(unsigned char c)
{
	return is_alpha(c) || is_digit(c);
}

static bool is_blank(unsigned char c)
{
	return c == ' ' || c == '\t';
}

static bool is_cntrl(unsigned char c)
{
	return c < 0x20 || c == 0x7f;
}

static bool is_graph(unsigned char c)
{
	return in(c, 0x21, 0x7e);
}

static bool is_lower(unsigned char c)
{
	return in(c, 'a', 'z');
}

static bool is_print(unsigned char c)
{
	return in(c, 0x20, 0x7e);
}

static bool is_punct(unsigned char c)
{
	return is_graph(c) && !is_alnum(c);
}

static bool is_space(unsigned char c)
{
	return c == ' ' || in(c, '\t', '\r');
}

static bool is_upper(unsigned char c)
{
	return in(c, 'A', 'Z');
}

static bool is_xdigit(unsigned char c)
{
	return is_digit(c) || in(c | 0x20, 'a', 'f');
}

static const struct {
	const char *name;
	bool (*has)(unsigned char c);
} classes[] = {
	{ "alnum", is_alnum }, { "alpha", is_alpha }, { "blank", is_blank }, { "cntrl", is_cntrl },
	{ "digit", is_digit }, { "graph", is_graph }, { "lower", is_lower }, { "print", is_print },
	{ "punct", is_punct }, { "space", is_space }, { "upper", is_upper },
	{ "xdigit", is_xdigit },
};

enum verdict {
	NO,
	YES,
	NEVER, /* malformed: nothing matches here */
	OPEN,  /* the set has no end */
};

/* "[:name:]" at @p? Moves @p behind it. NEVER for an unknown name, OPEN when it is no class. */
static enum verdict match_class(const char **p, unsigned char c)
{
	const char *name = *p + 2;
	size_t n = 0;

	while (is_lower((unsigned char)name[n]))
		n++;
	if (name[n] != ':' || name[n + 1] != ']')
		return OPEN;
	*p = name + n + 2;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strlen(classes[i].name) == n && memcmp(classes[i].name, name, n) == 0)
			return classes[i].has(c) ? YES : NO;
	return NEVER;
}

/*
 * One byte of a set at @p, plain, escaped, or as "[.x.]" or "[=x=]"; moves @p behind it.
 * Return: the byte; 0 for the end of the pattern or a collating symbol that the C locale lacks.
 */
static unsigned char set_byte(const char **p)
{
	const char *s = *p;

	if (s[0] == '\\' && s[1]) {
		*p = s + 2;
		return (unsigned char)s[1];
	}
	if (s[0] == '[' && (s[1] == '.' || s[1] == '=')) {
		if (s[2] && s[3] == s[1] && s[4] == ']') {
			*p = s + 5;
			return (unsigned char)s[2];
		}
		if (s[1] == '.')
			return 0;
	}
	if (s[0] == '\0' || s[0] == '\\')
		return 0;
	*p = s + 1;
	return (unsigned char)s[0];
}

/* One byte or range of a set at @p against @c; moves @p behind it. */
static enum verdict match_range(const char **p, unsigned char c)
{
	unsigned char low = set_byte(p), high;

	if (!low)
		return NEVER;
	if ((*p)[0] != '-' || (*p)[1] == ']')
		return low == c ? YES : NO;
	if (!(*p)[1])
		return low == c ? OPEN : NEVER;
	++*p;
	high = set_byte(p);
	if (!high)
		return NEVER;
	return in(c, low, high) ? YES : NO;
}

/* The set whose "[" stands at @p, against @c; moves @p behind its "]" unless the set is OPEN. */
static enum verdict match_set(const char **p, unsigned char c)
{
	const char *s = *p + 1;
	const char *first;
	bool is_negated = *s == '!' || *s == '^';
	bool is_found = false;

	if (is_negated)
		s++;
	for (first = s; *s != ']' || s == first;) {
		enum verdict v = OPEN;
		const char *start = s;

		if (!*s)
			return OPEN;
		if (s[0] == '[' && s[1] == ':')
			v = match_class(&s, c);
		if (v == OPEN)
			v = match_range(&s, c);
		if (v == OPEN || (v == NEVER && !is_found))
			return v;
		if (v == NEVER && s == start) /* a class was passed already */
			s += *s != '\0';
		is_found |= v == YES;
	}
	*p = s + 1;
	return is_found != is_negated ? YES : NO;
}

/* What stands at @p (no star, not the end) against @c; moves @p behind it. */
static bool match_one(const char **p, unsigned char c)
{
	enum verdict v = OPEN;

	switch (**p) {
	case '?':
		++*p;
		return true;
	case '[':
		v = match_set(p, c);
		if (v != OPEN)
			return v == YES;
		break;
	case '\\':
		if (!(*p)[1])
			return false;
		++*p;
		break;
	default:
		break;
	}
	return (unsigned char)*(*p)++ == c;
}

/* match_one() with the bytes that it looked at taken off @steps. Return: 0, 1; -E2BIG. */
static int match_one_within(const char **p, unsigned char c, uint64_t *steps)
{
	const char *from = *p;
	bool is_match = match_one(p, c);
	uint64_t cost = 1;

	if (*from == '[')
		cost = *p > from + 1 ? (uint64_t)(*p - from) : strlen(from);
	if (*steps < cost)
		return -E2BIG;
	*steps -= cost;
	return is_match;
}

int glob_matches_within(const char *pattern, const char *text, uint64_t *steps)
{
	const char *p = pattern, *s = text;
	const char *behind_star = NULL, *star_text = NULL;

	for (;;) {
		int r = 0;

		if (*p == '*') {
			behind_star = ++p;
			star_text = s;
			if (!*p)
				return 1;
			continue;
		}
		if (!*s)
			return !*p;
		if (*p)
			r = match_one_within(&p, (unsigned char)*s, steps);
		if (r < 0)
			return r;
		if (r > 0) {
			s++;
			continue;
		}
		if (!behind_star)
			return 0;
		p = behind_star;
		s = ++star_text;
	}
}

bool glob_matches(const char *pattern, const char *text)
{
	uint64_t steps = UINT64_MAX;

	return glob_matches_within(pattern, text, &steps) == 1;
}
