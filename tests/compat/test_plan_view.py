#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modsure plan, why and graph, against what the files say that Debian's depmod and nm write."""

import fnmatch
import json
import lzma
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import kmod  # noqa: E402
import tap  # noqa: E402
from captured import SANITIZER, Result, System  # noqa: E402
from mkmod import Module, write_tree  # noqa: E402

VERSION = '6.12.0-test'


def run_modsure(*args, **kwargs):
    env = {**os.environ, 'LC_ALL': 'C', **kwargs.pop('env', {})}
    done = subprocess.run([tap.command('modsure'), *args], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          stdout=kwargs.pop('stdout', subprocess.PIPE), timeout=120, check=False, env=env, **kwargs)
    return Result(done)


def folded(word):
    return word.replace('-', '_')


def name_of(path):
    return folded(os.path.basename(path.rstrip(':')).split('.')[0])


class Tree:
    """what the text files of one module folder say"""

    def __init__(self, folder):
        self.folder = folder
        self.deps, self.paths, self.softdeps, self.aliases, self.known = {}, {}, [], [], {}
        for line in self.lines('modules.dep'):
            path, *deps = line.split()
            self.deps[name_of(path)] = [name_of(dep) for dep in deps]
            self.paths[name_of(path)] = os.path.join(folder, path.rstrip(':'))
        self.builtin = {name_of(line) for line in self.lines('modules.builtin')}
        for number, line in enumerate(self.lines('modules.softdep'), 1):
            if line.startswith('softdep '):
                self.softdeps.append((number, *self.read_softdep(line)))
        for line in self.lines('modules.alias'):
            if line.startswith('alias '):
                _, pattern, module = line.split()
                self.aliases.append((folded(pattern), module, re.split('[*?[]', folded(pattern))[0]))
        with open(os.path.join(folder, 'modules.builtin.modinfo'), 'rb') as file:
            entries = [entry.decode() for entry in file.read().split(b'\0')]
        found = [re.fullmatch(r'([^.]+)\.alias=(.*)', entry, re.S) for entry in entries]
        self.builtin_aliases = [(folded(match[2]), folded(match[1])) for match in found if match]

    def lines(self, name):
        with open(os.path.join(self.folder, name), encoding='utf-8') as file:
            return file.read().splitlines()

    @staticmethod
    def read_softdep(line):
        """owner, [(kind, word)]: what stands before pre: and post: is loaded before"""
        _, owner, *words = line.split()
        found, kind = [], 'softdep-pre'
        for word in words:
            if word in ('pre:', 'post:'):
                kind = 'softdep-' + word[:-1]
            else:
                found.append((kind, word))
        return folded(owner), found

    def answers(self, word):
        word = folded(word)
        if word not in self.known:
            self.known[word] = self.find_answers(word)
        return self.known[word]

    def find_answers(self, word):
        for found in ([word] if word in self.deps else [],
                      [module for pattern, module, start in self.aliases
                       if word.startswith(start) and fnmatch.fnmatchcase(word, pattern)],
                      [word] if word in self.builtin else [],
                      [module for pattern, module in self.builtin_aliases if fnmatch.fnmatchcase(word, pattern)]):
            if found:
                return set(found)
        return set()

    def soft(self, module):
        """[(kind, answer, line, word)] of a module"""
        return [(kind, answer, number, word) for number, owner, words in self.softdeps if owner == module
                for kind, word in words for answer in sorted(self.answers(word)) if answer != module]

    def closure(self, module):
        found, todo = set(), [module]
        while todo:
            name = todo.pop()
            if name in found:
                continue
            found.add(name)
            if name in self.deps:
                todo += self.deps[name] + [answer for _, answer, _, _ in self.soft(name)]
        return found


def nm(path, scratch):
    """(symbols that a module file imports, symbols that it exports)"""
    with open(path, 'rb') as file:
        data = file.read()
    with open(scratch, 'wb') as file:
        file.write(lzma.decompress(data) if path.endswith('.xz') else data)
    out = subprocess.run(['nm', '-P', scratch], stdout=subprocess.PIPE, check=True).stdout.decode()
    rows = [line.split()[:2] for line in out.splitlines()]
    mark = '__ksymtab_'
    return ({name for name, kind in rows if kind in 'Uwv'},
            {name[len(mark):] for name, _ in rows if name.startswith(mark)})


