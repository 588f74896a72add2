/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sys/standard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <unistd.h>

/* The three belong to the whole program, and so does what is known of them. */
static atomic_bool is_guarded, is_stderr_closed, is_filled;

void sys_guard_standard(void)
{
	atomic_store(&is_guarded, true);
}

void sys_fill_standard(void)
{
	struct pollfd fds[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (!atomic_load(&is_guarded) || atomic_exchange(&is_filled, true) || poll(fds, 3, 0) <= 0)
		return;
	if (fds[2].revents & POLLNVAL)
		atomic_store(&is_stderr_closed, true);
	/* Each takes the lowest that is free. Without /dev/null the next file is moved up as well. */
	for (int fd = 0; fd <= 2; fd++)
		if ((fds[fd].revents & POLLNVAL) && open("/dev/null", O_RDWR) < 0)
			atomic_store(&is_filled, false);
}

int sys_move_up(int fd)
{
	int up, saved;

	if (fd < 0 || fd > 2 || !atomic_load(&is_guarded))
		return fd;
	up = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	saved = errno;
	(void)close(fd);
	atomic_store(&is_filled, false);
	sys_fill_standard();
	errno = saved;
	return up;
}

bool sys_is_stderr_closed(void)
{
	sys_fill_standard();
	return atomic_load(&is_stderr_closed);
}
