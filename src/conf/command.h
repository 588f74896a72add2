/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * $CMDLINE_OPTS in the commands of install and remove rules: the parameters of the module, without
 * ever becoming code, options or other words than they are.
 */
#include "bytes/buf.h"

/**
 * command_expand() - put the parameters of a module into a command
 * @command: for sh -c, as the rule says it
 * @options: parameters, separated by blanks; double quotes keep blanks inside of one
 * @ret_command: appended to, with a NUL behind: where $CMDLINE_OPTS or ${CMDLINE_OPTS} stands outside
 *           of quotes, the parameters stand instead, each quoted for the shell; inside of quotes it is
 *           left for the shell to expand
 * @ret_variable: appended to, with a NUL behind: the value for CMDLINE_OPTS in the command's
 *           environment, for those places; the shell splits it into words and runs none of it
 *
 * A parameter that begins with '-', which no module's does, would be an option of the command and is
 * left out of both; one with a word like that behind a blank, out of the second.
 * Return: how many parameters were left out of both; -E2BIG, -ENOMEM as the buffers.
 */
int command_expand(const char *command, const char *options, struct buf *ret_command,
		   struct buf *ret_variable);
