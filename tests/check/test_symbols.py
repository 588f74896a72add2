#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the rules of symbols and namespaces say, and on what it depends: the kernel's configuration and version, other
trees, files that can't be read, and sources that know half; and depmod -e, which goes by the same rules."""

import os
import re
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import planted  # noqa: E402
import tap  # noqa: E402
from planted import module  # noqa: E402
from plants import namespaces, symbols  # noqa: E402

MISSING = 'CONFIG_MODULE_ALLOW_MISSING_NAMESPACE_IMPORTS'


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.system = planted.System(folder.name)

    def check(self, *args):
        self.system.write()
        return self.system.check('--json', *args)

    def only(self, result):
        """the only finding"""
        self.assertEqual(len(result.findings), 1, result.stdout)
        return result.findings[0]

    def says(self, finding, *words):
        for word in words:
            self.assertIn(word, finding['message'])

    def partial(self, result):
        """rules that did not look at everything"""
        return {one['rule'] for one in result.json['not_run']}


class Unresolved(Case):
    """who exports it elsewhere"""

    def lost(self, *more):
        symbols.unresolved(self.system)
        self.system.after += more
        return self.only(self.check())

    def test_nobody_knows(self):
        finding = self.lost()
        self.assertEqual((finding['rule'], finding['severity']), ('MS101', 'error'))
        self.assertEqual(finding['message'], 'nobody exports exported_by_nobody')

    def symvers(self, owner):
        def add(system):
            with open(os.path.join(system.module_dir, 'build/Module.symvers'), 'a', encoding='utf-8') as file:
                file.write('0x00000099\texported_by_nobody\t%s\tEXPORT_SYMBOL\t\n' % owner)
        return add

    def test_module_of_the_build_that_is_not_here(self):
        self.says(self.lost(self.symvers('drivers/misc/left-out')), 'drivers/misc/left-out exports it', 'not in this tree',
                  'Module.symvers')

    def test_module_of_the_build_that_is_another_here(self):
        self.says(self.lost(self.symvers('drivers/provider')), 'drivers/provider exports it', 'of another build')

    def test_other_kernel(self):
        other = planted.System(self.system.folder)
        other.version = '6.19.3-other'
        other.modules = {'lib/has-it.ko': module('has_it').export('exported_by_nobody', crc=1)}
        other.write()
        self.says(self.lost(), 'in 6.19.3-other has_it exports it')

    def test_files_that_cannot_be_read(self):
        self.system.modules['drivers/broken.ko'] = b'\x7fELF' + bytes(60)
        symbols.unresolved(self.system)
        finding, = [one for one in self.check().findings if one['rule'] == 'MS101']
        self.says(finding, 'broken.ko')

    def test_module_that_was_asked_for(self):
        """findings are about what was asked for; where the exporters are is looked up in the whole tree"""
        symbols.unresolved(self.system)
        self.system.write()
        self.assertEqual(self.system.check('--json', 'user').findings, [])
        self.assertEqual(self.only(self.system.check('--json', 'lost'))['rule'], 'MS101')


class Licences(Case):
    def test_licences(self):
        for licence, is_good in (('GPL v2', True), ('Dual MIT/GPL', True), ('BSD', False), ('GPLv2', False), (None, False)):
            with self.subTest(licence):
                self.system.modules['drivers/one.ko'] = module('one', licence).use('gpl_only', crc=0x13)
                found = [one for one in self.check().findings if one['rule'] != 'MS408']   # says that there is none
                self.assertEqual([(one['rule'], one['severity']) for one in found], [] if is_good else [('MS102', 'error')])
                if not is_good:
                    self.says(found[0], 'gpl_only', 'the kernel', '"%s"' % licence if licence else 'no licence')

    def test_first_licence_counts(self):
        made = module('one', 'Proprietary').modinfo('license', 'GPL').use('gpl_only', crc=0x13)
        self.system.modules['drivers/one.ko'] = made
        self.says(self.only(self.check()), '"Proprietary"')

    def test_one_verdict(self):
        """licence, version and namespace are wrong: the kernel gets no further than the first"""
        self.system.modules['drivers/one.ko'] = module('one', 'BSD').use('usb_special', crc=0x77)
        self.assertEqual(self.only(self.check())['rule'], 'MS102')
        self.system.modules['drivers/one.ko'] = module('one').use('usb_special', crc=0x77)
        self.assertEqual(self.only(self.check())['rule'], 'MS104')
        self.system.modules['drivers/one.ko'] = module('one').use('usb_special', crc=0x14)
        self.assertEqual(self.only(self.check())['rule'], 'MS201')

    def test_either_order_of_symbols(self):
        """GPL-only first or proprietary first: refused both times, and modules that only pass it on count, too"""
        for order in (('gpl_only', 'blob'), ('blob', 'gpl_only')):
            symbols.proprietary_provider(self.system)
            made = module('shim')
            for symbol in order:
                made.use(symbol, crc=0x13 if symbol == 'gpl_only' else 0x31)
            self.system.modules['drivers/shim.ko'] = made
            self.says(self.only(self.check()), 'closed', 'GPL-only')


