#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What rules about module files, signatures, aliases and indexes say beyond the one fault each: where the line is."""

import os
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import mkmod  # noqa: E402
import planted  # noqa: E402
import tap  # noqa: E402
from depmod_reference import index_bytes  # noqa: E402
from keys import Key, in_kernel, openssl  # noqa: E402
from planted import module  # noqa: E402
from plants.modules import plain  # noqa: E402


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.system = planted.System(folder.name)

    def findings(self, *args, write=True):
        """[(rule, severity, module or file name)] and the result"""
        if write:
            self.system.write()
        self.result = self.system.check('--json', *args)
        self.assertIsNotNone(self.result.json, self.result.stderr)
        return [(found['rule'], found['severity'], found['module'] or os.path.basename(found['file']))
                for found in self.result.findings]

    def message(self):
        self.assertEqual(len(self.result.findings), 1)
        return self.result.findings[0]['message']

    def not_run(self):
        return {entry['rule']: entry['why'] for entry in self.result.json['not_run']}


class Vermagic(Case):
    """The kernel passes over the release where the module has versions of symbols, and so has it itself"""

    def foreign(self, vermagic, with_versions):
        made = plain('foreign').modinfo('vermagic', vermagic)
        self.system.modules['drivers/foreign.ko'] = made.use('kfree', crc=0x12) if with_versions else made
        return self.findings()

    def test_release_with_versions(self):
        self.assertEqual(self.foreign('5.0-other SMP preempt mod_unload modversions ', True), [])

    def test_release_without_versions(self):
        self.assertEqual(self.foreign('5.0-other SMP preempt mod_unload modversions ', False), [('MS404', 'error', 'foreign')])
        self.assertIn('the module alone has 5.0-other, the kernel alone %s' % planted.VERSION, self.message())

    def test_words(self):
        self.assertEqual(self.foreign(planted.VERSION + ' SMP mod_unload modversions RANDSTRUCT ', True),
                         [('MS404', 'error', 'foreign')])
        self.assertIn('the module alone has RANDSTRUCT, the kernel alone preempt', self.message())
        self.assertIn('3 of 3 modules below kernel/', self.message())

    def test_kernel_without_versions(self):
        for made in self.system.modules.values():
            made.get('.modinfo').data = made.get('.modinfo').data.replace(b' modversions', b'')
        self.assertEqual(self.foreign('5.0-other SMP preempt mod_unload ', True), [('MS404', 'error', 'foreign')])

    def test_nobody_tells(self):
        for made in self.system.modules.values():
            made.get('.modinfo').data = made.get('.modinfo').data.replace(b'intree', b'outree')
        self.assertEqual(self.foreign('5.0-other ', False), [])
        self.assertIn('no module of its build', self.not_run()['MS404'])

    def test_none(self):
        self.system.modules['drivers/bare.ko'] = plain('bare')
        self.assertEqual(self.findings(), [('MS405', 'error', 'bare')])
        self.system.config['CONFIG_MODULE_FORCE_LOAD'] = 'y'
        self.assertEqual(self.findings(), [('MS405', 'warning', 'bare')])
        os.remove(self.system.path('boot/config-' + self.system.version))
        self.assertEqual(self.findings(write=False), [('MS405', 'warning', 'bare')])


