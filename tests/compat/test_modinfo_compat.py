#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modinfo beside the incumbent's. See tests/lib/tap.py for the environment.

Where ours is to differ from Debian's kmod 30:
  build-id          is printed, as kmod 34 does
  .ko.gz            is read; Debian builds kmod without zlib
  long keys         (above 15 bytes) are followed by their value at once, as in kmod 34
  PKCS#7 signature  that cannot be read, or that names its key by an identifier: the sig_ fields are
                    printed, empty where nothing is known, as in kmod 34; kmod 30 prints none
  -F                falls back to a comparison without case when there is no such field
  damage            a trailer that does not fit its file is an error, after the fields were printed
  not a module      the error says what it is
  parameters        of a parm= tag without a colon are complained about in other words
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import indexbin  # noqa: E402
import kmod  # noqa: E402
import mkmod  # noqa: E402
import references  # noqa: E402
import tap  # noqa: E402
from depmodcase import example  # noqa: E402
from mkmod import Module, signed  # noqa: E402
from modinfocase import KMOD, Case, run  # noqa: E402

N_SAMPLE = 300
OPTIONS = [['-0'], ['-a'], ['-d'], ['-l'], ['-p'], ['-n'], ['-0', '-p'], ['--author'], ['--description'],
           ['--license'], ['--parameters'], ['--filename'], ['--null', '--field', 'alias'], ['-m'],
           ['--modname', '-F', 'depends'], ['--field=vermagic'], ['-F', 'parmtype'], ['-F', 'signer'],
           ['-F', 'sig_key'], ['-F', 'signature'], ['-F', 'sig_id'], ['-F', 'sig_hashalgo'], ['-F', 'firmware'],
           ['-F', 'softdep'], ['-F', 'no such field'], ['-F', ''], ['-a', '-F', 'license', '-l', '-d']]


def module_files(folder):
    return sorted(os.path.join(path, name) for path, _, names in os.walk(folder) for name in names
                  if name.endswith(('.ko', '.ko.xz', '.ko.zst')))


class RealKernels(Case):
    """every module of two Debian kernels"""

    @classmethod
    def setUpClass(cls):
        cls.root = references.kmod_root()
        cls.files = {version: module_files(folder) for version, folder in tap.kernels()}

    def incumbent(self, *args, **kwargs):
        """asked once, for all builds of ours: the files do not change"""
        key = references.kernels_key('modinfo', args, tuple(kwargs.items()), files=(KMOD,))
        return references.kept_answer(key, lambda: run(KMOD, *args, **kwargs))

    def each(self):
        for version, files in self.files.items():
            with self.subTest(version):
                yield version, os.path.join(self.root, 'lib/modules', version), files

    def each_sample(self):
        for version, folder, files in self.each():
            yield version, folder, random.Random(version).sample(files, N_SAMPLE)

    def test_all_files(self):
        for _, _, files in self.each():
            self.assertGreater(len(files), 3000)
            ours = self.compare(*files)
            self.assertEqual(ours.out.count(b'\nsig_id: '), len(files), 'Debian signs all modules')
            self.assertEqual(ours.err, b'')

    def test_options(self):
        for _, _, files in self.each_sample():
            for options in OPTIONS:
                with self.subTest(options):
                    self.compare(*options, *files[:100])

    def test_relative_paths(self):
        for _, _, files in self.each_sample():
            folder, name = os.path.split(files[0])
            for argument in (name, './' + name, '../%s/%s' % (os.path.basename(folder), name)):
                self.compare(argument, cwd=folder)

    def test_names(self):
        for version, _, files in self.each_sample():
            names = [os.path.basename(path).split('.')[0] for path in files]
            options = ['-b', self.root, '-k', version]
            ours = self.compare(*options, *names)
            self.assertEqual(ours.out.count(b'filename:'), N_SAMPLE)
            self.compare('-m', '-n', *options, *[name.replace('_', '-') for name in names])
            self.compare('-n', *options, *[name.replace('-', '_') for name in names])
            self.compare('-b', '.', '-k', version, '-n', *names, cwd=self.root)
            self.compare('-b', self.root + '/', '-k', version, '-n', *names)

    def test_builtins(self):
        for version, folder, _ in self.each():
            with open(os.path.join(folder, 'modules.builtin'), encoding='ascii') as file:
                names = [os.path.basename(line).split('.')[0] for line in file]
            self.assertGreater(len(names), 100)
            for options in ([], ['-0'], ['-m'], ['-p'], ['-n'], ['-F', 'name'], ['-F', 'file'], ['-l']):
                self.compare(*options, '-b', self.root, '-k', version, *names)

    def test_aliases(self):
        """patterns of all kinds, and something that each of them matches"""
        for version, folder, _ in self.each():
            patterns = set()
            for name in ('alias', 'symbols', 'builtin.alias'):
                patterns.update(key for key, _ in indexbin.read(os.path.join(folder, 'modules.%s.bin' % name), 'post'))
            chosen = random.Random(version).sample(sorted(patterns), 1000)
            keys = [os.fsdecode(key) for pattern in chosen for key in (pattern, example(pattern)) if key]
            self.compare('-n', '-b', self.root, '-k', version, *keys)
            self.compare('-m', '-n', '-b', self.root, '-k', version, *keys[:200])

    def test_several_answers(self):
        for version, _, _ in self.each():
            ours = self.compare('-n', '-b', self.root, '-k', version, 'crypto-crc32c')
            self.assertGreater(ours.out.count(b'\n'), 1)

    def test_not_found(self):
        for version, _, _ in self.each():
            options = ['-b', self.root, '-k', version, '-n']
            ours = self.compare(*options, 'loop', 'no-such-module', 'dm-mod')
            self.assertEqual(ours.status, 1)
            self.assertIn(b'ERROR: Module no-such-module not found.', ours.err)
            for argument in ('', 'a/b', '..', '/no/such.ko', 'x[', 'i2c:no-such-device', 'y' * 5000, 'symbol:no_such'):
                self.assertEqual(self.compare(*options, argument).status, 1)
            ours = self.compare('-m', *options, 'fs-ext4')
            self.assertIn(b'fs-ext4 not found', ours.err)

    def test_no_such_kernel(self):
        ours = self.compare('-b', self.root, '-k', '1.2.3', 'loop')
        self.assertIn(b'lib/modules/1.2.3: No such file or directory', ours.err)
        self.assertIn(b'ERROR: Module loop not found.', ours.err)


