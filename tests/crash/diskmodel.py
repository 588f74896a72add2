# SPDX-License-Identifier: LGPL-2.1-or-later
"""What may stand on a disk after the power failed in the middle of recorded system calls.

POSIX promises little, and the model grants nothing more:
 - what a file holds is sure once fsync of it returned. Until then it may be any earlier content, a
   part of it, or zeros and garbage up to its size, whatever became of its name;
 - an entry of a directory (create, rename, unlink) is sure once fsync of the directory returned.
   Until then each of these operations took effect or did not, whatever the others did. A rename is
   one operation: never half of it.

A Trace is the state before, and events in their order:
    ('entry', {path: inode, None: no longer there})     one operation on one directory
    ('data', inode, bytes)                              what the file holds from here on
    ('sync', inode)   ('sync-folder', path)   ('sync-all',)
    ('exit', status)
"""

import itertools
import os
import random

import crashlib

FOLDER = object()       # what the inode of a directory holds
LIMIT = 40000           # so many states of one cut are enumerated, of more a sample is taken


class Trace:
    def __init__(self, entries=None, contents=None):
        self.entries, self.contents = dict(entries or {}), dict(contents or {})
        self.events = []

    def without(self, unwanted):
        """the trace without those events of which unwanted(index, event) is true"""
        other = Trace(self.entries, self.contents)
        other.events = [event for i, event in enumerate(self.events) if not unwanted(i, event)]
        return other


def snapshot(top):
    """a Trace without events: all that stands below @top, safely stored"""
    trace = Trace({top: 0}, {0: FOLDER})
    for path in sorted(crashlib.listing(top)):
        path = os.path.join(top, path)
        inode = len(trace.contents)
        trace.entries[path] = inode
        trace.contents[inode] = FOLDER if os.path.isdir(path) else crashlib.read(path)
    return trace


# From system calls

class Recorder:
    """Turns recorded calls into events of a Trace; ValueError for a call that is not modelled"""

    def __init__(self, trace, top):
        self.trace, self.top = trace, top
        self.live, self.data = dict(trace.entries), dict(trace.contents)
        self.positions = {}

    def add(self, call):
        method = getattr(self, 'on_' + call.name, None)
        path = crashlib.target(call)
        if call.name == 'mmap' and 'PROT_WRITE' in call.args[2] and 'MAP_SHARED' in call.args[3] \
                and crashlib.under(call.path(4), self.top):
            raise ValueError('a file is written through mmap')
        if call.error or call.result < 0:
            return
        is_ours = crashlib.under(path, self.top)
        if method and (is_ours or path is None or call.name.startswith('sync')):
            method(call, path)
        elif is_ours and call.name in crashlib.CHANGES and 'chmod' not in call.name:
            raise ValueError('not modelled: %s of %s' % (call.name, path))

    def event(self, *event):
        self.trace.events.append(event)

    def entry(self, changes):
        self.live.update(changes)
        self.event('entry', changes)

    def store(self, inode, content):
        self.data[inode] = content
        self.event('data', inode, content)

    def new_inode(self, content):
        inode = len(self.data)
        self.data[inode] = self.trace.contents[inode] = content
        return inode

    def opened(self, call, path, flags):
        if 'O_TMPFILE' in flags:
            raise ValueError('not modelled: O_TMPFILE')
        if 'O_CREAT' in flags and self.live.get(path) is None:
            self.entry({path: self.new_inode(b'')})
        elif 'O_TRUNC' in flags:
            self.store(self.live[path], b'')
        self.positions[call.result] = len(self.data[self.live[path]]) if 'O_APPEND' in flags else 0

    def on_open(self, call, path):
        self.opened(call, path, call.args[1])

    def on_openat(self, call, path):
        self.opened(call, path, call.args[2])

    def put(self, path, offset, piece):
        inode = self.live[path]
        before = self.data[inode].ljust(offset, b'\0')
        self.store(inode, before[:offset] + piece + before[offset + len(piece):])

    def on_write(self, call, path):
        descriptor = int(call.args[0].split('<')[0])
        self.put(path, self.positions[descriptor], call.text(1)[:call.result])
        self.positions[descriptor] += call.result

    def on_pwrite64(self, call, path):
        self.put(path, int(call.args[3]), call.text(1)[:call.result])

    def on_lseek(self, call, path):
        self.positions[int(call.args[0].split('<')[0])] = call.result

    def on_ftruncate(self, call, path):
        size = int(call.args[1])
        self.store(self.live[path], self.data[self.live[path]][:size].ljust(size, b'\0'))

    def on_fsync(self, call, path):
        if self.data[self.live[path]] is FOLDER:
            self.event('sync-folder', path)
        else:
            self.event('sync', self.live[path])

    on_fdatasync = on_fsync

    def on_sync(self, call, path):
        self.event('sync-all')

    on_syncfs = on_sync

    def renamed(self, old, new):
        if os.path.dirname(old) != os.path.dirname(new):
            raise ValueError('not modelled: a rename to another directory')
        self.entry({old: None, new: self.live[old]})

    def on_rename(self, call, path):
        self.renamed(path, os.path.abspath(os.fsdecode(call.text(1))))

    def on_renameat(self, call, path):
        self.renamed(path, call.file(2))

    on_renameat2 = on_renameat

    def on_unlink(self, call, path):
        self.entry({path: None})

    on_unlinkat = on_unlink

    def on_mkdir(self, call, path):
        self.entry({path: self.new_inode(FOLDER)})

    on_mkdirat = on_mkdir


