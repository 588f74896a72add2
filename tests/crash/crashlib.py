# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of publication share: trees whose indexes all differ, runs under strace, checks.

A Scene is a folder that depmod indexed as tree A (the old set) and whose modules then became tree
B (the new set). A test takes copies of it, lets something happen to a depmod there, and asks what
stands in the folder. Expected bytes are those that depmod writes into a fresh folder.

Scratch space is $TMPDIR, or /dev/shm: thousands of small folders are made and removed.
"""

import atexit
import concurrent.futures
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import mkmod
import tap

FILES = ('modules.dep modules.dep.bin modules.alias modules.alias.bin modules.softdep '
         'modules.weakdep modules.symbols modules.symbols.bin modules.builtin.bin '
         'modules.builtin.alias.bin modules.devname modules.modsure.bin').split()
VERSION = '6.1.0-7-test'
FOLDER = os.path.join('lib/modules', VERSION)
TWELVE = {os.path.join(FOLDER, name) for name in FILES}
MODPROBE = '/sbin/modprobe'     # Debian's, never ours
SECONDS = 300                   # no run of a small tree takes this long on the busiest machine, unless it hangs
HOUR = 3600

# Calls that change what a folder or a file holds: between two of them the disk stays the same.
CHANGES = ('write pwrite64 writev pwritev ftruncate fallocate rename renameat renameat2 unlink '
           'unlinkat link linkat symlink symlinkat mkdir mkdirat fchmod fchmodat utimensat '
           'copy_file_range sendfile').split()


# Trees

def _module(name, uses=(), exports=(), info=()):
    module = mkmod.Module(name).modinfo('license', 'GPL')
    for key, value in info:
        module.modinfo(key, value)
    for symbol in uses:
        module.use(symbol, crc=7)
    for symbol in exports:
        module.export(symbol, crc=7)
    return module


def _device(name, number):
    return [('alias', 'devname:' + name), ('alias', 'char-major-10-%d' % number)]


KEPT = {
    'kernel/abase.ko': _module('abase', exports=['abase_fn'], info=[('alias', 'pci:v00001AF4d*')]),
    'kernel/amid.ko': _module('amid', ['abase_fn'], ['amid_fn'], [('softdep', 'pre: abase')] +
                              # Enough for files of several pages and several writes.
                              [('alias', 'usb:v%04Xp*d*dc*' % (i * 37)) for i in range(400)]),
    'kernel/ztop.ko': _module('ztop', ['amid_fn'],
                              info=[('weakdep', 'abase')] + _device('ztop', 200)),
}


def changed_module(name, number):
    """a module in which every index has a share"""
    return _module(name, ['abase_fn'], [name + '_fn'],
                   [('alias', 'of:N*C%s' % name), ('softdep', 'pre: amid'), ('weakdep', 'ztop'),
                    *_device(name, number)])


def _changed(name, number):
    return {'kernel/%s.ko' % name: changed_module(name, number)}


def modules_of(tree):
    """{path: Module}, built-in names of 'A', of 'B', or of 'same': B with files as large as A's"""
    if tree == 'A':
        return {**KEPT, **_changed('mold', 210)}, ['bold']
    if tree == 'same':
        return {**KEPT, **_changed('mnew', 211)}, ['bnew']
    return {**KEPT, **_changed('mnew', 211), **_changed('another', 212)}, ['bnew', 'bmore']


def write_tree(base, tree, age=0):
    """tree @tree below @base, its files @age seconds old; returns the modules folder"""
    files, builtin = modules_of(tree)
    folder = mkmod.write_tree(
        base, VERSION, files, order=True, builtin=['kernel/%s.ko' % name for name in builtin],
        builtin_modinfo=[(name, 'alias', 'of:N*C' + name) for name in builtin])
    for parent, _, names in os.walk(folder):
        for name in names:
            if name not in FILES:
                set_age(os.path.join(parent, name), age)
    return folder


def set_age(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))


def module_names(tree):
    return {os.path.basename(path)[:-3] for path in modules_of(tree)[0]}


# Scratch folders

@functools.lru_cache(None)
def scratch():
    parent = os.environ.get('TMPDIR') or ('/dev/shm' if os.access('/dev/shm', os.W_OK) else None)
    folder = tempfile.mkdtemp(prefix='modsure-crash.', dir=parent)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Folder:
    """a directory that is gone after the with block"""
    def __enter__(self):
        self.path = tempfile.mkdtemp(dir=scratch())
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def read_set(base):
    """{name: bytes, None where there is no such file} of the twelve"""
    return {name: read(os.path.join(base, FOLDER, name)) for name in FILES}


def read(path):
    try:
        with open(path, 'rb') as file:
            return file.read()
    except FileNotFoundError:
        return None


def listing(base):
    """all files and folders below @base, relative to it"""
    return {os.path.relpath(os.path.join(parent, name), base)
            for parent, folders, names in os.walk(base) for name in folders + names}


