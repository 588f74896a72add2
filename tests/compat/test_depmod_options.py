#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""depmod's options and configuration beside the incumbent's. See tests/lib/tap.py for the environment."""

import os
import random
import re
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import kmod  # noqa: E402
import tap  # noqa: E402
from depmodcase import FILES, VERSION, TreeCase, random_tree  # noqa: E402
from mkmod import Module, write_tree  # noqa: E402


class Config(TreeCase):
    """depmod.d"""

    def tree_of_duplicates(self):
        """modules in several folders, always kernel/ and updates/ among them"""
        folders = ('kernel', 'updates', 'extra', 'weak-updates', 'other/deep')
        self.tree({'%s/%s.ko' % (folder, name): Module().modinfo('alias', folder) for name, n_folders
                   in (('two', 2), ('three', 3), ('all-of', 5)) for folder in folders[:n_folders]}, order=None)

    def check(self, text, expected=None):
        """with this configuration both choose the same modules; @expected are lines of modules.dep"""
        self.config = self.write('depmod.d/test.conf', text)
        results = self.compare()
        if expected is not None:
            lines = self.read('modules.dep').decode().splitlines()
            self.assertEqual(sorted(lines), sorted(line + ':' for line in expected))
        return results

    def test_default_is_updates(self):
        self.tree({'kernel/a.ko': Module(), 'updates/a.ko': Module(), 'updates/dkms/b.ko': Module(),
                   'kernel/b.ko': Module()})
        self.check('# nothing\n', ['updates/a.ko', 'updates/dkms/b.ko'])

    def test_search(self):
        self.tree_of_duplicates()
        for text, chosen in (('search extra kernel updates', 'extra'), ('search weak-updates kernel', 'weak-updates'),
                             ('search kernel extra', 'kernel'), ('search\tother/deep   kernel ', 'other/deep'),
                             ('search updates weak-updates built-in', 'updates'), ('search updates', 'updates')):
            with self.subTest(text):
                self.check(text + '\n')
                self.assertIn(b'%s/all-of.ko:\n' % chosen.encode(), self.read('modules.dep'))

    def test_search_in_a_folder_of_a_searched_folder(self):
        self.tree({'%s/%s.ko' % (folder, name): Module() for name in ('a', 'b-c')
                   for folder in ('kernel', 'updates/dkms', 'updates')}, order=None)
        self.check('search updates/dkms updates\n', ['updates/dkms/a.ko', 'updates/dkms/b-c.ko'])
        self.check('search kernel updates/dkms\n', ['kernel/a.ko', 'kernel/b-c.ko'])

    def test_search_means_whole_names(self):
        self.tree({'updates-old/a.ko': Module(), 'kernel/a.ko': Module()}, order=None)
        self.check('search updates kernel\n', ['kernel/a.ko'])

    def test_several_search_lines(self):
        self.tree_of_duplicates()
        self.check('search extra\nsearch weak-updates kernel\n')

    def test_built_in_stands_for_everything_else(self):
        self.tree({'kernel/a.ko': Module(), 'updates/a.ko': Module(),
                   'kernel/b.ko': Module(), 'extra/b.ko': Module()})
        self.check('search updates built-in extra\n', ['updates/a.ko', 'kernel/b.ko'])
        self.check('search extra built-in updates\n', ['kernel/a.ko', 'extra/b.ko'])

    def test_override(self):
        self.tree_of_duplicates()
        for text in ('override two * kernel', 'override three * extra\noverride all-of * other/deep',
                     r'override two ^6\.1\. updates', 'override two test$ kernel', 'override two ^6[.]2 kernel',
                     'override two 1.0 kernel', 'override two ( kernel', 'override two * nowhere',
                     'override two * kernel\noverride two * updates',
                     'search kernel\noverride two * updates'):
            with self.subTest(text):
                self.check(text + '\n')

    def test_override_takes_either_spelling(self):
        """dash or underscore, where the incumbent wants the one of the file"""
        self.tree_of_duplicates()
        for name in ('all-of', 'all_of'):
            self.config = self.write('depmod.d/test.conf', 'override %s * other/deep\n' % name)
            self.assertIn(b'other/deep/all-of.ko:\n', self.read('modules.dep'))

    def test_exclude(self):
        self.tree({'kernel/a.ko': Module(), 'kernel/skip/b.ko': Module(), 'kernel/c.ko': Module(),
                   'extra/skip/d.ko': Module(), 'extra/skipper/e.ko': Module(), 'other/f.ko.xz': Module()})
        self.check('exclude skip c.ko\n', ['kernel/a.ko', 'extra/skipper/e.ko', 'other/f.ko.xz'])
        self.check('exclude other\nexclude f\nexclude kernel/skip\n')
        self.check('exclude f.ko\n')

    def test_external(self):
        self.tree({'kernel/a.ko': Module().export('e', crc=1), 'kernel/b.ko': Module()})
        external = os.path.join(self.scratch, 'external')
        for folder, files in (('one', {'b.ko': Module().use('e'), 'c-d.ko': Module().modinfo('alias', 'x')}),
                              ('two', {'sub/b.ko': Module(), 'f.ko': Module().export('e', crc=1)})):
            source = write_tree(os.path.join(self.scratch, 'made', folder), '1', files)
            shutil.move(source, os.path.join(external, folder))
        for text in ('external * {0}/one', 'external * {0}/one\nexternal * {0}/two', 'external * {0}/two {0}/one',
                     'search external built-in\nexternal * {0}/two\nexternal * {0}/one',
                     'search updates external\nexternal .* {0}/two',
                     'search built-in external\nexternal * {0}/one', 'external ^5 {0}/one', 'external * {0}/gone'):
            with self.subTest(text):
                self.check(text.format(external) + '\n')

    def test_syntax(self):
        self.tree_of_duplicates()
        self.check('# a comment\n\n  \t\nsearch extra \\\n  kernel\nmake_map_files no\ninclude /nowhere\n')
        ours, _ = self.check('search kernel\nfrobnicate two\noverride two *\n')
        self.assertRegex(ours.stderr, rb'test\.conf:\D*2\b.*frobnicate')
        self.assertRegex(ours.stderr, rb'test\.conf:\D*3\b.*override')
        self.check('  search extra\n')
        self.check('search extra')

    def test_folders_and_several_files(self):
        self.tree_of_duplicates()
        self.write('depmod.d/20.conf', 'search kernel\n')
        self.write('depmod.d/10.conf', 'search extra\n')
        self.write('depmod.d/30.ignored', 'search other/deep kernel\n')
        self.write('depmod.d/.40.conf', 'search other/deep kernel\n')
        self.write('second.d/20.conf', 'search weak-updates kernel\n')
        self.write('second.d/05.conf', 'override two * kernel\n')
        folder, second = os.path.join(self.scratch, 'depmod.d'), os.path.join(self.scratch, 'second.d')
        for extra in ((folder,), (second,), (folder, second), (second, folder),
                      (os.path.join(folder, '20.conf'), folder), (os.path.join(folder, '30.ignored'),)):
            with self.subTest(extra):
                options = [word for path in extra for word in ('-C', path)]
                self.compare(*options, VERSION)


