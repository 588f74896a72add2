#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What does a person read when the kernel refuses a module?

Each test makes a tree of a running system (/proc, /sys, /lib/modules), a module that this system
would refuse, and the errno that its kernel would give; explain-dump prints the reasons. Where the
file and the system give no reason, the module's own init refused, and nothing may be said.
"""

import errno
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib')]

import mkimage  # noqa: E402
import mkmod  # noqa: E402
import tap  # noqa: E402
from mkmod import Module, signed  # noqa: E402
from mkvmlinux import Vmlinux  # noqa: E402

VERSION = '6.1.0-9-test'
VERMAGIC = VERSION + ' SMP mod_unload modversions '
LAYOUT = 0x1a2b3c4d
COMING, NO_STATE = 1, 4


def module(name='m', vermagic=VERMAGIC, layout=LAYOUT, licence='GPL', **more):
    """a module that the kernel of these tests takes"""
    made = Module(name, **more).modinfo('license', licence)
    if vermagic:
        made.modinfo('vermagic', vermagic)
    if layout is not None:
        made.version('module_layout', layout)
    return made.section('.gnu.linkonce.this_module', bytes(64))


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='modsure-explain.')
        self.addCleanup(scratch.cleanup)
        self.root = scratch.name
        self.kernel(b'')
        self.write('proc/modules', '')
        self.write('proc/cmdline', 'BOOT_IMAGE=/vmlinuz quiet\n')
        self.write('proc/self/status', 'Name:\tm\nCapPrm:\t000001ffffffffff\nCapEff:\t000001ffffffffff\n')
        self.write('proc/self/uid_map', '         0          0 4294967295\n')
        self.write('proc/sys/kernel/osrelease', VERSION + '\n')
        self.write('proc/sys/kernel/arch', 'x86_64\n')
        self.write('proc/sys/kernel/modules_disabled', '0\n')
        self.write('sys/module/module/parameters/sig_enforce', 'N\n')
        self.write('sys/kernel/security/lockdown', '[none] integrity confidentiality\n')

    def write(self, path, content):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def kernel(self, *exports, private=(), loaded=()):
        """/proc/kallsyms: @loaded are (module, symbol) pairs of exports"""
        lines = [b'0000000000000000 T _text', b'0000000000000000 r __ksymtab_printk']
        lines += [b'0000000000000000 T ' + name for name in private]
        for name in exports:
            lines += [b'0000000000000000 T ' + name, b'0000000000000000 r __ksymtab_' + name]
        for owner, name in loaded:
            lines += [b'0000000000000000 t ' + name + b'\t[' + owner + b']',
                      b'0000000000000000 r __ksymtab_' + name + b'\t[' + owner + b']']
        self.write('proc/kallsyms', b'\n'.join(lines) + b'\n')

    def tree(self, state='Live', loaded=(), taints='', **files):
        """modules of the running kernel, in its indexes; those of @loaded also in /proc/modules"""
        mkmod.write_tree(self.root, VERSION, {'kernel/%s.ko' % name: made for name, made in files.items()}, order=True)
        subprocess.run([tap.command('depmod'), '-b', self.root, VERSION], check=True, stderr=subprocess.DEVNULL)
        self.write('proc/modules', ''.join('%s 16384 0 - %s 0x0000000000000000%s\n' % (
            name, state, ' (%s)' % taints if taints else '') for name in loaded))

    def path(self, name):
        return os.path.join(self.root, 'lib/modules', VERSION, 'kernel/%s.ko' % name)

    def explain(self, made, error, indexes=True, suffix='.ko', **options):
        data = made if isinstance(made, bytes) else made.bytes()
        self.file = self.write('m' + suffix, data)
        args = [self.root, VERSION if indexes else '-', 'm', self.file, 'error=%d' % error]
        args += ['%s=%s' % option for option in options.items()]
        done = subprocess.run([os.environ['MODSURE_EXPLAIN_DUMP'], *args], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=300)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        return done.stdout.decode('ascii').splitlines()


class Permission(Case):
    def test_no_capability(self):
        self.write('proc/self/status', 'CapInh:\t0\nCapEff:\t000001fffffeffff\nCapBnd:\t000001ffffffffff\n')
        self.assertEqual(self.explain(module(), errno.EPERM), [
            'm: this process may not load modules: it has no CAP_SYS_MODULE (is it run by root?)'])

    def test_user_namespace(self):
        self.write('proc/self/uid_map', '         0       1000          1\n')
        self.assertEqual(self.explain(module(), errno.EPERM), [
            'm: this process may not load modules: it runs in a user namespace'])

    def test_modules_disabled(self):
        self.write('proc/sys/kernel/modules_disabled', '1\n')
        self.assertEqual(self.explain(module(), errno.EPERM), [
            'm: the kernel takes no more modules until it is booted again: kernel.modules_disabled is 1'])

    def test_blacklisted_at_boot(self):
        self.write('proc/cmdline', 'quiet module_blacklist=x,m,y\n')
        self.assertEqual(self.explain(module(), errno.EPERM), [
            "m: the kernel's command line forbids it with module_blacklist="])

    def test_another_is_blacklisted(self):
        self.write('proc/cmdline', 'quiet module_blacklist=x,mm m.module_blacklist=m\n')
        self.assertEqual(self.explain(module(), errno.EPERM), [])

    def test_init_says_eperm(self):
        self.assertEqual(self.explain(module(), errno.EPERM), [])

    def test_other_errors_ask_nothing_of_this(self):
        self.write('proc/sys/kernel/modules_disabled', '1\n')
        self.assertEqual(self.explain(module(), errno.ENODEV), [])


class Signature(Case):
    def enforce(self):
        self.write('sys/module/module/parameters/sig_enforce', 'Y\n')

    def test_unsigned_and_enforced(self):
        self.enforce()
        self.assertEqual(self.explain(module(), errno.EKEYREJECTED), [
            'm: the kernel takes signed modules only (module.sig_enforce), and %s has no signature' % self.file])

    def test_forced_and_enforced(self):
        self.enforce()
        self.assertEqual(self.explain(signed(module().bytes(), b'S' * 9), errno.EKEYREJECTED, vermagic=1), [
            'm: the kernel takes signed modules only (module.sig_enforce), and a module that is loaded by force '
            'counts as unsigned'])

    def test_signature_does_not_fit(self):
        data = signed(module().bytes(), b'S' * 9, signer=b'Somebody')
        self.assertEqual(self.explain(data, errno.EKEYREJECTED), [
            'm: its signature by "Somebody" does not fit: the file was changed after it was signed'])

    def test_key_or_content(self):
        self.enforce()
        self.assertEqual(self.explain(signed(module().bytes(), b'S' * 9), errno.EKEYREJECTED), [
            'm: its signature is not accepted: this kernel does not know the key, or the file was changed after it '
            'was signed'])

    def test_unknown_key_and_algorithm(self):
        data = signed(module().bytes(), b'S' * 9, signer=b'Somebody')
        self.assertEqual(self.explain(data, errno.ENOKEY), [
            'm: it is signed by "Somebody" with a key that this kernel does not know'])
        self.assertEqual(self.explain(data, errno.ENOPKG), [
            'm: its signature by "Somebody" needs an algorithm that this kernel lacks'])

    def test_locked_down(self):
        self.write('sys/kernel/security/lockdown', 'none [integrity] confidentiality\n')
        self.assertEqual(self.explain(module(), errno.EPERM), [
            'm: the kernel is locked down (integrity) and takes signed modules only, and %s has no signature'
            % self.file])
        self.assertEqual(self.explain(signed(module().bytes(), b'S' * 9), errno.EPERM), [])

    def test_init_says_so(self):
        self.assertEqual(self.explain(module(), errno.EKEYREJECTED), [])
        self.assertEqual(self.explain(module(), errno.ENOKEY), [])


class Format(Case):
    def test_not_a_module(self):
        self.assertEqual(self.explain(b'#!/bin/sh\n', errno.ENOEXEC), [
            'm: %s: not an ELF file but a script' % self.file])

    def test_damaged_compressed_file(self):
        data = bytearray(mkmod.gz(module().bytes()))
        data[len(data) // 2] ^= 0xff
        lines = self.explain(bytes(data), errno.EINVAL, suffix='.ko.gz')
        self.assertEqual(len(lines), 1)
        self.assertRegex(lines[0], r'^m: \S+/m\.ko\.gz: offset \d+: gzip data is damaged')

    def test_incomplete(self):
        self.assertEqual(self.explain(Module('m').modinfo('license', 'GPL'), errno.ENOEXEC), [
            'm: %s is no complete module: it has no .gnu.linkonce.this_module' % self.file])

    def test_another_machine(self):
        self.assertEqual(self.explain(module(machine=mkmod.EM_AARCH64), errno.ENOEXEC), [
            'm: it was built for another kind of machine (ELF machine 183)'])

    def test_vermagic(self):
        self.tree(loaded=['good'], good=module('good'))
        other = VERSION + ' SMP preempt mod_unload modversions '
        self.assertEqual(self.explain(module(vermagic=other), errno.ENOEXEC), [
            'm: its vermagic is "%s SMP preempt mod_unload modversions", this kernel takes "%s" (by %s)'
            % (VERSION, VERMAGIC.strip(), self.path('good'))])

    def test_release_does_not_count_with_versions(self):
        self.tree(loaded=['good'], good=module('good'))
        other = '6.1.0-8-test SMP mod_unload modversions '
        self.assertEqual(self.explain(module(vermagic=other), errno.ENOEXEC), [])
        self.assertEqual(self.explain(module(vermagic=other, layout=None), errno.ENOEXEC), [
            'm: its vermagic is "%s", this kernel takes "%s" (by %s)'
            % (other.strip(), VERMAGIC.strip(), self.path('good'))])

    def test_another_kernel(self):
        self.tree(loaded=['good'], good=module('good'))
        self.assertEqual(self.explain(module(layout=0xdead), errno.ENOEXEC), [
            'm: it was built against another kernel: its version of module_layout is 0x0000dead, that of this kernel '
            '0x1a2b3c4d (by %s)' % self.path('good')])
        self.assertEqual(self.explain(module(), errno.ENOEXEC), [])

    def test_forced_modules_are_no_measure(self):
        self.tree(loaded=['good'], taints='OF', good=module('good', layout=1, vermagic='x'))
        self.assertEqual(self.explain(module(), errno.ENOEXEC), [])

    def test_replaced_files_are_no_measure(self):
        """the file of a loaded module is another one by now: its build id tells"""
        self.tree(loaded=['good'], good=module('good', layout=1, vermagic='x').build_id(b'B' * 20))
        note = 'sys/module/good/notes/.note.gnu.build-id'
        self.write(note, b'\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0' + b'A' * 20)
        self.assertEqual(self.explain(module(), errno.ENOEXEC), [])
        self.write(note, b'\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0' + b'B' * 20)
        self.assertEqual(len(self.explain(module(), errno.ENOEXEC)), 2)

    def test_release_alone(self):
        """nothing is loaded that could be compared with"""
        self.assertEqual(self.explain(module(vermagic='5.10.0-1-test SMP ', layout=None), errno.ENOEXEC), [
            'm: it was built for kernel 5.10.0-1-test, this is ' + VERSION])
        self.assertEqual(self.explain(module(vermagic='5.10.0-1-test SMP '), errno.ENOEXEC), [
            'm: it was built for kernel 5.10.0-1-test and this is %s, which may be the reason' % VERSION,
            '(ambiguous)'])
        self.assertEqual(self.explain(module(), errno.ENOEXEC), [])

    def test_forced(self):
        self.tree(loaded=['good'], good=module('good'))
        self.assertEqual(self.explain(module(vermagic='x', layout=1), errno.ENOEXEC, vermagic=1, modversions=1), [
            'm: not every kernel loads modules by force: it may lack CONFIG_MODULE_FORCE_LOAD', '(ambiguous)'])

    def test_exports_what_is_there(self):
        self.kernel(b'fn', loaded=[(b'other', b'shared'), (b'm', b'own')])
        made = module().export('fn').export('shared').export('new').export('own')
        self.assertEqual(self.explain(made, errno.ENOEXEC), [
            'm: it exports symbol fn, which the kernel exports already',
            'm: it exports symbol shared, which other exports already'])


class Symbols(Case):
    def test_exporter_is_not_loaded(self):
        self.tree(lib=module('lib').export('fn').export('gn').export('hn'))
        self.assertEqual(self.explain(module().use('printk').use('fn'), errno.ENOENT), [
            'm: symbol fn is exported by lib, which is not loaded'])
        self.assertEqual(self.explain(module().use('fn').use('hn').use('gn'), errno.ENOENT), [
            'm: symbols fn and 2 others are exported by lib, which is not loaded'])

    def test_nobody_exports_it(self):
        self.tree(lib=module('lib').export('fn'))
        self.assertEqual(self.explain(module().use('nn'), errno.ENOENT), [
            'm: symbol nn is exported by nobody: not by this kernel, and by no module below %s/lib/modules/%s'
            % (self.root, VERSION)])
        self.assertEqual(self.explain(module().use('nn'), errno.ENOENT, indexes=False), [
            'm: symbol nn is exported neither by this kernel nor by a module that is loaded'])

    def test_the_kernel_keeps_it(self):
        self.kernel(private=[b'secret'])
        self.assertEqual(self.explain(module().use('secret'), errno.ENOENT), [
            'm: symbol secret is in this kernel, but not exported to modules'])

    def test_weak_symbols_may_be_missing(self):
        self.assertEqual(self.explain(module().use('nn', weak=True), errno.ENOENT), [])

    def test_init_says_enoent(self):
        self.kernel(b'fn', loaded=[(b'lib', b'gn')])
        self.tree(loaded=['lib'], lib=module('lib').export('gn'))
        self.assertEqual(self.explain(module().use('fn').use('gn'), errno.ENOENT), [])
        self.assertEqual(self.explain(module().use('nn'), errno.ENODEV), [])

    def test_kallsyms_tells_nothing(self):
        """without the kernel's exports nobody knows what is missing"""
        self.write('proc/kallsyms', '0000000000000000 T _text\n')
        self.tree(lib=module('lib').export('fn'))
        self.assertEqual(self.explain(module().use('nn'), errno.ENOENT), [])
        self.assertEqual(self.explain(module().use('fn'), errno.ENOENT), [
            'm: symbol fn is exported by lib, which is not loaded'])

    def test_another_file_was_loaded(self):
        self.kernel(loaded=[(b'lib', b'old')])
        self.tree(loaded=['lib'], lib=module('lib').export('new'))
        self.assertEqual(self.explain(module().use('new'), errno.ENOENT), [
            'm: symbol new is exported by the file of lib, but not by the lib that is loaded'])

    def test_licence(self):
        self.kernel(b'fn', loaded=[(b'lib', b'gn')])
        self.tree(loaded=['lib'], lib=module('lib').export('gn', gpl=True))
        self.write('lib/modules/%s/build/Module.symvers' % VERSION,
                   '0x00000000\tfn\tvmlinux\tEXPORT_SYMBOL_GPL\t\n0x00000000\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n')
        made = dict(licence='Proprietary')
        self.assertEqual(self.explain(module(**made).use('printk').use('gn').use('fn'), errno.ENOENT), [
            'm: symbol fn of the kernel is for modules with a GPL-compatible licence only; the module\'s is '
            '"Proprietary"',
            'm: symbol gn of lib is for modules with a GPL-compatible licence only; the module\'s is "Proprietary"'])
        self.assertEqual(self.explain(module(licence='Dual MIT/GPL').use('gn').use('fn'), errno.ENOENT), [])

    def test_still_loading(self):
        self.kernel(loaded=[(b'lib', b'fn')])
        self.tree(loaded=['lib'], state='Loading', lib=module('lib').export('fn'))
        self.assertEqual(self.explain(module().use('fn').use('nn'), errno.EBUSY), [
            'm: symbol fn is exported by lib, which is still being loaded'])
        self.tree(loaded=['lib'], lib=module('lib').export('fn'))
        self.assertEqual(self.explain(module().use('fn').use('nn'), errno.EBUSY), [])

    def test_namespace_of_a_module(self):
        self.kernel(loaded=[(b'ns_exp', b'ns_exp_fn'), (b'ns_exp', b'free')])
        self.tree(loaded=['ns_exp'], ns_exp=module('ns_exp').export('ns_exp_fn', ns='VMPROTO_NS').export('free'))
        self.assertEqual(self.explain(module().use('ns_exp_fn').use('free'), errno.EINVAL), [
            'm: uses symbol ns_exp_fn of ns_exp from namespace VMPROTO_NS, which it does not import (no '
            'import_ns=VMPROTO_NS in its .modinfo)'])
        made = module().use('ns_exp_fn').modinfo('import_ns', 'OTHER').modinfo('import_ns', 'VMPROTO_NS')
        self.assertEqual(self.explain(made, errno.EINVAL), [])

    def test_namespace_of_the_kernel(self):
        self.kernel(b'fn', b'gn')
        self.write('lib/modules/%s/build/Module.symvers' % VERSION,
                   '0x00000000\tfn\tvmlinux\tEXPORT_SYMBOL\tCRYPTO_INTERNAL\n'
                   '0x00000000\tgn\tdrivers/other\tEXPORT_SYMBOL\tOTHER\n')
        self.assertEqual(self.explain(module().use('fn').use('gn'), errno.EINVAL), [
            'm: uses symbol fn of the kernel from namespace CRYPTO_INTERNAL, which it does not import (no '
            'import_ns=CRYPTO_INTERNAL in its .modinfo)'])

    def test_several_symbols_of_a_namespace(self):
        """one sentence for those of one owner and namespace"""
        self.kernel(loaded=[(b'lib', b'fn'), (b'lib', b'gn'), (b'lib', b'hn'), (b'lib', b'on')])
        made = module('lib').export('fn', ns='NS').export('gn', ns='NS').export('hn', ns='NS').export('on', ns='OTHER')
        self.tree(loaded=['lib'], lib=made)
        self.assertEqual(self.explain(module().use('hn').use('gn').use('fn').use('on'), errno.EINVAL), [
            'm: uses symbols fn and 2 others of lib from namespace NS, which it does not import (no import_ns=NS in its '
            '.modinfo)',
            'm: uses symbol on of lib from namespace OTHER, which it does not import (no import_ns=OTHER in its .modinfo)'])

    def test_for_some_modules_only(self):
        """since 6.16 the kernel reads the list; before, it is a name like others, and can be imported"""
        self.kernel(b'fn')
        for release, has_lists in (('6.16.0-1-test', True), ('6.15.9', False), (VERSION, False), ('7.0.1', True)):
            self.write('proc/sys/kernel/osrelease', release + '\n')
            for ns, is_ours in (('module:kvm,kvm-*', False), ('module:x,m', True), ('module:m*', True),
                                ('module:mm', False), ('module:*', True)):
                self.write('lib/modules/%s/build/Module.symvers' % release,
                           '0x00000000\tfn\tvmlinux\tEXPORT_SYMBOL_GPL\t%s\n' % ns)
                if not has_lists:
                    expected = ['m: uses symbol fn of the kernel from namespace %s, which it does not import (no import_ns=%s '
                                'in its .modinfo)' % (ns, ns)]
                else:
                    expected = [] if is_ours else ['m: symbol fn of the kernel may be used by modules %s only' % ns[7:]]
                self.assertEqual(self.explain(module().use('fn'), errno.EINVAL), expected, (release, ns))
                self.assertEqual(self.explain(module().use('fn').modinfo('import_ns', ns), errno.EINVAL), [], (release, ns))

    def test_import_of_a_list(self):
        """refused since 6.16, whether it is used or not"""
        made = module().modinfo('import_ns', 'GOOD').modinfo('import_ns', 'module:kvm')
        self.assertEqual(self.explain(made, errno.EPERM), [])
        self.write('proc/sys/kernel/osrelease', '6.16.3\n')
        self.assertEqual(self.explain(made, errno.EPERM), [
            'm: it imports module:kvm: a kernel since 6.16 takes no import of a list of modules'])

    def test_version_of_a_module(self):
        self.kernel(loaded=[(b'lib', b'fn')])
        self.tree(loaded=['lib'], lib=module('lib').export('fn', 0x1111))
        self.assertEqual(self.explain(module().use('fn', 0x2222), errno.EINVAL), [
            'm: symbol fn of lib has another version: it was built with 0x00002222, and 0x00001111 is there (by %s)'
            % self.path('lib')])
        self.assertEqual(self.explain(module().use('fn', 0x2222), errno.EINVAL, modversions=1), [])
        self.assertEqual(self.explain(module().use('fn', 0x1111), errno.EINVAL), [])

    def test_version_of_a_replaced_file(self):
        """what the file says now is not what was loaded: nothing is known"""
        self.kernel(loaded=[(b'lib', b'fn')])
        self.tree(loaded=['lib'], lib=module('lib').export('fn', 0x1111, ns='NS').build_id(b'B' * 20))
        self.write('sys/module/lib/notes/.note.gnu.build-id', b'\4\0\0\0\x14\0\0\0\3\0\0\0GNU\0' + b'A' * 20)
        self.assertEqual(self.explain(module().use('fn', 0x2222), errno.EINVAL), [])

    def test_version_of_the_kernel(self):
        self.kernel(b'fn', b'gn')
        self.write('lib/modules/%s/build/Module.symvers' % VERSION,
                   '0x00001111\tfn\tvmlinux\tEXPORT_SYMBOL\t\n0x00003333\tgn\tvmlinux\tEXPORT_SYMBOL\t\n')
        self.assertEqual(self.explain(module().use('fn', 0x2222).use('gn', 0x4444), errno.EINVAL), [
            'm: symbol fn of the kernel has another version: it was built with 0x00002222, and 0x00001111 is there '
            '(by %s/lib/modules/%s/build/Module.symvers); so have 1 other' % (self.root, VERSION)])

    def test_version_by_a_loaded_module(self):
        """without the kernel's headers, a module that it accepted knows"""
        self.kernel(b'fn')
        self.tree(loaded=['good'], good=module('good').use('fn', 0x1111))
        self.assertEqual(self.explain(module().use('fn', 0x2222), errno.EINVAL), [
            'm: symbol fn of the kernel has another version: it was built with 0x00002222, and 0x00001111 is there '
            '(by %s)' % self.path('good')])

    def test_many_symbols(self):
        made = module()
        for i in range(300):
            made.use('nobody_%03d' % i)
        for i in range(20):
            made.use('lib_%02d' % i)
        self.tree(**{'l%02d' % i: module('l%02d' % i).export('lib_%02d' % i) for i in range(20)})
        lines = self.explain(made, errno.ENOENT)
        self.assertLessEqual(len(lines), 16)
        self.assertIn('m: symbols nobody_000 and 299 others are exported by nobody: not by this kernel, and by no '
                      'module below %s/lib/modules/%s' % (self.root, VERSION), lines)
        self.assertIn('m: symbol lib_05 is exported by l05, which is not loaded', lines)
        self.assertIn('m: and 14 more symbols like these', lines)

    def test_names_do_not_reach_the_terminal(self):
        self.assertEqual(self.explain(module().use(b'a\x1b[31m\xff\n'), errno.ENOENT, indexes=False), [
            'm: symbol a?[31m?? is exported neither by this kernel nor by a module that is loaded'])