class Scene:
    """@tree: what became of tree A; @indexed: whether tree A had been indexed"""

    def __init__(self, tree='B', indexed=True):
        self.tree, self.indexed = tree, indexed
        self.base = tempfile.mkdtemp(dir=scratch())
        with Folder() as fresh:
            write_tree(fresh, tree, age=HOUR)
            self.inputs = listing(fresh)
            self.new = self._build(fresh)

        self.old = dict.fromkeys(FILES)
        if indexed:
            folder = write_tree(self.base, 'A', age=3 * HOUR)
            self.old = self._build(self.base)
            for name in FILES:          # depmod -A goes by these
                set_age(os.path.join(folder, name), 2 * HOUR)
            shutil.rmtree(os.path.join(folder, 'kernel'))
        write_tree(self.base, tree, age=HOUR)
        same = [name for name in FILES if self.old[name] == self.new[name]]
        if same:
            raise AssertionError('a change of the tree left files as they were: ' + ' '.join(same))

    def _build(self, base):
        inputs = listing(base)
        done = depmod(base)
        if done.returncode or done.stderr:
            raise AssertionError('depmod of a new folder: ' + describe(done))
        built = read_set(base)
        missing = [name for name in FILES if built[name] is None]
        stray = listing(base) - inputs - TWELVE
        if missing or stray:
            raise AssertionError('depmod did not write %s, but %s' % (missing, sorted(stray)))
        return built

    def copy(self, base):
        """the scene below @base; nothing writes to inputs, so they are linked"""
        copy_scene(self.base, base)

    # What may stand there

    def check_whole(self, base):
        """each of the twelve files is the old or the new one, to the byte; returns them"""
        found = read_set(base)
        for name in FILES:
            if found[name] not in (self.old[name], self.new[name]):
                raise AssertionError('%s is neither old nor new: %s' % (name, shape(found[name])))
        return found

    def check_new(self, base):
        self._check_set(base, self.new, 'new')

    def check_old(self, base):
        self._check_set(base, self.old, 'old')

    def _check_set(self, base, expected, what):
        found = read_set(base)
        wrong = [name for name in FILES if found[name] != expected[name]]
        if wrong:
            raise AssertionError('not the %s bytes: %s' % (what, ' '.join(
                '%s (%s)' % (name, shape(found[name])) for name in wrong)))
        self.check_nothing_stray(base)

    def check_nothing_stray(self, base):
        stray = listing(base) - self.inputs - TWELVE
        if stray:
            raise AssertionError('stray: ' + ' '.join(sorted(stray)))

    def check_readable(self, base):
        """Debian's modprobe finds what both trees have, and asking for the rest does no harm"""
        kept = module_names('A') & module_names(self.tree) if self.indexed else set()
        names = sorted(module_names('A') | module_names(self.tree))
        done = show_depends(base, names)
        check_no_crash(done)
        for name in kept:
            if '/%s.ko ' % name not in done.stdout:
                raise AssertionError('modprobe does not find %s: %s' % (name, describe(done)))


def copy_scene(source, base):
    """into the folder @base; thousands of times, so nothing is looked at twice"""
    os.makedirs(base, exist_ok=True)
    for entry in os.scandir(source):
        target = base + '/' + entry.name
        if entry.is_dir(follow_symlinks=False):
            copy_scene(entry.path, target)
        elif entry.name in FILES:
            status = entry.stat()
            with open(entry.path, 'rb') as file, open(target, 'xb') as copy:
                copy.write(file.read())
            os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
        else:
            os.link(entry.path, target)


@functools.lru_cache(None)
def scene(tree='B'):
    return Scene(tree)


def check_same_sizes():
    same = scene('same')
    different = [name for name in FILES[:11] if len(same.old[name]) != len(same.new[name])]
    if different:
        raise AssertionError('not of the same size: ' + ' '.join(different))


@functools.lru_cache(None)
def first_scene():
    """a folder that was never indexed"""
    return Scene(indexed=False)


def shape(content):
    return 'missing' if content is None else '%d bytes' % len(content)


# Runs

def _environment():
    env = dict(os.environ, LC_ALL='C')
    env.pop('MODPROBE_OPTIONS', None)
    # The leak checker can't run in a process that strace watches, and fails it.
    env['ASAN_OPTIONS'] = ':'.join(filter(None, [env.get('ASAN_OPTIONS'), 'detect_leaks=0']))
    return env


def run(argv, **kind):
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors='backslashreplace', env=_environment(), timeout=SECONDS, **kind)


def start(argv):
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            errors='backslashreplace', env=_environment())


def depmod_argv(base, *options):
    """one thread: the number and order of calls stays the same"""
    return [tap.command('depmod'), '-j1', '-b', base, *options, VERSION]


def depmod(base, *options, before=()):
    return run([*before, *depmod_argv(base, *options)])


def injected(call, what, when):
    """strace arguments: at the @when-th @call do @what"""
    return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=' + call,
            '-e', 'inject=%s:%s:when=%s' % (call, what, when)]


def show_depends(base, names):
    return run([MODPROBE, '-d', base, '-S', VERSION, '-a', '--show-depends', *names])


def check_no_crash(done):
    if done.returncode not in (0, 1):
        raise AssertionError('crashed: ' + describe(done))


