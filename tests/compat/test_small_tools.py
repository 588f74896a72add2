#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lsmod, rmmod, insmod, kmod list and kmod static-nodes, beside Debian's kmod on the same system."""

import json
import os
import shutil
import stat
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import captured  # noqa: E402
import tap  # noqa: E402
from mkmod import Module, xz  # noqa: E402


class Lsmod(captured.Case):
    def fill(self):
        self.system.module('r8169', size=122880, taints='E')
        self.system.module('mii', users=4, holders=['e100', 'r8169', 'sis900', 'pcnet32'])
        self.system.module('a_name_longer_than_its_column', size=123456789, holders=['mii'])
        self.system.module('slow', users=1, state='Loading')
        self.system.module('efivarfs', users=1)

    def test_as_kmod(self):
        """the bytes of Debian's lsmod, by both names, and the same from the outside"""
        self.fill()
        theirs = self.run_inside('kmod', 'lsmod', status=0)
        self.assertEqual(theirs.out.count(b'\n'), 6)
        self.assertEqual(self.run_inside('ours', 'lsmod', status=0).out, theirs.out)
        self.assertEqual(self.run_inside('ours', 'kmod list', status=0).out, theirs.out)
        self.assertEqual(self.run_ours('lsmod', status=0).out, theirs.out)
        self.assertEqual(self.run_ours('kmod list', status=0).out, theirs.out)
        self.assertEqual(self.run_ours('modsure list', status=0).out, theirs.out)

    def test_holders_in_the_order_of_sysfs(self):
        """whatever order /proc/modules and the directory have"""
        names = ['m%d' % (i * 7919 % 1000) for i in range(60)]
        self.system.module('used', holders=names)
        theirs = self.run_inside('kmod', 'lsmod', status=0)
        self.assertNotIn(','.join(names).encode(), theirs.out)
        self.assertEqual(self.run_ours('lsmod', status=0).out, theirs.out)

    def test_no_modules(self):
        theirs = self.run_inside('kmod', 'lsmod', status=0)
        self.assertEqual(self.run_ours('lsmod', status=0).out, theirs.out)

    def test_gone_while_we_read(self):
        """its line in the list, with nothing left of it in sysfs: what the line says, never -2"""
        self.system.put('proc/modules', 'gone 4096 2 b,a, Live 0x0\n')
        self.assertIn(b' -2', self.run_inside('kmod', 'lsmod').out)
        result = self.run_ours('lsmod', status=0)
        self.assertEqual(result.out.splitlines()[1], b'gone                    4096  2 b,a')
        self.assertEqual(result.err, b'')

    def test_sysfs_and_list_differ(self):
        """a user that came after the line was read is not shown, one that left since is"""
        self.system.module('used', holders=['stays', 'leaves'])
        os.rmdir(self.system.path('sys/module/used/holders/leaves'))
        os.mkdir(self.system.path('sys/module/used/holders/comes'))
        self.assertEqual(self.run_ours('lsmod').out.splitlines()[1], b'used                   16384  2 stays,leaves')

    def test_repeated_line(self):
        """the kernel gives a line again when a module is loaded between two reads of the list"""
        line = 'twice 4096 0 - Live 0x0\n'
        self.system.put('proc/modules', 'new 1 0 - Live 0x0\n' + line + line.replace('4096', '8192') + 'old 1 0 - Live 0x0\n')
        rows = [row.split()[:2] for row in self.run_ours('lsmod', status=0).out.splitlines()[1:]]
        self.assertEqual(rows, [[b'new', b'1'], [b'twice', b'4096'], [b'old', b'1']])

    def test_bad_lines(self):
        """named by file and line; the others are shown"""
        self.system.put('proc/modules', 'good 1 0 - Live 0x0\nbad\n\x1b[2J 1 0 - Live 0x0\nlast 1 0 - Live 0x0\n')
        result = self.run_ours('lsmod', status=1)
        self.assertEqual([row.split()[0] for row in result.out.splitlines()], [b'Module', b'good', b'last'])
        where = self.system.path('proc/modules').encode()
        self.assertEqual([line.split(b': ')[2] for line in result.err.splitlines()], [where + b':2', where + b':3'])

    def test_no_list(self):
        os.unlink(self.system.path('proc/modules'))
        result = self.run_ours('lsmod', status=1)
        self.assertEqual(result.out, b'')
        self.assertIn(b'lsmod: ERROR: could not get list of modules:', result.err)
        self.assertIn(b'No such file or directory', result.err)

    def test_json(self):
        self.system.module('used', users=3, holders=['b', 'a'], size=5, permanent=True, taints='OE')
        self.system.module('going', state='Unloading')
        self.system.put('proc/modules', self.system.get('proc/modules') + b'uncounted 1 - - Live 0x0\n')
        found = json.loads(self.run_ours('lsmod', '--json', status=0).out)
        found[0]['holders'].sort()
        self.assertEqual(found, [
            {'name': 'used', 'size': 5, 'users': 3, 'holders': ['a', 'b'], 'state': 'live', 'permanent': True,
             'taints': 'OE'},
            {'name': 'going', 'size': 16384, 'users': 0, 'holders': [], 'state': 'going', 'permanent': False,
             'taints': ''},
            {'name': 'uncounted', 'size': 1, 'users': None, 'holders': [], 'state': 'live', 'permanent': False,
             'taints': ''}])
        self.system.put('proc/modules', '')
        self.assertEqual(json.loads(self.run_ours('lsmod', '--json', status=0).out), [])


