#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modinfo --json keeps what modinfo(8) promises. See tests/lib/tap.py for the environment."""

import json
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../lib'))

import mkmod  # noqa: E402
import tap  # noqa: E402
from mkmod import Module, signed  # noqa: E402
from modinfocase import KMOD, Case, run  # noqa: E402

KEYS = {'argument': (str,), 'name': (str,), 'builtin': (bool,), 'path': (str, type(None)), 'size': (int, type(None)),
        'compression': (str, type(None)), 'fields': (dict,), 'parameters': (list,), 'build_id': (str, type(None)),
        'signature': (dict, type(None))}


def plain_hex(text):
    return text.lower().replace(':', '').replace('\n\t\t', '')


class Json(Case):
    def json(self, *args, status=0, **kwargs):
        ours = self.modinfo('--json', *args, status=status, **kwargs)
        found = json.loads(ours.out.decode())
        self.assertIsInstance(found, list)
        for module in found:
            self.assertEqual(list(module), list(KEYS))
            for key, types in KEYS.items():
                self.assertIsInstance(module[key], types, key)
        return found

    def one(self, module, name='m.ko', **kwargs):
        return self.json(self.write(name, module), **kwargs)[0]

    def test_everything(self):
        module = Module().modinfo('license', 'GPL').modinfo('alias', 'b').modinfo('name', 'm-x').modinfo('alias', 'a')
        module.modinfo('parmtype', 'p:int').modinfo('parm', 'q:only text').modinfo('parm', 'p:both')
        module.modinfo('parmtype', 'r:bool').build_id(b'\x0a\xbc')
        data = mkmod.xz(signed(module.bytes(), b'\xde\xad', id_type=1, algo=1, hash=4, signer=b'Me', key_id=b'\x01\xff'))
        path = self.write('other-name.ko.xz', data)
        self.assertEqual(self.json('./other-name.ko.xz', cwd=self.dir), [{
            'argument': './other-name.ko.xz', 'name': 'm-x', 'builtin': False,
            'path': os.path.dirname(path) + '/./other-name.ko.xz', 'size': len(data), 'compression': 'xz',
            'fields': {'license': ['GPL'], 'alias': ['b', 'a'], 'name': ['m-x'], 'parmtype': ['p:int', 'r:bool'],
                       'parm': ['q:only text', 'p:both']},
            'parameters': [{'name': 'p', 'description': 'both', 'type': 'int'},
                           {'name': 'q', 'description': 'only text', 'type': None},
                           {'name': 'r', 'description': None, 'type': 'bool'}],
            'build_id': '0abc',
            'signature': {'type': 'X509', 'signer': 'Me', 'key_id': '01ff', 'hash': 'sha256', 'data': 'dead'}}])

    def test_nothing(self):
        found = self.one(Module().modinfo('license', 'GPL'), 'a-b.ko')
        self.assertEqual((found['name'], found['compression']), ('a_b', 'none'))
        self.assertIsNone(found['build_id'])
        self.assertIsNone(found['signature'])
        self.assertEqual(found['parameters'], [])
        self.assertEqual(self.json('no-such-module', status=1), [])

    def test_compression(self):
        data = Module().modinfo('license', 'GPL').bytes()
        for name, pack in (('gzip', mkmod.gz), ('xz', mkmod.xz), ('zstd', mkmod.zst), ('none', bytes)):
            self.assertEqual(self.one(pack(data), 'm.ko.xz')['compression'], name)

    def test_odd_strings(self):
        found = self.one(Module().modinfo('description', b'"\\/\x01\n\t\xe2\x82\xac \xff\xe2\x82 \xed\xa0\x80 \xc0\x80 \xf0\x9f\x98\x80')
                         .modinfo(b'k\xffy', 'x').modinfo('', 'no key').modinfo_raw(b'no equals\0'))
        bad = '\ufffd'
        self.assertEqual(found['fields'], {
            'description': ['"\\/\x01\n\t\u20ac ' + bad + bad * 2 + ' ' + bad * 3 + ' ' + bad * 2 + ' \U0001f600'],
            'k' + bad + 'y': ['x'], '': ['no key'], 'no equals': ['']})

    def test_signature_that_cannot_be_read(self):
        found = self.one(signed(Module().modinfo('license', 'GPL').bytes(), b'no DER'))
        self.assertEqual(found['signature'], {'type': 'PKCS#7', 'signer': None, 'key_id': None, 'hash': None, 'data': None})

    def test_other_arguments_are_shown(self):
        good = self.write('good.ko', Module().modinfo('license', 'GPL'))
        bad = self.write('bad.ko', b'text')
        self.assertEqual([module['argument'] for module in self.json(bad, good, 'nothing', good, status=1)], [good, good])

    def test_real_modules(self):
        """what the incumbent prints stands there too"""
        for version, folder in tap.kernels():
            paths = [os.path.join(path, name) for path, _, names in os.walk(os.path.join(folder, 'kernel'))
                     for name in names if '.ko' in name]
            paths = random.Random(version).sample(sorted(paths), 100)
            found = self.json(*paths)
            self.assertEqual([module['path'] for module in found], paths)
            for key in ('alias', 'license', 'depends', 'vermagic', 'author', 'parm', 'sig_key', 'signer', 'signature'):
                theirs = run(KMOD, '-0', '-F', key, *paths).out.decode(errors='replace').split('\0')[:-1]
                ours = []
                for module in found:
                    if key == 'parm':
                        for parm in reversed(module['parameters']):
                            kind = parm['type'] and ' (%s)' % parm['type']
                            ours.append('%s:%s%s' % (parm['name'], parm['description'] or '', kind or ''))
                    elif key in ('sig_key', 'signer', 'signature'):
                        ours.append(module['signature'][{'sig_key': 'key_id', 'signature': 'data'}.get(key, key)])
                    else:
                        ours += module['fields'].get(key, [])
                if key in ('sig_key', 'signature'):
                    theirs = [plain_hex(text) for text in theirs]
                self.assertEqual(ours, theirs, key)

    def test_built_in(self):
        root = mkmod.write_tree(self.dir, '1.0', {}, builtin=['kernel/in-side.ko'], builtin_modinfo=[
            ('in_side', 'license', 'GPL'), ('other', 'license', 'MIT'), ('in_side', 'parm', 'p:text')])
        self.assertEqual(run('/sbin/depmod', '-b', self.dir, '1.0').status, 0, root)
        self.assertEqual(self.json('-b', self.dir, '-k', '1.0', 'in-side'), [{
            'argument': 'in-side', 'name': 'in_side', 'builtin': True, 'path': None, 'size': None, 'compression': None,
            'fields': {'license': ['GPL'], 'parm': ['p:text']},
            'parameters': [{'name': 'p', 'description': 'text', 'type': None}], 'build_id': None, 'signature': None}])

    def test_not_with_other_forms(self):
        path = self.write('m.ko', Module().modinfo('license', 'GPL'))
        for option in ('-0', '-a', '-n', '-Flicense'):
            ours = self.modinfo('--json', option, path, status=1)
            self.assertEqual(ours.out, b'')
            self.assertIn(b'--json', ours.err)

    def test_no_library(self):
        path = self.write('m.ko', Module().modinfo('license', 'GPL'))
        self.write('lib/libjson-c.so.5', b'no library')
        ours = self.modinfo('--json', path, env={'LD_LIBRARY_PATH': self.path('lib')}, status=1)
        self.assertEqual(ours.out, b'')
        self.assertIn(b'no JSON output without libjson-c.so.5', ours.err)
        self.assertEqual(self.modinfo('-l', path, env={'LD_LIBRARY_PATH': self.path('lib')}).out, b'GPL\n')


if __name__ == '__main__':
    tap.main()
