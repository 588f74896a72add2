/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Was each module made for this kernel, and is it whole?
 */
#include <stdio.h>
#include <string.h>

#include "bytes/name.h"
#include "check/rules-internal.h"
#include "conf/kernel-config.h"

/* Words of a vermagic that are shown; it has half a dozen. */
#define SHOWN_MAX 200

int check_renamed_module(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct check_about about = { .module = i, .is_of_module = true, .section = ".modinfo" };
		char folded[ALIAS_MAX + 1];

		about.object = facts_first(g->modules[i].facts, "name");
		if (!about.object || (name_normalize_alias(about.object, folded) >= 0 &&
				      strcmp(folded, g->modules[i].name) == 0))
			continue;
		r = check_add(c, &about, "the kernel will call this module %s, by its tag, and modprobe %s, by "
			      "the name of the file", about.object, g->modules[i].name);
	}
	return r;
}

/* A word of @s from *@at on; its length, 0 at the end. */
static size_t next_word(const char *s, size_t *at)
{
	*at += strspn(s + *at, " ");
	return strcspn(s + *at, " ");
}

static bool has_word(const char *s, const char *word, size_t size)
{
	size_t at = 0, n;

	for (; (n = next_word(s, &at)) > 0; at += n)
		if (n == size && memcmp(s + at, word, n) == 0)
			return true;
	return false;
}

/* Words of @a that @b has not, with a blank in front of each; from @from on. */
static void put_missing(const char *a, size_t from, const char *b, char *out, size_t size)
{
	size_t at = from, n, used = 0;

	out[0] = 0;
	for (; (n = next_word(a, &at)) > 0; at += n)
		if (!has_word(b, a + at, n) && used + n + 2 < size)
			used += (size_t)snprintf(out + used, size - used, " %.*s", (int)n, a + at);
}

/* Tags end in a blank, which nobody has to see. */
static int shown(const char *vermagic)
{
	size_t n = strlen(vermagic);

	while (n > 0 && vermagic[n - 1] == ' ')
		n--;
	return n < SHOWN_MAX ? (int)n : SHOWN_MAX;
}

static int add_vermagic(struct check *c, uint32_t i, const char *ours, size_t skipped)
{
	struct check_about about = { .module = i, .is_of_module = true, .section = ".modinfo", .object = ours };
	const char *theirs = c->in->vermagic;
	char more[SHOWN_MAX], less[SHOWN_MAX];

	put_missing(ours, skipped ? strcspn(ours, " ") : 0, theirs, more, sizeof(more));
	put_missing(theirs, skipped ? strcspn(theirs, " ") : 0, ours, less, sizeof(less));
	return check_add(c, &about, "vermagic is \"%.*s\", the kernel's (by %s) is \"%.*s\":%s%s%s%s%s", shown(ours),
			 ours, c->in->vermagic_source, shown(theirs), theirs, more[0] ? " the module alone has" : "",
			 more, more[0] && less[0] ? ", the kernel alone" : less[0] ? " the kernel alone has" : "", less,
			 more[0] || less[0] ? "" : " the same words in another way");
}

/* With versions of symbols on both sides the kernel passes over the release, the first word. */
int check_wrong_vermagic(struct check *c)
{
	const struct graph *g = c->in->graph;
	const char *theirs = c->in->vermagic;
	bool has_versions = has_word(theirs, "modversions", strlen("modversions"));
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		const struct facts *f = g->modules[i].facts;
		const char *ours = facts_first(f, "vermagic");
		bool skips = has_versions && (f->flags & FACTS_VERSIONS);

		if (!ours)
			continue;
		if (strcmp(skips ? ours + strcspn(ours, " ") : ours, skips ? theirs + strcspn(theirs, " ") : theirs))
			r = add_vermagic(c, i, ours, skips);
	}
	return r;
}

int check_no_vermagic(struct check *c)
{
	const struct kernel_config *config = c->in->config;
	bool is_certain = config && !kernel_config_is(config, "CONFIG_MODULE_FORCE_LOAD");
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct check_about about = { .module = i, .is_of_module = true, .section = ".modinfo",
					     .object = "vermagic", .has_severity = !is_certain,
					     .severity = CHECK_WARNING };

		if (!facts_first(g->modules[i].facts, "vermagic"))
			r = check_add(c, &about, "no vermagic: %s",
				      is_certain ? "this kernel refuses the module"
				      : config	 ? "this kernel loads it as if by force (taint F)"
						 : "a kernel without CONFIG_MODULE_FORCE_LOAD refuses the module");
	}
	return r;
}

