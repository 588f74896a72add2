#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""depmod beside the incumbent's: the same files, the same answers, the same complaints.

What is expected comes from Debian's kmod, from the independent generator in tests/golden, or stands
here as a literal. See tests/lib/tap.py for the environment.
"""

import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import indexbin  # noqa: E402
import kmod  # noqa: E402
import tap  # noqa: E402
from mkmod import Module, STT_SPARC_REGISTER, write_tree  # noqa: E402

VERSION = '6.1.0-test'
FILES = depmod_reference.FILES
TEXT_FILES = [name for name in FILES if not name.endswith('.bin')]
INDEXES = [name for name in FILES if name.endswith('.bin')]
MAY_EXIST = {'modules.modsure.bin'}     # of ours alone


def example(pattern):
    """a request that the alias @pattern matches"""
    return re.sub(rb'\[(.)[^\]]*\]|[*?]', lambda match: match[1] or b'0', pattern)


def keys_of(folder):
    """every key of every index there, and for patterns something that they match"""
    keys = set()
    for name in INDEXES:
        if os.path.getsize(os.path.join(folder, name)):
            for key, _ in indexbin.read(os.path.join(folder, name)):
                keys |= {key, example(key)}
    return sorted(key for key in keys if key)


class Case(unittest.TestCase):
    maxDiff = 4000

    def check_files(self, folder, expected):
        """the eleven files have these bytes, and nothing else was left there"""
        found = set(name for name in os.listdir(folder)
                    if os.path.isfile(os.path.join(folder, name)) and not os.path.islink(os.path.join(folder, name)))
        self.assertEqual(found - MAY_EXIST, set(FILES), 'files in the output folder')
        for name, content in kmod.read_files(folder).items():
            if content == expected[name]:
                continue
            if name in INDEXES and content and expected[name]:
                self.assertEqual(indexbin.entries(content), indexbin.entries(expected[name]), name)
            self.assertEqual(content, expected[name], name)

    def check_lookups(self, ours, theirs, keys):
        """Debian's libkmod finds the same modules, in the same order, in both folders"""
        found = kmod.lookups(ours, keys)
        for key, modules in kmod.lookups(theirs, keys).items():
            self.assertEqual(found[key], modules, 'lookup of %r' % key)


class Kernels(Case):
    """Debian's kernels"""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix='modsure-kernels.')
        cls.kernels = tap.kernels()
        if not cls.kernels:
            raise OSError('no kernels in MODSURE_KERNELS')
        base = os.path.join(os.path.dirname(cls.kernels[0][1]), '../..')
        generator = os.path.join(HERE, '../golden/depmod_reference.py')
        cls.theirs, cls.golden, cls.ours, cls.results = {}, {}, {}, {}

        running = []
        for version, folder in cls.kernels:
            farm = os.path.join(cls.scratch.name, 'kmod')
            cls.theirs[version] = os.path.join(farm, 'lib/modules', version)
            kmod.link_modules(folder, cls.theirs[version])
            running.append((version, subprocess.Popen(
                [kmod.DEPMOD, '-b', farm, version], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)))
        for version, folder in cls.kernels:
            cls.golden[version] = os.path.join(cls.scratch.name, 'golden', version)
            os.makedirs(cls.golden[version])
            subprocess.run([generator, base, version, cls.golden[version]], check=True)

            out = os.path.join(cls.scratch.name, 'ours')
            cls.results[version] = kmod.run(tap.command('depmod'), '-b', base, '-o', out, version)
            cls.ours[version] = os.path.join(out, 'lib/modules', version)
        for version, process in running:
            output = process.communicate()[0]
            if process.returncode or output:
                raise OSError('the incumbent fails for %s: %s' % (version, output))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def each(self):
        for version, _ in self.kernels:
            with self.subTest(version=version):
                yield version

    def test_success_is_silent(self):
        for version in self.each():
            result = self.results[version]
            self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b'', b''))

    def test_text_files_are_those_of_the_incumbent(self):
        for version in self.each():
            for name in TEXT_FILES:
                if name != 'modules.weakdep':   # kmod 33 and later
                    with open(os.path.join(self.ours[version], name), 'rb') as ours, \
                            open(os.path.join(self.theirs[version], name), 'rb') as theirs:
                        self.assertTrue(ours.read() == theirs.read(), name)

    def test_indexes_hold_what_those_of_the_incumbent_hold(self):
        for version in self.each():
            for name in INDEXES:
                ours = indexbin.read(os.path.join(self.ours[version], name), 'pre')
                theirs = indexbin.read(os.path.join(self.theirs[version], name), 'post')
                self.assertTrue(ours, name + ' has no keys')
                for ours_entry, theirs_entry in zip(ours, theirs):
                    self.assertEqual(ours_entry, theirs_entry, name)
                self.assertEqual(len(ours), len(theirs), name)

    def test_all_eleven_files_are_as_described(self):
        for version in self.each():
            expected = kmod.read_files(self.golden[version])
            self.assertEqual(set(os.listdir(self.ours[version])) - MAY_EXIST, set(FILES))
            for name, content in kmod.read_files(self.ours[version]).items():
                self.assertTrue(content == expected[name], name)

    def test_lookups_through_the_incumbents_library(self):
        for version, folder in self.kernels:
            with self.subTest(version=version):
                if not os.path.islink(os.path.join(self.ours[version], 'kernel')):
                    kmod.link_modules(folder, self.ours[version])
                keys = keys_of(self.golden[version])
                self.assertGreater(len(keys), 40000)
                self.check_lookups(self.ours[version], self.theirs[version], keys)

    def test_dependencies_through_the_incumbents_library(self):
        for version, folder in self.kernels:
            with self.subTest(version=version):
                if not os.path.islink(os.path.join(self.ours[version], 'kernel')):
                    kmod.link_modules(folder, self.ours[version])
                names = [key for key, _ in indexbin.read(os.path.join(self.golden[version], 'modules.dep.bin'))]
                with kmod.Library(self.ours[version]) as ours, kmod.Library(self.theirs[version]) as theirs:
                    for name in names:
                        self.assertEqual(ours.dependencies(name), theirs.dependencies(name), name)


