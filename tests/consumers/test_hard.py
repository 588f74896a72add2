#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A hard dependency in depmod.d reaches everybody who reads modules.dep or its binary form.

r8169 uses no symbol of realtek. Here its soft dependency is taken out of the file, so that nothing
but one line of depmod.d says that it needs it: `harddep r8169 realtek`. Each test looks at what
a reader makes of the indexes with that line, and without it.
"""

import atexit
import lzma
import os
import shutil
import subprocess
import tempfile
import unittest

from builders import Root, make_sample, vmlib
from softdeps import module_name
import indexbin
import tap
import testmodules

KERNEL = '6.12'
CONF = 'etc/depmod.d/hard.conf'
LINE = 'harddep r8169 realtek\n'
ONE_IN = 20     # of the kernel's modules are there
INDEXES = 'modules.dep', 'modules.dep.bin', 'modules.alias', 'modules.alias.bin', 'modules.symbols', 'modules.symbols.bin', \
    'modules.builtin', 'modules.builtin.bin', 'modules.builtin.alias.bin', 'modules.builtin.modinfo', 'modules.softdep'


def tree_without_softdep(folder, version):
    """some of the kernel's modules, with r8169, whose file names no soft dependency any longer"""
    make_sample(folder, version, ['r8169', 'realtek'], ONE_IN)
    path = os.path.join(folder, vmlib.Tree.of(version).paths['r8169'])
    with lzma.open(path) as file:
        data = testmodules.without_tag(file.read(), b'softdep')
    with lzma.open(path, 'wb', check=lzma.CHECK_CRC32, preset=0) as file:
        file.write(data)


class Made:
    """what came of one state of depmod.d: @base/lib/modules/VERSION, @images, @busybox"""

    def __init__(self, root, version, base):
        self.base, self.folder = base, os.path.join(base, 'lib/modules', version)
        root.run('depmod', version)
        os.makedirs(self.folder)
        os.symlink(os.path.join(os.path.dirname(base), 'tree/kernel'), os.path.join(self.folder, 'kernel'))
        for name in INDEXES:
            shutil.copy(os.path.join(root.inside('usr/lib/modules'), version, name), self.folder)
        self.busybox = root.ask('busybox', 'modprobe', '-D', 'r8169').stdout
        self.images = {
            'initramfs-tools': root.mkinitramfs(version, 'list', ['r8169']),
            'dracut': root.dracut(version, options=['--modules', 'base', '--add-drivers', 'r8169'])}


MADE = {}


def made():
    """with the line and without it; made on the first call"""
    if not MADE:
        version = vmlib.kernel_version(KERNEL)
        folder = tempfile.mkdtemp(prefix='modsure-hard-')
        atexit.register(shutil.rmtree, folder)
        tree = os.path.join(folder, 'tree')
        os.mkdir(tree)
        tree_without_softdep(tree, version)
        with Root(ours=True) as root:
            root.add_kernel(version, tree)
            if os.uname().release != version:               # which is what busybox asks for
                os.symlink(version, root.inside('usr/lib/modules/' + os.uname().release))
            MADE['without'] = Made(root, version, os.path.join(folder, 'without'))
            root.write(CONF, LINE)
            MADE['with'] = Made(root, version, os.path.join(folder, 'with'))
    return MADE['with'], MADE['without']


def lines_of(text):
    """{module: names of what stands behind it} of a modules.dep"""
    found = {}
    for line in text.splitlines():
        path, _, rest = line.partition(':')
        found[module_name(path)] = [module_name(other) for other in rest.split()]
    return found


def load_by_text(path, name):
    """what a reader of modules.dep loads, in its order: the line from right to left, then the module"""
    with open(path) as file:
        return lines_of(file.read())[name][::-1] + [name]


def inserted(text):
    """names in the order of the lines `insmod PATH OPTIONS`"""
    return [module_name(line.split()[1]) for line in text.splitlines() if line.startswith('insmod ')]


