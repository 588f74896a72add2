/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What depmod works from: configuration, module files, the kernel's own lists and symbols.
 */
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>

#include "bytes/diag.h"
#include "bytes/hash.h"
#include "config.h"
#include "engine/conf-files.h"
#include "engine/depmod-internal.h"
#include "engine/index-set.h"
#include "sys/sys.h"

/* Lists of a kernel build have some hundred KiB. */
#define LIST_MAX ((size_t)256 * 1024 * 1024)

static const char *const system_conf[] = {
	SYSCONFDIR "/depmod.d",	  "/run/depmod.d", "/usr/local/lib/depmod.d",
	"/usr/lib/depmod.d",	  "/lib/depmod.d",
};

#define N_SYSTEM_CONF (sizeof(system_conf) / sizeof(system_conf[0]))

static int version_matches(void *ctx, const char *pattern)
{
	const struct depmod *d = ctx;
	regex_t regex;
	int fits;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return -EINVAL;
	fits = regexec(&regex, d->options->version, 0, NULL, 0) == 0;
	regfree(&regex);
	return fits;
}

static void note_rule(void *ctx, const char *file, enum depmod_note note, const struct diag *diag)
{
	const struct depmod *d = ctx;
	enum event_level level = note == DEPMOD_NOTE_BAD	  ? EVENT_ERROR
				 : note == DEPMOD_NOTE_NOT_USED ? EVENT_INFO
								  : EVENT_DEBUG;

	if (d->options->note)
		d->options->note(d->options->note_ctx, file, note, diag);
	else
		event_diag(d->events, level, file, -EBADMSG, diag);
}

/* Paths in the arena. */
static int find_system_conf(struct depmod *d, struct conf_files *files)
{
	const char *root = d->options->conf_root ? d->options->conf_root : "", *paths[N_SYSTEM_CONF];

	for (size_t i = 0; i < N_SYSTEM_CONF; i++) {
		CLEANUP_BUF struct buf path = { 0 };

		buf_put_string(&path, root);
		buf_put_string(&path, system_conf[i]);
		paths[i] = path.error ? NULL : arena_string(&d->arena, (const char *)path.base, path.size);
		if (!paths[i])
			return -ENOMEM;
	}
	return conf_files_load(files, paths, N_SYSTEM_CONF, false, d->events);
}

/* The name of a file with declarations gets into modules.modsure.bin. */
static int read_conf_file(struct depmod *d, const struct conf_file *file,
			  const struct depmod_conf_env *env)
{
	uint32_t before = d->conf.hards.n + d->conf.conflicts.n;
	int r;

	d->conf_hash = hash_content(file->text.base, file->text.size, d->conf_hash);
	r = depmod_conf_read(&d->conf, file->text, file->path, env);
	if (d->conf.hards.n + d->conf.conflicts.n > before)
		d->conf_hash = hash_content(file->path, strlen(file->path), d->conf_hash);
	return r;
}

int inputs_load_conf(struct depmod *d)
{
	const struct depmod_conf_env env = { version_matches, note_rule, d };
	struct conf_files files = { 0 };
	int r;

	if (d->options->n_conf_paths > 0)
		r = conf_files_load(&files, d->options->conf_paths, d->options->n_conf_paths, true,
				    d->events);
	else
		r = find_system_conf(d, &files);
	for (size_t i = 0; r == 0 && i < files.n_files; i++) {
		event_emit(d->events, EVENT_DEBUG, "reading %s", files.files[i].path);
		r = read_conf_file(d, &files.files[i], &env);
	}
	conf_files_done(&files);
	if (d->options->merge_softdeps) {
		d->conf.merge_softdeps = true;
		d->conf_hash = hash_content("merge", 5, d->conf_hash);
	}
	return r < 0 ? r : depmod_conf_finish(&d->conf);
}

