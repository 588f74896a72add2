# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes kernel module files and module trees, so that tests hold readable source and no binaries.

    Module('a').modinfo('license', 'GPL').export('fn', crc=0x1234).use('printk', crc=1).bytes()

makes a relocatable ELF file in the encoding asked for:

    cls, endian, machine   32/64, 'little'/'big', e_machine
    exports='kstrtabns'    5.4 and later: __ksymtab_X, __kstrtab_X, __kstrtabns_X; three-field entries
            'kflagstab'    7.1 and later: no _gpl sections, one flag byte a symbol in __kflagstab
            '5.4-rc'       a namespace is part of the symbol: __ksymtab_NS.X
            'plain'        before 5.4: no namespaces, two-field entries
    grown                  fields behind those, as later kernels may have: any of x (a number), p (a pointer),
                           t (a pointer into __ksymtab_strings)
    prel32                 4-byte self-relative entries, else pointers (default: True for 64 bit)
    rela                   explicit addends, else addends in place (default: as the machine does)
    crcs='relative'        __crc_X lies in __kcrctab{,_gpl}
         'absolute'        __crc_X is an absolute symbol, as before 5.19
    versions='basic'       imports' CRCs in __versions (64-byte records)
             'ext'         in __version_ext_crcs and __version_ext_names
             'both'        long names only in the second
    strip=()               which symbols a strip took: any of 'ksymtab', 'crc', 'kstrtab'.
                           Without 'kstrtab' symbols, relocations name __ksymtab_strings + offset.

