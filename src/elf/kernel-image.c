/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where in a file of /boot is the kernel?
 *
 *   bzImage  | boot sector | setup code: header, version text | protected-mode code .. payload .. |
 *            0            512                   (1 + setup sectors) * 512 = P
 *   the header: 1f1 setup sectors, 1fe 55 aa, 202 "HdrS", 206 protocol, 20e version text - 200,
 *               248 offset of the payload from P, 24c its size; its last 4 bytes are a size
 *
 *   PE       | MZ .. 3c: offset of PE header | .. | "PE\0\0" | COFF header 20 | optional header |
 *            | section 40: name 8, size in memory 4, 4, size in the file 4, offset 4, 16 | .. |
 *
 * All integers are little-endian. A bzImage with an EFI stub is a PE file as well, so it is looked
 * for first. Source: boot protocol of x86 (Documentation/arch/x86/boot.rst of the kernel), the PE
 * format; doc/formats/kernel-image.md.
 */
#include "elf/kernel-image.h"

#include "bytes/diag.h"
#include "elf/elf.h"

#define SECTOR 512u

/* Offsets in a bzImage. */
#define SETUP_SECTORS_OFF 0x1f1u
#define BOOT_FLAG_OFF 0x1feu
#define HEADER_MAGIC_OFF 0x202u
#define PROTOCOL_OFF 0x206u
#define VERSION_TEXT_OFF 0x20eu
#define PAYLOAD_OFF 0x248u
#define HEADER_END 0x250u

/* 2.08 is the first that says where the payload is. */
#define PROTOCOL_MIN 0x0208u

/* The size that the kernel's build appends, little-endian. */
#define PLAIN_SIZE_SIZE 4u

/* Longer than any: release, who built it, where and when. */
#define VERSION_TEXT_MAX ((size_t)512)

/* Offsets in a PE file. */
#define PE_HEADER_AT 0x3cu
#define PE_HEADER_SIZE 24u
#define PE_SECTION_SIZE 40u

/* What needs no look inside to be told. @why fills "is NAME: WHY". */
static const struct {
	uint32_t off;
	uint8_t size;
	const char *magic;
	const char *what;
	const char *why;
} closed[] = {
#define RAW "it holds a raw image without section table, so its exports can't be told"
#define WRAPPED "what it wraps is not looked into"
	{ 4, 4, "zimg", "an EFI zboot image", RAW },
	{ 0x38, 4, "ARM\x64", "a raw arm64 image", RAW },
	{ 0x38, 4, "RSC\x05", "a raw riscv image", RAW },
	{ 0x38, 4, "\xcd\x23\x82\x81", "a raw LoongArch image", RAW },
	{ 0x24, 4, "\x18\x28\x6f\x01", "an ARM zImage", RAW },
	{ 0x10008, 6, "S390EP", "an s390 image", RAW },
	{ 0, 4, "\x27\x05\x19\x56", "a U-Boot image", WRAPPED },
	{ 0, 4, "\xd0\x0d\xfe\xed", "a flattened image tree", WRAPPED },
};

const char *kernel_image_kind_name(enum kernel_image_kind kind)
{
	static const char *const names[] = {
		[KERNEL_IMAGE_ELF] = "vmlinux",
		[KERNEL_IMAGE_BZIMAGE] = "bzImage",
		[KERNEL_IMAGE_UNIFIED] = "unified image",
	};

	return names[kind];
}

static bool has(struct bytes file, uint64_t off, const char *magic, size_t size)
{
	struct bytes b;

	return bytes_slice(file, off, size, &b) == 0 && memcmp(b.base, magic, size) == 0;
}

static bool is_bzimage(struct bytes file)
{
	return has(file, BOOT_FLAG_OFF, "\x55\xaa", 2) && has(file, HEADER_MAGIC_OFF, "HdrS", 4);
}

/* The text is "RELEASE (builder) #1 ..."; @setup is all in front of the protected-mode code. */
static int find_release(struct bytes setup, struct bytes *ret_release, struct diag *diag)
{
	uint64_t off = get_u16(setup.base + VERSION_TEXT_OFF, false);
	const char *text;
	size_t size, n = 0;

	if (off == 0)
		return 0;
	off += SECTOR;
	if (bytes_string_within(setup, off, VERSION_TEXT_MAX, &text, &size) < 0)
		return diag_offset(diag, -EBADMSG, VERSION_TEXT_OFF,
				   "the kernel's version text lies outside of the setup code");
	while (text[n] > ' ' && text[n] < 0x7f)
		n++;
	if (n == 0 || n > KERNEL_RELEASE_MAX || (n < size && text[n] != ' '))
		return diag_offset(diag, -EBADMSG, off, "the version text names no release");
	*ret_release = bytes_of(text, n);
	return 0;
}

/* @payload_off: from the start of the protected-mode code. */
static int find_payload(struct bytes file, uint64_t start, struct kernel_image *image,
			struct diag *diag)
{
	uint32_t off = get_u32(file.base + PAYLOAD_OFF, false);
	uint32_t size = get_u32(file.base + PAYLOAD_OFF + 4, false);

