#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the inputs that fuzzing starts from: DIR/TARGET/{good,bad,unsupported}-NAME and a README with a line each.

    generate.py DIR [TARGET...]

good: read without complaint; bad: refused, or read with complaints; unsupported: well-formed, but
nothing that we read. Inputs that once made a target crash stand in crashes/TARGET/.
"""

import base64
import lzma
import os
import random
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, '../lib'), os.path.join(HERE, '../golden')]

import mkimage  # noqa: E402
import mkmod  # noqa: E402
from depmod_reference import index_bytes  # noqa: E402
from mkmod import Module, signed  # noqa: E402
from mkvmlinux import Vmlinux  # noqa: E402

KINDS = {'64-little': dict(cls=64, endian='little', machine=mkmod.EM_X86_64),
         '32-little': dict(cls=32, endian='little', machine=mkmod.EM_386),
         '64-big': dict(cls=64, endian='big', machine=mkmod.EM_S390),
         '32-big': dict(cls=32, endian='big', machine=mkmod.EM_PPC)}

TARGETS = {}


def target(*names):
    def register(function):
        for name in names:
            TARGETS[name] = function
        return function
    return register


# Kernels

@target('kernel-exports')
def kernel_exports():
    def made(kind='64-little', **more):
        kernel = Vmlinux(**KINDS[kind], **more).export('put_page', 1).export('__put_page', 2, ns='page')
        return kernel.export('gpl_fn', 3, gpl=True, ns='NS').export('zz', 4, gpl=True).bytes()

    for kind in KINDS:
        yield 'good-%s' % kind, made(kind), 'entries of three fields, CRCs'
        yield 'good-%s-pointers' % kind, made(kind, prel32=False, crcs=None), 'absolute entries, no CRCs'
    yield 'good-plain', made('32-little', fields='vn'), 'before namespaces'
    yield 'good-kflagstab', made('64-big', kflagstab=True), 'licences in __kflagstab'
    yield 'good-symbols', made(symbols=True), 'symbols of the entries'
    yield 'good-5.4-rc', made(symbols='ns'), 'namespaces in symbols'
    yield 'good-crc-words', made(fields='vn', crcs=8, prel32=False), 'CRCs of 8 bytes'
    yield 'good-crcs-elsewhere', made(crcs='way'), 'CRCs in .rodata'
    yield 'good-position-independent', made(prel32=False, dyn=True), 'values in relocations'
    yield 'good-grown', made(fields='vnsx'), 'a fourth field, and CRCs that tell'
    yield 'bad-cut', made()[:-300], 'section headers cut off'
    yield 'bad-order', Vmlinux(sort=False).export('b').export('a').bytes(), 'names that do not ascend'
    yield 'unsupported-grown', made(fields='vnsx', crcs=None), 'a fourth field, and nothing that tells'
    yield 'unsupported-order', made(fields='nvs'), 'fields in another order'


# Module files

def module(kind='64-little', **more):
    made = Module(**KINDS[kind], **more).modinfo('license', 'GPL').modinfo('alias', 'pci:v*d*').modinfo('depends', '')
    return made.use('need', 5).use('weak', weak=True).build_id(bytes(range(8)))


def exporter(made):
    return made.export('fn', 0x11223344, ns='NS').export('gpl_fn', 0x55667788, gpl=True).export('bare')


@target('facts')
def facts():
    for kind in KINDS:
        yield 'good-%s' % kind, exporter(module(kind)).bytes(), 'exports, imports, versions'
        yield ('good-%s-stripped' % kind, exporter(module(kind, strip=('ksymtab', 'crc', 'kstrtab'))).bytes(),
               'exports by relocations only')
    yield 'good-absolute-crcs', exporter(module(crcs='absolute')).bytes(), 'CRCs in symbols'
    yield 'good-kflagstab', exporter(module(exports='kflagstab')).bytes(), 'licences in __kflagstab'
    yield ('good-kflagstab-stripped', exporter(module('32-big', exports='kflagstab', strip=('ksymtab', 'crc'))).bytes(),
           'the same by relocations')
    yield 'good-5.4-rc', exporter(module(exports='5.4-rc')).bytes(), 'namespaces in symbols'
    yield 'good-plain', exporter(module('32-little', exports='plain', rela=False)).bytes(), 'before namespaces'
    yield 'good-pointers', exporter(module(prel32=False)).bytes(), 'export tables of pointers'
    yield 'good-ext-versions', module('64-big', versions='both').version('n' * 70, 1).bytes(), 'both version tables'
    patch = module().livepatch().klp_rela('vmlinux', '.text', [('vmlinux', 'printk', 0)]).klp_symbol('ext4', 'fn', 1)
    yield 'good-livepatch', patch.bytes(), 'livepatch marks'
    sparc = Module(cls=64, endian='big', machine=mkmod.EM_SPARCV9).use('fn')
    sparc.symbol('%g2', mkmod.SHN_UNDEF, type=mkmod.STT_SPARC_REGISTER)
    yield 'good-sparc', sparc.bytes(), 'a register symbol'
    yield 'good-signed', signed(module().bytes(), b'S' * 50), 'a signature behind it'
    yield 'good-nothing', Module('m').bytes(), 'no tags, symbols or versions'
    data = bytearray(module().bytes())
    yield 'bad-cut', bytes(data[:-100]), 'section headers cut off'
    yield 'bad-name-table', bytes(data[:62]) + b'\xff\xfe' + bytes(data[64:]), 'e_shstrndx beyond the sections'
    yield 'bad-signature', signed(bytes(data), b'', sig_len=1 << 30), 'signature longer than the file'
    nowhere = module(exports='plain').export('fn').section('.bss', type=mkmod.SHT_NOBITS)
    nowhere.symbol('__kstrtabns_fn', '.bss')
    yield 'bad-namespace-nowhere', nowhere.bytes(), 'a namespace in a section without bytes'
    claims = module().section('__ksymtab', type=mkmod.SHT_NOBITS).symbol('__ksymtab_fn', '.text')
    claim = bytearray(claims.bytes())
    struct.pack_into('<Q', claim, claims.where('__ksymtab')[0] + 32, 0xffffffffff)
    yield 'good-claim', bytes(claim), 'an export table that claims 1 TiB and has no bytes'
    yield 'bad-empty', b'', 'no bytes'
    yield 'bad-text', b'no module\n', 'text'
    data[16] = 3
    yield 'good-shared-object', bytes(data), 'a program with .modinfo'


@target('trailer')
def trailer():
    # The target puts the magic behind an input whose last byte is odd.
    def without_magic(data):
        return data[:-len(mkmod.SIGNATURE_MAGIC)] + b'\1'
    yield 'good-pkcs7', without_magic(signed(b'module', b'S' * 30)), 'PKCS#7'
    yield ('good-old', without_magic(signed(b'module', b'S' * 30, 1, 1, 4, b'signer', b'key')), 'signer and key id')
    yield 'good-none', b'module\n', 'no signature'
    yield 'bad-size', without_magic(signed(b'module', b'S' * 30, sig_len=37)), 'one byte longer than the file'
    yield 'bad-names', without_magic(signed(b'', b'S' * 3, 1, 1, 4, b'signer', b'key', sig_len=4)), 'no room for names'


@target('force')
def force():
    for kind in KINDS:
        made = module(kind, versions='both').modinfo('vermagic', '6.1 SMP').bytes()
        yield 'good-%s' % kind, b'\x03' + made, 'vermagic and versions'
    yield 'good-signed', b'\x01' + signed(made, b'S' * 50), 'a signature behind it'
    yield 'bad-cut', b'\x03' + made[:-100], 'section headers cut off'


@target('strings')
def strings():
    texts = b'\0a message\n\0\x013with a level\0no end'
    for kind in KINDS:
        made = module(kind).section('.rodata.str1.8', texts)
        yield 'good-%s' % kind, made.section('.init.data', b'name').bytes(), 'texts in two sections'
    made = module()
    for number in range(200):
        made.section('.rodata.%d' % number, b'text')
    data = made.bytes()
    yield 'good-many', data, 'a section each'
    yield 'bad-cut', data[:-100], 'section headers cut off'
    yield 'bad-empty', b'', 'no bytes'


# Compressed files

PLAIN = Module('m').modinfo('license', 'GPL').bytes()


@target('xz')
def xz():
    small = lzma.compress(PLAIN, check=lzma.CHECK_CRC32, preset=0)
    yield 'good-crc32', small, 'as the kernel packs modules'
    yield 'good-crc64', lzma.compress(PLAIN), 'CRC64, a dictionary of 8 MiB'
    yield 'good-sha256', lzma.compress(PLAIN, check=lzma.CHECK_SHA256, preset=0), 'SHA-256'
    yield 'good-no-check', lzma.compress(PLAIN, check=lzma.CHECK_NONE, preset=0), 'no check'
    yield 'good-x86', lzma.compress(PLAIN, check=lzma.CHECK_CRC32, filters=[
        {'id': lzma.FILTER_X86}, {'id': lzma.FILTER_LZMA2, 'dict_size': 1 << 20}]), 'branch filter'
    yield 'good-two-streams', small + bytes(8) + small, 'two streams with padding between'
    yield 'good-empty', lzma.compress(b'', preset=0), 'of no bytes'
    yield 'bad-cut', small[:-20], 'cut off'
    yield 'bad-check', small[:-30] + bytes([small[-30] ^ 1]) + small[-29:], 'a wrong byte near the end'
    yield 'bad-padding', small + bytes(3), 'padding of an odd size'
    yield 'bad-header', small[:7] + b'\x0f' + small[8:], 'header CRC'
    yield 'unsupported-lzma', lzma.compress(PLAIN, format=lzma.FORMAT_ALONE), 'the format before xz'


@target('zstd')
def zstd():
    small = mkmod.zst(PLAIN)
    yield 'good-frame', small, 'one frame'
    yield 'good-two-frames', small + small, 'two frames'
    yield 'good-skippable', struct.pack('<II', 0x184D2A50, 4) + b'skip' + small, 'a skippable frame in front'
    yield 'good-raw-block', b'\x28\xb5\x2f\xfd\x20\x05' + struct.pack('<I', 1 | 5 << 3)[:3] + b'hello', 'a raw block'
    yield 'good-rle-block', b'\x28\xb5\x2f\xfd\x20\x40' + struct.pack('<I', 3 | 64 << 3)[:3] + b'x', 'a repeated byte'
    yield 'bad-cut', small[:-10], 'cut off'
    yield 'bad-check', small[:-1] + bytes([small[-1] ^ 1]), 'content checksum'
    yield 'bad-reserved-block', b'\x28\xb5\x2f\xfd\x20\x05' + struct.pack('<I', 7 | 5 << 3)[:3] + b'hello', \
        'block type 3'
    yield 'unsupported-dictionary', b'\x28\xb5\x2f\xfd\x21\x07\x05' + struct.pack('<I', 1 | 5 << 3)[:3] + b'hello', \
        'needs dictionary 7'
    yield 'unsupported-window', b'\x28\xb5\x2f\xfd\x00\xb8' + struct.pack('<I', 1 | 5 << 3)[:3] + b'hello', \
        'a window of 8 GiB'


@target('gzip')
def gzip():
    small = mkmod.gz(PLAIN)
    body = zlib.compress(b'hello')[2:-4]
    tail = struct.pack('<II', zlib.crc32(b'hello'), 5)
    yield 'good-member', small, 'one member'
    yield 'good-two-members', small + small, 'two members'
    yield 'good-all-fields', b'\x1f\x8b\x08\x1c' + bytes(6) + b'\x04\0ext!name\0comment\0' + body + tail, \
        'extra field, name, comment'
    yield 'good-stored', b'\x1f\x8b\x08\0' + bytes(6) + b'\x01\x05\0\xfa\xffhello' + tail, 'a stored block'
    yield 'bad-cut', small[:-9], 'cut off'
    yield 'bad-crc', b'\x1f\x8b\x08\0' + bytes(6) + body + struct.pack('<II', 1, 5), 'CRC'
    yield 'bad-size', b'\x1f\x8b\x08\0' + bytes(6) + body + struct.pack('<II', zlib.crc32(b'hello'), 6), 'size'
    yield 'unsupported-method', b'\x1f\x8b\x07\0' + bytes(6) + body + tail, 'compression method 7'


@target('kernel-decoder')
def kernel_decoder():
    for make in xz, zstd, gzip:
        for name, data, description in make():
            kind, _, rest = name.partition('-')
            yield '%s-%s-%s' % (kind, make.__name__, rest), data[:200], description


# Kernel images

VMLINUX = mkimage.vmlinux()


@target('kernel-image')
def kernel_image():
    yield 'good-vmlinux', VMLINUX, 'the kernel itself'
    yield 'good-bzimage', mkimage.bzimage(VMLINUX + bytes(4)), 'not compressed'
    yield 'good-packed', mkimage.bzimage(mkimage.payload('gzip', VMLINUX)), 'packed with gzip'
    yield 'good-sectors', mkimage.bzimage(VMLINUX, sectors=4, gap=0), 'more setup code'
    yield 'good-unified', mkimage.unified(VMLINUX), 'in a section of an EFI file'
    yield 'good-two-banners', mkimage.vmlinux(more=b'Linux version 6.2 (x)\0' b'6.1-test UP \0'), 'which differ'
    yield 'bad-cut', mkimage.bzimage(VMLINUX)[:-60], 'cut off'
    yield 'bad-payload', mkimage.bzimage(b'unknown'), 'no kernel'
    yield 'bad-unified', mkimage.unified(VMLINUX, b'.other'), 'no section .linux'
    yield 'bad-text', b'text\n', 'text'
    yield 'unsupported-protocol', mkimage.bzimage(VMLINUX, protocol=0x207), 'before payloads had a place'
    yield 'unsupported-zboot', mkimage.zboot(b'packed'), 'EFI zboot'
    yield 'unsupported-arm64', mkimage.arm64(128), 'a raw image'


def packed(kind):
    small = mkimage.pack(kind, PLAIN)
    broken = bytearray(small)
    broken[len(broken) // 2] ^= 0x10
    yield 'good-%s' % kind, small, 'as the tool writes it'
    yield 'good-%s-best' % kind, mkimage.pack(kind, PLAIN, '-9'), 'its best'
    yield 'good-%s-followed' % kind, small + struct.pack('<I', len(PLAIN)) + bytes(8), 'size and padding behind it'
    yield 'bad-%s-cut' % kind, small[:-9], 'cut off'
    yield 'bad-%s-byte' % kind, bytes(broken), 'a wrong bit in the middle'


@target('payload')
def payload():
    for kind in 'gzip', 'xz', 'zstd', 'lzma', 'bzip2':
        yield from packed(kind)
    small = mkimage.pack('lzma', PLAIN)
    yield 'good-lzma-known-size', small[:5] + struct.pack('<Q', len(PLAIN)) + small[13:], 'the size is told'
    yield 'bad-lzma-size', small[:5] + struct.pack('<Q', len(PLAIN) + 1) + small[13:], 'and wrong'
    yield 'unsupported-lzma-dictionary', small[:1] + struct.pack('<I', 3 << 30) + small[5:], 'of 3 GiB'
    yield 'good-bzip2-two-streams', mkimage.pack('bzip2', b'one') + mkimage.pack('bzip2', b'two'), 'two streams'
    yield 'good-bzip2-runs', mkimage.pack('bzip2', b'a' * 100000 + b'ab' * 500), 'long runs'
    yield 'bad-bzip2-level', b'BZh0', 'no block size'


@target('lzo')
def lzo():
    yield from packed('lzo')
    small = mkimage.pack('lzo', PLAIN)
    yield 'good-crc', mkimage.pack('lzo', PLAIN, '--crc32'), 'CRC-32 as well'
    yield 'good-no-checksums', mkimage.pack('lzo', PLAIN, '-F'), 'blocks without checksums'
    yield 'good-stored', mkimage.pack('lzo', random.Random(2).randbytes(600)), 'what cannot get smaller'
    yield 'good-blocks', mkimage.pack('lzo', bytes(600000)), 'three blocks'
    yield 'bad-method', small[:15] + b'\x80' + small[16:], 'a method of zlib'


@target('lz4')
def lz4():
    yield from packed('lz4')
    magic = b'\x02\x21\x4c\x18'
    yield 'good-full-block', mkimage.pack('lz4', bytes(8 << 20)), '8 MiB, then the end'
    yield 'good-two-frames', mkimage.pack('lz4', b'one') + mkimage.pack('lz4', b'two'), 'two frames'
    yield 'bad-block', magic + struct.pack('<I', 1 << 30) + b'block', 'a block of 1 GiB'
    yield 'bad-match', magic + struct.pack('<I', 5) + b'\x1fa\x09\0\x10', 'a match that begins before the start'


# Signatures

def der(tag, *parts):
    content = b''.join(parts)
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    width = (size.bit_length() + 7) // 8
    return bytes([tag, 0x80 | width]) + size.to_bytes(width, 'big') + content


def oid(text):
    first, second, *rest = map(int, text.split('.'))
    out = bytearray([40 * first + second])
    for number in rest:
        chunk = [number & 127]
        while number > 127:
            number >>= 7
            chunk.insert(0, 128 | number & 127)
        out += bytes(chunk)
    return der(6, bytes(out))


SEQUENCE, SET, INTEGER, OCTETS, NULL, UTF8 = 0x30, 0x31, 2, 4, b'\5\0', 12
SIGNED_DATA, DATA, RSA = '1.2.840.113549.1.7.2', '1.2.840.113549.1.7.1', '1.2.840.113549.1.1.1'
SHA256, SHA512, COMMON_NAME = '2.16.840.1.101.3.4.2.1', '2.16.840.1.101.3.4.2.3', '2.5.4.3'


def pkcs7_of(signer, digest=SHA256, version=1):
    algorithm = der(SEQUENCE, oid(digest), NULL)
    info = der(SEQUENCE, der(INTEGER, bytes([version])), signer, algorithm, der(SEQUENCE, oid(RSA), NULL),
               der(OCTETS, b'S' * 32))
    return der(SEQUENCE, oid(SIGNED_DATA), der(0xa0, der(
        SEQUENCE, der(INTEGER, bytes([version])), der(SET, algorithm), der(SEQUENCE, oid(DATA)), der(SET, info))))


def issuer(name, serial=b'\x12\x34'):
    attribute = der(SET, der(SEQUENCE, oid(COMMON_NAME), der(UTF8, name)))
    return der(SEQUENCE, der(SEQUENCE, attribute), der(INTEGER, serial))


@target('pkcs7')
def pkcs7():
    small = pkcs7_of(issuer(b'Some signer'))
    yield 'good-issuer', small, 'signer by issuer and serial number'
    yield 'good-key-id', pkcs7_of(der(0x80, b'\xde\xad\xbe\xef'), version=3), 'signer by key id'
    yield 'good-sha512', pkcs7_of(issuer('\u0141ukasz'.encode()), SHA512), 'SHA-512, a name beyond ASCII'
    yield 'good-trailing', small + b'more', 'bytes behind it'
    yield 'bad-cut', small[:-5], 'cut off'
    yield 'bad-data', der(SEQUENCE, oid(DATA), der(0xa0, der(OCTETS, b'x'))), 'not signed data'
    yield 'bad-no-signer', der(SEQUENCE, oid(SIGNED_DATA), der(0xa0, der(
        SEQUENCE, der(INTEGER, b'\1'), der(SET), der(SEQUENCE, oid(DATA)), der(SET)))), 'nobody signed'
    yield 'bad-length', b'\x30\x84\xff\xff\xff\xff\x06\x01', 'a length of 4 GiB'
    yield 'unsupported-digest', pkcs7_of(issuer(b'x'), '1.2.3.4.5'), 'a digest that nobody knows'


CERTIFICATE = base64.b64decode(
    'MIIBbjCCARWgAwIBAgIUH+fkrsFrOGgMUNp27+bmPMbsDV0wCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBazAgFw0yNjExMjEyMzM1'
    'NDJaGA8yMTI2MTAyODIzMzU0MlowDDEKMAgGA1UEAwwBazBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABHkjunkuCgwAehrqJkP7'
    'GLq/G44KuVzwsP3vyfMzngvXzduhTPPG5R5e6yC+Gajo/qBRPWDcP/3E7SQTy/iAt6OjUzBRMB0GA1UdDgQWBBQrefFAgu2IDC4Q'
    'qVS4NIT9Kb7mUzAfBgNVHSMEGDAWgBQrefFAgu2IDC4QqVS4NIT9Kb7mUzAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cA'
    'MEQCICItYUPaoQo4OsquVKmUYXRCUAwDBAUM5CGL+/H0IyCfAiAuwDsHSItzn4UF3PYa9AbVcjkJaOoP4UscSbmPaMfbkw==')


def pem(label, data):
    return b'-----BEGIN %s-----\n%s-----END %s-----\n' % (label, base64.encodebytes(data), label)


KEYS = (('good-der', CERTIFICATE, 'a certificate, valid until 2126'), ('good-two', 2 * CERTIFICATE, 'two behind each other'),
        ('good-pem', b'words\n' + pem(b'PRIVATE KEY', b'0') + pem(b'CERTIFICATE', CERTIFICATE), 'PEM, with a private key'),
        ('bad-cut', CERTIFICATE[:-9], 'cut off'), ('bad-pem', pem(b'CERTIFICATE', CERTIFICATE)[:-30], 'PEM without its end'),
        ('bad-key', pem(b'PUBLIC KEY', b'0\0'), 'a block that holds no key'), ('bad-none', b'', 'nothing'))


@target('keyring')
def keyring():
    """the first byte tells how many of the others are the file of keys"""
    signature = pkcs7_of(issuer(b'Some signer'))
    for name, keys, what in KEYS:
        yield name, bytes([255 * (len(keys) + 1) // (len(keys) + len(signature) + 1)]) + keys + signature, what


# Indexes

def aliases():
    rng = random.Random(1)
    for i in range(40):
        yield b'pci:v%08Xd*sv*' % rng.getrandbits(12), i, b'mod_%d' % (i % 7)
    yield b'usb:v0[0-9a-f]*p?', 50, b'usb_thing'
    yield b'fs_ext4', 51, b'ext4'
    yield b'fs_ext4', 52, b'ext3'


DEP = [(b'r8169', 0, b'kernel/r8169.ko.xz: kernel/mdio.ko.xz kernel/libphy.ko.xz'),
       (b'libphy', 1, b'kernel/libphy.ko.xz:'), (b'lib', 2, b'kernel/lib.ko:')]


@target('index-reader', 'index-lookup')
def index_reader():
    made = index_bytes(aliases())
    yield 'good-alias', b'pci:v00000123d5sv6\0' + made, 'patterns'
    yield 'good-exact', b'fs-ext4\0' + made, 'a key with two values'
    yield 'good-dep', b'r8169\0' + index_bytes(DEP), 'modules.dep.bin'
    yield 'good-symbols', b'symbol:crc32_le\0' + index_bytes([(b'symbol:crc32_le', 0, b'crc32')]), 'modules.symbols.bin'
    yield 'good-builtin', b'ext4\0' + index_bytes([(b'ext4', 0, b''), (b'ext2', 0, b'')]), 'modules.builtin.bin'
    yield 'good-empty', b'x\0' + index_bytes([]), 'a header'
    yield 'good-stars', b'a' * 30 + b'\0' + index_bytes([(b'*a' * i + b'*b', i, b'm') for i in range(1, 20)]), \
        'patterns that are slow to refute'
    yield 'bad-magic', b'x\0\xb0\x07\xf4\x58' + made[4:], 'magic'
    yield 'bad-loop', b'aaa\0' + struct.pack('>3I', 0xB007F457, 0x00020001, 0x2000000c) + b'aa' + \
        struct.pack('>I', 0x2000000c), 'a node that is its own child'
    yield 'bad-count', b'a\0' + struct.pack('>4I', 0xB007F457, 0x00020001, 0x4000000c, 0xffffffff), '4 G values'
    yield 'bad-cut', b'fs-ext4\0' + made[:-9], 'cut off'
    yield 'unsupported-version', b'x\0' + made[:4] + b'\0\3\0\0' + made[8:], 'version 3.0'


@target('index-manifest')
def index_manifest():
    files = [b'modules.dep', b'modules.dep.bin', b'modules.alias', b'modules.alias.bin', b'modules.softdep',
             b'modules.weakdep', b'modules.symbols', b'modules.symbols.bin', b'modules.builtin.bin',
             b'modules.builtin.alias.bin', b'modules.devname']
    entries = [(b'manifest:format', 0, b'1'), (b'manifest:generation', 0, b'0123456789abcdef'),
               (b'manifest:input', 0, b'fedcba9876543210')]
    entries += [(b'manifest:file:' + name, 0, b'size=%d hash=00000000000000%02x' % (100 * i, i))
                for i, name in enumerate(files)]
    yield 'good-manifest', index_bytes(entries), 'all eleven files'
    yield 'bad-file', index_bytes(entries[:-1]), 'a file is missing'
    yield 'bad-number', index_bytes(entries[:-1] + [(entries[-1][0], 0, b'size=-1 hash=zz')]), 'no numbers'
    yield 'unsupported-format', index_bytes([(b'manifest:format', 0, b'2')] + entries[1:]), 'another format'


@target('index-declared')
def index_declared():
    yield 'good-tag', b'realtek module dep .modinfo', 'a tag'
    yield 'good-conf', b'crypto_crc32c conf! group /etc/depmod.d/a b.conf:12', 'a strict line of a file with a blank'
    yield 'good-conflict', b'nvidia nouveau conf /etc/depmod.d/x.conf:4294967295', 'a conflict'
    yield 'bad-fate', b'a module maybe .modinfo', 'no such fate'
    yield 'bad-line', b'a conf cycle x:4294967296', 'a line with more than 32 bits'
    yield 'bad-control', b'a\x1b conf builtin x\n:1', 'control characters'
    yield 'bad-cut', b'a conf unknown', 'no source'


@target('index-namespaces')
def index_namespaces():
    yield 'good-module', b'usb_storage USB_STORAGE', 'a module'
    yield 'good-list', b'vmlinux module:kvm,kvm-*', 'of the kernel, for some modules'
    yield 'good-blank', b'm a b', 'a namespace with a blank'
    yield 'bad-owner', b' NS', 'no owner'
    yield 'bad-namespace', b'm ', 'no namespace'
    yield 'bad-control', b'm N\x1bS', 'a control character'


@target('glob')
def glob_patterns():
    for name, pattern, text in (('literal', b'abc', b'abc'), ('star', b'a*c*e', b'abcde'),
                                ('set', b'[a-c]?[!x]', b'bzz'), ('class', b'[[:alpha:]]*', b'x1'), ('slow', b'*a' * 12 + b'b', b'a' * 60),
                                ('escaped', b'\\*\\[', b'*[')):
        yield 'good-' + name, pattern + b'\0' + text, 'pattern, NUL, text'
    yield 'bad-bracket', b'[a-\0a', 'a set without an end'


@target('index-builtin')
def index_builtin():
    yield 'good-list', b'kernel/fs/ext4/ext4.ko\nkernel/lib/crc-16.ko\n', 'modules.builtin'
    yield 'good-modinfo', b'ext4.license=GPL\0ext4.alias=fs-ext4\0crc_16.file=lib/crc16\0', 'modules.builtin.modinfo'
    yield 'bad-lines', b'\n.ko\nkernel/' + b'x' * 300 + b'.ko\nkernel/a.ko', 'no names, too long a name, no newline'
    yield 'bad-modinfo', b'=x\0.=\0a.\0a.b\0a.alias=no end', 'no module, key or end'


@target('index-devname')
def index_devname():
    yield 'good-nodes', (b'# Device nodes to trigger on-demand module loading.\ntun net/tun c10:200\n\n'
                         b'loop a/b/c b4095:1048575 more\r\nlast x c0:0'), 'characters, blocks, folders, no newline'
    yield 'bad-names', b'm ../x c1:2\nm a/./b c1:2\nm /x c1:2\nm a// c1:2\nm %h c1:2\nm "x c1:2\nm \0 c1:2\n', 'not below /dev'
    yield 'bad-numbers', b'm x c4096:1\nm x c1:1048576\nm x c1\nm x c-1:2\nm x d1:2\nm x c1:2x\nm x\n', 'no device'


# Configuration

@target('conf-proc-modules')
def conf_proc_modules():
    yield 'good-modules', (b'r8169 122880 0 - Live 0xffffffffc0c5e000 (E)\nmii 16384 3 r8169,[permanent],e100, Live 0x0\n'
                           b'a 1 1 - Loading 0x0 (OE)\nb 9223372036854775807 -1 - Unloading 0x0\nc 1 - - Live 0x0'), 'all states'
    yield 'bad-modules', (b'x\nx 1 0\nx -1 0 - Live\nx 1 1 a Live 0x0\nx 1 1 ,, Live 0x0\nx 1 0 - Dead 0x0\n'
                          b'x 1 0 - Live 0x0 E\n../x 1 0 - Live 0x0\nx 99999999999999999999 0 - Live 0x0\n'), 'no such lines'


@target('conf-lines', 'conf-depmod-conf')
def conf_lines():
    yield 'good-depmod', (b'# comment\nsearch updates built-in external\noverride a-b * extra\noverride a ^6[.]1 u\n'
                          b'external * /ext\nexclude build *.bak\n'), 'all directives'
    yield 'good-continued', b'search \\\n updates \\\n\textra\r\nexclude a\\ b\\#\n', 'lines that go on'
    yield 'bad-lines', b'search\noverride a\nexternal 1 relative\nno_such directive\n\0\nexclude\n', 'missing words'
    yield 'bad-end', b'search updates\\', 'goes on at the end'
    yield 'good-declarations', (b'harddep r8169 realtek symbol:x # why\nharddep! snd-[a-c]* pci:v1d2 b-c\nharddep r8169\n'
                                b'conflict a-b c d\nmerge_softdeps\nmerge_softdeps no\n'), 'what modules need and exclude'
    yield 'bad-declarations', (b'harddep\nharddep! a\nharddep a[b c\nharddep a a b* c] \x01x ok\nconflict a*b c\n'
                               b'conflict a a\nmerge_softdeps maybe\n'), 'no module, patterns, itself, control characters'
    yield 'unsupported-old', b'include /etc/x.conf\nmake_map_files yes\n', 'directives without effect'


@target('check-dependencies')
def check_dependencies():
    yield 'good-clean', (b'softdep=pre: b\nparm=p:x\nparmtype=p:int\0alias=x-1\0\0\0\0options a p=1\n\0'
                         b'inside.parm=q:x\n\0a.p=1 inside.q=2\0'), 'nothing to find'
    yield 'bad-all', (b'harddep=gone b\nsoftdep=c gone\nsoftdep=post: b a\nconflict=c\nparmtype=p:bool\0harddep=a c\nweakdep=gone\0'
                      b'softdep=pre: a\nalias=x*\0conflict=inside\0harddep a\nharddep! ? gone\nconflict z a\noverride z * x\0'
                      b'softdep [a-d] c\nsoftdep b\nmask ?\ninstall c /bin/false\nblacklist x*\noptions a p=x q p=y\nalias y z\n'
                      b'harddep c a\nconflict a b gone\nbogus\n\0inside.parm=q:x\n\0module_blacklist=c a.p=3 inside.z=1\0'), 'all reported'


@target('graph-hard')
def graph_hard():
    yield 'good-declarations', (b'alias=x-1\nharddep=b\0alias=x-1\nsoftdep=pre: a post: b\0conflict=x-1 a\0harddep=e symbol:f inside\0'
                                b'\0softdep=a\nsoftdep=post: c a\0harddep [a-d] f\nharddep! e a\nconflict a c inside\n'), 'all answers'
    yield 'good-cycles', b'harddep=b\0harddep=c d\0harddep=a\0harddep=a\0\0\0harddep * a b c d e f\nharddep b\n', 'cycles, taken back'
    yield 'bad-words', b'harddep=\nharddep=a a* b b\x01 [x\nconflict=\nconflict=a z\0softdep=\x80\0\0\0\0\0harddep a z z\n', 'reported'


@target('conf-modprobe-conf')
def conf_modprobe_conf():
    yield 'good-modprobe', (b'# comment\nalias pci:v*d*[a-f]* m\nblacklist a-b\noptions a-b x=1\ty="2 3"\n'
                            b'install m /bin/true $CMDLINE_OPTS\nremove m* /bin/false\nsoftdep m pre: a b post: c\n'
                            b'softdep m d\nweakdep m e f\nmask a-* b\nallow m a_b\n'), 'all directives'
    yield 'good-taken-back', b'softdep m a\nsoftdep [l-n]\nsoftdep m pre:\nsoftdep m b\nweakdep *\n', 'cleared lists'
    yield 'good-declared', (b'harddep r8169 realtek\nharddep! [l-n]* a-b a_b crypto-crc32c # c\nharddep m\n'
                            b'conflict nouveau nvidia m\n'), 'hard dependencies and conflicts'
    yield 'bad-declared', (b'harddep\nharddep! m\nconflict m\nconflict a* b\nconflict a b* c\nharddep m m\nharddep m a a\n'
                           b'harddep m a\x1b \xc3\xa4 [\nharddep m' + b' w' * 1000 + b'\n'), 'no names, twice, itself'
    yield 'good-continued', b'options \\\n  m \\\n x=1\\\n2\r\nsoftdep m a\\ b\\#\n', 'lines that go on'
    yield 'good-cmdline', b'quiet m.x=1\a "a-b.y=2 3" m.z="4 5" modprobe.blacklist=a-b,m -- m.x=2\n', 'a command line'
    yield 'bad-lines', b'alias a\nalias [ m\noptions m\ninstall m \nmask #\nnonsense\n\0\nsoftdep\n', 'no rules'
    yield 'bad-cmdline', b'm.x=1"2 "m.y z" m."q"=1 "m.v="1 2"" m.open="1', 'quotes where none can be'
    yield 'unsupported-old', b'include /etc/x.conf\nconfig binary_indexes yes\n', 'directives without effect'


@target('conf-cmdline')
def conf_cmdline():
    yield 'good-words', b'quiet root=/dev/vda1 a.b=1 a.b.c=2 module_blacklist=a,b modprobe.blacklist=a,b\n', 'words'
    yield 'good-quotes', b'a.b="x y" "a.b=x y" a.b=x"y z" a.b="" "--" c.d', 'quotes'
    yield 'bad-dots', b'.a=1 b.=2 . ..', 'dots with nothing on one side'
    yield 'bad-open', b'a.b="x y', 'a quote without an end'


@target('conf-command')
def conf_command():
    for name, command, options, what in (
            ('good-plain', b'modprobe -i x $CMDLINE_OPTS', b'a=1 b="c d"', 'outside of quotes'),
            ('good-quotes', b'sh -c \'echo $CMDLINE_OPTS\' "${CMDLINE_OPTS}" \\$CMDLINE_OPTS', b'a=1', 'inside of quotes'),
            ('bad-options', b'x $CMDLINE_OPTS', b'-a --b c="d -e"', 'parameters that look like options'),
            ('good-shell', b'x $CMDLINE_OPTS', b"$(a) `b` ;c 'd \"e", 'parameters that look like code')):
        yield name, command + b'\n' + options, what


@target('conf-option-words')
def conf_option_words():
    yield 'good-words', b'-q -C /etc/x --all', 'words'
    yield 'good-quotes', b'-C "/a b" \'c "d\' x\'y z\'w a="x\ty"', 'quotes'
    yield 'bad-open', b'-C "a b', 'a quote without an end'


@target('conf-symvers')
def conf_symvers():
    yield 'good-symvers', (b'0x12345678\tfn\tvmlinux\tEXPORT_SYMBOL\t\n'
                           b'0xffffffff\tgpl\tdrivers/a\tEXPORT_SYMBOL_GPL\tNS\n'
                           b'0x0 blank vmlinux EXPORT_SYMBOL\n'), 'Module.symvers'
    yield 'good-map', (b'ffffffff81000000 T _text\nffffffff82000000 r __ksymtab_fn\n'
                       b'0000000000000000 r __ksymtab_NS.fn\t[mod]\n'), 'System.map'
    yield 'bad-symvers', b'0xzz\tfn\tvmlinux\n0x1\n\tfn\t\n0x123456789\tfn\tvmlinux\n', 'no number, no columns'


@target('check-baseline')
def check_baseline():
    yield 'good-lines', (b'# known\n\nMS101 lost exported_by_nobody\nms101 /etc/modprobe.d/a%20b.conf two words\r\n'
                         b'unresolved-symbol m\n'), 'by id and name, with and without an object'
    yield 'bad-lines', b'MS101\nMS999 m x\nMS101 a%2 b\nMS101 a b%00\nMS101 a\0b c\n', 'no subject, no rule, no digits, a NUL'


@target('conf-kernel-config')
def conf_kernel_config():
    yield 'good-options', (b'#\n# Kernel Configuration\n#\nCONFIG_MODULES=y\nCONFIG_DRM=m\n# CONFIG_MODULE_SIG is not set\n'
                           b'CONFIG_HZ=250\nCONFIG_LOCALVERSION="-x"\n'), 'all kinds of values'
    yield 'good-twice', b'CONFIG_A=y\n# CONFIG_A is not set\nCONFIG_A=m', 'one option three times'
    yield 'bad-lines', b'CONFIG_A=y\nCONFIG_=\nCONFIG_B\n x\nCONFIG_C=\0\n', 'lines that are no options'
    yield 'bad-none', b'# nothing\n\n', 'no option at all'


@target('conf-parameters')
def conf_parameters():
    yield 'good-int', b'int\n-0x10', 'a number'
    yield 'good-array', b'array of bool\ny,n,off', 'truth values'
    yield 'bad-byte', b'byte\n256', 'too large'
    yield 'bad-array', b'array of int\n1,,2', 'an empty element'
    yield 'unsupported-type', b'policy\nfast', 'a type of its own'


@target('kmsg')
def kmsg():
    yield 'good-records', (b'4,339,5140900,-;NET: Registered\n30,340,5690716,c,caller=T1;udevd: starting\n'
                           b' SUBSYSTEM=pci\n6,341,6690716,-;\n'), 'messages and details'
    yield 'bad-heads', b'a,1,2,-;x\n1,2;x\n1,2,3,-\n1,2,99999999999999999999999,-;x\n', 'no heads of records'
    yield 'bad-cut', b'6,342,6690717,-;not finished', 'no newline'


@target('plan')
def plan():
    conf = b'softdep a pre: b c\nsoftdep b post: a\nmask d\nallow a b c\ninstall c x\nremove c y\noptions a p=1\n\0'
    # A goal by name; every lookup is answered by its name (37), nothing is live, lines of one to four modules.
    answers = b'\x01\x00' + b'\x25' + b'\x00\x1f\x01\x01' + b'\x25\x00\x1c\x02\x03\x04\x05\x01' * 12
    for name, flags, text, what in (
            ('load', 0, b'\0', 'a plan to load'), ('rules', 0, conf, 'rules of all kinds'),
            ('cycle', 0, b'softdep * pre: a b c d e f g h\n\0', 'all name each other'),
            ('unload', 1, conf, 'a plan to unload'), ('holders', 33, b'\0', 'with those who use it'),
            ('everything', 0xfe, conf, 'all options')):
        yield 'good-' + name, bytes([flags, 2]) + text + answers, what
    # The goal a is found (37) and absent; then 0x84: its hard dependencies (how, name), its conflicts (name,
    # is it built in), and that its file is there (1). Their names are found, absent, and need nothing more.
    found, rest = b'\0\x01\x00\x25', b'\x25' * 2 + b'\0' * 3 + b'\x1e\x01' * 4
    for name, flags, more, middle, what in (
            ('hard', 0, 1, b'\0\x84\x02\x00\x02\x01\x03\0\x01', 'hard dependencies of a module and of configuration'),
            ('hard-line', 0, 1, b'\0\x85\x01\x02\x04\x01\x14\x02\0\x01', 'hard dependencies in lines, one taken back'),
            ('hard-self', 0, 1, b'\0\x84\x02\x00\x00\x02\x00\0\x01', 'hard dependencies on itself'),
            ('conflict', 0, 1, b'\0\x84\x01\x00\x02\x02\x02\x00\x03\x01\x01', 'conflicts, and hard dependencies'),
            ('hard-users', 33, 0x11, b'\x01\x02\x01\x00\x01\x02\x02\x00\x00\x84\0\0', 'hard users, one with another answer')):
        yield 'good-' + name, bytes([flags, more]) + found + middle + rest, what
    yield 'good-any-of', b'\0\1' + found + b'\0\x84\x01\x00\x0e\0\x01' + b'\x03\x01\x04\x02\x04\x03\x04' + \
        b'\0' * 3 + b'\x1e\x01' * 4, 'one of three answers'
    yield 'bad-hard-words', b'\0\1' + found + b'\0\x84\x08' + b'\xe4\0\xe0\0' * 4 + b'\0\x01', 'words that are no names'
    yield 'bad-nothing', b'\0\1', 'no answers'


def write(folder, inputs):
    os.makedirs(folder, exist_ok=True)
    lines = []
    for name, data, description in inputs:
        if not name.startswith(('good-', 'bad-', 'unsupported-')):
            raise ValueError(name)
        with open(os.path.join(folder, name), 'wb') as file:
            file.write(data)
        lines.append('%-28s %s\n' % (name, description))
    with open(os.path.join(folder, 'README'), 'w', encoding='utf-8') as file:
        file.writelines(sorted(lines))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[2:] or sorted(TARGETS):
        write(os.path.join(sys.argv[1], name), TARGETS[name]())


if __name__ == '__main__':
    main()
