#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hard dependencies and conflicts in what depmod writes. See tests/lib/tap.py for the environment.

What is expected stands here as a literal, or comes from the independent generator in tests/golden.
"""

import os
import random
import re
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import indexbin  # noqa: E402
import kmod  # noqa: E402
import tap  # noqa: E402
from depmodcase import VERSION, TreeCase, random_tree  # noqa: E402
from mkmod import Module  # noqa: E402


class HardCase(TreeCase):
    def index(self, conf='', files=None, options=(), status=0, **kinds):
        """run depmod with this configuration; stderr as text. The results are in self.out"""
        self.config = self.write('depmod.d/test.conf', conf)
        if files is not None:
            self.tree(files, **kinds)
        shutil.rmtree(self.out, ignore_errors=True)
        self.result = self.depmod('-b', self.base, '-o', self.out, *options, VERSION)
        self.assertEqual(self.result.returncode, status, self.result.stderr)
        return self.result.stderr.decode(errors='replace').replace(self.folder + '/', '').replace(self.config, 'CONF')

    def lines(self):
        """{module: names of what its line in modules.dep has}, the same in modules.dep.bin"""
        folder = os.path.join(self.out, 'lib/modules', VERSION)
        found = {}
        with open(os.path.join(folder, 'modules.dep'), encoding='utf-8') as file:
            for line in file:
                path, *deps = line.split()
                for dep in [path[:-1], *deps]:
                    self.assertTrue(os.path.isfile(os.path.join(self.folder, dep)), line)
                found[depmod_reference.module_name(path)] = [depmod_reference.module_name(dep) for dep in deps]
        index = {}
        for key, values in indexbin.read(os.path.join(folder, 'modules.dep.bin')):
            index[key.decode()] = [depmod_reference.module_name(path) for path in values[0][1].decode().split()[1:]]
        self.assertEqual(index, found)
        return found

    def declared(self, prefix='harddep:'):
        """{module: values of its key in modules.modsure.bin}"""
        entries = indexbin.read(os.path.join(self.out, 'lib/modules', VERSION, 'modules.modsure.bin'))
        return {key.decode()[len(prefix):]: [value.decode().replace(self.config, 'CONF') for _, value in values]
                for key, values in entries if key.startswith(prefix.encode())}


class Dependencies(HardCase):
    NIC = {'kernel/base.ko': Module().export('base', crc=1), 'kernel/phylib.ko': Module().export('phylib', crc=1).use('base'),
           'kernel/phy.ko': Module().use('phylib'), 'kernel/nic.ko': Module().use('base'),
           'kernel/above.ko': Module()}

    def test_from_a_line_with_its_closure_in_load_order(self):
        """right to left: base, phylib, phy, then the module"""
        self.assertEqual(self.index('harddep nic phy\n', self.NIC), '')
        self.assertEqual(self.lines()['nic'], ['phy', 'phylib', 'base'])
        self.assertEqual(self.declared(), {'nic': ['phy conf dep CONF:1']})

    def test_from_a_tag(self):
        files = {**self.NIC, 'kernel/nic.ko': Module().use('base').modinfo('harddep', 'phy')}
        self.assertEqual(self.index('', files), '')
        self.assertEqual(self.lines()['nic'], ['phy', 'phylib', 'base'])
        self.assertEqual(self.declared(), {'nic': ['phy module dep .modinfo']})

    def test_users_of_the_module_and_two_levels(self):
        files = {**self.NIC, 'kernel/nic.ko': Module().use('base').export('nic', crc=1), 'kernel/above.ko': Module().use('nic'),
                 'kernel/fw.ko': Module()}
        self.assertEqual(self.index('harddep nic phy\nharddep phy fw\n', files), '')
        lines = self.lines()
        for module, first in (('nic', []), ('above', ['nic'])):
            self.assertEqual(lines[module][:len(first) + 1], first + ['phy'])
            self.assertEqual(set(lines[module][len(first) + 1:]), {'phylib', 'base', 'fw'})
            self.assertLess(lines[module].index('phylib'), lines[module].index('base'))

    def test_the_incumbent_honours_it(self):
        """Debian's modprobe and library load it first, without knowing of it"""
        self.index('harddep nic phy\n', self.NIC)
        folder = os.path.join(self.out, 'lib/modules', VERSION)
        kmod.link_modules(self.folder, folder)
        with kmod.Library(folder) as library:
            self.assertEqual([name for name, _ in library.dependencies(b'nic')], ['base', 'phylib', 'phy'])
        result = kmod.run('/sbin/modprobe', '-D', '-C', '/dev/null', '-S', VERSION, '-d', self.out, 'nic')
        self.assertEqual([os.path.basename(line) for line in result.stdout.decode().split() if line != 'insmod'],
                         ['base.ko', 'phylib.ko', 'phy.ko', 'nic.ko'])

    def test_as_the_generator(self):
        """random trees with random lines: the bytes of an independent reading"""
        for seed in (1, 2, 3, int(time.time())):
            with self.subTest(seed=seed):
                rng = random.Random(seed)
                shutil.rmtree(self.base, ignore_errors=True)
                tree = random_tree(rng)
                names = sorted(depmod_reference.module_name(path) for path in tree['files'])
                text = ''.join('harddep %s %s\n' % (rng.choice(names), ' '.join(rng.sample(names, rng.randint(1, 3))))
                               for _ in range(25))
                self.index(text, tree.pop('files'), **tree)
                self.check_files(os.path.join(self.out, 'lib/modules', VERSION), depmod_reference.outputs(
                    self.folder, list(depmod_reference.hard_lines(self.config))))

    def test_cycle_with_symbols(self):
        said = self.index('\nharddep base nic above\n', self.NIC)
        self.assertRegex(said, r"WARNING: kernel/base\.ko: hard dependency on 'nic' \(CONF:2\): would close a cycle, "
                               r"dropped: base -harddep-> nic -\(base\)-> base\n$")
        self.assertEqual(self.lines()['base'], ['above'])
        self.assertEqual(self.lines()['nic'], ['base', 'above'])
        self.assertEqual(self.declared(), {'base': ['nic conf cycle CONF:2', 'above conf dep CONF:2']})

    def test_cycle_of_hard_ones(self):
        """the module that stands later in modules.order gives in"""
        files = {'kernel/%s.ko' % name: Module() for name in 'zyx'}
        said = self.index('harddep x z\nharddep y x\nharddep z y\n', files)
        self.assertIn('x -harddep-> z -harddep-> y -harddep-> x\n', said)
        self.assertEqual(said.count('WARNING'), 1)
        self.assertEqual(self.lines(), {'z': ['y', 'x'], 'y': ['x'], 'x': []})

    def test_several_answers(self):
        """stand in the set, but not in modules.dep"""
        crc = {'kernel/%s.ko' % name: Module().modinfo('alias', 'crypto-crc32c') for name in ('fast', 'slow')}
        self.assertEqual(self.index('', {**crc, 'kernel/fs.ko': Module().modinfo('harddep', 'crypto-crc32c')}), '')
        self.assertEqual(self.lines()['fs'], [])
        self.assertEqual(self.declared(), {'fs': ['crypto-crc32c module group .modinfo']})

    def test_alias_with_one_answer(self):
        """by pattern too, and with a name it shares, the module called so"""
        files = {'kernel/a.ko': Module().modinfo('alias', 'pci:v1d*').modinfo('alias', 'b'),
                 'kernel/b.ko': Module(), 'kernel/c-d.ko': Module().export('sym', crc=1), 'kernel/m.ko': Module()}
        self.assertEqual(self.index('harddep m pci:v1d2\nharddep a b symbol:sym\n', files), '')
        self.assertEqual(self.lines()['m'], ['a', 'c_d', 'b'])
        self.assertEqual(self.declared(), {'m': ['pci:v1d2 conf dep CONF:1'],
                                           'a': ['b conf dep CONF:2', 'symbol:sym conf dep CONF:2']})

    def test_built_in(self):
        """by name or alias, also beside a module that answers: nothing to load"""
        files = {'kernel/a.ko': Module().modinfo('alias', 'both'), 'kernel/m.ko': Module()}
        said = self.index('harddep m in-side both\n', files, builtin=['kernel/in-side.ko'],
                          builtin_modinfo=[('in_side', 'alias', 'bo*')])
        self.assertEqual(said, '')
        self.assertEqual(self.lines()['m'], [])
        self.assertEqual(self.declared(), {'m': ['in-side conf builtin CONF:1', 'both conf builtin CONF:1']})

    def test_unknown(self):
        """names module, word and source, and what modprobe will do; a line about no module here is silent"""
        said = self.index('harddep m gone\nharddep! n gone\nharddep nobody gone\n',
                          {'kernel/m.ko': Module().modinfo('harddep', 'lost'), 'kernel/n.ko': Module()}).splitlines()
        self.assertEqual([line.replace('depmod: WARNING: ', '') for line in said], [
            "kernel/m.ko: hard dependency on 'lost' (section .modinfo): nothing answers to it, so modprobe will refuse to load "
            "the module",
            "kernel/m.ko: hard dependency on 'gone' (CONF:1): nothing answers to it, modprobe will load the module without it",
            "kernel/n.ko: hard dependency on 'gone' (CONF:2): nothing answers to it, so modprobe will refuse to load the module"])
        self.assertEqual(self.declared(), {'m': ['lost module unknown .modinfo', 'gone conf unknown CONF:1'],
                                           'n': ['gone conf! unknown CONF:2']})

    def test_taken_back(self):
        """a line without words takes back lines and tags; one behind it counts"""
        files = {**self.NIC, 'kernel/nic.ko': Module().modinfo('harddep', 'phy')}
        self.assertEqual(self.index('harddep nic above\nharddep n*\n', files), '')
        self.assertEqual((self.lines()['nic'], self.declared()), ([], {}))
        self.index('harddep nic\nharddep nic above\n')
        self.assertEqual(self.lines()['nic'], ['above'])

    def test_needed_by_symbol_as_well(self):
        files = {'kernel/b.ko': Module().export('b', crc=1), 'kernel/a.ko': Module().use('b')}
        self.index('', files)
        before = kmod.read_files(os.path.join(self.out, 'lib/modules', VERSION))
        self.assertEqual(self.index('harddep a b\n'), '')
        self.assertEqual(kmod.read_files(os.path.join(self.out, 'lib/modules', VERSION)), before)
        self.assertEqual(self.declared(), {'a': ['b conf symbol CONF:1']})

    def test_no_module_of_the_tree_is_written_elsewhere(self):
        """in the folder of the modules (-b alone) as in another one (-o), and shown alike"""
        self.index('harddep nic phy\n', self.NIC)
        expected = kmod.read_files(os.path.join(self.out, 'lib/modules', VERSION))
        self.assertEqual(self.depmod('-b', self.base, VERSION).returncode, 0)
        self.assertEqual(kmod.read_files(self.folder), expected)
        shown = self.depmod('-n', '-b', self.base, VERSION)
        self.assertIn(expected['modules.dep'], shown.stdout)

    def test_quick_run_after_a_change_of_the_rules(self):
        """-A sees another line, another file of the same lines, and the option"""
        self.index('harddep nic phy\n', self.NIC)
        def quick(*options):
            result = self.depmod('-A', '-v', '-b', self.base, '-o', self.out, *options, VERSION)
            self.assertEqual(result.returncode, 0, result.stderr)
            return b'up to date' not in result.stderr
        self.assertFalse(quick())
        self.config = self.write('depmod.d/test.conf', 'harddep nic above\n')
        self.assertTrue(quick())
        self.assertEqual(self.lines()['nic'], ['above', 'base'])
        self.assertFalse(quick())
        self.config = self.write('depmod.d/other.conf', 'harddep nic above\n')
        self.assertTrue(quick())
        self.assertEqual(self.declared(), {'nic': ['above conf dep CONF:1']})
        self.assertTrue(quick('--merge-softdeps'))
        self.assertFalse(quick('--merge-softdeps'))