class Signatures(Case):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.rsa = Key(cls.folder.name, 'Build time key')
        cls.curve = Key(cls.folder.name, 'Curve', kind='P-384')
        cls.expired = Key(cls.folder.name, 'Expired', kind='P-256', days=-1)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def put(self, data, name='drivers/signed.ko', **config):
        self.system.modules[name] = mkmod.compressed(name, data)
        self.system.config.update(CONFIG_MODULE_SIG='y', **config)

    def test_good(self):
        plain = module('signed').bytes()
        public = subprocess.run(['openssl', 'x509', '-in', self.rsa.pem, '-noout', '-pubkey'], check=True,
                                stdout=subprocess.PIPE).stdout
        with open(self.rsa.public, 'rb') as file:
            self.assertEqual(file.read(), public)
        for key, keyring, how in ((self.rsa, self.rsa.pem, {}), (self.rsa, self.rsa.der, {'hash': 'sha512'}),
                                  (self.rsa, self.rsa.public, {}), (self.curve, self.curve.pem, {'hash': 'sha512'}),
                                  (self.rsa, self.rsa.der, {'by_key_id': True}), (self.expired, self.expired.pem, {})):
            with self.subTest(keyring=keyring, **how):
                self.put(key.sign(plain, **how))
                self.put(key.sign(module('packed').bytes(), **how), 'drivers/packed.ko.xz')
                self.assertEqual(self.findings('--keyring', keyring), [])
                self.assertNotIn('MS416', self.not_run())

    def test_one_of_several_files(self):
        self.put(self.curve.sign(module('signed').bytes()))
        self.assertEqual(self.findings('--keyring', self.rsa.pem, '--keyring', self.curve.der), [])

    def test_changed(self):
        """any byte of what was signed, in whatever the file is packed; the signature; both are errors without FORCE"""
        signed = self.rsa.sign(module('signed').bytes())
        at = signed.index(b'license=GPL')
        for data in (signed[:at] + b'L' + signed[at + 1:], signed[:-60] + bytes([signed[-60] ^ 1]) + signed[-59:]):
            with self.subTest():
                self.put(data)
                self.put(data, 'drivers/packed.ko.xz')
                found = [one for one in self.findings('--keyring', self.rsa.pem) if one[0] != 'MS403']
                self.assertEqual([one for one in found if one[0] != 'MS408'],
                                 [('MS416', 'error', 'packed'), ('MS416', 'error', 'signed')])

    def test_kernel_that_never_looks(self):
        self.put(self.rsa.sign(module('signed').bytes()).replace(b'license=GPL', b'license=GPI'))
        self.system.config['CONFIG_MODULE_SIG'] = 'n'
        self.assertEqual(self.findings('--keyring', self.rsa.pem), [('MS416', 'warning', 'signed')])

    def test_other_key(self):
        self.put(self.rsa.sign(module('signed').bytes()))
        self.assertEqual(self.findings('--keyring', self.curve.pem), [('MS417', 'warning', 'signed')])
        self.system.config['CONFIG_MODULE_SIG_FORCE'] = 'y'
        found = self.findings('--keyring', self.curve.pem)
        self.assertIn(('MS417', 'error', 'signed'), found)
        self.assertEqual({one for one in found if one[0] != 'MS417'},
                         {('MS414', 'error', name) for name in ('provider', 'user', 'other')})

    def test_other_kinds(self):
        plain = module('signed').bytes()
        der = self.rsa.signature(plain)
        with_attributes = openssl('cms', '-sign', '-binary', '-nocerts', '-signer', self.rsa.pem, '-inkey', self.rsa.key,
                                  '-outform', 'DER', content=plain)
        for data, rule, severity, text in (
                (mkmod.signed(plain, with_attributes), 'MS416', 'error', 'attributes'),
                (mkmod.signed(plain, b'no signature'), 'MS416', 'error', 'not PKCS#7'),
                (mkmod.signed(plain, der, signer=b'CN'), 'MS416', 'error', 'names a key or a hash'),
                (mkmod.signed(plain, der, id_type=1), 'MS417', 'warning', 'not of the kind')):
            with self.subTest(text=text):
                self.put(data)
                self.assertEqual(self.findings('--keyring', self.rsa.pem), [(rule, severity, 'signed')])
                self.assertIn(text, self.message())

    def test_no_keys(self):
        """an error that names the file and where in it, and rules about keys do not run"""
        self.put(self.rsa.sign(module('signed').bytes()).replace(b'license=GPL', b'license=GPI'))
        with open(self.rsa.pem, 'rb') as file:
            pem = file.read()
        for name, content, where in (('empty', b'', ''), ('text', b'no key\n', 'offset 0'),
                                     ('cut', pem[:-40], 'offset 0'), ('second', pem + pem[:200], 'offset %d' % len(pem))):
            with self.subTest(name=name):
                self.system.put(name, content)
                self.assertEqual(self.findings('--keyring', self.rsa.pem, '--keyring', self.system.path(name)), [])
                self.assertIn(self.system.path(name) + ': ' + where, self.result.stderr)
                self.assertIn('MS416', self.not_run())
                self.assertIn('MS417', self.not_run())
                self.assertNotEqual(self.result.status, 0)
        self.assertEqual(self.findings('--keyring', self.system.path('missing')), [])
        self.assertIn(self.system.path('missing'), self.result.stderr)