class Real(unittest.TestCase):
    """Debian's 6.12 with its own depmod's files"""
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        cls.base = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.base)
        cls.version, source = next(kernel for kernel in tap.kernels() if kernel[0].startswith('6.12'))
        folder = os.path.join(cls.base, 'lib/modules', cls.version)
        kmod.link_modules(source, folder)
        made = kmod.run(kmod.DEPMOD, '-b', cls.base, cls.version)
        if made.returncode:
            raise OSError(made.stderr)
        with open(os.path.join(cls.base, 'none.conf'), 'wb'):
            pass
        cls.tree = Tree(folder)
        cls.symbols = {}

    def modsure(self, verb, *args, status=0):
        result = run_modsure(*verb.split(), '-d', self.base, '-S', self.version, '-C', os.path.join(self.base, 'none.conf'),
                             *args)
        self.assertIsNone(SANITIZER.search(result.err), result.err[-4000:])
        self.assertEqual((result.status, result.err), (status, b''), (verb, args))
        return result

    def json(self, verb, *args, **kwargs):
        return json.loads(self.modsure(verb, '--json', *args, **kwargs).out.decode())

    def symbols_of(self, module):
        if module not in self.symbols:
            self.symbols[module] = nm(self.tree.paths[module], os.path.join(self.base, 'plain.ko'))
        return self.symbols[module]

    def links(self, module):
        """{(kind, to): (symbols, first symbol) or line of modules.softdep}"""
        found = {}
        if module not in self.tree.deps:
            return found
        imports, _ = self.symbols_of(module)
        deps = self.tree.deps[module]
        for dep in deps:
            used = imports & self.symbols_of(dep)[1]
            if used:
                found['symbol', dep] = (len(used), min(used))
        covered = {below for _, dep in found for below in [dep] + self.tree.deps[dep]}
        self.assertEqual(set(deps) - covered, set(), module)
        for kind, answer, number, _ in self.tree.soft(module):
            found.setdefault((kind, answer), number)
        return found

    def sample(self):
        rng = random.Random(6)
        owners = sorted({owner for _, owner, _ in self.tree.softdeps if owner in self.tree.deps})
        self.assertGreater(len(owners), 30)
        return rng.sample(owners, 25) + rng.sample(sorted(self.tree.deps), 15) + ['cifs', 'r8169', 'amdgpu']

    def test_plans(self):
        """all that modules.dep and all softdep lines name, once, in an order that they allow"""
        n_soft = 0
        for module in self.sample():
            plan = self.json('plan load', '--ignore-loaded', module)
            steps = {step['module']: step for step in plan['steps']}
            self.assertEqual(len(steps), len(plan['steps']))
            self.assertEqual(set(steps), self.tree.closure(module))
            self.assertEqual([step['number'] for step in plan['steps']], list(range(1, len(steps) + 1)))
            for name, step in steps.items():
                self.assertEqual(step['action'], 'insert' if name in self.tree.deps else 'builtin', name)
                self.assertEqual(step['path'], self.tree.paths.get(name), name)
                self.assertTrue(step['reasons'], name)
                for dep in self.tree.deps.get(name, []):
                    self.assertLess(steps[dep]['number'], step['number'], (name, dep))
                n_soft += self.check_soft(name, steps)
        self.assertGreater(n_soft, 50)

    def check_soft(self, owner, steps):
        """every softdep line of a module is a reason, with its place, and keeps its order"""
        rules = self.tree.soft(owner)
        for kind, answer, number, word in rules:
            place = {'file': os.path.join(self.tree.folder, 'modules.softdep'), 'line': number}
            reasons = [reason for reason in steps[answer]['reasons']
                       if (reason['kind'], reason['by'], reason['source']) == (kind, owner, place)]
            self.assertTrue(reasons, (owner, answer))
            self.assertIn(word, [reason['word'] for reason in reasons])
            before, after = (answer, owner) if kind == 'softdep-pre' else (owner, answer)
            if reasons[0]['order_kept']:
                self.assertLess(steps[before]['number'], steps[after]['number'], (owner, answer))
        return len(rules)

    def test_softdeps_that_nothing_answers(self):
        for module in ('cifs', 'r8169'):
            plan = self.json('plan load', '--ignore-loaded', module)
            expected = [(owner, word, number) for number, owner, words in self.tree.softdeps
                        for _, word in words if owner in self.tree.closure(module) and not self.tree.answers(word)]
            self.assertEqual([(note['about'], note['other'], note['source']['line']) for note in plan['notes']
                              if note['kind'] == 'softdep-unknown'], expected)
            self.assertEqual(bool(expected), module == 'cifs')

    def test_eighty_columns(self):
        for verb, *words in (('plan load', '-v', '--ignore-loaded', 'cifs', 'r8169'), ('why', 'cifs', 'cryptd'),
                             ('plan load', '--ignore-loaded', 'snd-soc-sof-rt5682')):
            if words[-1].startswith('snd') and folded(words[-1]) not in self.tree.deps:
                words[-1] = 'amdgpu'
            lines = self.modsure(verb, *words).out.decode().splitlines()
            self.assertGreater(len(lines), 3)
            for line in lines:
                if len(line.split()) > 1:
                    self.assertLessEqual(len(line), 80, line)

    def test_graphs(self):
        for module in ('r8169', 'ext4', 'cifs', 'iwlmvm'):
            graph = self.json('graph', module)
            self.assertEqual(graph['roots'], [module])
            found = {entry['name']: entry for entry in graph['modules'] if entry['known']}
            self.assertEqual(set(found), self.tree.closure(module))
            for name, entry in found.items():
                self.assertEqual(entry['path'], self.tree.paths.get(name))
                self.assertEqual(entry['builtin'], name not in self.tree.deps)
                links = {(link['kind'], link['to']): (link['symbols'], link['symbol']) if link['kind'] == 'symbol'
                         else link['source']['line'] for link in entry['links'] if link['to'] in found}
                self.assertEqual(links, self.links(name), name)

    def ways(self, start):
        """{module: the names on the shortest way from @start; of equal ones the first}"""
        ways, level = {start: (start,)}, [start]
        while level:
            reached = {}
            for name in level:
                for _, to in self.links(name):
                    if to not in ways:
                        way = ways[name] + (to,)
                        reached[to] = min(reached.get(to, way), way)
            ways.update(reached)
            level = list(reached)
        return ways

    def test_chains(self):
        for start, n in (('r8169', 3), ('cifs', 10), ('btrfs', 4), ('ext4', 3)):
            ways = self.ways(start)
            self.assertEqual(set(ways), self.tree.closure(start))
            for end in random.Random(start).sample(sorted(set(ways) - {start}), n):
                found = self.json('why', start, end)
                self.assertEqual((found['brings_in'], len(found['answers'])), (True, 1))
                chain = found['answers'][0]['chain']
                self.assertEqual((start, *(link['to'] for link in chain)), ways[end])
                self.assertEqual([link['from'] for link in chain], list(ways[end][:-1]))
                for link in chain:
                    expected = self.links(link['from'])[link['kind'], link['to']]
                    self.assertEqual((link['symbols'], link['symbol']) if link['kind'] == 'symbol'
                                     else link['source']['line'], expected)
            for end in ('nbd', 'loop'):
                self.assertNotIn(end, ways)
                self.assertIn(b'no: ', self.modsure('why', start, end, status=1).out)


