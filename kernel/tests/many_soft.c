/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("softdeps on several lines, one of them without a keyword, one that does not exist");
MODULE_SOFTDEP("pre: soft_1");
MODULE_SOFTDEP("soft_2");
MODULE_SOFTDEP("pre: soft_3 post: soft_4");
MODULE_SOFTDEP("pre: soft_missing");
