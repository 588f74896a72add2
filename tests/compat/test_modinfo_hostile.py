#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modinfo on files that are damaged, hostile or no modules. See tests/lib/tap.py for the environment.

Numbers in names are those of the faults listed for the incumbent.
"""

import os
import random
import socket
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lib'))

import mkmod  # noqa: E402
import tap  # noqa: E402
from mkmod import Module, signed  # noqa: E402
from modinfocase import Case  # noqa: E402

SEED = 20240607


def sample():
    """a module with something of everything"""
    module = Module(versions='both').modinfo('license', 'GPL').modinfo('alias', 'pci:v*').modinfo('parm', 'a:text')
    module.modinfo('parmtype', 'a:int').build_id().use('printk', crc=1).export('fn', crc=2, ns='SPACE', gpl=True)
    return module


def real_modules():
    """a small module of each kernel"""
    for _, folder in tap.kernels():
        for path, _, names in os.walk(os.path.join(folder, 'kernel/drivers/net')):
            for name in names:
                if name.startswith('dummy.ko'):
                    with open(os.path.join(path, name), 'rb') as file:
                        yield name, file.read()


class Damaged(Case):
    """a file that was a module once"""

    def check(self, variants, suffix='.ko'):
        """each is shown, or refused with a message that names it; a good file behind them is shown"""
        paths = [self.write('%06d%s' % (i, suffix), data) for i, data in enumerate(variants)]
        good = self.write('good.ko', sample())
        ours = self.modinfo(*paths, good)
        self.assertIn(b'filename:       ' + good.encode(), ours.out)
        shown = {line[16:] for line in ours.lines() if line.startswith(b'filename:')}
        for path in paths:
            if path.encode() not in shown:
                self.assertIn(b'ERROR: %s: ' % path.encode(), ours.err)
        return ours

    def test_cut_off(self):
        """after every 64 bytes, and at every byte of the last 200"""
        for data in (sample().bytes(), signed(sample().bytes(), b'S' * 100)):
            cuts = sorted(set(range(0, len(data), 64)) | set(range(len(data) - 200, len(data))))
            ours = self.check([data[:n] for n in cuts])
            self.assertEqual(ours.status, 1)

    def test_cut_off_compressed(self):
        data = sample().modinfo('description', 'text ' * 2000).bytes()
        for pack, suffix in ((mkmod.xz, '.ko.xz'), (mkmod.zst, '.ko.zst'), (mkmod.gz, '.ko.gz')):
            packed = pack(data)
            ours = self.check([packed[:n] for n in range(0, len(packed), 16)], suffix)
            self.assertEqual(ours.status, 1)
            self.assertIn(b'offset %d: ' % (len(packed) // 16 * 16), ours.err, 'says where it ends')

    def test_cut_off_real(self):
        for name, data in real_modules():
            ours = self.check([data[:n] for n in range(0, len(data), 64)], name[5:])
            self.assertEqual(ours.status, 1)

    def test_byte_flips(self):
        rng = random.Random(SEED)
        for data in (sample().bytes(), sample().bytes() + bytes(40), signed(sample().bytes(), b'S' * 100)):
            mutants = []
            for _ in range(600):
                mutant = bytearray(data)
                for _ in range(rng.choice((1, 1, 2, 8))):
                    mutant[rng.randrange(len(data))] = rng.choice((0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)))
                mutants.append(bytes(mutant))
            self.check(mutants)

    def test_byte_flips_in_headers(self):
        """every byte of the file header and the section headers becomes 0, 0xff and 0x80"""
        data = sample().bytes()
        shoff = struct.unpack_from('<Q', data, 40)[0]
        mutants = []
        for at in [*range(64), *range(shoff, len(data))]:
            for value in (0, 0x80, 0xff):
                mutants.append(data[:at] + bytes([value]) + data[at + 1:])
        self.check(mutants)

    def test_byte_flips_real(self):
        rng = random.Random(SEED)
        for name, data in real_modules():
            mutants = []
            for _ in range(300):
                at = rng.randrange(len(data))
                mutants.append(data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:])
            self.check(mutants, name[5:])

    def test_4_index_of_section_names_out_of_range(self):
        data = bytearray(sample().bytes())
        for index in (struct.unpack_from('<H', data, 60)[0], 0x7fff, 0xfffe, 0xffff):
            struct.pack_into('<H', data, 62, index)
            ours = self.check([bytes(data)])
            self.assertEqual(ours.status, 1)
            self.assertIn(b'000000.ko: offset ', ours.err)

    def test_5_strings_without_an_end(self):
        for name in ('.strtab', '.shstrtab'):
            module = sample()
            data = bytearray(module.bytes())
            _, off, size = module.where(name)
            data[off + size - 1] = ord('x')
            self.check([bytes(data)])

    def test_18_nothing_leaks_on_errors(self):
        """LeakSanitizer complains on stderr in a build with sanitizers"""
        names = Module(versions='ext').modinfo('license', 'GPL').version('x' * 3000, 1).bytes()
        self.modinfo(self.write('a.ko', names), self.write('b.ko', b'\x7fELF'), self.write('c.ko.xz', b'\xfd7zXZ\0'),
                     'nothing', '/no/such.ko', status=1)

    def test_same_error_in_many_files(self):
        """every argument has its own line"""
        paths = [self.write('%d.ko' % i, b'text\n') for i in range(200)]
        ours = self.modinfo(*paths, status=1)
        self.assertEqual(ours.err.count(b'\n'), 200)


class Bombs(Case):
    def test_zeros_without_end(self):
        """a few hundred KiB that decompress to 3 GiB"""
        zeros = bytes(64 << 20)
        for pack, suffix in ((mkmod.zst, '.ko.zst'), (mkmod.xz, '.ko.xz')):
            path = self.write('m' + suffix, pack(zeros) * 48)
            ours = self.modinfo(path, status=1)
            self.assertRegex(ours.err, rb'decompresses to more than the limit of 1073741824 bytes|no memory')

    def test_texts_without_end(self):
        """too many are said to be that, and nothing else"""
        path = self.write('m.ko.gz', mkmod.gz(Module().modinfo('description', 'd' * (65 << 20)).bytes()))
        self.assertIn(b'exceed 64 MiB', self.modinfo(path, status=1).err)

    def test_tables_that_overlap(self):
        """all sections name the whole file; what is read of it is bounded"""
        data = bytearray(sample().modinfo_raw(b'x=' + b'y' * 4000000 + b'\0').bytes())
        shoff, n = struct.unpack_from('<Q', data, 40)[0], struct.unpack_from('<H', data, 60)[0]
        for i in range(1, n):
            struct.pack_into('<QQ', data, shoff + 64 * i + 24, 0, len(data))
        self.modinfo(self.write('m.ko', bytes(data)), status=1)


class NotModules(Case):
    def refused(self, path, what):
        ours = self.modinfo(path, status=1)
        self.assertEqual(ours.out, b'')
        self.assertIn(('ERROR: %s: ' % path).encode(), ours.err)
        self.assertIn(what.encode(), ours.err)

    def test_says_what_it_is(self):
        kinds = {
            'empty.ko': (b'', 'an empty file'), 'text.ko': (b'hello\nworld\n', 'text'),
            'script.ko': (b'#!/bin/sh\nexit\n', 'a script'), 'zeros.ko': (bytes(4096), 'all zero bytes'),
            'index.ko': (b'\xb0\x07\xf4\x57\0\2\0\1', 'a modules index'), 'zip.ko': (b'PK\3\4....', 'a zip archive'),
            'cut.ko': (b'\x7fELF\2\1\1', 'a truncated ELF file'), 'data.ko': (b'\x83\x01\xfe\xed' * 99, 'unknown data'),
            'text.ko.xz': (mkmod.xz(b'hello\n'), 'text (decompressed)'),
            'xz.ko.zst': (mkmod.zst(mkmod.xz(b'hello\n')), 'an xz file (decompressed)'),
            'empty.ko.gz': (mkmod.gz(b''), 'an empty file (decompressed)'),
        }
        for name, (data, what) in kinds.items():
            with self.subTest(name):
                self.refused(self.write(name, data), what)

    def test_other_elf_files(self):
        data = bytearray(Module().bytes())
        for kind, what in ((2, 'an ELF executable'), (3, 'an ELF shared object'), (4, 'an ELF core dump')):
            struct.pack_into('<H', data, 16, kind)
            self.refused(self.write('m.ko', bytes(data)), what)
        self.refused(os.path.realpath(sys.executable), 'not a module but an ELF')

    def test_program_that_describes_itself(self):
        """an executable with .modinfo is read, whatever its name"""
        data = bytearray(Module().modinfo('license', 'GPL').bytes())
        struct.pack_into('<H', data, 16, 3)
        path = self.write('some-helper', bytes(data))
        self.assertEqual(self.modinfo('-l', path, status=0).out, b'GPL\n')

    def test_path_without_suffix(self):
        self.refused(self.write('notes', b'hello\n'), 'not an ELF file but text')
        ours = self.modinfo('notes', cwd=self.dir, status=1)
        self.assertIn(b'Module notes not found.', ours.err, 'a name, although there is a file of that name')
        self.assertEqual(self.modinfo('-n', self.path('notes'), status=1).out, b'', 'its path alone is no answer')

    def test_no_regular_files(self):
        """nothing waits for the other end of a pipe"""
        for suffix in ('.ko', '.ko.xz', ''):
            os.mkfifo(self.path('fifo' + suffix))
            os.mkdir(self.path('directory' + suffix))
            os.symlink('/dev/zero', self.path('zero' + suffix))
            os.symlink('/dev/tty', self.path('tty' + suffix))
            with socket.socket(socket.AF_UNIX) as server:
                server.bind(self.path('socket' + suffix))
            self.refused(self.path('fifo' + suffix), 'not a regular file')
            self.refused(self.path('zero' + suffix), 'not a regular file')
            self.refused(self.path('directory' + suffix), 'is a directory')
            self.assertEqual(self.modinfo('-n', self.path('directory' + suffix), self.path('fifo' + suffix), status=1).out, b'')
            self.modinfo(self.path('tty' + suffix), self.path('socket' + suffix), status=1)

    def test_links(self):
        path = self.write('real.ko', sample())
        os.symlink('real.ko', self.path('link.ko'))
        os.symlink('nowhere.ko', self.path('dangling.ko'))
        os.symlink('loop.ko', self.path('loop.ko'))
        self.assertEqual(self.modinfo('-n', self.path('link.ko'), status=0).out, self.path('link.ko').encode() + b'\n')
        ours = self.modinfo('-l', self.path('dangling.ko'), self.path('loop.ko'), path, status=1)
        self.assertEqual(ours.out, b'GPL\n')

    def test_names_in_messages(self):
        """a file name cannot forge a line"""
        path = self.write('a\nmodinfo: ERROR: forged\x1b[2J.ko', b'text')
        ours = self.modinfo(path, status=1)
        self.assertEqual(ours.err.count(b'\n'), 1)
        self.assertNotIn(b'\x1b', ours.err)

    def test_unreadable(self):
        """sparse and huge: nothing is read that is not needed"""
        path = self.write('huge.ko', b'')
        os.truncate(path, 1 << 40)
        self.refused(path, 'larger than 1024 MiB')


if __name__ == '__main__':
    tap.main()
