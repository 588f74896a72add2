# SPDX-License-Identifier: LGPL-2.1-or-later
"""Random lines of modprobe.d for a World, and what the incumbent has to be told instead of soft dependencies."""

import fnmatch

from randomwords import pattern

PATTERNS = ('a*', '[ab]*', '0?', 'A?')
OPTIONS = ('a=1', 'b=2 c', 'd="x y"', 'e=1,2\tf=3', 'a=\\ b', 'g=  h')
COMMANDS = ('/bin/true', 'echo  two  blanks', 'echo $CMDLINE_OPTS x', 'modprobe -i a')
ODD_LINES = ('# alias a b', '', 'alias', 'options', 'softdep', 'blacklist', 'nonsense a', 'include x', 'alias a[b m',
             'install a', 'options a', 'alias a \\\n b', '\toptions a  tab=1', '#alias a b')


class Rules:
    """lines of modprobe.d, with soft dependencies or with commands: theirs does not run commands of what has any"""

    def __init__(self, world):
        self.world, self.rng = world, world.rng
        self.modules = list(world.winners)
        self.names = self.modules + world.builtin_names() + ['absent']
        self.has_soft = self.rng.random() < .5
        # Soft dependencies on aliases heed the blacklist, but in theirs.
        kinds = ['alias', 'alias', 'options', 'options', 'odd']
        kinds += ['softdep'] * 3 if self.has_soft else ['command', 'command', 'blacklist']
        self.lines = [getattr(self, 'draw_' + self.rng.choice(kinds))() for _ in range(self.rng.choice((0, 2, 5, 12)))]

    def name(self):
        return self.rng.choice(self.names).replace('_', self.rng.choice('_-'))

    def draw_alias(self):
        wanted = ''.join(pattern(self.rng).split()) if self.rng.random() < .7 else self.name()
        return 'alias %s %s' % (wanted, self.name())

    def draw_blacklist(self):
        return 'blacklist ' + self.name()

    def draw_options(self):
        return 'options %s %s' % (self.name(), self.rng.choice(OPTIONS))

    def draw_command(self):
        # Of modules alone: the name of a rule is a request too, and -D of theirs puts it before what is built in.
        name = self.rng.choice(self.modules) if self.modules and self.rng.random() < .8 else self.rng.choice(PATTERNS)
        return '%s %s %s' % (self.rng.choice(('install', 'remove')), name, self.rng.choice(COMMANDS))

    def draw_softdep(self):
        name = self.name() if self.rng.random() < .8 else self.rng.choice(PATTERNS + ('x*',))
        words = [self.rng.choice((' pre: ', ' post: ', ' pre: ', ' ')) + self.name()
                 for _ in range(self.rng.choice((0, 1, 1, 2, 3)))]
        return 'softdep %s%s' % (name, ''.join(words))

    def draw_odd(self):
        return self.rng.choice(ODD_LINES)

    def for_theirs(self):
        """the same with a line a module of all soft dependencies: theirs heeds one line, and no word before "pre:" """
        lines = [line for line in self.lines if not line.startswith('softdep ')]
        return lines + [line for line in map(self.merged, self.modules) if line] if self.has_soft else lines

    def merged(self, name):
        said = self.world.files[self.world.winners[name]].values('softdep')
        for line in self.lines:
            words = line.split()
            if words[:1] == ['softdep'] and fnmatch.fnmatchcase(name, words[1].replace('-', '_') if words[1:] else ''):
                said = said + [' '.join(words[2:])] if set(words[2:]) - {'pre:', 'post:'} else []
        phases = {'pre:': [], 'post:': []}
        for text in said:
            phase = 'pre:'
            for each in text.split():
                if each in phases:
                    phase = each
                else:
                    phases[phase].append(each)
        parts = [' '.join([phase, *words]) for phase, words in phases.items() if words]
        return 'softdep %s %s' % (name, ' '.join(parts)) if parts else ''

    def mixes_options(self):
        """theirs takes options of a rule's pattern and of a soft dependency's alias too; ours of what was requested"""
        return self.has_soft or any(line.startswith('alias ') and set('*?[') & set(line) for line in self.lines)

    def patterns(self):
        """what requests can be about"""
        return [line.split()[1] for line in self.lines if len(line.split()) > 1]
