# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small system in which every rule of `modsure check` is content, to plant one fault in.

    tree = System(folder)               # the clean one; change its members, then
    tree.write()                        # files, and indexes by depmod
    tree.check('--json') -> Result      # status, findings, not_run, stderr

Everything lies below one folder and is looked at with --sysroot: lib/modules, boot/config-VERSION, etc/modprobe.d,
etc/depmod.d. The symbols of the kernel stand in lib/modules/VERSION/build/Module.symvers.
"""

import importlib
import json
import os
import pkgutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib')]

import mkmod  # noqa: E402
import tap  # noqa: E402

VERSION = '6.12.0-planted'
VERMAGIC = VERSION + ' SMP preempt mod_unload modversions '

CONFIG = {'CONFIG_MODULES': 'y', 'CONFIG_MODVERSIONS': 'y', 'CONFIG_MODULE_COMPRESS_XZ': 'y',
          'CONFIG_MODULE_DECOMPRESS': 'y', 'CONFIG_64BIT': 'y'}


def module(name, licence='GPL', **kind):
    """a module with what every one has: name, licence (unless None), vermagic, and the section that modpost adds"""
    made = mkmod.Module(name, **kind)
    if licence is not None:
        made.modinfo('license', licence)
    made.modinfo('name', name)
    made.modinfo('vermagic', VERMAGIC)
    made.modinfo('intree', 'Y')
    return made.section('.gnu.linkonce.this_module', bytes(64))


def all_plants():
    """(rule, (what is planted, subject, object)) of every file in plants/"""
    import plants
    for found in sorted(pkgutil.iter_modules(plants.__path__)):
        yield from importlib.import_module('plants.' + found.name).PLANTS.items()


class Result:
    def __init__(self, done):
        self.status, self.stdout, self.stderr = done.returncode, done.stdout.decode(), done.stderr.decode()
        self.json = json.loads(self.stdout) if self.stdout.startswith('{') else None

    @property
    def findings(self):
        return self.json['findings']

    def rules(self):
        """the id of each finding"""
        return [finding['rule'] for finding in self.findings]


def run(*args):
    """modsure check with these arguments"""
    command = os.path.join(os.path.dirname(tap.command('depmod')), 'modsure')
    return Result(subprocess.run([command, 'check', *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE))


class System:
    """kernel: {symbol: (crc, namespace, is GPL-only)}; modules: {path below kernel/: mkmod.Module or bytes}"""

    def __init__(self, folder):
        self.folder = str(folder)
        self.version = VERSION
        self.kernel = {'printk': (0x11, '', False), 'kfree': (0x12, '', False), 'gpl_only': (0x13, '', True),
                       'usb_special': (0x14, 'USB_STORAGE', True)}
        provider = module('provider').export('provide', crc=0x21).export('provide_ns', crc=0x22, ns='PROVIDER', gpl=True)
        provider.use('printk', crc=0x11)
        user = module('user').modinfo('import_ns', 'PROVIDER').modinfo('import_ns', 'USB_STORAGE')
        user.use('printk', crc=0x11).use('provide', crc=0x21).use('provide_ns', crc=0x22).use('usb_special', crc=0x14)
        user.modinfo('parm', 'debug:how much to say').modinfo('parmtype', 'debug:int').modinfo('depends', 'provider')
        user.modinfo('alias', 'pci:v00001234d00005678sv*sd*bc*sc*i*')
        self.modules = {'drivers/provider.ko': provider, 'drivers/user.ko': user,
                        'drivers/other.ko': module('other').use('kfree', crc=0x12)}
        self.builtin = ['kernel/lib/inside.ko']
        self.builtin_modinfo = [('inside', 'license', 'GPL'), ('inside', 'file', 'lib/inside')]
        self.config = dict(CONFIG)
        self.modprobe_d = {'options.conf': 'options user debug=1\n'}
        self.depmod_d = {}
        self.args = []          # of modsure check
        self.after = []         # called with the system once depmod has run
        self.run_depmod = True

    @property
    def module_dir(self):
        return os.path.join(self.folder, 'lib/modules', self.version)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def put(self, path, content):
        """a file below the folder"""
        path = self.path(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def put_folder(self, path):
        """an empty folder below the folder"""
        os.makedirs(self.path(path), exist_ok=True)
        return self.path(path)

    def write(self):
        mkmod.write_tree(self.folder, self.version, {'kernel/' + path: made for path, made in self.modules.items()},
                         order=True, builtin=self.builtin, builtin_modinfo=self.builtin_modinfo)
        if self.kernel is not None:
            self.put('lib/modules/%s/build/Module.symvers' % self.version, ''.join(
                '0x%08x\t%s\tvmlinux\t%s\t%s\n' % (crc, name, 'EXPORT_SYMBOL_GPL' if gpl else 'EXPORT_SYMBOL', ns)
                for name, (crc, ns, gpl) in sorted(self.kernel.items())))
        if self.config is not None:
            self.put('boot/config-' + self.version, ''.join('%s=%s\n' % item for item in sorted(self.config.items())))
        for folder, files in (('modprobe.d', self.modprobe_d), ('depmod.d', self.depmod_d)):
            for name, text in files.items():
                self.put('etc/%s/%s' % (folder, name), text)
        self.put('proc/sys/kernel/osrelease', self.version + '\n')
        if self.run_depmod:
            conf = self.path('etc/depmod.d')
            os.makedirs(conf, exist_ok=True)
            subprocess.run([tap.command('depmod'), '-b', self.folder, '-C', conf, self.version], check=True,
                           stderr=subprocess.DEVNULL)
        for change in self.after:
            change(self)

    def check(self, *args):
        return run('--sysroot', self.folder, *self.args, *args)
