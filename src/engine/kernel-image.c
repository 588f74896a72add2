/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is inside a kernel image? Layers are taken off until an ELF file is left:
 *
 *   file -> (decompressed) -> unified image: .linux -> bzImage: payload -> (decompressed) -> vmlinux
 */
#include "engine/kernel-image.h"

#include <stdio.h>

#include "bytes/buf.h"
#include "bytes/diag.h"
#include "codec/payload.h"
#include "elf/kernel-image.h"
#include "sys/sys.h"

/**
 * struct layer - what is left of the image
 * @owner: memory of the file, or of what was decompressed last
 * @now:   part of it
 * @off:   of @now in @owner
 * @is_size_known, @plain_size: what @now must decompress to
 */
struct layer {
	struct buf owner;
	struct bytes now;
	uint64_t off;
	bool is_decompressed;
	bool is_size_known;
	uint32_t plain_size;
	char release[KERNEL_RELEASE_MAX + 1];
	struct kernel_image_facts facts;
};

/* Readers tell offsets from where they began; a person looks at the file, if it is there at all. */
static int relocate(const struct layer *layer, struct diag *diag, int r)
{
	static const char note[] = " (decompressed)";

	if (r >= 0 || !diag)
		return r;
	if (r == -ENOMEM && !diag->what[0])
		return diag_plain(diag, r, "no memory to unpack it");
	if (diag->place != DIAG_OFFSET)
		return r;
	diag->where += layer->off;
	if (layer->is_decompressed && strlen(diag->what) + sizeof(note) <= sizeof(diag->what))
		memcpy(diag->what + strlen(diag->what), note, sizeof(note));
	return r;
}

static int check_size(const struct layer *layer, size_t size, struct diag *diag)
{
	if (!layer->is_size_known || layer->plain_size == size)
		return 0;
	return diag_offset(diag, -EBADMSG, layer->now.size - 4,
			   "the payload decompresses to %zu bytes, but its end says %u", size,
			   layer->plain_size);
}

static int decompress(struct layer *layer, enum payload_kind kind, size_t max, struct diag *diag)
{
	struct buf plain = { .max = max };
	size_t used;
	int r;

	layer->facts.compression = payload_name(kind);
	r = payload_decode(kind, layer->now, &plain, &used, diag);
	if (r == 0)
		r = check_size(layer, plain.size, diag);
	if (r < 0) {
		buf_done(&plain);
		return relocate(layer, diag, r);
	}
	buf_done(&layer->owner);
	layer->owner = plain;
	layer->now = buf_bytes(&plain);
	layer->off = 0;
	layer->is_decompressed = true;
	layer->is_size_known = false;
	return 0;
}

/* The payload of a bzImage is packed in some way, or is the kernel. */
static int check_payload(const struct layer *layer, struct diag *diag)
{
	char first[3 * 8 + 1] = "";
	size_t n = 0;

	if (payload_detect(layer->now) != PAYLOAD_UNKNOWN ||
	    (layer->now.size >= 4 && memcmp(layer->now.base, "\177ELF", 4) == 0))
		return 0;
	for (size_t i = 0; i < layer->now.size && i < 8; i++)
		n += (size_t)snprintf(first + n, sizeof(first) - n, " %02x", layer->now.base[i]);
	return diag_offset(diag, -EOPNOTSUPP, 0,
			   "the payload is packed in an unknown way (begins with%s)", first);
}

/* Return: 0; 1 this is the vmlinux. */
static int open_container(struct layer *layer, struct diag *diag)
{
	struct kernel_image image;
	int r;

	r = kernel_image_find(layer->now, &image, diag);
	if (r < 0)
		return relocate(layer, diag, r);
	if (!layer->facts.format)
		layer->facts.format = kernel_image_kind_name(image.kind);
	if (image.kind == KERNEL_IMAGE_ELF)
		return 1;
	if (image.release.size > 0) {
		memcpy(layer->release, image.release.base, image.release.size);
		layer->release[image.release.size] = '\0';
	}
	layer->now = image.payload;
	layer->off += image.payload_off;
	layer->is_size_known = image.is_size_known;
	layer->plain_size = image.plain_size;
	if (image.kind == KERNEL_IMAGE_BZIMAGE)
		return relocate(layer, diag, check_payload(layer, diag));
	return 0;
}

/* Takes off layer by layer. */
static int unwrap(struct layer *layer, size_t max, struct diag *diag)
{
	for (int n = 0; n <= KERNEL_IMAGE_LAYERS_MAX; n++) {
		enum payload_kind kind = payload_detect(layer->now);
		int r;

		r = kind != PAYLOAD_UNKNOWN ? decompress(layer, kind, max, diag)
					    : open_container(layer, diag);
		if (r != 0)
			return r < 0 ? r : 0;
	}
	return diag_plain(diag, -E2BIG, "is wrapped more than %d times", KERNEL_IMAGE_LAYERS_MAX);
}

static int read_file(int dir_fd, const char *path, struct buf *file, struct diag *diag)
{
	int r = sys_read_file(dir_fd, path, file);

	if (r == -EISDIR)
		return diag_plain(diag, r, "is a directory");
	if (r == -EINVAL)
		return diag_plain(diag, r, "not a regular file");
	if (r == -E2BIG)
		return diag_plain(diag, r, "is larger than %zu MiB", KERNEL_IMAGE_FILE_MAX >> 20);
	if (r == -ENOMEM)
		return diag_plain(diag, r, "no memory to read it");
	return r;
}

/* Hands over the memory; what stood in front of the ELF file in it goes. */
static void give_out(struct layer *layer, struct buf *out)
{
	size_t max = out->max;

	if (layer->off > 0)
		memmove(layer->owner.base, layer->now.base, layer->now.size);
	buf_done(out);
	*out = layer->owner;
	out->size = layer->now.size;
	out->max = max;
	layer->owner = (struct buf){ 0 };
}

int kernel_image_load(int dir_fd, const char *path, struct buf *out,
		      struct kernel_image_facts *ret_facts, struct diag *diag)
{
	struct layer layer = { .owner.max = KERNEL_IMAGE_FILE_MAX, .facts.compression = "none" };
	int r;

	r = read_file(dir_fd, path, &layer.owner, diag);
	layer.now = buf_bytes(&layer.owner);
	if (r == 0)
		r = unwrap(&layer, out->max, diag);
	if (r == 0)
		r = relocate(&layer, diag, kernel_version_read(layer.now, layer.release,
							       &layer.facts.version, diag));
	if (r == 0) {
		give_out(&layer, out);
		*ret_facts = layer.facts;
	}
	buf_done(&layer.owner);
	return r;
}
