#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The power fails at any instant of a depmod (kmod-compat 5.1 #8).

The calls of one run are recorded, and every state that a disk may be in after them, or after the
first of them, is judged; diskmodel.py says what a disk may do. Distinct states are then made real,
and depmod has to mend them. MODSURE_SEED repeats the choice of states.
"""

import os
import random
import unittest

import crashlib
import diskmodel
from crashlib import Folder, depmod, describe, in_parallel, injected, tap

SEED = int(os.environ.get('MODSURE_SEED') or random.randrange(1 << 32))
SAMPLE = 300


def is_ours(path):
    return crashlib.file_meant(path) is not None


def is_leftover(path):
    return is_ours(path) and os.path.basename(path) not in crashlib.FILES


class Recording:
    """the trace of a depmod over a scene; @prepare may put leftovers of another one there first"""

    def __init__(self, scene, prepare=lambda base: None):
        self.scene = scene
        with Folder() as base:
            scene.copy(base)
            prepare(base)
            self.trace, done = diskmodel.record(crashlib.depmod_argv(base), base)
            if done.returncode:
                raise AssertionError('depmod under strace: ' + describe(done))
            scene.check_new(base)
        self.folder = os.path.join(base, crashlib.FOLDER)
        self.old = {os.path.join(self.folder, name): content for name, content in scene.old.items()}
        self.new = {os.path.join(self.folder, name): content for name, content in scene.new.items()}

    def judged(self, trace=None):
        return diskmodel.judge(trace or self.trace, self.old, self.new, is_leftover)

    def states(self):
        """what the indexes' part of the folder may be"""
        return diskmodel.states(self.trace, SEED, is_ours)

    def is_mixed(self, state):
        ages = {path: state.get(path) == content for path, content in self.new.items()}
        return len(set(ages.values())) == 2

    def materialise(self, state, base):
        self.scene.copy(base)
        folder = os.path.join(base, crashlib.FOLDER)
        for name in crashlib.FILES:
            if os.path.exists(os.path.join(folder, name)):
                os.unlink(os.path.join(folder, name))
        for path, content in state.items():
            target = os.path.join(folder, os.path.basename(path))
            with open(target, 'wb') as file:
                file.write(content)
            if content == self.old.get(path):
                crashlib.set_age(target, 2 * crashlib.HOUR)


def check_mended(recording, states):
    """`depmod -A` and `depmod` each make every state the new set"""
    def attempt(state):
        for options in ['-A'], []:
            with Folder() as base:
                recording.materialise(state, base)
                before = sorted(os.path.basename(path) for path in state)
                try:
                    recording.scene.check_readable(base)
                    done = depmod(base, *options)
                    if done.returncode:
                        raise AssertionError(describe(done))
                    recording.scene.check_new(base)
                except AssertionError as error:
                    new = [os.path.basename(path) for path, content in recording.new.items()
                           if state.get(path) == content]
                    raise AssertionError('depmod %s: %s\nnew before: %s\nall before: %s' % (
                        ' '.join(options), error, ' '.join(new), ' '.join(before)))
    in_parallel(lambda i: attempt(states[i]), range(len(states)))


