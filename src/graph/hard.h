/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Hard dependencies as edges of the graph, behind those of symbols: none of them closes a cycle.
 */
#include <stdint.h>

struct declarations;
struct findings;
struct graph;

/* Edges that may be looked at in the search for ways back, all together: a fraction of a second. A
 * real graph has 20,000 edges, and next to none of them in a knot. */
#define HARD_WORK_MAX ((uint64_t)1 << 24)

/* Modules of a cycle that are kept for a finding. */
#define HARD_PATH_MAX 64u

/**
 * hard_add_edges() - from each module to the one that answers to a hard dependency of it
 * @g: after graph_resolve(); deps, n_hard_deps, n_users and ranks are set anew
 * @d: after declarations_resolve(); what is dropped gets DECLARED_CYCLE for its fate
 *
 * Edges are tried in array order of their modules and, of one, in order of declaration; symbols were
 * there before. One that closes a cycle with what is there by then is dropped, and a finding has a
 * shortest path. Only edges inside of a knot are tried one by one; beyond HARD_WORK_MAX, those that
 * are left of these are dropped. Otherwise linear in modules and edges; no recursion.
 * Return: 0; -ENOMEM.
 */
int hard_add_edges(struct graph *g, struct declarations *d, struct findings *findings);
