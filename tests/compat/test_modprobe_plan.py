#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What modprobe decides, and says of it: rules, soft dependencies, several answers, commands.

The numbers are those of the incumbent's faults in the list of known ones ("5.1"). Commands run for
real, for names that no module has; nothing can be loaded here. See tests/lib/tap.py for the environment.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import modprobecase  # noqa: E402
import tap  # noqa: E402
from modprobecase import Case  # noqa: E402

CONF = '/etc/modprobe.d/a.conf'


class PlanCase(Case):
    def setUp(self):
        super().setUp()
        self.tree({'base': [], 'mid': ['base'], 'top': ['mid', 'base'], 'lone': [], 'soft': [], 'eager': []}, builtin=['inside'],
                  aliases=[('mid', 'of:x*'), ('top', 'of:t*'), ('lone', 'of:t*')],
                  softdeps=[('soft', 'pre: lone'), ('eager', 'pre: lone'), ('eager', 'mid'), ('eager', 'post: soft')])

    def planned(self, *args, status=0):
        """names in the order of loading or unloading"""
        return [name for _, name in self.modprobe('-n', '-v', *args, status=status).modules()]

    def written(self, name='out'):
        path = os.path.join(self.scratch, name)
        if not os.path.exists(path):
            return None
        with open(path, encoding='utf-8', errors='surrogateescape') as file:
            return file.read()


class Mask(PlanCase):
    def assert_masked(self, *args, where=CONF + ':1', what='mid is masked'):
        for options in (['-n'], ['-n', '-v'], ['-D'], [], ['-i'], ['-a']):
            result = self.modprobe(*options, *args, status=1)
            self.assert_said(result, 'ERROR', what, where + ')')
            self.assertEqual(result.out, '')

    def test_all_ways(self):
        self.conf('mask mid\nalias other mid\ninstall mid touch %s/out\n' % self.scratch)
        self.assert_masked('mid')
        self.assert_masked('of:x1')
        self.assert_masked('other')
        self.assert_masked('top', what="top needs mid: mid is masked")
        self.assert_masked(self.path('mid'))
        self.assertIsNone(self.written())

    def test_patterns_and_spellings(self):
        self.conf('mask nothing no-more # mid\nmask x* m[h-j]d\n')
        self.assert_masked('mid', where=CONF + ':2')

    def test_soft_dependencies(self):
        """a soft one is left out; -v says so"""
        self.conf('mask lone\n')
        self.assertEqual(self.planned('soft'), ['soft'])
        self.assertEqual(self.planned('eager'), ['base', 'mid', 'eager', 'soft'])
        self.assert_said(self.modprobe('-n', '-v', 'soft'), 'INFO', 'lone', 'soft dependency of soft', 'lone is masked (%s:1)' % CONF)
        self.assertEqual(self.modprobe('-n', 'soft', status=0).err, '')

    def test_what_is_loaded(self):
        """is not unloaded, and can be"""
        self.conf('mask mid\n')
        self.loaded('base', 1, ['mid'])
        self.loaded('mid')
        self.assertEqual(self.planned('mid'), [])
        self.assertEqual(self.planned('top'), ['top'])
        self.assertEqual(self.planned('-r', 'mid'), ['mid', 'base'])

    def test_several(self):
        self.conf('mask top\n')
        result = self.modprobe('-n', '-v', '-a', 'lone', 'top', 'mid', status=1)
        self.assertEqual([name for _, name in result.modules()], ['lone', 'base', 'mid'])
        self.assert_said(result, 'top is masked (%s:1)' % CONF)
        result = self.modprobe('-n', '-v', 'of:t', status=1)
        self.assertEqual([name for _, name in result.modules()], ['lone'])

    def test_other_files(self):
        """a mask of any file counts, whatever stands in others"""
        self.conf('mask mid\n', folder='/lib/modprobe.d', name='00.conf')
        self.conf('allow mid\noptions mid a=1\nalias mid mid\n')
        self.assert_masked('mid', where='lib/modprobe.d/00.conf:1')