class Fields(Case):
    """the form of the output, with made modules"""

    def check(self, *tags, options=((), ('-0',), ('-p',), ('-F', 'parm'), ('-F', 'parmtype'))):
        module = Module()
        for tag in tags:
            module.modinfo_raw(tag.encode('latin-1') + b'\0')
        path = self.write('m.ko', module)
        for option in options:
            with self.subTest(option):
                self.compare(*option, path)
        return path

    def test_parameters(self):
        """merged by name, in the reverse order of their first mention"""
        path = self.check('license=GPL', 'parm=a:Desc a', 'parmtype=a:int', 'parmtype=b:bool', 'parm=c:only desc',
                          'parm=b:B desc', 'parmtype=d:uint', 'description=X')
        self.assertEqual(self.modinfo('-p', path).lines(),
                         [b'd: (uint)', b'c:only desc', b'b:B desc (bool)', b'a:Desc a (int)', b''])

    def test_odd_parameters(self):
        self.check('parm=a-b:dash', 'parmtype=a_b:int', 'parm=:empty', 'parmtype=:int', 'parm=x:', 'parmtype=x:',
                   'parmtype=y:', 'parm=z:a:b:c', 'parmtype=z: (int)')
        self.check('parm=a:one', 'parm=a:two', 'parmtype=a:int', 'parmtype=a:uint')

    def test_parameter_without_colon(self):
        path = self.check('parm=a:x', 'parm=nocolon', 'parmtype=neither', 'license=GPL')
        ours = self.modinfo(path, status=0)
        self.assertIn(b'm.ko: no \':\' in "parm=nocolon"', ours.err)

    def test_many_parameters(self):
        """time grows with their number, not with its square"""
        tags = ['parm=p%d:text' % i for i in range(200000)] + ['parmtype=p%d:int' % i for i in range(200000)]
        module = Module().modinfo_raw('\0'.join(tags).encode() + b'\0')
        ours = self.modinfo('-p', self.write('m.ko', module), status=0)
        self.assertEqual(ours.lines()[:2], [b'p199999:text (int)', b'p199998:text (int)'])
        self.assertEqual(len(ours.lines()), 200001)

    def test_many_lines(self):
        self.check('description=several\nlines\n\tof text', 'author=One', 'author=Two', 'alias=a', 'alias=b',
                   options=((), ('-0',), ('-d',), ('-a',), ('-F', 'alias', '-0')))

    def test_odd_bytes(self):
        self.check('description=\x01\x7f\x1b[31m', 'license=\xff\xfe', '=no key', 'key=', 'key2==x', 'no equals sign',
                   'name=other', options=((), ('-0',), ('-F', ''), ('-F', 'key2'), ('-F', 'name')))

    def test_padding_of_keys(self):
        path = self.check('a=1', '14.charss.key4=2', '15.charss.key45=3', options=((),))
        path = self.check('16.charss.key456=3', 'a.key.of.22.characters=4', options=(('-0',),))
        self.assertEqual(self.modinfo(path).lines()[1:], [b'16.charss.key456:3', b'a.key.of.22.characters:4', b''])

    def test_last_tag_without_its_end(self):
        path = self.write('m.ko', Module().modinfo_raw(b'license=GPL\0\0\0description=cut'))
        self.assertEqual(self.modinfo(path, status=0).lines()[1:],
                         [b'license:        GPL', b'description:    cut', b''])

    def test_field_in_another_case(self):
        path = self.write('m.ko', Module().modinfo('Version', '1').modinfo('version', '2').modinfo('license', 'GPL')
                          .modinfo('parm', 'a:x'))
        self.assertEqual(self.modinfo('-F', 'Version', path).out, b'1\n')
        self.assertEqual(self.modinfo('-F', 'version', path).out, b'2\n')
        self.assertEqual(self.modinfo('-F', 'VERSION', path).out, b'1\n2\n')
        self.assertEqual(self.modinfo('-F', 'LICENSE', path).out, b'GPL\n')
        self.assertEqual(self.modinfo('-F', 'PARM', path).out, b'a:x\n')
        self.assertEqual(self.modinfo('-F', 'FileName', path).out, path.encode() + b'\n')

    def test_build_id(self):
        path = self.write('m.ko', Module().modinfo('license', 'GPL').build_id(bytes(range(16, 36))))
        text = b'10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F:20:21:22:23'
        self.assertEqual(self.modinfo(path).lines()[-2], b'build-id:       ' + text)
        self.assertEqual(self.modinfo('-F', 'build-id', path).out, text + b'\n')

    def test_path_alone(self):
        """is known without reading the file, whatever stands in it"""
        for data in (b'no module', b'', mkmod.xz(b'x' * 100)[:20], Module()):
            path = self.write('m.ko', data)
            for option in ('-n', '-Ffilename'):
                self.assertEqual(self.compare(option, path).out, path.encode() + b'\n')
            self.assertEqual(self.compare('-0', '-n', path).out, path.encode() + b'\0')

    def test_no_modinfo(self):
        path = self.write('m.ko', Module())
        ours = self.compare(path)
        self.assertEqual(ours.status, 1)
        self.assertIn(b'm.ko: a module without .modinfo', ours.err)

    def test_kinds_of_elf(self):
        for cls, endian, machine in ((32, 'little', mkmod.EM_ARM), (32, 'big', mkmod.EM_PPC),
                                     (64, 'big', mkmod.EM_S390), (64, 'little', mkmod.EM_RISCV)):
            module = Module(cls=cls, endian=endian, machine=machine).modinfo('license', 'GPL').build_id(b'\x01\xab')
            path = self.write('m%d%s.ko' % (cls, endian), module)
            self.compare(path)
            self.assertEqual(self.modinfo('-F', 'build-id', path).out, b'01:AB\n')

    def test_compression_is_told_by_content(self):
        data = Module().modinfo('license', 'GPL').modinfo('description', 'x' * 5000).bytes()
        for suffix, content in (('.ko', mkmod.xz(data)), ('.ko.xz', data), ('.ko.xz', mkmod.zst(data)),
                                ('.ko.zst', mkmod.zst(data)), ('.ko', mkmod.zst(data))):
            self.compare(self.write('m' + suffix, content))
        for suffix in ('.ko', '.ko.gz', '.ko.xz'):
            path = self.write('m' + suffix, mkmod.gz(data))
            self.assertEqual(self.modinfo('-F', 'description', path).out, b'x' * 5000 + b'\n')

    def test_terminal(self):
        """control characters reach files as they are, and no terminal"""
        path = self.write('m.ko', Module().modinfo('description', '\x1b]0;evil\x07 \xe9\ttab').modinfo('e\x1bvil', 'x'))
        master, slave = os.openpty()
        with subprocess.Popen([tap.command('modinfo'), path], stdout=slave, stdin=subprocess.DEVNULL):
            os.close(slave)
        output = os.read(master, 4096)
        os.close(master)
        self.assertNotIn(b'\x1b', output)
        self.assertIn('description:    \\x1b]0;evil\\x07 \xe9\ttab'.encode(), output)
        self.assertIn(b'\x1b]0;evil\x07', self.modinfo(path).out)


