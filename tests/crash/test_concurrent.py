#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several depmods at once over a tree that changes, and readers all the while (kmod-compat 5.1 #8).

Nothing here sleeps for luck: a depmod that must be slow is stopped by strace at a known call.
"""

import fcntl
import itertools
import os
import signal
import subprocess
import threading
import time
import unittest

import crashlib
from crashlib import Folder, depmod, depmod_argv, describe, tap


def collect(process):
    """the result of a started process, as crashlib.run() gives it"""
    out, err = process.communicate(timeout=crashlib.SECONDS)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def wait_until(condition, what):
    deadline = time.monotonic() + crashlib.SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError('never happened: ' + what)
        time.sleep(0.002)


def waits_for_a_lock(pid):
    """/proc/locks shows each waiting process behind an arrow"""
    with open('/proc/locks') as file:
        return any(words[1] == '->' and words[2] == 'FLOCK' and words[5] == str(pid)
                   for words in map(str.split, file))


def is_locked(folder):
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)


class Tree:
    """tree A, to which modules are added one by one; fresh() is what a new depmod makes of it"""

    def __init__(self, base, n_extra):
        self.base = base
        self.folder = crashlib.write_tree(base, 'A', age=2 * crashlib.HOUR)
        self.names = ['extra%d' % i for i in range(n_extra)]
        self.waiting = os.path.join(base, 'waiting')
        os.mkdir(self.waiting)
        for number, name in enumerate(self.names):
            with open(os.path.join(self.waiting, name + '.ko'), 'wb') as file:
                file.write(crashlib.changed_module(name, 100 + number).bytes())

    def add(self, name):
        """in one step, so that no depmod sees half of it"""
        os.link(os.path.join(self.waiting, name + '.ko'),
                os.path.join(self.folder, 'kernel', name + '.ko'))

    def fresh(self, names=None):
        """the set for tree A and @names, or for the tree as it is"""
        with Folder() as base:
            crashlib.copy_scene(os.path.join(self.base, 'lib'), os.path.join(base, 'lib'))
            folder = os.path.join(base, crashlib.FOLDER)
            for name in os.listdir(folder):
                if crashlib.file_meant(name):
                    os.unlink(os.path.join(folder, name))
            if names is not None:
                for name in self.names:
                    path = os.path.join(folder, 'kernel', name + '.ko')
                    if os.path.exists(path):
                        os.unlink(path)
                    if name in names:
                        os.link(os.path.join(self.waiting, name + '.ko'), path)
            done = depmod(base)
            if done.returncode:
                raise AssertionError('depmod of a new folder: ' + describe(done))
            return crashlib.read_set(base)

    def check_fresh(self):
        found, expected = crashlib.read_set(self.base), self.fresh()
        wrong = [name for name in crashlib.FILES if found[name] != expected[name]]
        if wrong:
            raise AssertionError('not those of a fresh build: ' + ' '.join(wrong))
        stray = [name for name in os.listdir(self.folder)
                 if name != 'kernel' and name not in crashlib.FILES
                 and name not in ('modules.order', 'modules.builtin', 'modules.builtin.modinfo')]
        if stray:
            raise AssertionError('stray: ' + ' '.join(stray))


class Readers:
    """Two threads that read the indexes until the with block ends; .failures says what they saw"""

    def __init__(self, tree):
        self.tree, self.failures, self.rounds = tree, [], [0, 0]
        self.stop = threading.Event()
        # A scan may meet any of the modules that are added meanwhile.
        self.known = {name: set() for name in crashlib.FILES}
        for n in range(len(tree.names) + 1):
            for names in itertools.combinations(tree.names, n):
                for name, content in tree.fresh(names).items():
                    self.known[name].add(content)
        self.threads = [threading.Thread(target=self._loop, args=(i, look))
                        for i, look in enumerate((self.look_with_modprobe, self.look_at_bytes))]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _loop(self, i, look):
        while not self.stop.is_set() and not self.failures:
            try:
                look()
                self.rounds[i] += 1
            except Exception as error:      # also of our own: a dead reader would see nothing
                self.failures.append(repr(error))

    def look_with_modprobe(self):
        names = sorted(crashlib.module_names('A'))
        done = crashlib.show_depends(self.tree.base, names)
        if done.returncode or done.stderr:
            raise AssertionError(describe(done))
        for name in names:
            if '/%s.ko ' % name not in done.stdout:
                raise AssertionError('modprobe does not find ' + name)

    def look_at_bytes(self):
        for name, content in crashlib.read_set(self.tree.base).items():
            if content not in self.known[name]:
                raise AssertionError('%s: %s, not what any depmod writes' % (
                    name, crashlib.shape(content)))


class ManyAtOnce(unittest.TestCase):
    def at_once(self, n_depmods, rounds):
        with Folder() as base:
            tree = Tree(base, 6)
            first = depmod(base)
            self.assertEqual(first.returncode, 0, describe(first))
            with Readers(tree) as readers:
                for round in range(rounds):
                    for name in tree.names:
                        started = [crashlib.start(depmod_argv(base)) for _ in range(n_depmods - 1)]
                        tree.add(name)
                        started.append(crashlib.start(depmod_argv(base)))
                        for process in started:
                            done = collect(process)
                            self.assertEqual(done.returncode, 0, describe(done))
                        tree.check_fresh()
                    for name in tree.names:
                        os.unlink(os.path.join(tree.folder, 'kernel', name + '.ko'))
                    done = depmod(base)
                    self.assertEqual(done.returncode, 0, describe(done))
                    tree.check_fresh()
            self.assertEqual(readers.failures, [])
            self.assertGreater(min(readers.rounds), 5)
            print('# %d depmods; modprobe looked %d times, a reader of bytes %d' % (
                n_depmods, *readers.rounds))

    def test_two(self):
        """5.1 #8: two at once, ever again: whole files for every reader, the last change is in"""
        self.at_once(2, 3)

    def test_six(self):
        """5.1 #8: six at once, ever again"""
        self.at_once(6, 2)


