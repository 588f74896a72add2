/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   depmod's own way of reading a tree, up to the files that it would publish
 *     -> what else there is: modprobe.d, the kernel's configuration, published indexes
 *     -> struct check_input -> rules
 */
#include "engine/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/name.h"
#include "conf/kernel-config.h"
#include "engine/check-others.h"
#include "engine/depmod-internal.h"
#include "index/lookup.h"
#include "sys/sys.h"

/* The configuration of a kernel has 300 KiB. */
#define CONFIG_MAX ((size_t)16 * 1024 * 1024)

struct checking {
	const struct check_options *options;
	const struct events *events;
	struct check_result *out;
	struct depmod *d;
	struct session session;
	struct kernel_config config;
	struct check_others others;
	struct lookup lookup; /* of what depmod would write */
	struct check_input in;
	const struct findings *findings[DEPMOD_FINDINGS_MAX + 1];
};

/* A path as messages have it, in the arena of the result. */
static const char *full_path(struct checking *c, const char *path)
{
	char *full = depmod_path(c->d, path);
	const char *kept = full ? arena_string(&c->out->arena, full, strlen(full)) : NULL;

	free(full);
	return kept;
}

static bool is_path(const char *name)
{
	return strchr(name, '/') || name_suffix(name) != SUFFIX_NONE;
}

/* Is module @name, of the file @path, one of those to be looked at? */
static bool is_asked(const struct checking *c, const char *name, const char *path)
{
	char folded[ALIAS_MAX + 1];

	for (size_t i = 0; i < c->options->n_names; i++) {
		const char *asked = c->options->names[i];

		if (is_path(asked) ? strcmp(asked, path) == 0
				   : name_normalize_alias(asked, folded) >= 0 && strcmp(folded, name) == 0)
			return true;
	}
	return c->options->n_names == 0;
}

static int gather_modules(struct checking *c)
{
	struct depmod *d = c->d;
	struct check_module *modules;

	modules = arena_alloc(&c->out->arena, ((size_t)d->n_modules + 1) * sizeof(*modules));
	if (!modules)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->n_modules; i++) {
		const struct graph_module *m = &d->modules[i];

		modules[i] = (struct check_module){
			.path = full_path(c, m->path),
			.compression = codec_name(d->codecs[m->file]),
			.mtime_usec = d->scan.files[m->file].mtime_usec,
		};
		if (!modules[i].path)
			return -ENOMEM;
		modules[i].is_asked = is_asked(c, m->name, modules[i].path);
		c->out->n_modules += modules[i].is_asked;
	}
	c->in.graph = &d->graph;
	c->in.modules = modules;
	c->in.knows |= CHECK_NEEDS_TREE;
	return 0;
}

static int gather_damaged(struct checking *c)
{
	const struct depmod *d = c->d;
	struct check_damaged *damaged;

	damaged = arena_alloc(&c->out->arena, ((size_t)d->n_damaged + 1) * sizeof(*damaged));
	if (!damaged)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->n_damaged; i++) {
		const struct scan_file *file = &d->scan.files[d->damaged[i].file];

		damaged[i] = (struct check_damaged){
			.path = full_path(c, file->path),
			.name = file->name,
			.error = d->damaged[i].error,
			.diag = d->damaged[i].diag,
		};
		if (!damaged[i].path)
			return -ENOMEM;
		damaged[i].is_asked = is_asked(c, file->name, damaged[i].path);
	}
	c->in.damaged = damaged;
	c->in.n_damaged = d->n_damaged;
	return 0;
}

static int gather_shadowed(struct checking *c)
{
	const struct scan *scan = &c->d->scan;
	struct check_shadowed *shadowed;

	shadowed = arena_alloc(&c->out->arena, ((size_t)scan->n_shadowed + 1) * sizeof(*shadowed));
	if (!shadowed)
		return -ENOMEM;
	for (uint32_t i = 0; i < scan->n_shadowed; i++) {
		const struct scan_shadowed *s = &scan->shadowed[i];

		shadowed[i] = (struct check_shadowed){ s->name, full_path(c, s->path),
						       full_path(c, s->used), s->is_ruled };
		if (!shadowed[i].path || !shadowed[i].used)
			return -ENOMEM;
	}
	c->in.shadowed = shadowed;
	c->in.n_shadowed = scan->n_shadowed;
	return 0;
}

static void gather_findings(struct checking *c)
{
	c->findings[0] = &c->d->findings;
	for (size_t i = 0; i < DEPMOD_FINDINGS_MAX; i++)
		c->findings[i + 1] = &c->d->output_findings[i];
	c->in.findings = c->findings;
	c->in.n_findings = DEPMOD_FINDINGS_MAX + 1;
	c->in.declarations = &c->d->declarations;
}

static int gather_exports(struct checking *c)
{
	const struct kernel_symbols *k = &c->d->kernel;
	const struct kernel_exports *x = &k->exports;

	c->out->exports_source = kernel_exports_source_name(x->source);
	if (x->source != KERNEL_EXPORTS_NONE) {
		c->in.exports = x;
		c->in.knows |= CHECK_NEEDS_EXPORTS;
		c->in.knows |= x->knows & KERNEL_EXPORTS_KNOWS_CRC ? CHECK_NEEDS_CRCS : 0;
		c->in.knows |= x->knows & KERNEL_EXPORTS_KNOWS_NAMESPACE ? CHECK_NEEDS_NAMESPACES : 0;
		c->in.knows |= x->knows & KERNEL_EXPORTS_KNOWS_LICENCE ? CHECK_NEEDS_LICENCES : 0;
		c->out->exports_path = arena_string(&c->out->arena, x->path, strlen(x->path));
		if (!c->out->exports_path)
			return -ENOMEM;
	}
	if (k->vermagic[0]) {
		c->in.vermagic = k->vermagic;
		c->in.vermagic_source = x->path;
		c->in.knows |= CHECK_NEEDS_VERMAGIC;
	}
	return 0;
}