class Small(unittest.TestCase):
    """made trees, as a captured system"""
    maxDiff = 4000

    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        self.system = System(os.path.join(self.dir, 'root'))
        self.conf('')

    def conf(self, text):
        with open(os.path.join(self.dir, 'test.conf'), 'w', encoding='utf-8') as file:
            file.write(text)

    def tree(self, builtin=(), weakdeps='', **modules):
        """name='uses > exports', as in 'b_fn c_fn > a_fn'; '-' in file names stands as '__'"""
        files = {}
        for name, symbols in modules.items():
            module = symbols
            if isinstance(symbols, str):
                uses, _, exports = symbols.partition('>')
                module = Module()
                for symbol in uses.split():
                    module.use(symbol)
                for symbol in exports.split():
                    module.export(symbol)
            files['kernel/%s.ko' % name.replace('__', '-')] = module.modinfo('license', 'GPL')
        self.folder = write_tree(self.system.folder, VERSION, files, True, ['kernel/%s.ko' % name for name in builtin],
                                 [(name, 'license', 'GPL') for name in builtin])
        self.system.put('lib/modules/%s/modules.weakdep' % VERSION, weakdeps)
        made = kmod.run(kmod.DEPMOD, '-b', self.system.folder, VERSION)
        self.assertEqual(made.returncode, 0, made.stderr)

    def modsure(self, verb, *args, status=0, **kwargs):
        result = run_modsure(*verb.split(), '--sysroot', self.system.folder, '-S', VERSION, '-C', 'test.conf', *args,
                             cwd=self.dir, **kwargs)
        self.assertIsNone(SANITIZER.search(result.err), result.err[-4000:])
        self.assertEqual(result.status, status, (verb, args, result.out, result.err))
        return result

    def json(self, verb, *args, **kwargs):
        return json.loads(self.modsure(verb, '--json', *args, **kwargs).out.decode())

    def steps(self, *args, **kwargs):
        return [(step['action'], step['module']) for step in self.json(*args, **kwargs)['steps']]

    def text(self, *args, **kwargs):
        return self.modsure(*args, **kwargs).out.decode()


