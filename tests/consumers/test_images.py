#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The image builders of Debian make the same images with our commands as with kmod's.

initramfs-tools asks modprobe what to copy, so its images may have more with ours: what is behind
the softdep lines that kmod drops, and not a module else. dracut asks libkmod and gets the same. Our
hooks are in use, and find nothing to add.
"""

import concurrent.futures
import os
import re
import subprocess
import unittest

from builders import COMMANDS, Root
from softdeps import Tree, module_name
import tap

# Drivers that are in every image and name firmware: these files stand in the roots.
WITH_FIRMWARE = 'bnx2', 'e100', 'qla2xxx', 'tg3'
# Commands, libraries that only one of the two programs is linked to, and what lists those.
OURS = re.compile(r'(usr/)?s?bin/(modsure|%s)|usr/lib/[^/]*/lib(z|lzma|crypto)\.so.*|etc/ld\.so\.cache|'
                  r'usr/lib/dracut/modules\.txt' %
                  '|'.join(COMMANDS))


class Kernel:
    """The images of one kernel: @images maps what was built to (with Debian's kmod, with our commands)"""

    def __init__(self, version, folder):
        self.version, self.folder = version, folder
        self.firmware = self._firmware()
        with Root(ours=False) as root:
            root.add_kernel(version, folder)
            self.tree = Tree(root.path, version)
            kmod = self._build(root)
        with Root(ours=True) as root:
            root.add_hooks()
            root.add_kernel(version, folder)
            ours = self._build(root)
        self.images = {name: (kmod[name], ours[name]) for name in kmod}

    def _firmware(self):
        """names that a few drivers ask for, by Debian's modinfo"""
        paths = [os.path.join(parent, name)
                 for parent, _, names in os.walk(os.path.join(self.folder, 'kernel/drivers'))
                 for name in names if module_name(name) in WITH_FIRMWARE]
        told = subprocess.run(['/sbin/modinfo', '-F', 'firmware', *paths], stdout=subprocess.PIPE, check=True)
        return told.stdout.decode().split()

    def _build(self, root):
        for name in self.firmware:
            root.write('usr/lib/firmware/' + name, name)
        return {'most': root.mkinitramfs(self.version),
                'softdeps': root.mkinitramfs(self.version, 'list', self.tree.with_softdeps()),
                'dracut': root.dracut(self.version)}


KERNELS = []


def kernels():
    """each kernel's images (or why there are none), built on the first call, two at a time"""
    if not KERNELS:
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            KERNELS.extend(pool.submit(Kernel, *kernel) for kernel in tap.kernels())
    return [kernel.result() for kernel in KERNELS]


def names(image):
    return {module_name(path) for path in image.modules()}


class Case(unittest.TestCase):
    """What holds for every image"""

    def each(self, check, *wanted):
        """check(kernel, image by kmod, image by ours) of the images of those names"""
        for kernel in kernels():
            for name in wanted:
                with self.subTest(kernel=kernel.version, image=name):
                    check(kernel, *kernel.images[name])

    def same_files(self, kmod, ours):
        """but for modules, their indexes and the commands: the same names, modes and contents"""
        kmod, ours = ({path: file for path, file in image.rest().items() if not OURS.fullmatch(path)}
                      for image in (kmod, ours))
        self.assertEqual(sorted(kmod), sorted(ours))
        self.assertEqual([path for path in kmod if kmod[path] != ours[path]], [])

    def indexed(self, image):
        """the image's own modules.dep names its modules and no other"""
        listed = set()
        for path, (_, content) in image.files.items():
            if path.endswith('/modules.dep'):
                folder = os.path.basename(os.path.dirname(path))
                listed |= {os.path.join(folder, line.split(':')[0]) for line in content.decode().splitlines()}
        self.assertEqual(listed, image.modules())

    def softdeps_only(self, tree, kmod, ours):
        """names of the modules that our image has and kmod's lacks: exactly what softdep lines ask for"""
        expected = tree.closure(names(kmod)) - names(kmod)
        self.assertEqual(names(ours) - names(kmod), expected)
        self.assertEqual(kmod.modules() - ours.modules(), set())
        return sorted(expected)


class InitramfsTools(Case):
    def test_modules(self):
        """MODULES=most: kmod's modules, and what softdep lines that it drops bring in"""
        def check(kernel, kmod, ours):
            more = self.softdeps_only(kernel.tree, kmod, ours)
            print('# %s, MODULES=most: %d modules; ours also has %s' % (
                kernel.version, len(kmod.modules()), ' '.join(more)))
        self.each(check, 'most')

    def test_modules_with_softdeps(self):
        """each module that has a softdep line, asked for by name: again no other difference"""
        def check(kernel, kmod, ours):
            more = self.softdeps_only(kernel.tree, kmod, ours)
            print('# %s, %d modules with softdeps: %d modules; ours also has %s' % (
                kernel.version, len(kernel.tree.with_softdeps()), len(kmod.modules()), ' '.join(more)))
            self.assertTrue(more, 'kmod dropped nothing: this kernel proves nothing')
        self.each(check, 'softdeps')

    def test_other_files(self):
        """firmware, lists, scripts, warnings: the same"""
        def check(kernel, kmod, ours):
            self.same_files(kmod, ours)
            self.assertEqual(kmod.said, ours.said)
        self.each(check, 'most', 'softdeps')

    def test_firmware(self):
        """what drivers name with modinfo is there"""
        def check(kernel, _, ours):
            self.assertTrue(kernel.firmware)
            self.assertEqual([name for name in kernel.firmware if 'usr/lib/firmware/' + name not in ours.files], [])
        self.each(check, 'most')

    def test_index(self):
        """the image's indexes are of its modules"""
        self.each(lambda kernel, kmod, ours: self.indexed(ours), 'most', 'softdeps')


class Dracut(Case):
    def test_modules(self):
        """the same modules"""
        def check(kernel, kmod, ours):
            self.assertEqual(kmod.modules(), ours.modules())
            print('# %s, dracut: %d modules' % (kernel.version, len(ours.modules())))
        self.each(check, 'dracut')

    def test_other_files(self):
        """the rest: the same"""
        self.each(lambda kernel, kmod, ours: self.same_files(kmod, ours), 'dracut')

    def test_index(self):
        """the image's indexes are of its modules"""
        self.each(lambda kernel, kmod, ours: self.indexed(ours), 'dracut')


class Comparison(Case):
    """That the comparison sees what it is for: Debian's own modprobe, made to err"""

    def build(self, root, modprobe=None):
        if modprobe:
            root.remove('usr/sbin/modprobe')
            root.write('usr/sbin/modprobe', '#!/bin/bash\n(exec -a modprobe kmod "$@") | %s\n' % modprobe, 0o755)
        return root.mkinitramfs(self.version, 'list', ['ext4', 'r8169'])

    def test_one_module(self):
        """one module less or more is told apart, by name"""
        self.version, folder = tap.kernels()[0]
        with Root(ours=False) as root:
            root.add_kernel(self.version, folder)
            tree = Tree(root.path, self.version)
            good = self.build(root)
            self.softdeps_only(tree, good, good)
            less = self.build(root, 'grep -v /realtek[.]')
            more = self.build(root, "sed '1i insmod /lib/modules/%s/%s'" % (
                self.version, os.path.relpath(tree.path_of['dummy'], self.version)))
        with self.assertRaisesRegex(AssertionError, 'realtek'):
            self.softdeps_only(tree, good, less)
        with self.assertRaisesRegex(AssertionError, 'dummy'):
            self.softdeps_only(tree, good, more)


if __name__ == '__main__':
    tap.main()
