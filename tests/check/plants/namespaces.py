# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of namespaces, one a rule."""

from planted import module

LIST = 'module:chosen,drm-*'


def of_version(system, version):
    """the same system for another kernel"""
    for path, made in system.modules.items():
        for section in made.sections:
            if section.name == b'.modinfo':
                section.data = bytearray(bytes(section.data).replace(system.version.encode(), version.encode()))
    system.version = version


def with_list(system):
    """a symbol of the kernel that is for some modules only, and one of these"""
    system.kernel['internal'] = (0x51, LIST, True)
    system.modules['drivers/chosen.ko'] = module('chosen').use('internal', crc=0x51)


def not_imported(system):
    system.modules['drivers/forgot.ko'] = module('forgot').use('provide_ns', crc=0x22)


def unused(system):
    system.modules['drivers/keeps.ko'] = module('keeps').modinfo('import_ns', 'PROVIDER').use('printk', crc=0x11)


def unknown(system):
    system.modules['drivers/quotes.ko'] = module('quotes').modinfo('import_ns', '"PROVIDER"').use('printk', crc=0x11)


def builtin_unknown(system):
    system.builtin_modinfo.append(('inside', 'import_ns', 'NOWHERE'))
    system.builtin_modinfo.append(('inside', 'import_ns', 'PROVIDER'))


def not_listed(system):
    with_list(system)
    system.modules['drivers/stranger.ko'] = module('stranger').use('internal', crc=0x51)
    of_version(system, '6.16.0-planted')


def list_imported(system):
    with_list(system)
    system.modules['drivers/chosen.ko'].modinfo('import_ns', LIST)
    of_version(system, '6.16.0-planted')


def list_not_counted(system):
    with_list(system)
    system.modules['drivers/chosen.ko'].modinfo('import_ns', LIST)
    system.modules['drivers/stranger.ko'] = module('stranger').modinfo('import_ns', LIST).use('internal', crc=0x51)


# rule: (what is planted, the module or file that the finding is about, the finding's object)
PLANTS = {
    'MS201': (not_imported, 'forgot', 'PROVIDER provide_ns'),
    'MS202': (unused, 'keeps', 'PROVIDER'),
    'MS203': (unknown, 'quotes', '"PROVIDER"'),
    'MS204': (builtin_unknown, 'inside', 'NOWHERE'),
    'MS205': (not_listed, 'stranger', LIST + ' internal'),
    'MS206': (list_imported, 'chosen', LIST),
    'MS207': (list_not_counted, 'stranger', LIST),
}