class Plan(Small):
    def test_columns(self):
        self.tree(top='mid_fn', mid='low_fn > mid_fn', low='> low_fn', soft='', there='', builtin=['inside'])
        self.system.module('there')
        self.conf('softdep top pre: soft there post: inside\nalias nick top\noptions top a=1\n'
                  'install soft /sbin/modprobe --ignore-install soft\n')
        self.assertEqual(self.text('plan load', 'nick', 'b=x y', 'c='), '''\
 1  insert    low     needed by mid (modules.dep)
 2  insert    mid     needed by top (modules.dep)
 3  command   soft    soft dependency before top (test.conf:1)
                      run the install command of soft (test.conf:4):
                      /sbin/modprobe --ignore-install soft
 4  loaded    there   soft dependency before top (test.conf:1)
 5  insert    top     asked for as nick (test.conf:2)
                      with a=1 b="x y" c=
 6  built in  inside  soft dependency after top (test.conf:1)
''')
        self.assertIn('\n' + 22 * ' ' + 'kernel/top.ko\n', self.text('plan load', '-v', 'top'))
        self.assertIn(('insert', 'soft'), self.steps('plan load', 'soft', '--ignore-install'))
        self.assertIn(('insert', 'there'), self.steps('plan load', 'top', '--ignore-loaded'))

    def test_long_names(self):
        name = 'a' * 40
        self.tree(**{name: ''})
        self.assertEqual(self.text('plan load', name), ' 1  insert    %s\n%sasked for\n' % (name, 44 * ' '))

    def test_words_of_a_name_with_equal_signs(self):
        self.tree(a='', b='')
        self.conf('alias x=y b\n')
        self.assertEqual([step['options'] for step in self.json('plan load', 'a', 'x=y', 'b', 'n=1')['steps']],
                         ['x=y', 'n=1'])
        self.assertEqual(self.steps('plan load', '--all', 'a', 'x=y'), [('insert', 'a'), ('insert', 'b')])

    def test_masked(self):
        """refused, with the rule and the whole way to it; what is asked for besides is planned"""
        self.tree(a='b_fn', b='c_fn > b_fn', c='> c_fn', other='')
        self.conf('\nmask c\nsoftdep other pre: c\n')
        plan = self.json('plan load', 'a', 'other', status=1)
        self.assertEqual((plan['possible'], [goal['refused'] for goal in plan['goals']]), (False, [True, False]))
        refusals = {step['module']: step['refusal'] for step in plan['steps']}
        self.assertEqual({name: refusal and refusal['kind'] for name, refusal in refusals.items()},
                         {'a': 'needs-refused', 'b': 'needs-refused', 'c': 'masked', 'other': None})
        self.assertEqual(refusals['a']['text'], 'a needs b, which needs c: c is masked (test.conf:2)')
        by_name = {step['module']: step for step in plan['steps']}
        self.assertEqual(refusals['b']['cause'], by_name['c']['number'])
        self.assertEqual(by_name['c']['rule'], {'file': 'test.conf', 'line': 2})
        self.assertEqual([(note['kind'], note['about'], note['other'], note['source']['line'], note['rule']['line'])
                          for note in plan['notes']], [('softdep-refused', 'other', 'c', 3, 2)])
        self.assertIn('a needs b, which needs c: c is masked (test.conf:2)', self.text('plan load', 'a', status=1))

    def test_blacklist(self):
        self.tree(a='', b='')
        self.conf('alias nick a\nblacklist a\n')
        self.assertEqual(self.steps('plan load', 'a'), [('insert', 'a')])
        for args in (['nick'], ['--use-blacklist', 'a']):
            plan = self.json('plan load', *args)
            self.assertEqual((plan['steps'], plan['goals'][0]['found'], plan['goals'][0]['steps']), ([], True, []))
            self.assertEqual(plan['notes'][0]['kind'], 'blacklisted')
            self.assertEqual(plan['notes'][0]['rule'], {'file': 'test.conf', 'line': 2})
            text = self.text('plan load', *args)
            self.assertIn('nothing to do\n', text)
            self.assertIn('test.conf:2', text)

    def test_file_that_is_gone(self):
        self.tree(a='b_fn', b='> b_fn')
        os.unlink(os.path.join(self.folder, 'kernel/b.ko'))
        self.assertRegex(self.text('plan load', 'a', status=1), r'\n 2  refused   a  asked for\n +a needs b: the file of b cannot')
        self.assertEqual([step['refusal']['kind'] for step in self.json('plan load', 'a', status=1)['steps']],
                         ['no-file', 'needs-refused'])

    def test_files(self):
        """what a file needs comes by its module's name, the file itself as it was given"""
        self.tree(a='b_fn', b='> b_fn')
        shutil.copy(os.path.join(self.folder, 'kernel/a.ko'), os.path.join(self.dir, 'a.ko'))
        self.assertEqual([(step['module'], step['path']) for step in self.json('plan load', './a.ko', 'p=1')['steps']],
                         [('b', os.path.join(self.folder, 'kernel/b.ko')), ('a', './a.ko')])
        self.assertIn('./c.ko: there is no such file', re.sub(r'\s+', ' ', self.text('plan load', './c.ko', status=1)))
        self.assertIn(b'nothing answers to ./', self.modsure('plan load', './', status=3).err)

    def test_cycle_of_softdeps(self):
        """each once, whichever is asked for; what is not kept is said"""
        self.tree(a='', b='', c='')
        self.conf('softdep a pre: b\nsoftdep b pre: c\nsoftdep c pre: a\n')
        for name in 'abc':
            plan = self.json('plan load', name)
            self.assertEqual(sorted(step['module'] for step in plan['steps']), ['a', 'b', 'c'])
            cut = [note for note in plan['notes'] if note['kind'] == 'order-cut']
            self.assertEqual(len(cut), 1)
            self.assertEqual(cut[0]['source'], {'file': 'test.conf', 'line': 'abc'.index(cut[0]['about']) + 1})
            kept = [reason['order_kept'] for step in plan['steps'] for reason in step['reasons']
                    if reason['kind'] == 'softdep-pre']
            self.assertEqual(sorted(kept), [False, True, True])
            self.assertIn('would close a cycle', self.text('plan load', name))

    def test_unload(self):
        self.tree(a='b_fn', b='c_fn > b_fn', c='> c_fn', held='> held_fn', user='held_fn', builtin=['inside'])
        self.system.module('a')
        self.system.module('b', holders=['a'])
        self.system.module('c', holders=['b'])
        self.system.module('held', holders=['user'])
        self.system.module('user')
        plan = self.json('plan unload', 'a')
        self.assertEqual([(step['action'], step['module'], step['if_unused']) for step in plan['steps']],
                         [('remove', 'a', False), ('remove', 'b', True), ('remove', 'c', True)])
        self.assertEqual(self.text('plan unload', 'a').splitlines()[1],
                         ' 2  remove    b  was needed by a (modules.dep); if nothing uses it by then')
        plan = self.json('plan unload', 'held', status=1)
        self.assertEqual([step['refusal']['kind'] for step in plan['steps']], ['in-use'])
        self.assertIn('held is in use by user\n', self.text('plan unload', 'held', status=1))
        self.assertEqual(self.steps('plan unload', '--remove-holders', 'held'), [('remove', 'user'), ('remove', 'held')])
        self.assertEqual(self.steps('plan unload', '--force', 'held'), [('remove', 'held')])
        self.assertEqual(self.steps('plan unload', 'inside', status=1), [('refuse', 'inside')])
        shutil.rmtree(self.system.path('sys/module/user'))
        self.assertEqual(self.steps('plan unload', 'user'), [('absent', 'user')])
        self.assertEqual(self.steps('plan unload', '--first-time', 'user', status=1), [('refuse', 'user')])
        self.assertEqual(self.steps('plan load', '--first-time', 'a', status=1), [('refuse', 'a')])

    def test_control_characters(self):
        """nothing that a file says commands the terminal"""
        self.tree(a='', b='')
        self.conf('softdep a pre: x\x1b(y\noptions a p=\x1b]0;\x07\n')
        text = self.text('plan load', 'a')
        self.assertIn('x\\x1b(y', text)
        self.assertNotIn('\x1b', text)
        self.assertNotIn('\x07', text)
        self.assertEqual(self.json('plan load', 'a')['notes'][0]['other'], 'x\x1b(y')