class Allow(PlanCase):
    def test_names(self):
        self.conf('# nothing else\nallow lone\nallow to*\n')
        self.assertEqual(self.planned('lone'), ['lone'])
        self.assertEqual(self.planned('top'), ['base', 'mid', 'top'], 'what an allowed module needs')
        for args in (['soft'], ['mid'], ['of:x'], [self.path('mid')], ['base']):
            result = self.modprobe('-n', *args, status=1)
            self.assert_said(result, 'is not allowed', CONF + ':2')
            self.assertEqual(result.out, '')

    def test_soft_dependencies(self):
        self.conf('allow eager\n')
        self.assertEqual(self.planned('eager'), ['eager'])
        self.assert_said(self.modprobe('-n', '-v', 'eager'), 'lone', 'soft dependency of eager', 'not allowed', CONF + ':1')

    def test_commands(self):
        self.conf('allow lone\ninstall ghost touch %s/out\ninstall lone touch %s/lone\n' % (self.scratch, self.scratch))
        self.assert_said(self.modprobe('ghost', status=1), 'ghost', 'not allowed')
        self.assertIsNone(self.written())
        self.modprobe('lone', status=0)
        self.assertIsNotNone(self.written('lone'))

    def test_builtin_and_mask(self):
        self.conf('allow lone\nmask lone\n')
        self.assertEqual(self.planned('inside'), [])
        self.assert_said(self.modprobe('-n', 'lone', status=1), 'lone is masked (%s:2)' % CONF)


class SoftDependencies(PlanCase):
    def test_all_lines_and_words(self):
        self.assertEqual(self.planned('eager'), ['lone', 'base', 'mid', 'eager', 'soft'])
        self.conf('softdep lone top\nsoftdep lone inside post: soft\nsoftdep l* post: nosuch\n')
        self.assertEqual(self.planned('lone'), ['base', 'mid', 'top', 'lone', 'soft'])
        self.assert_said(self.modprobe('-n', '-v', 'lone'), 'nosuch', 'soft dependency of lone', CONF + ':3')

    def test_a_line_that_names_nothing_clears(self):
        for name in ('00.conf', 'zz.conf'):
            for text, planned in (('softdep eager\n', ['eager']), ('softdep eager pre:\n', ['eager']),
                                  ('softdep eager\nsoftdep eager post: soft\n', ['eager', 'lone', 'soft']),
                                  ('softdep eager post: top\nsoftdep e*\n', ['eager'])):
                with self.subTest((name, text)):
                    self.conf(text, name=name)
                    self.assertEqual(self.planned('eager'), planned)
            os.unlink('/etc/modprobe.d/' + name)

    def test_cycle(self):
        """two that name each other: both, in an order that depends on names alone; said with -v"""
        self.conf('softdep soft post: eager\n')
        for goal in ('soft', 'eager'):
            planned = self.planned(goal)
            self.assertEqual(sorted(planned), ['base', 'eager', 'lone', 'mid', 'soft'])
            self.assert_said(self.modprobe('-n', '-v', goal), 'soft', 'eager', 'cycle')
            self.assertEqual(self.modprobe('-n', goal).err, '')
        self.conf('softdep eager\nsoftdep soft\nsoftdep soft pre: eager\nsoftdep eager pre: soft\n')
        self.assertEqual(self.planned('soft'), self.planned('eager'))
        self.conf('softdep lone pre: lone post: lone\n')
        self.assertEqual(self.planned('lone'), ['lone'])

    def test_needs_what_wants_it(self):
        """base wants top, which needs base"""
        for phase in ('pre:', 'post:'):
            self.conf('softdep base %s top\n' % phase)
            for goal in ('base', 'mid', 'top'):
                planned = self.planned(goal)
                self.assertEqual(planned, ['base', 'mid', 'top'], (phase, goal))

    def test_install_rules_count(self):
        self.conf('install soft true $CMDLINE_OPTS\noptions soft a=1\n')
        self.assertEqual(self.modprobe('-n', '-v', 'soft').modules(), [('insmod', 'lone'), ('install', 'true $CMDLINE_OPTS a=1')])
        self.conf('install soft false\n')
        self.assertEqual(self.modprobe('-n', '-v', '-i', 'soft').modules(), [('insmod', 'soft')])

    def test_failure_harms_nobody(self):
        self.conf('install ghost touch %s/out\nsoftdep ghost pre: bad post: worse\ninstall bad false\ninstall worse kill -9 $$\n'
                  % self.scratch)
        result = self.modprobe('ghost', status=0)
        self.assertEqual(result.err, '')
        self.assertIsNotNone(self.written())
        result = self.modprobe('-v', 'ghost', status=0)
        self.assert_said(result, 'INFO', "'bad'", CONF + ':3', 'status 1')
        self.assert_said(result, 'INFO', "'worse'", CONF + ':4', 'signal 9')

    def test_nothing_for_the_sake_of_a_failure(self):
        """what was to come after a module that failed is not loaded"""
        self.conf('install ghost false\nsoftdep ghost post: after\ninstall after touch %s/out\n' % self.scratch)
        self.modprobe('ghost', status=1)
        self.assertIsNone(self.written())
        self.modprobe('-a', 'ghost', 'after', status=1)
        self.assertIsNotNone(self.written(), 'asked for by itself')

    def test_long_chain(self):
        n = 5000
        self.conf(''.join('softdep g%d pre: g%d\ninstall g%d true\n' % (i, i + 1, i) for i in range(n)))
        self.assertEqual(len(self.planned('g0')), n)


