#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hostile requests, rules and indexes: said with the place, and everything else goes on.

Nothing of it becomes a command, an option or a path; commands that are hit leave a file that no test
may find. The numbers are those of the incumbent's faults in the list of known ones ("5.1").
"""

import os
import random
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import indexbin  # noqa: E402
import modprobecase  # noqa: E402
import tap  # noqa: E402
from modprobecase import VERSION, Case  # noqa: E402

CONF = '/etc/modprobe.d/a.conf'
INDEXES = ('dep', 'alias', 'symbols', 'builtin', 'builtin.alias')


class BadCase(Case):
    def setUp(self):
        super().setUp()
        self.tree({'base': [], 'mid': ['base'], 'top': ['mid', 'base'], 'lone': []}, builtin=['inside'],
                  aliases=[('mid', 'of:x*'), ('top', 'of:t*'), ('lone', 'of:t*')], softdeps=[('lone', 'post: top')])
        self.hit = os.path.join(self.scratch, 'hit')
        self.addCleanup(lambda: self.assertFalse(os.path.exists(self.hit), 'a command was run'))

    def planned(self, *args, status=0, **kwargs):
        return [name for _, name in self.modprobe('-n', '-v', *args, status=status, **kwargs).modules()]


class Requests(BadCase):
    def test_hostile_names(self):
        """neither found nor harmful, whatever is asked of them"""
        self.write('base/lib/modules/evil.ko', '')
        names = ['$(touch HIT)', '`touch HIT`', ';touch HIT', '|touch HIT', 'a;touch HIT', "';touch HIT;'", '"', "'", '\\', '%s%s%n', '*', '?', '[',
                 ']', '[]', '[a', 'a]', '[[]', '[!a]', 'of:*', '../evil', '../../modules/evil', 'kernel/top', '..', '.', 'a\nb', '\n', '\t', ' ', '',
                 'a b', '\x7f', '\udcff\udcfe', '\u00fc', '-', '--', '-r', '-C/x', '--config=x', '--sysroot', 'x' * 10240, 'of:' + 'x' * 10240,
                 '[' * 5000, '*' * 4000, '_' * 4096, 'symbol:', 'symbol:../x', ':', 'x:', 'modules.dep', '\x01', 'top.ko', 'top.ko.xz', '~', '$HOME']
        for name in names:
            name = name.replace('HIT', self.hit)
            for options in (['-n'], ['-n', '-v'], ['-D'], ['-R'], ['-n', '-r'], ['-n', '-a'], ['-q', '-n'], ['--show-modversions'], ['-n', '-r', '-a']):
                result = self.modprobe(*options, '--', name)
                if name != 'of:*':
                    self.assertEqual((result.status, result.out), (1, ''), (options, name[:80]))
                self.assertLessEqual(result.err.count('\n'), 2, 'one line of its own')
                self.assertNotIn('\x7f', result.err)

    def test_hostile_paths(self):
        for path in ('/', '/.ko', './', './.ko', '/dev/null', '/dev/zero', '/dev/full', self.scratch, './..', './../', '/' + 'x' * 5000, '/a\nb.ko', '/\udcff.ko',
                     './-.ko', '/tmp/../top.ko.', '/dev/stdin', './$(touch %s).ko' % self.hit.replace('/', '\\057')):
            for options in (['-n'], [], ['-D'], ['-r'], ['--show-exports'], ['-R']):
                result = self.modprobe(*options, '--', path, status=1)
                self.assertEqual(result.out, '', (options, path))
                self.assertTrue(result.err, (options, path))

    def test_hostile_parameters_stay_parameters(self):
        for word in ('a=$(touch HIT)', '`touch HIT`', ';touch HIT', 'a="', 'a="b" c"', "a='", '\n', 'a\ninsmod /x', '=', '==', 'x' * 20000, '\udcff=1', '-C', '--', '-r'):
            word = word.replace('HIT', self.hit)
            result = self.modprobe('-n', '-v', '--', 'lone', word, status=0)
            self.assertEqual([name for _, name in result.modules()], ['lone', 'base', 'mid', 'top'], 'a line each')

    def test_options_behind_the_name(self):
        """getopt's two dashes end the options; behind them, all is words"""
        self.assertEqual(self.planned('--', 'lone', '-r', '--help', '-C', '/x'), ['lone', 'base', 'mid', 'top'])
        self.modprobe('-q', '-n', '--', '-h', status=1)
        self.modprobe('-q', '-n', '--', '--version', status=1)

    def test_environment(self):
        """garbage is no option, or an error; nothing else happens"""
        for text in ('-', '--', '"', "'", '\\', '$(touch HIT)', '`touch HIT`', ';touch HIT', '-C', '-C $(touch HIT)', '--nosuch', 'x' * 100000, '\n\t ', '-' * 5000,
                     '-n ' * 5000, '" " ' * 100, '\udcff', '-w', '-w x', '-w 99999999999999999999', '-w -1', '-d', '-S', '-S ../..', '-S /etc', '-d \x01'):
            result = self.modprobe('-n', '-v', 'lone', env={'MODPROBE_OPTIONS': text.replace('HIT', self.hit)})
            if result.status == 1:
                self.assertTrue(result.err, text[:80])

    def test_bad_numbers(self):
        for text in ('', 'x', '-1', '1x', ' 1', '99999999999999999999', '0x', '1e3', '+1', '4294967296'):
            result = self.modprobe('-n', '-r', '-w', text, 'lone', status=1)
            self.assertTrue(result.err, text)
        self.modprobe('-n', '-r', '-w', '0x10', 'lone', status=0)

    def test_roots_that_are_none(self):
        for args in (['-S', '../../..'], ['-S', ''], ['-S', 'x' * 5000], ['-d', self.path('top')], ['--sysroot', '/nosuch'], ['--sysroot', self.path('top')],
                     ['-d', 'x' * 5000], ['-S', 'a\nb']):
            result = self.modprobe(*args, '-n', 'top', status=1)
            self.assertTrue(result.err)
        root = os.path.join(self.scratch, 'root')
        os.makedirs(root + '/lib')
        os.symlink(os.path.dirname(self.folder), root + '/lib/modules')
        for text in ('../../..', '', '/', '.', '..', 'a/b', 'a\0b', 'x' * 300, '\n\n', '../modules/' + VERSION, './' + VERSION, VERSION + '\0', VERSION + '/.', 'x/' + VERSION):
            self.write(root + '/proc/sys/kernel/osrelease', text + '\n')
            self.assertTrue(self.modprobe('--sysroot', root, '-n', 'top', is_raw=True, status=1).err)


