#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""depmod meets a full or failing disk at every step (kmod-compat 5.1 #6, stray files also #7).

It must say so, with the name of the file, exit with 1 and leave the old set as it was.
"""

import os
import re
import shlex
import unittest

import crashlib
from crashlib import Folder, depmod, describe, in_parallel, injected, tap

ERRORS = ['ENOSPC', 'EIO', 'EDQUOT', 'EFBIG']
IN_NAMESPACE = ['unshare', '-m'] if os.geteuid() == 0 else ['unshare', '-rm']


def check_failed(done, named):
    if done.returncode != 1:
        raise AssertionError('status is not 1: ' + describe(done))
    if not re.search(named, done.stderr):
        raise AssertionError('no message with %s: %s' % (named, describe(done)))


def check_refused(scene, base, done, named=r'modules\.\w+'):
    """exit status 1, a message that names a file, the old set, nothing stray"""
    check_failed(done, named)
    scene.check_old(base)


def check_mended(scene, base, *options):
    done = depmod(base, *options)
    if done.returncode:
        raise AssertionError('the next depmod: ' + describe(done))
    scene.check_new(base)


def recorded(scene, base):
    """[(call, ordinal, the name to tell)] of what a run changes, opens, syncs and closes there"""
    done, calls = crashlib.record(crashlib.depmod_argv(base))
    if done.returncode:
        raise AssertionError('depmod under strace: ' + describe(done))
    scene.check_new(base)
    folder = os.path.join(base, crashlib.FOLDER)
    return [(call.name, call.ordinal,
             crashlib.file_meant(crashlib.target(call)) or crashlib.VERSION)
            for call in crashlib.changes_under(calls, folder)]


def kind(call):
    for word in ('rename', 'sync', 'open', 'close', 'unlink'):
        if word in call:
            return word
    return 'write'


class Injected(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scene = crashlib.scene()
        with Folder() as base:
            cls.scene.copy(base)
            cls.calls = recorded(cls.scene, base)
        cls.first_rename = next(i for i, call in enumerate(cls.calls) if kind(call[0]) == 'rename')

    def at_each(self, calls, check):
        def attempt(point):
            error, call, ordinal, name = point
            with Folder() as base:
                self.scene.copy(base)
                done = depmod(base, before=injected(call, 'error=' + error, ordinal))
                check(base, done, re.escape(name))
        in_parallel(attempt, [(error, *call) for call in calls for error in ERRORS])

    def test_before_publication(self):
        """5.1 #6: an error of any open, write or fsync: refused, old set, nothing stray"""
        before = [call for call in self.calls[:self.first_rename]
                  if kind(call[0]) in ('open', 'write', 'sync')]
        for wanted in ('open', 'write', 'sync'):
            named = {name for call, _, name in before if kind(call) == wanted}
            self.assertLessEqual(set(crashlib.FILES), named, 'calls to fail: ' + wanted)

        def check(base, done, named):
            check_refused(self.scene, base, done, named)
            check_mended(self.scene, base, '-A')
        self.at_each(before, check)

    def test_close(self):
        """5.1 #6: an error of close, where some file systems tell of a failed write"""
        def check(base, done, named):
            self.scene.check_whole(base)
            if done.returncode == 0:
                self.scene.check_new(base)
            else:
                check_refused(self.scene, base, done, named)
            check_mended(self.scene, base, '-A')
        self.at_each([call for call in self.calls[:self.first_rename]
                      if kind(call[0]) == 'close'], check)

    def test_rename(self):
        """5.1 #6: an error of any rename: each file is old or new, and depmod -A mends"""
        renames = [call for call in self.calls if kind(call[0]) == 'rename']
        self.assertEqual(len(renames), len(crashlib.FILES))

        def check(base, done, named):
            check_failed(done, named)
            self.scene.check_whole(base)
            self.scene.check_readable(base)
            check_mended(self.scene, base, '-A')
        self.at_each(renames, check)

    def test_last_sync(self):
        """5.1 #6: an error of what follows the renames: not told as success"""
        last = max(i for i, call in enumerate(self.calls) if kind(call[0]) == 'rename')
        syncs = [call for call in self.calls[last:] if kind(call[0]) == 'sync']
        self.assertTrue(syncs, 'the folder is synced after the renames')

        def check(base, done, named):
            check_failed(done, named)
            self.scene.check_new(base)
        self.at_each(syncs, check)

    def test_any_other_call(self):
        """5.1 #6: an error of any other call on folder or index: refused, or the complete set"""
        covered = {call[:2] for call in self.calls}
        with Folder() as base:
            self.scene.copy(base)
            _, calls = crashlib.record(crashlib.depmod_argv(base))
            folder = os.path.join(base, crashlib.FOLDER)
            others = [(call.name, call.ordinal) for call in calls if not call.error and
                      crashlib.under(crashlib.target(call), folder) and
                      (crashlib.target(call) == folder or
                       crashlib.file_meant(crashlib.target(call)))]

        def attempt(point):
            with Folder() as base:
                self.scene.copy(base)
                done = depmod(base, before=injected(point[0], 'error=EIO', point[1]))
                if done.returncode == 0:
                    self.scene.check_new(base)
                else:
                    check_refused(self.scene, base, done, re.escape(crashlib.VERSION))
                    check_mended(self.scene, base, '-A')
        in_parallel(attempt, set(others) - covered)

    def test_mkdir(self):
        """5.1 #6: an error of each mkdir of a new output folder: refused, with its name"""
        with Folder() as out:
            argv = crashlib.depmod_argv(self.scene.base, '-o', out)
            done, calls = crashlib.record(argv)
            self.assertEqual(done.returncode, 0, describe(done))
            made = [call for call in calls if call.name.startswith('mkdir')
                    and crashlib.under(crashlib.target(call), out) and not call.error]
            self.assertTrue(made)

        def attempt(point):
            error, call = point
            name = os.path.basename(crashlib.target(call))
            with Folder() as out:
                done = depmod(self.scene.base, '-o', out,
                              before=injected(call.name, 'error=' + error, call.ordinal))
                check_failed(done, re.escape(name))
                self.assertFalse([path for path in crashlib.listing(out) if 'modules.' in path])
        in_parallel(attempt, [(error, call) for error in ERRORS for call in made])


