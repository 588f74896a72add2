# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random systems: a module tree, its lists, depmod.d; the same for the incumbent, less what it is known to do otherwise.

    world = World(random.Random(seed))
    world.write(ours, theirs)       # two base directories

Ours gets everything: odd bytes, damaged files, cycles, export tables of all encodings, several files of one name. Theirs gets
what ours has to make of it by doc/formats/depmod.md (the table of differences), in the one form that Debian's kmod 30 reads: so
both have to write the same. Which file of a name counts is said by a model here.
"""

import collections
import fnmatch
import gzip
import lzma
import os
import re

from mkmod import Module

VERSION = '6.1.0-test'
DEFAULT_SEARCH = [['updates']]
EXTERNAL = '/{base}/external/'      # of paths and lines: replaced by where the tree is

LETTERS = 'ab-_'
FOLDERS = ('kernel', 'kernel', 'kernel/fs', 'kernel/drivers/net', 'updates', 'updates/dkms', 'updates/dkms/x', 'extra',
           'weak-updates', 'updates-old', 'Other+1', '.dot', '')
PASSED_OVER = ('build', 'source', 'kernel/build', 'extra/source/x')
EXTENSIONS = ('.ko',) * 6 + ('.ko.xz',) * 2 + ('.ko.gz', '.ko.zst')
MACHINES = ((64, 'little', None),) * 6 + ((32, 'little', None), (32, 'big', 20), (64, 'big', 22), (64, 'big', 43), (64, 'little', 183))
GLOBS = ('*', '*', '*', '?', '[ab]', '[!a]', '[^b]', '[a-b]', '[_-]', '[a-]', '[]a]', '[b-a]', '\\*', '\\a', '[\\b]', '**', '[a', 'b]')
ODD = ('"', ' ', '#', '!', '^', '{', '~', '$', "'", ',', '.', ':', '=', '|', '%s', '@', '+', '/', '\\')
UNCLEAN = ('\t', '\n', '\x01', '\x7f', '\xe9', '\xff')
FAKE_SYMBOLS = ('__this_module', '.TOC.')
UNCLEAN_SYMBOL = b'UNCLEAN_'

Tag = collections.namedtuple('Tag', 'key text')


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
    parts = []
    for _ in range(rng.randint(1, 4)):
        kind = rng.random()
        parts.append(word(rng) if kind < .6 else rng.choice(GLOBS) if kind < .85 else rng.choice(ODD) if is_odd else ':')
    return rng.choice(('', '', '', '', 'of:', 'symbol:', 'p:v0d', 'x' * 70)) + ''.join(parts)


def request(rng, patterns):
    """something to look up: an instance of a pattern, one a little beside it, a pattern itself, or any word"""
    kind = rng.random()
    if kind < .1 or not patterns:
        return word(rng)
    text = rng.choice(patterns)
    if kind < .2:
        return text
    text = re.sub(r'\[.?(\w)[^\]]*\]', lambda match: match[1] if rng.random() < .8 else rng.choice(LETTERS), text)
    text = re.sub(r'\*+|\?', lambda match: rng.choice(LETTERS) if match[0] == '?' else rng.choice(('', '', 'a', 'b-', '*', 'ab_')), text)
    if kind < .5:
        text = text.swapcase() if rng.random() < .05 else text.translate(str.maketrans('-_', rng.choice(('--', '__', '_-'))))
    if kind > .9:
        at = rng.randint(0, len(text))
        text = text[:at] + rng.choice(('', 'a', '-', '[a]', '\\', '*')) + text[at + rng.randint(0, 1):]
    return text


class Spec:
    """what one module file is to say; build() writes it"""

    def __init__(self, rng):
        self.cls, self.endian, self.machine = rng.choice(MACHINES)
        self.exports_as = rng.choice(('kstrtabns',) * 3 + ('kflagstab', 'plain', '5.4-rc'))
        self.crcs = rng.choice(('relative', 'absolute'))
        self.versions = rng.choice(('basic', 'basic', 'ext', 'both'))
        self.prel32 = rng.random() < .5
        self.tags, self.exports, self.imports = [], [], []
        self.damage = None      # instead of all this: bytes

    def build(self, is_theirs=False, is_whole=False):
        if self.damage is not None:
            return self.damage
        kind = dict(exports='kstrtabns', versions='basic') if is_theirs else dict(exports=self.exports_as, versions=self.versions)
        module = Module(cls=self.cls, endian=self.endian, machine=self.machine, crcs=self.crcs,
                        prel32=self.prel32 and self.cls == 64, **kind)
        for tag in self.tags:
            if is_whole or not is_theirs or is_kept(tag):
                module.modinfo_raw((tag.text if tag.key is None else tag.key + '=' + tag.text).encode('latin-1') + b'\0')
        for name, crc, gpl, ns in self.exports:
            if kind['exports'] == 'plain' or is_theirs and crc is None:
                ns = None       # theirs takes a namespace for a symbol (5.1 number 17)
            module.export(symbol_bytes(name, is_theirs), crc=crc, gpl=gpl, ns=ns)
        for name, crc, is_weak, is_version_only in self.imports:
            if is_theirs and is_weak and any(name.removeprefix('.') == export[0] for export in self.exports):
                continue        # theirs takes it for a circle
            name = symbol_bytes(name, is_theirs)
            if is_version_only:
                module.version(name, crc)
            else:
                module.use(name, crc=crc, weak=is_weak)
        return module.bytes()


def symbol_bytes(name, is_theirs):
    """theirs ends with half of its files written for a name with 8-bit characters"""
    if is_clean(name) or not is_theirs:
        return name.encode('latin-1')
    return b'.' * name.startswith('.') + UNCLEAN_SYMBOL + name.removeprefix('.').encode('latin-1').hex().encode()


def is_clean(text):
    return all(' ' <= letter <= '~' for letter in text)


def is_kept(tag):
    """by depmod: an alias or dependency line that no line of a file can carry is left out"""
    key, _, text = (tag.text if tag.key is None else tag.key + '=' + tag.text).partition('=')
    return key not in ('alias', 'softdep', 'weakdep') or is_clean(text) and (key != 'alias' or text != '')


class World:
    """files: {path below the module folder, or EXTERNAL...: Spec}; winners: {module name: path}"""

    def __init__(self, rng, is_hostile=True):
        self.rng, self.is_hostile = rng, is_hostile
        self.has_crcs = rng.random() < .7
        self.files = {}
        self.draw_files()
        self.draw_symbols()
        self.draw_tags()
        self.draw_lists()
        self.draw_config()
        self.winners = self.choose()
        self.lost = self.unloadable()

    # Drawing

    def draw_files(self):
        rng = self.rng
        for _ in range(rng.choice((1, 3, 6, 10, 16))):
            name = module_name(rng)
            for _ in range(rng.choice((1, 1, 1, 1, 2, 3))):
                kind = rng.random()
                folder = rng.choice(FOLDERS) if kind < .9 else rng.choice(PASSED_OVER) if kind < .93 else \
                    EXTERNAL + rng.choice(('one', 'two', 'two/sub'))
                self.files[os.path.join(folder, name + rng.choice(EXTENSIONS))] = Spec(rng)

    def draw_symbols(self):
        """a module uses what those before it export, and now and then, for a cycle, what one behind it does"""
        rng, symbols = self.rng, []
        self.can_repeat = rng.random() < .5         # one symbol of several modules; then without cycles
        specs = list(self.files.values())
        rng.shuffle(specs)
        for i, spec in enumerate(specs):
            is_user = not self.can_repeat or i >= len(specs) // 2       # else who exports last could make a cycle
            for name in rng.sample(symbols, min(len(symbols), rng.choice((0, 1, 2, 5))) if is_user else 0):
                self.draw_import(spec, name)
            for _ in range(rng.choice((0, 0, 1))):
                self.draw_import(spec, rng.choice(('printk', 'kmalloc', 'absent', '.absent', '_printk') + FAKE_SYMBOLS))
            for _ in range(rng.choice((0, 0, 1, 2, 4)) if not self.can_repeat or i < len(specs) // 2 else 0):
                name = self.symbol_name()
                if name not in symbols or self.can_repeat:
                    spec.exports.append((name, rng.choice((0, 1, rng.getrandbits(32))) if self.has_crcs else None, rng.random() < .5,
                                         rng.choice((None, None, 'NS', 'a'))))
                symbols.append(name)
            exported = [export[0] for export in spec.exports]
            spec.exports = [export for i, export in enumerate(spec.exports) if export[0] not in exported[:i]]
            spec.imports = [entry for entry in spec.imports if entry[0].lstrip('.') not in exported]
        if not self.can_repeat and specs and rng.random() < .2 and self.is_hostile:
            ends = rng.choices(specs, k=2)
            for user, owner in (ends, ends[::-1]):
                for name, _, _, _ in owner.exports[:1]:
                    self.draw_import(user, name)

    def symbol_name(self):
        name = 's' + word(self.rng, 4).replace('-', '_')
        if self.is_hostile and self.rng.random() < .01:
            name += self.rng.choice(UNCLEAN)
        return name

    def draw_import(self, spec, name):
        rng = self.rng
        has_crc = self.has_crcs and rng.random() < .8
        is_version_only = has_crc and rng.random() < .1
        name = '.' + name if rng.random() < .05 and not is_version_only else name
        if all(name != entry[0] for entry in spec.imports):
            spec.imports.append((name, rng.choice((1, rng.getrandbits(32))) if has_crc else None,
                                 rng.random() < .2 and not is_version_only, is_version_only))

    def draw_tags(self):
        rng = self.rng
        for spec in self.files.values():
            for _ in range(rng.choice((0, 1, 1, 2, 5))):
                spec.tags.append(Tag('alias', pattern(rng)))
            if rng.random() < .3:
                spec.tags += [Tag('alias', text) for text in rng.sample(
                    ('devname:a', 'devname:b/c', 'char-major-10-5', 'block-major-7-*', 'char-major-1-2-3', 'char-major-07-010',
                     'devname:', 'block-major-300-1', 'char-major-4-x', 'block-major-3-4 '), rng.randint(1, 4))]
            for key in ('softdep', 'weakdep'):
                for _ in range(rng.choice((0, 0, 0, 1, 2))):
                    spec.tags.append(Tag(key, rng.choice(('pre: ', 'post: ', '', 'pre: a post: ')) + word(rng) + rng.choice(('', ' b', '  ', ' pre:'))))
            for key in ('license', 'description', 'author', 'firmware', 'import_ns', 'vermagic', 'version', 'depends', 'intree', 'A', '', 'a.key.of.15.chr'):
                for _ in range(rng.choice((0, 0, 1, 2))):
                    spec.tags.append(Tag(key, rng.choice(('GPL', 'Y', '', 'x y', 'a=b', 'NS', word(rng), 'o\ndd', '\xe9\x01', 'y' * 300))))
            for _ in range(rng.choice((0, 0, 1, 4))):
                spec.tags.append(Tag(rng.choice(('parm', 'parmtype')), word(rng, 1) + ':' + rng.choice(('int', 'a text', '', ' (x)', ':', 'bool'))))
            if self.is_hostile and rng.random() < .05:
                spec.tags.append(Tag(rng.choice(('alias', 'alias', 'softdep', 'weakdep')), word(rng) + rng.choice(UNCLEAN) + word(rng)))
            if rng.random() < .1:
                spec.tags.append(Tag(None, rng.choice(('', '', 'no equals sign', '=', '==', 'alias', 'softdep='))))
            rng.shuffle(spec.tags)

    def draw_lists(self):
        rng = self.rng
        # Theirs knows no file with a further dot from a line of modules.order.
        paths = [re.sub(r'\.ko.*', '.ko', path) for path in self.files if '.' not in os.path.basename(path).split('.ko')[0]]
        rng.shuffle(paths)
        lines = paths[:rng.choice((0, len(paths) // 2, len(paths)))] + rng.sample(
            ('', 'kernel/absent.ko', 'kernel/a.ko.xz', ' kernel/a.ko', './kernel/a.ko', 'a', 'kernel//a.ko', '#'), rng.choice((0, 0, 2)))
        rng.shuffle(lines)
        self.order = None if rng.random() < .1 else lines
        self.is_order_cut = rng.random() < .1       # the last line has no newline
        self.builtin = None if rng.random() < .1 else [
            rng.choice(('kernel/', 'kernel/x/', 'k.d/', '', '', '/', '1', ' ')) + self.builtin_name() + rng.choice(('.ko', '.ko', '.ko', '', '.ko.xz'))
            for _ in range(rng.choice((0, 2, 9)))]
        self.builtin_modinfo = None if rng.random() < .1 else sorted(      # as a kernel's build does: all of one module together
            (self.builtin_tag() for _ in range(rng.choice((0, 3, 12)))), key=lambda tag: tag[0])
        if not self.is_hostile:         # of equal answers modinfo of theirs, which reads the indexes otherwise than their library, shows the last first
            self.builtin_modinfo = [tag for i, tag in enumerate(self.builtin_modinfo or []) if tag[1] != 'alias' or i == 0]

    def builtin_name(self):
        """a file as well only where that is about files: theirs then answers with the one or the other"""
        return ('' if self.is_hostile else 'in') + module_name(self.rng)

    def builtin_tag(self):
        rng = self.rng
        return (folded(rng.choice((self.builtin_name(), 'in' + word(rng), 'in_side'))), rng.choice(('alias', 'alias', 'alias', 'license', 'parm', 'parmtype', 'aliases')),
                rng.choice((pattern(rng, False), word(rng), 'GPL', 'p:text', 'p:int', '', 'x=y.z')))

    def draw_config(self):
        """depmod.d: the lines, and what they mean"""
        rng = self.rng
        self.config, self.search, self.overrides, self.externals, self.excluded = [], [], [], [], []
        for _ in range(rng.choice((0, 0, 1, 2, 4))):
            kind = rng.choice(('search', 'search', 'override', 'override', 'external', 'exclude', 'none'))
            getattr(self, 'draw_' + kind)()

    def draw_search(self):
        words = self.rng.sample(('updates', 'updates/dkms', 'extra', 'kernel', 'kernel/drivers', 'weak-updates', 'built-in', 'external', 'absent',
                                 'kernel/fs', 'Other+1'), self.rng.randint(1, 5))
        self.search.append(words)
        self.config.append('search ' + self.rng.choice((' ', '  ', '\t', ' \\\n ')).join(words) + self.rng.choice(('', ' ')))

    def draw_override(self):
        path = self.rng.choice(list(self.files))
        folder, name = os.path.split(path)
        if not folder or path.startswith(EXTERNAL):
            return
        version = self.rng.choice(('*', '*', '^6', '6.1', '^5', 'test$', '[0-9]'))
        name = name.split('.')[0]
        if self.rng.random() < .2:
            folder = self.rng.choice(FOLDERS) or 'none'
        if version != '^5':
            self.overrides.append((folded(name), folder))
        # kmod takes only the spelling of the file
        self.config.append('override %s %s %s' % (name, version, folder))

    def draw_external(self):
        folder = EXTERNAL + self.rng.choice(('one', 'two', 'two/sub', 'gone'))
        version = self.rng.choice(('*', '*', '^6', '^5'))
        if version != '^5':
            self.externals.append(folder)
        self.config.append('external %s %s' % (version, folder))

    def draw_exclude(self):
        path = self.rng.choice(list(self.files))
        names = [self.rng.choice(path.split('/')), self.rng.choice(('fs', 'x', 'absent', 'dkms', 'kernel/fs', 'a.ko'))]
        if EXTERNAL.split('/')[1] in names or 'external' in names or '' in names or '.ko.' in names[0]:
            return
        self.excluded += names
        self.config.append('exclude ' + ' '.join(names))

    def draw_none(self):
        self.config.append(self.rng.choice(('# search kernel', '', '  ', 'make_map_files no', 'include /nowhere', 'frobnicate x', 'override a', 'search')))

    def draw_rules(self):
        """lines of modprobe.d; with soft dependencies or with commands: theirs does not run commands of what has soft dependencies"""
        rng = self.rng
        names = [*self.winners, *(folded(os.path.basename(line)) for line in self.builtin or ()), 'absent']
        self.has_soft = rng.random() < .5
        kinds = ['alias', 'alias', 'blacklist', 'options', 'options', 'none'] + (['softdep'] * 3 if self.has_soft else ['install', 'remove'])

        def name():
            text = rng.choice(names)
            return text.replace('_', rng.choice('_-'))

        def glob(kind=''):
            if kind:        # a command's name is a request of its own, and replaces in -D what is built in, with theirs
                return (rng.choice(list(self.winners)) if rng.random() < .8 else rng.choice(('a*', '[ab]*', '0?', 'A?')))
            return name() if rng.random() < .8 else rng.choice(('a*', '[ab]*', '?', '*_', 'A?', 'x*'))

        def line(kind):
            if kind == 'alias':
                return 'alias %s %s' % (''.join(pattern(rng).split()) if rng.random() < .7 else name(), name())
            if kind == 'options':
                return 'options %s %s' % (name(), rng.choice(('a=1', 'b=2 c', 'd="x y"', 'e=1,2\tf=3', 'a=\\ b', 'g=  h')))
            if kind in ('install', 'remove'):
                return '%s %s %s' % (kind, glob(kind), rng.choice(('/bin/true', 'echo  two  blanks', 'echo $CMDLINE_OPTS x', 'modprobe -i a')))
            if kind == 'softdep':
                return 'softdep %s%s' % (glob(), ''.join(rng.choice((' pre: ', ' post: ', ' pre: ', ' ')) + name()
                                                         for _ in range(rng.choice((0, 1, 1, 2, 3)))))
            if kind == 'blacklist':
                return 'blacklist ' + name()
            return rng.choice(('# alias a b', '', 'alias', 'options', 'softdep', 'blacklist', 'nonsense a', 'include x', 'alias a[b m', 'install a', 'options a',
                               'alias a \\\n b', '\toptions a  tab=1', '#alias a b'))

        return [line(rng.choice(kinds)) for _ in range(rng.choice((0, 2, 5, 12)))]

    def merged_softdeps(self, rules):
        """a line a module, of all that it and these rules say, for theirs, which heeds one line and no word before "pre:" """
        lines = []
        for name, path in self.winners.items():
            said = [tag.text for tag in self.files[path].tags if tag.key == 'softdep' and is_kept(tag)]
            for rule in rules:
                words = rule.split()
                if words[:1] == ['softdep'] and len(words) > 1 and fnmatch.fnmatchcase(name, words[1].replace('-', '_')):
                    text = ' '.join(words[2:])
                    said = said + [text] if set(words[2:]) - {'pre:', 'post:'} else []
            phases = {'pre:': [], 'post:': []}
            for text in said:
                phase = 'pre:'
                for each in text.split():
                    if each in phases:
                        phase = each
                    elif each not in phases[phase]:
                        phases[phase].append(each)
            if phases['pre:'] or phases['post:']:
                lines.append('softdep %s %s' % (name, ' '.join(phase + ' ' + ' '.join(words) for phase, words in phases.items() if words)))
        return lines

    # What follows

    def seen(self):
        """{path: (module name, rank)} of the files that depmod looks at; a lower rank goes first, equal ones are equal by configuration"""
        words = [each for line in self.search for each in line] if self.search else ['updates']
        rank_of = {}
        for rank, each in enumerate(words):
            rank_of.setdefault(each, rank)
        last = len(words)
        found = {}
        for path in self.files:
            below = path[len(EXTERNAL):] if path.startswith(EXTERNAL) else path
            parts = below.split('/')
            name = folded(parts[-1])
            if not name:
                continue
            if path.startswith(EXTERNAL):
                place = self.external_place(path)
                # a folder of external modules is entered whatever its own name is
                if place is None or set(path[len(self.externals[place]) + 1:].split('/')) & set(self.excluded + ['build', 'source']):
                    continue
                # the first one counts where a search line names them, and else the last one
                rank = (0, rank_of.get('external', last), place if self.names_external() else len(self.externals) - place)
            elif set(parts) & set(self.excluded + ['build', 'source']):
                continue
            else:
                folder = '/'.join(parts[:-1])
                fitting = [rank for each, rank in rank_of.items() if folder == each or folder.startswith(each + '/')]
                rank = (0, min(fitting, default=rank_of.get('built-in', last)), -1)
                # the last line that fits a file of this module counts
                for i, (module, place) in enumerate(self.overrides):
                    if (module, place) == (name, folder):
                        rank = (-1 - i, 0, 0)
            found[path] = name, rank
        return found

    def external_place(self, path):
        """the folder of external modules that a file is found in, or that decides between files in two"""
        found = [i for i, folder in enumerate(self.externals) if path.startswith(folder + '/')]
        return None if not found else found[0] if self.names_external() else found[-1]

    def names_external(self):
        return any('external' in line for line in self.search)

    def choose(self):
        """{module name: the file that counts}"""
        found = collections.defaultdict(list)
        for path, (name, rank) in self.seen().items():
            found[name].append((rank, path.encode(), path))
        return {name: min(candidates)[2] for name, candidates in found.items()}

    def unloadable(self):
        """names of modules in cycles, and of those that need them"""
        owners = {export[0]: name for name, path in self.winners.items() for export in self.files[path].exports}
        strict, needs = {}, {}
        for name, path in self.winners.items():
            imports = self.files[path].imports
            strict[name] = {owners.get(entry[0].removeprefix('.')) for entry in imports if not entry[2]} - {None}
            needs[name] = strict[name] | {owners.get(entry[0].removeprefix('.')) for entry in imports} - {None, name}
        for middle in needs:
            for found in needs.values():
                if middle in found:
                    found |= needs[middle]
        lost = {name for name, found in needs.items() if name in found}
        while True:         # a weak use is none of what is not there
            more = {name for name, found in strict.items() if found & lost} - lost
            if not more:
                return lost
            lost |= more

    def has_unclean_symbols(self):
        return not all(is_clean(entry[0]) for spec in self.files.values() for entry in spec.exports + spec.imports)

    def kernel_symbols(self):
        """texts of a Module.symvers and of a System.map, which know some of what modules use"""
        rng, symvers, system_map = self.rng, ['0x00000001\talways\tvmlinux\tEXPORT_SYMBOL'], ['ffffffff8100000%d r _%s_ksymtab_always' % (i, '_' * i) for i in range(3)]
        used = sorted({entry[0]: entry for spec in self.files.values() for entry in spec.imports if is_clean(entry[0])}.values(), key=repr)
        for name, crc, _, _ in rng.sample(used, len(used) // 2):
            name = name.removeprefix(rng.choice(('.', '_', '')))
            if any('\t%s\t' % name in line for line in symvers):
                continue
            symvers.append('0x%08x\t%s\t%s\tEXPORT_SYMBOL%s\t%s' % (
                crc if crc is not None and rng.random() < .7 else rng.getrandbits(32), name,
                rng.choice(('vmlinux', 'vmlinux', 'vmlinux', 'drivers/x', 'vmlinux.o')), rng.choice(('', '_GPL')), rng.choice(('', 'NS'))))
            system_map.append('ffffffff8%07x %s %s%s' % (rng.getrandbits(28), rng.choice('TrdA'), rng.choice(
                ('__ksymtab_', '__ksymtab_', '__ksymtab_', '___ksymtab_', '__kstrtab_', '', '__crc_')), name))
        return '\n'.join(symvers + ['']), '\n'.join(system_map + [''])

    # Writing

    def write(self, ours, theirs, is_whole=False):
        """below two base directories; returns the two module folders. With is_whole theirs has all tags too."""
        kept = {path for name, path in self.winners.items() if name not in self.lost}
        is_bare = self.rng.random() < .5 or self.is_nested()
        ranks = self.seen()
        by_name = collections.Counter((name, rank) for name, rank in ranks.values())
        externals = collections.Counter(name for path, (name, _) in ranks.items() if path.startswith(EXTERNAL))
        folders = []
        for base in (ours, theirs):
            root = os.path.join(base, 'lib/modules', VERSION)
            os.makedirs(root)
            for path, spec in self.files.items():
                if base == theirs and path not in kept and (path.endswith('.gz') or path in ranks and (
                        is_bare or by_name[ranks[path]] > 1 or ranks[path][0] in self.lost or externals[ranks[path][0]] > 1)):
                    continue
                self.write_file(base, root, path, spec.build(base == theirs, is_whole), base == theirs)
            self.write_lists(root, base == theirs)
            folders.append(root)
        return folders

    def is_nested(self):
        """theirs compares two files by one entry at a time: not by all where one holds the other"""
        words = [each for line in self.search for each in line]
        return any(b.startswith(a + '/') for a in words for b in words) or 'built-in' in words

    @staticmethod
    def write_file(base, root, path, data, is_theirs):
        path = path.replace(EXTERNAL, os.path.join(base, 'external/')) if path.startswith(EXTERNAL) else os.path.join(root, path)
        if is_theirs and path.endswith('.gz'):
            path = path[:-3] + '.xz'
        elif path.endswith('.gz'):
            data = gzip.compress(data, 1, mtime=0)
        elif path.endswith('.xz'):
            data = lzma.compress(data, check=lzma.CHECK_CRC32, preset=0)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(data)

    def write_lists(self, root, is_theirs):
        def put(name, text):
            with open(os.path.join(root, name), 'wb') as file:
                file.write(text.encode('latin-1'))

        if self.order is not None:
            # Of a line that is there twice theirs takes the last.
            text = ''.join(line + '\n' for line in (dict.fromkeys(self.order) if is_theirs else self.order))
            put('modules.order', text[:-1] if self.is_order_cut and not is_theirs else text)
        if self.builtin is not None:
            # A line without a dot: theirs takes its end for a part of the name.
            put('modules.builtin', ''.join(line + ('.\n' if is_theirs and '.' not in os.path.basename(line) else '\n') for line in self.builtin))
        if self.builtin_modinfo is not None:
            put('modules.builtin.modinfo', ''.join('%s.%s=%s\0' % entry for entry in self.builtin_modinfo))

    def in_ours(self, text):
        """a text of the incumbent's, with the paths that ours has"""
        for path in self.winners.values():
            if path.endswith('.gz'):
                before = '/external/' if path.startswith(EXTERNAL) else r'(?:(?<!\S)|%s/)' % re.escape(VERSION)
                path = path[len(EXTERNAL):] if path.startswith(EXTERNAL) else path
                text = re.sub(('(%s%s)xz' % (before, re.escape(path[:-2]))).encode(), rb'\1gz', text)
        return text

    def config_text(self, base):
        return ''.join(line.replace(EXTERNAL, base + '/external/') + '\n' for line in self.config)

    def patterns(self):
        """all that requests can be about"""
        found = [tag.text for path in self.winners.values() for tag in self.files[path].tags if tag.key == 'alias' and is_kept(tag)]
        found += [text for _, key, text in self.builtin_modinfo or () if key == 'alias']
        found += [folded(os.path.basename(path)) for path in list(self.files) + (self.builtin or [])]
        return found + ['symbol:' + export[0] for path in self.winners.values() for export in self.files[path].exports if is_clean(export[0])]