class Unload(PlanCase):
    def test_cycle(self):
        """5.1 number 10"""
        for text in ('softdep soft pre: eager\nsoftdep eager pre: soft\n', 'softdep soft post: eager\nsoftdep eager post: soft\n',
                     'softdep soft pre: eager post: eager\n', 'softdep lone pre: lone soft eager post: lone soft eager\n'):
            with self.subTest(text):
                self.conf(text)
                for name in ('soft', 'eager', 'lone'):
                    self.loaded(name)
                for name in ('soft', 'eager'):
                    planned = self.planned('-r', name)
                    self.assertEqual(len(planned), len(set(planned)))
                    self.assertLessEqual({'soft', 'eager', 'lone'}, set(planned))

    def test_mirror(self):
        self.conf('softdep top pre: lone post: soft\nsoftdep soft\n')
        self.loaded('base', 1, ['mid'])
        self.loaded('mid', 1, ['top'])
        for name in ('top', 'lone', 'soft'):
            self.loaded(name)
        self.assertEqual(self.planned('-r', 'top'), ['soft', 'top', 'lone', 'mid', 'base'])
        self.loaded('lone', 1)
        self.assertEqual(self.planned('-r', 'top'), ['soft', 'top', 'mid', 'base'], 'a soft one that is in use stays')

    def test_chain(self):
        """5.1 number 23: what nobody uses any longer goes too, to the end of the chain"""
        self.loaded('base', 1, ['mid'])
        self.loaded('mid', 1, ['top'])
        self.loaded('top')
        self.assertEqual(self.planned('-r', 'top'), ['top', 'mid', 'base'])


class Faults(PlanCase):
    def test_killed_command(self):
        """5.1 number 11"""
        for signal in (9, 15, 11):
            self.conf('install ghost kill -%d $$\nremove ghost kill -%d $$\n' % (signal, signal))
            for args, line in (([], 1), (['-r'], 2)):
                result = self.modprobe(*args, 'ghost', status=1)
                self.assert_said(result, "'ghost'", '%s:%d' % (CONF, line), 'signal %d' % signal)

    def test_options_in_options(self):
        """5.1 number 12"""
        self.conf('install ghost printf "%%s|" $CMDLINE_OPTS >%s/out\noptions ghost b=$CMDLINE_OPTS ${CMDLINE_OPTS}\n' % self.scratch)
        self.modprobe('ghost', 'a=$CMDLINE_OPTS', status=0)
        self.assertEqual(self.written(), 'b=$CMDLINE_OPTS|${CMDLINE_OPTS}|a=$CMDLINE_OPTS|')

    def test_dash_on_the_kernels_command_line(self):
        """5.1 number 13"""
        for text in ('modprobe.blacklist=to-p,m_i-d', 'modprobe.blacklist=to_p modprobe.blacklist=m-i_d'):
            self.tree({'to-p': [], 'm_i-d': []}, aliases=[('to-p', 'usb:t'), ('m_i-d', 'usb:x')])
            self.cmdline(text)
            for request in ('usb:t', 'usb:x'):
                self.assertEqual(self.planned(request), [])
                self.assert_said(self.modprobe('-n', '-v', request), 'blacklisted (/proc/cmdline)')
            self.assertEqual(self.planned('-b', 'to-p'), [])
            self.assertEqual(self.planned('to-p'), ['to-p'])
        self.cmdline('quiet')
        self.assertEqual(self.planned('usb:t'), ['to-p'])

    def test_shown_softdep_is_a_line(self):
        """5.1 number 14: what -c shows can be read again"""
        self.conf('softdep a pre: b post: c\nsoftdep d post: e\nsoftdep f g\n')
        shown = [line for line in self.modprobe('-c', status=0).out.splitlines() if line.startswith('softdep ')]
        self.assertEqual(shown[-3:], ['softdep a pre: b post: c', 'softdep d post: e', 'softdep f pre: g'])

    def test_missing_file(self):
        """5.1 number 16: what is needed and not there is an error, before anything is touched"""
        os.unlink(self.path('base'))
        for options in (['-n'], ['-n', '-v'], ['-D'], []):
            for name in ('top', 'mid', 'base'):
                result = self.modprobe(*options, name, status=1)
                self.assert_said(result, "'%s'" % name, self.path('base'))
                self.assertEqual(result.out, '')
        self.assertEqual(self.planned('lone'), ['lone'])
        self.loaded('base')
        self.assertEqual(self.planned('top'), ['mid', 'top'])

    def test_blacklisted_answer(self):
        """5.1 number 21: the exit status stays, the rule is named at -v"""
        self.conf('\nblacklist mid\n')
        result = self.modprobe('of:x', status=0)
        self.assertEqual((result.out, result.err), ('', ''))
        result = self.modprobe('-v', 'of:x', status=0)
        self.assertEqual(result.out, '')
        self.assert_said(result, 'INFO', 'mid', 'of:x', 'blacklisted (%s:2)' % CONF)

    def test_nothing_may_be_loaded_here(self):
        """a failure is the end of what needs it, and is said"""
        result = self.modprobe('-v', 'top', status=1)
        self.assertEqual([name for _, name in result.modules()], ['base'])
        self.assert_said(result, "could not insert 'base'")
        self.assert_said(result, "could not insert 'top'", 'mid')
        result = self.modprobe('-q', '--', 'top', status=1)
        self.assertEqual((result.out, result.err), ('', ''))


