# SPDX-License-Identifier: Apache-2.0
"""Writes the wheel of a finished build: wheel.py BUILD VERSION PROGRAM ... prints its path.

It holds the Python package, the programs, and the plugins where the programs look for them. They need
the machine's own shared libraries, so the wheel is for machines like the one it was built on.
"""

import base64
import hashlib
import os
import sys
import sysconfig
import zipfile

METADATA = """\
Metadata-Version: 2.1
Name: codeflash
Version: {version}
Summary: Makes a Python script or test suite faster without changing what it does
License: Apache-2.0
Requires-Python: >=3.8
Requires-External: libcbor, libjansson, libmd, libsqlite3, libtree-sitter, zlib
"""
WHEEL = """\
Wheel-Version: 1.0
Generator: ci/wheel.py
Root-Is-Purelib: false
Tag: {tag}
"""


def below(folder):
    """The files of a folder, but for what is good for this place only: (path in it, path)."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - {"__pycache__"})
        for name in sorted(n for n in names if not n.endswith(".jsa")):
            path = os.path.join(here, name)
            yield os.path.relpath(path, folder), path


class Wheel:
    def __init__(self, path):
        self.zip = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
        self.record = []

    def add(self, name, data, mode=0o644):
        # the same build gives the same bytes
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.external_attr = (0o100000 | mode) << 16
        info.compress_type = zipfile.ZIP_DEFLATED
        self.zip.writestr(info, data)
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        self.record.append("%s,sha256=%s,%d\n" % (name, digest, len(data)))

    def add_file(self, name, path, mode=0o644):
        with open(path, "rb") as f:
            self.add(name, f.read(), mode)

    def close(self, name):
        self.add(name, "".join(self.record + [name + ",,\n"]).encode())
        self.zip.close()


def main(build, version, *programs):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    tag = "cp38-abi3-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")
    name = "codeflash-" + version
    folder = os.path.join(build, "dist")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "%s-%s.whl" % (name, tag))
    wheel = Wheel(path + ".part")
    for inner, file in below(os.path.join(build, "libexec/plugins/python/codeflash")):
        wheel.add_file("codeflash/" + inner, file)
    for file in programs:
        wheel.add_file("%s.data/scripts/%s" % (name, os.path.basename(file)), file, 0o755)
    for inner, file in below(os.path.join(build, "libexec")):
        wheel.add_file("%s.data/data/libexec/codeflash/%s" % (name, inner), file)
    info = name + ".dist-info/"
    wheel.add(info + "METADATA", METADATA.format(version=version).encode())
    wheel.add(info + "WHEEL", WHEEL.format(tag=tag).encode())
    wheel.add_file(info + "LICENSE", os.path.join(root, "LICENSE"))
    wheel.close(info + "RECORD")
    os.replace(path + ".part", path)
    print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