DEVNAMES = '''\
# Device nodes to trigger on-demand module loading.
cuse cuse c10:203
tun net/tun c10:200
vfio vfio/vfio c10:196
vfio2 vfio/other c10:197
loop deep/er/loop b7:0
'''


class StaticNodes(captured.Case):
    def output(self, *args, status=0):
        """written by ours to a file: (status, bytes)"""
        path = os.path.join(self.dir, 'nodes')
        result = self.run_ours('kmod static-nodes', '-o', path, *args, status=status)
        with open(path, 'rb') as file:
            return result, file.read()

    def theirs(self, *args):
        self.run_inside('kmod', 'kmod static-nodes', '-o', '/nodes', *args)
        return self.system.get('nodes')

    def test_formats(self):
        """the bytes of Debian's kmod, into a file and to standard output"""
        self.system.modules_file('modules.devname', DEVNAMES)
        for args in ((), ('-f', 'human'), ('-f', 'tmpfiles'), ('--format=devname',)):
            with self.subTest(args=args):
                expected = self.theirs(*args)
                self.assertGreater(len(expected), 100)
                self.assertEqual(self.output(*args)[1], expected)
                self.assertEqual(self.run_ours('kmod static-nodes', *args, status=0).out, expected)
                self.assertEqual(self.run_inside('ours', 'kmod static-nodes', *args, status=0).out, expected)

    def test_real_kernels(self):
        """from the modules.devname that depmod writes for the newest of Debian's kernels"""
        for version, folder in tap.kernels()[-1:]:
            base = os.path.dirname(os.path.dirname(os.path.dirname(folder)))
            subprocess.run([tap.command('depmod'), '-b', base, '-o', self.dir, version], check=True)
            with open(os.path.join(self.dir, 'lib/modules', version, 'modules.devname'), 'rb') as file:
                self.system.modules_file('modules.devname', file.read())
            expected = self.theirs('-f', 'tmpfiles')
            self.assertIn(b'c! /dev/net/tun 0600 - - - 10:200\n', expected)
            self.assertEqual(self.output('-f', 'tmpfiles')[1], expected)

    def test_release_of_a_captured_system(self):
        self.system.put('proc/sys/kernel/osrelease', '5.0-other\n')
        self.system.put('lib/modules/5.0-other/modules.devname', 'x x c1:2\n')
        self.assertEqual(self.output('-f', 'devname')[1], b'x x c1:2\n')
        for bad in ('', '\n', '../../etc\n', '..\n', 'x' * 300):
            self.system.put('proc/sys/kernel/osrelease', bad)
            self.assertEqual(self.run_ours('kmod static-nodes', status=1).out, b'')

    def test_no_devname(self):
        """nothing to do is no failure, and nothing is written"""
        result = self.run_ours('kmod static-nodes', '-o', os.path.join(self.dir, 'nodes'), status=0)
        self.assertRegex(result.err, rb'WARNING: .*/modules\.devname not found - ignoring\n$')
        self.assertFalse(os.path.exists(os.path.join(self.dir, 'nodes')))

    def test_bad_lines(self):
        """named by file and line; nodes outside of /dev are among them; the rest goes on"""
        path = self.system.modules_file('modules.devname', 'a a c1:1\nb\nc ../c c1:1\nd "d c1:1\ne e c1:99999999999\nf f b1:2\n')
        result, out = self.output('-f', 'devname', status=1)
        self.assertEqual(out, b'a a c1:1\nf f b1:2\n')
        lines = [line.split(b': ')[:3] for line in result.err.splitlines()]
        self.assertEqual(lines, [[b'static-nodes', b'ERROR', b'%s:%d' % (path.encode(), n)] for n in (2, 3, 4, 5)])

    def test_output_is_replaced_as_a_whole(self):
        """folders are made, a reader never sees half, a link stays a link, nothing is left behind"""
        self.system.modules_file('modules.devname', DEVNAMES)
        folder = os.path.join(self.dir, 'run/tmpfiles.d')
        path = os.path.join(folder, 'static-nodes.conf')
        self.run_ours('kmod static-nodes', '-f', 'tmpfiles', '-o', path, status=0)
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o644)
        with open(path, 'rb') as before:
            self.system.modules_file('modules.devname', 'x x c1:2\n')
            self.run_ours('kmod static-nodes', '-f', 'tmpfiles', '-o', path, status=0)
            self.assertEqual(len(before.read().splitlines()), 9)
        self.assertEqual(open(path, 'rb').read(), b'c! /dev/x 0600 - - - 1:2\n')
        link = os.path.join(self.dir, 'link')
        os.symlink(path, link)
        self.system.modules_file('modules.devname', 'y y c1:2\n')
        self.run_ours('kmod static-nodes', '-f', 'tmpfiles', '-o', link, status=0)
        self.assertTrue(os.path.islink(link))
        self.assertEqual(open(path, 'rb').read(), b'c! /dev/y 0600 - - - 1:2\n')
        self.assertEqual(os.listdir(folder), ['static-nodes.conf'])

    def test_output_that_is_no_file(self):
        """a pipe stays one, and /dev/stdout means standard output; both stand where nothing else can be harmed"""
        self.system.modules_file('modules.devname', 'x x c1:2\n')
        os.makedirs(self.system.path('dev'))
        os.symlink('/proc/self/fd/1', self.system.path('dev/stdout'))
        result = self.run_inside('ours', 'kmod static-nodes', '-f', 'devname', '-o', '/dev/stdout', status=0)
        self.assertEqual(result.out, b'x x c1:2\n')
        self.assertTrue(os.path.islink(self.system.path('dev/stdout')))
        pipe = os.path.join(self.dir, 'pipe')
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        self.run_ours('kmod static-nodes', '-f', 'devname', '-o', pipe, status=0)
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        self.assertEqual(os.read(reader, 99), b'x x c1:2\n')

    def test_output_that_cannot_be(self):
        self.system.modules_file('modules.devname', 'x x c1:2\n')
        for path in (self.dir, os.path.join(self.dir, 'captured/proc/modules/x')):
            result = self.run_ours('kmod static-nodes', '-o', path, status=1)
            self.assertIn(b'could not create ' + path.encode(), result.err)


