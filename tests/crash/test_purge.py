#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Purging a Debian kernel package leaves no modules folder behind, whatever our depmod wrote there.

dpkg installs and purges small packages in a scratch root: the control scripts and the names of
files are those of the real kernel packages, looked up as linux-image-*.deb in $MODSURE_KERNELS.
The root has the machine's programs (bind mounts in a mount namespace of its own).
6.12's scripts call linux-run-hooks: that of linux-base*.deb in the same folder, when there is one,
and in any case one of ours that does what the real one is documented to do.
"""

import glob
import os
import re
import shutil
import unittest

import crashlib
from crashlib import Folder, describe, injected, mkmod, tap

HERE = os.path.dirname(os.path.abspath(__file__))
HOOK = os.path.join(HERE, '../../dist/kernel/postrm.d/modsure')
IN_NAMESPACE = ['unshare', '-m'] if os.geteuid() == 0 else ['unshare', '-rm']

RUN_HOOKS = '''#!/bin/sh
# linux-run-hooks image SCRIPT VERSION IMAGE -- PARAMS...
script=$2 version=$3 image=$4
shift 5
[ -d "/etc/kernel/$script.d" ] || exit 0
export DEB_MAINT_PARAMS="$*"
exec run-parts --report --exit-on-error --arg="$version" --arg="$image" "/etc/kernel/$script.d"
'''


def packages():
    """[(path of the package, its kernel's version)]"""
    folder = os.environ.get('MODSURE_KERNELS', '')
    found = sorted(glob.glob(os.path.join(folder, 'linux-image-[0-9]*.deb')))
    if len(found) < 2:
        raise AssertionError('MODSURE_KERNELS=%s has %d of two kernel packages' % (
            folder, len(found)))
    return [(path, re.match(r'linux-image-(.*?)_', os.path.basename(path)).group(1))
            for path in found]


def linux_bases():
    folder = os.environ.get('MODSURE_KERNELS', '')
    return [None, *sorted(glob.glob(os.path.join(folder, 'linux-base_*.deb')))]


def run(*argv):
    done = crashlib.run(argv)
    if done.returncode:
        raise AssertionError(describe(done))
    return done


class Root:
    """A scratch root directory with dpkg's database and a kernel package in it"""

    def __init__(self, path, package, linux_base=None, hook=True):
        self.path, (self.package, self.version) = path, package
        self.name = 'linux-image-' + self.version
        self.folder = os.path.join(path, 'usr/lib/modules', self.version)
        libraries = glob.glob('/usr/lib/*-linux-gnu*') + glob.glob('/usr/lib64')
        self.binds = ['dev', 'usr/bin', 'usr/sbin', 'usr/share',
                      *(folder.lstrip('/') for folder in libraries)]
        for folder in [*self.binds, 'tmp', 'boot', 'etc/kernel/postrm.d', 'usr/local/bin',
                       'var/lib/dpkg/info', 'var/lib/dpkg/updates']:
            os.makedirs(os.path.join(path, folder))
        for link in 'bin', 'sbin', 'lib', 'lib64':
            os.symlink('usr/' + link, os.path.join(path, link))
        for file in 'status', 'available':
            self.write('var/lib/dpkg/' + file, '')
        if hook:
            shutil.copy(HOOK, os.path.join(path, 'etc/kernel/postrm.d'))
        if linux_base:
            with Folder() as unpacked:
                run('dpkg-deb', '-x', linux_base, unpacked)
                shutil.copytree(os.path.join(unpacked, 'usr'), os.path.join(path, 'usr/local'),
                                dirs_exist_ok=True)
        else:
            self.write('usr/local/bin/linux-run-hooks', RUN_HOOKS, 0o755)
            self.write('usr/local/bin/linux-update-symlinks', '#!/bin/sh\n', 0o755)
        # The removal of a running kernel is another matter.
        self.write('usr/local/bin/linux-check-removal', '#!/bin/sh\n', 0o755)

    def write(self, path, text, mode=0o644):
        with open(os.path.join(self.path, path), 'w') as file:
            file.write(text)
        os.chmod(os.path.join(self.path, path), mode)

    def inside(self, program, *args):
        """run @program with the machine's programs mounted; dpkg runs scripts in the root itself"""
        script = '''
            for dir in $binds; do mount -o bind,ro "/$dir" "$root/$dir" || exit 99; done
            exec "$@"'''
        return crashlib.run([*IN_NAMESPACE, 'env',
                             'root=' + self.path, 'binds=' + ' '.join(self.binds),
                             'PERL5LIB=/usr/local/share/perl5',
                             'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
                             'sh', '-c', script, 'sh', program, *args])

    def dpkg(self, *args):
        log = os.path.join(self.path, 'dpkg.log')
        done = self.inside('dpkg', '--root=' + self.path, '--log=' + log, *args)
        if done.returncode:
            raise AssertionError('%s\n%s' % (describe(done), done.stdout))
        return done

    def install(self, release='1'):
        """a package of that name with the real one's removal scripts and a few of its modules"""
        with Folder() as build:
            control = os.path.join(build, 'control')
            run('dpkg-deb', '-e', self.package, control)
            with open(os.path.join(control, 'md5sums')) as file:
                names = [line.split(None, 1)[1].strip() for line in file]
            prefix = 'lib/modules/%s/' % self.version
            names = [name[len(prefix):] for name in names if name.startswith(prefix)]
            modules = [name for name in names if '.ko' in name]
            others = set(names) - set(modules)
            if others != {'modules.order', 'modules.builtin', 'modules.builtin.modinfo'}:
                raise AssertionError('the package has %s' % sorted(others))

            tree = os.path.join(build, 'tree')
            files = dict(zip(modules[::len(modules) // 4], crashlib.modules_of('A')[0].values()))
            mkmod.write_tree(tree, self.version, files, order=True, builtin=['kernel/bold.ko'],
                             builtin_modinfo=[('bold', 'alias', 'of:N*C')])
            os.mkdir(os.path.join(tree, 'DEBIAN'))
            with open(os.path.join(tree, 'DEBIAN/control'), 'w') as file:
                file.write('Package: %s\nVersion: %s\nArchitecture: %s\n'
                           'Maintainer: Nobody <nobody@example.org>\n'
                           'Description: removal scripts of a kernel\n' % (
                               self.name, release,
                               run('dpkg', '--print-architecture').stdout.strip()))
            for script in 'prerm', 'postrm':
                shutil.copy(os.path.join(control, script), os.path.join(tree, 'DEBIAN'))
            package = os.path.join(build, 'kernel.deb')
            run('dpkg-deb', '--root-owner-group', '-Znone', '-b', tree, package)
            self.dpkg('--install', package)

    def depmod(self, before=()):
        return crashlib.run([*before, tap.command('depmod'), '-j1', '-b', self.path, self.version])

    def index(self):
        done = self.depmod()
        if done.returncode:
            raise AssertionError(describe(done))
        return self.indexes()

    def indexes(self):
        return {name: crashlib.read(os.path.join(self.folder, name)) for name in crashlib.FILES}

    def left(self):
        """what stands in the modules folder; None when there is none"""
        return sorted(os.listdir(self.folder)) if os.path.isdir(self.folder) else None


class Purge(unittest.TestCase):
    def each(self, check, **kind):
        """check(root) of each kernel package, installed, with each linux-base"""
        for package in packages():
            for linux_base in linux_bases():
                with self.subTest(package=package[1], linux_base=linux_base), Folder() as path:
                    root = Root(path, package, linux_base, **kind)
                    root.install()
                    check(root)

    def test_purge(self):
        """indexed by our depmod, then purged: the folder is gone"""
        def check(root):
            self.assertNotIn(None, root.index().values())
            done = root.dpkg('--purge', root.name)
            self.assertIsNone(root.left(), describe(done))
            self.assertNotIn('rmdir', done.stderr)
        self.each(check)

    def test_purge_after_kill(self):
        """a killed depmod left staged files and a mixed set: the folder is gone all the same"""
        def check(root):
            renames = 'rename,renameat,renameat2'
            done = root.depmod(before=injected(renames, 'signal=KILL', 6))
            self.assertTrue(crashlib.died_of(done, 9), describe(done))
            leftovers = [name for name in root.left() if name not in crashlib.FILES
                         and crashlib.file_meant(name)]
            self.assertTrue(leftovers)
            done = root.dpkg('--purge', root.name)
            self.assertIsNone(root.left(), describe(done))
        self.each(check)

    def test_remove_then_purge(self):
        """removed only: each index stays as it is; purged later: the folder is gone"""
        def check(root):
            before = root.index()
            root.dpkg('--remove', root.name)
            self.assertEqual(root.indexes(), before)
            self.assertEqual(root.left(), sorted(crashlib.FILES))
            root.dpkg('--purge', root.name)
            self.assertIsNone(root.left())
        self.each(check)

    def test_upgrade(self):
        """upgraded: each index stays as it is"""
        def check(root):
            before = root.index()
            root.install(release='2')
            self.assertEqual(root.indexes(), before)
        self.each(check)

    def test_without_the_hook(self):
        """what the hook is for: kernels that know no modules.weakdep would keep the folder"""
        def check(root):
            root.index()
            root.dpkg('--purge', root.name)
            knows = 'modules.weakdep' in run('dpkg-deb', '-I', root.package, 'postrm').stdout
            self.assertEqual(root.left(), None if knows else ['modules.weakdep'])
        self.each(check, hook=False)


class Hook(unittest.TestCase):
    """the hook alone"""

    def setUp(self):
        self.scratch = Folder()
        self.root = Root(self.scratch.__enter__(), packages()[0])
        self.addCleanup(self.scratch.__exit__)
        os.makedirs(self.root.folder)
        for name in crashlib.FILES:
            self.root.write(os.path.join(self.root.folder, name), name)

    def hook(self, params, *args):
        done = self.root.inside('chroot', self.root.path, 'env', 'DEB_MAINT_PARAMS=' + params,
                                '/etc/kernel/postrm.d/modsure', *args)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, '', ''))
        return set(crashlib.FILES) - set(self.root.left())

    def test_purge(self):
        args = 'purge', self.root.version, '/boot/vmlinuz-' + self.root.version
        self.assertEqual(self.hook(*args), {'modules.weakdep'})
        self.assertEqual(self.hook(*args), {'modules.weakdep'}, 'again: nothing to do is no error')

    def test_purge_without_a_folder(self):
        self.assertEqual(self.hook('purge', '1.2.3-none', '/boot/vmlinuz-1.2.3-none'), set())

    def test_anything_else(self):
        """remove, upgrade and failures: nothing is touched"""
        for params in ('', 'remove', 'upgrade 6.1.2-1', 'failed-upgrade 1', 'abort-install',
                       'abort-upgrade 1', 'disappear purge 1', 'purgelike', ' purge'):
            with self.subTest(params=params):
                self.assertEqual(self.hook(params, self.root.version, '/boot/vmlinuz'), set())

    def test_version_that_is_no_folder_name(self):
        os.makedirs(os.path.join(self.root.path, 'usr/lib/modules/x'))
        for place in 'usr/lib/modules', 'usr/lib', 'usr/lib/modules/x':
            self.root.write(os.path.join(place, 'modules.weakdep'), '')
        for version in '', '.', '..', 'x/..', 'x/', '/x':
            with self.subTest(version=version):
                self.hook('purge', version, '/boot/vmlinuz')
                for place in 'usr/lib/modules', 'usr/lib', 'usr/lib/modules/x':
                    path = os.path.join(self.root.path, place, 'modules.weakdep')
                    self.assertTrue(os.path.exists(path))

    def test_kernel_of_another_package(self):
        """signed and unsigned packages share a folder: purging one leaves the other's"""
        self.root.write(os.path.join(self.root.folder, 'modules.order'), '')
        self.assertEqual(self.hook('purge', self.root.version, '/boot/vmlinuz'), set())


if __name__ == '__main__':
    tap.main()
