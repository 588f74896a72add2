#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's kernels find their root disk from images that the real builders made with our commands.

The image has every driver as a module. What loads them is our modprobe alone, or udev through
Debian's libkmod, which reads the indexes that our depmod wrote into the image. The disk's init
tells from which device it runs and what is loaded.
"""

import concurrent.futures
import os
import subprocess
import tempfile
import unittest

from builders import HERE, Root, make_tree, tap, vmlib

BOOT_SECONDS_MAX = 900
MEMORY_MIB = 512
# kernel, how its modules' names end (Debian's: .ko of 6.1, .ko.xz of 6.12), disk, who loads, who builds
BOTH = 'mkinitramfs', 'dracut'
CASES = [
    ('6.1', 'xz', 'virtio', 'modprobe', BOTH),
    ('6.1', 'zst', 'ahci', 'modprobe', BOTH),
    ('6.12', 'xz', 'ahci', 'modprobe', BOTH),
    ('6.12', 'zst', 'virtio', 'modprobe', BOTH),
    ('6.1', 'ko', 'virtio', 'udev', BOTH[:1]),
]
DISKS = {
    'virtio': ('/dev/vda', ['virtio_pci', 'virtio_blk'], ['-device', 'virtio-blk-pci,drive=disk']),
    'ahci': ('/dev/sda', ['ahci', 'sd_mod'], ['-device', 'ahci,id=ahci', '-device', 'ide-hd,drive=disk,bus=ahci.0']),
}
# What answers when ext4 asks the kernel for crypto-crc32c.
FILE_SYSTEM = 'ext4', 'crc32c_generic', 'crc32c_intel'


def drivers(version, disk):
    """modules that the disk needs; in some versions one of them is built in"""
    return [name for name in DISKS[disk][1] if name in vmlib.Tree.of(version).paths]


def make_disk(path):
    """an ext4 disk with a directory for each mount and our init"""
    with tempfile.TemporaryDirectory() as folder:
        for name in 'dev', 'proc', 'sys', 'run', 'sbin', 'etc', 'root', 'tmp':
            os.mkdir(os.path.join(folder, name))
        subprocess.run(['gcc', '-static', '-O2', '-Wall', '-o', os.path.join(folder, 'sbin/init'),
                        os.path.join(HERE, 'rootdisk.c')], check=True)
        subprocess.run(['/sbin/mkfs.ext4', '-q', '-d', folder, path, '16M'], stdout=subprocess.DEVNULL, check=True)


def boot(version, image, disk_image, disk):
    """{title: lines} of what the init of the root disk told, and the console"""
    device, _, qemu = DISKS[disk]
    with tempfile.TemporaryDirectory() as scratch:
        console, output, initrd = (os.path.join(scratch, name) for name in ('console', 'output', 'initrd'))
        image.write_uncompressed(initrd)
        command = vmlib.qemu_command(version, initrd, 'root=%s ro' % device, MEMORY_MIB, 1)
        command += ['-serial', 'file:' + console, '-serial', 'file:' + output, *qemu, '-drive',
                    'if=none,id=disk,format=raw,snapshot=on,file=' + disk_image]
        try:
            subprocess.run(command, stdin=subprocess.DEVNULL, timeout=BOOT_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            pass                                         # what was told by then is all that there is
        told, log = (open(path, errors='replace').read().replace('\r', '') for path in (output, console))
    parts = (part.splitlines() for part in told.split('@@ ')[1:])
    return {title: lines for title, *lines in parts}, log


class RootDisk(unittest.TestCase):
    """Each case of CASES with each builder"""

    def run_case(self, case, scratch):
        """[(image, what was told, console)] by builder"""
        prefix, ending, disk, loader, by = case
        version = vmlib.kernel_version(prefix)
        tree = os.path.join(scratch, '-'.join(case[:4]))
        os.mkdir(tree)
        make_tree(tree, version, [*FILE_SYSTEM, *drivers(version, 'virtio'), *drivers(version, 'ahci')], ending)
        load = drivers(version, disk) if loader == 'modprobe' else []
        with Root(ours=True) as root:
            # Without these, initramfs-tools leaves modules compressed.
            root.remove('usr/bin/xz')
            root.remove('usr/bin/zstd')
            if loader == 'modprobe':
                root.write('etc/udev/rules.d/80-drivers.rules', '')
            root.add_kernel(version, tree)
            images = [getattr(root, builder)(version, modules=load) for builder in by]
            return [(image, *boot(version, image, os.path.join(scratch, 'disk'), disk)) for image in images]

    def check(self, case, image, told, log):
        prefix, ending, disk, _, _ = case
        self.assertEqual({os.path.splitext(path)[1] for path in image.modules()}, {'.' + ending})
        # Whoever loads in there by command, it is ours: kmod is not in the image.
        self.assertTrue(image.leads_to('usr/sbin/modprobe').endswith('/modsure'))
        self.assertTrue(image.leads_to('usr/bin/kmod').endswith('/modsure'))
        self.assertIn('end 0', told, log[-4000:])
        mounts = [line.split() for line in told['mounts']]
        self.assertIn((DISKS[disk][0], '/', 'ext4'), [tuple(fields[:3]) for fields in mounts])
        loaded = {line.split()[0] for line in told['modules']}
        wanted = {'ext4', *drivers(vmlib.kernel_version(prefix), disk)}
        self.assertLessEqual(wanted, loaded)

    def test_root_disk(self):
        """the image finds it, whatever ending, disk, builder and loader"""
        with tempfile.TemporaryDirectory() as scratch, concurrent.futures.ThreadPoolExecutor(2) as pool:
            make_disk(os.path.join(scratch, 'disk'))
            for prefix in {case[0] for case in CASES}:
                vmlib.vmlinux(vmlib.kernel_version(prefix))
            runs = [(case, pool.submit(self.run_case, case, scratch)) for case in CASES]
            for case, run in runs:
                for builder, result in zip(case[4], run.result()):
                    with self.subTest(case=case, builder=builder):
                        self.check(case, *result)


if __name__ == '__main__':
    tap.main()
