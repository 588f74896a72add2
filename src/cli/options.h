/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Command-line options as a table: one table drives the parser and the text of --help.
 */
#include <stddef.h>

/**
 * struct option_row - one option
 * @id:       its letter; above 255 for one without a letter
 * @name:     long form, NULL for none
 * @argument: what the help calls its argument; NULL when it takes none
 * @help:     NULL for an old spelling that is understood but not shown
 */
struct option_row {
	int id;
	const char *name;
	const char *argument;
	const char *help;
};

/** struct option_table - rows for -h and -V are part of every table and need not be given */
struct option_table {
	const char *const *usage; /* lines behind "Usage:", NULL at the end */
	const struct option_row *rows;
	size_t n_rows;
};

/**
 * options_parse() - parse and permute the options of a command
 * @argv:  argv[0] is what messages call the command
 * @apply: called for each option in the given order; less than 0 ends the parsing
 *
 * -h and -V are answered on stdout; mistakes on stderr, an option that is none with the usage behind.
 * Return: index of the first operand in @argv; 0 when -h or -V was answered; -EINVAL; -ENOMEM;
 * what @apply returned when that is less than 0.
 */
int options_parse(const struct option_table *table, int argc, char **argv,
		  int (*apply)(void *ctx, int id, const char *argument), void *ctx);

/** options_misuse() - the usage lines on stderr, behind a message that says what is missing */
void options_misuse(const struct option_table *table);
