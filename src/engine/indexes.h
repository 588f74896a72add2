/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * The index files of one kernel on disk, each read when the first question needs it.
 */
#include <stdbool.h>

#include "bytes/buf.h"
#include "index/lookup.h"
#include "index/namespaces.h"
#include "sys/map.h"
#include "sys/sys.h"

struct diag;

/* A node offset of an index has 28 bits. */
#define INDEXES_FILE_MAX ((size_t)1 << 28)

/* Bit of modules.modsure.bin in @broken of indexes_next_broken(). */
#define INDEXES_DECLARED (1u << LOOKUP_SOURCES)

/** enum indexes_set - are modules.dep.bin and modules.modsure.bin of one run? */
enum indexes_set {
	INDEXES_NOT_ASKED, /* no answer of indexes_set() */
	INDEXES_UNKNOWN,   /* there is no manifest */
	INDEXES_WHOLE,
	INDEXES_MIXED, /* another depmod wrote modules.dep.bin since */
};

/** struct indexes - set up by indexes_open() */
struct indexes {
	char *dir;
	int dir_fd; /* see indexes_dir_fd() */
	struct sys_map files[LOOKUP_SOURCES];
	unsigned int loaded; /* bit (1 << source): read, or tried to */
	struct lookup lookup;
	unsigned int told; /* bit (1 << source): indexes_next_broken() gave it */
	struct buf builtin_modinfo;
	bool is_builtin_loaded;
	struct sys_map declared_file; /* modules.modsure.bin */
	struct lookup_part declared;  /* likewise */
	enum indexes_set set;
};

/** struct indexes_module - an answer; @path is NULL for a built-in module */
struct indexes_module {
	const char *name;
	char *path; /* below the directory given to indexes_open(), or absolute; free() */
};

/**
 * indexes_open() - @dir: BASE/lib/modules/VERSION; paths of modules begin with it
 * Nothing is read yet. In a directory that is not there, all questions stay without an answer.
 * Return: 0; -ENOMEM.
 */
int indexes_open(struct indexes *ix, const char *dir);
void indexes_close(struct indexes *ix);

/** indexes_dir_fd() - the directory, opened at the first call. Return: descriptor, @ix's; -errno. */
int indexes_dir_fd(struct indexes *ix);

/** indexes_read() - append a file of the directory to @out, up to its max; as sys_read() */
int indexes_read(const struct indexes *ix, const char *name, enum sys_end end, struct buf *out);

/**
 * indexes_find() - as lookup_find(): name or alias
 * indexes_find_name() - as lookup_find_name()
 * @ret_answer: borrows from @ix
 */
int indexes_find(struct indexes *ix, const char *request, struct lookup_answer *ret_answer);
int indexes_find_name(struct indexes *ix, const char *name, struct lookup_answer *ret_answer);

/**
 * indexes_ask() - ask only the indexes @from to @to; others may be asked in between
 * @answer: begun with lookup_begin()
 * Return: 0; -ENOENT; -ENOMEM.
 */
int indexes_ask(struct indexes *ix, enum lookup_source from, enum lookup_source to, bool is_name,
		struct lookup_answer *answer);

/**
 * indexes_dump() - as index_reader_dump(), of one index
 * Return: 0, also without such an index; what @each returned; -EBADMSG, see indexes_next_broken();
 * -ENOMEM.
 */
int indexes_dump(struct indexes *ix, enum lookup_source source,
		 int (*each)(void *ctx, const char *key, size_t key_size,
			     const struct index_value *value),
		 void *ctx);

/** indexes_dep() - as lookup_dep() */
int indexes_dep(struct indexes *ix, const char *module, struct dep_line *ret_line);

/**
 * indexes_declared() - values in modules.modsure.bin
 * @prefix: of the key: DECLARED_HARDDEP, DECLARED_CONFLICT; the module stands behind it
 * @values: found ones are appended; they borrow from @ix
 * Return: 0; -ENOENT none, or no such file; -EBADMSG, see indexes_next_broken(); -ENOMEM.
 */
int indexes_declared(struct indexes *ix, const char *prefix, const char *module,
		     struct index_values *values);

/**
 * indexes_namespace() - which namespace is an exported symbol in?
 * @owner: the module that exports it; NULL for the one that counts
 * @ret_export: borrows from @ix
 *
 * Only a depmod of ours that knows namespaces wrote them down, and the kernel's own only if it was told.
 * Return: 0; -ENOENT nothing is written about it; -EBADMSG, see indexes_next_broken(); -ENOMEM.
 */
int indexes_namespace(struct indexes *ix, const char *symbol, const char *owner,
		      struct namespace_export *ret_export);

/** indexes_each_declared() - all of them, as indexes_dump() */
int indexes_each_declared(struct indexes *ix,
			  int (*each)(void *ctx, const char *key, size_t key_size,
				      const struct index_value *value),
			  void *ctx);

/**
 * indexes_bad_declared() - a value of it makes no sense: the file counts as broken, the rest of it is used
 * @value: as it was found
 * @what:  is wrong
 */
void indexes_bad_declared(struct indexes *ix, const char *value, const char *what);

/** indexes_set() - compares sizes with what the manifest says; no other file is looked at */
enum indexes_set indexes_set(struct indexes *ix);

/** indexes_is_builtin() - does modules.builtin.bin name it? @module: '-' folded */
bool indexes_is_builtin(struct indexes *ix, const char *module);

/**
 * indexes_module() - answer @i with its path
 * @ret_module: name borrows from @answer and @ix
 * Return: 0; -ENOENT named by an index, but neither in modules.dep.bin nor built in; -EBADMSG
 * modules.dep.bin is damaged (see indexes_next_broken()); -ENOMEM.
 */
int indexes_module(struct indexes *ix, const struct lookup_answer *answer, size_t i,
		   struct indexes_module *ret_module);

/**
 * indexes_builtin_modinfo() - text of modules.builtin.modinfo, for struct builtin_modinfo
 * @ret_text: empty when there is no such file; borrows from @ix
 * Return: 0; -E2BIG; -ENOMEM; -errno of open(2) or read(2) except for ENOENT.
 */
int indexes_builtin_modinfo(struct indexes *ix, struct bytes *ret_text);

/**
 * indexes_next_broken() - broken indexes among @broken, each only once in the life of @ix
 * @broken: see struct lookup_answer; INDEXES_DECLARED
 * @ret_error @ret_diag: what is wrong; @ret_diag borrows from @ix
 * Return: the name of its file; NULL when there is no other.
 */
const char *indexes_next_broken(struct indexes *ix, unsigned int broken, int *ret_error,
				const struct diag **ret_diag);