class Image(Case):
    """no headers are installed: the kernel's image in /boot tells what it exports"""

    LOG = {'started': 100000000, 'now': 100001000}

    def setUp(self):
        super().setUp()
        self.kernel(b'plain', b'in_ns', b'gpl_fn', b'listed')
        self.write('proc/sys/kernel/version', '#1 SMP\n')
        self.write('dev/kmsg', '4,1,100000200,-;m: Unknown symbol in_ns (err -22)\n')
        made = Vmlinux(release=VERSION).export('plain', 0x1111).export('in_ns', 0x2222, ns='KERNEL_NS')
        made = made.export('gpl_fn', 0x3333, gpl=True).export('listed', 0x4444, ns='module:other,o-*')
        self.image = mkimage.bzimage(mkimage.payload('gzip', made.bytes()), release=VERSION)
        self.path = self.write('boot/vmlinuz-' + VERSION, self.image)

    def fails(self, made, error=errno.EINVAL):
        return self.explain(made, error, **self.LOG)

    def test_namespace(self):
        """told, and so the log needs not be quoted"""
        self.assertEqual(self.fails(module().use('in_ns').use('plain')), [
            'm: uses symbol in_ns of the kernel from namespace KERNEL_NS, which it does not import (no import_ns=KERNEL_NS '
            'in its .modinfo)'])
        self.assertEqual(self.fails(module().use('in_ns').modinfo('import_ns', 'KERNEL_NS')), [
            "m: the kernel's log says: Unknown symbol in_ns (err -22)"])
        self.assertEqual(self.fails(module().use('listed')), [
            'm: uses symbol listed of the kernel from namespace module:other,o-*, which it does not import (no '
            'import_ns=module:other,o-* in its .modinfo)'])

    def test_version(self):
        self.assertEqual(self.fails(module().use('plain', 0x1112)), [
            'm: symbol plain of the kernel has another version: it was built with 0x00001112, and 0x00001111 is there (by '
            '%s)' % self.path])

    def test_licence(self):
        self.assertEqual(self.fails(module(licence='Proprietary').use('gpl_fn').use('plain'), errno.ENOENT), [
            'm: symbol gpl_fn of the kernel is for modules with a GPL-compatible licence only; the module\'s is '
            '"Proprietary"'])

    def test_image_of_debian(self):
        """as it is installed, with what a module of its own says of the versions"""
        version, folder = tap.kernels()[-1]
        image = os.path.join(folder, '../../../boot/vmlinuz-' + version)
        with open(image, 'rb') as file:
            start = file.read(65536)
        text = start[start.index(version.encode() + b' ('):]
        self.write('proc/sys/kernel/version', text[text.index(b'#'):text.index(b'\0')] + b'\n')
        self.write('proc/sys/kernel/osrelease', version + '\n')
        self.kernel(b'crypto_cipher_setkey')
        os.symlink(os.path.abspath(image), os.path.join(self.root, 'boot/vmlinuz-' + version))
        self.assertEqual(self.fails(module().use('crypto_cipher_setkey')), [
            'm: uses symbol crypto_cipher_setkey of the kernel from namespace CRYPTO_INTERNAL, which it does not import (no '
            'import_ns=CRYPTO_INTERNAL in its .modinfo)'])

    def test_another_build_of_this_release(self):
        """the kernel was updated and not yet booted: what the image says may not hold"""
        self.write('proc/sys/kernel/version', '#2 SMP\n')
        self.assertEqual(self.fails(module().use('in_ns')), ["m: the kernel's log says: Unknown symbol in_ns (err -22)"])

    def test_no_use(self):
        for damaged in (b'', b'no image', self.image[:-40], self.image.replace(b'HdrS', b'XXXX')):
            self.write('boot/vmlinuz-' + VERSION, damaged)
            self.assertEqual(self.fails(module().use('in_ns')), [
                "m: the kernel's log says: Unknown symbol in_ns (err -22)"])

    def test_headers_come_first(self):
        self.write('lib/modules/%s/build/Module.symvers' % VERSION, '0x00002222\tin_ns\tvmlinux\tEXPORT_SYMBOL\tOTHER\n')
        self.assertEqual(self.fails(module().use('in_ns')), [
            'm: uses symbol in_ns of the kernel from namespace OTHER, which it does not import (no import_ns=OTHER in its '
            '.modinfo)'])


