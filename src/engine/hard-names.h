/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Which modules does a module need without using a symbol of theirs, as far as names can say: what was
 * declared, and the modules that it comes down to.
 */
#include "bytes/buf.h"
#include "engine/indexes.h"

/* Declarations of one module that are looked up; nobody needs a thousand. */
#define HARD_NAMES_MAX 4096u

/* Bytes of indexes and patterns that lookups for all modules of a run may look at: a fraction of a second. */
#define HARD_NAMES_WORK_MAX ((uint64_t)1 << 25)

/** struct hard_names - all zero before the first call; hard_names_done() frees; strings end with a NUL */
struct hard_names {
	struct buf words;   /* names and aliases, as they were declared */
	/* Of words to which one module answers, and nothing that is built in: each once, and called as its
	 * file is, which is how "depends" tags have it. */
	struct buf modules;
	uint32_t n_words;
	unsigned int broken; /* indexes that failed on the way, for indexes_next_broken() */
};

/**
 * hard_names_of_index() - what modules.modsure.bin says of @module ('-' folded)
 *
 * Words that depmod dropped, or to which several answer, give no module. What makes no sense in the
 * file is passed over, see @broken.
 * Return: 0; -ENOENT it says nothing of @module, or there is no such file; -EBADMSG it is damaged; -ENOMEM.
 */
int hard_names_of_index(struct indexes *ix, const char *module, struct hard_names *ret_names);

/**
 * hard_names_add() - words of a tag of @module's own: a blank or several between two
 * What is beyond HARD_NAMES_MAX and HARD_NAMES_WORK_MAX is passed over.
 * Return: 0; -ENOMEM.
 */
int hard_names_add(struct indexes *ix, const char *module, const char *words,
		   struct hard_names *names);

/** hard_names_next() - strings of @list: NULL for the first; NULL behind the last */
const char *hard_names_next(const struct buf *list, const char *after);

void hard_names_done(struct hard_names *names);
