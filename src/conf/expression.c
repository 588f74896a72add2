/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conf/expression.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The larger number of "m}", "m,}" or "m,n}"; more than EXPRESSION_COST_MAX is as good as any. */
static uint64_t repetitions(const char *s)
{
	uint64_t most = 1, n = 0;

	for (; is_digit(*s) || *s == ','; s++) {
		n = *s == ',' ? 0 : n * 10 + (uint64_t)(*s - '0');
		n = n <= EXPRESSION_COST_MAX ? n : EXPRESSION_COST_MAX + 1;
		most = n > most ? n : most;
	}
	return most;
}

/* What stands in "[...]" is counted like the rest: that can only refuse more. */
bool expression_is_cheap(const char *expression)
{
	uint64_t cost = strlen(expression);

	for (const char *s = expression; *s && cost <= EXPRESSION_COST_MAX; s++) {
		if (*s == '{')
			cost *= repetitions(s + 1);
		if (*s == '\\' && is_digit(s[1]))
			return false;
		if (*s == '\\' && s[1])
			s++;
	}
	return cost <= EXPRESSION_COST_MAX;
}
