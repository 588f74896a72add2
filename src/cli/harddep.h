/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the verbs of modsure harddep share; not for others.
 */
#include "cli/view.h"

/** struct harddep - a call of modsure harddep */
struct harddep {
	struct view view;
	bool is_files, is_stdin; /* image only */
	char **names;		 /* what stands behind the verb */
	int n_names;
};

/**
 * harddep_list() harddep_image() harddep_suggest() - the verbs; the view is open
 * Return: exit status, enum view_status.
 */
int harddep_list(struct harddep *h);
int harddep_image(struct harddep *h);
int harddep_suggest(struct harddep *h);

/** struct harddep_modules - names of modules, each once */
struct harddep_modules {
	const char **items;
	size_t n;
	int status; /* VIEW_YES; VIEW_UNKNOWN, VIEW_FAILED something has no answer, as reported */
};

/**
 * harddep_find() - the modules that answer to the names of the call; what has no answer is reported
 * @arena: owns the names
 * Return: 0; -ENOMEM.
 */
int harddep_find(struct harddep *h, struct arena *arena, struct harddep_modules *ret);

/** harddep_print() - a line of text, cleaned and wrapped; @text is used up */
void harddep_print(const struct harddep *h, struct buf *text, int indent);

/** harddep_answers() - JSON of what answers to a word: a list of {"module", "builtin"} */
struct json_node *harddep_answers(struct json *json, const struct plan_answer *answers, size_t n);

/** harddep_put_answers() - the same for people, the last two joined by @last: "a, b (built in) or c" */
void harddep_put_answers(const struct plan_answer *answers, size_t n, const char *last,
			 struct buf *out);

/** harddep_put_source() - " (FILE:LINE)", " (FILE)" without a line; nothing for NULL */
void harddep_put_source(const char *file, unsigned int line, struct buf *out);
