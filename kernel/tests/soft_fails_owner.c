/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("its softdep can't be loaded");
MODULE_SOFTDEP("pre: init_fails");