Sections, .modinfo strings, versions and symbols stand in the order of the calls; ELF wants local
symbols first, so that order holds among the locals and among the others.
"""

import gzip
import lzma
import os
import struct
import subprocess

EM_SPARC, EM_386, EM_68K, EM_MIPS, EM_PARISC = 2, 3, 4, 8, 15
EM_PPC, EM_PPC64, EM_S390, EM_ARM, EM_SPARCV9, EM_X86_64 = 20, 21, 22, 40, 43, 62
EM_AARCH64, EM_RISCV, EM_LOONGARCH = 183, 243, 258

SHT_PROGBITS, SHT_SYMTAB, SHT_STRTAB, SHT_RELA, SHT_NOTE, SHT_NOBITS, SHT_REL = 1, 2, 3, 4, 7, 8, 9
SHF_WRITE, SHF_ALLOC, SHF_EXECINSTR = 1, 2, 4
SHF_MERGE, SHF_STRINGS, SHF_INFO_LINK, SHF_RELA_LIVEPATCH = 0x10, 0x20, 0x40, 0x100000
SHN_UNDEF, SHN_ABS, SHN_LIVEPATCH = 0, 0xfff1, 0xff20
STB_LOCAL, STB_GLOBAL, STB_WEAK = 0, 1, 2
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_SPARC_REGISTER = 0, 1, 2, 3, 13

# machine: (64-bit pointer, 32-bit pointer, 32-bit self-relative) relocation types
RELOCATIONS = {
    EM_X86_64: (1, 10, 2), EM_386: (0, 1, 2), EM_AARCH64: (257, 258, 261), EM_ARM: (0, 2, 3),
    EM_PPC: (0, 1, 26), EM_PPC64: (38, 1, 26), EM_S390: (22, 4, 5), EM_MIPS: (18, 2, 248),
    EM_RISCV: (2, 1, 57), EM_SPARC: (0, 3, 6), EM_SPARCV9: (32, 3, 6), EM_PARISC: (80, 1, 9),
    EM_68K: (0, 1, 4), EM_LOONGARCH: (2, 1, 99),
}

SIGNATURE_MAGIC = b'~Module signature appended~\n'
PKEY_ID_PKCS7 = 2


def _encoded(text):
    return text if isinstance(text, bytes) else text.encode()


class Section:
    def __init__(self, name, data=b'', type=SHT_PROGBITS, flags=SHF_ALLOC, align=1, entsize=0):
        self.name, self.data, self.type, self.flags = _encoded(name), bytearray(data), type, flags
        self.align, self.entsize, self.link, self.info = align, entsize, 0, 0
        self.target = None  # of a relocation section: the section that it is about
        self.index = 0      # in the section header table
        self.relocs = []    # (offset, type, Symbol, addend)
        self.symbol = None  # its STT_SECTION symbol, once something needs it


class Symbol:
    def __init__(self, name, section=SHN_UNDEF, value=0, bind=STB_LOCAL, type=STT_NOTYPE, size=0):
        """section: a Section, or a reserved index"""
        self.name, self.section, self.value = _encoded(name), section, value
        self.bind, self.type, self.size = bind, type, size
        self.index = 0


class Module:
    def __init__(self, name='m', cls=64, endian='little', machine=None, exports='kstrtabns',
                 prel32=None, rela=None, crcs='relative', versions='basic', strip=(), e_flags=0,
                 grown=''):
        self.name, self.cls, self.endian = name, cls, endian
        self.machine = machine if machine is not None else EM_X86_64 if cls == 64 else EM_386
        self.exports, self.crcs, self.versions, self.strip = exports, crcs, versions, set(strip)
        self.prel32 = cls == 64 if prel32 is None else prel32
        self.rela = self.machine not in (EM_386, EM_ARM) and (self.machine, cls) != (EM_MIPS, 32) \
            if rela is None else rela
        self.e_flags, self.grown = e_flags, grown
        self.order = '<' if endian == 'little' else '>'
        self.word = self.order + ('Q' if cls == 64 else 'I')
        self.sections, self.symbols, self.offsets = [], [], {}
        self.section('.text', b'\0' * 16, flags=SHF_ALLOC | SHF_EXECINSTR, align=16)

    # Raw building blocks

    def get(self, name, **kind):
        """the section of that name, made on first use"""
        for section in self.sections:
            if section.name == _encoded(name):
                return section
        self.section(name, **kind)
        return self.sections[-1]

    def section(self, name, data=b'', **kind):
        self.sections.append(Section(name, data, **kind))
        return self

    def symbol(self, name, section=SHN_UNDEF, value=0, bind=STB_GLOBAL, type=STT_NOTYPE):
        self._symbol(name, self.get(section) if isinstance(section, str) else section, value, bind, type)
        return self

    def _symbol(self, *args):
        symbol = Symbol(*args)
        self.symbols.append(symbol)
        return symbol

    def _section_symbol(self, section):
        if not section.symbol:
            section.symbol = self._symbol('', section, 0, STB_LOCAL, STT_SECTION)
        return section.symbol

    def _pointer(self, section, size, relative, target, addend=0):
        """append a relocated field of @size bytes, which is to hold target + addend"""
        kinds = RELOCATIONS.get(self.machine, (1, 1, 2))
        kind = kinds[2] if relative else kinds[0 if size == 8 else 1]
        section.relocs.append((len(section.data), kind, target, addend))
        in_place = 0 if self.rela else addend
        section.data += struct.pack(self.order + ('q' if size == 8 else 'i'), in_place)

    # What a module says about itself

    def modinfo(self, key, value):
        return self.modinfo_raw(_encoded(key) + b'=' + _encoded(value) + b'\0')

    def modinfo_raw(self, data):
        """bytes as they are: padding, a string without '=', or without its NUL"""
        self.get('.modinfo').data += data
        return self

    def build_id(self, identity=bytes(range(20))):
        note = struct.pack(self.order + '3I', 4, len(identity), 3) + b'GNU\0' + identity
        return self.section('.note.gnu.build-id', note, type=SHT_NOTE, align=4)

    # Imports

    def use(self, name, crc=None, weak=False):
        self._symbol(name, SHN_UNDEF, 0, STB_WEAK if weak else STB_GLOBAL)
        return self if crc is None else self.version(name, crc)

    def version(self, name, crc):
        """a version record, without an undefined symbol"""
        name = _encoded(name)
        size = 64 - self.cls // 8
        if self.versions == 'basic' or self.versions == 'both' and len(name) < size:
            if len(name) >= size:
                raise ValueError('too long a name for __versions: %r' % name)
            record = struct.pack(self.word, crc) + name.ljust(size, b'\0')
            self.get('__versions', align=32).data += record
        if self.versions in ('ext', 'both'):
            self.get('__version_ext_crcs', align=4).data += struct.pack(self.order + 'I', crc)
            self.get('__version_ext_names').data += name + b'\0'
        return self

    # Exports

    def export(self, name, crc=None, gpl=False, ns=None):
        name = _encoded(name)
        namespace = _encoded(ns or '')
        table = '_gpl' if gpl and self.exports != 'kflagstab' else ''
        width = 4 if self.prel32 else self.cls // 8

        strings = self.get('__ksymtab_strings', entsize=1, flags=SHF_ALLOC | SHF_MERGE | SHF_STRINGS)
        fields = [(self._symbol(name, self.get('.text'), 0, STB_GLOBAL, STT_FUNC), 0),
                  self._string(strings, b'__kstrtab_' + name, name)]
        if self.exports == '5.4-rc' and namespace:
            fields.append(self._string(strings, b'__kstrtab_ns_' + name, namespace))
        elif self.exports == '5.4-rc':
            fields.append(None)
        elif self.exports != 'plain':
            fields.append(self._string(strings, b'__kstrtabns_' + name, namespace))

        ksymtab = self.get('__ksymtab' + table, align=width)
        if 'ksymtab' not in self.strip:
            qualified = namespace + b'.' + name if self.exports == '5.4-rc' and namespace else name
            self._symbol(b'__ksymtab_' + qualified, ksymtab, len(ksymtab.data))
        for field in fields:
            if field:
                self._pointer(ksymtab, width, self.prel32, *field)
            else:
                ksymtab.data += bytes(width)
        for kind in self.grown:
            if kind == 'x':
                ksymtab.data += struct.pack(self.order + ('I' if width == 4 else 'Q'), 1)
            else:
                self._pointer(ksymtab, width, self.prel32, *fields[kind == 't'])
        if self.exports == 'kflagstab':
            self.get('__kflagstab').data.append(1 if gpl else 0)
        if crc is not None:
            self._crc(name, crc, self.get('__kcrctab' + table, align=4))
        return self

    def _string(self, strings, symbol, text):
        offset = len(strings.data)
        strings.data += text + b'\0'
        if 'kstrtab' in self.strip:
            return self._section_symbol(strings), offset
        return self._symbol(symbol, strings, offset), 0

    def _crc(self, name, crc, kcrctab):
        if self.crcs == 'absolute':
            symbol = self._symbol(b'__crc_' + name, SHN_ABS, crc, STB_GLOBAL)
            self._pointer(kcrctab, 4, False, symbol)
            return
        if 'crc' not in self.strip:
            self._symbol(b'__crc_' + name, kcrctab, len(kcrctab.data))
        kcrctab.data += struct.pack(self.order + 'I', crc)

    # Livepatches

    def livepatch(self):
        return self.modinfo('livepatch', 'Y')

    def klp_symbol(self, obj, name, pos=0):
        self._symbol('.klp.sym.%s.%s,%d' % (obj, name, pos), SHN_LIVEPATCH, 0, STB_GLOBAL)
        return self

    def klp_rela(self, obj, section, symbols, info_link=True):
        """.klp.rela.OBJ.SECTION: a relocation in @section to each of the (obj, name, pos) symbols"""
        target = self.get(section)
        rela = Section('.klp.rela.%s.%s' % (obj, section), type=SHT_RELA if self.rela else SHT_REL,
                       flags=SHF_ALLOC | SHF_RELA_LIVEPATCH | (SHF_INFO_LINK if info_link else 0))
        rela.target = target
        kind = RELOCATIONS.get(self.machine, (1, 1, 2))[2]
        for klp in symbols:
            self.klp_symbol(*klp)
            rela.relocs.append((0, kind, self.symbols[-1], 0))
        self.sections.append(rela)
        return self

    # The file

    def bytes(self):
        symtab = Section('.symtab', type=SHT_SYMTAB, flags=0, align=self.cls // 8,
                         entsize=24 if self.cls == 64 else 16)
        strtab = Section('.strtab', b'\0', type=SHT_STRTAB, flags=0)
        shstrtab = Section('.shstrtab', b'\0', type=SHT_STRTAB, flags=0)

        symbols = sorted(self.symbols, key=lambda symbol: symbol.bind != STB_LOCAL)
        for index, symbol in enumerate(symbols, 1):
            symbol.index = index
        sections = []
        for section in self.sections:
            sections.append(section)
            if section.relocs and not section.name.startswith(b'.klp.rela.'):
                rela = Section(b'.rela' + section.name if self.rela else b'.rel' + section.name,
                               type=SHT_RELA if self.rela else SHT_REL, flags=SHF_INFO_LINK)
                rela.relocs, rela.target = section.relocs, section
                sections.append(rela)
        sections += [symtab, strtab, shstrtab]
        for index, section in enumerate(sections, 1):
            section.index = index

        symtab.data = self._symbol_entry(0, Symbol(''))
        for symbol in symbols:
            name = 0
            if symbol.name:
                name = len(strtab.data)
                strtab.data += symbol.name + b'\0'
            symtab.data += self._symbol_entry(name, symbol)
        symtab.link = strtab.index
        symtab.info = 1 + sum(symbol.bind == STB_LOCAL for symbol in symbols)

        for section in sections:
            if section.target:
                self._relocation_section(section, symtab)
        return self._file(sections, shstrtab)

    def _symbol_entry(self, name, symbol):
        shndx = symbol.section.index if isinstance(symbol.section, Section) else symbol.section
        info = symbol.bind << 4 | symbol.type
        if self.cls == 64:
            entry = struct.pack(self.order + 'IBBHQQ', name, info, 0, shndx, symbol.value, symbol.size)
        else:
            entry = struct.pack(self.order + 'IIIBBH', name, symbol.value, symbol.size, info, 0, shndx)
        return bytearray(entry)

    def _relocation_section(self, section, symtab):
        section.align = self.cls // 8
        section.entsize = self.cls // 8 * (3 if section.type == SHT_RELA else 2)
        section.link, section.info = symtab.index, section.target.index
        section.data = bytearray()
        for offset, kind, symbol, addend in section.relocs:
            if self.cls == 32:
                entry = struct.pack(self.order + 'II', offset, symbol.index << 8 | kind)
            elif self.machine == EM_MIPS:   # its r_info is a u32 and four bytes, not a u64
                entry = struct.pack(self.order + 'QI4B', offset, symbol.index, 0, 0, 0, kind)
            else:
                entry = struct.pack(self.order + 'QQ', offset, symbol.index << 32 | kind)
            if section.type == SHT_RELA:
                entry += struct.pack(self.order + ('q' if self.cls == 64 else 'i'), addend)
            section.data += entry

    def _file(self, sections, shstrtab):
        names = []
        for section in sections:
            names.append(len(shstrtab.data))
            shstrtab.data += section.name + b'\0'

        header_size = 64 if self.cls == 64 else 52
        out = bytearray(header_size)
        headers = bytearray(64 if self.cls == 64 else 40)
        self.offsets = {}
        for section, name in zip(sections, names):
            out += bytes(-len(out) % section.align)
            self.offsets[section.name.decode()] = (len(headers), len(out), len(section.data))
            headers += self._section_header(section, name, len(out))
            out += section.data
        out += bytes(-len(out) % 8)
        for name, (header, offset, size) in self.offsets.items():
            self.offsets[name] = (len(out) + header, offset, size)
        out[:header_size] = self._file_header(len(out), len(sections) + 1, shstrtab.index)
        return bytes(out + headers)

    def _section_header(self, section, name, offset):
        layout = 'IIQQQQIIQQ' if self.cls == 64 else '10I'
        return struct.pack(self.order + layout, name, section.type, section.flags, 0, offset,
                           len(section.data), section.link, section.info, section.align, section.entsize)

    def _file_header(self, shoff, shnum, shstrndx):
        ident = b'\x7fELF' + bytes([2 if self.cls == 64 else 1, 1 if self.endian == 'little' else 2, 1])
        layout = 'HHIQQQI6H' if self.cls == 64 else 'HHIIIII6H'
        size, shentsize = (64, 64) if self.cls == 64 else (52, 40)
        return ident.ljust(16, b'\0') + struct.pack(
            self.order + layout, 1, self.machine, 1, 0, 0, shoff, self.e_flags,
            size, 0, 0, shentsize, shnum, shstrndx)

    def where(self, section):
        """(offset of its header, offset, size) of a section of the file that bytes() wrote last"""
        return self.offsets[section]


def signed(data, signature, id_type=PKEY_ID_PKCS7, algo=0, hash=0, signer=b'', key_id=b'', sig_len=None):
    """a module file with an appended signature: PKCS#7 DER bytes, or the older three parts"""
    length = len(signature) if sig_len is None else sig_len
    trailer = struct.pack('>5B3xI', algo, hash, id_type, len(signer), len(key_id), length)
    return data + signer + key_id + signature + trailer + SIGNATURE_MAGIC


