# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of symbols, one a rule."""

from planted import module


def unresolved(system):
    system.modules['drivers/lost.ko'] = module('lost').use('exported_by_nobody', crc=0x99)


# rule: (what is planted, the module or file that the finding is about, the finding's object)
PLANTS = {
    'MS101': (unresolved, 'lost', 'exported_by_nobody'),
}
