#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modprobe beside Debian's kmod: a dry run, system calls, and lookups in one process; ratios, all in one run.

usage: bench_modprobe.py BUILD_DIR KERNELS_DIR [RUNS]
"""
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUILD, KERNELS = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
RUNS = int(sys.argv[3]) if len(sys.argv) > 3 else 9
LOOKUPS, CALLS = 100000, 200
MODPROBE, KMOD = str(BUILD / 'bin/modprobe'), '/sbin/modprobe'


def concrete(pattern, rng):
    """a request that the alias pattern matches"""
    def member(match):
        chars = match.group(1)
        return rng.choice(chars if '-' not in chars[1:-1] else [chars[0]])
    text = re.sub(r'\[([^]]+)\]', member, pattern)
    return re.sub(r'[*?]', lambda m: rng.choice('0123456789ABCDEF') if m.group() == '?' else
                  ''.join(rng.choice('0123456789ABCDEF') for _ in range(rng.randrange(5))), text)


def turns(commands, runs):
    """median seconds of callables that take turns"""
    seen = {name: [] for name in commands}
    for call in commands.values():
        call()
    for _ in range(runs):
        for name, call in commands.items():
            start = time.monotonic()
            call()
            seen[name].append(time.monotonic() - start)
    return {name: statistics.median(times) for name, times in seen.items()}


def system_calls(argv, scratch):
    subprocess.run(['strace', '-f', '-o', scratch / 'trace', *argv], check=True, stdout=subprocess.DEVNULL)
    return sum('(' in line and '+++' not in line for line in (scratch / 'trace').read_text().splitlines())


def row(what, mine, other, digits, limit):
    print(f'| {what} | {mine:.{digits}f} | {other:.{digits}f} | **{mine / other:.2f}** | {limit} |', flush=True)


def main():
    version = next(p.name for p in (KERNELS / 'lib/modules').iterdir() if p.name.startswith('6.12'))
    scratch = Path(tempfile.mkdtemp(dir='/dev/shm', prefix='modsure-bench-'))
    tree = scratch / 'lib/modules' / version
    tree.mkdir(parents=True)
    try:
        for name in ('kernel', 'modules.order', 'modules.builtin', 'modules.builtin.modinfo'):
            (tree / name).symlink_to(KERNELS / 'lib/modules' / version / name)
        subprocess.run([BUILD / 'bin/depmod', '-b', scratch, version], check=True)
        words = ['-d', str(scratch), '-S', version, '-n', 'r8169']

        def many(program):
            for _ in range(CALLS):
                subprocess.run([program, *words], check=True)

        print('| what | modsure | kmod | ratio | aim |\n|---|---|---|---|---|')
        t = turns({'mine': lambda: many(MODPROBE), 'kmod': lambda: many(KMOD), 'none': lambda: many('/bin/true')}, RUNS)
        row('dry run of r8169, ms', t['mine'] / CALLS * 1000, t['kmod'] / CALLS * 1000, 2, '0.55')
        row('the same without what starting a process takes here (/bin/true), ms', (t['mine'] - t['none']) / CALLS * 1000,
            (t['kmod'] - t['none']) / CALLS * 1000, 2, '-')
        row('system calls of it', system_calls([MODPROBE, *words], scratch), system_calls([KMOD, *words], scratch), 0,
            '70 in all')
        rng = random.Random(1)
        patterns = [line.split()[1] for line in (tree / 'modules.alias').read_text().splitlines() if line[0] != '#']
        requests = '\n'.join(concrete(rng.choice(patterns), rng) for _ in range(LOOKUPS)) + '\n'
        answers = {}

        def look_up(program):
            done = subprocess.run([BUILD / 'tests/bench' / program, scratch, version], input=requests.encode(), check=True,
                                  stdout=subprocess.PIPE)
            answers[program] = done.stdout

        t = turns({p: lambda p=p: look_up(p) for p in ('lookups', 'lookups-libkmod')}, RUNS)
        row(f'{LOOKUPS} alias lookups in one process, thousands a second', LOOKUPS / t['lookups'] / 1000,
            LOOKUPS / t['lookups-libkmod'] / 1000, 0, 'at least 3')
        print('\nanswers: ' + ', '.join(f'{p}: {text.decode().strip()}' for p, text in answers.items()))
    finally:
        shutil.rmtree(scratch)


main()
