#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modprobe beside the incumbent's, on made trees, rules and states. See tests/lib/tap.py for the environment.

Where ours is to differ from Debian's kmod 30:
  --show, --show-alias, --show-modversions, files for modules, names for --dump-modversions:
                    newer than it
  blanks in values  tabs, too, get quotes
  command line      words without a name before or behind the dot are none of ours
  z='a b'           is one parameter, as it is for the shell; the incumbent makes two of it
  MODPROBE_OPTIONS  tabs separate, and quotes hold words together, wherever they are
  z=a"b c           is left as it is; the incumbent's quotes around it make two parameters of it
  alias             with several answers: every module comes once
  dry run           of a name that no module has is as good as the run: it fails; the incumbent's succeeds
  brackets          a request whose brackets do not match: the message says so
  softdep           all lines and words count, see test_modprobe_depends.py
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import modprobecase  # noqa: E402
import tap  # noqa: E402
from modprobecase import CONF_DIRS, VERSION, Case, run  # noqa: E402

CHAIN = {'base': [], 'mid': ['base'], 'top': ['mid', 'base'], 'lone': []}


class Show(Case):
    def setUp(self):
        super().setUp()
        self.tree(CHAIN, builtin=['inside'], aliases=[('top', 'of:*-dev'), ('mid', 'of:x*'), ('lone', 'x-y')],
                  softdeps=[('mid', 'pre: lone')])

    def test_depends(self):
        for name in ('top', 'mid', 'base', 'inside', 'of:abc-dev', 'of:x', 'x_y'):
            for options in (['-D'], ['-D', '-a'], ['--show-depends'], ['-n', '-v'], ['-n'], ['-D', '-v'], ['-q', '-D']):
                self.compare(*options, name, is_said='-v' not in options)
            self.assertEqual(self.modprobe('--show', name).out, self.kmod('-n', '-v', name).out)

    def test_parameters(self):
        for params in (['a'], ['a=1', 'b=2'], ['z=a b'], ['z="a b"'], ['z='], ['=z'], [''],
                       ['a=1', ''], ['a b'], ['--', 'a=1'], ['z="a'], ['z=a,b', 'y=$(x)'], ['z=\\']):
            self.compare('-D', 'top', *params)
            self.compare('-n', '-v', 'top', *params)
        self.assertTrue(self.modprobe('-D', 'top', "z='a b'").out.endswith('/top.ko z="\'a b\'"\n'))

    def test_unknown(self):
        for args in (['nosuch'], ['-q', 'nosuch'], ['-r', 'nosuch'], ['-R', 'nosuch'], ['-a', 'nosuch', 'mid'],
                     ['-a', '-q', 'mid', 'nosuch', 'top'], ['-R', '-q', 'nosuch'], ['-R', '-a', 'nosuch', 'x-y'], ['-D', 'nosuch'],
                     ['-qn', '--', 'nosuch'], ['-n', ''], ['-r', '-a', 'nosuch', 'mid']):
            with self.subTest(args):
                self.compare('-n', *args, is_said=True)

    def test_resolve(self):
        for args in (['of:x-dev'], ['of:x-dev', 'x-y'], ['-a', 'of:x-dev', 'x-y'], ['top'], ['inside'], ['symbol:fn_mid'], ['-v', 'x-y']):
            for option in ('-R', '--resolve-alias', '--show-alias'):
                with self.subTest(args):
                    if option != '--show-alias':        # newer than Debian's
                        self.compare(option, *args)
                    else:
                        self.assertEqual(self.modprobe(option, *args).out, self.kmod('-R', *args).out)

    def test_brackets(self):
        for args in (['-n', 'a[b'], ['-R', 'a]b'], ['-n', 'a[b]c]'], ['-n', '-a', 'a]', 'mid']):
            self.compare(*args)
        self.assert_said(self.modprobe('-n', 'a[b'), 'Module a[b not found', 'brackets')

    def test_files(self):
        """a file is loaded itself; what it needs is found by its module's name"""
        def expected(path, params=''):
            return ''.join('insmod %s %s\n' % line for line in ((self.path('base'), ''), (self.path('mid'), ''), (path, params)))
        elsewhere = self.write('elsewhere/top.ko', b'')
        here = os.path.join(self.folder, 'kernel')
        self.conf('options mid x=1\noptions top y=2\n')
        before = self.kmod('-D', 'top', 'a=1').out
        for args, path in (([self.path('top')], self.path('top')), ([elsewhere], elsewhere), (['./top.ko'], './top.ko')):
            ours = self.modprobe('-D', *args, 'a=1', status=0, cwd=here)
            self.assertEqual(ours.out, before.replace(self.path('top'), path))
        # anything else is a name
        for args in (['kernel/top.ko'], ['top.ko'], ['../top.ko']):
            self.compare('-n', *args, cwd=self.folder)
        for path in ('./nosuch.ko', self.scratch, '/', './', '/dev/null', self.path('top') + '/x.ko', '/nosuch/lone.ko'):
            with self.subTest(path):
                ours = self.modprobe('-n', path, status=1)
                self.assert_said(ours, path)
                self.assertNotIn('brackets', ours.err)
                self.assertEqual(ours.out, '')

    def test_versions(self):
        for name in ('top', 'mid', 'base', 'lone'):
            for option in ('--dump-modversions', '--show-exports'):
                ours = self.compare(option, self.path(name))
                named = self.modprobe(option, name, status=ours.status)
                self.assertEqual(named.out, ours.out)
                self.assertEqual(self.modprobe(option.replace('dump', 'show'), name).out, ours.out)
        self.assertEqual(self.modprobe('--show-exports', 'x-y').out, '0x00000001\tfn_lone\n')
        self.assert_said(self.modprobe('--show-modversions', 'nosuch', status=1), 'nosuch')

    def test_where(self):
        self.compare('-d', 'base', '-S', VERSION, '-D', 'top', is_raw=True, cwd=self.scratch)
        self.compare('-d', './base/', '-S', VERSION, '-D', 'top', is_raw=True, cwd=self.scratch)
        self.compare('-d', self.base + '/', '-S', VERSION, '-D', 'top', is_raw=True)
        self.compare('--dirname=' + self.base, '--set-version=' + VERSION, '-D', 'top', is_raw=True)
        self.compare('-S', 'nosuch', '-d', self.base, '-D', 'top', is_raw=True)
        self.compare('-d', '/nosuch', '-S', VERSION, '-n', 'top', is_raw=True)

    def test_no_module(self):
        for args in ([], ['-r'], ['-a'], ['-D']):
            ours = self.compare(*args)
            self.assert_said(ours, 'Usage:')

    def test_unknown_options(self):
        for args in (['-Z', 'top'], ['--nosuch', 'top'], ['-C'], ['-d'], ['--set-version'], ['--all=1', 'top'], ['-n', 'top', '-Z']):
            ours = self.compare(*args)
            self.assertEqual(ours.status, 1)
            self.assertEqual(ours.err.splitlines()[0], self.kmod(*args).err.splitlines()[0].replace(modprobecase.KMOD, tap.command('modprobe')))
            self.assert_said(ours, 'Usage:')

    def test_version_and_help(self):
        ours, theirs = self.modprobe('-V', status=0), self.kmod('-V')
        self.assertEqual(ours.out.splitlines()[0].split()[:2], theirs.out.splitlines()[0].split()[:2])
        self.assertRegex(ours.out.splitlines()[0], r'^kmod version \d+$')
        for option in ('-h', '--help'):
            result = self.modprobe(option, status=0)
            self.assertTrue(result.out.startswith('Usage:'))
            for name in ('--all', '--remove', '--wait', '--first-time', '--show-depends', '--set-version', '--quiet', '--config'):
                self.assertIn(name, result.out)

    def test_quiet_and_syslog(self):
        self.assertEqual(self.compare('-n', '-s', 'nosuch', is_said=True).err, '')
        self.assertEqual(self.compare('-n', '-q', 'nosuch', is_said=True).err, '')
        self.compare('-n', 'nosuch', '-q', is_said=True)

    def test_environment(self):
        conf = self.write('my conf/x.conf', 'options top from=file\n')
        for text in ('-D', '-n -v', '-n -v -q', '-n -q -v', '-q -D', "-D -C '%s'" % conf, '-D -d /nosuch', '', ' ', '-a -D',
                     '-D mid', "-D ''", '-n -Z', '-D --'):
            with self.subTest(text):
                self.compare('top', 'lone=1', env={'MODPROBE_OPTIONS': text})
        for text in ('-D -C "%s"', '-D -C  "%s"  ', '-D\t"--config=%s"', '-D --config="%s"', "-D -C'%s"):
            with self.subTest(text):
                ours = self.modprobe('top', env={'MODPROBE_OPTIONS': text % conf})
                self.assertEqual(ours.lines()[-1], 'insmod %s from=file' % self.path('top'))