class TreeCase(Case):
    """on made trees: one for ours and a copy for the incumbent's"""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='modsure-compat.')
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.base = os.path.join(self.scratch, 'base')
        self.folder = os.path.join(self.base, 'lib/modules', VERSION)
        self.out = os.path.join(self.scratch, 'out')
        self.config = self.write('depmod.d/none.conf', '')

    def write(self, path, text):
        path = os.path.join(self.scratch, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def tree(self, files, order=True, builtin=(), builtin_modinfo=(), version=VERSION):
        return write_tree(self.base, version, files, order, builtin, builtin_modinfo)

    def depmod(self, *args):
        return kmod.run(tap.command('depmod'), '-C', self.config, *args, cwd=self.scratch)

    def incumbent(self, *args, version=VERSION):
        """run Debian's in a fresh copy of the tree: (result, folder); output names paths as in the original"""
        base = os.path.join(tempfile.mkdtemp(dir=self.scratch), 'base')
        shutil.copytree(self.base, base, symlinks=True)
        args = [arg.replace(self.base, base) for arg in args]
        result = kmod.run(kmod.DEPMOD, '-C', self.config, '-b', base, *args, cwd=self.scratch)
        for stream in ('stdout', 'stderr'):
            setattr(result, stream, getattr(result, stream).replace(base.encode(), self.base.encode()))
        return result, os.path.join(base, 'lib/modules', version)

    def compare(self, *args, weakdeps=b'', version=VERSION, generator=False):
        """both write the same, and a library that reads it finds the same; returns both results"""
        args = args or (version,)
        ours = self.depmod('-b', self.base, '-o', self.out, *args)
        theirs, their_folder = self.incumbent(*args, version=version)
        our_folder = os.path.join(self.out, 'lib/modules', version)
        self.assertEqual(ours.returncode, theirs.returncode, ours.stderr)
        self.assertEqual(theirs.returncode, 0, theirs.stderr)
        self.check_files(our_folder, kmod.expected_files(their_folder, weakdeps))
        if generator:
            self.check_files(our_folder, depmod_reference.outputs(os.path.join(self.base, 'lib/modules', version)))

        keys = keys_of(our_folder)
        kmod.link_modules(os.path.join(self.base, 'lib/modules', version), our_folder)
        self.check_lookups(our_folder, their_folder, keys)
        shutil.rmtree(self.out)
        return ours, theirs

    def read(self, name):
        """what ours writes"""
        result = self.depmod('-b', self.base, '-o', self.out, VERSION)
        self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(self.out, 'lib/modules', VERSION, name), 'rb') as file:
            return file.read()


class Aliases(TreeCase):
    def test_duplicates(self):
        self.tree({
            'kernel/c.ko': Module().modinfo('alias', 'pci:v1*').modinfo('alias', 'pci:v1*').modinfo('alias', 'x'),
            'kernel/a.ko': Module().modinfo('alias', 'x').modinfo('alias', 'pci:v1*'),
            'kernel/b.ko': Module().modinfo('alias', 'pci:v*').modinfo('alias', 'x').modinfo('alias', 'pci:v1*'),
        })
        self.compare(generator=True)

    def test_dashes_and_brackets(self):
        self.tree({
            'kernel/a-b.ko': Module().modinfo('alias', 'of:N*T*Cfoo,bar-baz').modinfo('alias', 'x-y_z'),
            'kernel/c.ko': Module().modinfo('alias', 'usb:v0[0-9a-f]-d[-_]*').modinfo('alias', 'a?b-c'),
        })
        self.compare(generator=True)

    def test_unmatched_brackets_stay_out_of_the_index(self):
        self.tree({
            'kernel/a.ko': Module().modinfo('alias', 'open[a-b').modinfo('alias', 'close]').modinfo('alias', 'good'),
            'kernel/b.ko': Module().modinfo('alias', 'a[b]c]d').modinfo('alias', 'a[b[c]d'),
        })
        ours, _ = self.compare(generator=True)
        for alias in (b'open[a-b', b'close]', b'a[b]c]d'):
            self.assertIn(alias, ours.stderr)
        self.assertNotIn(b'a[b[c]d', ours.stderr)

    def test_odd_texts(self):
        self.tree({
            'kernel/a.ko': Module().modinfo('alias', '').modinfo('alias', 'two words').modinfo('alias', 'tab\tbed'),
            'kernel/b.ko': Module().modinfo('alias', 'x' * 3000).modinfo('alias', '!"$%&()+,./:;<=>@\\^`{|}~'),
            'kernel/c.ko': Module().modinfo_raw(b'alias\0alias=in\0\0\0alias=out\0').modinfo('aliases', 'no'),
        })
        self.compare(generator=True)

    def test_keys_that_begin_alike(self):
        self.tree({'kernel/m%d.ko' % i: Module().modinfo('alias', alias) for i, alias in enumerate(
            ['abc', 'ab', 'abcd', 'abd', 'a', 'b', 'abcde', 'acd', 'a-b', 'a_b', 'a_bc', '~', ' '])})
        self.compare(generator=True)

    def test_device_nodes(self):
        nodes = {
            'both': ['devname:fuse', 'char-major-10-229'],
            'reverse': ['block-major-7-0', 'devname:loop0'],
            'last-of-each': ['devname:a', 'devname:b', 'char-major-1-2', 'char-major-3-4', 'devname:c'],
            'until-both': ['char-major-1-2', 'devname:snd/seq', 'char-major-3-4'],
            'wildcard': ['block-major-8-*', 'devname:sd', 'char-major-9-1'],
            'nameless': ['char-major-10-1'],
            'other': ['pci:v*', 'char-major-x-1'],
        }
        files = {}
        for name, aliases in nodes.items():
            files['kernel/%s.ko' % name] = module = Module()
            for alias in aliases:
                module.modinfo('alias', alias)
        self.tree(files)
        self.compare(generator=True)

    def test_device_name_without_numbers(self):
        self.tree({'kernel/numberless.ko': Module().modinfo('alias', 'devname:nothing'),
                   'kernel/good.ko': Module().modinfo('alias', 'devname:g').modinfo('alias', 'char-major-1-2')})
        ours, _ = self.compare(generator=True)
        self.assertIn(b'numberless', ours.stderr)
        self.assertEqual(self.read('modules.devname'),
                         b'# Device nodes to trigger on-demand module loading.\ngood g c1:2\n')

    def test_soft_and_weak_dependencies(self):
        self.tree({
            'kernel/b-1.ko': Module().modinfo('softdep', 'pre: x-y post: z').modinfo('softdep', 'no prefix')
                                     .modinfo('weakdep', 'w-1').modinfo('weakdep', 'w2 w3'),
            'kernel/a.ko': Module().modinfo('weakdep', 'w4').modinfo('softdep', 'pre:  two  spaces '),
        })
        self.compare(generator=True, weakdeps=b'weakdep b_1 w-1\nweakdep b_1 w2 w3\nweakdep a w4\n')


