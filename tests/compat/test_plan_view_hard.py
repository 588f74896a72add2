#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hard dependencies and conflicts in modsure plan, why and graph, against a reading of what was declared."""

import os
import random
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import kmod  # noqa: E402
import tap  # noqa: E402
from mkmod import Module, write_tree  # noqa: E402
from test_plan_view import VERSION, Dot, Small, folded  # noqa: E402


class Hard(Small):
    """trees that our depmod made"""

    def hard_tree(self, modules, baked='', builtin=(), status=0):
        """{name: [(tag, value)...] or 'uses > exports'}; @baked: lines of depmod.d"""
        files = {}
        for name, tags in modules.items():
            module = Module()
            if isinstance(tags, str):
                uses, _, exports = tags.partition('>')
                tags = [('license', 'GPL')]
                for symbol in uses.split():
                    module.use(symbol)
                for symbol in exports.split():
                    module.export(symbol)
            for key, value in tags:
                module.modinfo(key, value)
            files['kernel/%s.ko' % name] = module
        self.folder = write_tree(self.system.folder, VERSION, files, True, ['kernel/%s.ko' % name for name, _ in builtin],
                                 [(name, 'alias', alias) for name, alias in builtin])
        self.baked = os.path.join(self.dir, 'depmod.conf')
        with open(self.baked, 'w', encoding='utf-8') as file:
            file.write(baked)
        made = kmod.run(tap.command('depmod'), '-C', self.baked, '-b', self.system.folder, VERSION)
        self.assertEqual(made.returncode, status, made.stderr)

    def flat(self, *args, **kwargs):
        return re.sub(r'\s+', ' ', self.text(*args, **kwargs))

    def links(self, name, *args):
        """[(kind, to, word, file, line)] of a module in its own graph, without those of symbols"""
        entry = self.json('graph', name, *args)['modules'][0]
        self.assertEqual(entry['name'], name)
        return [(link['kind'], link['to'], link['word'], link['source'] and link['source']['file'],
                 link['source'] and link['source']['line']) for link in entry['links'] if link['kind'] != 'symbol']