class Conflicts(HardCase):
    FILES = {'kernel/%s.ko' % name: Module().modinfo('alias', 'gpu-' + name[0]) for name in ('open', 'other', 'shut')}

    def test_on_both_sides(self):
        self.assertEqual(self.index('conflict open shut\n', self.FILES), '')
        self.assertEqual(self.declared('conflict:'), {'open': ['shut open conf CONF:1'], 'shut': ['open open conf CONF:1']})
        self.assertEqual(set(map(tuple, self.lines().values())), {()})

    def test_every_pair_of_answers(self):
        self.index('conflict gpu-o gpu-s nobody\n', self.FILES)
        self.assertEqual(self.declared('conflict:'), {
            'open': ['shut open conf CONF:1', 'nobody open conf CONF:1'],
            'other': ['shut other conf CONF:1', 'nobody other conf CONF:1'],
            'shut': ['open open conf CONF:1', 'other other conf CONF:1']})

    def test_from_a_tag(self):
        """what is not there is no reason for a warning, but said at -v"""
        files = {**self.FILES, 'kernel/mine.ko': Module().modinfo('conflict', 'shut gone')}
        self.assertEqual(self.index('', files), '')
        self.assertEqual(self.declared('conflict:'), {'mine': ['shut mine module .modinfo', 'gone mine module .modinfo'],
                                                      'shut': ['mine mine module .modinfo']})
        self.assertIn("kernel/mine.ko: conflict with 'gone' (section .modinfo): nothing answers to it\n", self.index(options=['-v']))

    def test_from_what_is_built_in(self):
        """a tag of a module that this kernel has built in keeps the others out; words that do not count are told"""
        tags = [('in_side', 'conflict', 'shut gone'), ('in_side', 'conflict', 'gpu-o in-side o* \x01'), ('in_side', 'conflict', ''),
                ('in_side', 'alias', 'gpu-x'), ('in_side', 'harddep', 'open')]
        files = {**self.FILES, 'kernel/named.ko': Module().modinfo('alias', 'in_side')}
        said = self.index('', files, builtin=['kernel/in-side.ko'], builtin_modinfo=tags)
        self.assertEqual(sorted(said.splitlines()), [
            'depmod: WARNING: modules.builtin.modinfo: a word of the conflict of in_side %s, not used' % why for why in (
                'holds a control character or a byte above 7 bits', 'is a pattern', 'is empty', 'is the module itself')])
        self.assertEqual(self.declared('conflict:'), {
            'in_side': [other + ' in_side module .modinfo' for other in ('shut', 'gone', 'open', 'other')],
            **{name: ['in_side in_side module .modinfo'] for name in ('shut', 'other', 'open')}})
        self.assertEqual(self.declared(), {})
        shutil.copytree(self.out, self.base, dirs_exist_ok=True)
        for name, is_refused in ('shut', True), ('named', False):
            result = kmod.run(tap.command('modprobe'), '-C', '/dev/null', '-d', self.base, '-S', VERSION, '-n', name)
            self.assertEqual(result.returncode, is_refused, result.stderr)
            self.assertEqual('in_side, section .modinfo' in result.stderr.decode(), is_refused)


