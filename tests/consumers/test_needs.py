#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Images carry what hard dependencies need, and their kernels find it live in time.

Four modules of kernel/tests and two network drivers, each of which needs another module without a symbol of it:

- e1000, which udev loads for its device: on hard_nic, by a line of depmod.d; hard_nic logs whether it is live when e1000 comes;
- 8139cp, loaded by our modprobe: on hard_b, by a line of modprobe.d;
- group_user, likewise: on one of group_1 (its init fails) and group_2, by a line of depmod.d; it fails without;
- weak_user, likewise: its own tag says that it may ask for weak_service; it does, and fails without.

The first is in modules.dep; the last two reach an image through our hooks.
"""

import atexit
import concurrent.futures
import os
import shutil
import subprocess
import tempfile
import unittest

from builders import HERE, HOOKS, Image, Root, make_tree, tap, vmlib
from softdeps import module_name
import indexbin
import testmodules

KERNEL = '6.12'
BOOT_SECONDS_MAX = 900
BY_UDEV = 'e1000'
BY_MODPROBE = ['8139cp', 'group_user', 'weak_user']
OURS = ['group_1', 'group_2', 'group_user', 'hard_b', 'hard_nic', 'weak_service', 'weak_user']
CONF = {'etc/depmod.d/needs.conf': 'harddep e1000 hard_nic\nharddep group_user modsure-group\n',
        'etc/modprobe.d/needs.conf': '# here\noptions e1000 debug=0\nharddep 8139cp \\\n\thard_b\n'}
HOOK = '#!/bin/sh\n[ "$1" = prereqs ] && exit\n%s\n'
DRACUT = 'usr/lib/dracut/modules.d/90tell/'
# What ends the boot as soon as drivers are loaded, and tells which: there is no root disk.
TELL = {
    'etc/initramfs-tools/hooks/tell': HOOK % '. /usr/share/initramfs-tools/hook-functions\ncopy_exec /usr/bin/tell',
    'etc/initramfs-tools/scripts/init-premount/tell': HOOK % 'tell',
    DRACUT + 'module-setup.sh': 'install() {\n inst_simple /usr/bin/tell\n inst_hook cmdline 01 "$moddir/root.sh"\n'
                                ' inst_hook pre-mount 01 "$moddir/tell.sh"\n}\n',
    DRACUT + 'root.sh': 'root=none rootok=1\n',
    DRACUT + 'tell.sh': 'tell\n',
}


class Made:
    """images by builder; @hooks, @conf: with these or without"""

    def __init__(self, root, version, folder, hooks, conf):
        for path, text in CONF.items():
            root.write(path, text if conf else '')
        root.run('depmod', version)
        if hooks:
            root.add_hooks()
        self.images = {'initramfs-tools': root.mkinitramfs(version, 'list', [*BY_MODPROBE, BY_UDEV])}
        modules = 'base kernel-modules tell' + (' modsure' if hooks else '')
        self.images['dracut'] = root.dracut(version, BY_MODPROBE, ['--modules', modules, '--drivers', BY_UDEV])
        self.version, self.boots = version, {}
        for builder, image in self.images.items():
            path = os.path.join(folder, '%s-%d%d' % (builder, hooks, conf))
            shutil.move(image.path, path)
            image.path = path
        for path in HOOKS.values():
            if hooks:
                root.remove(path)
        if hooks:
            os.rmdir(root.inside(os.path.dirname(HOOKS['dracut/99modsure/module-setup.sh'])))

    def boot(self, builder):
        if builder not in self.boots:
            self.boots[builder] = Boot(self.version, self.images[builder])
        return self.boots[builder]


class Boot:
    """@loaded: names of the modules, in the order in which they were loaded; @log: the console's lines"""

    def __init__(self, version, image):
        with tempfile.TemporaryDirectory() as scratch:
            console, output, initrd = (os.path.join(scratch, name) for name in ('console', 'output', 'initrd'))
            image.write_uncompressed(initrd)
            command = vmlib.qemu_command(version, initrd, 'root=/dev/none', 256, 1)
            command += ['-serial', 'file:' + console, '-serial', 'file:' + output, '-device', 'e1000']
            try:
                subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=BOOT_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                pass                            # what was told by then is all that there is
            told, log = (open(path, errors='replace').read().replace('\r', '') for path in (output, console))
        self.log = log.splitlines()
        parts = {title: lines for title, *lines in (part.splitlines() for part in told.split('@@ ')[1:])}
        if 'end 0' not in parts:
            raise AssertionError('the boot did not come to its end\n' + log[-4000:])
        self.loaded = [line.split()[0] for line in parts['modules']][::-1]

    def at(self, text):
        """number of the first line of the console with @text; -1"""
        return next((number for number, line in enumerate(self.log) if text in line), -1)


