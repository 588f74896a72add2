#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""`modsure check` says before what the kernel says after: a small tree for each fault is checked on the host, and its
modules are loaded in a guest, one by one."""
import functools
import lzma
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, '../lib'), os.path.join(HERE, '../check')]

import keys  # noqa: E402
import mkmod  # noqa: E402
import planted  # noqa: E402
import tap  # noqa: E402
import testmodules  # noqa: E402
import vmcase  # noqa: E402
import vmlib  # noqa: E402
from testmodules import with_other_crc, with_tag, without_tag  # noqa: E402
from vmcase import scenario  # noqa: E402

OURS = ('MS1', 'MS2', 'MS404')   # symbols, namespaces, vermagic: these have to be exactly those that are expected
FILES = ('MS1', 'MS2', 'MS4')   # those of module files as well
LIST = 'module:ns_u*'   # as long as MODSURE_TEST
SAMPLE = 12
KEYRINGS = []   # files that are to last


def swapped(data, one, other):
    """each name in place of the other, both of one length"""
    return data.replace(one, b'\1' * len(one)).replace(other, one).replace(b'\1' * len(one), other)


def renamed(data, old, new):
    """the module under another name of the same length; its symbols keep theirs"""
    return re.sub(re.escape(old) + rb'(?![_a-z])', new, data)


def bsd(data):
    return with_tag(data, b'license', b'BSD')


class World:
    """modules in the order in which they are loaded: {name: change of the file that the tests have}"""

    def __init__(self, modules, findings, answers, *log, rules=OURS):
        self.modules, self.answers, self.log, self.rules = modules, answers, log, rules
        self.findings = findings    # [rule, severity, module]

    def files(self, version):
        found = {}
        for name, (source, change) in self.modules.items():
            found[name] = change(source_of(version, source))
        return found


def source_of(version, name):
    """a module that the tests have, or one of Debian's as it was signed"""
    path = os.path.join(testmodules.build(version), name + '.ko')
    if not os.path.exists(path):
        path = os.path.join(vmlib.Tree.of(version).folder, vmlib.Tree.of(version).paths[name])
    with open(path, 'rb') as file:
        data = file.read()
    return lzma.decompress(data) if path.endswith('.xz') else data


def same(name):
    return name, bytes


