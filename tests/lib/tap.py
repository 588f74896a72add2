# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the unittest.TestCase classes of the calling script and prints TAP version 14.

The plan comes first, then a line a test in the order of the source, diagnostics behind a '#'. The
exit status is 1 when a test failed; a skipped test did not test anything, so it counts as failed.
Arguments are parts of test names; with any, only the tests that hold one of them run.

MODSURE_BIN names a directory with the commands under test (depmod, modinfo, ...), MODSURE_KERNELS
one with unpacked Debian kernel packages (lib/modules/VERSION, boot/...).
"""

import inspect
import os
import sys
import unittest


def command(name):
    """path of a command under test"""
    return os.path.join(_folder('MODSURE_BIN'), name)


def kernels():
    """[(version, folder)] of the real kernels, oldest first"""
    modules = os.path.join(_folder('MODSURE_KERNELS'), 'lib/modules')
    def number(version):
        return [int(part) for part in version.split('-')[0].split('+')[0].split('.')]
    return [(version, os.path.join(modules, version)) for version in sorted(os.listdir(modules), key=number)]


def _folder(variable):
    path = os.environ.get(variable, '')
    if not os.path.isdir(path):
        sys.exit('Bail out! %s must name a directory, it is %r' % (variable, path))
    return os.path.abspath(path)


class _Result(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.number, self.n_failed = 0, 0
        self.reasons = []

    def startTest(self, test):
        super().startTest(test)
        self.reasons = []

    def addFailure(self, test, err):
        self.reasons.append(self._exc_info_to_string(err, test))

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        if err:
            self.reasons.append('%s\n%s' % (subtest, self._exc_info_to_string(err, test)))

    def addSkip(self, test, reason):
        self.reasons.append('skipped: ' + reason)

    def addUnexpectedSuccess(self, test):
        self.reasons.append('unexpected success')

    def stopTest(self, test):
        super().stopTest(test)
        self.report(name_of(test))
        self.reasons = []

    def report(self, name):
        self.number += 1
        self.n_failed += bool(self.reasons)
        print('%s %d - %s' % ('not ok' if self.reasons else 'ok', self.number, name))
        for reason in self.reasons:
            for line in reason.rstrip('\n').split('\n'):
                print('# ' + line)
        sys.stdout.flush()


def name_of(test):
    method = getattr(test, '_testMethodName', None)
    if method is None:
        return str(test)
    doc = (getattr(test, method).__doc__ or '').strip().split('\n')[0]
    name = '%s.%s' % (type(test).__name__, method)
    return ('%s: %s' % (name, doc) if doc else name).replace('#', '\\#')


def _tests(module, wanted):
    loader = unittest.TestLoader()
    classes = [value for value in vars(module).values()
               if isinstance(value, type) and issubclass(value, unittest.TestCase)
               and value.__module__ == module.__name__]
    for case in sorted(classes, key=lambda case: inspect.getsourcelines(case)[1]):
        names = [name for name in loader.getTestCaseNames(case)
                 if not wanted or any(part in '%s.%s' % (case.__name__, name) for part in wanted)]
        names.sort(key=lambda name: inspect.unwrap(getattr(case, name)).__code__.co_firstlineno)
        if names:
            yield case, [case(name) for name in names]


def main():
    sys.stdout.reconfigure(errors='backslashreplace')
    result = _Result()
    groups = list(_tests(sys.modules['__main__'], sys.argv[1:]))
    print('TAP version 14')
    print('1..%d' % sum(len(tests) for _, tests in groups))
    for _, tests in groups:
        before = result.number
        unittest.TestSuite(tests).run(result)
        # setUpClass failed: none of the tests ran, and each of them stands in the plan.
        missing = tests[result.number - before:]
        for test in missing:
            result.report(name_of(test))
        if result.reasons and not missing:      # tearDownClass failed: no test to blame
            print('\n'.join('# ' + line for line in result.reasons[0].split('\n')))
            result.n_failed += 1
        result.reasons = []
    sys.exit(1 if result.n_failed or not result.number else 0)