class Symbols(TreeCase):
    def test_exported_twice(self):
        self.tree({
            'kernel/first.ko': Module().export('shared', crc=1).export('only_first', crc=2),
            'kernel/user.ko': Module().use('shared').use('only_first'),
            'kernel/second.ko': Module().export('shared', crc=1),
        })
        self.compare(generator=True)

    def test_chains_and_diamonds(self):
        self.tree({
            'kernel/top.ko': Module().use('left').use('right').use('bottom'),
            'kernel/left.ko': Module().export('left', crc=1).use('bottom').use('bottom2'),
            'kernel/right.ko': Module().export('right', crc=1).use('bottom2').use('left'),
            'kernel/bottom.ko': Module().export('bottom', crc=1).export('bottom2', crc=1).use('deep'),
            'kernel/deep.ko': Module().export('deep', crc=1),
            'kernel/alone.ko': Module(),
        })
        self.compare(generator=True)

    def test_dots_weak_and_versions(self):
        self.tree({
            'kernel/p.ko': Module().export('dotted', crc=1).export('weak', crc=2).export('versioned', crc=3),
            'kernel/a.ko': Module().use('.dotted'),
            'kernel/b.ko': Module().use('weak', weak=True),
            'kernel/c.ko': Module().version('versioned', 3),
            'kernel/d.ko': Module().version('.dotted', 1).use('absent'),
        })
        self.compare(generator=True)

    def test_symbols_of_every_module_are_not_imports(self):
        self.tree({
            'kernel/p.ko': Module().export('real', crc=1),
            'kernel/u.ko': Module().use('__this_module').use('_GLOBAL_OFFSET_TABLE_').use('.TOC.').use('real'),
        })
        self.compare(generator=True)

    def test_sparc_registers_are_not_imports(self):
        register = Module(endian='big', machine=43)
        register.symbol('reg_g2', type=STT_SPARC_REGISTER)
        self.tree({'kernel/p.ko': Module(endian='big', machine=43).export('reg_g2', crc=1),
                   'kernel/u.ko': register})
        self.compare(generator=True)
        self.assertEqual(self.read('modules.dep'), b'kernel/p.ko:\nkernel/u.ko:\n')

    def test_classes_and_byte_orders(self):
        """32 and 64 bit, little and big endian, in one tree"""
        files = {}
        for cls, endian, machine in ((32, 'little', 3), (32, 'little', 40), (32, 'big', 8), (32, 'big', 20),
                                     (64, 'little', 62), (64, 'little', 183), (64, 'little', 8), (64, 'big', 22),
                                     (64, 'big', 21), (64, 'big', 8)):
            name = '%d%s%d' % (cls, endian, machine)
            kind = dict(cls=cls, endian=endian, machine=machine)
            files['kernel/p%s.ko' % name] = Module(**kind).export('e' + name, crc=5).modinfo('alias', 'x-' + name)
            files['kernel/u%s.ko' % name] = Module(**kind).use('e' + name).version('elast', 6)
        files['kernel/last.ko'] = Module().export('elast', crc=6)
        self.tree(files)
        self.compare(generator=True)

    def test_encodings_of_exports_with_versions(self):
        files = {}
        for exports in ('kstrtabns', 'kflagstab', '5.4-rc', 'plain'):
            for crcs in ('relative', 'absolute'):
                for prel32 in (True, False):
                    name = '%s_%s_%d' % (exports.replace('.', ''), crcs, prel32)
                    kind = dict(exports=exports, crcs=crcs, prel32=prel32)
                    files['kernel/%s.ko' % name] = Module(**kind).export('e_' + name, crc=7).export(
                        'g_' + name, crc=8, gpl=True, ns=None if exports == 'plain' else 'NAMESPACE')
                    files['kernel/u%s.ko' % name] = Module().use('g_' + name)
        self.tree(files)
        self.compare()

    def test_exports_without_versions(self):
        """kernels without CONFIG_MODVERSIONS, no namespaces"""
        self.tree({
            'kernel/p.ko': Module().export('one').export('two', gpl=True),
            'kernel/q.ko': Module(exports='plain', prel32=False).export('three'),
            'kernel/u.ko': Module().use('two').use('three'),
        })
        self.compare(generator=True)

    def test_a_namespace_is_no_export(self):
        """5.1 number 17: without versions, and whatever symbols strip(1) took away"""
        for exports in ('kstrtabns', 'kflagstab'):
            for strip in ((), ('ksymtab',), ('ksymtab', 'kstrtab')):
                for cls, endian in ((64, 'little'), (64, 'big'), (32, 'little'), (32, 'big')):
                    with self.subTest(exports=exports, strip=strip, cls=cls, endian=endian):
                        kind = dict(exports=exports, strip=strip, cls=cls, endian=endian)
                        kind['machine'] = {(64, 'big'): 22, (32, 'big'): 20}.get((cls, endian))
                        self.tree({
                            'kernel/p.ko': Module(**kind).export('fn', ns='USB_STORAGE').export('fn2', gpl=True),
                            'kernel/q.ko': Module(**kind).export('USB', gpl=True, ns='USB_STORAGE'),
                            'kernel/u.ko': Module(**kind).use('USB').use('USB_STORAGE').use('fn'),
                        })
                        symbols = self.read('modules.symbols').splitlines()
                        self.assertEqual(sorted(symbols[1:]), [
                            b'alias symbol:USB q', b'alias symbol:fn p', b'alias symbol:fn2 p'])
                        self.assertEqual(self.read('modules.dep').splitlines()[2],
                                         b'kernel/u.ko: kernel/q.ko kernel/p.ko')

    def test_a_namespace_is_no_part_of_a_name(self):
        """__ksymtab_NS.sym of 5.4-rc"""
        self.tree({'kernel/p.ko': Module(exports='5.4-rc').export('fn', ns='NS').export('plain'),
                   'kernel/u.ko': Module().use('fn')})
        self.assertEqual(sorted(self.read('modules.symbols').splitlines()[1:]),
                         [b'alias symbol:fn p', b'alias symbol:plain p'])
        self.assertEqual(self.read('modules.dep'), b'kernel/p.ko:\nkernel/u.ko: kernel/p.ko\n')


