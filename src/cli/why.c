/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/commands.h"
int cmd_why(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return 4;
}
