/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Cycles among modules, and the order that exists without them.
 */
#include <stdint.h>

struct findings;
struct graph;

/**
 * cycles_leave_out() - leave all members of symbol cycles out, and say one path of each
 * Linear in modules and edges; no recursion.
 * Return: number of modules left out; -ENOMEM.
 */
int cycles_leave_out(struct graph *g, struct findings *findings);

/**
 * cycles_components() - which modules need each other?
 * @ret_component: by module; two have the same number (from 1) when each needs the other, directly or
 *                 not; 0 for modules left out
 * Linear in modules and edges; no recursion. Return: 0; -ENOMEM.
 */
int cycles_components(struct graph *g, uint32_t *ret_component);

/**
 * cycles_rank() - number the modules so that users come before what they need, and count users
 * The graph must be free of cycles. Modules left out get rank UINT32_MAX.
 * Return: 0; -ENOMEM.
 * Source: doc/formats/depmod.md, "Order of dependencies".
 */
int cycles_rank(struct graph *g);
