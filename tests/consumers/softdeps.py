# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a set of modules brings in, worked out from the text files of a modules folder alone.

Independent of any depmod and modprobe: lines are split, names compared. All softdep lines count
here, and words in front of the first `pre:` or `post:` count as pre.
"""

import fnmatch
import glob
import os
import re


def normal(name):
    """a name as modules, aliases and rules are compared: '-' is '_', but not inside brackets"""
    return ''.join(part if part.startswith('[') else part.replace('-', '_')
                   for part in re.split(r'(\[[^]]*\])', name))


def module_name(path):
    return os.path.basename(path).split('.')[0].replace('-', '_')


def _lines(path):
    with open(path) as file:
        return [line.split() for line in file if line.strip() and not line.startswith('#')]


class Tree:
    """The text files of one modules folder (a root's, so its modprobe.d counts too)"""

    def __init__(self, root, version, below='usr/lib/modules'):
        folder = os.path.join(root, below, version)
        self.depends, self.path_of = {}, {}
        for first, *rest in _lines(os.path.join(folder, 'modules.dep')):
            name = module_name(first.rstrip(':'))
            self.path_of[name] = os.path.join(version, first.rstrip(':'))
            self.depends[name] = [module_name(path) for path in rest]
        self.exact, self.patterns = {}, []
        for _, alias, module in _lines(os.path.join(folder, 'modules.alias')):
            alias = normal(alias)
            if re.search(r'[*?[]', alias):
                self.patterns.append((alias, module))
            else:
                self.exact.setdefault(alias, []).append(module)
        self.known = {}
        with open(os.path.join(folder, 'modules.builtin')) as file:
            self.builtin = {module_name(line.strip()) for line in file}
        self.softdeps = {}
        for rules in [os.path.join(folder, 'modules.softdep'), *sorted(
                glob.glob(os.path.join(root, 'usr/lib/modprobe.d/*.conf')))]:
            for words in _lines(rules):
                if words[0] == 'softdep':
                    self.softdeps.setdefault(normal(words[1]), []).append(words[2:])

    def answers(self, word):
        """module names that a name or an alias stands for"""
        word = normal(word)
        if word in self.depends:
            return {word}
        if word not in self.known:
            found = [module for alias, module in self.patterns if fnmatch.fnmatchcase(word, alias)]
            self.known[word] = {module_name(module) for module in found + self.exact.get(word, [])}
        return self.known[word]

    def softdep_words(self, module):
        return [word for line in self.softdeps.get(module, []) for word in line
                if word not in ('pre:', 'post:')]

    def closure(self, modules):
        """@modules and all that they bring in, step by step until nothing is new"""
        found, new = set(), set(modules)
        while new:
            found |= new
            brought = set()
            for module in new:
                brought.update(self.depends[module])
                for word in self.softdep_words(module):
                    brought |= self.answers(word)
            new = brought - found
        return found

    def with_softdeps(self):
        """modules of this kernel that have a softdep line"""
        return sorted(name for name in self.softdeps if name in self.depends)
