#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hard dependencies and conflicts as modprobe reads them: lines of modprobe.d, and modules.modsure.bin in every
condition that a file can be in."""

import os
import shutil
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import indexbin  # noqa: E402
import kmod  # noqa: E402
import modprobecase  # noqa: E402
import tap  # noqa: E402
from mkmod import Module, write_tree  # noqa: E402
from modprobecase import VERSION  # noqa: E402

CONF = '/etc/modprobe.d/a.conf'


class DeclaredCase(modprobecase.Case):
    TAGS = {}

    @classmethod
    def setUpClass(cls):
        """depmod writes through to the disk: once is enough"""
        case = cls('setUpClass')
        modprobecase.Case.setUp(case)
        cls.addClassCleanup(case.doCleanups)
        done = case.make(cls.TAGS)
        assert (done.status, done.err) == (0, ''), done.err
        cls.made = case.base

    def setUp(self):
        super().setUp()
        shutil.copytree(self.made, self.base, symlinks=True)

    def make(self, tags, depmod_conf=''):
        """nic, phy, other, card_a, card_b (both answer to card-x); {name: [(key, value)...]} of tags; indexed"""
        files = {}
        for name in ('nic', 'phy', 'other', 'card_a', 'card_b', 'x-y'):
            module = Module().modinfo('license', 'GPL')
            if name.startswith('card'):
                module.modinfo('alias', 'card-x')
            for key, value in tags.get(name, ()):
                module.modinfo(key, value)
            files['kernel/%s.ko' % name] = module
        write_tree(self.base, VERSION, files, True, ['kernel/inside.ko'], ())
        conf = self.write('depmod.d/a.conf', depmod_conf)
        return modprobecase.run(tap.command('depmod'), '-C', conf, '-b', self.base, VERSION)

    def planned(self, *args, status=0):
        result = self.modprobe('-n', '-v', *args, status=status)
        return [name for what, name in result.modules() if what == 'insmod'], result

    def assert_plan(self, request, *modules):
        """loaded in this order, and nothing is complained about"""
        found, result = self.planned(request)
        self.assertEqual((found, result.err), (list(modules), ''))

    def modsure_bin(self):
        return os.path.join(self.folder, 'modules.modsure.bin')

    def read_modsure_bin(self):
        with open(self.modsure_bin(), 'rb') as file:
            return file.read()


class Lines(DeclaredCase):
    def test_harddep(self):
        """loaded before, whoever says it: no index knows of it; '-' and '_' are one; lines add up"""
        self.conf('harddep nic phy\n')
        self.assert_plan('nic', 'phy', 'nic')
        self.conf('harddep nic phy\nharddep n?c x_y\nharddep phy other # nic\n')
        self.assert_plan('nic', 'other', 'phy', 'x-y', 'nic')
        self.conf('softdep nic pre: other\nharddep nic phy\n')
        self.assertEqual(sorted(self.planned('nic')[0]), ['nic', 'other', 'phy'])

    def file(self, name, *tags):
        """a module file outside of the tree"""
        module = Module().modinfo('license', 'GPL')
        for key, value in tags:
            module.modinfo(key, value)
        return self.write('%s.ko' % name, module.bytes())

    def test_file_by_path(self):
        """what a file that is named by its path says of itself counts, whatever the index knows by its name"""
        self.assert_plan(self.file('newcomer', ('harddep', 'phy')), 'phy', 'newcomer')
        self.assert_plan(self.file('nic', ('harddep', 'other phy')), 'other', 'phy', 'nic')
        plan = modprobecase.run(tap.command('modsure'), 'plan', 'load', '-d', self.base, '-S', VERSION, self.scratch + '/nic.ko')
        self.assertIn('hard dependency of nic', plan.out)
        self.assert_plan('nic', 'nic')
        self.write(self.path('nic'), Module().modinfo('harddep', 'other').bytes())
        self.assert_plan(self.path('nic'), 'other', 'nic')   # where depmod has read another one
        result = self.planned(self.file('newcomer', ('harddep', 'nothing-there')), status=1)[1]
        self.assertIn('newcomer needs nothing-there', result.err)
        self.assertIn('newcomer.ko, section .modinfo', result.err)
        rival = self.file('newcomer', ('conflict', 'phy'))
        result = self.planned('-a', rival, 'phy', status=1)[1]
        self.assertIn('newcomer must not be loaded together with phy', result.err)
        words = ' '.join('w%04d' % number for number in range(4096))
        names, result = self.planned(self.file('newcomer', ('harddep', 'newcomer ph[y phy'), ('conflict', 'x[y'), ('harddep', words), ('harddep', 'other')),
                                     status=1)
        for key, word, what in (('harddep', 'newcomer', 'names itself'), ('harddep', 'ph[y', 'is no name'), ('conflict', 'x[y', 'is no name'),
                                ('harddep', 'w4094', 'is over the limit of names, and so is all behind it')):
            self.assert_said(result, "newcomer.ko, section .modinfo: %s: '%s' %s" % (key, word, what))
        self.assertEqual(result.err.count('limit of names'), 1)
        self.conf('harddep newcomer\n')   # takes back
        self.assert_plan(self.file('newcomer', ('harddep', 'phy')), 'newcomer')

    def test_builtin_answers(self):
        self.conf('harddep! nic inside\n')
        self.assert_plan('nic', 'nic')

    def test_no_index_of_ours(self):
        os.unlink(self.modsure_bin())
        self.assert_plan('nic', 'nic')
        self.conf('harddep nic phy\n')
        self.assert_plan('nic', 'phy', 'nic')

    def test_unknown_name(self):
        """a file serves many kernels: said with file and line, and loaded; with '!' refused"""
        self.conf('# first line\nharddep nic nobody phy\n')
        found, result = self.planned('nic')
        self.assertEqual(found, ['phy', 'nic'])
        self.assert_said(result, 'WARNING', 'nic', 'nobody', CONF + ':2')
        self.conf('harddep! nic nobody\nharddep nic phy\n')
        found, result = self.planned('nic', status=1)
        self.assertEqual(found, [])
        self.assert_said(result, 'nic', 'nobody', CONF + ':1')

    def test_strictness_adds_up(self):
        """what one line says and a stricter one says again is strict"""
        self.conf('harddep nic nobody\nharddep! nic nobody\n')
        self.assert_said(self.planned('nic', status=1)[1], 'nic', 'nobody')

    def test_bad_lines(self):
        """each is told with file and line, and the rest of the line and of the file is used"""
        self.conf('harddep\nharddep nic nic phy\nharddep! nic\nharddep nic other other\nharddep nic \x1b[2J x-y\n'
                  'harddep nic [ card-a\nconflict nic\nconflict nic* phy\nconflict phy nic* phy\n')
        found, result = self.planned('nic')
        self.assertEqual(found, ['phy', 'other', 'x-y', 'card_a', 'nic'])
        for line, words in ((1, 'needs a module'), (2, "'nic' names itself"), (3, 'needs two names'),
                            (4, "'other' stands there twice"), (5, "'\\x1b[2J' is no name"), (6, "'['"),
                            (7, 'needs two names'), (8, "'nic*' is a pattern"), (9, "'nic*' is a pattern")):
            self.assert_said(result, 'ERROR', '%s:%d: ' % (CONF, line), words)
        self.assertNotIn('\x1b', result.err)
        self.assertEqual(len([line for line in result.err.splitlines() if CONF in line]), 10)

    def test_thousand_names(self):
        self.conf('harddep nic phy %s other\n' % ' '.join('n%d' % i for i in range(1000)))
        found, result = self.planned('nic')
        self.assertEqual(found, ['phy', 'other', 'nic'])
        for i in (0, 499, 999):
            self.assert_said(result, 'WARNING', 'n%d' % i, CONF + ':1')

    def test_show_config(self):
        """each name once; words behind the name as they were written"""
        self.conf('harddep r81* a-b a_b c # d\nharddep! m n\nharddep x\nconflict a-b c-d\n')
        lines = self.modprobe('-c', status=0).out.splitlines()
        for line in ('harddep r81* a-b c', 'harddep! m n', 'harddep x', 'conflict a_b c-d'):
            self.assertIn(line, lines)

    def test_taken_back(self):
        """a line without names clears tags, depmod.d and lines before it; lines behind it count"""
        self.assertEqual(self.make({'nic': [('harddep', 'phy')]}, 'harddep nic other\n').status, 0)
        self.assert_plan('nic', 'phy', 'other', 'nic')
        self.conf('harddep nic x-y\nharddep n*\n')
        self.assert_plan('nic', 'nic')
        self.conf('harddep nic x-y\nharddep nic\nharddep nic card_a phy\n')
        self.assertEqual(sorted(self.planned('nic')[0]), ['card_a', 'nic', 'phy'])

    def test_conflict(self):
        """what is live keeps the other out, both ways, by name or alias; the line is named"""
        self.conf('conflict nic card-x\n')
        self.assert_plan('nic', 'nic')
        self.loaded('card_b')
        result = self.planned('nic', status=1)[1]
        self.assert_said(result, 'nic', 'card_b', CONF + ':1')
        self.assert_plan('other', 'other')
        self.conf('conflict card-x nic\n')
        self.assert_said(self.planned('nic', status=1)[1], 'nic', 'card_b', CONF + ':1')

    def test_conflict_the_other_way(self):
        self.conf('conflict nic card-x\n')
        self.loaded('nic')
        self.assert_said(self.planned('card_a', status=1)[1], 'card_a', 'nic', CONF + ':1')

    def test_conflict_with_what_no_index_knows(self):
        """somebody inserted its file"""
        self.conf('conflict nic stranger\n')
        self.assert_plan('nic', 'nic')
        self.loaded('stranger')
        self.assert_said(self.planned('nic', status=1)[1], 'nic', 'stranger', CONF + ':1')

    def test_users_by_rules(self):
        """what a live module needs by a rule alone stays, with the reason"""
        self.conf('harddep nic phy\n')
        self.loaded('nic')
        self.loaded('phy')
        result = self.modprobe('-n', '-v', '-r', 'phy', status=1)
        self.assertNotIn('rmmod phy', result.out)
        self.assert_said(result, 'nic', 'phy', CONF + ':1')
        self.conf('harddep nic phy inside\nharddep nic\n')
        self.assertIn('rmmod phy', self.modprobe('-n', '-v', '-r', 'phy', status=0).out)

    def test_one_of_a_group_may_go(self):
        """while another that answers is live"""
        self.conf('harddep nic card-x\n')
        self.loaded('nic')
        self.loaded('card_a')
        self.assert_said(self.modprobe('-n', '-r', 'card_a', status=1), 'nic', 'card_a', 'card-x')
        self.loaded('card_b')
        self.modprobe('-n', '-r', 'card_a', status=0)


class Inserted(DeclaredCase):
    """what modules have declared that were inserted by the paths of their files"""
    FOLDER = '/run/modsure/live'

    def setUp(self):
        super().setUp()
        self.addCleanup(shutil.rmtree, self.FOLDER, ignore_errors=True)

    def keep(self, module, text, other_life=0):
        life = os.stat(os.path.join(modprobecase.MODULES, module)).st_ino + other_life
        return self.write('%s/%s@%d.conf' % (self.FOLDER, module, life), text)

    def test_needs(self):
        self.loaded('nic')
        self.loaded('phy')
        path = self.keep('nic', '# from afar\nharddep! nic phy \n')
        self.assert_said(self.modprobe('-n', '-r', 'phy', status=1), 'nic is loaded and needs phy', path + ':2')
        refused = modprobecase.run(tap.command('rmmod'), 'phy')
        self.assertEqual(refused.status, 1)
        self.assert_said(refused, 'nic is loaded and needs phy', path + ':2')
        shutil.rmtree(os.path.join(modprobecase.MODULES, 'nic'))
        self.assertIn('rmmod phy', self.modprobe('-n', '-v', '-r', 'phy', status=0).out)

    def test_conflicts(self):
        """a dry run of a load hangs on nothing that somebody has inserted"""
        self.loaded('nic')
        path = self.keep('nic', 'conflict nic other \n')
        self.assert_said(self.modprobe('other', status=1), 'other', 'nic', path + ':1')
        self.assert_plan('other', 'other')

    def test_another_life(self):
        self.loaded('nic')
        self.loaded('phy')
        self.keep('nic', 'harddep! nic phy\n', other_life=1)
        self.modprobe('-n', '-r', 'phy', status=0)

    def test_what_is_no_such_file(self):
        """nothing of it counts, or is complained about; a bad line costs itself"""
        self.loaded('nic')
        self.loaded('phy')
        text = 'harddep! nic phy\n'
        self.keep('nic', text)
        life = os.path.basename(self.keep('nic', text))[len('nic@'):-len('.conf')]
        for name in ('nic.conf', 'nic@.conf', 'nic@%s' % life, 'nic@%sx.conf' % life, '@%s.conf' % life, 'n' * 200 + '@1.conf',
                     'nic@-1.conf', 'nic@99999999999999999999999999.conf', 'phy@%s.conf' % life, '../nic@%s' % life):
            shutil.rmtree(self.FOLDER)
            self.write(os.path.join(self.FOLDER, name), text)
            self.assertEqual(self.modprobe('-n', '-r', 'phy', status=0).err, '', name)
        path = self.keep('nic', b'harddep\nnonsense\n\xff\0\x01\n' + text.encode())
        result = self.modprobe('-n', '-r', 'phy', status=1)
        self.assert_said(result, path + ':1')
        self.assert_said(result, 'nic is loaded and needs phy', path + ':4')


class Index(DeclaredCase):
    TAGS = {'nic': [('harddep', 'phy'), ('conflict', 'other stranger')]}

    def test_conflict_with_a_file_from_elsewhere(self):
        """whichever of the two comes first; what nobody loads is not talked about"""
        stranger = self.write('stranger.ko', Module().modinfo('license', 'GPL').bytes())
        self.assert_plan('nic', 'phy', 'nic')
        self.assert_plan(stranger, 'stranger')
        self.assertIn('stranger', self.planned('-a', 'nic', stranger, status=1)[1].err)
        self.loaded('stranger')
        self.assert_said(self.planned('nic', status=1)[1], 'nic', 'stranger', 'nic, section .modinfo')
        shutil.rmtree(os.path.join(modprobecase.MODULES, 'stranger'))
        self.loaded('nic')
        self.assert_said(self.planned(stranger, status=1)[1], 'stranger', 'nic', 'nic, section .modinfo')

    def test_rewritten_by_the_incumbent(self):
        """the other files are of a depmod that knows no declarations: they count all the same"""
        self.assert_plan('nic', 'phy', 'nic')
        self.assertEqual(kmod.run(kmod.DEPMOD, '-C', self.write('d/none.conf', ''), '-b', self.base, VERSION).returncode, 0)
        with open(os.path.join(self.folder, 'modules.dep'), encoding='ascii') as file:
            self.assertIn('kernel/nic.ko:\n', file.read())
        self.assert_plan('nic', 'phy', 'nic')
        self.loaded('phy')
        self.loaded('nic')
        self.assert_said(self.modprobe('-n', '-r', 'phy', status=1), 'nic', 'phy', 'section .modinfo')
        self.assert_said(self.planned('other', status=1)[1], 'other', 'nic', 'nic, section .modinfo')

    def test_cycle_of_another_depmod(self):
        """one that depmod dropped for a cycle counts where the lines that it closed are gone"""
        files = {'kernel/nic.ko': Module().modinfo('harddep', 'phy'), 'kernel/phy.ko': Module().modinfo('harddep', 'nic')}
        write_tree(self.base, VERSION, files, True, (), ())
        conf = self.write('d/none.conf', '')
        self.assertIn('cycle', modprobecase.run(tap.command('depmod'), '-C', conf, '-b', self.base, VERSION).err)
        kept = [name for name in ('nic', 'phy') if len(self.planned(name)[0]) == 2]
        self.assertEqual(len(kept), 1)
        dropped = 'phy' if kept == ['nic'] else 'nic'
        self.conf('harddep %s\n' % kept[0])
        self.assertEqual(kmod.run(kmod.DEPMOD, '-C', conf, '-b', self.base, VERSION).returncode, 0)
        self.assert_plan(dropped, kept[0], dropped)

    def test_damaged(self):
        """said once, with file and offset; modules are loaded as far as the other files tell"""
        good = self.read_modsure_bin()
        for kind, data in (('empty', b''), ('header', good[:11]), ('magic', b'\0' + good[1:]),
                           ('version', good[:5] + b'\7' + good[6:]), ('root', good[:8] + b'\xff\xff\xff\xff'),
                           ('noise', b'\xaa' * 4096)):
            with self.subTest(kind):
                self.write(self.modsure_bin(), data)
                found, result = self.planned('nic')
                self.assertEqual(found, ['phy', 'nic'])     # by modules.dep
                lines = [line for line in result.err.splitlines() if 'modules.modsure.bin' in line]
                self.assertEqual(len(lines), 1, result.err)
                self.assertRegex(lines[0], 'WARNING: .*modules.modsure.bin: offset [0-9]+: ')

    def test_another_kind_of_file(self):
        for make in (os.makedirs, os.mkfifo):
            os.unlink(self.modsure_bin())
            make(self.modsure_bin())
            found, result = self.planned('nic')
            self.assertEqual(found, ['phy', 'nic'])
            self.assert_said(result, 'WARNING', self.modsure_bin())
            os.rename(self.modsure_bin(), self.modsure_bin() + '~')
            self.write(self.modsure_bin(), '')
            os.rmdir(self.modsure_bin() + '~') if make is os.makedirs else os.unlink(self.modsure_bin() + '~')

    def test_values_that_make_no_sense(self):
        """said once with file and offset, and the others count"""
        def values(key, *texts):
            return [(key, i, text) for i, text in enumerate(texts)]
        bad = [b'', b'phy', b'phy module dep', b'phy conf dep x', b'phy module maybe .modinfo', b'\x1b[2J module dep .modinfo',
               b'[ module dep .modinfo', b'x' * 5000 + b' module dep .modinfo', b'../x/y conf! unknown \n:1']
        self.write(self.modsure_bin(), depmod_reference.index_bytes(
            values(b'harddep:nic', *bad, b'x_y conf unknown /d.conf:7') + values(b'conflict:nic', b'', b'card_a', b'card_a nic conf /d.conf:8') +
            values(b'harddep:', b'phy module dep .modinfo') + values(b'harddep:' + b'n' * 300, b'nic module dep .modinfo') +
            values(b'harddep:../../x', b'phy module unknown .modinfo')))
        found, result = self.planned('nic')
        self.assertEqual(sorted(found), ['nic', 'phy', 'x-y'])
        self.assertEqual(result.err.count('modules.modsure.bin'), 1)
        self.assert_said(result, 'WARNING', 'modules.modsure.bin: offset ', 'malformed')
        self.assertNotIn('\x1b', result.err)
        self.loaded('card_a')
        self.assert_said(self.planned('nic', status=1)[1], 'nic', 'card_a', '/d.conf:8')
        self.loaded('phy')
        self.modprobe('-n', '-r', 'phy')

    def test_without_end(self):
        """as many values as a reader takes: it ends, and soon"""
        n = 200000
        for key, value in ((b'harddep:nic', b'w%d conf unknown x:1'), (b'conflict:nic', b'w%d nic conf x:1')):
            data = struct.pack('>3I', indexbin.MAGIC, indexbin.VERSION, 12 | indexbin.PREFIX | indexbin.VALUES)
            data += key + b'\0' + struct.pack('>I', n)
            data += b''.join(struct.pack('>I', i) + value % (i % 5000) + b'\0' for i in range(n))
            self.write(self.modsure_bin(), data)
            self.modprobe('-n', 'nic', status=0, cpu_seconds=20)


if __name__ == '__main__':
    modprobecase.enter_namespace()
    tap.main()
