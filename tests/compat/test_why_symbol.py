#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modsure why --symbol: who exports a symbol, in which namespace, who uses it. See tests/lib/tap.py for the environment."""

import json
import lzma
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import kmod  # noqa: E402
import mkimage  # noqa: E402
import tap  # noqa: E402
from captured import SANITIZER, System  # noqa: E402
from mkmod import Module, write_tree  # noqa: E402
from mkvmlinux import Vmlinux  # noqa: E402

VERSION = '6.12.0-test'
SYMVERS = '0x00000abc\tkfn\tvmlinux\tEXPORT_SYMBOL_GPL\tKERNEL_NS\n0x00000def\tfree\tvmlinux\tEXPORT_SYMBOL\t\n'

MODULES = {
    'exporter': Module().export('fn', 0x1111, gpl=True, ns='NS').export('bare', 0x2222),
    'good': Module().use('fn', 0x1111).modinfo('import_ns', 'NS').use('kfn', 0xabc),
    'poor': Module().use('fn', 0x1111).modinfo('import_ns', 'OTHER').use('free', 0xdef),
    'other-build': Module().use('fn', 0x9999).modinfo('import_ns', 'NS').use('bare', 0x2222),
    'weakly': Module().use('fn', weak=True).modinfo('import_ns', 'KERNEL_NS').use('kfn', 0xabc),
    'stranger': Module().use('lost'),
}


