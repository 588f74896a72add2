# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the modules of kernel/tests for a kernel, and breaks the copies that are to be broken.

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

SOURCES = os.path.join(vmlib.HERE, '../../kernel/tests')


def build(version):
    """folder with the modules for that kernel"""
    files = [path for pattern in ('*.c', '*.h', 'Kbuild') for path in glob.glob(os.path.join(SOURCES, pattern))]
    target = os.path.join(vmlib.cache_dir(), 'vm', 'modules-%s-%s' % (version, vmlib.content_key(*files)))
    if os.path.isdir(target):
        return target
    headers = os.path.join(vmlib.cache_dir(), 'headers/usr/src/linux-headers-' + version)
    if not os.path.isdir(headers):
        sys.exit('Bail out! %s is missing: tools/fetch-headers' % headers)

    os.makedirs(os.path.dirname(target), exist_ok=True)
    # Test programs run side by side: one builds, the others wait for it.
    with open(os.path.join(os.path.dirname(target), 'lock-' + version), 'w', encoding='utf-8') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(target):
            make(headers, files, target)
    return target


def make(headers, files, target):
    scratch = tempfile.mkdtemp(dir=os.path.dirname(target))
    try:
        for path in files:
            shutil.copy(path, scratch)
        # lost.c must stay without its symbol; there is no BTF of the kernel to build on.
        result = subprocess.run(['make', '-s', '-j2', '-C', headers, 'M=' + scratch, 'KBUILD_MODPOST_WARN=1',
                                 'CONFIG_DEBUG_INFO_BTF_MODULES=', 'modules'],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        modules = glob.glob(os.path.join(scratch, '*.ko'))
        if result.returncode != 0 or len(modules) != sum(path.endswith('.c') for path in files):
            sys.exit('Bail out! building kernel/tests with %s: %s' % (headers, result.stdout.decode(errors='replace')))
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


def module(version, name):
    """bytes of one module of kernel/tests, as the tests want it"""
    with open(os.path.join(build(version), name + '.ko'), 'rb') as file:
        data = file.read()
    return FAULTS.get(name, bytes)(data)


def add_to(image):
    """all of them, in updates/ of a guest"""
    for path in sorted(glob.glob(os.path.join(build(image.version), '*.ko'))):
        name = os.path.basename(path)
        image.add_module_file('updates/' + name, module(image.version, name[:-3]))
