# SPDX-License-Identifier: LGPL-2.1-or-later
"""A test case with a system of its own to declare things in, and a plan to load as judge of what an error is."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import planted  # noqa: E402
import tap  # noqa: E402
from planted import module  # noqa: E402


class DeclaredCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.system = planted.System(folder.name)
        self.system.modprobe_d, self.system.depmod_d = {}, {}

    def add(self, name, *tags, uses=(), **kind):
        made = module(name, **kind).use('kfree', crc=0x12)
        for symbol, crc in uses:
            made.use(symbol, crc=crc)
        for tag in tags:
            made.modinfo(*tag.split('=', 1))
        self.system.modules['drivers/%s.ko' % name] = made
        return made

    def found(self, *args):
        """{(rule, severity, module, base name of the file, line, object)}; one finding each"""
        self.system.write()
        self.result = self.system.check('--json', *args)
        self.assertNotIn('Sanitizer', self.result.stderr)
        self.assertIsNotNone(self.result.json, self.result.stderr)
        found = [(x['rule'], x['severity'], x['module'], os.path.basename(x['file'] or ''), x['line'], x['object'])
                 for x in self.result.findings]
        self.assertEqual(len(found), len(set(found)))
        return set(found)

    def plan(self, name):
        """modsure plan load"""
        return subprocess.run([os.path.join(os.path.dirname(tap.command('depmod')), 'modsure'), 'plan', 'load',
                               '--sysroot', self.system.folder, name],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)

    def is_refused(self, name):
        """would modprobe refuse to load it?"""
        return self.plan(name).returncode != 0

    def finds(self, *expected, args=()):
        """these are found and no others: 'RULE SEVERITY MODULE FILE[:LINE] OBJECT', with - for no module"""
        lines = {'%s %s %s %s%s %s' % (rule, severity, name or '-', file, ':%u' % line if line else '', what)
                 for rule, severity, name, file, line, what in self.found(*args)}
        self.assertEqual(lines, set(expected))

    def agrees(self, *expected):
        """the same, and modprobe refuses all modules with an error and no other"""
        self.finds(*expected)
        broken = {line.split()[2] for line in expected if line.split()[1] == 'error'}
        names = [os.path.basename(path)[:-3] for path in self.system.modules]
        self.assertEqual({name for name in names if self.is_refused(name)}, broken)