class Answers(PlanCase):
    """one request, several modules"""

    def ask(self, *commands, status, options=('-v',)):
        self.conf(''.join('alias many g%d\ninstall g%d %s\n' % (i, i, command) for i, command in enumerate(commands)))
        return self.modprobe(*options, 'many', status=status)

    def test_each_result_counts(self):
        for commands, status in ((('true', 'true'), 0), (('false', 'true'), 1), (('true', 'false'), 1), (('false', 'false'), 1),
                                 (('true', 'kill -9 $$', 'true'), 1), (('true',), 0), (('false',), 1)):
            with self.subTest(commands):
                result = self.ask(*commands, status=status)
                for i, command in enumerate(commands):
                    if len(commands) > 1:
                        self.assert_said(result, 'INFO', 'many', 'g%d' % i, 'done' if command == 'true' else 'failed')
                    if command == 'false':
                        self.assert_said(result, 'ERROR', "'g%d'" % i, '%s:%d' % (CONF, 2 * i + 2), 'status 1')

    def test_all_are_tried(self):
        self.ask('echo 0 >>%s/out; false' % self.scratch, 'echo 1 >>%s/out' % self.scratch, status=1)
        self.assertEqual(self.written(), '0\n1\n')

    def test_quiet(self):
        result = self.ask('false', 'true', status=1, options=('-q',))
        self.assertEqual((result.out, result.err), ('', ''))

    def test_a_blacklisted_one_does_not_count(self):
        self.conf('blacklist g0\n', name='b.conf')
        self.assert_said(self.ask('false', 'true', status=0), 'g0', 'blacklisted (/etc/modprobe.d/b.conf:1)')


