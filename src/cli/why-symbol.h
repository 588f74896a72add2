/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * modsure why --symbol NAME, behind the options.
 */
struct view;

/** struct why_symbol_options - NULL: not given */
struct why_symbol_options {
	const char *symbol;
	const char *symvers;	/* -E */
	const char *system_map; /* -F */
};

/** why_symbol() - @view: opened. Return: exit status. */
int why_symbol(struct view *view, const struct why_symbol_options *options);
