# SPDX-License-Identifier: Apache-2.0
"""The verb `tests` (cf-plugin.7): how the project's own tests are run, and the files by which it is
known that nothing has changed since they last ran."""

from __future__ import annotations

import fnmatch
import os
import subprocess
from typing import Iterator, List, Optional

SETTINGS = ("pyproject.toml", "setup.cfg", "tox.ini", "pytest.ini", ".pytest.ini")
NOT_ENTERED = ("__pycache__", "node_modules", "site-packages", "build", "dist", "venv", "*.egg", "*.egg-info")
PYTEST = ("test_*.py", "*_test.py")
UNITTEST = ("test*.py",)
FILES_MAX = 20000
MARK = b"codeflash replay test"  # in the first line of those that we wrote


def answer(request: dict) -> dict:
    root = request["project_root"]
    below = os.path.normpath(request.get("tests_root") or "tests")
    files = list(_files(root, below))
    if len(files) > FILES_MAX:
        return _none("more than %d files in the project; its tests are not looked for" % FILES_MAX)
    mine = [f for f in files if f.endswith(".py")]
    inside = os.path.join(below, "")
    there = [f for f in mine if below != "." and f.startswith(inside) and _matches(f, UNITTEST + PYTEST)]
    # tests anywhere, where there is no folder for them
    where = below if there else "."
    found = there or [f for f in mine if _matches(f, UNITTEST + PYTEST)]
    if not found:
        return _none("the project has none")
    runtime = request["runtime"]
    env = _environment()
    if any(_matches(f, PYTEST) for f in found) and _has_pytest(runtime, env):
        # all of them, whatever fails
        run = ["-m", "pytest", "--maxfail=0"] + [where] * (where != ".")
    elif any(_matches(f, UNITTEST) for f in found):
        run = ["-m", "unittest", "discover", "-s", where]
        if where != "." and os.path.exists(os.path.join(root, where, "__init__.py")):
            run += ["-t", "."]
    else:
        return _none("pytest, which the tests are for, is not installed for %s" % runtime)
    return {"command": [runtime] + run, "env": env, "files": files, "why": None}


def _none(why: str) -> dict:
    return {"command": None, "env": {}, "files": [], "why": why}


def _matches(path: str, patterns: tuple) -> bool:
    name = os.path.basename(path)
    return any(fnmatch.fnmatchcase(name, p) for p in patterns)


def _files(root: str, below: str) -> Iterator[str]:
    """Paths that count: Python and settings, and whatever lies beside the tests."""
    n = 0
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(d for d in folders if _entered(folder, d))
        rel = os.path.relpath(folder, root)
        beside = below != "." and (rel == below or rel.startswith(os.path.join(below, "")))
        for name in sorted(names):
            path = os.path.normpath(os.path.join(rel, name))
            if name.endswith((".pyc", ".trace")) or not _is_text(path):
                continue
            if not (beside or name.endswith(".py") or rel == "." and name in SETTINGS):
                continue
            if name.endswith(".py") and _is_ours(os.path.join(folder, name)):
                continue
            yield path
            n += 1
            if n > FILES_MAX:
                return


def _entered(folder: str, name: str) -> bool:
    if name.startswith(".") or any(fnmatch.fnmatchcase(name, p) for p in NOT_ENTERED):
        return False
    return not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))


def _is_text(path: str) -> bool:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return False  # JSON has no such name
    return True


def _is_ours(path: str) -> bool:
    """A replay test, which is no test of the project's."""
    try:
        with open(path, "rb") as f:
            return MARK in f.readline(500)
    except OSError:
        return False


def _environment() -> dict:
    """Where the home is another one, what is installed in the user's own is still to be found."""
    home = os.environ.get("HOME")
    if not home or "PYTHONUSERBASE" in os.environ:
        return {}
    return {"PYTHONUSERBASE": os.path.join(home, ".local")}


def _has_pytest(runtime: str, env: dict) -> bool:
    ask: List[str] = [runtime, "-c", "import importlib.util as u; print(u.find_spec('pytest') is not None)"]
    said: Optional[bytes] = None
    try:
        said = subprocess.run(ask, cwd="/", env=dict(os.environ, **env), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        pass
    return said is not None and said.strip() == b"True"
