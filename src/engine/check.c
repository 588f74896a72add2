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
#include "codec/keyring.h"
#include "conf/kernel-config.h"
#include "engine/check-conf.h"
#include "engine/check-names.h"
#include "engine/check-parts.h"
#include "engine/check-others.h"
#include "engine/depmod-internal.h"
#include "index/lookup.h"
#include "sys/sys.h"

/* The configuration of a kernel has 300 KiB. */
#define CONFIG_MAX ((size_t)16 * 1024 * 1024)

/* Bad lines of it that are told one by one. */
#define BAD_OPTIONS_TOLD_MAX 10u

/* Says what is said, and remembers the worst of it, which is why something is not known. */
struct hearing {
	const struct events *events;
	char last[512];
};

static void hear(void *ctx, enum event_level level, const char *text)
{
	struct hearing *h = ctx;

	if (level <= EVENT_WARNING)
		(void)snprintf(h->last, sizeof(h->last), "%s", text);
	h->events->report(h->events->ctx, level, text);
}

struct checking {
	const struct check_options *options;
	const struct events *events;
	struct check_result *out;
	struct depmod *d;
	struct hearing *hearing;
	struct check_names names;
	struct session session;
	struct kernel_config config;
	uint32_t n_bad_options; /* lines of its file that are none */
	struct keyring *keyring; /* NULL: signatures are not looked at */
	struct check_others others;
	struct lookup lookup; /* of what depmod would write */
	struct check_input in;
	struct check_conf conf;
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

/* A file that was given is called as it was, wherever it stands in. */
static const char *path_of(struct checking *c, const struct scan_file *file)
{
	return file->given ? arena_string(&c->out->arena, file->given, strlen(file->given))
			   : full_path(c, file->path);
}

static const char *keep_text(struct checking *c, const char *text)
{
	return arena_string(&c->out->arena, text, strlen(text));
}

/* Why something that rules need is not known; without memory, no more than that it is not. */
static void set_why_not(struct checking *c, enum check_need need, const char *why)
{
	c->in.why_not[__builtin_ctz(need)] = keep_text(c, why);
}

static int gather_names(struct checking *c)
{
	struct check_names *names = &c->names;
	int r = check_names_find(names, &c->d->scan, &c->lookup, c->events);

	if (names->is_partial) {
		c->in.asked = names->asked;
		c->in.n_asked = names->n_asked;
	}
	c->out->unknown = names->unknown;
	c->out->n_unknown = names->n_unknown;
	return r;
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
		const struct scan_file *file = &d->scan.files[m->file];

		modules[i] = (struct check_module){
			.path = path_of(c, file),
			.compression = codec_name(d->codecs[m->file]),
			.mtime_usec = file->mtime_usec,
			.is_asked = check_names_has(&c->names, m->name),
			.is_given = file->given != NULL,
		};
		if (!modules[i].path)
			return -ENOMEM;
		c->out->n_modules += modules[i].is_asked;
	}
	c->in.graph = &d->graph;
	c->in.modules = modules;
	c->in.is_whole = c->options->n_names == 0;
	c->in.knows |= CHECK_NEEDS_TREE;
	return check_gather_files(d, &c->out->arena, modules, c->keyring, &c->in);
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
			.path = path_of(c, file),
			.name = file->name,
			.error = d->damaged[i].error,
			.diag = d->damaged[i].diag,
		};
		if (!damaged[i].path)
			return -ENOMEM;
		damaged[i].is_asked = check_names_has(&c->names, file->name);
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
						       full_path(c, s->used), s->is_ruled,
						       check_names_has(&c->names, s->name) };
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

/* What each source of the kernel's symbols leaves out. */
static void note_unknown_of_exports(struct checking *c, const struct kernel_exports *x)
{
	static const struct {
		unsigned int knows;
		enum check_need need;
	} parts[] = {
		{ KERNEL_EXPORTS_KNOWS_CRC, CHECK_NEEDS_CRCS },
		{ KERNEL_EXPORTS_KNOWS_NAMESPACE, CHECK_NEEDS_NAMESPACES },
		{ KERNEL_EXPORTS_KNOWS_LICENCE, CHECK_NEEDS_LICENCES },
	};
	CLEANUP_BUF struct buf text = { 0 };

	buf_printf(&text, "%s does not tell", x->path);
	buf_put_u8(&text, 0);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (x->knows & parts[i].knows)
			c->in.knows |= parts[i].need;
		else if (!text.error)
			set_why_not(c, parts[i].need, (const char *)text.base);
	}
}

static void note_no_exports(struct checking *c)
{
	static const enum check_need needs[] = { CHECK_NEEDS_EXPORTS, CHECK_NEEDS_CRCS,
						 CHECK_NEEDS_NAMESPACES, CHECK_NEEDS_LICENCES };
	const char *last = c->hearing->last;

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		set_why_not(c, needs[i], last[0] ? last : "no file that tells was found");
	c->out->has_bad_source |= c->d->kernel_error < 0;
}

