#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random systems, ours beside Debian's kmod: files of depmod, fields of modinfo, lookups, plans of modprobe.

MODSURE_RANDOM=SEED or SEED:COUNT draws other worlds, or more, than the few of a usual run; see doc/testing.md. See
tests/lib/tap.py for the rest of the environment.
"""

import errno
import os
import random
import re
import shutil
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import indexbin  # noqa: E402
import kmod  # noqa: E402
import modinfocase  # noqa: E402
import modprobecase  # noqa: E402
import tap  # noqa: E402
from randomrules import Rules  # noqa: E402
from randomwords import FAKE_SYMBOLS, UNCLEAN_SYMBOL, request  # noqa: E402
from randomworld import EXTERNAL, VERSION, World  # noqa: E402

SCRATCH = '/run/worlds'     # the test's own, in memory
OUR_RULES, THEIR_RULES = '/etc/modprobe.d/rules.conf', '/run/their-rules.conf'
LOOKUP_ANSWERS = os.path.join(os.environ.get('MODSURE_BIN', ''), '../tests/compat/lookup-answers')
N_FAILURES_MAX = 20

COMPLAINT = rb'(\S+\.ko\S*) (needs unknown symbol|disagrees about version of symbol) (\S+)'
THEIR_DUPLICATE = rb'duplicate module (?:alias|syms):\n(.+) (\S+)\n'
OUR_DUPLICATE = rb'duplicate key: (.+) leads to (\S+) twice\n'
MODINFO_OPTIONS = ([], [], ['-0'], ['-n'], ['-p'], ['-l'], ['-a'], ['-d'], ['-m'], ['-F', 'alias'], ['-F', 'parmtype'],
                   ['-F', ''], ['-F', 'softdep', '-0'], ['-F', 'name'], ['-m', '-n'], ['-0', '-p'], ['-F', 'A'],
                   ['-F', 'no_such'], ['-l', '-d'])
MODPROBE_OPTIONS = (['-D'], ['-D'], ['-n', '-v'], ['-D', '-i'], ['-D', '-b'], ['-n', '-v', '-a'], ['-R'],
                    ['-R', '-a'], ['-D', '-a'])


def seeds(n_usual):
    first, _, count = os.environ.get('MODSURE_RANDOM', '1').partition(':')
    return range(int(first), int(first) + int(count or n_usual))


def write_lines(path, lines):
    with open(path, 'w', encoding='latin-1') as file:
        file.writelines(line + '\n' for line in lines)


def argument(text):
    return os.fsdecode(text.encode('latin-1'))


def without_unclean(lines):
    return b''.join(line for line in lines.splitlines(True) if b' symbol:' + UNCLEAN_SYMBOL not in line)


class Case(unittest.TestCase):
    maxDiff = 3000
    N_WORLDS = 10

    def each_world(self, check, is_whole=False):
        """check() for each seed, with self.rng, self.world and where it is"""
        reasons = self._outcome.result.reasons
        for seed in seeds(self.N_WORLDS):
            shutil.rmtree(SCRATCH, ignore_errors=True)
            self.rng = random.Random(seed)
            self.ours, self.theirs = SCRATCH + '/ours', SCRATCH + '/them'
            with self.subTest(seed=seed):
                self.world = World(self.rng, is_hostile=not is_whole)
                self.our_folder, self.their_folder = self.world.write(self.ours, self.theirs, is_whole)
                check()
            if len(reasons) >= N_FAILURES_MAX:
                break

    def both_depmods(self, *options):
        """results of both, theirs in the words of ours"""
        done = []
        for program, base in ((tap.command('depmod'), self.ours), (kmod.DEPMOD, self.theirs)):
            config = base + '/depmod.conf'
            with open(config, 'w', encoding='latin-1') as file:
                file.write(self.world.config_text(base))
            here = [option.replace('{base}', base) for option in options]
            done.append(kmod.run(program, '-b', base, '-C', config, *here))
        ours, theirs = done
        theirs.stdout, theirs.stderr = self.in_ours(theirs.stdout), self.in_ours(theirs.stderr)
        self.assertNotRegex(ours.stderr, rb'Sanitizer|runtime error')
        self.assertEqual((ours.returncode, theirs.returncode), (0, 0), (options, ours.stderr, theirs.stderr))
        return ours, theirs

    def index_both(self):
        self.both_depmods(VERSION)
        for name in ('modules.builtin.bin', 'modules.builtin.alias.bin'):
            path = os.path.join(self.their_folder, name)
            if os.path.getsize(path) == 0:      # theirs reads all indexes in another way then, equals in another order
                with open(path, 'wb') as file:
                    file.write(kmod.EMPTY_INDEX)

    def in_ours(self, text):
        return self.world.in_ours(text.replace(self.theirs.encode(), self.ours.encode()))


class Depmod(Case):
    N_WORLDS = 40

    def test_files(self):
        self.each_world(self.check_depmod)

    def check_depmod(self):
        options = self.options()
        files = self.some_files() if self.rng.random() < .1 else []
        ours, theirs = self.both_depmods(*options, VERSION, *files)
        if '-n' in options:
            weakdeps = kmod.NO_WEAKDEPS + self.weakdeps(theirs.stdout)
            expected = theirs.stdout.replace(b'# Aliases for symbols', weakdeps + b'# Aliases for symbols')
            self.assertEqual(ours.stdout, without_unclean(expected), (options, files))
            return
        self.check_files((options, files))
        if not files:
            self.check_selection()
        if '-e' in options and not self.world.has_unclean_symbols():
            self.assertEqual(self.complaints(ours), self.complaints(theirs) - self.without_version(), options)
        if '-w' in options:
            self.assertEqual(sorted(re.findall(OUR_DUPLICATE, ours.stderr)),
                             sorted(re.findall(THEIR_DUPLICATE, theirs.stderr)))

    def options(self):
        found, symvers, system_map = [], SCRATCH + '/symvers', SCRATCH + '/map'
        if self.rng.random() < .4 and not self.world.lost:      # or the kernel could export what is lost
            for path, text in zip((symvers, system_map), self.world.kernel_symbols()):
                write_lines(path, text.splitlines())
            found += self.rng.choice((['-e'], [])) + self.rng.choice((['-E', symvers], ['-F', system_map], ['-e'],
                                                                      ['-F', system_map, '-E', symvers]))
        for option in (['-w'], ['-a'], ['-n'], ['-P', '_']):
            found += option if self.rng.random() < .1 else []
        return found

    def some_files(self):
        """modules to be named, by their paths"""
        paths = [path for name, path in sorted(self.world.winners.items())
                 if name not in self.world.lost and not path.endswith('.gz')]
        self.rng.shuffle(paths)
        return [path.replace(EXTERNAL, '{base}/external/') if path.startswith(EXTERNAL) else
                '{base}/lib/modules/%s/%s' % (VERSION, path) for path in paths[:self.rng.randint(1, 4)]]

    def check_files(self, what):
        expected, found = self.expected(), kmod.read_files(self.our_folder)
        self.assertEqual(set(found), set(expected))
        for name, text in expected.items():
            if found[name] != text and name.endswith('.bin'):
                entries = [indexbin.entries(data) for data in (found[name], text)]
                if self.world.lost:     # their numbers are those of the modules that are left
                    entries = [[(key, [value for _, value in values]) for key, values in each] for each in entries]
                    text = found[name]
                self.assertEqual(*entries, (name, what))
            self.assertEqual(found[name], text, (name, what))

    def expected(self):
        """what theirs wrote, in the form of ours"""
        path = os.path.join(self.their_folder, 'modules.dep')
        lines = self.in_ours(depmod_reference.content(path))
        files = kmod.expected_files(self.their_folder, self.weakdeps(lines))
        files['modules.dep'] = lines
        for name in ('modules.dep.bin', 'modules.symbols.bin'):
            entries = kmod.insertions(indexbin.entries(files[name]))
            files[name] = depmod_reference.index_bytes(
                [(key, priority, self.in_ours(value)) for key, priority, value in entries
                 if not key.startswith(b'symbol:' + UNCLEAN_SYMBOL)])
        files['modules.symbols'] = without_unclean(files['modules.symbols'])
        return files

    def weakdeps(self, dep_lines):
        """lines of modules.weakdep, in the order of those of modules.dep"""
        modules = {self.place(path).encode(): name for name, path in self.world.winners.items()}
        names = [modules[path] for path in (line.split(b':')[0] for line in dep_lines.splitlines()) if path in modules]
        return ''.join('weakdep %s %s\n' % (name, text) for name in names
                       for text in self.world.files[self.world.winners[name]].values('weakdep')).encode()

    def place(self, path):
        return path.replace(EXTERNAL, self.ours + '/external/')

    def check_selection(self):
        """the files are those that the model says, in theirs too where it had others to choose from"""
        lines = depmod_reference.content(os.path.join(self.our_folder, 'modules.dep')).splitlines()
        self.assertEqual({line.split(b':')[0].decode() for line in lines},
                         {self.place(path) for name, path in self.world.winners.items() if name not in self.world.lost})

    @staticmethod
    def complaints(result):
        """{(file, what, symbol)} of -e"""
        return {(os.path.basename(path).replace(b'.ko.xz', b'.ko.gz'), what, symbol)
                for path, what, symbol in re.findall(COMPLAINT, result.stderr)}

    def without_version(self):
        """complaints of theirs about an import without a version, which it takes for one of 0"""
        return {(os.path.basename(path).encode().replace(b'.ko.xz', b'.ko.gz'), b'disagrees about version of symbol',
                 entry.name.encode())
                for path in self.world.winners.values() for entry in self.world.files[path].imports
                if entry.crc is None or entry.name.endswith(FAKE_SYMBOLS)}


class Lookups(Case):
    """names, aliases and symbols by rules and indexes: ours, their library with their indexes, and with ours"""

    N_REQUESTS = 60

    def test_lookups(self):
        os.environ['KMOD_LOG'] = '0'        # of the library; it tells each bad line
        self.addCleanup(os.environ.pop, 'KMOD_LOG')
        self.each_world(self.check_lookups)

    def check_lookups(self):
        self.index_both()
        rules = Rules(self.world)
        write_lines(OUR_RULES, rules.lines)
        patterns = self.world.patterns() + rules.patterns()
        requests = [text for text in (request(self.rng, patterns) for _ in range(self.N_REQUESTS)) if '\n' not in text]
        done = subprocess.run([LOOKUP_ANSWERS, self.ours, VERSION, OUR_RULES], stdout=subprocess.PIPE, check=True,
                              input=''.join(text + '\n' for text in requests).encode('latin-1'))
        found = done.stdout.decode('latin-1').splitlines()
        self.assertEqual(len(found), len(requests))
        for folder in (self.their_folder, self.our_folder):
            with kmod.Library(folder, has_config=True) as library:
                for text, line in zip(requests, found):
                    self.assertEqual(line, self.answer(library, text), (text, folder, rules.lines))

    @staticmethod
    def answer(library, text):
        answers = library.lookup(text.encode('latin-1'))
        if isinstance(answers, int):
            return str(answers)
        return ' '.join(name for name, _ in answers) or str(-errno.ENOENT)


class Modinfo(Case):
    N_CALLS = 4

    def test_modinfo(self):
        self.each_world(self.check_modinfo, is_whole=True)

    def check_modinfo(self):
        self.index_both()
        paths = ['{base}/lib/modules/%s/%s' % (VERSION, path) for path in self.world.winners.values()
                 if not path.startswith(EXTERNAL) and not path.endswith('.gz')]
        for _ in range(self.N_CALLS):
            options = self.rng.choice(MODINFO_OPTIONS)
            args = [self.rng.choice(paths) if paths and self.rng.random() < .4 else
                    request(self.rng, self.world.patterns())
                    for _ in range(self.rng.randint(1, 4))]
            ours, theirs = (
                modinfocase.run(program, *options, '-b', base, '-k', VERSION, '--',
                                *(argument(arg.replace('{base}', base)) for arg in args))
                for program, base in ((tap.command('modinfo'), self.ours), (modinfocase.KMOD, self.theirs)))
            self.assertNotRegex(ours.err, modinfocase.SANITIZER)
            self.assertEqual(ours.out, self.in_ours(theirs.out), (options, args))
            if b'Function not implemented' not in theirs.err:       # a built-in module without modules.builtin.modinfo
                self.assertEqual(ours.status, theirs.status, (options, args, ours.err, theirs.err))


class Modprobe(Case):
    """what would be done"""

    N_CALLS = 6

    def test_plans(self):
        self.each_world(self.check_plans, is_whole=True)

    def check_plans(self):
        self.index_both()
        rules = Rules(self.world)
        write_lines(OUR_RULES, rules.lines)
        write_lines(THEIR_RULES, rules.for_theirs())
        for folder in (self.their_folder,) if rules.has_soft else (self.their_folder, self.our_folder):
            write_lines(os.path.join(folder, 'modules.softdep'), ())
        patterns = self.world.patterns() + rules.patterns()
        for _ in range(self.N_CALLS):
            options = self.rng.choice(MODPROBE_OPTIONS)
            if rules.has_soft and '-i' in options:      # of several answers one can be a soft dependency of another
                continue
            n_args = self.rng.choice((1, 1, 2)) if '-a' in options else 1
            args = [request(self.rng, patterns).lstrip('/') or 'a' for _ in range(n_args)]      # no paths
            if not {'-a', '-R'} & set(options) and self.rng.random() < .3:
                args += self.rng.choice((['x=1'], ['y=a b'], ['z', 'w="q r"']))
            self.check_call(rules, options, args)

    def check_call(self, rules, options, args):
        ours, theirs = (
            modprobecase.run(program, '-d', base, '-S', VERSION, '-C', conf, *options, '--', *map(argument, args))
            for program, base, conf in ((tap.command('modprobe'), self.ours, OUR_RULES),
                                        (modprobecase.KMOD, self.theirs, THEIR_RULES)))
        what = options, args, rules.lines, ours.err, theirs.err
        self.assertNotRegex(ours.err, modprobecase.SANITIZER)
        expected = os.fsdecode(self.in_ours(os.fsencode(theirs.out)))
        if '-R' in options:
            self.assertEqual(ours.out, expected, what)
        else:
            self.check_lines(ours.out.splitlines(), expected.splitlines(), rules, what)
        if theirs.status == 0 and 'not found' in ours.err:
            self.assertEqual(ours.status, 1, what)      # a rule that leads to nothing
        else:
            self.assertEqual(ours.status, theirs.status, what)

    def check_lines(self, ours, theirs, rules, what):
        """each module once, with all of its parameters, where theirs may show it once more with those that are given"""
        def paths(lines):
            return [' '.join(line.split()[:2]) for line in lines]

        ours, theirs = (list(dict.fromkeys(lines)) for lines in (ours, theirs))      # one command for two modules
        files = [path for path in paths(theirs) if path.startswith('insmod ')]
        is_once = len(set(files)) == len(files)
        if not is_once or rules.mixes_options():
            ours, theirs = (list(dict.fromkeys(paths(lines))) for lines in (ours, theirs))
        if rules.has_soft or not is_once:       # theirs orders a diamond otherwise each time that it comes to it
            ours, theirs = sorted(ours), sorted(theirs)
        self.assertEqual(ours, theirs, what)


if __name__ == '__main__':
    modprobecase.enter_namespace()
    tap.main()
