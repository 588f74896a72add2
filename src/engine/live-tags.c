/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/live-tags.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes/name.h"
#include "engine/conf-files.h"
#include "engine/session-internal.h"
#include "sys/sys.h"

#define SUFFIX ".conf"

/* A module's name, a number, and what is between and behind them. */
#define FILE_NAME_MAX (MODULE_NAME_MAX + 32)

/* Return: 0 not in the kernel. */
static uint64_t instance_of(const char *module)
{
	char path[MODULE_NAME_MAX + 32];
	struct sys_entry entry;

	snprintf(path, sizeof(path), "/sys/module/%s", module);
	return sys_stat(AT_FDCWD, path, &entry) == 0 ? entry.inode : 0;
}

/* Is the file about a module that is in the kernel, and about this life of it? */
static bool is_current(const char *path)
{
	const char *name = strrchr(path, '/') + 1, *at = strchr(name, '@');
	char module[MODULE_NAME_MAX + 1];
	uint64_t instance;
	int n = 0;

	if (!at || at == name || (size_t)(at - name) > MODULE_NAME_MAX)
		return false;
	memcpy(module, name, (size_t)(at - name));
	module[at - name] = '\0';
	return sscanf(at, "@%" SCNu64 "%n", &instance, &n) == 1 && strcmp(at + n, SUFFIX) == 0 &&
	       instance > 0 && instance == instance_of(module);
}

int live_tags_read(struct session *s)
{
	static const char *const dir = LIVE_TAGS_DIR;
	struct conf_files files = { 0 };
	int r;

	r = conf_files_load(&files, &dir, 1, false, &s->events);
	for (size_t i = 0; i < files.n_files && r == 0; i++)
		if (is_current(files.files[i].path))
			r = modprobe_conf_read(&s->conf, files.files[i].text, files.files[i].path,
					       &s->conf_env);
	conf_files_done(&files);
	return r;
}

/* A blank at the end: a word may end in what would join two lines. */
static void put_words(struct buf *out, const char *key, const char *module,
		      const struct session_word *words, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		buf_printf(out, "%s %s %s \n", key, module, words[i].text);
}

/* The path may hold anything; a line ends where it ends. */
static void put_text(struct buf *out, const struct session_file *file, const char *module)
{
	if (name_is_clean(file->path))
		buf_printf(out, "# %s was inserted from %s, whose section .modinfo says:\n", module,
			   file->path);
	put_words(out, "harddep!", module, file->hards, file->n_hards);
	put_words(out, "conflict", module, file->conflicts, file->n_conflicts);
}

/* Of other lives of the module. */
static int remove_old(void *ctx, int dir_fd, const char *name, bool is_regular)
{
	const char *module = ctx;
	size_t n = strlen(module);

	(void)is_regular;
	if (strncmp(name, module, n) == 0 && name[n] == '@')
		(void)sys_unlink(dir_fd, name);
	return 0;
}

static void write_file(int dir_fd, const char *module, uint64_t instance, struct bytes text)
{
	char name[FILE_NAME_MAX], temporary[FILE_NAME_MAX];
	int fd;

	(void)sys_list_names(dir_fd, ".", remove_old, (void *)module);
	snprintf(name, sizeof(name), "%s@%" PRIu64 SUFFIX, module, instance);
	snprintf(temporary, sizeof(temporary), ".%s@%" PRIu64, module, (uint64_t)getpid());
	(void)sys_unlink(dir_fd, temporary);
	fd = sys_create_file(dir_fd, temporary, text, 0644);
	sys_close(fd);
	if (fd >= 0 && sys_rename(dir_fd, temporary, name) < 0)
		(void)sys_unlink(dir_fd, temporary);
}

void live_tags_keep(struct session *s, const char *module)
{
	const struct session_file *file = session_find_file(s, module);
	CLEANUP_BUF struct buf text = { 0 };
	CLEANUP_FD int dir_fd = -1;
	uint64_t instance;

	if (!file || file->n_hards + file->n_conflicts == 0)
		return;
	module = file->own_name ? file->own_name : module;
	instance = instance_of(module);
	put_text(&text, file, module);
	if (instance == 0 || text.error < 0 || sys_make_dirs(LIVE_TAGS_DIR) < 0)
		return;
	dir_fd = sys_open_dir(AT_FDCWD, LIVE_TAGS_DIR);
	if (dir_fd >= 0)
		write_file(dir_fd, module, instance, buf_bytes(&text));
}
