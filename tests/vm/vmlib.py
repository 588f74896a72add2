# SPDX-License-Identifier: LGPL-2.1-or-later
"""Boots Debian's kernels in QEMU, without KVM, with a guest that holds little else than the commands under test.

    image = Image('6.12.117+deb12-amd64')
    image.add_modules(['xfs'])
    image.add_file('/vm/cmd', 'modprobe xfs && lsmod\n')
    result = boot(image)        # .status, .output, .console

The kernel is the ELF inside of vmlinuz, which QEMU enters directly (PVH): nothing is decompressed under emulation. The
guest is one uncompressed cpio: busybox for files, dash as the shell, the commands under test as /sbin/modprobe and so
on. The kernel's log goes to the first serial line, output to the second, and the status comes back through a port that
ends QEMU. busybox has module commands of its own, and its shell, env, timeout, ... prefer them to those on PATH: it
must never be what starts a command under test.

Which commands are tested: MODSURE_VM_TOOL=modsure (from MODSURE_BIN, the default) or kmod (Debian's).
"""

import io
import lzma
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '../lib'))

import tap  # noqa: E402

COMMANDS = ['depmod', 'insmod', 'lsmod', 'modinfo', 'modprobe', 'rmmod', 'kmod']
# Nothing here may start another program: busybox would run its own modprobe for it.
APPLETS = '''[ awk base64 basename cat chmod chown cmp cp cut date dd df diff dirname dmesg du echo expr false find grep
    gunzip gzip head hexdump id ip kill killall ln losetup ls md5sum mkdir mke2fs mkfifo mknod mktemp mount mv od ps
    pidof printf pwd readlink realpath rm rmdir sed seq sha256sum sleep sort stat stty sync sysctl tail tee test touch
    tr true truncate umount uname uniq usleep vi wc xz xzcat zcat'''.split()
# no_timer_check: on a busy host the kernel would count too few ticks, and panic. Watchdogs that judge by the
# clock (stalls of RCU, soft lockups) judge the host: a guest that did not get its CPUs for seconds has done nothing.
# norandmaps: the emulator translates code anew for each address where a program is mapped; a third of a boot's time.
# init_on_alloc: zeroing every page twice is slow under emulation.
APPEND = ('rdinit=/init panic=-1 no_timer_check rcupdate.rcu_cpu_stall_suppress=1 nowatchdog cryptomgr.notests mitigations=off '
          'rcupdate.rcu_expedited=1 norandmaps init_on_alloc=0 '
          'initcall_blacklist=init_encrypted,crypto_kdf108_init,jent_mod_init,bpf_tcp_ca_kfunc_init,bpf_dummy_struct_ops_init')

# A kernel that panics before it starts its first process says nothing about the commands: emulated clocks
# of a busy host are to blame.
BOOTS_MAX = 3


def kernel_version(prefix=None):
    """the fetched kernel that starts so: "6.1" or "6.12"; by default as MODSURE_VM_KERNEL says"""
    prefix = prefix or os.environ.get('MODSURE_VM_KERNEL', '6.12')
    for version, _ in tap.kernels():
        if version == prefix or version.startswith(prefix + '.'):
            return version
    sys.exit('Bail out! no kernel %s in MODSURE_KERNELS' % prefix)


def kernels_dir():
    return os.path.abspath(os.environ['MODSURE_KERNELS'])


def cache_dir():
    return os.path.dirname(kernels_dir())


def tool():
    return os.environ.get('MODSURE_VM_TOOL', 'modsure')


def write_whole(path, data):
    """others may do the same at the same time, and must see all or nothing"""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, 'wb') as file:
        file.write(data)
    os.chmod(scratch, 0o644)
    os.rename(scratch, path)


# The kernel

def payload(image):
    """the ELF file in an x86 bzImage (boot protocol 2.08: payload_offset and payload_length)"""
    setup_sectors = image[0x1f1] or 4
    offset, size = struct.unpack_from('<II', image, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    data = image[start:start + size]
    if data[:6] == b'\xfd7zXZ\0':
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ).decompress(data)
    if data[:4] == b'\x28\xb5\x2f\xfd':
        # Four bytes with the size follow the frame.
        return subprocess.run(['zstd', '-dcq'], input=data[:-4], stdout=subprocess.PIPE, check=True).stdout
    raise ValueError('payload starts with %r' % data[:6])


