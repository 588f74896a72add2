/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("one of two modules that name each other as softdep, after");
MODULE_SOFTDEP("post: post_b");