class SoftDependencies(HardCase):
    FILES = {'kernel/a.ko': Module().modinfo('softdep', 'x pre: y').modinfo('softdep', 'post: z  x').modinfo('softdep', 'y w'),
             'kernel/b.ko': Module().modinfo('softdep', 'post: a').modinfo('softdep', ''),
             'kernel/c.ko': Module().modinfo('softdep', ' '), 'kernel/d.ko': Module().modinfo('softdep', 'pre: e\x01')}
    HEAD = '# Soft dependencies extracted from modules themselves.\n'

    def softdeps(self):
        with open(os.path.join(self.out, 'lib/modules', VERSION, 'modules.softdep'), encoding='ascii') as file:
            return file.read()

    def test_as_one_line(self):
        """by option or by rule; words in order, each once, those without pre: before"""
        for conf, options in (('', ['--merge-softdeps']), ('merge_softdeps\n', []), ('merge_softdeps no\n', ['--merge-softdeps'])):
            said = self.index(conf, self.FILES, options)
            self.assertEqual(said.count('\n'), 1)
            self.assertRegex(said, r"kernel/d\.ko: .*'pre: e\?'.*left out")
            self.assertEqual(self.softdeps(), self.HEAD + 'softdep a pre: x y w post: z x\nsoftdep b post: a\n')

    def test_off(self):
        self.index('merge_softdeps\nmerge_softdeps no\n', self.FILES)
        self.assertEqual(self.softdeps(), self.HEAD + 'softdep a x pre: y\nsoftdep a post: z  x\nsoftdep a y w\n'
                                                      'softdep b post: a\nsoftdep b \nsoftdep c  \n')

    def test_a_line_that_no_reader_takes(self):
        """over 64 KiB: that module keeps a line a tag"""
        long = ['pre: ' + ' '.join('w%d_%05d' % (tag, i) for i in range(5000)) for tag in (1, 2)]
        self.index('merge_softdeps\n', {'kernel/a.ko': Module().modinfo('softdep', long[0]).modinfo('softdep', long[1]),
                                        'kernel/b.ko': Module().modinfo('softdep', 'a').modinfo('softdep', 'b')})
        self.assertEqual(self.softdeps(), self.HEAD + 'softdep a %s\nsoftdep a %s\nsoftdep b pre: a b\n' % (long[0], long[1]))


