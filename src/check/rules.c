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
		"MS401", "unreadable-module", CHECK_ERROR, 0, "a module file is damaged, or no module",
		"modprobe finds such a file by its name and fails: the kernel answers ENOEXEC (\"Exec format error\"), "
		"or it cannot be decompressed. depmod leaves the file out of all indexes. A disk that was full, a copy "
		"that was cut off, or a file of another kind under this name are the usual reasons.\n\nInstall the "
		"package that owns the file again, or take the file away.",
		check_unreadable_module,
	},
	{
		"MS402", "unfit-file-name", CHECK_WARNING, 0, "a module file has a path that no index can hold",
		"A line of modules.dep has a path, a colon, and paths with blanks between. A path with white space, a "
		"colon, a control character or a byte above 7 bits would be read as something else, so depmod leaves "
		"the file out and nothing finds the module.\n\nRename the file or its folder.",
		check_unfit_file_name,
	},
	{
		"MS403", "renamed-module", CHECK_WARNING, 0, "a module's file has another name than the module",
		"The kernel takes the name from inside the file: that is the name in lsmod and below /sys/module. "
		"modprobe, depmod and configuration go by the file. So options, blacklist and dependencies of the one "
		"name do not reach the other, modprobe tries to load what is loaded already, and modprobe -r does not "
		"find it.\n\nGive the file the name of its tag (modinfo -F name), or build the module under the new "
		"name.",
		check_renamed_module,
	},
	{
		"MS404", "wrong-vermagic", CHECK_ERROR, CHECK_NEEDS_VERMAGIC,
		"a module's vermagic is not the kernel's",
		"The kernel refuses such a module (ENOEXEC, \"version magic ... should be ...\"): it was built for "
		"another release, or for another configuration (preemption, SMP, module unloading). Where kernel and "
		"module both have versions of symbols, the release itself is passed over and only the words behind it "
		"count.\n\nBuild it against the headers of this kernel.",
		check_wrong_vermagic,
	},
	{
		"MS405", "no-vermagic", CHECK_ERROR, 0, "a module has no vermagic",
		"Each build puts the tag in, so it was taken out, or the file was not made by the kernel's build. A "
		"kernel without CONFIG_MODULE_FORCE_LOAD refuses the module (ENOEXEC); one with it loads the module, "
		"says \"no version magic, tainting kernel\" and is tainted (F).\n\nBuild the module against the "
		"headers of this kernel.",
		check_no_vermagic,
	},
	{
		"MS406", "wrong-machine", CHECK_ERROR, CHECK_NEEDS_TREE,
		"a module is made for another kind of machine than the others",
		"The kernel refuses such a module (ENOEXEC, \"Exec format error\"). A package of another architecture, "
		"or a build with the compiler of the wrong one.\n\nInstall the file of this architecture.",
		check_wrong_machine,
	},
	{
		"MS407", "incomplete-module", CHECK_ERROR, 0, "a module is not linked to its end",
		"The last step of a build (modpost) adds the section that the kernel knows a module by. Without it, or "
		"when the file is not relocatable, the kernel refuses the file (ENOEXEC, \"No module found in "
		"object\"). An object file of the build was installed instead of the module.\n\nInstall the .ko that "
		"the build makes at its end.",
		check_incomplete_module,
	},
	{
		"MS408", "no-license-tag", CHECK_WARNING, 0, "a module does not say its licence",
		"The kernel takes it for a proprietary one: it is tainted (P), symbols for GPL-compatible modules are "
		"out of reach, and bug reports about the kernel are not looked at.\n\nAdd MODULE_LICENSE() to the "
		"source.",
		check_no_license_tag,
	},
	{
		"MS409", "duplicate-module", CHECK_WARNING, 0, "two files have one module name, and one is never used",
		"depmod takes one of them. Where a search or override line of depmod.d decides, or the default that "
		"puts updates/ first, that is how a module is replaced on purpose: a note. Where none does, the path "
		"that sorts first wins, and another depmod may take the other file: a warning.\n\nTake one file away, "
		"or say in depmod.d which one counts.",
		check_duplicate_module,
	},
	{
		"MS410", "built-in-module", CHECK_WARNING, CHECK_NEEDS_BUILTIN,
		"a module file has the name of something that is built in",
		"modprobe says that a built-in module is there and does not load the file. insmod of it fails where "
		"the built-in one has parameters (EINVAL, \"is already loaded\"), or the driver registers "
		"twice.\n\nTake the file away, or build the kernel with the driver as a module.",
		check_built_in_module,
	},
	{
		"MS411", "livepatch-unsupported", CHECK_ERROR, CHECK_NEEDS_CONFIG,
		"a livepatch in the tree of a kernel without livepatches",
		"A kernel that is built without CONFIG_LIVEPATCH refuses a module that has the tag (ENOEXEC, "
		"\"livepatch support is disabled\").\n\nTake the file away, or build the kernel with CONFIG_LIVEPATCH.",
		check_livepatch_unsupported,
	},
	{
		"MS412", "kernel-cannot-decompress", CHECK_NOTE, CHECK_NEEDS_CONFIG,
		"modules are compressed in a way that the kernel cannot read itself",
		"A kernel with CONFIG_MODULE_DECOMPRESS reads one kind of compressed files, that of "
		"CONFIG_MODULE_COMPRESS_*; then a loader passes the file as it is, and several loaders of one file are "
		"seen to want the same. Any other kind is decompressed by modprobe and passed from memory. That works, "
		"but where files are measured or pinned (IMA, LoadPin) memory may be refused; with "
		"CONFIG_SECURITY_LOADPIN_ENFORCE it is: a warning.\n\nCompress the modules as the kernel's "
		"configuration says, or build the kernel for what they have.",
		check_kernel_cannot_decompress,
	},
	{
		"MS413", "kernel-decoder-lacks", CHECK_WARNING, CHECK_NEEDS_CONFIG,
		"a module is compressed with options that the kernel's decoder may not know",
		"The kernel's decoders are small: xz with a CRC32 or no check and without filters, windows up to some "
		"limit, no dictionary. Handed another file they answer EINVAL (\"Invalid argument\") and nothing else. "
		"modsure's modprobe looks first and decompresses such a file itself; kmod's (31 and later) passes it "
		"on and fails.\n\nCompress as the kernel's own build does: xz --check=crc32 --lzma2=dict=2MiB, zstd "
		"-T0, gzip -n.",
		check_kernel_decoder_lacks,
	},
	{
		"MS414", "signature-missing", CHECK_ERROR, CHECK_NEEDS_CONFIG,
		"a module is not signed, and this kernel takes no other",
		"With CONFIG_MODULE_SIG_FORCE the kernel refuses modules without a signature (EKEYREJECTED, \"Key was "
		"rejected by service\"). strip(1) and unsigned builds from DKMS are the usual reasons.\n\nSign the "
		"module with a key that the kernel knows (scripts/sign-file), as the last step before compression.",
		check_signature_missing,
	},
	{
		"MS415", "unsigned-among-signed", CHECK_NOTE, CHECK_NEEDS_TREE,
		"a module is not signed, as the others are",
		"Loading it taints the kernel (E, \"module verification failed\"). A kernel that is locked down, as it "
		"is under Secure Boot on most distributions, or that is started with module.sig_enforce, refuses "
		"it.\n\nSign it if it is to be loaded there; with DKMS, set up a machine owner key.",
		check_unsigned_among_signed,
	},
	{
		"MS416", "bad-signature", CHECK_ERROR, CHECK_NEEDS_KEYS, "a module's signature does not hold",
		"The key that the signature names is among those given, and the content is not what it signed, or the "
		"signature is of a form that no kernel takes. A kernel with CONFIG_MODULE_SIG refuses the module "
		"whether signatures are forced or not. The file was changed after it was signed (strip(1), a patched "
		"byte), or it was damaged. Under a kernel without CONFIG_MODULE_SIG, which never looks, this is a "
		"warning.\n\nInstall the file again, or sign it again.",
		check_bad_signature,
	},
	{
		"MS417", "unknown-signing-key", CHECK_WARNING, CHECK_NEEDS_KEYS,
		"a module is signed by a key that was not given",
		"None of the given keys is the one that the signature names: by issuer and serial number, or by key "
		"identifier. To a kernel that knows no other keys the module counts as unsigned: it taints the kernel "
		"(E), is refused under lockdown (ENOKEY), and with CONFIG_MODULE_SIG_FORCE everywhere: an error "
		"then.\n\nEnrol the key (for a machine owner key: mokutil --import), or sign with one that the kernel "
		"knows.",
		check_unknown_signing_key,
	},
	{
		"MS418", "impossible-alias", CHECK_WARNING, 0, "no request can ever match an alias",
		"Requests for pci, usb, hid and virtio devices have all their fields, in one order, with capital hex "
		"digits; an alias that leaves a field out without a star, or has small digits, is never met, so the "
		"module is not loaded for its device. A usb alias from before \"in\" was added, an acpi one without "
		"the ':' at its end, and a set [-], for which requests have '_', are others.\n\nLet "
		"MODULE_DEVICE_TABLE() make the alias, or mend it by the form that the message shows.",
		check_impossible_alias,
	},
	{
		"MS419", "unfit-alias", CHECK_WARNING, 0, "no index can hold an alias",
		"An alias that is empty, longer than any request, not plain ASCII, or has a bracket without its "
		"partner is left out of the indexes, so the module does not answer to it. kmod's depmod stops in the "
		"middle of its work when it meets some of these.\n\nMend the alias in the source of the module.",
		check_unfit_alias,
	},
	{
		"MS420", "devname-without-numbers", CHECK_WARNING, 0, "a module names a device node, but not its numbers",
		"modules.devname is what nodes in /dev are made from before the module is loaded, so that opening one "
		"loads it. That takes the device's numbers: an alias char-major-A-B or block-major-A-B without "
		"patterns.\n\nAdd MODULE_ALIAS_MISCDEV() or MODULE_ALIAS_CHARDEV() with the minor number, or drop the "
		"devname alias.",
		check_devname_without_numbers,
	},
	{
		"MS601", "no-indexes", CHECK_WARNING, 0, "there are no indexes",
		"A tree as it comes out of a package has none: depmod makes them when the package is configured. Until "
		"then modprobe finds no module of this kernel.\n\nRun depmod for this version.",
		check_no_indexes,
	},
	{
		"MS602", "index-missing", CHECK_ERROR, CHECK_NEEDS_INDEXES, "a file of the indexes is missing",
		"Without modules.dep.bin modprobe finds no module at all: an error. Without another one, lookups by "
		"alias, symbol or of what is built in find nothing, or programs that read the text files (image "
		"builders) fail: a warning.\n\nRun depmod for this version.",
		check_index_missing,
	},
	{
		"MS603", "index-corrupt", CHECK_ERROR, CHECK_NEEDS_INDEXES, "an index is damaged",
		"What is looked up there is not found, and kmod's tools crash on some of these files. A disk that was "
		"full while kmod's depmod ran leaves such a file.\n\nRun depmod for this version.",
		check_index_corrupt,
	},
	{
		"MS604", "indexes-older", CHECK_WARNING, CHECK_NEEDS_INDEXES, "the indexes are older than a module",
		"A module was installed after depmod ran last, and depmod would write other indexes now: dependencies, "
		"aliases or symbols of the new file are not known to modprobe. Where they would be the same this is a "
		"note.\n\nRun depmod for this version; packages of modules have to do that when they are installed.",
		check_indexes_older,
	},
	{
		"MS605", "indexes-mixed", CHECK_WARNING, CHECK_NEEDS_INDEXES, "the indexes are not of one run of depmod",
		"modules.modsure.bin keeps size and hash of each file that was written with it, and they do not fit. "
		"Another depmod wrote since, a run was killed between two files, or files were copied from elsewhere. "
		"modprobe does not trust what modules.modsure.bin says then. Where all files say what they should, "
		"this is a note.\n\nRun depmod for this version.",
		check_indexes_mixed,
	},
	{
		"MS606", "indexes-outdated", CHECK_WARNING, CHECK_NEEDS_INDEXES, "the indexes are not what depmod would write",
		"A module was removed, replaced under its old time, or depmod.d was changed since depmod ran; or "
		"something else than depmod wrote to the files. modprobe goes by the indexes, not by the "
		"modules.\n\nRun depmod for this version.",
		check_indexes_outdated,
	},
	{
		"MS607", "foreign-indexes", CHECK_NOTE, CHECK_NEEDS_INDEXES, "the indexes were written by another depmod",
		"They work. What only modules.modsure.bin holds is missing: hard dependencies, conflicts, namespaces, "
		"and the record by which a mixed set is noticed.\n\nRun modsure's depmod, if these are wanted.",
		check_foreign_indexes,
	},
	{
		"MS608", "kernel-list-missing", CHECK_WARNING, 0, "a list that comes with the kernel is missing",
		"modules.order decides which of several modules for one alias comes first; modules.builtin and "
		"modules.builtin.modinfo tell what needs no loading. Without them modprobe reports built-in drivers as "
		"not found, and the order of modules is another one than the kernel's makers meant.\n\nInstall the "
		"list from the kernel's package or build; make modules_install copies it.",
		check_kernel_list_missing,
	},
	{
		"MS609", "kernel-list-damaged", CHECK_WARNING, 0, "a list that comes with the kernel is damaged",
		"Lines that are no paths of modules, or entries that are no tags, are passed over; so is a last line "
		"without its end, after which kmod's depmod ignores all of modules.order.\n\nInstall the list from the "
		"kernel's package again.",
		check_kernel_list_damaged,
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
