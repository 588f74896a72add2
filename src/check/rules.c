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
