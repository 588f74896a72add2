#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What image builders, init systems and packages ask: our commands answer as Debian's, to the byte.

The calls are those of README.md. Nothing here loads a module: what would is asked with -n too.
"""

import os
import tempfile
import unittest

from builders import Root, make_tree, tap, vmlib

# Of these kmod drops no softdep line (README.md); where it does, test_images.py says what differs.
MODULES = ['dm_mod', 'ext4', 'r8169', 'virtio_net', 'uhci_hcd', 'snd_pcsp', 'fuse', 'loop', 'cuse', 'vfat', 'nvme']
NAMES = 'ext4 dm-mod r8169 no-such-module virtio_net snd-pcsp fuse vfat nvme unix'
ALIASES = "'pci:v000010ECd00008168sv00001043sd000085C8bc02sc00i00' 'virtio:d00000001v00001AF4' 'acpi:PNP0C0F:' 'fs-vfat' " \
          "'of:N\"x*?[' 'platform:eisa' 'cpu:type:x86,ven0000fam0006mod003A:feature:,0000,0001'"
CALLS = [
    # initramfs-tools, hook-functions: with names, and with what stands in sysfs for MODULES=dep
    '/sbin/modprobe --all --set-version="$V" --ignore-install --quiet --show-depends ' + NAMES,
    '/sbin/modprobe --all --set-version="$V" --quiet --show-depends ' + NAMES,
    '/sbin/modprobe --all --set-version="$V" --quiet --show-depends ' + ALIASES,
    'for file in $(find /lib/modules/$V/ -name "*.ko*" | sort); do modinfo -k "$V" -F firmware "$file" || exit; done',
    # dracut
    'modprobe -d "" -S "$V" --dry-run ext4',
    'modprobe -d "" -S "$V" --dry-run no-such-module',
    'modprobe -d "" -S "$V" --dry-run unix',
    'modinfo -k "$V" dm_mod | grep -v ^build-id:',          # kmod 30 knows no build ids
    'modinfo -k "$V" no-such-module',
    'modinfo -F filename r8169',
    '. /usr/lib/dracut/dracut-functions.sh && vercmp "$(modprobe --version | cut -d" " -f3)" lt 3.7 2>/dev/null',
    'kmod static-nodes --format=tmpfiles',
    # udev without systemd, and systemd
    '/bin/kmod static-nodes --format=tmpfiles --output=/proc/self/fd/1',
    '/bin/kmod static-nodes --format=tmpfiles --output=/run/static-nodes.conf && cat /run/static-nodes.conf',
    '/sbin/modprobe -abqn fuse',
    '/sbin/modprobe -abqn no-such-module',
    '/sbin/modprobe -abqn snd-pcsp no-such-module fuse',
    # DKMS; Debian's System.map names no symbol, which our depmod remarks
    'find /lib/modules/$V/ -name "r8169.ko*" -exec modinfo {} + | grep -v ^build-id:',
    'echo %s | xargs modprobe -a -b -q -n' % ALIASES.replace('"', '\\"'),
    'depmod -a "$V"',
    'depmod -a "$V" -F "/boot/System.map-$V" 2>/dev/null',
]


def once(text):
    """without repeated lines: kmod 30 may say twice which module to insert"""
    lines = text.splitlines(True)
    return ''.join(line for number, line in enumerate(lines)
                   if not line.startswith('insmod') or line not in lines[:number])


class Calls(unittest.TestCase):
    maxDiff = None

    def answers(self, version, tree, ours):
        with Root(ours) as root:
            root.add_kernel(version, tree)
            with open(os.path.join(os.environ['MODSURE_KERNELS'], 'boot/System.map-' + version)) as symbols:
                root.write('boot/System.map-' + version, symbols.read())
            running = os.uname().release
            if running != version:          # for those that ask about the running kernel
                os.symlink(version, root.inside('usr/lib/modules/' + running))
            for call in CALLS:
                done = root.ask('bash', '-c', call.replace('$V', version))
                yield done.returncode, done.stdout if ours else once(done.stdout), done.stderr

    def test_same_answers(self):
        """status, output and messages of every call"""
        for version, _ in tap.kernels():
            with tempfile.TemporaryDirectory() as tree:
                make_tree(tree, version, [name for name in MODULES if name in vmlib.Tree.of(version).paths])
                for call, kmod, ours in zip(CALLS, self.answers(version, tree, False), self.answers(version, tree, True)):
                    with self.subTest(kernel=version, call=call):
                        self.assertEqual(ours, kmod)


if __name__ == '__main__':
    tap.main()