class Order(TreeCase):
    FILES = {'kernel/%s.ko' % name: Module().modinfo('alias', 'same').export('e' + name, crc=1)
             for name in ('zeta', 'a-b', 'mid', 'x', 'long_name_of_it', 'c_d', 'q1', 'q2', 'q3', 'r')}

    def test_all_listed(self):
        self.tree(self.FILES, order=sorted(self.FILES, reverse=True))
        self.compare(generator=True)

    def test_some_listed(self):
        self.tree(self.FILES, order=['kernel/x.ko', 'kernel/gone.ko', 'kernel/a-b.ko', 'kernel/q3.ko'])
        self.compare(generator=True)

    def test_listed_twice(self):
        self.tree(self.FILES, order=['kernel/x.ko', 'kernel/mid.ko', 'kernel/x.ko', 'kernel/r.ko', 'kernel/mid.ko'])
        self.compare(generator=True)

    def test_names_must_match_exactly(self):
        self.tree(self.FILES, order=['kernel/c-d.ko', 'kernel/a_b.ko', './kernel/x.ko', 'x.ko', ' kernel/r.ko', ''])
        self.compare(generator=True)

    def test_no_file(self):
        self.tree(self.FILES, order=None)
        ours, _ = self.compare(generator=True)
        self.assertIn(b'modules.order', ours.stderr)

    def test_last_line_without_its_end(self):
        folder = self.tree(self.FILES, order=None)
        with open(os.path.join(folder, 'modules.order'), 'w', encoding='utf-8') as file:
            file.write('kernel/x.ko\nkernel/r.ko')
        ours, _ = self.compare(generator=True)
        self.assertIn(b'modules.order', ours.stderr)

    def test_compressed_modules_are_listed_as_ko(self):
        files = {path + extension: module for (path, module), extension
                 in zip(self.FILES.items(), ['.xz', '', '.zst', '.xz', '.zst', '', '.xz', '.zst', '', '.xz'])}
        self.tree(files, order=sorted(self.FILES, reverse=True))
        self.compare(generator=True)


class Builtin(TreeCase):
    FILES = {'kernel/a.ko': Module().modinfo('alias', 'x')}

    def test_names_and_aliases(self):
        self.tree(self.FILES, builtin=['kernel/b-c.ko', 'kernel/fs/ext4.ko', 'kernel/b-c.ko', 'kernel/x.y.ko'],
                  builtin_modinfo=[('b_c', 'license', 'GPL'), ('b_c', 'alias', 'fs-foo'), ('ext4', 'alias', 'fs-foo'),
                                   ('ext4', 'alias', 'u[a-b]-*'), ('b_c', 'alias', 'fs-foo'), ('b-c', 'alias', 'dash'),
                                   ('ext4', 'parm', 'alias=no'), ('x', 'alias', 'x=y')])
        self.compare(generator=True)

    def test_bad_lines(self):
        self.tree(self.FILES, builtin=['kernel/b.ko', '1kernel/c.ko', '', '/kernel/d.ko', 'kernel/e.ko', 'f'])
        self.compare(generator=True)

    def test_no_list(self):
        self.tree(self.FILES, builtin=None, builtin_modinfo=[('b', 'alias', 'z')])
        ours, _ = self.compare(generator=True)
        self.assertIn(b'modules.builtin', ours.stderr)
        self.assertEqual(self.read('modules.builtin.bin'), b'')

    def test_no_modinfo(self):
        self.tree(self.FILES, builtin=['kernel/b.ko'], builtin_modinfo=None)
        ours, _ = self.compare(generator=True)
        self.assertIn(b'modules.builtin.modinfo', ours.stderr)
        self.assertEqual(self.read('modules.builtin.alias.bin'), b'')

    def test_no_aliases(self):
        """an index without keys is a header"""
        self.tree(self.FILES, builtin=[], builtin_modinfo=[('b', 'license', 'GPL')])
        self.compare(generator=True)
        self.assertEqual(self.read('modules.builtin.alias.bin').hex(), 'b007f457' '00020001' '0000000c')


class Trees(TreeCase):
    def test_empty(self):
        self.tree({}, order=None, builtin=None, builtin_modinfo=None)
        self.compare(generator=True)

    def test_no_modules(self):
        folder = self.tree({}, order=[], builtin=['kernel/b.ko'], builtin_modinfo=[('b', 'alias', 'x')])
        os.makedirs(os.path.join(folder, 'kernel/drivers'))
        self.compare(generator=True)

    def test_no_folder(self):
        self.tree({})
        ours = self.depmod('-b', self.base, '-o', self.out, '6.1.1')
        theirs, _ = self.incumbent('6.1.1')
        self.assertEqual((ours.returncode, theirs.returncode), (1, 1))
        self.assertIn(b'6.1.1', ours.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.out, 'lib/modules/6.1.1/modules.dep')))

    def test_what_is_a_module(self):
        folder = self.tree({
            'top.ko': Module(), 'kernel/.hidden.ko': Module(), 'kernel/two.dots.ko': Module().modinfo('alias', 'dots'),
            'kernel/a.ko.bak': Module(), 'kernel/b.KO': Module(), 'kernel/c.o': Module(), 'kernel/dko': Module(),
            'build/e.ko': Module(), 'source/f.ko': Module(), 'kernel/build/g.ko': Module(), 'kernel/h/i/j/k.ko': Module(),
            'kernel/.dot/l.ko': Module(), 'kernel/m': Module(), 'kernel/n.ko.xz.tmp': Module(), 'elsewhere/o.ko': Module(),
        })
        os.makedirs(os.path.join(folder, 'kernel/folder.ko'))
        os.symlink('../elsewhere/o.ko', os.path.join(folder, 'kernel/p.ko'))
        os.symlink('gone.ko', os.path.join(folder, 'kernel/dangling.ko'))
        self.compare()

    def test_linked_folder(self):
        folder = self.tree({'kernel/a.ko': Module().export('e', crc=1)})
        write_tree(os.path.join(self.scratch, 'other'), '1', {'drivers/b-c.ko': Module().use('e')})
        os.symlink(os.path.join(self.scratch, 'other/lib/modules/1'), os.path.join(folder, 'extra'))
        os.symlink('/', os.path.join(folder, 'build'))
        self.compare(generator=True)

    def test_compression_is_told_by_content(self):
        plain = Module().modinfo('alias', 'plain').bytes()
        self.tree({'kernel/a.ko.xz': Module().modinfo('alias', 'xz'), 'kernel/b.ko.zst': Module().modinfo('alias', 'zst'),
                   'kernel/c.ko': Module().modinfo('alias', 'none'), 'kernel/d.ko.xz': plain})
        self.compare(generator=True)

    def test_gzip(self):
        """which Debian's incumbent cannot read: its files for .ko.xz, with the names changed"""
        files = {'kernel/a.ko': Module().modinfo('alias', 'x').export('e', crc=1), 'kernel/b.ko': Module().use('e')}
        self.tree({path + '.gz': module for path, module in files.items()})
        ours = self.depmod('-b', self.base, '-o', self.out, VERSION)
        self.assertEqual((ours.returncode, ours.stderr), (0, b''))
        shutil.rmtree(self.folder)
        self.tree({path + '.xz': module for path, module in files.items()})
        _, their_folder = self.incumbent(VERSION)
        for name in ('modules.dep', 'modules.dep.bin'):
            path = os.path.join(their_folder, name)
            with open(path, 'rb') as file:
                content = file.read()
            with open(path, 'wb') as file:
                if name == 'modules.dep':
                    file.write(content.replace(b'.xz', b'.gz'))
                else:   # an extension of the same length leaves the layout alone
                    file.write(content.replace(b'.ko.xz', b'.ko.gz'))
        self.check_files(os.path.join(self.out, 'lib/modules', VERSION), kmod.expected_files(their_folder))

    def test_version_of_the_running_kernel(self):
        version = os.uname().release
        self.tree({'kernel/a.ko': Module().modinfo('alias', 'x')}, version=version)
        ours = self.depmod('-b', self.base, '-o', self.out)
        self.assertEqual((ours.returncode, ours.stderr), (0, b''))
        _, their_folder = self.incumbent(version=version)
        self.check_files(os.path.join(self.out, 'lib/modules', version), kmod.expected_files(their_folder))

    def test_random_trees(self):
        seeds = [1, 2, 3, 4, 5, int(time.time())]
        for seed in seeds:
            with self.subTest(seed=seed):
                rng = random.Random(seed)
                shutil.rmtree(self.base, ignore_errors=True)
                self.tree(**random_tree(rng))
                weakdeps = depmod_reference.outputs(self.folder)['modules.weakdep'][len(kmod.NO_WEAKDEPS):]
                self.compare(generator=True, weakdeps=weakdeps)


