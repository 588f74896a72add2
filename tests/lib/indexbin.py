#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads the binary index files of depmod (modules.*.bin), and checks how they are made.

    header  u32 magic 0xB007F457, u32 version 0x00020001, u32 root
    node    [prefix NUL] [u8 first, u8 last, u32 child[last - first + 1]] [u32 n, n * (u32 priority, value NUL)]

All numbers are big-endian. A reference to a node is its offset in the lower 28 bits and, above, which
of the three parts it has; 0 is no child.

usage: indexbin.py [--order pre|post] FILE...
prints a line a value: KEY PRIORITY VALUE, keys in byte order; exit status 1 when a file is malformed.
"""

import argparse
import struct
import sys

HEADER = struct.Struct('>3I')
MAGIC, VERSION = 0xB007F457, 0x00020001
PREFIX, VALUES, CHILDS = 0x80000000, 0x40000000, 0x20000000
OFFSET = 0x0fffffff


class Malformed(Exception):
    pass


def entries(data, order='pre'):
    """[(key, [(priority, value)...])...] of all keys, sorted as the trie is; everything is bytes.

    order: where nodes must stand: 'pre' (a node, then its children's subtrees, as since kmod 34) or
    'post' (children first, as before). Raises Malformed for anything else than a well-formed file.
    """
    if len(data) < HEADER.size:
        raise Malformed('no header: the file has %d bytes' % len(data))
    magic, version, root = HEADER.unpack_from(data)
    if magic != MAGIC or version != VERSION:
        raise Malformed('header is %08x %08x' % (magic, version))

    reader = _Reader(data, order)
    reader.walk(root, b'', is_root=True)
    reader.check_layout()
    return reader.found


class _Reader:
    def __init__(self, data, order):
        self.data, self.order = data, order
        self.found = []
        self.extents = []       # (offset, end) of nodes in pre-order
        self.closed = []        # the same in post-order

    def walk(self, reference, path, is_root=False):
        offset, flags = reference & OFFSET, reference & ~OFFSET
        if flags & ~(PREFIX | VALUES | CHILDS):
            raise Malformed('node %#x: unknown flag in %#x' % (offset, reference))
        if offset < HEADER.size:
            raise Malformed('node %#x lies in the header' % offset)

        at = offset
        if flags & PREFIX:
            prefix, at = self.string(at)
            if not prefix:
                raise Malformed('node %#x: empty prefix' % offset)
            path += prefix
        children = []
        if flags & CHILDS:
            first, last = self.number('BB', at)
            if not first <= last < 128:
                raise Malformed('node %#x: children %d..%d' % (offset, first, last))
            table = self.number('%dI' % (last - first + 1), at + 2)
            at += 2 + 4 * len(table)
            children = [(first + i, child) for i, child in enumerate(table) if child]
            if not table[0] or not table[-1]:
                raise Malformed('node %#x: no child at an end of %d..%d' % (offset, first, last))
        values = []
        if flags & VALUES:
            (count,) = self.number('I', at)
            at += 4
            if not count:
                raise Malformed('node %#x: no values' % offset)
            for _ in range(count):
                (priority,) = self.number('I', at)
                value, at = self.string(at + 4)
                values.append((priority, value))
            if values != sorted(values, key=lambda value: value[0]):
                raise Malformed('node %#x: priorities do not ascend' % offset)
        if not is_root and not values and len(children) < 2:
            raise Malformed('node %#x: neither values nor a fork' % offset)

        offsets = [child & OFFSET for _, child in children]
        if any(a >= b for a, b in zip(offsets, offsets[1:])):
            raise Malformed('node %#x: offsets of its children do not increase' % offset)
        if any((child < offset) != (self.order == 'post') for child in offsets):
            raise Malformed('node %#x: a child on the wrong side of it' % offset)   # loops are, too

        self.extents.append((offset, at))
        if values:
            self.found.append((path, values))
        for byte, child in children:
            self.walk(child, path + bytes([byte]))
        self.closed.append((offset, at))

    def number(self, layout, at):
        layout = '>' + layout
        if at + struct.calcsize(layout) > len(self.data):
            raise Malformed('%#x: beyond the end of the file' % at)
        return struct.unpack_from(layout, self.data, at)

    def string(self, at):
        end = self.data.find(b'\0', at)
        if at > len(self.data) or end < 0:
            raise Malformed('%#x: a string without an end' % at)
        text = self.data[at:end]
        if any(byte > 127 for byte in text):
            raise Malformed('%#x: not ASCII: %r' % (at, text))
        return text, end + 1

    def check_layout(self):
        """nodes fill the file in the one order that is left, without gap or overlap"""
        at = HEADER.size
        for start, end in self.extents if self.order == 'pre' else self.closed:
            if start != at:
                raise Malformed('node at %#x where %s-order wants one at %#x' % (start, self.order, at))
            at = end
        if at != len(self.data):
            raise Malformed('%d bytes behind the last node' % (len(self.data) - at))


def read(path, order='pre'):
    with open(path, 'rb') as file:
        return entries(file.read(), order)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--order', choices=['pre', 'post'], default='pre')
    parser.add_argument('files', nargs='+')
    args = parser.parse_args()
    status = 0
    for path in args.files:
        try:
            for key, values in read(path, args.order):
                for priority, value in values:
                    sys.stdout.buffer.write(b'%s %d %s\n' % (key, priority, value))
        except Malformed as error:
            print('%s: %s' % (path, error), file=sys.stderr)
            status = 1
    sys.exit(status)


if __name__ == '__main__':
    main()
