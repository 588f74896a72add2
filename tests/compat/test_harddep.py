#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modsure harddep: what is declared, what an image has to hold, what soft dependencies look like."""

import glob
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
from mkmod import Module, write_tree  # noqa: E402

VERSION = '6.12.0-test'
SANITIZER = re.compile('Sanitizer|runtime error')


class Result:
    def __init__(self, done):
        self.status = done.returncode
        self.out, self.err = done.stdout.decode(errors='surrogateescape'), done.stderr.decode(errors='surrogateescape')


def run(program, *args, stdin=''):
    return Result(subprocess.run([tap.command(program), *args], input=stdin.encode(), stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, timeout=120, check=False, env={**os.environ, 'LC_ALL': 'C'}))


def folded(name):
    return name.replace('-', '_')


def name_of(path):
    return folded(os.path.basename(path).split('.')[0])


def module(uses='', exports='', texts=(), kind=None, **tags):
    """a Module; tags: a string or a list of strings each; texts go among its data"""
    made = Module(**(kind or {})).modinfo('license', 'GPL')
    for symbol in uses.split():
        made.use(symbol)
    for symbol in exports.split():
        made.export(symbol)
    for key, values in tags.items():
        for value in [values] if isinstance(values, str) else values:
            made.modinfo(key, value)
    if texts:
        made.section('.rodata.str1.8', b'\0'.join(text.encode() for text in texts) + b'\0')
    return made


