/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What does the reader of kernel images make of a file?
 *
 *   image-dump IMAGE        format, compression, release, vermagic, and the size of the vmlinux: a
 *                           name=value line each; or why there is none on stderr, and exit status 1
 *   image-dump IMAGE FILE   the same, and the vmlinux is written to FILE
 *   image-dump --cut IMAGE  reads each beginning of the image; --bytes IMAGE: reads it with each byte
 *                           in turn set to 0, to 0xff and xor 0x80. Counts those read and refused
 *
 * MAX in the environment limits what is decompressed, bytes. Whatever the input, a refusal must be
 * explained and leave nothing behind: if not, the program says so and aborts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "engine/kernel-image.h"

static void give_up(const char *what)
{
	(void)fprintf(stderr, "image-dump: %s\n", what);
	abort();
}

static int load(const char *path, struct buf *out, struct kernel_image_facts *facts,
		struct diag *diag)
{
	const char *max = getenv("MAX");
	int r;

	*out = (struct buf){ .max = max ? (size_t)strtoul(max, NULL, 10) : 0 };
	*diag = (struct diag){ 0 };
	memset(facts, 0xa5, sizeof(*facts));
	r = kernel_image_load(AT_FDCWD, path, out, facts, diag);
	if (r > 0 || (r < 0 && (out->size > 0 || out->base)))
		give_up("kernel_image_load() does not do what its header says");
	for (size_t i = 0; r < 0 && i < sizeof(*facts); i++)
		if (((const unsigned char *)facts)[i] != 0xa5)
			give_up("facts were written all the same");
	if (r < 0 && r != -ENOENT && diag->what[0] == '\0')
		give_up("refused without a reason");
	return r;
}

static void write_file(const char *path, const struct buf *b)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(b->base, 1, b->size, f) != b->size || fclose(f) != 0)
		give_up("cannot write the file");
}

static int dump(const char *path, const char *to)
{
	CLEANUP_BUF struct buf out = { 0 }, text = { 0 };
	struct kernel_image_facts facts;
	struct diag diag;
	int r;

	r = load(path, &out, &facts, &diag);
	if (r < 0) {
		diag_text(&diag, path, strerror(-r), &text);
		(void)fprintf(stderr, "%s: %s\n", text.base, strerror(-r));
		return 1;
	}
	(void)printf("format=%s\ncompression=%s\nrelease=%s\nvermagic=%s\nsize=%zu\n", facts.format,
		     facts.compression, facts.version.release, facts.version.vermagic, out.size);
	if (to)
		write_file(to, &out);
	return 0;
}

/* A file in memory, so that many variants of it can be read. */
static void try_bytes(const struct buf *b, unsigned long *counts)
{
	CLEANUP_BUF struct buf out = { 0 };
	struct kernel_image_facts facts;
	struct diag diag;
	char path[64];
	int fd = memfd_create("image", 0);

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd < 0 || write(fd, b->base, b->size) != (ssize_t)b->size)
		give_up("no file in memory");
	counts[load(path, &out, &facts, &diag) < 0]++;
	if (diag.place == DIAG_OFFSET && !strstr(diag.what, "(decompressed)") &&
	    diag.where > b->size && !strstr(diag.what, "behind the end"))
		give_up("refused with an offset outside of the file");
	(void)close(fd);
}

static void read_image(const char *path, struct buf *b)
{
	FILE *f = fopen(path, "rb");
	uint8_t part[65536];
	size_t n;

	if (!f)
		give_up("cannot open the image");
	while ((n = fread(part, 1, sizeof(part), f)) > 0)
		buf_put(b, part, n);
	(void)fclose(f);
}

static int try(const char *how, const char *path)
{
	CLEANUP_BUF struct buf b = { 0 };
	unsigned long counts[2] = { 0 };

	read_image(path, &b);
	if (strcmp(how, "--cut") == 0) {
		while (b.size-- > 0)
			try_bytes(&b, counts);
	} else {
		for (size_t i = 0; i < b.size; i++) {
			const uint8_t was = b.base[i], values[] = { 0, 0xff, was ^ 0x80 };

			for (size_t k = 0; k < sizeof(values); k++) {
				b.base[i] = values[k];
				try_bytes(&b, counts);
			}
			b.base[i] = was;
		}
	}
	(void)printf("%lu read, %lu refused\n", counts[0], counts[1]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && argv[1][0] == '-')
		return try(argv[1], argv[2]);
	if (argc != 2 && argc != 3)
		give_up("usage: image-dump IMAGE [FILE] | --cut IMAGE | --bytes IMAGE");
	return dump(argv[1], argc == 3 ? argv[2] : NULL);
}
