/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 *   modules.builtin            kernel/fs/ext4/ext4.ko \n ...
 *   modules.builtin.modinfo    ext4.license=GPL \0 ext4.alias=fs-ext4 \0 ...
 */
#include "index/builtin.h"

#include "bytes/diag.h"

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Bytes up to @end from @off on, or to the end of @text, which @ret_is_whole tells apart. */
static struct bytes run_until(struct bytes text, size_t off, uint8_t end, bool *ret_is_whole)
{
	const uint8_t *from = text.base + off;
	const uint8_t *to = memchr(from, end, text.size - off);

	*ret_is_whole = to;
	return bytes_of(from, to ? (size_t)(to - from) : text.size - off);
}

static int name_of_line(struct bytes line, char *ret_name)
{
	const uint8_t *slash = memrchr(line.base, '/', line.size);
	size_t skip = slash ? (size_t)(slash - line.base) + 1 : 0;
	char base[MODULE_NAME_MAX + 1];
	size_t n = line.size - skip;

	if (!is_letter(line.base[0]) || n > MODULE_NAME_MAX || memchr(line.base, 0, line.size))
		return -EBADMSG;
	memcpy(base, line.base + skip, n);
	base[n] = '\0';
	return name_of_path(base, ret_name) < 0 ? -EBADMSG : 0;
}

int builtin_list_next(struct builtin_list *list, char *ret_name, struct diag *diag)
{
	while (list->off < list->text.size) {
		bool is_whole;
		struct bytes line = run_until(list->text, list->off, '\n', &is_whole);

		list->off += line.size + is_whole;
		list->line++;
		if (line.size == 0)
			continue;
		if (name_of_line(line, ret_name) < 0)
			return diag_line(diag, -EBADMSG, list->line, "not the path of a module");
		return 1;
	}
	return 0;
}

static int parse_tag(struct bytes entry, struct builtin_tag *ret_tag)
{
	const uint8_t *equals = memchr(entry.base, '=', entry.size);
	const uint8_t *dot = equals ? memchr(entry.base, '.', (size_t)(equals - entry.base)) : NULL;

	if (!dot || dot == entry.base || dot + 1 == equals)
		return -EBADMSG;
	*ret_tag = (struct builtin_tag){
		.module = (const char *)entry.base,
		.module_size = (size_t)(dot - entry.base),
		.key = (const char *)dot + 1,
		.key_size = (size_t)(equals - dot) - 1,
		.value = (const char *)equals + 1,
		.value_size = entry.size - (size_t)(equals - entry.base) - 1,
	};
	return 0;
}

int builtin_modinfo_next(struct builtin_modinfo *modinfo, struct builtin_tag *ret_tag,
			 struct diag *diag)
{
	while (modinfo->off < modinfo->text.size) {
		size_t off = modinfo->off;
		bool is_whole;
		struct bytes entry = run_until(modinfo->text, off, 0, &is_whole);

		modinfo->off += entry.size + is_whole;
		if (!is_whole)
			return diag_offset(diag, -EBADMSG, off, "last entry has no end");
		if (entry.size == 0)
			continue;
		if (parse_tag(entry, ret_tag) < 0)
			return diag_offset(diag, -EBADMSG, off,
					   "entry is not of the form module.key=value");
		return 1;
	}
	return 0;
}
