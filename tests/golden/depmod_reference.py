#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Says what the eleven files of depmod must be for a module tree: a second, slow opinion.

It follows the description of the formats alone and shares no code with the program it judges. Of
configuration it knows `search updates`, the default, and plain `harddep MODULE WORD...` lines; it
knows no System.map, and no cycles of symbols.

usage: depmod_reference.py BASEDIR VERSION OUTDIR [CONF OUTDIR2]
reads BASEDIR/lib/modules/VERSION and writes the files into OUTDIR, with a twelfth one, "namespaces": the
namespace: keys of modules.modsure.bin, a line a value; and the eleven with the hard dependencies of
the configuration file CONF into OUTDIR2.
"""

import collections
import fnmatch
import gzip
import lzma
import multiprocessing
import os
import re
import struct
import subprocess
import sys

EXTENSIONS = ('.ko', '.ko.gz', '.ko.xz', '.ko.zst')
SHN_UNDEF = 0
EM_SPARC_FAMILY, STT_SPARC_REGISTER = (2, 18, 43), 13
FAKE_SYMBOLS = (b'__this_module', b'_GLOBAL_OFFSET_TABLE_', b'TOC.')

FILES = ('modules.dep', 'modules.dep.bin', 'modules.alias', 'modules.alias.bin', 'modules.softdep',
         'modules.weakdep', 'modules.symbols', 'modules.symbols.bin', 'modules.builtin.bin',
         'modules.builtin.alias.bin', 'modules.devname')

Facts = collections.namedtuple('Facts', 'aliases softdeps weakdeps exports imports namespaces')


# Module files

def decompressed(data):
    if data.startswith(b'\xfd7zXZ\0'):
        return lzma.decompress(data)
    if data.startswith(b'\x1f\x8b'):
        return gzip.decompress(data)
    if data.startswith(b'\x28\xb5\x2f\xfd'):
        return subprocess.run(['zstd', '-dcq'], input=data, stdout=subprocess.PIPE, check=True).stdout
    return data


class Elf:
    def __init__(self, data):
        if data[:4] != b'\x7fELF':
            raise ValueError('not an ELF file')
        self.data = data
        self.is64 = data[4] == 2
        self.order = '<' if data[5] == 1 else '>'
        self.machine, = struct.unpack_from(self.order + 'H', data, 18)
        shoff, = self.unpack('Q', 40) if self.is64 else self.unpack('I', 32)
        shentsize, shnum, shstrndx = self.unpack('3H', 58 if self.is64 else 46)
        layout = 'IIQQQQI' if self.is64 else '7I'
        headers = [self.unpack(layout, shoff + i * shentsize) for i in range(shnum)]
        names = self.slice(headers[shstrndx])
        self.sections = {}
        for header in headers:
            self.sections.setdefault(string_at(names, header[0]), header)
        self.headers = headers

    def unpack(self, layout, at):
        return struct.unpack_from(self.order + layout, self.data, at)

    def slice(self, header):
        return self.data[header[4]:header[4] + header[5]]

    def section(self, name):
        header = self.sections.get(name)
        return self.slice(header) if header else b''

    def symbols(self):
        """(name, section index, type, value) of each entry of .symtab"""
        header = self.sections.get(b'.symtab')
        if not header:
            return
        names = self.slice(self.headers[header[6]])
        layout = self.order + ('IBxHQQ' if self.is64 else 'IIIBxH')
        for entry in struct.iter_unpack(layout, self.slice(header)):
            name, info, section, value = entry[:4] if self.is64 else (entry[0], entry[3], entry[4], entry[1])
            if name:
                yield string_at(names, name), section, info & 15, value


def string_at(table, offset):
    return table[offset:table.index(b'\0', offset)]


def facts_of(path):
    with open(path, 'rb') as file:
        elf = Elf(decompressed(file.read()))

    info = collections.defaultdict(list)
    for text in elf.section(b'.modinfo').split(b'\0'):
        key, _, value = text.partition(b'=')    # a key alone has an empty value
        info[key].append(value)

    crcs, entries, imports, namespaces = [], [], [], {}
    for name, section, kind, value in elf.symbols():
        if section == SHN_UNDEF:
            if elf.machine not in EM_SPARC_FAMILY or kind != STT_SPARC_REGISTER:
                imports.append(name)
        elif name.startswith(b'__crc_'):
            crcs.append(name[6:])
        elif name.startswith(b'__ksymtab_'):
            entries.append(name[10:])
        elif name.startswith(b'__kstrtabns_'):
            namespace = string_at(elf.slice(elf.headers[section]), value)
            if namespace:
                namespaces[name[12:]] = namespace
    exports = crcs or entries or [s for s in elf.section(b'__ksymtab_strings').split(b'\0') if s]

    versions = elf.section(b'__versions')
    crc_size = 8 if elf.is64 else 4
    known = set(imports)
    for at in range(0, len(versions) - 63, 64):
        name = versions[at + crc_size:at + 64].split(b'\0')[0]
        if name not in known:
            imports.append(name)
    return Facts(info[b'alias'], info[b'softdep'], info[b'weakdep'], exports, imports, namespaces)


# The module set and its order

def module_name(path):
    return os.path.basename(path).split('.')[0].replace('-', '_')


def module_set(root):
    """{module name: path below root}; of duplicates the one in updates/ and then the first path counts"""
    found = {}
    for folder, subfolders, files in os.walk(root, followlinks=True):
        subfolders[:] = [name for name in subfolders if name not in ('build', 'source')]
        for name in files:
            if name.endswith(EXTENSIONS) and name not in ('build', 'source'):
                path = os.path.relpath(os.path.join(folder, name), root)
                found.setdefault(module_name(path), []).append(path)
    return {name: min(paths, key=lambda path: (not path.startswith('updates/'), os.fsencode(path)))
            for name, paths in found.items()}


def order_hash(text):
    """Paul Hsieh's hash, of which the order in the files hangs"""
    mask = 0xffffffff
    h = len(text)
    whole = len(text) & ~3
    for a, b in struct.iter_unpack('<HH', text[:whole]):
        h = (h + a) & mask
        t = b << 11 ^ h
        h = (h << 16 ^ t) & mask
        h = (h + (h >> 11)) & mask
    rest = text[whole:]
    if len(rest) >= 2:
        h = (h + struct.unpack('<H', rest[:2])[0]) & mask
        h = (h ^ (h << 16 if len(rest) == 3 else h << 11)) & mask
        h = h ^ rest[2] << 18 if len(rest) == 3 else h
        h = (h + (h >> (11 if len(rest) == 3 else 17))) & mask
    elif rest:
        h = (h + rest[0]) & mask
        h = (h ^ h << 10) & mask
        h = (h + (h >> 1)) & mask
    for left, right in ((3, 5), (4, 17), (25, 6)):
        h = (h ^ h << left) & mask
        h = (h + (h >> right)) & mask
    return h