class Symbols(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='modsure-why.')
        self.addCleanup(shutil.rmtree, self.dir)
        self.system = System(os.path.join(self.dir, 'root'))
        self.version = VERSION

    def tree(self, modules, *options):
        modules = {'kernel/%s.ko' % name: made for name, made in modules.items()}
        self.folder = write_tree(self.system.folder, self.version, modules, True, [], [])
        made = kmod.run(tap.command('depmod'), *options, '-b', self.system.folder, self.version)
        self.assertEqual((made.returncode, made.stderr), (0, b''))

    def path(self, module):
        return os.path.join(self.folder, 'kernel/%s.ko' % module)

    def symvers(self, text=SYMVERS):
        return self.system.put('headers/Module.symvers', text)

    def image(self):
        made = Vmlinux(release=self.version).export('kfn', 0xabc, gpl=True, ns='KERNEL_NS').export('free', 0xdef)
        return self.system.put('boot/vmlinuz-' + self.version, mkimage.bzimage(
            mkimage.payload('gzip', made.bytes()), release=self.version))

    def run_why(self, *args, status=0, err=b''):
        done = subprocess.run([tap.command('modsure'), 'why', '--sysroot', self.system.folder, '-k', self.version, *args],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                              check=False, cwd=self.dir, env={**os.environ, 'LC_ALL': 'C'})
        self.assertIsNone(SANITIZER.search(done.stderr), done.stderr[-4000:])
        self.assertEqual(done.returncode, status, (args, done.stdout, done.stderr))
        if err is not None:
            self.assertEqual(done.stderr, err)
        self.err = done.stderr.decode()
        return done.stdout.decode()

    def text(self, symbol, *args, **kwargs):
        return self.run_why('--symbol', symbol, *args, **kwargs)

    def json(self, symbol, *args, **kwargs):
        return json.loads(self.run_why('--json', '--symbol', symbol, *args, **kwargs))

    def test_symbol_of_a_module(self):
        """owner, namespace, licence, version; each user, and whether it imports the namespace"""
        self.tree(MODULES)
        self.assertEqual(self.text('fn'), (
            'fn is exported by module exporter (kernel/exporter.ko)\n'
            '  in namespace NS\n'
            '  for modules with a GPL-compatible licence\n'
            '  version 0x00001111\n'
            '4 modules use it:\n'
            '  good: imports the namespace\n'
            '  other_build: imports the namespace; built with version 0x00009999\n'
            '  poor: does not import the namespace\n'
            '  weakly, which does without it, too: does not import the namespace\n'))
        self.assertEqual(self.text('bare'), (
            'bare is exported by module exporter (kernel/exporter.ko)\n'
            '  in no namespace\n'
            '  for modules with any licence\n'
            '  version 0x00002222\n'
            '1 module uses it:\n'
            '  other_build\n'))

    def test_json(self):
        self.tree({name: MODULES[name] for name in ('exporter', 'good', 'other-build', 'weakly')})
        def user(name, crc, same, imports, weak=False):
            return {'module': name.replace('-', '_'), 'path': self.path(name), 'weak': weak, 'crc': crc, 'same_version': same,
                    'imports_namespace': imports}
        self.assertEqual(self.json('fn'), {
            'symbol': 'fn', 'kernel': VERSION, 'exported_by': 'module', 'module': 'exporter', 'path': self.path('exporter'),
            'source': self.path('exporter'), 'namespace_known': True, 'namespace': 'NS', 'gpl': True, 'crc': '0x00001111',
            'users': [user('good', '0x00001111', True, True), user('other-build', '0x00009999', False, True),
                      user('weakly', None, None, False, True)], 'unread': 0})
        self.assertEqual(self.json('bare')['users'], [user('other-build', '0x00002222', True, None)])

    def test_symbol_of_the_kernel(self):
        """from its image, or what is given; all modules are asked"""
        self.tree(MODULES)
        image, symvers = self.image(), self.symvers()
        for source, args in ((image, ()), (symvers, ('-E', symvers)), (image, ('-F', image))):
            self.assertEqual(self.text('kfn', *args).splitlines()[0].split(' (')[0], 'kfn is exported by the kernel itself')
            found = self.json('kfn', *args)
            self.assertEqual((found['exported_by'], found['module'], found['path'], found['source']),
                             ('kernel', None, None, source))
            self.assertEqual((found['namespace_known'], found['namespace'], found['gpl'], found['crc']),
                             (True, 'KERNEL_NS', True, '0x00000abc'))
            self.assertEqual([(user['module'], user['imports_namespace']) for user in found['users']],
                             [('good', False), ('weakly', True)])
            found = self.json('free', *args)
            self.assertEqual((found['namespace_known'], found['namespace'], found['gpl']), (True, None, False))
            self.assertEqual([(user['module'], user['imports_namespace']) for user in found['users']], [('poor', None)])

    def test_kernel_in_the_index(self):
        """depmod was told what the kernel exports, and nothing of that is here: the namespace is known, no more"""
        self.tree(MODULES, '-E', self.symvers())
        found = self.json('kfn')
        self.assertEqual((found['exported_by'], found['source'], found['namespace_known'], found['namespace'], found['gpl'],
                          found['crc']), ('kernel', 'modules.modsure.bin', True, 'KERNEL_NS', None, None))
        self.assertIn('in namespace KERNEL_NS', self.text('kfn'))

    def test_kernel_by_names_alone(self):
        self.tree(MODULES)
        self.system.put('proc/sys/kernel/osrelease', VERSION + '\n')
        self.system.put('proc/kallsyms', '0000000000000000 T kfn\n0000000000000000 r __ksymtab_kfn\n')
        found = self.json('kfn')
        self.assertEqual((found['exported_by'], found['namespace_known'], found['namespace'], found['gpl']),
                         ('kernel', False, None, None))
        self.assertIn('whether it is in a namespace is not known', self.text('kfn'))
        self.assertEqual(self.json('lost', status=1)['exported_by'], 'nobody')

    def test_nobody(self):
        """1: modules use it all the same; 3: nobody has heard of it; 4: the kernel may export it"""
        self.tree(MODULES)
        self.assertEqual(self.json('lost', status=4)['exported_by'], 'unknown')
        self.assertIn('nothing here tells what the kernel itself', self.text('lost', status=4))
        self.image()
        found = self.json('lost', status=1)
        self.assertEqual((found['exported_by'], [user['module'] for user in found['users']]), ('nobody', ['stranger']))
        self.assertEqual(self.text('nowhere', status=3), (
            'nowhere is exported by nobody: not by the kernel, and by no module\nno module uses it\n'))
        for odd in ('', 'a b', 'x' * 5000, 'fn[', 'f?', 'f*', 'FN', 'a-b'):
            self.assertEqual(self.json(odd, status=3)['users'], [], odd)
        self.assertNotIn('\x1b', self.text('\x1b[31m', status=3))

    def test_list_of_modules(self):
        """since 6.16 a kernel reads the list; before it is a name"""
        modules = {'exporter': Module().export('fn', ns='module:good,b-*'), 'good': Module().use('fn'),
                   'b-x': Module().use('fn'), 'bad': Module().use('fn'),
                   'named': Module().use('fn').modinfo('import_ns', 'module:good,b-*')}
        self.tree(modules)
        self.assertEqual([user['module'] for user in self.json('fn')['users'] if user['imports_namespace']], ['named'])
        self.assertIn('  in namespace module:good,b-*\n', self.text('fn'))
        self.version = '6.16.0-test'
        self.tree(modules)
        self.assertEqual(self.text('fn').splitlines()[1:], [
            '  may be used by modules good,b-* only', '  for modules with any licence', '4 modules use it:',
            '  b_x', '  bad: is not one of these modules', '  good', '  named'])

    def test_only_files_that_may_use_it_are_read(self):
        self.tree({**MODULES, 'far': Module().use('kfn')})
        with open(self.path('far'), 'wb') as file:
            file.write(b'no module')
        self.text('fn')
        self.image()
        found = self.json('kfn', err=None)
        self.assertEqual((len(found['users']), found['unread']), (2, 1))
        self.assertRegex(self.err, r'WARNING: .*/kernel/far\.ko: ')

    def test_owner_cannot_be_read(self):
        """the index knows its namespace"""
        self.tree(MODULES)
        with open(self.path('exporter'), 'wb') as file:
            file.write(b'no module')
        found = self.json('fn', err=None)
        self.assertRegex(self.err, r'WARNING: .*/kernel/exporter\.ko: ')
        self.assertEqual((found['module'], found['source'], found['namespace'], found['gpl'], found['crc']),
                         ('exporter', 'modules.modsure.bin', 'NS', None, None))
        self.assertEqual([user['imports_namespace'] for user in found['users']], [True, True, False, False])

    def test_owner_was_replaced(self):
        self.tree(MODULES)
        with open(self.path('exporter'), 'wb') as file:
            file.write(Module().export('new').bytes())
        self.assertEqual(self.json('fn', err=None)['namespace'], 'NS')
        self.assertRegex(self.err, r'kernel/exporter\.ko does not export fn: the indexes are of another file')

    def test_set_of_another_depmod(self):
        self.tree(MODULES)
        os.unlink(os.path.join(self.folder, 'modules.modsure.bin'))
        self.assertEqual((self.json('fn')['namespace'], self.json('fn')['gpl']), ('NS', True))

    def test_damaged_indexes(self):
        """they are named, and what does not hang on them is told"""
        self.tree(MODULES)
        for name in 'modules.modsure.bin', 'modules.symbols.bin', 'modules.dep.bin':
            path = os.path.join(self.folder, name)
            with open(path, 'rb') as file:
                kept = file.read()
            for data in (b'', kept[:40], b'\xff' * 200):
                with open(path, 'wb') as file:
                    file.write(data)
                status = 0 if name == 'modules.modsure.bin' else 4
                found = self.run_why('--json', '--symbol', 'fn', status=status, err=None)
                self.assertEqual(self.err.count(name + ':'), 1, self.err)
                if status == 0:
                    self.assertEqual(json.loads(found)['namespace'], 'NS')
            with open(path, 'wb') as file:
                file.write(kept)

    def test_value_that_makes_no_sense(self):
        self.tree({})
        with open(os.path.join(self.folder, 'modules.modsure.bin'), 'wb') as file:
            file.write(depmod_reference.index_bytes([(b'namespace:symbol:fn', 0, b'nonsense')]))
        self.text('fn', status=4, err=None)
        self.assertRegex(self.err, 'modules.modsure.bin: offset [0-9]+: a namespace in it is malformed')

    def test_misuse(self):
        self.tree(MODULES)
        for args in (('--symbol', 'fn', 'good'), ('--symbol',), ('-E', self.symvers(), 'good', 'exporter'), ()):
            self.assertEqual(self.run_why(*args, status=2, err=None), '')
        self.text('kfn', '-E', '/nowhere', status=4, err=None)
        self.assertIn('/nowhere', self.err)
        self.version = '6.12.1-not-here'
        self.text('fn', status=4, err=None)
        self.assertIn('6.12.1-not-here', self.err)