class Rmmod(captured.Case):
    def setUp(self):
        super().setUp()
        self.system.module('used', holders=['b', 'a'])
        self.system.module('held', users=2)
        self.system.module('free')
        self.system.module('free_mod')
        self.system.put('sys/module/printk/parameters/time', 'Y\n')

    def compare(self, *args, **kwargs):
        """same messages, status and calls as Debian's; returns ours"""
        theirs = self.run_inside('kmod', 'rmmod', *args, **kwargs)
        calls = self.log
        ours = self.run_inside('ours', 'rmmod', *args, **kwargs)
        self.assertEqual(self.log, calls, args)
        self.assertEqual(ours.status, theirs.status, (args, ours.err, theirs.err))
        self.assertEqual(ours.out, theirs.out)
        for line in theirs.err.splitlines():
            if b'../libkmod/' not in line:     # the library's own words, with the line of its source
                self.assertIn(line.rstrip(), ours.err.splitlines())
        return ours

    def test_as_kmod(self):
        """what is removed with which flags, what is refused in which words; a refusal stops nothing"""
        for args in (['free'], ['free', 'free_mod'], ['free-mod'], ['-v', 'free'], ['absent'], ['used'], ['held'],
                     ['absent', 'used', 'free', 'held', 'free_mod'], ['free', 'absent'], ['nofile.txt', 'free'],
                     ['a[b', 'free'], ['-f', 'free'], ['-f', 'used', 'held'], ['-f', 'absent'], ['-s', 'free']):
            with self.subTest(args=args):
                self.compare(*args)
        self.assertEqual(self.run_inside('ours', 'rmmod', '-v', 'free').err, b'rmmod: INFO: Module free is removed\n')

    def test_paths(self):
        """a file's name says the module"""
        self.system.put('free.ko', 'x')
        self.system.put('dir/free-mod.ko.xz', 'x')
        for path in ('/free.ko', './free.ko', 'free.ko', '/dir/free-mod.ko.xz'):
            with self.subTest(path=path):
                self.compare(path)

    def test_errors_of_the_kernel(self):
        """kmod's line, then the reason where there is one; the next module is tried all the same"""
        for number in (1, 2, 11, 16, 38, 5):
            with self.subTest(number=number):
                ours = self.compare('free', 'free-mod', error=number)
                self.assertEqual(self.log.count('delete'), 2)
                self.assertIn(b'could not remove module free-mod: ' + os.strerror(number).encode() + b'\n', ours.err)

    def test_who_uses_it(self):
        """besides modules, something else"""
        result = self.run_ours('rmmod', 'held', status=1)
        self.assertRegex(result.err, rb'^rmmod: ERROR: Module held is in use\nrmmod: ERROR: held: 2 users that are no '
                                     rb'modules: .*\n$')

    def test_builtin(self):
        """by its directory in sysfs, and by the kernel's list where it has none"""
        self.system.put('lib/modules/%s/modules.builtin' % self.system.release, 'kernel/x/no-such-thing.ko\n')
        for name in ('modules.order', 'modules.builtin.modinfo'):
            self.system.modules_file(name, '')
        subprocess.run([tap.command('depmod'), '-b', self.system.folder], check=True)
        self.assertEqual(self.run_ours('rmmod', 'printk', status=1).err, b'rmmod: ERROR: Module printk is builtin.\n')
        self.assertEqual(self.run_ours('rmmod', 'no-such-thing', status=1).err, b'rmmod: ERROR: Module no_such_thing is builtin.\n')
        self.assertEqual(self.compare('no-such-thing').err, b'rmmod: ERROR: Module no_such_thing is builtin.\n')
        self.assertEqual(self.run_ours('rmmod', 'no-such', status=1).err, b'rmmod: ERROR: Module no_such is not currently loaded\n')

    def test_states(self):
        """what is neither here nor gone is not touched"""
        self.system.module('slow', users=1, state='Loading')
        self.system.module('leaving', state='Unloading')
        result = self.run_inside('ours', 'rmmod', 'slow', 'leaving', status=1)
        self.assertEqual(self.log, '')
        self.assertEqual(result.err, b'rmmod: ERROR: Module slow is still being loaded\n'
                                     b'rmmod: ERROR: Module leaving is already being removed\n')

    def test_enabled_livepatch(self):
        """never by force: every later caller of the patched function would run freed memory (kmod lets it)"""
        self.system.module('patch', users=1)
        self.system.module('patch2')
        self.system.put('sys/kernel/livepatch/patch/enabled', '1\n')
        self.system.put('sys/kernel/livepatch/patch2/enabled', '0\n')
        self.run_inside('kmod', 'rmmod', '-f', 'patch', status=0)
        self.assertEqual(self.log, 'delete patch 05000\n')
        for args in (['patch'], ['-f', 'patch'], ['-f', './patch.ko'], ['-f', 'patch2'], ['--force', '-s', 'patch']):
            with self.subTest(args=args):
                result = self.run_inside('ours', 'rmmod', *args, 'free', status=1)
                self.assertEqual(self.log.splitlines(), ['delete free ' + ('05000' if len(args) > 1 else '04000')])
                if '-s' not in args:
                    self.assertIn(b'livepatch', result.err)
        self.assertIn(b'echo 0 > /sys/kernel/livepatch/patch/enabled', self.run_ours('rmmod', '-f', 'patch').err)
        # Once it is disabled, it is a module like others.
        os.unlink(self.system.path('sys/kernel/livepatch/patch/enabled'))
        self.run_inside('ours', 'rmmod', '-f', 'patch', status=0)

    def test_bad_names(self):
        """a failure like others (kmod stops there, and says success): the rest goes on"""
        for name in ('', '/', '.', '..', '.ko', 'x' * 5000, 'dir/'):
            with self.subTest(name=name[:20]):
                result = self.run_inside('ours', 'rmmod', name, 'free', status=1)
                self.assertEqual(self.log, 'delete free 04000\n')
                self.assertIn(b'is no name of a module', result.err)

    def test_dry_run(self):
        """-n and --sysroot say what they would do, and do nothing"""
        for args in (['-n'], ['--dry-run'], ['--sysroot', '/']):
            result = self.run_inside('ours', 'rmmod', *args, 'free-mod', 'held', status=1)
            self.assertEqual((result.out, self.log), (b'rmmod free_mod\n', ''))
            self.assertIn(b'Module held is in use', result.err)