def vmlinux(version):
    """path of the kernel as ELF, extracted on first use"""
    path = os.path.join(kernels_dir(), 'boot/vmlinux-' + version)
    if not os.path.exists(path):
        with open(os.path.join(kernels_dir(), 'boot/vmlinuz-' + version), 'rb') as file:
            write_whole(path, payload(file.read()))
    return path


# The guest

def libraries(program):
    """what the dynamic linker loads for @program, itself included"""
    result = subprocess.run(['ldd', program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return re.findall(r'(?:=> |^\s)(/\S+) \(', result.stdout.decode(), re.M)


def helper():
    """the static program that starts commands in the guest; compiled when its source changed"""
    source = os.path.join(HERE, 'guest/vmhelper.c')
    path = os.path.join(cache_dir(), 'vm', 'vmhelper-' + content_key(source))
    if not os.path.exists(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        scratch = tempfile.mkdtemp(dir=os.path.dirname(path))
        built = os.path.join(scratch, 'vmhelper')
        subprocess.run(['gcc', '-static', '-O1', '-Wall', '-Wextra', '-Werror', '-s', '-o', built, source], check=True)
        os.rename(built, path)
        os.rmdir(scratch)
    return path


def content_key(*paths):
    """changes when the content of the files does"""
    import hashlib
    digest = hashlib.sha256()
    for path in sorted(paths):
        with open(path, 'rb') as file:
            digest.update(b'%s %d\n' % (os.path.basename(path).encode(), os.fstat(file.fileno()).st_size))
            digest.update(file.read())
    return digest.hexdigest()[:20]


def name_of(path):
    """the module's name, by its file's"""
    return os.path.basename(path).split('.')[0].replace('-', '_')


class Tree:
    """the modules of a fetched kernel: paths by name, and what each needs by symbols"""
    known = {}

    def __init__(self, version):
        self.folder = os.path.join(kernels_dir(), 'lib/modules', version)
        self.paths = {}
        for folder, _, names in os.walk(os.path.join(self.folder, 'kernel')):
            for name in names:
                self.paths[name_of(name)] = os.path.relpath(os.path.join(folder, name), self.folder)
        self.depends = {}

    @classmethod
    def of(cls, version):
        if version not in cls.known:
            cls.known[version] = cls(version)
        return cls.known[version]

    def needs(self, name):
        """as the build of the kernel noted it in the file; Debian's modinfo reads it"""
        if name not in self.depends:
            path = os.path.join(self.folder, self.paths[name])
            result = subprocess.run(['/sbin/modinfo', '-F', 'depends', path], stdout=subprocess.PIPE, check=True)
            self.depends[name] = [n.replace('-', '_') for n in result.stdout.decode().strip().split(',') if n]
        return self.depends[name]

    def closure(self, names):
        found, todo = [], [name.replace('-', '_') for name in names]
        while todo:
            name = todo.pop()
            if name in self.paths and name not in found:
                found.append(name)
                todo += self.needs(name)
            elif name not in self.paths and name in names:
                raise KeyError('%s is no module of this kernel' % name)
        return found


class Image:
    """files of a guest; on a path that was added before, the later one counts"""

    def __init__(self, version, libs=()):
        """libs: libraries that the commands open on demand, such as 'libcrypto.so.3'"""
        self.version, self.tree = version, Tree.of(version)
        self.entries, self.module_files = {}, {}
        self.indexed = None
        for path in ('/proc', '/sys', '/dev', '/run', '/tmp', '/etc/modprobe.d', '/etc/depmod.d', '/vm', '/mnt', '/root'):
            self.add_dir(path)
        self.add_dir('/tmp', 0o1777)
        self.add_program('/bin/busybox', '/bin/busybox')
        for applet in APPLETS:
            self.add_link('/bin/' + applet, 'busybox')
        self.add_program('/bin/sh', '/bin/dash')
        self.add_program('/bin/vmhelper', helper())
        self.add_program('/init', os.path.join(HERE, 'guest/init'))
        self.add_host_file('/vm/lib.sh', os.path.join(HERE, 'guest/lib.sh'))
        self.add_file('/etc/passwd', 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n')
        self.add_file('/etc/group', 'root:x:0:\nuser:x:1000:\n')
        self.add_commands(libs)

    def add_commands(self, libs):
        if tool() == 'kmod':
            self.add_program('/bin/kmod', '/bin/kmod')
        else:
            self.add_program('/bin/modsure', os.path.realpath(tap.command('modsure')))
        for name in COMMANDS:
            self.add_link('/sbin/' + name, '/bin/' + tool())
        for lib in libs:
            for folder in ('/lib/x86_64-linux-gnu', '/usr/lib/x86_64-linux-gnu'):
                if os.path.exists(os.path.join(folder, lib)):
                    self.add_program('/lib/x86_64-linux-gnu/' + lib, os.path.join(folder, lib))
                    break
            else:
                raise FileNotFoundError(lib)

    # Files

    def add_dir(self, path, mode=0o755):
        parent = os.path.dirname(path)
        if parent not in ('', '/') and parent not in self.entries:
            self.add_dir(parent)
        self.entries[path] = (0o040000 | mode, b'')

    def _add(self, path, mode, data):
        parent = os.path.dirname(path)
        if parent != '/' and parent not in self.entries:
            self.add_dir(parent)
        self.entries[path] = (mode, data)

    def add_file(self, path, content, mode=0o644):
        self._add(path, 0o100000 | mode, content.encode() if isinstance(content, str) else content)

    def add_host_file(self, path, source, mode=0o644):
        with open(source, 'rb') as file:
            self.add_file(path, file.read(), mode)

    def add_link(self, path, target):
        self._add(path, 0o120777, target.encode())

    def add_program(self, path, source):
        """with the libraries that it is linked to"""
        self.add_host_file(path, source, 0o755)
        for library in libraries(source):
            if library not in self.entries:
                self.add_host_file(library, os.path.realpath(library), 0o755)

    # Modules

    def add_modules(self, names):
        """modules of the kernel, with what they need by symbols (what softdeps name must be asked for)"""
        for name in self.tree.closure(names):
            path = self.tree.paths[name]
            with open(os.path.join(self.tree.folder, path), 'rb') as file:
                self.module_files[path] = file.read()

    def add_module_file(self, path, data):
        """a file below /lib/modules/VERSION, such as updates/x.ko"""
        self.module_files[path] = data

    def index(self):
        """writes the modules' folder and has the depmod under test index it"""
        with tempfile.TemporaryDirectory(prefix='modsure-vm.') as base:
            folder = os.path.join(base, 'lib/modules', self.version)
            os.makedirs(folder)
            for name in ('modules.order', 'modules.builtin', 'modules.builtin.modinfo'):
                shutil.copy(os.path.join(self.tree.folder, name), folder)
            for path, data in self.module_files.items():
                os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
                with open(os.path.join(folder, path), 'wb') as file:
                    file.write(data)
            depmod = '/sbin/depmod' if tool() == 'kmod' else tap.command('depmod')
            subprocess.run([depmod, '-b', base, self.version], check=True, timeout=600)
            for name in os.listdir(folder):
                if os.path.isfile(os.path.join(folder, name)):
                    self.add_host_file('/lib/modules/%s/%s' % (self.version, name), os.path.join(folder, name))
        for path, data in self.module_files.items():
            self.add_file('/lib/modules/%s/%s' % (self.version, path), data)
        self.indexed = len(self.module_files)

    def cpio(self):
        if self.indexed != len(self.module_files):
            self.index()
        out = io.BytesIO()
        for number, path in enumerate(sorted(self.entries), 1):
            mode, data = self.entries[path]
            cpio_entry(out, path[1:], mode, data, number)
        cpio_entry(out, 'TRAILER!!!', 0, b'', 0)
        return out.getvalue()


def cpio_entry(out, name, mode, data, number):
    """in the "newc" form: 6 letters, 13 numbers of 8 hex digits, name, content; both padded to 4 bytes"""
    name = name.encode() + b'\0'
    fields = [number, mode, 0, 0, 2 if mode & 0o040000 else 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
    out.write(b'070701' + b''.join(b'%08X' % field for field in fields) + name)
    out.write(bytes(-out.tell() % 4))
    out.write(data)
    out.write(bytes(-out.tell() % 4))


# A run

class Result:
    def __init__(self, status, output, console, seconds):
        self.status = status        # of /vm/cmd; None when the guest did not get that far
        self.output = output        # bytes that it wrote
        self.console = console      # the kernel's log, text
        self.seconds = seconds      # how long QEMU ran

    def complaints(self):
        """lines of the kernel's log that tell of a fault in the kernel, or of a program that crashed; of a trace
        also what stands before and behind it"""
        lines, found = self.console.splitlines(), []
        for i, line in enumerate(lines):
            if 'Call Trace' in line:
                found += lines[max(0, i - 12):i + 12]
            elif re.search(r'BUG:|Oops|WARNING:|Kernel panic|general protection|segfault at|INFO: task .* blocked', line):
                found.append(line)
        return found


def qemu_command(version, initrd, append, memory, smp):
    return ['qemu-system-x86_64', '-M', 'pc', '-accel', 'tcg', '-cpu', 'qemu64,-cx16', '-m', str(memory), '-smp', str(smp),
            '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-kernel', vmlinux(version),
            '-initrd', initrd, '-append', ' '.join(filter(None, ['console=ttyS0', APPEND, append])),
            '-device', 'isa-debug-exit,iobase=0xf4,iosize=4']


def run_qemu(command, timeout):
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=timeout, check=False)
        return result.returncode, result.stderr.decode(errors='replace')
    except subprocess.TimeoutExpired:
        return None, 'the guest did not end within %d s\n' % timeout


def boot(image, append='', timeout=120, memory=256, smp=1, devices=(), version=None):
    """run /vm/cmd of @image in a fresh guest; devices: more arguments of QEMU

    @image may be the path of an initrd as well: then @version says which kernel boots it.
    """
    with tempfile.TemporaryDirectory(prefix='modsure-vm.') as scratch:
        console, output = os.path.join(scratch, 'console'), os.path.join(scratch, 'output')
        initrd = image
        if isinstance(image, Image):
            initrd = os.path.join(scratch, 'initrd')
            with open(initrd, 'wb') as file:
                file.write(image.cpio())
        command = qemu_command(version or image.version, initrd, append, memory, smp)
        command += ['-serial', 'file:' + console, '-serial', 'file:' + output, '-monitor', 'none', *devices]
        start = time.monotonic()
        for _ in range(BOOTS_MAX):
            code, noise = run_qemu(command, timeout)
            with open(console, 'rb') as file:
                log = file.read().decode(errors='replace').replace('\r', '')
            if 'Kernel panic' not in log or 'as init process' in log:
                break
        seconds = time.monotonic() - start
        with open(output, 'rb') as file:
            data = file.read()
    # isa-debug-exit: QEMU ends with 2 * value + 1; 0 is a guest that switched itself off.
    status = code >> 1 if code is not None and code > 0 and code & 1 and not noise.startswith('qemu') else None
    return Result(status, data, log + noise, seconds)


def interactive(image, append='', memory=512, smp=1):
    """a shell on this terminal; Ctrl-A X ends it"""
    with tempfile.TemporaryDirectory(prefix='modsure-vm.') as scratch:
        initrd = os.path.join(scratch, 'initrd')
        with open(initrd, 'wb') as file:
            file.write(image.cpio())
        command = qemu_command(image.version, initrd, append + ' loglevel=4 vm.shell', memory, smp)
        return subprocess.run(command + ['-serial', 'mon:stdio', '-serial', 'null'], check=False).returncode
