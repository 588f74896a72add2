#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files of different runs beside each other: seen, said, used all the same; and what -A makes of a set."""
import os
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'golden'))
import kmod  # noqa: E402
import tap  # noqa: E402
from depmodcase import VERSION, TreeCase  # noqa: E402
from mkmod import Module  # noqa: E402


class SetCase(TreeCase):
    def setUp(self):
        super().setUp()
        self.tree({'kernel/a.ko': Module().modinfo('license', 'first').modinfo('alias', 'one:*').export('e', crc=1),
                   'kernel/b.ko': Module().modinfo('license', 'second').use('e', crc=1)})
        self.index()

    def index(self, *options):
        result = self.depmod('-b', self.base, *options, VERSION)
        self.assertEqual((result.returncode, result.stderr), (0, b''))

    def modinfo(self, *options):
        result = kmod.run(tap.command('modinfo'), '-b', self.base, '-k', VERSION, '-F', 'license', *options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result

    def path(self, name):
        return os.path.join(self.folder, name)

    def stamp(self):
        stat = os.stat(self.path('modules.dep'))
        return stat.st_ino, stat.st_mtime_ns


class Readers(SetCase):
    def test_whole(self):
        self.assertEqual(self.modinfo('-v', 'one:x').stderr, b'')

    def test_mixed(self):
        """said at -v with the file, used all the same"""
        with open(self.path('modules.alias'), 'a', encoding='utf-8') as file:
            file.write('alias two:* b\n')
        said = self.modinfo('-v', 'one:x')
        self.assertIn(b'modules.alias', said.stderr)
        self.assertEqual(said.stdout, b'first\n')
        self.assertEqual(self.modinfo('one:x').stderr, b'')

    def test_rewritten_by_the_incumbent(self):
        """its set, with our record of another one beside it, is used as it is"""
        shutil.move(self.path('kernel/a.ko'), self.path('kernel/c-new.ko'))
        os.utime(self.path('kernel/c-new.ko'))
        self.assertEqual(kmod.run(kmod.DEPMOD, '-C', self.config, '-b', self.base, VERSION).returncode, 0)
        self.assertEqual(self.modinfo('one:x').stdout, b'first\n')
        self.assertIn(b'c-new.ko', kmod.run(tap.command('modinfo'), '-b', self.base, '-k', VERSION, '-n', 'one:x').stdout)
        before = self.stamp()
        self.index('-A')
        self.assertEqual(self.stamp(), before, '-A rewrote a set that is newer than all modules')


class Quick(SetCase):
    """-A: nothing to do, or what the times of files don't show"""
    def assert_rewrites(self, does):
        before = self.stamp()
        self.index('-A')
        (self.assertNotEqual if does else self.assertEqual)(self.stamp(), before)

    def test_up_to_date(self):
        self.assert_rewrites(False)

    def test_removed_module(self):
        os.unlink(self.path('kernel/b.ko'))
        self.assert_rewrites(True)
        self.assert_rewrites(False)

    def test_older_module_of_another_size(self):
        """as package managers and rsync put files in place"""
        with open(self.path('kernel/b.ko'), 'wb') as file:
            file.write(Module().modinfo('license', 'a third, longer one').bytes())
        os.utime(self.path('kernel/b.ko'), (1, 1))
        self.assert_rewrites(True)

    def test_lists(self):
        for name in ('modules.order', 'modules.builtin'):
            with self.subTest(name):
                with open(self.path(name), 'a', encoding='utf-8') as file:
                    file.write('kernel/b.ko\n')
                os.utime(self.path(name), (1, 1))
                self.assert_rewrites(True)

    def test_configuration(self):
        self.config = self.write('depmod.d/other.conf', 'exclude b.ko\n')
        self.assert_rewrites(True)

    def test_leftovers(self):
        with open(self.path('modules.alias.1.0.stage.bin'), 'w', encoding='utf-8'):
            pass
        self.assert_rewrites(True)
        self.assertFalse(os.path.exists(self.path('modules.alias.1.0.stage.bin')))


tap.main()