def random_tree(rng):
    """arguments of tree(): 60 modules in a random order of files and lines"""
    def word(alphabet='abc-_', longest=6):
        return ''.join(rng.choice(alphabet) for _ in range(rng.randint(1, longest)))

    names = {}
    while len(names) < 60:
        name = 'm' + word('abcdefgh-_0123', 9)
        names.setdefault(name.replace('-', '_'), name)
    names = list(names.values())
    exports = {name: [word('abcdefgh_', 3) for _ in range(rng.randint(0, 5))] for name in names}
    files, symbols = {}, []
    for name in names:      # uses only what stands before it, so there are no cycles
        module = Module(cls=rng.choice((32, 64)), endian=rng.choice(('little', 'big')), machine=rng.choice((None, 20, 22)))
        for symbol in rng.sample(symbols, min(len(symbols), rng.randint(0, 6))):
            module.use(symbol, crc=rng.choice((None, 1)), weak=rng.random() < .2)
        for symbol in exports[name]:
            if symbol not in symbols:
                module.export(symbol, crc=rng.getrandbits(32), gpl=rng.random() < .5, ns=rng.choice((None, 'NS')))
        symbols += [symbol for symbol in exports[name] if symbol not in symbols]
        for _ in range(rng.randint(0, 6)):
            module.modinfo('alias', word('ab-_*?:'))
        if rng.random() < .3:
            module.modinfo('alias', 'p[%s]-%s' % (word('abc-'), word()))
        for key in ('softdep', 'weakdep'):
            for _ in range(rng.choice((0, 0, 0, 1, 2))):
                module.modinfo(key, 'pre: ' + word())
        folder = rng.choice(('kernel', 'kernel/fs', 'kernel/drivers/net', 'extra', 'updates', 'updates/dkms'))
        files['%s/%s.ko%s' % (folder, name, rng.choice(('', '', '.xz', '.zst')))] = module
    paths = [path[:path.rindex('.ko') + 3] for path in files]
    rng.shuffle(paths)
    return dict(files=files, order=rng.choice((paths, paths[:40], None)),
                builtin=['kernel/%s.ko' % word('ghi-') for _ in range(rng.randint(0, 20))],
                builtin_modinfo=[(word('ghi'), 'alias', word()) for _ in range(rng.randint(0, 20))])