MADE = {}


def make_modules(folder, version):
    make_tree(folder, version, [BY_UDEV, '8139cp'])
    for name in OURS:
        with open(os.path.join(folder, 'kernel', name + '.ko'), 'wb') as file:
            file.write(testmodules.module(version, name))
    # Of several answers, the one that stands first here is tried first.
    with open(os.path.join(folder, 'modules.order'), 'a') as file:
        file.write('kernel/group_1.ko\nkernel/group_2.ko\n')


def made(hooks, conf):
    """built on the first call, all four"""
    if not MADE:
        version = vmlib.kernel_version(KERNEL)
        folder = tempfile.mkdtemp(prefix='modsure-needs-')
        atexit.register(shutil.rmtree, folder)
        tree = os.path.join(folder, 'tree')
        make_modules(tree, version)
        with Root(ours=True) as root:
            for path, text in TELL.items():
                root.write(path, text, 0o755)
            subprocess.run(['gcc', '-static', '-O2', '-Wall', '-o', root.inside('usr/bin/tell'),
                            os.path.join(HERE, 'rootdisk.c')], check=True)
            root.add_kernel(version, tree)
            for key in (True, True), (True, False), (False, True), (False, False):
                MADE[key] = Made(root, version, folder, *key)
    return MADE[hooks, conf]


class Case(unittest.TestCase):
    def each(self, check):
        for builder in 'initramfs-tools', 'dracut':
            with self.subTest(builder=builder):
                check(builder)

    def names(self, builder, hooks, conf):
        """modules in the image"""
        return {module_name(path) for path in made(hooks, conf).images[builder].modules()}


