/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest's own program: starts commands under test and tells the host what came of it.
 *
 *   run [-u UID] COMMAND...         one frame
 *   together N COMMAND...           N at once, N frames
 *   unload-others                   remove every module that was not there at the first call; "@@left NAME..."
 *   reset                           nothing at /mnt, in modprobe.d, depmod.d and /tmp; then as above
 *   socket FAMILY [TYPE] [PROTO]    open a socket, print "ok" or the error's name
 *   mount DEVICE FOLDER TYPE        mount(2) as it is
 *   sys-load FILE [PARAMETERS]      finit_module(2) as it is
 *   sys-unload NAME                 delete_module(2) as it is
 *   session TTY COMMAND...          COMMAND on that terminal, then switch off
 *   guest COMMAND...                COMMAND, then end the machine with its status
 *
 * A frame: "@@run EXIT SIGNAL OUT_SIZE ERR_SIZE STATE_SIZE\n", then that many bytes of output, of messages
 * and of /proc/modules, then "\n". SIGNAL is 0 or what killed the command; a command that does not end in
 * TIME_LIMIT seconds is killed and has EXIT -1. One write(2) a frame, so that frames do not mix.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define TIME_LIMIT 200
#define MAX_TOGETHER 64
#define BASELINE "/run/vm-modules"

static void die(const char *what)
{
	fprintf(stderr, "vmhelper: %s: %s\n", what, strerror(errno));
	exit(125);
}

static char *read_fd(int fd, size_t *size)
{
	size_t room = 1 << 16;
	char *data = malloc(room);
	ssize_t n;

	for (*size = 0; data && (n = read(fd, data + *size, room - *size)) > 0;) {
		*size += n;
		if (*size == room)
			data = realloc(data, room *= 2);
	}
	if (!data)
		die("malloc");
	return data;
}

static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data;

	if (fd < 0)
		die(path);
	data = read_fd(fd, size);
	close(fd);
	return data;
}

