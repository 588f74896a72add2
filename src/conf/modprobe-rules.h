/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The rules of one kind as modprobe-conf.c puts them in: found by name without a pass over all of them.
 */
#include "conf/modprobe-conf.h"

/**
 * modprobe_rules_add() - behind all others; its strings are borrowed
 * Constant time on average.
 * Return: 0; -E2BIG there are MODPROBE_RULES_MAX; -ENOMEM.
 */
int modprobe_rules_add(struct modprobe_rules *rules, const struct modprobe_rule *rule);

/** modprobe_rules_done() - free; all zero is fine */
void modprobe_rules_done(struct modprobe_rules *rules);
