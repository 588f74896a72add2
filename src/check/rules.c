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
		"What answers to the hard dependency, or what exports symbols that the module uses, is masked, kept out by "
		"an install command that fails, refused by module_blacklist= on the kernel's command line, or, where it is "
		"asked for by an alias, blacklisted. modprobe refuses to load the module, as there is no other answer. "
		"Where there is one, this is a note. Modules that are masked themselves are not looked at.\n\n"
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
		"The kernel's decoders are small: one stream, xz with a CRC32 or no check and no filters, windows up to some "
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
		"MS421", "unknown-export-table", CHECK_WARNING, 0, "a module has an export table of a kind that is not known",
		"The entries of the table have a size that nothing in the file proves, or the flags beside it do not fit: it is "
		"of a kernel later than this program knows, or damaged. Rather than being guessed, its symbols are not told: "
		"modules that use them seem to use symbols that nobody exports. Where the names are known and the flags are "
		"not, which symbols are for GPL-compatible modules only is not told.\n\n"
		"Use a later modsure, or install the module again if it is of this kernel.",
		check_unknown_export_table,
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
		"\"unknown parameter ... ignored\". A parameter without any tag is possible, but rare. Of what is built in, "
		"the kernel's command line is looked at, and modules with some tag in modules.builtin.modinfo: no file "
		"tells whether another word before a dot is one.\n\n"
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
