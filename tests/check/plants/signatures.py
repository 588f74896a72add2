# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of signatures, one a rule."""

from keys import Key
from planted import module


def with_keys(system):
    """every module is signed; the key"""
    key = Key(system.put_folder('keys'), 'Build time key')
    system.modules = {path: key.sign(made.bytes()) for path, made in system.modules.items()}
    system.config['CONFIG_MODULE_SIG'] = 'y'
    system.args = ['--keyring', key.pem]
    return key


def missing(system):
    with_keys(system)
    system.config['CONFIG_MODULE_SIG_FORCE'] = 'y'
    system.modules['drivers/unsigned.ko'] = module('unsigned')


def among_signed(system):
    with_keys(system)
    system.modules['drivers/unsigned.ko'] = module('unsigned')


def bad(system):
    signed = with_keys(system).sign(module('changed').bytes())
    system.modules['drivers/changed.ko'] = signed.replace(b'license=GPL', b'license=GPI', 1)


def unknown_key(system):
    with_keys(system)
    other = Key(system.path('keys'), 'Other key', kind='P-256')
    system.modules['drivers/stranger.ko'] = other.sign(module('stranger').bytes())


PLANTS = {
    'MS414': (missing, 'unsigned', 'signature'),
    'MS415': (among_signed, 'unsigned', 'signature'),
    'MS416': (bad, 'changed', 'signature'),
    'MS417': (unknown_key, 'stranger', 'signature'),
}
