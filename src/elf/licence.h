/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What does the kernel make of a module's licence?
 */
#include <stdbool.h>

/**
 * licence_is_gpl() - does the kernel take it for GPL-compatible, and let the module have GPL-only symbols?
 * @licence: the first license= tag; NULL, for a module without one, is not
 */
bool licence_is_gpl(const char *licence);