static int scan_external(struct depmod *d)
{
	for (uint32_t i = 0; i < d->conf.externals.n; i++) {
		const struct depmod_rule *x = &d->conf.externals.items[i];
		CLEANUP_FD int fd = sys_open_dir(AT_FDCWD, x->text);
		CLEANUP_BUF struct buf prefix = { 0 };
		int r;

		if (fd < 0) {
			event_emit(d->events, EVENT_WARNING, "%s: line %u: external folder %s: %s",
				   x->file, x->line, x->text, strerrordesc_np(-fd));
			continue;
		}
		buf_put_string(&prefix, x->text);
		buf_put(&prefix, "/", 2);
		if (prefix.error)
			return prefix.error;
		r = scan_tree(&d->scan, fd, (const char *)prefix.base, &d->conf, d->events);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Files given by hand; those inside of the module directory get relative paths. */
static int scan_given(struct depmod *d)
{
	size_t n = strlen(d->options->module_dir);

	for (size_t i = 0; i < d->options->n_files; i++) {
		const char *path = d->options->files[i], *kept = path;
		struct sys_entry entry;
		int r;

		if (strncmp(path, d->options->module_dir, n) == 0 && path[n] == '/')
			kept = path + n + strspn(path + n, "/");
		r = sys_stat(AT_FDCWD, path, &entry);
		if (r == 0 && !entry.is_regular)
			r = -EINVAL;
		if (r == 0)
			r = scan_add(&d->scan, kept, entry.size, entry.mtime_usec);
		if (r == -ENOMEM)
			return r;
		if (r < 0) {
			event_emit(d->events, EVENT_ERROR, "%s: %s", path,
				   r == -EINVAL ? "no module file" : strerrordesc_np(-r));
			return r;
		}
	}
	return 0;
}

/* One that cannot be read has to be said of the module, where reading it fails. */
static int scan_stand_ins(struct depmod *d)
{
	for (size_t i = 0; i < d->options->n_given; i++) {
		const char *path = d->options->given[i];
		struct sys_entry entry = { 0 };
		int r;

		(void)sys_stat(AT_FDCWD, path, &entry);
		r = scan_give(&d->scan, path, entry.size, entry.mtime_usec);
		if (r < 0 && r != -ENOMEM)
			event_emit(d->events, EVENT_ERROR, "%s: no module can have this name", path);
		if (r < 0)
			return r;
	}
	return 0;
}

int inputs_scan(struct depmod *d)
{
	int r;

	if (d->options->n_files > 0) {
		r = scan_given(d);
	} else {
		r = scan_tree(&d->scan, d->dir_fd, "", &d->conf, d->events);
		if (r < 0 && r != -EINTR)
			event_emit(d->events, EVENT_ERROR, "%s: cannot list: %s",
				   d->options->module_dir, strerrordesc_np(-r));
		if (r == 0)
			r = scan_external(d);
		if (r == 0)
			r = scan_stand_ins(d);
	}
	return r < 0 ? r : scan_settle(&d->scan, &d->conf, d->events);
}

/* A list that is there but can't be read is no reason to publish without it. */
static int load_list(struct depmod *d, const char *name, struct buf *out)
{
	int r;

	out->max = LIST_MAX;
	r = sys_read_file(d->dir_fd, name, out);
	if (r == -ENOENT) {
		event_emit(d->events, EVENT_WARNING, "could not open %s at %s: %s", name,
			   d->options->module_dir, strerrordesc_np(-r));
		return 0;
	}
	if (r < 0)
		event_emit(d->events, EVENT_ERROR, "%s/%s: cannot read: %s", d->options->module_dir,
			   name, event_reason(r));
	return r;
}

int inputs_load_lists(struct depmod *d)
{
	int r;

	r = load_list(d, "modules.order", &d->order);
	if (r == 0)
		r = load_list(d, "modules.builtin", &d->builtin);
	if (r == 0)
		r = load_list(d, "modules.builtin.modinfo", &d->builtin_modinfo);
	return r;
}

uint64_t inputs_digest(const struct depmod *d)
{
	uint64_t h = d->conf_hash;

	for (uint32_t i = 0; i < d->scan.n_files; i++) {
		const struct scan_file *f = &d->scan.files[i];

		h = hash_content(f->path, strlen(f->path), h ^ f->size);
	}
	h = hash_content(d->order.base, d->order.size, h);
	h = hash_content(d->builtin.base, d->builtin.size, h);
	return hash_content(d->builtin_modinfo.base, d->builtin_modinfo.size, h);
}

/* A symbol of the kernel without what -P says that it begins with. */
static int add_kernel_symbol(struct depmod *d, const struct kernel_export *e)
{
	const char *name = e->name;
	char prefix = d->kernel.exports.source == KERNEL_EXPORTS_SYMVERS ? d->options->symbol_prefix : 0;

	if (prefix && name[0] == prefix && name[1])
		name++;
	return graph_add_kernel_symbol(&d->graph, name, e->flags, e->crc, e->ns);
}

static struct kernel_symbols_options kernel_symbols_options(const struct depmod *d)
{
	return (struct kernel_symbols_options){
		.symvers = d->options->symvers,
		.system_map = d->options->system_map,
		.root = d->options->root,
		.module_dir = d->options->module_dir,
		.version = d->options->find_kernel_symbols ? d->options->version : NULL,
		.is_running = d->options->is_running,
		.symbol_prefix = d->options->symbol_prefix,
		.is_optional = !d->options->check_symbols,
	};
}

void inputs_start_kernel_symbols(struct depmod *d)
{
	const struct kernel_symbols_options options = kernel_symbols_options(d);

	if (d->options->find_kernel_symbols && d->options->jobs != 1)
		kernel_symbols_job_start(&d->kernel_job, &options, &d->kernel);
}

int inputs_load_kernel_symbols(struct depmod *d)
{
	const struct kernel_symbols_options options = kernel_symbols_options(d);
	const struct events *events = d->options->kernel_events ? d->options->kernel_events : d->events;
	const struct kernel_exports *x = &d->kernel.exports;
	int r;

	r = d->kernel_job.is_running ? kernel_symbols_job_finish(&d->kernel_job, events)
				     : kernel_symbols_find(&options, events, &d->kernel);
	if (r < 0 && r != -ENOMEM && d->options->may_lack_symbols) {
		d->kernel_error = r;
		return 0;
	}
	for (uint32_t i = 0; r == 0 && i < x->n; i++)
		r = add_kernel_symbol(d, &x->items[i]);
	return r;
}

/*
 * The set's own record of what it was made from. Files of other sizes than it says were written by
 * another depmod, which leaves no record: then only times count.
 */
static bool manifest_says_changed(struct depmod *d)
{
	struct manifest manifest;

	return index_set_check(d->out_fd, &manifest, NULL) == 1 &&
	       manifest.input != inputs_digest(d);
}

bool is_up_to_date(struct depmod *d)
{
	struct sys_entry dep;

	if (d->out_fd < 0 || d->has_leftovers ||
	    sys_stat(d->out_fd, index_file_name(INDEX_DEP), &dep) < 0)
		return false;
	for (uint32_t i = 0; i < d->scan.n_files; i++)
		if (d->scan.files[i].mtime_usec > dep.mtime_usec)
			return false;
	return !manifest_says_changed(d);
}
