/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * What the parts of explain_insert() share; not for others. Each part looks into causes of one kind
 * and adds a line for what it knows; it adds nothing where it can only suspect.
 */
#include <stdbool.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "engine/explain.h"
#include "engine/kernel-symbols.h"
#include "engine/modfile.h"

/* Files of the running system are read up to here; /proc/kallsyms is the largest of them. */
#define EXPLAIN_TEXT_MAX ((size_t)64 * 1024 * 1024)

#define EXPLAIN_RELEASE_MAX 255u

/* How many loaded modules are asked for what the running kernel wants of a module. */
#define EXPLAIN_REFERENCES_MAX 8u

/* What a screen holds beside the reasons; the last lines of the log say most. */
#define EXPLAIN_LOG_MAX 6u

/** struct log_line - a message about the module in the kernel's log; borrows from its text */
struct log_line {
	struct bytes text;   /* behind "NAME: " */
	struct bytes before; /* the message before it, whatever it is about; whole */
};

/** struct loaded_module - a line of /proc/modules; borrows from its text */
struct loaded_module {
	struct bytes name;
	struct bytes state;  /* "Live", "Loading", "Unloading" */
	struct bytes taints; /* letters in parentheses; empty without */
};

/** struct reference - a module that is loaded, and its file: what it holds the kernel has accepted */
struct reference {
	const char *path;
	const struct facts *facts;
};

/** struct explaining - one search for reasons */
struct explaining {
	const struct kernel *kernel;
	struct indexes *indexes; /* may be NULL */
	const struct insert_request *request;
	const struct insert_report *report;
	const char *root; /* before paths of the running system; "" for none */
	int error;
	struct explanation *out;
	bool is_uncertain; /* a line tells what may be */
	bool is_out_of_memory;
	unsigned int n_dropped; /* lines for which there was no room */

	struct modfile_reader *reader;
	struct modfile file; /* the module; without facts where it cannot be read */
	struct diag diag;    /* why not */

	char release[EXPLAIN_RELEASE_MAX + 1]; /* of the kernel; "" where it is not known */
	bool has_asked_release;
	struct kernel_symbols kernel_symbols; /* empty as long as nothing was found */
	bool has_asked_symvers, has_asked_image;

	struct buf modules; /* /proc/modules, once it was asked for */
	bool has_asked_modules;
	struct reference references[EXPLAIN_REFERENCES_MAX];
	unsigned int n_references;
	bool has_asked_references;
	struct buf log_text;
	struct log_line log[EXPLAIN_LOG_MAX]; /* the last ones of @n_log, by number modulo the size */
	unsigned int n_log;
	bool has_asked_log;
};

/** explain_add() - a line "NAME: ..."; what could confuse a terminal is replaced by '?' */
void explain_add(struct explaining *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * explain_read() - a file of the running system, with a NUL behind its last byte
 * @out: empty before; its size does not count the NUL
 * Return: whether it could be read.
 */
bool explain_read(struct explaining *e, const char *path, struct buf *out);

/** explain_read_word() - the same for a single line: without its newline; false when longer */
bool explain_read_word(struct explaining *e, const char *path, char *ret_word, size_t size);

/** explain_next_loaded() - next line of /proc/modules at *@at (0 at first). Return: was there one? */
bool explain_next_loaded(struct explaining *e, size_t *at, struct loaded_module *ret_module);

/** explain_find_loaded() - is @name loaded, or on its way? @ret_module may be NULL */
bool explain_find_loaded(struct explaining *e, const char *name, struct loaded_module *ret_module);

/**
 * explain_module_facts() - what the file of a module in the indexes holds
 * @is_loaded: only if it is the file that was loaded, by its build id where the kernel tells
 * Return: false: no such file, it cannot be read, or it is not what was loaded.
 */
bool explain_module_facts(struct explaining *e, const char *name, bool is_loaded,
			  struct reference *ret_reference);

/** explain_references() - fills @e->references, once */
void explain_references(struct explaining *e);

/** explain_kernel_release() - of the running kernel, as uname -r; "" where it is not known */
const char *explain_kernel_release(struct explaining *e);

/**
 * explain_kernel_exports() - what the running kernel exports, with versions, namespaces and licences
 * @with_image: where the kernel's headers do not tell, its image may be decompressed, which takes memory of
 *              twice its size and up to a second; one that does not say that it is of this very build is not used
 * Return: NULL: not known.
 */
const struct kernel_exports *explain_kernel_exports(struct explaining *e, bool with_image);

/** explain_find_logged() - a line of the log, of this attempt, with @part in it; NULL without */
const struct log_line *explain_find_logged(struct explaining *e, const char *part);

/** explain_quote() - a line of the kernel's log as a reason */
void explain_quote(struct explaining *e, struct bytes text);

/** explain_kernels_name() - what the kernel calls the module: by its tag, whatever the file is called */
static inline const char *explain_kernels_name(const struct explaining *e)
{
	const char *name = e->file.facts ? facts_first(e->file.facts, "name") : NULL;

	return name ? name : e->request->name;
}

static inline bool bytes_are(struct bytes b, const char *s)
{
	return b.size == strlen(s) && memcmp(b.base, s, b.size) == 0;
}

/* Causes, each in its own file. */
void explain_permission(struct explaining *e); /* explain-permission.c: may we at all? */
void explain_signature(struct explaining *e);  /* explain-permission.c */
void explain_format(struct explaining *e);     /* explain-format.c: is it for this kernel? */
void explain_symbols(struct explaining *e);    /* explain-symbols.c */
void explain_imports(struct explaining *e);    /* explain-symbols.c: namespaces that can't be imported */
void explain_exports(struct explaining *e);    /* explain-symbols.c: symbols that exist already */
void explain_parameters(struct explaining *e); /* explain-parameters.c */
void explain_log(struct explaining *e);	       /* explain-log.c: what the kernel said, where we can't tell */
