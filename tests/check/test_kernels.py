#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Debian's kernels as they come: nothing is wrong with their symbols but what another reading of the same files finds."""

import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import planted  # noqa: E402
import symbol_reading  # noqa: E402
import tap  # noqa: E402


class Kernels(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        base = os.path.join(os.path.dirname(tap.kernels()[0][1]), '../..')
        cls.checked = {version: planted.run('-b', base, '-k', version, '--json') for version, _ in tap.kernels()}
        first, _ = tap.kernels()[0]     # its modules are not compressed: the cheapest to read once more
        cls.by_symvers = planted.run('-b', base, '-k', first, '-E', symbol_reading.symvers(first), '--json')
        cls.read = {version: symbol_reading.reading(version) for version, _ in tap.kernels()}

    def of_rules(self, version, *prefixes):
        """[rule, module, object] of the findings"""
        return [[finding['rule'], finding['module'], finding['object']] for finding in self.checked[version].findings
                if finding['rule'].startswith(prefixes)]

    def each(self):
        for version, _ in tap.kernels():
            with self.subTest(version):
                yield version

    def test_no_errors(self):
        for version in self.each():
            result = self.checked[version]
            self.assertEqual([finding for finding in result.findings if finding['severity'] == 'error'], [])
            self.assertEqual(result.status, 0, result.stderr)

    def test_symbols(self):
        """none unresolved, of another version, not for the module's licence, or exported twice"""
        for version in self.each():
            for what in ('unresolved', 'versions', 'licences', 'twice'):
                self.assertEqual(self.read[version][what], [])
            self.assertEqual(self.of_rules(version, 'MS1'), [])

    def test_namespaces(self):
        """no import is missing, and those that are not needed are exactly these"""
        for version in self.each():
            self.assertEqual(self.read[version]['missing'], [])
            self.assertGreater(len(self.read[version]['unneeded']), 0)
            found = self.of_rules(version, 'MS2')
            self.assertEqual({rule for rule, _, _ in found}, {'MS202', 'MS203'})
            self.assertEqual(sorted([module, namespace] for _, module, namespace in found), self.read[version]['unneeded'])
            print('# %s: %d imports that are not needed' % (version, len(found)))

    def test_sources(self):
        """without any option by the kernel's image; by Module.symvers it is the same"""
        for version in self.each():
            self.assertEqual(self.checked[version].json['sources']['exports']['kind'], 'kernel image')
        first, _ = tap.kernels()[0]
        self.assertEqual(self.by_symvers.json['sources']['exports']['kind'], 'Module.symvers')
        ours = [[finding for finding in result.findings if finding['rule'].startswith(('MS1', 'MS2'))]
                for result in (self.by_symvers, self.checked[first])]
        self.assertEqual(*ours)

    def test_all_rules_of_symbols_ran(self):
        for version in self.each():
            self.assertEqual([one for one in self.checked[version].json['not_run'] if one['rule'].startswith(('MS1', 'MS2'))],
                             [])


if __name__ == '__main__':
    tap.main()
