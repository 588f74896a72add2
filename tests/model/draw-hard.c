/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hard dependencies and conflicts of a drawn world, and what depmod has made of them.
 */
#include <stdio.h>
#include <string.h>

#include "draw.h"

static void put_answer(struct draw_hard *hard, uint32_t module)
{
	if (hard->answer_set & BIT(module))
		return;
	hard->answer_set |= BIT(module);
	hard->answers[hard->n_answers++] = (uint8_t)module;
}

static void draw_word(struct draw *d, struct draw_hard *hard)
{
	uint32_t what = draw_below(d, 10), module = draw_below(d, d->n_modules);

	if (what == 0) {
		strcpy(hard->word, "nosuch");
	} else if (what < 6 && d->n_aliases > 0) {
		const struct draw_alias *alias = &d->aliases[draw_below(d, d->n_aliases)];

		strcpy(hard->word, alias->name);
		hard->is_alias = true;
		for (uint32_t n = 0; n < alias->n; n++)
			put_answer(hard, alias->modules[n]);
	} else {
		strcpy(hard->word, d->modules[module].name);
		put_answer(hard, module);
	}
}

/* By symbols, and by the hard dependencies that stand in lines so far. */
static set find_needs(const struct draw *d, uint32_t i)
{
	set needs = d->modules[i].needs, before;

	do {
		before = needs;
		for (uint32_t z = 0; z < d->n_modules; z++)
			if (needs & BIT(z))
				needs |= d->modules[z].needs;
		for (uint32_t h = 0; h < d->n_hards; h++)
			if (d->hards[h].is_in_line && (needs | BIT(i)) & BIT(d->hards[h].module))
				needs |= d->hards[h].answer_set;
	} while (needs != before);
	return needs;
}

/* What depmod does with a word that one module answers to, and that nobody but a module does. */
static void project(struct draw *d, struct draw_hard *hard)
{
	uint32_t to = hard->answers[0];

	if (hard->n_answers != 1 || d->modules[to].is.is_builtin || to == hard->module ||
	    !draw_chance(d, 60))
		return;
	if (d->modules[hard->module].closure & BIT(to))
		hard->is_by_symbol = true;
	else if (find_needs(d, to) & BIT(hard->module))
		hard->is_dropped = true;
	else
		hard->is_in_line = true;
}

/* What needs nothing that is not there yet is next, the first by number. */
static void find_order(struct draw *d)
{
	set placed = 0;

	for (uint32_t n = 0; n < d->n_modules; n++) {
		uint32_t i = 0;

		while (placed & BIT(i) || d->modules[i].line & ~placed)
			i++;
		placed |= BIT(i);
		d->order[n] = (uint8_t)i;
	}
}

static void draw_conflicts(struct draw *d)
{
	for (uint32_t n = 1 + draw_below(d, 4); n > 0; n--) {
		uint32_t a = draw_below(d, d->n_modules), b = draw_below(d, d->n_modules);

		if (a == b)
			continue;
		d->conflicts[a] |= BIT(b);
		d->conflicts[b] |= BIT(a);
		d->told_conflicts[a] |= BIT(b);
		if (!draw_chance(d, 15))
			d->told_conflicts[b] |= BIT(a);
	}
}

void draw_hards(struct draw *d)
{
	uint32_t n = draw_chance(d, 50) ? draw_below(d, DRAW_HARDS_MAX + 1) : 0;

	for (uint32_t i = 0; i < n; i++) {
		struct draw_hard *hard = &d->hards[i];

		hard->module = draw_below(d, d->n_modules);
		draw_word(d, hard);
		hard->declared = draw_below(d, 3);
		project(d, hard);
		d->n_hards = i + 1;
		if (draw_chance(d, 5)) /* taken back by a rule; the line stays */
			hard->is_dropped = true;
	}
	for (uint32_t i = 0; i < d->n_modules; i++)
		d->modules[i].line = find_needs(d, i);
	find_order(d);
	if (draw_chance(d, 25))
		draw_conflicts(d);
}

void draw_print_hards(const struct draw *d)
{
	static const char *const by[] = { "module", "conf", "conf!" };

	for (uint32_t h = 0; h < d->n_hards; h++)
		printf("# %u: %s hard %s (%s)%s%s%s\n", h + 1, d->modules[d->hards[h].module].name,
		       d->hards[h].word, by[d->hards[h].declared], d->hards[h].is_in_line ? " line" : "",
		       d->hards[h].is_by_symbol ? " symbol" : "", d->hards[h].is_dropped ? " dropped" : "");
	for (uint32_t i = 0; i < d->n_modules; i++)
		for (uint32_t z = 0; z < d->n_modules; z++)
			if (d->told_conflicts[i] & BIT(z))
				printf("# %s conflict %s\n", d->modules[i].name, d->modules[z].name);
}
