/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Modules that were inserted by their files' paths: no index knows what these files say that they need
 * and exclude, and it holds for as long as they are in the kernel. So it is written down when they come
 * in, as lines of modprobe.d: LIVE_TAGS_DIR/NAME@INSTANCE.conf. INSTANCE is the number that sysfs has given to
 * this life of the module; a file of another life counts for nothing.
 */
#include "engine/session.h"

/* Made when it is not there. */
#define LIVE_TAGS_DIR "/run/modsure/live"

/**
 * live_tags_keep() - @module has been inserted: write down what session_read_file() has read of its file
 * Nothing is written for a module whose file says nothing, or that the indexes answer for. What cannot be
 * written (no root, a full disk) is not: the module is in the kernel all the same.
 */
void live_tags_keep(struct session *s, const char *module);

/**
 * live_tags_read() - what was written down of modules that are in the kernel now, as rules of @s
 * Return: 0; -ENOMEM.
 */
int live_tags_read(struct session *s);
