/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/name.h"

#include <errno.h>
#include <string.h>

static const struct {
	const char *text;
	enum module_suffix suffix;
} suffixes[] = {
	{ ".ko", SUFFIX_KO },
	{ ".ko.gz", SUFFIX_KO_GZ },
	{ ".ko.xz", SUFFIX_KO_XZ },
	{ ".ko.zst", SUFFIX_KO_ZST },
};

enum module_suffix name_suffix(const char *file_name)
{
	size_t size = strlen(file_name);

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		size_t n = strlen(suffixes[i].text);

		if (size >= n && memcmp(file_name + size - n, suffixes[i].text, n) == 0)
			return suffixes[i].suffix;
	}
	return SUFFIX_NONE;
}

int name_of_path(const char *path, char *ret_name)
{
	const char *slash = strrchr(path, '/');
	const char *s = slash ? slash + 1 : path;
	size_t n = strcspn(s, ".");

	if (n == 0 || n > MODULE_NAME_MAX)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		ret_name[i] = s[i] == '-' ? '_' : s[i];
	ret_name[n] = '\0';
	return (int)n;
}

int name_normalize_alias(const char *alias, char *ret_alias)
{
	bool in_set = false;
	size_t i;

	for (i = 0; alias[i]; i++) {
		char c = alias[i];

		if (i >= ALIAS_MAX)
			return -E2BIG;
		if (c == '[') {
			in_set = true;
		} else if (c == ']') {
			if (!in_set)
				return -EINVAL;
			in_set = false;
		} else if (c == '-' && !in_set) {
			c = '_';
		}
		ret_alias[i] = c;
	}
	if (in_set)
		return -EINVAL;
	ret_alias[i] = '\0';
	return (int)i;
}

bool name_is_same(const char *a, const char *b)
{
	bool in_set = false;

	for (; *a && *b; a++, b++) {
		bool is_dash = !in_set && (*a == '-' || *a == '_') && (*b == '-' || *b == '_');

		if (*a != *b && !is_dash)
			return false;
		if (*a == '[' || *a == ']')
			in_set = *a == '[';
	}
	return *a == *b;
}

bool name_is_clean(const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < 0x20 || c >= 0x7f)
			return false;
	}
	return true;
}

const char *name_fold_word(const char *word, char *ret_folded)
{
	int n;

	if (!name_is_clean(word))
		return "holds a control character or a byte above 7 bits";
	n = name_normalize_alias(word, ret_folded);
	if (n < 0)
		return n == -E2BIG ? "is longer than any alias" : "has a bracket without its partner";
	return n == 0 ? "is empty" : NULL;
}
