/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Functions of the table of rules; not for others. Each is named after its rule and adds findings by
 * check_add(). Return: 0; -ENOMEM.
 */
#include "check/rules.h"

/* symbols.c */
int check_unresolved_symbol(struct check *c);
