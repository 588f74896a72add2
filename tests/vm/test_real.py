#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules of Debian's kernels, as udev and the kernel itself ask for them; compressed files of every kind."""
import lzma
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../lib')]

import mkmod  # noqa: E402
import tap  # noqa: E402
import testmodules  # noqa: E402
import vmcase  # noqa: E402
from vmcase import scenario  # noqa: E402


class Drivers(vmcase.Guest):
    MODULES = ['btrfs', 'xfs', 'ext4', 'crc32c_generic', 'crc32c_intel', 'xxhash_generic', 'blake2b_generic', 'r8169',
               'realtek', 'e1000', 'loop', 'can', 'can_raw', 'af_alg', 'algif_hash', 'minix', 'squashfs']
    DEVICES = ['-netdev', 'user,id=net', '-device', 'e1000,netdev=net,romfile=']
    MEMORY = 384

    @scenario('''
        run modprobe btrfs
        run modprobe -r btrfs
    ''')
    def test_btrfs(self, seen):
        """its four soft dependencies, each on a line of its own; crc32c_intel refuses this processor, and that is fine"""
        load, unload = seen.runs
        self.assertOk(load)
        for name in ('crc32c_generic', 'xxhash_generic', 'blake2b_generic'):
            self.assertLoaded(load, name)
            self.assertOrder(load, name, 'btrfs')
        self.assertAbsent(load, 'crc32c_intel')
        self.assertOk(unload)
        self.assertAllBut(unload, 'crc32c_generic')

    def assertAllBut(self, run, *may_stay):
        """gone; libcrc32c holds crc32c_generic through the crypto API, a count without a name when it was planned"""
        self.assertEqual(set(run.loaded()) - set(may_stay), set())

    @scenario('''
        run modprobe r8169
        run modprobe -r r8169
        run modprobe xfs
        run modprobe -r xfs
    ''')
    def test_chains(self, seen):
        r8169, _, xfs, unload = seen.runs
        self.assertOk(r8169)
        self.assertLoaded(r8169, 'realtek', 'libphy')
        self.assertOrder(r8169, 'libphy', 'realtek', 'r8169')
        self.assertOk(xfs)
        self.assertLoaded(xfs, 'xfs', 'libcrc32c', 'crc32c_generic')
        self.assertOk(unload)
        self.assertAllBut(unload, 'crc32c_generic')

    @scenario('''
        for device in /sys/bus/pci/devices/*; do
            modprobe -q -b -- "$(cat $device/modalias)"
        done
        run true
        note net "$(ls /sys/class/net | tr '\\n' ' ')"
        run modprobe -R "$(cat /sys/bus/pci/drivers/e1000/0*/modalias)"
    ''')
    def test_coldplug(self, seen):
        """each device's modalias, as udev does: the network card gets its driver and an interface"""
        self.assertLoaded(seen.runs[0], 'e1000')
        self.assertRegex(seen.notes['net'], r'\beth0\b')
        self.assertEqual(seen.runs[1].out, 'e1000\n')

    @scenario('''
        run kmod static-nodes -f tmpfiles
        run kmod static-nodes -f tmpfiles -o /tmp/deep/nodes
        note copy "$(tr '\\n' '|' </tmp/deep/nodes)"
        run kmod static-nodes -f devname
        run kmod static-nodes
        run kmod static-nodes -f nonsense
        mkdir -p /tmp/dev
        sed -n 's/^c! \\/dev\\/loop-control [0-7]* - - - \\([0-9]*\\):\\([0-9]*\\)$/\\1 \\2/p' /tmp/deep/nodes >/tmp/numbers
        rm -f /dev/loop-control
        mknod /dev/loop-control c $(cat /tmp/numbers)
        truncate -s 8M /tmp/disk
        mke2fs -F /tmp/disk >/dev/null 2>&1
        losetup -f /tmp/disk
        run true
        note mount "$(vmhelper mount /dev/loop0 /mnt ext4)"
        run ls /mnt
        umount /mnt
        losetup -d /dev/loop0
    ''')
    def test_autoload_of_a_file_system(self, seen):
        """static nodes lead to loop, mount(2) to ext4: both asked for by the kernel, through our modprobe"""
        tmpfiles, _, devname, human, nonsense, loop, listing = seen.runs
        self.assertOk(tmpfiles)
        lines = tmpfiles.out.splitlines()
        self.assertIn('c! /dev/loop-control 0600 - - - 10:237', lines)
        self.assertIn('c! /dev/btrfs-control 0600 - - - 10:234', lines)
        self.assertEqual(seen.notes['copy'], tmpfiles.out.replace('\n', '|'))
        self.assertOk(devname)
        self.assertIn('loop loop-control c10:237', devname.out)
        self.assertIn('loop-control', human.out)
        self.assertFails(nonsense, 'nonsense')
        self.assertLoaded(loop, 'loop')
        self.assertEqual(seen.notes['mount'], 'ok')
        self.assertEqual(listing.out, 'lost+found\n')
        self.assertLoaded(listing, 'ext4', 'jbd2', 'mbcache')

    @scenario('''
        note can "$(vmhelper socket 29 3 1)"
        note alg "$(vmhelper socket 38 5)"
        note x25 "$(vmhelper socket 9 5)"
        run true
    ''')
    def test_autoload_of_socket_families(self, seen):
        """one that needs two modules, one that needs one, and one whose module is not here"""
        self.assertEqual((seen.notes['can'], seen.notes['alg']), ('ok', 'ok'))
        self.assertEqual(seen.notes['x25'], 'EAFNOSUPPORT')
        self.assertLoaded(seen.runs[0], 'can', 'can_raw', 'af_alg')

    @scenario('''
        conf 'blacklist can' 'alias net-pf-38 off' 'mask minix'
        note can "$(vmhelper socket 29 3 1)"
        note minix "$(vmhelper mount none /mnt minix)"
        note squashfs "$(vmhelper mount none /mnt squashfs)"
        run true
    ''')
    def test_rules_bind_the_kernel(self, seen):
        """what blacklist and mask forbid, the kernel does not get"""
        self.assertEqual(seen.notes['can'], 'EAFNOSUPPORT')
        self.assertEqual(seen.notes['minix'], 'ENODEV')
        self.assertNotEqual(seen.notes['squashfs'], 'ENODEV')
        self.assertAbsent(seen.runs[0], 'can', 'minix')
        self.assertLoaded(seen.runs[0], 'squashfs')