static int scratch_file(void)
{
	int fd = open("/run", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		die("/run");
	return fd;
}

struct run {
	pid_t pid;
	int out, err;
	int status;	/* of waitpid(2) */
	int is_timeout;
};

static void start(struct run *run, int uid, char **argv)
{
	run->out = scratch_file();
	run->err = scratch_file();
	run->pid = fork();
	if (run->pid < 0)
		die("fork");
	if (run->pid > 0)
		return;

	setpgid(0, 0);
	dup2(run->out, 1);
	dup2(run->err, 2);
	if (uid > 0 && (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0))
		die("setuid");
	execvp(argv[0], argv);
	die(argv[0]);
}

static void finish(struct run *run, time_t deadline)
{
	while (waitpid(run->pid, &run->status, WNOHANG) == 0) {
		if (time(NULL) >= deadline) {
			run->is_timeout = 1;
			kill(-run->pid, SIGKILL);
			waitpid(run->pid, &run->status, 0);
			return;
		}
		usleep(2000);
	}
}

static char *slurp(int fd, size_t *size)
{
	lseek(fd, 0, SEEK_SET);
	return read_fd(fd, size);
}

static void report(struct run *run)
{
	size_t n_out, n_err, n_state, size;
	char *out = slurp(run->out, &n_out), *err = slurp(run->err, &n_err);
	char *state = read_file("/proc/modules", &n_state);
	int is_killed = WIFSIGNALED(run->status), code = is_killed ? 0 : WEXITSTATUS(run->status);
	FILE *frame;
	char *text;

	frame = open_memstream(&text, &size);
	if (!frame)
		die("open_memstream");
	fprintf(frame, "@@run %d %d %zu %zu %zu\n", run->is_timeout ? -1 : code,
		is_killed ? WTERMSIG(run->status) : 0, n_out, n_err, n_state);
	fwrite(out, 1, n_out, frame);
	fwrite(err, 1, n_err, frame);
	fwrite(state, 1, n_state, frame);
	fputc('\n', frame);
	fclose(frame);
	for (size_t done = 0; done < size;) {
		ssize_t n = write(1, text + done, size - done);

		if (n < 0)
			die("write");
		done += n;
	}
}

static int run_all(int n, int uid, char **argv)
{
	struct run runs[MAX_TOGETHER] = { 0 };
	time_t deadline = time(NULL) + TIME_LIMIT;

	if (!argv[0] || n < 1 || n > MAX_TOGETHER)
		return 125;
	for (int i = 0; i < n; i++)
		start(&runs[i], uid, argv);
	for (int i = 0; i < n; i++)
		finish(&runs[i], deadline);
	for (int i = 0; i < n; i++)
		report(&runs[i]);
	return n > 1 ? 0 : WIFEXITED(runs[0].status) ? WEXITSTATUS(runs[0].status) : 128 + WTERMSIG(runs[0].status);
}

static int cmd_run(char **argv)
{
	int uid = 0;

	if (argv[0] && strcmp(argv[0], "-u") == 0) {
		uid = atoi(argv[1]);
		argv += 2;
	}
	return run_all(1, uid, argv);
}

static int has_line(const char *text, const char *name, size_t len)
{
	for (const char *at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (strncmp(at, name, len) == 0 && at[len] == ' ')
			return 1;
	return 0;
}

/* One pass over /proc/modules, where users stand before what they use: @return how many went. */
static int unload_pass(const char *baseline)
{
	size_t size;
	char *state = read_file("/proc/modules", &size);
	int n_gone = 0;

	state[size < (1 << 16) ? size : size - 1] = '\0';
	for (char *line = strtok(state, "\n"); line; line = strtok(NULL, "\n")) {
		size_t len = strcspn(line, " ");

		if (has_line(baseline, line, len))
			continue;
		line[len] = '\0';
		n_gone += syscall(SYS_delete_module, line, O_NONBLOCK) == 0;
	}
	free(state);
	return n_gone;
}

static void report_left(const char *baseline)
{
	size_t size;
	char *state = read_file("/proc/modules", &size), *rest = NULL;

	state[size < (1 << 16) ? size : size - 1] = '\0';
	printf("@@left");
	for (char *line = strtok_r(state, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (!has_line(baseline, line, strcspn(line, " ")))
			printf(" %.*s", (int)strcspn(line, " "), line);
	putchar('\n');
	free(state);
}

static int cmd_unload_others(void)
{
	size_t size;
	char *text;

	if (access(BASELINE, F_OK) != 0) {
		int fd = open(BASELINE, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

		text = read_file("/proc/modules", &size);
		if (fd < 0 || write(fd, text, size) != (ssize_t)size)
			die(BASELINE);
		close(fd);
		free(text);
		return 0;
	}
	text = read_file(BASELINE, &size);
	text = realloc(text, size + 1);
	text[size] = '\0';
	while (unload_pass(text) > 0)
		;
	report_left(text);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

/* One program for what a shell would start four for: under emulation that is a good part of a scenario. */
static int cmd_reset(void)
{
	static const struct { const char *path; mode_t mode; } empty[] = {
		{ "/etc/modprobe.d", 0755 }, { "/etc/depmod.d", 0755 }, { "/tmp", 01777 },
	};

	umount2("/mnt", MNT_DETACH);
	for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
		nftw(empty[i].path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		if (mkdir(empty[i].path, 0755) != 0 || chmod(empty[i].path, empty[i].mode) != 0)
			die(empty[i].path);
	}
	return cmd_unload_others();
}

static int answer(int is_ok)
{
	puts(is_ok ? "ok" : strerrorname_np(errno));
	return !is_ok;
}

static int cmd_session(char **argv)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd;

		setsid();
		fd = open(argv[0], O_RDWR);
		if (fd < 0 || ioctl(fd, TIOCSCTTY, 1) != 0)
			die(argv[0]);
		dup2(fd, 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execvp(argv[1], argv + 1);
		die(argv[1]);
	}
	waitpid(pid, NULL, 0);
	return reboot(RB_POWER_OFF);
}

/* The port is asked for first: a script may lock the kernel down. */
static int cmd_guest(char **argv)
{
	int status;
	pid_t pid;

	if (ioperm(0xf4, 4, 1) != 0)
		die("ioperm");
	pid = fork();
	if (pid == 0) {
		execvp(argv[0], argv);
		die(argv[0]);
	}
	while (waitpid(pid, &status, 0) != pid)
		;
	tcdrain(1);
	outl(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), 0xf4);
	return 0;
}

int main(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : "";
	char **args = argv + 2;

	argc -= 2;
	if (strcmp(word, "run") == 0 && argc >= 1)
		return cmd_run(args);
	if (strcmp(word, "together") == 0 && argc >= 2)
		return run_all(atoi(args[0]), 0, args + 1);
	if (strcmp(word, "unload-others") == 0)
		return cmd_unload_others();
	if (strcmp(word, "reset") == 0)
		return cmd_reset();
	if (strcmp(word, "socket") == 0 && argc >= 1)
		return answer(socket(atoi(args[0]), argc > 1 ? atoi(args[1]) : SOCK_DGRAM, argc > 2 ? atoi(args[2]) : 0) >= 0);
	if (strcmp(word, "mount") == 0 && argc == 3)
		return answer(mount(args[0], args[1], args[2], 0, NULL) == 0);
	if (strcmp(word, "sys-load") == 0 && argc >= 1)
		return answer(syscall(SYS_finit_module, open(args[0], O_RDONLY | O_CLOEXEC), argc > 1 ? args[1] : "", 0) == 0);
	if (strcmp(word, "sys-unload") == 0 && argc == 1)
		return answer(syscall(SYS_delete_module, args[0], O_NONBLOCK) == 0);
	if (strcmp(word, "session") == 0 && argc >= 2)
		return cmd_session(args);
	if (strcmp(word, "guest") == 0 && argc >= 1)
		return cmd_guest(args);
	fprintf(stderr, "vmhelper: what is '%s'?\n", word);
	return 125;
}
