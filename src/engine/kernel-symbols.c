/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/kernel-symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "conf/symvers.h"
#include "engine/kernel-image.h"
#include "sys/sys.h"

/* A Module.symvers has 3 MiB, a System.map 10 MiB. */
#define TEXT_MAX ((size_t)256 * 1024 * 1024)

/* As much of a file tells text from an image. */
#define HEAD_SIZE 64u

struct search {
	const struct kernel_symbols_options *options;
	const struct events *events;
	struct kernel_symbols *out;
};

/* A text that is being read. */
struct reading {
	const struct search *search;
	const char *path;
	bool has_all; /* Module.symvers */
	size_t n_bad;
	struct diag first_bad;
};

/* Where to look, the best source first. %s: module directory, or root and version. */
static const struct {
	enum kernel_exports_source source;
	const char *below_module_dir; /* or NULL */
	const char *below_root;	      /* the version follows, unless it is the running kernel's alone */
	bool of_running;
} places[] = {
	{ KERNEL_EXPORTS_SYMVERS, "/build/Module.symvers", NULL, false },
	{ KERNEL_EXPORTS_IMAGE, "/vmlinuz", NULL, false },
	{ KERNEL_EXPORTS_IMAGE, NULL, "/boot/vmlinuz-", false },
	{ KERNEL_EXPORTS_IMAGE, NULL, "/boot/vmlinux-", false },
	{ KERNEL_EXPORTS_IMAGE, "/vmlinux", NULL, false },
	{ KERNEL_EXPORTS_IMAGE, "/build/vmlinux", NULL, false },
	{ KERNEL_EXPORTS_IMAGE, NULL, "/usr/lib/debug/boot/vmlinux-", false },
	{ KERNEL_EXPORTS_SYSTEM_MAP, NULL, "/boot/System.map-", false },
	{ KERNEL_EXPORTS_SYSTEM_MAP, "/System.map", NULL, false },
	{ KERNEL_EXPORTS_KALLSYMS, NULL, "/proc/kallsyms", true },
};

static int add(void *ctx, const struct symvers_symbol *s)
{
	struct reading *in = ctx;
	struct kernel_exports *x = &in->search->out->exports;
	uint32_t flags = 0;

	if (!s->is_vmlinux)
		return kernel_exports_add_foreign(x, s->name, s->name_size, s->owner, s->owner_size);
	if (in->has_all)
		flags = SYMBOL_CRC | (s->is_gpl ? SYMBOL_GPL : 0);
	return kernel_exports_add(x, s->name, s->name_size, s->ns, s->ns_size, flags, s->crc);
}

/* depmod does with the rest; where conclusions are drawn from what is missing, there is none. */
static void note_bad(void *ctx, const struct diag *diag)
{
	struct reading *in = ctx;

	if (in->n_bad++ == 0)
		in->first_bad = *diag;
	if (!in->search->options->version)
		event_diag(in->search->events, EVENT_WARNING, in->path, -EBADMSG, diag);
}

static int finish(struct kernel_exports *x, enum kernel_exports_source source, const char *path)
{
	x->source = source;
	x->path = arena_string(&x->arena, path, strlen(path));
	return x->path ? 0 : -ENOMEM;
}

/* Return: 0; -ENODATA no symbols in it; -EBADMSG a line that is none (diag). */
static int read_text(struct search *s, enum kernel_exports_source source, const char *path,
		     struct diag *diag)
{
	struct reading in = { .search = s, .path = path, .has_all = source == KERNEL_EXPORTS_SYMVERS };
	const struct symvers_use use = { add, note_bad, &in, s->options->symbol_prefix };
	struct kernel_exports *x = &s->out->exports;
	CLEANUP_BUF struct buf text = { .max = TEXT_MAX };
	int r;

	r = sys_read_file(AT_FDCWD, path, &text);
	if (r == 0)
		r = in.has_all ? symvers_read(buf_bytes(&text), &use, NULL)
			       : system_map_read(buf_bytes(&text), &use, NULL);
	if (r < 0)
		return r;
	if (x->n == 0 && (x->n_foreign == 0 || !s->options->version))
		return -ENODATA;
	if (in.n_bad > 0 && s->options->version) {
		*diag = in.first_bad;
		return -EBADMSG;
	}
	if (in.has_all)
		x->knows = KERNEL_EXPORTS_KNOWS_CRC | KERNEL_EXPORTS_KNOWS_NAMESPACE |
			   KERNEL_EXPORTS_KNOWS_LICENCE;
	return finish(x, source, path);
}

int kernel_symbols_read_image(const char *path, struct kernel_symbols *ret,
			      struct kernel_image_facts *ret_facts, struct diag *diag)
{
	CLEANUP_BUF struct buf vmlinux = { 0 };
	struct kernel_image_facts facts;
	int r;

	r = kernel_image_load(AT_FDCWD, path, &vmlinux, &facts, diag);
	if (r < 0)
		return r;
	ret->has_looked_at_image = true;
	r = kernel_exports_read_elf(&ret->exports, buf_bytes(&vmlinux), diag);
	if (r == 0)
		r = finish(&ret->exports, KERNEL_EXPORTS_IMAGE, path);
	if (r < 0)
		return r;
	memcpy(ret->vermagic, facts.version.vermagic, sizeof(ret->vermagic));
	if (ret_facts)
		*ret_facts = facts;
	return 0;
}

