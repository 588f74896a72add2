#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernel gives a number; which words does a person get?"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import mkimage  # noqa: E402
import tap  # noqa: E402
import testmodules  # noqa: E402
import vmcase  # noqa: E402
import vmlib  # noqa: E402
from mkvmlinux import Vmlinux  # noqa: E402
from vmcase import scenario  # noqa: E402


def small_kernel(version, module):
    """an image of the kernel as far as @module uses it: to unpack the whole one takes a guest ten seconds, each time"""
    with open(os.path.join(vmlib.kernels_dir(), 'boot/vmlinuz-' + version), 'rb') as file:
        start = file.read(65536)
    text = start[start.index(version.encode() + b' ('):]
    wanted = {name.decode() for name, section, _, _ in module.symbols() if section == depmod_reference.SHN_UNDEF}
    made = Vmlinux(release=version)
    with open(os.path.join(testmodules.headers(version), 'Module.symvers'), encoding='ascii') as file:
        for crc, name, owner, kind, namespace in (line.rstrip('\n').split('\t') for line in file):
            if owner == 'vmlinux' and name in wanted:
                made.export(name, int(crc, 16), kind.endswith('_GPL'), namespace)
    return mkimage.bzimage(mkimage.payload('gzip', made.bytes()), text[:text.index(b'\0')].decode())


