/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/version.h"

#define N_COMMON 2
#define HELP_COLUMN 28

static const struct option_row common[N_COMMON] = {
	{ 'V', "version", NULL, "show the version and what is built in" },
	{ 'h', "help", NULL, "show this text" },
};

static const struct option_row *row_at(const struct option_table *table, size_t i)
{
	return i < table->n_rows ? &table->rows[i] : &common[i - table->n_rows];
}

static void print_row(const struct option_row *row)
{
	int column = 0;

	if (row->id <= 255)
		column += printf("  -%c%s", row->id, row->name ? ", " : "");
	else
		column += printf("      ");
	if (row->name)
		column += printf("--%s", row->name);
	if (row->argument)
		column += printf(row->name ? "=%s" : " %s", row->argument);
	if (column >= HELP_COLUMN) {
		putchar('\n');
		column = 0;
	}
	printf("%*s%s\n", HELP_COLUMN - column, "", row->help);
}

static void print_usage(const struct option_table *table, FILE *to)
{
	fputs("Usage:\n", to);
	for (const char *const *line = table->usage; *line; line++)
		fprintf(to, "  %s\n", *line);
}

void options_misuse(const struct option_table *table)
{
	print_usage(table, stderr);
	fputs("See --help for the options.\n", stderr);
}

static void print_help(const struct option_table *table)
{
	print_usage(table, stdout);
	puts("Options:");
	for (size_t i = 0; i < table->n_rows + N_COMMON; i++)
		if (row_at(table, i)->help)
			print_row(row_at(table, i));
}

/* What getopt_long() wants: letters, each with ':' if it takes an argument, and long names. */
static void fill_getopt(const struct option_table *table, char *letters, struct option *names)
{
	for (size_t i = 0; i < table->n_rows + N_COMMON; i++) {
		const struct option_row *row = row_at(table, i);

		if (row->id <= 255) {
			*letters++ = (char)row->id;
			if (row->argument)
				*letters++ = ':';
		}
		if (row->name)
			*names++ = (struct option){ row->name,
						    row->argument ? required_argument : no_argument,
						    NULL, row->id };
	}
}

int options_parse(const struct option_table *table, int argc, char **argv,
		  int (*apply)(void *ctx, int id, const char *argument), void *ctx)
{
	size_t n = table->n_rows + N_COMMON;
	struct option *names = calloc(n + 1, sizeof(*names));
	char *letters = calloc(2 * n + 1, 1);
	int id, r = 0;

	if (!names || !letters) {
		r = -ENOMEM;
		goto out;
	}
	fill_getopt(table, letters, names);
	optind = 0; /* start anew: a multi-call program may have parsed before */
	while (r == 0 && (id = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		if (id == 'h') {
			print_help(table);
			goto out;
		}
		if (id == 'V') {
			version_print();
			goto out;
		}
		if (id == '?')
			options_misuse(table);
		r = id == '?' ? -EINVAL : apply(ctx, id, optarg);
	}
	if (r >= 0)
		r = optind;
out:
	free(names);
	free(letters);
	return r;
}