class Options(TreeCase):
    def symbols_tree(self):
        self.tree({
            'kernel/p.ko': Module().export('shared', crc=3),
            'kernel/a-b.ko': Module().use('printk', crc=1).use('unknown', crc=9).use('shared', crc=4)
                                     .use('weak_unknown', weak=True).use('.dotted', crc=7),
            'kernel/c.ko.xz': Module().use('gpl', crc=2).version('only_version', 5).use('printk', crc=1)
                                      .use('of_module', crc=1).use('shared', crc=3),
            'kernel/good.ko': Module().use('printk', crc=1),
        })
        self.system_map = self.write('System.map', ''.join('ffffffff81000000 %s\n' % rest for rest in (
            'T printk', 'r __ksymtab_printk', 'r __ksymtab_dotted', 'd __kstrtab_printk', 'T unknown',
             'A __crc_only_version', 'r __ksymtab_shared')))
        self.symvers = self.write('Module.symvers', ''.join('%s\t%s\t%s\t%s\t\n' % row for row in (
            ('0x00000001', 'printk', 'vmlinux', 'EXPORT_SYMBOL'),
            ('0x00000008', 'gpl', 'vmlinux', 'EXPORT_SYMBOL_GPL'),
            ('0x00000001', 'of_module', 'drivers/x', 'EXPORT_SYMBOL'),
            ('0x00000007', 'dotted', 'vmlinux', 'EXPORT_SYMBOL'),
            ('0x00000006', 'only_version', 'vmlinux', 'EXPORT_SYMBOL'))))

    @staticmethod
    def complaints(output):
        """{(path, what, symbol)} of -e"""
        pattern = rb'(\S+\.ko\S*) (needs unknown symbol|disagrees about version of symbol) (\S+)'
        return set(re.findall(pattern, output))

    def check_complaints(self, n_expected, *options):
        ours, theirs = self.compare(*options, VERSION)
        self.assertEqual(len(self.complaints(theirs.stderr)), n_expected, theirs.stderr)
        self.assertEqual(self.complaints(ours.stderr), self.complaints(theirs.stderr))
        return ours

    def test_errsyms_with_filesyms(self):
        self.symbols_tree()
        self.check_complaints(4, '-e', '-F', self.system_map)

    def test_errsyms_with_symvers(self):
        self.symbols_tree()
        self.check_complaints(5, '-e', '-E', self.symvers)

    def test_errsyms_with_both(self):
        self.symbols_tree()
        self.check_complaints(5, '-e', '-E', self.symvers, '-F', self.system_map)

    def test_errsyms_with_neither(self):
        self.symbols_tree()
        ours = self.check_complaints(0, '-e')
        self.assertIn(b'-e needs -E or -F', ours.stderr)

    def test_symbols_without_errsyms(self):
        self.symbols_tree()
        self.check_complaints(0, '-E', self.symvers)
        self.check_complaints(0, '-F', self.system_map)

    def test_missing_symbol_file(self):
        self.symbols_tree()
        for option in ('-E', '-F'):
            result = self.depmod('-b', self.base, '-o', self.out, '-e', option, '/nonexistent/file', VERSION)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b'/nonexistent/file', result.stderr)
            self.assertFalse(os.path.exists(os.path.join(self.out, 'lib/modules', VERSION, 'modules.dep')))

    def test_imports_without_a_version(self):
        """no record, nothing to disagree about; the incumbent compares with 0"""
        self.tree({'kernel/a.ko': Module().use('printk').use('gpl', crc=2), 'kernel/b.ko': Module().use('printk')})
        symvers = self.write('Module.symvers', '0x00000001\tprintk\tvmlinux\tEXPORT_SYMBOL\t\n'
                                               '0x00000008\tgpl\tvmlinux\tEXPORT_SYMBOL_GPL\t\n')
        result = self.depmod('-b', self.base, '-e', '-E', symvers, VERSION)
        self.assertEqual([symbol for _, _, symbol in self.complaints(result.stderr)], [b'gpl'])

    def test_symbol_prefix(self):
        self.tree({'kernel/p.ko': Module().export('_one', crc=1).export('two', crc=1),
                   'kernel/u.ko': Module().use('_one', crc=1).use('_two', crc=1).use('two', crc=1),
                   'kernel/v.ko': Module().use('_printk', crc=1).use('other', crc=1).use('_other', crc=1)
                                          .use('vers', crc=1).use('_vers', crc=1)})
        system_map = self.write('System.map', '00000010 r ___ksymtab_printk\n00000020 r __ksymtab_other\n')
        symvers = self.write('Module.symvers', '0x00000001\t_vers\tvmlinux\tEXPORT_SYMBOL\n')
        for options in (('-P', '_'), ('-P', '_', '-e', '-F', system_map), ('-P', '_', '-e', '-E', symvers),
                        ('--symbol-prefix=_',)):
            with self.subTest(options):
                ours, theirs = self.compare(*options, VERSION)
                self.assertEqual(self.complaints(ours.stderr), self.complaints(theirs.stderr))

    def test_symbol_prefix_is_one_character(self):
        self.tree({})
        ours = self.depmod('-b', self.base, '-o', self.out, '-P', '__', VERSION)
        theirs, _ = self.incumbent('-P', '__', VERSION)
        self.assertEqual(ours.returncode, theirs.returncode)

    def test_show(self):
        """-n prints the text files and writes nothing"""
        self.tree({'kernel/b.ko': Module().modinfo('alias', 'devname:x').modinfo('alias', 'char-major-1-2').use('e')
                                          .modinfo('softdep', 'pre: x').modinfo('weakdep', 'y'),
                   'kernel/a.ko': Module().export('e', crc=1)})
        before = sorted(os.listdir(self.folder))
        weakdeps = kmod.NO_WEAKDEPS + b'weakdep b y\n'
        theirs, _ = self.incumbent('-n', VERSION)
        expected = theirs.stdout.replace(b'# Aliases for symbols', weakdeps + b'# Aliases for symbols')
        for option in ('-n', '--show', '--dry-run'):
            ours = self.depmod('-b', self.base, option, VERSION)
            self.assertEqual((ours.returncode, ours.stdout, ours.stderr), (0, expected, b''))
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_warn_of_duplicates(self):
        """the same value twice under one key"""
        # 'shared' is no duplicate: several modules may stand under a key.
        a, b = Module(), Module()
        for module, aliases in ((a, ('twice', 'twice', 'shared')), (b, ('shared', 'd-e', 'd_e'))):
            for alias in aliases:
                module.modinfo('alias', alias)
        self.tree({'kernel/a.ko': a, 'kernel/b.ko': b})
        ours, theirs = self.compare('-w', VERSION)

        said = rb'duplicate module alias:\n(\S+) (\S+)\n'
        self.assertEqual(re.findall(said, theirs.stderr), [(b'twice', b'a'), (b'd_e', b'b')])
        # Ours may say it in other words, but as often, and with the same names.
        warnings = [line for line in ours.stderr.splitlines() if b'duplicate' in line.lower()]
        self.assertEqual(len(warnings), 2, ours.stderr)
        self.assertRegex(ours.stderr, rb'\btwice\b[^\n]*\ba\b')
        self.assertRegex(ours.stderr, rb'\bd_e\b[^\n]*\bb\b')
        long, _ = self.compare('--warn', VERSION)
        self.assertEqual(long.stderr, ours.stderr)
        quiet, _ = self.compare(VERSION)
        self.assertEqual(quiet.stderr, b'')

    def test_verbose_names_each_dependency(self):
        self.tree({'kernel/a.ko': Module().export('e', crc=1).export('f', crc=1),
                   'kernel/b.ko': Module().use('e').use('f')})
        theirs, _ = self.incumbent('-v', VERSION)
        ours = self.depmod('-b', self.base, '-v', VERSION)
        self.assertEqual(theirs.stdout.decode(), '{0}/kernel/b.ko needs "e": {0}/kernel/a.ko\n'.format(self.folder))
        self.assertIn(theirs.stdout, ours.stdout)

    def quick(self, command, *more):
        return kmod.run(command, '-C', self.config, '-b', self.base, '-A', *more, VERSION)

    def state(self):
        """what the user sees of modules.alias: (content, inode, mtime)"""
        path = os.path.join(self.folder, 'modules.alias')
        with open(path, 'rb') as file:
            stat = os.fstat(file.fileno())
            return file.read(), stat.st_ino, stat.st_mtime_ns

    def age(self, seconds):
        """set the clock of every module back"""
        for name in os.listdir(os.path.join(self.folder, 'kernel')):
            stamp = time.time() - seconds
            os.utime(os.path.join(self.folder, 'kernel', name), (stamp, stamp))

    def test_quick(self):
        """-A does all when a module is newer than modules.dep or that is missing, and else nothing"""
        for command in (kmod.DEPMOD, tap.command('depmod')):
            with self.subTest(command):
                shutil.rmtree(self.base, ignore_errors=True)
                self.tree({'kernel/a.ko': Module().modinfo('alias', 'old'), 'kernel/b.ko.xz': Module()})
                self.age(100)
                result = self.quick(command)
                self.assertEqual(result.returncode, 0)
                first = self.state()
                self.assertIn(b'alias old a\n', first[0])

                result = self.quick(command)
                self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b'', b''))
                self.assertEqual(self.state(), first)

                os.utime(os.path.join(self.folder, 'modules.dep'), (time.time() - 50, time.time() - 50))
                self.tree({'kernel/a.ko': Module().modinfo('alias', 'new')})
                self.assertEqual(self.quick(command).returncode, 0)
                self.assertIn(b'alias new a\n', self.state()[0])

                self.age(100)
                os.remove(os.path.join(self.folder, 'modules.dep'))
                self.assertEqual(self.quick(command).returncode, 0)
                self.assertTrue(os.path.exists(os.path.join(self.folder, 'modules.dep')))

    def test_quick_looks_at_every_folder(self):
        """the newer module may stand deep, and be compressed"""
        for command in (kmod.DEPMOD, tap.command('depmod')):
            with self.subTest(command):
                shutil.rmtree(self.base, ignore_errors=True)
                self.tree({'kernel/a.ko': Module()})
                self.age(100)
                self.quick(command)
                os.utime(os.path.join(self.folder, 'modules.dep'), (time.time() - 50, time.time() - 50))
                self.tree({'updates/dkms/x/new.ko.zst': Module().modinfo('alias', 'deep')})
                self.quick(command)
                self.assertIn(b'alias deep new\n', self.state()[0])

    def test_files(self):
        """only the modules that are named"""
        self.tree({'kernel/a.ko': Module().export('e', crc=1).modinfo('alias', 'x'), 'kernel/b.ko': Module().use('e'),
                   'kernel/c.ko': Module().use('e')})
        elsewhere = write_tree(os.path.join(self.scratch, 'elsewhere'), '1', {'d.ko': Module().use('e')})
        outside = os.path.join(elsewhere, 'd.ko')
        kernel = os.path.join(self.folder, 'kernel')
        for files in (('a.ko',), ('b.ko', 'a.ko'), (outside, 'a.ko'), ('c.ko',)):
            with self.subTest(files):
                self.compare(VERSION, *(os.path.join(kernel, file) for file in files))

    def test_files_must_be_absolute(self):
        self.tree({'kernel/a.ko': Module()})
        for args in ((VERSION, 'kernel/a.ko'), (VERSION, './a.ko')):
            ours, theirs = self.depmod('-b', self.base, '-o', self.out, *args), self.incumbent(*args)[0]
            self.assertEqual((ours.returncode, theirs.returncode), (1, 1))
            self.assertIn(args[1].encode(), ours.stderr)

    def test_bad_versions(self):
        self.tree({})
        for version in ('six', '6', '6.', '.1', 'x6.1'):
            ours, theirs = self.depmod('-b', self.base, version), self.incumbent(version)[0]
            self.assertEqual((ours.returncode, theirs.returncode), (1, 1), version)
            self.assertIn(b'Bad version passed ' + version.encode(), ours.stderr)

    def test_unknown_option(self):
        ours = self.depmod('--frobnicate', VERSION)
        self.assertEqual(ours.returncode, 1)
        self.assertIn(b'--frobnicate', ours.stderr)

    def test_help_and_version(self):
        for option in ('-h', '--help', '-V', '--version'):
            ours = self.depmod(option)
            self.assertEqual((ours.returncode, ours.stderr), (0, b''), option)
            self.assertTrue(ours.stdout, option)
        # Scripts read the number and the features out of these two lines.
        first, second = self.depmod('-V').stdout.decode().splitlines()[:2]
        self.assertRegex(first, r'^kmod version (3[4-9]|[4-9]\d)')
        for feature in ('ZSTD', 'XZ', 'ZLIB'):
            self.assertIn('+' + feature, second.split())

    def test_long_options(self):
        self.symbols_tree()
        _, their_folder = self.incumbent(VERSION)
        expected = kmod.expected_files(their_folder)
        for options in (('--all',), ('--errsyms', '--filesyms=' + self.system_map), ('--symvers', self.symvers),
                        ('--config=' + self.config,), ('--verbose',), ('-ae', '-F', self.system_map), ('--quick',)):
            with self.subTest(options):
                shutil.rmtree(self.out, ignore_errors=True)
                result = self.depmod('--basedir=' + self.base, '--outdir', self.out, *options, VERSION)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.check_files(os.path.join(self.out, 'lib/modules', VERSION), expected)