class Hooks(Case):
    """What the hooks make of what they are told; a script is what they ask"""

    def setUp(self):
        self.version = vmlib.kernel_version(KERNEL)
        tree = self.enterContext(tempfile.TemporaryDirectory())
        make_modules(tree, self.version)
        self.root = self.enterContext(Root(ours=True))
        self.root.add_kernel(self.version, tree)
        self.root.add_hooks()
        # A hook whose name sorts behind ours may choose a module, too.
        self.root.write('etc/initramfs-tools/initramfs.conf', 'MODULES=list\nBUSYBOX=n\n')
        self.root.write('usr/share/initramfs-tools/hooks/zzz', HOOK % (
            '. /usr/share/initramfs-tools/hook-functions\nmanual_add_modules e1000'), 0o755)

    def ask(self, script, path='usr/bin/modsure'):
        """@script, at @path, is run where the hooks call modsure"""
        os.rename(self.root.inside('usr/bin/modsure'), self.root.inside('usr/bin/program'))
        for folder in 'usr/bin', 'usr/sbin':
            for name in os.listdir(self.root.inside(folder)):
                link = self.root.inside(os.path.join(folder, name))
                if os.path.islink(link) and os.path.basename(os.readlink(link)) == 'modsure':
                    os.unlink(link)
                    os.symlink('/usr/bin/program', link)
        if script:
            self.root.write(path, '#!/bin/sh\n' + script, 0o755)

    def build(self, builder):
        """names of our modules that came along, and what was said"""
        if builder == 'dracut':
            image = self.root.dracut(self.version, options=['--modules', 'base modsure', '--add-drivers', 'e1000'])
        else:
            image = self.root.mkinitramfs(self.version, 'list')
        names = {module_name(path) for path in image.modules()}
        self.assertIn('e1000', names)
        return names & set(OURS), image.said

    def test_until_nothing_is_missing(self):
        """what is added may need more; what does not exist holds nothing up, and is no pattern of files that do"""
        self.ask('''
            [ "$1 $2 $3 $4 $5" = "harddep image -k %s --stdin" ] || exit 1
            all=$(cat)
            case $all in *hard_b*) ;; *hard_nic*) echo hard_b ;; *e1000*) echo hard_nic ;; esac
            : >weak_user
            echo no_such_module
            echo '[w]eak_user'
        ''' % self.version)
        self.each(lambda builder: self.assertEqual(self.build(builder)[0], {'hard_nic', 'hard_b'}))

    def test_local(self):
        """where `make install` puts modsure unless told otherwise, builders do not look; our hooks do"""
        self.ask('case $(cat) in *hard_b*) ;; *) echo hard_b ;; esac', 'usr/local/bin/modsure')
        self.each(lambda builder: self.assertEqual(self.build(builder)[0], {'hard_b'}))

    def test_failure(self):
        """is told, and the image is built"""
        self.ask('cat >/dev/null; echo hard_b; echo it does not work >&2; exit 3')
        def check(builder):
            names, said = self.build(builder)
            self.assertEqual(names, set())
            self.assertIn('it does not work', said)
            self.assertIn('modules that others need may be missing from the image', said)
        self.each(check)

    def test_host_only(self):
        """an image for this very machine has its modprobe.d as it is, and no second copy of the rules"""
        self.ask('exit 0')
        self.root.write('etc/modprobe.d/needs.conf', CONF['etc/modprobe.d/needs.conf'])
        done = self.root.ask('sh', '-ec', 'mount -t sysfs sys /sys\nmount -t tmpfs run /run\nexec dracut "$@"', 'sh',
                             '--force', '--quiet', '--no-compress', '--hostonly', '--no-hostonly-cmdline',
                             '--drivers', 'e1000', '--modules', 'base kernel-modules modsure', '/tmp/dracut',
                             self.version)
        self.assertEqual(done.returncode, 0, done.stderr)
        files = Image(self.root.inside('tmp/dracut')).files
        self.assertEqual({path: file[1].decode() for path, file in files.items() if path.startswith('etc/modprobe.d/')},
                         {'etc/modprobe.d/needs.conf': CONF['etc/modprobe.d/needs.conf']})

    def test_nothing_to_ask(self):
        """without an index the hooks are quiet"""
        self.ask('echo called >&2; exit 1')
        self.root.remove('usr/lib/modules/%s/modules.modsure.bin' % self.version)
        self.each(lambda builder: self.assertNotRegex(self.build(builder)[1], 'called|modules that others'))

    def test_no_program(self):
        """without modsure as well"""
        self.ask(None)
        def check(builder):
            if builder == 'dracut':         # where a module is named, dracut wants it
                image = self.root.dracut(self.version, options=['--omit', 'kernel-modules i18n', '--add-drivers', 'e1000'])
                self.assertFalse([path for path, file in image.files.items()
                                  if path.endswith('dracut/modules.txt') and b'modsure' in file[1]])
                said = image.said
            else:
                said = self.build(builder)[1]
            self.assertNotIn('modsure', said)
        self.each(check)


