# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is wrong with the symbols of Debian's modules, read from the same files without a line of our C code.

    reading(version) -> {'unresolved': [[module, symbol]...], 'missing': [[module, namespace, symbol]...],
                         'unneeded': [[module, namespace]...], 'versions': [...], 'licences': [...], 'twice': [[symbol]...]}

Modules are 64-bit little-endian ELF files there. Takes some seconds a kernel, so the answer is kept beside the kernels
under a key of this program and of what it reads.
"""

import concurrent.futures
import hashlib
import json
import lzma
import os
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib')]

import tap  # noqa: E402

GPL = {b'GPL', b'GPL v2', b'GPL and additional rights', b'Dual BSD/GPL', b'Dual MIT/GPL', b'Dual MPL/GPL'}
MADE_UP = {b'', b'_GLOBAL_OFFSET_TABLE_', b'__this_module'}


def symvers(version):
    """path of the Module.symvers of that kernel's headers"""
    return os.path.join(os.path.dirname(tap.kernels()[0][1]), '../../../headers/usr/src/linux-headers-' + version,
                        'Module.symvers')


def of_kernel(version):
    """{symbol: (crc, namespace, is GPL-only)} of vmlinux"""
    found = {}
    with open(symvers(version), 'rb') as file:
        for line in file:
            crc, name, owner, kind, namespace = line.rstrip(b'\n').split(b'\t')
            if owner == b'vmlinux':
                found[name] = (int(crc, 16), namespace, kind.endswith(b'_GPL'))
    return found


class Sections(dict):
    """{name: bytes} of an ELF file"""

    def __init__(self, data):
        super().__init__()
        offset, = struct.unpack_from('<Q', data, 0x28)
        size, count, names = struct.unpack_from('<HHH', data, 0x3a)
        heads = [struct.unpack_from('<IIQQQQ', data, offset + size * i) for i in range(count)]
        text = heads[names][4]
        self.numbers = []
        for name, kind, _, _, at, length in heads:
            name = data[text + name:data.index(b'\0', text + name)]
            self.numbers.append(name)
            self[name] = b'' if kind == 8 else data[at:at + length]


def string(table, at):
    return table[at:table.index(b'\0', at)]


def of_module(path):
    """name, namespaces that it imports, first licence, {symbol: is weak}, {symbol: crc}, {export: (crc, namespace, is GPL-only)}"""
    with open(path, 'rb') as file:
        data = file.read()
    sections = Sections(lzma.decompress(data) if path.endswith('.xz') else data)
    tags = [tag.split(b'=', 1) for tag in sections[b'.modinfo'].split(b'\0') if b'=' in tag]
    uses, exported, namespaces, crcs = {}, {}, {}, {}
    strings = sections[b'.strtab']
    for name, info, _, section, value, _ in struct.iter_unpack('<IBBHQQ', sections[b'.symtab']):
        name = string(strings, name)
        if section == 0 and name not in MADE_UP:
            uses[name] = info >> 4 == 2
        elif name.startswith(b'__ksymtab_'):
            exported[name[10:]] = sections.numbers[section] == b'__ksymtab_gpl'
        elif name.startswith(b'__kstrtabns_'):
            namespaces[name[12:]] = string(sections[sections.numbers[section]], value)
        elif name.startswith(b'__crc_'):
            crcs[name[6:]] = struct.unpack_from('<I', sections[sections.numbers[section]], value)[0]
    expected = {name.rstrip(b'\0'): crc for crc, name in struct.iter_unpack('<Q56s', sections.get(b'__versions', b''))}
    licence = next((value for key, value in tags if key == b'license'), b'')
    return (os.path.basename(path).split('.')[0].replace('-', '_'), {value for key, value in tags if key == b'import_ns'},
            licence, uses, expected, {name: (crcs.get(name), namespaces.get(name, b''), gpl) for name, gpl in exported.items()})


def judge(kernel, modules):
    everything, twice = dict(kernel), []
    for module in modules:
        twice += [[symbol] for symbol in module[5] if symbol in everything]
        everything.update(module[5])
    found = {'unresolved': [], 'missing': [], 'unneeded': [], 'versions': [], 'licences': [], 'twice': twice}
    for name, imported, licence, uses, expected, _ in modules:
        used = set()
        for symbol, is_weak in uses.items():
            if symbol not in everything:
                found['unresolved'] += [] if is_weak else [[name, symbol]]
                continue
            crc, namespace, gpl = everything[symbol]
            used.add(namespace)
            if namespace and namespace not in imported:
                found['missing'].append([name, namespace, symbol])
            if gpl and licence not in GPL:
                found['licences'].append([name, symbol])
            if expected.get(symbol, crc) != crc:
                found['versions'].append([name, symbol])
        found['unneeded'] += [[name, namespace] for namespace in imported - used]
    return {what: sorted([part if isinstance(part, str) else part.decode() for part in one] for one in many)
            for what, many in found.items()}


def read(version, folder):
    paths = [os.path.join(at, name) for at, _, names in os.walk(folder) for name in names
             if name.endswith(('.ko', '.ko.xz'))]
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        return judge(of_kernel(version), list(pool.map(of_module, sorted(paths), chunksize=100)))


def reading(version):
    folder = dict(tap.kernels())[version]
    key = hashlib.sha256()
    for path in [os.path.abspath(__file__), symvers(version), os.path.join(folder, 'modules.order')]:
        with open(path, 'rb') as file:
            key.update(hashlib.sha256(file.read()).digest())
    kept = os.path.join(folder, '../../../../reference', 'symbols-' + key.hexdigest()[:20] + '.json')
    if not os.path.exists(kept):
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        with tempfile.NamedTemporaryFile('w', dir=os.path.dirname(kept), delete=False) as file:
            json.dump(read(version, folder), file, indent=1)
        os.rename(file.name, kept)
    with open(kept, encoding='utf-8') as file:
        return json.load(file)
