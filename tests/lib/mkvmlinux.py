# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes linked kernels (vmlinux) with export tables, in every encoding that kernels have used and some that they may.

    Vmlinux().export('printk', 0x12345678).export('in_ns', 1, gpl=True, ns='NS').bytes()

    cls, endian, machine   32/64, 'little'/'big', e_machine
    fields                 what an entry has: 'vn' (before 5.4), 'vns' (5.4 on); any of v n s, behind them
                           x (a number), p (a pointer into .text), t (to a text behind all names): entries that have grown
    prel32                 4-byte self-relative fields, else words of the class
    kflagstab              7.1 and later: one table, one flag byte a symbol; else two tables
    crcs                   4: u32; 8: words, as up to 4.10; 'way': to u32 in .rodata, as 4.11 to 5.18; None: none
    symbols                keep __ksymtab_NAME; 'ns': as 5.4-rc1 to rc4 called them, __ksymtab_NS.NAME, and their
                           entries without a namespace have no pointer
    dyn                    ET_DYN, whose absolute fields are zero and stand in .rela.dyn
    release                in the banner and in a vermagic

Strings share their ends, as linkers have it. Tables are sorted by name, as the kernel's search needs it, unless
sort=False.
"""

import struct

from mkmod import EM_386, EM_X86_64

BASE = {64: 0xffffffff81000000, 32: 0xc1000000}
RELATIVE = {20: 22, 21: 22, 22: 12, 62: 8, 183: 1027, 243: 3, 258: 3}   # e_machine: R_*_RELATIVE


class Vmlinux:
    def __init__(self, cls=64, endian='little', machine=None, fields='vns', prel32=None, kflagstab=False, crcs=4,
                 symbols=None, dyn=False, release='6.1.0-test', sort=True):
        self.cls, self.fields, self.kflagstab, self.crcs = cls, fields, kflagstab, crcs
        self.machine = machine if machine is not None else EM_X86_64 if cls == 64 else EM_386
        self.prel32 = cls == 64 if prel32 is None else prel32
        self.symbols, self.dyn, self.release, self.sort = symbols, dyn, release, sort
        self.order = '<' if endian == 'little' else '>'
        self.endian = endian
        self.word = self.order + ('Q' if cls == 64 else 'I')
        self.exports, self.sections, self.offsets, self.relocs = [], [], {}, []

    def export(self, name, crc=0, gpl=False, ns=None):
        self.exports.append((name, crc, gpl, ns or ''))
        return self

    # Pieces

    def _strings(self):
        """(bytes, where each text is): longest first, so that a shorter one finds the end of another"""
        texts = {name for name, _, _, _ in self.exports} | {ns for _, _, _, ns in self.exports}
        if 't' in self.fields:
            texts.add('~text')
        data, where = bytearray(), {}
        for text in sorted(texts, key=lambda text: (-len(text), text)):
            at = data.find(text.encode() + b'\0')
            if at < 0:
                at = len(data)
                data += text.encode() + b'\0'
            where[text] = at
        return bytes(data), where

    def _field(self, at, target):
        """a field at address @at that leads to @target; None: a zero"""
        if target is None:
            return bytes(4 if self.prel32 else self.cls // 8)
        if self.prel32:
            return struct.pack(self.order + 'I', (target - at) & 0xffffffff)
        if self.dyn:
            self.relocs.append((at, target))
            target = 0
        return struct.pack(self.word, target)

    def _entry(self, at, export, strings, where):
        name, _, _, ns = export
        out = b''
        for kind in self.fields:
            target = {'v': self.text + 16, 'n': strings + where[name], 's': strings + where[ns],
                      'p': self.text + 32, 't': strings + where.get('~text', 0)}.get(kind)
            if kind == 's' and self.symbols == 'ns' and not ns:
                target = None
            if kind == 'x':
                out += struct.pack(self.order + 'I', 7) if self.prel32 else struct.pack(self.word, 7)
            else:
                out += self._field(at + len(out), target)
        return out

    def _tables(self):
        """[(suffix, exports)]"""
        exports = sorted(self.exports) if self.sort else self.exports
        if self.kflagstab:
            return [('', exports)]
        return [('', [e for e in exports if not e[2]]), ('_gpl', [e for e in exports if e[2]])]

    # The file

    def _section(self, name, data, type=1, flags=2, entsize=0, link=0, addr=None, align=8):
        self.at += -self.at % align
        if addr is None and flags & 2:
            addr = self.base + self.at
        self.sections.append([name, bytes(data), type, flags, entsize, link, addr or 0, self.at])
        self.at += len(data)
        return addr

    def _crc_sections(self, rodata, way_at):
        for suffix, exports in self._tables():
            crcs = [crc for _, crc, _, _ in exports]
            if not crcs or self.crcs is None:
                continue
            at = self.base + self.at + -self.at % 8
            if self.crcs == 'way':
                data = b''.join(struct.pack(self.order + 'I', rodata + way_at[e] - at - 4 * i & 0xffffffff)
                                for i, e in enumerate(exports))
            else:
                data = b''.join(struct.pack(self.order + ('I' if self.crcs == 4 or self.cls == 32 else 'Q'), crc)
                                for crc in crcs)
            self._section('__kcrctab' + suffix, data)
            self.at += 3    # so that nothing lies where it would by chance

    def bytes(self):
        self.sections, self.relocs, self.offsets = [], [], {}
        self.base, self.at = BASE[self.cls], 0x100
        self.text = self._section('.text', b'\x90' * 64)
        rodata = b'Linux version %s (we@here) #1\n\0%s SMP mod_unload \0' % ((self.release.encode(),) * 2)
        rodata += bytes(-len(rodata) % 4)
        way_at = {}
        for export in self.exports:
            way_at[export] = len(rodata)
            rodata += struct.pack(self.order + 'I', export[1])
        rodata = self._section('.rodata', rodata)
        text, where = self._strings()
        strings = self._section('__ksymtab_strings', text, entsize=1)
        symbols = []
        for suffix, exports in self._tables():
            if not exports:
                continue
            self.at += -self.at % 8
            data, start = b'', self.base + self.at
            for export in exports:
                symbols.append((export, start + len(data), len(self.sections) + 1))
                data += self._entry(start + len(data), export, strings, where)
            self._section('__ksymtab' + suffix, data)
        self._crc_sections(rodata, way_at)
        if self.kflagstab:
            self._section('__kflagstab', bytes(gpl for _, _, gpl, _ in sorted(self.exports)))
        if self.dyn:
            layout = self.word + self.word[1] + self.word[1]
            self._section('.rela.dyn', b''.join(struct.pack(layout, at, RELATIVE[self.machine], target)
                                                for at, target in self.relocs), type=4)
        if self.symbols:
            self._symbol_table(symbols)
        return self._file()

    def _symbol_table(self, symbols):
        names, data = b'\0', bytes(24 if self.cls == 64 else 16)
        for (name, _, _, ns), value, section in symbols:
            text = '__ksymtab_' + (ns + '.' if self.symbols == 'ns' and ns else '') + name
            fields = (len(names), 0, 0, section, value, 0) if self.cls == 64 else (len(names), value, 0, 0, 0, section)
            data += struct.pack(self.order + ('IBBHQQ' if self.cls == 64 else 'IIIBBH'), *fields)
            names += text.encode() + b'\0'
        link = len(self.sections) + 2
        self._section('.symtab', data, type=2, flags=0, entsize=24 if self.cls == 64 else 16, link=link)
        self._section('.strtab', names, type=3, flags=0)

    def _file(self):
        names, at = b'\0', []
        for section in self.sections + [['.shstrtab']]:
            at.append(len(names))
            names += section[0].encode() + b'\0'
        self._section('.shstrtab', names, type=3, flags=0)
        shoff = self.at + -self.at % 8
        out = bytearray(shoff)
        size, header, shent = (64, 'HHIQQQI6H', 64) if self.cls == 64 else (52, 'HHIIIII6H', 40)
        ident = b'\x7fELF' + bytes([2 if self.cls == 64 else 1, 1 if self.endian == 'little' else 2, 1])
        out[:size] = ident.ljust(16, b'\0') + struct.pack(
            self.order + header, 3 if self.dyn else 2, self.machine, 1, self.base, 0, shoff, 0, size, 0, 0, shent,
            len(self.sections) + 1, len(self.sections))
        out += bytes(shent)
        for (name, data, type_, flags, entsize, link, addr, off), name_at in zip(self.sections, at):
            out[off:off + len(data)] = data
            self.offsets[name] = (len(out), off, len(data))
            out += struct.pack(self.order + ('IIQQQQIIQQ' if self.cls == 64 else '10I'), name_at, type_, flags, addr,
                               off, len(data), link, 0, 1, entsize)
        return bytes(out)

    def where(self, section):
        """(offset of its header, offset, size) of a section of the file that bytes() wrote last"""
        return self.offsets[section]