class Config(TreeCase):
    """depmod.d"""

    def tree_of_duplicates(self):
        folders = ('kernel', 'updates', 'extra', 'weak-updates', 'updates/dkms', 'other/deep')
        self.tree({'%s/%s.ko' % (folder, name): Module().modinfo('alias', folder) for name, n_folders
                   in (('two', 2), ('three', 3), ('all-of', 6)) for folder in folders[:n_folders]}, order=None)

    def check(self, text, expected=None):
        """with this configuration both choose the same modules; @expected are lines of modules.dep"""
        self.config = self.write('depmod.d/test.conf', text)
        results = self.compare()
        if expected is not None:
            lines = self.read('modules.dep').decode().splitlines()
            self.assertEqual(sorted(lines), sorted(line + ':' for line in expected))
        return results

    def test_default_is_updates(self):
        self.tree({'kernel/a.ko': Module(), 'updates/a.ko': Module(), 'updates/dkms/b.ko': Module(),
                   'kernel/b.ko': Module()})
        self.check('# nothing\n', ['updates/a.ko', 'updates/dkms/b.ko'])

    def test_search(self):
        self.tree_of_duplicates()
        for text, chosen in (('search extra kernel updates', 'extra'), ('search weak-updates', 'weak-updates'),
                             ('search kernel extra', 'kernel'), ('search\tother/deep   kernel ', 'other/deep'),
                             ('search updates/dkms updates', 'updates/dkms'),
                             ('search updates weak-updates built-in', 'updates')):
            with self.subTest(text):
                self.check(text + '\n')
                self.assertIn(b'%s/all-of.ko:\n' % chosen.encode(), self.read('modules.dep'))

    def test_several_search_lines(self):
        self.tree_of_duplicates()
        self.check('search extra\nsearch weak-updates kernel\n')

    def test_built_in_stands_for_everything_else(self):
        self.tree({'kernel/a.ko': Module(), 'updates/a.ko': Module(), 'kernel/b.ko': Module(), 'extra/b.ko': Module()})
        self.check('search updates built-in extra\n', ['updates/a.ko', 'kernel/b.ko'])
        self.check('search extra built-in updates\n', ['kernel/a.ko', 'extra/b.ko'])

    def test_override(self):
        self.tree_of_duplicates()
        for text in ('override two * kernel', 'override three * extra\noverride all-of * other/deep',
                     r'override two ^6\.1\. updates', 'override two test$ kernel', 'override two ^6[.]2 kernel',
                     'override two 1.0 kernel', 'override two ( kernel', 'override all_of * other/deep',
                     'override two * nowhere', 'override two * kernel\noverride two * updates',
                     'search kernel\noverride two * updates'):
            with self.subTest(text):
                self.check(text + '\n')

    def test_exclude(self):
        self.tree({'kernel/a.ko': Module(), 'kernel/skip/b.ko': Module(), 'kernel/c.ko': Module(),
                   'extra/skip/d.ko': Module(), 'extra/skipper/e.ko': Module(), 'other/f.ko.xz': Module()})
        self.check('exclude skip c.ko\n', ['kernel/a.ko', 'extra/skipper/e.ko', 'other/f.ko.xz'])
        self.check('exclude other\nexclude f\nexclude kernel/skip\n')
        self.check('exclude f.ko\n')

    def test_external(self):
        self.tree({'kernel/a.ko': Module().export('e', crc=1), 'kernel/b.ko': Module()})
        external = os.path.join(self.scratch, 'external')
        for folder, files in (('one', {'b.ko': Module().use('e'), 'c-d.ko': Module().modinfo('alias', 'x')}),
                              ('two', {'sub/b.ko': Module(), 'f.ko': Module().export('e', crc=1)})):
            source = write_tree(os.path.join(self.scratch, 'made', folder), '1', files)
            shutil.move(source, os.path.join(external, folder))
        for text in ('external * {0}/one', 'external * {0}/one\nexternal * {0}/two', 'external * {0}/two {0}/one',
                     'search external built-in\nexternal * {0}/two\nexternal * {0}/one',
                     'search updates external\nexternal .* {0}/two',
                     'search built-in external\nexternal * {0}/one', 'external ^5 {0}/one', 'external * {0}/gone'):
            with self.subTest(text):
                self.check(text.format(external) + '\n')

    def test_syntax(self):
        self.tree_of_duplicates()
        self.check('# a comment\n\n  \t\nsearch extra \\\n  kernel\nmake_map_files no\ninclude /nowhere\n')
        ours, _ = self.check('search kernel\nfrobnicate two\noverride two *\n')
        self.assertIn(b'frobnicate', ours.stderr)
        self.assertIn(b'test.conf', ours.stderr)
        self.assertIn(b':3', ours.stderr)
        self.check('  search extra\n')
        self.check('search extra')

    def test_folders_and_several_files(self):
        self.tree_of_duplicates()
        self.write('depmod.d/20.conf', 'search kernel\n')
        self.write('depmod.d/10.conf', 'search extra\n')
        self.write('depmod.d/30.ignored', 'search other/deep\n')
        self.write('depmod.d/.40.conf', 'search other/deep\n')
        self.write('second.d/20.conf', 'search weak-updates\n')
        self.write('second.d/05.conf', 'override two * kernel\n')
        folder, second = os.path.join(self.scratch, 'depmod.d'), os.path.join(self.scratch, 'second.d')
        for extra in ((folder,), (second,), (folder, second), (second, folder),
                      (os.path.join(folder, '20.conf'), folder), (os.path.join(folder, '30.ignored'),)):
            with self.subTest(extra):
                options = [word for path in extra for word in ('-C', path)]
                self.compare(*options, VERSION)


