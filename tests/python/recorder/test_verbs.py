# SPDX-License-Identifier: Apache-2.0
"""The verbs detect and trace."""

from __future__ import annotations

import os
import re
import stat
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../../plugins/python"))
from codeflash import netstring, verbs  # noqa: E402


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    (tmp_path / "script.py").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def detect(place, *words, cwd=None, **options):
    return verbs.detect({"command": list(words), "cwd": str(cwd or place), "options": options})


@pytest.mark.parametrize("given, expected", [
    ("script.py a", ["script.py", "a"]),
    ("python3 script.py --output x -m y", ["script.py", "--output", "x", "-m", "y"]),
    ("python3 -uB -W error script.py", ["-uB", "-W", "error", "script.py"]),
    ("python3 -Werror -Xdev script.py -c", ["-Werror", "-Xdev", "script.py", "-c"]),
    ("python3 -um json.tool x", ["-u", "-m", "json.tool", "x"]),
    ("python3 -mjson.tool", ["-m", "json.tool"]),
    ("python3 -cpass -x", ["-c", "pass", "-x"]),
    ("-m json.tool --help", ["-m", "json.tool", "--help"]),
    ("python3 --check-hash-based-pycs never script.py", ["--check-hash-based-pycs", "never", "script.py"]),
    ("python3 -- script.py -u", ["script.py", "-u"]),
])
def test_command_lines(place, given, expected):
    found = detect(place, *given.split())
    assert found["match"] and found["command"][1:] == expected
    assert os.path.isabs(found["runtime"]) and os.path.isabs(found["command"][0])
    assert re.match(r"3\.\d+\.\d+$", found["runtime_version"])


@pytest.mark.parametrize("given", ["node x.js", "make", "./run", "java -jar x.jar", "script.sh", "data.csv"])
def test_other_programs_are_not_ours(place, given):
    (place / "script.sh").write_text("#!/bin/sh\n")
    assert detect(place, *given.split()) == {"match": False}


@pytest.mark.parametrize("given, status, words", [
    ("nothing.py", 2, "nothing.py: no such file"), ("python3", 2, "nothing to run"), ("python3 -V", 2, "nothing to run"),
    ("python3 -m", 2, "needs an argument"), ("python3.99 script.py", 4, "python3.99"),
    ("python3 -Z script.py", 2, "-Z"), ("python3 folder", 2, "__main__"),
])
def test_what_is_wrong_is_said(place, given, status, words):
    (place / "folder").mkdir()
    with pytest.raises(verbs.Refused, match=re.escape(words)) as error:
        detect(place, *given.split())
    assert error.value.status == status


def test_runtime_is_the_projects(place, monkeypatch):
    def venv(path):
        (path / "bin").mkdir(parents=True)
        os.symlink(sys.executable, path / "bin" / "python")
        return str(path / "bin" / "python")

    assert detect(place, "script.py")["command"][0] == verbs.which("python3", str(place))
    own = venv(place / ".venv")
    (place / "sub").mkdir()
    (place / "sub" / "s.py").write_text("")
    assert detect(place, "script.py")["runtime"] == own
    assert detect(place, "s.py", cwd=place / "sub")["runtime"] == own
    active = venv(place / "other")
    monkeypatch.setenv("VIRTUAL_ENV", str(place / "other"))
    assert detect(place, "script.py")["runtime"] == active
    assert detect(place, own, "script.py")["runtime"] == own
    assert detect(place, ".venv/bin/python", "script.py")["runtime"] == own


@pytest.mark.parametrize("sets, what_it_finds", [
    ("PYENV_VERSION=3 PATH=/somewhere:$PATH", True), ("PYTHONPATH=/somewhere", False), ("A=b", False)])
def test_what_a_shim_finds_is_run_without_it(place, sets, what_it_finds):
    shim = place / "python3"
    shim.write_text('#!/bin/sh\nexport %s\nexec "%s" "$@"\n' % (sets, sys.executable))
    shim.chmod(0o755)
    found = detect(place, str(shim), "script.py")
    assert found["runtime"] == (sys.executable if what_it_finds else str(shim))
    assert found["command"] == [str(shim), "script.py"]
    assert verbs.trace(dict(
        found, spool="s", max_function_count=1, tests_root="t", module_root="m"))["argv"][0] == str(shim)


def test_roots(place):
    inner = place / "src" / "pkg"
    inner.mkdir(parents=True)
    (inner / "cli.py").write_text("")
    found = detect(place, "cli.py", cwd=inner)
    assert (found["project_root"], found["module_root"], found["tests_root"]) == (str(place), ".", "tests")
    (place / "test").mkdir()
    assert detect(place, "script.py")["tests_root"] == "test"
    (place / "pyproject.toml").write_text(
        "[tool.other]\nx = 1\n[tool.codeflash]\n# roots\nmodule-root = \"src\"\ntests-root = 'checks' # ours\n[z]\n")
    found = detect(place, "script.py")
    assert (found["module_root"], found["tests_root"]) == ("src", "checks")
    found = detect(place, "script.py", module_root="src/pkg", tests_root="t")
    assert (found["module_root"], found["tests_root"]) == ("src/pkg", "t")
    for bad in ({"module_root": "/usr"}, {"module_root": "none"}, {"tests_root": "../t"}):
        with pytest.raises(verbs.Refused):
            detect(place, "script.py", **bad)


def test_settings_without_a_toml_library(place, monkeypatch):
    (place / "pyproject.toml").write_text("[tool.codeflash]\nmodule-root = \"src\"\n[x]\ntests-root = 'no'\n")
    monkeypatch.setitem(sys.modules, "tomllib", None)
    assert verbs.settings(str(place / "pyproject.toml")) == {"module-root": "src"}


def test_a_script_of_nobodys_project(tmp_path):
    (tmp_path / "a b").mkdir()
    (tmp_path / "a b" / "s'.py").write_text("")
    found = detect(tmp_path, "a b/s'.py")
    assert found["project_root"] == str(tmp_path / "a b")


def test_console_scripts(place, monkeypatch):
    folder = place / "bin"
    folder.mkdir()
    for name, head in (("plain", "#!%s\n" % sys.executable), ("env", "#!/usr/bin/env python3\n"),
                       ("long", "#!/bin/sh\n'''exec' \"%s\" \"$0\" \"$@\"\n' '''\n" % sys.executable),
                       ("perl", "#!/usr/bin/perl\n")):
        path = folder / name
        path.write_text(head)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", "%s:%s" % (folder, os.environ["PATH"]))
    for name in ("plain", "env", "long"):
        found = detect(place, name, "-x", "--help")
        assert found["command"][1:] == [str(folder / name), "-x", "--help"]
    assert detect(place, "perl")["match"] is False


def test_trace_puts_the_launcher_before_the_program(place):
    answer = verbs.trace({
        "command": ["/p/python", "-u", "-m", "mod", "-x"], "cwd": "/", "runtime": "/p/python", "project_root": "/x",
        "module_root": "/x/a:1,b", "tests_root": "/x/t", "spool": "/s\n", "max_function_count": 7,
        "only_functions": ["f", "g"], "options": {}})
    launch = os.path.join(verbs.HERE, "launch.py")
    assert answer["argv"] == ["/p/python", "-u", launch, "-m", "mod", "-x"]
    config = netstring.unpack(answer["env"]["CODEFLASH_RECORD"])
    assert config == {"spool": "/s\n", "module_root": "/x/a:1,b", "tests_root": "/x/t", "quota": "7",
                      "only": ["f", "g"]}