class Signatures(Case):
    @classmethod
    def setUpClass(cls):
        cls.keys = tempfile.mkdtemp()
        cls.openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'cert', '-days', '2',
                    '-utf8', '-subj', '/O=Some Maker/CN=Sch\xfcssel von mir', '-set_serial', '0x80ab01cd')
        with open(os.path.join(cls.keys, 'data'), 'wb') as file:
            file.write(b'what is signed')

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.keys)

    @classmethod
    def openssl(cls, *args):
        return subprocess.run(['openssl', *args], cwd=cls.keys, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE).stdout

    def signature(self, command, *options):
        """DER, made in the way of the kernel's sign-file"""
        return self.openssl(command, '-sign', '-in', 'data', '-signer', 'cert', '-inkey', 'key', '-binary', '-outform',
                            'DER', '-nocerts', '-noattr', *options)

    def module(self, *args, **kwargs):
        data = Module().modinfo('license', 'GPL').modinfo('parm', 'a:x').bytes()
        return self.write('m.ko', signed(data, *args, **kwargs))

    def test_issuer_and_serial(self):
        for command in ('cms', 'smime'):
            for algorithm in ('sha1', 'sha256', 'sha512'):
                path = self.module(self.signature(command, '-md', algorithm))
                self.compare(path)
                self.compare('-0', path)
                self.assertEqual(self.modinfo('-F', 'sig_hashalgo', path).out.decode(), algorithm + '\n')
        self.assertEqual(self.modinfo('-F', 'sig_id', path).out, b'PKCS#7\n')
        self.assertEqual(self.modinfo('-F', 'signer', path).out.decode(), 'Sch\xfcssel von mir\n')
        self.assertEqual(self.modinfo('-F', 'sig_key', path).out, b'80:AB:01:CD\n')

    def test_key_id(self):
        """kmod prints nothing of such a signature"""
        der = self.signature('cms', '-keyid', '-md', 'sha384')
        path = self.module(der)
        key_id = self.openssl('x509', '-in', 'cert', '-noout', '-ext', 'subjectKeyIdentifier').split()[-1]
        self.assertEqual(self.modinfo('-F', 'sig_key', path).out, key_id + b'\n')
        self.assertEqual(self.modinfo('-F', 'signer', path).out, b'\n')
        self.assertEqual(self.modinfo('-F', 'sig_hashalgo', path).out, b'sha384\n')
        # An RSA signature of 2048 bits is the last thing in the file.
        text = self.modinfo('-F', 'signature', path).out.decode()
        self.assertEqual(text.replace(':', '').replace('\n\t\t', ''), der[-256:].hex().upper() + '\n')
        self.assertEqual({len(line.strip(':\t').split(':')) for line in text.split('\n')[:-2]}, {20})

    def test_before_pkcs7(self):
        for kwargs in (dict(id_type=1, algo=1, hash=4, signer=b'Me and you', key_id=b'\x01\x02\xff'),
                       dict(id_type=0, algo=0, hash=0), dict(id_type=1, algo=0, hash=8, signer=b'x'),
                       dict(id_type=3), dict(id_type=1, algo=7, hash=1), dict(id_type=1, algo=1, hash=9)):
            for size in (0, 19, 20, 21, 40, 45):
                with self.subTest(kwargs, size=size):
                    self.compare(self.module(bytes(range(size)), **kwargs))

    def test_not_pkcs7(self):
        path = self.module(b'no DER')
        ours = self.modinfo(path, status=0)
        self.assertIn(b'm.ko: offset %d: signature is not PKCS#7' % (os.path.getsize(path) - 46), ours.err)
        self.assertEqual(ours.lines()[2:],
                         [b'sig_id:         PKCS#7', b'signer:         ', b'sig_key:        ', b'sig_hashalgo:   unknown',
                          b'signature:      ', b'parm:           a:x', b''])

    def test_trailer_does_not_fit(self):
        """an error, but what the module says is printed"""
        path = self.module(b'S' * 45, sig_len=1 << 20)
        ours = self.modinfo(path, status=1)
        self.assertIn(b'signature of 1048576 bytes does not fit', ours.err)
        self.assertEqual(ours.out, run(KMOD, path).out)

    def test_no_libcrypto(self):
        """what the trailer alone tells"""
        self.write('lib/libcrypto.so.3', b'no library')
        path = self.module(self.signature('cms'))
        ours = self.modinfo(path, path, env={'LD_LIBRARY_PATH': self.path('lib')}, status=0)
        self.assertEqual(ours.lines()[2:7],
                         [b'sig_id:         PKCS#7', b'signer:         ', b'sig_key:        ', b'sig_hashalgo:   unknown',
                          b'signature:      '])
        self.assertEqual(ours.err.count(b'libcrypto.so.3'), 1, 'said once')