class Why(Hard):
    def test_sources(self):
        """the edge, with who declared it; modules.dep has it for that alone, and a soft dependency says less"""
        self.hard_tree({'r8169': 'phy_fn', 'libphy': '> phy_fn', 'realtek': 'phy_fn', 'own': [('harddep', 'real-tek nick')],
                        'real_tek': '', 'far': [('alias', 'nick')], 'plain': ''}, '# first\nharddep r8169 realtek\n')
        self.conf('softdep r8169 pre: realtek\nharddep plain nick\nharddep real_tek plain\n')
        self.assertEqual(self.text('why', 'r8169', 'realtek').replace(self.dir, ''), 'r8169 brings in realtek\n'
                         '  r8169 has the hard dependency realtek (/depmod.conf:2)\n')
        self.assertEqual(self.text('why', 'own', 'real_tek'), 'own brings in real_tek\n'
                         '  own has the hard dependency real_tek (own, section .modinfo)\n')
        self.assertEqual(self.text('why', 'plain', 'far'), 'plain brings in far\n'
                         '  plain has the hard dependency far, named nick (test.conf:2)\n')
        self.assertEqual([(link['kind'], link['to'], link['word'], link['source']) for link in
                          self.json('why', 'own', 'plain')['answers'][0]['chain']],
                         [('harddep', 'real_tek', 'real-tek', {'file': 'own, section .modinfo', 'line': None}),
                          ('harddep', 'plain', 'plain', {'file': 'test.conf', 'line': 3})])
        self.assertEqual(self.json('why', 'own', 'real_tek')['answers'][0]['conflicts'], [])

    def test_groups(self):
        self.hard_tree({'a': [('harddep', 'any')], 'x': [('alias', 'any')], 'y': [('alias', 'any')], 'z': [('alias', 'any')]})
        self.conf('softdep y pre: z\n')
        self.assertEqual(self.flat('why', 'a', 'y'), 'a brings in y a has the hard dependency any, to which y is one of '
                         'several answers (a, section .modinfo) ')
        self.conf('blacklist y\nblacklist x\n')
        self.assertIn('a has the hard dependency z, named any (', self.text('why', 'a', 'z'))
        self.conf('mask y\n')
        self.assertIn('y, one answer to a hard dependency of a (a, section .modinfo), is left out: y is masked (test.conf:1)',
                      self.flat('why', 'a', 'y', status=1))

    def test_what_does_not_count(self):
        """no, and why not: built in, taken back, a cycle that depmod or that modprobe finds"""
        self.hard_tree({'a': 'b_fn', 'b': '> b_fn', 'c': 'b_fn d_fn', 'd': '> d_fn', 'e': [('alias', 'svc')],
                        'ring': 'knot_fn', 'knot': '> knot_fn'}, 'harddep a c\nharddep knot ring\n', [('inside', 'svc')])
        self.conf('harddep a\nharddep b svc\nharddep d e\nharddep e d\n')
        self.assertIn('no: the hard dependency of a on c (%s:1) is taken back by a rule ' % self.baked,
                      self.flat('why', 'a', 'c', status=1))
        self.assertIn('no: the hard dependency of b on svc (test.conf:2) is satisfied by inside, which is built into the '
                      'kernel ', self.flat('why', 'b', 'e', status=1))
        self.assertIn('no: the hard dependency of knot on ring (%s:2) would close a cycle, and is dropped' % self.baked,
                      self.flat('why', 'knot', 'ring', status=1))
        self.assertEqual(self.text('why', 'ring', 'knot'), 'ring brings in knot\n  ring uses knot: knot_fn\n')
        self.assertIn('b has the hard dependency inside, named svc (test.conf:2)', self.text('why', 'b', 'inside'))
        self.assertEqual(self.links('a'), [('modules.dep', 'd', None, 'modules.dep', None)])
        self.assertEqual([(link['kind'], link['to']) for link in self.json('graph', 'a')['modules'][0]['links']],
                         [('symbol', 'b'), ('modules.dep', 'd')])
        self.assertEqual(sorted(name for _, name in self.steps('plan load', 'a')), ['a', 'b', 'd', 'e', 'inside'])

    def test_conflicts(self):
        """named with their source, whether or not there is a chain"""
        self.hard_tree({'a': 'b_fn', 'b': [('conflict', 'third')], 'c': '', 'other': '', 'third': '', 'free': ''},
                       'conflict a other\n')
        self.conf('softdep a pre: c\nconflict c a b\nharddep a b\n')
        self.assertEqual(self.flat('why', 'a', 'other', status=1), 'no: a and other exclude each other (%s:1) ' % self.baked)
        self.assertEqual(self.flat('why', 'other', 'a', status=1), 'no: other and a exclude each other (%s:1) ' % self.baked)
        self.assertIn('no: a and c exclude each other (test.conf:2) a has the soft dependency c, before it (test.conf:1) ',
                      self.flat('why', 'a', 'c', status=1))
        self.assertEqual(self.flat('why', 'a', 'third', status=1),
                         'no: b, which a brings in, and third exclude each other (b, section .modinfo) ')
        answer = self.json('why', 'a', 'c', status=1)['answers'][0]
        self.assertEqual([(entry['module'], entry['source']) for entry in answer['conflicts']],
                         [('a', {'file': 'test.conf', 'line': 2}), ('b', {'file': 'test.conf', 'line': 2})])
        self.assertEqual((answer['brought_in'], [link['kind'] for link in answer['chain']]), (False, ['softdep-pre']))
        self.assertEqual(self.json('why', 'a', 'free', status=1)['answers'][0]['conflicts'], [])
        self.assertEqual(self.json('why', 'free', 'third', status=1)['answers'][0]['conflicts'], [])