def record(argv, top):
    """the Trace of running @argv, and its result; @top holds all that it may change"""
    trace = snapshot(top)
    done, calls = crashlib.record(argv, '%file,%desc,sync,syncfs')
    recorder = Recorder(trace, top)
    for call in calls:
        recorder.add(call)
    recorder.event('exit', done.returncode)

    # The recording is complete when it leads to what really stands there.
    after = snapshot(top)
    real = {path: after.contents[inode] for path, inode in after.entries.items()}
    replayed = {path: recorder.data[inode]
                for path, inode in recorder.live.items() if inode is not None}
    if real != replayed:
        raise AssertionError('the recorded calls do not lead to what stands in %s' % top)
    return trace, done


# To states of the disk

class Cut:
    """What is sure after the first @n events, and what is open.

    entries, contents: what is sure; operations: [{path: inode}...] that may have taken effect, in
    order; pending: {inode: [bytes...]} contents after the sure one.
    """

    def __init__(self, trace, n):
        self.entries, self.contents = dict(trace.entries), dict(trace.contents)
        self.operations, self.pending = [], {}
        self.status = None
        for kind, *event in trace.events[:n]:
            getattr(self, kind.replace('-', '_'))(*event)

    def entry(self, changes):
        self.operations.append(changes)

    def data(self, inode, content):
        self.pending.setdefault(inode, []).append(content)

    def sync(self, inode):
        if inode in self.pending:
            self.contents[inode] = self.pending.pop(inode)[-1]

    def sync_folder(self, folder):
        still_open = []
        for changes in self.operations:
            if all(os.path.dirname(path) == folder for path in changes):
                self.entries.update(changes)
            else:
                still_open.append(changes)
        self.operations = still_open

    def sync_all(self):
        for changes in self.operations:
            self.entries.update(changes)
        self.operations = []
        for inode in list(self.pending):
            self.sync(inode)

    def exit(self, status):
        self.status = status

    def possible_inodes(self, path):
        return {self.entries.get(path)} | {
            changes[path] for changes in self.operations if path in changes}

    def possible_contents(self, inode):
        """None when there is no such file"""
        if inode is None:
            return {None}
        found = {self.contents[inode]}
        for content in self.pending.get(inode, ()):
            half = len(content) // 2
            rest = len(content) - half
            found |= {content, content[:half], content[:half] + bytes(rest),
                      content[:half] + b'\xa5' * rest, bytes(half) + content[half:],
                      bytes(len(content))}
        return found

    def possible(self, path):
        """all that may stand under @path; None when nothing"""
        found = set()
        for inode in self.possible_inodes(path):
            found |= self.possible_contents(inode)
        parents = {os.path.dirname(path)}
        while parents:
            folder = parents.pop()
            if folder in self.entries or any(folder in changes for changes in self.operations):
                if None in self.possible_inodes(folder):
                    found.add(None)
                parents |= {os.path.dirname(folder)} - {folder}
        return found

    def groups(self):
        """[[{path: content}...]...]: of each group of entries that go together, all it may be

        Groups are independent: the sure entries and one choice of each group are a state.
        """
        sets = []       # (paths, operations)
        for changes in self.operations:
            paths, operations = set(changes), [changes]
            for other in [group for group in sets if group[0] & paths]:
                sets.remove(other)
                paths |= other[0]
                operations = other[1] + operations
            sets.append((paths, operations))
        sure = [path for path, inode in self.entries.items()
                if inode in self.pending and not any(path in paths for paths, _ in sets)]
        sets += [({path}, []) for path in sure]
        return [self._outcomes(paths, operations) for paths, operations in sets]

    def _outcomes(self, paths, operations):
        found = []
        for chosen in itertools.product((False, True), repeat=len(operations)):
            entries = {path: self.entries.get(path) for path in paths}
            for changes, took_effect in zip(operations, chosen):
                if took_effect:
                    entries.update(changes)
            contents = [sorted(self.possible_contents(inode), key=repr)
                        for inode in entries.values()]
            for choice in itertools.product(*contents):
                outcome = dict(zip(entries, choice))
                if outcome not in found:
                    found.append(outcome)
        return found

    def sure_files(self):
        return {path: self.contents[inode]
                for path, inode in self.entries.items() if inode is not None}


