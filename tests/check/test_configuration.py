#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lines of modprobe.d and depmod.d, and the kernel's command line: those that do nothing, or not what was meant."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

from declared import DeclaredCase  # noqa: E402
from planted import module  # noqa: E402
import tap  # noqa: E402


class Names(DeclaredCase):
    def test_each_directive(self):
        lines = ['blacklist gone', 'options lost a=1', 'install gone /bin/true', 'remove gone /bin/true',
                 'softdep gone pre: user', 'softdep gone', 'weakdep gone user', 'harddep gone user',
                 'conflict gone user', 'mask gone', 'allow gone*']
        self.system.modprobe_d['x.conf'] = '\n'.join(lines) + '\n'
        self.assertEqual({(line, what) for rule, _, _, _, line, what in self.found() if rule == 'MS503'},
                         {(number, line.split()[1]) for number, line in enumerate(lines, 1)})
        self.assertEqual({x['rule'] for x in self.result.findings}, {'MS503'})

    def test_names_that_are_there(self):
        """modules, also those that are left out or damaged; patterns; aliases where they count"""
        self.add('left', uses=[('of_right', 1)]).export('of_left', crc=1)
        self.add('right', uses=[('of_left', 1)]).export('of_right', crc=1)
        self.add('aliased', 'alias=service', 'parm=depth:how deep')
        self.system.modules['drivers/torn.ko'] = b'\x7fELF torn'
        self.system.modprobe_d['x.conf'] = '''
            blacklist left
            mask torn
            blacklist torn
            softdep ri?ht pre: user
            mask use[a-r]
            options service depth=1
            install service /bin/true
            install inside /bin/true
            conflict service inside
            allow *
            softdep torn pre: user
        '''.replace('            ', '')
        self.assertEqual([x for x in self.found() if x[0] in ('MS503', 'MS505')], [])

    def test_built_in(self):
        """where a line does nothing to what is built in"""
        self.system.modprobe_d['x.conf'] = 'blacklist inside\nmask insid?\noptions inside a=1\nsoftdep inside pre: user\n'
        self.system.depmod_d['y.conf'] = 'harddep inside user\n'
        self.finds('MS503 note - x.conf:1 inside',
                   'MS503 note - x.conf:2 insid?',
                   'MS503 note - x.conf:3 inside',
                   'MS503 note - x.conf:4 inside',
                   'MS503 note - y.conf:1 inside')
        self.assertTrue(all('built into' in x['message'] for x in self.result.findings))

    def test_surely_mistaken(self):
        self.system.modprobe_d['x.conf'] = 'blacklist use*\nblacklist user.ko\nmask drivers/user\n'
        self.finds('MS503 warning - x.conf:1 use*',
                   'MS503 warning - x.conf:2 user.ko',
                   'MS503 warning - x.conf:3 drivers/user')

    def test_depmod_d(self):
        self.system.depmod_d['x.conf'] = ('harddep gone user\noverride user * extra\noverride gone * extra\n'
                                          'override lost ^5 extra\n')
        self.finds('MS503 note - x.conf:1 gone',
                   'MS503 note - x.conf:3 gone')

    def test_aliases(self):
        self.system.modprobe_d['x.conf'] = ('alias a user\nalias b inside\nalias c off\nalias d gone\nalias e command\n'
                                            'alias f a\ninstall command /bin/true\n')
        self.assertEqual({x for x in self.found() if x[0] == 'MS504'}, {('MS504', 'note', None, 'x.conf', 4, 'gone'),
                                                                        ('MS504', 'note', None, 'x.conf', 6, 'a')})

    def test_bad_lines(self):
        """of both folders; each with its file and line, and none of them on standard error"""
        self.system.modprobe_d['x.conf'] = '\n\nbogus line\noptions user\nconfig old\nharddep user user\n'
        self.system.depmod_d['y.conf'] = 'nonsense\noverride user (5 extra\nmake_map_files no\n'
        self.assertEqual({x[:5] for x in self.found()}, {
            ('MS501', 'warning', None, 'x.conf', 3), ('MS501', 'warning', None, 'x.conf', 4),
            ('MS502', 'note', None, 'x.conf', 5), ('MS501', 'warning', None, 'x.conf', 6),
            ('MS501', 'warning', None, 'y.conf', 1), ('MS501', 'warning', None, 'y.conf', 2),
            ('MS502', 'note', None, 'y.conf', 3)})
        self.assertEqual(self.result.stderr, '')