class Status(Small):
    def test_usage(self):
        self.tree(a='')
        for words in (['plan'], ['plan', 'load'], ['plan', 'a'], ['plan', 'keep', 'a'], ['plan', '--nonsense', 'load', 'a'],
                      ['why', 'a'], ['why', 'a', 'a', 'a'], ['graph'], ['graph', 'a', 'a'], ['graph', '-L', '-1', 'a'],
                      ['graph', '-L', '101', 'a'], ['graph', '-L', '', 'a'], ['graph', '--dot', '--json', 'a']):
            result = run_modsure(*words)
            self.assertEqual((result.status, result.out), (2, b''), words)
            self.assertTrue(result.err, words)

    def test_unknown(self):
        self.tree(a='')
        for words in (['plan load', 'a', 'nope'], ['plan unload', 'nope'], ['why', 'a', 'nope'], ['why', 'nope', 'a'],
                      ['graph', 'nope'], ['graph', 'a[b'], ['plan load', 'a[b']):
            self.assertIn(b'nothing answers to ', self.modsure(*words, status=3).err)
        self.assertEqual(self.json('plan load', 'nope', 'a', status=3)['goals'], [
            {'request': 'nope', 'found': False, 'refused': False, 'steps': []},
            {'request': 'a', 'found': True, 'refused': False, 'steps': [1]}])

    def test_no_indexes(self):
        """not the name's fault"""
        for words in (['plan load', 'a'], ['why', 'a', 'b'], ['graph', 'a']):
            self.assertIn(VERSION.encode(), self.modsure(*words, status=4).err)

    def test_no_output(self):
        self.tree(a='')
        for words in (['plan load', 'a'], ['why', 'a', 'a'], ['graph', 'a'], ['graph', '--json', 'a']):
            with open('/dev/full', 'wb') as full:
                self.assertIn(b'standard output', self.modsure(*words, status=4, stdout=full).err)

    def test_no_json_library(self):
        self.tree(a='')
        self.system.put('lib/libjson-c.so.5', 'no library')
        env = {'LD_LIBRARY_PATH': self.system.path('lib')}
        for words in (['plan load', 'a'], ['why', 'a', 'a'], ['graph', 'a']):
            result = self.modsure(*words, '--json', status=4, env=env)
            self.assertEqual(result.out, b'')
            self.assertIn(b'no JSON output without', result.err)
            self.modsure(*words, env=env)

    def test_not_under_kmod(self):
        """these are not commands of kmod's"""
        for verb in ('plan', 'why', 'graph'):
            done = kmod.run(tap.command('kmod'), verb, '--help')
            self.assertEqual(done.returncode, 1)
            self.assertNotIn(b'  %s ' % verb.encode(), kmod.run(tap.command('kmod'), '--help').stdout)
            self.assertIn(b'  %s ' % verb.encode(), kmod.run(tap.command('modsure'), '--help').stdout)
            self.assertIn(b'modsure %s' % verb.encode(), run_modsure(verb, '--help').out)