static void note_bad_option(void *ctx, const struct diag *diag)
{
	const struct checking *c = ctx;

	event_diag(c->events, EVENT_WARNING, c->in.config_path, -EBADMSG, diag);
}

/* What was given must be of use; what is looked for may be missing. */
static int gather_config(struct checking *c)
{
	const char *given = c->options->kernel_config, *root = c->options->root;
	CLEANUP_BUF struct buf path = { 0 }, text = { .max = CONFIG_MAX };
	struct diag diag = { 0 };
	int r;

	if (given)
		buf_put_string(&path, given);
	else
		buf_printf(&path, "%s/boot/config-%s", root ? root : "", c->options->version);
	buf_put_u8(&path, 0);
	c->in.config_path = path.error ? NULL
				       : arena_string(&c->out->arena, (const char *)path.base, path.size - 1);
	if (!c->in.config_path)
		return -ENOMEM;
	r = sys_read_file(AT_FDCWD, c->in.config_path, &text);
	if (r == 0)
		r = kernel_config_read(&c->config, buf_bytes(&text), note_bad_option, c, &diag);
	if (r == 0) {
		c->in.config = &c->config;
		c->in.knows |= CHECK_NEEDS_CONFIG;
		c->out->config_path = c->in.config_path;
		return 0;
	}
	if (given || r != -ENOENT)
		event_diag(c->events, given ? EVENT_ERROR : EVENT_WARNING, c->in.config_path, r, &diag);
	return given || r == -ENOMEM ? r : 0;
}

static int gather_release(struct checking *c)
{
	c->in.release = c->options->version;
	if (check_release_is(&c->in, 0, 0))
		c->in.knows |= CHECK_NEEDS_RELEASE;
	c->in.builtin = buf_bytes(&c->d->builtin);
	c->in.builtin_modinfo = buf_bytes(&c->d->builtin_modinfo);
	c->in.knows |= c->d->builtin.size ? CHECK_NEEDS_BUILTIN : 0;
	c->in.knows |= c->d->builtin_modinfo.size ? CHECK_NEEDS_BUILTIN_TAGS : 0;
	c->in.conf = &c->session.conf;
	c->in.depmod_conf = &c->d->conf;
	c->in.builtin_modinfo_path = full_path(c, "modules.builtin.modinfo");
	return c->in.builtin_modinfo_path ? 0 : -ENOMEM;
}

static int gather_lookup(struct checking *c)
{
	int r = 0;

	for (int i = 0; r == 0 && i < LOOKUP_SOURCES; i++)
		r = lookup_add(&c->lookup, (enum lookup_source)i,
			       buf_bytes(&c->d->outputs[lookup_file((enum lookup_source)i)]));
	c->in.lookup = &c->lookup;
	return r;
}

static int inspect(void *ctx, struct depmod *d)
{
	struct checking *c = ctx;
	int r;

	c->d = d;
	gather_findings(c);
	c->others.module_dir = c->options->module_dir;
	c->in.others = check_others_get;
	c->in.others_ctx = &c->others;
	r = gather_release(c);
	if (r == 0)
		r = gather_modules(c);
	if (r == 0)
		r = gather_damaged(c);
	if (r == 0)
		r = gather_shadowed(c);
	if (r == 0)
		r = gather_exports(c);
	if (r == 0)
		r = gather_config(c);
	if (r == 0)
		r = gather_lookup(c);
	return r < 0 ? r : check_rules_run(&c->out->check, &c->in);
}

/* What depmod says of a tree is a finding here; only why it gave up is told. */
struct listening {
	const struct events *events;
	char last[512];
};

static void listen(void *ctx, enum event_level level, const char *text)
{
	struct listening *l = ctx;

	if (level == EVENT_ERROR)
		(void)snprintf(l->last, sizeof(l->last), "%s", text);
}

static bool is_cancelled(void *ctx)
{
	const struct events *events = ((struct listening *)ctx)->events;

	return events->is_cancelled && events->is_cancelled(events->ctx);
}

int check_run(const struct check_options *options, const struct events *events,
	      struct check_result *ret)
{
	struct listening listening = { .events = events };
	const struct events quiet = { .report = listen, .is_cancelled = is_cancelled, .ctx = &listening };
	struct checking c = { .options = options, .events = events, .out = ret };
	const struct depmod_options depmod = {
		.module_dir = options->module_dir,
		.version = options->version,
		.symvers = options->symvers,
		.system_map = options->system_map,
		.jobs = options->jobs,
		.inspect = inspect,
		.inspect_ctx = &c,
		.with_all_facts = true,
		.find_kernel_symbols = true,
		.root = options->root,
		.is_running = options->is_running,
		.kernel_events = events,
	};
	struct depmod_result result;
	int r;

	*ret = (struct check_result){ .exports_source = "" };
	r = session_open(&c.session, options->session, events);
	if (r < 0)
		return r;
	r = depmod_run(&depmod, &quiet, &result);
	if (r < 0 && r != -EINTR && listening.last[0])
		event_emit(events, EVENT_ERROR, "%s", listening.last);
	session_close(&c.session);
	kernel_config_done(&c.config);
	check_others_done(&c.others);
	ret->check.in = NULL; /* what it borrowed is gone */
	return r;
}

void check_result_done(struct check_result *result)
{
	if (!result)
		return;
	check_done(&result->check);
	arena_done(&result->arena);
	*result = (struct check_result){ 0 };
}