class Options(DeclaredCase):
    def test_parameters(self):
        """told of by either tag, spelt either way; those that the kernel takes for all; by an alias"""
        made = self.add('rich', 'parm=de-pth:how deep', 'parmtype=size_max:uint', 'alias=service')
        made.modinfo('parm', 'no colon')
        self.add('poor', 'alias=service')
        self.system.modprobe_d['x.conf'] = ('options rich de_pth=1 size-max=2 dyndbg=+p async_probe async_probe=1 '
                                            'gone lost="a b"\n'
                                            'options service de_pth=1 gone\noptions poor de_pth=1 a.b=2\n')
        self.assertEqual({x[2:] for x in self.found() if x[0] == 'MS505'}, {
            ('rich', 'x.conf', 1, 'gone'), ('rich', 'x.conf', 1, 'lost'),
            ('poor', 'x.conf', 3, 'de_pth'), ('poor', 'x.conf', 3, 'a.b'),
            (self.first_of_service(), 'x.conf', 2, 'gone')})

    def first_of_service(self):
        return [x['module'] for x in self.result.findings if x['line'] == 2 and x['rule'] == 'MS505'][0]

    def test_twice(self):
        self.system.modprobe_d = {'a.conf': 'options user debug=1 debug=2\noptions user debug=2\n',
                                  'b.conf': 'options user debug=3\n'}
        self.system.put('proc/cmdline', 'user.debug=4\n')
        self.finds('MS506 note user a.conf:1 debug',
                   'MS506 note user a.conf:2 debug',
                   'MS506 note user b.conf:1 debug')

    def test_command_line(self):
        """of modules, and of what is built in; not of a kernel that did not run"""
        self.system.builtin_modinfo += [('inside', 'parmtype', 'level:int'), ('inside', 'parm', 'other:text')]
        self.system.put('proc/cmdline', 'user.debug=1 user.gone=1 inside.level=2 inside.other inside.lost=1 nobody.a=1 '
                        'a.b.c=1 quiet modprobe.blacklist=nobody -- user.late=1\n')
        self.finds('MS505 warning user cmdline gone',
                   'MS505 warning inside cmdline lost')
        self.system.put('proc/sys/kernel/osrelease', '6.1.0-other\n')
        self.assertEqual(self.system.check('--json', '-k', self.system.version).findings, [])

    def test_refused_values(self):
        self.add('typed', 'parmtype=on:bool', 'parmtype=n:ushort', 'parmtype=own:strange', 'parmtype=text:charp')
        self.system.modprobe_d['x.conf'] = ('options typed on=y n=65535 own=x text=a\noptions typed on=perhaps\n'
                                            'options typed n=65536\n')
        found = {x for x in self.found() if x[0] != 'MS506'}
        self.assertEqual(found, {('MS507', 'error', 'typed', 'x.conf', 2, 'on'), ('MS507', 'error', 'typed', 'x.conf', 3, 'n')})
        self.system.modprobe_d['y.conf'] = 'install typed /bin/true\n'
        self.assertEqual({x[1] for x in self.found() if x[0] == 'MS507'}, {'warning'})

    def test_too_many_to_look_up(self):
        """of names of thousands of bytes, or modules with one alias: said, in bounded time and memory"""
        self.add('rich', 'parm=a:x')
        line = 'options %s ' % ('n' * 4000) + ' '.join('p%u=1' % number for number in range(7500)) + '\n'
        self.system.modprobe_d['x.conf'] = 'options rich gone\n' + line * 3
        found = self.found()
        self.assertIn(('MS505', 'warning', 'rich', 'x.conf', 1, 'gone'), found)
        self.assertEqual({x['rule'] for x in self.result.json['not_run'] if 'too many options' in x['why']}, {'MS506'})


class Places(DeclaredCase):
    def test_given_files(self):
        """-C is in place of modprobe.d, below --sysroot or not; depmod.d stays that of the system"""
        self.system.modprobe_d['x.conf'] = 'blacklist gone\n'
        self.system.depmod_d['y.conf'] = 'harddep lost user\n'
        self.system.put('given.conf', 'mask gone\n')
        self.assertEqual({x[3] for x in self.found('-C', self.system.path('given.conf'))}, {'given.conf', 'y.conf'})

    def test_hostile_configuration(self):
        """ten thousand modules would be as bad: patterns on all names, and a word each"""
        for number in range(300):
            self.add('m%03u' % number)
        count = 20000
        self.system.modprobe_d['x.conf'] = ''.join(
            'softdep *%u*m* pre: gone%u post: lost%u\nmask *x%uy*z\noptions user p%u=1\nalias a%u gone%u\n' % ((n,) * 7)
            for n in range(count))
        found = self.found()
        self.assertEqual(len([x for x in found if x[0] == 'MS505']), count)
        self.assertIn('MS503', [x['rule'] for x in self.result.json['not_run']])

    def test_module_with_many_words(self):
        words = ' '.join('w%u' % number for number in range(20000))
        made = module('many').use('kfree', crc=0x12)
        made.modinfo('softdep', 'pre: ' + words).modinfo('weakdep', words).modinfo('harddep', words)
        for number in range(20000):
            made.modinfo('parm', 'p%u:x' % number)
        self.system.modules['drivers/many.ko'] = made
        self.system.modprobe_d['x.conf'] = 'options many %s gone\n' % ' '.join(
            'p%u=1' % number for number in range(1, 4000, 2))
        found = self.found()
        self.assertEqual({x[5] for x in found if x[0] == 'MS505'}, {'gone'})
        self.assertEqual(len([x for x in found if x[0] == 'MS302']), 20000)


if __name__ == '__main__':
    tap.main()
