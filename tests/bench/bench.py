#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""depmod beside Debian's kmod: ratios of wall time and peak memory, all in one run.

usage: bench.py BUILD_DIR KERNELS_DIR [RUNS]
Trees lie on tmpfs (/dev/shm), so that neither disk nor fsync counts; durability has a row of its own.
Runs of what is compared alternate; medians count.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / 'lib'))
import mkmod  # noqa: E402

BUILD, KERNELS = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
RUNS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
DEPMOD, KMOD = str(BUILD / 'bin/depmod'), '/sbin/depmod'
DECOMPRESS = str(BUILD / 'tests/bench/decompress')
CPUS = len(os.sched_getaffinity(0))


def measure(argv):
    """Wall seconds and peak memory (KiB) of one run."""
    start = time.monotonic()
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f'{argv[0]} failed')
    return seconds, usage.ru_maxrss


def compare(commands):
    """Medians of all commands, run in turns."""
    seen = {name: [] for name in commands}
    for argv in commands.values():
        measure(argv)  # warm caches
    for _ in range(RUNS):
        for name, argv in commands.items():
            seen[name].append(measure(argv))
    return {name: (statistics.median(s for s, _ in runs), max(m for _, m in runs)) for name, runs in seen.items()}


def row(what, mine, other, limit=None):
    ratio = mine / other
    print(f'| {what} | {mine:.3f} | {other:.3f} | **{ratio:.2f}** | {limit or "-"} |', flush=True)


def convert(source, target, command):
    shutil.copytree(source, target, symlinks=True)
    files = [str(p) for p in target.rglob('*.ko.xz')]
    for i in range(0, len(files), 200):
        subprocess.run(['xz', '-d', *files[i:i + 200]], check=True)
    if command:
        files = [f[:-3] for f in files]
        for i in range(0, len(files), 200):
            subprocess.run([*command, *files[i:i + 200]], check=True)


def made_tree(base, n):
    """n modules: a tenth export symbols, the others use some of them; each has two aliases."""
    files = {}
    for i in range(n):
        m = mkmod.Module(f'm{i}').modinfo('license', 'GPL').modinfo('alias', f'pci:v{i:08X}d*')
        m.modinfo('alias', f'of:N*T*Cvendor{i % 97},device-{i}')
        if i % 10 == 0:
            for k in range(5):
                m.export(f'fn_{i}_{k}', crc=i + k)
        else:
            for k in range(5):
                m.use(f'fn_{i // 50 * 50 + 10 * k}_{k}' if i // 50 * 50 + 10 * k < n else 'printk')
        files[f'kernel/d{i % 200}/m{i}.ko'] = m.bytes()
    mkmod.write_tree(base, '1.2.3', files, order=list(files), builtin=[], builtin_modinfo=[])


def main():
    version = next(p.name for p in (KERNELS / 'lib/modules').iterdir() if p.name.startswith('6.12'))
    work = Path(tempfile.mkdtemp(dir='/dev/shm', prefix='modsure-bench-'))
    try:
        print(f'{CPUS} CPUs, {RUNS} runs each, medians; Debian {version}\n')
        print('| what (wall seconds) | modsure | beside | ratio | aim |\n|---|---|---|---|---|')
        modules = Path('lib/modules') / version
        source = KERNELS / modules
        xz = work / 'xz'
        shutil.copytree(source, xz / modules, ignore=shutil.ignore_patterns('modules.*.bin', 'modules.dep'))
        convert(xz / modules, work / 'plain' / modules, None)
        convert(xz / modules, work / 'zst' / modules, ['zstd', '-q', '--rm', '-3'])
        memory = {}
        for kind, aim in (('xz', 0.55), ('zst', 0.45), ('plain', 0.40)):
            base = str(work / kind)
            commands = {'kmod': [KMOD, '-b', base, version],
                        'all': [DEPMOD, '-b', base, '-o', str(work / f'out-{kind}'), version],
                        'one': [DEPMOD, '-j1', '-b', base, '-o', str(work / f'out-{kind}'), version]}
            if kind != 'plain':
                files = [str(p) for p in sorted((work / kind).rglob('*.ko.*'), key=lambda p: -p.stat().st_size)]
                commands['floor'] = [DECOMPRESS, str(CPUS), *files]
            t = compare(commands)
            row(f'.ko.{kind}, {CPUS} threads : kmod', t['all'][0], t['kmod'][0], aim)
            row(f'.ko.{kind}, 1 thread : kmod', t['one'][0], t['kmod'][0], 1)
            if 'floor' in t:
                row(f'.ko.{kind}, {CPUS} threads : decompression alone', t['all'][0], t['floor'][0],
                    1.15 if kind == 'xz' else None)
            memory[kind] = (t['all'][1] / 1024, t['kmod'][1] / 1024)
        t = compare({'never': [DEPMOD, '-A', '-b', str(work / 'xz'), '-o', str(work / 'out-xz'), version],
                     'kmod': [KMOD, '-A', '-b', str(work / 'xz'), version]})
        row('-A, up to date : kmod', t['never'][0], t['kmod'][0])
        disk = Path(tempfile.mkdtemp(dir=BUILD, prefix='bench-'))
        t = compare({'disk': [DEPMOD, '-b', str(work / 'plain'), '-o', str(disk), version],
                     'shm': [DEPMOD, '-b', str(work / 'plain'), '-o', str(work / 'out-plain'), version]})
        shutil.rmtree(disk)
        row('durability: output on disk : on tmpfs (plain tree)', t['disk'][0], t['shm'][0])
        for n in (5000, 50000):
            made_tree(str(work / f'made{n}'), n)
        t = compare({n: [DEPMOD, '-b', str(work / f'made{n}'), '1.2.3'] for n in (5000, 50000)})
        row('a module of 50,000 : one of 5,000 (microseconds)', t[50000][0] / 50000 * 1e6,
            t[5000][0] / 5000 * 1e6, 1.2)
        print('\n| what (peak MiB) | modsure | beside | ratio | aim |\n|---|---|---|---|---|')
        for kind, (mine, other) in memory.items():
            row(f'.ko.{kind} : kmod', mine, other, 0.6)
    finally:
        shutil.rmtree(work)


main()
