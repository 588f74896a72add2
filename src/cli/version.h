/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/**
 * version_print() - to stdout
 * Scripts look for the first two lines, which say what kmod's release of the same abilities would.
 */
void version_print(void);