class Options(TreeCase):
    def symbols_tree(self):
        self.tree({
            'kernel/p.ko': Module().export('shared', crc=3),
            'kernel/a-b.ko': Module().use('printk', crc=1).use('unknown', crc=9).use('shared', crc=4)
                                     .use('weak_unknown', weak=True).use('.dotted', crc=7),
            'kernel/c.ko.xz': Module().use('gpl', crc=2).version('only_version', 5).use('printk').use('of_module', crc=1)
                                      .use('shared', crc=3),
            'kernel/good.ko': Module().use('printk', crc=1),
        })
        self.system_map = self.write('System.map', ''.join('ffffffff8%07x %s\n' % (16 * i, rest) for i, rest in enumerate(
            ['T printk', 'r __ksymtab_printk', 'r __ksymtab_dotted', 'd __kstrtab_printk', 'T unknown',
             'A __crc_only_version', 'r __ksymtab_shared'])))
        self.symvers = self.write('Module.symvers', ''.join('%s\t%s\t%s\t%s\t\n' % row for row in (
            ('0x00000001', 'printk', 'vmlinux', 'EXPORT_SYMBOL'), ('0x00000008', 'gpl', 'vmlinux', 'EXPORT_SYMBOL_GPL'),
            ('0x00000001', 'of_module', 'drivers/x', 'EXPORT_SYMBOL'), ('0x00000007', 'dotted', 'vmlinux', 'EXPORT_SYMBOL'),
            ('0x00000006', 'only_version', 'vmlinux', 'EXPORT_SYMBOL'))))

    @staticmethod
    def complaints(output):
        """{(path, what, symbol)} of -e"""
        return set(re.findall(r'(\S+): (?:kernel/)?(\S+)',
                              output)) if False else set(re.findall(
                                  rb'(\S+\.ko\S*) (needs unknown symbol|disagrees about version of symbol) (\S+)', output))

    def check_complaints(self, n_expected, *options):
        ours, theirs = self.compare(*options, VERSION)
        self.assertEqual(len(self.complaints(theirs.stderr)), n_expected, theirs.stderr)
        self.assertEqual(self.complaints(ours.stderr), self.complaints(theirs.stderr))
        return ours

    def test_errsyms_with_filesyms(self):
        self.symbols_tree()
        self.check_complaints(4, '-e', '-F', self.system_map)

    def test_errsyms_with_symvers(self):
        self.symbols_tree()
        self.check_complaints(5, '-e', '-E', self.symvers)

    def test_errsyms_with_both(self):
        self.symbols_tree()
        self.check_complaints(5, '-e', '-E', self.symvers, '-F', self.system_map)

    def test_errsyms_with_neither(self):
        self.symbols_tree()
        ours = self.check_complaints(0, '-e')
        self.assertIn(b'-e needs -E or -F', ours.stderr)

    def test_symbols_without_errsyms(self):
        self.symbols_tree()
        self.check_complaints(0, '-E', self.symvers)
        self.check_complaints(0, '-F', self.system_map)

    def test_missing_symbol_file(self):
        self.symbols_tree()
        for option in ('-E', '-F'):
            result = self.depmod('-b', self.base, '-o', self.out, '-e', option, '/nonexistent/file', VERSION)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b'/nonexistent/file', result.stderr)
            self.assertFalse(os.path.exists(os.path.join(self.out, 'lib/modules', VERSION, 'modules.dep')))

    def test_symbol_prefix(self):
        self.tree({'kernel/p.ko': Module().export('_one', crc=1).export('two', crc=1),
                   'kernel/u.ko': Module().use('_one').use('_two').use('two'),
                   'kernel/v.ko': Module().use('_printk').use('other')})
        system_map = self.write('System.map', '00000010 r __ksymtab__printk\n00000020 r __ksymtab_other\n')
        for options in (('-P', '_'), ('-P', '_', '-e', '-F', system_map), ('--symbol-prefix=_',)):
            with self.subTest(options):
                ours, theirs = self.compare(*options, VERSION)
                self.assertEqual(self.complaints(ours.stderr), self.complaints(theirs.stderr))

    def test_symbol_prefix_is_one_character(self):
        self.tree({})
        ours = self.depmod('-b', self.base, '-o', self.out, '-P', '__', VERSION)
        theirs, _ = self.incumbent('-P', '__', VERSION)
        self.assertEqual(ours.returncode, theirs.returncode)

    def test_show(self):
        """-n prints the text files and writes nothing"""
        self.tree({'kernel/b.ko': Module().modinfo('alias', 'devname:x').modinfo('alias', 'char-major-1-2').use('e')
                                          .modinfo('softdep', 'pre: x').modinfo('weakdep', 'y'),
                   'kernel/a.ko': Module().export('e', crc=1)})
        before = sorted(os.listdir(self.folder))
        weakdeps = kmod.NO_WEAKDEPS + b'weakdep b y\n'
        theirs, _ = self.incumbent('-n', VERSION)
        expected = theirs.stdout.replace(b'# Aliases for symbols', weakdeps + b'# Aliases for symbols')
        for option in ('-n', '--show', '--dry-run'):
            ours = self.depmod('-b', self.base, option, VERSION)
            self.assertEqual((ours.returncode, ours.stdout, ours.stderr), (0, expected, b''))
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_warn_of_duplicates(self):
        self.tree({'kernel/a.ko': Module().modinfo('alias', 'twice').modinfo('alias', 'twice').modinfo('alias', 'shared'),
                   'kernel/b.ko': Module().modinfo('alias', 'shared').modinfo('alias', 'd-e').modinfo('alias', 'd_e')})
        ours, theirs = self.compare('-w', VERSION)

        def warned(output):
            return sorted(re.findall(rb'duplicate module alias:\s+(\S+) (\S+)', output))
        self.assertEqual(warned(theirs.stderr), [(b'd_e', b'b'), (b'twice', b'a')])
        self.assertEqual(warned(ours.stderr), warned(theirs.stderr))
        quiet, _ = self.compare(VERSION)
        self.assertEqual(quiet.stderr, b'')
        ours, _ = self.compare('--warn', VERSION)
        self.assertEqual(warned(ours.stderr), warned(theirs.stderr))

    def test_verbose_names_each_dependency(self):
        self.tree({'kernel/a.ko': Module().export('e', crc=1).export('f', crc=1), 'kernel/b.ko': Module().use('e').use('f')})
        theirs, _ = self.incumbent('-v', VERSION)
        ours = self.depmod('-b', self.base, '-v', VERSION)
        self.assertEqual(theirs.stdout.decode(), '{0}/kernel/b.ko needs "e": {0}/kernel/a.ko\n'.format(self.folder))
        self.assertIn(theirs.stdout, ours.stdout)

    def quick(self, command, *more):
        return kmod.run(command, '-C', self.config, '-b', self.base, '-A', *more, VERSION)

    def state(self):
        """what the user sees of modules.alias: (content, inode, mtime)"""
        path = os.path.join(self.folder, 'modules.alias')
        with open(path, 'rb') as file:
            stat = os.fstat(file.fileno())
            return file.read(), stat.st_ino, stat.st_mtime_ns

    def age(self, seconds):
        """set the clock of every module back"""
        for name in os.listdir(os.path.join(self.folder, 'kernel')):
            stamp = time.time() - seconds
            os.utime(os.path.join(self.folder, 'kernel', name), (stamp, stamp))

    def test_quick(self):
        """-A does all when a module is newer than modules.dep or that is missing, and else nothing"""
        for command in (kmod.DEPMOD, tap.command('depmod')):
            with self.subTest(command):
                shutil.rmtree(self.base, ignore_errors=True)
                self.tree({'kernel/a.ko': Module().modinfo('alias', 'old'), 'kernel/b.ko.xz': Module()})
                self.age(100)
                result = self.quick(command)
                self.assertEqual((result.returncode, result.stderr), (0, b''))
                first = self.state()
                self.assertIn(b'alias old a\n', first[0])

                result = self.quick(command)
                self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b'', b''))
                self.assertEqual(self.state(), first)

                os.utime(os.path.join(self.folder, 'modules.dep'), (time.time() - 50, time.time() - 50))
                self.tree({'kernel/a.ko': Module().modinfo('alias', 'new')})
                self.assertEqual(self.quick(command).returncode, 0)
                self.assertIn(b'alias new a\n', self.state()[0])

                self.age(100)
                os.remove(os.path.join(self.folder, 'modules.dep'))
                self.assertEqual(self.quick(command).returncode, 0)
                self.assertTrue(os.path.exists(os.path.join(self.folder, 'modules.dep')))

    def test_quick_looks_at_every_folder(self):
        """the newer module may stand deep, and be compressed"""
        for command in (kmod.DEPMOD, tap.command('depmod')):
            with self.subTest(command):
                shutil.rmtree(self.base, ignore_errors=True)
                self.tree({'kernel/a.ko': Module()})
                self.age(100)
                self.quick(command)
                os.utime(os.path.join(self.folder, 'modules.dep'), (time.time() - 50, time.time() - 50))
                self.tree({'updates/dkms/x/new.ko.zst': Module().modinfo('alias', 'deep')})
                self.quick(command)
                self.assertIn(b'alias deep new\n', self.state()[0])

    def test_files(self):
        """only the modules that are named"""
        self.tree({'kernel/a.ko': Module().export('e', crc=1).modinfo('alias', 'x'), 'kernel/b.ko': Module().use('e'),
                   'kernel/c.ko': Module().use('e')})
        outside = os.path.join(write_tree(os.path.join(self.scratch, 'elsewhere'), '1', {'d.ko': Module().use('e')}), 'd.ko')
        kernel = os.path.join(self.folder, 'kernel')
        for files in (('a.ko',), ('b.ko', 'a.ko'), (outside, 'a.ko'), ('c.ko',)):
            with self.subTest(files):
                self.compare(VERSION, *(os.path.join(kernel, file) for file in files))

    def test_files_must_be_absolute(self):
        self.tree({'kernel/a.ko': Module()})
        for args in ((VERSION, 'kernel/a.ko'), (VERSION, './a.ko')):
            ours, theirs = self.depmod('-b', self.base, '-o', self.out, *args), self.incumbent(*args)[0]
            self.assertEqual((ours.returncode, theirs.returncode), (1, 1))
            self.assertIn(args[1].encode(), ours.stderr)

    def test_bad_versions(self):
        self.tree({})
        for version in ('six', '6', '6.', '.1', 'x6.1'):
            ours, theirs = self.depmod('-b', self.base, version), self.incumbent(version)[0]
            self.assertEqual((ours.returncode, theirs.returncode), (1, 1), version)
            self.assertIn(b'Bad version passed ' + version.encode(), ours.stderr)

    def test_unknown_option(self):
        ours = self.depmod('--frobnicate', VERSION)
        self.assertEqual(ours.returncode, 1)
        self.assertIn(b'--frobnicate', ours.stderr)

    def test_help_and_version(self):
        for option in ('-h', '--help', '-V', '--version'):
            ours = self.depmod(option)
            self.assertEqual((ours.returncode, ours.stderr), (0, b''), option)
            self.assertTrue(ours.stdout, option)
        # Scripts read the number and the features out of these two lines.
        first, second = self.depmod('-V').stdout.decode().splitlines()
        self.assertRegex(first, r'^kmod version (3[4-9]|[4-9]\d)')
        for feature in ('ZSTD', 'XZ', 'ZLIB'):
            self.assertIn('+' + feature, second.split())

    def test_long_options(self):
        self.symbols_tree()
        _, their_folder = self.incumbent(VERSION)
        expected = kmod.expected_files(their_folder)
        for options in (('--all',), ('--errsyms', '--filesyms=' + self.system_map), ('--symvers', self.symvers),
                        ('--config=' + self.config,), ('--verbose',), ('-ae', '-F', self.system_map), ('--quick',)):
            with self.subTest(options):
                shutil.rmtree(self.out, ignore_errors=True)
                result = self.depmod('--basedir=' + self.base, '--outdir', self.out, *options, VERSION)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.check_files(os.path.join(self.out, 'lib/modules', VERSION), expected)


