#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Symbol namespaces in modules.modsure.bin, as doc/formats/modsure.md has them. See tests/lib/tap.py for the environment."""

import os
import random
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import indexbin  # noqa: E402
import mkmod  # noqa: E402
import tap  # noqa: E402
from depmodcase import VERSION, TreeCase, random_tree  # noqa: E402
from mkmod import Module  # noqa: E402

SYMVERS = ('0x00000001\tkfn\tvmlinux\tEXPORT_SYMBOL_GPL\tKERNEL_NS\n0x00000002\tfree\tvmlinux\tEXPORT_SYMBOL\t\n'
           '0x00000003\ttwice\tvmlinux\tEXPORT_SYMBOL\tKERNEL_NS\n0x00000004\tfn\tkernel/a\tEXPORT_SYMBOL\tOTHER\n')


class Namespaces(TreeCase):
    def index(self, files, *options, **kinds):
        """{key behind "namespace:": values}; what was said is in self.said"""
        self.tree(files, **kinds)
        shutil.rmtree(self.out, ignore_errors=True)
        result = self.depmod('-b', self.base, '-o', self.out, *options, VERSION)
        self.said = result.stderr.decode(errors='replace').replace(self.folder + '/', '')
        self.assertEqual(result.returncode, 0, self.said)
        path = os.path.join(self.out, 'lib/modules', VERSION, 'modules.modsure.bin')
        return {key[10:].decode(): [value.decode() for _, value in values]
                for key, values in indexbin.read(path) if key.startswith(b'namespace:')}

    def test_symbols_and_exporters(self):
        files = {'kernel/a.ko': Module().export('fn', ns='NS').export('gn', gpl=True, ns='NS').export('bare'),
                 'kernel/b-b.ko': Module().export('hn', ns='NS').export('in', ns='module:kvm,kvm-*')}
        self.assertEqual(self.index(files), {
            'symbol:fn': ['a NS'], 'symbol:gn': ['a NS'], 'symbol:hn': ['b_b NS'], 'symbol:in': ['b_b module:kvm,kvm-*'],
            'exporter:NS': ['a', 'b_b'], 'exporter:module:kvm,kvm-*': ['b_b']})
        self.assertEqual(self.said, '')

    def test_no_namespaces_no_keys(self):
        self.assertEqual(self.index({'kernel/a.ko': Module().export('fn'), 'kernel/b.ko': Module().use('fn')}), {})

    def test_encodings(self):
        kinds = [dict(cls=cls, endian=endian, machine=machine, exports=exports)
                 for cls, endian, machine in ((64, 'little', None), (32, 'little', None), (64, 'big', mkmod.EM_S390),
                                              (32, 'big', mkmod.EM_PPC))
                 for exports in ('kstrtabns', 'kflagstab', '5.4-rc')]
        files = {'kernel/m%02d.ko' % i: Module(**kind).export('fn%d' % i, ns='NS%d' % i).export('gn%d' % i, ns='')
                 for i, kind in enumerate(kinds)}
        expected = {}
        for i in range(len(kinds)):
            expected.update({'symbol:fn%d' % i: ['m%02d NS%d' % (i, i)], 'exporter:NS%d' % i: ['m%02d' % i]})
        self.assertEqual(self.index(files), expected)

    def test_two_exporters(self):
        """the one that modules.symbols has comes first"""
        files = {'kernel/a.ko': Module().export('fn', ns='A'), 'kernel/b.ko': Module().export('fn', ns='B'),
                 'kernel/c.ko': Module().export('fn')}
        keys = self.index(files)
        self.assertEqual(keys, {'symbol:fn': ['b B', 'a A'], 'exporter:A': ['a'], 'exporter:B': ['b']})
        with open(os.path.join(self.out, 'lib/modules', VERSION, 'modules.symbols'), encoding='utf-8') as file:
            self.assertIn('alias symbol:fn c\n', file)
        del files['kernel/c.ko']
        shutil.rmtree(self.base)
        self.assertEqual(self.index(files), keys)
        with open(os.path.join(self.out, 'lib/modules', VERSION, 'modules.symbols'), encoding='utf-8') as file:
            self.assertIn('alias symbol:fn b\n', file)

    def test_modules_that_cannot_be_loaded(self):
        """members of a cycle are in no index"""
        files = {'kernel/a.ko': Module().export('a', ns='NS').use('b'), 'kernel/b.ko': Module().export('b', ns='NS').use('a'),
                 'kernel/c.ko': Module().export('c', ns='NS')}
        self.assertEqual(self.index(files), {'symbol:c': ['c NS'], 'exporter:NS': ['c']})

    def test_symbols_of_the_kernel(self):
        """only where it was said what they are, and behind a module that exports the same name"""
        files = {'kernel/a.ko': Module().export('fn', ns='NS'), 'kernel/b.ko': Module().export('twice', ns='B')}
        symvers = self.write('Module.symvers', SYMVERS)
        self.assertEqual(self.index(files, '-E', symvers), {
            'symbol:fn': ['a NS'], 'symbol:kfn': ['vmlinux KERNEL_NS'], 'symbol:twice': ['b B', 'vmlinux KERNEL_NS'],
            'exporter:NS': ['a'], 'exporter:B': ['b'], 'exporter:KERNEL_NS': ['vmlinux']})
        modules_only = {'symbol:fn': ['a NS'], 'symbol:twice': ['b B'], 'exporter:NS': ['a'], 'exporter:B': ['b']}
        # What was installed by chance must not tell: two runs over one tree give one set.
        self.write('base/lib/modules/%s/build/Module.symvers' % VERSION, SYMVERS)
        self.assertEqual(self.index(files), modules_only)
        # A System.map of today has the names alone.
        system_map = self.write('System.map', 'ffffffff81000000 r __ksymtab_kfn\nffffffff81000008 r __ksymtab_twice\n')
        self.assertEqual(self.index(files, '-F', system_map), modules_only)

    def test_what_a_value_cannot_hold(self):
        """left out and reported with file and symbol; the others stay"""
        longest = 'L' * 1023
        files = {'kernel/a.ko': Module().export('ctl', ns='a\nb').export('high', ns=b'\xc3\xa4')
                 .export('most', ns=longest).export('blank', ns='a b').export(b'esc\x1b', ns='NS')}
        symvers = self.write('Module.symvers', '0x1\tlong\tvmlinux\tEXPORT_SYMBOL\t%sL\n' % longest)
        self.assertEqual(self.index(files, '-E', symvers), {
            'symbol:most': ['a ' + longest], 'exporter:' + longest: ['a'], 'symbol:blank': ['a a b'], 'exporter:a b': ['a']})
        for file, symbol in ('kernel/a.ko', 'ctl'), ('kernel/a.ko', 'high'), ('', 'long'):
            self.assertRegex(self.said, r'WARNING: %s: namespace of symbol %s .*, left out\n' % (file, symbol))
        self.assertEqual(self.said.count('\n'), 4, self.said)     # the name is reported for modules.symbols

    def test_more_than_any_kernel_has(self):
        """what is no use does not blow the index up: it ends, and that is said once"""
        line = '0x1\tfn%05d\tvmlinux\tEXPORT_SYMBOL\t' + 'N' * 1000 + '\n'
        symvers = self.write('Module.symvers', ''.join(line % i for i in range(36000)))
        keys = self.index({'kernel/a.ko': Module().export('other')}, '-E', symvers)
        self.assertGreater(len(keys), 30000)
        self.assertLess(len(keys), 36000)
        self.assertEqual(self.said.count('\n'), 1, self.said)
        self.assertRegex(self.said, 'namespace of symbol fn[0-9]+ is over the limit')

    def test_as_the_generator(self):
        for seed in (1, 2, int(time.time())):
            with self.subTest(seed=seed):
                rng = random.Random(seed)
                shutil.rmtree(self.base, ignore_errors=True)
                tree = random_tree(rng)
                for module in tree['files'].values():
                    for number in rng.sample(range(200), rng.randint(0, 4)):
                        module.export('ns_%d' % number, ns='NS%d' % rng.randint(0, 5))
                found = self.index(tree.pop('files'), **tree)
                expected = depmod_reference.namespace_keys(depmod_reference.read_tree(self.folder))
                self.assertEqual(found, {key[10:].decode(): [value.decode() for value in values]
                                         for key, values in expected.items()})


if __name__ == '__main__':
    tap.main()