def index(system, modules, builtin='', tags=(), builtin_modinfo=''):
    """modules of these names in the captured system; [(module, key, value)...] of what they say; indexed"""
    for name in modules:
        made = Module(name).modinfo('license', 'GPL').modinfo('name', name)
        for owner, key, value in tags:
            if owner == name:
                made.modinfo(key, value)
        system.modules_file('kernel/%s.ko' % name, made.bytes())
    for name, text in (('modules.order', ''), ('modules.builtin', builtin), ('modules.builtin.modinfo', builtin_modinfo)):
        system.modules_file(name, text)
    subprocess.run([tap.command('depmod'), '-b', system.folder, system.release], check=True)


class RmmodNeeded(captured.Case):
    """a module that a live one has a hard dependency on, which the kernel does not count"""
    CONF = 'etc/modprobe.d/a.conf'

    def setUp(self):
        super().setUp()
        index(self.system, ['nic', 'phy', 'phy2'], tags=[
            ('nic', 'harddep', 'phy'), ('phy', 'alias', 'phy-x'), ('phy2', 'alias', 'phy-x')])
        for name in ('nic', 'phy'):
            self.system.module(name)

    def assert_refused(self, text, *args):
        result = self.run_inside('ours', 'rmmod', *args, status=1)
        self.assertEqual((result.err, self.log), (b'rmmod: ERROR: ' + text + b'\n', ''))
        result = self.run_ours('rmmod', *args, status=1)
        self.assertEqual((result.out, result.err.count(b'\n')), (b'', 1))

    def assert_removed(self, *args):
        result = self.run_inside('ours', 'rmmod', *args, status=0)
        self.assertEqual((result.err, self.log), (b'', ''.join('delete %s 04000\n' % name for name in args)))

    def test_tag(self):
        """refused in one sentence with both names and the source; the user itself may go, and then it"""
        self.assert_refused(b'could not remove module phy: nic is loaded and needs phy (hard dependency, nic, section .modinfo)', 'phy')
        self.assert_refused(b'could not remove module ./phy.ko: nic is loaded and needs phy (hard dependency, nic, section .modinfo)', './phy.ko')
        self.assert_removed('nic')

    def test_user_that_is_not_live(self):
        for state, is_user in (('Loading', True), ('Unloading', False)):
            self.system.module('nic', state=state)
            self.assertEqual(self.run_ours('rmmod', 'phy').status, is_user)

    def test_line(self):
        """of modprobe.d, also about what no index knows, by a pattern"""
        self.system.put(self.CONF, '# one\nharddep out_of_* phy2\n')
        self.system.module('phy2')
        self.assert_removed('phy2')
        self.system.module('out_of_tree')
        self.assert_refused(b'could not remove module phy2: out_of_tree is loaded and needs phy2 (hard dependency, /%s:2)'
                            % self.CONF.encode(), 'phy2')

    def test_alias(self):
        """the word that was written is told; while another answer is live, one may go"""
        self.system.put(self.CONF, 'harddep nic\nharddep nic phy-x\n')
        self.assert_refused(b'could not remove module phy: nic is loaded and needs phy-x, which nothing but phy answers '
                            b'(hard dependency, /%s:2)' % self.CONF.encode(), 'phy')
        self.system.module('phy2', state='Unloading')
        self.assertEqual(self.run_ours('rmmod', 'phy').status, 1)
        self.system.module('phy2')
        self.assert_removed('phy')

    def test_builtin(self):
        """what is built in will always do"""
        index(self.system, ['nic', 'phy'], 'kernel/inside.ko\n')
        self.system.put(self.CONF, 'alias x phy\nalias x inside\nharddep nic x\n')
        self.assert_removed('phy')
        self.system.put(self.CONF, 'alias x phy\nharddep nic x\n')
        self.assertEqual(self.run_ours('rmmod', 'phy').status, 1)
        for aliases, status in (('', 1), ('inside.alias=phy-x\0', 0)):     # beside a module that answers
            index(self.system, ['nic', 'phy'], 'kernel/inside.ko\n', tags=[('nic', 'harddep', 'phy-x'), ('phy', 'alias', 'phy-x')],
                  builtin_modinfo=aliases)
            self.system.put(self.CONF, '')
            self.assertEqual(self.run_ours('rmmod', 'phy').status, status)

    def test_several_users(self):
        self.system.put(self.CONF, 'harddep b phy\nharddep a phy\n')
        for name in ('a', 'b'):
            self.system.module(name)
        self.assert_refused(b'could not remove module phy: a, b, nic are loaded and need phy (hard dependency, /%s:2)'
                            % self.CONF.encode(), 'phy')

    def test_by_force(self):
        """it goes, and what that breaks is said"""
        result = self.run_inside('ours', 'rmmod', '-f', 'phy', status=0)
        self.assertEqual(self.log, 'delete phy 05000\n')
        self.assertRegex(result.err, rb"^rmmod: WARNING: removing 'phy' .*phy.*\(nic, section \.modinfo\).* nic,.*\n$")
        self.run_inside('ours', 'rmmod', '-f', 'phy2', status=0)

    def test_nothing_to_read(self):
        """no directory of modules, no configuration, and lines that make no sense"""
        shutil.rmtree(self.system.path('lib/modules'))
        self.assert_removed('phy')
        self.system.put(self.CONF, 'nonsense\nharddep\nharddep nic [ phy\n')
        self.assertEqual(self.run_ours('rmmod', 'phy').status, 1)
        self.assertEqual(self.run_ours('rmmod', 'phy').err.count(b'\n'), 1)

    def test_broken_index(self):
        self.system.modules_file('modules.modsure.bin', b'\xaa' * 99)
        self.assert_removed('phy')


