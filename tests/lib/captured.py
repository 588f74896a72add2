# SPDX-License-Identifier: LGPL-2.1-or-later
"""Captured systems: a folder with /proc and /sys as a kernel shows them, and programs that run on it.

Ours take it by --sysroot, or are put inside like Debian's kmod: then both see nothing else, and
system calls that change the kernel end in a library that notes them and answers as it is told.
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import tap

KMOD = '/bin/kmod'
ENV = '/usr/bin/env'
SANITIZER = re.compile(rb'Sanitizer|runtime error')

# Answers module system calls: CALL_ERROR is the errno, CALL_LOG names the file that notes them.
CALLS = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

static int answer(const char *format, ...)
{
	const char *error = getenv("CALL_ERROR");
	FILE *log = fopen(getenv("CALL_LOG"), "a");
	va_list args;

	va_start(args, format);
	vfprintf(log, format, args);
	va_end(args);
	fclose(log);
	errno = error ? atoi(error) : 0;
	return errno ? -1 : 0;
}

int delete_module(const char *name, unsigned int flags)
{
	return answer("delete %s %#o\n", name, flags);
}

int init_module(void *image, unsigned long size, const char *params)
{
	(void)image;
	return answer("init %lu [%s]\n", size, params);
}

long syscall(long number, ...)
{
	long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_finit_module)
		return answer("finit [%s] %ld\n", (const char *)a[1], a[2]);
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
'''


def libraries(program):
    """what the dynamic linker loads for @program"""
    out = subprocess.run(['ldd', program], stdout=subprocess.PIPE, check=True).stdout.decode()
    return re.findall(r'(/\S+)', out)


class Result:
    def __init__(self, done):
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr


class System:
    """a captured system in @folder"""

    def __init__(self, folder):
        self.folder = folder
        self.rows = []
        self.release = os.uname().release
        os.makedirs(self.path('proc/sys/kernel'))
        os.makedirs(self.path('sys/module'))
        self.put('proc/modules', '')

    def path(self, name):
        return os.path.join(self.folder, name)

    def put(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def get(self, name):
        with open(self.path(name), 'rb') as file:
            return file.read()

    def module(self, name, users=None, holders=(), size=16384, state='Live', permanent=False, taints=''):
        """a loadable module that the kernel knows, or knows by now; @users beyond @holders hold it by other means"""
        users = len(holders) if users is None else users
        words = ''.join(holder + ',' for holder in holders) + ('[permanent],' if permanent else '')
        self.rows = [row for row in self.rows if not row.startswith(name + ' ')]
        self.rows.append('%s %d %d %s %s 0x0000000000000000%s\n' % (
            name, size, users, words or '-', state, ' (%s)' % taints if taints else ''))
        states = {'Live': 'live', 'Loading': 'coming', 'Unloading': 'going'}
        folder = 'sys/module/%s/' % name
        self.put(folder + 'initstate', states[state] + '\n')
        self.put(folder + 'refcnt', '%d\n' % users)
        self.put(folder + 'coresize', '%d\n' % size)
        for holder in ('', *holders):
            os.makedirs(self.path(folder + 'holders/' + holder), exist_ok=True)
        self.put('proc/modules', ''.join(self.rows))

    def modules_file(self, name, content):
        """a file of depmod's, below lib/modules"""
        return self.put('lib/modules/%s/%s' % (self.release, name), content)


class Case(unittest.TestCase):
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.programs = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.programs)
        ours = os.path.realpath(tap.command('modsure'))
        source = os.path.join(cls.programs, 'calls.c')
        with open(source, 'w', encoding='utf-8') as file:
            file.write(CALLS)
        subprocess.run(['cc', '-shared', '-fPIC', '-o', os.path.join(cls.programs, 'calls.so'), source, '-ldl'],
                       check=True)
        for path in [ours, KMOD, ENV] + libraries(ours) + libraries(KMOD) + libraries(ENV):
            target = cls.programs + '/root' + path
            if path == ours:
                target = cls.programs + '/root/bin/modsure'
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(path, target)

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        self.system = System(os.path.join(self.dir, 'captured'))
        self.log = ''

    def _done(self, argv, **kwargs):
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=120, check=False, **kwargs)
        self.assertIsNone(SANITIZER.search(done.stderr), done.stderr[-4000:])
        self.assertIn(done.returncode, (0, 1), (argv[-1][:99], done.stderr[-2000:]))
        return Result(done)

    def run_ours(self, program, *args, status=None, captured=True):
        """our @program, on the captured system from the outside"""
        words = program.split()
        root = ['--sysroot', self.system.folder] if captured else []
        result = self._done([tap.command(words[0])] + words[1:] + root + list(args),
                            env=dict(os.environ, LC_ALL='C'))
        if status is not None:
            self.assertEqual(result.status, status, (program, args, result.err))
        return result

    def run_inside(self, who, program, *args, error=0, status=None):
        """@program of 'kmod' or 'ours' inside; self.log becomes what it asked of the kernel"""
        root = self.system.folder
        for where, _, files in os.walk(self.programs + '/root'):
            target = root + where[len(self.programs) + len('/root'):]
            os.makedirs(target, exist_ok=True)
            for name in files:
                if not os.path.exists(os.path.join(target, name)):
                    os.link(os.path.join(where, name), os.path.join(target, name))
        self.system.put('calls.log', '')
        shutil.copy(os.path.join(self.programs, 'calls.so'), root)
        words = program.split()
        os.makedirs(self.system.path(who), exist_ok=True)
        link = self.system.path('%s/%s' % (who, words[0]))
        if not os.path.lexists(link):
            os.symlink('/bin/kmod' if who == 'kmod' else '/bin/modsure', link)
        # Sanitizers read their own memory map, and the list of their threads.
        os.makedirs(self.system.path('proc/self'), exist_ok=True)
        script = ('mkdir -p "$0/proc/$$" && mount --bind /proc/$$ "$0/proc/$$" && mount --bind /proc/$$ "$0/proc/self" '
                  '&& exec chroot "$0" /usr/bin/env "$@"')
        result = self._done(
            ['unshare', '-m' if os.geteuid() == 0 else '-rm', 'sh', '-c', script, root, 'LD_PRELOAD=/calls.so', 'CALL_LOG=/calls.log',
             'CALL_ERROR=%d' % error, 'ASAN_OPTIONS=verify_asan_link_order=0', '/%s/%s' % (who, words[0])]
            + words[1:] + list(args), env=dict(os.environ, LC_ALL='C'))
        if status is not None:
            self.assertEqual(result.status, status, (who, program, args, result.err))
        self.log = self.system.get('calls.log').decode()
        return result