class Rules(Case):
    def setUp(self):
        super().setUp()
        self.tree(CHAIN, builtin=['inside'], aliases=[('top', 'of:*-dev'), ('mid', 'of:x*'), ('lone', 'x-y')])

    def each(self, *names, options=(['-D'], ['-n', '-v'], ['-R'], ['-D', '-b'], ['-D', '-i'], ['-D', '-a'])):
        for name in names:
            for option in options:
                with self.subTest((option, name)):
                    self.compare(*option, name)

    def test_options(self):
        self.conf('options top a=1\noptions top\tb=2\tc=3  d\noptions mid z="a b"\noptions base x=1\noptions base x=2\n'
                  'options x-y by=alias\noptions lone own=1\noptions of:x* no=1\noptions t* no=1\n')
        self.each('top', 'mid', 'lone', 'x-y', 'x_y', 'of:xy', 'of:y-dev')
        self.compare('-D', 'top', 'a=9')
        self.compare('-D', 'x-y', 'a=9')

    def test_aliases(self):
        self.conf('alias eth-0 top\nalias eth-0 lone\nalias n-[0-9a-f]* mid\nalias x-y base\nalias top lone\nalias of:x* base\n'
                  'alias dup mid\nalias dup mid\nalias gone nosuch\nalias in inside\n')
        self.each('eth-0', 'eth_0', 'n-a', 'n_ab', 'n-g', 'x-y', 'top', 'of:xa', 'of:a-dev', 'in', 'mid')
        self.conf('alias loop loop2\nalias loop2 lone\n')
        self.each('loop2')
        self.assert_said(self.modprobe('-n', 'loop', status=1), 'loop2')

    def test_blacklist(self):
        self.conf('blacklist mid\nblacklist lone\nalias two mid\nalias two base\nalias one lone\n')
        self.each('mid', 'top', 'lone', 'x-y', 'of:x-dev', 'two', 'one', 'base', 'of:xx')
        self.compare('-n', '-b', '-a', 'mid', 'base', 'lone', is_said=True)
        ours = self.modprobe('-n', '-v', '-b', self.path('lone'), status=0)
        self.assertEqual(ours.out, '')
        self.assert_said(ours, 'lone', 'blacklisted (/etc/modprobe.d/a.conf:2)')

    def test_install(self):
        self.conf('install top echo $CMDLINE_OPTS end\ninstall lone  two  blanks\ninstall lo* second\ninstall ghost true\n'
                  'install of:x* echo pattern\nremove mid echo gone\noptions top a=1\ninstall x-y echo alias\n')
        self.each('top', 'lone', 'of:xx', 'mid', 'of:y-dev')
        self.each('ghost', 'x-y', options=(['-D'], ['-n', '-v'], ['-D', '-a'], ['-R']))
        self.assert_said(self.modprobe('-n', '-i', 'ghost', status=1), 'ghost')
        self.compare('-D', 'top', 'b=2')
        self.compare('-n', '-v', 'ghost', 'b=2')

    def test_soft_dependencies(self):
        self.conf('softdep lone pre: mid post: top\nsoftdep base pre: x-y\nsoftdep mid pre: nosuch\nsoftdep to* post: inside\n')
        for name in ('lone', 'base', 'mid', 'top', 'x-y'):
            for option in (['-D'], ['-n', '-v'], ['-D', '-i']):
                with self.subTest((option, name)):
                    ours, theirs = self.modprobe(*option, name), self.kmod(*option, name)
                    self.assertEqual(ours.status, theirs.status)
                    self.assertEqual(sorted(set(ours.lines())), sorted(set(theirs.lines())))

    def test_files_and_directories(self):
        """the name sorts, whatever the directory; of equal names the first directory's counts"""
        for i, folder in enumerate(CONF_DIRS):
            self.conf('options top from=%d\n' % i, folder=folder, name='%d.conf' % (9 - i))
            for j in range(i + 1):
                self.conf('options top same%d=%d\n' % (j, i), folder=folder, name='same%d.conf' % j)
            for name in ('.hidden.conf', 'x.conf~', 'x.conf.bak', 'conf', '.conf', 'x.CONF'):
                self.conf('options top never=%d\n' % i, folder=folder, name=name)
        os.symlink('/dev/null', '/etc/modprobe.d/same2.conf')
        os.symlink(self.write('elsewhere', 'options top linked=1\n'), '/run/modprobe.d/linked.conf')
        os.makedirs('/etc/modprobe.d/sub.conf')
        self.conf('options top never=sub\n', name='sub.conf/x.conf')
        ours = self.compare('-D', 'top')
        self.assertIn(' from=3 from=2 from=1 from=0 ', ours.out)
        self.assertIn(' linked=1 ', ours.out)
        self.compare('-c')

    def test_given_files(self):
        self.conf('options top never=1\n')
        for name, text in (('d/b.conf', 'options top b=1\n'), ('d/z.conf', 'options top z=1\n'), ('d/none', 'options top never=1\n'),
                           ('k', 'options top k=1\n'), ('e/b.conf', 'options top b=2\n'), ('m.conf', 'options top m=1\n')):
            self.write(name, text)
        for args in (['-C', 'd'], ['-C', 'k'], ['-C', 'm.conf', '-C', 'd', '-C', 'k'], ['-C', 'e', '-C', 'd'], ['-C', 'd', '-C', 'e'],
                     ['--config=d', '-C', 'e/b.conf'], ['-C', '/dev/null'], ['-C', 'nosuch', '-C', 'k']):
            with self.subTest(args):
                self.compare(*args, '-D', 'top', cwd=self.scratch)

    def test_lines(self):
        self.conf('# comment\n\n   options top a=1\noptions \\\ntop b=\\\n2\noptions top c=\\x\n\toptions\ttop\td=1\n'
                  'options top # e=1\nnonsense\nalias\nalias x\ninstall top\noptions lone\nblacklist\ninclude x\nconfig x\n'
                  'alias a[b top\nalias a]b top\noptions top last=1')
        ours = self.compare('-D', 'top')
        for line in (12, 13, 14, 15, 16, 17):
            self.assert_said(ours, '/etc/modprobe.d/a.conf:%d:' % line)

    def test_kernel_command_line(self):
        for text in ('top.a=1 top.b="x y" "top.c=x y" top.d mid.e=1', 'lo-ne.a=1 to_p.x=2 top.a.b=1 top', 'x-y.a=1 x_y.b=2',
                     'a=top.b=1 top.x=a=b top.y=a.b', 'modprobe.blacklist=lone,mid', 'modprobe.blacklist=lone top.a=1\tmid.b=2'):
            with self.subTest(text):
                self.cmdline(text + '\n')
                self.each('top', 'lone', 'x-y', 'of:xx', options=(['-D'], ['-D', '-b']))
                self.compare('-c')
        self.conf('options top z=conf\n')
        self.cmdline('top.a=1\n')
        self.compare('-D', 'top', 'y=given')

    def test_show_config(self):
        self.conf('alias a-b top\nalias q[-]x mid\nblacklist a-b\noptions top a=1\tb=2\ninstall lone  echo  two\nremove lone x\n'
                  'softdep top pre: a b post: c\nsoftdep mid post: x\nsoftdep base pre: y\n')
        self.cmdline('top.x=1 modprobe.blacklist=mid\n')
        for option in ('-c', '--showconfig'):
            ours, theirs = self.modprobe(option), self.kmod(option)
            self.assertEqual(ours.status, theirs.status)
            # 5.1 number 14: the incumbent forgets a blank between the two lists
            self.assertEqual(ours.out, theirs.out.replace('post:', ' post:').replace('  post:', ' post:'))
            self.assertIn('\nsoftdep top pre: a b post: c\n', ours.out)
        self.assertEqual(self.modprobe('--show-config').out, ours.out)


