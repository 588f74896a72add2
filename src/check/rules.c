/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/rules.h"

#include "check/rules-internal.h"

const struct check_rule check_rules[] = {
	{
		"MS101", "unresolved-symbol", CHECK_ERROR, CHECK_NEEDS_EXPORTS | CHECK_NEEDS_TREE,
		"a module uses a symbol that nobody exports",
		"The kernel refuses to load such a module (ENOENT, \"Unknown symbol\"). Either the module was built "
		"for another kernel, or the module that exports the symbol is not in the tree. The message says who "
		"exports it elsewhere, where that is known: by Module.symvers a module that this tree does not have, "
		"or a module of another kernel beside this one.\n\n"
		"Build it against this kernel's headers, or install what exports the symbol.",
		check_unresolved_symbol,
	},
	{
		"MS102", "gpl-only-symbol", CHECK_ERROR, 0,
		"a module without a GPL-compatible licence uses a GPL-only symbol",
		"For such a module the kernel passes over what is exported with EXPORT_SYMBOL_GPL, so that the symbol "
		"does not exist (ENOENT, \"Unknown symbol\"). The kernel knows six licences as compatible: \"GPL\", "
		"\"GPL v2\", \"GPL and additional rights\", \"Dual BSD/GPL\", \"Dual MIT/GPL\" and \"Dual MPL/GPL\"; "
		"the first license= tag counts, and a module without one is proprietary.\n\n"
		"If the source is under one of these, put it into MODULE_LICENSE() in exactly this spelling. "
		"Otherwise the module has to do without the symbol.",
		check_gpl_only_symbol,
	},
	{
		"MS103", "proprietary-provider", CHECK_ERROR, 0,
		"a module uses GPL-only symbols and symbols of a proprietary module",
		"A module that uses symbols of a proprietary one counts as proprietary itself, whatever its licence "
		"says. The kernel (5.9 and later) refuses it when it has taken a GPL-only symbol before, and gives it "
		"none afterwards: ENOENT, \"Unknown symbol\", with \"module using GPL-only symbols uses symbols ... "
		"from proprietary module\" in the log where the GPL-only one came first.\n\n"
		"Such a module can't be made to work without the source of one side: a shim around a proprietary "
		"module does not change what the kernel sees.",
		check_proprietary_provider,
	},
	{
		"MS104", "symbol-version", CHECK_ERROR, 0,
		"a module was built with another version of a symbol than the one that is there",
		"With CONFIG_MODVERSIONS each symbol has a number that is made of the types behind it, and a module "
		"holds the numbers that it was built with. Where they differ, the kernel refuses the module (EINVAL, "
		"\"disagrees about version of symbol\"; for module_layout, which stands for the kernel's own structures, "
		"ENOEXEC).\n\n"
		"Build the module against the headers of this kernel, and against the Module.symvers of the modules "
		"whose symbols it uses (KBUILD_EXTRA_SYMBOLS). A module of the tree that was replaced by one from "
		"elsewhere shows in its users. modprobe --force-modversion loads it anyway, and what happens then nobody "
		"knows.",
		check_symbol_version,
	},
	{
		"MS105", "no-symbol-versions", CHECK_ERROR, CHECK_NEEDS_CRCS,
		"a module holds no versions of symbols, and the kernel has them",
		"It was built without CONFIG_MODVERSIONS, or without the Module.symvers of this kernel. With "
		"CONFIG_MODULE_FORCE_LOAD the kernel takes it as if it was forced (taint F, \"kernel tainted\"), provided "
		"that its vermagic is the same to the letter; without that option it refuses it (ENOEXEC).\n\n"
		"Build it against the headers of this kernel, with their Module.symvers in place.",
		check_no_symbol_versions,
	},
	{
		"MS106", "symbol-without-version", CHECK_WARNING, CHECK_NEEDS_CRCS,
		"a module holds no version of one of the symbols that it uses",
		"The kernel has a version of the symbol, and the module holds versions of others. Debian's kernels refuse "
		"it (EINVAL, \"no symbol version for\"); others write the same once to the log and take the symbol without "
		"comparing. Such a module comes of a build without the Module.symvers of the module that exports the "
		"symbol.\n\n"
		"Name that file in KBUILD_EXTRA_SYMBOLS and build again.",
		check_symbol_without_version,
	},
	{
		"MS107", "exports-kernel-symbol", CHECK_ERROR, CHECK_NEEDS_EXPORTS,
		"a module exports a symbol that the kernel exports itself",
		"The kernel refuses a module that exports what is exported already (ENOEXEC, \"exports duplicate "
		"symbol\"), and its own symbols are always there. modules.symbols and modules.dep have the module as the "
		"one to load for this symbol, so that modprobe fails for its users, too.\n\n"
		"What the module offers is built in by now: leave it out, or rename its symbols.",
		check_exports_kernel_symbol,
	},
	{
		"MS108", "exported-twice", CHECK_WARNING, 0,
		"two modules export the same symbol",
		"Each can be loaded alone; the second one of them is refused (ENOEXEC, \"exports duplicate symbol\"). For "
		"modules that use the symbol modprobe loads the one that comes last in the order of the tree, whose "
		"versions and types the user may not have been built with.\n\n"
		"Leave one out. Where both are wanted as alternatives, say so: a conflict= tag in both, or a conflict "
		"line in depmod.d.",
		check_exported_twice,
	},
	{
		"MS109", "weak-unresolved", CHECK_NOTE, CHECK_NEEDS_EXPORTS | CHECK_NEEDS_TREE,
		"a weak symbol of a module stays without an address",
		"A module may use a symbol weakly: where there is none, its address is 0, and the module is expected to look "
		"before it calls. The kernel loads it in silence.\n\n"
		"Nothing has to be done if what the symbol offers is not wanted.",
		check_weak_unresolved,
	},
	{
		"MS110", "symbol-cycle", CHECK_ERROR, 0,
		"modules need symbols of each other in a circle",
		"The kernel finds a symbol only in a module that is loaded, so none of them can be the first (ENOENT). "
		"depmod leaves them out of its indexes.\n\n"
		"Move what they share into a module of its own, or make one module of them.",
		check_symbol_cycle,
	},
	{
		"MS111", "needs-itself", CHECK_ERROR, 0,
		"a module uses a symbol that only itself exports",
		"A symbol that the module defines itself is no import; here it is an undefined symbol that nobody else "
		"exports, so that the kernel refuses the module (ENOENT). depmod leaves it out of its indexes. Such files come "
		"of links that went wrong, or of tools that wrote the symbol table anew.\n\n"
		"Build the module again.",
		check_needs_itself,
	},
	{
		"MS112", "needs-unloadable", CHECK_ERROR, 0,
		"a module uses symbols of one that can't be loaded",
		"The other module is part of a circle, needs itself, or needs another one like that; so this one can't be "
		"loaded either (ENOENT), and depmod leaves it out of its indexes.\n\n"
		"See the finding about the other module.",
		check_needs_unloadable,
	},
	{
		"MS201", "namespace-not-imported", CHECK_ERROR, 0,
		"a module uses a symbol of a namespace that it does not import",
		"The kernel refuses the module (EINVAL, \"uses symbol ... from namespace ..., but does not import it\"), of "
		"which modprobe sees no more than \"Invalid argument\". A kernel with "
		"CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS says the same in its log and loads the module: then this is "
		"a warning. Where the configuration is not known, the message says so.\n\n"
		"Add MODULE_IMPORT_NS() for the namespace to the module's source (from Linux 6.13 on its argument is a "
		"string). For a module whose source can't be changed, the exporting side decides. Before Linux 6.16 a "
		"namespace \"module:a,b\" is a name like others and has to be imported, by those that it lists, too.",
		check_namespace_not_imported,
	},
	{
		"MS202", "namespace-unused", CHECK_NOTE, CHECK_NEEDS_EXPORTS | CHECK_NEEDS_NAMESPACES | CHECK_NEEDS_TREE,
		"a module imports a namespace and uses nothing of it",
		"It does no harm: the kernel looks at imports only when a symbol wants one. It is often what is left of "
		"code that is gone, or is needed in another configuration of the same source. A module that uses symbols "
		"which nobody exports is not looked at, for their namespaces are not known.\n\n"
		"Take the MODULE_IMPORT_NS() away if no configuration needs it.",
		check_namespace_unused,
	},
	{
		"MS203", "namespace-unknown", CHECK_NOTE,
		CHECK_NEEDS_EXPORTS | CHECK_NEEDS_NAMESPACES | CHECK_NEEDS_TREE,
		"a module imports a namespace that nobody exports into",
		"The import is without effect on this kernel. The name may be misspelt, which shows once the module uses "
		"a symbol of the right one; its exporter may be left out by the configuration or be in another package; "
		"or the source is made for kernels of several versions.\n\n"
		"Compare the name with that of the exporter, letter for letter; from Linux 6.13 on, which took strings "
		"for names, quotes or a macro's own name may have got into it.",
		check_namespace_unknown,
	},
	{
		"MS204", "builtin-namespace-unknown", CHECK_NOTE,
		CHECK_NEEDS_EXPORTS | CHECK_NEEDS_NAMESPACES | CHECK_NEEDS_TREE | CHECK_NEEDS_BUILTIN_TAGS,
		"what is built into the kernel imports a namespace that nobody exports into",
		"As for modules, by modules.builtin.modinfo. Nothing checks the imports of what is built in when it runs, so "
		"it works. Which symbols built-in code uses no file tells: whether an import is missing there, or is not used "
		"though there is such a namespace, can't be known from a built kernel.\n\n"
		"For the next build of the kernel: as for modules.",
		check_builtin_namespace_unknown,
	},
	{
		"MS205", "module-not-listed", CHECK_ERROR, 0,
		"a module uses a symbol that is for other modules only",
		"Since Linux 6.16 a namespace that begins with \"module:\" is a list of modules, each of which may end in "
		"'*'; '-' and '_' are the same. Who is not listed is refused (EINVAL, \"from namespace module:..., but does "
		"not import it\"), or let pass with these words where the kernel has "
		"CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS. Nobody can import such a namespace.\n\n"
		"The symbol is internal to those modules: do without it.",
		check_module_not_listed,
	},
	{
		"MS206", "module-list-imported", CHECK_ERROR, CHECK_NEEDS_RELEASE,
		"a module imports a namespace that is a list of modules",
		"Since Linux 6.16 a namespace that begins with \"module:\" holds for the modules that it names, without "
		"any import; a module that imports one is refused (EPERM, \"tries to import module namespace\"), a listed "
		"one, too.\n\n"
		"Take the MODULE_IMPORT_NS() away. A module for kernels on either side of 6.16 has to ask for the version.",
		check_module_list_imported,
	},
	{
		"MS207", "module-list-not-counted", CHECK_NOTE, CHECK_NEEDS_RELEASE | CHECK_NEEDS_NAMESPACES,
		"a module that is not listed uses a symbol of a list of modules, on a kernel that does not read it",
		"Some kernels before 6.16 have exports with namespaces like \"module:kvm\", taken over from later ones, "
		"but not the rule that goes with them: there it is a name like others, and any module that imports it may "
		"use its symbols. Later kernels refuse the module, for the import and for not being listed.\n\n"
		"Don't count on it: the symbol is not meant for this module.",
		check_module_list_not_counted,
	},
};
const size_t check_n_rules = sizeof(check_rules) / sizeof(check_rules[0]);

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool is_same(const char *a, const char *b)
{
	while (*a && fold(*a) == fold(*b)) {
		a++;
		b++;
	}
	return fold(*a) == fold(*b);
}