class Tree(Case):
    def test_search_line_decides(self):
        self.system.modules['a/twice.ko'] = module('twice')
        self.system.modules['b/twice.ko'] = module('twice')
        self.system.depmod_d['order.conf'] = 'search b a\n'
        self.system.depmod_d['search.conf'] = 'search kernel/b kernel/a\n'
        self.assertEqual(self.findings(), [('MS409', 'note', 'twice')])
        self.assertIn('kernel/a/', self.result.findings[0]['file'])

    def test_damage(self):
        """what is wrong, and where; a list of another kind under the name of a module too"""
        self.system.modules['a/text.ko'] = b'not a module\n'
        self.system.modules['a/cut.ko'] = module('cut').bytes()[:100]
        self.assertEqual(self.findings(), [('MS401', 'error', 'cut'), ('MS401', 'error', 'text')])
        for finding in self.result.findings:
            self.assertTrue(finding['file'].startswith(self.system.module_dir))

    def test_no_majority(self):
        self.system.modules['drivers/arm.ko'] = module('arm', machine=mkmod.EM_AARCH64)
        for name in 'one', 'two':
            self.system.modules['drivers/%s.ko' % name] = module(name, machine=mkmod.EM_RISCV)
        self.assertEqual(self.findings(), [])
        self.assertIn('MS406', self.not_run())

    def test_not_relocatable(self):
        data = bytearray(module('shared').bytes())
        data[16] = 3    # e_type: DYN
        self.system.modules['drivers/shared.ko'] = bytes(data)
        self.assertEqual(self.findings(), [('MS407', 'error', 'shared')])

    def test_loadpin(self):
        self.system.modules['drivers/packed.ko.gz'] = module('packed')
        self.system.config['CONFIG_SECURITY_LOADPIN_ENFORCE'] = 'y'
        self.assertEqual(self.findings(), [('MS412', 'warning', 'packed')])

    def test_one_finding_a_kind(self):
        del self.system.config['CONFIG_MODULE_DECOMPRESS']
        for name in 'one', 'two', 'three':
            self.system.modules['drivers/%s.ko.xz' % name] = module(name)
        self.assertEqual([found[:2] for found in self.findings()], [('MS412', 'note')])
        self.assertIn('3 modules', self.message())

    def test_config_that_is_none(self):
        self.system.put('words', 'these are no options\n' * 100000)
        self.system.modules['drivers/patch.ko'] = module('patch').livepatch()
        self.assertEqual(self.findings('--kernel-config', self.system.path('words')), [])
        self.assertIn(self.system.path('words') + ':1: ', self.result.stderr)
        self.assertLess(self.result.stderr.count('\n'), 20)
        self.assertIn('MS411', self.not_run())
        self.assertNotEqual(self.result.status, 0)

    def test_given_config(self):
        self.system.put('config', 'CONFIG_LIVEPATCH=y\n# CONFIG_MODULE_SIG is not set\n')
        self.system.modules['drivers/patch.ko'] = module('patch').livepatch()
        self.assertEqual(self.findings('--kernel-config', self.system.path('config')), [])
        self.assertEqual(self.findings(), [('MS411', 'error', 'patch')])


class Aliases(Case):
    POSSIBLE = ('pci:v00008086d0000100Esv*sd*bc*sc*i*', 'pci:v*d*sv*sd*bc02sc00i*', 'pci:*', 'pci:v0000[18]*i00', '*', 'x86cpu:*',
                'pci:v????????d*', 'usb:v1D6Bp0002d02[0-9]*dc*dsc*dp*ic*isc*ip*in*', 'usb:v*p*d*dc*dsc*dp*ic03isc01ip02in*',
                'hid:b0003g*v0000046Dp0000C31C', 'virtio:d00000001v*', 'acpi*:PNP0C0A:*', 'acpi:PNP0C0A:', 'of:N*T*Cns16550a',
                'of:NserialT*C*', 'platform:serial8250', 'fs-ext4', 'i2c:pcf8563', 'snd-[-_]x', 'usb:v\\*')
    IMPOSSIBLE = ('pci:v00008086d0000100esv*sd*bc*sc*i*', 'pci:v8086d*sv*sd*bc*sc*i*', 'pci:v00008086d0000100E',
                  'pci:d0000100Ev00008086*', 'pci:v00008086d*bc*sv*i*', 'usb:v1D6Bp0002d*dc*dsc*dp*ic*isc*ip*iz*',
                  'usb:v1d6bp*', 'usb:v1D6Bp0002d*ip00', 'usb:v[a-f]*', 'hid:b0003g0001v046Dp*', 'virtio:d1v*', 'acpi:PNP0C0A',
                  'of:serial', 'platform:', 'thing[-]*')

    def test_all(self):
        """the alias of the table, and no other one"""
        made = module('many')
        for alias in self.POSSIBLE + self.IMPOSSIBLE:
            made.modinfo('alias', alias)
        self.system.modules['drivers/many.ko'] = made
        self.findings()
        self.assertEqual({(found['rule'], found['object']) for found in self.result.findings},
                         {('MS418', alias) for alias in self.IMPOSSIBLE})

    def test_unfit(self):
        made = module('many').modinfo('alias', '').modinfo('alias', 'x' * 5000).modinfo('alias', 'caf\u00e9')
        self.system.modules['drivers/many.ko'] = made
        self.assertEqual(self.findings(), [('MS419', 'warning', 'many')] * 3)

    def test_very_many(self):
        """a module of nothing else is no reason to go on for ever"""
        made = module('many').modinfo_raw(b''.join(b'alias=pci:v*d*sv*sd*bc*sc*i*%05dx\0' % i for i in range(60000)))
        self.system.modules['drivers/many.ko'] = made
        self.system.write()
        done = subprocess.run([tap.command('modsure'), 'check', '--sysroot', self.system.folder, '--quiet'], timeout=60,
                              stdout=subprocess.PIPE, check=False)
        self.assertIn(b' 60000 warnings', done.stdout)