class Why(Small):
    def test_kinds(self):
        self.tree(top='b1 b2 b3 z1', mid='z1 > b2 b1 b3 b4', low='> z1', soft='', post='', weak='',
                  weakdeps='weakdep top weak\n')
        self.conf('softdep top pre: nick post: post\nalias nick soft\n')
        self.assertEqual(self.text('why', 'top', 'mid'), 'top brings in mid\n  top uses mid: b1 and 2 more symbols\n')
        self.assertEqual(self.text('why', 'mid', 'low'), 'mid brings in low\n  mid uses low: z1\n')
        self.assertEqual(self.text('why', 'top', 'nick'), '''\
top brings in soft, which answers to nick
  top has the soft dependency soft, before it, named nick (test.conf:1)
''')
        self.assertEqual(self.text('why', 'top', 'post'),
                         'top brings in post\n  top has the soft dependency post, after it (test.conf:1)\n')
        self.assertEqual(self.text('why', 'top', 'weak', status=1), '''\
no: only as a weak dependency, for whose sake nothing is loaded
  top has the weak dependency weak (modules.weakdep:1)
''')
        self.assertEqual(self.text('why', 'top', 'top'), 'top is what is asked for\n')
        self.assertEqual(self.text('why', 'low', 'top', status=1), 'no: nothing that low brings in leads to top\n')

    def test_what_files_do_not_tell(self):
        """a line of modules.dep by itself, or a file that can't be read, is not explained by symbols"""
        self.tree(a='b_fn', b='c_fn > b_fn', c='> c_fn', d='')
        path = os.path.join(self.folder, 'modules.dep')
        with open(path, encoding='utf-8') as file:
            lines = file.read().replace('kernel/d.ko:', 'kernel/d.ko: kernel/a.ko kernel/b.ko kernel/c.ko')
        with open(path, 'w', encoding='utf-8') as file:
            file.write(lines)
        import indexbin     # the same in the index that is read
        entries = [(line.split(':')[0].split('/')[1][:-3], 0, line) for line in lines.splitlines()]
        import depmod_reference
        with open(path + '.bin', 'wb') as file:
            file.write(depmod_reference.index_bytes([(key.encode(), n, value.encode()) for key, n, value in entries]))
        self.assertTrue(indexbin.read(path + '.bin'))
        self.assertEqual(self.text('why', 'd', 'a'), 'd brings in a\n  d needs a (modules.dep)\n')
        self.assertEqual(self.text('why', 'd', 'c'), 'd brings in c\n  d needs a (modules.dep)\n'
                         '  a uses b: b_fn\n  b uses c: c_fn\n')
        with open(os.path.join(self.folder, 'kernel/a.ko'), 'wb') as file:
            file.write(b'no module')
        result = self.modsure('why', 'a', 'c')
        self.assertEqual(result.out, b'a brings in c\n  a needs b (modules.dep)\n  b uses c: c_fn\n')
        self.assertIn(b'kernel/a.ko', result.err)

    def test_shortest_and_first(self):
        self.tree(start='', m1='end_fn', m2='end_fn', end='> end_fn', n0='', n1='m1_fn', far='')
        self.conf('softdep start pre: m2 m1 n0\nsoftdep n0 pre: end\nsoftdep far post: start\n')
        self.assertEqual([link['to'] for link in self.json('why', 'far', 'end')['answers'][0]['chain']],
                         ['start', 'm1', 'end'])

    def test_rules_that_cut(self):
        """no, with the rule; the chain that does not count is shown"""
        self.tree(a='b_fn', b='> b_fn', c='d_fn', d='> d_fn', e='')
        self.conf('softdep a pre: c\nmask c\nalias nick e\nblacklist e\nsoftdep b pre: nick\n')
        text = self.text('why', 'a', 'c', status=1)
        self.assertRegex(text, r'^no: .*c is masked\s+\(test.conf:2\)\n  a has the soft')
        self.assertEqual(self.json('why', 'a', 'd', status=1)['answers'][0]['brought_in'], False)
        self.assertIn('blacklisted', self.text('why', 'a', 'e', status=1))
        self.assertEqual({module['name'] for module in self.json('graph', 'a')['modules']}, set('abcd'))
        self.conf('mask b\n')
        self.assertIn('no: b is masked (test.conf:1)\n  a uses b: b_fn\n',
                      self.text('why', 'a', 'b', status=1))
        self.conf('allow a\nsoftdep a pre: e\n')
        self.assertIn('e is not allowed', re.sub(r'\s+', ' ', self.text('why', 'a', 'e', status=1)))
        self.modsure('why', 'a', 'b')

    def test_several_answers(self):
        self.tree(a='x_fn', x='> x_fn', y='', z='', builtin=['inside'])
        self.conf('alias any x\nalias any y\nalias from z\nalias from a\nsoftdep a post: inside\n')
        found = self.json('why', 'from', 'any')
        self.assertEqual([(answer['module'], answer['brought_in']) for answer in found['answers']],
                         [('x', True), ('y', False)])
        self.assertEqual(found['answers'][0]['chain'][0]['from'], 'a')
        self.assertIn('inside is built into the kernel', self.text('why', 'a', 'inside'))
        self.assertIn('always there', self.text('why', 'z', 'inside', status=1))
        self.assertIn('brings in nothing', self.text('why', 'inside', 'a', status=1))

    def test_loaded_makes_no_difference(self):
        self.tree(a='b_fn', b='> b_fn')
        before = self.text('why', 'a', 'b')
        self.system.module('b', holders=['a'])
        self.system.module('a')
        self.assertEqual(self.text('why', 'a', 'b'), before)


