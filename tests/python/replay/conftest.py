# SPDX-License-Identifier: Apache-2.0
"""The plugin on the path, a worker to talk to, and traces written by hand."""

import json
import os
import pickle
import sqlite3
import struct
import subprocess
import sys
import textwrap
import zlib

import pytest

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
try:
    import codeflash  # as built, where PYTHONPATH says so
except ImportError:
    sys.path.insert(0, os.path.join(ROOT, "plugins", "python"))
    import codeflash
from codeflash import blob, outcomes

PLUGIN = os.path.dirname(os.path.dirname(os.path.abspath(codeflash.__file__)))
WORKER = os.path.join(PLUGIN, "codeflash", "worker.py")


def environment(more=None):
    """What a user's own environment would be: the plugin is not on the path."""
    env = {**os.environ, "PYTHONHASHSEED": "0"}
    for name in ("PYTHONPATH", "PYTEST_CURRENT_TEST", "PYTEST_ADDOPTS"):
        env.pop(name, None)
    env.update(more or {})
    return env


def pickled(call):
    """The blob of a call as the recorder writes it."""
    return blob.dump(blob.Call(call[0], call[1], None))


class Answer:
    """A worker's frames."""

    def __init__(self, process):
        self.status = process.returncode
        self.stderr = process.stderr.decode("utf-8", "replace")
        self.frames = []
        data = process.stdout
        while data:
            (n,) = struct.unpack_from("<I", data)
            assert len(data) >= 4 + n, "a frame is cut short"
            self.frames.append(outcomes.frame(data[4 : 4 + n]))
            data = data[4 + n :]

    @property
    def error(self):
        return self.frames[0].get("error") if self.frames else None

    @property
    def outcomes(self):
        return [outcomes.decode(f["outcome"]) for f in self.frames if "outcome" in f]

    @property
    def raw(self):
        return [f["outcome"] for f in self.frames if "outcome" in f]


class Project:
    """A project in a directory of its own."""

    def __init__(self, root):
        self.root = str(root)

    def write(self, path, text):
        full = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as f:
            f.write(textwrap.dedent(text))
        return full

    def request(self, file, qualname, blobs, **more):
        head = {
            "verb": "run", "project_root": self.root, "cwd": self.root, "module_root": ".",
            "tests_root": "tests", "file": file, "module": file[:-3].replace("/", "."),
            "qualname": qualname, "class": None, "kind": "function", "main": False, "seed": 7,
            "call_timeout_s": 10,
            "calls": [{"id": i + 1, "size": len(b), "codec": "pickle"} for i, b in enumerate(blobs)],
        }
        head.update(more)
        return head

    def run(self, file, qualname, *calls, python=sys.executable, env=None, **more):
        """Calls are (args, kwargs), args alone, or blobs."""
        blobs = []
        for call in calls:
            if not isinstance(call, bytes):
                call = pickled(call if len(call) == 2 and isinstance(call[1], dict)
                               and isinstance(call[0], tuple) else (call, {}))
            blobs.append(call)
        head = self.request(file, qualname, blobs, **more)
        return Answer(subprocess.run(
            [python, "-B", WORKER, "run"], input=json.dumps(head).encode() + b"\n" + b"".join(blobs),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.root, env=environment(env),
            timeout=120))

    def runtests(self, command, names, modules):
        head = {"verb": "runtests", "project_root": self.root, "cwd": self.root, "command": command,
                "calls": [], "tests": list(names), "modules": modules, "nonce": "0123"}
        return Answer(subprocess.run(
            [sys.executable, "-B", WORKER], input=json.dumps(head).encode() + b"\n",
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=self.root, env=environment(),
            timeout=120))

    def blobs(self, code):
        """Blobs of the calls that an expression lists, made by a program in the project."""
        program = "import pickle, sys\nsys.path.insert(0, %r)\n%s\nsys.stdout.buffer.write(pickle.dumps([pickle.dumps(c) for c in calls]))" % (self.root, textwrap.dedent(code))
        done = subprocess.run([sys.executable, "-B", "-c", program], stdout=subprocess.PIPE,
                              check=True, cwd=self.root)
        return pickle.loads(done.stdout)

    def one(self, file, qualname, *args, **more):
        answer = self.run(file, qualname, (args, {}), **more)
        assert answer.error is None, answer.error
        assert answer.outcomes, answer.stderr
        return answer.outcomes[0]

    def trace(self, functions, path="codeflash.trace", meta=None):
        """A trace with outcomes: functions are [(file, qualname, kind, main, [blob, …])]."""
        full = os.path.join(self.root, path)
        db = sqlite3.connect(full)
        with open(os.path.join(ROOT, "lib", "schema.sql"), encoding="utf-8") as f:
            db.executescript(f.read())
        db.execute("PRAGMA application_id = %d" % 0x63665452)
        db.execute("PRAGMA user_version = 3")
        facts = {"project_root": self.root, "module_root": ".", "tests_root": "tests",
                 "language": "python", "cwd": self.root, "seed": 7}
        facts.update(meta or {})
        db.executemany("INSERT INTO meta VALUES (?, ?)",
                       [(k, json.dumps(v)) for k, v in facts.items()])
        db.execute("INSERT INTO process VALUES (1, 1, 0, '[]', 0, 'exit')")
        groups = []
        call = 0
        for number, (file, qualname, kind, main, blobs) in enumerate(functions, 1):
            module = file[:-3].replace("/", ".")
            db.execute("INSERT INTO function (id, file, module, qualname, kind, line, end_line, main)"
                       " VALUES (?, ?, ?, ?, ?, 1, 1, ?)", (number, file, module, qualname, kind, main))
            answer = self.run(file, qualname, *blobs, kind=kind, main=bool(main))
            assert answer.error is None, answer.error
            calls = []
            for data, frame in zip(blobs, answer.frames):
                call += 1
                db.execute("INSERT INTO value VALUES (?, ?, 'pickle', ?, 2, ?)",
                           (call, str(call).encode(), len(data), zlib.compress(data, 1)))
                db.execute("INSERT INTO call VALUES (?, ?, 1, 1, ?, 0, NULL, 1, 1, 'first', ?)",
                           (call, number, call, call))
                db.execute("INSERT INTO outcome VALUES (?, 1, ?, ?, NULL)",
                           (call, frame["input"], zlib.compress(frame["outcome"], 1)))
                kind_ = outcomes.decode(frame["outcome"])["kind"]
                calls.append({"id": call, "input": frame["input"], "stable": True, "outcome": kind_})
            if not groups or groups[-1]["file"] != file:
                groups.append({"file": file, "module": module, "functions": []})
            groups[-1]["functions"].append({
                "id": number, "qualname": qualname, "kind": kind, "class": None, "main": bool(main),
                "calls": calls})
        db.execute("INSERT INTO complete VALUES (0, NULL, 0, 1)")
        db.commit()
        db.close()
        return {"trace": full, "project_root": self.root, "tests_root": "tests",
                "module_root": ".", "libexec": PLUGIN, "groups": groups, "first_number": 0}

    def generate(self, request):
        """Writes the replay tests. Their paths."""
        from codeflash import replaygen

        paths = []
        for file in replaygen.generate(request)["files"]:
            self.write(file["path"], file["text"])
            paths.append(file["path"])
        return paths

    def pytest(self, *args, cwd=None, env=None):
        return subprocess.run(
            [sys.executable, "-B", "-m", "pytest", "-p", "no:cacheprovider", "-q", *args],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=cwd or self.root,
            env=environment(env), universal_newlines=True, timeout=300)


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "a project"
    root.mkdir()
    return Project(root)