WORLDS = {
    'fine': World({'ns_exp': same('ns_exp'), 'ns_user': same('ns_user'), 'dep_a': same('dep_a'), 'dep_b': same('dep_b')},
                  [], ['ok', 'ok', 'ok', 'ok']),
    'unresolved': World({'lost': same('lost')}, [['MS101', 'error', 'lost']], ['ENOENT'],
                        r'lost: Unknown symbol exported_by_nobody \(err -2\)'),
    'gpl_only': World({'ns_exp': same('ns_exp'), 'ns_user': ('ns_user', bsd)}, [['MS102', 'error', 'ns_user']], ['ok', 'ENOENT'],
                      r'ns_user: Unknown symbol ns_exp_fn \(err -2\)'),
    'no_licence': World({'ns_exp': same('ns_exp'), 'ns_user': ('ns_user', lambda data: without_tag(data, b'license'))},
                        [['MS102', 'error', 'ns_user']], ['ok', 'ENOENT'], r'ns_user: Unknown symbol ns_exp_fn \(err -2\)'),
    'proprietary': World({'ns_exp': ('ns_exp', bsd), 'ns_user': same('ns_user')}, [['MS103', 'error', 'ns_user']],
                         ['ok', 'ENOENT'], 'using GPL-only symbols uses symbols ns_exp_fn from proprietary module ns_exp'),
    'version': World({'dep_a': same('dep_a'), 'bad_crc': ('bad_crc', lambda data: with_other_crc(data, b'dep_a_fn'))},
                     [['MS104', 'error', 'bad_crc']], ['ok', 'EINVAL'], 'bad_crc: disagrees about version of symbol dep_a_fn'),
    'layout': World({'dep_a': ('dep_a', lambda data: with_other_crc(data, b'module_layout'))}, [['MS104', 'error', 'dep_a']],
                    ['ENOEXEC'], 'dep_a: disagrees about version of symbol module_layout'),
    'no_versions': World({'dep_a': ('dep_a', lambda data: data.replace(b'__versions\0', b'__versionz\0'))},
                         [['MS105', 'warning', 'dep_a']], ['ok'], 'dep_a: .*kernel tainted'),
    'one_version': World({'dep_a': same('dep_a'), 'dep_b': (
        'dep_b', lambda data: data.replace(b'dep_a_fn'.ljust(56, b'\0'), b'dep_q_fn'.ljust(56, b'\0')))},
        [['MS106', 'warning', 'dep_b']], ['ok', 'EINVAL'], 'dep_b: no symbol version for dep_a_fn'),
    'kernel_symbol': World({'dep_a': ('dep_a', lambda data: data.replace(b'dep_a_fn', b'complete'))},
                           [['MS107', 'error', 'dep_a']], ['ENOEXEC'],
                           r'dep_a: exports duplicate symbol complete \(owned by kernel\)'),
    'twice': World({'dep_a': same('dep_a'), 'dep_z': ('dep_a', lambda data: renamed(data, b'dep_a', b'dep_z'))},
                   [['MS108', 'warning', 'dep_z']], ['ok', 'ENOEXEC'], r'dep_z: exports duplicate symbol dep_a_fn \(owned by dep_a\)'),
    'weak': World({'hopes': same('hopes')}, [['MS109', 'note', 'hopes'], ['MS203', 'note', 'hopes']], ['ok']),
    'cycle': World({'dep_b': same('dep_b'), 'dep_a': ('dep_b', lambda data: swapped(data, b'dep_a', b'dep_b')),
                    'dep_c': same('dep_c')},
                   [['MS110', 'error', 'dep_a'], ['MS112', 'error', 'dep_c']], ['ENOENT', 'ENOENT', 'ENOENT'],
                   r'dep_b: Unknown symbol dep_a_fn \(err -2\)', r'dep_a: Unknown symbol dep_b_fn \(err -2\)'),
    'itself': World({'dep_b': ('dep_b', lambda data: data.replace(b'dep_a_fn', b'dep_b_fn'))}, [['MS111', 'error', 'dep_b']],
                    ['ENOENT'], r'dep_b: Unknown symbol dep_b_fn \(err -2\)'),
    'namespace': World({'ns_exp': same('ns_exp'), 'ns_bad': ('ns_bad', lambda data: without_tag(data, b'import_ns'))},
                       [['MS201', 'error', 'ns_bad']], ['ok', 'EINVAL'],
                       r'ns_bad: module uses symbol \(ns_exp_fn\) from namespace MODSURE_TEST, but does not import it',
                       r'ns_bad: Unknown symbol ns_exp_fn \(err -22\)'),
    'vermagic': World({'bad_magic': ('bad_magic', testmodules.with_other_vermagic)}, [['MS404', 'error', 'bad_magic']],
                      ['ENOEXEC'], "bad_magic: version magic '.* UP .*' should be '.* SMP "),
    # Neither kernel reads lists of modules: who is listed is refused without an import, and who imports it is taken.
    'list': World({'ns_exp': ('ns_exp', lambda data: data.replace(b'MODSURE_TEST', LIST.encode())),
                   'ns_user': ('ns_user', lambda data: without_tag(data, b'import_ns')),
                   'ns_bad': ('ns_bad', lambda data: data.replace(b'MODSURE_TEST', LIST.encode()))},
                  [['MS201', 'error', 'ns_user'], ['MS207', 'note', 'ns_bad']], ['ok', 'EINVAL', 'ok'],
                  r'ns_user: module uses symbol \(ns_exp_fn\) from namespace module:ns_u\*, but does not import it'),
    'release': World({'dep_a': ('dep_a', lambda data: re.sub(rb'vermagic=6', b'vermagic=9', data))}, [], ['ok'], rules=FILES),
    # Each taint is said once, so the other worlds come first.
    'without_vermagic': World({'dep_a': ('dep_a', lambda data: without_tag(data, b'vermagic'))}, [['MS405', 'warning', 'dep_a']],
                              ['ok'], rules=FILES),
    'machine': World({'ns_exp': same('ns_exp'), 'ns_user': same('ns_user'),
                      'dep_a': ('dep_a', lambda data: data[:18] + b'\xb7' + data[19:])},
                     [['MS406', 'error', 'dep_a']], ['ok', 'ok', 'ENOEXEC'], rules=FILES),
    'object': World({'dep_a': ('dep_a', lambda data: data.replace(b'.gnu.linkonce.this_module\0', b'.gnu.linkonce.that_module\0'))},
                    [['MS407', 'error', 'dep_a']], ['ENOEXEC'], rules=FILES),
    'without_license': World({'dep_a': ('dep_a', lambda data: without_tag(data, b'license'))}, [['MS408', 'warning', 'dep_a']],
                             ['ok'], rules=FILES),
    'cut': World({'dep_a': ('dep_a', lambda data: data[:len(data) // 2])}, [['MS401', 'error', 'dep_a']], ['ENOEXEC'],
                 rules=FILES),
    'other_name': World({'dep_q': same('dep_a')}, [['MS403', 'warning', 'dep_q']], ['ok'], rules=FILES),
    # i8042 is built in and has parameters.
    'built_in': World({'i8042': ('dep_a', lambda data: renamed(data, b'dep_a', b'i8042'))}, [['MS410', 'warning', 'i8042']],
                      ['EINVAL'], 'i8042: module is already loaded', rules=FILES),
    'signed': World({'crc_itu_t': same('crc_itu_t')}, [], ['ok'], rules=FILES),
    'signature': World({'crc_itu_t': ('crc_itu_t', lambda data: data.replace(b'license=GPL', b'license=GPI', 1))},
                       [['MS416', 'error', 'crc_itu_t']], ['EKEYREJECTED'], rules=FILES),
    'no_signature': World({'dep_a': ('dep_a', lambda data: mkmod.signed(data, b'none'))}, [['MS416', 'error', 'dep_a']],
                          ['EBADMSG'], rules=FILES),
}


@functools.lru_cache
def keyring(version):
    """the certificates in the kernel"""
    file = tempfile.NamedTemporaryFile()
    file.write(b''.join(keys.in_kernel(os.path.join(vmlib.kernels_dir(), 'boot/vmlinuz-' + version))))
    file.flush()
    KEYRINGS.append(file)
    return file.name


def check_tree(version, files):
    """what `modsure check` finds with these module files, and the kernel's own lists and configuration"""
    tree = vmlib.Tree.of(version)
    with tempfile.TemporaryDirectory(prefix='modsure-vm.') as base:
        folder = os.path.join(base, 'lib/modules', version)
        os.makedirs(os.path.join(base, 'boot'))
        for name in ('boot/config-' + version, 'boot/vmlinuz-' + version):
            os.symlink(os.path.join(vmlib.kernels_dir(), name), os.path.join(base, name))
        for path, data in files.items():
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), 'wb') as file:
                file.write(data)
        for name in ('modules.order', 'modules.builtin', 'modules.builtin.modinfo'):
            os.symlink(os.path.join(tree.folder, name), os.path.join(folder, name))
        subprocess.run([tap.command('depmod'), '-b', base, version], check=True, stderr=subprocess.DEVNULL)
        return planted.run('-b', base, '-k', version, '--json', '--keyring', keyring(version))


def sample(version):
    """some of Debian's modules, of folders that use namespaces and do nothing without their hardware"""
    folders = 'kernel/drivers/usb/storage/', 'kernel/drivers/iio/', 'kernel/drivers/hwmon/'
    found = sorted((path, name) for name, path in vmlib.Tree.of(version).paths.items() if path.startswith(folders))
    return [name for _, name in found[::len(found) // SAMPLE]][:SAMPLE]


class Verdicts(vmcase.Guest):
    @classmethod
    def prepare(cls, image):
        cls.checked = {}
        for name, world in WORLDS.items():
            files = world.files(image.version)
            for module, data in files.items():
                image.add_file('/worlds/%s/%s.ko' % (name, module), data)
            cls.checked[name] = check_tree(image.version, {'updates/%s.ko' % module: data for module, data in files.items()})
        cls.sample = sample(image.version)
        image.add_modules(cls.sample)
        image.add_file('/worlds/sample', '\n'.join(cls.sample) + '\n')
        cls.checked['sample'] = check_tree(image.version, image.module_files)

    def of_world(self, name, *rules):
        """[rule, severity, module] of the findings"""
        return [[finding['rule'], finding['severity'], finding['module']] for finding in self.checked[name].findings
                if finding['rule'].startswith(rules)]

    def agree(self, name, seen):
        world = WORLDS[name]
        self.assertEqual(self.of_world(name, *world.rules), world.findings, self.checked[name].stdout)
        self.assertEqual([seen.notes[module] for module in world.modules], world.answers)
        for pattern in world.log:
            self.assertRegex(seen.log, pattern)
        errors = {module for _, severity, module in self.of_world(name, '') if severity == 'error'}
        taken = {module for module in world.modules if seen.notes[module] == 'ok'}
        self.assertEqual(errors & taken, set(), 'errors about what the kernel takes')

    @scenario('''
        run modprobe ns_user
        run modprobe -r ns_user
        run modprobe ns_bad
        run insmod $MODULES/updates/crowd.ko name=ns_user threads=8
        parameter crowd good
        note refs $(cat /sys/module/ns_exp/refcnt) $(cat /sys/module/ns_user/initstate)
        unload crowd
        run modprobe -r ns_user
        run insmod $MODULES/updates/crowd.ko name=ns_bad threads=8
        parameter crowd bad
    ''')
    def test_demo_drivers(self, seen):
        """the exporter and two importers, one without the tag: by modprobe, and by the kernel for eight threads at once"""
        user, _, bad, crowd, _, crowd_bad = seen.runs
        self.assertOk(user)
        self.assertLoaded(user, 'ns_exp', 'ns_user')
        self.assertFails(bad, 'MODSURE_TEST')
        self.assertOk(crowd)
        self.assertEqual((seen.notes['crowd.good'], seen.notes['refs']), ('8', '1 live'))
        self.assertOk(crowd_bad)
        self.assertEqual(seen.notes['crowd.bad'], '8')
        self.assertAbsent(crowd_bad, 'ns_bad')
        self.assertRegex(seen.log, 'ns_bad: Unknown symbol ns_exp_fn')
        self.assertEqual(self.of_world('fine', *OURS), [])
        self.assertEqual(self.of_world('namespace', *OURS), [['MS201', 'error', 'ns_bad']])

    @scenario('''
        for name in $(cat /worlds/sample); do modprobe $name 2>/dev/null && echo $name; done >/tmp/taken
        note taken $(cat /tmp/taken)
    ''')
    def test_modules_of_the_kernel(self, seen):
        """nothing is wrong with those that it takes; those that find no hardware are none of ours"""
        taken = seen.notes['taken'].split()
        self.assertGreater(len(taken), SAMPLE // 2)
        self.assertNotRegex(seen.log, 'Unknown symbol|disagrees about|from namespace|duplicate symbol')
        errors = {module for _, severity, module in self.of_world('sample', '') if severity == 'error'}
        self.assertEqual(errors & set(taken), set())


def agreement(name):
    def test(self, seen):
        self.agree(name, seen)
    test.__name__ = 'test_' + name
    return scenario(''.join('note %s $(vmhelper sys-load /worlds/%s/%s.ko)\n' % (module, name, module)
                            for module in WORLDS[name].modules))(test)


for _name in WORLDS:
    setattr(Verdicts, 'test_' + _name, agreement(_name))

if __name__ == '__main__':
    tap.main()