class Mending(unittest.TestCase):
    """The disk is full when a depmod wants to mend what a killed one left."""

    def while_mending(self, scene):
        with Folder() as base:
            scene.copy(base)
            renames = [call for call in recorded(scene, base) if kind(call[0]) == 'rename']

        def begin(base, rename):
            scene.copy(base)
            depmod(base, before=injected(rename[0], 'signal=KILL', rename[1]))

        def attempt(point):
            rename, call, ordinal, name = point
            with Folder() as base:
                begin(base, rename)
                done = depmod(base, before=injected(call, 'error=ENOSPC', ordinal))
                check_failed(done, re.escape(name))
                scene.check_whole(base)
                check_mended(scene, base, '-A')

        points = []
        for rename in renames[1], renames[6], renames[11]:
            with Folder() as base:
                begin(base, rename)
                points += [(rename, *call) for call in recorded(scene, base)
                           if kind(call[0]) in ('write', 'sync')]
        in_parallel(attempt, points)

    def test_full_disk_while_mending(self):
        """5.1 #6, #8: a mixed set, then no space: whole files, and with space depmod -A mends"""
        self.while_mending(crashlib.scene())

    def test_full_disk_while_mending_same_sizes(self):
        """5.1 #6, #8: the same, old and new files have the same sizes"""
        self.while_mending(crashlib.scene('same'))