def cuts(trace):
    return (Cut(trace, n) for n in range(len(trace.events) + 1))


def widest_cuts(trace):
    """the cuts that have all states of the others: only syncs rule states out"""
    syncs = [event[0].startswith('sync') for event in trace.events] + [True]
    for n, is_sync in enumerate(syncs):
        if is_sync and not (n and syncs[n - 1]):
            yield Cut(trace, n)
    yield Cut(trace, len(trace.events))


def states(trace, seed, wanted):
    """(all distinct states {path: content} of the paths wanted, whether they are complete)"""
    def items(files):
        return frozenset((path, content) for path, content in files.items()
                         if wanted(path) and content is not None)

    found, complete, rng = set(), True, random.Random(seed)
    for cut in widest_cuts(trace):
        groups = cut.groups()
        touched = {path for group in groups for outcome in group for path in outcome}
        sure = items({path: content for path, content in cut.sure_files().items()
                      if path not in touched})
        choices = [[items(outcome) for outcome in group] for group in groups]
        count = 1
        for group in choices:
            count *= len(group)
        if count <= LIMIT:
            chosen = itertools.product(*choices)
        else:
            complete = False
            chosen = [[rng.choice(group) for group in choices] for _ in range(LIMIT // 10)]
        found.update(sure.union(*choice) for choice in chosen)
    # Sets of strings have another order in each process; a seed must choose the same again.
    return [dict(state) for state in sorted(found, key=lambda state: sorted(state))], complete


def prefixes(trace, wanted):
    """the states in which all that was done before a cut took effect, and nothing later"""
    found = []
    for cut in cuts(trace):
        cut.sync_all()
        state = {path: content for path, content in cut.sure_files().items() if wanted(path)}
        if state not in found:
            found.append(state)
    return found


# Judgement

def judge(trace, old, new, leftover):
    """What is wrong with a way to publish, [(kind, words)...] in a fixed order, without repetition.

    old, new: {path: content, None: no such file}; leftover(path): is it a file that must go.
    torn        a file may be neither old nor new
    lost        depmod told success, and the new set may not be there, or a leftover may
    unmarked    old and new files may stand together, modules.dep among the new ones, without a
                leftover that would tell the next depmod -A
    """
    found = {}
    for n, cut in enumerate(cuts(trace)):
        for path in new:
            name = os.path.basename(path)
            for content in cut.possible(path) - {old[path], new[path]}:
                found.setdefault(('torn', '%s, %s' % (name, crashlib.shape(content))), n)
            if cut.status == 0 and cut.possible(path) != {new[path]}:
                found.setdefault(('lost', name), n)
        if cut.status == 0:
            for path in {path for changes in cut.operations for path in changes} | set(cut.entries):
                if leftover(path) and cut.possible_inodes(path) != {None}:
                    found.setdefault(('lost', os.path.basename(path)), n)
        if _may_be_unmarked(cut, old, new, leftover):
            found.setdefault(('unmarked', 'old and new files together'), n)
    return sorted(found)


def _may_be_unmarked(cut, old, new, leftover):
    """whether one choice of each group is a mixed set with a new modules.dep and no leftover"""
    def ages(files):
        """the ages of the set's files, None when a leftover is among @files"""
        if any(leftover(path) and content is not None for path, content in files.items()):
            return None
        return frozenset(('dep ' if os.path.basename(path) == 'modules.dep' else '') +
                         ('new' if content == new[path] else 'old')
                         for path, content in files.items() if path in new)

    groups = cut.groups()
    open_paths = {path for group in groups for outcome in group for path in outcome}
    sure = {path: None for path in new}
    sure.update(cut.sure_files())
    sets = [{ages({path: content for path, content in sure.items() if path not in open_paths})}]
    sets += [{ages(outcome) for outcome in group} for group in groups]

    possible = {frozenset()}
    for options in sets:
        possible = {so_far | option
                    for so_far in possible for option in options if option is not None}
    return any('dep new' in mixture and 'old' in mixture for mixture in possible)
