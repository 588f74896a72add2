/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("carries a hard dependency without using a symbol");
MODULE_INFO(harddep, "hard_b");
