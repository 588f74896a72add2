#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modprobe and insmod in a running kernel: chains, parameters, configuration, soft dependencies, commands."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../lib')]

import tap  # noqa: E402
import vmcase  # noqa: E402
from vmcase import scenario  # noqa: E402


class Chains(vmcase.Guest):
    APPEND = 'params.number=11 params.text=cmdline dep_c.number=30 modprobe.blacklist=aliased-1,soft-4'

    @scenario('''
        run modprobe dep_c
        run modprobe dep_c
        run modprobe --first-time dep_c
    ''')
    def test_chain(self, seen):
        """what a module needs comes before it; loading it again changes nothing, and --first-time says so"""
        first, again, not_first = seen.runs
        self.assertOk(first)
        self.assertEqual(first.out, '')
        self.assertOrder(first, 'dep_a', 'dep_b', 'dep_c')
        self.assertOk(again)
        self.assertEqual(again.proc_modules, first.proc_modules)
        self.assertFails(not_first, 'dep_c')

    @scenario('''
        run modprobe -v dep_c number=4
        run modprobe -v -r dep_c
    ''')
    def test_verbose(self, seen):
        """-v prints a line for each file it loads and each module it removes, as --show-depends would"""
        load, unload = seen.runs
        self.assertOk(load)
        lines = load.out.splitlines()
        folder = '/lib/modules/%s/updates/' % self.version
        self.assertEqual(lines, ['insmod %sdep_a.ko ' % folder, 'insmod %sdep_b.ko ' % folder,
                                 'insmod %sdep_c.ko number=30 number=4' % folder])
        self.assertOk(unload)
        self.assertEqual(unload.out.splitlines()[:2], ['rmmod dep_c', 'rmmod dep_b'])

    @scenario('''
        run modprobe -n -v dep_c
        run modprobe --show-depends dep_c number=9
    ''')
    def test_dry_run(self, seen):
        """nothing happens; --show-depends tells the files and their options"""
        dry, shown = seen.runs
        self.assertOk(dry)
        self.assertEqual(len(dry.out.splitlines()), 3)
        self.assertOk(shown)
        folder = '/lib/modules/%s/updates/' % self.version
        self.assertEqual(shown.out, 'insmod {0}dep_a.ko \ninsmod {0}dep_b.ko \ninsmod {0}dep_c.ko number=30 number=9\n'
                         .format(folder))
        self.assertEqual(shown.loaded(), [])

    @scenario('''
        run modprobe no_such_module
        run modprobe -q no_such_module
        run modprobe -q -- no_such_module
        run modprobe -a dep_a no_such_module hard_b
        run modprobe
        run modprobe --no-such-option dep_a
    ''')
    def test_not_found(self, seen):
        plain, quiet, kernel, several, nothing, option = seen.runs
        self.assertFails(plain, r'modprobe: FATAL: Module no_such_module not found in directory /lib/modules/')
        self.assertFails(quiet)
        self.assertEqual(quiet.err, '')
        self.assertFails(kernel)
        self.assertEqual(kernel.err, '')
        self.assertFails(several, 'no_such_module')
        self.assertLoaded(several, 'dep_a', 'hard_b')
        self.assertFails(nothing, '.')
        self.assertFails(option, 'no-such-option')

    # Parameters

    @scenario('''
        run modprobe params number=-3 'text=two words' list=1,2,3 flag
        parameter params number; parameter params text; parameter params list; parameter params flag
    ''')
    def test_parameters(self, seen):
        """of the command line of modprobe, over that of the kernel"""
        self.assertOk(seen.runs[0])
        self.assertEqual(seen.notes, {'params.number': '-3', 'params.text': 'two words', 'params.list': '1,2,3',
                                      'params.flag': 'Y'})

    @scenario('''
        run modprobe params
        parameter params number; parameter params text
    ''')
    def test_kernel_command_line(self, seen):
        self.assertOk(seen.runs[0])
        self.assertEqual(seen.notes, {'params.number': '11', 'params.text': 'cmdline'})

    @scenario('''
        conf 'options params number=5 flag=1' 'options params list=8' 'options dep-c number=6' 'options other number=x'
        run modprobe params list=9
        parameter params number; parameter params list; parameter params flag; parameter params text
        run modprobe -a dep_c
        parameter dep_c number
    ''')
    def test_options(self, seen):
        """lines add up; the kernel's command line counts more than they do, ours most"""
        self.assertOk(seen.runs[0])
        self.assertOk(seen.runs[1])
        self.assertEqual(seen.notes, {'params.number': '11', 'params.list': '9', 'params.flag': 'Y',
                                      'params.text': 'cmdline', 'dep_c.number': '30'})

    @scenario('''
        conf 'alias nick params' 'options nick number=77 text=nick'
        run modprobe nick
        parameter params number
        cd $MODULES/updates
        run modprobe -r params
        run modprobe ./params.ko number=12
        parameter params text
    ''')
    def test_alias_and_path(self, seen):
        """options of the alias that was asked for; a file in place of a name, with its options"""
        for run in seen.runs:
            self.assertOk(run)
        # The kernel's command line names the module, and comes behind.
        self.assertEqual(seen.notes, {'params.number': '11', 'params.text': 'cmdline'})
        self.assertLoaded(seen.runs[2], 'params')

    @scenario('''
        run insmod $MODULES/updates/params.ko number=8 'text="a b"'
        parameter params number; parameter params text
        run insmod $MODULES/updates/params.ko
        run insmod $MODULES/updates/none.ko
        run insmod
        run insmod $MODULES/updates/init_fails.ko
    ''')
    def test_insmod(self, seen):
        """takes a file as it is, and no configuration"""
        good, twice, missing, nothing, fails = seen.runs
        self.assertOk(good)
        self.assertEqual(seen.notes, {'params.number': '8', 'params.text': 'a b'})
        path = '/lib/modules/%s/updates/' % self.version
        self.assertFails(twice)
        self.assertIn('insmod: ERROR: could not insert module %sparams.ko: File exists\n' % path, twice.err)
        self.assertFails(missing, 'none.ko', 'No such file or directory')
        self.assertFails(nothing, '.')
        self.assertFails(fails)
        self.assertEqual(fails.err, 'insmod: ERROR: could not insert module %sinit_fails.ko: No such device\n' % path)
        self.assertAbsent(fails, 'init_fails')

    # Aliases and rules

    @scenario('''
        run modprobe modsure-first
        run modprobe -R modsure-test:x
        run modprobe modsure-test:x
    ''')
    def test_alias_with_a_blacklisted_answer(self, seen):
        """modprobe.blacklist=aliased-1: a dash there is as good as an underscore"""
        only, resolve, both = seen.runs
        self.assertEqual(only.status, 0)        # kept from kmod; told at -v
        self.assertAbsent(only, 'aliased_1')
        self.assertEqual(resolve.out, 'aliased_1\naliased_2\n')    # who answers, not who would be loaded
        self.assertOk(both)
        self.assertEqual(both.loaded(), ['aliased_2'])

    @scenario('''
        run modprobe -v modsure-first
    ''')
    def test_blacklist_is_told(self, seen):
        """at -v: what keeps the answer away, and where that is written"""
        self.assertEqual(seen.runs[0].status, 0)
        self.assertRegex(seen.runs[0].out + seen.runs[0].err, r'aliased_1.*blacklist')

    @scenario('''
        conf 'alias pair init_fails' 'alias pair hard_b'
        run modprobe pair
        run modprobe -r hard_b
        run modprobe -v pair
    ''')
    def test_alias_with_a_failing_answer(self, seen):
        """a later success does not hide an earlier failure; every answer is tried, and told at -v"""
        plain, _, verbose = seen.runs
        self.assertFails(plain, 'init_fails', 'No such device')
        self.assertEqual(plain.loaded(), ['hard_b'])
        self.assertFails(verbose)
        self.assertRegex(verbose.out + verbose.err, 'init_fails')
        self.assertRegex(verbose.out + verbose.err, 'hard_b')

    @scenario('''
        conf 'blacklist dep_a' 'blacklist dep_c'
        run modprobe dep_c
        run modprobe -r dep_c dep_b dep_a
        run modprobe -b dep_c
    ''')
    def test_blacklist_is_for_aliases(self, seen):
        """names and dependencies are loaded all the same; -b extends it to the name"""
        by_name, _, use = seen.runs
        self.assertOk(by_name)
        self.assertLoaded(by_name, 'dep_a', 'dep_b', 'dep_c')
        self.assertEqual(use.status, 0)
        self.assertAbsent(use, 'dep_c')

    @scenario('''
        conf 'mask dep_a' 'mask soft_1' 'mask aliased_2' 'alias pet hard_b' 'mask hard_b'
        run modprobe dep_a
        run modprobe dep_c
        run modprobe pet
        run modprobe modsure-test:y
        run modprobe many_soft
        run modprobe -i dep_a
        run modprobe $MODULES/updates/dep_a.ko
    ''')
    def test_mask(self, seen):
        """never by any way: name, dependency, alias, soft dependency, --ignore-install, path; says so"""
        name, dependency, alias, module_alias, soft, ignore, path = seen.runs
        for run in (name, dependency, alias, module_alias, ignore, path):
            self.assertFails(run, 'mask', r'test\.conf')
        self.assertOk(soft)
        self.assertLoaded(soft, 'many_soft', 'soft_2')
        for run in seen.runs:
            self.assertAbsent(run, 'dep_a', 'dep_b', 'dep_c', 'hard_b', 'soft_1', 'aliased_2')

    # Soft dependencies

    @scenario('''
        run modprobe many_soft
        run modprobe -r many_soft
        run modprobe -v many_soft
    ''')
    def test_every_softdep_line_counts(self, seen):
        """with a keyword and without; one that does not exist is no error, and told at -v"""
        load, unload, verbose = seen.runs
        self.assertOk(load)
        self.assertEqual(sorted(load.modules), ['many_soft', 'soft_1', 'soft_2', 'soft_3', 'soft_4'])
        self.assertOrder(load, 'many_soft', 'soft_4')
        for name in ('soft_1', 'soft_2', 'soft_3'):
            self.assertOrder(load, name, 'many_soft')
        self.assertOk(unload)
        self.assertEqual(unload.loaded(), [])
        self.assertEqual(verbose.status, 0)
        self.assertIn('soft_missing', verbose.out + verbose.err)

    @scenario('''
        run modprobe cyc_a
        run modprobe -r cyc_a
        run modprobe cyc_b
        run modprobe -r cyc_b
        run modprobe post_a
        run modprobe -r post_a
        run modprobe -v cyc_b
    ''')
    def test_softdep_cycle(self, seen):
        """both are loaded and removed; the cut is the same whoever is asked for, and told at -v"""
        for run in seen.runs[:6]:
            self.assertOk(run)
        for run in seen.runs[0:4:2] + seen.runs[6:]:
            self.assertEqual(sorted(run.modules), ['cyc_a', 'cyc_b'])
        self.assertEqual(seen.runs[0].loaded(), seen.runs[2].loaded())
        self.assertEqual(sorted(seen.runs[4].modules), ['post_a', 'post_b'])
        for run in seen.runs[1:6:2]:
            self.assertEqual(run.loaded(), [])
        self.assertRegex(seen.runs[6].err + seen.runs[6].out, 'cycle')

    @scenario('''
        run modprobe owner
        run modprobe -r owner
    ''')
    def test_softdep_that_needs_its_owner(self, seen):
        """the symbols decide: owner first, and each once"""
        load, unload = seen.runs
        self.assertOk(load)
        self.assertEqual(load.loaded(), ['owner', 'owner_plugin'])
        self.assertEqual(seen.log.count('owner: init'), 1)
        self.assertOk(unload)
        self.assertEqual(unload.loaded(), [])

    @scenario('''
        run modprobe soft_fails_owner
        run modprobe -r soft_fails_owner
        run modprobe -v soft_fails_owner
    ''')
    def test_failing_softdep(self, seen):
        """is not fatal, silent, and told at -v"""
        load, _, verbose = seen.runs
        self.assertOk(load)
        self.assertEqual(load.loaded(), ['soft_fails_owner'])
        self.assertIn('init_fails: init', seen.log)
        self.assertEqual(verbose.status, 0)
        self.assertRegex(verbose.err + verbose.out, 'init_fails.*No such device')

    @scenario('''
        conf 'softdep many_soft'
        run modprobe many_soft
        conf 'softdep hard_b pre: soft_1' 'softdep hard_b post: soft_2'
        run modprobe hard_b
    ''')
    def test_softdep_lines_of_the_administrator(self, seen):
        """an empty line clears what the module says; several lines add up"""
        cleared, several = seen.runs
        self.assertOk(cleared)
        self.assertEqual(cleared.loaded(), ['many_soft'])
        self.assertOk(several)
        self.assertOrder(several, 'soft_1', 'hard_b', 'soft_2')

    # A file that is gone

    @scenario('''
        mv $MODULES/updates/dep_b.ko $MODULES/updates/away
        run modprobe dep_c
        run modprobe -n dep_c
        mv $MODULES/updates/away $MODULES/updates/dep_b.ko
    ''')
    def test_missing_dependency_file(self, seen):
        """a failure that names the file; dep_c is not tried without what it needs, nor is it said that it would work"""
        for run in seen.runs:
            self.assertFails(run, r'dep_b\.ko', '(?i)no such file')
            self.assertAbsent(run, 'dep_c')
        self.assertNotIn('dep_c: Unknown symbol', seen.log)

    # Commands

    @scenario('''
        conf 'install hard_b echo "one $MODPROBE_MODULE [$CMDLINE_OPTS]" >>/tmp/ran; modprobe --ignore-install hard_b' \\
            'options soft_1 x=1 y="a b"' 'install soft_1 echo "opts $CMDLINE_OPTS" >>/tmp/ran' \\
            'install soft_2 exit 3' 'install soft_3 kill -9 $$' 'install dep_b /bin/false' \\
            'install nothing echo nothing >>/tmp/ran'
        run modprobe hard_b
        run modprobe soft_1 z=2
        run modprobe soft_2
        run modprobe soft_3
        run modprobe dep_c
        run modprobe nothing
        run modprobe -n -v soft_1
        note ran "$(tr '\n' '|' </tmp/ran)"
    ''')
    def test_install_commands(self, seen):
        hard_b, opts, exits, killed, needed, nothing, dry = seen.runs
        self.assertOk(hard_b)
        self.assertLoaded(hard_b, 'hard_b')
        self.assertOk(opts)
        self.assertAbsent(opts, 'soft_1')
        self.assertFails(exits, 'soft_2')
        self.assertFails(killed, 'soft_3')
        self.assertFails(needed, 'dep_b')
        self.assertAbsent(needed, 'dep_b', 'dep_c')
        self.assertOk(nothing)
        self.assertIn('install echo "opts', dry.out)
        ran = seen.notes['ran'].split('|')
        self.assertEqual(ran[0], 'one hard_b []')
        self.assertEqual(ran[2], 'nothing')
        for word in ('x=1', 'a b', 'z=2'):
            self.assertIn(word, ran[1])

    @scenario('''
        conf 'install hard_b echo "$CMDLINE_OPTS" >>/tmp/ran'
        run modprobe hard_b 'a=$(touch /tmp/injected)' 'b=`touch /tmp/injected`' 'c=;touch /tmp/injected' \\
            "d='; touch /tmp/injected; '" 'e="; touch /tmp/injected; "' 'f=$CMDLINE_OPTS'
        note injected "$(ls /tmp/injected 2>/dev/null)"
        run modprobe '$(touch /tmp/injected)'
        run modprobe '../../../../tmp/x'
        note injected2 "$(ls /tmp/injected 2>/dev/null)"
    ''')
    def test_nothing_is_injected(self, seen):
        """a parameter or a name from outside never becomes a command, and $CMDLINE_OPTS in it is only text"""
        self.assertEqual(seen.notes['injected'], '')
        self.assertEqual(seen.notes['injected2'], '')
        self.assertNotEqual(seen.runs[0].status, -1)
        self.assertFails(seen.runs[1])
        self.assertFails(seen.runs[2])

    @scenario('''
        conf 'install many_soft /bin/false'
        run modprobe many_soft
        run modprobe -i many_soft
    ''')
    def test_install_with_softdep(self, seen):
        """a soft dependency does not make the line be ignored; -i does, and passes over the soft dependencies"""
        refused, ignored = seen.runs
        self.assertFails(refused)
        self.assertAbsent(refused, 'many_soft')
        self.assertOk(ignored)
        self.assertLoaded(ignored, 'many_soft')

    @scenario('''
        conf 'remove hard_b echo "removing $MODPROBE_MODULE" >>/tmp/ran; modprobe -r --ignore-remove hard_b'
        run modprobe hard_b
        run modprobe -r hard_b
        note ran "$(cat /tmp/ran)"
    ''')
    def test_remove_command(self, seen):
        self.assertOk(seen.runs[1])
        self.assertAbsent(seen.runs[1], 'hard_b')
        self.assertEqual(seen.notes['ran'], 'removing hard_b')

    # Failures

    @scenario('''
        run modprobe needs_fails
        run modprobe -a dep_b needs_fails
    ''')
    def test_failing_dependency(self, seen):
        """the one that failed is named; what was loaded stays, as ever"""
        self.assertFails(seen.runs[0], 'needs_fails|fails_exp', 'Input/output error')
        self.assertIn('fails_exp', seen.runs[0].err)
        self.assertAbsent(seen.runs[0], 'needs_fails', 'fails_exp')
        self.assertFails(seen.runs[1])
        self.assertLoaded(seen.runs[1], 'dep_b')

    @scenario('''
        run modprobe --all-or-nothing needs_fails
        run modprobe dep_a
        run modprobe --all-or-nothing needs_fails
        run modprobe -a --all-or-nothing dep_c init_fails
        run modprobe --all-or-nothing dep_c
    ''')
    def test_all_or_nothing(self, seen):
        """undone is what this request loaded, and nothing else"""
        undone, _, kept, several, good = seen.runs
        self.assertFails(undone, 'Input/output error')
        self.assertEqual(undone.loaded(), [])
        self.assertFails(kept)
        self.assertEqual(kept.loaded(), ['dep_a'])
        self.assertFails(several)
        self.assertEqual(several.loaded(), ['dep_a'])
        self.assertOk(good)
        self.assertLoaded(good, 'dep_c')

    @scenario('''
        conf 'install hard_b modprobe -i hard_b' 'install soft_1 modprobe -i soft_1' \\
            'remove hard_b modprobe -r --ignore-remove hard_b && echo "$MODPROBE_MODULE" >>/tmp/ran'
        run modprobe -a --all-or-nothing hard_b soft_1 init_fails
        note ran "$(cat /tmp/ran)"
    ''')
    def test_all_or_nothing_of_commands(self, seen):
        """the remove command takes back what the install command did; without one that stays"""
        self.assertFails(seen.runs[0], 'init_fails')
        self.assertEqual(seen.runs[0].loaded(), ['soft_1'])
        self.assertEqual(seen.notes['ran'], 'hard_b')

    @scenario('''
        run modprobe init_fails
        run modprobe init_fails error=16
        run modprobe init_fails error=22
        run modprobe init_fails error=17
        run insmod $MODULES/updates/init_fails.ko error=17
        run insmod $MODULES/updates/init_fails.ko error=22
        run modprobe -q init_fails
    ''')
    def test_init_returns_an_error(self, seen):
        """EEXIST of a module's own is a failure like any other: nothing is loaded

        The kernel's selftests (tools/testing/selftests/livepatch) compare all of stderr, so where an init
        failed there is one line and nothing more.
        """
        no_device, busy, invalid, exists, insmod, insmod_invalid, quiet = seen.runs
        for run, text in ((no_device, 'No such device'), (busy, 'Device or resource busy'),
                          (invalid, 'Invalid argument')):
            self.assertFails(run)
            self.assertEqual(run.err, "modprobe: ERROR: could not insert 'init_fails': %s\n" % text)
        path = '/lib/modules/%s/updates/init_fails.ko' % self.version
        self.assertFails(exists, 'init_fails', 'File exists|EEXIST')
        self.assertFails(insmod, 'File exists')
        self.assertFails(insmod_invalid)
        self.assertEqual(insmod_invalid.err, 'insmod: ERROR: could not insert module %s: Invalid parameters\n' % path)
        self.assertFails(quiet)
        self.assertEqual(quiet.err, '')
        for run in seen.runs:
            self.assertAbsent(run, 'init_fails')

    @scenario('''
        run modprobe requester
        parameter requester answer
        run modprobe -r requester
        run modprobe requester name=no_such_module
        parameter requester answer
    ''')
    def test_kernel_asks(self, seen):
        """request_module() in an init: 0 for a module that is live then, exit status 1 for one that does not exist"""
        good, _, missing = seen.runs
        self.assertOk(good)
        self.assertLoaded(good, 'requester', 'requested')
        self.assertOk(missing)
        self.assertEqual(seen.notes['requester.answer'], '256')

    @scenario('''
        run modprobe ns_user
        run modprobe hard_a
    ''')
    def test_dependencies_of_other_kinds(self, seen):
        """a symbol of a namespace"""
        self.assertOk(seen.runs[0])
        self.assertOrder(seen.runs[0], 'ns_exp', 'ns_user')
        self.assertOk(seen.runs[1])
        self.assertLoaded(seen.runs[1], 'hard_a')

    @scenario('''
        MODPROBE_OPTIONS='-v -q' ; export MODPROBE_OPTIONS
        run modprobe dep_a
        run modprobe no_such_module
    ''')
    def test_modprobe_options(self, seen):
        """options in the environment come before those of the command line"""
        self.assertEqual(seen.runs[0].status, 0)
        self.assertFails(seen.runs[1])
        self.assertEqual(seen.runs[1].err, '')


if __name__ == '__main__':
    tap.main()