def xz(data):
    return lzma.compress(data, format=lzma.FORMAT_XZ, check=lzma.CHECK_CRC32)


def gz(data):
    return gzip.compress(data, mtime=0)


def zst(data):
    return subprocess.run(['zstd', '-q', '-c'], input=data, stdout=subprocess.PIPE, check=True).stdout


COMPRESSORS = {'.xz': xz, '.gz': gz, '.zst': zst}


def compressed(relpath, data):
    """@data as the extension of @relpath says"""
    return COMPRESSORS.get(os.path.splitext(relpath)[1], bytes)(data)


def write_tree(directory, version, files, order=None, builtin=None, builtin_modinfo=None):
    """DIRECTORY/lib/modules/VERSION with its modules; returns that folder.

    files: {path below that folder: bytes as they are, or a Module, compressed as the path says}
    order, builtin: lines of modules.order and modules.builtin, no file when None; order=True means
    the order of @files. builtin_modinfo: ('mod', 'key', 'value') triples.
    """
    root = os.path.join(str(directory), 'lib/modules', version)
    os.makedirs(root, exist_ok=True)
    for relpath, content in files.items():
        if isinstance(content, Module):
            content = compressed(relpath, content.bytes())
        path = os.path.join(root, relpath)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(content)
    if order is True:
        order = [path[:path.rindex('.ko') + 3] for path in files]
    for name, lines in (('modules.order', order), ('modules.builtin', builtin)):
        if lines is not None:
            with open(os.path.join(root, name), 'wb') as file:
                file.writelines(_encoded(line) + b'\n' for line in lines)
    if builtin_modinfo is not None:
        with open(os.path.join(root, 'modules.builtin.modinfo'), 'wb') as file:
            file.writelines(b'%s.%s=%s\0' % tuple(map(_encoded, entry)) for entry in builtin_modinfo)
    return root
