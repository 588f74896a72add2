# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes kernel images: packed with the real tools, as the kernel's build does it, in containers made by hand."""

import struct
import subprocess

from mkmod import Module

# What reads standard input and writes the packed bytes to standard output, at its fastest.
TOOLS = {'gzip': ['gzip', '-n', '-1'],
         'bzip2': ['bzip2', '-1'],
         'lzma': ['xz', '--format=lzma', '-0'],
         'xz': ['xz', '--check=crc32', '--x86', '--lzma2=preset=0'],
         'lzo': ['lzop', '-1'],
         'lz4': ['lz4', '-q', '-l', '-1', '-', '-'],
         'zstd': ['zstd', '-q', '-1']}

HEADER_AT = 0x1f1


def pack(kind, data, *more):
    """@data as a tool packs it; @more: options for it"""
    return subprocess.run(TOOLS[kind] + list(more), input=data, stdout=subprocess.PIPE, check=True).stdout


def payload(kind, data):
    """packed, and its size behind it: gzip says it itself"""
    return pack(kind, data) + (b'' if kind == 'gzip' else struct.pack('<I', len(data)))


def vmlinux(release='6.1-test', words='SMP preempt mod_unload modversions ', more=b''):
    """an ELF file that says of itself what a kernel does; @more: further data"""
    text = 'Linux version %s (me@here) (a compiler) #1 SMP\0%s %s\0' % (release, release, words)
    made = Module().section('.rodata', b'\0' + text.encode()).section('.data', more)
    return made.bytes()


def bzimage(packed, release='6.1-test', sectors=2, protocol=0x20f, gap=20, behind=16):
    """@packed: the payload, @gap bytes into the protected-mode code; a signature of @behind bytes at the end"""
    version = release.encode() + b' (me@here) #1 SMP\0'
    setup = bytearray((sectors + 1) * 512)
    setup[0:2] = b'MZ'
    setup[HEADER_AT] = sectors
    struct.pack_into('<H', setup, 0x1fe, 0xaa55)
    setup[0x202:0x206] = b'HdrS'
    struct.pack_into('<H', setup, 0x206, protocol)
    struct.pack_into('<H', setup, 0x20e, 0x300 - 0x200)
    struct.pack_into('<II', setup, 0x248, gap, len(packed))
    setup[0x300:0x300 + len(version)] = version
    return bytes(setup) + b'\xcc' * gap + packed + b'\xee' * behind


def unified(linux, name=b'.linux'):
    """an EFI file with @linux in a section, padded as linkers do it"""
    def section(name, size, offset):
        return struct.pack('<8sIIII16x', name, size, 0x1000, (size + 511) // 512 * 512, offset)
    sections = section(b'.text', 3, 0x400) + section(b'.uname', 8, 0x600) + section(name, len(linux), 0x800)
    head = b'MZ' + bytes(0x3a) + struct.pack('<I', 0x80) + bytes(0x40)
    head += b'PE\0\0' + struct.pack('<HH12xHH', 0x8664, 3, 0xf0, 0x206) + bytes(0xf0) + sections
    return head.ljust(0x800, b'\0') + linux + bytes(-len(linux) % 512)


def zboot(packed, kind=b'gzip'):
    return b'MZ\0\0zimg' + struct.pack('<II8x32s', 64, len(packed), kind) + b'\xcd\x23\x82\x81\0\0\0\0' + packed


def arm64(size=4096):
    """a raw image: code without any table"""
    return (b'MZ' + bytes(54) + b'ARM\x64').ljust(size, b'\x1f')