class Answers(Case):
    """indexes that were made by hand of what Debian's depmod would refuse or not think of"""

    def tree(self, *args, **kwargs):
        folder = mkmod.write_tree(self.dir, '1.0', *args, **kwargs)
        kmod.run(kmod.DEPMOD, '-b', self.dir, '1.0')
        return folder

    def ask(self, *args, **kwargs):
        return self.compare('-b', self.dir, '-k', '1.0', *args, **kwargs)

    def test_order_of_indexes(self):
        """a name goes before an alias, an alias before a built-in"""
        self.tree({'a.ko': Module().modinfo('alias', 'b').modinfo('alias', 'built'), 'b.ko': Module().modinfo('alias', 'x'),
                   'c.ko': Module().modinfo('alias', 'x')}, builtin=['kernel/built.ko', 'kernel/in-side.ko'],
                  builtin_modinfo=[('built', 'alias', 'x'), ('built', 'alias', 'y-1'), ('built', 'alias', 'z:*'),
                                   ('in_side', 'license', 'GPL'), ('in_side', 'parm', 'p:text')])
        for request in ('a', 'b', 'built', 'x', 'y-1', 'y_1', 'in-side', 'in_side', 'z:9', 'c', 'C'):
            for options in (['-n'], ['-F', 'name'], ['-m', '-n'], []):
                if options or request != 'built':
                    self.ask(*options, request)

    def test_module_file_is_gone(self):
        self.tree({'a.ko': Module().modinfo('license', 'GPL'), 'b.ko': Module().modinfo('license', 'GPL')})
        os.remove(self.path('lib/modules/1.0/a.ko'))
        ours = self.modinfo('-b', self.dir, '-k', '1.0', '-l', 'a', 'b', status=1)
        self.assertEqual(ours.out, b'GPL\n')
        self.assertIn(b'lib/modules/1.0/a.ko: No such file or directory', ours.err)

    def test_broken_index(self):
        """the others still answer; 5.1 number 9"""
        folder = self.tree({'a.ko': Module().modinfo('alias', 'x'), 'b.ko': Module().modinfo('license', 'GPL')}, builtin=['built.ko'],
                           builtin_modinfo=[('built', 'license', 'GPL')])
        for name in ('modules.alias.bin', 'modules.dep.bin'):
            with open(os.path.join(folder, name), 'r+b') as file:
                file.truncate(9)
            ours = self.modinfo('-b', self.dir, '-k', '1.0', '-n', 'built', status=0)
            self.assertEqual(ours.out, b'(builtin)\n')
            self.assertIn(name.encode(), ours.err)
            if name != 'modules.dep.bin':
                self.assertTrue(self.modinfo('-b', self.dir, '-k', '1.0', '-n', 'b', status=0).out)

    def test_alias_of_a_module_that_is_gone(self):
        folder = self.tree({'a.ko': Module().modinfo('alias', 'x'), 'b.ko': Module().modinfo('license', 'GPL')})
        with open(os.path.join(folder, 'modules.alias.bin'), 'rb') as file:
            old = file.read()
        os.remove(os.path.join(folder, 'a.ko'))
        kmod.run(kmod.DEPMOD, '-b', self.dir, '1.0')
        with open(os.path.join(folder, 'modules.alias.bin'), 'wb') as file:
            file.write(old)
        ours = self.modinfo('-b', self.dir, '-k', '1.0', 'x', 'b', status=1)
        self.assertIn(b'Module a, which answers to x, is not in modules.dep.bin', ours.err)
        self.assertIn(b'license:        GPL\n', ours.out)

    def test_file_beats_name(self):
        self.tree({'a.ko': Module().modinfo('license', 'indexed')})
        self.write('a.ko', Module().modinfo('license', 'here'))
        self.assertEqual(self.ask('-l', 'a.ko', cwd=self.dir).out, b'here\n')
        self.assertEqual(self.ask('-m', '-l', 'a.ko', cwd=self.dir).out, b'indexed\n')
        self.assertEqual(self.ask('-l', 'a', cwd=self.dir).out, b'indexed\n')


