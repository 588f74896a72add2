/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * modules.devname: which device nodes can be made before the module that drives them is loaded?
 */
#include "bytes/bytes.h"

struct diag;

/* What the kernel's device numbers can hold. */
#define DEVNAME_MAJOR_MAX 4095u
#define DEVNAME_MINOR_MAX 1048575u

/** struct devname_list - place in a modules.devname; set @text, the rest zero */
struct devname_list {
	struct bytes text;
	size_t off;
	unsigned int line; /* last one read, from 1 */
};

/** struct devname_node - one line; the strings lie in the file */
struct devname_node {
	struct bytes module;
	struct bytes name;	/* below /dev */
	struct bytes directory; /* what @name has before its last '/'; empty without one */
	char type;		/* 'c' or 'b' */
	uint32_t major, minor;
};

/**
 * devname_next() - next node
 * @ret_node: written only with 1
 *
 * Whoever makes the nodes does so as root: a name that leads out of /dev, or holds a byte to which
 * a reader of tmpfiles.d gives a meaning (quotes, '\', '%') or that is no printable ASCII, is bad.
 * Words behind the numbers do not count. Empty lines and comments ('#' in the first column) are
 * passed in silence.
 * Return: 1; 0 at the end; -EBADMSG no such line (diag: line). Go on calling: it has been passed.
 * Source: doc/formats/depmod.md, modules.devname.
 */
int devname_next(struct devname_list *list, struct devname_node *ret_node, struct diag *diag);