class Versions(Case):
    def test_both_are_said(self):
        symbols.version(self.system)
        finding = self.only(self.check())
        self.assertEqual((finding['severity'], finding['section']), ('error', '__versions'))
        self.says(finding, 'provide', 'provider', '0x00000020', '0x00000021', 'provider.ko')

    def test_of_the_kernel(self):
        self.system.modules['drivers/stale.ko'] = module('stale').use('printk', crc=0x10)
        self.says(self.only(self.check()), 'printk', 'the kernel', '0x00000010', '0x00000011', 'Module.symvers')

    def test_layout_of_the_kernel(self):
        """no module uses it, and yet it is compared; other symbols that are in the table alone are not"""
        self.system.kernel['module_layout'] = (0x61, '', False)
        self.system.modules['drivers/other.ko'].version('module_layout', 0x61)
        self.system.modules['drivers/stale.ko'] = module('stale').use('printk', crc=0x11).version('module_layout', 0x60) \
            .version('kfree', 0x60)
        self.assertEqual(self.only(self.check())['object'], 'module_layout')

    def test_no_versions(self):
        for force, severity in (('y', 'error'), (None, 'error'), ('unknown', 'warning')):
            with self.subTest(force):
                symbols.no_versions(self.system)
                self.system.config = None if force == 'unknown' else dict(planted.CONFIG)
                if force == 'y':
                    self.system.config['CONFIG_MODULE_FORCE_LOAD'] = 'y'
                    severity = 'warning'
                elif force == 'unknown':
                    os.unlink(self.system.path('boot/config-' + self.system.version))
                found = [one for one in self.check().findings if one['rule'] == 'MS105']
                self.assertEqual([one['severity'] for one in found], [severity])

    def test_kernel_without_versions(self):
        del self.system.config['CONFIG_MODVERSIONS']
        symbols.no_versions(self.system)
        symbols.version(self.system)
        self.assertEqual([one for one in self.check().findings if one['rule'].startswith('MS10')], [])

    def test_weak_is_compared(self):
        self.system.modules['drivers/one.ko'] = module('one').use('printk', crc=0x10, weak=True)
        self.assertEqual(self.only(self.check())['rule'], 'MS104')


class Exporters(Case):
    def test_many_symbols_are_one_finding(self):
        copy = module('copy').export('provide', crc=0x21).export('provide_ns', crc=0x22, ns='PROVIDER', gpl=True)
        self.system.modules['drivers/copy.ko'] = copy
        finding = self.only(self.check())
        self.assertEqual((finding['rule'], finding['module'], finding['object']), ('MS108', 'provider', 'copy'))
        self.says(finding, 'provide and 1 more symbol', 'copy')
        self.assertEqual(self.only(self.system.check('--json', 'copy'))['object'], 'provider')

    def test_users_get_the_kernels(self):
        """who exports what the kernel exports can't be loaded, so its version is nobody's measure"""
        self.system.modules['drivers/again.ko'] = module('again').export('kfree', crc=0x99)
        self.assertEqual(self.only(self.check())['rule'], 'MS107')

    def test_users_of_a_cycle(self):
        symbols.cycle(self.system)
        self.system.modules['drivers/farmer.ko'] = module('farmer').use('cluck', crc=0x41).use('crack', crc=0x42, weak=True)
        self.system.modules['drivers/cook.ko'] = module('cook').use('crack', crc=0x42, weak=True)
        found = [(one['rule'], one['module'], one['object'], one['severity']) for one in self.check().findings]
        self.assertEqual(found, [('MS109', 'cook', 'crack', 'note'), ('MS109', 'farmer', 'crack', 'note'),
                                 ('MS110', 'egg', 'egg hen', 'error'), ('MS112', 'farmer', 'hen', 'error')])
        self.assertEqual([one['module'] for one in self.system.check('--json', 'hen').findings], ['hen'])