class Real(unittest.TestCase):
    def test_namespace_of_debian(self):
        """every symbol of a module of 6.12 in a namespace: what an independent reading of the files says"""
        version, source = next(kernel for kernel in tap.kernels() if kernel[0].startswith('6.12'))
        with tempfile.TemporaryDirectory(prefix='modsure-why.') as base:
            folder = os.path.join(base, 'lib/modules', version)
            kmod.link_modules(source, folder)
            os.unlink(os.path.join(folder, 'kernel'))
            usb = 'kernel/drivers/usb/storage'
            os.makedirs(os.path.dirname(os.path.join(folder, usb)))
            shutil.copytree(os.path.join(source, usb), os.path.join(folder, usb))
            made = kmod.run(tap.command('depmod'), '-b', base, version)
            self.assertEqual(made.returncode, 0, made.stderr)
            facts, imported = {}, {}
            for name in os.listdir(os.path.join(folder, usb)):
                path = os.path.join(folder, usb, name)
                module = depmod_reference.module_name(name)
                facts[module] = depmod_reference.facts_of(path)
                with open(path, 'rb') as file:
                    imported[module] = b'\0import_ns=USB_STORAGE\0' in lzma.decompress(file.read())
            self.assertGreater(len(facts['usb_storage'].namespaces), 10)
            for symbol in facts['usb_storage'].namespaces:
                done = kmod.run(tap.command('modsure'), 'why', '-b', base, '-k', version, '--json', '--symbol', symbol.decode())
                found = json.loads(done.stdout)
                self.assertEqual((found['module'], found['namespace']), ('usb_storage', 'USB_STORAGE'))
                self.assertEqual({user['module']: user['imports_namespace'] for user in found['users']},
                                 {module: imported[module] for module in facts if symbol in facts[module].imports})


if __name__ == '__main__':
    tap.main()
