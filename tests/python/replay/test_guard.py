# SPDX-License-Identifier: Apache-2.0
"""What plain pytest must refuse a replayed call, each in a process of its own."""

import os
import subprocess
import sys
import textwrap

import codeflash
import pytest

PLUGIN = os.path.dirname(os.path.dirname(os.path.abspath(codeflash.__file__)))

PROGRAM = """
import os, sys, tempfile, socket, shutil, subprocess, sqlite3
sys.path.insert(0, {plugin!r})
from codeflash.guard import Guard, Refused
g = Guard(writes=False, processes=False)
scratch = tempfile.mkdtemp(dir="/tmp")
g.protected.add(os.getcwd())  # as a project is, also below a scratch directory
g.enter()
try:
    {body}
except Refused:
    pass
except OSError as error:
    print("os", error.errno, file=sys.stderr)
reason = g.leave()
shutil.rmtree(scratch, ignore_errors=True)
print(reason)
"""

WRITES = "writes outside a scratch directory"
PROCESS = "starts a process"
NETWORK = "reaches the network: allow with --allow-network"


@pytest.mark.parametrize("body, reason", [
    ("open('x', 'w')", WRITES),
    ("open('x', 'ab')", WRITES),
    ("os.open('x', os.O_CREAT | os.O_WRONLY)", WRITES),
    ("os.remove('keep')", WRITES),
    ("os.rename('keep', 'y')", WRITES),
    ("os.replace('keep', os.path.join(scratch, 'y'))", WRITES),
    ("os.mkdir('d')", WRITES),
    ("os.rmdir(os.getcwd())", WRITES),
    ("os.chmod('keep', 0)", WRITES),
    ("os.truncate('keep', 0)", WRITES),
    ("os.symlink('keep', 'l')", WRITES),
    ("os.link('keep', 'l')", WRITES),
    ("shutil.rmtree('.')", WRITES),
    ("sqlite3.connect('db')", WRITES),
    ("__import__('pathlib').Path('x').write_text('y')", WRITES),
    ("os.symlink(os.getcwd(), scratch + '/s'); open(scratch + '/s/x', 'w')", WRITES),
    ("open(scratch + '/../../etc/x-codeflash', 'w')", WRITES),
    ("open('keep').read()", ""),
    ("os.remove('none')", ""),
    ("os.replace('none', 'keep')", ""),
    ("os.rmdir('none')", ""),
    ("os.truncate('none', 3)", ""),
    ("open(scratch + '/x', 'w').write('y')", ""),
    ("open(scratch + '/keep', 'w').close(); shutil.rmtree(scratch)", ""),
    ("open(os.devnull, 'w').write('y')", ""),
    ("sqlite3.connect(':memory:')", ""),
    ("tempfile.TemporaryFile().write(b'x')", ""),
    ("subprocess.run(['true'])", PROCESS),
    ("os.system('true')", PROCESS),
    ("os.fork() or os._exit(0)", PROCESS),
    ("os.execv('/bin/true', ['true'])", PROCESS),
    ("os.kill(os.getppid(), 0)", "signals another process"),
    ("os.killpg(0, 0)", "signals another process"),
    ("os.kill(-1, 0)", "signals another process"),
    ("os.kill(os.getpid(), 0)", ""),
    ("socket.create_connection(('192.0.2.1', 80), 1)", NETWORK),
    ("socket.gethostbyname('example.invalid')", NETWORK),
    ("socket.socket(socket.AF_UNIX).connect('/run/some.sock')", NETWORK),
    ("socket.create_connection(('localhost', 1), 1)", ""),
])
def test_refusals(tmp_path, body, reason):
    keep = tmp_path / "keep"
    keep.write_text("kept")
    done = subprocess.run(
        [sys.executable, "-B", "-c", textwrap.dedent(PROGRAM).format(plugin=PLUGIN, body=body)],
        cwd=str(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    assert done.stdout.strip() == reason, done.stderr
    assert os.listdir(str(tmp_path)) == ["keep"]
    assert keep.read_text() == "kept"


def test_code_that_swallows_the_refusal_is_still_found_out():
    body = "exec('try:\\n  open(\"x\", \"w\")\\nexcept BaseException:\\n  pass')"
    done = subprocess.run(
        [sys.executable, "-B", "-c", textwrap.dedent(PROGRAM).format(plugin=PLUGIN, body=body)],
        cwd="/", stdout=subprocess.PIPE, universal_newlines=True)
    assert done.stdout.strip() == WRITES


def test_a_project_in_a_scratch_directory_is_still_protected(tmp_path):
    from codeflash import guard

    g = guard.Guard.__new__(guard.Guard)
    g.scratch, g.protected = {str(tmp_path), str(tmp_path / "p" / "tmp")}, {str(tmp_path / "p")}
    assert g.is_scratch(str(tmp_path / "x"))
    assert not g.is_scratch(str(tmp_path / "p" / "x"))
    assert g.is_scratch(str(tmp_path / "p" / "tmp" / "x"))
    assert not g.is_scratch("/etc/x")
