#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cycles and broken files: said with file and reason, left out, and everything else is indexed.

The numbers are those of the incumbent's faults in the list of known ones ("5.1").
"""
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'golden'))
import tap  # noqa: E402
from depmodcase import VERSION, TreeCase  # noqa: E402
from mkmod import Module, compressed  # noqa: E402

FINE = {'kernel/fine.ko': Module().export('fine_fn', crc=1).modinfo('alias', 'fine:*'),
        'kernel/user.ko': Module().use('fine_fn', crc=1)}
FINE_LINES = [b'kernel/fine.ko:', b'kernel/user.ko: kernel/fine.ko']


class BadCase(TreeCase):
    def index(self, files, *options, status=0):
        """run depmod over these and the two fine modules; the fine ones must be there"""
        self.tree({**FINE, **files}, order=None)
        result = self.depmod('-b', self.base, '-o', self.out, *options, VERSION)
        self.assertEqual(result.returncode, status, result.stderr)
        with open(os.path.join(self.out, 'lib/modules', VERSION, 'modules.dep'), 'rb') as file:
            self.lines = sorted(file.read().splitlines())
        for line in FINE_LINES:
            self.assertIn(line, self.lines)
        self.others = [line for line in self.lines if line not in FINE_LINES]
        return result.stderr

    def assert_said(self, stderr, *words):
        """one line of stderr holds all of these"""
        for line in stderr.splitlines():
            if all(word in line for word in words):
                return
        self.fail('no line with %r in %s' % (words, stderr.decode(errors='replace')))


class Cycles(BadCase):
    def test_two_with_common_dependencies(self):
        """5.1 number 1: a <-> b, both in need of c1 to c10"""
        files = {'kernel/c%d.ko' % i: Module().export('c%d' % i, crc=1) for i in range(1, 11)}
        a, b = Module().export('fa', crc=1).use('fb'), Module().export('fb', crc=1).use('fa')
        for i in range(1, 11):
            a.use('c%d' % i)
            b.use('c%d' % i)
        stderr = self.index({**files, 'kernel/a.ko': a, 'kernel/b.ko': b})
        self.assertEqual(self.others, sorted(b'kernel/c%d.ko:' % i for i in range(1, 11)))
        self.assert_said(stderr, b'cycle', b'a -(fb)-> b -(fa)-> a')

    def test_one_cycle_leads_into_another(self):
        """5.1 number 2: p <-> q, p -> m -> x <-> y"""
        stderr = self.index({
            'kernel/p.ko': Module().export('p', crc=1).use('q').use('m'), 'kernel/q.ko': Module().export('q', crc=1).use('p'),
            'kernel/m.ko': Module().export('m', crc=1).use('x'),
            'kernel/x.ko': Module().export('x', crc=1).use('y'), 'kernel/y.ko': Module().export('y', crc=1).use('x')})
        self.assertEqual(self.others, [])
        self.assert_said(stderr, b'cycle', b'p -(q)-> q -(p)-> p')
        self.assert_said(stderr, b'cycle', b'x -(y)-> y -(x)-> x')
        self.assert_said(stderr, b'kernel/m.ko', b'symbol x')

    def test_unrelated_modules_stay(self):
        """5.1 number 3; what needs a member goes with it, at any distance; what a member needs stays"""
        stderr = self.index({
            'kernel/a.ko': Module().export('a', crc=1).use('b').use('below').modinfo('alias', 'cyclic:*'),
            'kernel/b.ko': Module().export('b', crc=1).use('a'),
            'kernel/above.ko': Module().export('above', crc=1).use('a'), 'kernel/top.ko': Module().use('above'),
            'kernel/weak.ko': Module().use('a', weak=True),
            'kernel/below.ko': Module().export('below', crc=1)})
        self.assertEqual(self.others, [b'kernel/below.ko:', b'kernel/weak.ko:'])
        self.assert_said(stderr, b'kernel/above.ko', b'symbol a', b'left out')
        self.assert_said(stderr, b'kernel/top.ko', b'symbol above', b'left out')
        self.assertNotIn(b'cyclic:', self.read('modules.alias'))
        self.assertNotIn(b'symbol:a\n', self.read('modules.symbols'))
        self.assertIn(b'alias fine:* fine\n', self.read('modules.alias'))

    def test_needs_itself(self):
        stderr = self.index({'kernel/s.ko': Module().export('own', crc=1).use('own')})
        self.assertEqual(self.others, [])
        self.assert_said(stderr, b'kernel/s.ko', b'own', b'left out')

    def test_weak_need_of_itself(self):
        self.assertEqual(self.index({'kernel/s.ko': Module().export('own', crc=1).use('own', weak=True)}).count(b'left out'), 0)
        self.assertEqual(self.others, [b'kernel/s.ko:'])

    def test_another_exporter_steps_in(self):
        """b needs fa, which a (in a cycle) and other export"""
        self.index({'kernel/a.ko': Module().export('fa', crc=1).use('fc'), 'kernel/c.ko': Module().export('fc', crc=1).use('fa2'),
                    'kernel/a2.ko': Module().export('fa2', crc=1).use('fc'),
                    'kernel/other.ko': Module().export('fa', crc=1), 'kernel/b.ko': Module().use('fa')})
        self.assertEqual(self.others, [b'kernel/b.ko: kernel/other.ko', b'kernel/other.ko:'])

    def test_long_cycle_and_long_chain(self):
        n = 3000
        files = {'kernel/l%d.ko' % i: Module().export('l%d' % i, crc=1).use('l%d' % ((i + 1) % n)) for i in range(n)}
        files.update({'kernel/t%d.ko' % i: Module().export('t%d' % i, crc=1).use('t%d' % (i + 1) if i < 300 else 'l0')
                      for i in range(301)})
        stderr = self.index(files)
        self.assertEqual(self.others, [])
        self.assert_said(stderr, b'cycle of 3000 modules')
        self.assert_said(stderr, b'kernel/t0.ko', b'symbol t1')


class Files(BadCase):
    def test_no_modules_at_all(self):
        """5.1 number 15: garbage and empty files are not listed"""
        stderr = self.index({'kernel/garbage.ko': b'\x00\xff' * 500, 'kernel/empty.ko': b'', 'kernel/text.ko': b'hello\n',
                             'kernel/script.ko': b'#!/bin/sh\n', 'kernel/cut.ko': Module().bytes()[:100],
                             'kernel/zero.ko': bytes(4096), 'kernel/empty.ko.xz': b''})
        self.assertEqual(self.others, [])
        for name, what in (('garbage', b''), ('empty', b'empty file'), ('text', b'text'), ('script', b'script'), ('zero', b'zero'),
                           ('cut', b'')):
            self.assert_said(stderr, b'kernel/%s.ko' % name.encode(), what)

    def test_damaged_compression(self):
        data = Module().export('z', crc=1).bytes()
        files = {}
        for extension in ('xz', 'gz', 'zst'):
            packed = bytearray(compressed('x.ko.' + extension, data))
            files['kernel/cut_%s.ko.%s' % (extension, extension)] = bytes(packed[:-9])
            packed[len(packed) // 2] ^= 0xff
            files['kernel/flip_%s.ko.%s' % (extension, extension)] = bytes(packed)
        stderr = self.index(files)
        self.assertEqual(self.others, [])
        for path in files:
            self.assert_said(stderr, path.encode(), b'offset')

    def test_hostile_section_name_index(self):
        """5.1 number 4"""
        data = bytearray(Module().bytes())
        data[62:64] = b'\xff\xfe'
        self.assert_said(self.index({'kernel/bad.ko': bytes(data)}), b'kernel/bad.ko', b'offset 62')
        self.assertEqual(self.others, [])

    def test_hostile_bytes(self):
        """a byte of 300 copies changed anywhere: the run is complete whatever it hits"""
        seed = random.randrange(2 ** 32)
        print('# seed', seed)
        rng = random.Random(seed)
        data = Module().export('h', crc=1, ns='NS').use('fine_fn', crc=1).modinfo('alias', 'h:*').livepatch().build_id().bytes()
        files = {}
        for i in range(300):
            copy = bytearray(data)
            for _ in range(rng.randrange(1, 4)):
                copy[rng.randrange(len(copy))] = rng.choice((0, 0x7f, 0x80, 0xff, rng.randrange(256)))
            files['kernel/h%d.ko' % i] = bytes(copy)
        self.index(files)

    def test_truncated_anywhere(self):
        data = Module().export('h', crc=1).use('fine_fn', crc=1).bytes()
        self.index({'kernel/h%d.ko' % n: data[:n] for n in range(0, len(data), 7)})
        self.assertEqual(self.others, [])

    def test_not_regular(self):
        self.tree({}, order=None)
        os.makedirs(os.path.join(self.folder, 'kernel/folder.ko'))
        os.mkfifo(os.path.join(self.folder, 'kernel/fifo.ko'))
        os.symlink('/dev/zero', os.path.join(self.folder, 'kernel/zero.ko'))
        os.symlink('..', os.path.join(self.folder, 'kernel/up'))
        self.assert_said(self.index({}), b'kernel/up', b'own folders')
        self.assertEqual(self.others, [])

    def test_links_with_a_path_for_every_choice(self):
        """31 folders, each but the last with two links to the next: 2^31 paths, no loop"""
        self.tree({}, order=None)
        for i in range(31):
            os.makedirs(os.path.join(self.folder, 'kernel/d%d' % i))
        for i in range(30):
            for name in ('a', 'b'):
                os.symlink('../d%d' % (i + 1), os.path.join(self.folder, 'kernel/d%d/%s' % (i, name)))
        stderr = self.index({'kernel/d30/deep.ko': Module()})
        self.assertEqual(self.others, [b'kernel/d30/deep.ko:'])
        self.assert_said(stderr, b'no link to a folder is followed')

    def test_too_deep(self):
        stderr = self.index({'d/' * 70 + 'deep.ko': Module()})
        self.assertEqual(self.others, [])
        self.assert_said(stderr, b'too many folders deep', b'left out')

    def test_names_that_no_line_can_hold(self):
        files = {'kernel/two words.ko': Module(), 'kernel/new\nline.ko': Module(), 'kernel/co:lon.ko': Module(),
                 'kernel/gr\u00fc\u00df.ko': Module(), 'kernel/dir with blank/x.ko': Module()}
        stderr = self.index(files)
        self.assertEqual(self.others, [])
        self.assertEqual(stderr.count(b'left out'), 5)
        self.assert_said(stderr, b'two words.ko')

    def test_unreadable_list(self):
        """modules.builtin that is a folder: no set is better than a wrong one"""
        self.tree(FINE, order=None)
        path = os.path.join(self.folder, 'modules.builtin')
        if os.path.exists(path):
            os.unlink(path)
        os.makedirs(path)
        result = self.depmod('-b', self.base, '-o', self.out, VERSION)
        self.assertEqual(result.returncode, 1)
        self.assert_said(result.stderr, b'modules.builtin')


class Texts(BadCase):
    def test_non_ascii_alias(self):
        """5.1 number 7"""
        stderr = self.index({'kernel/n.ko': Module().modinfo('alias', 'gr\u00fc\u00df').modinfo('alias', 'good:n')
                                                    .modinfo('softdep', 'pre: \u00fc').modinfo('softdep', 'pre: fine')})
        self.assertEqual(self.others, [b'kernel/n.ko:'])
        self.assert_said(stderr, b'kernel/n.ko', b'alias', b'left out')
        self.assertEqual([line for line in self.read('modules.alias').splitlines() if line.endswith(b' n')], [b'alias good:n n'])
        self.assertIn(b'\nsoftdep n pre: fine\n', self.read('modules.softdep'))
        self.assertNotIn(b'\xc3', self.read('modules.softdep') + self.read('modules.alias'))

    def test_no_line_from_inside_a_tag(self):
        self.index({'kernel/n.ko': Module().modinfo('alias', 'x n\nalias * evil').modinfo('softdep', 'pre: a\nsoftdep * post: evil')
                                           .modinfo('alias', 'devname:a\nevil').modinfo('alias', 'char-major-1-2')})
        for name in ('modules.alias', 'modules.softdep', 'modules.devname'):
            self.assertNotIn(b'evil', self.read(name))

    def test_unmatched_bracket(self):
        stderr = self.index({'kernel/n.ko': Module().modinfo('alias', 'of[ab').modinfo('alias', 'good]')})
        self.assert_said(stderr, b'kernel/n.ko', b'of[ab', b'bracket')

    def test_devname_without_numbers(self):
        stderr = self.index({'kernel/n.ko': Module().modinfo('alias', 'devname:loop-x').modinfo('alias', 'char-major-10-*')})
        self.assert_said(stderr, b'kernel/n.ko', b'loop-x')
        self.assertNotIn(b'loop-x', self.read('modules.devname'))

    def test_duplicate_names(self):
        """said with the file that is used; a rule of the configuration settles it in silence"""
        files = {'kernel/zz/twice.ko': Module().modinfo('alias', 'second'), 'kernel/aa/twice.ko': Module().modinfo('alias', 'first')}
        stderr = self.index(files)
        self.assertEqual(self.others, [b'kernel/aa/twice.ko:'])
        self.assert_said(stderr, b'kernel/zz/twice.ko', b'kernel/aa/twice.ko')
        stderr = self.index({**files, 'updates/twice.ko': Module()})
        self.assertEqual(self.others, [b'updates/twice.ko:'])
        self.assertNotIn(b'twice', stderr)


class Lists(BadCase):
    def test_bad_expression(self):
        """said with file and line, the other lines count"""
        self.config = self.write('depmod.d/bad.conf', '\noverride fine ( kernel\nexclude gone.ko\n')
        stderr = self.index({'kernel/gone.ko': Module()})
        self.assertEqual(self.others, [])
        self.assert_said(stderr, b'bad.conf:2:', b"'('")

    def test_costly_expressions(self):
        """a line of configuration that would take all memory, all of the stack, or for ever"""
        self.config = self.write('depmod.d/bad.conf', '\n'.join((
            'override fine %sa%s extra' % ('(' * 8, '{1,255})' * 8), 'override fine %s extra' % ('(' * 30000 + ')' * 30000),
            'external (a*)*(.*)*\\\\1\\\\2x /nowhere', 'exclude gone.ko', '')))
        stderr = self.index({'kernel/gone.ko': Module()})
        self.assertEqual(self.others, [])
        for line in (b'bad.conf:1', b'bad.conf:2', b'bad.conf:3'):
            self.assert_said(stderr, line, b'too costly')

    def test_bad_builtin_line(self):
        self.tree(FINE, order=None, builtin=['kernel/b.ko'])
        with open(os.path.join(self.folder, 'modules.builtin'), 'a', encoding='utf-8') as file:
            file.write('?!\n')
        result = self.depmod('-b', self.base, '-o', self.out, VERSION)
        self.assertEqual(result.returncode, 0)
        self.assert_said(result.stderr, os.path.join(self.folder, 'modules.builtin').encode() + b':2:')


class Status(BadCase):
    def test_failure_publishes_nothing(self):
        """exit 1 only when no set was published"""
        result = self.depmod('-b', self.base, '-o', self.out, VERSION)
        self.assertEqual(result.returncode, 1)
        self.assert_said(result.stderr, VERSION.encode())
        self.assertFalse(os.path.exists(self.out))


tap.main()
