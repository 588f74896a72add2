# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of the indexes and of the kernel's own lists, one a rule."""

import os


def in_module_dir(name, change):
    """once depmod has run, the file holds what @change makes of its bytes; gone with None"""
    def plant(system):
        def later(system):
            path = os.path.join(system.module_dir, name)
            with open(path, 'rb') as file:
                content = change(file.read())
            os.remove(path)
            if content is not None:
                with open(path, 'wb') as file:
                    file.write(content)
        system.after.append(later)
    return plant


def gone(content):
    return None


def none_at_all(system):
    system.run_depmod = False


def misled(content):
    """the header leads to a node behind the end"""
    return content[:8] + b'\x3f\xff\xff\xf0' + content[12:]


def newer(system):
    def later(system):
        path = os.path.join(system.module_dir, 'kernel/drivers/other.ko')
        after = os.stat(os.path.join(system.module_dir, 'modules.dep')).st_mtime + 10
        os.utime(path, (after, after))
    system.after.append(later)


def removed(system):
    system.after.append(lambda system: os.remove(os.path.join(system.module_dir, 'kernel/drivers/other.ko')))


PLANTS = {
    'MS601': (none_at_all, 'modules.dep', 'indexes'),
    'MS602': (in_module_dir('modules.devname', gone), 'modules.devname', 'modules.devname'),
    'MS603': (in_module_dir('modules.alias.bin', misled), 'modules.alias.bin', 'modules.alias.bin'),
    'MS604': (newer, 'modules.dep', 'modules.dep'),
    'MS605': (in_module_dir('modules.alias', lambda content: content + b'alias by_hand user\n'), 'modules.alias',
              'modules.alias'),
    'MS606': (removed, 'modules.dep', 'modules.dep'),
    'MS607': (in_module_dir('modules.modsure.bin', gone), 'modules.modsure.bin', 'modules.modsure.bin'),
    'MS608': (lambda system: setattr(system, 'builtin', None), 'modules.builtin', 'modules.builtin'),
    'MS609': (lambda system: system.builtin.append('/7'), 'modules.builtin', 'modules.builtin'),
}
