/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does the kernel take modules at all, from us, and this one? First who asks, then what the kernel
 * was told at boot, then the signature.
 */
#include <stdio.h>

#include "conf/cmdline.h"
#include "engine/explain-internal.h"

/* Source: linux/capability.h. */
#define CAP_SYS_MODULE 16u

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "CapEff:\t000001ffffffffff\n" */
static bool lacks_capability(struct explaining *e)
{
	CLEANUP_BUF struct buf text = { 0 };
	uint64_t effective = 0;
	const char *at;

	if (!explain_read(e, "proc/self/status", &text))
		return false;
	at = strstr((const char *)text.base, "\nCapEff:\t");
	if (!at)
		return false;
	at += strlen("\nCapEff:\t");
	if (hex_digit(*at) < 0)
		return false;
	for (; hex_digit(*at) >= 0; at++)
		effective = effective << 4 | (uint64_t)hex_digit(*at);
	return !(effective >> CAP_SYS_MODULE & 1);
}

/* The first user namespace maps all ids to themselves, in one line. */
static bool is_in_user_namespace(struct explaining *e)
{
	CLEANUP_BUF struct buf text = { 0 };
	unsigned long long v[3] = { 0 };
	size_t n = 0;

	if (!explain_read(e, "proc/self/uid_map", &text))
		return false;
	for (const char *at = (const char *)text.base; *at && n < 3; n++) {
		at += strspn(at, " \t");
		for (; *at >= '0' && *at <= '9'; at++)
			v[n] = v[n] * 10 + (unsigned long long)(*at - '0');
	}
	return n == 3 && !(v[0] == 0 && v[1] == 0 && v[2] == UINT32_MAX);
}

static bool is_blacklisted(struct explaining *e)
{
	CLEANUP_BUF struct buf text = { 0 };

	return explain_read(e, "proc/cmdline", &text) &&
	       cmdline_is_blacklisted(buf_bytes(&text), explain_kernels_name(e));
}

void explain_permission(struct explaining *e)
{
	char word[16];

	if (lacks_capability(e))
		explain_add(e, "this process may not load modules: it has no CAP_SYS_MODULE "
			       "(is it run by root?)");
	else if (is_in_user_namespace(e))
		explain_add(e, "this process may not load modules: it runs in a user namespace");
	if (explain_read_word(e, "proc/sys/kernel/modules_disabled", word, sizeof(word)) &&
	    strcmp(word, "1") == 0)
		explain_add(e, "the kernel takes no more modules until it is booted again: "
			       "kernel.modules_disabled is 1");
	if (is_blacklisted(e))
		explain_add(e, "the kernel's command line forbids it with module_blacklist=");
}

/* "none [integrity] confidentiality": the mode in brackets is in force. */
static bool is_locked_down(struct explaining *e, char *ret_mode, size_t size)
{
	char word[128], *from, *to;

	if (!explain_read_word(e, "sys/kernel/security/lockdown", word, sizeof(word)))
		return false;
	from = strchr(word, '[');
	to = from ? strchr(from, ']') : NULL;
	if (!to)
		return false;
	*to = '\0';
	if (strcmp(from + 1, "none") == 0 || strlen(from + 1) >= size)
		return false;
	strcpy(ret_mode, from + 1);
	return true;
}

static bool is_signature_enforced(struct explaining *e)
{
	char word[16];

	return explain_read_word(e, "sys/module/module/parameters/sig_enforce", word, sizeof(word)) &&
	       (strcmp(word, "Y") == 0 || strcmp(word, "1") == 0);
}

/* @demand: why the kernel asks for one */
static void explain_missing_signature(struct explaining *e, const char *demand)
{
	const struct insert_request *q = e->request;

	if (q->ignore_vermagic || q->ignore_modversions)
		explain_add(e, "%s, and a module that is loaded by force counts as unsigned", demand);
	else
		explain_add(e, "%s, and %s has no signature", demand, q->path);
}

/* "by NAME" where the signature tells. */
static const char *signer(struct explaining *e, char *text, size_t size)
{
	struct bytes name = e->file.signer;

	if (name.size == 0)
		return "";
	(void)snprintf(text, size, " by \"%.*s\"", (int)(name.size < 200 ? name.size : 200),
		       (const char *)name.base);
	return text;
}

static void explain_bad_signature(struct explaining *e, bool is_enforced)
{
	char by[256];

	if (e->error == -ENOPKG)
		explain_add(e, "its signature%s needs an algorithm that this kernel lacks",
			    signer(e, by, sizeof(by)));
	else if (e->error == -EBADMSG)
		explain_add(e, "its signature%s is malformed", signer(e, by, sizeof(by)));
	else if (e->error == -ENOKEY)
		explain_add(e, "it is signed%s with a key that this kernel does not know",
			    signer(e, by, sizeof(by)));
	else if (is_enforced)
		explain_add(e, "its signature%s is not accepted: this kernel does not know the key, or "
			       "the file was changed after it was signed", signer(e, by, sizeof(by)));
	else
		explain_add(e, "its signature%s does not fit: the file was changed after it was signed",
			    signer(e, by, sizeof(by)));
}

void explain_signature(struct explaining *e)
{
	const struct insert_request *q = e->request;
	bool is_enforced = is_signature_enforced(e), is_signed;
	char mode[32], demand[128];

	if (!e->file.facts)
		return;
	is_signed = e->file.facts->signature.is_present && !q->ignore_vermagic && !q->ignore_modversions;
	if (e->error == -EPERM) {
		if (!is_locked_down(e, mode, sizeof(mode)))
			return;
		(void)snprintf(demand, sizeof(demand), "the kernel is locked down (%s) and takes signed "
			       "modules only", mode);
		if (!is_signed)
			explain_missing_signature(e, demand);
		return;
	}
	if (is_signed)
		explain_bad_signature(e, is_enforced);
	else if (is_enforced)
		explain_missing_signature(e, "the kernel takes signed modules only (module.sig_enforce)");
}