class Parameters(Case):
    def made(self):
        made = module().modinfo('parm', 'count:how many').modinfo('parmtype', 'count:byte')
        made.modinfo('parmtype', 'name_of:charp').modinfo('parmtype', 'on:bool')
        return made.modinfo('parmtype', 'own:policy')

    LIST = 'm: its parameters are count (byte), name_of (charp), on (bool), own (policy)'

    def test_value(self):
        self.assertEqual(self.explain(self.made(), errno.EINVAL, params='on=1 count=abc name-of="a b"'), [
            'm: parameter count does not take "abc": it wants a number from 0 to 255', self.LIST])
        self.assertEqual(self.explain(self.made(), errno.ERANGE, params='count=256'), [
            'm: parameter count does not take "256": it wants a number from 0 to 255', self.LIST])

    def test_no_value(self):
        self.assertEqual(self.explain(self.made(), errno.EINVAL, params='on name_of'), [
            'm: parameter name_of needs a value: it wants a text of at most 1024 characters', self.LIST])

    def test_too_long(self):
        lines = self.explain(self.made(), errno.ENOSPC, params='name-of=' + 'x' * 1025)
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], r'^m: parameter name-of does not take "x{200}": it wants a text of at most 1024')

    def test_unknown_parameters_are_no_cause(self):
        self.assertEqual(self.explain(self.made(), errno.EINVAL, params='unknown=x count.x=abc m.count=x count=7'), [])

    def test_what_only_the_module_knows(self):
        self.assertEqual(self.explain(self.made(), errno.EINVAL, params='own=whatever'), [])

    def test_beside_another_cause(self):
        self.kernel(loaded=[(b'lib', b'fn')])
        self.tree(loaded=['lib'], lib=module('lib').export('fn', ns='NS'))
        self.assertEqual(self.explain(self.made().use('fn'), errno.EINVAL, params='count=-1'), [
            'm: uses symbol fn of lib from namespace NS, which it does not import (no import_ns=NS in its .modinfo)',
            'm: parameter count does not take "-1": it wants a number from 0 to 255', self.LIST, '(ambiguous)'])


