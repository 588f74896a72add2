/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * May a regular expression be given to regcomp(3)?
 *
 * That one calls itself for each parenthesis, makes a copy of what stands before a "{m,n}" for each of
 * n, and tries a back reference in every way: a line of configuration could crash or stop the program.
 */
#include <stdbool.h>

/* Bytes of an expression, times the product of the upper ends of all its "{m,n}". */
#define EXPRESSION_COST_MAX 4096

/** expression_is_cheap() - no back reference, and within EXPRESSION_COST_MAX. Cost: one pass */
bool expression_is_cheap(const char *expression);
