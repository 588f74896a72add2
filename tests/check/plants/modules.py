# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of module files and of the tree, one a rule."""

import lzma

import mkmod
from planted import VERMAGIC, module


def unreadable(system):
    system.modules['drivers/torn.ko.xz'] = mkmod.xz(module('torn').bytes())[:-20]


def unfit_file_name(system):
    system.modules['drivers/with blank.ko'] = module('with_blank')


def renamed(system):
    system.modules['drivers/new_name.ko'] = module('old_name')


def wrong_vermagic(system):
    made = plain('foreign').modinfo('vermagic', '6.12.0-planted preempt mod_unload modversions ')
    system.modules['drivers/foreign.ko'] = made.use('kfree', crc=0x12)


def plain(name, license='GPL', **kind):
    """a module without vermagic"""
    made = mkmod.Module(name, **kind).modinfo('name', name).section('.gnu.linkonce.this_module', bytes(64))
    return made.modinfo('license', license) if license else made


def no_vermagic(system):
    system.modules['drivers/bare.ko'] = plain('bare')


def wrong_machine(system):
    system.modules['drivers/arm.ko'] = module('arm', machine=mkmod.EM_AARCH64)


def incomplete(system):
    system.modules['drivers/object.ko'] = mkmod.Module('object').modinfo('license', 'GPL').modinfo('vermagic', VERMAGIC)


def no_license(system):
    system.modules['drivers/closed.ko'] = plain('closed', license=None).modinfo('vermagic', VERMAGIC)


def duplicate(system):
    system.modules['a/twice.ko'] = module('twice')
    system.modules['b/twice.ko'] = module('twice')


def built_in(system):
    system.modules['lib/inside.ko'] = module('inside')


def unknown_export_table(system):
    made = module('later', exports='kflagstab')
    for name in 'later_a', 'later_b':
        made.export(name, gpl=True)
    made.get('__kflagstab').data[:] = bytes(3)
    system.modules['drivers/later.ko'] = made


def livepatch(system):
    system.modules['drivers/patch.ko'] = module('patch').livepatch()


def cannot_decompress(system):
    system.modules['drivers/packed.ko.zst'] = module('packed')


def decoder_lacks(system):
    system.modules['drivers/crc64.ko.xz'] = lzma.compress(module('crc64').bytes(), check=lzma.CHECK_CRC64)


def impossible_alias(system):
    system.modules['drivers/small.ko'] = module('small').modinfo('alias', 'usb:v0bdap8153d*dc*dsc*dp*ic*isc*ip*in*')


def unfit_alias(system):
    system.modules['drivers/bracket.ko'] = module('bracket').modinfo('alias', 'usb:v[0-9p*')


def devname(system):
    system.modules['drivers/node.ko'] = module('node').modinfo('alias', 'devname:some/node')


PLANTS = {
    'MS401': (unreadable, 'torn', 'torn'),
    'MS402': (unfit_file_name, 'with blank.ko', 'with blank.ko'),
    'MS403': (renamed, 'new_name', 'old_name'),
    'MS404': (wrong_vermagic, 'foreign', '6.12.0-planted preempt mod_unload modversions '),
    'MS405': (no_vermagic, 'bare', 'vermagic'),
    'MS406': (wrong_machine, 'arm', '183'),
    'MS407': (incomplete, 'object', '.gnu.linkonce.this_module'),
    'MS408': (no_license, 'closed', 'license'),
    'MS409': (duplicate, 'twice', 'twice'),
    'MS410': (built_in, 'inside', 'inside'),
    'MS411': (livepatch, 'patch', 'livepatch'),
    'MS412': (cannot_decompress, 'packed', 'zstd'),
    'MS413': (decoder_lacks, 'crc64', 'xz'),
    'MS418': (impossible_alias, 'small', 'usb:v0bdap8153d*dc*dsc*dp*ic*isc*ip*in*'),
    'MS419': (unfit_alias, 'bracket', 'usb:v[0-9p*'),
    'MS420': (devname, 'node', 'some/node'),
    'MS421': (unknown_export_table, 'later', '__ksymtab'),
}
