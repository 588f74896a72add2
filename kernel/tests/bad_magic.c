/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("built for this kernel; the tests change its vermagic");
