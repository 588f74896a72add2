# SPDX-License-Identifier: LGPL-2.1-or-later
"""Scratch Debian roots in which the real image builders run.

A root is a copy of MODSURE_BUILDERS (tools/fetch-builders) with Debian's kmod in it or with the
commands under test in its place; nothing else differs. A builder runs by chroot(8) in namespaces
of its own, so that nothing outside of the root changes and nothing outlives the call.
"""

import lzma
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = (os.path.join(HERE, folder) for folder in ('../lib', '../vm', '../golden'))

from images import Image                                                     # noqa: E402
from softdeps import Tree                                                    # noqa: E402
import references                                                            # noqa: E402
import tap                                                                   # noqa: E402
import vmlib                                                                 # noqa: E402

COMMANDS = 'depmod', 'insmod', 'kmod', 'lsmod', 'modinfo', 'modprobe', 'rmmod'
# In dist, and where it goes.
HOOKS = {'initramfs-tools/hooks/modsure': 'usr/share/initramfs-tools/hooks/modsure',
         'dracut/99modsure/module-setup.sh': 'usr/lib/dracut/modules.d/99modsure/module-setup.sh'}
BUILD_SECONDS_MAX = 3000     # of what hangs: a busy machine has needed more than 900
PLENTY = 8 << 30
IN_NAMESPACE = ['unshare', '--mount', '--pid', '--fork', '--kill-child']
# The machine's /dev is out of reach: a program that replaces /dev/stdout would replace it for all.
MOUNTS = """set -e
mount -t proc proc "$0/proc"
mount -t tmpfs dev "$0/dev"
for node in full null random urandom zero; do
	: >"$0/dev/$node"
	mount -o bind "/dev/$node" "$0/dev/$node"
done
ln -s /proc/self/fd "$0/dev/fd"
ln -s /proc/self/fd/0 "$0/dev/stdin"
ln -s /proc/self/fd/1 "$0/dev/stdout"
ln -s /proc/self/fd/2 "$0/dev/stderr"
"""
if os.geteuid() != 0:
    IN_NAMESPACE.insert(1, '--map-root-user')


def builders():
    path = os.environ.get('MODSURE_BUILDERS', '')
    if not os.path.isdir(path):
        sys.exit('Bail out! MODSURE_BUILDERS must name what tools/fetch-builders made, it is %r' % path)
    return os.path.abspath(path)


def make_tree(path, version, names, ending=None):
    """a modules folder with the named modules and what they need by symbols; @ending: ko, xz or zst"""
    tree = vmlib.Tree.of(version)
    copy_modules(path, tree, tree.closure(names), ending)


def copy_modules(path, tree, names, ending=None):
    for name in names:
        source, target = (os.path.join(folder, tree.paths[name]) for folder in (tree.folder, path))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if ending is None or source.endswith('.' + ending):
            shutil.copy(source, target)
        else:
            recompress(source, target.split('.ko')[0] + '.ko.' + ending)
    for name in 'modules.order', 'modules.builtin', 'modules.builtin.modinfo':
        shutil.copy(os.path.join(tree.folder, name), path)


def make_sample(path, version, names, one_in):
    """a modules folder with @names, with one in so many of the kernel's modules, and with what these need by symbols
    and by soft dependencies: a builder does the same for each module, and takes minutes for all of them"""
    whole = Tree(references.kmod_root(), version, 'lib/modules')
    copy_modules(path, vmlib.Tree.of(version), sorted(whole.closure({*names, *sorted(whole.depends)[::one_in]})))


def recompress(source, target):
    """the module @source, plain or .xz, as a @target that ends in .xz or .zst"""
    with open(source, 'rb') as file:
        data = file.read()
    data = lzma.decompress(data) if source.endswith('.xz') else data
    with open(target, 'wb') as file:
        subprocess.run([{'xz': 'xz', 'zst': 'zstd'}[target.rpartition('.')[2]], '-qc1'], input=data, stdout=file,
                       check=True)


def scratch():
    """in memory where there is plenty: a root is thousands of small files; None: where $TMPDIR says"""
    place = os.statvfs('/dev/shm') if os.path.isdir('/dev/shm') else None
    if not place or place.f_flag & os.ST_NOEXEC or os.environ.get('TMPDIR'):
        return None
    with open('/proc/meminfo') as file:
        available = next(int(line.split()[1]) * 1024 for line in file if line.startswith('MemAvailable:'))
    return '/dev/shm' if min(available, place.f_bavail * place.f_frsize) >= PLENTY else None