class Program(Case):
    """options and names of the program itself"""

    def test_statuses(self):
        for args in ((), ('-F',), ('-F', 'x'), ('--no-such-option', 'x'), ('-x',), ('-k',)):
            with self.subTest(args):
                ours = self.modinfo(*args, status=1)
                self.assertEqual(run(KMOD, *args).status, 1)
                self.assertEqual(ours.out, b'')
                self.assertTrue(ours.err)

    def test_help_names_every_option(self):
        text = self.modinfo('-h', status=0).out.decode()
        self.assertEqual(self.modinfo('--help', status=0).out.decode(), text)
        theirs = run(KMOD, '--help').out.decode()
        options = re.findall(r'(?<![\w`-])--?[\w-]+', theirs.replace('uname -r', ''))
        self.assertGreater(len(options), 20)
        for option in options:
            self.assertIn(option, text)

    def test_version(self):
        lines = self.modinfo('-V', status=0).lines()
        self.assertEqual(lines[0], b'kmod version 34')
        self.assertRegex(lines[1], rb'^[+-]ZSTD [+-]XZ [+-]ZLIB [+-]OPENSSL -MBEDTLS$')
        self.assertRegex(lines[2], rb'^modsure [0-9.]+$')
        self.assertEqual(self.modinfo('--version').lines(), lines)

    def test_sub_command(self):
        path = self.write('m.ko', Module().modinfo('license', 'GPL'))
        for program in ('modsure', 'kmod'):
            self.assertEqual(run(tap.command(program), 'modinfo', '-l', path).out, b'GPL\n')
            self.assertEqual(run(tap.command(program), 'help').status, 0)
            self.assertIn(b'modinfo', run(tap.command(program), '--help').out)
            self.assertEqual(run(tap.command(program), '--version').lines()[0], b'kmod version 34')
            for args in (('no-such',), (), ('--bad',)):
                result = run(tap.command(program), *args)
                self.assertEqual((result.status, result.out), (1, b''))
                self.assertTrue(result.err)

    def test_unknown_name(self):
        os.symlink(tap.command('modsure'), self.path('frobnicate'))
        result = run(self.path('frobnicate'), 'x')
        self.assertEqual((result.status, result.out), (1, b''))
        self.assertIn(b'frobnicate: ERROR', result.err)

    def test_libraries(self):
        """those opened on demand are not linked, but stand in notes for packaging tools"""
        needed = run('readelf', '-d', tap.command('modsure')).out
        self.assertIn(b'libc.so', needed)
        with open(tap.command('modsure'), 'rb') as file:
            notes = re.findall(rb'(....)\x0a\x0c\x7c\x40FDO\0(\[.*?\])\0', file.read(), re.DOTALL)
        found = {}
        for size, text in notes:
            self.assertEqual(int.from_bytes(size, sys.byteorder), len(text) + 1)
            found.update((entry['soname'][0], entry) for entry in json.loads(text))
        self.assertEqual(set(found), {'libcrypto.so.3', 'libjson-c.so.5', 'libbz2.so.1.0', 'liblzo2.so.2', 'liblz4.so.1'})
        for soname, entry in found.items():
            self.assertNotIn(soname.encode(), needed)
            self.assertEqual(set(entry), {'soname', 'feature', 'description', 'priority'})

    def test_output_cannot_be_written(self):
        path = self.write('m.ko', Module().modinfo('license', 'GPL'))
        with open('/dev/full', 'wb') as full:
            done = subprocess.run([tap.command('modinfo'), path], stdout=full, stderr=subprocess.PIPE, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b'No space left on device', done.stderr)


if __name__ == '__main__':
    tap.main()
