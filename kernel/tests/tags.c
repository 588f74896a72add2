/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Both macros of modsure/module.h in every way in which an author may write them. A test reads the file, and gives
 * it to the kernel as it is.
 */
#include <modsure/module.h>
#include "leaf.h"

MODULE_DESCRIPTION("has many tags, about modules that there are not");
MODULE_HARDDEP("one");
MODULE_HARDDEP("two three");
MODULE_HARDDEP("crypto-" "four");
#define BOTH(_name) MODULE_HARDDEP(_name); MODULE_CONFLICT("not-" _name)
BOTH("five"); BOTH("six");
MODULE_CONFLICT("seven eight");