class Tmpfs(unittest.TestCase):
    """A real file system, with ever more blocks or inodes free until depmod succeeds"""

    SCRIPT = '''
        mount -t tmpfs -o size=64m,nr_inodes=10000 none "$mount" || exit 99
        cp -a "$scene/." "$mount" || exit 99
        used=$(($(stat -f -c "$used" "$mount")))
        mount -o "remount,$what=$((used + free))" "$mount" || exit 99
        "$@"; status=$?
        cp -a "$mount/." "$result" || exit 99
        exit $status'''

    def run_with(self, result, what, used, free, argv):
        """@argv(folder) on a copy of the scene with so much space; @result gets what it left"""
        with Folder() as mount:
            values = {'mount': mount, 'scene': crashlib.scene().base, 'result': result,
                      'what': what, 'used': used, 'free': free}
            return crashlib.run(['env', *('%s=%s' % pair for pair in values.items()), *IN_NAMESPACE,
                                 'sh', '-c', self.SCRIPT, 'sh', *argv(mount)])

    def grow(self, what, used):
        """how much free space a depmod needs"""
        scene = crashlib.scene()
        for free in range(100):
            with Folder() as result:
                done = self.run_with(result, what, used, free, crashlib.depmod_argv)
                if done.returncode == 0:
                    scene.check_new(result)
                    self.assertGreater(free, 10, 'the disk was never full')
                    return free
                try:
                    check_refused(scene, result, done)
                except AssertionError as error:
                    self.fail('%d free: %s' % (free, error))
        self.fail('depmod never succeeds: ' + describe(done))

    def check_after_kill(self, what, used, free):
        """what a killed depmod left is no reason to fail where one succeeds that was not killed"""
        def killed_then_again(mount):
            argv = crashlib.depmod_argv(mount)
            killed = injected('rename,renameat,renameat2', 'signal=KILL', 1) + argv
            return ['sh', '-c', '%s; exec %s' % (' '.join(map(shlex.quote, killed)),
                                                 ' '.join(map(shlex.quote, argv)))]
        with Folder() as result:
            done = self.run_with(result, what, used, free, killed_then_again)
            self.assertEqual(done.returncode, 0, '%d free: %s' % (free, describe(done)))
            self.assertIn('Killed', done.stderr)
            crashlib.scene().check_new(result)

    def test_blocks(self):
        """5.1 #6: each number of free blocks below what is needed: refused, the old set stays"""
        needed = self.grow('nr_blocks', '%b - %f')
        print('# needs %d free blocks' % needed)
        self.check_after_kill('nr_blocks', '%b - %f', needed)

    def test_inodes(self):
        """5.1 #6: each number of free inodes below what is needed: refused, the old set stays"""
        needed = self.grow('nr_inodes', '%c - %d')
        print('# needs %d free inodes' % needed)


class Limits(unittest.TestCase):
    def file_sizes(self, disposition):
        scene = crashlib.scene()
        sizes = {len(content) for content in scene.new.values()}

        def attempt(limit):
            with Folder() as base:
                scene.copy(base)
                done = depmod(base, before=['env', disposition, 'prlimit', '--fsize=%d' % limit])
                if limit >= max(sizes):
                    self.assertEqual(done.returncode, 0, describe(done))
                    scene.check_new(base)
                else:
                    check_refused(scene, base, done)
                    check_mended(scene, base, '-A')
        limits = {0, 1, 4096, max(sizes)} | {size - 1 for size in sizes if size}
        in_parallel(attempt, sorted(limits))

    def test_file_size(self):
        """5.1 #6: RLIMIT_FSIZE, SIGXFSZ ignored by the parent"""
        self.file_sizes('--ignore-signal=XFSZ')

    def test_file_size_signal(self):
        """5.1 #6: RLIMIT_FSIZE, SIGXFSZ at its default"""
        self.file_sizes('--default-signal=XFSZ')

    def test_descriptors(self):
        """5.1 #6: RLIMIT_NOFILE: refused, or the complete set; never one that lacks modules"""
        scene = crashlib.scene()
        for limit in range(3, 200):
            with Folder() as base:
                scene.copy(base)
                done = depmod(base, before=['prlimit', '--nofile=%d' % limit])
                if done.returncode == 127 and 'shared librar' in done.stderr:
                    scene.check_old(base)       # it did not even start
                elif done.returncode:
                    check_refused(scene, base, done, r'modules|\.ko|' + re.escape(crashlib.VERSION))
                else:
                    scene.check_new(base)
                    break
        else:
            self.fail('depmod never succeeds: ' + describe(done))
        print('# succeeds with %d descriptors' % limit)


if __name__ == '__main__':
    tap.main()