class Graph(Hard):
    def build(self):
        self.hard_tree({'top': 'mid_fn', 'mid': '> mid_fn', 'phy': '', 'x': [('alias', 'any-x')], 'y': [('alias', 'any-x')],
                        'old': '', 'soft': ''}, 'harddep top phy any-x no-pe inside\n', [('inside', 'in')])
        self.conf('softdep top pre: soft\nconflict phy old\nconflict soft y\n')

    def test_tree(self):
        self.build()
        lines = self.text('graph', 'top').splitlines()
        self.assertEqual(lines, ['top', '|- mid (1 symbol)', '|- phy (hard) [not with old]', '|- no-pe (hard) [nothing answers]',
                                 '|- inside (hard) [built in]', '|- x (hard, any of any-x)',
                                 '|- y (hard, any of any-x) [not with soft]', '`- soft (soft, before) [not with y]'])
        verbose = self.text('graph', '-v', 'top')
        self.assertIn('- phy (hard, %s:1) [not with old, test.conf:2]\n' % self.baked, verbose)
        self.assertIn('- y (hard, any of any-x, %s:1) [not with soft, test.conf:3]\n' % self.baked, verbose)
        self.assertIn('phy (hard)', self.text('graph', '--no-soft', 'top'))

    def test_dot(self):
        """each kind looks different; answers of a group share a label"""
        self.build()
        dot = Dot(self.text('graph', '--dot', 'top'))
        looks = {(start, end): (attributes['style'], attributes['label']) for start, end, attributes in dot.edges}
        self.assertEqual(looks, {('top', 'mid'): ('solid', '1'), ('top', 'phy'): ('bold', 'harddep'),
                                 ('top', 'no_pe'): ('bold', 'harddep'), ('top', 'inside'): ('bold', 'harddep'),
                                 ('top', 'x'): ('bold,dashed', 'any of any-x'), ('top', 'y'): ('bold,dashed', 'any of any-x'),
                                 ('top', 'soft'): ('dashed', 'softdep-pre'), ('soft', 'y'): ('dotted', 'conflict')})
        self.assertEqual([attributes['dir'] for _, _, attributes in dot.edges if attributes['label'] == 'conflict'], ['none'])

    def test_json(self):
        self.build()
        self.assertEqual(self.links('top', '--no-soft'), [
            ('harddep', 'phy', 'phy', self.baked, 1), ('harddep', 'no_pe', 'no-pe', self.baked, 1),
            ('harddep', 'inside', 'inside', self.baked, 1), ('harddep-any', 'x', 'any-x', self.baked, 1),
            ('harddep-any', 'y', 'any-x', self.baked, 1)])
        found = {module['name']: module['conflicts'] for module in self.json('graph', 'top')['modules']}
        self.assertEqual({name: [(entry['module'], entry['source']['line']) for entry in conflicts]
                          for name, conflicts in found.items() if conflicts},
                         {'phy': [('old', 2)], 'y': [('soft', 3)], 'soft': [('y', 3)]})
        self.assertNotIn('old', found)

    def test_own_name(self):
        """a module is no answer to what it needs itself"""
        self.hard_tree({'self': [('alias', 'pair')], 'pal': [('alias', 'pair')]})
        self.conf('harddep self pair\n')
        self.assertEqual(self.links('self'), [('harddep', 'pal', 'pair', 'test.conf', 1)])

    def test_odd_words(self):
        """they command no terminal and no Graphviz"""
        self.hard_tree({'a': [('harddep', 'q";evil->x;" \x1b[2J')], 'x': '', 'y': ''})
        self.conf('alias odd"]; x\nalias odd"]; y\nharddep x odd"];\nharddep a y\n')
        for name in 'ax':
            self.assertNotIn('\x1b', self.text('graph', name))
            dot = Dot(self.text('graph', '--dot', name))
            self.assertNotIn('evil', dot.nodes)
        self.assertIn('y', [end for _, end, _ in dot.edges] + ['y'])