class Case(unittest.TestCase):
    def both(self, loads):
        """@loads(Made) is what a reader loads for r8169, in order"""
        needs = lines_of(open(os.path.join(made()[1].folder, 'modules.dep')).read())
        declared, bare = map(loads, made())
        self.assertNotIn('realtek', bare)
        self.assertIn('r8169', bare)
        self.assertIn('realtek', declared)
        self.assertEqual(sorted(declared), sorted({'realtek', 'r8169', *needs['realtek'], *needs['r8169']}))
        self.assertLess(declared.index('realtek'), declared.index('r8169'))
        for name in declared:
            for other in needs[name]:
                self.assertLess(declared.index(other), declared.index(name), '%s needs %s' % (name, other))


class Readers(Case):
    """Programs that read the indexes of a machine"""

    def test_no_softdep(self):
        """nothing else says it: neither a soft dependency nor a symbol"""
        for each in made():
            with open(os.path.join(each.folder, 'modules.softdep')) as file:
                self.assertNotIn(' r8169 ', file.read())
        self.assertNotIn('realtek', vmlib.Tree.of(vmlib.kernel_version(KERNEL)).needs('r8169'))

    def test_text(self):
        """who reads modules.dep as text (genkernel, booster, u-root, Android) loads realtek before r8169"""
        self.both(lambda each: load_by_text(os.path.join(each.folder, 'modules.dep'), 'r8169'))

    def test_busybox(self):
        """so does busybox"""
        self.both(lambda each: inserted(each.busybox))

    def test_kmod(self):
        """so does Debian's kmod"""
        version = vmlib.kernel_version(KERNEL)
        self.both(lambda each: inserted(subprocess.run(
            ['/sbin/modprobe', '-C', '/dev/null', '-d', each.base, '-S', version, '-D', 'r8169'],
            stdout=subprocess.PIPE, check=True).stdout.decode()))


class Images(Case):
    """Images for which r8169 was asked for by name; our hooks are not in use"""

    def each(self, check):
        for builder in made()[0].images:
            with self.subTest(builder=builder):
                check(*(each.images[builder] for each in made()))

    def file(self, image, name):
        """content of an index in the image"""
        return next(content for path, (_, content) in image.files.items()
                    if 'lib/modules/' in path and os.path.basename(path) == name)

    def test_presence(self):
        """realtek is in the image"""
        def check(declared, bare):
            names = [{module_name(path) for path in image.modules()} for image in (declared, bare)]
            self.assertIn('r8169', names[1])
            self.assertEqual(names[0] ^ names[1], {'realtek'})
            self.assertIn('realtek', names[0])
        self.each(check)

    def test_text(self):
        """the image's own modules.dep, made by depmod in the image, has it"""
        def check(declared, bare):
            lines = [lines_of(self.file(image, 'modules.dep').decode()) for image in (declared, bare)]
            self.assertIn('realtek', lines[0]['r8169'])
            self.assertNotIn('realtek', lines[1]['r8169'])
        self.each(check)

    def test_binary(self):
        """and modules.dep.bin as well"""
        def check(declared, bare):
            for image in declared, bare:
                lines = [value.decode() for key, values in indexbin.entries(self.file(image, 'modules.dep.bin'))
                         if key == b'r8169' for _, value in values]
                self.assertEqual('realtek' in lines_of(lines[0])['r8169'], image is declared, lines)
        self.each(check)

    def test_source(self):
        """modules.modsure.bin of the image says where it was declared"""
        def check(declared, bare):
            index = dict(indexbin.entries(self.file(declared, 'modules.modsure.bin')))
            values = [value.decode() for _, value in index[b'harddep:r8169']]
            self.assertEqual([value.split()[0] for value in values], ['realtek'])
            self.assertTrue(values[0].endswith('/%s:1' % CONF), values)
            self.assertNotIn(b'harddep:r8169', dict(indexbin.entries(self.file(bare, 'modules.modsure.bin'))))
        self.each(check)


if __name__ == '__main__':
    tap.main()
