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
            self.files = dict(_archives(file.read(), path))

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


def _archives(data, path):
    """(name, (mode, content)) of each member"""
    offset = 0
    while offset < len(data):
        if data.startswith(b'\0', offset):
            offset += 1
        elif data.startswith(tuple(COMPRESSED), offset):
            yield from _archives(_plain(data[offset:]), path)
            return
        elif data.startswith(NEWC, offset):
            field = [int(data[offset + 6 + 8 * i:offset + 14 + 8 * i], 16) for i in range(13)]
            mode, size, name_size = field[1], field[6], field[11]
            name = data[offset + HEADER_SIZE:offset + HEADER_SIZE + name_size - 1].decode(errors='replace')
            start = _padded(offset + HEADER_SIZE + name_size)
            offset = _padded(start + size)
            if name != 'TRAILER!!!':
                yield os.path.normpath(name), (mode, data[start:start + size])
        else:
            raise AssertionError('%s: no archive at byte %d' % (path, offset))


def _plain(data):
    program = next(program for magic, program in COMPRESSED.items() if data.startswith(magic))
    return subprocess.run([program, '-dcq'], input=data, stdout=subprocess.PIPE, check=True).stdout


def _padded(offset):
    return offset + 3 & ~3
