/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Does an alias pattern match a request? As fnmatch(3) with flags 0 does in the C locale, but in
 * constant space, in bounded time, and whatever locale the process has.
 */
#include <stdbool.h>
#include <stdint.h>

/**
 * glob_matches() - match all of @text
 * @pattern: `*`, `?`, sets `[a-z]`, `[!x]`, `[^x]`, `[[:digit:]]`; `\` takes the next byte as it is
 *
 * A set without an end is a plain `[`; a `\` at the end matches nothing. Bytes above 127 are
 * ordinary bytes, outside of every class.
 * Time is at most len(@pattern) * len(@text).
 */
bool glob_matches(const char *pattern, const char *text);

/**
 * glob_matches_within() - the same with a limit on the work
 * @steps: bytes of @pattern that may still be looked at; counted down
 * Return: 1 matches; 0 does not; -E2BIG when @steps ran out.
 */
int glob_matches_within(const char *pattern, const char *text, uint64_t *steps);
