/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   lock -> configuration -> scan -> read (all threads) -> resolve -> outputs -> publish
 */
#include "engine/depmod.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "check/judge.h"
#include "engine/depmod-internal.h"
#include "engine/publish.h"
#include "sys/sys.h"

static const char *output_dir(const struct depmod *d)
{
	return d->options->output_dir ? d->options->output_dir : d->options->module_dir;
}

static int open_roots(struct depmod *d)
{
	int r;

	d->dir_fd = sys_open_dir(AT_FDCWD, d->options->module_dir);
	if (d->dir_fd < 0) {
		event_emit(d->events, EVENT_ERROR, "could not open directory %s: %s",
			   d->options->module_dir, strerrordesc_np(-d->dir_fd));
		return d->dir_fd;
	}
	if (d->options->show || d->options->inspect)
		return 0;
	if (d->options->output_dir) {
		r = sys_make_dirs(d->options->output_dir);
		if (r < 0) {
			event_emit(d->events, EVENT_ERROR, "could not create directory %s: %s",
				   d->options->output_dir, strerrordesc_np(-r));
			return r;
		}
	}
	d->out_fd = sys_open_dir(AT_FDCWD, output_dir(d));
	if (d->out_fd < 0) {
		event_emit(d->events, EVENT_ERROR, "could not open directory %s: %s", output_dir(d),
			   strerrordesc_np(-d->out_fd));
		return d->out_fd;
	}
	return 0;
}

/* Nobody else may change the set between our look at the modules and its publication. */
static int take_lock(struct depmod *d)
{
	int r;

	if (d->out_fd < 0)
		return 0;
	r = publish_lock(d->out_fd, output_dir(d), d->events);
	if (r < 0)
		return r;
	d->is_locked = r > 0;
	r = publish_leftovers(d->out_fd);
	d->has_leftovers = r > 0;
	if (d->has_leftovers)
		event_emit(d->events, EVENT_INFO, "%s: a depmod before did not finish; starting over",
			   output_dir(d));
	return 0;
}

struct telling {
	struct depmod *d;
	const char *user;
};

static int tell_need(void *ctx, const char *symbol, const struct graph_module *owner)
{
	const struct telling *t = ctx;
	char *path = depmod_path(t->d, owner->path);

	if (!path)
		return -ENOMEM;
	t->d->options->need(t->d->options->need_ctx, t->user, symbol, path);
	free(path);
	return 0;
}

static int tell_needs(struct depmod *d)
{
	int r = 0;

	for (uint32_t i = 0; d->options->need && r == 0 && i < d->n_modules; i++) {
		char *user = depmod_path(d, d->modules[i].path);
		struct telling t = { d, user };

		if (!user)
			return -ENOMEM;
		if (!d->modules[i].is_left_out)
			r = graph_needs(&d->graph, i, tell_need, &t);
		free(user);
	}
	return r;
}

/* Whether -e has anything to say of the imports: by the rules of `modsure check`. */
static int judge_imports(struct depmod *d)
{
	const struct kernel_exports *x = &d->kernel.exports;
	bool with_versions = x->knows & KERNEL_EXPORTS_KNOWS_CRC, with_namespaces = d->options->check_namespaces;
	struct judgement judgement;
	int r;

	if (!d->options->check_symbols || x->source == KERNEL_EXPORTS_NONE)
		return 0;
	if (with_namespaces && !(x->knows & KERNEL_EXPORTS_KNOWS_NAMESPACE))
		event_emit(d->events, EVENT_WARNING,
			   "%s: does not tell the namespaces of the kernel's own symbols: only those of modules "
			   "are checked", x->path);
	r = judge_graph(&d->graph, (with_versions ? JUDGE_VERSIONS : 0u) | (with_namespaces ? JUDGE_NAMESPACES : 0u),
			judge_lists_of(d->options->version), &judgement);
	if (r == 0)
		r = judge_report(&judgement, &d->graph, true, with_versions, with_namespaces, &d->findings);
	judgement_done(&judgement);
	return r;
}

