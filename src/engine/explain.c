/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which causes can an error of the kernel have? They are looked into in the order in which the
 * kernel meets them.
 */
#include "engine/explain.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/explain-internal.h"
#include "engine/indexes.h"

/* The head of a line in an ELF note: sizes of name and content, and a kind; all of 4 bytes. */
#define NOTE_HEAD_SIZE 12u

void explain_add(struct explaining *e, const char *format, ...)
{
	CLEANUP_BUF struct buf line = { 0 };
	char text[1024];
	va_list args;
	char *copy;

	if (e->out->n_lines == EXPLAIN_LINES_MAX) {
		e->n_dropped++;
		return;
	}
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	buf_printf(&line, "%s: %s", e->request->name, text);
	copy = line.error ? NULL : arena_string(&e->out->arena, (const char *)line.base, line.size);
	if (!copy) {
		e->is_out_of_memory = true;
		return;
	}
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
	e->out->lines[e->out->n_lines++] = copy;
}

bool explain_read(struct explaining *e, const char *path, struct buf *out)
{
	if (!out->max)
		out->max = EXPLAIN_TEXT_MAX;
	if (e->kernel->read(e->kernel->ctx, path, out) < 0)
		return false;
	out->max++;
	buf_put_u8(out, 0);
	if (out->error)
		return false;
	out->size--;
	return true;
}

bool explain_read_word(struct explaining *e, const char *path, char *ret_word, size_t size)
{
	CLEANUP_BUF struct buf text = { .max = size };

	if (!explain_read(e, path, &text))
		return false;
	text.size = strcspn((const char *)text.base, "\n");
	if (text.size >= size)
		return false;
	memcpy(ret_word, text.base, text.size);
	ret_word[text.size] = '\0';
	return true;
}

/* Column @i of a line, separated by single blanks; empty when there are not as many. */
static struct bytes column(struct bytes line, unsigned int i)
{
	for (;;) {
		const uint8_t *blank = line.size > 0 ? memchr(line.base, ' ', line.size) : NULL;
		size_t n = blank ? (size_t)(blank - line.base) : line.size;

		if (i-- == 0)
			return bytes_of(line.base, n);
		if (!blank)
			return bytes_of(NULL, 0);
		line = bytes_of(blank + 1, line.size - n - 1);
	}
}

bool explain_next_loaded(struct explaining *e, size_t *at, struct loaded_module *ret_module)
{
	const uint8_t *newline;
	struct bytes line;

	if (!e->has_asked_modules && !explain_read(e, "proc/modules", &e->modules))
		e->modules.size = 0;
	e->has_asked_modules = true;
	if (*at >= e->modules.size)
		return false;
	line = bytes_of(e->modules.base + *at, e->modules.size - *at);
	newline = memchr(line.base, '\n', line.size);
	if (newline)
		line.size = (size_t)(newline - line.base);
	*at += line.size + 1;
	*ret_module = (struct loaded_module){
		.name = column(line, 0), .state = column(line, 4), .taints = column(line, 6),
	};
	return true;
}

bool explain_find_loaded(struct explaining *e, const char *name, struct loaded_module *ret_module)
{
	struct loaded_module module;

	for (size_t at = 0; explain_next_loaded(e, &at, &module);) {
		if (!bytes_are(module.name, name))
			continue;
		if (ret_module)
			*ret_module = module;
		return true;
	}
	return false;
}

/* A loaded module's build id stands in its first note; its file may have been replaced since. */
static bool is_what_was_loaded(struct explaining *e, const char *name, const struct facts *facts)
{
	CLEANUP_BUF struct buf note = { .max = 4096 }, path = { 0 };
	const bool big = facts->flags & FACTS_BIG_ENDIAN;
	uint32_t name_size = 0, size = 0;
	struct bytes id;

	buf_printf(&path, "sys/module/%s/notes/.note.gnu.build-id", name);
	buf_put_u8(&path, 0);
	if (path.error || facts->build_id_size == 0 ||
	    !explain_read(e, (const char *)path.base, &note))
		return true; /* nothing speaks against it */
	if (bytes_u32(buf_bytes(&note), 0, big, &name_size) < 0 ||
	    bytes_u32(buf_bytes(&note), 4, big, &size) < 0 ||
	    bytes_slice(buf_bytes(&note), NOTE_HEAD_SIZE + (((uint64_t)name_size + 3) & ~(uint64_t)3),
			size, &id) < 0)
		return true;
	return id.size == facts->build_id_size &&
	       memcmp(id.base, facts_build_id(facts), id.size) == 0;
}

bool explain_module_facts(struct explaining *e, const char *name, bool is_loaded,
			  struct reference *ret_reference)
{
	CLEANUP_LOOKUP_ANSWER struct lookup_answer answer = { 0 };
	struct indexes_module module = { 0 };
	struct modfile file;
	const char *path;
	int r;

	if (!e->indexes || indexes_find_name(e->indexes, name, &answer) < 0 ||
	    answer.values.n == 0 || indexes_module(e->indexes, &answer, 0, &module) < 0 || !module.path)
		return false;
	path = arena_string(&e->out->arena, module.path, strlen(module.path));
	free(module.path);
	if (!path)
		return false;
	r = modfile_read(e->reader, AT_FDCWD, path, FACTS_WANT_EVERYTHING, &e->out->arena, &file, NULL);
	if (r < 0 || (is_loaded && !is_what_was_loaded(e, name, file.facts)))
		return false;
	*ret_reference = (struct reference){ path, file.facts };
	return true;
}

