/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * In which order do the modules of an image stand, and which of them was not asked for?
 */
#include <stddef.h>
#include <stdint.h>

struct links;

/**
 * image_order() - all modules with a file that @roots bring in, and those with a file of @roots
 * @links: finished; lines and links of all that can be reached
 * @ret_modules: each once; free()
 *
 * What a module's line in modules.dep names comes before it, always. What its other links name does
 * too, unless that would close a cycle. The order hangs on nothing but @links and @roots. No recursion;
 * time is linear in links and lines.
 * Return: 0; -ENOMEM.
 */
int image_order(const struct links *links, const uint32_t *roots, size_t n_roots,
		uint32_t **ret_modules, uint32_t *ret_n);