class Lines(BadCase):
    def test_bytes_and_lengths(self):
        """each bad line is named; the others count"""
        lines = ['options lone a=1', 'options lone n\0ul=1', 'options lone ' + 'x' * 2000000, 'options lone b=2\r', 'nonsense', 'alias a[b lone', 'alias',
                 'options ' + 'y' * 5000 + ' z=1', 'alias \udcff lone', '\x01', 'softdep', 'install lone', 'blacklist', 'mask', 'allow', 'remove x',
                 'alias ' + 'w' * 5000 + ' lone', 'options lone c=3']
        self.conf('\n'.join(lines))
        result = self.modprobe('-n', '-v', 'lone', status=0)
        self.assertIn('lone.ko a=1 b=2 c=3', ' '.join(result.out.splitlines()[0].split()))
        for number in (2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17):
            self.assert_said(result, '%s:%d:' % (CONF, number))
        self.assertLess(len(result.err), 20000)

    def test_many_lines(self):
        self.conf(''.join('options m%d a=%d\nalias al%d:* m%d\n' % (i, i, i, i) for i in range(50000)) + 'options lone last=1')
        self.assertIn('lone.ko last=1', self.modprobe('-n', '-v', 'lone', status=0).out)
        self.assertEqual(self.modprobe('-R', 'al49999:x', status=0).lines(), ['m49999'])

    def test_many_bad_lines(self):
        self.conf('nonsense\n' * 100000 + 'options lone last=1')
        result = self.modprobe('-n', '-v', 'lone', status=0)
        self.assertIn('lone.ko last=1', result.out)
        self.assert_said(result, CONF + ':1:')

    def test_joined_for_ever(self):
        self.conf('options lone a=1 \\\n' * 100000 + 'b=2\noptions lone c=3\n')
        self.modprobe('-n', '-v', 'lone', status=0)

    def test_random_bytes(self):
        seed = random.randrange(2 ** 32)
        print('# seed', seed)
        rng = random.Random(seed)
        words = [b'options', b'alias', b'softdep', b'install', b'remove', b'blacklist', b'mask', b'allow', b'lone', b'top', b'*', b'[', b']', b'pre:', b'post:',
                 b' ', b' ', b' ', b'\t', b'\n', b'\n', b'\\', b'\\\n', b'\r\n', b'"', b"'", b'\0', b'#', b'\xff', b'=', b'x' * 300, b'$CMDLINE_OPTS']
        for _ in range(60):
            self.conf(b''.join(rng.choice(words) for _ in range(rng.randrange(400))))
            self.cmdline(b''.join(rng.choice(words + [b'lone.', b'.', b'modprobe.blacklist=', b',']) for _ in range(rng.randrange(200))))
            for options in (['-n', '-v'], ['-D', '-b'], ['-c'], ['-n', '-r']):
                self.modprobe(*options, 'lone')

    def test_patterns_that_take_long(self):
        self.conf('alias %s lone\n' % ('*a' * 1000) * 50)
        self.modprobe('-n', 'a' * 3000 + 'b', status=1)
        self.conf('softdep %s pre: top\nmask %s\n' % ('*o' * 500, '*x' * 500) * 50)
        self.modprobe('-n', 'lone', status=0)

    def test_softdeps_without_end(self):
        n = 2000
        self.conf(''.join('softdep g%d pre: g%d g%d post: g%d\ninstall g%d true\n' % (i, (i + 1) % n, (i * 7) % n, (i * 13) % n, i) for i in range(n)))
        planned = self.planned('g0')
        self.assertEqual((len(planned), planned), (n, planned))
        self.conf(''.join('softdep * pre: g%d\ninstall g%d true\n' % (i, i) for i in range(150)))
        self.assertEqual(len(self.planned('lone')), 4 + 150)

    def test_conflicts_with_everything(self):
        """one word of many lines is looked up once; of many words too many answers are told, and the others count"""
        many = ['m%d' % i for i in range(1000)]
        self.tree({'lone': [], 'first': [], **{name: [] for name in many}}, aliases=[(name, 'x*') for name in many])
        self.conf('conflict lone first\n' + ''.join('conflict xx y%d\n' % i for i in range(20000)))
        result = self.modprobe('-n', '-v', 'm7', status=0)
        self.assertEqual(([name for _, name in result.modules()], result.err), (['m7'], ''))
        self.conf('conflict lone first\n' + ''.join('conflict m7 x%d\n' % i for i in range(1100)))
        result = self.modprobe('-n', '-v', '-a', 'm7', 'm8', status=1)
        self.assert_said(result, CONF + ':1051:', 'conflict', 'answers')
        self.assertEqual(result.err.count('answers'), 1)
        self.assert_said(self.modprobe('-n', '-a', 'lone', 'first', status=1), 'lone', 'first', CONF + ':1')

    def test_odd_files(self):
        """what is no file is said, and not waited for"""
        os.makedirs('/etc/modprobe.d/dir.conf')
        os.mkfifo('/etc/modprobe.d/fifo.conf')
        os.symlink('nowhere', '/etc/modprobe.d/dangling.conf')
        os.symlink('loop.conf', '/etc/modprobe.d/loop.conf')
        os.symlink('/dev/zero', '/etc/modprobe.d/zero.conf')
        self.conf('options lone a=1\n', name='z.conf')
        result = self.modprobe('-n', '-v', 'lone', status=0)
        self.assertIn('lone.ko a=1', result.out)
        for name in ('dir', 'fifo', 'dangling', 'loop', 'zero'):
            self.assert_said(result, '/etc/modprobe.d/%s.conf: cannot read' % name)
        for path in ('/etc/modprobe.d/fifo.conf', '/nosuch', '/dev/zero'):
            self.assert_said(self.modprobe('-C', path, '-n', 'lone', status=0), path + ': cannot read')

    def test_names_of_files(self):
        self.conf('nonsense\n', name='new\nline.conf')
        self.conf('nonsense\n', name='$(touch hit).conf')
        result = self.modprobe('-n', 'lone', status=0)
        self.assert_said(result, 'new\\x0aline.conf:1:')
        self.assert_said(result, '$(touch hit).conf:1:')

    def test_kernel_command_line(self):
        for text in ('"', 'lone."', 'lone.a="', 'lone.a="b c', '=', '.', '..', 'lone.=', 'lone.a=' + 'x' * 100000, '.a=1', 'modprobe.blacklist=', 'modprobe.blacklist=,,,',
                     'modprobe.blacklist=' + 'x' * 5000, 'a\0lone.b=1', 'lone.a=\udcff', '../x.a=1', 'lone.$(touch HIT)=1', 'lone.a=`touch HIT`', 'modprobe.blacklist=*'):
            self.cmdline(text.replace('HIT', self.hit).encode(errors='surrogateescape'))
            self.assertEqual(self.planned('lone'), ['lone', 'base', 'mid', 'top'])
            self.assertEqual(self.planned('of:x'), ['base', 'mid'])


