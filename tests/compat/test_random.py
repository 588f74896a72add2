#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random systems, ours beside Debian's kmod: files of depmod, fields of modinfo, lookups, plans of modprobe.

MODSURE_RANDOM=SEED or SEED:COUNT draws other worlds, or more, than the few of a usual run; see doc/testing.md. See tests/lib/tap.py
for the rest of the environment.
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
from modprobecase import run  # noqa: E402
from randomworld import EXTERNAL, FAKE_SYMBOLS, UNCLEAN_SYMBOL, VERSION, World, is_kept, request  # noqa: E402

SCRATCH = '/run/worlds'     # the test's own, in memory
RULES = '/etc/modprobe.d/rules.conf'
THEIR_RULES = '/run/their-rules.conf'
LOOKUP_ANSWERS = os.path.join(os.environ.get('MODSURE_BIN', ''), '../tests/compat/lookup-answers')
N_FAILURES_MAX = 20


def seeds(n_usual):
    first, _, count = os.environ.get('MODSURE_RANDOM', '1').partition(':')
    return range(int(first), int(first) + int(count or n_usual))


def write_rules(rules, path=None):
    with open(path or RULES, 'w', encoding='latin-1') as file:
        file.writelines(rule + '\n' for rule in rules)


def complaints(text):
    """{(file, what, symbol)} of depmod -e"""
    return {(os.path.basename(path).replace(b'.ko.xz', b'.ko.gz'), what, symbol) for path, what, symbol in
            re.findall(rb'(\S+\.ko\S*) (needs unknown symbol|disagrees about version of symbol) (\S+)', text)}


THEIR_DUPLICATE = rb'duplicate module (?:alias|syms):\n(.+) (\S+)\n'
OUR_DUPLICATE = rb'duplicate key: (.+) leads to (\S+) twice\n'


def duplicates(text, pattern):
    return sorted(re.findall(pattern, text))


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
            options_here = [option.replace('{base}', base) for option in options]
            done.append(kmod.run(program, '-b', base, '-C', config, *options_here))
        for stream in ('stdout', 'stderr'):
            setattr(done[1], stream, self.in_ours(getattr(done[1], stream)))
        self.assertNotRegex(done[0].stderr, rb'Sanitizer|runtime error')
        return done

    def index_both(self):
        self.both_depmods(VERSION)
        for name in ('modules.builtin.bin', 'modules.builtin.alias.bin'):
            path = os.path.join(self.their_folder, name)
            if os.path.getsize(path) == 0:      # theirs reads all indexes in another way then, with another order among equals
                with open(path, 'wb') as file:
                    file.write(kmod.EMPTY_INDEX)

    def in_ours(self, text):
        return self.world.in_ours(text.replace(self.theirs.encode(), self.ours.encode()))