class State(Case):
    """/sys/module is the test's: what is loaded, by whom it is used, what comes or goes"""

    def setUp(self):
        super().setUp()
        self.tree({'base': [], 'mid': ['base'], 'top': ['mid', 'base'], 'other': ['base'], 'lone': [], 'soft': []}, builtin=['inside'],
                  aliases=[('top', 'of:*'), ('other', 'of:o*')], softdeps=[('soft', 'pre: lone')])

    def all_loaded(self):
        self.loaded('base', 3, ['mid', 'top', 'other'])
        self.loaded('mid', 1, ['top'])
        self.loaded('top')
        self.loaded('other')

    def test_load(self):
        self.loaded('base', 1, ['mid'])
        self.loaded('mid')
        self.loaded('lone')
        os.makedirs('/sys/module/inside')
        for name in ('top', 'mid', 'base', 'lone', 'inside', 'of:x', 'of:o', 'soft'):
            for options in (['-n', '-v'], ['-n', '-v', '--first-time'], ['-D'], ['-n', '-v', '-a', '--first-time']):
                with self.subTest((options, name)):
                    if '-D' in options and name == 'of:o':      # two answers, and one of what both need
                        continue
                    ours = self.compare(*options, name)
                    if '--first-time' in options and name in ('mid', 'lone', 'base'):
                        self.assert_said(ours, "could not insert '%s': Module already in kernel" % name)

    def test_load_while_it_comes_or_goes(self):
        for state in ('coming', 'going'):
            self.loaded('base', state=state)
            for options in (['-n', '-v'], ['-n', '-v', '--first-time']):
                self.compare(*options, 'base')
                self.compare(*options, 'mid')

    def test_unload(self):
        self.all_loaded()
        self.loaded('soft')
        self.loaded('lone')
        for args in (['other'], ['soft'], ['lone'], ['other', 'soft']):
            for options in (['-r'], ['--remove'], ['-r', '-a'], ['-r', '--first-time']):
                with self.subTest((options, args)):
                    self.compare('-n', '-v', *options, *args)

    def test_unload_order(self):
        """users first; what is needed goes only once nobody uses it"""
        self.loaded('base', 1, ['mid'])
        self.loaded('mid', 1, ['top'])
        self.loaded('top')
        self.assertEqual(self.modprobe('-n', '-v', '-r', 'top', status=0).lines(), ['rmmod top', 'rmmod mid', 'rmmod base'])
        self.assertEqual(self.modprobe('-n', '-v', '-r', 'mid', 'top', status=0).lines(), ['rmmod top', 'rmmod mid', 'rmmod base'])

    def test_in_use(self):
        self.all_loaded()
        for args in (['mid'], ['base']):
            ours = self.compare('-n', '-v', '-r', *args)
            self.assertEqual((ours.status, ours.out), (1, ''))
            self.assert_said(ours, 'Module %s is in use' % args[0], *{'mid': ['top'], 'base': ['top', 'mid', 'other']}[args[0]])
        self.loaded('lone', 2)
        self.assert_said(self.compare('-n', '-v', '-r', 'lone'), 'Module lone is in use')

    def test_holders(self):
        self.all_loaded()
        for option in ('--remove-holders', '--remove-dependencies'):
            for name in ('mid', 'top', 'base'):
                ours = self.modprobe('-n', '-v', option, name, status=0)
                words = ours.lines()
                self.assertEqual(len(words), len(set(words)))
                self.assertIn('rmmod ' + name, words)
                for user, used in (('top', 'mid'), ('mid', 'base'), ('top', 'base'), ('other', 'base')):
                    if 'rmmod ' + used in words:
                        self.assertLess(words.index('rmmod ' + user), words.index('rmmod ' + used), words)
        self.assertEqual(set(self.modprobe('-n', '-v', '--remove-holders', 'base').lines()),
                         {'rmmod ' + name for name in ('top', 'mid', 'other', 'base')})
        self.loaded('top', 1)       # not a module: an open device, say
        ours = self.modprobe('-n', '-v', '--remove-holders', 'base', status=1)
        self.assert_said(ours, 'top is in use')
        self.assertNotIn('rmmod base', ours.lines())

    def test_not_loaded(self):
        os.makedirs('/sys/module/inside')
        for name in ('top', 'base', 'inside', 'of:x', 'nosuch'):
            for options in (['-r'], ['-r', '--first-time'], ['-r', '-q']):
                with self.subTest((options, name)):
                    ours = self.compare('-n', '-v', *options, name)
                    self.assertEqual(ours.out, '')

    def test_unload_commands(self):
        self.all_loaded()
        self.loaded('top', 1)
        self.conf('remove other echo bye $CMDLINE_OPTS\nremove nomodule echo nothing\n')
        for args in (['other'], ['-i', 'other'], ['nomodule']):
            self.compare('-n', '-v', '-r', *args)

    def test_captured_system(self):
        """--sysroot finds all of it below one directory"""
        root, answers = os.path.join(self.scratch, 'root'), self.kmod('-R', 'of:oo').lines()
        self.assertEqual(sorted(answers), ['other', 'top'])
        os.makedirs(root + '/lib')
        os.rename(os.path.join(self.base, 'lib/modules'), root + '/lib/modules')
        for path, text in (('proc/cmdline', 'top.a=1\n'), ('proc/sys/kernel/osrelease', VERSION + '\n'),
                           ('etc/modprobe.d/a.conf', 'options top b=2\n'), ('lib/modprobe.d/a.conf', 'options top never=2\n'),
                           ('usr/local/lib/modprobe.d/b.conf', 'options top c=3\n'), ('run/modprobe.d/c.conf', 'blacklist other\n'),
                           ('sys/module/mid/initstate', 'live\n'), ('sys/module/mid/refcnt', '0\n'), ('sys/module/base/initstate', 'live\n'),
                           ('sys/module/base/refcnt', '1\n'), ('sys/module/base/holders/mid/x', '')):
            self.write(os.path.join(root, path), text)
        self.conf('options top never=1\n')
        ours = self.modprobe('--sysroot', root, '-S', VERSION, '-n', '-v', 'top', is_raw=True, status=0)
        self.assertEqual(ours.lines(), ['insmod %s/lib/modules/%s/kernel/top.ko b=2 c=3 a=1' % (root, VERSION)])
        ours = self.modprobe('--sysroot', root, '-n', '-v', 'top', is_raw=True, status=0)
        self.assertEqual(len(ours.lines()), 1, 'the release is that of the captured system')
        ours = self.modprobe('--sysroot', root, '-n', '-v', '-r', 'mid', is_raw=True, status=0)
        self.assertEqual(ours.lines(), ['rmmod mid', 'rmmod base'])
        self.assertEqual(self.modprobe('--sysroot', root, '-R', 'of:oo', is_raw=True).lines(), answers)
        self.assertEqual(self.modprobe('--sysroot', root, '-n', '-v', 'of:o', is_raw=True, status=0).modules(), [('insmod', 'top')])


if __name__ == '__main__':
    modprobecase.enter_namespace()
    tap.main()
