/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * modsure harddep suggest: which soft dependencies look like more than that, and by what evidence?
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/harddep.h"
#include "engine/suggest.h"

static const char *const settled_names[] = {
	[SUGGEST_OPEN] = NULL,		 [SUGGEST_NEEDED] = "symbol",
	[SUGGEST_DECLARED] = "declared", [SUGGEST_BUILTIN] = "builtin",
	[SUGGEST_UNANSWERED] = "unknown",
};

struct suggest {
	struct harddep *h;
	struct json_node *list;
};

/* A line for depmod.d; false where there is nothing to be said. */
static bool put_line(const struct suggestion *found, struct buf *out)
{
	if (found->verdict != SUGGEST_HARD || found->settled != SUGGEST_OPEN)
		return false;
	buf_printf(out, "harddep %s %s", found->owner, found->word);
	return true;
}

/* Text */

static void put_settled(const struct suggestion *found, struct buf *out)
{
	switch (found->settled) {
	case SUGGEST_OPEN:
		break;
	case SUGGEST_NEEDED:
		buf_put_string(out, "nothing to do: it is in modules.dep");
		break;
	case SUGGEST_DECLARED:
		buf_put_string(out, "nothing to do: it is declared as a hard dependency");
		harddep_put_source(found->declared_file, found->declared_line, out);
		break;
	case SUGGEST_BUILTIN:
		buf_put_string(out, "nothing to do: ");
		harddep_put_answers(found->answers, found->n_answers, " and ", out);
		break;
	case SUGGEST_UNANSWERED:
		buf_put_string(out, "nothing to do: nothing answers");
		break;
	}
}

static void print_evidence(const struct suggest *s, struct bytes evidence)
{
	for (size_t at = 0; at < evidence.size;) {
		const char *sentence = (const char *)evidence.base + at;
		struct buf text = { 0 };

		buf_put_string(&text, sentence);
		at += strlen(sentence) + 1;
		harddep_print(s->h, &text, 2);
	}
}

/* Unbroken, so that it can be copied. */
static void print_line(const struct suggest *s, struct buf *text)
{
	CLEANUP_BUF struct buf clean = { 0 };

	buf_put_u8(text, '\0');
	if (!text->error)
		view_clean(&s->h->view, (const char *)text->base, &clean);
	if (!clean.error && clean.size > 0)
		printf("  for depmod.d: %s\n", (const char *)clean.base);
	buf_done(text);
}

static void print_text(const struct suggest *s, const struct suggestion *found)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s: %s %s", suggest_verdict_name(found->verdict), found->owner, found->word);
	if (found->is_post)
		buf_put_string(&text, ", loaded after it");
	harddep_put_source(found->file, found->line, &text);
	harddep_print(s->h, &text, 0);
	print_evidence(s, found->evidence);
	text = (struct buf){ 0 };
	if (found->n_answers > 1 && found->settled == SUGGEST_OPEN) {
		buf_put_string(&text, "a group: ");
		harddep_put_answers(found->answers, found->n_answers, " or ", &text);
		harddep_print(s->h, &text, 2);
		text = (struct buf){ 0 };
	}
	if (put_line(found, &text)) {
		print_line(s, &text);
		return;
	}
	put_settled(found, &text);
	if (text.size > 0)
		harddep_print(s->h, &text, 2);
}

/* JSON */

static struct json_node *evidence_node(struct json *json, struct bytes evidence)
{
	struct json_node *list = json_new_list(json);

	for (size_t at = 0; at < evidence.size;) {
		const char *sentence = (const char *)evidence.base + at;

		json_append(json, list, view_text(json, sentence));
		at += strlen(sentence) + 1;
	}
	return list;
}

static int add_json(struct suggest *s, const struct suggestion *found)
{
	struct json *json = s->h->view.json;
	struct json_node *map = json_new_map(json);
	CLEANUP_BUF struct buf line = { 0 };
	bool has_line = put_line(found, &line);

	if (line.error)
		return line.error;
	json_set(json, map, "verdict", view_text(json, suggest_verdict_name(found->verdict)));
	json_set(json, map, "module", view_text(json, found->owner));
	json_set(json, map, "word", view_text(json, found->word));
	json_set(json, map, "when", view_text(json, found->is_post ? "post" : "pre"));
	json_set(json, map, "source", view_source(json, found->file, found->line));
	json_set(json, map, "answers", harddep_answers(json, found->answers, found->n_answers));
	json_set(json, map, "evidence", evidence_node(json, found->evidence));
	json_set(json, map, "settled", view_text(json, settled_names[found->settled]));
	json_set(json, map, "suggestion",
		 has_line ? json_new_string(json, buf_bytes(&line)) : json_new_null(json));
	json_append(json, s->list, map);
	return 0;
}

static int show(void *ctx, const struct suggestion *found)
{
	struct suggest *s = ctx;

	if (s->list)
		return add_json(s, found);
	print_text(s, found);
	return 0;
}

static int print_json(struct suggest *s)
{
	struct json *json = s->h->view.json;
	struct json_node *map = json_new_map(json);

	json_set(json, map, "kernel", view_text(json, view_kernel(&s->h->view)));
	json_set(json, map, "suggestions", s->list);
	s->list = NULL;
	return view_print_json(&s->h->view, map);
}

int harddep_suggest(struct harddep *h)
{
	struct suggest s = { .h = h, .list = h->view.json ? json_new_list(h->view.json) : NULL };
	struct harddep_modules modules = { 0 };
	CLEANUP_ARENA struct arena arena = { 0 };
	int r;

	r = harddep_find(h, &arena, &modules);
	if (r == 0 && (h->n_names == 0 || modules.n > 0))
		r = suggest_read(&h->view.session, modules.items, modules.n, 0, show, &s);
	if (r == 0 && s.list)
		r = print_json(&s);
	if (s.list)
		json_drop(h->view.json, s.list);
	free(modules.items);
	return r < 0 ? view_fail(&h->view, r) : modules.status;
}
