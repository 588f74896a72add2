/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/glob-track.h"

#include <string.h>

void glob_text_init(struct glob_text *to, const char *text)
{
	to->size = strlen(text);
	to->n_words = to->size < 64 * (size_t)GLOB_TRACK_WORDS ? (unsigned int)(to->size / 64) + 1 : 0;
	for (size_t c = 0; c < 128; c++)
		memset(to->where[c], 0, to->n_words * sizeof(uint64_t));
	for (size_t p = 0; p < to->size && to->n_words > 0; p++)
		if ((unsigned char)text[p] < 128)
			to->where[(unsigned char)text[p]][p / 64] |= (uint64_t)1 << (p % 64);
}

void glob_state_init(struct glob_state *state, const struct glob_text *text, size_t from)
{
	state->is_unknown = text->n_words == 0;
	if (state->is_unknown)
		return;
	memset(state->bits, 0, text->n_words * sizeof(uint64_t));
	state->bits[from / 64] = (uint64_t)1 << (from % 64);
}

/* A star takes any number of bytes: everything behind the first beginning that matched. */
static void take_any(struct glob_state *state, const struct glob_text *text)
{
	uint64_t fill = 0;

	for (unsigned int w = 0; w < text->n_words; w++) {
		uint64_t bits = state->bits[w];

		state->bits[w] = fill ? fill : bits ? ~((bits & -bits) - 1) : 0;
		fill = fill || bits ? ~(uint64_t)0 : 0;
	}
	/* Bits behind the end of the text may be set now: no byte stands there, so that none survives a step. */
}

/* One byte more, where the text has one of @where there; NULL: where it has any. */
static bool take_one(struct glob_state *state, const struct glob_text *text, const uint64_t *where)
{
	uint64_t carry = 0, any = 0;

	for (unsigned int w = 0; w < text->n_words; w++) {
		uint64_t bits = where ? state->bits[w] & where[w] : state->bits[w];

		state->bits[w] = bits << 1 | carry;
		carry = bits >> 63;
		any |= state->bits[w];
	}
	if (where || text->size % 64 == 63)
		return any != 0;
	state->bits[text->n_words - 1] &= ((uint64_t)1 << (text->size % 64 + 1)) - 1;
	for (unsigned int w = 0; w < text->n_words; w++)
		if (state->bits[w])
			return true;
	return false;
}

bool glob_state_step(struct glob_state *state, const struct glob_text *text, char c)
{
	if (state->is_unknown || c == '[' || c == '\\' || (unsigned char)c > 127) {
		state->is_unknown = true;
		return true;
	}
	if (c == '*') {
		take_any(state, text);
		return true;
	}
	return take_one(state, text, c == '?' ? NULL : text->where[(unsigned char)c]);
}

int glob_state_matches(const struct glob_state *state, const struct glob_text *text)
{
	if (state->is_unknown)
		return -1;
	return (int)(state->bits[text->size / 64] >> (text->size % 64) & 1);
}