static int resolve(struct depmod *d)
{
	int r;

	r = graph_order(d->modules, d->n_modules, buf_bytes(&d->order));
	if (r < 0)
		return r;
	d->graph.modules = d->modules;
	d->graph.n_modules = d->n_modules;
	d->graph.symbol_prefix = d->options->symbol_prefix;
	r = inputs_load_kernel_symbols(d);
	if (r == 0)
		r = graph_resolve(&d->graph, &d->findings);
	if (r == 0)
		r = judge_imports(d);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < d->n_modules; i++)
		if (!d->modules[i].is_left_out)
			d->result->n_modules++;
	d->result->n_left_out = d->scan.n_files - d->result->n_modules;
	report_findings(d, &d->findings);
	return tell_needs(d);
}

static int show(struct depmod *d)
{
	static const enum index_file texts[] = { INDEX_DEP,	INDEX_ALIAS,   INDEX_SOFTDEP,
						 INDEX_WEAKDEP, INDEX_SYMBOLS, INDEX_DEVNAME };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int r = d->options->show(d->options->show_ctx, texts[i],
					 buf_bytes(&d->outputs[texts[i]]));

		if (r < 0)
			return r;
	}
	return 0;
}

static int publish(struct depmod *d)
{
	struct bytes content[INDEX_FILES];

	for (int i = 0; i < INDEX_FILES; i++) {
		content[i] = buf_bytes(&d->outputs[i]);
		event_emit(d->events, EVENT_DEBUG, "%s: %zu bytes",
			   index_file_name((enum index_file)i), content[i].size);
	}
	/* Without a lock, what looks left over may be another's work in progress. */
	return publish_set(d->out_fd, output_dir(d), content, d->has_leftovers && d->is_locked,
			   d->events);
}

static int run(struct depmod *d)
{
	int64_t start, now;
	int r;

	r = open_roots(d);
	if (r == 0)
		r = take_lock(d);
	if (r == 0)
		r = inputs_load_conf(d);
	if (r == 0)
		r = inputs_scan(d);
	if (r == 0)
		r = inputs_load_lists(d);
	if (r < 0)
		return r;
	if (d->options->only_if_newer && is_up_to_date(d)) {
		d->result->is_up_to_date = true;
		event_emit(d->events, EVENT_INFO, "%s: up to date", output_dir(d));
		return 0;
	}

	start = sys_now_usec();
	inputs_start_kernel_symbols(d);
	r = read_modules(d);
	now = sys_now_usec();
	d->result->read_usec = now - start;
	start = now;
	if (r == 0)
		r = resolve(d);
	now = sys_now_usec();
	d->result->resolve_usec = now - start;
	start = now;
	if (r == 0)
		r = make_outputs(d);
	now = sys_now_usec();
	d->result->write_usec = now - start;
	if (r < 0)
		return r;
	if (d->options->inspect)
		return d->options->inspect(d->options->inspect_ctx, d);
	r = d->options->show ? show(d) : publish(d);
	d->result->publish_usec = sys_now_usec() - now;
	return r;
}

int depmod_run(const struct depmod_options *options, const struct events *events,
	       struct depmod_result *ret_result)
{
	struct depmod d = {
		.options = options,
		.events = events,
		.result = ret_result,
		.dir_fd = -1,
		.out_fd = -1,
	};
	int r;

	*ret_result = (struct depmod_result){ 0 };
	r = run(&d);
	if (r == -ENOMEM)
		event_emit(events, EVENT_ERROR, "out of memory");

	declarations_done(&d.declarations);
	graph_done(&d.graph);
	findings_done(&d.findings);
	for (size_t i = 0; i < DEPMOD_FINDINGS_MAX; i++)
		findings_done(&d.output_findings[i]);
	free(d.modules);
	free(d.damaged);
	free(d.codecs);
	free(d.extras);
	for (int i = 0; i < INDEX_FILES; i++)
		buf_done(&d.outputs[i]);
	buf_done(&d.order);
	buf_done(&d.builtin);
	buf_done(&d.builtin_modinfo);
	(void)kernel_symbols_job_finish(&d.kernel_job, &(const struct events){ 0 });
	kernel_symbols_done(&d.kernel);
	scan_done(&d.scan);
	depmod_conf_done(&d.conf);
	arena_done(&d.arena);
	sys_close(d.dir_fd);
	sys_close(d.out_fd); /* and with it the lock */
	return r;
}