class Waiting(unittest.TestCase):
    """The first depmod is held in its work; what does the second one do?"""

    def setUp(self):
        self.scratch = Folder()
        self.tree = Tree(self.scratch.__enter__(), 1)
        self.addCleanup(self.scratch.__exit__)
        self.base = self.tree.base
        done = depmod(self.base)
        self.assertEqual(done.returncode, 0, describe(done))
        for name in crashlib.FILES:
            crashlib.set_age(os.path.join(self.tree.folder, name), crashlib.HOUR)

    def hold(self):
        """start a depmod that stops at its first fsync: it scanned the tree and staged a file"""
        held = crashlib.start(crashlib.injected('fsync,fdatasync', 'signal=STOP', 1) +
                              depmod_argv(self.base))
        self.addCleanup(self.kill_held, held)
        wait_until(lambda: any(crashlib.file_meant(name) and name not in crashlib.FILES
                               for name in os.listdir(self.tree.folder)) or held.poll() is not None,
                   'a staged file')
        self.assertIsNone(held.poll(), 'the first depmod is still at work')
        return held

    def release(self, held):
        """let it go on to its end; again and again, as CONT before STOP has no effect"""
        def ended():
            for child in children_of(held.pid):
                os.kill(child, signal.SIGCONT)
            return held.poll() is not None
        wait_until(ended, 'the first depmod ends')
        return collect(held)

    def kill_held(self, held):
        if held.poll() is None:
            for child in children_of(held.pid):
                os.kill(child, signal.SIGKILL)
            collect(held)

    def second(self, *options):
        """(first, second), both at work: the second waits, and a module was added meanwhile"""
        held = self.hold()
        self.assertTrue(is_locked(self.tree.folder), 'the first depmod holds a lock on the folder')
        second = crashlib.start(depmod_argv(self.base, *options))
        wait_until(lambda: waits_for_a_lock(second.pid) or second.poll() is not None,
                   'the second waits')
        self.assertIsNone(second.poll(), 'the second depmod waits')
        self.tree.add('extra0')
        self.assertIsNone(held.poll(), 'the first depmod is still at work')
        return held, second

    def test_second_waits(self):
        """5.1 #8: the second waits, says so, and does not lose a module added meanwhile"""
        held, second = self.second()
        first, done = self.release(held), collect(second)
        self.assertEqual(first.returncode, 0, describe(first))
        self.assertEqual(done.returncode, 0, describe(done))
        self.assertRegex(done.stderr, r'(?i)wait')
        self.assertEqual(first.stderr, '')
        self.tree.check_fresh()
        self.assertFalse(is_locked(self.tree.folder))

    def test_quick_waits(self):
        """5.1 #8: depmod -A waits too, and decides by the tree as it is after the wait"""
        extra = os.path.join(self.tree.waiting, 'extra0.ko')
        crashlib.set_age(extra, -crashlib.HOUR)     # younger than what the first will write
        held, second = self.second('-A')
        first, done = self.release(held), collect(second)
        self.assertEqual((first.returncode, done.returncode), (0, 0), describe(done))
        self.tree.check_fresh()

    def test_first_is_killed(self):
        """5.1 #8: the first is killed while the second waits: the second does all the work"""
        held, second = self.second()
        self.kill_held(held)
        done = collect(second)
        self.assertEqual(done.returncode, 0, describe(done))
        self.tree.check_fresh()

    def test_second_is_killed(self):
        """5.1 #8: the waiting one is killed: the first is not disturbed"""
        held, second = self.second()
        second.kill()
        collect(second)
        first = self.release(held)
        self.assertEqual(first.returncode, 0, describe(first))
        done = depmod(self.base)
        self.assertEqual(done.returncode, 0, describe(done))
        self.tree.check_fresh()

    def test_other_folders(self):
        """a depmod of another output folder does not wait"""
        held = self.hold()
        with Folder() as out:
            done = depmod(self.base, '-o', out)
            self.assertEqual(done.returncode, 0, describe(done))
            self.assertIsNone(held.poll(), 'the first depmod is still at work')
        first = self.release(held)
        self.assertEqual(first.returncode, 0, describe(first))

    def test_no_lock_file(self):
        """nothing but the twelve files is ever left, so that an emptied folder can be removed"""
        with Folder() as out:
            done = depmod(self.base, '-o', out)
            self.assertEqual(done.returncode, 0, describe(done))
            found = os.listdir(os.path.join(out, crashlib.FOLDER))
            self.assertEqual(sorted(found), sorted(crashlib.FILES))


def children_of(pid):
    try:
        with open('/proc/%d/task/%d/children' % (pid, pid)) as file:
            return [int(child) for child in file.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []


if __name__ == '__main__':
    tap.main()
