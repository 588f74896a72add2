# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests of the module reader share: running facts-dump, and module files out of the ordinary."""

import os
import resource
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

from mkmod import (EM_386, EM_PPC, EM_S390, EM_X86_64, SHT_PROGBITS, STB_LOCAL, Module, Section,  # noqa: E402
                   Symbol)

SHT_SYMTAB_SHNDX = 18
SHN_LORESERVE, SHN_XINDEX = 0xff00, 0xffff

# Both classes in both byte orders: (arguments of Module, their fields in a dump, their flags)
KINDS = {
    '64-little': (dict(cls=64, endian='little', machine=EM_X86_64), 'machine=62', ['64bit']),
    '32-little': (dict(cls=32, endian='little', machine=EM_386), 'machine=3', []),
    '64-big': (dict(cls=64, endian='big', machine=EM_S390), 'machine=22', ['64bit', 'big-endian']),
    '32-big': (dict(cls=32, endian='big', machine=EM_PPC), 'machine=20', ['big-endian']),
}

# A quadratic reader would need far longer for the files that ask for it; a linear one, even under
# sanitizers and on a busy machine, far less.
TIME_LIMIT = 120


def limit_memory():
    """of a plain build; with sanitizers, whose shadow takes terabytes of addresses, ASAN_OPTIONS do it"""
    if not os.environ.get('MODSURE_SANITIZED'):
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))


