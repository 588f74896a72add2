/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("one of two modules with the same alias");
MODULE_ALIAS("modsure-test:*");