class Reasons(vmcase.Guest):
    APPEND = 'module_blacklist=soft_1,hard_b'

    @classmethod
    def prepare(cls, image):
        # Of the distribution's own, with what it needs of the kernel itself: imports, licence and a version broken.
        with open(os.path.join(image.tree.folder, image.tree.paths['xcbc']), 'rb') as file:
            whole = testmodules.without_signature(depmod_reference.decompressed(file.read()))
        image.add_file('/root/whole/xcbc.ko', whole)
        image.add_file('/root/ns/xcbc.ko', testmodules.without_tag(whole, b'import_ns'))
        image.add_file('/root/licence/xcbc.ko', testmodules.with_tag(whole, b'license', b'BSD'))
        image.add_file('/root/version/xcbc.ko', testmodules.with_other_crc(whole, b'crypto_register_template'))
        image.add_file('/root/vmlinuz', small_kernel(image.version, depmod_reference.Elf(whole)))
        image.add_file('/root/text.ko', 'this is no module\n')
        image.add_file('/root/empty.ko', '')
        image.add_file('/root/cut.ko', testmodules.module(image.version, 'cut_short'))
        image.add_file('/root/bad.ko.xz', b'\xfd7zXZ\0\0\4' + bytes(200))
        # Removed from this tree: only the index of symbols of the other modules is left to say who exports.
        image.add_file('/root/dep_c.ko', testmodules.module(image.version, 'dep_c'))

    # Symbols

    @scenario('''
        run modprobe lost
        run insmod $MODULES/updates/lost.ko
    ''')
    def test_unknown_symbol(self, seen):
        """nobody exports it: the symbol is named"""
        for run in seen.runs:
            self.assertFails(run, 'Unknown symbol in module', 'exported_by_nobody')
            self.assertAbsent(run, 'lost')

    @scenario('''
        run insmod $MODULES/updates/dep_b.ko
        run insmod /root/dep_c.ko
    ''')
    def test_symbol_of_a_module_that_is_not_loaded(self, seen):
        """the symbol is named, and the module that would export it"""
        for run, symbol, owner in zip(seen.runs, ('dep_a_fn', 'dep_b_fn'), ('dep_a', 'dep_b')):
            self.assertFails(run, 'Unknown symbol in module', symbol, r'\b%s\b(?!_fn)' % owner)
            self.assertEqual(run.loaded(), [])

    @scenario('''
        run modprobe bad_crc
        run insmod $MODULES/updates/bad_crc.ko
        run modprobe --force-modversion bad_crc
    ''')
    def test_version_of_a_symbol(self, seen):
        """built against another dep_a: the symbol, and that it is about versions; it can be forced"""
        modprobe, insmod, forced = seen.runs
        for run in (modprobe, insmod):
            self.assertFails(run, 'dep_a_fn', '(?i)version')
            self.assertNotRegex(run.err, '(?i)namespace|parameter .* takes')
            self.assertAbsent(run, 'bad_crc')
        self.assertEqual(forced.status, 0)
        self.assertLoaded(forced, 'bad_crc')

    @scenario('''
        run modprobe ns_bad
        run insmod $MODULES/updates/ns_bad.ko
    ''')
    def test_namespace(self, seen):
        """used without import: the symbol and the namespace"""
        for run in seen.runs:
            self.assertFails(run, r': ns_bad: uses symbol ns_exp_fn of ns_exp from namespace MODSURE_TEST, which it does not '
                                  r'import \(no import_ns=MODSURE_TEST in its \.modinfo\)\n')
            self.assertNotIn("the kernel's log", run.err)
            self.assertAbsent(run, 'ns_bad')

    @scenario('''
        run insmod /root/ns/xcbc.ko
        run insmod /root/licence/xcbc.ko
        mkdir -p /boot
        mv /root/vmlinuz /boot/vmlinuz-$KVER
        run insmod /root/ns/xcbc.ko
        run insmod /root/licence/xcbc.ko
        run insmod /root/version/xcbc.ko
        cp /root/ns/xcbc.ko $MODULES/updates/ns_bad.ko
        run modprobe -q ns_bad
        mv /boot/vmlinuz-$KVER /root/vmlinuz
        run insmod /root/whole/xcbc.ko
    ''')
    def test_symbols_of_the_kernel(self, seen):
        """without its headers: the log is quoted, or its image in /boot tells for certain; quiet calls do not look"""
        log_ns, log_licence, ns, licence, version, quiet, whole = seen.runs
        self.assertFails(log_ns, "xcbc: the kernel's log says: ")
        self.assertFails(log_licence)
        self.assertFails(ns, r': xcbc: uses symbols? crypto_cipher_\w+( and \d+ others?)? of the kernel from namespace '
                             r'CRYPTO_INTERNAL, which it does not import \(no import_ns=CRYPTO_INTERNAL in its \.modinfo\)\n')
        self.assertFails(licence, r': xcbc: symbols? \w+( and \d+ others?)? of the kernel (is|are) for modules with a '
                                  r'GPL-compatible licence only; the module\'s is "BSD"\n')
        self.assertFails(version, r': xcbc: symbol crypto_register_template of the kernel has another version: it was '
                                  r'built with 0x[0-9a-f]{8}, and 0x[0-9a-f]{8} is there \(by /boot/vmlinuz-')
        for run in ns, licence, version:
            self.assertNotIn("the kernel's log", run.err)
        self.assertFails(quiet)
        self.assertEqual(quiet.err, '')
        self.assertOk(whole)

    # Parameters

    @scenario('''
        run modprobe params number=abc
        run modprobe params list=1,2,3,4,5
        run insmod $MODULES/updates/params.ko flag=maybe
        conf 'options params number=zzz'
        run modprobe params
    ''')
    def test_parameter_value(self, seen):
        """the parameter and its value, and which parameters there are"""
        number, too_many, flag, options = seen.runs
        self.assertFails(number, 'number', 'abc')
        self.assertFails(too_many, 'list')
        self.assertFails(flag, 'flag', 'maybe')
        self.assertFails(options, 'number', 'zzz')
        for run in seen.runs:
            for name in ('number', 'text', 'flag', 'list'):
                self.assertIn(name, run.err)
            self.assertNotRegex(run.err, '(?i)namespace|version of')
            self.assertAbsent(run, 'params')

    @scenario('''
        run modprobe params nonsense=1
    ''')
    def test_unknown_parameter(self, seen):
        """the kernel takes it and does nothing with it"""
        self.assertEqual(seen.runs[0].status, 0)
        self.assertLoaded(seen.runs[0], 'params')

    # The file

    @scenario('''
        run modprobe bad_magic
        run insmod $MODULES/updates/bad_magic.ko
        run modprobe --force-vermagic bad_magic
    ''')
    def test_vermagic(self, seen):
        """both are quoted; it can be forced"""
        modprobe, insmod, forced = seen.runs
        for run in (modprobe, insmod):
            self.assertFails(run, '(?i)vermagic', 'UP ', 'SMP preempt')
            self.assertAbsent(run, 'bad_magic')
        self.assertRegex(modprobe.err, "modprobe: ERROR: could not insert 'bad_magic': Exec format error")
        self.assertRegex(insmod.err, 'insmod: ERROR: could not insert module .*bad_magic.ko: Invalid module format')
        self.assertEqual(forced.status, 0)
        self.assertLoaded(forced, 'bad_magic')

    @scenario('''
        run insmod /root/text.ko
        run insmod /root/empty.ko
        run insmod /root/cut.ko
        run insmod /root/bad.ko.xz
        run insmod /root
        run modprobe cut_short
    ''')
    def test_no_module(self, seen):
        """files that are no modules are named, and the reason is that"""
        for run, name in zip(seen.runs, ('text.ko', 'empty.ko', 'cut.ko', 'bad.ko.xz', '/root')):
            self.assertFails(run, name)
            self.assertEqual(run.loaded(), [])
        self.assertFails(seen.runs[5], 'cut_short')

    # The administrator

    @scenario('''
        run modprobe hard_b
        run insmod $MODULES/updates/soft_1.ko
        run modprobe -q hard_b
    ''')
    def test_blacklisted_on_the_command_line(self, seen):
        """module_blacklist= is the kernel's own, and it is named"""
        for run, name in zip(seen.runs, ('hard_b', 'soft_1')):
            self.assertFails(run, name, '(?i)operation not permitted', 'module_blacklist')
            self.assertNotRegex(run.err, 'modules_disabled')
            self.assertAbsent(run, name)
        self.assertFails(seen.runs[2])
        self.assertEqual(seen.runs[2].err, '')

    @scenario('''
        as_user modprobe dep_a
    ''')
    def test_privilege(self, seen):
        run = seen.runs[0]
        self.assertFails(run, '(?i)operation not permitted', '(?i)privilege|CAP_SYS_MODULE|root')
        self.assertNotRegex(run.err, 'module_blacklist|modules_disabled')

    @scenario('''
        head -c 200 $MODULES/modules.dep.bin >/tmp/short
        cp $MODULES/modules.dep.bin /tmp/keep
        cp /tmp/short $MODULES/modules.dep.bin
        run modprobe dep_a
        run modprobe xfs-is-not-here
        : >$MODULES/modules.dep.bin
        run modprobe dep_a
        cp /tmp/keep $MODULES/modules.dep.bin
        mv $MODULES/modules.alias.bin $MODULES/gone
        run modprobe dep_a
        mv $MODULES/gone $MODULES/modules.alias.bin
    ''')
    def test_damaged_index(self, seen):
        """an error that names the file, never a crash; an index that is not needed may be missing"""
        short, other, empty, unneeded = seen.runs
        for run in (short, empty):
            self.assertFails(run, r'modules\.dep\.bin')
        self.assertFails(other)
        self.assertEqual(unneeded.status, 0)
        self.assertLoaded(unneeded, 'dep_a')

    @scenario('''
        run modprobe dep_a
        sysctl -q -w kernel.modules_disabled=1
        run modprobe dep_c
        run insmod $MODULES/updates/dep_b.ko
        run modprobe -r dep_a
        run rmmod dep_a
        run lsmod
    ''', leaves=['dep_a'])
    def test_modules_disabled(self, seen):
        """last, for it can't be taken back: the switch is named"""
        _, modprobe, insmod, remove, rmmod, lsmod = seen.runs
        for run in (modprobe, insmod, remove, rmmod):
            self.assertFails(run, '(?i)operation not permitted', 'modules_disabled')
            self.assertNotIn('module_blacklist', run.err)
            self.assertEqual(run.loaded(), ['dep_a'])
        self.assertIn('dep_a', lsmod.out)


class Signatures(vmcase.Guest):
    MODULES = ['minix']
    APPEND = 'module.sig_enforce=1'

    @scenario('''
        run modprobe minix
        run modprobe dep_a
        run insmod $MODULES/updates/dep_a.ko
    ''')
    def test_enforced(self, seen):
        """the distribution's own are signed; ours are not, and that is the reason that is given"""
        good, modprobe, insmod = seen.runs
        self.assertOk(good)
        for run in (modprobe, insmod):
            self.assertFails(run, 'dep_a', '(?i)sign')
            self.assertEqual(run.loaded(), ['minix'])


class Lockdown(vmcase.Guest):
    @scenario('''
        mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
        echo integrity >/sys/kernel/security/lockdown
        run modprobe dep_a
        run insmod $MODULES/updates/dep_a.ko
    ''')
    def test_lockdown(self, seen):
        """a locked kernel wants signatures, and that is neither about privilege nor about a blacklist"""
        for run in seen.runs:
            self.assertFails(run, '(?i)operation not permitted', '(?i)lockdown|locked down')
            self.assertNotRegex(run.err, 'module_blacklist|modules_disabled|CAP_SYS_MODULE')
            self.assertEqual(run.loaded(), [])


if __name__ == '__main__':
    tap.main()
