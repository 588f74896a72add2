/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * Put one module file into the kernel: who decompresses it, and what an error means when somebody
 * else may be loading the same module.
 */
#include <stdbool.h>
#include <stdint.h>

#include "sys/kernel.h"

struct diag;
struct events;

/* Longest wait for a module that another process is loading or unloading, microseconds: as long as
 * the kernel itself waits for the owner of a symbol. */
#define INSERT_WAIT_MAX_USEC ((int64_t)30 * 1000 * 1000)

/** struct inserter - memory kept from module to module: the decompressor and what the kernel reads */
struct inserter;

/** inserter_new() - @kernel: borrowed. Return: NULL without memory. */
struct inserter *inserter_new(const struct kernel *kernel, const struct events *events);
void inserter_free(struct inserter *inserter);

/**
 * inserter_set_claims() - coordinate with other processes that insert modules, see engine/claim.h
 * @dir: CLAIM_DIR; borrowed; NULL for no claims, as at first
 */
void inserter_set_claims(struct inserter *inserter, const char *dir);

/** struct insert_request - what to insert; everything borrowed */
struct insert_request {
	const char *name; /* module */
	const char *path; /* file, from the current directory when relative */
	const char *params;
	bool ignore_vermagic;
	bool ignore_modversions;
};

/** struct insert_report - how it went, for whoever has to explain a failure */
struct insert_report {
	int64_t started_usec; /* monotonic clock at the first attempt */
	bool has_called;      /* the kernel was asked at all: an error is the kernel's or the module's */
	bool was_loaded;      /* it was there already: nothing was done */
	bool has_lost_race;   /* another process loaded it, or failed to, at the same time */
	enum module_state state; /* after a failure */
};

/**
 * insert_module() - insert it, and return when it is live
 * @ret_report: always written
 * @diag: filled when the file cannot be opened, read or decompressed
 *
 * A compressed file goes to the kernel as it is when /sys/module/compression names its kind and the
 * stream's header holds nothing that the kernel's decoder lacks; otherwise it is decompressed here.
 * After a failure of the kernel's decoder it is tried again from here only where that cannot run the
 * module's init a second time.
 * EEXIST and EBUSY are answered by looking at the state: live is success; loading by another is
 * waited for, up to INSERT_WAIT_MAX_USEC; where the other one failed, it is tried once more, so that
 * the error told is the module's own.
 * Return: 0 live (was_loaded tells since when); -EEXIST although it is not live: its init said so;
 * -errno of open(2), finit_module(2), init_module(2); -EBADMSG, -E2BIG, -EOPNOTSUPP of the
 * decompression (see @diag); -ENOMEM.
 * Source: doc/formats/module.md; the man page of modprobe, "Errors".
 */
int insert_module(struct inserter *inserter, const struct insert_request *request,
		  struct insert_report *ret_report, struct diag *diag);
