/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Cycles among modules, and the order that exists without them.
 */
struct findings;
struct graph;

/**
 * cycles_leave_out() - leave all members of symbol cycles out, and say one path of each
 * Linear in modules and edges; no recursion.
 * Return: number of modules left out; -ENOMEM.
 */
int cycles_leave_out(struct graph *g, struct findings *findings);

/**
 * cycles_rank() - number the modules so that users come before what they need, and count users
 * The graph must be free of cycles. Modules left out get rank UINT32_MAX.
 * Return: 0; -ENOMEM.
 * Source: doc/formats/depmod.md, "Order of dependencies".
 */
int cycles_rank(struct graph *g);
