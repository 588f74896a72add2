# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random systems: a module tree, its lists and depmod.d; for the incumbent, less what it does otherwise.

    world = World(random.Random(seed))
    ours, theirs = world.write(base, other_base)    # the module folders

Ours gets everything: odd bytes, damaged files, cycles, all encodings, several files of one name. Theirs gets what
ours has to make of it by doc/formats/depmod.md (the table of differences), so both have to write the same. Which
file of a name counts, and which modules can't be loaded, is said by a model here.
"""

import collections
import gzip
import lzma
import os
import re

from randomwords import FAKE_SYMBOLS, UNCLEAN, Export, Import, Spec, folded, is_clean, module_name, pattern, word

VERSION = '6.1.0-test'
EXTERNAL = '/{base}/external/'      # in paths and lines: replaced by where the tree is

FOLDERS = ('kernel', 'kernel', 'kernel/fs', 'kernel/drivers/net', 'updates', 'updates/dkms', 'updates/dkms/x', 'extra',
           'weak-updates', 'updates-old', 'Other+1', '.dot', '')
PASSED_OVER = ('build', 'source', 'kernel/build', 'extra/source/x')
EXTENSIONS = ('.ko',) * 6 + ('.ko.xz',) * 2 + ('.ko.gz', '.ko.zst')
SEARCHED = ('updates', 'updates/dkms', 'extra', 'kernel', 'kernel/drivers', 'weak-updates', 'built-in', 'external',
            'absent', 'kernel/fs', 'Other+1')
ORDER_LINES = ('', 'kernel/absent.ko', 'kernel/a.ko.xz', ' kernel/a.ko', './kernel/a.ko', 'a', 'kernel//a.ko', '#')
BUILTIN_FOLDERS = ('kernel/', 'kernel/x/', 'k.d/', '', '', '/', '1', ' ')
BUILTIN_KEYS = ('alias', 'alias', 'alias', 'license', 'parm', 'parmtype', 'aliases')
BUILTIN_VALUES = ('GPL', 'p:text', 'p:int', '', 'x=y.z')
CONFIG_LINES = ('# search kernel', '', '  ', 'make_map_files no', 'include /nowhere', 'frobnicate x',
                'override a', 'search')


class World:
    """files: {path below the module folder, or EXTERNAL...: Spec}; winners: {module name: the path that
    counts}; lost: names of modules that can't be loaded. Without is_hostile nothing is damaged or unclean, and nothing
    built in has a file too."""

    def __init__(self, rng, is_hostile=True):
        self.rng, self.is_hostile = rng, is_hostile
        self.files = {}
        self.draw_files()
        self.draw_symbols()
        for spec in self.files.values():
            spec.draw_tags(rng, is_hostile)
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
                path = os.path.join(folder, name + rng.choice(EXTENSIONS))
                self.files[path] = Spec(rng, self.is_hostile and rng.random() < .01)

    def draw_symbols(self):
        """a module uses what those before it export, and now and then, for a cycle, what one behind it does"""
        rng, symbols = self.rng, []
        self.has_crcs = rng.random() < .7
        # One symbol of several modules: then half of them export, and the others use.
        can_repeat = rng.random() < .5
        specs = list(self.files.values())
        rng.shuffle(specs)
        for i, spec in enumerate(specs):
            is_second_half = i >= len(specs) // 2
            if is_second_half or not can_repeat:
                for name in rng.sample(symbols, min(len(symbols), rng.choice((0, 1, 2, 5)))):
                    self.draw_import(spec, name)
            if rng.random() < .3:
                self.draw_import(spec, rng.choice(('printk', 'kmalloc', 'absent', '.absent', '_printk') + FAKE_SYMBOLS))
            if not is_second_half or not can_repeat:
                self.draw_exports(spec, symbols, can_repeat)
        if not can_repeat and self.is_hostile and rng.random() < .2:
            ends = rng.choices(specs, k=2)
            for user, owner in (ends, ends[::-1]):
                for export in owner.exports[:1]:
                    self.draw_import(user, export.name)

    def draw_exports(self, spec, symbols, can_repeat):
        rng = self.rng
        for _ in range(rng.choice((0, 0, 1, 2, 4))):
            name = 's' + word(rng, 4).replace('-', '_')
            name += rng.choice(UNCLEAN) if self.is_hostile and rng.random() < .01 else ''
            taken = [export.name for export in spec.exports] + [entry.name.removeprefix('.') for entry in spec.imports]
            if name not in taken and (can_repeat or name not in symbols):
                crc = rng.choice((0, 1, rng.getrandbits(32))) if self.has_crcs else None
                spec.exports.append(Export(name, crc, rng.random() < .5, rng.choice((None, None, 'NS', 'a'))))
                symbols.append(name)

    def draw_import(self, spec, name):
        rng = self.rng
        crc = rng.choice((1, rng.getrandbits(32))) if self.has_crcs and rng.random() < .8 else None
        is_version_only = crc is not None and rng.random() < .1
        if rng.random() < .05 and not is_version_only:
            name = '.' + name
        if all(name != entry.name for entry in spec.imports):
            spec.imports.append(Import(name, crc, not is_version_only and rng.random() < .2, is_version_only))

    def draw_lists(self):
        rng = self.rng
        # Theirs knows no file with a further dot from a line of modules.order.
        lines = [re.sub(r'\.ko.*', '.ko', path) for path in self.files
                 if '.' not in os.path.basename(path).split('.ko')[0]]
        rng.shuffle(lines)
        lines = lines[:rng.choice((0, len(lines) // 2, len(lines)))] + rng.sample(ORDER_LINES, rng.choice((0, 0, 2)))
        rng.shuffle(lines)
        self.order = None if rng.random() < .1 else lines
        self.is_order_cut = rng.random() < .1       # the last line has no newline
        self.builtin = None if rng.random() < .1 else [
            rng.choice(BUILTIN_FOLDERS) + self.builtin_name() + rng.choice(('.ko', '.ko', '.ko', '', '.ko.xz'))
            for _ in range(rng.choice((0, 2, 9)))]
        # As a kernel's build does: all of one module together.
        tags = sorted((self.builtin_tag() for _ in range(rng.choice((0, 3, 12)))), key=lambda tag: tag[0])
        if not self.is_hostile:
            # Modinfo of theirs reads the indexes otherwise than its library: of equal answers it shows the last first.
            tags = [tag for i, tag in enumerate(tags) if tag[1] != 'alias' or i == 0]
        self.builtin_modinfo = None if rng.random() < .1 else tags

    def builtin_name(self):
        return ('' if self.is_hostile else 'in') + module_name(self.rng)

    def builtin_names(self):
        return [folded(os.path.basename(line)) for line in self.builtin or ()]

    def builtin_tag(self):
        rng = self.rng
        name = folded(rng.choice((self.builtin_name(), 'in' + word(rng), 'in_side')))
        return name, rng.choice(BUILTIN_KEYS), rng.choice((pattern(rng, False), word(rng)) + BUILTIN_VALUES)

    def draw_config(self):
        """depmod.d: the lines, and what they mean"""
        self.config, self.search, self.overrides, self.externals, self.excluded = [], [], [], [], []
        for _ in range(self.rng.choice((0, 0, 1, 2, 4))):
            kind = self.rng.choice(('search', 'search', 'override', 'override', 'external', 'exclude', 'odd'))
            getattr(self, 'draw_' + kind)()

    def draw_search(self):
        words = self.rng.sample(SEARCHED, self.rng.randint(1, 5))
        self.search.append(words)
        between = self.rng.choice((' ', '  ', '\t', ' \\\n '))
        self.config.append('search ' + between.join(words) + self.rng.choice(('', ' ')))

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
        self.config.append('override %s %s %s' % (name, version, folder))

    def draw_external(self):
        folder = EXTERNAL + self.rng.choice(('one', 'two', 'two/sub', 'gone'))
        version = self.rng.choice(('*', '*', '^6', '^5'))
        if version != '^5':
            self.externals.append(folder)
        self.config.append('external %s %s' % (version, folder))

    def draw_exclude(self):
        parts = self.rng.choice([path for path in self.files if not path.startswith(EXTERNAL)] or ['x']).split('/')
        names = [self.rng.choice(parts), self.rng.choice(('fs', 'x', 'absent', 'dkms', 'kernel/fs', 'a.ko'))]
        if '.ko.' in names[0]:      # theirs has another name for it
            return
        self.excluded += names
        self.config.append('exclude ' + ' '.join(names))

    def draw_odd(self):
        self.config.append(self.rng.choice(CONFIG_LINES))

    # What follows

    def seen(self):
        """{path: (module name, rank)} of the files that depmod looks at; the lower rank counts"""
        words = [each for line in self.search for each in line] if self.search else ['updates']
        rank_of = {}
        for rank, each in enumerate(words):
            rank_of.setdefault(each, rank)
        passed_over = set(self.excluded + ['build', 'source'])
        found = {}
        for path in self.files:
            place = self.external_place(path) if path.startswith(EXTERNAL) else None
            if path.startswith(EXTERNAL) and place is None:
                continue
            # A folder of external modules is entered whatever its own name is.
            below = path if place is None else path[len(self.externals[place]) + 1:]
            name = folded(os.path.basename(path))
            if name and not passed_over & set(below.split('/')):
                found[path] = name, self.rank(path, name, place, rank_of)
        return found

    def rank(self, path, name, place, rank_of):
        last = 1 + max(rank_of.values())
        if place is not None:
            # The first folder counts where a search line names them, and else the last one.
            fallback = rank_of.get('built-in', last)
            return 0, rank_of.get('external', fallback), place if self.names_external() else len(self.externals) - place
        folder = os.path.dirname(path)
        for i, override in reversed(list(enumerate(self.overrides))):
            if override == (name, folder):      # the last line goes first
                return -1 - i, 0, 0
        fitting = [rank for each, rank in rank_of.items() if (folder + '/').startswith(each + '/')]
        return 0, min(fitting, default=rank_of.get('built-in', last)), -1

    def external_place(self, path):
        """the folder of external modules by which a file is found, and that decides between files in two of them"""
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
        """names of damaged modules, of those in cycles, and of those that need these"""
        whole = {name: self.files[path] for name, path in self.winners.items() if self.files[path].damage is None}
        owners = {export.name: name for name, spec in whole.items() for export in spec.exports}
        strict, needs = {}, {}
        for name, spec in whole.items():
            needed = [(owners.get(entry.name.removeprefix('.')), entry.is_weak) for entry in spec.imports]
            strict[name] = {owner for owner, is_weak in needed if not is_weak} - {None}
            needs[name] = strict[name] | {owner for owner, _ in needed} - {None, name}
        for middle in needs:
            for found in needs.values():
                if middle in found:
                    found |= needs[middle]
        lost = {name for name, found in needs.items() if name in found}
        while True:         # a weak use is none of what is not there
            more = {name for name, found in strict.items() if found & lost} - lost
            if not more:
                return lost | set(self.winners) - set(whole)
            lost |= more

    def has_unclean_symbols(self):
        return not all(is_clean(entry.name) for spec in self.files.values() for entry in spec.exports + spec.imports)

    def patterns(self):
        """all that requests can be about"""
        found = [text for _, key, text in self.builtin_modinfo or () if key == 'alias']
        found += [folded(os.path.basename(path)) for path in self.files] + self.builtin_names()
        for path in self.winners.values():
            spec = self.files[path]
            found += spec.values('alias')
            found += ['symbol:' + export.name for export in spec.exports if is_clean(export.name)]
        return found

    # Writing

    def write(self, ours, theirs, is_whole=False):
        """below two base directories; returns the two module folders. With is_whole theirs has all tags too."""
        not_theirs = self.not_theirs()
        folders = []
        for base in (ours, theirs):
            is_theirs = base == theirs
            folders.append(os.path.join(base, 'lib/modules', VERSION))
            os.makedirs(folders[-1])
            for path, spec in self.files.items():
                if not is_theirs or path not in not_theirs:
                    self.write_file(base, path, spec.build(is_theirs, is_whole), is_theirs)
            self.write_lists(folders[-1], is_theirs)
        return folders

    def not_theirs(self):
        """paths of files that would keep theirs from doing what ours has to do"""
        ranks = self.seen()
        n_equal = collections.Counter(ranks.values())
        n_external = collections.Counter(name for path, (name, _) in ranks.items() if path.startswith(EXTERNAL))
        # Theirs compares two files by one word of a search line at a time, not by all where one holds the other.
        words = [each for line in self.search for each in line]
        is_nested = 'built-in' in words or any(b.startswith(a + '/') for a in words for b in words)
        has_winners_only = is_nested or self.rng.random() < .5
        found = set()
        for path in self.files:
            name, rank = ranks.get(path, (None, None))
            if name in self.lost or self.files[path].damage is not None:
                found.add(path)
            elif self.winners.get(name) != path:
                # Of two in folders of external modules it overruns memory.
                is_trouble = path.endswith('.gz') or n_equal[name, rank] > 1 or n_external[name] > 1
                if is_trouble or name and has_winners_only:
                    found.add(path)
        return found

    @staticmethod
    def write_file(base, path, data, is_theirs):
        if path.startswith(EXTERNAL):
            path = path.replace(EXTERNAL, base + '/external/')
        else:
            path = os.path.join(base, 'lib/modules', VERSION, path)
        if is_theirs and path.endswith('.gz'):      # Debian's is built without; the contents tell
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
            put('modules.builtin', ''.join(line + '.' * (is_theirs and '.' not in os.path.basename(line)) + '\n'
                                           for line in self.builtin))
        if self.builtin_modinfo is not None:
            put('modules.builtin.modinfo', ''.join('%s.%s=%s\0' % entry for entry in self.builtin_modinfo))

    def in_ours(self, text):
        """a text of the incumbent's, with the paths that ours has"""
        for path in self.winners.values():
            if path.endswith('.gz'):
                before = '/external/' if path.startswith(EXTERNAL) else r'(?:(?<!\S)|%s/)' % re.escape(VERSION)
                path = path.removeprefix(EXTERNAL)
                text = re.sub(('(%s%s)xz' % (before, re.escape(path[:-2]))).encode(), rb'\1gz', text)
        return text

    def config_text(self, base):
        return ''.join(line.replace(EXTERNAL, base + '/external/') + '\n' for line in self.config)

    def kernel_symbols(self):
        """texts of a Module.symvers and of a System.map, which know some of what modules use"""
        rng = self.rng
        # Ours does without a map that has no exports: with -P the prefix stands before all names.
        symvers = {'always': '0x00000001\talways\tvmlinux\tEXPORT_SYMBOL\n'}
        system_map = ['ffffffff8100000%d r _%s_ksymtab_always\n' % (i, '_' * i) for i in range(3)]
        used = {entry.name: entry for spec in self.files.values() for entry in spec.imports if is_clean(entry.name)}
        for entry in rng.sample(sorted(used.values(), key=repr), len(used) // 2):
            name = entry.name.removeprefix(rng.choice(('.', '_', '')))
            crc = entry.crc if entry.crc is not None and rng.random() < .7 else rng.getrandbits(32)
            owner = rng.choice(('vmlinux', 'vmlinux', 'vmlinux', 'drivers/x', 'vmlinux.o'))
            symvers[name] = '0x%08x\t%s\t%s\tEXPORT_SYMBOL%s\t%s\n' % (crc, name, owner, rng.choice(('', '_GPL')),
                                                                     rng.choice(('', 'NS')))
            before = rng.choice(('__ksymtab_', '__ksymtab_', '__ksymtab_', '___ksymtab_', '__kstrtab_', '', '__crc_'))
            system_map.append('ffffffff8%07x %s %s%s\n' % (rng.getrandbits(28), rng.choice('TrdA'), before, name))
        return ''.join(symvers.values()), ''.join(system_map)
