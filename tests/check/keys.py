# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys, certificates and signatures of modules, made by the openssl command as a kernel's build makes them.

    key = Key(folder, 'Build time key')             # RSA, in folder/Build time key.{key,pem,der,pub}
    signed = key.sign(module_bytes)                 # with the trailer, as scripts/sign-file adds it
"""

import lzma
import os
import subprocess

import mkmod


def openssl(*args, content=None):
    return subprocess.run(['openssl', *args], input=content, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=True).stdout


class Key:
    """kind: 'rsa:2048' or the name of a curve; days: below 0 for a certificate that is expired"""

    def __init__(self, folder, name, kind='rsa:2048', days=1):
        self.stem = os.path.join(str(folder), name)
        key, self.pem, self.der, self.public = (self.stem + end for end in ('.key', '.pem', '.der', '.pub'))
        made = ['-newkey', kind] if kind.startswith('rsa') else ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:' + kind]
        openssl('req', '-new', '-x509', '-sha256', '-nodes', '-subj', '/O=Some maker/CN=' + name, '-days', '1',
                '-keyout', key, '-out', self.pem, *made)
        if days < 0:
            request = openssl('x509', '-x509toreq', '-in', self.pem, '-signkey', key)
            with open(self.stem + '.csr', 'wb') as file:
                file.write(request)
            openssl('ca', '-selfsign', '-batch', '-notext', '-in', self.stem + '.csr', '-keyfile', key, '-out', self.pem,
                    '-startdate', '20010101000000Z', '-enddate', '20020101000000Z', '-config', self.authority(folder))
        openssl('x509', '-in', self.pem, '-outform', 'DER', '-out', self.der)
        openssl('pkey', '-in', key, '-pubout', '-out', self.public)
        self.key = key

    def authority(self, folder):
        """what `openssl ca` wants, which alone can make a certificate of the past"""
        path = os.path.join(str(folder), 'ca.conf')
        for name, text in (('index.txt', ''), ('serial', '42\n')):
            with open(os.path.join(str(folder), name), 'w') as file:
                file.write(text)
        with open(path, 'w') as file:
            file.write('[ca]\ndefault_ca=x\n[x]\ndatabase=%s/index.txt\nserial=%s/serial\nnew_certs_dir=%s\n'
                       'default_md=sha256\npolicy=any\n[any]\norganizationName=optional\ncommonName=optional\n'
                       % (folder, folder, folder))
        return path

    def signature(self, content, hash='sha256', by_key_id=False):
        return openssl('cms', '-sign', '-binary', '-noattr', '-nocerts', '-md', hash, '-signer', self.pem, '-inkey', self.key,
                       '-outform', 'DER', *(['-keyid'] if by_key_id else []), content=content)

    def sign(self, content, **how):
        return mkmod.signed(content, self.signature(content, **how))


def payload(path):
    """of a kernel's image, as `xz -dc` and `zstd -dc` see it, wherever in the image it stands"""
    with open(path, 'rb') as file:
        image = file.read()
    at = image.find(b'\xfd7zXZ\0\0\1')
    if at > 0:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(image[at:])
    # What is behind the frame makes the tool complain, after it has written all.
    return subprocess.run(['zstd', '-dcq', '--long=27'], input=image[image.index(b'\x28\xb5\x2f\xfd'):],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


def in_kernel(path):
    """what openssl takes for a certificate in a kernel, wherever a sequence in a sequence begins"""
    kernel, found = payload(path), []
    at = kernel.find(b'\x30\x82')
    while at >= 0:
        size = int.from_bytes(kernel[at + 2:at + 4], 'big') + 4
        if kernel[at + 4:at + 6] == b'\x30\x82' and kernel[at + 8:at + 13] == b'\xa0\x03\x02\x01\x02':
            found.append(kernel[at:at + size])
        at = kernel.find(b'\x30\x82', at + 1)
    return [data for data in found if subprocess.run(['openssl', 'x509', '-inform', 'DER', '-noout'], input=data, check=False,
                                                     stderr=subprocess.DEVNULL).returncode == 0]