def xz(data, check, dictionary=1 << 20):
    return lzma.compress(data, lzma.FORMAT_XZ, check, filters=[{'id': lzma.FILTER_LZMA2, 'dict_size': dictionary}])


def two_streams(data):
    half = len(data) // 2
    return xz(data[:half], lzma.CHECK_CRC32) + xz(data[half:], lzma.CHECK_CRC32)


class Compressed(vmcase.Guest):
    """Debian's 6.12 decompresses .xz itself, one stream with CRC32 and no other check; 6.1 nothing at all."""

    @classmethod
    def prepare(cls, image):
        for name, extension, compress in (
                ('soft_1', '.xz', lambda data: xz(data, lzma.CHECK_CRC32)),
                ('soft_2', '.xz', lambda data: xz(data, lzma.CHECK_CRC64)),
                ('soft_3', '.xz', lambda data: xz(data, lzma.CHECK_CRC32, 8 << 20)),
                ('soft_4', '.zst', mkmod.zst),
                ('hard_b', '.gz', mkmod.gz),
                ('requested', '.xz', lambda data: xz(data, lzma.CHECK_SHA256)),
                ('ns_exp', '.xz', two_streams),
                ('init_fails', '.xz', lambda data: xz(data, lzma.CHECK_CRC32)),
                ('params', '.zst', mkmod.zst),
                ('dep_a', '.zst', mkmod.zst),
                ('dep_b', '.xz', lambda data: xz(data, lzma.CHECK_NONE)),
                ('slow', '.xz', lambda data: xz(data, lzma.CHECK_CRC32)),
                ('bad_magic', '.xz', lambda data: xz(data, lzma.CHECK_CRC32)),
                ('ns_bad', '.zst', mkmod.zst)):
            del image.module_files['updates/%s.ko' % name]
            image.add_module_file('updates/%s.ko%s' % (name, extension),
                                  compress(testmodules.module(image.version, name)))
        # What the file is counts, not what it is called.
        image.module_files['updates/soft_fails_owner.ko'] = mkmod.zst(
            testmodules.module(image.version, 'soft_fails_owner'))

    TRACE = '''
        [ -d /sys/kernel/tracing/events ] || mount -t tracefs tracefs /sys/kernel/tracing
        cd /sys/kernel/tracing
        for call in init finit; do echo 1 >events/syscalls/sys_enter_${call}_module/enable; done
        : >trace
        traced() { note "$1" "$(grep -o ' sys_f*init_module(.*' /sys/kernel/tracing/trace | sed 's/ sys_//' | tr '\\n' '|')"
            : >/sys/kernel/tracing/trace; }
    '''

    @scenario(TRACE + '''
        run modprobe soft_1;     traced crc32
        run modprobe soft_2;     traced crc64
        run modprobe soft_3;     traced large
        run modprobe soft_4;     traced zst
        run modprobe hard_b;     traced gz
        run modprobe requested;  traced sha256
        run modprobe hard_a;     traced plain
        run modprobe soft_fails_owner;  traced misnamed
        run modprobe ns_exp;     traced two_streams
        note compression "$(cat /sys/module/compression 2>/dev/null)"
    ''')
    def test_every_kind(self, seen):
        """all load; the kernel decompresses what it can, and never gets what it can't"""
        for run, name in zip(seen.runs, ('soft_1', 'soft_2', 'soft_3', 'soft_4', 'hard_b', 'requested', 'hard_a',
                                         'soft_fails_owner', 'ns_exp')):
            self.assertOk(run)
            self.assertLoaded(run, name)
        calls = {key: value.count('init_module(') for key, value in seen.notes.items()}
        for kind in ('crc64', 'zst', 'gz', 'sha256', 'plain', 'crc32', 'two_streams'):
            self.assertEqual(calls[kind], 1, kind)
            by_kernel = kind == 'plain' or kind == 'crc32' and seen.notes['compression'] == 'xz'
            self.assertEqual('finit_module(' in seen.notes[kind], by_kernel, kind)
        if self.kernel >= (6, 12):
            self.assertEqual(seen.notes['compression'], 'xz')
            self.assertRegex(seen.notes['crc32'], 'flags: 4')

    @scenario('''
        run modprobe init_fails error=22
        run insmod $MODULES/updates/init_fails.ko.xz error=22
        run modprobe params number=4 'text=a b'
        parameter params text
        run modprobe dep_c
        run insmod $MODULES/updates/slow.ko.xz ms=0
    ''')
    def test_options_and_failures(self, seen):
        """an init that fails runs once, whoever decompressed the file"""
        fails, insmod, params, chain, insmod_good = seen.runs
        self.assertFails(fails, "could not insert 'init_fails'")
        self.assertFails(insmod, 'could not insert module')
        self.assertEqual(seen.log.count('init_fails: init'), 2)
        self.assertOk(params)
        self.assertEqual(seen.notes['params.text'], 'a b')
        self.assertOk(chain)
        self.assertLoaded(chain, 'dep_a', 'dep_b', 'dep_c')
        self.assertOk(insmod_good)
        self.assertLoaded(insmod_good, 'slow')

    @scenario('''
        run modprobe bad_magic
        run modprobe --force-vermagic bad_magic
        run modprobe ns_bad
    ''')
    def test_reasons_and_force(self, seen):
        """reasons are found in compressed files as well, and force works on them"""
        magic, forced, namespace = seen.runs
        self.assertFails(magic, '(?i)vermagic')
        self.assertEqual(forced.status, 0)
        self.assertLoaded(forced, 'bad_magic')
        self.assertFails(namespace, 'MODSURE_TEST')


if __name__ == '__main__':
    tap.main()