class Indexes(Case):
    def path(self, name):
        return os.path.join(self.system.module_dir, name)

    def change(self, name, content):
        with open(self.path(name), 'wb') as file:
            file.write(content)

    def test_no_module_is_found(self):
        self.system.after.append(lambda system: os.remove(self.path('modules.dep.bin')))
        self.assertEqual(self.findings(), [('MS602', 'error', 'modules.dep.bin')])

    def test_other_layout(self):
        """indexes with keys in another place of the file, as another depmod writes them, say the same"""
        self.system.write()
        for name in 'modules.modsure.bin', 'modules.weakdep':
            os.remove(self.path(name))
        self.change('modules.alias.bin', index_bytes([]))
        self.assertEqual(self.findings(write=False), [('MS606', 'warning', 'modules.alias.bin'),
                                                      ('MS607', 'note', 'modules.modsure.bin')])
        self.assertIn('pci:v00001234d00005678sv*sd*bc*sc*i*', self.result.findings[0]['message'])
        index = index_bytes([(b'pci:v00001234d00005678sv*sd*bc*sc*i*', 0, b'user')])
        self.change('modules.alias.bin', self.shifted(index))
        self.assertEqual(self.findings(write=False), [('MS607', 'note', 'modules.modsure.bin')])

    @staticmethod
    def shifted(index):
        """the one node of an index with a single key, four bytes further on"""
        root = int.from_bytes(index[8:12], 'big')
        reference = index[12:]
        assert root & 0x0fffffff == 12
        # root: first, last, one child; the child's offset moves along
        first, last, child = reference[0], reference[1], int.from_bytes(reference[2:6], 'big')
        assert first == last
        return index[:8] + (root + 4).to_bytes(4, 'big') + bytes(4) + reference[:2] + (child + 4).to_bytes(4, 'big') + \
            reference[6:]

    def test_made_with_and_without_symvers(self):
        """what depmod -E adds to its own index is no difference, whoever was told of the kernel's symbols"""
        symvers = self.path('build/Module.symvers')
        self.system.write()
        for told in (False, True):
            with self.subTest(told):
                subprocess.run([tap.command('depmod'), *(['-E', symvers] if told else []), '-b', self.system.folder,
                                self.system.version], check=True)
                self.assertEqual(self.findings(write=False), [])
                self.system.args = ['-E', symvers]
                self.assertEqual(self.findings(write=False), [])
                self.system.args = []

    def test_of_kmod(self):
        """the set of another depmod, where it says the same, is no more than worth a note"""
        self.system.write()
        for name in os.listdir(self.system.module_dir):
            if name.endswith('.bin') or name in ('modules.dep', 'modules.alias', 'modules.symbols', 'modules.weakdep'):
                os.remove(self.path(name))
        subprocess.run(['/sbin/depmod', '-b', self.system.folder, self.system.version], check=True)
        self.assertEqual(self.findings(write=False), [('MS607', 'note', 'modules.modsure.bin')])

    def test_older_and_wrong(self):
        """one finding, which names the module, and none that it explains"""
        self.system.write()
        path = self.path('kernel/drivers/late.ko')
        with open(path, 'wb') as file:
            file.write(module('late').bytes())
        after = os.stat(self.path('modules.dep')).st_mtime + 10
        os.utime(path, (after, after))
        self.assertEqual(self.findings(write=False), [('MS604', 'warning', 'modules.dep')])
        self.assertIn('late.ko', self.message())

    def test_configuration_changed(self):
        self.system.modules['a/twice.ko'] = module('twice')
        self.system.modules['b/twice.ko'] = module('twice')
        self.system.depmod_d['search.conf'] = 'search kernel/b kernel/a\n'
        self.system.write()
        self.system.put('etc/depmod.d/search.conf', 'search kernel/a kernel/b\n')
        self.assertEqual(self.findings(write=False), [('MS409', 'note', 'twice'), ('MS606', 'warning', 'modules.dep')])
        self.assertIn('first at', self.result.findings[1]['message'])

    def test_mixed_but_right(self):
        """another depmod wrote the same again: worth a note"""
        self.system.write()
        with open(self.path('modules.devname'), 'rb') as file:
            self.assertEqual(file.read(), b'')
        stale = self.path('modules.modsure.bin')
        with open(stale, 'rb') as file:
            content = file.read()
        self.system.modules['drivers/more.ko'] = module('more').modinfo('alias', 'more')
        self.system.write()
        self.change('modules.modsure.bin', content)
        self.assertEqual(self.findings(write=False), [('MS605', 'note', 'modules.dep')])

    def test_corrupt_anywhere(self):
        """never silence where a change is of consequence, never a crash"""
        self.system.write()
        with open(self.path('modules.dep.bin'), 'rb') as file:
            content = file.read()
        for at in range(0, len(content), 7):
            self.change('modules.dep.bin', content[:at] + bytes([content[at] ^ 0x81]) + content[at + 1:])
            found = self.findings(write=False)
            self.assertIn(self.result.status, (0, 1), self.result.stderr)
            self.assertEqual(len(found), 1, (at, found))
            self.assertIn(found[0], (('MS603', 'error', 'modules.dep.bin'), ('MS605', 'warning', 'modules.dep.bin'),
                                     ('MS605', 'note', 'modules.dep.bin')))

    def test_only_some_modules(self):
        """who asks about one module is not told of the indexes"""
        self.system.run_depmod = False
        self.assertEqual(self.findings('user'), [])
        self.assertEqual(self.findings(), [('MS601', 'warning', 'modules.dep')])

    def test_lists(self):
        self.system.write()
        with open(self.path('modules.order'), 'ab') as file:
            file.write(b'kernel/no-end.ko')
        self.assertIn(('MS609', 'warning', 'modules.order'), self.findings(write=False))
        self.change('modules.builtin.modinfo', b'inside.license=GPL\0nothing\0inside.')
        self.findings(write=False)
        found = [one for one in self.result.findings if os.path.basename(one['file']) == 'modules.builtin.modinfo']
        self.assertEqual([one['rule'] for one in found], ['MS609'])
        self.assertIn('damaged in 2 places, first at offset 19', found[0]['message'])