class Depmod(Case):
    N_WORLDS = 40

    def test_files(self):
        self.each_world(self.check_files)

    def check_files(self):
        options = self.options()
        files = self.some_files() if self.rng.random() < .1 else ()
        ours, theirs = self.both_depmods(*options, VERSION, *files)
        self.assertEqual((ours.returncode, theirs.returncode), (0, 0), (options, ours.stderr, theirs.stderr))
        if '-n' in options:
            weakdeps = kmod.NO_WEAKDEPS + self.weakdeps(theirs.stdout)
            expected = theirs.stdout.replace(b'# Aliases for symbols', weakdeps + b'# Aliases for symbols')
            self.assertEqual(ours.stdout, b''.join(line for line in expected.splitlines(True) if b' symbol:' + UNCLEAN_SYMBOL not in line))
            return
        expected = self.expected()
        found = kmod.read_files(self.our_folder)
        self.assertEqual(set(found), set(expected))
        for name, text in expected.items():
            if found[name] != text and name.endswith('.bin'):
                entries = [indexbin.entries(data) for data in (found[name], text)]
                if self.world.lost:     # their numbers are those of the modules that are left
                    entries = [[(key, [value for _, value in values]) for key, values in each] for each in entries]
                    text = found[name]
                self.assertEqual(*entries, name)
            self.assertEqual(found[name], text, (name, options, files))
        if not files:
            self.check_selection(found)
        if '-e' in options and not self.world.lost and not self.world.has_unclean_symbols():
            self.assertEqual(complaints(ours.stderr), complaints(theirs.stderr) - self.without_version(), options)
        if '-w' in options:
            self.assertEqual(duplicates(ours.stderr, OUR_DUPLICATE), duplicates(theirs.stderr, THEIR_DUPLICATE))

    def options(self):
        found = []
        if self.rng.random() < .4 and not self.world.lost:      # or the kernel could export what is lost
            for name, text in zip(('symvers', 'map'), self.world.kernel_symbols()):
                with open(os.path.join(SCRATCH, name), 'w', encoding='latin-1') as file:
                    file.write(text)
            found += self.rng.choice((['-e'], [])) + self.rng.choice((['-E', SCRATCH + '/symvers'], ['-F', SCRATCH + '/map'],
                                     ['-F', SCRATCH + '/map', '-E', SCRATCH + '/symvers'], ['-e']))
        for option in (['-w'], ['-a'], ['-n'], ['-P', '_']):
            found += option if self.rng.random() < .1 else []
        return found

    def some_files(self):
        """modules to be named, by their paths"""
        paths = [path for name, path in sorted(self.world.winners.items()) if name not in self.world.lost and not path.endswith('.gz')]
        self.rng.shuffle(paths)
        return [path.replace(EXTERNAL, '{base}/external/') if path.startswith(EXTERNAL) else
                '{base}/lib/modules/%s/%s' % (VERSION, path) for path in paths[:self.rng.randint(1, 4)]]

    def without_version(self):
        """complaints of theirs about an import without a version, which it takes for one of 0"""
        return {(os.path.basename(path).encode().replace(b'.ko.xz', b'.ko.gz'), b'disagrees about version of symbol', entry[0].encode())
                for path in self.world.winners.values() for entry in self.world.files[path].imports if entry[1] is None or entry[0].endswith(FAKE_SYMBOLS)}

    def expected(self):
        """what theirs wrote, in the form of ours"""
        for name in ('modules.dep', 'modules.dep.bin'):
            path = os.path.join(self.their_folder, name)
            with open(path, 'rb') as file:
                text = file.read()
            if name == 'modules.dep.bin':
                text = depmod_reference.index_bytes([(key, priority, self.in_ours(value)) for key, priority, value
                                                     in kmod.insertions(indexbin.entries(text, 'post'))])
                dep_bin = text
            else:
                with open(path, 'wb') as file:
                    file.write(self.in_ours(text))
        files = kmod.expected_files(self.their_folder, self.weakdeps(depmod_reference.content(os.path.join(self.their_folder, 'modules.dep'))))
        files['modules.dep.bin'] = dep_bin
        files['modules.symbols'] = b''.join(line for line in files['modules.symbols'].splitlines(True)
                                            if b' symbol:' + UNCLEAN_SYMBOL not in line)
        files['modules.symbols.bin'] = depmod_reference.index_bytes(
            [entry for entry in kmod.insertions(indexbin.entries(files['modules.symbols.bin']))
             if not entry[0].startswith(b'symbol:' + UNCLEAN_SYMBOL)])
        return files

    def weakdeps(self, dep_lines):
        """lines of modules.weakdep, in the order of those of modules.dep"""
        modules = {path.replace(EXTERNAL, self.ours + '/external/').encode(): (name, self.world.files[path])
                   for name, path in self.world.winners.items()}
        found = [modules[line.split(b':')[0]] for line in dep_lines.splitlines() if line.split(b':')[0] in modules]
        return ''.join('weakdep %s %s\n' % (name, tag.text) for name, spec in found for tag in spec.tags
                       if tag.key == 'weakdep' and is_kept(tag)).encode()

    def check_selection(self, found):
        paths = {line.split(b':')[0].decode() for line in found['modules.dep'].splitlines()}
        self.assertEqual(paths, {path.replace(EXTERNAL, self.ours + '/external/') for name, path in self.world.winners.items()
                                 if name not in self.world.lost})


class Lookups(Case):
    """names, aliases and symbols by rules and indexes: ours, their library with their indexes, and with ours"""

    N_WORLDS = 10

    def test_lookups(self):
        os.environ['KMOD_LOG'] = '0'        # of the library; it tells each bad line
        self.addCleanup(os.environ.pop, 'KMOD_LOG')
        self.each_world(self.check_lookups)

    def check_lookups(self):
        self.index_both()
        rules = self.world.draw_rules()
        write_rules(rules)
        patterns = self.world.patterns() + [rule.split()[1] for rule in rules if len(rule.split()) > 1]
        requests = [text for text in (request(self.rng, patterns) for _ in range(60)) if '\n' not in text]
        done = subprocess.run([LOOKUP_ANSWERS, self.ours, VERSION, RULES], input=''.join(text + '\n' for text in requests).encode('latin-1'),
                              stdout=subprocess.PIPE, check=True)
        found = done.stdout.decode('latin-1').splitlines()
        self.assertEqual(len(found), len(requests))
        for folder in (self.their_folder, self.our_folder):
            with kmod.Library(folder, has_config=True) as library:
                for text, line in zip(requests, found):
                    names = library.lookup(text.encode('latin-1'))
                    expected = ' '.join(name for name, _ in names) if isinstance(names, list) and names else str(names or -errno.ENOENT)
                    self.assertEqual(line, expected, (text, folder, rules))