	if (size <= PLAIN_SIZE_SIZE)
		return diag_offset(diag, -EBADMSG, PAYLOAD_OFF + 4, "a payload of %u bytes", size);
	image->payload_off = start + off;
	if (bytes_slice(file, image->payload_off, size, &image->payload) < 0)
		return diag_offset(diag, -EBADMSG, PAYLOAD_OFF,
				   "the payload, %u bytes at offset %llu, lies behind the end of the "
				   "file (cut off?)", size, (unsigned long long)image->payload_off);
	image->is_size_known = true;
	image->plain_size = get_u32(image->payload.base + size - PLAIN_SIZE_SIZE, false);
	return 0;
}

static int find_in_bzimage(struct bytes file, struct kernel_image *image, struct diag *diag)
{
	unsigned int protocol, sectors;
	struct bytes setup;
	int r;

	if (file.size < HEADER_END)
		return diag_offset(diag, -EBADMSG, file.size, "the setup header is cut off");
	protocol = get_u16(file.base + PROTOCOL_OFF, false);
	if (protocol < PROTOCOL_MIN)
		return diag_offset(diag, -EOPNOTSUPP, PROTOCOL_OFF,
				   "boot protocol %u.%02u does not tell where the kernel is, 2.08 does",
				   protocol >> 8, protocol & 0xff);
	sectors = file.base[SETUP_SECTORS_OFF] ? file.base[SETUP_SECTORS_OFF] : 4;
	if (bytes_slice(file, 0, (sectors + 1) * SECTOR, &setup) < 0)
		return diag_offset(diag, -EBADMSG, file.size, "the setup code is cut off");
	r = find_release(setup, &image->release, diag);
	if (r < 0)
		return r;
	image->kind = KERNEL_IMAGE_BZIMAGE;
	return find_payload(file, setup.size, image, diag);
}

/* In memory a section may be shorter than in the file, where it is padded; or longer, with zeros. */
static int take_section(struct bytes file, uint64_t at, struct kernel_image *image,
			struct diag *diag)
{
	uint32_t size = get_u32(file.base + at + 8, false);
	uint32_t in_file = get_u32(file.base + at + 16, false);

	image->kind = KERNEL_IMAGE_UNIFIED;
	image->payload_off = get_u32(file.base + at + 20, false);
	if (bytes_slice(file, image->payload_off, size && size < in_file ? size : in_file,
			&image->payload) < 0)
		return diag_offset(diag, -EBADMSG, at,
				   "the section .linux lies behind the end of the file (cut off?)");
	if (image->payload.size == 0)
		return diag_offset(diag, -EBADMSG, at, "the section .linux is empty");
	return 0;
}

static int find_in_pe(struct bytes file, struct kernel_image *image, struct diag *diag)
{
	struct bytes header, table;
	uint64_t at, table_at;
	uint32_t off;

	if (bytes_u32(file, PE_HEADER_AT, false, &off) < 0)
		return diag_offset(diag, -EBADMSG, file.size, "the header of a PE file is cut off");
	at = off;
	if (bytes_slice(file, at, PE_HEADER_SIZE, &header) < 0)
		return diag_offset(diag, -EBADMSG, PE_HEADER_AT,
				   "the PE header lies behind the end of the file (cut off?)");
	if (memcmp(header.base, "PE\0\0", 4) != 0)
		return diag_plain(diag, -ENOEXEC, "not a kernel image but a DOS program");
	table_at = at + PE_HEADER_SIZE + get_u16(header.base + 20, false);
	if (bytes_slice(file, table_at, (uint64_t)get_u16(header.base + 6, false) * PE_SECTION_SIZE,
			&table) < 0)
		return diag_offset(diag, -EBADMSG, at,
				   "the section table lies behind the end of the file (cut off?)");
	for (size_t i = 0; i < table.size; i += PE_SECTION_SIZE)
		if (memcmp(table.base + i, ".linux\0", 8) == 0)
			return take_section(file, table_at + i, image, diag);
	return diag_plain(diag, -ENOEXEC,
			  "not a kernel image but a PE or EFI file without a section .linux");
}

static int refuse_closed(struct bytes file, struct diag *diag)
{
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++)
		if (has(file, closed[i].off, closed[i].magic, closed[i].size))
			return diag_plain(diag, -EOPNOTSUPP, "is %s: %s", closed[i].what,
					  closed[i].why);
	return 0;
}

int kernel_image_find(struct bytes file, struct kernel_image *ret_image, struct diag *diag)
{
	struct kernel_image image = { .kind = KERNEL_IMAGE_ELF, .payload = file };
	int r = 0;

	if (has(file, 0, "\177ELF", 4)) {
		*ret_image = image;
		return 0;
	}
	if (is_bzimage(file)) {
		r = find_in_bzimage(file, &image, diag);
	} else {
		r = refuse_closed(file, diag);
		if (r == 0 && has(file, 0, "MZ", 2))
			r = find_in_pe(file, &image, diag);
		else if (r == 0)
			r = diag_plain(diag, -ENOEXEC, "not a kernel image but %s",
				       elf_what(bytes_of(file.base,
							 file.size < SECTOR ? file.size : SECTOR)));
	}
	if (r == 0)
		*ret_image = image;
	return r;
}
