/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a module says about other modules, beyond its symbols. For C modules, in the tree of the kernel or
 * out of it; doc/module-authors.md.
 *
 * Each line becomes a tag of .modinfo. The kernel passes over tags that it does not know, so a module that
 * has them loads everywhere; depmod, modprobe, rmmod and modinfo of modsure act on them.
 */
#ifndef MODSURE_MODULE_H
#define MODSURE_MODULE_H

#include <linux/module.h>

/**
 * MODULE_HARDDEP() - this module does not work without another one, of which it uses no symbol
 * @_names: a string: names of modules, or aliases, with blanks between them
 *
 * Each of them has to be live, or built in, before this module is loaded; when one cannot be, this module
 * is not loaded either. None of them is removed while this module is live. Of several modules that answer
 * to one alias, any one will do. May be said several times.
 */
#ifndef MODULE_HARDDEP
#define MODULE_HARDDEP(_names) MODULE_INFO(harddep, _names)
#endif

/**
 * MODULE_CONFLICT() - this module and another one exclude each other
 * @_names: as above
 *
 * It is enough that one of the two says so. May be said several times.
 */
#ifndef MODULE_CONFLICT
#define MODULE_CONFLICT(_names) MODULE_INFO(conflict, _names)
#endif

#endif