class Places(TreeCase):
    """where is read and where is written"""

    def setUp(self):
        super().setUp()
        self.tree({'kernel/a.ko': Module().modinfo('alias', 'x').use('e'),
                   'kernel/b.ko': Module().export('e', crc=1)})
        self.expected = kmod.expected_files(self.incumbent(VERSION)[1])

    def check_place(self, folder, *args):
        old = os.umask(0o022)
        self.addCleanup(os.umask, old)
        result = self.depmod(*args, VERSION)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b'', b''))
        for name in ('modules.order', 'modules.builtin', 'modules.builtin.modinfo'):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                os.remove(path)
        self.check_files(folder, self.expected)
        for name in FILES:
            self.assertEqual(os.stat(os.path.join(folder, name)).st_mode & 0o7777, 0o644, name)

    def test_in_place(self):
        self.check_place(self.folder, '-b', self.base)

    def test_relative_base(self):
        self.check_place(self.folder, '-b', './base/')

    def test_output_folder_is_made(self):
        before = sorted(os.listdir(self.folder))
        self.check_place(os.path.join(self.scratch, 'new/deep/lib/modules', VERSION),
                         '-b', self.base, '-o', 'new/deep')
        self.assertEqual(sorted(os.listdir(self.folder)), before)

    def test_module_folder(self):
        for option in ('usr/lib/modules', '/usr/lib/modules', 'm'):
            with self.subTest(option):
                target = os.path.join(self.scratch, 'root-' + option.replace('/', '-'))
                folder = os.path.join(target, option.lstrip('/'), VERSION)
                shutil.copytree(self.folder, folder)
                self.check_place(folder, '-b', target, '-m', option)

    def test_module_and_output_folder(self):
        target = os.path.join(self.scratch, 'root')
        shutil.copytree(self.folder, os.path.join(target, 'usr/lib/modules', VERSION))
        self.check_place(os.path.join(self.out, 'usr/lib/modules', VERSION),
                         '-b', target, '--moduledir=/usr/lib/modules', '-o', self.out)

    def test_runs_again_over_its_own_files(self):
        self.assertEqual(self.depmod('-b', self.base, VERSION).returncode, 0)
        os.remove(os.path.join(self.folder, 'kernel/a.ko'))
        self.expected = kmod.expected_files(self.incumbent(VERSION)[1])
        self.check_place(self.folder, '-b', self.base)


