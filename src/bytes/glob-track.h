/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Match a text against many patterns at once that begin alike: the pattern comes byte by byte, and the
 * state says which beginnings of the text match it so far. Where none does, no longer pattern can.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer texts are not tracked: every state of them is unknown. A bit a byte; dmi aliases have 400. */
#define GLOB_TRACK_WORDS 8u

/** struct glob_text - a text to match, prepared; set up with glob_text_init() */
struct glob_text {
	size_t size;	  /* bytes */
	unsigned int n_words; /* 0: too long */
	uint64_t where[128][GLOB_TRACK_WORDS]; /* bit p: byte p of the text is this one */
};

/** struct glob_state - bit p: the first p bytes of the text match the pattern so far */
struct glob_state {
	uint64_t bits[GLOB_TRACK_WORDS];
	bool is_unknown; /* the pattern holds what is not tracked: `[`, `\`, bytes above 127 */
};

/** glob_text_init() - prepare @text; costs its length and 128 * (length / 64 + 1) words */
void glob_text_init(struct glob_text *to, const char *text);

/** glob_state_init() - nothing of a pattern yet, and the text taken from byte @from (at most its size) on */
void glob_state_init(struct glob_state *state, const struct glob_text *text, size_t from);

/**
 * glob_state_step() - the pattern goes on with @c
 * Return: whether the text may still match a pattern that begins so; true for unknown states.
 */
bool glob_state_step(struct glob_state *state, const struct glob_text *text, char c);

/** glob_state_matches() - does the whole text match the pattern as it stands? 1; 0; -1 unknown */
int glob_state_matches(const struct glob_state *state, const struct glob_text *text);
