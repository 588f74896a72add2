/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Was the module built for this kernel? What this kernel wants is told by the files of modules that
 * it has loaded: their vermagic, and the version of module_layout that stands for the kernel's own
 * structures.
 */
#include "engine/explain-internal.h"

#define RELEASE_MAX 256

/* Source: System V ABI supplements; names as in /proc/sys/kernel/arch. */
static const struct {
	const char *arch;
	uint16_t machine;
} machines[] = {
	{ "x86_64", 62 }, { "i686", 3 },     { "aarch64", 183 }, { "armv7l", 40 },	{ "ppc64le", 21 },
	{ "ppc64", 21 },  { "s390x", 22 },   { "riscv64", 243 }, { "loongarch64", 258 },
};

static bool is_for_machine(struct explaining *e)
{
	char arch[64];

	if (e->n_references > 0)
		return e->references[0].facts->machine == e->file.facts->machine;
	if (!explain_read_word(e, "proc/sys/kernel/arch", arch, sizeof(arch)))
		return true;
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (strcmp(machines[i].arch, arch) == 0)
			return machines[i].machine == e->file.facts->machine;
	return true;
}

/* Version of module_layout in a module's table; false without. */
static bool layout_version(const struct facts *facts, uint32_t *ret_crc)
{
	const struct facts_import *imports = facts_imports(facts);

	for (uint32_t i = 0; i < facts->n_imports; i++)
		if ((imports[i].flags & SYMBOL_CRC) &&
		    strcmp(facts_string(facts, imports[i].name), "module_layout") == 0) {
			*ret_crc = imports[i].crc;
			return true;
		}
	return false;
}

static void explain_layout(struct explaining *e)
{
	uint32_t ours, theirs;

	if (e->request->ignore_modversions || !layout_version(e->file.facts, &ours))
		return;
	for (unsigned int i = 0; i < e->n_references; i++) {
		if (!layout_version(e->references[i].facts, &theirs))
			continue;
		if (ours != theirs)
			explain_add(e, "it was built against another kernel: its version of module_layout is "
				       "0x%08x, that of this kernel 0x%08x (by %s)",
				    ours, theirs, e->references[i].path);
		return;
	}
}

/* With versions of symbols the kernel passes over the release, the first word. */
static const char *without_release(const char *vermagic)
{
	return vermagic + strcspn(vermagic, " ");
}

/* Tags end in a blank; nobody has to see that. */
static int shown(const char *vermagic)
{
	size_t n = strlen(vermagic);

	while (n > 0 && vermagic[n - 1] == ' ')
		n--;
	return (int)n;
}

/* Without a module to compare with, the release is all that is known. */
static void explain_release(struct explaining *e, const char *vermagic)
{
	char release[RELEASE_MAX];
	size_t n = strcspn(vermagic, " ");

	if (!explain_read_word(e, "proc/sys/kernel/osrelease", release, sizeof(release)) ||
	    (strlen(release) == n && memcmp(release, vermagic, n) == 0))
		return;
	if (e->file.facts->flags & FACTS_VERSIONS) {
		explain_add(e, "it was built for kernel %.*s and this is %s, which may be the reason", (int)n,
			    vermagic, release);
		e->is_uncertain = true;
	} else {
		explain_add(e, "it was built for kernel %.*s, this is %s", (int)n, vermagic, release);
	}
}

/* "version magic 'A' should be 'B'": the kernel's own words are better than any module's file. */
static bool explain_logged_vermagic(struct explaining *e)
{
	static const char from[] = "version magic '", to[] = "' should be '";
	const struct log_line *line = explain_find_logged(e, from);
	const char *ours, *theirs, *end;

	if (!line || line->text.size < sizeof(from) || memcmp(line->text.base, from, sizeof(from) - 1) != 0)
		return false;
	end = (const char *)line->text.base + line->text.size;
	ours = (const char *)line->text.base + sizeof(from) - 1;
	theirs = memmem(ours, (size_t)(end - ours), to, sizeof(to) - 1);
	if (!theirs || end[-1] != '\'')
		return false;
	explain_add(e, "its vermagic is \"%.*s\", this kernel takes \"%.*s\"", (int)(theirs - ours), ours,
		    (int)(end - theirs - (ptrdiff_t)sizeof(to)), theirs + sizeof(to) - 1);
	return true;
}

static void explain_vermagic(struct explaining *e)
{
	const char *ours = facts_first(e->file.facts, "vermagic"), *theirs = NULL;
	const char *path = NULL;
	bool is_same;

	if (e->request->ignore_vermagic || explain_logged_vermagic(e))
		return;
	if (!ours) {
		explain_add(e, "it has no vermagic: only kernels that load modules by force take that");
		e->is_uncertain = true;
		return;
	}
	for (unsigned int i = 0; i < e->n_references && !theirs; i++) {
		theirs = facts_first(e->references[i].facts, "vermagic");
		path = e->references[i].path;
	}
	if (!theirs) {
		explain_release(e, ours);
		return;
	}
	is_same = e->file.facts->flags & FACTS_VERSIONS
			  ? strcmp(without_release(ours), without_release(theirs)) == 0
			  : strcmp(ours, theirs) == 0;
	if (!is_same)
		explain_add(e, "its vermagic is \"%.*s\", this kernel takes \"%.*s\" (by %s)", shown(ours),
			    ours, shown(theirs), theirs, path);
}

void explain_format(struct explaining *e)
{
	const struct facts *facts = e->file.facts;

	if (!facts)
		return;
	explain_references(e);
	if (!(facts->flags & FACTS_RELOCATABLE) || !(facts->flags & FACTS_THIS_MODULE)) {
		explain_add(e, "%s is no complete module: it has no %s", e->request->path,
			    facts->flags & FACTS_RELOCATABLE ? ".gnu.linkonce.this_module"
							     : "relocations to load it with");
	} else if (!is_for_machine(e)) {
		explain_add(e, "it was built for another kind of machine (ELF machine %u)", facts->machine);
	} else {
		explain_layout(e);
		explain_vermagic(e);
	}
	if (e->request->ignore_vermagic || e->request->ignore_modversions) {
		explain_add(e, "not every kernel loads modules by force: it may lack CONFIG_MODULE_FORCE_LOAD");
		e->is_uncertain = true;
	}
}
