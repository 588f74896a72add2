/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "bytes/diag.h"
#include "bytes/name.h"
#include "conf/depmod-conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int matches(void *ctx, const char *pattern)
{
	(void)ctx;
	return strlen(pattern) % 2;
}

static void keep_note(void *ctx, const char *file, enum depmod_note note, const struct diag *diag)
{
	*(size_t *)ctx += strlen(file) + strlen(diag->what) + note;
}

/* Others look these up and write them to indexes. */
static void check(const struct depmod_declarations *d)
{
	char folded[ALIAS_MAX + 1];

	for (uint32_t i = 0; i < d->n; i++) {
		const struct depmod_declaration *x = &d->items[i];

		if (!name_is_clean(x->name) || !name_is_clean(x->words) || !x->name[0] ||
		    x->takes_back != !x->words[0] || strchr(x->name, ' '))
			__builtin_trap();
		if (!x->is_pattern && (name_fold_word(x->name, folded) || strcmp(folded, x->name) != 0))
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const paths[] = { "kernel/a.ko", "updates/a-b.ko.xz", "/ext/a.ko", "a" };
	CLEANUP_DEPMOD_CONF struct depmod_conf conf = { 0 };
	size_t sum = 0;
	const struct depmod_conf_env env = { matches, keep_note, &sum };

	if (depmod_conf_read(&conf, bytes_of(data, size), "fuzz.conf", &env) < 0 ||
	    depmod_conf_finish(&conf) < 0)
		return 0;
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 4; k++) {
			int r = depmod_conf_choose(&conf, paths[i], paths[k]);

			if ((r == 0) != (i == k) ||
			    (r < 0) != (depmod_conf_choose(&conf, paths[k], paths[i]) > 0))
				__builtin_trap();
		}
	check(&conf.hards);
	check(&conf.conflicts);
	return depmod_conf_is_excluded(&conf, "build") && sum == SIZE_MAX;
}
