/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes/release.h"

bool release_is_since(const char *release, unsigned int major, unsigned int minor)
{
	unsigned int numbers[2] = { 0, 0 };
	const char *s = release;

	for (int i = 0; i < 2 && s; i++) {
		if (*s < '0' || *s > '9')
			return false;
		while (*s >= '0' && *s <= '9' && numbers[i] < 100000)
			numbers[i] = numbers[i] * 10 + (unsigned int)(*s++ - '0');
		if (i == 0 && *s++ != '.')
			return false;
	}
	return s && (numbers[0] > major || (numbers[0] == major && numbers[1] >= minor));
}
