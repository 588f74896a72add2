#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where `modsure check` takes the kernel's exports from: the best source that is there and sound, and it says which.

See tests/lib/tap.py for the environment.
"""

import gzip
import os
import struct
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import planted  # noqa: E402
import tap  # noqa: E402
from mkvmlinux import Vmlinux  # noqa: E402

STUB = 'ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n'


class Sources(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='modsure-sources.')
        self.addCleanup(folder.cleanup)
        self.system = planted.System(folder.name)
        self.kernel = dict(self.system.kernel)
        self.system.kernel = None
        self.modules = 'lib/modules/%s/' % self.system.version

    def vmlinux(self, n_more=0, leave_out=(), **kind):
        """one that exports what the modules use, and so many symbols more"""
        made = Vmlinux(**dict(dict(release=self.system.version), **kind))
        for name, (crc, ns, gpl) in self.kernel.items():
            if name not in leave_out:
                made.export(name, crc, gpl, ns)
        for i in range(n_more):
            made.export('more_%03d' % i, i)
        return made.bytes()

    def symvers(self, n_more=0):
        rows = [(crc, name, 'EXPORT_SYMBOL_GPL' if gpl else 'EXPORT_SYMBOL', ns)
                for name, (crc, ns, gpl) in self.kernel.items()]
        rows += [(i, 'more_%03d' % i, 'EXPORT_SYMBOL', '') for i in range(n_more)]
        return ''.join('0x%08x\t%s\tvmlinux\t%s\t%s\n' % row for row in rows)

    def system_map(self, n_more=0):
        names = [*self.kernel, *('more_%03d' % i for i in range(n_more))]
        return ''.join('ffffffff81000000 r __ksymtab_%s\nffffffff82000000 T %s\n' % (name, name) for name in names)

    def check(self, *args):
        """its messages; args as for the command"""
        result = self.system.check('--json', '-v', *args)
        self.assertNotIn('Sanitizer', result.stderr)
        return result

    def check_source(self, path, n, kind, *args):
        """the exports come from there, and the modules find all that they need"""
        result = self.check(*args)
        path = path if os.path.isabs(path) else self.system.path(path)
        self.assertEqual(result.json['sources']['exports'], {'kind': kind, 'file': path})
        self.assertIn('%s: %d symbols that the kernel exports (%s)' % (path, n, kind), result.stderr)
        self.assertNotIn('MS101', result.rules())
        self.assertNotIn('MS101', [rule['rule'] for rule in result.json['not_run']])
        return result

    def test_order(self):
        """each in turn, once those that tell more are gone"""
        version, kernel = self.system.version, len(self.kernel)
        places = [(self.modules + 'build/Module.symvers', self.symvers, 'Module.symvers'),
                  (self.modules + 'vmlinuz', self.vmlinux, 'kernel image'),
                  ('boot/vmlinuz-' + version, self.vmlinux, 'kernel image'),
                  ('boot/vmlinux-' + version, self.vmlinux, 'kernel image'),
                  (self.modules + 'vmlinux', self.vmlinux, 'kernel image'),
                  (self.modules + 'build/vmlinux', self.vmlinux, 'kernel image'),
                  ('usr/lib/debug/boot/vmlinux-' + version, self.vmlinux, 'kernel image'),
                  ('boot/System.map-' + version, self.system_map, 'System.map'),
                  (self.modules + 'System.map', self.system_map, 'System.map'),
                  ('proc/kallsyms', self.system_map, 'kallsyms')]
        self.system.write()
        for i, (path, make, _) in enumerate(places):
            self.system.put(path, make(i))
        for i, (path, _, kind) in enumerate(places):
            with self.subTest(path):
                self.check_source(path, kernel + i, kind)
            os.unlink(self.system.path(path))
        result = self.check()
        self.assertIsNone(result.json['sources']['exports'])
        self.assertIn('MS101', [rule['rule'] for rule in result.json['not_run']])

    def test_what_an_image_lacks_is_found(self):
        self.system.put('boot/vmlinuz-' + self.system.version, self.vmlinux(leave_out=('usb_special',)))
        self.system.write()
        result = self.check()
        self.assertEqual([(f['rule'], f['object']) for f in result.findings if f['rule'] == 'MS101'],
                         [('MS101', 'usb_special')])

    def test_another_kernel(self):
        """an image of another release is said and passed over"""
        version = self.system.version
        self.system.put('boot/vmlinuz-' + version, self.vmlinux(release='5.10.0-other'))
        self.system.put('boot/System.map-' + version, self.system_map())
        self.system.write()
        result = self.check_source('boot/System.map-' + version, len(self.kernel), 'System.map')
        self.assertIn('%s: is of kernel 5.10.0-other, not of %s' % (self.system.path('boot/vmlinuz-' + version), version),
                      result.stderr)

    def test_kallsyms_of_another_kernel(self):
        self.system.put('proc/kallsyms', self.system_map())
        self.system.write()
        self.system.put('proc/sys/kernel/osrelease', '5.10.0-other\n')
        result = self.check('-k', self.system.version)
        self.assertIsNone(result.json['sources']['exports'])

    def test_no_use(self):
        """what is damaged is said with its file and place; the next one is asked"""
        version = self.system.version
        image = 'boot/vmlinuz-' + version
        data = self.vmlinux()
        unknown = Vmlinux(fields='vnsx', crcs=None, release=version)
        for name in self.kernel:
            unknown.export(name)
        self.system.write()
        self.system.put('boot/vmlinux-' + version, self.vmlinux(1))
        for content, why in ((data[:-200], 'truncated'), (b'', 'empty'), ('text\n' * 50, 'not a kernel image but text'),
                             (unknown.bytes(), 'known'), (gzip.compress(data)[:-20], 'offset'),
                             (b'\0' * 4096, 'not a kernel image')):
            with self.subTest(why):
                self.system.put(image, content)
                result = self.check_source('boot/vmlinux-' + version, len(self.kernel) + 1, 'kernel image')
                line, = [line for line in result.stderr.splitlines() if self.system.path(image) + ':' in line]
                self.assertIn('WARNING', line)
                self.assertIn(why, line)

    def test_a_packed_image(self):
        image = 'boot/vmlinuz-' + self.system.version
        self.system.put(image, gzip.compress(self.vmlinux()))
        self.system.write()
        self.check_source(image, len(self.kernel), 'kernel image')

    def test_stub(self):
        """Debian's System.map: no more than a remark, and nothing is checked with it"""
        path = 'boot/System.map-' + self.system.version
        self.system.put(path, STUB)
        self.system.write()
        result = self.check()
        line, = [line for line in result.stderr.splitlines() if self.system.path(path) in line]
        self.assertIn('holds no symbol that the kernel exports: not used', line)
        self.assertIn('INFO', line)
        self.assertNotIn('MS101', result.rules())
        self.assertIn('MS101', [rule['rule'] for rule in result.json['not_run']])

    def test_half_a_symvers(self):
        """a line that is none: what stands behind it may be missing, so none of it counts"""
        path = self.modules + 'build/Module.symvers'
        lines = self.symvers().splitlines(True)
        image = 'boot/vmlinuz-' + self.system.version
        self.system.write()
        self.system.put(image, self.vmlinux())
        for bad in ('0x00000011\tpri', 'not hex\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n', '\0\n', '0x1\t\tvmlinux\tEXPORT_SYMBOL\t\n'):
            with self.subTest(bad):
                self.system.put(path, lines[0] + bad)
                result = self.check_source(image, len(self.kernel), 'kernel image')
                self.assertRegex(result.stderr, r'WARNING.*Module\.symvers:2: ')

    def given(self, name, content):
        path = 'given/' + name
        self.system.put(path, content)
        return self.system.path(path)

    def test_given(self):
        """it is asked first, and alone; -F takes an image for what it is"""
        self.system.write()
        self.system.put(self.modules + 'build/Module.symvers', self.symvers(9))
        n = len(self.kernel)
        path = self.given('symvers', self.symvers(1))
        self.check_source(path, n + 1, 'Module.symvers', '-E', path)
        for kind in (dict(), dict(prel32=False), dict(endian='big', machine=22)):
            path = self.given('kernel', self.vmlinux(2, **kind))
            self.check_source(path, n + 2, 'kernel image', '-F', path)
        path = self.given('map', self.system_map(3))
        self.check_source(path, n + 3, 'System.map', '-F', path)

    def test_given_and_no_use(self):
        """is an error: no other source is asked, and what needs one is not run"""
        self.system.write()
        self.system.put(self.modules + 'build/Module.symvers', self.symvers())
        data = self.vmlinux()
        for option, name, content in (('-E', 'bad', 'x\n'), ('-E', 'half', self.symvers() + '0x1\n'), ('-E', 'none', ''),
                                      ('-F', 'stub', STUB), ('-F', 'half', self.system_map() + 'x\n'),
                                      ('-F', 'cut', data[:-99]), ('-F', 'other', self.vmlinux(release='5.10.0-other')),
                                      ('-F', 'noise', struct.pack('<64Q', *range(1 << 60, (1 << 60) + 64))),
                                      ('-E', 'gone', None), ('-F', 'gone', None)):
            with self.subTest(option=option, name=name):
                path = self.system.path('given', 'gone') if content is None else self.given(name, content)
                result = self.check(option, path)
                self.assertEqual((result.status, result.json['sources']['exports']), (4, None))
                self.assertRegex(result.stderr, r'ERROR: %s\b' % path)
                why, = [rule['why'] for rule in result.json['not_run'] if rule['rule'] == 'MS101']
                self.assertIn(path, why)

    def test_both_spellings_of_a_namespaced_symbol(self):
        """__ksymtab_NS.symbol of 5.4-rc1 to rc4 is that symbol"""
        spelled = self.system_map().replace('__ksymtab_usb_special', '__ksymtab_USB_STORAGE.usb_special')
        self.system.put('boot/System.map-' + self.system.version, spelled)
        self.system.write()
        self.check_source('boot/System.map-' + self.system.version, len(self.kernel), 'System.map')


if __name__ == '__main__':
    tap.main()