struct machine {
	uint32_t machine; /* ELF machine */
	uint32_t kind;	  /* FACTS_64BIT, FACTS_BIG_ENDIAN */
};

static struct machine machine_of(const struct facts *f)
{
	return (struct machine){ f->machine, f->flags & (FACTS_64BIT | FACTS_BIG_ENDIAN) };
}

static bool is_same_machine(struct machine a, struct machine b)
{
	return a.machine == b.machine && a.kind == b.kind;
}

/* What more than half of the modules are made for. */
static bool find_machine(const struct graph *g, struct machine *ret)
{
	struct machine most = { 0 };
	uint32_t lead = 0, n = 0;

	for (uint32_t i = 0; i < g->n_modules; i++) {
		struct machine m = machine_of(g->modules[i].facts);

		if (lead == 0)
			most = m;
		if (is_same_machine(m, most))
			lead++;
		else
			lead--;
	}
	for (uint32_t i = 0; i < g->n_modules; i++)
		n += is_same_machine(machine_of(g->modules[i].facts), most);
	*ret = most;
	return n > g->n_modules / 2;
}

int check_wrong_machine(struct check *c)
{
	const struct graph *g = c->in->graph;
	struct machine most;
	int r = 0;

	if (g->n_modules == 0)
		return 0;
	if (!find_machine(g, &most))
		return check_skip(c, "no kind of machine has more than half of the modules");
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct check_about about = { .module = i, .is_of_module = true };
		struct machine m = machine_of(g->modules[i].facts);
		char object[32];

		if (is_same_machine(m, most))
			continue;
		(void)snprintf(object, sizeof(object), "%u", m.machine);
		about.object = object;
		r = check_add(c, &about, "made for ELF machine %u, %s bits, %s end first; the other modules of the "
			      "tree for %u, %s bits, %s end first", m.machine, m.kind & FACTS_64BIT ? "64" : "32",
			      m.kind & FACTS_BIG_ENDIAN ? "big" : "little", most.machine,
			      most.kind & FACTS_64BIT ? "64" : "32", most.kind & FACTS_BIG_ENDIAN ? "big" : "little");
	}
	return r;
}

int check_incomplete_module(struct check *c)
{
	static const char section[] = ".gnu.linkonce.this_module";
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		uint32_t flags = g->modules[i].facts->flags;
		struct check_about about = { .module = i, .is_of_module = true };

		if (!(flags & FACTS_RELOCATABLE)) {
			about.object = "relocatable";
			r = check_add(c, &about, "not a relocatable ELF file (type %u), as modules are",
				      g->modules[i].facts->elf_type);
		} else if (!(flags & FACTS_THIS_MODULE)) {
			about.object = about.section = section;
			r = check_add(c, &about, "no section %s, which modpost adds in the last step of a build",
				      section);
		}
	}
	return r;
}

int check_no_license_tag(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct check_about about = { .module = i, .is_of_module = true, .section = ".modinfo",
					     .object = "license" };

		if (!facts_first(g->modules[i].facts, "license"))
			r = check_add(c, &about, "no license tag: the kernel takes the module for a proprietary one "
				      "(taint P)");
	}
	return r;
}

int check_livepatch_unsupported(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	if (kernel_config_is(c->in->config, "CONFIG_LIVEPATCH"))
		return 0;
	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct check_about about = { .module = i, .is_of_module = true, .section = ".modinfo",
					     .object = "livepatch" };

		if (g->modules[i].facts->flags & FACTS_LIVEPATCH)
			r = check_add(c, &about, "a livepatch, and the kernel is built without CONFIG_LIVEPATCH");
	}
	return r;
}

int check_unknown_export_table(struct check *c)
{
	const struct graph *g = c->in->graph;
	int r = 0;

	for (uint32_t i = 0; r == 0 && i < g->n_modules; i++) {
		struct check_about about = { .module = i, .is_of_module = true, .section = "__ksymtab",
					     .object = "__ksymtab" };
		uint32_t flags = g->modules[i].facts->flags;

		if (flags & FACTS_EXPORTS_UNKNOWN)
			r = check_add(c, &about, "it has an export table whose names can't be told");
		else if (flags & FACTS_LICENCES_UNKNOWN)
			r = check_add(c, &about, "it has flags (__kflagstab) that do not fit its exports: which are "
				      "GPL-only can't be told");
	}
	return r;
}
