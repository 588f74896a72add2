/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The one table of rules. Numbers are a promise: one that was given up is never used again.
 *
 *   MS1xx symbols   MS2xx namespaces   MS3xx dependencies   MS4xx modules
 *   MS5xx configuration   MS6xx indexes   MS7xx livepatches
 */
#include "check/check.h"

/** struct check_rule - one rule */
struct check_rule {
	const char *id;	  /* "MS101" */
	const char *name; /* "unresolved-symbol": letters and '-' */
	enum check_severity severity; /* a finding may have a lower one */
	unsigned int needs;	      /* enum check_need: without any of these it does not run */
	const char *title;	      /* one line, a statement that is true of each finding */
	const char *explanation; /* what happens, why, what to do; paragraphs with "\n\n" between */
	int (*run)(struct check *c);  /* Return: 0; -ENOMEM */
};

extern const struct check_rule check_rules[];
extern const size_t check_n_rules;

/** check_rule_find() - by id or name, letters of either case; NULL: no such rule */
const struct check_rule *check_rule_find(const char *id_or_name);

/** check_severity_name() - "note", "warning", "error" */
const char *check_severity_name(enum check_severity severity);

/** check_need_name() - what is missing, in words, for one bit: "the symbols that the kernel exports" */
const char *check_need_name(unsigned int need);
