# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test cases whose scripts run in a guest: all scenarios of a class share one boot.

    class Loading(vmcase.Guest):
        MODULES = ['xfs']           # of the kernel, besides those of kernel/tests

        @vmcase.scenario('''
            run modprobe dep_c number=3
            parameter dep_c number
        ''')
        def test_chain(self, seen):
            self.assertEqual(seen.runs[0].status, 0)
            self.assertEqual(seen.notes['dep_c.number'], '3')

A script is dash and says what guest/lib.sh can; it runs in a subshell, and what it leaves behind (modules,
configuration) is cleared away before the next one. Modules that can't be cleared away fail the test, unless
the decorator names them. A class is a boot of MODSURE_VM_KERNEL.
"""

import functools
import re
import textwrap
import unittest
import sys

import testmodules
import vmlib


class Module:
    """a line of /proc/modules"""

    def __init__(self, line):
        self.name, size, refs, users, state = line.split()[:5]
        self.size, self.refs = int(size), int(refs)
        self.users = [user for user in users.split(',') if user not in ('', '-')]
        self.is_live = state == 'Live'


class Run:
    """one command: status (-1: killed after its time limit), signal, out, err, and the modules loaded afterwards"""

    def __init__(self, head, out, err, state):
        self.status, self.signal = head
        self.out, self.err = out.decode(errors='replace'), err.decode(errors='replace')
        self.proc_modules = state.decode()
        self.modules = {module.name: module for module in map(Module, self.proc_modules.splitlines())}

    def loaded(self):
        """names, in the order in which they were loaded"""
        return list(reversed(self.modules))

    def __repr__(self):
        return 'status %d, signal %d\nout: %r\nerr: %r\nloaded: %s' % (
            self.status, self.signal, self.out, self.err, ' '.join(self.loaded()))


class Seen:
    """what came of a scenario"""

    def __init__(self):
        self.runs, self.notes, self.left = [], {}, []
        self.text = ''          # what the script itself printed
        self.log = ''           # of the kernel
        self.status = None      # of the script

    def __repr__(self):
        return '%s\n%s\n%s' % ('\n'.join(map(repr, self.runs)), self.notes, self.text)


def parse(output, console):
    """{scenario: Seen} of what a guest printed"""
    found, seen, at = {}, Seen(), 0
    while at < len(output):
        end = output.find(b'\n', at)
        end = len(output) if end < 0 else end
        line, at = output[at:end].decode(errors='replace'), end + 1
        words = line.split(' ')
        if words[0] == '@@scenario':
            seen = found[words[1]] = Seen()
        elif words[0] == '@@run':
            parts = []
            for size in map(int, words[3:6]):
                parts.append(output[at:at + size])
                at += size
            seen.runs.append(Run(map(int, words[1:3]), *parts))
            at += 1
        elif words[0] == '@@note':
            seen.notes[words[1]] = ' '.join(words[2:])
        elif words[0] == '@@end':
            seen.status = int(words[1])
        elif words[0] == '@@left':
            seen.left = words[1:]
        else:
            seen.text += line + '\n'
    name = None
    for line in console.splitlines():
        line = re.sub(r'^\[[ \d.]+\] ', '', line)
        marker = re.match(r'@@scenario (\S+)', line)
        name = marker[1] if marker else name
        if name in found and not marker:
            found[name].log += line + '\n'
    return found


def scenario(script, leaves=()):
    """the test method gets a Seen of the script's run; leaves: modules that stay loaded"""
    def wrap(method):
        @functools.wraps(method)
        def test(self):
            seen = self.seen_of(method.__name__)
            self.assertIsNotNone(seen.status, 'the guest ended in the middle of it: %r\n%s' % (seen, self.tail()))
            try:
                method(self, seen)
            except AssertionError as error:
                raise AssertionError('%s\n%r\nkernel: %s' % (error, seen, seen.log)) from None
            self.assertEqual(sorted(seen.left), sorted(leaves), 'modules that could not be unloaded')
        test.script = textwrap.dedent(script)
        return test
    return wrap


class Guest(unittest.TestCase):
    MODULES = []        # of the kernel
    APPEND = ''         # more words for the kernel's command line
    SMP = 1
    LIBS = ()           # that the commands open on demand
    MEMORY = 256
    DEVICES = ()        # arguments of QEMU
    TIMEOUT = 900       # seconds of a busy host; an idle one needs ten
    maxDiff = None
    is_kmod = vmlib.tool() == 'kmod'

    @classmethod
    def prepare(cls, image):
        """for more files"""

    @classmethod
    def setUpClass(cls):
        cls.version = vmlib.kernel_version()
        cls.kernel = tuple(map(int, cls.version.split('.')[:2]))
        image = vmlib.Image(cls.version, cls.LIBS)
        image.add_modules(cls.MODULES)
        testmodules.add_to(image)
        cls.prepare(image)
        image.add_file('/vm/cmd', cls.whole_script())
        cls.result = vmlib.boot(image, cls.APPEND, cls.TIMEOUT, cls.MEMORY, cls.SMP, cls.DEVICES)
        cls.found = parse(cls.result.output, cls.result.console)
        print('# %s: %.1f s' % (cls.__name__, cls.result.seconds))

    @classmethod
    def whole_script(cls):
        parts = ['. /vm/lib.sh\nreset\n']
        methods = [(name, getattr(cls, name)) for name in dir(cls) if hasattr(getattr(cls, name), 'script')]
        for name, method in sorted(methods, key=lambda item: item[1].__wrapped__.__code__.co_firstlineno):
            if len(sys.argv) > 1 and not any(part in '%s.%s' % (cls.__name__, name) for part in sys.argv[1:]):
                continue    # as tap.main() chooses
            parts.append('scenario %s\n(\n%s\n)\nprintf "@@end %%d\\n" $?\nreset\n' % (name, method.script))
        return ''.join(parts) + 'exit 0\n'

    def seen_of(self, name):
        self.assertIn(name, self.found, 'the guest ended before it: ' + self.tail())
        return self.found[name]

    def tail(self):
        return 'status %s\n%s' % (self.result.status, '\n'.join(self.result.console.splitlines()[-25:]))

    def test_kernel_is_content(self):
        """it reports no fault of its own, and the guest ended as it should"""
        self.assertEqual(self.result.complaints(), [])
        self.assertEqual(self.result.status, 0, self.tail())

    # What a run is expected to be

    def assertOk(self, run, err=''):
        self.assertEqual((run.status, run.signal), (0, 0))
        self.assertEqual(run.err, err)

    def assertFails(self, run, *patterns, status=1):
        """with that status, and messages that match each of the patterns"""
        self.assertEqual((run.status, run.signal), (status, 0))
        for pattern in patterns:
            self.assertRegex(run.err, pattern)

    def assertLoaded(self, run, *names):
        for name in names:
            self.assertIn(name, run.modules)
            self.assertTrue(run.modules[name].is_live, name)

    def assertAbsent(self, run, *names):
        for name in names:
            self.assertNotIn(name, run.modules)

    def assertOrder(self, run, *names):
        """they were loaded in this order"""
        self.assertEqual([name for name in run.loaded() if name in names], list(names))
