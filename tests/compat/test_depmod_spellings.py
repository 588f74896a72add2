#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""depmod -e and symbols in namespaces, as they were spelled for a time: usb-storage built in, uas a module.

Linux 5.4-rc1 to rc4 called the entry of usb_stor_adjust_quirks __ksymtab_USB_STORAGE.usb_stor_adjust_quirks, and
depmod said that uas needs an unknown symbol. See tests/lib/tap.py for the environment.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import tap  # noqa: E402
from depmodcase import VERSION, TreeCase  # noqa: E402
from mkmod import Module  # noqa: E402
from mkvmlinux import Vmlinux  # noqa: E402

QUIRKS, SENSE = 'usb_stor_adjust_quirks', 'usb_stor_sense_invalidCDB'
NAMESPACE = 'USB_STORAGE'


class UsbStorage(TreeCase):
    def uas(self, **kind):
        made = Module('uas', **kind).modinfo('import_ns', NAMESPACE).modinfo('license', 'GPL')
        return made.use('printk', 1).use(QUIRKS, 2).use(SENSE, 3)

    def built_in(self, spelling, leave_out=()):
        """a System.map, and beside the symbols of its export table others that it has"""
        lines = ['ffffffff81000000 T printk', 'ffffffff82000000 r __ksymtab_printk', 'ffffffff82000100 r __kstrtab_printk']
        for name in (QUIRKS, SENSE):
            lines.append('ffffffff81000010 T ' + name)
            if name not in leave_out:
                lines.append('ffffffff82000010 r __ksymtab_' + spelling % name)
        return self.write('System.map', '\n'.join(lines) + '\n')

    def complaints(self, *options):
        done = self.depmod('-e', '-n', '-b', self.base, *options, VERSION)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stderr.decode().splitlines()

    def check_spellings(self, *spellings):
        for kind in (dict(cls=64), dict(cls=32), dict(cls=64, endian='big', machine=22)):
            for exports in ('kstrtabns', '5.4-rc'):
                self.tree({'kernel/uas.ko': self.uas(exports=exports, **kind)}, builtin=['kernel/usb-storage.ko'])
                for spelling in spellings:
                    with self.subTest(spelling, **kind):
                        self.assertEqual(self.complaints('-F', self.built_in(spelling)), [])
                        path = os.path.join(self.folder, 'kernel/uas.ko')
                        self.assertEqual(self.complaints('-F', self.built_in(spelling, leave_out=(QUIRKS,))),
                                         ['depmod: WARNING: %s needs unknown symbol %s' % (path, QUIRKS)])

    def test_since_5_4_rc5(self):
        """and before 5.4: the symbol's name alone"""
        self.check_spellings('%s')

    def test_5_4_rc1_to_rc4(self):
        self.check_spellings(NAMESPACE + '.%s')

    def test_a_namespace_is_no_symbol(self):
        """of either spelling: what stands in front of the dot is not there to be used"""
        self.tree({'kernel/user.ko': Module('user').use(NAMESPACE, 1)})
        path = os.path.join(self.folder, 'kernel/user.ko')
        for spelling in ('%s', NAMESPACE + '.%s'):
            self.assertEqual(self.complaints('-F', self.built_in(spelling)),
                             ['depmod: WARNING: %s needs unknown symbol %s' % (path, NAMESPACE)])

    def test_as_modules(self):
        """the exporter is a module too, in every encoding, with and without symbols"""
        for exports in ('kstrtabns', '5.4-rc', 'kflagstab'):
            for strip in ((), ('ksymtab', 'kstrtab')):
                with self.subTest(exports=exports, strip=strip):
                    storage = Module('usb_storage', exports=exports, strip=strip).use('printk', 1)
                    storage.export(QUIRKS, 2, gpl=True, ns=NAMESPACE).export(SENSE, 3, gpl=True, ns=NAMESPACE)
                    self.tree({'kernel/uas.ko': self.uas(), 'kernel/usb-storage.ko': storage})
                    system_map = self.built_in('%s', leave_out=(QUIRKS, SENSE))
                    self.assertEqual(self.complaints('-F', system_map), [])
                    self.assertIn(b'kernel/uas.ko: kernel/usb-storage.ko\n', self.read('modules.dep'))
                    symbols = self.read('modules.symbols')
                    self.assertIn(b'alias symbol:%s usb_storage\n' % QUIRKS.encode(), symbols)
                    self.assertNotIn(NAMESPACE.encode(), symbols)

    def test_by_a_kernel_image(self):
        """-F takes one: names, and CRCs as with -E"""
        self.tree({'kernel/uas.ko': self.uas()})
        path = os.path.join(self.folder, 'kernel/uas.ko')
        kernel = Vmlinux().export('printk', 1).export(QUIRKS, 2, True, NAMESPACE)
        for more, expected in (((SENSE, 3), []), ((SENSE, 4), ['disagrees about version of symbol ' + SENSE]),
                               (('other', 3), ['needs unknown symbol ' + SENSE])):
            made = Vmlinux().export(*more, True, NAMESPACE)
            made.exports += kernel.exports
            image = os.path.join(self.scratch, 'vmlinuz')
            with open(image, 'wb') as file:
                file.write(made.bytes())
            self.assertEqual(self.complaints('-F', image), ['depmod: WARNING: %s %s' % (path, line) for line in expected])


if __name__ == '__main__':
    tap.main()
