# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test cases that put depmod beside the incumbent's, and the trees that they run on."""

import multiprocessing
import os
import re
import shutil
import tempfile
import unittest

import depmod_reference
import indexbin
import kmod
import references
import tap
from mkmod import Module, write_tree

VERSION = '6.1.0-test'
FILES = depmod_reference.FILES
TEXT_FILES = [name for name in FILES if not name.endswith('.bin')]
INDEXES = [name for name in FILES if name.endswith('.bin')]
MAY_EXIST = {'modules.modsure.bin'}     # of ours alone


def example(pattern):
    """a request that the alias @pattern matches"""
    return re.sub(rb'\[(.)[^\]]*\]|[*?]', lambda match: match[1] or b'0', pattern)


def keys_of(folder, one_in=1):
    """every key of every index there, and something that it matches for one pattern in so many"""
    keys = set()
    for name in INDEXES:
        if os.path.getsize(os.path.join(folder, name)):
            found = [key for key, _ in indexbin.read(os.path.join(folder, name)) if key]
            keys.update(found, map(example, found[::one_in]))
    return sorted(keys)


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
        if len(keys) < 1000:
            found, expected = kmod.lookups(ours, keys), kmod.lookups(theirs, keys)
        else:
            with multiprocessing.Pool(2) as pool:
                found, expected = pool.starmap(references.lookups, [(ours, keys), (theirs, keys)])
        for key in keys:
            self.assertEqual(found[key], expected[key], 'lookup of %r' % key)


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
        module = Module(cls=rng.choice((32, 64)), endian=rng.choice(('little', 'big')),
                        machine=rng.choice((None, 20, 22)))
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
