# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of modprobe.d and depmod.d, one a rule."""


def modprobe_d(text):
    def plant(system):
        system.modprobe_d['planted.conf'] = text
    return plant


def refused(system):
    system.modprobe_d = {'planted.conf': 'options user \\\n debug=much\n'}


# rule: (what is planted, the module or file that the finding is about, the finding's object)
PLANTS = {
    'MS501': (modprobe_d('blacklist other\nopitons user debug=1\n'), 'planted.conf',
              'opitons: unknown directive, line ignored'),
    'MS502': (modprobe_d('include more.conf\n'), 'planted.conf', 'include: has no effect'),
    'MS503': (modprobe_d('blacklist not-there\n'), 'planted.conf', 'not_there'),
    'MS504': (modprobe_d('alias net-pf-77 not-there\n'), 'planted.conf', 'not_there'),
    'MS505': (modprobe_d('options user debug=1 debgu=2 async_probe\n'), 'user', 'debgu'),
    'MS506': (modprobe_d('options user debug=2\n'), 'user', 'debug'),
    'MS507': (refused, 'user', 'debug'),
}
