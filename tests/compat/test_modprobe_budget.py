#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a dry run of modprobe may cost: system calls are counted, in a mount namespace whose configuration is
the one that Debian's kmod and udev packages bring. The number is a budget: no change may raise it.
modules.modsure.bin is among what it pays for."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib')]

import tap  # noqa: E402
from mkmod import Module, write_tree  # noqa: E402

SYSTEM_CALLS_MAX = 70

CONF = {'aliases.conf': 'alias net-pf-1 unix\nalias net-pf-2 ipv4\nalias rtc rtc-cmos\n' * 10,
        'systemd.conf': '#  comment\noptions bonding max_bonds=0\noptions dummy numdummies=0\n'}


class Budget(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.mkdtemp()
        cls.version, modules = tap.kernels()[-1]
        tree = os.path.join(cls.scratch, 'root/lib/modules', cls.version)
        os.makedirs(tree)
        for name in ('kernel', 'modules.order', 'modules.builtin', 'modules.builtin.modinfo'):
            os.symlink(os.path.join(modules, name), os.path.join(tree, name))
        subprocess.run([tap.command('depmod'), '-b', cls.scratch + '/root', cls.version], check=True)
        os.makedirs(cls.scratch + '/conf')
        os.makedirs(cls.scratch + '/empty')
        for name, text in CONF.items():
            with open(os.path.join(cls.scratch, 'conf', name), 'w') as f:
                f.write(text)
        # Like a real kernel's, it has no size.
        with open(cls.scratch + '/cmdline', 'w') as f:
            f.write('BOOT_IMAGE=/boot/vmlinuz root=/dev/sda1 ro quiet\n')

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.scratch)

    def trace(self, *words):
        """lines of strace, and what the command printed"""
        script = ('mkdir -p /etc/modprobe.d /usr/lib/modprobe.d && mount --bind %(s)s/empty /etc/modprobe.d && '
                  'mount --bind %(s)s/conf /usr/lib/modprobe.d && mount --bind %(s)s/cmdline /proc/cmdline && '
                  'exec strace -f -o %(s)s/trace "$@"' % {'s': self.scratch})
        done = subprocess.run(['unshare', '-m', 'sh', '-c', script, 'sh', tap.command('modprobe'), '-d',
                               self.scratch + '/root', '-S', self.version, *words],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=300,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout)
        with open(self.scratch + '/trace') as f:
            lines = [line.split(None, 1)[1] for line in f]
        return [line for line in lines if '(' in line and not line.startswith(('+++', '---'))], done.stdout.decode()

    def test_system_calls(self):
        """a dry run of r8169 makes at most 70 system calls"""
        calls, _ = self.trace('-n', 'r8169')
        self.assertLessEqual(len(calls), SYSTEM_CALLS_MAX, '\n' + ''.join(calls))
        opened = ''.join(calls)
        for conf in CONF:   # the run above was one that reads what there is
            self.assertIn(conf, opened)
        self.assertIn('/proc/cmdline', opened)
        self.assertIn('r8169.ko', opened)
        self.assertIn('realtek.ko', opened)

    def test_quiet_failures(self):
        """nobody reads the reason why the kernel refuses a module: so nobody looks for it, as the kernel waits"""
        root, version = os.path.join(self.scratch, 'small'), '6.1.0-refused'
        write_tree(root, version, {'kernel/refused.ko': Module()}, True, [], [])
        subprocess.run([tap.command('depmod'), '-b', root, version], check=True)
        opened = {}
        for quiet in '', '-q':
            done = subprocess.run(['strace', '-f', '-o', self.scratch + '/trace', tap.command('modprobe'), '-C', '/dev/null',
                                   '-d', root, '-S', version, *quiet.split(), '--', 'refused'], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=60)
            self.assertEqual((done.returncode, bool(done.stdout)), (1, not quiet), done.stdout)
            with open(self.scratch + '/trace') as f:
                trace = f.read()
            at = trace.rindex('init_module(')   # or finit_module
            opened[quiet] = set(re.findall(r'open(?:at)?\([^"\n]*"([^"]+)"', trace[at:]))
        self.assertTrue(opened[''], 'the reason is looked for in files')
        self.assertEqual({path for path in opened['-q'] if 'refused' not in path or 'sys/module' not in path}, set())

    def test_indexes(self):
        """only the indexes that a request needs are opened"""
        for words, wanted in ((['-n', 'r8169'], {'dep'}),
                              (['-R', 'pci:v000010ECd00008168sv0sd0bc02sc00i00'], {'dep', 'alias'}),
                              (['-R', 'symbol:mdiobus_read'], {'symbols'}),
                              (['-R', 'ext4'], {'dep'})):
            calls, output = self.trace(*words)
            opened = {name for name in ('dep', 'alias', 'symbols', 'builtin', 'builtin.alias')
                      if any('/modules.%s.bin"' % name in call and ' = -1' not in call for call in calls)}
            # A request with a ':' is no module's name: the index of names is not asked.
            self.assertEqual(opened, wanted - ({'dep'} if ':' in words[-1] else set()), words)
            self.assertTrue(output or words[0] == '-n')


if __name__ == '__main__':
    tap.main()