class InsmodNeeds(captured.Case):
    """hard dependencies and conflicts of one file that is inserted by itself"""
    CONF = 'etc/modprobe.d/a.conf'

    def file(self, *tags, name='m.ko', **options):
        made = Module('m').modinfo('license', 'GPL').modinfo('name', 'm')
        for key, value in tags:
            made.modinfo(key, value)
        self.system.put(name, xz(made.bytes()) if name.endswith('xz') else made.bytes())

    def assert_refused(self, *lines, path='/m.ko'):
        result = self.run_inside('ours', 'insmod', path, status=1)
        self.assertEqual((result.err, self.log), (
            b''.join(b'insmod: ERROR: could not insert module %s: %s\n' % (path.encode(), line) for line in lines), ''))

    def assert_inserted(self, *warnings, options=()):
        result = self.run_inside('ours', 'insmod', *options, '/m.ko', status=0)
        self.assertEqual((result.err, self.log),
                         (b''.join(b'insmod: WARNING: %s\n' % line for line in warnings), 'finit [] %d\n' % (3 if options else 0)))

    def test_tag(self):
        """each word must have an answer that is live"""
        index(self.system, ['phy', 'phy2', 'bus'], tags=[('phy', 'alias', 'phy-x'), ('phy2', 'alias', 'phy-x')])
        self.file(('harddep', 'bus  phy-x'))
        source = b'(hard dependency, /m.ko, section .modinfo), and nothing that answers to that is loaded'
        self.assert_refused(b'm needs bus ' + source, b'm needs phy-x ' + source)
        self.system.module('bus')
        self.assert_refused(b'm needs phy-x ' + source)
        self.system.module('phy2', state='Loading')
        self.assert_refused(b'm needs phy-x ' + source)
        self.system.module('phy2')
        self.assert_inserted()

    def test_compressed(self):
        self.file(('harddep', 'bus'), name='m.ko.xz')
        self.assert_refused(b'm needs bus (hard dependency, /m.ko.xz, section .modinfo), and nothing answers to that', path='/m.ko.xz')
        self.system.module('bus')
        self.run_inside('ours', 'insmod', '/m.ko.xz', status=0)

    def test_no_index_at_all(self):
        """a module that only the kernel knows will do"""
        self.file(('harddep', 'bus'))
        self.assert_refused(b'm needs bus (hard dependency, /m.ko, section .modinfo), and nothing answers to that')
        self.system.module('bus')
        self.assert_inserted()

    def test_builtin(self):
        index(self.system, [], 'kernel/bus.ko\n')
        self.file(('harddep', 'bus'))
        self.assert_inserted()

    def test_line(self):
        """without an answer it warns, unless strict"""
        self.file()
        self.system.put(self.CONF, 'harddep m bus\n')
        text = b'm needs bus (hard dependency, /%s:1), and nothing answers to that' % self.CONF.encode()
        self.assert_inserted(text)
        self.system.put(self.CONF, 'harddep! m bus\n')
        self.assert_refused(text)
        index(self.system, ['bus'])
        self.system.put(self.CONF, 'harddep m bus\n')
        self.assert_refused(b'm needs bus (hard dependency, /%s:1), and nothing that answers to that is loaded' % self.CONF.encode())

    def test_taken_back(self):
        self.file(('harddep', 'bus'))
        self.system.put(self.CONF, 'harddep m\n')
        self.assert_inserted()

    def test_by_force(self):
        """it goes in, and what is missing is said"""
        self.file(('harddep', 'bus'))
        self.assert_inserted(b'm needs bus (hard dependency, /m.ko, section .modinfo), and nothing answers to that', options=('-f',))

    def test_another_file_of_the_name(self):
        """this one's tags count, not those of the one that was indexed"""
        index(self.system, ['m', 'bus'], tags=[('m', 'harddep', 'bus')])
        self.file()
        self.assert_inserted()

    def test_indexed_file(self):
        """what depmod found in it, by whatever path it is named; a set of another depmod knows no better than the file"""
        path = '/lib/modules/%s/kernel/m.ko' % self.system.release
        for tags in ([('m', 'harddep', 'bus')], []):
            index(self.system, ['m', 'bus'], tags=tags)
            os.symlink(self.system.release, self.system.path('lib/modules/link%d' % len(tags)))
            for name in (path, path.replace(self.system.release, 'link%d' % len(tags))):
                result = self.run_inside('ours', 'insmod', name, status=len(tags))
                self.assertEqual(b'm needs bus (hard dependency, m, section .modinfo)' in result.err, bool(tags), result.err)
        self.system.modules_file('modules.dep.bin', self.system.get('lib/modules/%s/modules.dep.bin' % self.system.release) + b'x')
        self.file(('harddep', 'bus'), name=path[1:])
        self.assertIn(b'm needs bus', self.run_inside('ours', 'insmod', path, status=1).err)

    def test_conflict(self):
        """of the file, of another that is indexed, of a line; with what is live or built in"""
        index(self.system, ['foe', 'foe2', 'm', 'other'], 'kernel/bus.ko\n', tags=[('other', 'conflict', 'm'), ('foe', 'alias', 'foes'), ('foe2', 'alias', 'foes')])
        self.file(('conflict', 'foes'))
        self.assert_inserted()
        self.system.module('foe2')
        self.assert_refused(b'm must not be loaded together with foe2 (/m.ko, section .modinfo)')
        self.file()
        self.assert_inserted()
        self.system.module('other')
        self.assert_refused(b'm must not be loaded together with other (other, section .modinfo)')
        self.assert_inserted(b'm must not be loaded together with other (other, section .modinfo)', options=('-f',))
        self.system.put(self.CONF, 'conflict bus m\n')
        self.assert_refused(b'm must not be loaded together with bus (/%s:1)' % self.CONF.encode())

    def test_conflict_with_a_file_from_elsewhere(self):
        """what other modules and lines say of one that no index knows binds it, too"""
        index(self.system, ['other', 'm-2'], tags=[('other', 'conflict', 'gone m-2 m'), ('m-2', 'conflict', 'm_3')])
        self.file()
        self.assert_inserted()
        self.system.module('m_2')
        self.assert_inserted()
        self.system.module('other')
        self.assert_refused(b'm must not be loaded together with other (other, section .modinfo)')

    def test_bad_tags(self):
        """said with file and section, and the others count"""
        self.file(('harddep', ''), ('harddep', 'm \x1b[2J [ bus bus'), ('conflict', 'm  '), ('harddep', 'bus'))
        result = self.run_inside('ours', 'insmod', '/m.ko', status=1)
        for word in (rb"harddep: 'm' names itself", rb"harddep: '\x1b[2J' is no name", rb"harddep: '[' is no name", rb"conflict: 'm' names itself"):
            self.assertIn(b'insmod: WARNING: /m.ko, section .modinfo: ' + word + b'\n', result.err)
        self.assertEqual(result.err.count(b'm needs bus'), 1)
        self.assertEqual(len(result.err.splitlines()), 5)

    def test_thousand_names(self):
        self.file(('harddep', ' '.join('n%d' % i for i in range(1000))))
        self.assertEqual(len(self.run_inside('ours', 'insmod', '/m.ko', status=1).err.splitlines()), 1000)