class PowerCut(unittest.TestCase):
    def check_recording(self, recording):
        wrong = [finding for finding in recording.judged() if finding[0] != 'unmarked']
        self.assertEqual(wrong, [])

    def check_states(self, recording, sample=SAMPLE):
        states, complete = recording.states()
        rng = random.Random(SEED)
        # depmod -A would take these for a set that is up to date.
        blind = [state for state in states if recording.is_mixed(state)
                 and not any(is_leftover(path) for path in state)]
        chosen = diskmodel.prefixes(recording.trace, is_ours) + \
            rng.sample(blind, min(len(blind), 50)) + rng.sample(states, min(len(states), sample))
        print('# %d calls, %s%d states, %d made real; MODSURE_SEED=%d' % (
            len(recording.trace.events), '' if complete else 'more than ', len(states),
            len(chosen), SEED))
        check_mended(recording, chosen)
        return states

    def test_update(self):
        """5.1 #8: at each cut old or new whole files; what depmod told to be done is there"""
        recording = Recording(crashlib.scene())
        self.check_recording(recording)
        states = self.check_states(recording)
        window = [state for state in states if recording.is_mixed(state)]
        self.assertEqual(len(window), 2 ** len(crashlib.FILES) - 2, 'each subset of the renames')

    def test_first_indexing(self):
        """5.1 #8: a folder without indexes: at each cut a file is missing or whole"""
        recording = Recording(crashlib.first_scene())
        self.check_recording(recording)
        self.check_states(recording, SAMPLE // 2)

    def mending(self, scene, starts):
        with Folder() as base:
            scene.copy(base)
            _, calls = crashlib.record(crashlib.depmod_argv(base))
            renames = [call for call in calls if call.name.startswith('rename')]
        for start in starts:
            recording = Recording(scene, lambda base: depmod(base, before=injected(
                renames[start].name, 'signal=KILL', renames[start].ordinal)))
            self.check_recording(recording)
            self.check_states(recording, SAMPLE // 3)

    def test_mending(self):
        """5.1 #8: the power fails again while a depmod mends a mixed set"""
        self.mending(crashlib.scene(), (1, 11))

    def test_mending_same_sizes(self):
        """5.1 #8: the same, and sizes do not tell that the set is mixed"""
        crashlib.check_same_sizes()
        self.mending(crashlib.scene('same'), (6,))

    def test_new_output_folder(self):
        """a folder that depmod made itself (-o) is there once it told success"""
        scene = crashlib.scene()
        with Folder() as out:
            trace, done = diskmodel.record(crashlib.depmod_argv(scene.base, '-o', out), out)
            self.assertEqual(done.returncode, 0, describe(done))
        folder = os.path.join(out, crashlib.FOLDER)
        new = {os.path.join(folder, name): content for name, content in scene.new.items()}
        found = diskmodel.judge(trace, dict.fromkeys(new), new, is_leftover)
        self.assertEqual(found, [])


class Needed(unittest.TestCase):
    """Each fsync of the recorded run is needed: without it the judgement is another."""

    @classmethod
    def setUpClass(cls):
        cls.recording = Recording(crashlib.scene())
        events = cls.recording.trace.events
        cls.renames = [i for i, event in enumerate(events)
                       if event[0] == 'entry' and len(event[1]) == 2]

    def without(self, unwanted):
        return {kind for kind, _ in self.recording.judged(self.recording.trace.without(unwanted))}

    def test_fsync_of_each_file(self):
        """without fsync of a file, the renamed file may be torn"""
        synced = {event[1] for event in self.recording.trace.events if event[0] == 'sync'}
        self.assertEqual(len(synced), len(crashlib.FILES))
        for inode in synced:
            self.assertIn('torn', self.without(lambda i, event: event == ('sync', inode)))

    def test_fsync_of_the_folder_before(self):
        """without fsync of the folder before the renames, nothing marks a mixed set"""
        self.assertIn('unmarked', self.without(
            lambda i, event: event[0] == 'sync-folder' and i < self.renames[0]))

    def test_fsync_of_the_folder_after(self):
        """without fsync of the folder after the renames, the set may be lost"""
        self.assertIn('lost', self.without(
            lambda i, event: event[0] == 'sync-folder' and i > self.renames[-1]))


class Model(unittest.TestCase):
    """The judge itself, on made traces: a faultless one passes, each fault is found."""

    FOLDER = '/m'
    NAMES = ['modules.dep', 'modules.alias', 'modules.modsure.bin']

    def setUp(self):
        self.paths = [os.path.join(self.FOLDER, name) for name in self.NAMES]
        self.old = {path: b'old of ' + path.encode() for path in self.paths}
        self.new = {path: b'the new content of ' + path.encode() for path in self.paths}

    def start(self, leftovers=()):
        trace = diskmodel.Trace({self.FOLDER: 0}, {0: diskmodel.FOLDER})
        for path, content in [*self.old.items(), *((path, b'') for path in leftovers)]:
            trace.entries[path] = len(trace.contents)
            trace.contents[len(trace.contents)] = content
        return trace

    def steps(self, trace):
        """{name of a step: its events} of a faultless publication"""
        steps = {}
        for i, path in enumerate(self.paths):
            inode, staged = 100 + i, path + '.stage.bin'
            trace.contents[inode] = b''
            content = self.new[path]
            steps['create %d' % i] = [('entry', {staged: inode})]
            steps['write %d' % i] = [('data', inode, content[:9]), ('data', inode, content)]
            steps['sync %d' % i] = [('sync', inode)]
        steps['stage'] = [('sync-folder', self.FOLDER)]
        for i, path in enumerate(self.paths):
            steps['rename %d' % i] = [('entry', {path + '.stage.bin': None, path: 100 + i})]
        steps['publish'] = [('sync-folder', self.FOLDER)]
        steps['exit'] = [('exit', 0)]
        return steps

    def judged(self, change=lambda steps: None, trace=None):
        trace = trace or self.start()
        steps = self.steps(trace)
        change(steps)
        trace.events = [event for events in steps.values() for event in events]
        return {kind for kind, _ in diskmodel.judge(trace, self.old, self.new, is_leftover)}

    def test_faultless(self):
        self.assertEqual(self.judged(), set())

    def test_no_fsync_of_a_file(self):
        for i in range(len(self.paths)):
            self.assertIn('torn', self.judged(lambda steps: steps.pop('sync %d' % i)))

    def test_fsync_before_the_last_write(self):
        def change(steps):
            steps['sync 1'].insert(0, steps['write 1'].pop())
            steps['sync 1'].reverse()
        self.assertIn('torn', self.judged(change))

    def test_rename_before_fsync(self):
        def change(steps):
            steps['write 1'] += steps.pop('rename 1')
        self.assertIn('torn', self.judged(change))

    def test_written_in_place(self):
        def change(steps):
            inode = 3
            steps['rename 2'] = [('data', inode, b''), ('data', inode, self.new[self.paths[2]]),
                                 ('sync', inode)]
        self.assertIn('torn', self.judged(change))

    def test_unlinked_before_rename(self):
        def change(steps):
            steps['rename 1'].insert(0, ('entry', {self.paths[1]: None}))
        self.assertIn('torn', self.judged(change))

    def test_no_fsync_of_the_folder(self):
        self.assertEqual(self.judged(lambda steps: steps.pop('stage')), {'unmarked'})
        self.assertEqual(self.judged(lambda steps: steps.pop('publish')), {'lost'})

    def test_leftover_removed_before_and_after(self):
        leftover = self.paths[0] + '.7.stage.bin'
        removed = [('entry', {leftover: None})]

        def mixed():
            trace = self.start([leftover])
            trace.contents[1] = self.new[self.paths[0]]
            return trace

        def before(steps):
            steps['create 0'] = removed + steps['create 0']
        self.assertEqual(self.judged(before, mixed()), {'unmarked'})

        def after(steps):
            steps['publish'] = removed + steps['publish']
        self.assertEqual(self.judged(after, mixed()), set())

    def test_leftover_not_removed(self):
        self.assertEqual(self.judged(trace=self.start([self.paths[0] + '.7.stage.bin'])), {'lost'})

    def test_folder_not_synced_in_its_parent(self):
        trace = self.start()
        trace.entries = {'/': 99}
        trace.contents[99] = diskmodel.FOLDER
        self.old = dict.fromkeys(self.paths)

        def change(steps):
            steps['create 0'].insert(0, ('entry', {self.FOLDER: 0}))
        self.assertEqual(self.judged(change, trace), {'lost'})

    def test_states(self):
        """each subset of the renames, and each part of a file that is being written"""
        trace = self.start()
        trace.events = [event for events in self.steps(trace).values() for event in events]
        found, complete = diskmodel.states(trace, 0, lambda path: path in self.new)
        self.assertTrue(complete)
        self.assertEqual(len(found), 2 ** len(self.paths))
        found, _ = diskmodel.states(trace, 0, lambda path: path == self.paths[0] + '.stage.bin')
        contents = {content for state in found for content in state.values()}
        content = self.new[self.paths[0]]
        some = {b'', content[:4], content[:9], content, bytes(len(content))}
        self.assertLessEqual(some, contents)


if __name__ == '__main__':
    tap.main()