class Plan(Hard):
    def test_text(self):
        """alternatives say after whom they are tried, and whose they are"""
        self.hard_tree({'top': [('harddep', 'phy any')], 'phy': '', 'x': [('alias', 'any')], 'y': [('alias', 'any')],
                        'z': [('alias', 'any')], 'old': ''}, 'conflict phy old\n')
        self.conf('harddep top nope\n')
        self.assertEqual(self.text('plan load', 'top'), '''\
 1  insert    phy  hard dependency of top (top, section .modinfo)
 2  insert    x    one answer to the hard dependency of top on any (top, section
                   .modinfo)
 3  insert    y    one answer to the hard dependency of top on any (top, section
                   .modinfo); if x fails
 4  insert    z    one answer to the hard dependency of top on any (top, section
                   .modinfo); if y fails
 5  insert    top  asked for
                   needs one of x, y, z, which answer to any (top, section
                   .modinfo)
warning: nothing answers to nope, a hard dependency of top (test.conf:1): going
         on without
''')
        self.assertNotIn('not together', self.text('plan load', 'top'))
        self.assertIn(' not together with old (%s:1) ' % self.baked, self.flat('plan load', '-v', 'top'))
        self.assertNotIn('; if', self.text('plan load', 'top', 'x', 'y', 'z'))
        self.conf('softdep top pre: z\n')
        self.assertEqual(re.findall('; if . fails', self.flat('plan load', 'top')), ['; if x fails'])
        self.conf('')
        self.system.module('y')
        self.assertEqual(self.steps('plan load', 'top'), [('insert', 'phy'), ('live', 'y'), ('insert', 'top')])

    def test_json(self):
        self.hard_tree({'top': [('harddep', 'any'), ('harddep', 'phy')], 'phy': '', 'x': [('alias', 'any')],
                        'y': [('alias', 'any')], 'old': ''}, 'conflict phy old\n')
        plan = self.json('plan load', 'top')
        steps = {step['module']: step for step in plan['steps']}
        tag = {'file': 'top, section .modinfo', 'line': None}
        self.assertEqual(steps['top']['needs'], [steps['phy']['number']])
        self.assertEqual(steps['top']['groups'], [{'word': 'any', 'source': tag,
                                                   'steps': [steps['x']['number'], steps['y']['number']]}])
        self.assertEqual(steps['phy']['conflicts'], [{'module': 'old', 'source': {'file': self.baked, 'line': 1}}])
        for name, kind, word, group in (('phy', 'harddep', 'phy', None), ('x', 'harddep-any', 'any', 1),
                                        ('y', 'harddep-any', 'any', 1)):
            self.assertEqual([(reason['kind'], reason['by'], reason['step'], reason['word'], reason['group'], reason['source'])
                              for reason in steps[name]['reasons']],
                             [(kind, 'top', steps['top']['number'], word, group, tag)])
        self.assertEqual([step['required'] for step in plan['steps']], [name not in 'xy' for name in steps])

    def refusal(self, *args):
        """what the last step says of its refusal: kind, word, (file, line), text"""
        found = self.json('plan load', *args, status=1)['steps'][-1]['refusal']
        source = found['source'] and (found['source']['file'].replace(self.dir, ''), found['source']['line'])
        return found['kind'], found['word'], source, found['text'].replace(self.dir, '')

    def test_refusals(self):
        """one sentence with both modules and the source"""
        self.hard_tree({'a': [('harddep', 'nope')], 'b': '', 'c': [('harddep', 'b')], 'x': [('alias', 'any')],
                        'y': [('alias', 'any')], 'd': [('harddep', 'any')], 'e': ''}, 'harddep! e nothing\nconflict x e\n')
        self.assertEqual(self.refusal('a'), ('no-answer', 'nope', ('a, section .modinfo', None),
                                             'a needs nope (hard dependency, a, section .modinfo), and nothing answers to that'))
        self.assertEqual(self.refusal('e')[:3], ('no-answer', 'nothing', ('/depmod.conf', 1)))
        self.conf('mask b\nblacklist x\nblacklist y\n')
        self.assertEqual(self.refusal('c'), ('needs-refused', 'b', ('c, section .modinfo', None), 'c needs b (hard dependency, '
                                             'c, section .modinfo): b is masked (test.conf:1)'))
        self.assertEqual(self.refusal('d')[:3], ('blacklisted', 'any', ('d, section .modinfo', None)))
        self.conf('harddep e\nmask x\nmask y\n')
        self.assertEqual(self.refusal('d')[:3], ('needs-refused', 'any', ('d, section .modinfo', None)))
        self.assertEqual(self.steps('plan load', 'e'), [('insert', 'e')])
        self.system.module('e')
        self.conf('')
        self.assertEqual(self.refusal('x'), ('conflict', 'e', ('/depmod.conf', 2),
                                             'x must not be loaded together with e (/depmod.conf:2)'))
        self.assertEqual(self.steps('plan load', '--ignore-loaded', 'x'), [('insert', 'x')])

    def test_notes(self):
        """warnings are told apart from notes"""
        self.hard_tree({'a': '', 'b': '', 'c': [('alias', 'me')]})
        self.conf('harddep a b\nharddep b a\nharddep c nope me\nsoftdep c pre: nothing\n')
        notes = self.json('plan load', 'a', 'c')['notes']
        self.assertEqual(sorted((note['kind'], note['warning'], note['about'], note['path'], note['source']['line'])
                                for note in notes),
                         [('harddep-cycle', True, 'b', 'b -> a -> b', 2), ('harddep-self', True, 'c', None, 3),
                          ('harddep-unknown', True, 'c', None, 3), ('softdep-unknown', False, 'c', None, 4)])
        text = self.text('plan load', 'a', 'c')
        self.assertEqual((text.count('\nwarning: '), text.count('\nnote: ')), (3, 1))
        self.assertIn('would close the cycle b -> a -> b: dropped', re.sub(r'\s+', ' ', text))

    def test_unload(self):
        self.hard_tree({'user': [('harddep', 'phy any')], 'phy': '', 'x': [('alias', 'any')], 'y': [('alias', 'any')],
                        'third': ''}, 'harddep third phy\n')
        for name in ('user', 'phy', 'x'):
            self.system.module(name)
        found = self.json('plan unload', 'phy', status=1)['steps'][0]
        self.assertEqual((found['refusal']['kind'], found['refusal']['word'], found['refusal']['source']),
                         ('harddep-used', 'phy', {'file': 'user, section .modinfo', 'line': None}))
        self.assertIn('user is loaded and needs phy (hard dependency, user, section .modinfo)',
                      self.flat('plan unload', 'phy', status=1))
        found = self.json('plan unload', '--force', 'phy', 'x')['steps']
        self.assertEqual([(breach['module'], breach['word'], breach['source']['file']) for step in found
                          for breach in step['breaches']],
                         [('user', 'phy', 'user, section .modinfo'), ('user', 'any', 'user, section .modinfo')])
        self.assertIn(' breaks user, which is loaded and needs phy (hard dependency, user, section .modinfo) ',
                      self.flat('plan unload', '-f', 'phy'))
        self.assertEqual(self.steps('plan unload', 'user'), [('remove', 'user')])
        self.assertEqual(sorted(self.steps('plan unload', '--remove-dependencies', 'user')),
                         [('remove', 'phy'), ('remove', 'user'), ('remove', 'x')])
        self.assertIn('hard dependency of user', self.text('plan unload', '--remove-dependencies', 'user'))
        self.system.module('y')
        self.assertEqual(self.steps('plan unload', 'x'), [('remove', 'x')])
        self.system.module('third')
        self.assertEqual(sorted(name for _, name in self.steps('plan unload', '--remove-dependencies', 'user')),
                         ['user', 'x', 'y'])


