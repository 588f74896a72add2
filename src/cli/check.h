/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the parts of modsure check share; not for others.
 */
#include "check/baseline.h"
#include "check/rules.h"
#include "cli/view.h"
#include "engine/check.h"

/* Findings of one rule that the text shows without --all. */
#define CHECK_SHOWN_MAX 10u

/* For --fail-on: behind the severities. */
#define CHECK_NEVER CHECK_SEVERITIES

/** enum check_mode - what is to be done */
enum check_mode {
	CHECK_MODE_CHECK,
	CHECK_MODE_EXPLAIN,
	CHECK_MODE_LIST,
};

/** struct check_command - options, and what they led to */
struct check_command {
	struct view view;
	struct check_options options;
	struct check_result result;

	enum check_mode mode;
	const char *explain; /* id or name of a rule */
	int fail_on;	     /* enum check_severity; CHECK_NEVER */
	bool is_sarif, is_quiet, is_all;
	bool *is_off;	 /* rules that --rule and --skip leave out, by number */
	bool has_chosen; /* --rule was given: all others are out */
	const char **depmod_conf, **keyrings;

	const char *baseline_path, *write_path; /* NULL: not given; "-" is standard output */
	struct baseline baseline;
	struct baseline_roots roots;
	uint32_t n_accepted;
	int status; /* enum view_status: what it will exit with */
};

/** check_explain() - one rule in full, or why there is none. Return: exit status. */
int check_explain(struct check_command *c);

/** check_list_rules() - all rules, as a table or as JSON. Return: exit status. */
int check_list_rules(struct check_command *c);

/**
 * check_baseline_read() - the file of --baseline; bad lines are reported
 * Return: 0; -errno (reported).
 */
int check_baseline_read(struct check_command *c);

/**
 * check_baseline_use() - mark what is accepted; with --write-baseline, write what was found, which is
 * accepted by that. Return: 0; -errno (reported).
 */
int check_baseline_use(struct check_command *c);

/** check_text() - the report for people */
void check_text(struct check_command *c);

/** check_json() - doc/formats/check-json.md. Return: 0; -ENOMEM. */
int check_json(struct check_command *c);

/** check_sarif() - SARIF 2.1.0. Return: 0; -ENOMEM. */
int check_sarif(struct check_command *c);

/** check_count_text() - "1 error, 2 warnings, 0 notes in 4230 modules"; with a NUL behind */
void check_count_text(const struct check_command *c, struct buf *out);

/**
 * check_print_open() check_print_item() check_print_close() - a document with a long list in it, an item at a
 * time, so that a million findings need no more memory than one
 * @map: everything else; dropped. The list is its last key.
 * Return: 0; -ENOMEM.
 */
int check_print_open(struct json *json, struct json_node *map, const char *list);
int check_print_item(struct json *json, struct json_node *item, bool is_first);
void check_print_close(const char *end);
