#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Module files that are damaged, cut off or made to do harm: refused with file offset and reason.

MODSURE_FACTS_DUMP names the program (facts-dump.c) that prints a record; build it with sanitizers.
"""

import os
import struct
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]

from factscase import (KINDS, TIME_LIMIT, Case, ManySections, Patched, colliding_names, facts_dump,  # noqa: E402
                       fields, head)

import mkmod  # noqa: E402
import tap  # noqa: E402
from mkmod import SHT_NOBITS, SHT_STRTAB, Module, Section, signed  # noqa: E402

MALFORMED, NO_MODULE, TOO_MUCH = 'Bad message', 'Exec format error', 'Argument list too long'


def everything(kind):
    """a small module that has one of each"""
    module = Module(**KINDS[kind][0], versions='both').modinfo('license', 'GPL').modinfo('alias', 'a*')
    module.export('fn', 0x11223344, ns='NS').export('gpl_fn', 0x55667788, gpl=True)
    module.use('need', 5).use('weak', weak=True).version('only', 6).build_id()
    module.livepatch().klp_rela('vmlinux', '.text', [('vmlinux', 'printk', 0)])
    return signed(module.bytes(), b'S' * 40)


def stripped(kind):
    """exports known by relocations only, licences by __kflagstab"""
    module = Module(**KINDS[kind][0], exports='kflagstab', strip=('ksymtab', 'crc', 'kstrtab'))
    return module.export('fn', 1, ns='NS').export('gpl_fn', 2, gpl=True).bytes()


class EveryByte(Case):
    """no byte and no length may crash the reader, make it hang, or leave a refusal unexplained"""

    def check(self, data):
        text = facts_dump('--bytes', self.write(data), timeout=600)
        self.assertRegex(text, r'^\d+ read, \d+ refused\n$')
        n_read, _, n_refused, _ = text.split()
        self.assertEqual(int(n_read) + int(n_refused), 3 * len(data))
        self.assertGreater(min(int(n_read), int(n_refused)), len(data) // 10, text)

        text = facts_dump('--cut', self.write(data), timeout=600)
        n_read, _, n_refused, _ = text.split()
        self.assertEqual(int(n_read) + int(n_refused), len(data))
        self.assertGreater(int(n_refused), len(data) // 2)

    def test_64_bit_little_endian(self):
        self.check(everything('64-little'))

    def test_32_bit_big_endian(self):
        self.check(everything('32-big'))

    def test_licences_in_a_section_of_flags(self):
        self.check(Module(exports='kflagstab').export('fn', 1, ns='NS').export('gpl_fn', 2, gpl=True).bytes())

    def test_64_bit_big_endian_stripped(self):
        self.check(stripped('64-big'))

    def test_32_bit_little_endian_stripped(self):
        self.check(stripped('32-little'))


class Damaged(Case):
    """one defect each"""

    def files(self):
        for kind, (arguments, _, _) in KINDS.items():
            module = Module(**arguments, versions='both').modinfo('license', 'GPL').use('need', 1)
            yield kind, Patched(module.export('fn', 2, ns='NS'))

    def test_5_1_4_section_name_table_beyond_the_sections(self):
        """e_shstrndx >= e_shnum, which a single byte makes"""
        for kind, file in self.files():
            count = struct.unpack_from(file.module.order + 'H', file.data, 60 if file.wide else 48)[0]
            for index in (count, count + 1, 0xff, 0xfffe):
                self.check_refused(file.shstrndx(index).bytes(), MALFORMED, 'name table', 62 if file.wide else 50)

    def test_section_name_table_beyond_the_sections_of_section_0(self):
        for kind, file in self.files():
            file.shstrndx(0xffff).section_field('', 'link', 200)
            self.check_refused(file.bytes(), MALFORMED, 'name table 200')

    def test_5_1_5_symbol_names_without_an_end(self):
        """the last byte of .strtab is no NUL, and the last one of the file"""
        for kind, file in self.files():
            offset, size = file.where('.strtab')
            strings = file.data[offset:offset + size - 1] + b'x'
            file.section_field('.strtab', 'offset', len(file.data))
            file.data += strings
            self.check_refused(file.bytes(), MALFORMED, 'NUL', len(file.data) - size)

    def test_5_1_18_version_with_a_name_without_an_end(self):
        """refused, and nothing leaks"""
        for kind, file in self.files():
            offset, _ = file.where('__versions')
            word = 8 if file.wide else 4
            file.data[offset + word:offset + 64] = b'x' * (64 - word)
            self.check_refused(file.bytes(), MALFORMED, '__versions', offset)

    def test_extended_versions_with_too_few_names(self):
        for kind, file in self.files():
            offset, size = file.where('__version_ext_names')
            file.section_field('__version_ext_names', 'size', size - 1)
            self.check_refused(file.bytes(), MALFORMED, 'names', offset)

    def test_extended_version_with_a_name_too_long(self):
        for kind, (arguments, _, _) in KINDS.items():
            file = Patched(Module(**arguments, versions='ext').version('fn', 1).version('n' * 1024, 2))
            self.check_refused(file.bytes(), MALFORMED, 'too long', file.where('__version_ext_names')[0] + 3)

    def test_section_names_without_an_end(self):
        for kind, file in self.files():
            offset, size = file.where('.shstrtab')
            file.data[offset + size - 1] = 1
            self.check_refused(file.bytes(), MALFORMED, 'NUL', offset)

    def test_section_name_outside_of_the_table(self):
        for kind, file in self.files():
            file.section_field('.modinfo', 'name', file.where('.shstrtab')[1])
            self.check_refused(file.bytes(), MALFORMED, 'name table', file.module.where('.modinfo')[0])

    def test_section_behind_the_end(self):
        for kind, file in self.files():
            header, offset, _ = file.module.where('.modinfo')
            for size in (len(file.data) - offset + 1, 0xffffffff, 2 ** 64 - 1 if file.wide else 2 ** 31):
                self.check_refused(file.section_field('.modinfo', 'size', size).bytes(), MALFORMED, 'behind the end',
                                   header)
            file.section_field('.modinfo', 'size', 0).section_field('.modinfo', 'offset', len(file.data) + 1)
            self.check_refused(file.bytes(), MALFORMED, 'behind the end', header)

    def test_section_headers_behind_the_end(self):
        """a cut-off download"""
        for kind, file in self.files():
            self.check_refused(file.bytes()[:-1], NO_MODULE, 'truncated')
            self.check_refused(file.shoff(len(file.data) + 1).bytes(), NO_MODULE, 'truncated')

    def test_too_many_sections(self):
        for kind, file in self.files():
            file.shnum(0).section_field('', 'size', 262145)
            self.check_refused(file.bytes(), TOO_MUCH, '262145')

    def test_no_sections(self):
        for kind, file in self.files():
            self.check_refused(file.shnum(0).bytes(), MALFORMED, 'name table')
            self.check_refused(file.shoff(0).bytes(), NO_MODULE, 'without section headers')

    def test_section_header_size(self):
        for kind, file in self.files():
            at = 58 if file.wide else 46
            for size in (0, 1, 39, 41, 63, 65, 0xffff):
                self.check_refused(file.shentsize(size).bytes(), MALFORMED, 'section header size', at)

    def test_section_name_table_without_bytes(self):
        for kind, file in self.files():
            file.section_field('.shstrtab', 'type', SHT_NOBITS)
            self.check_refused(file.bytes(), MALFORMED, 'NUL')

    def test_section_name_table_outside_of_the_file(self):
        """section 0 and sections of no type are not checked like the others"""
        for kind, file in self.files():
            file.section_field('.shstrtab', 'type', 0).section_field('.shstrtab', 'offset', len(file.data) + 7)
            self.check_refused(file.bytes(), MALFORMED, 'name table')
            file.shstrndx(0).section_field('', 'offset', len(file.data) + 7)
            self.check_refused(file.bytes(), MALFORMED, 'name table')

    def test_symbol_table_of_odd_entries(self):
        for kind, file in self.files():
            offset, size = file.where('.symtab')
            self.check_refused(file.section_field('.symtab', 'entsize', 1).bytes(), MALFORMED, 'symbol table', offset)
            file.section_field('.symtab', 'entsize', 24 if file.wide else 16).section_field('.symtab', 'size', size - 1)
            self.check_refused(file.bytes(), MALFORMED, 'symbol table', offset)

    def test_symbol_table_without_names(self):
        for kind, file in self.files():
            offset, _ = file.where('.symtab')
            for link in (0, 99, 0xffffffff):
                self.check_refused(file.section_field('.symtab', 'link', link).bytes(), MALFORMED, 'strings', offset)

    def test_symbol_with_a_name_outside_of_the_table(self):
        for kind, file in self.files():
            at = file.where('.symtab')[0] + 3 * (24 if file.wide else 16)
            for name in (file.where('.strtab')[1], 0xffffffff):
                self.check_refused(file.put('I', at, name).bytes(), MALFORMED, 'name of symbol 3', at)

    def test_symbol_name_too_long(self):
        for kind, (arguments, _, _) in KINDS.items():
            module = Module(**arguments).use('n' * 1023)
            self.assertEqual(self.dump(module.bytes()), head(kind) + ['import=' + 'n' * 1023])
            file = Patched(module.use('n' * 1024))
            at = file.where('.symtab')[0] + 2 * (24 if file.wide else 16)
            self.check_refused(file.bytes(), MALFORMED, 'longer', at)

    def test_export_name_too_long(self):
        for kind, (arguments, _, _) in KINDS.items():
            module = Module(**arguments).export('n' * 1023)
            self.assertEqual(self.dump(module.bytes()), head(kind) + ['export=' + 'n' * 1023])
            for strip, reason in (((), 'too long'), (('ksymtab', 'kstrtab'), 'export table')):
                self.check_refused(Module(**arguments, strip=strip).export('n' * 1024).bytes(), MALFORMED, reason)

    def test_namespace_too_long(self):
        for kind, (arguments, _, _) in KINDS.items():
            module = Module(**arguments).export('fn', ns='N' * 1023)
            self.assertEqual(self.dump(module.bytes()), head(kind) + ['export=fn ns=' + 'N' * 1023])
            for strip, reason in (((), 'namespace'), (('ksymtab', 'kstrtab'), 'export table')):
                self.check_refused(Module(**arguments, strip=strip).export('fn', ns='N' * 1024).bytes(), MALFORMED,
                                   reason)

    def test_namespace_or_crc_in_a_section_without_bytes(self):
        for symbol in ('__kstrtabns_fn', '__crc_fn'):
            for kind, (arguments, _, _) in KINDS.items():
                module = Module(**arguments, exports='plain').export('fn').section('.bss', type=SHT_NOBITS)
                self.check_refused(module.symbol(symbol, '.bss').bytes(), MALFORMED, 'of an export')

    def test_export_table_that_is_large_only_by_its_header(self):
        """a section without bytes may claim any size; nothing is allocated for it"""
        for kind, (arguments, _, _) in KINDS.items():
            file = Patched(Module(**arguments).section('__ksymtab', type=SHT_NOBITS).symbol('__ksymtab_fn', '.text'))
            for size in (0x7fffffff, 0xffffffffff if file.wide else 0xffffffff):
                file.section_field('__ksymtab', 'size', size)
                self.assertEqual(self.dump(file.bytes()), head(kind) + ['export=fn'])

    def test_crc_outside_of_its_section(self):
        for kind, (arguments, _, _) in KINDS.items():
            file = Patched(Module(**arguments).symbol('__crc_fn', '__kcrctab', 1).export('fn', 7))
            at = file.where('.symtab')[0]
            symbols = [self.symbol_at(file, i) for i in range(file.where('.symtab')[1] // (24 if file.wide else 16))]
            at = next(at for at, name, value in symbols if name == b'__crc_fn' and value == 1)
            self.check_refused(file.bytes(), MALFORMED, 'CRC', at)

    def symbol_at(self, file, i):
        at = file.where('.symtab')[0] + i * (24 if file.wide else 16)
        name, value = struct.unpack_from(file.module.order + ('IxxxxQ' if file.wide else 'II'), file.data, at)
        strings = file.where('.strtab')[0] + name
        return at, bytes(file.data[strings:file.data.index(0, strings)]), value

    def test_relocations_that_fit_no_table(self):
        for kind, (arguments, _, _) in KINDS.items():
            module = Module(**arguments, strip=('ksymtab', 'kstrtab')).export('fn', ns='NS')
            relocs = module.get('__ksymtab').relocs
            relocs.append(relocs[-1])
            self.check_refused(module.bytes(), MALFORMED, 'relocations do not fit')
            relocs[:] = [(0, 1, module.symbols[-1], 0), (0, 1, module.symbols[-1], 1 << 20)]
            self.assertEqual(self.dump(module.bytes())[0].split(':')[0], 'refused=' + MALFORMED)

    def test_signature_larger_than_the_file(self):
        for kind, (arguments, _, _) in KINDS.items():
            data = Module(**arguments).bytes()
            for more in (1, 1 << 31, 0xffffffff - len(data)):
                self.check_refused(signed(data, b'', sig_len=len(data) + more), MALFORMED, 'does not fit', len(data))
            # Signer and key id, of 255 bytes each, would begin before the file.
            names = dict(id_type=1, algo=1, hash=4, signer=b's' * 255, key_id=b'k' * 255)
            self.check_refused(signed(data, b'', sig_len=len(data) + 1, **names), MALFORMED, 'does not fit')
            self.assertEqual(self.dump(signed(data, b'', sig_len=len(data), **names))[:3], head(kind))
            self.check_refused(signed(b'', b'', sig_len=0), NO_MODULE, '')


class NoModules(Case):
    """what it is instead is said"""

    def check(self, data, what):
        self.check_refused(data, NO_MODULE, what)

    def test_other_files(self):
        self.check(b'', 'an empty file')
        self.check(b'alias a b\n', 'text')
        self.check(bytes(4096), 'all zero bytes')
        self.check(b'\x80\x01\x02\x03' * 20, 'unknown data')
        self.check(b'#!/bin/sh\nexit 0\n', 'a script')
        self.check(mkmod.xz(b'x'), 'an xz file')
        self.check(mkmod.gz(b'x'), 'a gzip file')
        self.check(b'\x28\xb5\x2f\xfd' + bytes(30), 'a zstd file')
        self.check(b'!<arch>\nfoo.o/          0           0     0     100644  4         `\n', 'an ar archive')
        self.check(struct.pack('>3I', 0xB007F457, 0x00020001, 12), 'a modules index')

    def test_elf_files(self):
        module = Module()
        self.check(module.bytes()[:19], 'truncated ELF')
        self.check(module.bytes()[:63], 'cut off')
        for elf_type, what in ((2, 'an ELF executable'), (3, 'shared object'), (4, 'core dump'),
                               (0xfe00, 'unknown type')):
            self.check(Patched(module).put('H', 16, elf_type).bytes(), what)

    def test_class_and_byte_order(self):
        for at, what in ((4, 'ELF class'), (5, 'byte order')):
            for value in (0, 3, 255):
                self.check_refused(Patched(Module()).put('B', at, value).bytes(), NO_MODULE, what, at)


class Bounded(Case):
    """time grows no faster than the file, whatever stands in it"""

    def timed(self, data):
        return self.dump(data, timeout=TIME_LIMIT)

    def last_symbol_often(self, module, copies):
        """the module with the last symbol that was added to it, a global one, @copies times in its table"""
        class Copied(type(module)):
            def _symbol_entry(self, name, symbol):
                return super()._symbol_entry(name, symbol) * (copies if symbol is self.symbols[-1] else 1)
        module.__class__ = Copied
        return module.bytes()

    def test_namespace_symbols_into_a_long_string(self):
        """each of many symbols leads to a string whose end is far away"""
        for kind in ('64-little', '32-big'):
            module = Module(**KINDS[kind][0], exports='plain').export('fn')
            module.section('.long', b'x' * (24 << 20) + b'\0', flags=0)
            module.symbol('__kstrtabns_fn', '.long')
            line = self.timed(self.last_symbol_often(module, 400000))[0]
            self.assertTrue(line.startswith('refused=' + MALFORMED), line)

    def test_relocations_into_a_long_string(self):
        """likewise, by way of a table's relocations"""
        module = Module(strip=('ksymtab', 'kstrtab')).export('a' * 1000, ns='NS')
        table, strings = module.get('__ksymtab'), module.get('__ksymtab_strings')
        value, name, _ = table.relocs[:3]
        strings.data += b'x' * (24 << 20) + b'\0'
        table.relocs[:] = [value, name, (0, 2, name[2], 2000)] * 100000
        line = self.timed(module.bytes())[0]
        self.assertTrue(line.startswith('refused=' + MALFORMED), line)

    def test_many_names_with_one_hash(self):
        """made to collide in the table of names: refused"""
        for size in (0, 1000):
            module = Module()
            for name in colliding_names(1200, size):
                module.use(name)
            self.check_refused(module.bytes(), TOO_MUCH, 'names', timeout=TIME_LIMIT)

    def test_few_names_with_one_hash_asked_for_often(self):
        """as many collisions as are let pass, and then a million times the last of these names"""
        module = Module()
        for name in colliding_names(900, 1000):
            module.use(name)
        self.check_refused(self.last_symbol_often(module, 1000000), TOO_MUCH, 'names', timeout=TIME_LIMIT)

    def test_overlapping_version_names(self):
        """every byte of one long string starts a name"""
        module = Module(versions='ext')
        module.get('__version_ext_crcs', align=4).data += bytes(4 * 1000000)
        module.get('__version_ext_names').data += b'x' * (8 << 20) + b'\0'
        self.check_refused(module.bytes(), MALFORMED, 'too long', timeout=TIME_LIMIT)

    def test_overlapping_symbol_names(self):
        """every symbol's name is the tail of one string: as many bytes as they have, and no more"""
        module = Module()
        module.use('n' * 1023)
        data = bytearray(self.last_symbol_often(module, 300000))
        at, start = module.where('.symtab')[1], struct.unpack_from('<I', data, module.where('.symtab')[1] + 24)[0]
        for i in range(300000):
            struct.pack_into('<I', data, at + 24 * (i + 1), start + i % 1000)
        lines = self.timed(bytes(data))
        self.assertEqual(len(fields(lines, 'import')), 1000)

    def test_overlapping_symbol_names_of_a_small_file(self):
        """a record is not much larger than its file"""
        module = Module()
        module.use('n' * 1000)
        data = bytearray(self.last_symbol_often(module, 1000))
        at, start = module.where('.symtab')[1], struct.unpack_from('<I', data, module.where('.symtab')[1] + 24)[0]
        for i in range(1000):
            struct.pack_into('<I', data, at + 24 * (i + 1), start + i)
        self.check_refused(bytes(data), TOO_MUCH, 'names')

    def test_overlapping_sections(self):
        """sixty thousand sections, each of which holds all of the file"""
        names = ('.modinfo', '.note.gnu.build-id', '__ksymtab', '__kcrctab', '__versions', '.rela__ksymtab')
        module = Module().use('need')
        overlapping = [Section(names[i % len(names)]) for i in range(60000)]
        module.sections += overlapping
        file = Patched(module)
        shoff = module.where('.text')[0] - 64
        for section in overlapping:
            file.put('QQ', shoff + 64 * section.index + 24, 0, len(file.data))
        lines = self.timed(file.bytes())
        self.assertTrue('import=need' in lines or lines[0].startswith('refused='), lines[:3])

    def test_record_too_large(self):
        """more livepatch sections with long names than a record may hold"""
        module = ManySections(0xff40)
        for i in range(70000):
            module.section('.klp.rela.v.' + 'x' * 1000 if i == 0 else 'k', flags=0)
        data = bytearray(module.bytes())
        shoff = module.zero
        names = [struct.unpack_from('<I', data, shoff + 64 * i)[0] for i in range(2 + 0xff40, 2 + 0xff40 + 70000)]
        for i in range(2 + 0xff40, 2 + 0xff40 + 70000):
            struct.pack_into('<I', data, shoff + 64 * i, names[0])
        self.check_refused(bytes(data), TOO_MUCH, '', timeout=TIME_LIMIT)

    def test_long_modinfo(self):
        """a million tags, and one that is very long"""
        module = Module().modinfo_raw(b'a=b\0' * 1000000).modinfo('parm', 'x' * (4 << 20))
        lines = self.timed(module.bytes())
        self.assertEqual(len(lines), 3 + 1000001)


if __name__ == '__main__':
    tap.main()
