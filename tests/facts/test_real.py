#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The record of real modules, beside what binutils' readelf and the Python reader of tests/golden see.

MODSURE_FACTS_DUMP names the program (facts-dump.c) that prints a record, MODSURE_KERNELS the folder
with real kernels.
"""

import os
import re
import struct
import subprocess
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]

from factscase import Case, facts_dump  # noqa: E402

import tap  # noqa: E402
from depmod_reference import EXTENSIONS, Elf, decompressed, module_name, string_at  # noqa: E402
from mkmod import SIGNATURE_MAGIC  # noqa: E402

A_KERNEL = 20
# Namespaces, both licences, many aliases, large ones.
ALSO = ('usb_storage', 'uas', 'iwlwifi', 'snd_hda_codec', 'drm', 'kvm', 'ext4', 'cryptd', 'tun')


def readelf(*args):
    return subprocess.run(['readelf', '-W', *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=dict(os.environ, LC_ALL='C'), check=True).stdout.decode()


def escaped(text):
    return ''.join(chr(c) if 0x20 <= c < 0x7f and c != 0x5c else '\\x%02x' % c for c in text)


def symbols_of(path):
    """(value, bind, section index or its letters, name) of each symbol, in the order of the table"""
    row = re.compile(r'^\s*\d+:\s+([0-9a-f]+)\s+\S+\s+\S+\s+(\S+)\s+\S+\s+(\S+) (.+)$')
    for line in readelf('-s', path).split('\n'):
        match = row.match(line)
        if match:
            yield int(match[1], 16), match[2], match[3], match[4]


def sections_of(path):
    """{index: name}"""
    return dict(re.findall(r'^\s*\[\s*(\d+)\] (\S+)', readelf('-S', path), re.M))


class Expected:
    def __init__(self, path, data):
        self.elf, self.path = Elf(data), path
        self.names = sections_of(path)
        self.symbols = list(symbols_of(path))
        self.crcs = dict(self.versions())

    def versions(self):
        table = self.elf.section(b'__versions')
        for at in range(0, len(table), 64):
            yield string_at(table[at:at + 64] + b'\0', 8).decode(), struct.unpack_from('<Q', table, at)[0]

    def content(self, ndx):
        return self.elf.slice(self.elf.headers[int(ndx)])

    def exports(self):
        place = {name: (value, ndx) for value, _, ndx, name in self.symbols}
        for _, _, ndx, name in self.symbols:
            if not name.startswith('__ksymtab_'):
                continue
            symbol = name[len('__ksymtab_'):]
            text = 'export=' + symbol
            if self.names[ndx].startswith('__ksymtab_gpl'):
                text += ' gpl'
            if '__crc_' + symbol in place:
                value, ndx = place['__crc_' + symbol]
                crc = value if ndx == 'ABS' else struct.unpack_from('<I', self.content(ndx), value)[0]
                text += ' crc=0x%08x' % crc
            if '__kstrtabns_' + symbol in place:
                value, ndx = place['__kstrtabns_' + symbol]
                ns = string_at(self.content(ndx), value).decode()
                text += ' ns=' + ns if ns else ''
            yield text

    def imports(self):
        def line(name, mark):
            return 'import=%s%s%s' % (name, mark, ' crc=0x%08x' % self.crcs[name] if name in self.crcs else '')
        seen = set()
        for _, bind, ndx, name in self.symbols:
            if ndx == 'UND':
                seen.add(name)
                yield line(name, ' weak' if bind == 'WEAK' else '')
        for name in self.crcs:
            if name not in seen:
                yield line(name, ' version-only')

    def signature(self, data):
        if not data.endswith(SIGNATURE_MAGIC):
            return
        algo, hash_, kind, signer, key, size = struct.unpack_from('>5B3xI', data, len(data) - 40)
        yield 'signature=off:%d size:%d algo:%d hash:%d id-type:%d signer-size:%d key-id-size:%d' % (
            len(data) - 40 - size, size, algo, hash_, kind, signer, key)

    def lines(self, data):
        tags = [tag for tag in self.elf.section(b'.modinfo').split(b'\0') if tag]
        flags = ['64bit', 'relocatable', 'livepatch', 'versions', 'this-module']
        if not any(tag.startswith(b'livepatch=') for tag in tags):
            flags.remove('livepatch')
        if not self.crcs:
            flags.remove('versions')
        return ['machine=%d' % self.elf.machine, 'elf-type=1', 'flags=' + ','.join(flags),
                *('modinfo=' + escaped(tag) for tag in tags), *self.exports(), *self.imports(),
                *('build-id=' + name for name in re.findall(r'Build ID: ([0-9a-f]+)', readelf('-n', self.path))),
                *self.signature(data)]


class RealModules(Case):
    def chosen(self, folder):
        found = sorted(os.path.join(where, name) for where, _, names in os.walk(folder) for name in names
                       if name.endswith(EXTENSIONS))
        return found[::max(1, len(found) // A_KERNEL)] + [path for path in found if module_name(path) in ALSO]

    def test_records(self):
        """all that is read of some modules of each kernel"""
        n, n_namespaced = 0, 0
        for version, folder in tap.kernels():
            for source in self.chosen(folder):
                with open(source, 'rb') as file:
                    data = decompressed(file.read())
                path = self.write(data)
                expected = Expected(path, data).lines(data)
                with self.subTest(version + ': ' + os.path.relpath(source, folder)):
                    self.assertEqual(facts_dump(path).split('\n'), [*expected, '', ''])
                n += 1
                n_namespaced += sum(' ns=' in line for line in expected)
        self.assertGreaterEqual(n, A_KERNEL)
        self.assertGreater(n_namespaced, 50)

    def test_no_more_is_read_than_the_file_has(self):
        """one pass over the sections that are needed"""
        for version, folder in tap.kernels():
            for source in self.chosen(folder):
                with open(source, 'rb') as file:
                    data = decompressed(file.read())
                fetched = int(facts_dump('--fetched', self.write(data)))
                self.assertLess(fetched, len(data), '%s: %s' % (version, source))


if __name__ == '__main__':
    tap.main()