class Declarations:
    """a reading of what is declared, for trees without cycles"""

    def __init__(self, modules, builtin, tags, baked, conf):
        self.modules, self.builtin = modules, builtin     # {name: aliases}
        self.words = {}
        for name, lines in tags.items():
            for words in lines:
                self.say(name, words, (name + ', section .modinfo', None))
        for file, lines in (baked, conf):
            for number, (name, words) in enumerate(lines, 1):
                if words:
                    self.say(name, words, (file, number))
                else:
                    self.words[name] = {}

    def say(self, name, words, source):
        for word in words:
            self.words.setdefault(name, {}).setdefault(word, source)

    def answers(self, word):
        """(kind, modules)"""
        word = folded(word)
        inside = [name for name, aliases in self.builtin.items() if word == name or word in aliases]
        loadable = [word] if word in self.modules else [name for name, aliases in self.modules.items() if word in aliases]
        if inside:
            return 'harddep', inside
        return ('harddep-any' if len(loadable) > 1 else 'harddep'), loadable or [word]

    def hard(self, name):
        """[(kind, to, word, file, line)]"""
        return [(kind, to, word, *source) for word, source in self.words.get(name, {}).items()
                for kind, found in [self.answers(word)] for to in found]

    def edges(self, name):
        """the same for a graph: of several words that one module answers to alone, the first"""
        found = {}
        for edge in self.hard(name):
            found.setdefault(edge[:2] + (edge[2] if edge[0] == 'harddep-any' else '',), edge)
        return set(found.values())


