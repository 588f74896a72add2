# SPDX-License-Identifier: LGPL-2.1-or-later
"""What others than us make of Debian's kernels: made once for all builds of ours, kept beside the kernels.

Each thing is kept under a key of the content that it was made of, so that a change makes it anew.
"""

import functools
import glob
import hashlib
import os
import pickle
import shutil
import subprocess
import tempfile

import kmod
import tap


def place():
    return os.path.join(os.path.realpath(os.environ['MODSURE_KERNELS']), '../reference')


def key_of(*parts, files=()):
    digest = hashlib.sha256(repr(parts).encode())
    for path in files:
        with open(path, 'rb') as file:
            digest.update(hashlib.sha256(file.read()).digest())
    return digest.hexdigest()[:20]


def kept_folder(key, make):
    """the folder under that key; make(path) fills it where there is none"""
    kept = os.path.join(place(), key)
    if not os.path.isdir(kept):
        os.makedirs(place(), exist_ok=True)
        new = tempfile.mkdtemp(dir=place())
        make(new)
        try:
            os.rename(new, kept)
        except OSError:   # another run was faster
            shutil.rmtree(new)
    return kept


def kept_answer(key, make):
    """what make() returned when it was first called for that key"""
    path = os.path.join(place(), key)
    try:
        with open(path, 'rb') as file:
            return pickle.load(file)
    except FileNotFoundError:
        pass
    answer = make()
    os.makedirs(place(), exist_ok=True)
    handle, new = tempfile.mkstemp(dir=place())
    with os.fdopen(handle, 'wb') as file:
        pickle.dump(answer, file)
    os.rename(new, path)
    return answer


@functools.lru_cache(None)
def kernels_key(*parts, files=()):
    """a change of the kernels changes it; modules.order and the names of the folders stand for them"""
    orders = [os.path.join(folder, 'modules.order') for _, folder in tap.kernels()]
    return key_of(place(), [version for version, _ in tap.kernels()], *parts, files=[*orders, *files])


def kmod_root():
    """a root with links to all kernels' modules, and what Debian's depmod writes; nobody may change it"""
    return kept_folder(kernels_key('kmod', files=(kmod.DEPMOD,)), make_kmod_root)


def make_kmod_root(root):
    running = []
    for version, folder in tap.kernels():
        kmod.link_modules(folder, os.path.join(root, 'lib/modules', version))
        running.append((version, subprocess.Popen(
            [kmod.DEPMOD, '-b', root, version], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)))
    for version, process in running:
        output = process.communicate()[0]
        if process.returncode or output:
            raise OSError('the incumbent fails for %s: %s' % (version, output))


def link_indexed(version, target):
    """a new modules folder with links to the kernel's modules, and copies of what Debian's depmod writes for them"""
    source = os.path.join(kmod_root(), 'lib/modules', version)
    shutil.copytree(source, target, symlinks=True)


def lookups(folder, keys):
    """kmod.lookups(): they hang on the library, on the indexes in @folder and on the keys, on nothing else"""
    files = sorted(glob.glob(os.path.join(folder, 'modules.*'))) + sorted(glob.glob('/usr/lib/*/libkmod.so.2'))
    key = key_of('lookups', [os.path.basename(path) for path in files], keys, files=files)
    return kept_answer(key, lambda: kmod.lookups(folder, keys))
