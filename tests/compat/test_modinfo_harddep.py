#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modinfo shows hard dependencies to those who read nothing but "depends". See tests/lib/tap.py for the environment."""

import glob
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import depmod_reference  # noqa: E402
import kmod  # noqa: E402
import mkmod  # noqa: E402
import tap  # noqa: E402
from mkmod import Module  # noqa: E402
from modinfocase import KMOD, Case, run, without_build_ids  # noqa: E402

VERSION = '6.12.0-test'


def module(*tags):
    made = Module().modinfo('license', 'GPL')
    for key, value in tags:
        made.modinfo(key, value)
    return made


def index(values):
    """modules.modsure.bin: {module: [value of its "harddep:" key]}"""
    return depmod_reference.index_bytes([(b'harddep:' + name.encode(), i, value.encode())
                                         for name, lines in values.items() for i, value in enumerate(lines)])


class Tree(Case):
    def setUp(self):
        super().setUp()
        self.folder = mkmod.write_tree(self.dir, VERSION, {
            'kernel/m-x.ko.xz': module(('harddep', 'my-phy nick'), ('depends', 'snd-pcm,my_old'), ('harddep', 'many'),
                                       ('name', 'm_x')),
            'kernel/plain.ko': module(('depends', 'snd-pcm'), ('name', 'plain')),
            'kernel/bare.ko': module(('name', 'bare')),
            'kernel/my-phy.ko': module(), 'kernel/my-old.ko': module(), 'kernel/snd-pcm.ko': module(),
            'kernel/by-alias.ko.zst': module(('alias', 'nick'), ('alias', 'pci:v*d7*')),
            'kernel/one.ko': module(('alias', 'many'), ('alias', 'crypto-both'), ('alias', 'twice')),
            'kernel/two.ko': module(('alias', 'many')),
            'kernel/loop.ko': module(('alias', 'twice-*'), ('alias', 'twice-more')),
        }, True, ['kernel/inside.ko'], [('inside', 'license', 'GPL'), ('inside', 'alias', 'crypto-both')])
        self.assertEqual(kmod.run(kmod.DEPMOD, '-b', self.dir, VERSION).returncode, 0)

    def put(self, values):
        self.write(os.path.join(self.folder, 'modules.modsure.bin'), values if isinstance(values, bytes) else index(values))

    def show(self, *args, **kwargs):
        """(output, what was said)"""
        result = self.modinfo('-b', self.dir, '-k', VERSION, *args, **kwargs)
        return result.out.decode(), result.err.decode()

    def fields(self, *args):
        """{key: values} of -0"""
        out, err = self.show('-0', *args, status=0)
        self.assertEqual(err, '')
        found = {}
        for entry in out.split('\0')[:-1]:
            key, _, value = entry.partition('=')
            found.setdefault(key, []).append(value)
        return found

    def assertHard(self, argument, depends, harddeps):
        """the same in each of the forms"""
        fields = self.fields(argument)
        self.assertEqual((fields.get('depends'), fields.get('harddep')), (depends, harddeps))
        for field, values in (('depends', depends), ('harddep', harddeps)):
            text = ''.join(value + '\n' for value in values or [])
            self.assertEqual(self.show('-F', field, argument, status=0), (text, ''))
            self.assertEqual(self.show('-F', field.upper(), argument, status=0), (text, ''))
            lines = self.show(argument, status=0)[0].splitlines()
            self.assertEqual([line.split(':', 1)[1].strip() for line in lines if line.startswith(field + ':')], values or [])
            found = json.loads(self.show('--json', argument, status=0)[0])
            self.assertEqual([entry['fields'].get(field) for entry in found], [values])

    def test_what_depmod_found(self):
        """one module that answers is appended, called as its file is; all else is under harddep only"""
        self.put({'m_x': ['my_phy module dep .modinfo', 'nick module symbol .modinfo', 'many module group .modinfo',
                          'snd_pcm conf dep /etc/depmod.d/a b.conf:3', 'my_old conf! symbol /etc/depmod.d/x.conf:4',
                          'pci:v1d7 conf dep /x:1', 'crypto_both conf builtin /x:2', 'inside conf builtin /x:2',
                          'nope conf unknown /x:2', 'loop conf cycle /x:2', 'm_x conf dep /x:9', 'my_phy conf dep /x:10']})
        self.assertHard('m-x', ['snd-pcm,my_old,my-phy,by-alias'],
                        ['my-phy nick', 'many', 'snd_pcm', 'my_old', 'pci:v1d7', 'crypto_both', 'inside', 'nope', 'loop',
                         'm_x'])

    def test_position(self):
        """beside the file's own, in the order of the file; without a depends tag it is the first field"""
        self.put({'m_x': ['my_phy module dep .modinfo', 'one conf dep /x:1'], 'bare': ['one conf dep /x:1']})
        names = [entry.partition('=')[0] for entry in self.show('-0', 'm_x')[0].split('\0')]
        self.assertEqual(names[1:], ['license', 'harddep', 'depends', 'harddep', 'name', 'harddep', ''])
        self.assertEqual(self.show('-0', 'bare')[0].split('\0')[1:], ['depends=one', 'license=GPL', 'name=bare', 'harddep=one', ''])

    def test_taken_back(self):
        """depmod.d took back what the module says: its tags stay what they are, nothing depends on them"""
        for values in ({}, {'other': ['one module dep .modinfo']}):
            self.put(values)
            self.assertHard('m_x', ['snd-pcm,my_old'], ['my-phy nick', 'many'])

    def test_no_hard_dependencies(self):
        """not a byte more than the incumbent prints, with and without our index"""
        for values in (None, {'m_x': ['one conf dep /x:1']}):
            if values:
                self.put(values)
            for argument in ('plain', 'bare', 'my-phy', 'inside', 'many') + (() if values else ('m_x',)):
                for options in ([], ['-0'], ['-F', 'depends'], ['-F', 'harddep']):
                    ours = self.modinfo('-b', self.dir, '-k', VERSION, *options, argument)
                    theirs = run(KMOD, '-b', self.dir, '-k', VERSION, *options, argument)
                    self.assertEqual((without_build_ids(ours.out), ours.err), (theirs.out, theirs.err), (argument, options))

    def test_files(self):
        """the tree's own file is the tree's module, by whatever path; another one speaks for itself"""
        self.put({'m_x': ['one conf dep /x:1'], 'plain': ['one conf dep /x:1']})
        inside = os.path.join(self.folder, 'kernel/m-x.ko.xz')
        link, copy = self.path('m-x.ko.xz'), self.path('new/m-x.ko.xz')
        os.symlink(inside, link)
        os.mkdir(self.path('new'))
        shutil.copy(inside, copy)
        for path in (inside, link):
            self.assertHard(path, ['snd-pcm,my_old,one'], ['my-phy nick', 'many', 'one'])
        self.assertHard(copy, ['snd-pcm,my_old,my-phy,by-alias'], ['my-phy nick', 'many'])
        shutil.copy(os.path.join(self.folder, 'kernel/plain.ko'), self.path('new/plain.ko'))
        self.assertHard(self.path('new/plain.ko'), ['snd-pcm'], None)
        self.assertHard(os.path.join(self.folder, 'kernel/plain.ko'), ['snd-pcm,one'], ['one'])

    def own(self, *words):
        """depends of a new file with such tags"""
        path = self.write('new.ko', module(('depends', ''), *(('harddep', word) for word in words)))
        return self.fields(path)['depends'][0]

    def test_words_of_a_file(self):
        """in the tree at hand: one module and nothing built in"""
        for words, depends in ((['my-phy'], 'my-phy'), (['my_phy'], 'my-phy'), (['my-phy my_phy', 'my-phy'], 'my-phy'),
                               (['nick'], 'by-alias'), (['nick', 'by_alias'], 'by-alias'), (['pci:v1d7x'], 'by-alias'),
                               (['one\t two  '], 'one,two'), (['many'], ''), (['inside'], ''), (['crypto-both'], ''),
                               (['nope'], ''), (['new'], ''), ([''], ''), ([' '], ''), (['a[b'], ''), (['twice-more'], 'loop'),
                               (['x\x1b\x01', 'one'], 'one'), (['w' * 5000, 'two'], 'two'), (['nope', 'one', 'nope'], 'one')):
            self.assertEqual(self.own(*words), depends, words)

    def test_another_tree(self):
        """without one no word has an answer, and without a word no tree is asked for"""
        path = self.write('new.ko', module(('depends', ''), ('harddep', 'my-phy')))
        for version, depends in (('5.0', ''), (VERSION, 'my-phy')):
            result = self.modinfo('-b', self.dir, '-k', version, '-F', 'depends', path)
            self.assertEqual((result.out.decode(), result.err), (depends + '\n', b''))

    def test_many_words(self):
        """more than are looked up; the rest is shown as it stands"""
        words = ['my-phy'] + ['w%d' % i for i in range(6000)] + ['one']
        path = self.write('new.ko', module(('depends', ''), ('harddep', ' '.join(words))))
        fields = self.fields(path)
        self.assertEqual((fields['depends'], fields['harddep']), (['my-phy'], [' '.join(words)]))
        self.put({'plain': ['w%d conf unknown /x:1' % i for i in range(1000)] + ['one conf dep /x:1']})
        fields = self.fields('plain')
        self.assertEqual((fields['depends'], len(fields['harddep'])), (['snd-pcm,one'], 1001))

    def test_costly_index(self):
        """an index of patterns that take long is not asked for ever"""
        patterns = [('*%s*%sz' % ('*'.join('%04d' % i), 'x' * 300), i) for i in range(3000)]
        self.write(os.path.join(self.folder, 'modules.alias.bin'), depmod_reference.index_bytes(
            [(pattern.encode(), i, b'one') for pattern, i in patterns]))
        for n, depends in ((3, 'two'), (100, '')):
            words = ['0123456789' * 4 + 'x' * 350 + 'y%d' % i for i in range(n)] + ['two']
            path = self.write('new.ko', module(('depends', ''), ('harddep', ' '.join(words))))
            self.assertEqual(self.fields(path)['depends'], [depends])

    def test_damage(self):
        """what cannot be read is reported once, what can be is shown, and it is no error"""
        whole = index({'m_x': ['one conf dep /x:1'], 'plain': ['one conf dep /x:1', 'two conf nonsense', 'two conf dep /x:3']})
        for content, depends in ((b'no index', 'snd-pcm'), (whole[:-9], None), (whole, 'snd-pcm,one,two')):
            self.put(content)
            out, err = self.show('-F', 'depends', 'plain', 'plain', status=0)
            self.assertEqual(err.count('modules.modsure.bin'), 1, err)
            if depends:
                self.assertEqual(out, (depends + '\n') * 2)
            self.assertEqual(self.show('-F', 'license', 'plain', status=0), ('GPL\n', ''))