def describe(done):
    return '%s: status %d, stderr: %s' % (
        done.args[0], done.returncode, done.stderr.strip() or 'nothing')


# Recorded calls

class Call:
    """one line of strace -f -y -xx: name, args (escaped text), result (int), error (ENOSPC, ...)"""
    def __init__(self, name, args, result, error):
        self.name, self.args, self.result, self.error = name, args, result, error
        self.ordinal = 0        # how many calls of that name its thread made, this one counted

    def path(self, n):
        """what argument @n, a descriptor, stands for"""
        found = re.search(r'<(.*)>', self.args[n], re.S)
        return _unescaped(found.group(1)) if found else None

    def text(self, n):
        """argument @n, a string; bytes"""
        found = re.match(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?$', self.args[n])
        if not found or found.group(2):
            raise ValueError('not a whole string: %.60s' % self.args[n])
        return bytes.fromhex(found.group(1).replace('\\x', ''))

    def file(self, n):
        """the absolute path that arguments @n (a directory) and @n + 1 (a path) name"""
        return os.path.normpath(os.path.join(self.path(n), os.fsdecode(self.text(n + 1))))


def _unescaped(text):
    return os.fsdecode(bytes.fromhex(text.replace('\\x', ''))) if text.startswith('\\x') else text


def record(argv, calls='%file,%desc'):
    """run @argv and return (what it did, [Call...])"""
    log = tempfile.mktemp(dir=scratch())
    done = run(['strace', '-f', '-y', '-xx', '-s', '100000000', '-qq', '-o', log,
                '-e', 'signal=none', '-e', 'trace=' + calls, *argv])
    parsed, pending, counts = [], {}, {}
    with open(log, encoding='ascii', errors='backslashreplace') as file:
        for line in file:
            pid, line = line.split(None, 1)
            line = line.rstrip('\n')
            if line.endswith('<unfinished ...>'):
                pending[pid] = line[:-len('<unfinished ...>')]
                continue
            if line.startswith('<... '):
                line = pending.pop(pid) + line[line.index(' resumed>') + len(' resumed>'):]
            found = re.match(r'(\w+)\((.*)\)\s+= (-?\d+|\?)(?:<[^>]*>)?(?: (E\w+))?', line, re.S)
            if not found:
                continue
            name, args, result, error = found.groups()
            call = Call(name, _split(args), -1 if result == '?' else int(result), error)
            counts[pid, name] = call.ordinal = counts.get((pid, name), 0) + 1
            parsed.append(call)
    os.unlink(log)
    return done, parsed


def _split(args):
    """arguments at the top level; strings and paths are hex, so brackets are only structure"""
    out, depth, current = [], 0, ''
    for part in re.split(r'(, |[\[\]{}()])', args):
        depth += {'[': 1, '{': 1, '(': 1, ']': -1, '}': -1, ')': -1}.get(part, 0)
        if part == ', ' and not depth:
            out.append(current)
            current = ''
        else:
            current += part
    return out + [current] if current else out


def changes_under(calls, folder):
    """those of @calls that change @folder or a file in it"""
    for call in calls:
        if call.name in ('open', 'openat'):
            if 'O_CREAT' in ''.join(call.args) or 'O_TRUNC' in ''.join(call.args):
                if under(target(call), folder):
                    yield call
        elif call.name in CHANGES + ['fsync', 'fdatasync', 'close'] and under(target(call), folder):
            yield call


def target(call):
    """the path that a call is about, None when it has none"""
    if call.name.endswith(('at', 'at2')) and call.args[0].startswith(('AT_FDCWD', *'0123456789')):
        return call.file(0)
    if call.args and call.args[0].startswith('"'):
        return os.path.abspath(os.fsdecode(call.text(0)))
    return call.path(0) if call.args and re.match(r'[0-9]+<', call.args[0]) else None


def file_meant(path):
    """which of the twelve a file is, or is to become: a staged file is called after its target"""
    name = os.path.basename(path)
    found = [file for file in FILES if (name + '.').startswith(file + '.')]
    return max(found, key=len, default=None)


def under(path, folder):
    return path is not None and (path + '/').startswith(folder + '/')


# Many runs

def in_parallel(function, items):
    """function(item) of all, two at a time; AssertionError of any fails the lot, with examples"""
    failures, lock = [], threading.Lock()

    def one(item):
        try:
            function(item)
        except Exception as error:
            if not isinstance(error, (AssertionError, subprocess.TimeoutExpired)):
                raise
            with lock:
                failures.append((item, error))

    items = list(items)
    if not items:
        raise AssertionError('nothing to try')
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        list(pool.map(one, items))
    if failures:
        raise AssertionError('%d of %d failed\n%s' % (len(failures), len(items), '\n'.join(
            '%s: %s' % (item, error) for item, error in failures[:8])))


def died_of(done, number):
    """strace ends as the program that it watched"""
    return done.returncode == -number


SIGNALS = {'TERM': signal.SIGTERM, 'INT': signal.SIGINT,
           'HUP': signal.SIGHUP, 'KILL': signal.SIGKILL}