class Random(Hard):
    N_TREES = 12

    def draw(self, rng):
        names = ['m%d' % i for i in range(8)]
        builtin = {'in0': {'svc0'}, 'in1': set()}
        modules = {name: {alias for alias in ('any0', 'any1', 'svc0', 'one%s' % name) if rng.random() < .3} for name in names}

        def words(i):
            """nothing that leads back: later modules only"""
            pool = names[i + 1:] + ['in0', 'in1', 'nope', 'no-pe'] + ['one' + name for name in names[i + 1:] if
                                                                    'one' + name in modules[name]]
            pool += [alias for alias in ('any0', 'any1', 'svc0') if not any(alias in modules[name] for name in names[:i + 1])]
            return rng.sample(pool, min(len(pool), rng.randrange(1, 4)))
        tags = {name: [words(i) for _ in range(rng.randrange(3))] for i, name in enumerate(names)}
        lines = [[(name, words(i) if rng.random() < share else []) for i, name in enumerate(names)
                  for _ in range(rng.randrange(2))] for share in (.8, rng.choice((.7, 1, 1)))]
        for part in lines:
            rng.shuffle(part)
        return modules, builtin, tags, lines

    def test_declarations(self):
        """graph has each edge with its source; a plan does what they ask for in an order that they allow"""
        n = n_plans = 0
        for seed in range(self.N_TREES):
            modules, builtin, tags, (baked, conf) = self.draw(random.Random(seed))
            text = [''.join('harddep %s %s\n' % (name, ' '.join(words)) for name, words in lines) for lines in (baked, conf)]
            self.hard_tree({name: [('alias', alias) for alias in sorted(aliases)] +
                            [('harddep', ' '.join(words)) for words in tags[name]] for name, aliases in modules.items()},
                           text[0], [(name, alias) for name, aliases in builtin.items() for alias in aliases or {'x'}])
            self.conf(text[1])
            model = Declarations(modules, builtin, tags, (self.baked, baked), ('test.conf', conf))
            for name in modules:
                self.assertEqual({link for link in self.links(name) if link[0].startswith('hard')}, model.edges(name), (seed, name))
                n += len(model.edges(name))
            # What a line holds for the sake of what was taken back may have other reasons: it is planned.
            if all(words for _, words in conf):
                n_plans += 1
                self.check_plan(seed, model, 'm0')
        self.assertGreater(n, 100)
        self.assertGreater(n_plans, 5)

    def check_plan(self, seed, model, goal):
        unanswered = {name for name in model.modules for word, (file, _) in model.words.get(name, {}).items()
                      if file.endswith('.modinfo') and model.answers(word)[1] == [folded(word)] and
                      word not in {**model.modules, **model.builtin}}
        plan = self.json('plan load', goal, status=int(self.is_refused(model, goal, unanswered)))
        steps = {step['module']: step for step in plan['steps']}
        for name, step in steps.items():
            if step['action'] != 'insert':
                continue
            for kind, to, word, file, line in model.hard(name):
                if to not in steps:
                    continue
                self.assertLess(steps[to]['number'], step['number'], (seed, name, to))
                self.assertIn((kind, name, word, file, line),
                              [(reason['kind'], reason['by'], reason['word'], reason['source']['file'],
                                reason['source']['line']) for reason in steps[to]['reasons'] if reason['source']], (seed, to))

    def is_refused(self, model, name, unanswered):
        """needs one that is, or all of a group are; there are no cycles"""
        found = {}
        for kind, to, word, *_ in model.hard(name):
            if to in model.modules:
                found.setdefault(word, []).append(self.is_refused(model, to, unanswered))
        return name in unanswered or any(all(group) for group in found.values())


if __name__ == '__main__':
    tap.main()
