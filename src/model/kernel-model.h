/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
/*
 * A kernel's loader of modules without a kernel: states, references, inits that are slow or fail, and
 * other processes that load and unload at the same time, on a clock that only waiting moves. Gives the
 * errors that the real one gives, per version. Behind the interface of sys/kernel.h, and a few calls
 * for tests to look inside.
 *
 * Scripts, for other processes and for the commands of install and remove rules, are words with blanks
 * between:
 *
 *     +NAME      load it from the one file that everybody takes    hold:NAME   use it, as a program does
 *     copy:NAME  load it from a file of one's own                  drop:NAME   use it no longer
 *     -NAME      unload it                                         sleep:USEC
 *     exit:N     end with this status                              kill:N      end by this signal
 *
 * Not modelled: parameters, forced loads, signals that interrupt a call, memory that runs out.
 */
#include "sys/kernel.h"

struct kernel_model;

/** enum kernel_model_version - whose rules count when one module is loaded twice at a time */
enum kernel_model_version {
	KERNEL_MODEL_6_1,  /* each attempt stands for itself */
	KERNEL_MODEL_6_12, /* attempts with one file are one attempt */
};

/** struct kernel_model_module - what a module is like; all false and zero is one that just works */
struct kernel_model_module {
	const char *name;
	const char *needs; /* whose symbols it uses itself; blanks between; NULL for none */
	bool is_live;	   /* it, and all that it needs, before anything happens */
	bool is_builtin;
	bool is_permanent; /* it has no exit: nothing unloads it */
	long n_users;	   /* programs and the like that hold it, when it is live from the start */
	int64_t init_usec, exit_usec; /* how long those run */
	int64_t no_state_usec; /* so long it shows no state when it comes */
	int load_error;	   /* its file is refused: -errno */
	int init_error;	   /* of its init: -errno */
	unsigned int n_bad_inits; /* so many inits fail, then they succeed; 0: all fail */
	const char *exports_into; /* namespace of its symbols; NULL for none */
	const char *imports;	  /* namespaces; blanks between; NULL for none */
};

/** struct kernel_model_namespaces - what the kernel makes of namespaces; all zero until it is told */
struct kernel_model_namespaces {
	bool allows_missing; /* a namespace that is not imported is worth a warning and no more */
	bool has_lists;	     /* "module:a,b-*" is for these modules, and for nobody to import */
};

/** enum kernel_model_call_kind - what was called through the interface */
enum kernel_model_call_kind {
	KERNEL_MODEL_INSERT,
	KERNEL_MODEL_REMOVE,
	KERNEL_MODEL_RUN,
};

/** struct kernel_model_call - one call that may change something, and how it ended */
struct kernel_model_call {
	enum kernel_model_call_kind kind;
	const char *module; /* of a command: its MODPROBE_MODULE; the model's */
	int result;	    /* -errno; of a command: the wait status */
};

/** kernel_model_new() - Return: NULL without memory. */
struct kernel_model *kernel_model_new(enum kernel_model_version version);
void kernel_model_free(struct kernel_model *model);

/**
 * kernel_model_add() - one more module; strings are copied
 * What it needs may be added later, but before anything is called.
 * Return: 0; -ENOMEM.
 */
int kernel_model_add(struct kernel_model *model, const struct kernel_model_module *module);

/** kernel_model_set_namespaces() - the kernel's rules; before anything is called */
void kernel_model_set_namespaces(struct kernel_model *model, struct kernel_model_namespaces namespaces);

/** kernel_model_warnings() - how often it has warned of a namespace that was not imported, and gone on */
unsigned int kernel_model_warnings(const struct kernel_model *model);

/**
 * kernel_model_process() - another process, from now on; a failing call is no reason for it to stop
 * @script: see above; copied
 * Return: 0; -ENOMEM.
 */
int kernel_model_process(struct kernel_model *model, const char *script);

/** kernel_model_shuffle() - which of several that could go on goes first; the same for the same @seed */
void kernel_model_shuffle(struct kernel_model *model, uint32_t seed);

/** kernel_model_kernel() - the interface; valid as long as the model */
void kernel_model_kernel(struct kernel_model *model, struct kernel *ret_kernel);

/** kernel_model_settle() - let all other processes come to their end */
void kernel_model_settle(struct kernel_model *model);

/**
 * kernel_model_state() kernel_model_users() kernel_model_inits() - look inside; no time passes
 * Inits: how often its init ran, by whomever.
 */
enum module_state kernel_model_state(const struct kernel_model *model, const char *name);
long kernel_model_users(const struct kernel_model *model, const char *name);
unsigned int kernel_model_inits(const struct kernel_model *model, const char *name);

/** kernel_model_calls() - the calls so far, in their order; until the next one. Return: how many. */
size_t kernel_model_calls(const struct kernel_model *model, const struct kernel_model_call **ret_calls);

/** kernel_model_result() - of the last call of process @i (from 0) in its script; 0 before */
int kernel_model_result(const struct kernel_model *model, size_t i);