def hash_sorted(names, n_buckets):
    return sorted(names, key=lambda name: (order_hash(name) & (n_buckets - 1), name))


def array_order(root, paths):
    """module names in the order of modules.order, those that it does not list last, in hash order"""
    names = [name.decode() for name in hash_sorted([name.encode() for name in paths], 512)]
    try:
        with open(os.path.join(root, 'modules.order'), encoding='utf-8', errors='surrogateescape') as file:
            lines = file.read().split('\n')
    except FileNotFoundError:
        return names
    if lines.pop():     # a last line without its newline spoils the whole file
        return names
    place = {}
    for line in lines:
        place.setdefault(line, len(place))

    def position(name):
        folder, base = os.path.split(paths[name])
        return place.get(os.path.join(folder, base[:len(name) + len('.ko')]), len(place))
    return sorted(names, key=position)


# Dependencies

def symbol_owners(modules):
    owners = {name: None for name in FAKE_SYMBOLS}
    for module, facts in modules.items():
        for symbol in facts.exports:
            owners[symbol] = module     # the last one in the order counts
    return owners


def direct_dependencies(modules, owners):
    needs = {}
    for module, facts in modules.items():
        seen = {}
        for symbol in facts.imports:
            owner = owners.get(symbol[1:] if symbol.startswith(b'.') else symbol)
            if owner is not None:
                seen[owner] = True
        needs[module] = list(seen)
    return needs


def hard_lines(conf):
    """(module, word) of the harddep lines of a configuration file, in order"""
    for line in content(conf).decode().splitlines():
        words = line.split()
        if words[:1] == ['harddep']:
            for word in words[2:]:
                yield words[1].replace('-', '_'), word.replace('-', '_')


def answers(root, modules, word):
    """names of the modules that answer to a word, those built in behind the others"""
    if word in modules:
        found = [word]
    else:
        found = [name for name, facts in modules.items()
                 if any(fnmatch.fnmatchcase(word, normalised(alias).decode()) for alias in facts.aliases
                        if normalised(alias) is not None)]
    found += [name for name in builtin_names(root) if name == word]
    return found + [module.decode() for alias, _, module in builtin_aliases(root)
                    if fnmatch.fnmatchcase(word, alias.decode())]


