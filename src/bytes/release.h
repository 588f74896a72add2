/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * How old is a kernel, by its release?
 */
#include <stdbool.h>

/**
 * release_is_since() - is @release ("6.12.117+deb12-amd64") of version @major.@minor or later?
 * False where it does not begin with two numbers and a dot between them, and for NULL.
 */
bool release_is_since(const char *release, unsigned int major, unsigned int minor);
