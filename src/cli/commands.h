/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The commands of the one program: each is a link to it, and a sub-command of modsure and kmod.
 */

/**
 * cmd_depmod() cmd_insmod() cmd_lsmod() cmd_modinfo() cmd_modprobe() cmd_rmmod()
 * cmd_static_nodes() - argv[0] is the command's name
 * Return: exit status, 0 or 1.
 */
int cmd_depmod(int argc, char **argv);
int cmd_insmod(int argc, char **argv);
int cmd_lsmod(int argc, char **argv);
int cmd_modinfo(int argc, char **argv);
int cmd_modprobe(int argc, char **argv);
int cmd_rmmod(int argc, char **argv);
int cmd_static_nodes(int argc, char **argv);

/**
 * cmd_check() cmd_graph() cmd_harddep() cmd_plan() cmd_why() - modsure's own; argv[0] is the command's name
 * Return: exit status, see enum view_status.
 */
int cmd_check(int argc, char **argv);
int cmd_graph(int argc, char **argv);
int cmd_harddep(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_why(int argc, char **argv);
