#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modinfo --exports of kernels: Debian's against their Module.symvers, made ones in every encoding.

See tests/lib/tap.py for the environment; Module.symvers of Debian's kernels lies in ../headers beside MODSURE_KERNELS.
"""

import itertools
import json
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lib'))

import tap  # noqa: E402
from mkmod import (EM_386, EM_AARCH64, EM_PPC, EM_PPC64, EM_S390, EM_X86_64, Module, compressed,  # noqa: E402
                   write_tree)
from mkvmlinux import Vmlinux  # noqa: E402
from modinfocase import Case, run  # noqa: E402

KINDS = (dict(cls=64, endian='little', machine=EM_X86_64), dict(cls=32, endian='little', machine=EM_386),
         dict(cls=64, endian='big', machine=EM_S390), dict(cls=32, endian='big', machine=EM_PPC))

# Names that share their ends, as linkers store them; a namespace that is the end of a name.
EXPORTS = [('put_page', 0x11111111, False, None), ('__put_page', 0x22222222, False, 'page'),
           ('printk', 0x00000003, False, None), ('gpl_one', 0xfedcba98, True, None),
           ('a_gpl_one', 0x44444444, True, 'NS_ONE'), ('zz', 0x55555555, True, 'module:kvm,kvm-*')]
EXPORTS += [('filler_%02d' % i, 0x01000000 + i, i % 3 == 0, 'FILL' if i % 2 else None) for i in range(20)]


def filled(**kind):
    made = Vmlinux(**kind)
    for export in EXPORTS:
        made.export(*export)
    return made


def expected(with_crc=True, with_ns=True):
    return sorted((name, '0x%08x' % crc if with_crc else None, ns if with_ns else None, gpl)
                  for name, crc, gpl, ns in EXPORTS)


def read_symvers(version):
    path = os.path.join(os.environ['MODSURE_KERNELS'], '../headers/usr/src/linux-headers-' + version, 'Module.symvers')
    with open(path, encoding='ascii') as file:
        for line in file:
            yield line.rstrip('\n').split('\t')


class KernelCase(Case):
    def show(self, *args, status=0):
        ours = self.modinfo('--exports', *args, status=status)
        return ours

    def exports(self, *paths):
        """one list a path of (symbol, CRC, namespace, is GPL only), as --json has it"""
        objects = json.loads(self.show('--json', *paths).out)
        self.assertEqual([made['argument'] for made in objects], list(paths))
        return [[(e['symbol'], e['crc'], e['namespace'], e['gpl']) for e in made['exports']] for made in objects]

    def check(self, files, want):
        """@files: [(description, Vmlinux)]"""
        paths = [self.write('vmlinux-%d' % i, made) for i, (_, made) in enumerate(files)]
        for (kind, _), found in zip(files, self.exports(*paths)):
            with self.subTest(kind):
                self.assertEqual(found, want)


class Debian(KernelCase):
    def test_image_equals_symvers(self):
        for version, folder in tap.kernels():
            want = sorted((symbol, crc, ns or None, kind == 'EXPORT_SYMBOL_GPL')
                          for crc, symbol, owner, kind, ns in read_symvers(version) if owner == 'vmlinux')
            self.assertGreater(len(want), 10000)
            self.assertGreater(sum(ns is not None for _, _, ns, _ in want), 100)
            boot = os.path.join(folder, '../../../boot')
            found, = self.exports(os.path.join(boot, 'vmlinuz-' + version))
            self.assertEqual(len(found), len(want))
            self.assertEqual([pair for pair in zip(found, want) if pair[0] != pair[1]], [])

    def test_text_is_a_symvers(self):
        """byte for byte, but for the order of lines"""
        version, folder = tap.kernels()[-1]
        boot = os.path.join(folder, '../../../boot')
        ours = self.show(os.path.join(boot, 'vmlinuz-' + version))
        lines = ['\t'.join(row) for row in read_symvers(version) if row[2] == 'vmlinux']
        self.assertEqual(sorted(ours.out.decode().splitlines()), sorted(lines))

    def test_what_the_image_says_of_itself(self):
        version, folder = tap.kernels()[-1]
        made, = json.loads(self.show('--json', os.path.join(folder, '../../../boot/vmlinuz-' + version)).out)
        self.assertEqual((made['name'], made['kernel']['format'], made['kernel']['release']),
                         ('vmlinux', 'bzImage', version))
        self.assertTrue(made['kernel']['vermagic'].startswith(version + ' SMP '))


class Encodings(KernelCase):
    def kinds(self, **fixed):
        for kind, prel32, symbols in itertools.product(KINDS, (True, False), (None, True)):
            yield dict(kind, prel32=prel32, symbols=symbols, **fixed)

    def check_all(self, want, **fixed):
        self.check([(kind, filled(**kind)) for kind in self.kinds(**fixed)], want)

    def test_since_5_4(self):
        self.check_all(expected())

    def test_before_5_4(self):
        self.check_all(expected(with_ns=False), fields='vn')

    def test_since_7_1(self):
        """one table, and a flag a symbol"""
        self.check_all(expected(), kflagstab=True)

    def test_without_crcs(self):
        """CONFIG_MODVERSIONS=n: nothing but the strings tells where an entry ends"""
        self.check_all(expected(with_crc=False), crcs=None)
        self.check_all(expected(with_crc=False, with_ns=False), crcs=None, fields='vn')
        self.check_all(expected(with_crc=False), crcs=None, kflagstab=True)

    def test_5_4_rc_names(self):
        self.check([(kind, filled(**dict(kind, symbols='ns'))) for kind in self.kinds()], expected())

    def test_crcs_of_words(self):
        """as up to 4.10"""
        self.check([(kind, filled(**kind, fields='vn', crcs=8, prel32=False)) for kind in KINDS], expected(with_ns=False))

    def test_crcs_elsewhere(self):
        """as 4.11 to 5.18 may have them: entries tell the way to the CRC"""
        self.check_all(expected(), crcs='way')

    def test_position_independent(self):
        """values stand in relocations only"""
        for machine, endian in ((EM_PPC64, 'big'), (EM_PPC64, 'little'), (EM_AARCH64, 'little'), (EM_X86_64, 'little')):
            for fields, want in (('vns', expected()), ('vn', expected(with_ns=False))):
                kind = dict(machine=machine, endian=endian, prel32=False, dyn=True, fields=fields)
                self.check([(kind, filled(**kind))], want)
        self.check([('ppc', filled(cls=32, endian='big', machine=EM_PPC, prel32=False, dyn=True))], expected())

    def test_one_entry(self):
        for kind in self.kinds():
            path = self.write('vmlinux', Vmlinux(**kind).export('alone', 0x89abcdef, ns='NS'))
            self.assertEqual(self.exports(path), [[('alone', '0x89abcdef', 'NS', False)]])

    def test_grown_entries(self):
        """a count tells the size, and the first three fields hold"""
        for fields in ('vnsx', 'vnsp', 'vnst', 'vnsxx', 'vnspt', 'vnsxxx'):
            for more in (dict(), dict(crcs=None, kflagstab=True), dict(crcs=None, symbols=True), dict(kflagstab=True)):
                files = [(kind, filled(**dict(kind, fields=fields, **more)))
                         for kind in (dict(kind, prel32=prel32) for kind in KINDS for prel32 in (True, False))]
                self.check(files, expected(more.get('crcs', 4) is not None))

    def check_unknown(self, **kind):
        for base in KINDS:
            for prel32 in (True, False):
                path = self.write('vmlinux', filled(**dict(base, prel32=prel32, **kind)))
                ours = self.show(path, status=1)
                self.assertEqual(ours.out, b'')
                self.assertRegex(ours.err, rb'vmlinux: offset \d+: __ksymtab.*known')

    def test_grown_entries_of_unknown_size(self):
        """without CRCs, flags or symbols: said, and never misread"""
        for fields in ('vnsx', 'vnsp', 'vnst', 'vnsxx', 'vnstt'):
            self.check_unknown(fields=fields, crcs=None)

    def test_fields_in_another_order(self):
        for fields in ('nvs', 'xvns', 'vxns', 'nv', 'pvn', 'v', 'vx'):
            self.check_unknown(fields=fields)
            self.check_unknown(fields=fields, crcs=None)

    def test_grown_and_few(self):
        """one to four entries of a grown kind, with nothing that tells their size"""
        for n, fields, prel32 in itertools.product(range(1, 5), ('vnsx', 'vnsp', 'vnst', 'vnsxx'), (True, False)):
            for base in KINDS:
                made = Vmlinux(**dict(base, prel32=prel32), fields=fields, crcs=None)
                for i in range(n):
                    made.export('symbol_%d' % i, ns='NS' if i % 2 else None)
                ours = self.show(self.write('vmlinux', made), status=1)
                self.assertEqual(ours.out, b'', (n, fields, prel32, base))

    def test_names_out_of_order(self):
        """the kernel would not find them either"""
        made = Vmlinux(sort=False).export('b', 1).export('a', 2).export('c', 3)
        ours = self.show(self.write('vmlinux', made), status=1)
        self.assertIn(b'order of names', ours.err)


class Hostile(KernelCase):
    """what is not what it says: refused with file and offset"""

    def check_refused(self, variants, pattern=rb'ERROR'):
        """each is refused with its name and a reason; what stands behind them is shown"""
        paths = [self.write('vmlinux-%05d' % i, bytes(data)) for i, data in enumerate(variants)]
        good = self.write('vmlinux-good', Vmlinux().export('good', 1))
        ours = self.show(*paths, good, status=1)
        self.assertEqual(ours.out, b'0x00000001\tgood\tvmlinux\tEXPORT_SYMBOL\t\n')
        lines = [line for line in ours.err.splitlines() if b'ERROR' in line]
        self.assertEqual(len(lines), len(paths))
        for path, line in zip(paths, lines):
            self.assertIn(b'ERROR: %s: ' % path.encode(), line)
            self.assertRegex(line, pattern)

    def test_cut_off(self):
        """after every 16 bytes"""
        for kind in KINDS:
            data = filled(**kind, symbols=True).bytes()
            self.check_refused(data[:n] for n in range(0, len(data), 16))

    def test_every_field_leads_outside(self):
        """of every entry: just before the strings, at their end, far away"""
        for kind, prel32 in itertools.product(KINDS, (True, False)):
            made = filled(**dict(kind, prel32=prel32))
            data = made.bytes()
            strings_header, strings, strings_size = made.where('__ksymtab_strings')
            width = 4 if prel32 or made.cls == 32 else 8
            layout = made.order + ('I' if width == 4 else 'Q')
            mask = (1 << 8 * width) - 1
            variants = []
            for section in ('__ksymtab', '__ksymtab_gpl'):
                _, start, size = made.where(section)
                for field in range(start, start + size, width):
                    if (field - start) // width % 3 == 0:
                        continue
                    for target in (strings - 1, strings + strings_size, strings + (1 << 20)):
                        raw = target - field if prel32 else made.base + target
                        changed = bytearray(data)
                        struct.pack_into(layout, changed, field, raw & mask)
                        variants.append(changed)
            self.check_refused(variants, rb'offset \d+: __ksymtab(_gpl)?: ')

    def test_counts_that_disagree(self):
        """half of them, too: entries twice as long would be whole"""
        for section, kind in (('__kcrctab', dict()), ('__kflagstab', dict(kflagstab=True)),
                              ('__kcrctab', dict(kflagstab=True)), ('__kflagstab', dict(kflagstab=True, crcs=None))):
            made = filled(**kind)
            data = made.bytes()
            header, _, size = made.where(section)
            variants = []
            for less in (1, 4, size // 2 // 4 * 4):
                changed = bytearray(data)
                struct.pack_into('<Q', changed, header + 32, size - less)
                variants.append(changed)
            self.check_refused(variants, rb'offset \d+: __ksymtab.* (flags|CRCs) contradict')

    def test_symbols_that_disagree(self):
        made = filled(symbols=True)
        data = made.bytes()
        _, start, size = made.where('.symtab')
        value, = struct.unpack_from('<Q', data, start + 24 + 8)
        changed = bytearray(data)
        struct.pack_into('<Q', changed, start + 24 + 8, value + 12)
        self.check_refused([changed], rb'offset %d: .*symbol __ksymtab_' % (start + 24))

    def test_no_kernels(self):
        data = filled().bytes()
        text = b'0x00000000\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n'
        relocatable = bytearray(data)
        struct.pack_into('<H', relocatable, 16, 1)
        debug = filled()
        stripped = bytearray(debug.bytes())
        for name in ('__ksymtab', '__ksymtab_gpl'):
            struct.pack_into('<I', stripped, debug.where(name)[0] + 4, 8)
        self.check_refused([b'', text, bytes(4096), relocatable, stripped, Vmlinux().bytes()])

    def test_names_that_share_bytes(self):
        """a small file whose names would fill the memory"""
        text = b''.join(b'%c' % (97 + i % 26) * 1000 + b'\0' for i in range(26))
        made = Vmlinux(crcs=None, fields='vns')
        n = 1 << 18
        made.export('x')
        data = bytearray(made.bytes())
        # One table behind the file: entry i leads to "x", all namespaces to the same long text.
        strings = b'\0'.join(b'n%07d' % i for i in range(n)) + b'\0' + text
        start, names_at = len(data), len(data) + 12 * n
        table = b''.join(struct.pack('<iii', -8, names_at + 9 * i - (start + 12 * i + 4), names_at + 9 * n - (start + 12 * i + 8))
                         for i in range(n))
        data += table + strings
        for name, at, size in (('__ksymtab', start, len(table)), ('__ksymtab_strings', names_at, len(strings))):
            struct.pack_into('<QQQ', data, made.where(name)[0] + 16, made.base + at, at, size)
        self.check_refused([data], rb'names of its exports exceed')


class Lists(KernelCase):
    """the command line around it"""

    def test_imports_of_a_kernel(self):
        ours = self.modinfo('--imports', self.write('vmlinux', filled()), status=1)
        self.assertEqual(ours.out, b'')
        self.assertIn(b'a kernel imports nothing', ours.err)

    def test_a_name_without_a_folder(self):
        self.write('bzImage', Vmlinux().export('printk', 5))
        ours = self.modinfo('--exports', 'bzImage', cwd=self.dir, status=0)
        self.assertEqual(ours.out, b'0x00000005\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n')

    def test_null(self):
        path = self.write('vmlinux', Vmlinux().export('a', 5).export('b', 6, True, 'NS'))
        ours = self.show('-0', path)
        self.assertEqual(ours.out, b'0x00000005\ta\tvmlinux\tEXPORT_SYMBOL\t\0'
                                   b'0x00000006\tb\tvmlinux\tEXPORT_SYMBOL_GPL\tNS\0')

    def module(self):
        made = Module('some-driver', versions='both').modinfo('license', 'GPL').modinfo('name', 'some_driver')
        made.use('printk', 0x92997ed8).use('weak_one', weak=True).use('plain').version('version_only', 0x7)
        return made.export('fn', 0x12345678).export('gpl_fn', 0xfedcba98, gpl=True, ns='NS').export('bare')

    EXPORTS = b''.join((b'0x12345678\tfn\tsome_driver\tEXPORT_SYMBOL\t\n',
                        b'0xfedcba98\tgpl_fn\tsome_driver\tEXPORT_SYMBOL_GPL\tNS\n',
                        b'0x00000000\tbare\tsome_driver\tEXPORT_SYMBOL\t\n'))
    IMPORTS = b''.join((b'0x92997ed8\tprintk\tsome_driver\t-\n', b'0x00000000\tweak_one\tsome_driver\tweak\n',
                        b'0x00000000\tplain\tsome_driver\t-\n', b'0x00000007\tversion_only\tsome_driver\t-\n'))

    def test_modules(self):
        for suffix in ('.ko', '.ko.xz', '.ko.gz', '.ko.zst'):
            path = self.write('some-driver' + suffix, compressed('x' + suffix[3:], self.module().bytes()))
            self.assertEqual(self.show(path).out, self.EXPORTS)
            self.assertEqual(self.modinfo('--imports', path, status=0).out, self.IMPORTS)
        self.assertEqual(self.show(self.write('some-driver.o', self.module())).out, self.EXPORTS)

    def test_json_of_modules(self):
        path = self.write('some-driver.ko', self.module())
        head = {'argument': path, 'name': 'some_driver', 'path': path, 'kernel': None}
        self.assertEqual(json.loads(self.show('--json', path).out), [dict(head, exports=[
            {'symbol': 'fn', 'crc': '0x12345678', 'namespace': None, 'gpl': False},
            {'symbol': 'gpl_fn', 'crc': '0xfedcba98', 'namespace': 'NS', 'gpl': True},
            {'symbol': 'bare', 'crc': None, 'namespace': None, 'gpl': False}])])
        self.assertEqual(json.loads(self.modinfo('--imports', '--json', path, status=0).out), [dict(head, imports=[
            {'symbol': 'printk', 'crc': '0x92997ed8', 'weak': False}, {'symbol': 'weak_one', 'crc': None, 'weak': True},
            {'symbol': 'plain', 'crc': None, 'weak': False}, {'symbol': 'version_only', 'crc': '0x00000007', 'weak': False}])])

    def test_names_of_modules(self):
        """looked up as usual, built-in ones told from others"""
        folder = write_tree(self.dir, '1.0', {'kernel/some-driver.ko.xz': self.module()}, builtin=['kernel/inside.ko'],
                            builtin_modinfo=[('inside', 'license', 'GPL'), ('inside', 'file', 'inside')])
        self.assertEqual(run(tap.command('depmod'), '-b', self.dir, '1.0').status, 0)
        of_tree = ('-b', self.dir, '-k', '1.0')
        self.assertEqual(self.show(*of_tree, 'some-driver').out, self.EXPORTS)
        self.assertEqual(self.modinfo('--imports', *of_tree, 'symbol:fn', status=0).out, self.IMPORTS)
        ours = self.show(*of_tree, 'inside', 'some_driver', status=1)
        self.assertEqual(ours.out, self.EXPORTS)
        self.assertIn(b'inside is part of the kernel', ours.err)
        self.assertTrue(folder)

    def test_a_table_that_can_t_be_told(self):
        """is an error, and depmod warns of it"""
        stripped = Module('stripped', grown='x', strip=('ksymtab', 'kstrtab')).export('fn').export('other')
        flags = Module('flags', exports='kflagstab').export('fn2').export('other2')
        flags.get('__kflagstab').data += b'\0'
        folder = write_tree(self.dir, '1.0', {'kernel/stripped.ko': stripped, 'kernel/flags.ko': flags})
        warned = run(tap.command('depmod'), '-b', self.dir, '1.0')
        for name, why in (('stripped', b"has an export table whose names can't be told"),
                          ('flags', b'has flags that do not fit its exports')):
            path = os.path.join(folder, 'kernel/%s.ko' % name)
            ours = self.show(path, status=1)
            self.assertEqual(ours.out, b'')
            self.assertIn(b'ERROR: %s: %s' % (path.encode(), why), ours.err)
            self.assertIn(b'WARNING: %s: %s' % (path.encode(), why), warned.err)
        self.assertEqual(warned.status, 0)

    def test_options_that_do_not_go_together(self):
        path = self.write('some-driver.ko', self.module())
        for options in (('--exports', '--imports'), ('--exports', '-F', 'license'), ('--imports', '-n'),
                        ('--exports', '--json', '-0')):
            ours = self.modinfo(*options, path, status=1)
            self.assertEqual(ours.out, b'')
            self.assertIn(b'ERROR', ours.err)

    def test_names_do_not_make_lines(self):
        """a module's are shown with what they hold; a kernel of such names is none"""
        ours = self.show(self.write('m.ko', Module('m').modinfo('name', 'n\tm').export('a\n0x1\tb', 5, ns='N\x1bS')))
        self.assertEqual(ours.out, b'0x00000005\ta\\x0a0x1\\x09b\tn\\x09m\tEXPORT_SYMBOL\tN\\x1bS\n')
        ours = self.show(self.write('vmlinux', Vmlinux().export('a', 5, ns='N\n0x0\tb').export('c', 1)), status=1)
        self.assertEqual(ours.out, b'')


if __name__ == '__main__':
    tap.main()