WORD = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([A-Za-z_]\w*|-?\d+)|(->|[\[\]{};=,]))')


class Dot:
    """a strict reader of the part of the language that is written: nodes and edges with their attributes"""

    def __init__(self, text):
        self.words, at = [], 0
        text = text.rstrip()
        while at < len(text):
            match = WORD.match(text, at)
            if not match:
                raise ValueError('offset %d: %r' % (at, text[at:at + 20]))
            self.words.append(match[1] or match[2] or match[3])
            at = match.end()
        self.nodes, self.edges = {}, []
        self.take('digraph')
        self.name = self.identifier()
        self.take('{')
        while self.words[0] != '}':
            self.statement()
        self.take('}')
        if self.words:
            raise ValueError('behind the end: %r' % self.words[:5])

    def take(self, word):
        if self.words.pop(0) != word:
            raise ValueError('no %r before %r' % (word, self.words[:5]))

    def identifier(self):
        word = self.words.pop(0)
        if word[0] == '"':
            return word[1:-1].replace('\\"', '"')
        if not re.fullmatch(r'\w+|-?\d+', word):
            raise ValueError('no name: %r' % word)
        return word

    def attributes(self):
        found = {}
        self.take('[')
        while True:
            key = self.identifier()
            self.take('=')
            found[key] = self.identifier()
            if self.words[0] == ']':
                break
            self.take(',')
        self.take(']')
        return found

    def statement(self):
        name = self.identifier()
        if self.words[0] == '=':
            self.take('=')
            self.identifier()
        elif self.words[0] == '->':
            self.take('->')
            to = self.identifier()
            self.edges.append((name, to, self.attributes()))
        elif name == 'node':
            self.attributes()
        else:
            self.nodes[name] = self.attributes()
        self.take(';')