const struct check_rule *check_rule_find(const char *id_or_name)
{
	for (size_t i = 0; i < check_n_rules; i++)
		if (is_same(check_rules[i].id, id_or_name) || is_same(check_rules[i].name, id_or_name))
			return &check_rules[i];
	return NULL;
}

const char *check_severity_name(enum check_severity severity)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[severity];
}

const char *check_need_name(unsigned int need)
{
	switch ((enum check_need)need) {
	case CHECK_NEEDS_EXPORTS:
		return "the symbols that the kernel exports";
	case CHECK_NEEDS_CRCS:
		return "the versions of the kernel's symbols";
	case CHECK_NEEDS_NAMESPACES:
		return "the namespaces of the kernel's symbols";
	case CHECK_NEEDS_LICENCES:
		return "the licence rules of the kernel's symbols";
	case CHECK_NEEDS_CONFIG:
		return "the configuration of the kernel's build";
	case CHECK_NEEDS_RELEASE:
		return "the version of the kernel";
	case CHECK_NEEDS_VERMAGIC:
		return "the vermagic of the kernel";
	case CHECK_NEEDS_BUILTIN:
		return "modules.builtin";
	case CHECK_NEEDS_BUILTIN_TAGS:
		return "modules.builtin.modinfo";
	case CHECK_NEEDS_KEYS:
		return "keys (--keyring)";
	case CHECK_NEEDS_INDEXES:
		return "a set of indexes";
	case CHECK_NEEDS_TREE:
		return "all modules of the tree";
	}
	return "";
}
