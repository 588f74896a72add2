#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modprobe -r, rmmod and lsmod in a running kernel."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../lib')]

import tap  # noqa: E402
import vmcase  # noqa: E402
from vmcase import scenario  # noqa: E402


class Removal(vmcase.Guest):
    MODULES = ['xfs', 'crc32c_generic', 'minix']

    @scenario('''
        run modprobe dep_c
        run modprobe -r dep_c
        run modprobe -r dep_c
        run modprobe -r --first-time dep_c
    ''')
    def test_chain(self, seen):
        """the whole chain goes, users first; not loaded is no error unless --first-time asks"""
        _, removed, again, first_time = seen.runs
        self.assertOk(removed)
        self.assertEqual(removed.loaded(), [])
        self.assertLess(seen.log.index('dep_b: exit'), seen.log.index('dep_a: exit'))
        self.assertOk(again)
        self.assertFails(first_time, 'dep_c')

    @scenario('''
        run modprobe -a dep_c slow_user
        run modprobe owner_plugin
        vmhelper sys-load $MODULES/updates/ns_exp.ko
        run modprobe -r dep_c
        run modprobe dep_c
        run modprobe -r slow_user dep_c
    ''')
    def test_what_others_use_stays(self, seen):
        """only what nobody uses any longer goes along; several names at once"""
        self.assertOk(seen.runs[2])
        self.assertEqual(sorted(seen.runs[2].modules), ['ns_exp', 'owner', 'owner_plugin', 'slow', 'slow_user'])
        self.assertOk(seen.runs[4])
        self.assertEqual(sorted(seen.runs[4].modules), ['ns_exp', 'owner', 'owner_plugin'])

    @scenario('''
        run modprobe dep_b
        vmhelper sys-load $MODULES/updates/dep_c.ko
        run modprobe -r dep_a
        run modprobe -r dep_b
        run rmmod dep_a
        run modprobe -r --remove-holders dep_a
    ''')
    def test_in_use(self, seen):
        """refused, with who uses it; --remove-holders takes them as well"""
        _, dep_a, dep_b, rmmod, holders = seen.runs
        self.assertFails(dep_a, 'modprobe: FATAL: Module dep_a is in use', 'dep_b')
        self.assertFails(dep_b, 'modprobe: FATAL: Module dep_b is in use', 'dep_c')
        self.assertFails(rmmod, 'rmmod: ERROR: Module dep_a is in use by: dep_b')
        for run in (dep_a, dep_b, rmmod):
            self.assertLoaded(run, 'dep_a', 'dep_b', 'dep_c')
        self.assertOk(holders)
        self.assertEqual(holders.loaded(), [])

    @scenario('''
        run modprobe dep_b
        vmhelper sys-load $MODULES/updates/dep_c.ko
        run modprobe -r -w 300 dep_b
        { sleep 1; vmhelper sys-unload dep_c; } &
        run modprobe -r --wait 20000 dep_b
        wait
    ''')
    def test_wait(self, seen):
        """-w tries for so many milliseconds while something uses it"""
        _, in_vain, patient = seen.runs
        self.assertFails(in_vain, 'dep_b')
        self.assertEqual(in_vain.loaded(), ['dep_a', 'dep_b', 'dep_c'])
        self.assertOk(patient)
        self.assertEqual(patient.loaded(), [])

    @scenario('''
        run modprobe dep_c
        run modprobe -n -v -r dep_c
    ''')
    def test_dry_run(self, seen):
        dry = seen.runs[1]
        self.assertOk(dry)
        self.assertEqual(dry.out, 'rmmod dep_c\nrmmod dep_b\nrmmod dep_a\n')
        self.assertEqual(dry.proc_modules, seen.runs[0].proc_modules)

    @scenario('''
        run modprobe -r no_such_module
        run modprobe -q -r no_such_module
        run modprobe -r printk
        run modprobe -r tcp_cubic
        run rmmod no_such_module
        run rmmod
    ''')
    def test_not_there(self, seen):
        """unknown modules and built-in ones"""
        unknown, quiet, printk, builtin, rmmod, nothing = seen.runs
        self.assertFails(unknown, 'modprobe: FATAL: Module no_such_module not found')
        self.assertFails(quiet)
        self.assertEqual(quiet.err, '')
        self.assertEqual(printk.status, 1)
        self.assertEqual(builtin.status, 1)
        self.assertFails(rmmod, 'rmmod: ERROR: Module no_such_module is not currently loaded')
        self.assertFails(nothing, '.')

    @scenario('''
        run modprobe -a dep_c params hard_b soft_1
        run rmmod params
        run rmmod -v $MODULES/updates/hard_b.ko
        run rmmod dep_a dep_c soft_1
        run rmmod dep_b dep_a
    ''')
    def test_rmmod(self, seen):
        """names and paths; the ones behind a failure are tried all the same; dependencies are left alone"""
        _, one, path, some, rest = seen.runs
        self.assertOk(one)
        self.assertAbsent(one, 'params')
        self.assertEqual(path.status, 0)
        self.assertAbsent(path, 'hard_b')
        self.assertFails(some, 'dep_a is in use')
        self.assertEqual(some.loaded(), ['dep_a', 'dep_b'])
        self.assertOk(rest)
        self.assertEqual(rest.loaded(), [])

    @scenario('''
        run modprobe many_soft
        run modprobe soft_1
        vmhelper sys-load $MODULES/updates/dep_a.ko
        run modprobe -r many_soft
    ''')
    def test_softdeps_go_along(self, seen):
        self.assertOk(seen.runs[2])
        self.assertEqual(seen.runs[2].loaded(), ['dep_a'])

    @scenario('''
        run modprobe slow ms=0 hold_exit=1
        vmhelper sys-unload slow &
        until_state slow going
        run modprobe slow ms=0 &
        sleep 0.5
        release slow hold_exit
        wait
        run modprobe -r slow
    ''')
    def test_load_while_it_goes(self, seen):
        """a load that meets the unload of the same module ends with the module live"""
        _, load, unload = seen.runs
        self.assertOk(load)
        self.assertLoaded(load, 'slow')
        self.assertEqual(seen.log.count('slow: init'), 2)
        self.assertOk(unload)

    @scenario('''
        modprobe slow ms=0 hold_init=1 &
        until_state slow coming
        run modprobe -r slow
        run rmmod slow
        release slow hold_init
        wait
        run true
    ''')
    def test_unload_while_it_comes(self, seen):
        """refused: it is in use by its own init; and it is live afterwards"""
        for run in seen.runs[:2]:
            self.assertFails(run, 'slow')
            self.assertFalse(run.modules['slow'].is_live)
        self.assertLoaded(seen.runs[2], 'slow')

    @scenario('''
        run modprobe xfs
        run lsmod
        run kmod list
        run modprobe -r xfs
    ''')
    def test_lsmod(self, seen):
        """a header, then /proc/modules in its order with the users of each"""
        load, lsmod, kmod_list, unload = seen.runs
        self.assertOk(load)
        self.assertLoaded(load, 'xfs', 'libcrc32c')
        self.assertOk(unload)
        self.assertAbsent(unload, 'xfs', 'libcrc32c')
        self.assertOk(lsmod)
        lines = lsmod.out.splitlines()
        self.assertEqual(lines[0], 'Module                  Size  Used by')
        self.assertEqual(len(lines) - 1, len(lsmod.modules))
        for line, module in zip(lines[1:], lsmod.modules.values()):
            match = re.fullmatch(r'(\S+) +(\d+)  (\d+)(?: (\S+))?', line)
            self.assertEqual((match[1], int(match[2]), int(match[3])), (module.name, module.size, module.refs))
            self.assertEqual(set((match[4] or '').split(',')) - {''}, set(module.users))
            self.assertTrue(line.startswith('%-19s %8d  %d' % (module.name, module.size, module.refs)))
        self.assertEqual(kmod_list.out, lsmod.out)

    @scenario('''
        run lsmod
        run lsmod -x
        run lsmod extra
    ''')
    def test_lsmod_of_nothing(self, seen):
        """the header alone; an unknown option is a mistake"""
        self.assertOk(seen.runs[0])
        self.assertEqual(seen.runs[0].out, 'Module                  Size  Used by\n')
        self.assertEqual(seen.runs[1].status, 1)

    @scenario('''
        run modprobe minix
        as_user modprobe dep_a
        as_user rmmod minix
        as_user insmod $MODULES/updates/dep_a.ko
        as_user modprobe -n -v dep_c
        as_user lsmod
    ''')
    def test_without_privilege(self, seen):
        """says that it is about privilege; what only reads works"""
        load, rmmod, insmod, dry, lsmod = seen.runs[1:]
        self.assertFails(load, 'dep_a', '(?i)operation not permitted', '(?i)privilege|CAP_SYS_MODULE|root')
        self.assertFails(rmmod, 'minix', '(?i)operation not permitted')
        self.assertFails(insmod, 'dep_a', '(?i)operation not permitted')
        self.assertEqual(dry.status, 0)
        self.assertEqual(len(dry.out.splitlines()), 3)
        self.assertIn('minix', lsmod.out)
        for run in seen.runs:
            self.assertEqual(run.loaded(), ['minix'])

    @scenario('''
        settled() { while [ "$(cat /sys/kernel/livepatch/patch/transition 2>/dev/null)" = 1 ]; do sleep 0.1; done; }
        run insmod $MODULES/updates/patch.ko
        settled
        run rmmod -f patch
        note enabled "$(cat /proc/loadavg)"
        run rmmod patch
        echo 0 >/sys/kernel/livepatch/patch/enabled
        while [ -e /sys/kernel/livepatch/patch ]; do sleep 0.1; done
        note disabled "$(cat /proc/loadavg)"
        run rmmod patch
    ''')
    def test_livepatch(self, seen):
        """while it is enabled, the kernel runs its code: not removed, by force even less; disabled, it goes"""
        load, forced, plain, removed = seen.runs
        self.assertOk(load)
        for run in (forced, plain):
            self.assertFails(run, 'rmmod: ERROR: Module patch ', 'enabled livepatch.*echo 0 >')
            self.assertLoaded(run, 'patch')
        self.assertEqual(seen.notes['enabled'], 'patched')
        self.assertRegex(seen.notes['disabled'], r'^[0-9.]+ [0-9.]+ ')
        self.assertOk(removed)
        self.assertAbsent(removed, 'patch')

    @scenario('''
        run modprobe no_exit
        run modprobe -r no_exit
        run rmmod no_exit
        run rmmod -f no_exit
    ''')
    def test_no_exit(self, seen):
        """a module that has no exit: busy; rmmod -f takes it away, for the kernel allows that"""
        load, remove, rmmod, forced = seen.runs
        self.assertOk(load)
        self.assertFails(remove, 'no_exit', 'Device or resource busy|in use|cannot be unloaded|no exit')
        self.assertFails(rmmod, 'no_exit')
        self.assertLoaded(rmmod, 'no_exit')
        self.assertEqual(forced.status, 0)
        self.assertAbsent(forced, 'no_exit')


if __name__ == '__main__':
    tap.main()
