/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What does a vmlinux say of its version?
 *
 *   "Linux version RELEASE (builder) .."    the banner; there may be more than one
 *   NUL "RELEASE SMP preempt mod_unload " NUL    what a module's vermagic= is compared with
 */
#include "elf/kernel-version.h"

#include "bytes/arena.h"
#include "bytes/diag.h"
#include "elf/elf.h"

#define BANNER "Linux version "

enum {
	PROGBITS = 1,
	FLAG_ALLOC = 2,
	FLAG_EXECUTABLE = 4,
};

/** struct text - one text that was looked for; @is_doubtful: two that differ were found */
struct text {
	struct bytes found;
	bool is_doubtful;
};

struct search {
	struct bytes needle;
	struct bytes (*match)(struct bytes data, size_t at, struct bytes needle);
};

static bool is_graphic(uint8_t c)
{
	return c > ' ' && c < 0x7f;
}

static bool is_of_word(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

/* The release behind "Linux version "; empty when this is no banner. */
static struct bytes match_banner(struct bytes data, size_t at, struct bytes needle)
{
	size_t start = at + needle.size, end = start;

	while (end < data.size && end - start <= KERNEL_RELEASE_MAX && is_graphic(data.base[end]))
		end++;
	if (end == start || end - start > KERNEL_RELEASE_MAX || data.size - end < 2 ||
	    memcmp(data.base + end, " (", 2) != 0)
		return (struct bytes){ 0 };
	return bytes_of(data.base + start, end - start);
}

/* All of the text at @at, which begins with a release and a blank; empty when it is no vermagic. */
static struct bytes match_vermagic(struct bytes data, size_t at, struct bytes needle)
{
	size_t end = at + needle.size;

	if (at > 0 && data.base[at - 1] != '\0')
		return (struct bytes){ 0 };
	while (end < data.size && end - at <= KERNEL_VERMAGIC_MAX &&
	       (is_of_word(data.base[end]) ||
		(data.base[end] == ' ' && data.base[end - 1] != ' ')))
		end++;
	if (end == data.size || end - at > KERNEL_VERMAGIC_MAX || data.base[end] != '\0')
		return (struct bytes){ 0 };
	return bytes_of(data.base + at, end - at);
}

static void note(struct text *text, struct bytes found)
{
	if (text->found.size > 0 &&
	    (text->found.size != found.size ||
	     memcmp(text->found.base, found.base, found.size) != 0))
		text->is_doubtful = true;
	text->found = found;
}

static void search_data(struct bytes data, const struct search *search, struct text *text)
{
	size_t at = 0;

	while (at < data.size) {
		const uint8_t *p = memmem(data.base + at, data.size - at, search->needle.base,
					  search->needle.size);
		struct bytes found;

		if (!p)
			return;
		at = (size_t)(p - data.base);
		found = search->match(data, at, search->needle);
		if (found.size > 0)
			note(text, found);
		at += search->needle.size;
	}
}

/* Sections that together are larger than the file would overlap: what is too much is passed over. */
static int search_elf(const struct elf *elf, const struct search *search, struct text *ret_text)
{
	struct text text = { 0 };
	uint64_t left = elf->source->size;

	for (uint32_t i = 1; i < elf->n_sections; i++) {
		const struct elf_section *s = &elf->sections[i];
		struct bytes data;
		int r;

		if (s->type != PROGBITS || !(s->flags & FLAG_ALLOC) || s->flags & FLAG_EXECUTABLE ||
		    s->size > left)
			continue;
		left -= s->size;
		r = elf_content(elf, s, &data);
		if (r < 0)
			return r;
		search_data(data, search, &text);
	}
	*ret_text = text;
	return 0;
}

static void keep(const struct text *text, char *to)
{
	if (text->is_doubtful)
		return;
	memcpy(to, text->found.base, text->found.size);
	to[text->found.size] = '\0';
}

static int search_release(const struct elf *elf, char *to)
{
	const struct search search = { bytes_of(BANNER, sizeof(BANNER) - 1), match_banner };
	struct text text;
	int r;

	r = search_elf(elf, &search, &text);
	if (r == 0 && text.found.size > 0)
		keep(&text, to);
	return r;
}

static int search_vermagic(const struct elf *elf, const char *release, char *to)
{
	char needle[KERNEL_RELEASE_MAX + 2];
	size_t n = strlen(release);
	struct search search = { bytes_of(needle, n + 1), match_vermagic };
	struct text text;
	int r;

	memcpy(needle, release, n);
	needle[n] = ' ';
	r = search_elf(elf, &search, &text);
	if (r == 0 && text.found.size > 0)
		keep(&text, to);
	return r;
}

int kernel_version_read(struct bytes vmlinux, const char *release,
			struct kernel_version *ret_version, struct diag *diag)
{
	const struct source source = source_of_bytes(&vmlinux);
	CLEANUP_ARENA struct arena arena = { 0 };
	struct kernel_version version = { 0 };
	size_t size = strlen(release);
	struct elf elf;
	int r;

	if (size > KERNEL_RELEASE_MAX)
		return diag_plain(diag, -EINVAL, "a release of %zu characters", size);
	memcpy(version.release, release, size);
	r = elf_open(&source, &arena, &elf, diag);
	if (r == 0 && size == 0)
		r = search_release(&elf, version.release);
	if (r == 0 && version.release[0])
		r = search_vermagic(&elf, version.release, version.vermagic);
	if (r == 0)
		*ret_version = version;
	return r;
}
