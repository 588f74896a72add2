# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands in an initramfs: archives of cpio's "newc" form, one behind the other, the last compressed."""

import os
import stat
import subprocess

NEWC, HEADER_SIZE = b'070701', 110
COMPRESSED = {b'\x1f\x8b': 'gzip', b'\x28\xb5\x2f\xfd': 'zstd'}


class Image:
    """@files maps each path to (mode, content); @said is what its builder wrote to stderr"""

    def __init__(self, path, said=''):
        self.path, self.said = path, said
        with open(path, 'rb') as file:
            self.files = dict(_members(uncompressed(file.read(), path), path))

    def write_uncompressed(self, path):
        """what a guest boots: emulated, the kernel needs seconds to unpack the other"""
        with open(self.path, 'rb') as source, open(path, 'wb') as target:
            target.write(uncompressed(source.read(), self.path))

    def modules(self):
        """paths of the module files, from the kernel's version on"""
        return {below_modules(path) for path in self.files if is_module(path)}

    def leads_to(self, path):
        """the file behind a name, when symbolic links are followed"""
        while stat.S_ISLNK(self.files[path][0]):
            target = self.files[path][1].decode()
            path = os.path.normpath(os.path.join('/', os.path.dirname(path), target)).lstrip('/')
        return path

    def rest(self):
        """everything but the modules and their indexes"""
        return {path: file for path, file in self.files.items() if '/modules/' not in path}


def below_modules(path):
    return path.split('lib/modules/', 1)[1]


def is_module(path):
    return 'lib/modules/' in path and os.path.basename(path).endswith(('.ko', '.ko.xz', '.ko.zst', '.ko.gz'))


def uncompressed(data, path):
    """the same archives, none of them compressed"""
    offset = 0
    while offset < len(data):
        if data.startswith(b'\0', offset):
            offset += 1
        elif data.startswith(tuple(COMPRESSED), offset):
            return data[:offset] + uncompressed(_plain(data[offset:]), path)
        else:
            offset = _member(data, offset, path)[-1]
    return data


def _members(data, path):
    """(name, (mode, content)) of each"""
    offset = 0
    while offset < len(data):
        if data.startswith(b'\0', offset):
            offset += 1
        else:
            name, mode, start, end, offset = _member(data, offset, path)
            if name != 'TRAILER!!!':
                yield os.path.normpath(name), (mode, data[start:end])


def _member(data, offset, path):
    """(name, mode, where its content begins, where it ends, where the next member is)"""
    if not data.startswith(NEWC, offset):
        raise AssertionError('%s: no archive at byte %d' % (path, offset))
    mode, size, name_size = (int(data[offset + 6 + 8 * i:offset + 14 + 8 * i], 16) for i in (1, 6, 11))
    name = data[offset + HEADER_SIZE:offset + HEADER_SIZE + name_size - 1].decode(errors='replace')
    start = _padded(offset + HEADER_SIZE + name_size)
    return name, mode, start, start + size, _padded(start + size)


def _plain(data):
    program = next(program for magic, program in COMPRESSED.items() if data.startswith(magic))
    return subprocess.run([program, '-dcq'], input=data, stdout=subprocess.PIPE, check=True).stdout


def _padded(offset):
    return offset + 3 & ~3
