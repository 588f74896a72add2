#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modsure check --json keeps what doc/formats/check-json.md promises: these keys, of these types, and no other."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

from planted import module  # noqa: E402
import tap  # noqa: E402
from test_command import Case, lost  # noqa: E402

TYPES = {'string': str, 'number': int, 'boolean': bool, 'object': dict, 'null': type(None), 'array of strings': list,
         'array of objects': list}


def promised():
    """{heading: {key: types}} of the page"""
    with open(os.path.join(HERE, '../../doc/formats/check-json.md'), encoding='utf-8') as file:
        text = file.read()
    found = {}
    for part in re.split(r'(?m)^## ', text)[1:]:
        heading = part.partition('\n')[0].strip('`')
        rows = re.findall(r'(?m)^\| `(\w+)` \| ([^|]+) \|', part)
        if rows:
            found[heading] = {key: tuple(TYPES[word.strip()] for word in types.split(',')) for key, types in rows}
    return found


class Json(Case):
    def setUp(self):
        super().setUp()
        self.promise = promised()
        self.seen = set()

    def keep(self, heading, value):
        """@value is as promised there, and so is what it holds"""
        self.seen.add(heading)
        keys = self.promise[heading]
        self.assertEqual(set(value), set(keys), heading)
        prefix = '' if heading == 'The object' else heading.replace('[]', '') + '.'
        for key, types in keys.items():
            self.assertIn(type(value[key]), types, '%s: %s' % (heading, key))
            inner = prefix + key
            if isinstance(value[key], dict):
                self.keep(inner, value[key])
            elif inner + '[]' in self.promise:
                for one in value[key]:
                    self.keep(inner + '[]', one)
            elif isinstance(value[key], list):
                self.assertTrue(all(isinstance(one, str) for one in value[key]), inner)

    def test_every_key(self):
        self.assertGreater(len(self.promise), 7)
        self.system.modules['drivers/lost.ko'] = lost(2)
        self.system.write()
        self.system.put('known', 'MS101 lost nobody_00\nMS101 gone x\n')
        self.keep('The object', self.check('--json', '--baseline', self.system.path('known'), 'user', 'nonesuch').json)
        self.keep('The object', self.check('--json', '--baseline', self.system.path('known')).json)
        self.keep('The object', self.check('--json', '-E', '/dev/null').json)
        rules = self.run_check('--list-rules', '--json').json
        self.assertEqual(list(rules), ['rules'])
        for rule in rules['rules']:
            self.keep('rules[]', rule)
        self.assertEqual(self.seen, set(self.promise), 'what is promised and was never seen')

    def test_values(self):
        self.system.modules['drivers/lost.ko'] = lost(2)
        self.system.write()
        self.system.put('known', '# a comment\nMS101 lost nobody_00\nMS101 gone x y\n')
        known = self.system.path('known')
        found = self.check('--json', '--baseline', known, status=1).json
        folder = self.system.module_dir
        self.assertEqual((found['kernel'], found['directory'], found['modules']), (self.system.version, folder, 4))
        self.assertEqual(found['sources']['exports'], {'kind': 'Module.symvers', 'file': folder + '/build/Module.symvers'})
        self.assertEqual(found['sources']['config'], self.system.path('boot/config-' + self.system.version))
        self.assertEqual(found['counts'], {'error': 1, 'warning': 0, 'note': 0, 'accepted': 1, 'not_kept': 0})
        self.assertEqual(found['baseline'],
                         {'file': known, 'stale': [{'line': 3, 'rule': 'MS101', 'subject': 'gone', 'object': 'x y'}]})
        path = folder + '/kernel/drivers/lost.ko'
        self.assertEqual([{key: value for key, value in one.items() if key != 'message'} for one in found['findings']],
                         [{'rule': 'MS101', 'name': 'unresolved-symbol', 'severity': 'error', 'module': 'lost', 'file': path,
                           'line': None, 'section': None, 'object': symbol, 'accepted': accepted}
                          for symbol, accepted in (('nobody_00', True), ('nobody_01', False))])

    def test_odd_bytes(self):
        """names that no terminal or JSON could take are shown, not passed on"""
        self.system.modules['drivers/odd.ko'] = module('odd').use(b'bad\x1b[2J\xff"\\', crc=1)
        self.system.write()
        found = self.check('--json', 'odd', status=1).findings
        self.assertEqual([one['object'] for one in found], ['bad?[2J?"\\'])


if __name__ == '__main__':
    tap.main()
