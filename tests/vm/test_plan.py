#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What modsure plan shows is what then happens."""
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../lib')]

import tap  # noqa: E402
import vmcase  # noqa: E402
from vmcase import scenario  # noqa: E402


def script(*goals):
    return ''.join('''
        run modsure plan load --json {0}
        run modprobe {0}
        run modsure plan unload --json {0}
        run modprobe -r {0}
        vmhelper unload-others
    '''.format(goal) for goal in goals)


class Plans(vmcase.Guest):
    MODULES = ['btrfs', 'crc32c_generic', 'crc32c_intel', 'xxhash_generic', 'blake2b_generic', 'r8169', 'realtek', 'can',
               'can_raw']
    LIBS = ('libjson-c.so.5',)

    def steps(self, run, action):
        return [step['module'] for step in json.loads(run.out)['steps'] if step['action'] == action]

    def check_goals(self, seen, fail=()):
        """four runs a goal: the plan and the load, the plan and the removal"""
        self.assertEqual(len(seen.runs) % 4, 0)
        for at in range(0, len(seen.runs), 4):
            plan, load, plan_unload, unload = seen.runs[at:at + 4]
            self.assertOk(plan)
            self.assertOk(load)
            expected = [name for name in self.steps(plan, 'insert') if name not in fail]
            self.assertTrue(expected)
            self.assertEqual(load.loaded(), expected)
            self.assertOk(plan_unload)
            self.assertOk(unload)
            removed = self.steps(plan_unload, 'remove')
            self.assertTrue(removed)
            self.assertEqual(set(load.modules) - set(removed), set(unload.modules))
            # The kernel's log tells the order for those that say goodbye.
            gone = [line.split(':')[0] for line in seen.log.splitlines() if line.endswith(': exit')]
            order = [gone.index(name) for name in removed if name in gone]
            self.assertEqual(order, sorted(order), removed)

    @scenario(script('dep_c', 'many_soft', 'cyc_b', 'post_a'))
    def test_made_modules(self, seen):
        """chains, soft dependencies, cycles of them"""
        self.check_goals(seen)

    @scenario(script('owner', 'slow_user', 'modsure-first', 'can-proto-1'))
    def test_aliases_and_owners(self, seen):
        self.check_goals(seen)

    @scenario(script('r8169'))
    def test_r8169(self, seen):
        self.check_goals(seen)

    @scenario('''
        run modsure plan load --json btrfs
        run modprobe btrfs
    ''')
    def test_btrfs(self, seen):
        """a soft dependency that can't be loaded here, and nobody can know before"""
        plan, load = seen.runs
        self.assertOk(load)
        expected = [name for name in self.steps(plan, 'insert') if name != 'crc32c_intel']
        self.assertIn('xxhash_generic', expected)
        self.assertEqual(load.loaded(), expected)

    @scenario('''
        conf 'mask dep_a' 'options params number=5' 'install soft_1 /bin/true'
        run modsure plan load --json dep_c
        run modprobe dep_c
        run modsure plan load --json params list=4
        run modprobe params list=4
        parameter params number; parameter params list
        run modsure plan load --json soft_1
        run modprobe soft_1
    ''')
    def test_rules(self, seen):
        """a refusal, options, a command in place of a module"""
        masked, refused, params, _, command, _ = seen.runs
        self.assertNotEqual(masked.status, 0)
        self.assertIs(json.loads(masked.out)['possible'], False)
        self.assertFails(refused, 'mask')
        step = json.loads(params.out)['steps'][-1]
        self.assertEqual((step['module'], step['options']), ('params', 'number=5 list=4'))
        self.assertEqual(seen.notes, {'params.number': '5', 'params.list': '4'})
        self.assertNotIn('insert', [step['action'] for step in json.loads(command.out)['steps']])
        self.assertEqual(seen.runs[-1].loaded(), ['params'])

    @scenario('''
        run modprobe dep_b
        vmhelper sys-load $MODULES/updates/dep_c.ko
        run modsure plan unload --json dep_b
        run modprobe -r dep_b
        run modsure plan load --json dep_c
    ''')
    def test_refused_unload(self, seen):
        """in use: said before and after; what is loaded needs no step"""
        _, plan, unload, loaded = seen.runs
        self.assertIs(json.loads(plan.out)['possible'], False)
        self.assertIn('dep_c', plan.out)
        self.assertFails(unload, 'in use')
        self.assertEqual(self.steps(loaded, 'insert'), [])


if __name__ == '__main__':
    tap.main()
