# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the modules of kernel/tests for a kernel, breaks the copies that are to be broken, and makes more of one.

The build is kept in the cache folder under a key of the sources' content, so that only a change builds again.
"""

import fcntl
import glob
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

import vmlib

KERNEL = os.path.join(vmlib.HERE, '../../kernel')


def headers(version):
    return os.path.join(vmlib.cache_dir(), 'headers/usr/src/linux-headers-' + version)


def build(version):
    """folder with the modules for that kernel"""
    files = [path for pattern in ('tests/*.c', 'tests/*.h', 'tests/Kbuild', 'include/modsure/*.h')
             for path in glob.glob(os.path.join(KERNEL, pattern))]
    target = os.path.join(vmlib.cache_dir(), 'vm', 'modules-%s-%s' % (version, vmlib.content_key(*files)))
    if os.path.isdir(target):
        return target
    if not os.path.isdir(headers(version)):
        sys.exit('Bail out! %s is missing: tools/fetch-headers' % headers(version))

    os.makedirs(os.path.dirname(target), exist_ok=True)
    # Test programs run side by side: one builds, the others wait for it.
    with open(os.path.join(os.path.dirname(target), 'lock-' + version), 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(target):
            make(headers(version), files, target)
    return target


def make(folder, files, target):
    scratch = tempfile.mkdtemp(dir=os.path.dirname(target))
    try:
        for path in files:
            copy = os.path.join(scratch, os.path.relpath(path, KERNEL))
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copy(path, copy)
        # lost.c must stay without its symbol; there is no BTF of the kernel to build on.
        tests = os.path.join(scratch, 'tests')
        result = subprocess.run(['make', '-s', '-j2', '-C', folder, 'M=' + tests, 'KBUILD_MODPOST_WARN=1',
                                 'CONFIG_DEBUG_INFO_BTF_MODULES=', 'KCFLAGS=-g0', 'modules'],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        modules = glob.glob(os.path.join(tests, '*.ko'))
        if result.returncode != 0 or len(modules) != sum(path.endswith('.c') for path in files):
            sys.exit('Bail out! building kernel/tests with %s: %s' % (folder, result.stdout.decode(errors='replace')))
        whole = os.path.join(scratch, 'whole')
        os.mkdir(whole)
        for path in modules:
            subprocess.run(['strip', '--strip-debug', '-o', os.path.join(whole, os.path.basename(path)), path], check=True)
        os.rename(whole, target)
    finally:
        shutil.rmtree(scratch)


# Faults

def without_tag(data, tag):
    """the module with a tag of .modinfo overwritten by padding"""
    at = re.search(rb'\0' + re.escape(tag) + rb'=[^\0]*', data)
    return data[:at.start()] + bytes(at.end() - at.start()) + data[at.end():]


def without_signature(data):
    """a file that was changed is refused for its signature; one without any is not"""
    mark = b'~Module signature appended~\n'
    if not data.endswith(mark):
        return data
    size, = struct.unpack('>I', data[-len(mark) - 4:-len(mark)])
    return data[:-len(mark) - 12 - size]


def with_other_vermagic(data):
    """what stands behind the version: the kernel passes over the version itself when symbols have theirs"""
    at = data.index(b'SMP', data.index(b'vermagic='))
    return data[:at] + b'UP ' + data[at + 3:]


def with_other_crc(data, symbol):
    """the version that the module expects of @symbol, changed: a record is {u64 crc, char name[56]}"""
    at = data.index(symbol.ljust(56, b'\0')) - 8
    crc = struct.unpack_from('<Q', data, at)[0]
    return data[:at] + struct.pack('<Q', crc ^ 1) + data[at + 8:]


FAULTS = {
    'ns_bad': lambda data: without_tag(data, b'import_ns'),
    'bad_magic': with_other_vermagic,
    'bad_crc': lambda data: with_other_crc(data, b'dep_a_fn'),
    'cut_short': lambda data: data[:len(data) // 2],
}


# Copies of kernel/tests/mould_for_copies.c, which are cheaper than a compiler: name and tags (those left out are wiped).
# Guests have to ask for them.

COPIES = {
    'hard_twin': {'harddep': 'hard-b'},
    'hard_top': {'harddep': 'hard_a'},
    'hard_lost': {'harddep': 'hard_nowhere'},
    'hard_fails': {'harddep': 'init_fails'},
    'hard_slow': {'harddep': 'slow'},
    'hard_builtin': {'harddep': 'tcp_cubic'},
    'hard_alias': {'harddep': 'modsure-first'},
    'hard_any': {'harddep': 'modsure-any'},
    'hard_cyc_a': {'harddep': 'hard_cyc_b'},
    'hard_cyc_b': {'harddep': 'hard_cyc_a'},
    'any_1': {'alias': 'modsure-any'},
    'any_2': {'alias': 'modsure-any'},
    'any_aes': {'alias': 'crypto-aes'},     # as does what is built in
    'rival_a': {'conflict': 'rival_b'},
    'rival_b': {},
}
MOULD = b'mould_for_copies'


def with_tag(data, tag, text):
    """the module with another text in a tag of .modinfo, which has room for it"""
    at = re.search(rb'(?<=\0)' + tag + rb'=([^\0]*)', data)
    assert len(text) <= at.end(1) - at.start(1), text
    return data[:at.start(1)] + text.ljust(at.end(1) - at.start(1), b'\0') + data[at.end(1):]


def copy_of_mould(data, name, tags):
    data = with_tag(data, b'name', name.encode())
    # struct module has an array of 56 bytes for it.
    data = data.replace(MOULD.ljust(56, b'\0'), name.encode().ljust(56, b'\0'))
    for tag in ('alias', 'harddep', 'conflict'):
        data = with_tag(data, tag.encode(), tags[tag].encode()) if tag in tags else without_tag(data, tag.encode())
    return data


def module(version, name):
    """bytes of one module, as the tests want it"""
    source = MOULD.decode() if name in COPIES else name
    with open(os.path.join(build(version), source + '.ko'), 'rb') as file:
        data = file.read()
    return copy_of_mould(data, name, COPIES[name]) if name in COPIES else FAULTS.get(name, bytes)(data)


def add(image, names):
    for name in sorted(names):
        image.add_module_file('updates/%s.ko' % name, module(image.version, name))


def add_to(image):
    """those of kernel/tests, in updates/ of a guest"""
    names = {os.path.basename(path)[:-3] for path in glob.glob(os.path.join(build(image.version), '*.ko'))}
    add(image, names - {MOULD.decode(), 'tags'})


def add_declaring_to(image):
    """those with tags about other modules, some of which there are not"""
    add(image, {'tags', *COPIES})