def facts_dump(*args, timeout=300):
    """its standard output; whatever it has to say elsewhere, and any other exit status, is a failure"""
    program = os.environ.get('MODSURE_FACTS_DUMP')
    if not program:
        sys.exit('Bail out! MODSURE_FACTS_DUMP must name the program under test')
    done = subprocess.run([program, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, timeout=timeout, preexec_fn=limit_memory,
                          env=dict(os.environ, ASAN_OPTIONS='hard_rss_limit_mb=2048:max_allocation_size_mb=2048'))
    if done.returncode or done.stderr:
        raise AssertionError('facts-dump %s: status %d\n%s' % (
            ' '.join(args[:3]), done.returncode, done.stderr.decode(errors='replace')[-3000:]))
    return done.stdout.decode()


class Case(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix='modsure-facts.')
        cls.addClassCleanup(scratch.cleanup)
        cls.scratch = scratch.name

    def write(self, data, name='module'):
        path = os.path.join(self.scratch, name)
        with open(path, 'wb') as file:
            file.write(data)
        return path

    def dumps(self, files, timeout=300):
        """the lines of each of the files, given as bytes"""
        paths = [self.write(data, '%d.ko' % i) for i, data in enumerate(files)]
        text = facts_dump(*paths, timeout=timeout)
        return [part.split('\n') for part in text.split('\n\n')[:-1]]

    def dump(self, data, timeout=300):
        return self.dumps([data], timeout)[0]

    def check_refused(self, data, errno_text, reason, offset=None, timeout=300):
        line, = self.dump(data, timeout)
        self.assertTrue(line.startswith('refused=%s: ' % errno_text), line)
        self.assertIn(reason, line)
        if offset is not None:
            self.assertIn(': offset %d: ' % offset, line)


def head(kind, *flags):
    """the first lines of a dump"""
    _, machine, kind_flags = KINDS[kind]
    order = ['64bit', 'big-endian', 'relocatable', 'livepatch', 'versions', 'kflagstab', 'this-module',
             'exports-unknown', 'licences-unknown']
    flags = sorted([*kind_flags, 'relocatable', *flags], key=order.index)
    return [machine, 'elf-type=1', 'flags=' + ','.join(flags)]


def fields(lines, *names):
    return [line for line in lines if line.partition('=')[0] in names]


class Patched:
    """the bytes of a module, to be changed in place"""

    def __init__(self, module):
        self.module = module
        self.data = bytearray(module.bytes())
        self.wide = module.cls == 64

    def put(self, layout, at, *values):
        struct.pack_into(self.module.order + layout, self.data, at, *values)
        return self

    # Fields of the file header; of section headers, by the section's name

    def shoff(self, value):
        return self.put('Q', 40, value) if self.wide else self.put('I', 32, value)

    def shentsize(self, value):
        return self.put('H', 58 if self.wide else 46, value)

    def shnum(self, value):
        return self.put('H', 60 if self.wide else 48, value)

    def shstrndx(self, value):
        return self.put('H', 62 if self.wide else 50, value)

    def section_field(self, section, name, value):
        at = self.module.where(section)[0] if section else self.module.where('.text')[0] - (64 if self.wide else 40)
        offset, layout = {'name': (0, 'I'), 'type': (4, 'I'), 'offset': (24, 'Q'), 'size': (32, 'Q'),
                          'link': (40, 'I'), 'info': (44, 'I'), 'entsize': (56, 'Q')}[name] if self.wide else \
            {'name': (0, 'I'), 'type': (4, 'I'), 'offset': (16, 'I'), 'size': (20, 'I'), 'link': (24, 'I'),
             'info': (28, 'I'), 'entsize': (36, 'I')}[name]
        return self.put(layout, at + offset, value)

    def where(self, section):
        return self.module.where(section)[1:]

    def bytes(self):
        return bytes(self.data)


class ManySections(Module):
    """more sections than 16 bits count: counts stand in section 0, indexes of symbols in a table of their own"""

    def __init__(self, n, **kind):
        super().__init__(**kind)
        for i in range(n):
            self.section('.f', b'', type=SHT_PROGBITS)

    def _symbol_entry(self, name, symbol):
        if isinstance(symbol.section, Section) and symbol.section.index >= SHN_LORESERVE:
            plain = Symbol('', SHN_XINDEX, symbol.value, symbol.bind, symbol.type, symbol.size)
            return super()._symbol_entry(name, plain)
        return super()._symbol_entry(name, symbol)

    def _file(self, sections, shstrtab):
        indexes = Section('.symtab_shndx', type=SHT_SYMTAB_SHNDX, flags=0, align=4, entsize=4)
        symtab = next(section for section in sections if section.name == b'.symtab')
        indexes.link, indexes.index = symtab.index, len(sections) + 1
        indexes.data += bytes(4)
        for symbol in sorted(self.symbols, key=lambda symbol: symbol.bind != STB_LOCAL):
            section = symbol.section
            index = section.index if isinstance(section, Section) and section.index >= SHN_LORESERVE else 0
            indexes.data += struct.pack(self.order + 'I', index)
        sections.append(indexes)
        data = bytearray(super()._file(sections, shstrtab))
        at, size_at, link_at = (self.zero, 32, 40) if self.cls == 64 else (self.zero, 20, 24)
        struct.pack_into(self.word, data, at + size_at, len(sections) + 1)
        struct.pack_into(self.order + 'I', data, at + link_at, shstrtab.index)
        return bytes(data)

    def _file_header(self, shoff, shnum, shstrndx):
        self.zero = shoff
        return super()._file_header(shoff, 0, SHN_XINDEX)


# Names that collide in the reader's hash tables

MASK = (1 << 64) - 1
MIX_A, MIX_B = 0x9e3779b97f4a7c15, 0xd6e8feb86659fd93


def _unmix(h):
    """h before it was folded and multiplied"""
    h ^= h >> 29 ^ h >> 58
    return h * pow(MIX_A, -1, 1 << 64) & MASK


def _mix(h, word):
    h = (h ^ word) * MIX_A & MASK
    return h ^ h >> 29


def colliding_names(count, prefix_size=0, target=0x12345678):
    """@count names of one length whose hash in the reader's tables is @target

    They are found by running that hash backwards, so they go stale when it changes: whoever uses
    them checks that the reader notices the collisions.
    """
    prefix = b'p' * (prefix_size & ~7)
    size = len(prefix) + 16
    start = size * MIX_B & MASK
    for at in range(0, len(prefix), 8):
        start = _mix(start, int.from_bytes(prefix[at:at + 8], 'little'))
    names, high = [], 1
    while len(names) < count:
        high += 1
        end = (high << 32 | (target ^ high)) & MASK     # of hash_words: h ^ h >> 32 has these low bits
        end = _unmix(end * pow(MIX_B, -1, 1 << 64) & MASK)     # nothing is left for the last round
        first = int.from_bytes(b'n%06x_' % high, 'little')
        word = _unmix(end) ^ _mix(start, first)
        name = word.to_bytes(8, 'little')
        if 0 not in name:
            names.append(prefix + first.to_bytes(8, 'little') + name)
    return names
