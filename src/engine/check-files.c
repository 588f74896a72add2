/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of a tree tell besides facts: who signed them, whether a kernel can decompress them,
 * and which vermagic those have that were built with the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "bytes/diag.h"
#include "codec/keyring.h"
#include "engine/check-parts.h"
#include "engine/check.h"
#include "sys/sys.h"

static enum check_signature signature_of(const struct depmod_extra *x, bool is_judged)
{
	if (!is_judged)
		return CHECK_SIGNATURE_NOT_LOOKED;
	if (x->verdict == 0)
		return CHECK_SIGNATURE_GOOD;
	return x->verdict == -ENOKEY || x->verdict == -ENOPKG ? CHECK_SIGNATURE_UNKNOWN_KEY
							      : CHECK_SIGNATURE_BAD;
}

/* Built with the kernel, by all that can be seen of it. */
static const char *own_vermagic(const struct graph_module *m)
{
	if (strncmp(m->path, "kernel/", strlen("kernel/")) != 0 || !facts_first(m->facts, "intree"))
		return NULL;
	return facts_first(m->facts, "vermagic");
}

/* The one that more than half of them have. */
static const char *most_have(const struct depmod *d, uint32_t *ret_n, uint32_t *ret_all)
{
	const char *most = NULL;
	uint32_t lead = 0;

	*ret_n = *ret_all = 0;
	for (uint32_t i = 0; i < d->n_modules; i++) {
		const char *one = own_vermagic(&d->modules[i]);

		if (one && lead == 0)
			most = one;
		if (one && strcmp(one, most) == 0)
			lead++;
		else if (one)
			lead--;
	}
	for (uint32_t i = 0; most && i < d->n_modules; i++) {
		const char *one = own_vermagic(&d->modules[i]);

		*ret_all += one != NULL;
		*ret_n += one && strcmp(one, most) == 0;
	}
	return *ret_n > *ret_all / 2 ? most : NULL;
}

static int gather_vermagic(const struct depmod *d, struct arena *arena, struct check_input *in)
{
	CLEANUP_BUF struct buf source = { 0 };
	uint32_t n, all;
	const char *most;

	if (in->knows & CHECK_NEEDS_VERMAGIC)
		return 0;
	most = most_have(d, &n, &all);
	if (!most) {
		in->why_not[__builtin_ctz(CHECK_NEEDS_VERMAGIC)] =
			all ? "no kernel image tells, and the modules below kernel/ disagree"
			    : "no kernel image tells, and there is no module of its build below kernel/";
		return 0;
	}
	buf_printf(&source, "%u of %u modules below kernel/", n, all);
	in->vermagic = most;
	in->vermagic_source = source.error ? NULL
					   : arena_string(arena, (const char *)source.base, source.size);
	in->knows |= CHECK_NEEDS_VERMAGIC;
	return in->vermagic_source ? 0 : -ENOMEM;
}

static int gather_unfit(const struct depmod *d, struct arena *arena, struct check_input *in)
{
	const char **unfit;

	unfit = arena_alloc(arena, ((size_t)d->scan.n_unfit + 1) * sizeof(*unfit));
	if (!unfit)
		return -ENOMEM;
	for (uint32_t i = 0; i < d->scan.n_unfit; i++) {
		char *path = depmod_path(d, d->scan.unfit[i]);

		unfit[i] = path ? arena_string(arena, path, strlen(path)) : NULL;
		free(path);
		if (!unfit[i])
			return -ENOMEM;
	}
	in->unfit = unfit;
	in->n_unfit = d->scan.n_unfit;
	return 0;
}

int check_gather_files(const struct depmod *d, struct arena *arena, struct check_module *modules,
		       bool has_judge, struct check_input *in)
{
	int r;

	for (uint32_t i = 0; i < d->n_modules; i++) {
		const struct depmod_extra *x = &d->extras[d->modules[i].file];

		modules[i].signature =
			signature_of(x, has_judge && d->modules[i].facts->signature.is_present);
		modules[i].signature_why = x->verdict_why;
		modules[i].kernel_lacks = x->kernel_lacks;
	}
	in->knows |= has_judge ? CHECK_NEEDS_KEYS : 0;
	r = gather_unfit(d, arena, in);
	return r < 0 ? r : gather_vermagic(d, arena, in);
}

static int load_one(struct keyring *keyring, const char *path, const struct events *events)
{
	CLEANUP_BUF struct buf file = { .max = KEYRING_FILE_MAX };
	struct diag diag = { 0 };
	int r;

	r = sys_read_file(AT_FDCWD, path, &file);
	if (r == 0)
		r = keyring_add(keyring, buf_bytes(&file), &diag);
	if (r < 0 && r != -ENOMEM)
		event_diag(events, EVENT_ERROR, path, r, &diag);
	return r;
}

int check_load_keys(const struct check_options *options, const struct events *events,
		    struct keyring **ret_keyring)
{
	struct keyring *keyring;
	int r = 0, worst = 1;

	*ret_keyring = NULL;
	if (options->n_keyrings == 0)
		return 0;
	keyring = keyring_new();
	for (size_t i = 0; keyring && r != -ENOMEM && i < options->n_keyrings; i++) {
		r = load_one(keyring, options->keyrings[i], events);
		worst = r < 0 ? 0 : worst;
	}
	if (!keyring || r == -ENOMEM || worst == 0) {
		keyring_free(keyring);
		return !keyring || r == -ENOMEM ? -ENOMEM : 0;
	}
	*ret_keyring = keyring;
	return 1;
}

static int verify(void *ctx, struct bytes signature, struct bytes content, struct diag *diag)
{
	return keyring_verify(ctx, signature, content, diag);
}

struct modfile_judge check_judge(struct keyring *keyring)
{
	return (struct modfile_judge){ verify, keyring };
}
