/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What does the reader of module files say of one (decompressed) file?
 *
 *   facts-dump FILE...         the record of each as text, a name=value line a field; or "refused="
 *                              and why there is none. An empty line ends a file
 *   facts-dump --fetched FILE  how many bytes of the file were asked for
 *   facts-dump --bytes FILE    reads it with each byte in turn set to 0, to 0xff and xor 0x80
 *   facts-dump --cut FILE      reads each beginning of the file
 *
 * The latter two count how many were read and how many refused. Whatever the input, a refusal must
 * be explained, and a record must be whole wherever it lies: if not, the program says so and
 * aborts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/arena.h"
#include "bytes/buf.h"
#include "bytes/diag.h"
#include "bytes/hash.h"
#include "elf/facts.h"

static const char *const flag_names[] = {
	"64bit",     "big-endian", "relocatable", "livepatch",
	"versions",  "kflagstab",  "this-module", "exports-unknown",
	"licences-unknown",
};

/* A source over memory that counts what was asked of it. */
struct counted {
	struct bytes b;
	uint64_t fetched;
};

static int fetch(void *ctx, uint64_t off, size_t size, const uint8_t **ret_p)
{
	struct counted *c = ctx;

	*ret_p = c->b.base + off;
	c->fetched += size;
	return 0;
}

static void give_up(const char *what)
{
	(void)fflush(stdout);
	(void)fprintf(stderr, "facts-dump: %s\n", what);
	abort();
}

static void print_text(const char *s, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c < 0x20 || c >= 0x7f || c == '\\')
			(void)printf("\\x%02x", c);
		else
			(void)putchar(c);
	}
}

static void print_string(const char *s)
{
	print_text(s, strlen(s));
}

/* The hash that goes with a name is part of a record; nobody else checks it. */
static void check_hash(const char *name, uint32_t hash)
{
	if (hash_name(name, strlen(name)) != hash)
		give_up("the hash of a symbol is not that of its name");
}

static void print_crc(uint32_t flags, uint32_t crc)
{
	if (flags & SYMBOL_CRC)
		(void)printf(" crc=0x%08x", crc);
}

static void print_export(const struct facts *f, const struct facts_export *e)
{
	check_hash(facts_string(f, e->name), e->name_hash);
	(void)printf("export=");
	print_string(facts_string(f, e->name));
	if (e->flags & SYMBOL_GPL)
		(void)printf(" gpl");
	print_crc(e->flags, e->crc);
	if (e->flags & SYMBOL_NAMESPACE) {
		(void)printf(" ns=");
		print_string(facts_string(f, e->ns));
	}
	(void)putchar('\n');
}

static void print_import(const struct facts *f, const struct facts_import *import)
{
	check_hash(facts_string(f, import->name), import->name_hash);
	(void)printf("import=");
	print_string(facts_string(f, import->name));
	if (import->flags & SYMBOL_WEAK)
		(void)printf(" weak");
	if (import->flags & SYMBOL_VERSION_ONLY)
		(void)printf(" version-only");
	print_crc(import->flags, import->crc);
	(void)putchar('\n');
}

static void print_signature(const struct facts_signature *s)
{
	if (s->is_present)
		(void)printf("signature=off:%llu size:%u algo:%u hash:%u id-type:%u signer-size:%u "
			     "key-id-size:%u\n",
			     (unsigned long long)s->off, s->size, s->algo, s->hash, s->id_type,
			     s->signer_size, s->key_id_size);
}

static void print_facts(const struct facts *f)
{
	(void)printf("machine=%u\nelf-type=%u\nflags=", f->machine, f->elf_type);
	for (uint32_t i = 0, n = 0; i < 32; i++)
		if (f->flags & 1u << i)
			(void)printf("%s%s", n++ ? "," : "",
				     i < sizeof(flag_names) / sizeof(flag_names[0])
					     ? flag_names[i] : "unknown");
	(void)putchar('\n');
	for (uint32_t i = 0; i < f->n_modinfo; i++) {
		(void)printf("modinfo=");
		print_string(facts_modinfo(f, i));
		(void)putchar('\n');
	}
	for (uint32_t i = 0; i < f->n_exports; i++)
		print_export(f, &facts_exports(f)[i]);
	for (uint32_t i = 0; i < f->n_imports; i++)
		print_import(f, &facts_imports(f)[i]);
	for (uint32_t i = 0; i < f->n_klp_sections; i++) {
		(void)printf("klp-section=");
		print_string(facts_klp_section(f, i));
		(void)putchar('\n');
	}
	for (uint32_t i = 0; i < f->n_klp_symbols; i++) {
		(void)printf("klp-symbol=");
		print_string(facts_klp_symbol(f, i));
		(void)putchar('\n');
	}
	if (f->build_id_size) {
		(void)printf("build-id=");
		for (uint32_t i = 0; i < f->build_id_size; i++)
			(void)printf("%02x", facts_build_id(f)[i]);
		(void)putchar('\n');
	}
	print_signature(&f->signature);
}

