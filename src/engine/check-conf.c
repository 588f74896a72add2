/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/check-conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "bytes/grow.h"
#include "check/check.h"
#include "engine/check.h"
#include "engine/session.h"
#include "sys/sys.h"

/* As long as uname(2) could tell it, and a newline. */
#define RELEASE_MAX ((size_t)256)

static void keep(struct check_conf *conf, const char *file, bool is_bad, const struct diag *diag)
{
	struct check_conf_note note = {
		.line = diag->place == DIAG_LINE ? (unsigned int)diag->where : 0,
		.is_bad = is_bad,
	};
	int r;

	if (conf->n_notes == CHECK_CONF_NOTES_MAX)
		return;
	note.file = arena_string(&conf->arena, file, strlen(file));
	note.what = arena_string(&conf->arena, diag->what, strlen(diag->what));
	r = note.file && note.what ? grow_array(&conf->notes, conf->n_notes, &conf->capacity,
						sizeof(*conf->notes), CHECK_CONF_NOTES_MAX)
				   : -ENOMEM;
	if (r < 0)
		conf->error = r;
	else
		conf->notes[conf->n_notes++] = note;
}

static void note_modprobe(void *ctx, const char *file, enum modprobe_note note, const struct diag *diag)
{
	keep(ctx, file, note == MODPROBE_NOTE_BAD, diag);
}

void check_conf_note_depmod(void *ctx, const char *file, enum depmod_note note, const struct diag *diag)
{
	/* A line for other kernels is as it should be. */
	if (note != DEPMOD_NOTE_OTHER_KERNEL)
		keep(ctx, file, note == DEPMOD_NOTE_BAD, diag);
}

/* Is the kernel to be checked the one that runs (or ran, in a captured system)? */
static bool is_that_of_cmdline(const struct check_options *o)
{
	CLEANUP_BUF struct buf path = { 0 }, text = { .max = RELEASE_MAX };
	size_t n = strlen(o->version);

	if (o->session->module_root)
		return false;
	buf_printf(&path, "%s/proc/sys/kernel/osrelease", o->session->sysroot ? o->session->sysroot : "");
	buf_put_u8(&path, 0);
	if (path.error || sys_read_file(AT_FDCWD, (const char *)path.base, &text) < 0)
		return false;
	return text.size >= n && memcmp(text.base, o->version, n) == 0 &&
	       (text.size == n || (text.size == n + 1 && text.base[n] == '\n'));
}

int check_conf_open(struct check_conf *conf, const struct check_options *options,
		    const struct events *events, struct session *ret_session)
{
	struct session_options session = *options->session;

	session.no_conf = false;
	session.no_tags = true;
	session.no_cmdline = !is_that_of_cmdline(options);
	session.note = note_modprobe;
	session.note_ctx = conf;
	return session_open(ret_session, &session, events);
}

void check_conf_done(struct check_conf *conf)
{
	if (!conf)
		return;
	free(conf->notes);
	arena_done(&conf->arena);
	*conf = (struct check_conf){ 0 };
}
