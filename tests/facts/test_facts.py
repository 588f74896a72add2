#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The record of facts that is read of a module file, in every encoding, against literal expectations.

MODSURE_FACTS_DUMP names the program (facts-dump.c) that prints a record.
"""

import os
import struct
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__))]

from factscase import KINDS, Case, ManySections, Patched, facts_dump, fields, head  # noqa: E402

import mkmod  # noqa: E402
import tap  # noqa: E402
from mkmod import (EM_MIPS, EM_SPARC, EM_SPARCV9, SHN_LIVEPATCH, SHN_UNDEF, STT_SPARC_REGISTER, Module,  # noqa: E402
                   signed)

EM_SPARC32PLUS = 18


def each_kind(**more):
    for kind, (arguments, _, _) in KINDS.items():
        yield kind, Module(**arguments, **more)


class Exports(Case):
    """what a module offers: the same four symbols in every encoding that kernels have used"""

    def variants(self, **fixed):
        """modules of every class, byte order, width of entries and kind of relocations, before and after strip"""
        for kind, (arguments, _, _) in KINDS.items():
            for prel32 in (True, False):
                for rela in (True, False) if arguments['cls'] == 32 else (True,):
                    for strip in ((), ('ksymtab',), ('ksymtab', 'kstrtab'), ('ksymtab', 'crc', 'kstrtab')):
                        if 'crc' in strip and fixed.get('crcs') == 'absolute':
                            continue
                        yield kind, dict(arguments, prel32=prel32, rela=rela, strip=strip, **fixed)

    def check(self, expected, flags=(), with_crc=True, **fixed):
        variants = list(self.variants(**fixed))
        files = []
        for _, arguments in variants:
            module = Module(**arguments)
            for i, (name, gpl, ns) in enumerate((('plain_fn', False, None), ('in_ns', False, 'NS_ONE'),
                                                 ('gpl_fn', True, None), ('gpl_in_ns', True, 'NS_TWO'))):
                module.export(name, 0x81111111 * (i + 1) & 0xffffffff if with_crc else None, gpl, ns)
            files.append(module.bytes())
        for (kind, arguments), lines in zip(variants, self.dumps(files)):
            with self.subTest(**arguments):
                self.assertEqual(lines, head(kind, *flags) + expected)

    WITH_CRCS = ['export=plain_fn crc=0x81111111', 'export=in_ns crc=0x02222222 ns=NS_ONE',
                 'export=gpl_fn gpl crc=0x83333333', 'export=gpl_in_ns gpl crc=0x04444444 ns=NS_TWO']
    WITHOUT_CRCS = ['export=plain_fn', 'export=in_ns ns=NS_ONE', 'export=gpl_fn gpl', 'export=gpl_in_ns gpl ns=NS_TWO']
    BEFORE_NAMESPACES = ['export=plain_fn crc=0x81111111', 'export=in_ns crc=0x02222222',
                         'export=gpl_fn gpl crc=0x83333333', 'export=gpl_in_ns gpl crc=0x04444444']

    def test_crcs_in_a_section(self):
        """MODVERSIONS as since 5.19"""
        self.check(self.WITH_CRCS)

    def test_absolute_crcs(self):
        """MODVERSIONS as before 5.19"""
        self.check(self.WITH_CRCS, crcs='absolute')

    def test_5_1_17_without_modversions_a_namespace_is_no_export(self):
        self.check(self.WITHOUT_CRCS, with_crc=False)

    def test_kflagstab(self):
        """licence flags in __kflagstab, as since 7.1"""
        self.check(self.WITH_CRCS, ['kflagstab'], exports='kflagstab')

    def test_kflagstab_without_modversions(self):
        self.check(self.WITHOUT_CRCS, ['kflagstab'], with_crc=False, exports='kflagstab')

    def test_5_4_rc_namespace_in_the_symbol(self):
        self.check(self.WITH_CRCS, exports='5.4-rc', crcs='absolute')

    def test_before_namespaces(self):
        self.check(self.BEFORE_NAMESPACES, exports='plain', crcs='absolute')

    def test_mips64_relocations(self):
        """their symbol and type are fields of their own, not one 64-bit number"""
        for endian in ('little', 'big'):
            module = Module(cls=64, endian=endian, machine=EM_MIPS, prel32=False, strip=('ksymtab', 'crc', 'kstrtab'))
            module.export('plain_fn', 0x12345678).export('in_ns', 0x9abcdef0, True, 'NS')
            self.assertEqual(fields(self.dump(module.bytes()), 'export', 'refused'),
                             ['export=plain_fn crc=0x12345678', 'export=in_ns gpl crc=0x9abcdef0 ns=NS'])

    def test_undefined_crc(self):
        """what older builds left where a CRC could not be made: a weak symbol that stays undefined"""
        for kind, (arguments, _, _) in KINDS.items():
            for strip in ((), ('ksymtab',)):
                module = Module(**arguments, crcs='absolute', strip=strip).export('fn', 1)
                crc = next(symbol for symbol in module.symbols if symbol.name == b'__crc_fn')
                crc.section, crc.value, crc.bind = SHN_UNDEF, 0, mkmod.STB_WEAK
                self.assertEqual(self.dump(module.bytes()), head(kind) + ['export=fn', 'import=__crc_fn weak'])

    def test_kflagstab_ends_before_the_entry(self):
        for kind, (arguments, _, _) in KINDS.items():
            module = Module(**arguments, exports='kflagstab').export('fn', gpl=True)
            module.symbol('__ksymtab_far', '__ksymtab', 3 * len(module.get('__ksymtab').data))
            module.section('.ones', b'\1' * 64)
            self.assertEqual(self.dump(module.bytes()),
                             head(kind, 'kflagstab', 'licences-unknown') + ['export=fn gpl', 'export=far'])

    def test_flags_that_are_not_one_an_entry(self):
        """names are known by symbols, licences are not; by relocations nothing is"""
        for kind, (arguments, _, _) in KINDS.items():
            for n in (1, 2, 3, 5, 8):
                for strip in ((), ('ksymtab', 'kstrtab')):
                    module = Module(**arguments, exports='kflagstab', strip=strip)
                    for name in ('a', 'b', 'c', 'd'):
                        module.export(name, gpl=name != 'b')
                    module.get('__kflagstab').data[:] = b'\1' * n
                    expected = head(kind, 'kflagstab', 'exports-unknown') if strip else \
                        head(kind, 'kflagstab', 'licences-unknown') + ['export=a', 'export=b', 'export=c', 'export=d']
                    self.assertEqual(self.dump(module.bytes()), expected, (n, strip))

    GROWN = ('x', 'p', 't', 'xx', 'px', 'tp', 'xxx')

    def test_grown_entries(self):
        """symbols tell their size, or relocations and a count of CRCs or flags"""
        for grown in self.GROWN:
            self.check(self.WITH_CRCS, grown=grown)
            self.check(self.WITH_CRCS, ['kflagstab'], grown=grown, exports='kflagstab')
            self.check(self.WITHOUT_CRCS, ['kflagstab'], with_crc=False, grown=grown, exports='kflagstab')

    def test_grown_entries_of_unknown_size(self):
        """without symbols, CRCs and flags: said, and never misread"""
        for grown in self.GROWN:
            for kind, (arguments, _, _) in KINDS.items():
                for prel32 in (True, False):
                    for n in (1, 2, 3, 4, 7):
                        module = Module(**arguments, prel32=prel32, grown=grown, strip=('ksymtab', 'kstrtab'))
                        for i in range(n):
                            module.export('fn%d' % i, ns='NS' if i % 2 else None)
                        self.assertEqual(self.dump(module.bytes()), head(kind, 'exports-unknown'), (grown, n, prel32))

    def test_relocations_in_any_order(self):
        for kind, (arguments, _, _) in KINDS.items():
            module = Module(**arguments, strip=('ksymtab', 'kstrtab')).export('a', 1, ns='NS').export('b', 2)
            module.get('__ksymtab').relocs.reverse()
            self.assertEqual(self.dump(module.bytes()),
                             head(kind) + ['export=a crc=0x00000001 ns=NS', 'export=b crc=0x00000002'])

    def test_a_relocation_between_fields(self):
        """of the last entry too, grown or not: not known, or more than there is room for"""
        for kind, (arguments, _, _) in KINDS.items():
            for grown in ('', 'x'):
                module = Module(**arguments, grown=grown, strip=('ksymtab', 'kstrtab')).export('a', 1).export('b', 2)
                relocs = module.get('__ksymtab').relocs
                for value in relocs[0], relocs[3]:
                    relocs.append((value[0] + 6, *value[1:]))
                    lines = self.dump(module.bytes())
                    if grown:
                        self.assertEqual(lines, head(kind, 'exports-unknown'))
                    else:
                        self.assertIn('relocations do not fit', lines[0])
                    relocs.pop()

    def test_crcs_that_are_not_one_an_entry(self):
        """by relocations, nothing is known then"""
        for kind, (arguments, _, _) in KINDS.items():
            for n in (1, 2, 3, 5, 8):
                module = Module(**arguments, strip=('ksymtab', 'crc', 'kstrtab'))
                for name in ('a', 'b', 'c', 'd'):
                    module.export(name, 1)
                module.get('__kcrctab').data[:] = bytes(4 * n)
                self.assertEqual(self.dump(module.bytes()), head(kind, 'exports-unknown'), n)

    def test_an_export_is_listed_once(self):
        for kind, module in each_kind():
            module.export('fn', 1).symbol('__ksymtab_fn', '__ksymtab', 0)
            self.assertEqual(self.dump(module.bytes()), head(kind) + ['export=fn crc=0x00000001'])

    def test_names_that_look_alike(self):
        """only a whole prefix with something behind it makes an export"""
        for kind, module in each_kind():
            module.symbol('__ksymtab', '.text').symbol('___ksymtab_a', '.text').symbol('_ksymtab_b', '.text')
            module.symbol('__kcrctab_c', '.text').symbol('__crc_d', '.text', 4).symbol('__kstrtabns_e', '.text')
            self.assertEqual(self.dump(module.bytes()), head(kind))

    def test_stripped_of_all_symbols(self):
        """there are exports, but nothing tells their names"""
        for kind, module in each_kind():
            file = Patched(module.modinfo('license', 'GPL').export('fn', 1, ns='NS'))
            file.section_field('.symtab', 'type', mkmod.SHT_PROGBITS)
            self.assertEqual(self.dump(file.bytes()), head(kind, 'exports-unknown') + ['modinfo=license=GPL'])


class Imports(Case):
    """what a module needs"""

    LONG = 'a_name_that_is_longer_than_a_version_record_can_hold_as_those_of_rust_are'

    def check(self, versions, names, expected):
        for kind, module in each_kind(versions=versions):
            with self.subTest(kind):
                module.use('first', 0x81020304).use('weak_one', 0x11, weak=True).use('.dotted', 0x12)
                module.use('without_crc').version('module_layout', 0xfffefdfc)
                for name in names:
                    module.use(name, 0xa0b0c0d0)
                self.assertEqual(self.dump(module.bytes()), head(kind, 'versions') + [
                    'import=first crc=0x81020304', 'import=weak_one weak crc=0x00000011',
                    'import=.dotted crc=0x00000012', 'import=without_crc', *expected,
                    'import=module_layout version-only crc=0xfffefdfc'])

    def test_versions(self):
        """__versions: its CRC is a word of the class"""
        self.check('basic', [], [])

    def test_extended_versions(self):
        """__version_ext_*"""
        self.check('ext', [self.LONG], ['import=%s crc=0xa0b0c0d0' % self.LONG])

    def test_both_version_tables(self):
        """a long name stands in the second only"""
        self.check('both', [self.LONG], ['import=%s crc=0xa0b0c0d0' % self.LONG])

    def test_without_versions(self):
        for kind, module in each_kind():
            module.use('first').use('weak_one', weak=True)
            self.assertEqual(self.dump(module.bytes()), head(kind) + ['import=first', 'import=weak_one weak'])

    def test_order_is_that_of_the_symbol_table(self):
        for kind, module in each_kind():
            names = ['z', 'a', 'm', 'b']
            for name in names:
                module.use(name)
            module.version('y', 1).version('m', 2).version('c', 3)
            self.assertEqual(self.dump(module.bytes()), head(kind, 'versions') + [
                'import=z', 'import=a', 'import=m crc=0x00000002', 'import=b',
                'import=y version-only crc=0x00000001', 'import=c version-only crc=0x00000003'])

    def test_sparc_registers(self):
        """are no symbols that somebody exports; on another machine the type means nothing"""
        for machine, cls, expected in ((EM_SPARC, 32, []), (EM_SPARC32PLUS, 32, []), (EM_SPARCV9, 64, []),
                                       (mkmod.EM_PPC, 32, ['import=%g2'])):
            module = Module(cls=cls, endian='big', machine=machine).symbol('%g2', SHN_UNDEF, type=STT_SPARC_REGISTER)
            lines = self.dump(module.use('fn').bytes())
            self.assertEqual(fields(lines, 'import', 'refused'), [*expected, 'import=fn'], machine)

    def test_a_weak_symbol_of_the_module_is_no_import(self):
        for kind, module in each_kind():
            module.symbol('own', '.text', bind=mkmod.STB_WEAK).symbol('own_too', '.text')
            self.assertEqual(self.dump(module.bytes()), head(kind))

    def test_the_first_of_two_versions_counts(self):
        for kind, module in each_kind():
            module.version('fn', 1).version('fn', 2)
            module.versions = 'ext'
            module.version('fn', 3)
            self.assertEqual(self.dump(module.bytes()),
                             head(kind, 'versions') + ['import=fn version-only crc=0x00000001'])

    def test_empty_records_and_surplus_names(self):
        """a version without a name says nothing; nor does a name without a CRC"""
        for kind, module in each_kind():
            module.version('', 7).version('fn', 8)
            ext = Module(**KINDS[kind][0], versions='ext').version('', 7).version('fn', 8)
            ext.get('__version_ext_names').data += b'surplus\0'
            for made in (module, ext):
                self.assertEqual(self.dump(made.bytes()),
                                 head(kind, 'versions') + ['import=fn version-only crc=0x00000008'])


class Rest(Case):
    """everything else that a record holds"""

    def test_modinfo(self):
        """in file order, repeated or not, whatever their bytes"""
        for kind, module in each_kind():
            module.modinfo('license', 'GPL').modinfo('alias', 'b').modinfo('alias', 'a')
            module.modinfo_raw(b'\0\0\0parm=p:tab\tand \xc3\xa9 and \\\0no_equals\0=empty\0last=without NUL')
            self.assertEqual(self.dump(module.bytes()), head(kind) + [
                'modinfo=license=GPL', 'modinfo=alias=b', 'modinfo=alias=a',
                'modinfo=parm=p:tab\\x09and \\xc3\\xa9 and \\x5c', 'modinfo=no_equals', 'modinfo==empty',
                'modinfo=last=without NUL'])

    def test_livepatch(self):
        for kind, module in each_kind():
            module.livepatch().klp_rela('vmlinux', '.text', [('vmlinux', 'printk', 0)])
            module.klp_symbol('ext4', 'ext4_fn', 2).symbol('no_dot', SHN_LIVEPATCH)
            self.assertEqual(self.dump(module.bytes()), head(kind, 'livepatch') + [
                'modinfo=livepatch=Y', 'klp-section=.klp.rela.vmlinux..text',
                'klp-symbol=.klp.sym.vmlinux.printk,0', 'klp-symbol=.klp.sym.ext4.ext4_fn,2'])

    def test_livepatch_tag_with_another_value(self):
        for kind, module in each_kind():
            module.modinfo('livepatch', 'N')
            self.assertEqual(self.dump(module.bytes()), head(kind, 'livepatch') + ['modinfo=livepatch=N'])

    def test_build_id(self):
        for kind, module in each_kind():
            other = struct.pack(module.order + '3I', 6, 5, 3) + b'Other\0\0\0hello\0\0\0'
            other += struct.pack(module.order + '3I', 8, 4, 3) + b'GNU\0not\0hell'
            other += struct.pack(module.order + '3I', 4, 4, 1) + b'GNU\0hell'
            module.section('.note.gnu.build-id', other, type=mkmod.SHT_NOTE, align=4)
            module.get('.note.gnu.build-id').data += Module(**KINDS[kind][0]).build_id().sections[-1].data
            self.assertEqual(self.dump(module.bytes()),
                             head(kind) + ['build-id=000102030405060708090a0b0c0d0e0f10111213'])

    def test_build_id_cut_off(self):
        """is none; the module is read all the same"""
        for kind, module in each_kind():
            module.build_id()
            del module.get('.note.gnu.build-id').data[-1:]
            self.assertEqual(self.dump(module.bytes()), head(kind))

    def test_this_module(self):
        for kind, module in each_kind():
            module.section('.gnu.linkonce.this_module', bytes(64))
            self.assertEqual(self.dump(module.bytes()), head(kind, 'this-module'))

    def test_signature(self):
        """PKCS#7, and the older form with a name and a key in front"""
        for kind, module in each_kind():
            data = module.bytes()
            self.assertEqual(self.dump(signed(data, b'S' * 300)), head(kind) + [
                'signature=off:%d size:300 algo:0 hash:0 id-type:2 signer-size:0 key-id-size:0' % len(data)])
            old = signed(data, b'S' * 130, id_type=1, algo=1, hash=4, signer=b'Some signer', key_id=b'\x01\x02\x03')
            self.assertEqual(self.dump(old), head(kind) + [
                'signature=off:%d size:130 algo:1 hash:4 id-type:1 signer-size:11 key-id-size:3' % (len(data) + 14)])

    def test_no_signature(self):
        """the magic must be the very end of the file"""
        for kind, module in each_kind():
            data = module.bytes()
            self.assertEqual(self.dump(signed(data, b'S' * 30) + b'\n'), head(kind))
            self.assertEqual(self.dump(data + mkmod.SIGNATURE_MAGIC[1:]), head(kind))

    def test_counts_in_section_0(self):
        """more sections than 0xff00: counts, name table and symbols' sections stand elsewhere"""
        for kind in ('64-little', '32-big'):
            module = ManySections(0xff40, **KINDS[kind][0]).modinfo('license', 'GPL').use('need', 5)
            module.export('fn', 0x12345678, gpl=True, ns='NS').build_id(b'\xab' * 4)
            module.symbol('__crc_absolute', mkmod.SHN_ABS, 9)
            self.assertEqual(self.dump(module.bytes()), head(kind, 'versions') + [
                'modinfo=license=GPL', 'export=fn gpl crc=0x12345678 ns=NS', 'import=need crc=0x00000005',
                'build-id=abababab'])

    def test_no_symbol_table(self):
        for kind, module in each_kind():
            file = Patched(module.modinfo('license', 'GPL').use('fn').version('fn', 3))
            file.section_field('.symtab', 'type', mkmod.SHT_PROGBITS)
            self.assertEqual(self.dump(file.bytes()), head(kind, 'versions') + [
                'modinfo=license=GPL', 'import=fn version-only crc=0x00000003'])

    def test_a_section_without_bytes_has_any_size(self):
        for kind, module in each_kind():
            file = Patched(module.section('.bss', type=mkmod.SHT_NOBITS))
            file.section_field('.bss', 'size', 0x7fffffff)
            self.assertEqual(self.dump(file.bytes()), head(kind))

    def test_programs_with_modinfo(self):
        """an executable that describes itself is read like a module"""
        for kind, module in each_kind():
            module.modinfo('name', 'helper')
            for elf_type in (2, 3):
                lines = self.dump(Patched(module).put('H', 16, elf_type).bytes())
                expected = head(kind) + ['modinfo=name=helper']
                expected[1:3] = ['elf-type=%d' % elf_type, expected[2].replace('relocatable', '').strip(',')]
                self.assertEqual(lines, expected)


if __name__ == '__main__':
    tap.main()
