# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test cases that run modprobe beside the incumbent's, on made trees, rules and states of a kernel.

enter_namespace() gives the test a mount namespace of its own, where the directories of modprobe.d, the
kernel's command line and /sys/module are the test's, for both programs alike. Nothing started from
there may load or unload a module: the right to is given up.
"""

import ctypes
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest

import tap
from mkmod import Module, write_tree

KMOD = '/sbin/modprobe'
VERSION = '6.1.0-test'
SANITIZER = re.compile('Sanitizer|runtime error')
CONF_DIRS = ['/etc/modprobe.d', '/run/modprobe.d', '/usr/local/lib/modprobe.d', '/lib/modprobe.d']
CMDLINE, MODULES = '/proc/cmdline', '/sys/module'
PR_CAPBSET_DROP, CAP_SYS_MODULE = 24, 16


def _mount(*args):
    subprocess.run(['mount', *args], check=True)


def enter_namespace():
    """call it before anything else; starts the script again, within"""
    if 'MODSURE_TEST_NAMESPACE' not in os.environ:
        os.environ['MODSURE_TEST_NAMESPACE'] = '1'
        flags = ['-m'] if os.geteuid() == 0 else ['-rm']
        os.execvp('unshare', ['unshare', *flags, sys.executable, *sys.argv])
    os.environ.pop('MODPROBE_OPTIONS', None)
    for folder in ('/run', '/usr/local/lib', MODULES, '/etc/modprobe.d', '/lib/modprobe.d'):
        _mount('-t', 'tmpfs', 'none', folder)
    with open('/run/cmdline', 'w', encoding='ascii') as file:
        file.write('quiet\n')
    _mount('--bind', '/run/cmdline', CMDLINE)
    for folder in CONF_DIRS:
        os.makedirs(folder, exist_ok=True)
    if ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_SYS_MODULE, 0, 0, 0) != 0:
        sys.exit('Bail out! the right to load modules cannot be given up')


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out, self.err = (text.decode(errors='surrogateescape') for text in (done.stdout, done.stderr))

    def lines(self):
        """what is printed, without the blank that ends a line without options"""
        return [line.rstrip(' ') for line in self.out.splitlines()]

    def modules(self):
        """(what is done, name of the module) by the lines of stdout"""
        return [(words[0], re.sub(r'\.ko.*', '', os.path.basename(words[1]))) if words[0] == 'insmod' else
                (words[0], ' '.join(words[1:])) for words in map(str.split, self.out.splitlines())]


def run(program, *args, env=None, cwd=None, timeout=300, cpu_seconds=300):
    """@timeout is for what hangs, @cpu_seconds for what takes long: others may use the machine as well"""
    with subprocess.Popen([program, *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                          env={**os.environ, 'LC_ALL': 'C', **(env or {})}) as process:
        try:
            # From outside: for a function to be called before exec Python copies itself, which costs more than the program.
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Result(subprocess.CompletedProcess(process.args, process.returncode, out, err))


def _empty(folder):
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            shutil.rmtree(entry.path)
        else:
            os.unlink(entry.path)


class Case(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='modsure-modprobe.')
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.base = os.path.join(self.scratch, 'base')
        self.folder = os.path.join(self.base, 'lib/modules', VERSION)
        for folder in CONF_DIRS + [MODULES]:
            os.makedirs(folder, exist_ok=True)
            _empty(folder)
        self.cmdline('quiet\n')

    def write(self, path, text):
        """a file in the scratch folder, or at an absolute path"""
        path = os.path.join(self.scratch, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(text if isinstance(text, bytes) else text.encode(errors='surrogateescape'))
        return path

    # The scene

    def tree(self, needs, builtin=(), aliases=(), softdeps=()):
        """modules of these names and what each needs; [(module, text)...] of what they say; indexed"""
        files = {}
        for name, deps in needs.items():
            module = Module().export('fn_' + name, crc=1)
            for dep in deps:
                module.use('fn_' + dep, crc=1)
            for key, tags in (('alias', aliases), ('softdep', softdeps)):
                for owner, text in tags:
                    if owner == name:
                        module.modinfo(key, text)
            files['kernel/%s.ko' % name] = module
        write_tree(self.base, VERSION, files, True, ['kernel/%s.ko' % name for name in builtin], ())
        self.depmod()

    def depmod(self):
        empty = self.write('depmod.d/none.conf', '')
        done = run(tap.command('depmod'), '-C', empty, '-b', self.base, VERSION)
        self.assertEqual((done.status, done.err), (0, ''))

    def path(self, name):
        """of the file of a module of the tree"""
        return os.path.join(self.folder, 'kernel', name + '.ko')

    def conf(self, text, name='a.conf', folder='/etc/modprobe.d'):
        return self.write(os.path.join(folder, name), text)

    def cmdline(self, text):
        with open(CMDLINE, 'wb') as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    def loaded(self, name, users=0, holders=(), state='live'):
        """users count all that use it, holders too"""
        self.write(os.path.join(MODULES, name, 'initstate'), state + '\n')
        self.write(os.path.join(MODULES, name, 'refcnt'), '%d\n' % users)
        for holder in ('', *holders):
            os.makedirs(os.path.join(MODULES, name, 'holders', holder), exist_ok=True)

    # The programs

    def kmod(self, *args, is_raw=False, **kwargs):
        where = [] if is_raw else ['-d', self.base, '-S', VERSION]
        return run(KMOD, *where, *args, **kwargs)

    def modprobe(self, *args, status=None, is_raw=False, **kwargs):
        where = [] if is_raw else ['-d', self.base, '-S', VERSION]
        result = run(tap.command('modprobe'), *where, *args, **kwargs)
        self.assertIsNone(SANITIZER.search(result.err), result.err[-4000:])
        self.assertIn(result.status, (0, 1), (args[:9], result.err[-2000:]))
        if status is not None:
            self.assertEqual(result.status, status, (args[:9], result.out, result.err[-2000:]))
        return result

    def compare(self, *args, is_said=False, **kwargs):
        """both print the same and end alike (with is_said, messages too); returns ours"""
        ours, theirs = self.modprobe(*args, **kwargs), self.kmod(*args, **kwargs)
        self.assertEqual(ours.out, theirs.out, (args[:9], ours.err, theirs.err))
        self.assertEqual(ours.status, theirs.status, (args[:9], ours.err, theirs.err))
        if is_said:
            self.assertEqual(ours.err, theirs.err, args[:9])
        return ours

    def assert_said(self, result, *words):
        """one line of stderr holds all of these"""
        if not any(all(word in line for word in words) for line in result.err.splitlines()):
            self.fail('no line with %r in %s' % (words, result.err))