class Graph(Small):
    def build(self):
        self.tree(top='mid_a mid_b low_fn', mid='low_fn > mid_a mid_b', low='> low_fn', soft='mid_a', post='', weak='low_fn',
                  builtin=['inside'], weakdeps='weakdep top weak\n')
        self.conf('softdep top pre: soft post: post inside\nsoftdep post pre: top nope\nmask low\n'
                  'install soft /bin/true\n')

    def test_tree(self):
        """each module is opened once, cycles end"""
        self.build()
        self.assertEqual(self.text('graph', 'top'), '''\
top
|- low (1 symbol) [masked by test.conf:3]
|- mid (2 symbols)
|  `- low (1 symbol) [masked by test.conf:3]
|- soft (soft, before) [install command of test.conf:4]
|  `- mid (1 symbol) (above)
|- post (soft, after)
|  |- top (soft, before) (above)
|  `- nope (soft, before) [nothing answers]
|- inside (soft, after) [built in]
`- weak (weak)
''')
        verbose = self.text('graph', '-v', 'top')
        self.assertIn('mid (2 symbols: mid_a)\n', verbose)
        self.assertIn('post (soft, after, test.conf:1)\n', verbose)
        self.assertIn('weak (weak, modules.weakdep:1)\n', verbose)

    def test_characters(self):
        """those of the locale"""
        self.build()
        ascii_form = self.text('graph', 'top')
        lines = self.modsure('graph', 'top', env={'LC_ALL': 'C.UTF-8'}).out.decode()
        self.assertIn('\u251c\u2500 mid (2 symbols)\n\u2502  \u2514\u2500 low', lines)
        self.assertEqual(lines.translate({0x251c: '|', 0x2502: '|', 0x2514: '`', 0x2500: '-'}), ascii_form)
        self.assertEqual(self.text('graph', '--ascii', 'top', env={'LC_ALL': 'C.UTF-8'}), ascii_form)

    def names(self, *args):
        graph = self.json('graph', *args)
        return [(module['name'], module['distance'], module['links'] is None) for module in graph['modules']]

    def test_parts(self):
        self.build()
        everything = {'top', 'low', 'mid', 'soft', 'post', 'inside', 'weak', 'nope'}
        for args, expected in (([], everything), (['--no-weak'], everything - {'weak'}),
                               (['--no-soft'], {'top', 'low', 'mid'}), (['--no-soft', '--soft'], everything),
                               (['--no-weak', '--weak'], everything), (['--depth', '0'], {'top'}),
                               (['--depth', '1'], everything - {'nope'})):
            self.assertEqual({name for name, _, _ in self.names('top', *args)}, expected, args)
            dot = Dot(self.text('graph', '--dot', 'top', *args))
            self.assertEqual(set(dot.nodes), expected, args)
            tree = self.text('graph', 'top', *args)
            self.assertEqual({re.sub(r'^[|` -]+', '', line).split()[0] for line in tree.splitlines()}, expected, args)
        self.assertIn(('post', 1, True), self.names('top', '-L1'))
        self.assertIn('post (soft, after) ...\n', self.text('graph', '-L1', 'top'))
        self.assertEqual(self.text('graph', '-L0', 'top'), 'top ...\n')

    def test_shallow_before_deep(self):
        """cut at the depth in one place, a module is opened where there is room"""
        self.tree(a='', b='', c='', d='')
        self.conf('softdep a pre: b c\nsoftdep b pre: c\nsoftdep c pre: d\n')
        self.assertEqual(self.text('graph', '-L2', 'a'), '''\
a
|- b (soft, before)
|  `- c (soft, before) ...
`- c (soft, before)
   `- d (soft, before)
''')

    def test_dot(self):
        self.build()
        dot = Dot(self.text('graph', '--dot', 'top'))
        styles = {(start, end): (attributes['style'], attributes['label']) for start, end, attributes in dot.edges}
        self.assertEqual(styles, {
            ('top', 'low'): ('solid', '1'), ('top', 'mid'): ('solid', '2'), ('mid', 'low'): ('solid', '1'),
            ('top', 'soft'): ('dashed', 'softdep-pre'), ('top', 'post'): ('dashed', 'softdep-post'),
            ('top', 'inside'): ('dashed', 'softdep-post'), ('soft', 'mid'): ('solid', '1'),
            ('post', 'top'): ('dashed', 'softdep-pre'), ('post', 'nope'): ('dashed', 'softdep-pre'),
            ('top', 'weak'): ('dotted', 'weakdep')})
        self.assertEqual({name for name, attributes in dot.nodes.items() if attributes['peripheries'] == '2'}, {'top'})
        self.assertEqual(dot.nodes['low']['color'], 'red')

    def test_odd_names(self):
        """they stay what they are in JSON, and name nothing else in DOT"""
        odd = ['q";evil->x;"', 'back\\\\', '\\\\"', 'new\x0bline', '\x1b(2J', 'n\u00f6', '<b>', '\\\\N', 'node']
        self.tree(a='')
        self.conf('softdep a pre: %s\n' % ' '.join(odd))     # a backslash quotes the next character
        found = [module['name'] for module in self.json('graph', 'a')['modules']]
        self.assertEqual(len(found), len(odd) + 1)
        self.assertEqual(set(found), {'a', *(folded(re.sub(r'\\(.)', r'\1', word)) for word in odd)})
        dot = Dot(self.text('graph', '--dot', 'a'))
        self.assertEqual(len(dot.nodes) + ('node' not in dot.nodes), len(odd) + 1)
        self.assertEqual(len(dot.edges), len(odd))
        self.assertNotIn('evil', dot.nodes)
        self.assertTrue(self.text('graph', '--dot', 'a').isascii())
        text = self.text('graph', 'a')
        self.assertNotIn('\x1b', text)
        self.assertEqual(text.count('\n'), len(odd) + 1)

    def test_long_chain(self):
        """deeper than is shown: an end, and no crash"""
        n = 800
        self.tree(**{'m%d' % i: '' for i in (0, 1)})
        self.conf(''.join('softdep x%d pre: x%d\ninstall x%d /bin/true\n' % (i, i + 1, i) for i in range(n)))
        lines = self.text('graph', 'x0').splitlines()
        self.assertEqual(len(lines), 101)
        self.assertTrue(lines[-1].endswith(' ...'))
        self.assertEqual(len(self.json('why', 'x0', 'x%d' % (n - 1))['answers'][0]['chain']), n - 1)


if __name__ == '__main__':
    tap.main()
