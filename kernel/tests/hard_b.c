/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("what hard_a needs");
