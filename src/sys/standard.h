/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Programs that are started without standard input, output or error (the kernel starts modprobe so): a
 * file that is opened must not take the place of one of them, or messages would go there. The first
 * descriptor that comes out too low tells, so that nobody has to ask at the start.
 */
#include <stdbool.h>

/** sys_guard_standard() - from now on it is looked after: for main() of a program, before other threads */
void sys_guard_standard(void);

/**
 * sys_move_up() - a descriptor above those three, in place of @fd
 * @fd: as open(2) returned it, with its errno; close-on-exec
 * Where it is one of the three, /dev/null takes its place, and that of the others that are closed.
 * Return: @fd, or its copy; -1, and errno.
 */
int sys_move_up(int fd);

/** sys_fill_standard() - put /dev/null where one of the three is closed; for what opens files by itself */
void sys_fill_standard(void);

/** sys_is_stderr_closed() - was it, when the program was started? Fills, too. False in what no main() guards. */
bool sys_is_stderr_closed(void);
