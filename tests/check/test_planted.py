#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A clean system has no findings; with one fault planted there is one finding, of its rule."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import planted  # noqa: E402
import tap  # noqa: E402


# rule: why no tree of files can have its fault
OUT_OF_REACH = {'MS112': 'follows from MS110 or MS111: test_symbols.py has both'}


class Planted(unittest.TestCase):
    def system(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return planted.System(folder.name)

    def test_clean(self):
        system = self.system()
        system.write()
        result = system.check('--json')
        self.assertEqual((result.findings, result.status), ([], 0), result.stderr)

    def test_every_rule_has_one(self):
        modsure = os.path.join(os.path.dirname(tap.command('depmod')), 'modsure')
        done = subprocess.run([modsure, 'check', '--list-rules', '--json'], stdout=subprocess.PIPE, check=True)
        rules = [rule['rule'] for rule in json.loads(done.stdout)['rules']]
        names = [rule for rule, _ in planted.all_plants()]
        self.assertEqual(len(set(names)), len(names))
        self.assertEqual(sorted({*names, *OUT_OF_REACH}), sorted(rules))
        self.assertEqual(set(names) & set(OUT_OF_REACH), set())


def planted_case(rule, plant, subject, what):
    def test(self):
        system = self.system()
        plant(system)
        system.write()
        result = system.check('--json')
        self.assertEqual(result.rules(), [rule], '%s\n%s' % (result.stdout, result.stderr))
        finding = result.findings[0]
        self.assertIn(subject, (finding['module'], os.path.basename(finding['file'] or '')))
        self.assertEqual(finding['object'], what)
        self.assertTrue(finding['message'])
    return test


for _rule, _plant in sorted(planted.all_plants()):
    setattr(Planted, 'test_' + _rule, planted_case(_rule, *_plant))

if __name__ == '__main__':
    tap.main()