class Places(TreeCase):
    """where is read and where is written"""

    def setUp(self):
        super().setUp()
        self.tree({'kernel/a.ko': Module().modinfo('alias', 'x').use('e'), 'kernel/b.ko': Module().export('e', crc=1)})
        self.expected = kmod.expected_files(self.incumbent(VERSION)[1])

    def check_place(self, folder, *args):
        result = self.depmod(*args, VERSION)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b'', b''))
        for name in ('modules.order', 'modules.builtin', 'modules.builtin.modinfo'):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                os.remove(path)
        self.check_files(folder, self.expected)
        for name in FILES:
            self.assertEqual(os.stat(os.path.join(folder, name)).st_mode & 0o7777, 0o644, name)

    def test_in_place(self):
        self.check_place(self.folder, '-b', self.base)

    def test_relative_base(self):
        self.check_place(self.folder, '-b', './base/')

    def test_output_folder_is_made(self):
        before = sorted(os.listdir(self.folder))
        self.check_place(os.path.join(self.scratch, 'new/deep/lib/modules', VERSION), '-b', self.base, '-o', 'new/deep')
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_module_folder(self):
        for option in ('usr/lib/modules', '/usr/lib/modules', 'm'):
            with self.subTest(option):
                target = os.path.join(self.scratch, 'root-' + option.replace('/', '-'))
                folder = os.path.join(target, option.lstrip('/'), VERSION)
                shutil.copytree(self.folder, folder)
                self.check_place(folder, '-b', target, '-m', option)

    def test_module_and_output_folder(self):
        target = os.path.join(self.scratch, 'root')
        shutil.copytree(self.folder, os.path.join(target, 'usr/lib/modules', VERSION))
        self.check_place(os.path.join(self.out, 'usr/lib/modules', VERSION),
                         '-b', target, '--moduledir=/usr/lib/modules', '-o', self.out)

    def test_runs_again_over_its_own_files(self):
        self.assertEqual(self.depmod('-b', self.base, VERSION).returncode, 0)
        os.remove(os.path.join(self.folder, 'kernel/a.ko'))
        self.expected = kmod.expected_files(self.incumbent(VERSION)[1])
        self.check_place(self.folder, '-b', self.base)

    def test_umask_does_not_matter(self):
        old = os.umask(0o077)
        try:
            self.check_place(self.folder, '-b', self.base)
        finally:
            os.umask(old)


class Duplicates(TreeCase):
    def test_choice_does_not_depend_on_the_order_of_a_folder(self):
        """the incumbent takes what readdir() gives first, or last"""
        paths = ['%s/dup.ko' % folder for folder in ('kernel', 'extra', 'a', 'z/z', 'updates/b', 'updates/a', 'kernel/x')]
        rng = random.Random(7)
        found = set()
        for _ in range(8):
            rng.shuffle(paths)
            shutil.rmtree(self.base, ignore_errors=True)
            self.tree({path: Module() for path in paths}, order=None)
            found.add(self.read('modules.dep'))
            shutil.rmtree(self.base)
            self.tree({path: Module() for path in paths if not path.startswith('updates')}, order=None)
            found.add(self.read('modules.dep'))
        self.assertEqual(len(found), 2, found)


if __name__ == '__main__':
    tap.main()
