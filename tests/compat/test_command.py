#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a user of the installed program sees: progress, links, several names of one program."""
import os
import pty
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import tap  # noqa: E402


def on_terminal(argv):
    """run with stderr on a terminal: (status, what it shows)"""
    parent, child = pty.openpty()
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=child)
    os.close(child)
    shown = b''
    while True:
        try:
            data = os.read(parent, 65536)
        except OSError:
            break
        if not data:
            break
        shown += data
    os.close(parent)
    process.stdout.close()
    return process.wait(), shown


class Progress(unittest.TestCase):
    def depmod(self, out, version):
        base = os.path.dirname(os.path.dirname(os.path.dirname(dict(tap.kernels())[version])))
        return [tap.command('depmod'), '-j1', '-b', base, '-o', out, version]

    def test_terminal(self):
        """4230 xz modules take over a second: a line on a terminal, cleared in the end

        (Nothing in a pipe: test_success_is_silent of test_depmod_compat.py does the same work.)
        """
        version = next(version for version, _ in tap.kernels() if version.startswith('6.12'))
        with tempfile.TemporaryDirectory() as out:
            status, shown = on_terminal(self.depmod(out, version))
            self.assertEqual(status, 0)
            self.assertRegex(shown, rb'\d+ of 4230 modules')
            self.assertTrue(shown.endswith(b'\r\x1b[K'), shown[-40:])

    def test_short_work(self):
        with tempfile.TemporaryDirectory() as base:
            os.makedirs(os.path.join(base, 'lib/modules/1.0'))
            for name in ('modules.order', 'modules.builtin', 'modules.builtin.modinfo'):
                with open(os.path.join(base, 'lib/modules/1.0', name), 'w', encoding='utf-8'):
                    pass
            self.assertEqual(on_terminal([tap.command('depmod'), '-b', base, '1.0']), (0, b''))


class Names(unittest.TestCase):
    def run_command(self, *argv):
        return subprocess.run(argv, capture_output=True, check=False)

    def test_sub_commands(self):
        direct = self.run_command(tap.command('depmod'), '-V')
        for name in ('modsure', 'kmod'):
            self.assertEqual(self.run_command(tap.command(name), 'depmod', '-V').stdout, direct.stdout)
            self.assertEqual(self.run_command(tap.command(name), '--version').stdout, direct.stdout)

    def test_version(self):
        """scripts take the third word of the first line, and look for features in the second"""
        lines = self.run_command(tap.command('kmod'), '--version').stdout.decode().splitlines()
        self.assertEqual(lines[0], 'kmod version 34')
        self.assertTrue(all(re.fullmatch(r'[+-][A-Z]+', word) for word in lines[1].split()), lines[1])
        self.assertRegex(lines[2], r'^modsure \d+\.\d+')

    def test_unknown_name(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'mkfs')
            os.symlink(os.path.realpath(tap.command('modsure')), path)
            result = self.run_command(path)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b'mkfs', result.stderr)

    def test_no_output_possible(self):
        with open('/dev/full', 'wb') as full:
            result = subprocess.run([tap.command('depmod'), '-h'], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b'output', result.stderr)


tap.main()