class Commands(PlanCase):
    def run_command(self, command, *args, kind='install', status=0, **kwargs):
        self.conf('%s ghost %s\n' % (kind, command.replace('OUT', os.path.join(self.scratch, 'out'))))
        return self.modprobe(*args, status=status, **kwargs)

    def test_environment(self):
        conf = self.write("it's/b.conf", '')
        command = 'echo $MODPROBE_MODULE "$MODPROBE_OPTIONS" >OUT'
        for args, options in ((['gh-ost'], ''), (['-q', 'gh-ost'], ' -q'), (['-s', 'gh-ost'], ' -s')):
            self.conf('install gh-ost %s\n' % command.replace('OUT', self.scratch + '/out'))
            self.modprobe(*args, status=0)
            self.assertEqual(self.written(), 'gh_ost %s\n' % options)
        # a child with these options reads what the parent read
        self.write('c/c.conf', 'install ghost "$INNER" -D inner\ninstall inner true\n')
        result = self.modprobe('-C', self.scratch + '/c', '-C', conf, 'ghost', status=0, env={'INNER': tap.command('modprobe')})
        self.assertEqual(result.lines(), ['install true'])

    def test_parameters_are_words(self):
        """never code, options or other words than they are"""
        for word in ('a=$(touch {0}/hit)', 'a=`touch {0}/hit`', 'a=;touch {0}/hit', "a=';touch {0}/hit;'", 'a=|touch {0}/hit', 'a=\\',
                     'a=&touch {0}/hit&', 'a=>{0}/hit', 'a=*', 'a=~', 'a=$HOME', "a='", 'a=%s%n', 'a=#', 'a=!x', 'a={{1,2}}', 'a=$$'):
            word = word.format(self.scratch)
            for command in ('printf "%s|" $CMDLINE_OPTS >OUT', 'printf "%s|" "$CMDLINE_OPTS" >OUT', 'printf "%s|" ${CMDLINE_OPTS} >OUT'):
                with self.subTest((word, command)):
                    self.run_command(command, 'ghost', word, 'b=2')
                    expected = word.replace('a=', 'a="', 1) + '"' if ' ' in word else word
                    self.assertEqual(self.written(), expected + (' b=2|' if '"$' in command else '|b=2|'))
                    self.assertIsNone(self.written('hit'))

    def test_newlines_in_parameters(self):
        self.run_command('printf "%s|" $CMDLINE_OPTS >OUT', 'ghost', 'a=1\ntouch %s/hit\n' % self.scratch)
        self.assertIsNone(self.written('hit'))
        self.assertEqual(self.written().count('|'), 1)

    def test_parameters_are_no_options(self):
        result = self.run_command('printf "%s|" $CMDLINE_OPTS >OUT', '--', 'ghost', '-rf', 'a=1', '--help')
        self.assertEqual(self.written(), 'a=1|')
        self.assert_said(result, '2 parameters', "'ghost'")

    def test_hostile_options_of_the_kernels_command_line(self):
        self.cmdline('ghost.a=$(touch{0}hit) ghost.b=`id` "ghost.c=x y;touch {0}/hit" ghost.d=\'x\' ghost.$(id)=1\n'.format(self.scratch))
        self.run_command('printf "%s|" $CMDLINE_OPTS >OUT', 'ghost')
        self.assertEqual(self.written(), 'a=$(touch%shit)|b=`id`|c="x y;touch %s/hit"|d=\'x\'|$(id)=1|' % (self.scratch, self.scratch))
        self.assertIsNone(self.written('hit'))

    def test_names_are_no_code(self):
        self.conf('install * printf %%s "$MODPROBE_MODULE" >%s/out\n' % self.scratch)
        self.conf('alias hostile:* ghost\ninstall ghost printf %%s "$MODPROBE_MODULE" >%s/out\n' % self.scratch)
        for name in ('hostile:$(touch {0}/hit)', 'hostile:;touch {0}/hit', 'hostile:`touch {0}/hit`', 'hostile:\ntouch {0}/hit'):
            self.modprobe('--', name.format(self.scratch), status=0)
            self.assertEqual(self.written(), 'ghost')
            self.assertIsNone(self.written('hit'))

    def test_first_of_several_rules(self):
        self.conf('install gh* echo first >%s/out\ninstall ghost echo second >%s/out\n' % (self.scratch, self.scratch))
        self.modprobe('ghost', status=0)
        self.assertEqual(self.written(), 'first\n')

    def test_command_that_cannot_be_run(self):
        result = self.run_command('/nosuch/program', 'ghost', status=1)
        self.assert_said(result, "'ghost'", CONF + ':1', '127')

    def test_removal(self):
        self.run_command('echo gone "$MODPROBE_MODULE" >OUT', '-r', 'ghost', kind='remove')
        self.assertEqual(self.written(), 'gone ghost\n')
        self.run_command('false', '-r', 'ghost', kind='remove', status=1)

    def test_dry_run_runs_nothing(self):
        for options in (['-n'], ['-n', '-v'], ['-D'], ['-R'], ['--sysroot', '/']):
            self.run_command('touch OUT', *options, 'ghost')
            self.assertIsNone(self.written())
        self.run_command('touch OUT', '-n', '-r', 'ghost', kind='remove')
        self.assertIsNone(self.written())


if __name__ == '__main__':
    modprobecase.enter_namespace()
    tap.main()