class Failed(AssertionError):
    """A builder's exit status was not 0"""


class Root:
    """A scratch root; @ours: the commands under test replace Debian's"""

    def __init__(self, ours):
        source = builders()
        self.path = tempfile.mkdtemp(prefix='modsure-root-', dir=scratch())
        subprocess.run(['cp', '-a', '--no-preserve=ownership', source + '/.', self.path], check=True)
        self.binds = []
        if ours:
            self._replace_kmod()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def inside(self, path):
        return os.path.join(self.path, path.lstrip('/'))

    def write(self, path, text, mode=0o644):
        os.makedirs(os.path.dirname(self.inside(path)), exist_ok=True)
        with open(self.inside(path), 'w') as file:
            file.write(text)
        os.chmod(self.inside(path), mode)

    def _replace_kmod(self):
        """each of kmod's names as a link to our one program, as an installed modsure has them"""
        shutil.copy(os.path.realpath(tap.command('modsure')), self.inside('usr/bin/modsure'))
        for folder, to_program in ('usr/bin', 'modsure'), ('usr/sbin', '../bin/modsure'):
            for name in COMMANDS:
                path = self.inside(os.path.join(folder, name))
                if os.path.lexists(path):
                    os.unlink(path)
                    os.symlink(to_program, path)

    def remove(self, path):
        os.unlink(self.inside(path))

    def add_kernel(self, version, tree):
        """modules of @tree (not copied; never written), indexed by this root's depmod"""
        folder = os.path.join('usr/lib/modules', version)
        os.makedirs(self.inside(os.path.join(folder, 'kernel')))
        for name in 'modules.order', 'modules.builtin', 'modules.builtin.modinfo':
            shutil.copy(os.path.join(tree, name), self.inside(folder))
        config = 'boot/config-' + version
        shutil.copy(os.path.join(os.environ['MODSURE_KERNELS'], config), self.inside(config))
        self.binds.append((os.path.join(tree, 'kernel'), os.path.join(folder, 'kernel')))
        self.run('depmod', version)

    def run(self, *argv):
        """stderr of a command in the root; a status other than 0 raises Failed"""
        done = self.ask(*argv)
        if done.returncode:
            raise Failed('%s: status %d\n%s' % (' '.join(argv), done.returncode, done.stderr[-4000:]))
        return done.stderr

    def ask(self, *argv):
        """the completed process of a command in the root"""
        script = [MOUNTS, *('mount -o bind,ro "%s" "$0/%s"' % bind for bind in self.binds)]
        script.append('exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C chroot "$0" "$@"')
        return subprocess.run([*IN_NAMESPACE, 'sh', '-c', '\n'.join(script), self.path, *argv],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=BUILD_SECONDS_MAX, universal_newlines=True, errors='replace')

    def compressor(self):
        return 'zstd' if os.path.exists(self.inside('usr/bin/zstd')) else 'gzip'

    def mkinitramfs(self, version, choice='most', modules=()):
        """Image by initramfs-tools, for any machine unless @choice says otherwise; loads @modules at boot"""
        self.write('etc/initramfs-tools/conf.d/test', 'MODULES=%s\nCOMPRESS=%s\nCOMPRESSLEVEL=1\n' % (
            choice, self.compressor()))
        self.write('etc/initramfs-tools/modules', ''.join(name + '\n' for name in modules))
        return Image(self.inside('tmp/initramfs'), self.run('mkinitramfs', '-o', '/tmp/initramfs', version))

    def dracut(self, version, modules=(), options=()):
        """Image by dracut, for any machine; loads @modules at boot"""
        force = ['--force-drivers', ' '.join(modules)] if modules else []
        return Image(self.inside('tmp/dracut'), self.run(
            'dracut', '--force', '--quiet', '--no-hostonly', '--no-compress', *force, *options,
            '/tmp/dracut', version))

    def add_hooks(self):
        """what `meson install` puts where the builders look for it"""
        for builder, path in HOOKS.items():
            target = self.inside(path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            shutil.copy(os.path.join(HERE, '../../dist', builder), target)
