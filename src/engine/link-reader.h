/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Finds out for a session what hangs below a module: indexes, rules, and the symbols of the files.
 */
#include <stdbool.h>
#include <stdint.h>

#include "bytes/arena.h"
#include "graph/links.h"

struct plan_answer;
struct session;

/** struct link_reader_options - all false follows everything */
struct link_reader_options {
	bool no_soft;  /* neither soft nor weak dependencies */
	bool no_weak;
	bool no_files; /* files stay closed: links of modules.dep instead of symbols */
};

/**
 * link_reader_read() - @starts, and all that they bring in, to links
 * @arena: owns facts and conflicts; to be kept as long as @links
 * @links: fresh from links_new(); finished on success
 * @ret_starts: room for @n_starts; the modules of @starts, each once
 * @ret_n: how many those are
 *
 * Rules count as they do in a plan: an answer to the alias of a dependency does not when it is
 * blacklisted, and of those to a hard dependency the built-in ones are enough. What a weak dependency
 * names is in @links, but not what that brings in. Files that can't be read are reported, and their
 * lines in modules.dep count instead.
 * Return: 0; -E2BIG; -ENOMEM.
 */
int link_reader_read(struct session *s, const struct link_reader_options *options,
		     const struct plan_answer *starts, size_t n_starts, struct arena *arena,
		     struct links *links, uint32_t *ret_starts, size_t *ret_n);
