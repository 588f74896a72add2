#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several at once: whoever asks is told what is true when the command ends."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../lib')]

import tap  # noqa: E402
import vmcase  # noqa: E402
from vmcase import scenario  # noqa: E402


class AtOnce(vmcase.Guest):
    SMP = 2
    MODULES = ['xfs', 'crc32c_generic']

    @scenario('''
        together 5 modprobe slow
        run modprobe -r slow
        together 5 modprobe -q -- slow
    ''')
    def test_slow_module(self, seen):
        """all five succeed, the module is live at each return, and its init ran once"""
        for run in seen.runs[:5] + seen.runs[6:]:
            self.assertOk(run)
            self.assertLoaded(run, 'slow')
        self.assertEqual(len(seen.runs), 11)
        self.assertEqual(seen.log.count('slow: init'), 2)

    @scenario('''
        together 5 insmod $MODULES/updates/slow.ko
    ''')
    def test_insmod(self, seen):
        """each is told either that it is loaded or that it was there already; it is live in both cases"""
        for run in seen.runs:
            self.assertLoaded(run, 'slow')
            if run.status:
                self.assertFails(run, 'File exists')
        self.assertIn(0, [run.status for run in seen.runs])
        self.assertEqual(seen.log.count('slow: init'), 1)

    @scenario('''
        together 5 modprobe init_fails ms=700 error=5
    ''')
    def test_failing_module(self, seen):
        """all five report the module's own error, not that somebody else was busy with it"""
        for run in seen.runs:
            self.assertFails(run)
            self.assertIn("modprobe: ERROR: could not insert 'init_fails': Input/output error\n", run.err)
            self.assertAbsent(run, 'init_fails')

    @scenario('''
        together 4 modprobe slow_user
    ''')
    def test_slow_dependency(self, seen):
        """what needs a slow module waits for it"""
        for run in seen.runs:
            self.assertOk(run)
            self.assertLoaded(run, 'slow', 'slow_user')
        self.assertEqual(seen.log.count('slow: init'), 1)

    @scenario('''
        modprobe slow ms=0 hold_init=1 &
        until_state slow coming
        run modprobe slow_user &
        run modprobe slow &
        sleep 0.5
        release slow hold_init
        wait
    ''')
    def test_dependency_in_progress(self, seen):
        """somebody else's load of it is as good as ours, and nobody returns before it is live"""
        self.assertEqual(len(seen.runs), 2)
        for run in seen.runs:
            self.assertOk(run)
            self.assertLoaded(run, 'slow')
        self.assertEqual(seen.log.count('slow: init'), 1)

    @scenario('''
        together 6 modprobe xfs
        run modprobe -r xfs
        together 6 modprobe dep_c
        together 6 modprobe -r dep_c
    ''')
    def test_chains(self, seen):
        """of real modules and made ones; the removal of a chain by several leaves nothing and is nobody's failure"""
        for run in seen.runs[:6]:
            self.assertOk(run)
            self.assertLoaded(run, 'xfs')
        self.assertAbsent(seen.runs[6], 'xfs', 'libcrc32c')
        for run in seen.runs[7:13]:
            self.assertOk(run)
            self.assertLoaded(run, 'dep_a', 'dep_b', 'dep_c')
        self.assertEqual(len(seen.runs), 19)
        for run in seen.runs[13:]:
            self.assertIn((run.status, run.signal), ((0, 0), (1, 0)))
            self.assertAbsent(run, 'dep_a', 'dep_b', 'dep_c')

    @scenario('''
        modprobe init_fails ms=1500 error=6 &
        sleep 0.5
        run modprobe init_fails ms=0 error=5
        wait
    ''')
    def test_after_somebody_elses_failure(self, seen):
        """the error told is one of the module's init, and it is no success"""
        self.assertFails(seen.runs[0], 'Input/output error|No such device or address')
        self.assertNotIn('busy', seen.runs[0].err)


if __name__ == '__main__':
    tap.main()
