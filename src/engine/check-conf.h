/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The configuration that a check is about: modprobe.d and depmod.d, with what is wrong with their lines
 * kept and not told, and the kernel's command line where it belongs to the kernel that is checked.
 */
#include <stddef.h>

#include "bytes/arena.h"
#include "conf/depmod-conf.h"

struct check_conf_note;
struct check_options;
struct diag;
struct events;
struct session;

/* Remarks that are kept: more say nothing new. */
#define CHECK_CONF_NOTES_MAX (1u << 16)

/** struct check_conf - all zero is empty; check_conf_done() in the end */
struct check_conf {
	struct arena arena;
	struct check_conf_note *notes;
	uint32_t n_notes, capacity;
	int error; /* -ENOMEM: remarks are missing */
};

/**
 * check_conf_open() - session_open() without the tags of published indexes, which may be stale
 * @conf: gets what is wrong with lines; borrowed by @ret_session
 * The command line counts where proc/sys/kernel/osrelease (below sysroot) is the version to be checked,
 * and the modules are not from elsewhere.
 * Return: as session_open().
 */
int check_conf_open(struct check_conf *conf, const struct check_options *options,
		    const struct events *events, struct session *ret_session);

/** check_conf_note_depmod() - for depmod_options.note; @ctx is the struct check_conf */
void check_conf_note_depmod(void *ctx, const char *file, enum depmod_note note, const struct diag *diag);

void check_conf_done(struct check_conf *conf);
