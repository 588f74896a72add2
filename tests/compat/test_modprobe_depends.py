#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modprobe beside the incumbent's on two real kernels. See tests/lib/tap.py for the environment.

Ours names every module once, and what all softdep lines ask for; the incumbent knows the first line of
a module only, and of that only what stands behind pre: or post:. What has to be in a list is worked out
here, from the text files.
"""

import fnmatch
import functools
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from multiprocessing.pool import ThreadPool

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import kmod  # noqa: E402
import modprobecase  # noqa: E402
import tap  # noqa: E402
from depmodcase import example  # noqa: E402

N_ALIASES = 4000
EACH = 'while read -r name; do echo "# $name"; "$0" -d "$1" -S "$2" $3 "$name" 2>&1; echo "= $?"; done'
# What Debian 12 has in lib/modprobe.d, and options beside.
RULES = '''softdep uhci-hcd pre: ehci-hcd
softdep ohci-hcd pre: ehci-hcd
options bonding max_bonds=0
options snd-pcsp index=-2
blacklist pcspkr
'''


def name_of(path):
    return os.path.basename(path).split('.')[0].replace('-', '_')


class Texts:
    """what the text files of a module folder say"""

    def __init__(self, folder, rules):
        self.needs, self.files, self.soft = {}, {}, {}
        for line in self.read(folder, 'modules.dep'):
            path, _, needs = line.partition(':')
            self.files[name_of(path)] = path
            self.needs[name_of(path)] = [name_of(need) for need in needs.split()]
        for line in self.read(folder, 'modules.softdep') + rules.splitlines():
            if line.startswith('softdep '):
                _, name, *words = line.split()
                self.soft.setdefault(name.replace('-', '_'), []).append(words)
        self.builtin = {name_of(line) for line in self.read(folder, 'modules.builtin')}
        self.aliases, self.patterns = {}, []
        for line in self.read(folder, 'modules.alias'):
            if line.startswith('alias '):
                _, alias, module = line.split()
                if re.search(r'[*?[]', alias):
                    self.patterns.append((alias, module))
                else:
                    self.aliases.setdefault(alias.replace('-', '_'), []).append(module)
        with open(os.path.join(folder, 'modules.builtin.modinfo'), 'rb') as file:
            self.builtin_aliases = dict(
                (value.decode().replace('-', '_'), module.decode().replace('-', '_')) for module, value in
                re.findall(rb'([^.\0]*)\.alias=([^\0]*)\0', file.read()))

    @staticmethod
    def read(folder, name):
        with open(os.path.join(folder, name), encoding='ascii') as file:
            return file.read().splitlines()

    @functools.lru_cache(maxsize=None)
    def answers(self, word):
        name = word.replace('-', '_')
        if name in self.files:
            return [name]
        found = self.aliases.get(name, []) + [module for alias, module in self.patterns if fnmatch.fnmatchcase(name, alias)]
        if found:
            return found
        return [name] if name in self.builtin else [self.builtin_aliases[name]] if name in self.builtin_aliases else []

    def closure(self, name, is_whole=True):
        """modules that are to be listed for @name; with is_whole False, those that the incumbent knows of"""
        found, todo = set(), [name]
        while todo:
            name = todo.pop()
            if name in found:
                continue
            found.add(name)
            if name not in self.files:
                continue
            todo += self.needs[name]
            for words in self.soft.get(name, ()) if is_whole else self.soft.get(name, ())[:1]:
                known = is_whole
                for word in words:
                    if word in ('pre:', 'post:'):
                        known = True
                    elif known:
                        todo += self.answers(word)
        return found


class RealKernels(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.root = tempfile.mkdtemp(prefix='modsure-modprobe.')
        cls.texts = {}
        rules = os.path.join(cls.root, 'zz.conf')
        with open('/etc/modprobe.d/zz.conf', 'w', encoding='ascii') as file:
            file.write(RULES)
        with open(rules, 'w', encoding='ascii') as file:
            file.write('')
        for version, source in tap.kernels():
            folder = os.path.join(cls.root, 'lib/modules', version)
            kmod.link_modules(source, folder)
            subprocess.run([tap.command('depmod'), '-C', rules, '-b', cls.root, version], check=True)
            cls.texts[version] = Texts(folder, RULES)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root)

    def each(self):
        for version, texts in self.texts.items():
            with self.subTest(version):
                yield version, texts

    def lists(self, program, version, options, names):
        """{name: lines of output}; the last one is the exit status"""
        done = subprocess.run(['sh', '-c', EACH, program, self.root, version, options], input='\n'.join(names) + '\n',
                              stdout=subprocess.PIPE, timeout=600, check=True, encoding='utf-8')
        found = {}
        for line in done.stdout.splitlines():
            if line.startswith('# '):
                found[line[2:]] = lines = []
            else:
                lines.append(line)
        self.assertEqual(set(found), set(names))
        return found

    def both(self, version, options, names):
        with ThreadPool(2) as pool:
            return pool.starmap(self.lists, [(tap.command('modprobe'), version, options, names),
                                             (modprobecase.KMOD, version, options, names)])

    def module(self, line):
        words = line.split()
        return name_of(words[1]) if words[0] == 'insmod' else words[1]

    def test_every_module(self):
        for version, texts in self.each():
            names = sorted(texts.files)
            self.assertGreater(len(names), 4000)
            ours = self.lists(tap.command('modprobe'), version, '-D', names)
            with kmod.Library(os.path.join(self.root, 'lib/modules', version), has_config=True) as library:
                theirs = {name: library.planned(name.encode()) + ['= 0'] for name in names}
            some = random.Random(version).sample(names, 50)
            self.assertEqual(self.lists(modprobecase.KMOD, version, '-D', some), {name: theirs[name] for name in some})
            n_longer = 0
            for name in names:
                self.assertEqual((ours[name][-1], theirs[name][-1]), ('= 0', '= 0'), (ours[name], theirs[name]))
                found = [self.module(line) for line in ours[name][:-1]]
                known, whole = texts.closure(name, False), texts.closure(name)
                self.assertEqual(len(found), len(set(found)), found)
                self.assertEqual(set(found), whole, name)
                self.assertEqual([line for line in ours[name] if line[:2] == '= ' or self.module(line) in known],
                                 list(dict.fromkeys(theirs[name])), name)
                for module in found:
                    for need in texts.needs.get(module, ()):
                        self.assertLess(found.index(need), found.index(module), '%s needs %s' % (module, need))
                n_longer += whole != known
            self.assertGreaterEqual(n_longer, 3, 'softdep lines that the incumbent drops')

    def test_soft_dependencies_that_the_incumbent_drops(self):
        """the modules that the kernel's authors ask for, by name"""
        for version, expected in (('6.1', {'btrfs': {'xxhash_generic', 'sha256_ssse3'}, 'cifs': {'ccm', 'gcm', 'cmac', 'ecb', 'aesni_intel'}}),
                                  ('6.12', {'btrfs': {'xxhash_generic', 'sha256_ssse3'}, 'cifs': {'ccm', 'gcm', 'cmac', 'aesni_intel'},
                                            'bcachefs': {'poly1305_generic', 'chacha_generic'}, 'ksmbd': {'ccm', 'gcm', 'cmac'}})):
            version = next(name for name in self.texts if name.startswith(version + '.'))
            ours, theirs = self.both(version, '-D', sorted(expected))
            for name, extra in expected.items():
                lines = [self.module(line) for line in ours[name][:-1]]
                self.assertEqual(extra - set(lines), set(), name)
                self.assertEqual(extra & {self.module(line) for line in theirs[name][:-1]}, set(), name)
                self.assertEqual(lines[-1], name, 'pre: and nothing are before it')

    def test_aliases(self):
        """thousands of requests as hardware makes them"""
        for version, texts in self.each():
            folder = os.path.join(self.root, 'lib/modules', version)
            patterns = [line.split()[1] for name in ('modules.alias', 'modules.symbols')
                        for line in Texts.read(folder, name) if line.startswith('alias ')]
            requests = [example(pattern.encode()).decode() for pattern in random.Random(version).sample(patterns, N_ALIASES)]
            requests += ['nosuch:*', 'pci:v00008086d*', 'x' * 4000, 'of:N*T*C*'] + [name.replace('_', '-') for name in list(texts.files)[:200]]
            where = ['-d', self.root, '-S', version, '-R', '-a', *requests]
            ours = modprobecase.run(tap.command('modprobe'), *where)
            theirs = modprobecase.run(modprobecase.KMOD, *where)
            self.assertGreater(ours.out.count('\n'), N_ALIASES)
            self.assertEqual(ours.out.splitlines(), theirs.out.splitlines())
            self.assertEqual(ours.status, theirs.status)

    def test_versions_and_exports(self):
        for version, texts in self.each():
            folder = os.path.join(self.root, 'lib/modules', version)
            for name in random.Random(version).sample(sorted(texts.files), 40) + ['usbcore', 'ext4', 'btrfs', 'snd']:
                path = os.path.join(folder, texts.files[name])
                for option in ('--dump-modversions', '--show-exports'):
                    ours = modprobecase.run(tap.command('modprobe'), option, path)
                    theirs = modprobecase.run(modprobecase.KMOD, option, path)
                    # ours are in the order of the symbol table, the incumbent's in that of the versions
                    self.assertEqual(sorted(ours.out.splitlines()), sorted(theirs.out.splitlines()), (option, path))
                    self.assertEqual(ours.status, theirs.status)

    def test_configuration_and_indexes(self):
        """-c is the same but for softdep words, which are shown behind the pre: that they count as"""
        for version, _ in self.each():
            ours, theirs = (modprobecase.run(program, '-d', self.root, '-S', version, '-c')
                            for program in (tap.command('modprobe'), modprobecase.KMOD))
            self.assertEqual((ours.status, ours.err, theirs.status), (0, '', 0))
            lines = {is_soft: ([line for line in ours.out.splitlines() if line.startswith('softdep ') == is_soft],
                               [line for line in theirs.out.splitlines() if line.startswith('softdep ') == is_soft])
                     for is_soft in (False, True)}
            self.assertGreater(len(lines[False][0]), 10000)
            self.assertEqual(*lines[False])
            self.assertEqual(len(lines[True][0]), len(lines[True][1]))
            for one, other in zip(*lines[True]):
                if one != other:
                    self.assertEqual(len(other.split()), 2, (one, other))     # a line without pre: that the incumbent emptied
                    self.assertRegex(one, '^' + other.rstrip() + ' pre: ')


if __name__ == '__main__':
    modprobecase.enter_namespace()
    tap.main()
