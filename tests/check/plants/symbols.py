# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of symbols, one a rule."""

from planted import module


def unresolved(system):
    system.modules['drivers/lost.ko'] = module('lost').use('exported_by_nobody', crc=0x99)


def gpl_only(system):
    system.modules['drivers/closed.ko'] = module('closed', 'Proprietary').use('printk', crc=0x11).use('gpl_only', crc=0x13)


def proprietary_provider(system):
    system.modules['drivers/closed.ko'] = module('closed', 'Proprietary').use('printk', crc=0x11).export('blob', crc=0x31)
    system.modules['drivers/shim.ko'] = module('shim').use('gpl_only', crc=0x13).use('blob', crc=0x31)


def version(system):
    system.modules['drivers/stale.ko'] = module('stale').use('printk', crc=0x11).use('provide', crc=0x20)


def no_versions(system):
    system.modules['drivers/bare.ko'] = module('bare').use('printk').use('kfree')


def without_version(system):
    system.modules['drivers/half.ko'] = module('half').use('printk', crc=0x11).use('kfree')


def exports_kernel_symbol(system):
    system.modules['drivers/again.ko'] = module('again').export('kfree', crc=0x12)


def exported_twice(system):
    system.modules['drivers/provider2.ko'] = module('provider2').export('provide', crc=0x21)


def weak(system):
    system.modules['drivers/hopes.ko'] = module('hopes').use('exported_by_nobody', crc=0x99, weak=True)


def cycle(system):
    system.modules['drivers/hen.ko'] = module('hen').export('cluck', crc=0x41).use('crack', crc=0x42)
    system.modules['drivers/egg.ko'] = module('egg').export('crack', crc=0x42).use('cluck', crc=0x41)


def needs_itself(system):
    system.modules['drivers/ouroboros.ko'] = module('ouroboros').export('tail', crc=0x43).use('tail', crc=0x43)


# rule: (what is planted, the module or file that the finding is about, the finding's object)
PLANTS = {
    'MS101': (unresolved, 'lost', 'exported_by_nobody'),
    'MS102': (gpl_only, 'closed', 'gpl_only'),
    'MS103': (proprietary_provider, 'shim', 'closed'),
    'MS104': (version, 'stale', 'provide'),
    'MS105': (no_versions, 'bare', ''),
    'MS106': (without_version, 'half', 'kfree'),
    'MS107': (exports_kernel_symbol, 'again', 'kfree'),
    'MS108': (exported_twice, 'provider', 'provider2'),
    'MS109': (weak, 'hopes', 'exported_by_nobody'),
    'MS110': (cycle, 'egg', 'egg hen'),
    'MS111': (needs_itself, 'ouroboros', 'tail'),
}