static int read_bytes(struct facts_reader *reader, struct bytes b, struct arena *arena,
		      const struct facts **ret_facts, struct diag *diag, uint64_t *ret_fetched)
{
	struct counted counted = { .b = b };
	const struct source source = { fetch, &counted, b.size };
	const struct facts *untouched = (const struct facts *)(const void *)&counted;
	const struct facts *f = untouched;
	int r;

	*diag = (struct diag){ 0 };
	r = facts_read(reader, &source, FACTS_WANT_EVERYTHING, arena, &f, diag);
	if (r > 0 || (r < 0 && f != untouched))
		give_up("facts_read() does not do what its header says");
	if (r < 0 && r != -ENOMEM && diag->what[0] == '\0')
		give_up("refused without a reason");
	/* Where section headers should be may lie outside; then the text says so. */
	if (r < 0 && diag->place == DIAG_OFFSET && diag->where > b.size &&
	    !strstr(diag->what, "behind the end"))
		give_up("refused with an offset outside of the file");
	*ret_fetched = counted.fetched;
	if (r == 0)
		*ret_facts = f;
	return r;
}

/* The record somewhere else, the original wiped: a pointer into it would be seen. */
static struct facts *move_record(const struct facts *f)
{
	uint32_t size = f->size;
	struct facts *moved = malloc(size);

	if (!moved)
		give_up("no memory");
	memcpy(moved, f, size);
	memset((void *)(uintptr_t)f, 0xa5, size);
	if (facts_check(bytes_of(moved, size)) < 0)
		give_up("facts_check() does not accept a record of facts_read()");
	return moved;
}

static void dump(struct facts_reader *reader, struct bytes b)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	const struct facts *f;
	struct facts *moved;
	struct diag diag;
	uint64_t fetched;
	int r;

	r = read_bytes(reader, b, &arena, &f, &diag, &fetched);
	if (r < 0) {
		(void)printf("refused=%s: ", strerror(-r));
		if (diag.place == DIAG_OFFSET)
			(void)printf("offset %llu: ", (unsigned long long)diag.where);
		(void)printf("%s\n\n", diag.what);
		return;
	}
	moved = move_record(f);
	print_facts(moved);
	(void)putchar('\n');
	free(moved);
}

static void print_fetched(struct facts_reader *reader, struct bytes b)
{
	CLEANUP_ARENA struct arena arena = { 0 };
	const struct facts *f;
	struct diag diag;
	uint64_t fetched;

	(void)read_bytes(reader, b, &arena, &f, &diag, &fetched);
	(void)printf("%llu\n", (unsigned long long)fetched);
}

static void read_mutant(struct facts_reader *reader, struct bytes b, unsigned long *counts)
{
	static struct arena arena;
	const struct facts *f;
	struct diag diag;
	uint64_t fetched;

	arena_reset(&arena, (size_t)1024 * 1024);
	if (read_bytes(reader, b, &arena, &f, &diag, &fetched) < 0) {
		counts[1]++;
		return;
	}
	if (facts_check(bytes_of(f, f->size)) < 0)
		give_up("facts_check() does not accept a record of facts_read()");
	counts[0]++;
}

static void try_bytes(struct facts_reader *reader, uint8_t *p, size_t size, unsigned long *counts)
{
	for (size_t i = 0; i < size; i++) {
		const uint8_t was = p[i], values[] = { 0, 0xff, was ^ 0x80 };

		for (size_t k = 0; k < sizeof(values); k++) {
			p[i] = values[k];
			read_mutant(reader, bytes_of(p, size), counts);
		}
		p[i] = was;
	}
}

/* Each beginning lies in memory of its own size, so that a read behind its end is seen. */
static void try_cuts(struct facts_reader *reader, const uint8_t *p, size_t size,
		     unsigned long *counts)
{
	for (size_t n = 0; n < size; n++) {
		uint8_t *copy = malloc(n ? n : 1);

		if (!copy)
			give_up("no memory");
		memcpy(copy, p, n);
		read_mutant(reader, bytes_of(copy, n), counts);
		free(copy);
	}
}

static uint8_t *read_file(const char *path, size_t *ret_size)
{
	CLEANUP_BUF struct buf b = { 0 };
	FILE *file = fopen(path, "rb");
	uint8_t part[65536], *exact;
	size_t n;

	if (!file)
		give_up("cannot open the file");
	while ((n = fread(part, 1, sizeof(part), file)) > 0)
		buf_put(&b, part, n);
	(void)fclose(file);
	exact = malloc(b.size ? b.size : 1);
	if (b.error || !exact)
		give_up("no memory");
	if (b.size)
		memcpy(exact, b.base, b.size);
	*ret_size = b.size;
	return exact;
}

static void do_file(struct facts_reader *reader, const char *how, const char *path)
{
	unsigned long counts[2] = { 0 };
	size_t size;
	uint8_t *p = read_file(path, &size);

	if (strcmp(how, "--bytes") == 0)
		try_bytes(reader, p, size, counts);
	else if (strcmp(how, "--cut") == 0)
		try_cuts(reader, p, size, counts);
	else if (strcmp(how, "--fetched") == 0)
		print_fetched(reader, bytes_of(p, size));
	else
		dump(reader, bytes_of(p, size));
	if (counts[0] + counts[1])
		(void)printf("%lu read, %lu refused\n", counts[0], counts[1]);
	free(p);
}

int main(int argc, char **argv)
{
	struct facts_reader *reader = facts_reader_new();
	int first = argc > 1 && argv[1][0] == '-' ? 2 : 1;

	if (!reader || first >= argc)
		give_up("usage: facts-dump [--fetched|--bytes|--cut] FILE...");
	for (int i = first; i < argc; i++)
		do_file(reader, argv[first - 1], argv[i]);
	facts_reader_free(reader);
	return 0;
}