def with_hard_dependencies(root, modules, needs, lines):
    """the same with one dependency more for each word that only one module answers, unless it leads back"""
    needs = {module: list(owners) for module, owners in needs.items()}
    lines = list(lines)

    def leads_to(module, goal):
        seen, stack = set(), [module]
        while stack:
            at = stack.pop()
            if at not in seen:
                seen.add(at)
                stack += needs[at]
        return goal in seen

    for module in needs:
        for owner, word in lines:
            found = answers(root, modules, word) if owner == module else []
            if len(found) == 1 and found[0] in needs and found[0] not in needs[module] \
                    and not leads_to(found[0], module):
                needs[module].append(found[0])
    return needs


def topological_numbers(needs):
    """users before providers"""
    users = collections.Counter(owner for owners in needs.values() for owner in owners)
    stack = [module for module in needs if not users[module]]
    number = {}
    while stack:
        module = stack.pop()
        number[module] = len(number)
        for owner in needs[module]:
            users[owner] -= 1
            if not users[owner]:
                stack.append(owner)
    if len(number) < len(needs):
        raise ValueError('dependency cycle among %s' % sorted(set(needs) - set(number)))
    return number


def closures(needs, number):
    closure = {}
    for module in sorted(needs, key=number.get, reverse=True):      # providers first
        closure[module] = set(needs[module]).union(*(closure[owner] for owner in needs[module]))
    return {module: sorted(owners, key=number.get) for module, owners in closure.items()}


# The index format

def normalised(alias):
    """dashes outside of brackets become underscores; None when the brackets do not match"""
    if re.search(rb'\]|\[', re.sub(rb'\[[^\]]*\]', b'', alias)):
        return None
    return re.sub(rb'\[[^\]]*\]|-', lambda match: b'_' if match[0] == b'-' else match[0], alias)


def index_bytes(entries):
    """a .bin file with the (key, priority, value) entries, given in the order of their insertion"""
    values = collections.defaultdict(list)
    for key, priority, value in entries:
        if max(key + value, default=0) > 127:
            raise ValueError('not ASCII: %r' % (key + value))
        values[key].insert(0, (priority, value))
    for stored in values.values():
        stored.sort(key=lambda entry: entry[0])

    out = bytearray(struct.pack('>3I', 0xB007F457, 0x00020001, 0))
    root = _write_node(out, sorted(values), values, 0, is_root=True)
    struct.pack_into('>I', out, 8, root)
    return bytes(out)


def _write_node(out, keys, values, depth, is_root=False):
    """append the node of the sorted @keys, which share their first @depth bytes; returns its reference"""
    offset, flags = len(out), 0
    if not is_root:
        prefix = os.path.commonprefix([keys[0][depth:], keys[-1][depth:]])
        if prefix:
            flags |= 0x80000000
            out += prefix + b'\0'
            depth += len(prefix)
    own = values[keys[0]] if keys and len(keys[0]) == depth else []
    groups = collections.defaultdict(list)
    for key in keys[1:] if own else keys:
        groups[key[depth]].append(key)
    if groups:
        flags |= 0x20000000
        first, last = min(groups), max(groups)
        out += bytes([first, last])
        table = len(out)
        out += bytes(4 * (last - first + 1))
    if own:
        flags |= 0x40000000
        out += struct.pack('>I', len(own))
        for priority, value in own:
            out += struct.pack('>I', priority) + value + b'\0'
    for byte, group in groups.items():
        child = _write_node(out, group, values, depth + 1)
        struct.pack_into('>I', out, table + 4 * (byte - first), child)
    return flags | offset


# The files

def device_node(aliases):
    """(device name, 'c' or 'b', major, minor) when the aliases have both, else None"""
    node = numbers = None
    for alias in aliases:
        if alias.startswith(b'devname:'):
            node = alias[len(b'devname:'):]
        else:
            match = re.match(rb'(char|block)-major-(\d+)-(\d+)', alias)
            if match:
                numbers = match[1][:1], int(match[2]), int(match[3])
        if node is not None and numbers:
            return node, *numbers
    return None


def content(path):
    """no file, no content: its index is then an empty one"""
    try:
        with open(path, 'rb') as file:
            return file.read()
    except FileNotFoundError:
        return b''


def builtin_names(root):
    lines = content(os.path.join(root, 'modules.builtin')).decode().splitlines()
    return [module_name(line) for line in lines if line[:1].isalpha()]


def builtin_aliases(root):
    for text in content(os.path.join(root, 'modules.builtin.modinfo')).split(b'\0'):
        name, _, value = text.partition(b'=')
        module, _, key = name.partition(b'.')
        if key == b'alias' and normalised(value) is not None:
            yield normalised(value), 0, module


