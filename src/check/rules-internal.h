/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Functions of the table of rules; not for others. Each is named after its rule and adds findings by
 * check_add(). Return: 0; -ENOMEM.
 */
#include "check/rules.h"

/* symbols.c */
int check_unresolved_symbol(struct check *c);

/* dependencies.c */
int check_unknown_softdep(struct check *c);
int check_unknown_weakdep(struct check *c);
int check_dependency_on_itself(struct check *c);
int check_unmarked_softdep(struct check *c);
int check_several_softdeps(struct check *c);
int check_dependency_taken_back(struct check *c);
int check_bad_dependency(struct check *c);

/* dependencies-hard.c */
int check_unknown_harddep(struct check *c);
int check_forbidden_harddep(struct check *c);

/** check_about_finding() - where a finding about a declaration stands: a tag, or file and line */
struct check_about check_about_finding(const struct finding *x);

/* dependencies-order.c */
int check_harddep_cycle(struct check *c);
int check_softdep_cycle(struct check *c);

/* dependencies-conflict.c */
int check_unknown_conflict(struct check *c);
int check_conflict_with_need(struct check *c);

/* configuration.c */
int check_bad_configuration(struct check *c);
int check_unused_configuration(struct check *c);
int check_configuration_of_no_module(struct check *c);
int check_alias_of_no_module(struct check *c);

/* configuration-options.c */
int check_unknown_parameter(struct check *c);
int check_parameter_twice(struct check *c);
int check_refused_parameter(struct check *c);
