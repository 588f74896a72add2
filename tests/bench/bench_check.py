#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""modsure check beside our depmod on the same threads: ratios of wall time and peak memory, all in one run.

usage: bench_check.py BUILD_DIR KERNELS_DIR [RUNS]
The tree lies on tmpfs (/dev/shm); runs take turns, medians count. depmod writes its indexes, check reads what it has written.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUILD, KERNELS = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
RUNS = int(sys.argv[3]) if len(sys.argv) > 3 else 5
CPUS = len(os.sched_getaffinity(0))
OUTPUTS = ('modules.dep', 'modules.alias', 'modules.symbols', 'modules.softdep', 'modules.weakdep', 'modules.devname')


def measure(argv):
    """wall seconds and peak memory (MiB) of one run"""
    start = time.monotonic()
    child = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.monotonic() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f'{argv} failed')
    return seconds, usage.ru_maxrss / 1024


def compare(commands):
    """medians of seconds, and the most memory, of all commands, run in turns"""
    seen = {name: [] for name in commands}
    for argv in commands.values():
        measure(argv)  # warm caches
    for _ in range(RUNS):
        for name, argv in commands.items():
            seen[name].append(measure(argv))
    return {name: (statistics.median(s for s, _ in runs), max(m for _, m in runs)) for name, runs in seen.items()}


def row(what, mine, other, limit='-'):
    print(f'| {what} | {mine:.3f} | {other:.3f} | **{mine / other:.2f}** | {limit} |', flush=True)


def main():
    version = next(p.name for p in (KERNELS / 'lib/modules').iterdir() if p.name.startswith('6.12'))
    work = Path(tempfile.mkdtemp(dir='/dev/shm', prefix='modsure-bench-'))
    try:
        folder = work / 'lib/modules' / version
        shutil.copytree(KERNELS / 'lib/modules' / version, folder,
                        ignore=shutil.ignore_patterns('modules.*.bin', 'build', 'source', *OUTPUTS))
        (work / 'boot').mkdir()
        for name in ('vmlinuz-', 'config-'):
            shutil.copy(KERNELS / 'boot' / (name + version), work / 'boot')
        symvers = KERNELS.parent / 'headers/usr/src' / f'linux-headers-{version}' / 'Module.symvers'
        depmod = [str(BUILD / 'bin/depmod'), '-b', str(work), version]
        check = [str(BUILD / 'bin/modsure'), 'check', '-b', str(work), '-k', version, '--fail-on', 'never']
        commands = {'depmod': depmod, 'image': check, 'depmod1': [*depmod[:1], '-j1', *depmod[1:]], 'image1': [*check, '-j1']}
        if symvers.exists():
            commands['symvers'] = [*check, '-E', str(symvers)]
        t = compare(commands)
        print(f'{CPUS} CPUs, {RUNS} runs each, medians; Debian {version}, .ko.xz\n')
        print('| what (wall seconds) | modsure check | depmod | ratio | aim |\n|---|---|---|---|---|')
        row(f"kernel's symbols from its image, {CPUS} threads", t['image'][0], t['depmod'][0], 1.2)
        row('the same, 1 thread', t['image1'][0], t['depmod1'][0], 1.2)
        if 'symvers' in t:
            row(f'from Module.symvers, {CPUS} threads', t['symvers'][0], t['depmod'][0], 1.2)
        print('\n| what (peak MiB) | modsure check | depmod | ratio | aim |\n|---|---|---|---|---|')
        row("kernel's symbols from its image", t['image'][1], t['depmod'][1])
        if 'symvers' in t:
            row('from Module.symvers', t['symvers'][1], t['depmod'][1])
    finally:
        shutil.rmtree(work)


main()
