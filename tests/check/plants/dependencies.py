# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of what modules declare to need or to exclude, one a rule."""

from planted import module


def tagged(system, name, *tags):
    made = module(name).use('kfree', crc=0x12)
    for key, value in tags:
        made.modinfo(key, value)
    system.modules['drivers/%s.ko' % name] = made


def unknown_harddep(system):
    tagged(system, 'lacking', ('harddep', 'not-there'))


def unknown_softdep(system):
    tagged(system, 'lacking', ('softdep', 'pre: provider post: not-there'))


def unknown_weakdep(system):
    tagged(system, 'lacking', ('weakdep', 'provider not-there'))


def unknown_conflict(system):
    tagged(system, 'lonely', ('conflict', 'other not-there'))


def on_itself(system):
    tagged(system, 'proud', ('softdep', 'pre: proud'))


def hard_cycle(system):
    tagged(system, 'first', ('harddep', 'second'))
    tagged(system, 'second', ('harddep', 'first'))


def soft_cycle(system):
    tagged(system, 'early', ('softdep', 'pre: late'))
    tagged(system, 'late', ('softdep', 'pre: early'))


def unmarked(system):
    tagged(system, 'sloppy', ('softdep', 'provider'))


def several(system):
    tagged(system, 'chatty', ('softdep', 'pre: provider'), ('softdep', 'pre: other'))


def taken_back(system):
    tagged(system, 'strict', ('harddep', 'provider'))
    system.modprobe_d['strict.conf'] = '# why not\nharddep strict\n'


def forbidden(system):
    tagged(system, 'strict', ('harddep', 'provider'))
    del system.modules['drivers/user.ko'], system.modprobe_d['options.conf']
    system.modprobe_d['mask.conf'] = 'mask provider\n'


def conflict_with_need(system):
    tagged(system, 'torn', ('harddep', 'provider'), ('conflict', 'provider'))


def bad_word(system):
    tagged(system, 'odd', ('harddep', 'provider pci:*'))


# rule: (what is planted, the module or file that the finding is about, the finding's object)
PLANTS = {
    'MS301': (unknown_harddep, 'lacking', 'not-there'),
    'MS302': (unknown_softdep, 'lacking', 'not-there'),
    'MS303': (unknown_weakdep, 'lacking', 'not-there'),
    'MS304': (unknown_conflict, 'lonely', 'not-there'),
    'MS305': (on_itself, 'proud', 'proud'),
    'MS306': (hard_cycle, 'second', 'first'),
    'MS307': (soft_cycle, 'early', 'late'),
    'MS308': (unmarked, 'sloppy', 'provider'),
    'MS309': (several, 'chatty', 'softdep'),
    'MS310': (taken_back, 'strict', 'harddep'),
    'MS311': (forbidden, 'strict', 'provider'),
    'MS312': (conflict_with_need, 'torn', 'provider'),
    'MS313': (bad_word, 'odd', 'pci:*'),
}
