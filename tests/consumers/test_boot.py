#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's kernels find their root disk from images that the real builders made with our commands.

The image has every driver as a module. What loads them is our modprobe alone, or udev through
Debian's libkmod, which reads the indexes that our depmod wrote into the image. The disk's init
tells from which device it runs and what is loaded.
"""

import concurrent.futures
import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../vm'))

import builders                                                              # noqa: E402
from builders import Root, tap                                               # noqa: E402
import vmlib                                                                 # noqa: E402

BOOT_SECONDS_MAX = 180
MEMORY_MIB = 512
# kernel, compression of its modules (None: as Debian ships them), disk, who loads
CASES = [
    ('6.1', None, 'virtio', 'modprobe'),
    ('6.1', 'zst', 'ahci', 'modprobe'),
    ('6.12', None, 'ahci', 'modprobe'),
    ('6.12', 'zst', 'virtio', 'modprobe'),
    ('6.12', None, 'virtio', 'udev'),
]
DISKS = {
    'virtio': ('/dev/vda', ['virtio_pci', 'virtio_blk'], ['-device', 'virtio-blk-pci,drive=disk']),
    'ahci': ('/dev/sda', ['ahci', 'sd_mod'], ['-device', 'ahci,id=ahci', '-device', 'ide-hd,drive=disk,bus=ahci.0']),
}
# What answers when ext4 asks the kernel for crypto-crc32c.
FILE_SYSTEM = 'ext4', 'crc32c_generic', 'crc32c_intel'


def drivers(tree, disk):
    """modules that the disk needs; in some versions one of them is built in"""
    return [name for name in DISKS[disk][1] if name in tree.paths]


def make_tree(path, version, compression):
    """a modules folder with the drivers of every case and what they need"""
    tree = vmlib.Tree.of(version)
    for name in tree.closure([*FILE_SYSTEM, *drivers(tree, 'virtio'), *drivers(tree, 'ahci')]):
        source = os.path.join(tree.folder, tree.paths[name])
        target = os.path.join(path, tree.paths[name])
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if compression:
            recompress(source, target, compression)
        else:
            shutil.copy(source, target)
    for name in 'modules.order', 'modules.builtin', 'modules.builtin.modinfo':
        shutil.copy(os.path.join(tree.folder, name), path)


def recompress(source, target, compression):
    with open(source, 'rb') as file:
        data = file.read()
    if source.endswith('.xz'):
        data = lzma.decompress(data)
    assert compression == 'zst'
    target = re.sub(r'\.ko.*$', '.ko.zst', target)
    subprocess.run(['zstd', '-q', '-3', '-o', target], input=data, check=True)


def make_disk(path):
    """an ext4 disk with a directory for each mount and our init"""
    with tempfile.TemporaryDirectory() as folder:
        for name in 'dev', 'proc', 'sys', 'run', 'sbin', 'etc', 'root', 'tmp':
            os.mkdir(os.path.join(folder, name))
        subprocess.run(['gcc', '-static', '-O2', '-Wall', '-o', os.path.join(folder, 'sbin/init'),
                        os.path.join(HERE, 'rootdisk.c')], check=True)
        subprocess.run(['mkfs.ext4', '-q', '-d', folder, path, '16M'], check=True)


def boot(version, initrd, disk_path, disk, append):
    """what the root disk's init told, as {title: lines}, and the kernel's log"""
    device, _, qemu = DISKS[disk]
    with tempfile.TemporaryDirectory() as scratch:
        console, output = os.path.join(scratch, 'console'), os.path.join(scratch, 'output')
        command = vmlib.qemu_command(version, initrd, 'root=%s ro %s' % (device, append), MEMORY_MIB, 1)
        command += ['-serial', 'file:' + console, '-serial', 'file:' + output, *qemu, '-drive',
                    'if=none,id=disk,format=raw,snapshot=on,file=' + disk_path]
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, timeout=BOOT_SECONDS_MAX).returncode
        except subprocess.TimeoutExpired:
            status = None
        with open(output, errors='replace') as file:
            told = file.read().replace('\r', '')
        with open(console, errors='replace') as file:
            log = file.read().replace('\r', '')
    parts = {}
    for part in told.split('@@ ')[1:]:
        title, *lines = part.splitlines()
        parts[title] = lines
    return status, parts, log
