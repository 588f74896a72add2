#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What comes out of kernel images: Debian's, those that the real packers make, and those that are damaged.
MODSURE_IMAGE_DUMP names the program that reads them."""

import lzma
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib')]

import mkimage  # noqa: E402
import tap  # noqa: E402
from mkimage import bzimage, pack, payload, unified  # noqa: E402

DUMP = os.environ['MODSURE_IMAGE_DUMP']
VERMAGIC = '6.1-test SMP preempt mod_unload modversions '
KINDS = sorted(mkimage.TOOLS)


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='modsure-image.')
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, data, name='image'):
        with open(self.path(name), 'wb') as file:
            file.write(data)
        return self.path(name)

    def run_dump(self, *words, **env):
        return subprocess.run([DUMP, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=dict(os.environ, **env), check=False, timeout=300)

    def load(self, path, **env):
        """({name: value}, bytes of the vmlinux)"""
        done = self.run_dump(path, self.path('vmlinux'), **env)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        with open(self.path('vmlinux'), 'rb') as file:
            return dict(line.split('=', 1) for line in done.stdout.decode().splitlines()), file.read()

    def expect(self, image, plain, format, compression, release='6.1-test'):
        facts, out = self.load(self.write(image))
        self.assertEqual(facts, {'format': format, 'compression': compression, 'release': release,
                                 'vermagic': VERMAGIC, 'size': str(len(plain))})
        self.assertTrue(out == plain, 'other bytes came out')

    def refuse(self, image, *texts, **env):
        path = image if isinstance(image, str) else self.write(image)
        done = self.run_dump(path, **env)
        self.assertEqual((done.returncode, done.stdout), (1, b''))
        message = done.stderr.decode()
        for text in texts:
            self.assertRegex(message, text)
        self.assertTrue(message.startswith(path + ': '), message)
        return message


def real_image(version):
    path = os.path.join(os.environ['MODSURE_KERNELS'], 'boot/vmlinuz-' + version)
    with open(path, 'rb') as file:
        return path, file.read()


def real_vmlinux(image):
    """as `xz -dc` and `zstd -dc` see it, wherever in the image it stands"""
    for magic, kind in ((b'\xfd7zXZ\0\0\1', 'xz'), (b'\x28\xb5\x2f\xfd', 'zstd')):
        at = image.find(magic)
        if at > 0 and kind == 'xz':
            return kind, lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(image[at:])
        if at > 0:  # what is behind the frame makes the tool complain, after it has written all
            done = subprocess.run(['zstd', '-dcq', '--long=27'], input=image[at:], stdout=subprocess.PIPE,
                                  stderr=subprocess.DEVNULL, check=False)
            return kind, done.stdout
    raise ValueError('no payload')


def modules_vermagic(folder):
    """what some modules of different folders say, as xz unpacks them"""
    found = set()
    for part in ('drivers/net', 'fs', 'lib', 'sound'):
        for where, folders, names in os.walk(os.path.join(folder, 'kernel', part)):
            folders.sort()
            modules = sorted(name for name in names if '.ko' in name)
            if modules:
                with open(os.path.join(where, modules[0]), 'rb') as file:
                    data = file.read()
                data = lzma.decompress(data) if modules[0].endswith('.xz') else data
                found.update(match.decode() for match in re.findall(rb'\0vermagic=([^\0]*)\0', b'\0' + data))
                break
    return found


class Real(Case):
    def test_debian(self):
        """vmlinux, release and vermagic of both kernels; the latter is that of their modules"""
        self.assertEqual(len(tap.kernels()), 2)
        for version, folder in tap.kernels():
            path, image = real_image(version)
            kind, plain = real_vmlinux(image)
            vermagics = modules_vermagic(folder)
            self.assertEqual(len(vermagics), 1, vermagics)
            with self.subTest(version):
                facts, out = self.load(path)
                self.assertTrue(out == plain and len(plain) > 50 << 20, 'other bytes came out')
                self.assertEqual(facts, {'format': 'bzImage', 'compression': kind, 'release': version,
                                         'vermagic': vermagics.pop(), 'size': str(len(plain))})
                again, _ = self.load(self.write(plain))
                self.assertEqual(again, dict(facts, format='vmlinux', compression='none'))

    def test_repacked(self):
        """a real vmlinux is of many blocks, and larger than any block"""
        version = tap.kernels()[-1][0]
        _, plain = real_vmlinux(real_image(version)[1])
        for kind in ('lz4', 'lzo', 'zstd'):
            with self.subTest(kind):
                facts, out = self.load(self.write(bzimage(payload(kind, plain), version)))
                self.assertTrue(out == plain, 'other bytes came out')
                self.assertEqual((facts['compression'], facts['release']), (kind, version))


class Packed(Case):
    """a small vmlinux in every compression"""

    @classmethod
    def setUpClass(cls):
        # Bytes of a real program, so that packers have something to do.
        with open(sys.executable, 'rb') as file:
            cls.plain = mkimage.vmlinux(more=file.read(600000))

    def test_bzimage(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.expect(bzimage(payload(kind, self.plain)), self.plain, 'bzImage', kind)

    def test_best_level(self):
        """as the kernel's build packs"""
        for kind, level in (('gzip', '-9'), ('bzip2', '-9'), ('lzma', '-9'), ('lzo', '-9'), ('lz4', '-9')):
            with self.subTest(kind):
                packed = pack(kind, self.plain, level) + (b'' if kind == 'gzip' else struct.pack('<I', len(self.plain)))
                self.expect(bzimage(packed), self.plain, 'bzImage', kind)

    def test_largest_dictionaries(self):
        """xz with 128 MiB, and zstd's last level from a pipe, which takes as much"""
        size = struct.pack('<I', len(self.plain))
        packed = subprocess.run(['xz', '--check=crc32', '--x86', '--lzma2=preset=0,dict=128MiB'], input=self.plain,
                                stdout=subprocess.PIPE, check=True).stdout
        self.expect(bzimage(packed + size), self.plain, 'bzImage', 'xz')
        packed = subprocess.run(['zstd', '-q', '--ultra', '-22'], input=self.plain, stdout=subprocess.PIPE,
                                check=True).stdout
        self.assertEqual(packed[5], (27 - 10) << 3)     # the window: 2^27
        self.expect(bzimage(packed + size), self.plain, 'bzImage', 'zstd')

    def test_not_compressed(self):
        self.expect(bzimage(self.plain + struct.pack('<I', len(self.plain) + 4)),
                    self.plain + struct.pack('<I', len(self.plain) + 4), 'bzImage', 'none')

    def test_whole_file(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.expect(pack(kind, self.plain), self.plain, 'vmlinux', kind)

    def test_several_streams(self):
        """what parallel packers make; of lzma the end of the first can't be told"""
        half = len(self.plain) // 2
        for kind in KINDS:
            if kind != 'lzma':
                with self.subTest(kind):
                    both = pack(kind, self.plain[:half]) + pack(kind, self.plain[half:])
                    self.expect(both, self.plain, 'vmlinux', kind)

    def test_unified(self):
        inner = bzimage(payload('zstd', self.plain))
        self.expect(unified(inner), self.plain, 'unified image', 'zstd')
        self.expect(unified(self.plain), self.plain, 'unified image', 'none')

    def test_layers(self):
        """as many as anybody could mean, and one more"""
        image = unified(bzimage(payload('lz4', self.plain)))
        self.expect(pack('gzip', image), self.plain, 'unified image', 'lz4')
        self.refuse(pack('gzip', pack('gzip', image)), 'wrapped more than 4 times')


class Facts(Case):
    def test_release_without_header(self):
        """from the banner of the kernel"""
        plain = mkimage.vmlinux('6.99.0-x+y')
        facts, _ = self.load(self.write(plain))
        self.assertEqual((facts['release'], facts['vermagic']),
                         ('6.99.0-x+y', '6.99.0-x+y SMP preempt mod_unload modversions '))

    def test_header_counts(self):
        facts, _ = self.load(self.write(bzimage(payload('gzip', mkimage.vmlinux('6.1-one')), '6.1-two')))
        self.assertEqual((facts['release'], facts['vermagic']), ('6.1-two', ''))

    def test_vermagic_of_no_words(self):
        facts, _ = self.load(self.write(mkimage.vmlinux(words='')))
        self.assertEqual(facts['vermagic'], '6.1-test ')


class Refused(Case):
    plain = mkimage.vmlinux(more=bytes(5000))

    def test_other_files(self):
        for data, text in ((b'', 'empty file'), (b'text\n', 'text'), (bytes(100000), 'all zero bytes'),
                           (b'070701' + bytes(600), 'cpio'), (mkimage.arm64(), 'raw arm64 image.*section table'),
                           (mkimage.zboot(pack('gzip', mkimage.arm64())), 'zboot.*section table'),
                           (pack('gzip', mkimage.arm64()), 'raw arm64 image'),
                           (unified(self.plain, b'.linuxes'), 'section .linux'),
                           (unified(b'text'), 'not a kernel image but text'),
                           (pack('xz', b'text'), 'not a kernel image but text')):
            with self.subTest(text):
                self.refuse(data, text)

    def test_no_files(self):
        os.mkdir(self.path('folder'))
        os.mkfifo(self.path('fifo'))
        self.refuse(self.path('folder'), 'is a directory')
        self.refuse(self.path('fifo'), 'not a regular file')
        self.refuse(self.path('none'), 'No such file')

    def test_unknown_compression(self):
        self.refuse(bzimage(b'\x04\x22\x4d\x18new frame'), r'offset 1556: .*unknown way.*04 22 4d 18 6e 65 77 20')
        self.refuse(bzimage(b'MZ' + bytes(2000)), 'unknown way')

    def test_wrong_size(self):
        """what comes out is not what the kernel's build put in"""
        for kind in KINDS:
            packed = pack(kind, self.plain)
            packed += struct.pack('<I', len(self.plain) + 1)
            with self.subTest(kind):
                self.refuse(bzimage(packed), r'offset %d: .*decompresses to %d bytes.* %d' % (
                    1556 + len(packed) - 4, len(self.plain), len(self.plain) + 1))

    def test_lz4_without_its_end(self):
        """a block is missing, which nothing in the frame tells"""
        plain = mkimage.vmlinux(more=bytes(9 << 20))
        packed = pack('lz4', plain)
        first = 8 + struct.unpack_from('<I', packed, 4)[0]
        self.assertLess(first, len(packed))
        self.refuse(bzimage(packed[:first] + struct.pack('<I', len(plain))),
                    'offset %d: an lz4 block of %d bytes' % (1556 + first, len(plain)))

    def test_cut_off(self):
        for kind in KINDS:
            image = bzimage(payload(kind, self.plain), behind=0)
            with self.subTest(kind):
                self.refuse(image[:-6], 'offset 584: the payload.*behind the end')
                short = payload(kind, self.plain)[:-40]
                self.refuse(bzimage(short),
                            r'offset \d+: (%s data is cut off|the payload decompresses|%s)' % (kind, kind))
                self.refuse(pack(kind, self.plain)[:-20], r'offset \d+: %s data is cut off' % kind)

    def test_place_of_damage(self):
        """offsets are those of the file that the user has"""
        packed = bytearray(payload('bzip2', self.plain))
        packed[30] ^= 0xff
        at = int(re.search(r'offset (\d+): bzip2 data is damaged', self.refuse(bzimage(bytes(packed)))).group(1))
        self.assertTrue(1556 < at <= 1556 + len(packed), at)
        broken = bytearray(self.plain)
        struct.pack_into('<Q', broken, 40, 1 << 40)
        text = self.refuse(bzimage(payload('gzip', bytes(broken))), 'section headers lie behind the end')
        self.assertIn('(decompressed)', text)
        self.assertNotIn('(decompressed)', self.refuse(bytes(broken), 'section headers lie behind the end'))

    def test_bomb(self):
        """what is over the limit is not made; the file's own words are not believed"""
        for kind in KINDS:
            image = bzimage(payload(kind, mkimage.vmlinux(more=bytes(3 << 20))))
            with self.subTest(kind):
                self.refuse(image, 'more than the limit of 1048576 bytes', MAX='1048576')

    def test_every_beginning_and_byte(self):
        plain = mkimage.vmlinux()
        image = self.write(bzimage(payload('gzip', plain), behind=0))
        size = os.path.getsize(image)
        self.assertEqual(self.run_dump('--cut', image).stdout.decode(), '0 read, %d refused\n' % size)
        done = self.run_dump('--bytes', image)
        self.assertEqual((done.returncode, done.stderr), (0, b''))
        read, refused = map(int, re.fullmatch(r'(\d+) read, (\d+) refused\n', done.stdout.decode()).groups())
        self.assertEqual(read + refused, 3 * size)
        self.assertGreater(refused, len(payload('gzip', plain)) * 2)


class Libraries(Case):
    SONAMES = {'bzip2': 'libbz2.so.1.0', 'lzo': 'liblzo2.so.2', 'lz4': 'liblz4.so.1'}

    def test_opened_when_needed(self):
        """and no other"""
        for kind in KINDS:
            with self.subTest(kind):
                image = self.write(bzimage(payload(kind, mkimage.vmlinux())))
                done = self.run_dump(image, LD_DEBUG='libs')
                self.assertEqual(done.returncode, 0)
                looked_for = set(re.findall(r'find library=(\S+)', done.stderr.decode()))
                wanted = {self.SONAMES[kind]} if kind in self.SONAMES else set()
                self.assertEqual(looked_for & set(self.SONAMES.values()), wanted)

    def test_missing(self):
        """is told by name, and what for"""
        os.mkdir(self.path('lib'))
        for kind, soname in self.SONAMES.items():
            self.write(b'no library', os.path.join('lib', soname))
            with self.subTest(kind):
                self.refuse(bzimage(payload(kind, mkimage.vmlinux())), 'kernel packed with %s without %s: ' % (
                    kind, re.escape(soname)), LD_LIBRARY_PATH=self.path('lib'))


if __name__ == '__main__':
    tap.main()
