/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/rules.h"

#include "check/rules-internal.h"

const struct check_rule check_rules[] = {
	{
		"MS101", "unresolved-symbol", CHECK_ERROR, CHECK_NEEDS_EXPORTS | CHECK_NEEDS_TREE,
		"a module uses a symbol that nobody exports",
		"The kernel refuses to load such a module (ENOENT, \"Unknown symbol\"). Either the module was built "
		"for another kernel, or the module that exports the symbol is not in the tree.\n\n"
		"Build it against this kernel's headers, or install what exports the symbol.",
		check_unresolved_symbol,
	},
	{
		"MS301", "unknown-harddep", CHECK_ERROR, CHECK_NEEDS_TREE | CHECK_NEEDS_BUILTIN,
		"nothing answers to a hard dependency",
		"No module of the tree, no alias and nothing that is built in answers to the name. modprobe refuses to "
		"load a module that says so itself (its tag harddep=), or of which a line \"harddep!\" says so. For a "
		"line \"harddep\" it gives a warning and loads the module without, which may then not work: that is a "
		"warning here.\n\n"
		"Install the module, correct the name, or take the dependency back by a line of the module's name "
		"alone.",
		check_unknown_harddep,
	},
	{
		"MS302", "unknown-softdep", CHECK_NOTE, CHECK_NEEDS_TREE | CHECK_NEEDS_BUILTIN,
		"nothing answers to a soft dependency",
		"The module is loaded all the same, and nobody is told. Modules of the kernel name others that a "
		"configuration may leave out, so that this is often as it should be; but a name may also be misspelt, "
		"or of a module that is called otherwise today.",
		check_unknown_softdep,
	},
	{
		"MS303", "unknown-weakdep", CHECK_NOTE, CHECK_NEEDS_TREE | CHECK_NEEDS_BUILTIN,
		"nothing answers to a weak dependency",
		"Weak dependencies tell those who build images what a module may ask for while it runs. What nothing "
		"answers to gets into no image. The module may be left out of this kernel, or the name be wrong.",
		check_unknown_weakdep,
	},
	{
		"MS304", "unknown-conflict", CHECK_NOTE, CHECK_NEEDS_TREE | CHECK_NEEDS_BUILTIN,
		"nothing answers to the name of a conflict",
		"A conflict with what is not there keeps nobody out. It is as it should be where the other module comes "
		"in a package of its own; otherwise the name may be wrong.",
		check_unknown_conflict,
	},
	{
		"MS305", "dependency-on-itself", CHECK_WARNING, CHECK_NEEDS_TREE,
		"a module names itself as what it needs or excludes",
		"The word is passed over: either by its name or by an alias, nothing but the module itself answers. "
		"Probably another module was meant, which is missing now.",
		check_dependency_on_itself,
	},
	{
		"MS306", "harddep-cycle", CHECK_WARNING, CHECK_NEEDS_TREE,
		"a hard dependency would close a cycle, and is dropped",
		"What symbols need comes first, then hard dependencies in the order of their modules. One that would "
		"have modules wait for each other is dropped, so that its module is loaded without. The message has "
		"the way around.\n\n"
		"Decide which of these modules does not need the next one.",
		check_harddep_cycle,
	},
	{
		"MS307", "softdep-cycle", CHECK_WARNING, CHECK_NEEDS_TREE,
		"soft dependencies have modules wait for each other",
		"No order satisfies them all. modprobe lets one module go first: of those that wait for soft "
		"dependencies only, the one whose name sorts first. modprobe of kmod cuts the circle wherever it "
		"entered it, and may not end when it removes such modules.\n\n"
		"Decide which of the modules has to come first, and drop the other dependency, or make it weak.",
		check_softdep_cycle,
	},
	{
		"MS308", "unmarked-softdep", CHECK_WARNING, CHECK_NEEDS_TREE,
		"a soft dependency stands behind neither pre: nor post:",
		"modsure takes such a word as if it stood behind \"pre:\". kmod passes over it, and so do programs that "
		"use its library: neither does it load the module, nor do builders of images put it in.\n\n"
		"Write \"pre:\" before it; or have depmod do so, by \"merge_softdeps\" in depmod.d.",
		check_unmarked_softdep,
	},
	{
		"MS309", "several-softdeps", CHECK_NOTE, CHECK_NEEDS_TREE,
		"several lines of soft dependencies are about a module",
		"modsure heeds them all. kmod, and programs that use its library, heed the first line that is about the "
		"module and no other: lines of modprobe.d in files whose names sort before \"modules.softdep\", then "
		"the module's own tags, then the other files.\n\n"
		"Put all words on one line; for tags depmod does so with \"merge_softdeps\" in depmod.d.",
		check_several_softdeps,
	},
	{
		"MS310", "dependency-taken-back", CHECK_WARNING, CHECK_NEEDS_TREE,
		"configuration takes back what a module says that it needs",
		"A softdep, weakdep or harddep line with nothing but a module's name takes back what stands in lines "
		"before it and in the module itself. For a hard dependency this is a warning: the module says that it "
		"does not work without.\n\n"
		"Remove the line if it is not meant so. modprobe of kmod does not know such lines.",
		check_dependency_taken_back,
	},
	{
		"MS311", "forbidden-harddep", CHECK_ERROR, CHECK_NEEDS_TREE,
		"configuration keeps out what a module cannot do without",
		"What answers to the hard dependency is masked, kept out by an install command that fails, refused by "
		"module_blacklist= on the kernel's command line, or, where it is asked for by an alias, blacklisted. "
		"modprobe refuses to load the module, as there is no other answer. Where there is one, this is a note.\n\n"
		"Allow the one, or mask the other as well.",
		check_forbidden_harddep,
	},
	{
		"MS312", "conflict-with-need", CHECK_ERROR, CHECK_NEEDS_TREE,
		"a conflict keeps a module from ever being loaded",
		"The module is in conflict with what it needs itself or with what is built in, or two that it needs are "
		"in conflict with each other. What is there keeps the other out, so that modprobe always refuses it. "
		"Modules that need such a one are not listed again.\n\n"
		"One of the two declarations is wrong.",
		check_conflict_with_need,
	},
	{
		"MS313", "bad-dependency", CHECK_WARNING, CHECK_NEEDS_TREE,
		"a word of a dependency or conflict does not count",
		"The word can't be a name or an alias, or is one too many; the message says which and why. All else "
		"that the module says counts. A hard dependency that is said twice is a note.",
		check_bad_dependency,
	},
	{
		"MS501", "bad-configuration", CHECK_WARNING, 0,
		"a line of configuration cannot be understood",
		"The line, or the word of it that the message names, is passed over; the rest of the file counts. "
		"See modprobe.d(5) and depmod.d(5).",
		check_bad_configuration,
	},
	{
		"MS502", "unused-configuration", CHECK_NOTE, 0,
		"a line of configuration is of old, and has no effect",
		"It is read for the sake of old files, and nothing follows from it. Remove it.",
		check_unused_configuration,
	},
	{
		"MS503", "configuration-of-no-module", CHECK_NOTE, CHECK_NEEDS_TREE | CHECK_NEEDS_BUILTIN,
		"a line of configuration is about no module of this kernel",
		"Nothing is called so, or no name matches the pattern, or what is called so is built in, where the line "
		"has no effect. One configuration serves many kernels, so that this is often as it should be; but a "
		"name may be misspelt, or of a module that is called otherwise today. It is a warning where no kernel "
		"could have such a module: a path, a name with .ko, a pattern where none has a meaning.",
		check_configuration_of_no_module,
	},
	{
		"MS504", "alias-of-no-module", CHECK_NOTE, CHECK_NEEDS_TREE | CHECK_NEEDS_BUILTIN,
		"an alias line leads to no module of this kernel",
		"Requests that match are answered by a name that no module has, so they fail, even where a module has "
		"the alias itself. The name must be that of a module: another alias does not do.",
		check_alias_of_no_module,
	},
	{
		"MS505", "unknown-parameter", CHECK_WARNING, CHECK_NEEDS_TREE,
		"options give a module a parameter that it does not have",
		"The module has no tag (parm= or parmtype=) for a parameter of this name. The kernel loads it, and logs "
		"\"unknown parameter ... ignored\". A parameter without any tag is possible, but rare.\n\n"
		"See modinfo -p for what it has. Parameters come and go with versions of the kernel.",
		check_unknown_parameter,
	},
	{
		"MS506", "parameter-twice", CHECK_NOTE, CHECK_NEEDS_TREE,
		"a parameter of a module is given twice, with two values",
		"All lines count, in the order of the files, and the kernel's command line behind them. The kernel sets "
		"the parameter each time, so that the last value stays.",
		check_parameter_twice,
	},
	{
		"MS507", "refused-parameter", CHECK_ERROR, CHECK_NEEDS_TREE,
		"options give a parameter a value that it does not take",
		"The value is not of the type that the module's parmtype= tag names, so that the kernel refuses to load "
		"the module (EINVAL, \"invalid for parameter\"). Where an install command stands for the module, this "
		"is a warning.",
		check_refused_parameter,
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