class Insmod(captured.Case):
    def setUp(self):
        super().setUp()
        self.module = Module('m').modinfo('license', 'GPL').modinfo('name', 'm').use('printk', 1).bytes()
        self.system.put('m.ko', self.module)
        self.system.put('m.ko.xz', xz(self.module))

    def compare(self, *args, **kwargs):
        """same first message, status and calls as Debian's; returns ours"""
        theirs = self.run_inside('kmod', 'insmod', *args, **kwargs)
        calls = self.log
        ours = self.run_inside('ours', 'insmod', *args, **kwargs)
        self.assertEqual(self.log, calls, args)
        self.assertEqual(ours.status, theirs.status, (args, ours.err, theirs.err))
        self.assertEqual(ours.out, theirs.out)
        self.assertEqual(ours.err.splitlines()[:1], theirs.err.splitlines()[:1])
        return ours

    def test_as_kmod(self):
        for args in (['/m.ko'], ['m.ko'], ['./m.ko', 'a=1', 'b="x y"', 'c'], ['/m.ko.xz', 'a=1'], ['-f', '/m.ko'],
                     ['/no.ko'], ['no.ko'], [''], ['-']):
            with self.subTest(args=args):
                self.compare(*args)

    def test_errors(self):
        """the same words for the kernel's number; four of them mean something else with modules"""
        texts = {2: b'Unknown symbol in module', 3: b'Module has wrong symbol version', 8: b'Invalid module format',
                 22: b'Invalid parameters', 19: b'No such device', 1: b'Operation not permitted',
                 12: b'Cannot allocate memory', 17: b'File exists'}
        for number, text in texts.items():
            with self.subTest(number=number):
                ours = self.compare('/m.ko', error=number)
                self.assertEqual(ours.err.splitlines()[0], b'insmod: ERROR: could not insert module /m.ko: ' + text)

    def test_busy(self):
        """EBUSY is what the kernel answers when another attempt failed at the same time: once more for its reason"""
        result = self.run_inside('ours', 'insmod', '/m.ko', error=16, status=1)
        self.assertIn(b'insmod: ERROR: could not insert module /m.ko: Device or resource busy', result.err)
        self.assertEqual(self.log, 'finit [] 0\n' * 2)

    def test_already_loaded(self):
        self.system.module('m')
        self.compare('/m.ko', error=17)

    def test_flags(self):
        """each is passed to the kernel, -f both"""
        for args, flags in ((['--force-modversion'], 1), (['--force-vermagic'], 2), (['-f'], 3), (['--force'], 3),
                            (['--force-modversion', '--force-vermagic'], 3), ([], 0)):
            self.run_inside('ours', 'insmod', *args, '/m.ko', 'a=1', status=0)
            self.assertEqual(self.log, 'finit [a=1] %d\n' % flags)

    def test_blanks_in_a_value(self):
        """what the shell kept together is one value to the kernel (kmod since 34)"""
        self.run_inside('ours', 'insmod', '/m.ko', 'a=x y', 'b="q r"', 'c=1', status=0)
        self.assertEqual(self.log, 'finit [a="x y" b="q r" c=1] 0\n')

    def test_damaged_file(self):
        """said with the place in the file, and the kernel is not asked"""
        self.system.put('cut.ko.xz', xz(self.module)[:-40])
        os.mkdir(self.system.path('dir.ko'))
        for path, text in (('/cut.ko.xz', b'xz data is cut off'), ('/dir.ko', b'is a directory')):
            result = self.run_inside('ours', 'insmod', path, status=1)
            self.assertRegex(result.err, b'^insmod: ERROR: could not insert module %s: .*%s\n$' % (path.encode(), text))
            self.assertEqual(self.log, '')

    def test_reasons(self):
        """behind kmod's line, what the file and the indexes tell; nothing where nothing is known"""
        owner = Module('owner').modinfo('license', 'GPL').modinfo('name', 'owner').export('owned_fn', 0x1234)
        user = Module('user').modinfo('license', 'GPL').modinfo('name', 'user').use('owned_fn', 0x1234)
        user.modinfo('parmtype', 'depth:int').modinfo('parm', 'depth:of snow')
        self.system.put('user.ko', user.bytes())
        for name in ('modules.order', 'modules.builtin', 'modules.builtin.modinfo'):
            self.system.modules_file(name, '')
        self.system.modules_file('kernel/owner.ko', owner.bytes())
        subprocess.run([tap.command('depmod'), '-b', self.system.folder, self.system.release], check=True)
        lines = self.run_inside('ours', 'insmod', '/user.ko', error=2, status=1).err.splitlines()
        self.assertEqual(lines[0], b'insmod: ERROR: could not insert module /user.ko: Unknown symbol in module')
        self.assertRegex(b'\n'.join(lines[1:]), rb'^insmod: ERROR: .*owned_fn.*owner')
        lines = self.run_inside('ours', 'insmod', '/user.ko', 'depth=deep', error=22, status=1).err.splitlines()
        self.assertEqual(lines[0], b'insmod: ERROR: could not insert module /user.ko: Invalid parameters')
        self.assertRegex(b'\n'.join(lines[1:]), rb'insmod: ERROR: .*depth.*deep')
        lines = self.run_inside('ours', 'insmod', '/user.ko', error=19, status=1).err.splitlines()
        self.assertEqual(lines, [b'insmod: ERROR: could not insert module /user.ko: No such device'])

    def test_verbose_and_syslog(self):
        self.assertEqual(self.run_inside('ours', 'insmod', '-v', '/m.ko', status=0).err,
                         b'insmod: INFO: Module m is inserted\n')
        self.assertEqual(self.run_inside('ours', 'insmod', '-s', '/no.ko', status=1).err, b'')


