#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hard dependencies and conflicts in a running kernel, which knows of neither."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../lib')]

import tap  # noqa: E402
import testmodules  # noqa: E402
import vmcase  # noqa: E402
from vmcase import scenario  # noqa: E402

RULE = '/etc/modprobe.d/test.conf:%d'
LINE = '/etc/depmod.d/test.conf:%d'


def tag(module):
    return module + ', section .modinfo'


class Hard(vmcase.Guest):

    @classmethod
    def prepare(cls, image):
        testmodules.add_declaring_to(image)

    def assertSentence(self, run, *parts):
        """one line of the messages has all of these"""
        for line in run.err.splitlines():
            if all(part in line for part in parts):
                return
        self.fail('no sentence with all of %s' % (parts,))

    def assertRefused(self, run, *parts, loaded=()):
        """and nothing came in"""
        self.assertFails(run)
        self.assertSentence(run, *parts)
        self.assertEqual(sorted(run.modules), sorted(loaded))

    def assertWarned(self, run, *parts):
        """and done all the same"""
        self.assertEqual((run.status, run.signal), (0, 0))
        self.assertSentence(run, 'WARNING', *parts)

    def assertEvents(self, seen, *events):
        """the kernel's notifier was called for these, in this order"""
        lines = [line for line in seen.log.splitlines() if line in ['watch: ' + event for event in events]]
        self.assertEqual(lines, ['watch: ' + event for event in events])

    # The tags

    def test_macros(self):
        """every way to write them comes out as words of tags"""
        for name, words in ('harddep', 'one two three crypto-four five six'), ('conflict', 'not-five not-six seven eight'):
            texts = re.findall(rb'\0%s=([^\0]*)' % name.encode(), testmodules.module(self.version, 'tags'))
            self.assertEqual(sorted(b' '.join(texts).decode().split()), sorted(words.split()))

    @scenario('''
        note tags "$(vmhelper sys-load $MODULES/updates/tags.ko)"
        note hard_a "$(vmhelper sys-load $MODULES/updates/hard_a.ko)"
        note hard_b "$(vmhelper sys-load $MODULES/updates/hard_b.ko)"
        note gone "$(vmhelper sys-unload hard_b)"
    ''')
    def test_the_kernel_passes_over_them(self, seen):
        """it loads what has a tag, and takes away under a live module what that needs: what all others are here for"""
        self.assertEqual(seen.notes, {'tags': 'ok', 'hard_a': 'ok', 'hard_b': 'ok', 'gone': 'ok'})
        self.assertNotIn('harddep', seen.log)

    # What is loaded, and when

    @scenario('''
        load watch
        run modprobe --show-depends hard_top
        run modprobe hard_a
        run modprobe hard_top
    ''')
    def test_two_levels(self, seen):
        """shown in the order of loading; what is needed is live before the module that needs it is there at all"""
        shown, one, two = seen.runs
        for run in seen.runs:
            self.assertOk(run)
        self.assertEqual(shown.out, ''.join('insmod /lib/modules/%s/updates/%s.ko \n' % (self.version, name)
                                            for name in ('hard_b', 'hard_a', 'hard_top')))
        self.assertEqual(shown.loaded(), ['watch'])
        self.assertEqual(one.loaded(), ['watch', 'hard_b', 'hard_a'])
        self.assertEqual(two.loaded(), ['watch', 'hard_b', 'hard_a', 'hard_top'])
        self.assertEvents(seen, 'hard_b live', 'hard_a coming', 'hard_a live', 'hard_top coming')

    @scenario('''
        vmhelper sys-load $MODULES/updates/requester.ko name=hard_top
        note good "$(cat /sys/module/requester/parameters/answer)"
        run true
        unload requester
        vmhelper sys-load $MODULES/updates/requester.ko name=hard_lost
        note refused "$(cat /sys/module/requester/parameters/answer)"
        run true
    ''')
    def test_request_of_the_kernel(self, seen):
        """0 with all of it live; 1, as an exit status, for what is refused"""
        good, refused = seen.runs
        self.assertEqual(seen.notes, {'good': '0', 'refused': '256'})
        self.assertLoaded(good, 'hard_top', 'hard_a', 'hard_b')
        self.assertAbsent(refused, 'hard_lost')

    @scenario('''
        load watch
        run modprobe hard_slow
        unload hard_slow slow
        modprobe slow ms=0 hold_init=1 &
        until_state slow coming
        run modprobe hard_slow &
        sleep 0.5
        release slow hold_init
        wait
    ''')
    def test_slow(self, seen):
        """waited for, also when somebody else loads it"""
        self.assertEqual(len(seen.runs), 2)
        for run in seen.runs:
            self.assertOk(run)
            self.assertEqual(run.loaded(), ['watch', 'slow', 'hard_slow'])
        self.assertEvents(seen, *['slow live', 'hard_slow coming'] * 2)
        self.assertEqual(seen.log.count('watch: slow coming'), 2)

    @scenario('''
        run modprobe hard_builtin
        conf 'harddep dep_a crypto-aes'
        run modprobe dep_a
    ''')
    def test_builtin(self, seen):
        """by name; by an alias to which a module answers as well, which nobody needs then"""
        name, alias = seen.runs
        self.assertOk(name)
        self.assertEqual(name.loaded(), ['hard_builtin'])
        self.assertOk(alias)
        self.assertEqual(alias.loaded(), ['hard_builtin', 'dep_a'])

    @scenario('''
        conf 'harddep hard_a' 'harddep hard_any'
        run modprobe hard_a
        run modprobe hard_any
        conf 'harddep hard_a' 'harddep hard_a soft_1'
        unload hard_a
        run modprobe hard_a
    ''')
    def test_taken_back(self, seen):
        """a rule without words: what the module says is as if it had not, though depmod has taken it up; later lines count"""
        one, group, other = seen.runs
        for run in seen.runs:
            self.assertOk(run)
        self.assertEqual(one.loaded(), ['hard_a'])
        self.assertEqual(group.loaded(), ['hard_a', 'hard_any'])
        self.assertEqual(other.loaded(), ['hard_any', 'soft_1', 'hard_a'])

    @scenario('''
        conf 'harddep dep_a hard_b' 'softdep dep_a pre: soft_1' 'install soft_1 rmmod -f hard_b'
        load hard_b
        run modprobe dep_a
    ''')
    def test_gone_meanwhile(self, seen):
        """live when it was looked for, and gone when its turn comes: what needs it is not loaded"""
        run, = seen.runs
        self.assertRefused(run, 'dep_a', 'hard_b', RULE % 1, loaded=[])

    # Nothing answers

    @scenario('''
        run modprobe hard_lost
        conf 'harddep dep_a hard_nowhere'
        run modprobe dep_a
        conf 'harddep! dep_b hard_nowhere'
        run modprobe dep_b
        conf 'harddep hard_lost'
        run modprobe hard_lost
    ''')
    def test_unknown(self, seen):
        """the module says so itself, or a strict rule: refused; another rule: a warning; a rule without words takes it back"""
        module, rule, strict, taken_back = seen.runs
        self.assertRefused(module, 'hard_lost', 'hard_nowhere', tag('hard_lost'))
        self.assertWarned(rule, 'dep_a', 'hard_nowhere', RULE % 1)
        self.assertEqual(rule.loaded(), ['dep_a'])
        self.assertRefused(strict, 'dep_b', 'hard_nowhere', RULE % 1, loaded=['dep_a'])
        self.assertOk(taken_back)
        self.assertEqual(taken_back.loaded(), ['dep_a', 'hard_lost'])

    @scenario('''
        mv $MODULES/updates/hard_b.ko $MODULES/updates/away
        run modprobe hard_a
        run modprobe -n hard_top
        vmhelper sys-load $MODULES/updates/away >/dev/null
        run modprobe hard_top
        mv $MODULES/updates/away $MODULES/updates/hard_b.ko
    ''')
    def test_file_that_is_gone(self, seen):
        """refused, also two levels up; not when the module is live all the same"""
        one, two, live = seen.runs
        self.assertRefused(one, 'hard_a', 'hard_b', tag('hard_a'))
        self.assertRefused(two, 'hard_a', 'hard_b')
        for run in (one, two):
            self.assertFails(run, r'hard_b\.ko.*(?i:no such file)')
        self.assertOk(live)
        self.assertEqual(live.loaded(), ['hard_b', 'hard_a', 'hard_top'])

    # What is there and cannot be had

    @scenario('''
        run modprobe hard_fails
        conf 'options init_fails error=5' 'harddep soft_1 hard_fails'
        run modprobe soft_1
    ''')
    def test_failing_init(self, seen):
        """the module's own error; nothing of the one that needs it"""
        plain, two = seen.runs
        self.assertRefused(plain, 'hard_fails', 'init_fails', 'No such device', tag('hard_fails'))
        self.assertRefused(two, 'hard_fails', 'init_fails', 'Input/output error', tag('hard_fails'))
        self.assertFails(two, 'soft_1')

    @scenario('''
        conf 'blacklist hard_b' 'blacklist aliased_1'
        run modprobe hard_a
        run modprobe hard_alias
        load aliased_1
        run modprobe hard_alias
    ''')
    def test_blacklisted(self, seen):
        """a name is loaded all the same, an alias answered by nobody else is refused; what is live answers"""
        name, alias, live = seen.runs
        self.assertOk(name)
        self.assertEqual(name.loaded(), ['hard_b', 'hard_a'])
        self.assertRefused(alias, 'hard_alias', 'aliased_1', 'blacklist', tag('hard_alias'), loaded=['hard_a', 'hard_b'])
        self.assertSentence(alias, RULE % 2)
        self.assertOk(live)
        self.assertLoaded(live, 'hard_alias')

    @scenario('''
        conf 'mask hard_b'
        run modprobe hard_a
        conf 'mask any_1' 'mask any_2'
        run modprobe hard_any
    ''')
    def test_masked(self, seen):
        """refused, with the rule"""
        one, group = seen.runs
        self.assertRefused(one, 'hard_a', 'hard_b', 'mask', RULE % 1, tag('hard_a'))
        self.assertRefused(group, 'hard_any', 'mask', tag('hard_any'))
        for number in 1, 2:
            self.assertFails(group, r'any_%d\b.*mask' % number)

    @scenario('''
        conf 'install hard_b echo "$MODPROBE_MODULE" >/tmp/ran; modprobe --ignore-install hard_b'
        run modprobe hard_a
        note ran "$(cat /tmp/ran)"
        conf 'install soft_1 exit 3' 'harddep dep_b soft_1' 'install soft_2 true' 'harddep soft_3 soft_2'
        run modprobe dep_b
        run modprobe soft_3
    ''')
    def test_install_command(self, seen):
        """in place of the module: its status counts"""
        good, bad, nothing = seen.runs
        self.assertOk(good)
        self.assertEqual(good.loaded(), ['hard_b', 'hard_a'])
        self.assertEqual(seen.notes['ran'], 'hard_b')
        self.assertFails(bad)
        self.assertSentence(bad, 'dep_b', 'soft_1', RULE % 2)
        self.assertFails(bad, 'install|command|exit|status')
        self.assertAbsent(bad, 'dep_b', 'soft_1')
        self.assertOk(nothing)
        self.assertLoaded(nothing, 'soft_3')
        self.assertAbsent(nothing, 'soft_2')

    # Groups

    @scenario('''
        conf 'options any_1 error=19'
        load watch
        run modprobe hard_any
        unload hard_any any_2
        run modprobe -v hard_any
    ''')
    def test_group(self, seen):
        """the second is tried when the first has failed; that is nothing to tell without -v"""
        plain, verbose = seen.runs
        self.assertOk(plain)
        self.assertEqual(plain.loaded(), ['watch', 'any_2', 'hard_any'])
        self.assertEvents(seen, *['any_1 coming', 'any_1 going', 'any_2 coming', 'any_2 live', 'hard_any coming'] * 2)
        self.assertEqual(verbose.status, 0)
        self.assertRegex(verbose.out + verbose.err, 'any_1.*No such device')

    @scenario('''
        run modprobe hard_any
        unload hard_any any_1
        load any_2
        run modprobe hard_any
    ''')
    def test_group_with_a_live_answer(self, seen):
        """one is enough: the first, or the one that is live"""
        first, live = seen.runs
        self.assertOk(first)
        self.assertEqual(first.loaded(), ['any_1', 'hard_any'])
        self.assertOk(live)
        self.assertEqual(live.loaded(), ['any_2', 'hard_any'])

    @scenario('''
        conf 'options any_1 error=19' 'options any_2 error=5'
        run modprobe hard_any
        conf 'options any_1 error=19' 'blacklist any_2'
        run modprobe hard_any
        conf 'mask any_1'
        run modprobe hard_any
        unload hard_any any_2
        conf 'blacklist any_1' 'blacklist any_2'
        run modprobe hard_any
        conf 'options any_1 error=19' 'options any_2 error=5' 'harddep soft_1 hard_any'
        run modprobe soft_1
    ''')
    def test_group_without_an_answer(self, seen):
        """all fail: refused, with the reason of each; one that must not answer is not tried"""
        failing, blacklisted, masked, none, above = seen.runs
        self.assertRefused(failing, 'hard_any', 'any_1', 'No such device', tag('hard_any'))
        self.assertFails(failing, 'any_2.*Input/output error')
        self.assertRefused(blacklisted, 'hard_any', 'any_1', 'No such device')
        self.assertEqual(seen.log.count('any_2: init'), 3)       # by the first, the third and the last
        self.assertOk(masked)
        self.assertEqual(masked.loaded(), ['any_2', 'hard_any'])
        self.assertRefused(none, 'hard_any', 'modsure', 'any_1', 'any_2', 'blacklisted', RULE % 1, tag('hard_any'))
        self.assertRefused(above, 'soft_1', 'hard_any', RULE % 3, 'any_1: No such device', 'any_2: Input/output error',
                           tag('hard_any'))

    # Cycles

    @scenario('''
        conf 'harddep dep_a dep_c'
        run modprobe dep_c
        run modprobe -r dep_c
        run modprobe dep_a
    ''')
    def test_cycle_with_symbols(self, seen):
        """the symbols decide"""
        top, removed, bottom = seen.runs
        self.assertWarned(top, 'cycle', 'dep_a -> dep_c -> dep_b -> dep_a', RULE % 1)
        self.assertEqual(top.loaded(), ['dep_a', 'dep_b', 'dep_c'])
        self.assertEqual(removed.status, 0)
        self.assertEqual(removed.loaded(), [])
        self.assertWarned(bottom, 'cycle', RULE % 1)
        self.assertLoaded(bottom, 'dep_a')

    @scenario('''
        conf 'harddep soft_1 soft_2' 'harddep soft_2 soft_1' 'harddep soft_3 soft_3'
        run modprobe soft_1
        run modprobe soft_3
        run modprobe hard_cyc_a
        run modprobe hard_cyc_b
        run modprobe -r hard_cyc_a hard_cyc_b
    ''')
    def test_cycle_of_hard_dependencies(self, seen):
        """one is dropped, with a warning; also where depmod has done so; one on itself as well"""
        rules, itself, cyc_a, cyc_b, removed = seen.runs
        self.assertWarned(rules, 'cycle', 'soft_2 -> soft_1 -> soft_2', RULE % 2)
        self.assertEqual(rules.loaded(), ['soft_2', 'soft_1'])
        self.assertEqual(itself.status, 0)
        self.assertSentence(itself, 'soft_3', 'itself', RULE % 3)
        self.assertLoaded(itself, 'soft_3')
        for run, name in (cyc_a, 'hard_cyc_a'), (cyc_b, 'hard_cyc_b'):
            self.assertEqual(run.status, 0)
            self.assertLoaded(run, name)
        self.assertEqual(removed.status, 0)
        self.assertAbsent(removed, 'hard_cyc_a', 'hard_cyc_b')

    # What depmod has taken up

    @scenario('''
        depmod_conf 'harddep dep_a hard_nowhere' 'harddep! soft_1 hard_nowhere' 'harddep soft_2 init_fails' \\
            'harddep hard_b dep_c' 'harddep dep_a dep_c' 'harddep aliased_1 aliased_2' 'harddep aliased_2 aliased_1' \\
            'conflict soft_3 soft_4' 'harddep hard_lost'
        note dep "$(grep updates/hard_top.ko: $MODULES/modules.dep)"
        run modprobe dep_a
        run modprobe soft_1
        run modprobe soft_2
        run modprobe hard_top
        run modprobe hard_lost
        run modprobe aliased_2
        load soft_3
        run modprobe soft_4
        run modprobe -r dep_c
    ''')
    def test_lines_of_depmod(self, seen):
        """the same rules, from indexes: unknown, failing, chains, cycles, conflicts, taken back; with file and line"""
        depmod, unknown, strict, failing, chain, taken_back, cycle, refused, used = seen.runs
        self.assertEqual(depmod.status, 0)
        self.assertSentence(depmod, 'dep_a', 'hard_nowhere', LINE % 1)
        self.assertSentence(depmod, 'soft_1', 'hard_nowhere', LINE % 2)
        for number, path in (5, 'dep_a dep_c dep_b dep_a'), (7, 'aliased_2 aliased_1 aliased_2'):
            self.assertRegex(depmod.err, re.escape(LINE % number) + '.*cycle.*' + '.*> '.join(path.split()))
        # By the time something stands in the line, what that needs stands behind it.
        self.assertEqual(seen.notes['dep'], 'updates/hard_top.ko: ' + ' '.join(
            'updates/%s.ko' % name for name in ('hard_a', 'hard_b', 'dep_c', 'dep_b', 'dep_a')))

        self.assertWarned(unknown, 'dep_a', 'hard_nowhere', LINE % 1)
        self.assertEqual(unknown.loaded(), ['dep_a'])
        self.assertRefused(strict, 'soft_1', 'hard_nowhere', LINE % 2, loaded=['dep_a'])
        self.assertRefused(failing, 'soft_2', 'init_fails', 'No such device', LINE % 3, loaded=['dep_a'])
        self.assertEqual(chain.status, 0)
        self.assertOrder(chain, 'dep_a', 'dep_b', 'dep_c', 'hard_b', 'hard_a', 'hard_top')
        self.assertOk(taken_back)
        self.assertLoaded(taken_back, 'hard_lost')
        self.assertEqual(cycle.status, 0)
        self.assertLoaded(cycle, 'aliased_2')
        self.assertFails(refused)
        self.assertSentence(refused, 'soft_3', 'soft_4', LINE % 8)
        self.assertAbsent(refused, 'soft_4')
        self.assertFails(used)
        self.assertSentence(used, 'dep_c', 'hard_b', LINE % 4)
        self.assertLoaded(used, 'dep_c')

    # Removal

    @scenario('''
        load hard_b hard_a hard_top
        run modprobe -r hard_b
        run rmmod hard_b
        run rmmod hard_b hard_top
        run modprobe -r hard_a
        run rmmod hard_b
    ''')
    def test_removal_of_what_is_needed(self, seen):
        """refused while a live module needs it; what needed it leaves it behind"""
        modprobe, rmmod, two, freed, last = seen.runs
        for run in (modprobe, rmmod):
            self.assertRefused(run, 'hard_b', 'hard_a', tag('hard_a'), loaded=['hard_a', 'hard_b', 'hard_top'])
        self.assertRegex(modprobe.err, '^modprobe: FATAL: ')
        self.assertRegex(rmmod.err, '^rmmod: ERROR: ')
        self.assertFails(two, 'hard_b')
        self.assertEqual(two.loaded(), ['hard_b', 'hard_a'])
        self.assertOk(freed)
        self.assertEqual(freed.loaded(), ['hard_b'])
        self.assertOk(last)
        self.assertEqual(last.loaded(), [])

    @scenario('''
        load hard_b hard_a
        run modprobe -r -f hard_b
        load hard_b
        run rmmod -f hard_b
    ''')
    def test_removal_by_force(self, seen):
        """done, and what it breaks is said"""
        self.assertEqual(len(seen.runs), 2)
        for run in seen.runs:
            self.assertEqual((run.status, run.signal), (0, 0))
            self.assertSentence(run, 'hard_b', 'hard_a', tag('hard_a'))
            self.assertEqual(run.loaded(), ['hard_a'])

    @scenario('''
        run modprobe -a hard_a hard_twin
        run modprobe -r hard_a
        run modprobe -r hard_b
        run modprobe -r hard_twin
        load hard_twin hard_a
        run modprobe -r hard_twin
        run modprobe -r hard_a hard_b
    ''')
    def test_shared(self, seen):
        """by two, removed in both orders: it stays until it is asked for, and must stay while one needs it"""
        both, one, refused, other, twin, last = seen.runs
        self.assertOk(both)
        self.assertEqual(both.loaded(), ['hard_b', 'hard_a', 'hard_twin'])
        self.assertOk(one)
        self.assertEqual(one.loaded(), ['hard_b', 'hard_twin'])
        self.assertRefused(refused, 'hard_b', 'hard_twin', tag('hard_twin'), loaded=['hard_b', 'hard_twin'])
        self.assertOk(other)
        self.assertEqual(other.loaded(), ['hard_b'])
        self.assertOk(twin)
        self.assertEqual(twin.loaded(), ['hard_b', 'hard_a'])
        self.assertOk(last)
        self.assertEqual(last.loaded(), [])

    @scenario('''
        load hard_b hard_a hard_top hard_twin
        run modprobe -r --remove-dependencies hard_top
        run modprobe -r --remove-dependencies hard_twin
        load hard_b hard_a hard_top hard_twin
        run modprobe -r --remove-dependencies hard_twin
        run modprobe -r --remove-dependencies hard_top
        load hard_b hard_a hard_top
        run modprobe -r --remove-holders hard_b
    ''')
    def test_removal_of_more(self, seen):
        """--remove-dependencies takes along what nothing live needs any longer; --remove-holders takes who needs it first"""
        top, twin, twin_first, top_last, holders = seen.runs
        for run in seen.runs:
            self.assertOk(run)
        self.assertEqual(top.loaded(), ['hard_b', 'hard_twin'])
        self.assertEqual(twin.loaded(), [])
        self.assertEqual(twin_first.loaded(), ['hard_b', 'hard_a', 'hard_top'])
        self.assertEqual(top_last.loaded(), [])
        self.assertEqual(holders.loaded(), [])

    @scenario('''
        conf 'harddep soft_1 dep_a'
        load dep_a soft_1 dep_b
        run modprobe -r dep_b
        run rmmod dep_a
        conf
        run modprobe -r dep_a
    ''')
    def test_removal_takes_along_nothing_that_is_needed(self, seen):
        """what would go along, for nothing uses its symbols, stays for the one that needs it; a rule that is gone binds nobody"""
        along, rmmod, gone = seen.runs
        self.assertOk(along)
        self.assertEqual(along.loaded(), ['dep_a', 'soft_1'])
        self.assertRefused(rmmod, 'dep_a', 'soft_1', RULE % 1, loaded=['dep_a', 'soft_1'])
        self.assertOk(gone)
        self.assertEqual(gone.loaded(), ['soft_1'])

    @scenario('''
        load any_1 any_2 hard_any
        run modprobe -r any_1
        run modprobe -r any_2
        run rmmod any_2
        load any_1
        run rmmod any_2
    ''')
    def test_removal_from_a_group(self, seen):
        """while another one that answers is live"""
        one, last, rmmod, other = seen.runs
        self.assertOk(one)
        self.assertEqual(one.loaded(), ['any_2', 'hard_any'])
        for run in (last, rmmod):
            self.assertRefused(run, 'any_2', 'hard_any', tag('hard_any'), loaded=['any_2', 'hard_any'])
        self.assertOk(other)
        self.assertEqual(other.loaded(), ['hard_any', 'any_1'])

    # Conflicts

    @scenario('''
        load rival_a
        run modprobe rival_b
        unload rival_a
        load rival_b
        run modprobe rival_a
    ''')
    def test_conflict(self, seen):
        """whoever is there keeps the other away, and either may have said so"""
        refused, refused_too = seen.runs
        self.assertRefused(refused, 'rival_a', 'rival_b', tag('rival_a'), loaded=['rival_a'])
        self.assertRefused(refused_too, 'rival_a', 'rival_b', tag('rival_a'), loaded=['rival_b'])

    @scenario('''
        conf 'conflict dep_a hard_b soft_1' 'harddep dep_b hard_b' 'conflict tcp_cubic soft_2' 'conflict soft_3 modsure-any'
        run modprobe dep_b
        run modprobe soft_2
        run modprobe -a dep_a soft_1
        unload dep_a soft_1
        load any_2
        run modprobe soft_3
        unload any_2
        run modprobe soft_3
    ''')
    def test_conflict_of_a_plan(self, seen):
        """with both in it; with something built in; with what an alias names"""
        plan, builtin, goals, alias, free = seen.runs
        self.assertRefused(plan, 'dep_a', 'hard_b', RULE % 1)
        self.assertRefused(builtin, 'soft_2', 'tcp_cubic', RULE % 3)
        self.assertFails(goals)
        self.assertSentence(goals, 'dep_a', 'soft_1', RULE % 1)
        self.assertLess(len(goals.modules), 2)
        self.assertRefused(alias, 'soft_3', 'any_2', RULE % 4, loaded=['any_2'])
        self.assertOk(free)
        self.assertLoaded(free, 'soft_3')

    @scenario('''
        conf 'conflict soft_1 any_1'
        load soft_1
        run modprobe hard_any
    ''')
    def test_conflict_in_a_group(self, seen):
        """the next one answers"""
        self.assertOk(seen.runs[0])
        self.assertEqual(seen.runs[0].loaded(), ['soft_1', 'any_2', 'hard_any'])

    @scenario('''
        conf 'conflict soft_1 slow'
        modprobe slow ms=0 hold_exit=1
        modprobe -r slow &
        until_state slow going
        run modprobe soft_1 &
        sleep 0.3
        release slow hold_exit
        wait
    ''')
    def test_conflict_with_one_that_goes(self, seen):
        """it is waited for until it is gone"""
        self.assertOk(seen.runs[0])
        self.assertEqual(seen.runs[0].loaded(), ['soft_1'])

    # Files that no index knows

    @scenario('''
        mv $MODULES/updates/hard_top.ko $MODULES/updates/rival_a.ko /tmp && depmod
        load hard_b hard_a
        run insmod /tmp/hard_top.ko
        run rmmod hard_a
        run modprobe -r hard_a
        run modprobe -n -r hard_a
        note source "$(cat /run/modsure/live/hard_top@*.conf)"
        unload hard_top
        vmhelper sys-load /tmp/hard_top.ko
        run rmmod hard_a
        unload hard_top
        run modprobe /tmp/rival_a.ko
        run modprobe rival_b
        run insmod $MODULES/updates/rival_b.ko
        unload rival_a
        run modprobe rival_b
        mv /tmp/hard_top.ko /tmp/rival_a.ko $MODULES/updates && depmod
    ''')
    def test_declared_by_what_was_inserted_by_path(self, seen):
        """it holds as long as the module is in the kernel, and no longer; of another life, that others began, nothing is known"""
        come, *refused, gone, rival, other, file, free = seen.runs
        for run in come, gone, rival, free:
            self.assertOk(run)
        self.assertEqual(len(refused), 3)
        for run in refused:
            self.assertFails(run)
            self.assertSentence(run, 'hard_top', 'hard_a')
            self.assertLoaded(run, 'hard_a', 'hard_top')
            self.assertRegex(run.err, 'hard dependency, /run/modsure/live/hard_top@[0-9]+.conf:2')
        self.assertIn('/tmp/hard_top.ko', seen.notes['source'])
        self.assertEqual(gone.loaded(), ['hard_b', 'hard_top'])
        for run in other, file:
            self.assertFails(run)
            self.assertSentence(run, 'rival_a', 'rival_b')
            self.assertAbsent(run, 'rival_b')
        self.assertEqual(free.loaded(), ['hard_b', 'rival_b'])

    # Several at once

    @scenario('''
        there() { for name; do [ ! -d /sys/module/$name ] || echo $name; done; }
        for round in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
            modprobe rival_a 2>/tmp/told.a.$round & a=$!
            modprobe rival_b 2>/tmp/told.b.$round & b=$!
            wait $a; a=$?
            wait $b; b=$?
            loaded=$(there rival_a rival_b)
            note $round $a $b $loaded
            unload $loaded
        done
        note told "$(cat /tmp/told.*)"
    ''')
    def test_race_of_two_that_exclude_each_other(self, seen):
        """one wins, and the other is told why"""
        for number in range(1, 21):
            self.assertIn(seen.notes[str(number)], ['0 1 rival_a', '1 0 rival_b'])
        told = (seen.notes['told'] + '\n' + seen.text).splitlines()
        self.assertEqual(len(told), 20)
        for line in told:
            self.assertRegex(line, '(rival_a.*rival_b|rival_b.*rival_a).*' + re.escape(tag('rival_a')))

    @scenario('''
        conf 'remove soft_1 modprobe hard_a && rmmod soft_1'
        load hard_b soft_1
        run modprobe -r soft_1 hard_b
        run rmmod hard_b
    ''')
    def test_needed_meanwhile(self, seen):
        """nobody needed it when the removal was planned, and somebody does when its turn comes"""
        for run in seen.runs:
            self.assertFails(run)
            self.assertSentence(run, 'hard_b', 'hard_a', tag('hard_a'))
            self.assertEqual(run.loaded(), ['hard_b', 'hard_a'])

    @scenario('''
        there() { for name; do [ ! -d /sys/module/$name ] || echo $name; done; }
        file=$MODULES/updates/hard_a.ko
        round=0
        for load in 'modprobe hard_a' "insmod $file"; do for remove in 'modprobe -r hard_b' 'rmmod hard_b'; do
            for try in 1 2 3 4 5 6 7 8; do
                round=$((round + 1))
                load hard_b
                $load 2>/tmp/told.a & a=$!
                $remove 2>/tmp/told.b & b=$!
                wait $a; a=$?
                wait $b; b=$?
                loaded=$(there hard_a hard_b)
                note $round $a $b $loaded
                unload $loaded
            done
        done; done
    ''')
    def test_race_of_removal_and_need(self, seen):
        """whoever wins, what is live has what it needs, and who failed has changed nothing"""
        self.assertEqual(len(seen.notes), 32)
        for said in seen.notes.values():
            loads, removes, *loaded = said.split()
            self.assertIn(loaded, [['hard_a', 'hard_b'], []])
            self.assertEqual(loads == '0', loaded != [], said)
            self.assertTrue(removes == '0' or loaded, said)

    @scenario('''
        load watch
        others='soft_1 soft_2 soft_3 soft_4 dep_a aliased_1 hard_b'
        for name in $others; do echo "harddep $name slow"; done >/etc/modprobe.d/test.conf
        for name in hard_slow $others; do run modprobe $name & done
        wait
        run true
    ''')
    def test_race_for_one_that_is_slow(self, seen):
        """eight that need it: it is loaded once, and live before any of them comes"""
        names = 'soft_1 soft_2 soft_3 soft_4 dep_a aliased_1 hard_b hard_slow'.split()
        self.assertEqual(len(seen.runs), 9)
        for run in seen.runs:
            self.assertOk(run)
        self.assertLoaded(seen.runs[-1], *names)
        self.assertEqual(seen.log.count('watch: slow coming'), 1)
        for name in names:
            self.assertLess(seen.log.index('watch: slow live'), seen.log.index('watch: %s coming' % name))

    @scenario('''
        names='soft_1 soft_2 soft_3 soft_4'
        { echo 'options init_fails ms=700 error=5'; for name in $names; do echo "harddep $name init_fails"; done
        } >/etc/modprobe.d/test.conf
        for name in $names; do run modprobe $name & done
        wait
    ''')
    def test_race_for_one_that_fails(self, seen):
        """each is told the module's own error, none comes"""
        self.assertEqual(len(seen.runs), 4)
        for run in seen.runs:
            self.assertFails(run, 'init_fails.*Input/output error|Input/output error.*init_fails')
            self.assertEqual(sorted(set(run.modules) - {'init_fails'}), [])
        self.assertEqual(sorted(re.findall(r'\bsoft_\d', ' '.join(
            next(iter(re.findall(r'soft_\d', run.err)), '') for run in seen.runs))), ['soft_1', 'soft_2', 'soft_3', 'soft_4'])


if __name__ == '__main__':
    tap.main()
