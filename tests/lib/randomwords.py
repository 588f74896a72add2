# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random names, aliases, requests and module files: few letters, so that they meet.

What is in a file is drawn as a Spec, which builds it twice: for ours, in any encoding and with all that files can
hold, and for the incumbent, less what ours leaves out of the indexes, in the one encoding that kmod 30 reads.
"""

import collections
import re

from mkmod import Module

LETTERS = 'ab-_'
MACHINES = ((64, 'little', None),) * 6 + ((32, 'little', None), (32, 'big', 20), (64, 'big', 22), (64, 'big', 43),
                                          (64, 'little', 183))
GLOBS = ('*', '*', '*', '?', '[ab]', '[!a]', '[^b]', '[a-b]', '[_-]', '[a-]', '[]a]', '[b-a]', '\\*', '\\a', '[\\b]',
         '**', '[a', 'b]')
ODD = ('"', ' ', '#', '!', '^', '{', '~', '$', "'", ',', '.', ':', '=', '|', '%s', '@', '+', '/', '\\')
UNCLEAN = ('\t', '\n', '\x01', '\x7f', '\xe9', '\xff')
BEGINNINGS = ('', '', '', '', 'of:', 'symbol:', 'p:v0d', 'x' * 70)
NODES = ('devname:a', 'devname:b/c', 'char-major-10-5', 'block-major-7-*', 'char-major-1-2-3', 'char-major-07-010',
         'devname:', 'block-major-300-1', 'char-major-4-x', 'block-major-3-4 ')
KEYS = ('license', 'description', 'author', 'firmware', 'import_ns', 'vermagic', 'version', 'depends', 'intree',
        'A', '', 'a.key.of.15.chr')
VALUES = ('GPL', 'Y', '', 'x y', 'a=b', 'NS', 'o\ndd', '\xe9\x01', 'y' * 300)

FAKE_SYMBOLS = ('__this_module', '.TOC.')
UNCLEAN_SYMBOL = b'UNCLEAN_'

Tag = collections.namedtuple('Tag', 'key text')     # key None: text is the whole string
Export = collections.namedtuple('Export', 'name crc is_gpl namespace')
Import = collections.namedtuple('Import', 'name crc is_weak is_version_only')


def word(rng, longest=3):
    return ''.join(rng.choice(LETTERS) for _ in range(rng.randint(1, longest)))


def module_name(rng):
    """of a file, without its ending; often one that is there already in another spelling"""
    name = rng.choice('abAm0') + ''.join(rng.choice(LETTERS + 'c1') for _ in range(rng.randint(0, 3)))
    return name + rng.choice(('',) * 20 + ('.a', '.b-c', '+', '%', '@x', ','))


def folded(text):
    """the name of a module: up to the first dot, dashes folded"""
    return text.split('.')[0].replace('-', '_')


def pattern(rng, is_odd=True):
    """an alias with wildcards, whose words are those that requests are made of"""
    def part():
        kind = rng.random()
        if kind < .6:
            return word(rng)
        if kind < .85:
            return rng.choice(GLOBS)
        return rng.choice(ODD) if is_odd else ':'

    return rng.choice(BEGINNINGS) + ''.join(part() for _ in range(rng.randint(1, 4)))


def request(rng, patterns):
    """something to look up: an instance of a pattern, one a little beside it, a pattern itself, or any word"""
    kind = rng.random()
    if kind < .1 or not patterns:
        return word(rng)
    text = rng.choice(patterns)
    if kind < .2:
        return text
    text = re.sub(r'\[.?(\w)[^\]]*\]', lambda match: match[1] if rng.random() < .8 else rng.choice(LETTERS), text)
    text = re.sub(r'\*+', lambda match: rng.choice(('', '', 'a', 'b-', '*', 'ab_')), text)
    text = re.sub(r'\?', lambda match: rng.choice(LETTERS), text)
    if kind < .25:
        text = text.swapcase()
    elif kind < .5:
        text = text.translate(str.maketrans('-_', rng.choice(('--', '__', '_-'))))
    elif kind > .9:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(('', 'a', '-', '[a]', '\\', '*')) + text[at + rng.randint(0, 1):]
    return text


def is_clean(text):
    return all(' ' <= letter <= '~' for letter in text)


def string_of(tag):
    return tag.text if tag.key is None else tag.key + '=' + tag.text


def is_kept(tag):
    """by depmod: an alias or dependency that no line of a file can carry is left out"""
    key, _, text = string_of(tag).partition('=')
    return key not in ('alias', 'softdep', 'weakdep') or is_clean(text) and (key != 'alias' or text != '')


def symbol_bytes(name, is_theirs):
    """theirs ends with half of its files written for a name with 8-bit characters"""
    if is_clean(name) or not is_theirs:
        return name.encode('latin-1')
    return b'.' * name.startswith('.') + UNCLEAN_SYMBOL + name.removeprefix('.').encode('latin-1').hex().encode()


class Spec:
    """what one module file is to say; draw_tags() and the caller fill it, build() writes it"""

    def __init__(self, rng, has_damage=False):
        self.cls, self.endian, self.machine = rng.choice(MACHINES)
        self.exports_as = rng.choice(('kstrtabns',) * 3 + ('kflagstab', 'plain', '5.4-rc'))
        self.crcs = rng.choice(('relative', 'absolute'))
        self.versions = rng.choice(('basic', 'basic', 'ext', 'both'))
        self.prel32 = self.cls == 64 and rng.random() < .5
        self.damage = rng.choice((b'', b'\x7fELF', b'no module', bytes(100))) if has_damage else None
        self.tags, self.exports, self.imports = [], [], []

    def draw_tags(self, rng, is_hostile):
        def add(key, text):
            self.tags.append(Tag(key, text))

        for _ in range(rng.choice((0, 1, 1, 2, 5))):
            add('alias', pattern(rng))
        for text in rng.sample(NODES, rng.randint(1, 4)) if rng.random() < .3 else ():
            add('alias', text)
        for key in ('softdep', 'weakdep'):
            for _ in range(rng.choice((0, 0, 0, 1, 2))):
                before = rng.choice(('pre: ', 'post: ', '', 'pre: a post: '))
                add(key, before + word(rng) + rng.choice(('', ' b', '  ', ' pre:')))
        for key in KEYS:
            for _ in range(rng.choice((0, 0, 1, 2))):
                add(key, rng.choice(VALUES + (word(rng),)))
        for _ in range(rng.choice((0, 0, 1, 4))):
            add(rng.choice(('parm', 'parmtype')),
                word(rng, 1) + ':' + rng.choice(('int', 'a text', '', ' (x)', ':', 'bool')))
        if is_hostile and rng.random() < .05:
            add(rng.choice(('alias', 'alias', 'softdep', 'weakdep')), word(rng) + rng.choice(UNCLEAN) + word(rng))
        if rng.random() < .1:
            add(None, rng.choice(('', '', 'no equals sign', '=', '==', 'alias', 'softdep=')))
        rng.shuffle(self.tags)

    def values(self, key):
        """of the tags that depmod keeps"""
        return [tag.text for tag in self.tags if tag.key == key and is_kept(tag)]

    def build(self, is_theirs=False, is_whole=False):
        """bytes of the file; theirs with all tags if @is_whole"""
        if self.damage is not None:
            return self.damage
        exports, versions = ('kstrtabns', 'basic') if is_theirs else (self.exports_as, self.versions)
        module = Module(cls=self.cls, endian=self.endian, machine=self.machine, crcs=self.crcs, prel32=self.prel32,
                        exports=exports, versions=versions)
        for tag in self.tags:
            if is_whole or not is_theirs or is_kept(tag):
                module.modinfo_raw(string_of(tag).encode('latin-1') + b'\0')
        for export in self.exports:
            # Theirs takes a namespace for a symbol without versions (5.1 number 17).
            has_namespace = exports != 'plain' and not (is_theirs and export.crc is None)
            module.export(symbol_bytes(export.name, is_theirs), crc=export.crc, gpl=export.is_gpl,
                          ns=export.namespace if has_namespace else None)
        own = {export.name for export in self.exports}
        for entry in self.imports:
            if is_theirs and entry.is_weak and entry.name.removeprefix('.') in own:
                continue        # theirs takes it for a circle
            name = symbol_bytes(entry.name, is_theirs)
            if entry.is_version_only:
                module.version(name, entry.crc)
            else:
                module.use(name, crc=entry.crc, weak=entry.is_weak)
        return module.bytes()
