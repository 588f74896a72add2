#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A build with every library left out still does what needs none, and says what it can't."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'golden'))
import kmod  # noqa: E402
import tap  # noqa: E402
from depmodcase import VERSION, TreeCase  # noqa: E402
from mkmod import Module, signed  # noqa: E402


class Without(TreeCase):
    def test_features(self):
        features = kmod.run(tap.command('kmod'), '-V').stdout.decode().splitlines()[1].split()
        for name in ('ZSTD', 'XZ', 'ZLIB', 'OPENSSL'):
            self.assertIn('-' + name, features)

    def test_index(self):
        """compressed modules are left out one by one, the others are indexed"""
        self.tree({'kernel/a.ko': Module().export('e', crc=1), 'kernel/b.ko': Module().use('e', crc=1),
                   'kernel/x.ko.xz': Module(), 'kernel/z.ko.zst': Module(), 'kernel/g.ko.gz': Module()})
        result = self.depmod('-b', self.base, '-o', self.out, VERSION)
        self.assertEqual(result.returncode, 0)
        for name in (b'x.ko.xz', b'z.ko.zst', b'g.ko.gz'):
            self.assertIn(name, result.stderr)
        self.assertEqual(sorted(self.read('modules.dep').splitlines()), [b'kernel/a.ko:', b'kernel/b.ko: kernel/a.ko'])

    def test_signature(self):
        """what the trailer alone tells"""
        self.tree({'kernel/s.ko': signed(Module().modinfo('license', 'GPL').bytes(), b'\x30\x03\x02\x01\x05')})
        result = kmod.run(tap.command('modinfo'), os.path.join(self.folder, 'kernel/s.ko'))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, rb'sig_id: +PKCS#7\n')
        self.assertRegex(result.stdout, rb'license: +GPL\n')

    def test_json(self):
        self.tree({'kernel/a.ko': Module()})
        result = kmod.run(tap.command('modinfo'), '--json', os.path.join(self.folder, 'kernel/a.ko'))
        self.assertEqual((result.returncode, result.stdout), (1, b''))
        self.assertIn(b'JSON', result.stderr)

    def test_check(self):
        """has a report for people, and says that it has no other"""
        self.tree({'kernel/a.ko': Module().modinfo('license', 'GPL').modinfo('name', 'a')})
        args = [tap.command('modsure'), 'check', '-b', self.base, '-k', VERSION]
        result = kmod.run(*args, '--fail-on', 'never')
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, rb'^\S+: \d+ errors?, \d+ warnings?, \d+ notes? in 1 module\n')
        for option in ('--json', '--sarif'):
            result = kmod.run(*args, option)
            self.assertEqual((result.returncode, result.stdout), (4, b''))
            self.assertIn(b'JSON', result.stderr)


tap.main()