/* An image may lie under the name of another kernel. */
static int read_image(struct search *s, const char *path, struct diag *diag)
{
	const char *want = s->options->version;
	struct kernel_image_facts facts;
	int r;

	r = kernel_symbols_read_image(path, s->out, &facts, diag);
	if (r < 0 || !want || !facts.version.release[0] || strcmp(facts.version.release, want) == 0)
		return r;
	return diag_plain(diag, -ENOEXEC, "is of kernel %s, not of %s", facts.version.release, want);
}

static int read_source(struct search *s, enum kernel_exports_source source, const char *path,
		       struct diag *diag)
{
	int r = source == KERNEL_EXPORTS_IMAGE ? read_image(s, path, diag)
					       : read_text(s, source, path, diag);

	if (r == 0 && s->options->version)
		event_emit(s->events, EVENT_INFO, "%s: %u symbols that the kernel exports (%s)", path,
			   s->out->exports.n, kernel_exports_source_name(source));
	if (r < 0) {
		bool has_looked = s->out->has_looked_at_image;

		kernel_symbols_done(s->out);
		s->out->has_looked_at_image = has_looked;
	}
	return r;
}

/* Text has no NUL and no other control characters; all images have one at once. */
static bool is_image(const char *path)
{
	uint8_t head[HEAD_SIZE];
	uint64_t size;
	CLEANUP_FD int fd = sys_open_regular(AT_FDCWD, path, &size);
	size_t n = size < sizeof(head) ? (size_t)size : sizeof(head);

	if (fd < 0 || sys_read_at(fd, head, n, 0) < 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (head[i] >= 0x7f || (head[i] < 0x20 && head[i] != '\n' && head[i] != '\t' && head[i] != '\r'))
			return true;
	return false;
}

static int read_given(struct search *s)
{
	const struct kernel_symbols_options *o = s->options;
	const char *path = o->symvers ? o->symvers : o->system_map;
	enum kernel_exports_source source = o->symvers ? KERNEL_EXPORTS_SYMVERS : KERNEL_EXPORTS_SYSTEM_MAP;
	struct diag diag = { 0 };
	int r = -ENOEXEC;

	if (!o->symvers && is_image(path))
		r = read_source(s, KERNEL_EXPORTS_IMAGE, path, &diag);
	/* What is neither may still have lines that can be read. */
	if (r == -ENOEXEC && (!diag.what[0] || !o->version))
		r = read_source(s, source, path, &diag);
	if (r == -ENODATA && !o->version) {
		/* Debian installs a System.map that is a line of text, and DKMS passes it each time. */
		event_emit(s->events, o->is_optional ? EVENT_INFO : EVENT_WARNING,
			   "%s: holds no symbol that the kernel exports: not used", path);
		return 0;
	}
	if (r == -ENODATA)
		(void)diag_plain(&diag, r, "holds no symbol that the kernel exports");
	if (r < 0 && !diag.what[0])
		event_emit(s->events, EVENT_ERROR, "%s: cannot read: %s", path, event_reason(r));
	else if (r < 0)
		event_diag(s->events, EVENT_ERROR, path, r, &diag);
	return r;
}

/* Return: 0 not there, or no use (reported); 1 found; -ENOMEM. */
static int try_place(struct search *s, enum kernel_exports_source source, const char *path)
{
	struct diag diag = { 0 };
	int r = read_source(s, source, path, &diag);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r == -ENODATA) {
		event_emit(s->events, source == KERNEL_EXPORTS_SYMVERS ? EVENT_WARNING : EVENT_INFO,
			   "%s: holds no symbol that the kernel exports: not used", path);
		return 0;
	}
	/* One that is too large for the memory there is must not keep others from being asked. */
	if (r < 0 && (r != -ENOMEM || diag.what[0])) {
		if (!diag.what[0])
			(void)diag_plain(&diag, r, "cannot read: %s", event_reason(r));
		event_diag(s->events, EVENT_WARNING, path, r, &diag);
		return 0;
	}
	return r < 0 ? r : 1;
}

static int path_of_place(const struct search *s, size_t i, struct buf *to)
{
	const struct kernel_symbols_options *o = s->options;

	if (places[i].below_module_dir)
		buf_printf(to, "%s%s", o->module_dir, places[i].below_module_dir);
	else
		buf_printf(to, "%s%s%s", o->root ? o->root : "", places[i].below_root,
			   places[i].of_running ? "" : o->version);
	buf_put_u8(to, 0);
	return to->error;
}

static int look_around(struct search *s)
{
	const struct kernel_symbols_options *o = s->options;
	int r = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && r == 0; i++) {
		CLEANUP_BUF struct buf path = { 0 };

		if ((places[i].below_module_dir && !o->module_dir) || (places[i].of_running && !o->is_running))
			continue;
		r = path_of_place(s, i, &path);
		if (r == 0)
			r = try_place(s, places[i].source, (const char *)path.base);
	}
	return r < 0 ? r : 0;
}

int kernel_symbols_find(const struct kernel_symbols_options *options, const struct events *events,
			struct kernel_symbols *ret)
{
	struct search s = { options, events, ret };
	int r = 0;

	if (options->symvers || options->system_map)
		r = read_given(&s);
	else if (options->version)
		r = look_around(&s);
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