class BadInput(HardCase):
    def test_tags(self):
        """itself, twice, empty, control characters, patterns: said with file and section, the rest is used"""
        bad = Module().modinfo('harddep', 'bad good').modinfo('harddep', '').modinfo('harddep', ' \t ').modinfo('alias', 'me')
        bad.modinfo('harddep', 'good').modinfo('harddep', 'go\x1bod \u00fc x[ y*').modinfo('harddep', 'me other')
        bad.modinfo('conflict', '').modinfo('conflict', 'bad go\x01od third')
        said = self.index('', {'kernel/bad.ko': bad, 'kernel/good.ko': Module(), 'kernel/other.ko': Module(), 'kernel/third.ko': Module()})
        self.assertEqual(self.declared(), {'bad': ['good module dep .modinfo', 'other module dep .modinfo']})
        self.assertEqual(self.declared('conflict:')['bad'], ['third bad module .modinfo'])
        found = re.findall(r"WARNING: kernel/bad\.ko: (hard dependency on|conflict with) '(.*)' \(section \.modinfo\): (.*), not used\n", said)
        self.assertEqual(len(found), said.count('\n'), said)
        control, itself = 'holds a control character or a byte above 7 bits', 'is the module itself'
        self.assertEqual(sorted((word, why) for kind, word, why in found if kind[0] == 'h'), sorted([
            ('bad', itself), ('', 'is empty'), ('', 'is empty'), ('good', 'is said before'), ('go?od', control),
            ('??', control), ('x[', 'has a bracket without its partner'), ('y*', 'is a pattern'), ('me', itself)]))
        self.assertEqual(sorted((word, why) for kind, word, why in found if kind[0] == 'c'),
                         sorted([('', 'is empty'), ('bad', itself), ('go?od', control)]))

    def test_lines(self):
        """the same of a file, with its line"""
        said = self.index('harddep\nharddep m m good\nharddep m good\nharddep m go\x1bod\nharddep! m\nconflict m\n'
                          'harddep m other # why\nconflict m m third\nmerge_softdeps perhaps\n',
                          {'kernel/%s.ko' % name: Module() for name in ('m', 'good', 'other', 'third')})
        self.assertEqual(self.lines()['m'], ['other', 'good'])
        self.assertEqual(self.declared('conflict:')['m'], ['third m conf CONF:8'])
        for number, word in ((1, 'needs a module'), (2, "'m'"), (4, "'go?od'"), (5, 'another'), (6, 'another'), (8, "'m'"),
                             (9, "'perhaps'")):
            self.assertRegex(said, r'CONF:%d: .*%s' % (number, re.escape(word)))
        self.assertRegex(said, r"kernel/m\.ko: hard dependency on 'good' \(CONF:3\): is said before")
        self.assertEqual(said.count('\n'), 8, said)

    def test_a_thousand_names(self):
        """are used; of more than a module can have, the rest is said and not used"""
        names = ['n%04d' % i for i in range(1000)]
        files = {'kernel/%s.ko' % name: Module() for name in names}
        self.assertEqual(self.index('', {**files, 'kernel/m.ko': Module().modinfo('harddep', ' '.join(names))}), '')
        self.assertEqual(sorted(self.lines()['m']), names)
        many = ' '.join('w%04d' % i for i in range(4095)) + ' n0001 n0002 n0003'
        said = self.index('', {'kernel/m.ko': Module().modinfo('harddep', many)})
        self.assertEqual(self.lines()['m'], ['n0001'])
        self.assertIn("kernel/m.ko: hard dependency on 'n0002' (section .modinfo): is over the limit of names, and so is all "
                      "behind it, not used\n", said)

    def test_a_knot(self):
        """four hundred modules that all name each other: ends, and no cycle is left"""
        names = ['k%03d' % i for i in range(400)]
        said = self.index('', {'kernel/%s.ko' % name: Module().modinfo('harddep', ' '.join(names)) for name in names})
        lines = self.lines()
        self.assertFalse(any(name in deps for name, deps in lines.items()))
        self.assertGreater(sum(map(len, lines.values())), 400)
        self.assertEqual(said.count('would close a cycle'), sum(
            value.endswith(' cycle .modinfo') for values in self.declared().values() for value in values))


if __name__ == '__main__':
    tap.main()