class Modinfo(Case):
    N_WORLDS = 10
    N_CALLS = 4

    def test_modinfo(self):
        self.each_world(self.check_modinfo, is_whole=True)

    def check_modinfo(self):
        self.index_both()
        paths = [path for path in self.world.winners.values() if not path.startswith(EXTERNAL) and not path.endswith('.gz')]
        for _ in range(self.N_CALLS):
            options = self.rng.choice(([], [], ['-0'], ['-n'], ['-p'], ['-l'], ['-a'], ['-d'], ['-m'], ['-F', 'alias'], ['-F', 'parmtype'], ['-F', ''],
                                       ['-F', 'softdep', '-0'], ['-F', 'name'], ['-m', '-n'], ['-0', '-p'], ['-F', 'A'], ['-F', 'no_such'], ['-l', '-d']))
            args = []
            for _ in range(self.rng.randint(1, 4)):
                if paths and self.rng.random() < .4:
                    args.append('{base}/lib/modules/%s/%s' % (VERSION, self.rng.choice(paths)))
                else:
                    args.append(request(self.rng, self.world.patterns()))
            done = []
            for program, base in ((tap.command('modinfo'), self.ours), (modinfocase.KMOD, self.theirs)):
                done.append(modinfocase.run(program, *options, '-b', base, '-k', VERSION, '--', *(
                    os.fsdecode(arg.replace('{base}', base).encode('latin-1')) for arg in args)))
            ours, theirs = done
            self.assertNotRegex(ours.err, rb'Sanitizer|runtime error')
            self.assertEqual(ours.out, self.in_ours(theirs.out), (options, args))
            if b'Function not implemented' not in theirs.err:       # a built-in module without modules.builtin.modinfo
                self.assertEqual(ours.status, theirs.status, (options, args, ours.err, theirs.err))


class Modprobe(Case):
    """what would be done"""

    N_WORLDS = 10
    N_CALLS = 6

    def test_plans(self):
        self.each_world(self.check_plans, is_whole=True)

    def check_plans(self):
        self.index_both()
        with open(os.path.join(self.their_folder, 'modules.softdep'), 'wb'):
            pass
        rules = self.world.draw_rules()
        kept = [rule for rule in rules if not rule.startswith('softdep ')]
        write_rules(rules, RULES)
        write_rules((kept + self.world.merged_softdeps(rules)) if self.world.has_soft else kept, THEIR_RULES)
        if not self.world.has_soft:
            with open(os.path.join(self.our_folder, 'modules.softdep'), 'wb'):
                pass
        patterns = self.world.patterns() + [rule.split()[1] for rule in rules if len(rule.split()) > 1]
        for _ in range(self.N_CALLS):
            options = self.rng.choice((['-D'], ['-D'], ['-n', '-v'], ['-D', '-i'], ['-D', '-b'], ['-n', '-v', '-a'], ['-R'], ['-R', '-a'], ['-D', '-a']))
            args = [request(self.rng, patterns) for _ in range(self.rng.choice((1, 1, 2)) if '-a' in options else 1)]
            args = [arg.lstrip('/') or 'a' for arg in args]     # these are paths
            if '-a' not in options and '-R' not in options and self.rng.random() < .3:
                args += self.rng.choice((['x=1'], ['y=a b'], ['z', 'w="q r"']))
            self.check_call(options, args)

    def check_call(self, options, args):
        done = []
        for program, base, rules in ((tap.command('modprobe'), self.ours, RULES), (modprobecase.KMOD, self.theirs, THEIR_RULES)):
            done.append(run(program, '-d', base, '-S', VERSION, '-C', rules, *options, '--', *(os.fsdecode(arg.encode('latin-1')) for arg in args)))
        ours, theirs = done
        self.assertNotRegex(ours.err, 'Sanitizer|runtime error')
        expected = os.fsdecode(self.in_ours(os.fsencode(theirs.out)))
        what = (options, args, open(RULES, encoding='latin-1').read(), ours.err, theirs.err)
        if '-R' in options:
            self.assertEqual(ours.out, expected, what)
        else:
            self.check_lines(ours.out.splitlines(), expected.splitlines(), what)
        if theirs.status == 0 and 'not found' in ours.err:
            self.assertEqual(ours.status, 1, what)      # an alias of what is not there; theirs says so only when it is to be loaded
        else:
            self.assertEqual(ours.status, theirs.status, what)

    def check_lines(self, ours, theirs, what):
        """each module comes once, with all of its parameters, where theirs may show it once more with those that are given"""
        def paths(lines):
            return [line.split(' ')[1] if line.startswith('insmod ') else line for line in lines]

        ours, theirs = (list(dict.fromkeys(lines)) for lines in (ours, theirs))      # one command for two modules
        is_once = len(set(paths(theirs))) == len(theirs)
        if not is_once:
            ours, theirs = paths(ours), list(dict.fromkeys(paths(theirs)))
        if self.world.has_soft or not is_once:
            ours, theirs = sorted(ours), sorted(theirs)
        self.assertEqual(ours, theirs, what)


if __name__ == '__main__':
    modprobecase.enter_namespace()
    tap.main()
