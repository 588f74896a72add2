# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test cases that run modinfo, and put it beside the incumbent's."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import tap

KMOD = '/sbin/modinfo'
SANITIZER = re.compile(rb'Sanitizer|runtime error')


class Result:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    def lines(self):
        return self.out.split(b'\n')


def run(program, *args, env=None, cwd=None):
    return Result(subprocess.run([program, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, cwd=cwd, timeout=300, check=False,
                                 env=dict(os.environ, LC_ALL='C', **env or {})))


def without_build_ids(out, separator=b'\n'):
    """Debian's modinfo is kmod 30, which does not print them"""
    kept = [line for line in out.split(separator) if not line.startswith((b'build-id:', b'build-id='))]
    return separator.join(kept)


class Case(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, name, data):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(data if isinstance(data, bytes) else data.bytes())
        return path

    def modinfo(self, *args, status=None, **kwargs):
        result = run(tap.command('modinfo'), *args, **kwargs)
        self.assertIsNone(SANITIZER.search(result.err), result.err[-4000:])
        self.assertIn(result.status, (0, 1), (args[:9], result.err[-2000:]))
        if status is not None:
            self.assertEqual(result.status, status, (args[:9], result.err[-2000:]))
        return result

    def incumbent(self, *args, **kwargs):
        return run(KMOD, *args, **kwargs)

    def compare(self, *args, **kwargs):
        """same output and status as the incumbent's; returns ours"""
        ours, theirs = self.modinfo(*args, **kwargs), self.incumbent(*args, **kwargs)
        separator = b'\0' if '-0' in args else b'\n'
        self.assertEqual(without_build_ids(ours.out, separator), theirs.out, args[:9])
        self.assertEqual(ours.status, theirs.status, (args[:9], ours.err, theirs.err))
        return ours