Tree = collections.namedtuple('Tree', 'root paths modules')    # modules: {name: Facts} in array order


def read_tree(root, workers=None):
    paths = module_set(root)
    names = array_order(root, paths)
    files = [os.path.join(root, paths[name]) for name in names]
    if len(files) < 64:
        facts = [facts_of(file) for file in files]
    else:
        with multiprocessing.Pool(workers or len(os.sched_getaffinity(0))) as pool:
            facts = pool.map(facts_of, files, chunksize=16)
    return Tree(root, paths, dict(zip(names, facts)))


def outputs(root, hard=()):
    """{file name: bytes} for the module folder @root, with hard dependencies [(module, word)...]"""
    return outputs_of(read_tree(root), hard)


def outputs_of(tree, hard=()):
    root, paths, modules = tree
    names = list(modules)
    index = {name: i for i, name in enumerate(names)}

    owners = symbol_owners(modules)
    needs = with_hard_dependencies(root, modules, direct_dependencies(modules, owners), hard)
    closure = closures(needs, topological_numbers(needs))
    dep_lines = {name: b' '.join([os.fsencode(paths[name]) + b':'] +
                                 [os.fsencode(paths[owner]) for owner in closure[name]]) for name in names}
    symbols = [(symbol, owners[symbol]) for symbol in hash_sorted(owners, 2048) if owners[symbol]]

    def lines(prefix, attribute):
        return b''.join(b'%s %s %s\n' % (prefix, name.encode(), text)
                        for name in names for text in getattr(modules[name], attribute))

    nodes = [(name, device_node(modules[name].aliases)) for name in names]
    devname = b''.join(b'%s %s %s%d:%d\n' % (name.encode(), *node) for name, node in nodes if node)
    if devname:
        devname = b'# Device nodes to trigger on-demand module loading.\n' + devname

    return {
        'modules.dep': b''.join(line + b'\n' for line in dep_lines.values()),
        'modules.dep.bin': index_bytes((name.encode(), index[name], dep_lines[name]) for name in names),
        'modules.alias': b'# Aliases extracted from modules themselves.\n' + b''.join(
            b'alias %s %s\n' % (alias, name.encode()) for name in names for alias in modules[name].aliases),
        'modules.alias.bin': index_bytes(
            (normalised(alias), index[name], name.encode())
            for name in names for alias in modules[name].aliases if normalised(alias) is not None),
        'modules.softdep': b'# Soft dependencies extracted from modules themselves.\n'
                           + lines(b'softdep', 'softdeps'),
        'modules.weakdep': b'# Weak dependencies extracted from modules themselves.\n'
                           + lines(b'weakdep', 'weakdeps'),
        'modules.symbols': b'# Aliases for symbols, used by symbol_request().\n' + b''.join(
            b'alias symbol:%s %s\n' % (symbol, owner.encode()) for symbol, owner in symbols),
        'modules.symbols.bin': index_bytes(
            (b'symbol:' + symbol, index[owner], owner.encode()) for symbol, owner in symbols),
        'modules.builtin.bin': index_bytes((name.encode(), 0, b'') for name in builtin_names(root)),
        'modules.builtin.alias.bin': index_bytes(builtin_aliases(root)),
        'modules.devname': devname,
    }


def namespace_keys(tree):
    """{key: [value...]} of modules.modsure.bin: of several exporters the last one counts, and comes first"""
    keys = collections.defaultdict(list)
    for name, facts in reversed(tree.modules.items()):
        for symbol, namespace in facts.namespaces.items():
            keys[b'namespace:symbol:' + symbol].append(b'%s %s' % (name.encode(), namespace))
    for name, facts in tree.modules.items():
        for namespace in set(facts.namespaces.values()):
            keys[b'namespace:exporter:' + namespace].append(name.encode())
    return keys


def main():
    if len(sys.argv) not in (4, 6):
        sys.exit(__doc__)
    base, version, *rest = sys.argv[1:]
    tree = read_tree(os.path.join(base, 'lib/modules', version))
    runs = [(rest[0], ())]
    if len(rest) > 1:
        runs.append((rest[2], hard_lines(rest[1])))
    for out, hard in runs:
        for name, text in outputs_of(tree, hard).items():
            with open(os.path.join(out, name), 'wb') as file:
                file.write(text)
    with open(os.path.join(rest[0], 'namespaces'), 'wb') as file:
        for key, values in sorted(namespace_keys(tree).items()):
            file.writelines(b'%s %s\n' % (key, value) for value in values)


if __name__ == '__main__':
    main()
