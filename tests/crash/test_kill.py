#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""depmod dies at every file-system call in turn (kmod-compat 5.1 #8, stray files also #7).

strace delivers the signal as a call begins: KILL takes effect before the call does, so killing at
each call leaves every state of the folder that a kill at any instant can leave.
"""

import os
import re
import threading
import unittest

import crashlib
from crashlib import Folder, depmod, describe, died_of, in_parallel, injected, tap


def points(scene):
    """(call, n) for every file-system call that a run makes"""
    with Folder() as base:
        scene.copy(base)
        done, calls = crashlib.record(crashlib.depmod_argv(base))
        if done.returncode:
            raise AssertionError('depmod under strace: ' + describe(done))
        scene.check_new(base)
    return [(call.name, call.ordinal) for call in calls if call.name != 'execve']


def snapshot(base):
    """what a later depmod can see of the folder; numbers in staged names tell nothing"""
    folder = os.path.join(base, crashlib.FOLDER)
    return tuple(sorted((re.sub(r'\d+', '#', name), crashlib.read(os.path.join(folder, name)))
                        for name in os.listdir(folder) if name.startswith('modules.')))


class Recovery:
    """After a depmod died: the folder is sound, and `depmod` and `depmod -A` each make it new.

    What they do hangs on what they find, so each distinct state is mended once.
    """

    def __init__(self, scene):
        self.scene = scene
        self.known, self.lock = set(), threading.Lock()

    def check(self, base):
        self.scene.check_whole(base)
        state = snapshot(base)
        with self.lock:
            if state in self.known:
                return
            self.known.add(state)
        self.scene.check_readable(base)
        self.mended_by(base, '-A')
        self.mended_by(base)

    def mended_by(self, base, *options):
        with Folder() as copy:
            crashlib.copy_scene(base, copy)
            done = depmod(copy, *options)
            if done.returncode:
                raise AssertionError('the next depmod: ' + describe(done))
            try:
                self.scene.check_new(copy)
            except AssertionError as error:
                raise AssertionError('after the next depmod %s: %s' % (' '.join(options), error))


def kill_at(scene, base, call, n, signal='KILL', options=()):
    """whether depmod died of the signal"""
    done = depmod(base, *options, before=injected(call, 'signal=' + signal, n))
    if died_of(done, crashlib.SIGNALS[signal]):
        return True
    if done.returncode == 0:
        scene.check_new(base)
        return False
    raise AssertionError('neither died nor did its work: ' + describe(done))


def kill_at_all(scene, recovery):
    """at each call of the recorded run, and on until a run comes through"""
    def attempt(point):
        with Folder() as base:
            scene.copy(base)
            died = kill_at(scene, base, *point)
            recovery.check(base)
            return died

    found = points(scene)
    in_parallel(attempt, found)
    for call in sorted({call for call, _ in found}):
        n = max(n for name, n in found if name == call) + 1
        while attempt((call, n)):
            n += 1
    return found


class Kill(unittest.TestCase):
    def test_kill_at_every_call(self):
        """5.1 #8: KILL at any call leaves whole files; the next depmod or depmod -A mends"""
        scene = crashlib.scene()
        recovery = Recovery(scene)
        found = kill_at_all(scene, recovery)
        print('# killed at %d calls, %d distinct states' % (len(found), len(recovery.known)))
        self.assertGreater(len(recovery.known), 24, 'a state for each file, written and renamed')

    def test_kill_during_first_indexing(self):
        """5.1 #8: KILL at any call in a folder without indexes: each is missing or whole"""
        scene = crashlib.first_scene()
        kill_at_all(scene, Recovery(scene))


class Signal(unittest.TestCase):
    def at_every_call(self, signal):
        scene = crashlib.scene()

        def attempt(point):
            with Folder() as base:
                scene.copy(base)
                if kill_at(scene, base, *point, signal=signal):
                    found = crashlib.read_set(base)
                    (scene.check_new if found == scene.new else scene.check_old)(base)

        in_parallel(attempt, points(scene))

    def test_sigterm(self):
        """5.1 #8: TERM at any call: the old or the new set, nothing stray, died of the signal"""
        self.at_every_call('TERM')

    def test_sigint(self):
        """5.1 #8: INT at any call, the same"""
        self.at_every_call('INT')

    def test_sighup(self):
        """5.1 #8: HUP at any call, the same"""
        self.at_every_call('HUP')


class Twice(unittest.TestCase):
    """The depmod that mends a mixed set dies too. Once it looks at sizes, the set may be one that
    another depmod wrote, or, when old and new files have the same sizes, a whole one."""

    def at_every_change(self, tree, signal):
        scene = crashlib.scene(tree)
        recovery = Recovery(scene)
        renames = [point for point in points(scene) if point[0].startswith('rename')]

        def begin(base, rename):
            """a folder in which a depmod was killed at a rename"""
            scene.copy(base)
            kill_at(scene, base, *rename)

        def attempt(point):
            rename, call, n = point
            with Folder() as base:
                begin(base, rename)
                kill_at(scene, base, call, n, signal=signal)
                recovery.check(base)

        tries = []
        # Killed before the first rename, after it, in the middle, and before the last.
        for rename in renames[0], renames[1], renames[6], renames[11]:
            with Folder() as base:
                begin(base, rename)
                done, calls = crashlib.record(crashlib.depmod_argv(base))
                self.assertEqual(done.returncode, 0, describe(done))
                changes = crashlib.changes_under(calls, os.path.join(base, crashlib.FOLDER))
                tries += [(rename, call.name, call.ordinal) for call in changes]
        in_parallel(attempt, tries)

    def test_kill_while_mending(self):
        """5.1 #8: KILL at any change that the mending depmod makes: the third one mends"""
        self.at_every_change('B', 'KILL')

    def test_sigterm_while_mending(self):
        """5.1 #8: TERM at any change that the mending depmod makes: the third one mends"""
        self.at_every_change('B', 'TERM')

    def test_kill_while_mending_same_sizes(self):
        """5.1 #8: the same, old and new files have the same sizes"""
        crashlib.check_same_sizes()
        self.at_every_change('same', 'KILL')


if __name__ == '__main__':
    tap.main()
