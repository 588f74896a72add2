#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs that are started without standard input, output or error, as the kernel starts modprobe: no file that is
opened takes their place, so that no message gets into it."""

import os
import socket
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import modprobecase  # noqa: E402
import tap  # noqa: E402
from modprobecase import VERSION  # noqa: E402

DEV = '/run/dev'
ALL = '<&- >&- 2>&-'


class Closed(modprobecase.Case):
    @classmethod
    def setUpClass(cls):
        """a /dev with a syslog of our own, in a mount namespace of our own"""
        os.makedirs(DEV)
        for name in ('null', 'urandom'):
            with open(os.path.join(DEV, name), 'wb'):
                pass
            subprocess.run(['mount', '--bind', '/dev/' + name, os.path.join(DEV, name)], check=True)
        cls.syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        cls.syslog.bind(os.path.join(DEV, 'log'))
        cls.syslog.setblocking(False)
        subprocess.run(['mount', '--rbind', DEV, '/dev'], check=True)

    def setUp(self):
        super().setUp()
        self.tree({'lone': []})
        self.logged()

    def run_closed(self, which, program, *args):
        """@program with these descriptors closed: (status, stdout and stderr as far as they are open)"""
        done = subprocess.run(['sh', '-c', 'exec "$0" "$@" ' + which, tap.command(program), *args], check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def modprobe_closed(self, which, *args):
        return self.run_closed(which, 'modprobe', '-d', self.base, '-S', VERSION, *args)

    def logged(self):
        """what came to syslog since"""
        found = []
        try:
            while True:
                found.append(self.syslog.recv(4096).decode())
        except BlockingIOError:
            return found

    def test_syslog(self):
        """messages of modprobe go there when nobody can read them, and only then"""
        self.conf('nonsense\n')
        for which, is_logged in ((ALL, True), ('2>&-', True), ('>&- 2>&-', True), ('<&- >&-', False), ('', False)):
            with self.subTest(which):
                status, _, err = self.modprobe_closed(which, 'nosuch')
                self.assertEqual(status, 1)
                text = '\n'.join(self.logged()) if is_logged else err
                self.assertIn('a.conf:1', text)
                self.assertIn('nosuch', text)
                self.assertEqual((err, self.logged()) if is_logged else self.logged(), ('', []) if is_logged else [])

    def test_nothing_opened(self):
        """the first message of all is about an option"""
        self.assertEqual(self.modprobe_closed(ALL)[0], 1)
        self.assertEqual(len(self.logged()), 1)

    def test_lost_output(self):
        """is no failure where it was never open, and one where it cannot be written"""
        for which in (ALL, '>&-', '<&- >&-'):
            for args in (['-n', '-v', 'lone'], ['-c'], ['-V']):
                self.assertEqual(self.modprobe_closed(which, *args)[0], 0, (which, args))
        self.assertEqual(self.run_closed('<&-', 'modprobe', '-d', self.base, '-S', VERSION, '-n', '-v', 'lone'),
                         (0, 'insmod %s \n' % self.path('lone'), ''))

    def test_commands(self):
        """of configuration find all three open, on nothing"""
        hit = self.write('hit', '')
        self.conf('install lone readlink /proc/$$/fd/0 /proc/$$/fd/2 >%s; true\n' % hit)
        self.assertEqual(self.modprobe_closed(ALL, 'lone')[0], 0)
        with open(hit, encoding='ascii') as file:
            self.assertEqual(file.read().split(), ['/dev/null', '/dev/null'])


if __name__ == '__main__':
    modprobecase.enter_namespace()
    tap.main()
