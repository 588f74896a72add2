#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The seeds of fuzzing are what their names say: good ones are read, bad ones refused.

MODSURE_FACTS_DUMP names the program (facts-dump.c) that prints a record.
"""

import gzip
import lzma
import os
import subprocess
import sys
import zlib

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), path) for path in ('', '../corpus', '../lib')]

from factscase import Case  # noqa: E402

import generate  # noqa: E402
import tap  # noqa: E402


def unzstd(data):
    done = subprocess.run(['zstd', '-dcq'], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise ValueError(done.stderr)


class Corpus(Case):
    def test_module_files(self):
        seeds = list(generate.facts())
        for (name, _, _), lines in zip(seeds, self.dumps([data for _, data, _ in seeds])):
            self.assertEqual(lines[0].startswith('refused='), not name.startswith('good-'), name + ': ' + lines[0])

    def test_compressed_files(self):
        """by the libraries themselves"""
        for seeds, decode in ((generate.xz(), lambda data: lzma.decompress(data, lzma.FORMAT_XZ)),
                              (generate.gzip(), gzip.decompress), (generate.zstd(), unzstd)):
            for name, data, _ in seeds:
                if name.startswith('good-'):
                    decode(data)
                    continue
                with self.assertRaises((lzma.LZMAError, OSError, EOFError, ValueError, zlib.error), msg=name):
                    decode(data)

    def test_every_seed_is_described(self):
        for target, make in generate.TARGETS.items():
            folder = os.path.join(self.scratch, target)
            generate.write(folder, make())
            names = set(os.listdir(folder)) - {'README'}
            with open(os.path.join(folder, 'README'), encoding='utf-8') as file:
                described = dict(line.split(None, 1) for line in file)
            self.assertEqual(names, set(described), target)
            self.assertTrue({'good', 'bad'} <= {name.split('-')[0] for name in names}, target)

    def test_seeds_are_the_same_each_time(self):
        for make in set(generate.TARGETS.values()):
            self.assertEqual(list(make()), list(make()))


if __name__ == '__main__':
    tap.main()