class Namespaces(Case):
    def test_setting_of_the_kernel(self):
        """refused, or only logged, and said where nobody knows"""
        namespaces.not_imported(self.system)
        for setting, severity, words in ((None, 'error', ()), ('n', 'error', ()), ('y', 'warning', (MISSING,)),
                                         ('unknown', 'error', (MISSING, 'not known'))):
            with self.subTest(setting):
                self.system.config = None if setting == 'unknown' else dict(planted.CONFIG)
                if setting == 'unknown':
                    os.unlink(self.system.path('boot/config-' + self.system.version))
                elif setting:
                    self.system.config[MISSING] = setting
                finding, = [one for one in self.check().findings if one['rule'] == 'MS201']
                self.assertEqual((finding['severity'], finding['section']), (severity, '.modinfo'))
                self.says(finding, 'provide_ns', 'provider', 'PROVIDER', *words)
                self.assertEqual('not known' in finding['message'], setting == 'unknown')

    def test_symbol_of_the_kernel(self):
        self.system.modules['drivers/one.ko'] = module('one').use('usb_special', crc=0x14)
        self.says(self.only(self.check()), 'usb_special', 'the kernel', 'USB_STORAGE')

    def test_list_before_it_counts(self):
        """the trap: on an older kernel a listed module that does not import the string is refused"""
        namespaces.with_list(self.system)
        finding = self.only(self.check())
        self.assertEqual((finding['rule'], finding['module'], finding['severity']), ('MS201', 'chosen', 'error'))
        self.says(finding, 'internal', namespaces.LIST, '6.16')

    def test_list_on_later_kernels(self):
        namespaces.with_list(self.system)
        for name in ('drm_a', 'drm-b', 'drm', 'chosen2'):
            self.system.modules['drivers/%s.ko' % name] = module(name).use('internal', crc=0x51)
        namespaces.of_version(self.system, '6.16.0-planted')
        found = self.check().findings
        self.assertEqual([(one['rule'], one['module'], one['severity']) for one in found],
                         [('MS205', 'chosen2', 'error'), ('MS205', 'drm', 'error')])
        self.says(found[0], 'internal', namespaces.LIST)

    def test_unresolved_symbols_may_be_of_it(self):
        namespaces.unused(self.system)
        self.system.modules['drivers/keeps.ko'].use('nowhere', crc=1)
        self.assertEqual(self.only(self.check())['rule'], 'MS101')

    def test_builtin(self):
        namespaces.builtin_unknown(self.system)
        finding = self.only(self.check())
        self.assertEqual((finding['severity'], os.path.basename(finding['file'])), ('note', 'modules.builtin.modinfo'))


class HalfKnown(Case):
    """names without versions, licences and namespaces: what can't be known is said, and never passed"""

    def test_system_map(self):
        namespaces.not_imported(self.system)
        symbols.version(self.system)
        self.system.modules['drivers/one.ko'] = module('one', 'BSD').use('usb_special', crc=0x77)
        text = ''.join('ffffffff81000000 r __ksymtab_%s\n' % name for name in self.system.kernel)
        self.system.kernel = None
        self.system.put('map', text)
        result = self.check('-F', self.system.path('map'))
        self.assertEqual([(one['rule'], one['module']) for one in result.findings], [('MS104', 'stale'), ('MS201', 'forgot')])
        self.assertLessEqual({'MS102', 'MS104', 'MS105', 'MS201', 'MS202', 'MS203', 'MS204'}, self.partial(result))

    def test_nothing(self):
        namespaces.not_imported(self.system)
        symbols.unresolved(self.system)
        self.system.kernel = None
        result = self.check()
        self.assertEqual([one['rule'] for one in result.findings], ['MS201'])
        self.assertLessEqual({'MS101', 'MS109', 'MS202', 'MS203'}, self.partial(result))


