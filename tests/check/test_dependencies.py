#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Declared dependencies and conflicts, from tags, depmod.d and modprobe.d: what is found, and how bad it is.

An error is said of a module exactly where a plan to load it is refused.
"""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

from declared import DeclaredCase  # noqa: E402
from planted import module  # noqa: E402
import tap  # noqa: E402


class Hard(DeclaredCase):
    def test_nothing_answers(self):
        self.add('a', 'harddep=gone provider')
        self.add('b')
        self.add('c')
        self.system.modprobe_d['x.conf'] = 'harddep b gone-far\n\nharddep! c gone\n'
        self.agrees('MS301 error a a.ko gone',
                    'MS301 warning b x.conf:1 gone-far',
                    'MS301 error c x.conf:3 gone')

    def test_nothing_answers_to_depmod_d(self):
        self.add('b')
        self.add('c')
        self.system.depmod_d['x.conf'] = 'harddep b gone\nharddep! c gone\n'
        self.agrees('MS301 warning b x.conf:1 gone',
                    'MS301 error c x.conf:2 gone')

    def test_configuration_answers(self):
        """an alias line, or a command for a name that no module has"""
        self.add('a', 'harddep=gone')
        self.add('b', 'softdep=pre: lost', 'weakdep=gone-too')
        self.system.modprobe_d['x.conf'] = 'alias go* provider\ninstall lost /bin/true\n'
        self.finds('MS503 note - x.conf:2 lost')
        self.assertFalse(self.is_refused('a'))

    def test_taken_back(self):
        self.add('a', 'harddep=gone')
        self.add('b', 'softdep=pre: provider')
        self.system.modprobe_d['x.conf'] = 'harddep a\nsoftdep b\nweakdep b\n'
        self.agrees('MS301 note a a.ko gone',
                    'MS310 warning a x.conf:1 harddep',
                    'MS310 note b x.conf:2 softdep')

    def test_taken_back_and_said_again(self):
        """lines before do not count any more, those behind do; a pattern is one finding"""
        self.add('a1', 'softdep=pre: provider')
        self.add('a2', 'softdep=pre: provider')
        self.system.modprobe_d['x.conf'] = 'softdep a1 pre: gone\nsoftdep a[12]\nsoftdep a1 pre: lost\n'
        self.finds('MS310 note a1 x.conf:2 softdep',
                   'MS302 note a1 x.conf:3 lost',
                   'MS309 note a1 x.conf:3 softdep')
        self.assertIn('a1 and 1 other module say', [x['message'] for x in self.result.findings if x['rule'] == 'MS310'][0])

    def test_taken_back_by_depmod_d(self):
        self.add('a', 'harddep=gone')
        self.system.depmod_d['x.conf'] = 'harddep a\n'
        self.agrees('MS310 warning a x.conf:1 harddep')

    def test_forbidden(self):
        """by each way to keep a module out"""
        self.add('p1', 'alias=service-1')
        self.add('p2')
        self.add('p3')
        self.add('p4')
        for number, word in enumerate(('service-1', 'p2', 'p3', 'provider', 'p4'), 1):
            self.add('n%u' % number, 'harddep=' + word)
        self.system.modprobe_d['x.conf'] = ('blacklist p1\nmask p2\ninstall p3 /bin/false # never\nblacklist provider\n'
                                            'install p4 exit 1\ninstall user exit 0\n')
        self.finds('MS311 error n1 x.conf:1 service-1',
                   'MS311 error n2 x.conf:2 p2',
                   'MS311 error n3 x.conf:3 p3',
                   'MS311 error n5 x.conf:5 p4')
        self.assertEqual([self.is_refused(name) for name in ('n1', 'n2', 'n4')], [True, True, False])

    def test_forbidden_in_part(self):
        self.add('p1', 'alias=service')
        self.add('p2', 'alias=service')
        self.add('n', 'harddep=service')
        self.system.modprobe_d['x.conf'] = 'mask p1\n'
        self.finds('MS311 note n x.conf:1 service')
        self.assertIn('which n needs, and 1 other does too', self.result.findings[0]['message'])
        self.assertFalse(self.is_refused('n'))
        self.system.modprobe_d['x.conf'] = 'mask p1 p2\n'
        self.finds('MS311 error n x.conf:1 service')
        self.assertTrue(self.is_refused('n'))

    def test_owner_of_symbols(self):
        """what it uses and may not have, itself and not by what needs it; once, if it says so as well; not if it is masked too"""
        self.add('p').export('p_fn', crc=1)
        self.add('direct', uses=[('p_fn', 1)]).export('direct_fn', crc=2)
        self.add('both', 'harddep=p', uses=[('p_fn', 1)])
        self.add('free')
        self.system.modprobe_d['x.conf'] = '\nmask p\n'
        self.finds('MS311 error direct x.conf:2 p', 'MS311 error both x.conf:2 p')
        self.assertTrue(self.is_refused('direct') and self.is_refused('both'))
        self.assertFalse(self.is_refused('free'))
        self.system.modprobe_d['x.conf'] = 'blacklist p\n'
        self.assertEqual(self.found(), set())
        self.assertFalse(self.is_refused('direct'))
        self.system.modprobe_d['x.conf'] = 'mask p direct both\n'
        self.assertEqual(self.found(), set())
        self.system.modprobe_d['x.conf'] = 'install p /bin/false\n'
        self.finds('MS311 error direct x.conf:1 p', 'MS311 error both x.conf:1 p')

    def test_forbidden_but_built_in(self):
        self.add('p1', 'alias=service')
        self.add('n', 'harddep=service')
        self.system.builtin_modinfo.append(('inside', 'alias', 'service'))
        self.system.modprobe_d['x.conf'] = 'mask p1\n'
        self.assertEqual(self.found(), set())
        self.assertFalse(self.is_refused('n'))

    def test_forbidden_by_lines(self):
        """of depmod.d and of modprobe.d"""
        self.add('n')
        self.add('m')
        self.add('p')
        self.system.depmod_d['x.conf'] = 'harddep n p\n'
        self.system.modprobe_d['x.conf'] = 'harddep m p\nmask p\n'
        self.finds('MS311 error n x.conf:2 p',
                   'MS311 error m x.conf:2 p')
        self.assertTrue(self.is_refused('n') and self.is_refused('m'))

    def test_refused_by_the_kernel(self):
        """by the command line of the system that is looked at, and of no other"""
        self.add('p')
        self.add('n', 'harddep=p')
        self.system.put('proc/cmdline', 'quiet module_blacklist=p\n')
        self.finds('MS311 error n cmdline p')
        self.system.put('proc/sys/kernel/osrelease', '6.1.0-other\n')
        self.assertEqual({x['rule'] for x in self.system.check('--json', '-k', self.system.version).findings}, set())

    def test_cycles(self):
        self.add('a', 'harddep=b')
        self.add('b', 'harddep=c')
        self.add('c')
        self.system.modprobe_d['x.conf'] = 'harddep c a\n'
        self.agrees('MS306 warning c x.conf:1 a')
        self.assertIn('c -> a -> b -> c', self.result.findings[0]['message'])

    def test_needs_itself(self):
        self.add('a', 'harddep=a', 'alias=service')
        self.add('b', 'harddep=b-service', 'alias=b-service')
        self.system.modprobe_d['x.conf'] = 'softdep a pre: service\n'
        self.agrees('MS305 warning a a.ko a',
                    'MS305 warning b b.ko b-service',
                    'MS305 warning a x.conf:1 service')


class Conflicts(DeclaredCase):
    def test_with_a_need(self):
        """by a symbol, by a tag of the other one, by lines; who needs the broken one is not listed"""
        self.add('a', 'conflict=provider', uses=[('provide', 0x21)]).export('of_a', crc=0x31)
        self.add('user_of_a', uses=[('of_a', 0x31)])
        self.add('b', 'harddep=other')
        self.add('c', 'harddep=other')
        self.add('d')
        self.system.depmod_d['x.conf'] = 'conflict other b\n'
        self.system.modprobe_d['x.conf'] = 'conflict c other d\n'
        self.finds('MS312 error a a.ko provider',
                   'MS312 error b x.conf:1 other',
                   'MS312 error c x.conf:1 other')
        self.assertEqual([self.is_refused(name) for name in ('a', 'user_of_a', 'b', 'c', 'd')],
                         [True, True, True, True, False])

    def test_of_two_needs(self):
        self.add('a', 'harddep=b c')
        self.add('b')
        self.add('c', 'conflict=b')
        found = self.found()
        self.assertEqual({x[:3] for x in found}, {('MS312', 'error', 'a')})
        self.assertTrue(self.is_refused('a'))

    def test_with_all_of_a_group(self):
        self.add('p1', 'alias=service')
        self.add('p2', 'alias=service')
        self.add('a', 'harddep=service', 'conflict=p1')
        self.add('b', 'harddep=service', 'conflict=p1 p2')
        self.agrees('MS312 error b b.ko p2')

    def test_with_what_is_built_in(self):
        self.add('a', 'conflict=inside')
        self.agrees('MS312 error a a.ko inside')

    def test_with_nothing(self):
        self.add('a')
        self.system.depmod_d['x.conf'] = 'conflict a gone\nconflict gone a\n'
        self.system.modprobe_d['y.conf'] = 'conflict a lost\nconflict lost a\n'
        self.agrees('MS304 note a x.conf:1 gone',
                    'MS304 note a y.conf:1 lost',
                    'MS503 note - x.conf:2 gone',
                    'MS503 note - y.conf:2 lost')


class Soft(DeclaredCase):
    def test_cycles(self):
        """one finding a knot; what is loaded first is what modprobe loads first"""
        self.add('b', 'softdep=post: a', 'softdep=pre: c')
        self.add('a', 'softdep=post: b')
        self.add('c')
        found = {x for x in self.found() if x[0] != 'MS309'}
        self.assertEqual(found, {('MS307', 'warning', 'b', 'b.ko', None, 'a')})
        message = [x['message'] for x in self.result.findings if x['rule'] == 'MS307'][0]
        self.assertIn('a -> b -> a', message)
        self.assertIn('a does not wait for b', message)
        plan = self.plan('b').stdout.decode()
        self.assertLess(plan.index(' insert    a '), plan.index(' insert    b '), plan)

    def test_cycle_with_a_symbol(self):
        """only the soft dependency can give way"""
        self.system.modules['drivers/provider.ko'].modinfo('softdep', 'pre: user')
        self.agrees('MS307 warning provider provider.ko user')
        self.assertIn('provider does not wait for user', self.result.findings[0]['message'])

    def test_cycle_where_one_needs_another(self):
        """who waits for soft dependencies only goes first, whatever its name"""
        self.add('a', 'harddep=b', 'softdep=pre: c')
        self.add('b', 'softdep=pre: a')
        self.add('c', 'softdep=pre: a')
        self.agrees('MS307 warning b b.ko a')
        plan = self.plan('c').stdout.decode()
        self.assertLess(plan.index(' insert    b '), plan.index(' insert    a '), plan)

    def test_no_cycles(self):
        """both say the same order; a line takes one of them back"""
        self.add('a', 'softdep=pre: b')
        self.add('b', 'softdep=post: a')
        self.add('c', 'softdep=pre: d')
        self.add('d', 'softdep=pre: c')
        self.system.modprobe_d['x.conf'] = 'softdep d\n'
        self.finds('MS310 note d x.conf:1 softdep')

    def test_what_kmod_heeds(self):
        """the first line, where modules' own tags stand among files as modules.softdep"""
        for name in ('m1', 'm2', 'm3'):
            self.add(name, 'softdep=pre: provider')
        self.add('m4')
        self.system.modprobe_d = {'a.conf': 'softdep m1 pre: other\n',
                                  'z.conf': 'softdep m2 pre: other\nsoftdep m4 pre: provider\n',
                                  'zz.conf': 'softdep m4 pre: other\n'}
        self.finds('MS309 note m1 a.conf:1 softdep',
                   'MS309 note m2 z.conf:1 softdep',
                   'MS309 note m4 zz.conf:1 softdep')
        messages = {x['module']: x['message'] for x in self.result.findings}
        self.assertIn('only this', messages['m1'])
        self.assertIn('does not heed this', messages['m2'])
        self.assertIn('z.conf:2', messages['m4'])

    def test_merged(self):
        """on one line depmod writes the marks that kmod wants"""
        self.add('a', 'softdep=provider', 'softdep=pre: other')
        self.assertEqual({x[0] for x in self.found()}, {'MS308', 'MS309'})
        self.system.depmod_d['x.conf'] = 'merge_softdeps\n'
        self.assertEqual(self.found(), set())

    def test_lines(self):
        self.system.modprobe_d['x.conf'] = 'softdep user provider gone\nweakdep o?her gone\nsoftdep nobody lost\n'
        self.finds('MS308 warning user x.conf:1 provider',
                   'MS308 warning user x.conf:1 gone',
                   'MS302 note user x.conf:1 gone',
                   'MS303 note other x.conf:2 gone',
                   'MS503 note - x.conf:3 nobody')

    def test_no_names(self):
        self.add('a', 'softdep=pre: [x', 'weakdep=b]', 'harddep=', 'conflict=a')
        self.add('b', 'softdep=pre: provider\x01x')
        self.assertEqual({x[:3] + x[5:] for x in self.found()},
                         {('MS313', 'warning', 'a', '[x'), ('MS313', 'warning', 'a', 'b]'),
                          ('MS313', 'warning', 'a', ''),
                          ('MS305', 'warning', 'a', 'a'), ('MS313', 'warning', 'b', 'pre: provider?x')})

    def test_stale_indexes(self):
        """the modules are looked at as they are now, whatever the indexes tell of them"""
        self.add('a', 'softdep=pre: gone')
        self.assertEqual({x[0] for x in self.found()}, {'MS302'})
        self.system.after = [lambda system: self.rewrite('pre: provider')]
        self.assertNotIn('MS302', {x[0] for x in self.found()})

    def rewrite(self, words):
        made = module('a').use('kfree', crc=0x12).modinfo('softdep', words)
        self.system.put('lib/modules/%s/kernel/drivers/a.ko' % self.system.version, made.bytes())

    def test_asked_for_one(self):
        self.add('a', 'softdep=pre: gone')
        self.add('b', 'softdep=pre: lost')
        self.system.modprobe_d['x.conf'] = 'blacklist nobody\nnonsense\noptions b nothing=1\n'
        self.finds('MS302 note b b.ko lost', 'MS505 warning b x.conf:3 nothing', args=['b'])


if __name__ == '__main__':
    tap.main()
