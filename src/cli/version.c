/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/version.h"

#include <stdio.h>

#include "config.h"

void version_print(void)
{
	puts("kmod version 34");
	puts(MODSURE_FEATURES);
	puts("modsure " MODSURE_VERSION);
}
