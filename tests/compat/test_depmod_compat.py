#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""depmod's files beside the incumbent's: the same bytes, and the same answers to those who read them.

What is expected comes from Debian's kmod, from the independent generator in tests/golden, or stands
here as a literal. See tests/lib/tap.py for the environment.
"""

import collections
import fnmatch
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import indexbin  # noqa: E402
import kmod  # noqa: E402
import references  # noqa: E402
import tap  # noqa: E402
from depmodcase import FILES, INDEXES, MAY_EXIST, TEXT_FILES, VERSION  # noqa: E402
from depmodcase import Case, TreeCase, keys_of, random_tree  # noqa: E402
from mkmod import Module, STT_SPARC_REGISTER, write_tree  # noqa: E402

GENERATOR = os.path.join(HERE, '../golden/depmod_reference.py')
EXAMPLE = os.path.normpath(os.path.join(HERE, '../../dist/depmod.d/kernel-harddeps.conf'))


class Kernels(Case):
    """Debian's kernels"""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory(prefix='modsure-kernels.')
        cls.kernels = tap.kernels()
        if not cls.kernels:
            raise OSError('no kernels in MODSURE_KERNELS')
        base = os.path.join(os.path.dirname(cls.kernels[0][1]), '../..')
        roots = {'kmod': references.kmod_root(), 'golden': cls.golden_root(base)}
        cls.theirs, cls.golden, cls.golden_hard = (
            {version: os.path.join(roots[kind], below, version) for version, _ in cls.kernels}
            for kind, below in (('kmod', 'lib/modules'), ('golden', 'plain'), ('golden', 'hard')))
        cls.ours, cls.results, cls.ours_hard, cls.results_hard = {}, {}, {}, {}
        for version, _ in cls.kernels:
            out = os.path.join(cls.scratch.name, 'ours')
            cls.results[version] = kmod.run(tap.command('depmod'), '-b', base, '-o', out, version)
            cls.ours[version] = os.path.join(out, 'lib/modules', version)
            out = os.path.join(cls.scratch.name, 'ours-hard')
            cls.results_hard[version] = kmod.run(tap.command('depmod'), '-C', EXAMPLE, '--merge-softdeps', '-b', base,
                                                 '-o', out, version)
            cls.ours_hard[version] = os.path.join(out, 'lib/modules', version)

    @classmethod
    def golden_root(cls, base):
        """what the independent generator writes: "plain", and "hard" with the example's hard dependencies"""
        def make(root):
            for version, _ in cls.kernels:
                plain, hard = (os.path.join(root, kind, version) for kind in ('plain', 'hard'))
                os.makedirs(plain)
                os.makedirs(hard)
                subprocess.run([GENERATOR, base, version, plain, EXAMPLE, hard], check=True)

        return references.kept_folder(references.kernels_key('golden', files=(GENERATOR, EXAMPLE)), make)

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

    def test_namespaces_are_those_in_the_files(self):
        for version in self.each():
            with open(os.path.join(self.golden[version], 'namespaces'), 'rb') as file:
                expected = file.read()
            self.assertGreater(expected.count(b'\n'), 400)
            found = indexbin.read(os.path.join(self.ours[version], 'modules.modsure.bin'))
            self.assertTrue(expected == b''.join(b'%s %s\n' % (key, value) for key, values in found
                                                 if key.startswith(b'namespace:') for _, value in values))

    def test_lookups_through_the_incumbents_library(self):
        for version, folder in self.kernels:
            with self.subTest(version=version):
                if not os.path.islink(os.path.join(self.ours[version], 'kernel')):
                    kmod.link_modules(folder, self.ours[version])
                keys = keys_of(self.golden[version], one_in=5)     # each takes 0.1 ms
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


    def texts(self, version):
        """(names in modules.dep, names that are built in, {module: its softdep tags}, [(alias, module)...])"""
        files = kmod.read_files(self.golden[version])
        names = {depmod_reference.module_name(line.split(b':')[0].decode())
                 for line in files['modules.dep'].splitlines()}
        builtin = {key.decode() for key, _ in indexbin.entries(files['modules.builtin.bin']) if key}
        softdeps = collections.defaultdict(list)
        for line in files['modules.softdep'].decode().splitlines()[1:]:
            _, name, text = line.split(' ', 2)
            softdeps[name].append(text)
        return names, builtin, softdeps, [line.split()[1:] for line in files['modules.alias'].decode().splitlines()[1:]]

    def test_example_of_hard_dependencies(self):
        """each line is understood; what a driver of this kernel lacks is a warning that names all three"""
        lines = list(depmod_reference.hard_lines(EXAMPLE))
        self.assertGreater(len(lines), 20)
        for version in self.each():
            names, builtin, _, _ = self.texts(version)
            result = self.results_hard[version]
            self.assertEqual((result.returncode, result.stdout), (0, b''))
            expected = [(owner, word) for owner, word in lines if owner in names and word not in names | builtin]
            said = result.stderr.decode().splitlines()
            self.assertEqual(len(said), len(expected), said)
            for owner, word in expected:
                self.assertTrue(any(re.search(r"WARNING: .*/%s\.ko\S*: .*'%s'.*%s:\d+" % (
                    owner.replace('_', '[-_]'), word, re.escape(EXAMPLE)), line) for line in said), said)

    def test_hard_dependencies_are_in_modules_dep(self):
        """and nothing else of the classic files changes but for merged soft dependencies"""
        for version in self.each():
            expected = kmod.read_files(self.golden_hard[version])
            for name, text in kmod.read_files(self.ours_hard[version]).items():
                if name != 'modules.softdep':
                    self.assertTrue(text == expected[name], name)
            names, _, _, _ = self.texts(version)
            index = dict(indexbin.entries(expected['modules.dep.bin']))
            edges = [(owner, word) for owner, word in depmod_reference.hard_lines(EXAMPLE)
                     if owner in names and word in names]
            self.assertIn(('r8169', 'realtek'), edges)
            for owner, word in edges:
                line = index[owner.encode()][0][1].decode().split()
                self.assertIn(word, [depmod_reference.module_name(path) for path in line[1:]])

    def test_merged_soft_dependencies(self):
        """one line a module has all words of its tags, and the incumbent plans all of them"""
        for version, folder in self.kernels:
            with self.subTest(version=version):
                names, builtin, softdeps, aliases = self.texts(version)
                with open(os.path.join(self.ours_hard[version], 'modules.softdep'), encoding='ascii') as file:
                    lines = [line.rstrip('\n').split(' ', 2) for line in list(file)[1:]]
                self.assertEqual([name for _, name, _ in lines], list(softdeps))
                for _, name, text in lines:
                    expected = {}
                    for phase, word in words_of(softdeps[name]):
                        expected.setdefault(phase, phase + ':')
                        expected[phase] += ' ' + word
                    self.assertEqual(text, ' '.join(expected.values()), name)
                kmod.link_modules(folder, self.ours_hard[version])
                dep = {line.split(':')[0]: line.split()[1:] for line in kmod.read_files(
                    self.golden[version])['modules.dep'].decode().splitlines()}
                for name in ('btrfs', 'cifs'):
                    self.assertGreater(len(softdeps[name]), 1)
                    expected = self.loaded(name, names - builtin, softdeps, aliases, dep)
                    result = kmod.run('/sbin/modprobe', '-D', '-C', '/dev/null', '-S', version, '-d',
                                      os.path.join(self.scratch.name, 'ours-hard'), name)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    found = [depmod_reference.module_name(line.split()[1]) for line
                             in result.stdout.decode().splitlines() if line.startswith('insmod ')]
                    self.assertEqual(set(found), expected)

    def loaded(self, name, names, softdeps, aliases, dep):
        """all that a module brings in, directly or not"""
        path_of = {depmod_reference.module_name(path): path for path in dep}
        seen, stack = set(), [name]
        while stack:
            at = stack.pop()
            if at in seen or at not in names:
                continue
            seen.add(at)
            stack += map(depmod_reference.module_name, dep[path_of[at]])
            for _, word in words_of(softdeps.get(at, [])):
                word = word.replace('-', '_')
                stack += [word] if word in names else [
                    module for alias, module in aliases if fnmatch.fnmatchcase(word, alias.replace('-', '_'))]
        return seen