class Real(unittest.TestCase):
    """Debian's modules are signed by the key of their build, whose certificate is in the kernel"""

    def test_oldest(self):
        version, folder = tap.kernels()[0]
        base = os.path.dirname(os.path.dirname(os.path.dirname(folder)))
        certificates = in_kernel(os.path.join(base, 'boot/vmlinuz-' + version))
        self.assertEqual(len(certificates), 1)
        with tempfile.NamedTemporaryFile() as keyring:
            keyring.write(certificates[0])
            keyring.flush()
            done = subprocess.run([tap.command('modsure'), 'check', '-b', base, '-k', version, '--keyring', keyring.name, '--json',
                                   *('--rule=MS%d' % rule for rule in list(range(401, 421)) + list(range(601, 610)))],
                                  stdout=subprocess.PIPE, check=False)
        result = planted.Result(subprocess.CompletedProcess([], done.returncode, done.stdout, b''))
        # file2alias leaves the last digit of a range of ten out, and no '*' in its place
        self.assertEqual([(found['rule'], found['severity'], found['module'], found['object']) for found in result.findings],
                         [('MS418', 'warning', 'snd_usb_audio', 'usb:v0763p1031d010dc*dsc*dp*ic*isc*ip*in*'),
                          ('MS601', 'warning', None, 'indexes')])
        self.assertEqual({entry['rule'] for entry in result.json['not_run']} & {'MS404', 'MS416', 'MS417'}, set())


if __name__ == '__main__':
    tap.main()