class Indexes(BadCase):
    def index(self, name):
        return os.path.join(self.folder, 'modules.%s.bin' % name)

    def content(self, name):
        with open(self.index(name), 'rb') as file:
            return file.read()

    def check_others(self, broken):
        """what the other files answer is as before; modules.dep goes first, so all hangs on it"""
        if broken != 'dep':
            self.assertEqual(self.planned('top'), ['base', 'mid', 'top'])
        if broken != 'alias':
            self.assertEqual(self.modprobe('-R', 'of:x', status=0).lines(), ['mid'])
        if broken != 'symbols':
            self.assertEqual(self.modprobe('-R', 'symbol:fn_mid', status=0).lines(), ['mid'])
        if broken != 'builtin':
            self.modprobe('-n', 'inside', status=0)

    def test_one_after_the_other(self):
        """5.1 number 9: empty, cut, of another kind, or leading to itself: said with file and offset"""
        requests = {'dep': 'top', 'alias': 'of:x', 'symbols': 'symbol:fn_mid', 'builtin': 'inside', 'builtin.alias': 'nosuch'}
        results = {name: self.modprobe('-n', '-v', request) for name, request in requests.items()}
        before = {name: (result.status, result.out) for name, result in results.items()}
        for name in INDEXES:
            good = self.content(name)
            loop = bytearray(good)
            loop[8:12] = struct.pack('>I', indexbin.CHILDS | len(good))
            loop += struct.pack('>BB128I', 0, 127, *[indexbin.CHILDS | len(good)] * 128)
            for kind, data in (('empty', b''), ('header', good[:11]), ('cut', good[:-3]), ('magic', b'\0' + good[1:]), ('version', good[:5] + b'\7' + good[6:]),
                               ('root', good[:8] + b'\xff\xff\xff\xff'), ('loop', bytes(loop)), ('noise', b'\xaa' * 4096)):
                with self.subTest((name, kind)):
                    self.write(self.index(name), data)
                    self.check_others(name)
                    result = self.modprobe('-n', '-v', requests[name])
                    if kind == 'cut':       # behind what is asked for, maybe
                        is_said = self.index(name) in result.err or (result.status, result.out) == before[name]
                        self.assertTrue(is_said, (result.out, result.err))
                    elif kind != 'empty' or 'builtin' not in name:   # as the incumbent makes those
                        self.assert_said(result, 'WARNING', self.index(name), 'offset')
                        self.assertEqual((result.status, result.out), (1, ''))
                    self.modprobe('-c')
            self.write(self.index(name), good)
        self.assertEqual(self.modprobe('-n', '-v', 'nosuch', status=1).err.count('WARNING'), 0)

    def test_missing_files(self):
        for name in INDEXES:
            os.rename(self.index(name), self.index(name) + '~')
            self.check_others(name)
            self.modprobe('-n', 'nosuch', status=1)
            os.rename(self.index(name) + '~', self.index(name))

    def test_files_of_another_kind(self):
        for name in INDEXES:
            os.rename(self.index(name), self.index(name) + '~')
            for make in (os.makedirs, os.mkfifo):
                make(self.index(name))
                self.check_others(name)
                self.assert_said(self.modprobe('-n', 'nosuch' if name != 'symbols' else 'symbol:x', status=1), self.index(name))
                (os.rmdir if make is os.makedirs else os.unlink)(self.index(name))
            os.rename(self.index(name) + '~', self.index(name))

    def test_random_damage(self):
        """ends, and well, whatever byte is another"""
        seed = random.randrange(2 ** 32)
        print('# seed', seed)
        rng = random.Random(seed)
        for name in INDEXES[:4]:
            good = self.content(name)
            for _ in range(25):
                data = bytearray(good)
                for _ in range(rng.randrange(1, 4)):
                    data[rng.randrange(len(data))] = rng.choice((0, 0x7f, 0x80, 0xff, rng.randrange(256)))
                self.write(self.index(name), bytes(data))
                self.modprobe('-n', '-v', 'top', 'a=1')
                self.modprobe('-R', '-a', 'of:x', 'symbol:fn_mid', 'inside')
            self.write(self.index(name), good)

    def test_hostile_dependencies(self):
        """lines of modules.dep.bin that lead out, to themselves, or nowhere"""
        def line(text):
            data = struct.pack('>3I', indexbin.MAGIC, indexbin.VERSION, 12 | indexbin.PREFIX | indexbin.VALUES)
            self.write(self.index('dep'), data + b'top\0' + struct.pack('>2I', 1, 0) + text + b'\0')
        for text in (b'kernel/top.ko: kernel/top.ko', b'kernel/top.ko: kernel/nosuch.ko', b'kernel/nosuch.ko:', b'kernel/top.ko', b'', b':', b'kernel/top.ko:  ',
                     b'../../../../../../etc/passwd: kernel/mid.ko', b'/dev/zero:', b'kernel/top.ko: /dev/null', b'kernel/top.ko: ' + b'kernel/x.ko ' * 20000,
                     b'$(touch hit).ko:', b'-r:', b'kernel/top.ko: -C', b'kernel/top.ko: .. . / //', b'\x01: \x02', b'kernel/lone.ko:'):
            with self.subTest(text[:60]):
                line(text)
                for options in (['-n', '-v'], [], ['-D'], ['-R'], ['-n', '-r']):
                    result = self.modprobe(*options, 'top')
                    if result.status:
                        self.assertTrue(result.err)
        line(b'kernel/top.ko: kernel/nosuch.ko')
        self.assert_said(self.modprobe('-n', 'top', status=1), self.path('nosuch'))

    def test_tags(self):
        """modules.softdep: only what modules may say of themselves"""
        self.write(os.path.join(self.folder, 'modules.softdep'),
                   'install lone touch %s\nsoftdep * pre: top\nsoftdep lone pre: mid\nmask lone\noptions lone a=1\nn\0ul\nsoftdep\n' % self.hit)
        result = self.modprobe('-n', '-v', 'lone', status=0)
        self.assertEqual([name for _, name in result.modules()], ['base', 'mid', 'lone'])
        for number in (1, 2, 4, 5, 6):
            self.assert_said(result, 'modules.softdep:%d:' % number)
        self.assertEqual(self.planned('mid'), ['base', 'mid'])


class States(BadCase):
    def test_hostile_attributes(self):
        """of /sys/module in a captured system"""
        for state in ('', '\n', 'dead\n', 'live', 'live\nlive\n', 'x' * 5000, '\0', 'coming\n\n'):
            for users in ('', '-1\n', '99999999999999999999\n', 'x', '1', '1 2', '\0'):
                self.write('/sys/module/mid/initstate', state)
                self.write('/sys/module/mid/refcnt', users)
                os.makedirs('/sys/module/mid/holders/$(touch x)', exist_ok=True)
                self.modprobe('-n', '-v', 'top')
                self.modprobe('-n', '-v', '-r', 'mid')
                self.modprobe('-n', '-v', '--remove-holders', 'mid')

    def test_holders_without_end(self):
        for name, holder in (('base', 'mid'), ('mid', 'top'), ('top', 'base')):
            self.loaded(name, 1, [holder])
        for args in (['-r', 'top'], ['--remove-holders', 'top'], ['-r', 'base', 'mid', 'top']):
            self.modprobe('-n', '-v', *args)
        self.loaded('lone', 1, ['lone'])
        self.modprobe('-n', '-v', '--remove-holders', 'lone')


if __name__ == '__main__':
    modprobecase.enter_namespace()
    tap.main()
