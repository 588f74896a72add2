/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/kernel-symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "conf/symvers.h"
#include "sys/sys.h"

/* A Module.symvers has 3 MiB, a System.map 10 MiB. */
#define TEXT_MAX ((size_t)256 * 1024 * 1024)

struct reading {
	struct kernel_exports *exports;
	const struct events *events;
	const char *path;
	bool has_all; /* Module.symvers */
};

static int add(void *ctx, const struct symvers_symbol *s)
{
	struct reading *in = ctx;
	uint32_t flags = 0;

	if (!s->is_vmlinux)
		return kernel_exports_add_foreign(in->exports, s->name, s->name_size, s->owner, s->owner_size);
	if (in->has_all)
		flags = SYMBOL_CRC | (s->is_gpl ? SYMBOL_GPL : 0);
	return kernel_exports_add(in->exports, s->name, s->name_size, s->ns, s->ns_size, flags, s->crc);
}

static void note_bad(void *ctx, const struct diag *diag)
{
	struct reading *in = ctx;

	event_diag(in->events, EVENT_WARNING, in->path, -EBADMSG, diag);
}

static int read_given(const struct kernel_symbols_options *o, const struct events *events,
		      struct kernel_exports *x)
{
	struct reading in = { x, events, o->symvers ? o->symvers : o->system_map, o->symvers };
	const struct symvers_use use = { add, note_bad, &in, o->symbol_prefix };
	CLEANUP_BUF struct buf text = { .max = TEXT_MAX };
	int r;

	r = sys_read_file(AT_FDCWD, in.path, &text);
	if (r < 0) {
		event_emit(events, EVENT_ERROR, "%s: cannot read: %s", in.path, strerrordesc_np(-r));
		return r;
	}
	r = in.has_all ? symvers_read(buf_bytes(&text), &use, NULL)
		       : system_map_read(buf_bytes(&text), &use, NULL);
	if (r < 0)
		return r;
	if (x->n == 0) {
		/* Debian installs a System.map that is a line of text, and DKMS passes it each time. */
		event_emit(events, o->is_optional ? EVENT_INFO : EVENT_WARNING,
			   "%s: holds no symbol that the kernel exports: not used", in.path);
		return 0;
	}
	x->source = in.has_all ? KERNEL_EXPORTS_SYMVERS : KERNEL_EXPORTS_SYSTEM_MAP;
	if (in.has_all)
		x->knows = KERNEL_EXPORTS_KNOWS_CRC | KERNEL_EXPORTS_KNOWS_NAMESPACE |
			   KERNEL_EXPORTS_KNOWS_LICENCE;
	x->path = arena_string(&x->arena, in.path, strlen(in.path));
	return x->path ? 0 : -ENOMEM;
}

int kernel_symbols_find(const struct kernel_symbols_options *options, const struct events *events,
			struct kernel_symbols *ret)
{
	struct kernel_symbols_options found = *options;
	CLEANUP_BUF struct buf path = { 0 };
	struct sys_entry entry;
	int r = 0;

	if (!options->symvers && !options->system_map && options->version && options->module_dir) {
		buf_printf(&path, "%s/build/Module.symvers", options->module_dir);
		buf_put_u8(&path, 0);
		if (path.error)
			return path.error;
		if (sys_stat(AT_FDCWD, (const char *)path.base, &entry) == 0)
			found.symvers = (const char *)path.base;
	}
	if (found.symvers || found.system_map)
		r = read_given(&found, events, &ret->exports);
	kernel_exports_finish(&ret->exports);
	return r;
}

void kernel_symbols_done(struct kernel_symbols *k)
{
	if (!k)
		return;
	kernel_exports_done(&k->exports);
	*k = (struct kernel_symbols){ 0 };
}
