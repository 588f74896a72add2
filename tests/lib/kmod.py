# SPDX-License-Identifier: LGPL-2.1-or-later
"""The incumbent as the judge: runs Debian's depmod and asks Debian's libkmod.so.2."""

import ctypes
import os
import subprocess

import depmod_reference
import indexbin

DEPMOD = '/sbin/depmod'
EMPTY_INDEX = bytes.fromhex('b007f457' '00020001' '0000000c')
NO_WEAKDEPS = b'# Weak dependencies extracted from modules themselves.\n'


def run(*args, **kwargs):
    """run a command; its output as bytes"""
    return subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False, timeout=300, **kwargs)


def link_modules(source, target):
    """fill the folder @target with links to what @source holds, except for depmod's own files"""
    os.makedirs(target, exist_ok=True)
    for name in os.listdir(source):
        if name not in depmod_reference.FILES and name != 'modules.modsure.bin':
            os.symlink(os.path.join(os.path.abspath(source), name), os.path.join(target, name))


def read_files(folder):
    """{name: bytes} of the depmod files in @folder"""
    found = {}
    for name in depmod_reference.FILES:
        try:
            with open(os.path.join(folder, name), 'rb') as file:
                found[name] = file.read()
        except FileNotFoundError:
            pass
    return found


def expected_files(folder, weakdeps=b''):
    """the eleven files that ours must write where Debian's depmod wrote those in @folder

    Debian's is kmod 30: it puts the same nodes of an index into another order, and knows nothing of
    weak dependencies; @weakdeps are the lines that it would have to write. Without modules.builtin
    or modules.builtin.modinfo it writes 0 bytes, for which its readers then drop all other indexes;
    ours must be an index.
    """
    files = read_files(folder)
    for name, content in files.items():
        if name.endswith('.bin'):
            entries = indexbin.entries(content, 'post') if content else []
            files[name] = depmod_reference.index_bytes(insertions(entries))
    files['modules.weakdep'] = NO_WEAKDEPS + weakdeps
    return files


def insertions(entries):
    """an order of insertion that leads to these entries: one of equal priority goes before the others"""
    return [(key, priority, value) for key, values in entries for priority, value in reversed(values)]


BUILTIN, PROBE_IGNORE_LOADED, PROBE_DRY_RUN = 0, 8, 16
PRINT_ACTION = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_bool, ctypes.c_char_p)


class Library:
    """libkmod on one module folder, without any configuration or with that of the system"""

    def __init__(self, folder, has_config=False):
        self.folder = os.path.join(folder, '')
        self.lib = ctypes.CDLL('libkmod.so.2')
        for name in ('kmod_new', 'kmod_list_next', 'kmod_module_get_module', 'kmod_unref', 'kmod_module_unref',
                     'kmod_module_get_dependencies'):
            getattr(self.lib, name).restype = ctypes.c_void_p
        for name in ('kmod_module_get_name', 'kmod_module_get_path', 'kmod_module_get_install_commands'):
            getattr(self.lib, name).restype = ctypes.c_char_p
        no_config = (ctypes.c_char_p * 1)(None)
        self.ctx = ctypes.c_void_p(self.lib.kmod_new(folder.encode(), None if has_config else no_config))
        if not self.ctx:
            raise OSError('kmod_new failed for %s' % folder)
        # Fails when one of the files is empty; lookups then read them one by one.
        self.lib.kmod_load_resources(self.ctx)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.lib.kmod_unref(self.ctx)

    def lookup(self, alias):
        """[(name, path below the folder)...] in the order of the list, or the negative error"""
        first = ctypes.c_void_p()
        error = self.lib.kmod_module_new_from_lookup(self.ctx, alias, ctypes.byref(first))
        return error if error < 0 else self._modules(first)

    def dependencies(self, name):
        """the same of kmod_module_get_dependencies()"""
        module = ctypes.c_void_p()
        if self.lib.kmod_module_new_from_name(self.ctx, name, ctypes.byref(module)) < 0:
            return None
        found = self._modules(ctypes.c_void_p(self.lib.kmod_module_get_dependencies(module)))
        self.lib.kmod_module_unref(module)
        return found

    def planned(self, name):
        """lines that modprobe --show-depends prints for a module"""
        lines, module = [], ctypes.c_void_p()

        def add(module, is_command, options):
            path = self.lib.kmod_module_get_path(ctypes.c_void_p(module))
            if is_command:
                command = self.lib.kmod_module_get_install_commands(ctypes.c_void_p(module))
                lines.append(b'install %s %s' % (command, options or b''))
            elif path:
                lines.append(b'insmod %s %s' % (path, options or b''))
            elif self.lib.kmod_module_get_initstate(ctypes.c_void_p(module)) == BUILTIN:
                lines.append(b'builtin ' + self.lib.kmod_module_get_name(ctypes.c_void_p(module)))

        if self.lib.kmod_module_new_from_name(self.ctx, name, ctypes.byref(module)) < 0:
            return None
        self.lib.kmod_module_probe_insert_module(module, PROBE_IGNORE_LOADED | PROBE_DRY_RUN, b'', None, None, PRINT_ACTION(add))
        self.lib.kmod_module_unref(module)
        return [line.decode() for line in lines]

    def _modules(self, first):
        found = []
        item = first
        while item:
            module = ctypes.c_void_p(self.lib.kmod_module_get_module(item))
            path = (self.lib.kmod_module_get_path(module) or b'').decode()
            found.append((self.lib.kmod_module_get_name(module).decode(),
                          path[len(self.folder):] if path.startswith(self.folder) else path))
            self.lib.kmod_module_unref(module)
            item = ctypes.c_void_p(self.lib.kmod_list_next(first, item))
        self.lib.kmod_module_unref_list(first)
        return found


def lookups(folder, keys):
    """{key: what libkmod finds under it in @folder}"""
    with Library(folder) as library:
        return {key: library.lookup(key) for key in keys}
