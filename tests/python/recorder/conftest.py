# SPDX-License-Identifier: Apache-2.0
"""Recording small programs under each of the Pythons of interpreters.py."""

from __future__ import annotations

import glob
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, HERE)
import interpreters  # noqa: E402
import spool  # noqa: E402


@pytest.fixture(scope="session")
def plugin(tmp_path_factory) -> str:
    """The plugin as installed: $O's, else built here."""
    built = os.path.join(os.environ.get("O", ""), "libexec/plugins/python")
    if os.environ.get("O") and os.path.exists(os.path.join(built, "codeflash/_recorder.abi3.so")):
        return os.path.abspath(built)
    folder = str(tmp_path_factory.mktemp("plugin"))
    package = os.path.join(folder, "codeflash")
    shutil.copytree(os.path.join(ROOT, "plugins/python/codeflash"), package)
    include = "/usr/include/python3.11"
    if not os.path.exists(include):
        include = sysconfig.get_paths()["include"]
    subprocess.run(
        [os.environ.get("CC", "cc"), "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-I" + ROOT,
         "-I" + include, "-DPy_LIMITED_API=0x03080000", "-O2", "-g", "-fPIC", "-shared",
         "-o", os.path.join(package, "_recorder.abi3.so")]
        + sorted(glob.glob(os.path.join(ROOT, "plugins/python/recorder/*.c"))) + ["-lpthread"], check=True)
    return folder


@pytest.fixture(params=interpreters.pythons(), ids=interpreters.name)
def python(request) -> str:
    return request.param


class Ran:
    def __init__(self, done, folder: str) -> None:
        self.status = done.returncode
        self.stdout = done.stdout.decode("utf-8", "surrogateescape")
        self.stderr = done.stderr.decode("utf-8", "surrogateescape")
        self.folder = folder

    @property
    def spools(self) -> list:
        return spool.read(self.folder)

    @property
    def spool(self):
        """The program's own, where there is no other."""
        assert len(self.spools) == 1, self.stderr
        return self.spools[0]


class Project:
    """A folder with a program; plain() and record() run command lines in it."""

    def __init__(self, folder, plugin: str, python: str) -> None:
        self.folder = str(folder)
        self.plugin = plugin
        self.python = python
        self.version = tuple(map(int, re.search(r"3\.\d+", subprocess.run(
            [python, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode()).group().split(".")))
        self.runs = 0
        self.env = dict(os.environ, XDG_CACHE_HOME=self.folder + ".cache", PYTHONDONTWRITEBYTECODE="1")
        for name in ("PYTHONPATH", "VIRTUAL_ENV", "O"):
            self.env.pop(name, None)

    def write(self, name: str, text: str) -> str:
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
        return path

    def verb(self, name: str, request: dict) -> dict:
        ran = subprocess.run([sys.executable, "-IS", os.path.join(self.plugin, "codeflash/verbs.py"), name],
                             input=json.dumps(request).encode(), stdout=subprocess.PIPE, check=True,
                             env=self.env)
        return json.loads(ran.stdout)

    def start(self, words: list, **options) -> tuple:
        """(argv, env, folder of spools) of a recorded run, as cf-trace would have it."""
        self.runs += 1
        folder = "%s.spools%d" % (self.folder, self.runs)
        os.mkdir(folder)
        found = self.verb("detect", {"command": [self.python] + words, "cwd": self.folder, "options": {
            k: options.get(k) for k in ("module_root", "tests_root")}})
        assert found["match"] and not found["error"], found
        root = found["project_root"]
        asked = self.verb("trace", {
            "command": found["command"], "cwd": self.folder, "runtime": found["runtime"],
            "project_root": root, "module_root": os.path.join(root, found["module_root"]),
            "tests_root": os.path.join(root, found["tests_root"]), "spool": folder,
            "max_function_count": options.get("quota", 100), "only_functions": options.get("only", []),
            "options": {}})
        env = dict(self.env, CODEFLASH_SPOOL=folder, **asked["env"])
        return asked["argv"], env, folder

    def record(self, *words: str, input: bytes = b"", timeout: float = 120, **options) -> Ran:
        argv, env, folder = self.start(list(words), **options)
        env.update(options.get("env", {}))
        done = subprocess.run(argv, cwd=self.folder, env=env, input=input, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=timeout)
        return Ran(done, folder)

    def plain(self, *words: str, input: bytes = b"", **options) -> Ran:
        env = dict(self.env, **options.get("env", {}))
        done = subprocess.run([self.python] + list(words), cwd=self.folder, env=env, input=input,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        return Ran(done, "")


@pytest.fixture
def project(tmp_path, plugin, python) -> Project:
    folder = tmp_path / "proj"
    folder.mkdir()
    (folder / "pyproject.toml").write_text("")
    return Project(folder, plugin, python)