void explain_references(struct explaining *e)
{
	struct loaded_module module;
	char name[MODULE_NAME_MAX + 1];

	if (e->has_asked_references)
		return;
	e->has_asked_references = true;
	for (size_t at = 0, n = 0; n < EXPLAIN_REFERENCES_MAX && explain_next_loaded(e, &at, &module);) {
		bool is_forced = module.taints.size > 0 && memchr(module.taints.base, 'F', module.taints.size);

		if (is_forced || module.name.size > MODULE_NAME_MAX || !bytes_are(module.state, "Live"))
			continue;
		memcpy(name, module.name.base, module.name.size);
		name[module.name.size] = '\0';
		n++;
		if (strcmp(name, e->request->name) != 0 &&
		    explain_module_facts(e, name, true, &e->references[e->n_references]))
			e->n_references++;
	}
}

/* What cannot be read here, the kernel cannot read either. */
static void explain_file(struct explaining *e)
{
	if (!e->file.facts && e->diag.what[0]) {
		if (e->diag.place == DIAG_OFFSET)
			explain_add(e, "%s: offset %llu: %s", e->request->path,
				    (unsigned long long)e->diag.where, e->diag.what);
		else
			explain_add(e, "%s: %s", e->request->path, e->diag.what);
	}
}

/* The name is taken: by what is part of the kernel, or by one that is not done. */
static void explain_state(struct explaining *e)
{
	static const struct {
		int error;
		enum module_state state;
		const char *what;
	} states[] = {
		{ -EINVAL, MODULE_NO_STATE, "a module of this name is built into the kernel" },
		{ -EBUSY, MODULE_COMING, "another process is loading it, and is not done yet" },
		{ -EBUSY, MODULE_GOING, "it is being removed, and that is not done yet" },
		{ -EEXIST, MODULE_COMING, "another process is loading it, and is not done yet" },
		{ -EEXIST, MODULE_GOING, "it is being removed, and that is not done yet" },
	};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (states[i].error == e->error && states[i].state == e->report->state)
			explain_add(e, "%s", states[i].what);
}

static const struct cause {
	void (*look)(struct explaining *e);
	int errors[8]; /* that it can have; 0 behind the last */
} causes[] = {
	{ explain_permission, { -EPERM } },
	{ explain_file, { -EINVAL, -ENOEXEC, -EBADMSG, -ENOMEM } },
	{ explain_imports, { -EPERM } },
	{ explain_signature, { -EPERM, -EKEYREJECTED, -ENOKEY, -ENOPKG, -EBADMSG } },
	{ explain_format, { -ENOEXEC } },
	{ explain_state, { -EINVAL, -EBUSY, -EEXIST } },
	{ explain_symbols, { -ENOENT, -EINVAL, -EBUSY } },
	{ explain_exports, { -ENOEXEC } },
	{ explain_parameters, { -EINVAL, -ERANGE, -ENOSPC } },
};

static bool can_have(const struct cause *cause, int error)
{
	for (const int *e = cause->errors; *e; e++)
		if (*e == error)
			return true;
	return false;
}

static void look_into_causes(struct explaining *e)
{
	unsigned int n_kinds = 0;

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		size_t before = e->out->n_lines;

		if (can_have(&causes[i], e->error))
			causes[i].look(e);
		n_kinds += e->out->n_lines > before;
	}
	e->out->is_ambiguous = n_kinds > 1 || e->is_uncertain;
	/* Where the reason is known, the log says nothing more. */
	if (n_kinds == 0 || e->is_uncertain)
		explain_log(e);
	if (e->n_dropped) {
		e->n_dropped++;
		e->out->n_lines--;
		explain_add(e, "and %u more of these", e->n_dropped);
	}
}

int explain_insert(const struct kernel *kernel, struct indexes *indexes,
		   const struct insert_request *request, const struct insert_report *report,
		   int error, const char *root, struct explanation *ret_explanation)
{
	struct explaining e = {
		.kernel = kernel, .indexes = indexes, .request = request, .report = report,
		.root = root ? root : "", .error = error, .out = ret_explanation,
	};

	if (error >= 0 || !report->has_called)
		return 0;
	e.reader = modfile_reader_new(NULL);
	if (!e.reader)
		return -ENOMEM;
	if (modfile_read(e.reader, AT_FDCWD, request->path, FACTS_WANT_EVERYTHING,
			 &ret_explanation->arena, &e.file, &e.diag) < 0)
		e.file.facts = NULL;
	look_into_causes(&e);
	modfile_reader_free(e.reader);
	kernel_symbols_done(&e.kernel_symbols);
	buf_done(&e.modules);
	buf_done(&e.log_text);
	return e.is_out_of_memory ? -ENOMEM : 0;
}

void explanation_done(struct explanation *explanation)
{
	if (!explanation)
		return;
	arena_done(&explanation->arena);
	*explanation = (struct explanation){ 0 };
}