def words_of(texts):
    """[('pre' or 'post', word)...] of softdep tags: pre first, each once"""
    found = []
    for text in texts:
        phase = 'pre'
        for word in text.split():
            if word in ('pre:', 'post:'):
                phase = word[:-1]
            elif (phase, word) not in found:
                found.append((phase, word))
    return sorted(found, key=lambda entry: entry[0] != 'pre')


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
            'kernel/a.ko': Module().modinfo('alias', 'two words').modinfo('alias', ' ').modinfo('softdep', ''),
            'kernel/b.ko': Module().modinfo('alias', 'x' * 3000).modinfo('alias', '!"$%&()+,./:;<=>@\\^`{|}~'),
            'kernel/c.ko': Module().modinfo_raw(b'alias=in\0\0\0alias=out\0').modinfo('aliases', 'no'),
        })
        self.compare(generator=True)

    def test_texts_that_no_line_can_hold(self):
        """are left out and reported with the file, where the incumbent writes lines that no one can read"""
        for text in ('', 'tab\tbed', 'new\nline', 'bell\a', 'delete\x7f'):
            with self.subTest(text):
                self.tree({'kernel/odd-one.ko': Module().modinfo('alias', 'before').modinfo('alias', text)
                                                        .modinfo('alias', 'after')})
                result = self.depmod('-b', self.base, VERSION)
                self.assertEqual(result.returncode, 0)
                self.assertIn(b'kernel/odd-one.ko: alias ', result.stderr)
                files = kmod.read_files(self.folder)
                self.assertEqual(files['modules.alias'].splitlines()[1:],
                                 [b'alias before odd_one', b'alias after odd_one'])
                self.assertEqual(indexbin.entries(files['modules.alias.bin']),
                                 [(b'after', [(0, b'odd_one')]), (b'before', [(0, b'odd_one')])])

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
                                         b'kernel/u.ko: kernel/p.ko kernel/q.ko')

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
        """the first line counts, as in kmod 34; in Debian's 30 the last one did"""
        self.tree(self.FILES, order=['kernel/x.ko', 'kernel/mid.ko', 'kernel/x.ko', 'kernel/r.ko', 'kernel/mid.ko'])
        self.read('modules.dep')
        self.check_files(os.path.join(self.out, 'lib/modules', VERSION), depmod_reference.outputs(self.folder))
        self.assertTrue(self.read('modules.dep').startswith(b'kernel/x.ko:\nkernel/mid.ko:\nkernel/r.ko:\n'))

    def test_names_must_match_exactly(self):
        self.tree(self.FILES, order=['kernel/c-d.ko', 'kernel/a_b.ko', './kernel/x.ko', 'x.ko', ' kernel/r.ko', ''])
        self.compare(generator=True)

    def test_no_file(self):
        self.tree(self.FILES, order=None)
        ours, _ = self.compare(generator=True)
        self.assertIn(b'modules.order', ours.stderr)

    def test_last_line_without_its_end(self):
        """counts like the others; for its sake the incumbent passes over the whole file"""
        folder = self.tree(self.FILES, order=None)
        with open(os.path.join(folder, 'modules.order'), 'w', encoding='utf-8') as file:
            file.write('kernel/x.ko\nkernel/r.ko')
        self.assertEqual(self.read('modules.dep').splitlines()[:2], [b'kernel/x.ko:', b'kernel/r.ko:'])

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
                                   ('ext4', 'alias', 'u[a-b]-*'), ('zz', 'alias', 'fs-foo'), ('b-c', 'alias', 'dash'),
                                   ('ext4', 'parm', 'alias=no'), ('x', 'alias', 'x=y')])
        self.compare(generator=True)

    def test_bad_lines(self):
        self.tree(self.FILES, builtin=['kernel/b.ko', '1kernel/c.ko', '', '/kernel/d.ko', ' kernel/f.ko',
                                       'kernel/e.ko'])
        self.compare(generator=True)

    def test_no_list(self):
        self.tree(self.FILES, builtin=None, builtin_modinfo=[('b', 'alias', 'z')])
        ours, _ = self.compare(generator=True)
        self.assertIn(b'modules.builtin', ours.stderr)
        self.assertEqual(self.read('modules.builtin.bin'), kmod.EMPTY_INDEX)

    def test_no_modinfo(self):
        self.tree(self.FILES, builtin=['kernel/b.ko'], builtin_modinfo=None)
        ours, _ = self.compare(generator=True)
        self.assertIn(b'modules.builtin.modinfo', ours.stderr)
        self.assertEqual(self.read('modules.builtin.alias.bin'), kmod.EMPTY_INDEX)

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
            'top.ko': Module(), 'kernel/two.dots.ko': Module().modinfo('alias', 'dots'),
            'kernel/a.ko.bak': Module(), 'kernel/b.KO': Module(), 'kernel/c.o': Module(), 'kernel/dko': Module(),
            'build/e.ko': Module(), 'source/f.ko': Module(), 'kernel/build/g.ko': Module(),
            'kernel/h/i/j/k.ko': Module(), 'kernel/.dot/l.ko': Module(), 'kernel/m': Module(),
            'kernel/n.ko.xz.tmp': Module(), 'elsewhere/o.ko': Module(),
        }, order=['kernel/h/i/j/k.ko', 'kernel/two.dots.ko', 'top.ko'])
        os.makedirs(os.path.join(folder, 'kernel/folder.ko'))
        os.symlink('../elsewhere/o.ko', os.path.join(folder, 'kernel/p.ko'))
        os.symlink('gone.ko', os.path.join(folder, 'kernel/dangling.ko'))
        self.compare()

    def test_a_file_that_is_no_module_by_name(self):
        """the name of a module ends at the first dot, so this one has none"""
        self.tree({'kernel/.hidden.ko': Module().export('e', crc=1), 'kernel/a.ko': Module().use('e')}, order=None)
        result = self.depmod('-b', self.base, VERSION)
        self.assertEqual(result.returncode, 0)
        self.assertIn(b'kernel/.hidden.ko', result.stderr)
        self.assertEqual(kmod.read_files(self.folder)['modules.dep'], b'kernel/a.ko:\n')

    def test_linked_folder(self):
        folder = self.tree({'kernel/a.ko': Module().export('e', crc=1)})
        write_tree(os.path.join(self.scratch, 'other'), '1', {'drivers/b-c.ko': Module().use('e')})
        os.symlink(os.path.join(self.scratch, 'other/lib/modules/1'), os.path.join(folder, 'extra'))
        os.symlink('/', os.path.join(folder, 'build'))
        self.compare(generator=True)

    def test_compression_is_told_by_content(self):
        plain = Module().modinfo('alias', 'plain').bytes()
        self.tree({'kernel/a.ko.xz': Module().modinfo('alias', 'xz'),
                   'kernel/b.ko.zst': Module().modinfo('alias', 'zst'),
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


if __name__ == '__main__':
    tap.main()