static int gather_exports(struct checking *c)
{
	const struct kernel_symbols *k = &c->d->kernel;
	const struct kernel_exports *x = &k->exports;

	c->out->exports_source = "";
	if (c->d->kernel_error < 0 || x->source == KERNEL_EXPORTS_NONE) {
		note_no_exports(c);
		return 0;
	}
	c->out->exports_source = kernel_exports_source_name(x->source);
	c->out->exports_path = keep_text(c, x->path);
	if (!c->out->exports_path)
		return -ENOMEM;
	c->in.exports = x;
	c->in.knows |= CHECK_NEEDS_EXPORTS;
	note_unknown_of_exports(c, x);
	if (k->vermagic[0]) {
		c->in.vermagic = k->vermagic;
		c->in.vermagic_source = x->path;
		c->in.knows |= CHECK_NEEDS_VERMAGIC;
	}
	return 0;
}

/* A file that is something else has as many bad lines as it has lines. */
static void note_bad_option(void *ctx, const struct diag *diag)
{
	struct checking *c = ctx;

	if (c->n_bad_options++ < BAD_OPTIONS_TOLD_MAX)
		event_diag(c->events, EVENT_WARNING, c->in.config_path, -EBADMSG, diag);
}

static int note_no_config(struct checking *c, int error, const struct diag *diag)
{
	CLEANUP_BUF struct buf text = { 0 };

	diag_text(diag, c->in.config_path, strerrordesc_np(-error), &text);
	if (text.error)
		return text.error;
	set_why_not(c, CHECK_NEEDS_CONFIG, (const char *)text.base);
	c->in.config_path = NULL;
	return 0;
}

/* What is looked for may be missing; without what was given the rest counts. */
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
	if (r == -ENOMEM)
		return r;
	if (given || r != -ENOENT)
		event_diag(c->events, given ? EVENT_ERROR : EVENT_WARNING, c->in.config_path, r, &diag);
	c->out->has_bad_source |= given != NULL;
	return note_no_config(c, r, &diag);
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
	c->in.conf_notes = c->conf.notes;
	c->in.n_conf_notes = c->conf.n_notes;
	c->in.cmdline = buf_bytes(&c->session.cmdline);
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
	if (d->scan.n_files == 0) {
		event_emit(c->events, EVENT_ERROR, "%s: there is no module", c->options->module_dir);
		return -ENOENT;
	}
	c->in.is_off = c->options->is_off;
	gather_findings(c);
	c->others.module_dir = c->options->module_dir;
	c->in.others = check_others_get;
	c->in.others_ctx = &c->others;
	r = c->conf.error < 0 ? c->conf.error : gather_release(c);
	if (r == 0)
		r = gather_lookup(c);
	if (r == 0)
		r = gather_names(c);
	if (r == 0)
		r = gather_exports(c);
	if (r == 0)
		r = gather_modules(c);
	if (r == 0)
		r = gather_damaged(c);
	if (r == 0)
		r = gather_shadowed(c);
	if (r == 0)
		r = gather_config(c);
	if (r == 0 && c->options->n_names == 0)
		r = check_gather_indexes(d, c->options->session->sysroot, &c->out->arena, &c->in);
	if (r == 0 && c->in.vermagic_source) {
		c->out->vermagic_source = keep_text(c, c->in.vermagic_source);
		r = c->out->vermagic_source ? 0 : -ENOMEM;
	}
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

/* Keys that are none are a reason to ask no rule about keys, not to ask no rule. */
static int load_keys(struct checking *c)
{
	int r = check_load_keys(c->options, c->events, &c->keyring);

	if (r != 0 || c->options->n_keyrings == 0)
		return r < 0 ? r : 0;
	set_why_not(c, CHECK_NEEDS_KEYS, "of those given, not all could be read");
	c->out->has_bad_source = true;
	return 0;
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
	struct hearing hearing = { .events = events };
	const struct events heard = { .report = hear, .ctx = &hearing };
	struct checking c = {
		.options = options, .events = events, .out = ret, .hearing = &hearing, .names.arena = &ret->arena,
	};
	struct depmod_options depmod = {
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
		.kernel_events = &heard,
		.conf_paths = options->depmod_conf_paths,
		.n_conf_paths = options->n_depmod_conf_paths,
		.conf_root = options->session->sysroot,
		.note = check_conf_note_depmod,
		.note_ctx = &c.conf,
		.may_lack_symbols = true,
	};
	struct modfile_judge judge;
	struct depmod_result result;
	int r;

	*ret = (struct check_result){ .exports_source = "" };
	r = check_names_split(&c.names, options->names, options->n_names, events);
	if (r == 0)
		r = check_conf_open(&c.conf, options, events, &c.session);
	if (r < 0)
		return r;
	r = load_keys(&c);
	judge = check_judge(c.keyring);
	depmod.judge = c.keyring ? &judge : NULL;
	depmod.given = c.names.files;
	depmod.n_given = c.names.n_files;
	if (r == 0)
		r = depmod_run(&depmod, &quiet, &result);
	if (r < 0 && r != -EINTR && listening.last[0])
		event_emit(events, EVENT_ERROR, "%s", listening.last);
	session_close(&c.session);
	check_conf_done(&c.conf);
	kernel_config_done(&c.config);
	keyring_free(c.keyring);
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
