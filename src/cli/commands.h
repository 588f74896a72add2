/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The commands of the one program: each is a link to it, and a sub-command of modsure and kmod.
 */

/**
 * cmd_depmod() cmd_modinfo() - argv[0] is the command's name
 * Return: exit status, 0 or 1.
 */
int cmd_depmod(int argc, char **argv);
int cmd_modinfo(int argc, char **argv);
