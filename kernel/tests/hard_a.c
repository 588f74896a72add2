/* SPDX-License-Identifier: GPL-2.0-only */
#include <modsure/module.h>
#include "leaf.h"

MODULE_DESCRIPTION("has a hard dependency, and uses no symbol of it");
MODULE_HARDDEP("hard_b");