class Real(Case):
    """modules of Debian's 6.12 and lines of depmod.d; those who make images from modinfo's fields"""

    @classmethod
    def setUpClass(cls):
        cls.base = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.base)
        cls.version, source = next(kernel for kernel in tap.kernels() if kernel[0].startswith('6.12'))
        folder = os.path.join(cls.base, 'lib/modules', cls.version)
        cls.files = {}
        for pattern in ('net/phy/*.ko*', 'net/mdio/*.ko*', 'net/ethernet/realtek/*.ko*', 'net/mii.ko*'):
            for path in glob.glob(os.path.join(source, 'kernel/drivers', pattern)):
                target = os.path.join(folder, os.path.relpath(path, source))
                os.makedirs(os.path.dirname(target), exist_ok=True)
                os.symlink(os.path.abspath(path), target)
                cls.files[os.path.basename(path).split('.')[0]] = target
        for name in ('modules.order', 'modules.builtin', 'modules.builtin.modinfo'):
            os.symlink(os.path.abspath(os.path.join(source, name)), os.path.join(folder, name))
        conf = os.path.join(cls.base, 'depmod.conf')
        with open(conf, 'w', encoding='utf-8') as file:
            file.write('harddep r8169 realtek mdio-i2c libphy\nharddep realtek mii pps_core\n')
        made = kmod.run(tap.command('depmod'), '-C', conf, '-b', cls.base, cls.version)
        if made.returncode:
            raise OSError(made.stderr)

    def tags(self, name):
        """depends as it stands in the file"""
        return [word for word in run(KMOD, '-F', 'depends', self.files[name]).out.decode().strip().split(',') if word]

    def expected(self, name):
        """the file's own, and what was declared but for pps_core, which Debian builds in"""
        own = self.tags(name)
        declared = {'r8169': ['realtek', 'mdio-i2c', 'libphy'], 'realtek': ['mii']}.get(name, [])
        return own + [word for word in declared if word.replace('-', '_') not in [have.replace('-', '_') for have in own]]

    def test_name_by_name(self):
        """as mkinitcpio does: fields end with a NUL, the first of ':= ' ends the key, names are followed"""
        def fields(name):
            out = self.modinfo('-b', self.base, '-k', self.version, '-0', name, status=0).out.decode()
            for entry in out.split('\0'):
                size = min((entry.find(char) for char in ':= ' if char in entry), default=len(entry))
                yield entry[:size], entry[size:].lstrip(':= ')

        def add(name, added):
            found = dict(fields(name))
            if found['filename'].startswith('/') and found['filename'] not in added:
                added[found['filename']] = True
                for word in found.get('depends', '').split(','):
                    if word:
                        add(word, added)
            return added

        def closure(name, known):
            if name not in known:
                known.add(name)
                for word in self.expected(name):
                    closure(word, known)
            return known

        names = [os.path.basename(path).split('.')[0] for path in add('r8169', {})]
        self.assertEqual(set(names), closure('r8169', set()))
        self.assertGreaterEqual(set(names), {'realtek', 'mdio-i2c', 'mii'})

    def test_all_at_once(self):
        """as mkosi does: everything up to a name field belongs to it, words are names of files"""
        names = sorted(self.files)
        out = self.modinfo('--basedir', self.base, '--set-version', self.version, '--null', *names, status=0).out.decode()
        found, depends = {}, []
        for line in out.split('\0'):
            key, separator, value = line.partition(':')
            if not separator:
                key, separator, value = line.partition('=')
            if key == 'depends':
                depends += [word for word in value.strip().split(',') if word]
            elif key == 'name':
                found[value.strip().replace('_', '-')] = depends
                depends = []
        self.assertEqual(found, {name.replace('_', '-'): self.expected(name) for name in names})
        self.assertGreater(len(found), 40)
        self.assertLessEqual({'realtek', 'mdio-i2c'}, set(found['r8169']) & set(self.files))


if __name__ == '__main__':
    tap.main()
