/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the parts of a session share.
 */
#include "engine/session.h"

/** session_report_broken() - indexes among @broken that were found broken, each once: why nothing is found */
void session_report_broken(struct session *s, unsigned int broken);

/** session_is_in_kernel() - also one that no index knows: somebody inserted its file */
bool session_is_in_kernel(struct session *s, const char *module);

/** session_is_builtin() - is what answered built in? */
bool session_is_builtin(struct session *s, const struct plan_answer *answer);

/** struct session_word - a name or alias that somebody wrote; in the session's memory */
struct session_word {
	const char *text;   /* as it was written: for people */
	const char *folded; /* '-' folded: to tell whether two are the same */
};

/**
 * session_word() - @size bytes of @text as a word
 * Return: 0; -EINVAL longer than any alias, or brackets that match nothing; -ENOMEM.
 */
int session_word(struct session *s, const char *text, size_t size, struct session_word *ret_word);

/**
 * session_tag_source() - what "a tag of @module" is called in messages
 * Return: false without memory.
 */
bool session_tag_source(struct session *s, const char *module, struct plan_source *ret_source);

/**
 * session_grow() - room for item @n in an array of @capacity items; doubles it
 * Return: 0; -ENOMEM.
 */
int session_grow(void *items, size_t n, size_t *capacity, size_t size);

/** session_conflict_rules_free() - NULL is fine */
void session_conflict_rules_free(struct conflict_rules *rules);

/** struct session_file - what a file that was given by its path says of its module */
struct session_file {
	struct session_file *next;
	const char *module;
	const char *path;
	const char *own_name; /* that the kernel knows it by; NULL for @module */
	struct plan_source source; /* of its tags */
	struct session_word *hards, *conflicts; /* each once */
	uint32_t n_hards, n_conflicts;
};

/** session_find_file() - of a module; NULL without */
const struct session_file *session_find_file(const struct session *s, const char *module);