class Usage(captured.Case):
    def test_version(self):
        for program in ('lsmod', 'kmod list', 'rmmod', 'insmod', 'kmod static-nodes'):
            for option in ('-V', '--version'):
                result = self.run_ours(program, option, status=0, captured=False)
                self.assertEqual(result.out.splitlines()[0], b'kmod version 34', program)

    def test_help(self):
        for program in ('lsmod', 'kmod list', 'rmmod', 'insmod', 'kmod static-nodes'):
            for option in ('-h', '--help'):
                result = self.run_ours(program, option, status=0, captured=False)
                self.assertRegex(result.out, rb'^Usage:\n', program)
                self.assertEqual(result.err, b'')

    def test_mistakes(self):
        """as with kmod: status 1, a word on standard error, nothing on standard output"""
        for program, *args in (('lsmod', 'x'), ('lsmod', '-x'), ('kmod list', 'x'), ('rmmod',), ('rmmod', '-x', 'm'),
                               ('insmod',), ('insmod', '-x'), ('insmod', '-'), ('kmod static-nodes', '-f', 'x'),
                               ('kmod static-nodes', '-f'), ('kmod static-nodes', '--no'), ('kmod static-nodes', 'x'),
                               ('kmod nothing',)):
            with self.subTest(program=program, args=args):
                result = self.run_ours(program, *args, status=1, captured=False)
                self.assertEqual(result.out, b'')
                self.assertNotEqual(result.err, b'')

    def test_verbs_are_no_links(self):
        """a program called list or static-nodes is not this one"""
        for name in ('list', 'static-nodes'):
            link = os.path.join(self.dir, name)
            os.symlink(os.path.realpath(tap.command('modsure')), link)
            done = subprocess.run([link], capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (1, b''))
            self.assertIn(b'no command of this name', done.stderr)


if __name__ == '__main__':
    tap.main()