class Determinism(TreeCase):
    def test_number_of_threads(self):
        self.tree(**random_tree(random.Random(3)))
        weakdeps = depmod_reference.outputs(self.folder)['modules.weakdep'][len(kmod.NO_WEAKDEPS):]
        expected = kmod.expected_files(self.incumbent(VERSION)[1], weakdeps)
        for threads in ('1', '2', '5'):
            result = self.depmod('-b', self.base, '-o', self.out, '-j', threads, VERSION)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.check_files(os.path.join(self.out, 'lib/modules', VERSION), expected)

    def test_order_of_a_folder(self):
        """whatever readdir() gives first"""
        tree = random_tree(random.Random(4))
        tree['order'] = None
        found = []
        for turn in range(3):
            files = list(tree['files'].items())
            random.Random(turn).shuffle(files)
            shutil.rmtree(self.base, ignore_errors=True)
            self.tree(**{**tree, 'files': dict(files)})
            self.read('modules.dep')
            found.append(kmod.read_files(os.path.join(self.out, 'lib/modules', VERSION)))
        self.assertEqual(found[0], found[1])
        self.assertEqual(found[0], found[2])

    def test_choice_among_duplicates(self):
        """the incumbent takes what readdir() gives first or, in a searched folder, last"""
        folders = ('kernel', 'extra', 'a', 'z/z', 'updates/b', 'updates/a', 'kernel/x')
        paths = ['%s/dup.ko' % folder for folder in folders]
        rng = random.Random(7)
        found = set()
        for _ in range(8):
            rng.shuffle(paths)
            shutil.rmtree(self.base, ignore_errors=True)
            self.tree({path: Module() for path in paths}, order=None)
            found.add(self.read('modules.dep'))
            shutil.rmtree(self.base)
            self.tree({path: Module() for path in paths if not path.startswith('updates')}, order=None)
            found.add(self.read('modules.dep'))
        self.assertEqual(len(found), 2, found)


if __name__ == '__main__':
    tap.main()