class Depmod(Case):
    """depmod -e"""

    def depmod(self, *args):
        self.system.write()
        done = subprocess.run([tap.command('depmod'), '-n', '-b', self.system.folder, '-C', self.system.path('etc/depmod.d'),
                               *args, self.system.version], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=True)
        return re.sub(r'\S*/([^/ ]+\.ko)', r'\1', done.stderr.decode()).splitlines()

    @property
    def symvers(self):
        return os.path.join(self.system.module_dir, 'build/Module.symvers')

    def test_namespaces(self):
        namespaces.not_imported(self.system)
        self.system.modules['drivers/forgot.ko'].use('usb_special', crc=0x14).use('nowhere', crc=0x99)
        unknown = 'depmod: WARNING: forgot.ko needs unknown symbol nowhere'
        self.assertEqual(self.depmod('-e', '-E', self.symvers), [unknown])
        for options in (['--namespaces'], ['-e', '--namespaces']):
            self.assertEqual(self.depmod(*options, '-E', self.symvers), [
                'depmod: WARNING: forgot.ko uses symbol provide_ns of provider from namespace PROVIDER, which it does not import',
                'depmod: WARNING: forgot.ko uses symbol usb_special of the kernel from namespace USB_STORAGE, which it does not '
                'import', unknown])

    def test_lists_of_modules(self):
        namespaces.not_listed(self.system)
        self.assertEqual(self.depmod('--namespaces', '-E', self.symvers), [
            'depmod: WARNING: stranger.ko uses symbol internal of the kernel from namespace %s, which does not list it'
            % namespaces.LIST])

    def test_left_out_modules_are_not_reported(self):
        symbols.cycle(self.system)
        for name in ('hen', 'egg'):
            self.system.modules['drivers/%s.ko' % name].use('usb_special', crc=0x14).use('nowhere')
        lines = self.depmod('--namespaces', '-E', self.symvers)
        self.assertEqual(len(lines), 1, lines)
        self.assertIn('cycle of 2 modules', lines[0])

    def test_namespaces_need_a_source(self):
        namespaces.not_imported(self.system)
        self.assertEqual(self.depmod('--namespaces'), ['depmod: WARNING: -e needs -E or -F'])

    def test_map_knows_no_namespaces(self):
        namespaces.not_imported(self.system)
        self.system.modules['drivers/one.ko'] = module('one').use('usb_special', crc=0x14)
        self.system.put('map', ''.join('ffffffff81000000 r __ksymtab_%s\n' % name for name in self.system.kernel))
        lines = self.depmod('--namespaces', '-F', self.system.path('map'))
        self.assertRegex(lines[0], 'does not tell the namespaces')
        self.assertEqual(lines[1:], ['depmod: WARNING: forgot.ko uses symbol provide_ns of provider from namespace PROVIDER, '
                                     'which it does not import'])

    def test_namespaced_symbols_are_not_unknown(self):
        """uas needs a symbol of usb-storage, which is built in: 5.4-rc1 spelt it with its namespace, others do not"""
        self.system.modules['drivers/uas.ko'] = module('uas').modinfo('import_ns', 'USB_STORAGE') \
            .use('usb_stor_adjust_quirks', crc=0x71)
        names = [name for name in self.system.kernel if name != 'usb_special'] + ['usb_special']
        for spelling in ('usb_stor_adjust_quirks', 'USB_STORAGE.usb_stor_adjust_quirks', None):
            with self.subTest(spelling):
                self.system.put('map', ''.join('ffffffff81000000 r __ksymtab_%s\n' % name
                                               for name in names + ([spelling] if spelling else [])))
                self.assertEqual(self.depmod('-e', '-F', self.system.path('map')), [] if spelling else
                                 ['depmod: WARNING: uas.ko needs unknown symbol usb_stor_adjust_quirks'])


if __name__ == '__main__':
    tap.main()