class State(Case):
    def test_built_in(self):
        self.assertEqual(self.explain(module(), errno.EINVAL, state=NO_STATE), [
            'm: a module of this name is built into the kernel'])

    def test_not_done(self):
        self.assertEqual(self.explain(module(), errno.EBUSY, state=COMING), [
            'm: another process is loading it, and is not done yet'])

    def test_init_says_so(self):
        for error in (errno.EEXIST, errno.EBUSY, errno.EINVAL, errno.ENODEV, errno.ENOMEM, errno.EIO):
            self.assertEqual(self.explain(module(), error), [], error)


class Log(Case):
    DURING = {'started': 100000000, 'now': 100001000}

    def log(self, *records):
        self.write('dev/kmsg', ''.join('4,%d,%d,-;%s\n' % (i, usec, text) for i, (usec, text) in enumerate(records)))

    def test_quotes(self):
        self.log((5000000, 'm: an earlier attempt'), (99900000, 'm: the last attempt'), (100000100, 'mm: another'),
                 (100000200, 'm: no such device'), (100000300, 'm:nothing'), (100000400, 'm: giving up'), (100000500, 'usb: m: hello'))
        self.assertEqual(self.explain(module(), errno.ENODEV, **self.DURING), [
            "m: the kernel's log says: no such device", "m: the kernel's log says: giving up"])

    def test_file_of_another_name(self):
        """the kernel calls a module by its tag"""
        self.log((100000100, 'm: of another one'), (100000200, 'inside: no such device'))
        self.assertEqual(self.explain(module().modinfo('name', 'inside'), errno.ENODEV, **self.DURING), [
            "m: the kernel's log says: no such device"])

    def test_nothing_of_this_attempt(self):
        self.log((5000000, 'm: an earlier attempt'), (6000000, 'other: x'))
        self.assertEqual(self.explain(module(), errno.ENODEV, **self.DURING), [])

    def test_last_ones_of_many(self):
        self.log(*((100000000 + i, 'm: line %d' % i) for i in range(100)))
        self.assertEqual(self.explain(module(), errno.ENODEV, **self.DURING), [
            "m: the kernel's log says: line %d" % i for i in range(94, 100)])

    def test_known_reasons_need_no_quotes(self):
        self.log((100000200, 'm: Unknown symbol nn (err -2)'))
        self.assertEqual(self.explain(module().use('nn'), errno.ENOENT, indexes=False, **self.DURING), [
            'm: symbol nn is exported neither by this kernel nor by a module that is loaded'])

    def test_taint_is_no_reason(self):
        self.log((100000100, 'm: loading out-of-tree module taints kernel.'), (100000200, 'm: giving up'))
        self.assertEqual(self.explain(module(), errno.ENODEV, **self.DURING), ["m: the kernel's log says: giving up"])

    def test_vermagic(self):
        """no other module is needed to compare with"""
        self.log((100000100, "m: version magic '6.1 UP ' should be '6.1 SMP '"))
        self.assertEqual(self.explain(module(), errno.ENOEXEC, **self.DURING), [
            'm: its vermagic is "6.1 UP ", this kernel takes "6.1 SMP "'])

    def test_parameter(self):
        """what only the kernel or the module can tell of a value"""
        made = module().modinfo('parmtype', 'list:array of int').modinfo('parmtype', 'own:policy')
        self.log((100000100, 'list: can only take 4 arguments'), (100000200, "m: `1' invalid for parameter `list'"))
        self.assertEqual(self.explain(made, errno.EINVAL, params='own=x list=1,2,3,4,5', **self.DURING), [
            'm: parameter list does not take "1,2,3,4,5"',
            "m: the kernel's log says: list: can only take 4 arguments",
            'm: its parameters are list (array of int), own (policy)'])
        for other in 'link: can only take', 'list can only take':
            self.log((100000100, other), (100000200, "m: `1' invalid for parameter `list'"))
            self.assertEqual(self.explain(made, errno.EINVAL, params='list=1', **self.DURING), [
                'm: parameter list does not take "1"', 'm: its parameters are list (array of int), own (policy)'])
        self.log((100000100, 'other: x'), (100000200, "m: `x' too large for parameter `own'"))
        self.assertEqual(self.explain(made, errno.ENOSPC, params='own=x list=1,2,3,4,5', **self.DURING), [
            'm: parameter own does not take "x"', 'm: its parameters are list (array of int), own (policy)'])


if __name__ == '__main__':
    tap.main()
