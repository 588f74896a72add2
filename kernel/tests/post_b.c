/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("the other one");
MODULE_SOFTDEP("post: post_a");