class Case(unittest.TestCase):
    maxDiff = 4000
    version = VERSION

    def setUp(self):
        self.base = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.base)
        self.folder = os.path.join(self.base, 'lib/modules', self.version)
        self.conf('')

    def write(self, path, text):
        path = os.path.join(self.base, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def conf(self, text):
        """rules of modprobe.d"""
        self.write('conf/test.conf', text)

    def tree(self, builtin=(), aliases=(), weakdeps='', **modules):
        """modules by their names ('__' for '-'); aliases: (built-in module, alias)"""
        shutil.rmtree(self.folder, ignore_errors=True)
        files = {}
        for name, made in modules.items():
            path = name.replace('__', '-')
            files['kernel/%s' % path if '.ko' in path else 'kernel/%s.ko' % path] = made
        write_tree(self.base, self.version, files, True, ['kernel/%s.ko' % name for name in builtin],
                   [(name, 'license', 'GPL') for name in builtin] + [(name, 'alias', alias) for name, alias in aliases])
        made = kmod.run(kmod.DEPMOD, '-b', self.base, '-C', self.write('depmod.d/none.conf', ''), self.version)
        self.assertEqual((made.returncode, made.stderr), (0, b''))
        if weakdeps:
            self.write(os.path.join(self.folder, 'modules.weakdep'), weakdeps)

    def options(self):
        return ['-b', self.base, '-k', self.version, '-C', os.path.join(self.base, 'conf/test.conf')]

    def harddep(self, verb, *args, status=0, stdin='', err=''):
        """err: None for anything"""
        result = run('modsure', 'harddep', verb, *self.options(), *args, stdin=stdin)
        self.assertIsNone(SANITIZER.search(result.err), result.err[-4000:])
        self.assertEqual(result.status, status, (verb, args, result.out, result.err))
        if err is not None:
            self.assertEqual(result.err, err)
        return result

    def json(self, verb, *args, **kwargs):
        return json.loads(self.harddep(verb, '--json', *args, **kwargs).out)


# Imports of the two modules that make a case.
SUPPLIES = [
    ('devfreq_add_device', 'devfreq_add_governor', 'presence'),
    ('load_nls', '__register_nls', 'presence'),
    ('nf_logger_find_get', 'nf_log_register', 'presence'),
    ('phy_connect_direct', 'phy_drivers_register', 'hard'),
    ('of_phy_connect', '__mdiobus_register', 'hard'),
    ('devm_phy_get', 'devm_phy_create', 'hard'),
    ('devm_regulator_get', 'devm_regulator_register', 'hard'),
    ('clk_get', 'clk_hw_register', 'hard'),
    ('gpiod_get_index', 'devm_gpiochip_add_data_with_key', 'hard'),
    ('devm_pinctrl_get', 'devm_pinctrl_register', 'hard'),
    ('tee_client_open_context', 'tee_device_register', 'hard'),
]


class Suggest(Case):
    def judge(self, *args, **kwargs):
        """the one suggestion"""
        found, = self.json('suggest', *args, **kwargs)['suggestions']
        return found

    def judged(self, owner, dep):
        """the verdict on two modules, and the evidence"""
        self.tree(owner=owner, dep=dep)
        found = self.judge()
        self.assertEqual((found['module'], found['word']), ('owner', 'dep'))
        return found['verdict'], found['evidence']

    def test_a_message_that_needs_the_file_is_evidence_and_is_quoted(self):
        text = 'no driver found, maybe dep.ko needs to be added'
        self.tree(owner=module(softdep='pre: dep', texts=['x', text + '\n']), dep=module())
        found = self.judge()
        self.assertEqual(found['verdict'], 'hard')
        self.assertIn('"%s"' % text, ' '.join(found['evidence']))
        self.assertEqual(found['suggestion'], 'harddep owner dep')
        out = self.harddep('suggest').out
        self.assertTrue(out.startswith('hard: owner dep (modules.softdep:2)\n'), out)
        self.assertTrue(out.endswith('\n  for depmod.d: harddep owner dep\n'), out)

    def test_a_message_that_only_names_it_is_none(self):
        for text in ('this is dep', 'drivers/net/dep.ko failed', 'no dep_x is missing', 'dep'):
            self.assertEqual(self.judged(module(softdep='pre: dep', texts=[text]), module()),
                             ('order', ['nothing in the files says more']), text)

    def test_what_one_provides_and_the_other_uses(self):
        modules = {}
        for number, (user, provider, _) in enumerate(SUPPLIES):
            modules['o%d' % number] = module(user, softdep='pre: d%d' % number)
            modules['d%d' % number] = module(provider)
            modules['p%d' % number] = module(softdep='pre: d%d' % number)
            modules['q%d' % number] = module(user, softdep='pre: none')
        modules['none'] = module()
        self.tree(**modules)
        found = {(entry['module'], entry['word']): entry for entry in self.json('suggest')['suggestions']}
        self.assertEqual(len(found), 3 * len(SUPPLIES))
        for number, (user, provider, verdict) in enumerate(SUPPLIES):
            entry = found['o%d' % number, 'd%d' % number]
            self.assertEqual((entry['verdict'], len(entry['evidence'])), (verdict, 1), user)
            self.assertIn('(%s)' % user, entry['evidence'][0])
            self.assertIn('(%s)' % provider, entry['evidence'][0])
            self.assertEqual(entry['suggestion'], 'harddep o%d d%d' % (number, number) if verdict == 'hard' else None)
            for one_end in (('p%d' % number, 'd%d' % number), ('q%d' % number, 'none')):
                self.assertEqual(found[one_end]['verdict'], 'order', one_end)

    def test_who_gets_along_without_it_does_not_need_it(self):
        for user, provider in (('devm_phy_optional_get', 'devm_phy_create'), ('clk_get_optional', 'clk_hw_register'),
                               ('gpiod_get_optional', 'devm_gpiochip_add_data_with_key')):
            self.assertEqual(self.judged(module(user, softdep='pre: dep'), module(provider))[0], 'order')

    def test_a_request_at_run_time(self):
        asks = {'uses': '__request_module', 'softdep': 'pre: dep'}
        for texts, dep, verdict in ((['dep'], module(), 'presence'), (['other'], module(), 'order'),
                                    (['kind-7'], module(alias='kind-7'), 'presence'),
                                    (['kind-%d'], module(alias='kind-7'), 'presence'),
                                    (['kind-%d'], module(alias='other-7'), 'order'), (['%s'], module(), 'order')):
            self.assertEqual(self.judged(module(texts=texts, **asks), dep)[0], verdict, texts)
        self.assertEqual(self.judged(module(texts=['dep'], softdep='pre: dep'), module())[0], 'order')

    def test_algorithms(self):
        """asked for as crypto-NAME; the module's name, NAME and crypto-NAME are all words for it"""
        algorithm = module(alias=['crypto-sum', 'sum'])
        for word in ('crypto-sum', 'sum', 'crypto_sum'):
            self.tree(owner=module('crypto_alloc_shash', softdep='pre: ' + word), sum_generic=algorithm)
            self.assertEqual(self.judge()['verdict'], 'presence', word)
        self.tree(owner=module('crypto_alloc_shash', softdep='pre: plain'), sum_generic=algorithm, plain=module())
        self.assertEqual(self.judge()['verdict'], 'order')
        self.tree(owner=module(softdep='pre: sum'), sum_generic=algorithm)
        self.assertEqual(self.judge()['verdict'], 'order')

    def test_devices_that_the_owner_makes(self):
        owner = module('platform_device_register_full', texts=['a-dev'], softdep='pre: platform:a-dev')
        self.tree(owner=owner, dep=module('devm_led_classdev_register_ext', alias='platform:a-dev'))
        found = self.judge()
        self.assertEqual(found['verdict'], 'order')
        self.assertIn('owner makes the device a-dev (platform_device_register_full)', found['evidence'][0])
        self.tree(owner=owner, dep=module('devm_regulator_register', alias='platform:a-dev'))
        self.assertEqual(self.judge()['verdict'], 'hard')
        self.tree(owner=owner, dep=module('devm_regulator_register', alias=['platform:b-dev', 'platform:a-dev-2']),
                  a=module(alias='platform:a-dev'))
        self.assertEqual(self.judge()['evidence'][0][:27], 'owner makes the device a-de')
        self.assertEqual(self.judge()['verdict'], 'order')

    def test_what_is_loaded_after_is_never_hard(self):
        self.tree(owner=module('devm_phy_get', softdep='post: dep'), dep=module('devm_phy_create'))
        found = self.judge()
        self.assertEqual((found['verdict'], found['when'], found['suggestion']), ('order', 'post', None))

    def test_settled(self):
        """what modules.dep has, what is built in, what nothing answers to: nothing is suggested"""
        self.tree(owner=module('fn devm_phy_get', softdep='pre: dep inside crypto-else none',
                               texts=['none.ko is missing', 'inside.ko is missing']),
                  dep=module('devm_phy_create', 'fn'), builtin=['inside', 'other'], aliases=[('other', 'crypto-else')])
        found = {entry['word']: (entry['verdict'], entry['settled'], entry['suggestion'])
                 for entry in self.json('suggest')['suggestions']}
        self.assertEqual(found, {'dep': ('hard', 'symbol', None), 'inside': ('hard', 'builtin', None),
                                 'crypto-else': ('order', 'builtin', None), 'none': ('hard', 'unknown', None)})
        out = self.harddep('suggest').out
        for text in ('it is in modules.dep', 'inside (built in)', 'nothing answers'):
            self.assertIn('  nothing to do: %s\n' % text, out)
        self.assertNotIn('for depmod.d', out)

    def test_declared(self):
        self.tree(owner=module(softdep='pre: a-dep', texts=['a_dep.ko']), a__dep=module())
        self.conf('harddep owner a-dep\n')
        found = self.judge()
        self.assertEqual((found['settled'], found['suggestion']), ('declared', None))
        self.assertIn('nothing to do: it is declared as a hard dependency', self.harddep('suggest').out)
        self.conf('harddep owner a-dep\nharddep owner\n')
        self.assertIsNone(self.judge()['settled'])

    def test_a_group(self):
        self.tree(owner=module('devm_phy_get', softdep='pre: any'), one=module('devm_phy_create', alias='any'),
                  two=module(alias='any'))
        found = self.judge()
        self.assertEqual((found['verdict'], found['suggestion']), ('hard', 'harddep owner any'))
        self.assertEqual({answer['module'] for answer in found['answers']}, {'one', 'two'})
        self.assertRegex(self.harddep('suggest').out, r'\n  a group: (one or two|two or one)\n')

    def test_rules_of_configuration_count_and_are_named(self):
        self.tree(owner=module('devm_phy_get'), other=module(), dep=module('devm_phy_create'))
        self.conf('\nsoftdep own* pre: dep\nsoftdep gone pre: dep\n')
        found = self.judge()
        self.assertEqual((found['module'], found['verdict']), ('owner', 'hard'))
        self.assertEqual(found['source'], {'file': os.path.join(self.base, 'conf/test.conf'), 'line': 2})

    def test_names(self):
        self.tree(a=module(softdep='pre: c'), b=module(softdep='pre: c d', alias='nick'), c=module(), d=module())
        for args, expected in ((['a'], ['a']), (['nick', 'a', 'b'], ['a', 'b', 'b']), (['c'], [])):
            self.assertEqual([entry['module'] for entry in self.json('suggest', *args)['suggestions']], expected)
        result = self.harddep('suggest', 'none', 'a', status=3, err=None)
        self.assertIn('nothing answers to none', result.err)
        self.assertIn('order: a c', result.out)
        self.assertEqual(self.harddep('suggest', 'none', status=3, err=None).out, '')

    def test_a_word_that_is_said_twice_comes_once(self):
        self.tree(a=module(softdep=['pre: c c', 'pre: c post: c']), c=module())
        self.assertEqual([entry['when'] for entry in self.json('suggest')['suggestions']], ['pre', 'post'])

    def test_every_kind_of_file(self):
        kinds = [{'cls': cls, 'endian': endian} for cls in (32, 64) for endian in ('little', 'big')]
        modules = {'o%d' % number: module(softdep='pre: dep', texts=['dep.ko is needed'], kind=kind)
                   for number, kind in enumerate(kinds)}
        modules.update({'x.ko.xz': module(softdep='pre: dep', texts=['dep.ko is needed']),
                        'z.ko.zst': module(softdep='pre: dep', texts=['dep.ko is needed']), 'dep': module()})
        self.tree(**modules)
        self.assertEqual([entry['verdict'] for entry in self.json('suggest')['suggestions']], ['hard'] * 6)

    def test_broken_files_are_named_and_the_rest_is_judged(self):
        self.tree(a=module(softdep='pre: dep', texts=['dep.ko is needed']), dep=module(),
                  b=module(softdep='pre: dep'), c=module(softdep='pre: gone'), gone=module())
        path = os.path.join(self.folder, 'kernel/%s.ko')
        with open(path % 'b', 'r+b') as file:
            file.truncate(70)
        os.unlink(path % 'gone')
        result = self.harddep('suggest', err=None)
        self.assertEqual(re.findall(r'^\w+: \w+', result.out, re.M), ['hard: a', 'order: b', 'order: c'])
        lines = result.err.splitlines()
        self.assertEqual(len(lines), 2, result.err)
        self.assertIn(path % 'b', lines[0])
        self.assertIn(path % 'gone', lines[1])

    def test_control_characters_of_texts_stay_inside(self):
        self.tree(owner=module(softdep='pre: dep', texts=['a\tdep.ko is needed\nsecond']), dep=module())
        out = self.harddep('suggest').out
        self.assertIn(r'"a\x09dep.ko is needed"', out)
        self.assertNotIn('second', out)

    def test_too_many_words(self):
        words = ['w%d' % number for number in range(5000)]
        self.tree(**{'owner': module(softdep=['pre: ' + ' '.join(words[at:at + 100]) for at in range(0, 5000, 100)])})
        result = self.harddep('suggest', '--json', err=None)
        self.assertEqual(len(json.loads(result.out)['suggestions']), 4096)
        self.assertIn('more than 4096 soft dependencies', result.err)

    def test_json(self):
        self.tree(owner=module(softdep='pre: dep'), dep=module())
        found = self.json('suggest')
        self.assertEqual(set(found), {'kernel', 'suggestions'})
        self.assertEqual(found['kernel'], VERSION)
        self.assertEqual(found['suggestions'], [{
            'verdict': 'order', 'module': 'owner', 'word': 'dep', 'when': 'pre',
            'source': {'file': os.path.join(self.folder, 'modules.softdep'), 'line': 2},
            'answers': [{'module': 'dep', 'builtin': False}], 'evidence': ['nothing in the files says more'],
            'settled': None, 'suggestion': None}])
        self.tree(owner=module())
        self.assertEqual(self.json('suggest')['suggestions'], [])
        self.assertEqual(self.harddep('suggest').out, '')


class Image(Case):
    def image(self, *args, **kwargs):
        return self.harddep('image', *args, **kwargs).out.split()

    def test_everything_that_is_needed_comes_along(self):
        self.tree(top=module('low_fn'), low=module('', 'low_fn'), single=module('base_fn'), base=module('', 'base_fn'),
                  one=module(alias='any'), two=module(alias='any'), weak=module(), late=module(), soft=module(),
                  builtin=['inside'], aliases=[('inside', 'any')], weakdeps='weakdep top weak\n')
        self.conf('harddep top single any inside\nharddep weak late\nsoftdep top pre: soft\n')
        found = self.image('top')
        self.assertEqual(set(found), {'low', 'base', 'single', 'one', 'two', 'late', 'weak'})
        self.assertEqual(len(found), len(set(found)))
        for before, after in (('base', 'single'), ('late', 'weak')):
            self.assertLess(found.index(before), found.index(after))
        self.assertEqual(self.image('top', 'weak', 'single'), [name for name in found if name not in ('weak', 'single')])
        self.assertEqual(self.image('base'), [])
        self.assertEqual(self.image('inside'), [])

    def test_weak_dependencies_of_configuration(self):
        self.tree(a=module(), b=module('fn'), c=module('', 'fn'))
        self.conf('weakdep a b none\n')
        self.assertEqual(self.image('a'), ['c', 'b'])

    def test_a_rule_that_takes_back(self):
        self.tree(a=module(), b=module(), c=module())
        self.conf('harddep a b\nharddep a\nharddep a c\n')
        self.assertEqual(self.image('a'), ['c'])

    def test_rules_about_loading_do_not_matter(self):
        self.tree(a=module(), b=module(alias='any'), c=module(alias='any'))
        self.conf('harddep a any\nblacklist b\nmask c\ninstall b /bin/false\n')
        self.assertEqual(set(self.image('a')), {'b', 'c'})

    def test_circles(self):
        self.tree(a=module('b_fn'), b=module('', 'b_fn'), c=module())
        self.conf('harddep b a c\nharddep c a\n')
        self.assertEqual(set(self.image('b')), {'a', 'c'})
        self.assertEqual(set(self.image('a')), {'b', 'c'})
        found = self.image('c')
        self.assertEqual(set(found), {'a', 'b'})
        self.assertLess(found.index('b'), found.index('a'))

    def test_names_aliases_and_paths(self):
        self.tree(**{'a-b.ko.xz': module('fn'), 'dep': module('', 'fn'), 'x': module('fn', alias=['nick', 'many']),
                     'y': module('fn', alias='many')})
        for name in ('a-b', 'a_b', 'kernel/a-b.ko.xz', '/lib/modules/other/a_b.ko', './a-b.ko.zst', 'nick', 'many'):
            self.assertEqual(self.image(name), ['dep'], name)
        self.assertEqual(self.image('--files', 'x'), [os.path.join(self.folder, 'kernel/dep.ko')])
        self.conf('alias x y\nharddep y a-b\n')
        self.assertEqual(self.image('x'), ['dep'])

    def test_standard_input(self):
        self.tree(a=module('fn'), b=module('', 'fn'), c=module())
        self.conf('harddep b c\n')
        for args, text in ((['--stdin'], 'a\n'), (['-'], ' a \r\n\n'), (['--stdin', 'c'], '/x/y/a.ko.zst'), (['a', '-'], '')):
            found = ['b'] if 'c' in args else ['c', 'b']
            self.assertEqual(self.image(*args, stdin=text), found, text)
        self.assertEqual(self.image('--stdin'), [])

    def test_unknown_names_cost_only_themselves(self):
        self.tree(a=module('fn'), b=module('', 'fn'))
        result = self.harddep('image', 'none', 'a', '[x', err=None)
        self.assertEqual(result.out, 'b\n')
        self.assertEqual(len(result.err.splitlines()), 2)
        self.assertIn('nothing answers to none', result.err)
        self.assertEqual(self.json('image', 'none', 'a', err=None)['unknown'], ['none'])
        self.assertEqual(self.harddep('image', 'none', status=3, err=None).out, '')
        self.conf('install cmd /bin/true\n')
        self.harddep('image', 'cmd', status=3, err=None)

    def test_a_hard_dependency_that_nothing_answers_to_is_told(self):
        self.tree(a=module('fn'), b=module('', 'fn'))
        for rule, is_complete in (('harddep', True), ('harddep!', False)):
            self.conf('\n%s a none\n' % rule)
            result = self.harddep('image', 'a', err=None)
            self.assertEqual(result.out, 'b\n')
            self.assertRegex(result.err, r'nothing answers to none, a hard dependency of module a \(.*test.conf:2\)\n$')
            self.assertEqual(self.json('image', 'a', err=None)['complete'], is_complete)

    def test_json(self):
        self.tree(a=module('fn'), b=module('', 'fn'))
        self.assertEqual(self.json('image', 'a'), {
            'kernel': VERSION, 'unknown': [], 'complete': True,
            'modules': [{'module': 'b', 'path': os.path.join(self.folder, 'kernel/b.ko')}]})

    def test_random_trees(self):
        """against a closure that is found by going round until nothing is new"""
        seed = random.randrange(1 << 32)
        rng = random.Random(seed)
        for _ in range(12):
            names = ['m%d' % number for number in range(rng.randrange(2, 14))]
            symbols = {name: rng.sample(names[:at], rng.randrange(min(at, 3) + 1)) for at, name in enumerate(names)}
            groups = {'g%d' % number: rng.sample(names, rng.randrange(1, min(4, len(names)) + 1)) for number in range(3)}
            wishes = {name: rng.sample(names + list(groups) + ['inside', 'none'], rng.randrange(4)) for name in names}
            weak = {name: rng.sample(names, rng.randrange(2)) for name in names}
            self.tree(builtin=['inside'], **{
                name: module(' '.join('fn_' + dep for dep in symbols[name]), 'fn_' + name,
                             alias=[group for group, members in groups.items() if name in members]) for name in names})
            self.conf(''.join('harddep %s %s\n' % (name, ' '.join(words)) for name, words in wishes.items() if words) +
                      ''.join('weakdep %s %s\n' % (name, ' '.join(words)) for name, words in weak.items() if words))
            given = rng.sample(names, rng.randrange(1, len(names)))
            needed = set(given)
            while True:
                more = {answer for name in needed for word in symbols[name] + wishes[name] + weak[name]
                        for answer in groups.get(word, [word]) if answer in names} - needed
                if not more:
                    break
                needed |= more
            found = self.image(*given, err=None)
            self.assertEqual(sorted(found), sorted(needed - set(given)), seed)
            for at, name in enumerate(found):
                for dep in symbols[name]:
                    self.assertTrue(dep in given or dep in found[:at], (seed, name, dep))


class List(Case):
    def test_rules_of_configuration(self):
        self.tree(a=module(), b=module(), c=module(alias='any'), d=module(alias='any'), builtin=['inside'])
        self.conf('harddep a b\nharddep! a any none\nharddep [b] none inside\nconflict c d\nconflict a inside none\n')
        place = os.path.join(self.base, 'conf/test.conf')
        found = self.json('list')
        self.assertEqual(set(found), {'kernel', 'harddeps', 'conflicts'})
        self.assertEqual([(entry['module'], entry['word'], entry['declared_by'], entry['strict'], entry['source'],
                           entry['state']) for entry in found['harddeps']], [
            ('a', 'b', 'conf', False, {'file': place, 'line': 1}, 'single'),
            ('a', 'any', 'conf!', True, {'file': place, 'line': 2}, 'group'),
            ('a', 'none', 'conf!', True, {'file': place, 'line': 2}, 'unknown'),
            ('b', 'none', 'conf', False, {'file': place, 'line': 3}, 'unknown'),
            ('b', 'inside', 'conf', False, {'file': place, 'line': 3}, 'builtin')])
        self.assertEqual([[(answer['module'], answer['builtin']) for answer in entry['answers']]
                          for entry in found['harddeps'] if entry['word'] in ('none', 'inside')],
                         [[], [], [('inside', True)]])
        self.assertEqual({answer['module'] for answer in found['harddeps'][1]['answers']}, {'c', 'd'})
        self.assertEqual([(entry['module'], entry['other'], entry['builtin'], entry['source']['line'])
                          for entry in found['conflicts']], [('a', 'inside', True, 5), ('c', 'd', False, 4)])

    def test_text(self):
        self.tree(a=module(), b=module(), c=module(alias='any'), d=module(alias='any'))
        self.conf('harddep a b\nharddep! a none\nconflict c d\n')
        place = os.path.join(self.base, 'conf/test.conf')
        out = re.sub(r'\n {4}', ' ', self.harddep('list').out)
        self.assertEqual(re.sub(r'\n  \(', ' (', out), '''\
a has the hard dependency b ({0}:1)
  b answers; modules.dep does not have it
a has the hard dependency none, strictly ({0}:2)
  nothing answers: the module is not loaded
c is in conflict with d ({0}:3)
'''.format(place))

    def test_names(self):
        self.tree(a=module(), b=module(), c=module(alias='nick'), d=module())
        self.conf('harddep a b\nharddep c b\nconflict c d\n')
        for names, hards, conflicts in ((['a'], ['a'], []), (['nick', 'b'], ['c'], [('c', 'd')]),
                                        (['d', 'd'], [], [('d', 'c')])):
            found = self.json('list', *names)
            self.assertEqual([entry['module'] for entry in found['harddeps']], hards)
            self.assertEqual([(entry['module'], entry['other']) for entry in found['conflicts']], conflicts)
        self.assertIn('nothing answers to x', self.harddep('list', 'x', 'a', status=3, err=None).err)

    def test_nothing(self):
        self.tree(a=module())
        self.assertEqual(self.harddep('list').out, '')
        self.assertEqual(self.json('list'), {'kernel': VERSION, 'harddeps': [], 'conflicts': []})


class Declared(Case):
    """by modules themselves and by depmod.d, indexed by our depmod"""

    def index(self, text='', is_quiet=True):
        path = self.write('depmod.d/test.conf', text)
        made = run('depmod', '-b', self.base, '-C', path, self.version)
        self.assertEqual((made.status, bool(made.err)), (0, not is_quiet), made.err)
        return path

    def states(self, *args):
        return {(entry['module'], entry['word']): entry['state'] for entry in self.json('list', *args)['harddeps']}

    def test_what_became_of_each(self):
        self.tree(owner=module('fn', 'own_fn', harddep=['one any', 'used inside', 'none', 'user']), one=module(), used=module('', 'fn'),
                  x=module(alias='any'), y=module(alias='any'), user=module('own_fn'), builtin=['inside'])
        self.index(is_quiet=False)
        self.assertEqual(self.states(), {('owner', 'one'): 'dep', ('owner', 'any'): 'group', ('owner', 'used'): 'symbol',
                                         ('owner', 'inside'): 'builtin', ('owner', 'none'): 'unknown',
                                         ('owner', 'user'): 'cycle'})
        out = re.sub(r'\n {4}', ' ', self.harddep('list').out)
        self.assertIn('owner has the hard dependency one (owner, section .modinfo)\n  one answers, and is in modules.dep\n', out)
        for text in ('used answers, and is in modules.dep for its symbols as well', 'answers: one of them will do',
                     'inside (built in) answers: what is built in is always there',
                     'nothing answers: the module is not loaded', 'user answers: dropped by depmod, it closes a cycle'):
            self.assertIn(text + '\n', out)
        self.assertEqual(set(self.harddep('image', 'owner', err=None).out.split()), {'one', 'used', 'x', 'y', 'user'})

    def test_who_declared_it(self):
        self.tree(a=module(harddep='b'), b=module(), c=module(), d=module())
        path = self.index('harddep b c\nharddep! c d\n')
        found = [(entry['module'], entry['declared_by'], entry['strict'], entry['source']) for entry in
                 self.json('list')['harddeps']]
        self.assertEqual(found, [('a', 'module', True, {'file': 'a, section .modinfo', 'line': None}),
                                 ('b', 'conf', False, {'file': path, 'line': 1}),
                                 ('c', 'conf!', True, {'file': path, 'line': 2})])
        self.assertEqual(self.harddep('image', 'a').out, 'd\nc\nb\n')

    def test_taken_back(self):
        self.tree(a=module(harddep='any b', softdep='pre: any'), b=module(), x=module(alias='any'), y=module(alias='any'))
        self.index()
        self.assertEqual(self.json('suggest')['suggestions'][0]['settled'], 'declared')
        self.conf('harddep a\n')
        self.assertIsNone(self.json('suggest')['suggestions'][0]['settled'])
        self.assertEqual(self.states('a'), {('a', 'any'): 'taken-back', ('a', 'b'): 'taken-back'})
        self.assertIn('\n  taken back by a rule of modprobe.d\n', self.harddep('list').out)
        # That one is in modules.dep, for programs that read nothing else.
        self.assertEqual(self.harddep('image', 'a').out, 'b\n')

    def test_conflicts(self):
        self.tree(a=module(conflict='b any'), b=module(), x=module(alias='any'), y=module(alias='any'))
        path = self.index('conflict b x\n')
        tag, line = {'file': 'a, section .modinfo', 'line': None}, {'file': path, 'line': 1}
        self.assertEqual([(entry['module'], entry['other'], entry['source']) for entry in self.json('list')['conflicts']],
                         [('a', 'b', tag), ('a', 'x', tag), ('a', 'y', tag), ('b', 'x', line)])
        self.assertEqual([(entry['module'], entry['other']) for entry in self.json('list', 'x')['conflicts']],
                         [('x', 'a'), ('x', 'b')])

    def test_suggestions_know_what_is_declared(self):
        self.tree(a=module(harddep='b', softdep='pre: b', texts=['b.ko, dep.ko are needed']), b=module())
        self.index()
        found, = self.json('suggest')['suggestions']
        self.assertEqual((found['settled'], found['suggestion']), ('declared', None))
        self.assertIn('nothing to do: it is declared as a hard dependency (a, section .modinfo)',
                      re.sub(r'\n {4}', ' ', self.harddep('suggest').out))

    def test_broken_index(self):
        self.tree(a=module(harddep='b', softdep='pre: b'), b=module())
        self.index()
        path = os.path.join(self.folder, 'modules.modsure.bin')
        with open(path, 'rb') as file:
            data = file.read()
        for cut in list(range(0, len(data), max(1, len(data) // 12))):
            with open(path, 'wb') as file:
                file.write(data[:cut])
            for verb in (['list'], ['image', 'a'], ['suggest']):
                self.harddep(*verb, err=None)


# What the kernel's sources say of soft dependencies: K1 hard, K2 needed when it is used, K3 order, K4 optional.
KINDS = {
    'r8169': {'realtek': 'K1'}, 'amd_pmf': {'amdtee': 'K1'}, 'dax_hmem': {'cxl_acpi': 'K3'},
    'cxl_mem': {'cxl_port': 'K1'}, 'cxl_acpi': {'cxl_port': 'K1'}, 'ufshcd_core': {'governor_simpleondemand': 'K2'},
    'btrfs': dict.fromkeys(['crypto-crc32c', 'xxhash64', 'sha256', 'blake2b-256'], 'K2'),
    'ext4': {'crypto-crc32c': 'K2'}, 'jbd2': {'crypto-crc32c': 'K2'}, 'f2fs': {'crc32': 'K2'},
    'bcachefs': dict.fromkeys(['crc32c', 'crc64', 'sha256', 'chacha20', 'poly1305', 'xxhash'], 'K2'),
    'ksmbd': dict.fromkeys(['ecb', 'hmac', 'md5', 'nls', 'aes', 'cmac', 'sha256', 'sha512', 'aead2', 'ccm', 'gcm', 'crc32'],
                           'K2'),
    'cifs': dict.fromkeys(['ecb', 'hmac', 'md5', 'nls', 'aes', 'cmac', 'sha256', 'sha512', 'aead2', 'ccm', 'gcm'], 'K2'),
    'nfsd': {'crypto-md5': 'K4'}, 'libcrc32c': {'crc32c': 'K2'}, 'xts': {'ecb': 'K2'}, 'lrw': {'ecb': 'K2'},
    'csiostor': {'cxgb4': 'K3'}, 'ohci_pci': {'ehci_pci': 'K3'}, 'uhci_hcd': {'ehci_pci': 'K3'},
    'intel_lpss': {'platform:idma64': 'K4'}, 'spi_pxa2xx_platform': {'dw_dmac': 'K4'},
    'intel_skl_int3472_tps68470': dict.fromkeys(['clk-tps68470', 'tps68470-regulator'], 'K1'),
    'pcengines_apuv2': dict.fromkeys(['platform:gpio_amd_fch', 'platform:leds-gpio', 'platform:gpio_keys_polled'], 'K3'),
    'simatic_ipc_leds_gpio_core': {'platform:leds-gpio': 'K3'}, 'simatic_ipc_leds_gpio_f7188x': {'gpio_f7188x': 'K3'},
    'xt_LOG': {'nf_log_syslog': 'K2'}, 'xt_TRACE': {'nf_log_syslog': 'K2'}, 'xt_NFLOG': {'nfnetlink_log': 'K2'},
    'mpls_iptunnel': {'mpls_gso': 'K4'}, 'act_mpls': {'mpls_gso': 'K4'}, 'ipmi_msghandler': {'ipmi_devintf': 'K4'},
    'vfio': dict.fromkeys(['vfio_iommu_type1', 'vfio_iommu_spapr_tce'], 'K4'),
}
VERDICTS = {'K1': 'hard', 'K2': 'presence', 'K3': 'order', 'K4': 'order'}

# Where files do not tell: not there or built in, so that there is no file; optional use looks like any other.
DISAGREE = {
    ('cxl_mem', 'cxl_port'), ('cxl_acpi', 'cxl_port'), ('bcachefs', 'crc64'), ('bcachefs', 'xxhash'),
    ('ksmbd', 'nls'), ('ksmbd', 'aead2'), ('cifs', 'nls'), ('cifs', 'aead2'), ('nfsd', 'crypto-md5'),
    ('intel_skl_int3472_tps68470', 'clk-tps68470'), ('intel_skl_int3472_tps68470', 'tps68470-regulator'),
}


class Real(Case):
    """modules of Debian's 6.12 that have soft dependencies, and all that may answer to them"""

    @classmethod
    def setUpClass(cls):
        cls.version, source = next(kernel for kernel in tap.kernels() if kernel[0].startswith('6.12'))
        cls.root = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.root)
        folder = os.path.join(cls.root, 'lib/modules', cls.version)
        wanted = set(KINDS) | {folded(word) for words in KINDS.values() for word in words}
        wanted |= {'leds_gpio', 'gpio_amd_fch', 'gpio_keys_polled', 'idma64', 'libphy', 'mdio_devres'}
        os.makedirs(folder)
        for path in glob.glob(os.path.join(source, 'kernel/**/*.ko*'), recursive=True):
            below = os.path.relpath(path, source)
            if name_of(path) in wanted or '/crypto/' in below.replace('kernel/crypto/', '/crypto/'):
                os.makedirs(os.path.dirname(os.path.join(folder, below)), exist_ok=True)
                os.symlink(os.path.abspath(path), os.path.join(folder, below))
        for name in ('modules.order', 'modules.builtin', 'modules.builtin.modinfo'):
            shutil.copy(os.path.join(source, name), folder)
        made = kmod.run(kmod.DEPMOD, '-b', cls.root, cls.version)
        if made.returncode:
            raise OSError(made.stderr)

    def setUp(self):
        self.base = self.root
        self.conf('')

    def plain(self, name):
        """bytes of a module, and what it imports"""
        path, = glob.glob(os.path.join(self.root, 'lib/modules/*/kernel/**/%s.ko.xz' % re.sub('[-_]', '[-_]', name)), recursive=True)
        with lzma.open(path) as file:
            data = file.read()
        scratch = os.path.join(self.root, 'plain.ko')
        with open(scratch, 'wb') as file:
            file.write(data)
        rows = subprocess.run(['nm', '-P', scratch], stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
        return data, {row.split()[0] for row in rows if row.split()[1] in 'Uwv'}

    def test_the_example_of_all_discussions(self):
        found, = self.json('suggest', 'r8169')['suggestions']
        self.assertEqual((found['verdict'], found['word'], found['suggestion']), ('hard', 'realtek', 'harddep r8169 realtek'))
        text = 'maybe realtek.ko needs to be added to initramfs?'
        self.assertIn(text, ' '.join(found['evidence']))
        self.assertIn(text.encode(), self.plain('r8169')[0])

    def test_evidence_stands_in_the_files(self):
        """symbols in brackets are imports, texts in quotes are among the data"""
        known, n = {}, 0
        for entry in self.json('suggest')['suggestions']:
            names = [entry['module']] + [answer['module'] for answer in entry['answers'] if not answer['builtin']]
            for sentence in entry['evidence']:
                tokens = re.findall(r'\((\w+)\)', sentence)
                quotes = re.findall('"(.*)"', sentence)
                for name in names if tokens or quotes else []:
                    if name not in known:
                        known[name] = self.plain(name)
                imports = set().union(*(known[name][1] for name in names if name in known))
                self.assertEqual(set(tokens) - imports, set(), sentence)
                for quote in quotes:
                    self.assertIn(quote.encode(), known[entry['module']][0])
                n += len(tokens) + len(quotes)
        self.assertGreater(n, 40)

    def test_verdicts_against_the_kernels_sources(self):
        found = {(entry['module'], entry['word']): entry['verdict'] for entry in self.json('suggest')['suggestions']}
        kinds = {(owner, word): kind for owner, words in KINDS.items() for word, kind in words.items()}
        self.assertEqual(set(kinds) - set(found), set())
        self.assertEqual({case for case, kind in kinds.items() if found[case] != VERDICTS[kind]}, DISAGREE)
        self.assertEqual((len(kinds), len(DISAGREE)), (66, 11))


class Usage(Case):
    def test_wrong_calls(self):
        self.tree(a=module())
        for args in ([], ['none'], ['image'], ['list', '--files'], ['suggest', '--stdin'], ['list', '--nonsense']):
            result = run('modsure', 'harddep', *args, *self.options())
            self.assertEqual((result.status, result.out), (2, ''), args)
            self.assertIn('modsure harddep', result.err)

    def test_no_indexes(self):
        for verb in (['list'], ['image', 'a'], ['suggest']):
            result = self.harddep(*verb, status=4, err=None)
            self.assertIn(self.folder, result.err)

    def test_help(self):
        result = run('modsure', 'harddep', '--help')
        self.assertEqual((result.status, result.err), (0, ''))
        for verb in ('list', 'image', 'suggest'):
            self.assertIn('modsure harddep ' + verb, result.out)

    def test_sysroot(self):
        self.tree(a=module(), b=module())
        self.write('proc/sys/kernel/osrelease', VERSION + '\n')
        self.write('etc/modprobe.d/x.conf', 'harddep a b\n')
        result = run('modsure', 'harddep', 'image', '--sysroot', self.base, 'a')
        self.assertEqual((result.status, result.out, result.err), (0, 'b\n', ''))


if __name__ == '__main__':
    tap.main()
