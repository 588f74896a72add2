#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modsure check as its user meets it: options, text, exit statuses, and what becomes of broken inputs."""

import gzip
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

import planted  # noqa: E402
import tap  # noqa: E402
from planted import module  # noqa: E402

SANITIZER = re.compile('Sanitizer|runtime error')


def lost(symbols=1, name='lost'):
    """a module with so many errors: symbols that nobody exports"""
    made = module(name)
    for number in range(symbols):
        made.use('nobody_%02d' % number, crc=0x99)
    return made


class Case(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix='modsure-check.')
        self.addCleanup(scratch.cleanup)
        self.scratch = scratch.name
        self.system = planted.System(os.path.join(scratch.name, 'system'))

    def run_check(self, *args, status=None, **kwargs):
        done = subprocess.run([tap.command('modsure'), 'check', *args], stdin=subprocess.DEVNULL, timeout=120,
                              stdout=kwargs.pop('stdout', subprocess.PIPE), stderr=subprocess.PIPE, check=False,
                              env={**os.environ, 'LC_ALL': 'C'}, **kwargs)
        self.assertIsNone(SANITIZER.search(done.stderr.decode()), done.stderr.decode()[-4000:])
        result = planted.Result(done) if done.stdout is not None else done
        if status is not None:
            self.assertEqual(done.returncode, status, '%s\n%s' % (done.stdout, done.stderr))
        return result

    def check(self, *args, status=None, **kwargs):
        return self.run_check('--sysroot', self.system.folder, *args, status=status, **kwargs)

    def write(self, name, content):
        path = os.path.join(self.scratch, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def plant_lost(self, symbols=1):
        self.system.modules['drivers/lost.ko'] = lost(symbols)
        self.system.write()

    def rules(self):
        return json.loads(self.run_check('--list-rules', '--json', status=0).stdout)['rules']

    def rules_that_need(self, part):
        found = {rule['rule'] for rule in self.rules() if any(part in need for need in rule['needs'])}
        self.assertTrue(found)
        return found

    def not_run(self, result):
        """{rule: why} of those that did not run at all; the others ran, and none is in both lists"""
        whys = {entry['rule']: entry['why'] for entry in result.json['not_run'] if not entry['partial']}
        self.assertEqual(set(whys) & set(result.json['run']), set())
        return whys


class Text(Case):
    def test_clean(self):
        self.system.write()
        result = self.check(status=0)
        lines = result.stdout.splitlines()
        self.assertEqual(lines[0], planted.VERSION + ': 0 errors, 0 warnings, 0 notes in 3 modules')
        self.assertEqual(lines[1].partition(':')[0], 'symbols of the kernel')
        self.assertIn('build/Module.symvers', ''.join(lines[1:3]))
        ran = len(self.check('--json').json['run'])
        self.assertRegex(lines[-1], r'^%d rules? run' % ran)
        self.assertEqual(result.stderr, '')

    def test_counts(self):
        self.plant_lost(1)
        self.assertEqual(self.check(status=1).stdout.splitlines()[0],
                         planted.VERSION + ': 1 error, 0 warnings, 0 notes in 4 modules')
        self.assertEqual(self.check('lost', status=1).stdout.splitlines()[0],
                         planted.VERSION + ': 1 error, 0 warnings, 0 notes in 1 module')

    def test_groups(self):
        """by rule, then by module: its path once, relative to the tree; the rest of a long group is counted"""
        self.plant_lost(12)
        out = self.check(status=1).stdout
        self.assertTrue(all(len(line) <= 80 for line in out.splitlines()), out)
        self.assertRegex(out, r'(?m)^MS101 unresolved-symbol, error: .*: 12$')
        self.assertEqual(out.count('\n  kernel/drivers/lost.ko\n'), 1)
        self.assertNotIn(self.system.folder + '/lib/modules/%s/kernel' % planted.VERSION, out)
        shown = re.findall(r'nobody_\d\d', out)
        self.assertEqual(shown, ['nobody_%02d' % number for number in range(10)])
        self.assertIn('\n  and 2 more (--all)\n', out)
        out = self.check('--all', status=1).stdout
        self.assertEqual(len(re.findall(r'nobody_\d\d', out)), 12)
        self.assertNotIn('more (--all)', out)

    def test_worst_first(self):
        """errors stand before warnings, and these before notes"""
        self.system.modules['zz/old.ko'] = lost(1, 'zz').modinfo('softdep', 'nonesuch')
        self.system.modules['drivers/bad.ko'] = b'no module'
        self.system.write()
        order = {'error': 0, 'warning': 1, 'note': 2}
        found = re.findall(r'(?m)^(MS\d+) [a-z0-9-]+, (\w+):', self.check(status=1).stdout)
        self.assertEqual({severity for _, severity in found}, set(order))
        self.assertEqual(found, sorted(found, key=lambda one: (order[one[1]], one[0])))

    def test_two_modules(self):
        self.system.modules['drivers/a.ko'] = lost(1, 'a')
        self.plant_lost(1)
        out = self.check(status=1).stdout
        self.assertLess(out.index('  kernel/drivers/a.ko\n'), out.index('  kernel/drivers/lost.ko\n'))
        self.assertEqual(len(re.findall(r'(?m)^MS101 ', out)), 1)

    def test_quiet(self):
        self.plant_lost(3)
        self.assertEqual(self.check('-q', status=1).stdout,
                         planted.VERSION + ': 3 errors, 0 warnings, 0 notes in 4 modules\n')

    def test_verbose(self):
        """which sources were used"""
        self.system.write()
        out = self.check('-v', status=0).stdout.replace('\n  ', ' ')
        self.assertIn('boot/config-' + planted.VERSION, out)
        os.unlink(self.system.path('boot/config-' + planted.VERSION))
        self.assertRegex(self.check('-v').stdout, r"(?m)^options of the kernel's build: not known$")

    def test_not_run(self):
        """what lacks something is told with the reason, and not counted as run"""
        self.system.kernel = None
        self.system.write()
        out = self.check(status=0).stdout
        self.assertRegex(out, r'(?s)\nnot run:\n.*MS101 unresolved-symbol')
        self.assertIn('symbols of the kernel: not known\n', out)
        result = self.check('--json')
        missing = self.rules_that_need('symbols that the kernel exports')
        self.assertLessEqual(missing, set(self.not_run(result)))
        self.assertRegex(out.splitlines()[-1], r'^%d rules? run.*, %d not run' %
                         (len(result.json['run']), len(self.not_run(result))))


class Rules(Case):
    def test_list(self):
        rules = self.rules()
        ids = [rule['rule'] for rule in rules]
        self.assertEqual(ids, sorted(set(ids)))
        lines = self.run_check('--list-rules', status=0).stdout.splitlines()
        self.assertEqual([line.split()[:3] for line in lines if line.startswith('MS')],
                         [[rule['rule'], rule['severity'], rule['name']] for rule in rules])
        self.assertTrue(all(len(line) <= 80 for line in lines))
        for rule in rules:
            self.assertRegex(rule['rule'], r'^MS\d{3}$')
            self.assertRegex(rule['name'], r'^[a-z]+(-[a-z0-9]+)*$')
            self.assertIn(rule['severity'], ('note', 'warning', 'error'))
            self.assertTrue(rule['title'] and rule['explanation'])
        self.assertEqual(len({rule['name'] for rule in rules}), len(rules))

    def test_explain(self):
        for rule in self.rules():
            texts = [self.run_check('--explain', name, status=0).stdout
                     for name in (rule['rule'], rule['rule'].lower(), rule['name'])]
            self.assertEqual(texts, texts[:1] * 3)
            self.assertEqual(texts[0].splitlines()[0], '%s %s, %s' % (rule['rule'], rule['name'], rule['severity']))
            self.assertIn(' '.join(rule['explanation'].split()), ' '.join(texts[0].split()))
            self.assertTrue(all(len(line) <= 80 for line in texts[0].splitlines()), texts[0])
        one = self.run_check('--explain', 'MS101', '--json', status=0)
        self.assertEqual(one.json, next(rule for rule in self.rules() if rule['rule'] == 'MS101'))

    def test_unknown(self):
        for option in ('--explain', '--rule', '--skip'):
            result = self.run_check(option, 'MS999', status=2)
            self.assertIn('MS999', result.stderr)
            self.assertEqual(result.stdout, '')

    def test_choice(self):
        self.plant_lost()
        all_run = self.check('--json', status=1).json['run']
        for name in ('MS101', 'unresolved-symbol'):
            only = self.check('--json', '--rule', name, status=1)
            self.assertEqual((only.json['run'], only.json['not_run'], only.rules()), (['MS101'], [], ['MS101']))
            without = self.check('--json', '--skip', name)
            self.assertEqual(without.json['run'], [rule for rule in all_run if rule != 'MS101'])
            self.assertNotIn('MS101', without.rules())
        two = [rule for rule in all_run if rule != 'MS101'][:1]
        several = self.check('--json', '--rule', 'MS101', *[arg for rule in two for arg in ('--rule', rule)])
        self.assertEqual(several.json['run'], ['MS101', *two])
        none = self.check('--json', '--rule', 'MS101', '--skip', 'MS101', status=0)
        self.assertEqual(none.json['run'], [])
        left = len(self.rules()) - 1
        self.assertTrue(self.check('--rule', 'MS101').stdout.splitlines()[-1].startswith('1 rule run, 0 not run'))
        if left:
            self.assertIn('%d left out' % left, self.check('--rule', 'MS101').stdout)


class Status(Case):
    """0 nothing found, 1 found, 2 misuse, 3 unknown name, 4 no answer; of several the largest"""

    def test_fail_on(self):
        found = {}
        for rule, plant in planted.all_plants():
            severity = next(one['severity'] for one in self.rules() if one['rule'] == rule)
            found.setdefault(severity, plant[0])
        order = ['note', 'warning', 'error', 'never']
        for severity, plant in found.items():
            self.system = planted.System(os.path.join(self.scratch, severity))
            plant(self.system)
            self.system.write()
            actual = self.check(*self.system.args, '--json').findings[0]['severity']
            for limit in order:
                status = 1 if order.index(actual) >= order.index(limit) else 0
                self.check(*self.system.args, '--fail-on', limit, status=status)
            self.check(*self.system.args, status=1 if actual == 'error' else 0)
        self.assertIn('error', found)

    def test_misuse(self):
        self.system.write()
        for args in (['--fail-on', 'worse'], ['--json', '--sarif'], ['--nonesuch'], ['-j', 'x'], ['-j', '-1'],
                     ['--list-rules', 'user'], ['--explain', 'MS101', 'user'], ['--baseline']):
            result = self.check(*args, status=2)
            self.assertEqual(result.stdout, '')
            self.assertTrue(result.stderr)

    def test_unknown_name(self):
        """a message, and the rest goes on"""
        self.plant_lost()
        result = self.check('--json', 'nonesuch', 'user', status=3)
        self.assertIn('nonesuch', result.stderr)
        self.assertEqual((result.json['unknown'], result.json['modules'], result.findings), (['nonesuch'], 1, []))
        result = self.check('--json', 'nonesuch', 'lost', status=3)
        self.assertEqual(result.rules(), ['MS101'])
        result = self.check('inside', status=3)
        self.assertIn('built into the kernel', result.stderr)

    def test_bad_source(self):
        """what was given and is of no use: 4, with everything that does not need it"""
        self.plant_lost()
        bad = self.write('bad', b'\0\1\2')
        result = self.check('--json', '--kernel-config', bad, status=4)
        self.assertIn(bad, result.stderr)
        self.assertIn('MS101', result.rules())
        self.check('-E', bad, 'nonesuch', status=4)

    def test_no_tree(self):
        self.system.write()
        for args in (['-k', '1.2.3'], ['-b', os.path.join(self.scratch, 'nonesuch'), '-k', planted.VERSION]):
            result = self.check(*args, status=4)
            self.assertEqual(result.stdout, '')
            self.assertRegex(result.stderr, 'No such file')
        self.write('file/lib/modules/1.2.3', 'no directory')
        self.run_check('-b', os.path.join(self.scratch, 'file'), '-k', '1.2.3', status=4)
        os.makedirs(os.path.join(self.scratch, 'empty/lib/modules/1.2.3'))
        result = self.run_check('-b', os.path.join(self.scratch, 'empty'), '-k', '1.2.3', status=4)
        self.assertIn('no module', result.stderr)
        self.assertEqual(result.stdout, '')

    def test_full_disk(self):
        self.plant_lost()
        with open('/dev/full', 'wb') as full:
            for args in ([], ['--json'], ['--sarif'], ['--list-rules'], ['--write-baseline', '-']):
                result = self.check(*args, stdout=full)
                self.assertEqual(result.returncode, 4, args)
                self.assertIn(b'No space left', result.stderr)


class Arguments(Case):
    def setUp(self):
        super().setUp()
        self.system.modules['drivers/lo-st.ko'] = lost(1, 'lo_st').modinfo('alias', 'pci:v0000BEEFd*')
        self.system.write()

    def test_names(self):
        for name in ('lo-st', 'lo_st', 'pci:v0000BEEFd00000001'):
            result = self.check('--json', name, status=1)
            self.assertEqual((result.json['modules'], [one['module'] for one in result.findings]), (1, ['lo_st']))
        self.assertEqual(self.check('--json', 'lo-st', 'lo_st').json['modules'], 1)
        result = self.check('--json', 'user', status=0)
        self.assertEqual((result.json['modules'], result.findings), (1, []))

    def test_file_of_the_tree(self):
        path = os.path.join(self.system.module_dir, 'kernel/drivers/lo-st.ko')
        self.check('--json', path, status=1)
        result = self.check('--json', './lo-st.ko', cwd=os.path.dirname(path), status=1)
        self.assertEqual((result.json['modules'], result.rules()), (1, ['MS101']))

    def test_file_from_elsewhere(self):
        """stands in the place of the tree's; relative paths too; its users are judged by what it exports"""
        path = self.write('new/lo-st.ko', module('lo_st').bytes())
        self.check(path, status=0)
        result = self.check('--json', 'new/lo-st.ko', cwd=self.scratch, status=0)
        self.assertEqual((result.json['modules'], result.findings), (1, []))
        self.check('lo_st', status=1)
        path = self.write('user.ko', lost(2, 'user').bytes())
        result = self.check('--json', '--rule', 'MS101', 'user.ko', cwd=self.scratch, status=1)
        self.assertEqual([(one['module'], one['object'], one['file']) for one in result.findings],
                         [('user', 'nobody_00', path), ('user', 'nobody_01', path)])
        self.write('provider.ko', module('provider').bytes())
        result = self.check('--json', 'provider.ko', 'user', cwd=self.scratch)
        self.assertEqual([one['object'] for one in result.findings if one['rule'] == 'MS101'], ['provide', 'provide_ns'])

    def test_new_file(self):
        """of a module that the tree does not have; compressed"""
        path = self.write('brand-new.ko.gz', gzip.compress(lost(1, 'brand_new').bytes()))
        result = self.check('--json', '--rule', 'MS101', path, status=1)
        self.assertEqual([(one['module'], one['file']) for one in result.findings], [('brand_new', path)])
        path = self.write('uses.ko', module('uses').use('provide', crc=0x21).bytes())
        self.assertEqual(self.check('--json', '--rule', 'MS101', path, status=0).findings, [])

    def test_nothing_else(self):
        """with modules named, what is wrong with others, or with the indexes, is not shown"""
        os.unlink(os.path.join(self.system.module_dir, 'modules.alias'))
        self.write('system/lib/modules/%s/kernel/broken.ko' % planted.VERSION, b'no module')
        self.write('system/lib/modules/%s/kernel/more/other.ko' % planted.VERSION, module('other').bytes())
        everything = self.check('--json', status=1).findings
        self.assertTrue({one['module'] for one in everything} >= {'lo_st', 'broken', 'other', None})
        self.assertEqual(self.check('--json', 'user', status=0).findings, [])
        self.system.put('etc/modprobe.d/more.conf', 'options other nonesuch=1\n')
        self.assertIn('nonesuch', [one['object'] for one in self.check('--json', 'other').findings])
        self.assertEqual(self.check('--json', 'user', status=0).findings, [])
        self.assertEqual({one['module'] for one in self.check('--json', 'broken', status=1).findings}, {'broken'})
        self.assertEqual({one['module'] for one in self.check('--json', 'lo_st', status=1).findings}, {'lo_st'})

    def test_two_files_of_one_name(self):
        paths = [self.write(folder + '/same.ko', lost(1, 'same').bytes()) for folder in 'ba']
        result = self.check('--json', *paths, status=1)
        self.assertEqual([one['file'] for one in result.findings], [paths[1]])
        self.assertIn('same', result.stderr)

    def test_bad_file(self):
        """one that cannot be read is a finding about it"""
        for path in (self.write('bad.ko', b'\x7fELF no module'), os.path.join(self.scratch, 'nonesuch.ko')):
            result = self.check('--json', path, status=1)
            self.assertEqual([(one['file'], one['severity']) for one in result.findings], [(path, 'error')])
        os.mkdir(os.path.join(self.scratch, 'folder.ko'))
        self.assertEqual(len(self.check('--json', os.path.join(self.scratch, 'folder.ko'), status=1).findings), 1)
        for name in ('a b.ko', 'x\ny.ko', '.ko'):
            result = self.check(os.path.join(self.scratch, name), status=3)
            self.assertIn('no module', result.stderr)

    def test_options(self):
        """where things are looked for"""
        self.check('-j', '1', '-q', status=1)
        config = self.write('depmod.conf', 'exclude lo-st.ko\n')
        self.assertEqual(self.check('--json', '--depmod-config', config, status=0).json['modules'], 3)
        self.system.put('etc/depmod.d/x.conf', 'exclude lo-st.ko\n')
        self.assertEqual(self.check('--json').json['modules'], 3)
        result = self.run_check('-b', self.system.folder, '-k', planted.VERSION, '--json', '--skip', 'MS101')
        self.assertEqual(result.json['sources']['config'], self.system.path('boot/config-' + planted.VERSION))
        other = self.write('config', 'CONFIG_MODULES=y\n')
        self.assertEqual(self.check('--json', '--kernel-config', other).json['sources']['config'], other)
        config = self.write('some.conf', 'options provider nonesuch=1\n')
        self.assertEqual([(one['file'], one['line']) for one in self.check('--json', '-C', config, 'provider').findings],
                         [(config, 1)])
        symvers = os.path.join(self.system.module_dir, 'build/Module.symvers')
        moved = os.path.join(self.scratch, 'symvers')
        os.rename(symvers, moved)
        self.assertEqual(self.check('--json', '-E', moved, 'user', status=0).json['sources']['exports'],
                         {'kind': 'Module.symvers', 'file': moved})


class NeverPassed(Case):
    """what needs something that cannot be had is listed as not run, with the reason"""

    def check_bad(self, option, path, part):
        result = self.check('--json', option, path, status=4)
        self.assertIn(path, result.stderr)
        whys = self.not_run(result)
        needy = self.rules_that_need(part)
        self.assertLessEqual(needy, set(whys), path)
        self.assertTrue(any(path in why for why in whys.values()), whys)
        return result

    def test_symvers(self):
        """of every bad shape: an error that names the file, and no symbol is missed for want of knowing"""
        self.plant_lost()
        shapes = {'empty': b'', 'binary': bytes(range(256)), 'text': b'this is no list of symbols\n',
                  'one-column': b'printk\n', 'no-owner': b'0x11\tprintk\n', 'no-number': b'zz\tprintk\tvmlinux\n',
                  'nul': b'0x11\tpr\0intk\tvmlinux\tEXPORT_SYMBOL\t\n', 'module': self.system.modules['drivers/user.ko'].bytes()}
        for name, content in shapes.items():
            result = self.check_bad('-E', self.write(name, content), 'symbols that the kernel exports')
            self.assertNotIn('MS101', result.rules())
        self.check_bad('-E', os.path.join(self.scratch, 'nonesuch'), 'symbols that the kernel exports')
        self.check_bad('-E', self.scratch, 'symbols that the kernel exports')

    def test_system_map(self):
        self.plant_lost()
        for name, content in {'stub': b"ffffffffffffffff B The real System.map is in linux-image-dbg\n", 'empty': b'',
                              'binary': bytes(range(256)) * 8, 'columns': b'T _text\n'}.items():
            self.check_bad('-F', self.write(name, content), 'symbols that the kernel exports')

    def test_kernel_image(self):
        """cut off anywhere, given or found"""
        version, folder = tap.kernels()[-1]
        with open(os.path.join(folder, '../../../boot/vmlinuz-' + version), 'rb') as file:
            image = file.read()
        self.plant_lost()
        for size in (600, 20000, len(image) // 2):
            self.check_bad('-F', self.write('vmlinuz-%d' % size, image[:size]), 'symbols that the kernel exports')
        self.system.kernel = None
        os.unlink(os.path.join(self.system.module_dir, 'build/Module.symvers'))
        self.system.put('boot/vmlinuz-' + planted.VERSION, image[:20000])
        result = self.check('--json', '--rule', 'MS101', status=0)
        self.assertIn('vmlinuz', self.not_run(result)['MS101'])
        self.assertIn('vmlinuz', result.stderr)

    def test_config(self):
        self.system.write()
        needy = {rule['rule'] for rule in self.rules() if any('configuration' in need for need in rule['needs'])}
        for name, content in {'empty': b'', 'text': b'nothing of the kind\n', 'binary': bytes(range(256))}.items():
            path = self.write('config-' + name, content)
            result = self.check('--json', '--kernel-config', path, status=4)
            self.assertIn(path, result.stderr)
            self.assertLessEqual(needy, set(self.not_run(result)))
        os.unlink(self.system.path('boot/config-' + planted.VERSION))
        result = self.check('--json', status=0)
        self.assertEqual((result.json['sources']['config'], result.stderr), (None, ''))
        self.assertLessEqual(needy, set(self.not_run(result)))


    def test_keyring(self):
        self.system.write()
        needy = self.rules_that_need('keys')
        self.assertLessEqual(needy, set(self.not_run(self.check('--json', status=0))))
        for path in (self.write('no-key', 'no key'), self.write('empty', ''), os.path.join(self.scratch, 'nonesuch')):
            result = self.check('--json', '--keyring', path, status=4)
            self.assertIn(path, result.stderr)
            self.assertLessEqual(needy, set(self.not_run(result)))


class Bounds(Case):
    def test_a_flood(self):
        """more findings than are kept: the rest is counted, and told; the status is that of all"""
        many = module('flood')
        many.section('.flood')
        for number in range(131072 + 10):
            many.use('n%d' % number)
        self.system.modules = {'drivers/flood.ko': many, 'drivers/good.ko': module('good')}
        self.system.write()
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        result = self.check('--rule', 'MS101', status=1)
        self.assertIn(': 131082 errors, ', result.stdout)
        self.assertIn('\n10 of the findings are counted, and not kept', result.stdout)
        self.assertEqual(self.check('--rule', 'MS101', '--json').json['counts'],
                         {'error': 131082, 'warning': 0, 'note': 0, 'accepted': 0, 'not_kept': 10})
        after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.assertLess(max(before, after), 1024 * 1024, 'KiB')


if __name__ == '__main__':
    tap.main()
