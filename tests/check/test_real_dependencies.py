#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's kernels: what their modules declare, found by the check and by a reading of the files of our own here.

Of a compressed kernel only the FOLDERS are looked at, since all of it takes half a minute here.
"""

import fnmatch
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib')]

import tap  # noqa: E402

FOLDERS = ['arch', 'crypto', 'drivers/leds', 'drivers/platform/x86', 'drivers/vfio', 'fs', 'lib']
LISTS = ['modules.builtin', 'modules.builtin.modinfo', 'modules.order']

TAG = re.compile(rb'(?:^|\0)(softdep|weakdep|harddep|conflict|alias|name)=([^\0]*)(?=\0)')


def plain(word):
    return ''.join(part if part.startswith('[') else part.replace('-', '_') for part in re.split(r'(\[[^]]*\])', word))


def modinfo(path):
    """.modinfo of a module file, by its section headers"""
    with open(path, 'rb') as file:
        data = file.read()
    if path.endswith('.xz'):
        data = lzma.decompress(data)
    start, size, count, names = (int.from_bytes(data[at:at + n], 'little')
                                 for at, n in ((40, 8), (58, 2), (60, 2), (62, 2)))
    heads = [data[start + i * size:start + (i + 1) * size] for i in range(count)]
    def field(head, at, n):
        return int.from_bytes(head[at:at + n], 'little')
    strings = data[field(heads[names], 24, 8):][:field(heads[names], 32, 8)]
    for head in heads:
        if strings[field(head, 0, 4):].split(b'\0', 1)[0] == b'.modinfo':
            return data[field(head, 24, 8):][:field(head, 32, 8)]
    return b''


class Tree:
    """modules and their tags, and what is built in"""

    def __init__(self, folder):
        self.tags, self.aliases = {}, []
        for parent, _, files in os.walk(os.path.join(folder, 'kernel')):
            for file in files:
                if re.search(r'\.ko(\.xz)?$', file):
                    self.add(plain(file.split('.')[0]), modinfo(os.path.join(parent, file)))
        with open(os.path.join(folder, 'modules.builtin'), encoding='ascii') as file:
            self.builtin = {plain(os.path.basename(line).split('.')[0]) for line in file}
        with open(os.path.join(folder, 'modules.builtin.modinfo'), 'rb') as file:
            self.aliases += [plain(entry.split(b'=', 1)[1].decode()) for entry in file.read().split(b'\0')
                             if b'.alias=' in entry]
        # Those without a wildcard need no matching.
        self.exact = {alias for alias in self.aliases if not set(alias) & set('*?[')}
        self.patterns = [alias for alias in self.aliases if set(alias) & set('*?[')]

    def add(self, name, section):
        tags = [(key.decode(), value.decode('latin-1')) for key, value in TAG.findall(section)]
        self.tags[name] = [tag for tag in tags if tag[0] not in ('alias', 'name')]
        self.aliases += [plain(value) for key, value in tags if key == 'alias']

    def has(self, word):
        word = plain(word)
        return word in self.tags or word in self.builtin or word in self.exact or any(
            word.startswith(re.split(r'[*?[]', pattern)[0]) and fnmatch.fnmatchcase(word, pattern)
            for pattern in self.patterns)

    def expected(self):
        """{(rule, module, word)}"""
        found = set()
        for module, tags in self.tags.items():
            soft = [value.split() for key, value in tags if key == 'softdep']
            for words in soft:
                marks = [at for at, word in enumerate(words) if word in ('pre:', 'post:')]
                found |= {('MS308', module, word) for word in words[:marks[0] if marks else None]}
                found |= {('MS302', module, word) for word in words
                          if word not in ('pre:', 'post:') and not self.has(word)}
            if len(soft) > 1:
                found.add(('MS309', module, 'softdep'))
            weak = [word for key, value in tags if key == 'weakdep' for word in value.split()]
            found |= {('MS303', module, word) for word in weak if not self.has(word)}
        return found


def copy(folder, root):
    """a root with all of a kernel, or a part; the kernel's folder in it"""
    made = os.path.join(root, 'lib/modules', os.path.basename(folder))
    is_whole = os.path.exists(os.path.join(folder, 'kernel/fs/btrfs/btrfs.ko'))
    if is_whole:
        os.makedirs(os.path.dirname(made))
        os.symlink(folder, made)
        return made
    for part in FOLDERS:
        shutil.copytree(os.path.join(folder, 'kernel', part), os.path.join(made, 'kernel', part))
    for name in LISTS:
        shutil.copy(os.path.join(folder, name), made)
    return made


def case(version, folder):
    def test(self):
        with tempfile.TemporaryDirectory() as root:
            expected = Tree(copy(folder, root)).expected()
            done = subprocess.run([os.path.join(os.path.dirname(tap.command('depmod')), 'modsure'), 'check',
                                   '--sysroot', root, '-k', version, '--json'], stdout=subprocess.PIPE, check=False)
        found = [x for x in json.loads(done.stdout)['findings'] if x['rule'][:3] in ('MS3', 'MS5')]
        self.assertEqual({(x['rule'], x['module'], x['object']) for x in found}, expected)
        self.assertEqual({x['severity'] for x in found}, {'note', 'warning'})
        for known in (('MS308', 'cifs', 'gcm'), ('MS302', 'cifs', 'aead2'), ('MS309', 'btrfs', 'softdep')):
            self.assertIn(known, expected)
    return test


class Real(unittest.TestCase):
    pass


for _version, _folder in tap.kernels():
    setattr(Real, 'test_' + re.sub(r'\W', '_', _version), case(_version, _folder))

if __name__ == '__main__':
    tap.main()