class Images(Case):
    """What is in them"""

    def test_all(self):
        """with hooks and configuration: everything that something needs"""
        self.each(lambda builder: self.assertLessEqual({*OURS, 'e1000', '8139cp', 'mii'}, self.names(builder, True, True)))

    def test_without_configuration(self):
        """hooks alone bring what the modules themselves say"""
        self.each(lambda builder: self.assertEqual(self.names(builder, True, False) & set(OURS),
                                                   {'group_user', 'weak_user', 'weak_service'}))

    def test_without_hooks(self):
        """without hooks, what only they know is missing"""
        def check(builder):
            names = self.names(builder, False, True)
            self.assertIn('hard_nic', names)
            self.assertNotIn('weak_service', names)
        self.each(check)
        # dracut asks libkmod, which knows nothing of groups and of modprobe.d's hard dependencies.
        self.assertEqual(self.names('dracut', False, True) & {'group_1', 'group_2', 'hard_b'}, set())

    def test_index(self):
        """modules.modsure.bin in the image, made by depmod in the image, has the group and where it was declared"""
        def check(builder):
            files = made(True, True).images[builder].files
            index = dict(indexbin.entries(next(file[1] for path, file in files.items()
                                               if path.endswith('/modules.modsure.bin'))))
            values = {key: [value.decode().split() for _, value in index[key]]
                      for key in (b'harddep:e1000', b'harddep:group_user')}
            self.assertEqual([(words[0], words[-1]) for words in values[b'harddep:e1000']],
                             [('hard_nic', '/etc/depmod.d/needs.conf:1')])
            self.assertEqual([(words[0], words[2], words[-1]) for words in values[b'harddep:group_user']],
                             [('modsure-group', 'group', '/etc/depmod.d/needs.conf:2')])
        self.each(check)

    def test_rules(self):
        """a hard dependency of modprobe.d goes along; in an image for any machine dracut leaves out the rest of /etc"""
        def check(builder):
            files = made(True, True).images[builder].files
            text = ''.join(file[1].decode() for path, file in files.items() if path.startswith('etc/modprobe.d/'))
            lines = text.replace('\\\n', ' ').splitlines()
            self.assertIn(['harddep', '8139cp', 'hard_b'], [line.split() for line in lines])
            self.assertEqual('options e1000' in text, builder == 'initramfs-tools')
        self.each(check)

    def test_quiet(self):
        """the hooks say nothing of their own"""
        self.each(lambda builder: self.assertLessEqual(
            *(set(made(hooks, True).images[builder].said.splitlines()) for hooks in (True, False))))


class Boots(Case):
    """What comes of them at boot"""

    @classmethod
    def setUpClass(cls):
        version = made(True, True).version
        vmlib.vmlinux(version)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda job: made(job[0], job[0]).boot(job[1]),
                          [(with_all, builder) for with_all in (True, False) for builder in ('initramfs-tools', 'dracut')]))

    def both(self, check):
        """check(boot with hooks and configuration, boot without)"""
        self.each(lambda builder: check(made(True, True).boot(builder), made(False, False).boot(builder)))

    def test_driver_of_device(self):
        """a driver that udev loads finds its hard dependency live, before its own init runs"""
        def check(whole, bare):
            live, init = whole.at('hard_nic: live before e1000'), whole.at('e1000: Intel(R) PRO/1000 Network Driver')
            self.assertNotIn(-1, (live, init), whole.log[-40:])
            self.assertLess(live, init)
            self.assertIn('e1000', bare.loaded)
            self.assertNotIn('hard_nic', bare.loaded)
        self.both(check)

    def test_rule(self):
        """a hard dependency of modprobe.d, which is in the image, is loaded first"""
        def check(whole, bare):
            self.assertIn('hard_b', whole.loaded)
            self.assertLess(whole.loaded.index('hard_b'), whole.loaded.index('8139cp'))
            self.assertIn('8139cp', bare.loaded)
            self.assertNotIn('hard_b', bare.loaded)
        self.both(check)

    def test_group(self):
        """one of two answers will do: the first is tried and fails, the second is live"""
        def check(whole, bare):
            self.assertNotEqual(whole.at('group_1: not for this machine'), -1)
            self.assertEqual([name for name in whole.loaded if name.startswith('group_')], ['group_2', 'group_user'])
            self.assertNotIn('group_user', bare.loaded)
        self.both(check)

    def test_presence(self):
        """what a module asks the kernel for is there"""
        def check(whole, bare):
            self.assertIn('weak_user', whole.loaded)
            self.assertIn('weak_service', whole.loaded)
            self.assertNotIn('weak_user', bare.loaded)
        self.both(check)


if __name__ == '__main__':
    tap.main()
