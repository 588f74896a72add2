#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests' own tools, judged by readelf and by Debian's kmod."""

import itertools
import os
import random
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import indexbin  # noqa: E402
import mkmod  # noqa: E402
import tap  # noqa: E402
from mkmod import Module  # noqa: E402


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True).stdout.decode()


class ModuleFiles(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='modsure-lib.')
        self.addCleanup(scratch.cleanup)
        self.path = os.path.join(scratch.name, 'm.ko')

    def write(self, data):
        with open(self.path, 'wb') as file:
            file.write(data)
        return self.path

    @staticmethod
    def full(**kind):
        return (Module(**kind).modinfo('license', 'GPL').modinfo('alias', 'x').modinfo('alias', 'a')
                .export('fn', crc=0x1234, ns=None if kind.get('exports') == 'plain' else 'NS')
                .use('b', crc=0x89abcdef).use('a', weak=True).export('gfn', crc=5, gpl=True)
                .build_id(bytes(range(0xa0, 0xb4))).livepatch()
                .klp_rela('vmlinux', '.text', [('vmlinux', 'foo.isra.0', 1), ('vmlinux', 'bar', 0)]))

    def test_readelf_finds_nothing_odd(self):
        machines = ((32, 'little', 3), (32, 'big', 20), (64, 'little', 62), (64, 'big', 22), (64, 'little', 8))
        for machine, exports, crcs, prel32, strip in itertools.product(
                machines, ('kstrtabns', 'kflagstab', '5.4-rc', 'plain'), ('relative', 'absolute'),
                (True, False), ((), ('ksymtab', 'crc', 'kstrtab'))):
            kind = dict(zip(('cls', 'endian', 'machine'), machine))
            kind.update(exports=exports, crcs=crcs, prel32=prel32, strip=strip)
            with self.subTest(**kind):
                text = output('readelf', '-aW', self.write(self.full(**kind).bytes()))
                for line in text.splitlines():
                    self.assertNotRegex(line, '(?i)warning|error|<corrupt|unrecognized|unhandled')
                self.assertIn('Build ID: ' + bytes(range(0xa0, 0xb4)).hex(), text)
                self.assertRegex(text, r'\[0xff20\] +\.klp\.sym\.vmlinux\.foo\.isra\.0,1')
                self.assertEqual(bool(strip), '__ksymtab_fn' not in text and '__ksymtab_NS.fn' not in text)

    def test_relocations_lead_to_the_strings(self):
        for strip in ((), ('kstrtab',)):
            text = output('readelf', '-rW', self.write(self.full(strip=strip).bytes()))
            names = re.findall(r'R_X86_64_PC32 +[0-9a-f]+ (\S+) \+ (\S+)', text)
            self.assertEqual(names[:6], [
                ('fn', '0'), ('__kstrtab_fn', '0'), ('__kstrtabns_fn', '0'),
                ('gfn', '0'), ('__kstrtab_gfn', '0'), ('__kstrtabns_gfn', '0'),
            ] if not strip else [
                ('fn', '0'), ('__ksymtab_strings', '0'), ('__ksymtab_strings', '3'),
                ('gfn', '0'), ('__ksymtab_strings', '6'), ('__ksymtab_strings', 'a')])

    def test_symbols_stand_in_the_order_of_the_calls(self):
        text = output('readelf', '-sW', self.write(self.full().bytes()))
        names = re.findall(r'(?:GLOBAL|WEAK) +DEFAULT +\S+(?: \[0xff20\])? (\S+)', text)
        self.assertEqual(names, ['fn', 'b', 'a', 'gfn', '.klp.sym.vmlinux.foo.isra.0,1', '.klp.sym.vmlinux.bar,0'])

    def test_the_incumbent_reads_them(self):
        for cls, endian in itertools.product((32, 64), ('little', 'big')):
            with self.subTest(cls=cls, endian=endian):
                self.write(self.full(cls=cls, endian=endian).bytes())
                self.assertEqual(output('/sbin/modinfo', '-F', 'alias', self.path), 'x\na\n')
                self.assertEqual(output('/sbin/modprobe', '--dump-modversions', self.path), '0x89abcdef\tb\n')

    def test_the_incumbent_reads_signatures(self):
        data = mkmod.signed(self.full().bytes(), b'sig', id_type=1, algo=1, hash=4, signer=b'me', key_id=b'\1\2')
        text = output('/sbin/modinfo', self.write(data))
        self.assertRegex(text, r'signer: +me\n')
        self.assertRegex(text, r'sig_key: +01:02\n')
        self.assertRegex(text, r'sig_hashalgo: +sha256\n')
        self.assertRegex(text, r'signature: +73:69:67\n')

    def test_extended_versions(self):
        name = 'long_' + 'n' * 60
        module = Module(versions='both').use('short', crc=1).use(name, crc=2)
        data = module.bytes()
        _, offset, size = module.where('__version_ext_names')
        self.assertEqual(data[offset:offset + size], b'short\0%s\0' % name.encode())
        _, offset, size = module.where('__version_ext_crcs')
        self.assertEqual(data[offset:offset + size], b'\1\0\0\0\2\0\0\0')
        self.assertEqual(module.where('__versions')[2], 64)

    def test_compression_is_readable(self):
        data = self.full().bytes()
        for extension, tool in (('.xz', 'xz'), ('.gz', 'gzip'), ('.zst', 'zstd')):
            path = self.write(mkmod.compressed('m.ko' + extension, data))
            with open(path, 'rb') as file:
                result = subprocess.run([tool, '-dc'], stdin=file, stdout=subprocess.PIPE, check=True)
            self.assertEqual(result.stdout, data)


class Indexes(unittest.TestCase):
    ENTRIES = [(b'ab', 1, b'x'), (b'abc', 0, b'y'), (b'abc', 0, b'z'), (b'abd', 2, b''), (b'q', 7, b'v'),
               (b'abc', 5, b'w')]

    def test_writing_and_reading_is_identity(self):
        data = depmod_reference.index_bytes(self.ENTRIES)
        self.assertEqual(indexbin.entries(data), [
            (b'ab', [(1, b'x')]), (b'abc', [(0, b'z'), (0, b'y'), (5, b'w')]), (b'abd', [(2, b'')]),
            (b'q', [(7, b'v')])])

    def test_no_damage_goes_unseen(self):
        data = depmod_reference.index_bytes(self.ENTRIES)
        good = indexbin.entries(data)
        for at, value in itertools.product(range(len(data)), range(0, 256, 5)):
            damaged = data[:at] + bytes([value]) + data[at + 1:]
            try:
                found = indexbin.entries(damaged)
            except indexbin.Malformed:
                continue
            self.assertEqual(found == good, damaged == data, 'byte %d is %d' % (at, value))
        for size in range(len(data)):
            self.assertRaises(indexbin.Malformed, indexbin.entries, data[:size])
        self.assertRaises(indexbin.Malformed, indexbin.entries, data + b'\0')

    def test_random_indexes(self):
        seed = random.randrange(1 << 32)
        rng = random.Random(seed)
        for _ in range(200):
            keys = {bytes(rng.choices(b'ab_*', k=rng.randint(1, 8))) for _ in range(rng.randint(0, 40))}
            entries = [(key, [(i, b'%d' % i) for i in sorted(rng.sample(range(9), rng.randint(1, 4)))])
                       for key in sorted(keys)]
            flat = [(key, *value) for key, values in entries for value in values]
            rng.shuffle(flat)
            self.assertEqual(indexbin.entries(depmod_reference.index_bytes(flat)), entries, 'seed %d' % seed)


if __name__ == '__main__':
    tap.main()
