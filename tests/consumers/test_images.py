#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The image builders of Debian make the same images with our commands as with kmod's.

initramfs-tools asks modprobe what to copy, so its images may have more with ours: what is behind
the softdep lines that kmod drops, and not a module else. dracut asks libkmod and gets the same.
"""

import concurrent.futures
import os
import re
import stat
import subprocess
import unittest

from builders import COMMANDS, Root
from images import below_modules, is_module
from softdeps import Tree, module_name, normal
import tap

N_WORKERS = 2
# Drivers that are in every image and name firmware: these files stand in the roots.
WITH_FIRMWARE = 'bnx2', 'e100', 'qla2xxx', 'tg3'
# Commands, libraries that only one of the two programs is linked to, and what lists them.
OURS = re.compile(r'usr/(bin|sbin)/(modsure|%s)|usr/lib/[^/]*/lib(z|lzma|crypto)\.so.*|etc/ld\.so\.cache' % '|'.join(COMMANDS))


class Kernel:
    """The images of one kernel: by name, (with Debian's kmod, with our commands)"""

    def __init__(self, version, folder):
        self.version, self.folder = version, folder
        self.firmware = self.firmware_names()
        with Root(ours=False) as root:
            root.add_kernel(version, folder)
            self.tree = Tree(root.path, version)
            self.softdep_users = sorted(name for name in self.tree.softdeps if name in self.tree.depends)

    def firmware_names(self):
        """of a few drivers, from Debian's modinfo"""
        paths = [os.path.join(parent, name) for parent, _, names in os.walk(os.path.join(self.folder, 'kernel/drivers'))
                 for name in names if module_name(name) in WITH_FIRMWARE]
        told = subprocess.run(['/sbin/modinfo', '-F', 'firmware', *paths], stdout=subprocess.PIPE, check=True)
        return told.stdout.decode().split()

    def build(self, ours):
        with Root(ours) as root:
            root.add_kernel(self.version, self.folder)
            for name in self.firmware:
                root.write('usr/lib/firmware/' + name, name)
            return {'most': root.mkinitramfs(self.version),
                    'softdeps': root.mkinitramfs(self.version, 'list', self.softdep_users),
                    'dracut': root.dracut(self.version)}


def setUpModule():
    global KERNELS
    with concurrent.futures.ThreadPoolExecutor(N_WORKERS) as pool:
        KERNELS = list(pool.map(lambda kernel: Kernel(*kernel), tap.kernels()))
        jobs = [(kernel, pool.submit(kernel.build, False), pool.submit(kernel.build, True)) for kernel in KERNELS]
    for kernel, kmod, ours in jobs:
        kernel.images = {name: (kmod.result()[name], ours.result()[name]) for name in kmod.result()}
