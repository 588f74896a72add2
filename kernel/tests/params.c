/* SPDX-License-Identifier: GPL-2.0-only */
#include "leaf.h"

MODULE_DESCRIPTION("parameters of several types, readable below /sys/module/params/parameters");

static int number = 7;
module_param(number, int, 0444);
MODULE_PARM_DESC(number, "a number");

static char *text = "default";
module_param(text, charp, 0444);
MODULE_PARM_DESC(text, "a text");

static bool flag;
module_param(flag, bool, 0444);
MODULE_PARM_DESC(flag, "yes or no");

static int list[4];
static unsigned int n_list;
module_param_array(list, int, &n_list, 0444);
MODULE_PARM_DESC(list, "up to four numbers");
