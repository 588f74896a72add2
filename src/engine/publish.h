/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Puts a new set of index files into a directory so that every file is whole at every instant.
 */
#include "bytes/buf.h"
#include "engine/events.h"
#include "index/files.h"

/**
 * publish_lock() - become the only one who changes the set in this directory
 * @dir_fd: the output directory; the lock lives as long as this open description
 * Waits for another depmod, and says so when it has to.
 * Return: 1 locked; 0 this file system has no locks; -EINTR cancelled while waiting.
 */
int publish_lock(int dir_fd, const char *dir_path, const struct events *events);

/** publish_leftovers() - staged files of a run that died. Return: how many there are; -errno. */
int publish_leftovers(int dir_fd);

/**
 * publish_set() - stage all files, make them durable, rename them into place
 * @content: of each file of the set, in the order of enum index_file
 * @has_leftovers: there are some, and they are to go; only under the lock
 *
 * On an error before the first rename nothing has changed and nothing is left behind.
 * Return: 0; -EINTR cancelled; -errno (the message is reported).
 * Source: doc/publication.md.
 */
int publish_set(int dir_fd, const char *dir_path, const struct bytes content[INDEX_FILES],
		bool has_leftovers, const struct events *events);
