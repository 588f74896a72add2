/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What must an image hold besides the modules that it holds? Whatever modules.dep, hard and weak
 * dependencies name, and what those bring in.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "graph/links.h"

struct session;

/** struct image_roots - the modules that it holds; all zero is none; free() @items */
struct image_roots {
	uint32_t *items; /* numbers in links */
	uint32_t n, capacity;
};

/** struct image_result - remarks; see image_collect() */
struct image_result {
	bool is_broken; /* nothing answers to a hard dependency without which a module is refused */
};

/**
 * image_add() - a module that the image holds, by its name or an alias
 * @name: a module's name counts before any alias; all that answer to an alias are added
 * Return: 0; -ENOENT nothing answers; -EINVAL no name or alias; -E2BIG over LINKS_MODULES_MAX or
 * LINKS_MAX; -ENOMEM.
 */
int image_add(struct session *s, struct links *links, struct image_roots *roots, const char *name);

/**
 * image_collect() - follow everything from the modules that image_add() added
 * @links: finished on success, for image_order()
 *
 * All answers to a word count, whatever rules say about loading them: an image does not know which
 * of them its machine can use. What is built in is no part of any image. A word of a weak dependency
 * that nothing answers is passed over; of a hard one, reported.
 * Return: 0; -E2BIG over LINKS_MAX or LINKS_MODULES_MAX; -ENOMEM.
 */
int image_collect(struct session *s, struct links *links, struct image_result *ret);
