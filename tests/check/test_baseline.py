#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Findings that are accepted: written, read, and told when they are gone."""

import os
import resource
import stat
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import planted  # noqa: E402
import tap  # noqa: E402
from test_command import Case, lost  # noqa: E402


class Baseline(Case):
    def setUp(self):
        super().setUp()
        self.system.modules['drivers/lost.ko'] = lost(3)
        self.known = os.path.join(self.scratch, 'known')

    def read(self):
        with open(self.known, encoding='utf-8') as file:
            return file.read()

    def lines(self):
        return [line for line in self.read().splitlines() if not line.startswith('#')]

    def test_written_and_accepted(self):
        self.system.write()
        self.check(status=1)
        out = self.check('--write-baseline', self.known, status=0).stdout
        self.assertIn('written to %s: 3 findings' % self.known, out.replace('\n  ', ' '))
        self.assertEqual(self.lines(), ['MS101 lost nobody_%02d' % number for number in range(3)])
        out = self.check('--baseline', self.known, status=0).stdout
        self.assertTrue(out.startswith(planted.VERSION + ': 0 errors, '), out)
        self.assertNotIn('nobody_', out)
        self.assertIn('accepted by %s: 3' % self.known, out.replace('\n  ', ' '))
        found = self.check('--json', '--baseline', self.known, status=0)
        self.assertEqual([one['accepted'] for one in found.findings], [True] * 3)

    def test_standard_output(self):
        self.system.write()
        out = self.check('--write-baseline', '-', status=0).stdout
        self.check('--write-baseline', self.known)
        self.assertEqual(out, self.read())

    def test_what_is_no_file_stays(self):
        """a FIFO or a device is written to; where a link leads to, there is the file"""
        self.system.write()
        text = self.check('--write-baseline', '-').stdout
        os.mkfifo(self.known)
        with open(os.open(self.known, os.O_RDWR), 'rb', buffering=0) as fifo:
            self.check('--write-baseline', self.known, status=0)
            self.assertTrue(stat.S_ISFIFO(os.lstat(self.known).st_mode))
            self.assertEqual(fifo.read(65536).decode(), text)
        os.unlink(self.known)
        os.mkdir(self.known + '.d')
        with open(self.known + '.d/kept', 'w', encoding='utf-8') as file:
            file.write('MS101 old\n')
        os.symlink('known.d/kept', self.known)
        self.check('--write-baseline', self.known, status=0)
        self.assertEqual(os.readlink(self.known), 'known.d/kept')
        self.assertEqual(os.listdir(self.known + '.d'), ['kept'])
        self.assertEqual(self.read(), text)

    def test_stable(self):
        """the same from run to run, for another place, another version, another number of threads"""
        self.system.write()
        first = self.check('--write-baseline', '-').stdout
        self.assertEqual(self.check('--write-baseline', '-', '-j', '1').stdout, first)
        other = planted.System(os.path.join(self.scratch, 'other/place'))
        other.version = '7.0.0'
        other.modules['sound/lost.ko'] = lost(3)
        other.write()
        self.assertEqual(other.check('--rule', 'MS101', '--write-baseline', '-').stdout, first)

    def test_every_plant(self):
        """whatever a rule finds, a line accepts it, and it alone"""
        for number, (rule, (plant, _, _)) in enumerate(planted.all_plants()):
            system = self.system = planted.System(os.path.join(self.scratch, str(number)))
            plant(system)
            system.write()
            self.check(*system.args, '--write-baseline', self.known, '--fail-on', 'note', status=0)
            self.assertEqual([line.split()[0] for line in self.lines()], [rule], self.read())
            self.check(*system.args, '--baseline', self.known, '--fail-on', 'note', status=0)

    def test_new_and_gone(self):
        self.system.write()
        self.check('--write-baseline', self.known)
        self.system = planted.System(os.path.join(self.scratch, 'next'))
        self.system.modules['drivers/lost.ko'] = lost(1).use('new', crc=1)
        self.system.write()
        result = self.check('--baseline', self.known, status=1)
        self.assertTrue(result.stdout.startswith(planted.VERSION + ': 1 error, '))
        out = result.stdout
        self.assertRegex(out, r'no longer found, .*:\n  line 4: MS101 lost nobody_01\n  line 5: MS101 lost nobody_02\n$')
        # Nothing is known to be gone when not everything was looked at.
        for args in (['user'], ['--skip', 'MS101'], ['-E', '/dev/null']):
            self.assertNotIn('no longer found', self.check('--baseline', self.known, *args).stdout)
        # Written anew, it holds what is there, accepted or not.
        self.check('--baseline', self.known, '--write-baseline', self.known, status=0)
        self.assertEqual(self.lines(), ['MS101 lost new', 'MS101 lost nobody_00'])

    def test_bad_lines(self):
        """file, line, reason; the rest counts"""
        self.system.write()
        text = 'MS101 lost nobody_00\nMS999 a b\nMS101\n# fine\nMS101 a%2 b\n  MS101\tlost   nobody_01 \r\n'
        path = self.write('bad', text + 'MS101 lost nobody_02')
        result = self.check('--baseline', path, status=0)
        for line in (2, 3, 5):
            self.assertIn('%s:%d: ' % (path, line), result.stderr)
        self.assertEqual(len(result.stderr.splitlines()), 3)
        self.assertIn('MS999', result.stderr)

    def test_cannot_be_read(self):
        self.system.write()
        for path in (os.path.join(self.scratch, 'nonesuch'), self.scratch):
            result = self.check('--baseline', path, status=4)
            self.assertIn(path, result.stderr)
            self.assertEqual(result.stdout, '')

    def test_cannot_be_written(self):
        """what was accepted before stays"""
        self.system.write()
        self.check('--write-baseline', os.path.join(self.scratch, 'nonesuch/known'), status=4)
        path = self.write('known', 'MS101 lost nobody_00\n')

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))

        before = sorted(os.listdir(self.scratch))
        result = self.check('--write-baseline', path, preexec_fn=limit, status=4)
        self.assertIn('File too large', result.stderr)
        self.assertEqual(self.lines(), ['MS101 lost nobody_00'])
        self.assertEqual(sorted(os.listdir(self.scratch)), before)


if __name__ == '__main__':
    tap.main()
