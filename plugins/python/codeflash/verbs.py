# SPDX-License-Identifier: Apache-2.0
"""The plugin's verbs that run none of the user's code: detect, trace, replaygen, scope, tests
(cf-plugin.7).

A plain script for any Python from 3.8: request JSON on stdin, answer on stdout.
"""

from __future__ import annotations

import json
import os
import re
import sys

# typing, shutil and subprocess are a third of what a verb takes: annotations are not evaluated, and
# what needs the others imports them
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, List, Optional, Tuple

HERE = os.path.dirname(os.path.abspath(__file__))
PYTHON = re.compile(r"python(\d(\.\d+)?)?$")
MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git")
ALONE = "bBdEhiIOPqRsStuvVx?"  # the interpreter's options without an argument
WITH = "WX"  # and with one
USAGE, PROGRAM, MISSING = 2, 3, 4  # exit statuses


class Refused(Exception):
    """The command line is Python's, but cannot be recorded."""

    def __init__(self, text: str, status: int = USAGE) -> None:
        super().__init__(text)
        self.status = status


# The command line. --------------------------------------------------------------------------------


def split(words: List[str]) -> Tuple[List[str], List[str]]:
    """(the interpreter's options, the program with its arguments); -m and -c stand alone."""
    flags: List[str] = []
    i = 0
    while i < len(words):
        w = words[i]
        if w == "--check-hash-based-pycs":
            flags += words[i:i + 2]
            i += 2
            continue
        if w == "-" or not w.startswith("-"):
            return flags, words[i:]
        if w == "--":
            return flags, words[i + 1:]
        if w.startswith("--"):
            flags.append(w)
            i += 1
            continue
        for k, letter in enumerate(w[1:], 1):
            if letter in "mc":
                if k > 1:
                    flags.append(w[:k])
                rest = [w[k + 1:]] if w[k + 1:] else []
                return flags, ["-" + letter] + rest + words[i + 1:]
            if letter in WITH:
                flags.append(w)
                if not w[k + 1:]:
                    i += 1
                    flags += words[i:i + 1]
                break
            if letter not in ALONE:
                raise Refused("python has no option -%s" % letter)
        else:
            flags.append(w)
        i += 1
    return flags, []


def which(name: str, cwd: str) -> Optional[str]:
    """The absolute path of a program, links not followed: a venv's python is a link."""
    folders = [""] if "/" in name else os.environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in folders:
        path = os.path.join(cwd, folder, name)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return os.path.normpath(path)
    return None


def shebang(path: str, cwd: str) -> Optional[str]:
    """The Python that a script names in its first line; None when it names none."""
    try:
        with open(path, "rb") as f:
            head = f.read(1024).decode("utf-8", "surrogateescape").split("\n")
    except OSError:
        return None
    if not head[0].startswith("#!"):
        return None
    words = head[0][2:].split()
    if words[:1] == ["/bin/sh"] and len(head) > 1:
        # how pip writes a path that is too long, or has a space
        found = re.match(r"""'''exec' (?:"([^"]+)"|(\S+)) "\$0" "\$@"$""", head[1])
        words = [found.group(1) or found.group(2)] if found else []
    if words and os.path.basename(words[0]) == "env":
        words = [w for w in words[1:] if not w.startswith("-") and "=" not in w]
    if not words or not PYTHON.match(os.path.basename(words[0])):
        return None
    return which(words[0], cwd)


def default_runtime(cwd: str, project: str) -> str:
    venv = os.environ.get("VIRTUAL_ENV")
    places = [os.path.join(venv, "bin", "python")] if venv else []
    places += [os.path.join(d, ".venv", "bin", "python") for d in (cwd, project)]
    for path in places + ["python3", "python"]:
        found = which(path, cwd)
        if found:
            return found
    raise Refused("no python3 in PATH; install it, or name a Python", MISSING)


# What those who choose a version set for it, and shells for themselves.
_OF_SHIMS = re.compile(r"(PATH|PWD|OLDPWD|SHLVL|COLUMNS|LINES|_)$|_?_?(PYENV|ASDF|MISE|RTX)_")


def interpreter(runtime: str) -> Tuple[str, str]:
    """(the interpreter's version, the program that it is in the end). The latter is another one where
    a shim finds it, as pyenv's do, which takes longer than most of what we run by it. Refused when it
    cannot load the recorder."""
    import ast
    import subprocess

    ask = ("import sys, _imp, os; print('%d.%d.%d' % sys.version_info[:3], "
           "'.abi3.so' in _imp.extension_suffixes(), sys.implementation.name);"
           "print(ascii((sys.executable, dict(os.environ))))")
    try:
        ran = subprocess.run([runtime, "-IS", "-c", ask], stdin=subprocess.DEVNULL,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        first, rest = ran.stdout.decode().split("\n", 1)
        number, loads, name = first.split()
        program, environ = ast.literal_eval(rest)
    except (OSError, ValueError, SyntaxError, subprocess.SubprocessError):
        raise Refused("%s: does not run as a Python 3" % runtime, MISSING) from None
    if tuple(map(int, number.split("."))) < (3, 8):
        raise Refused("%s is Python %s; 3.8 or newer is needed" % (runtime, number), MISSING)
    if loads != "True":
        raise Refused("%s (%s %s) cannot load the recorder, which is of the stable ABI; use a "
                      "standard CPython" % (runtime, name, number), MISSING)
    changed = [k for k in set(environ) | set(os.environ) if environ.get(k) != os.environ.get(k)]
    if not os.path.isabs(program) or not os.access(program, os.X_OK) or not all(
            map(_OF_SHIMS.match, changed)):
        program = runtime  # a script that sets something up for it
    return number, program


# The project. -------------------------------------------------------------------------------------


def find_project(start: str) -> str:
    """The nearest directory upwards that looks like a project's root, else where we started."""
    d = start
    while True:
        if any(os.path.exists(os.path.join(d, m)) for m in MARKERS):
            return d
        up = os.path.dirname(d)
        if up == d:
            return start
        d = up


def settings(path: str) -> Dict[str, str]:
    """[tool.codeflash] of a pyproject.toml: the values that are text."""
    try:
        with open(path, "rb") as f:
            text = f.read().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    try:
        import tomllib
    except ImportError:  # before 3.11: enough for a table of strings
        table = re.search(r"^\[tool\.codeflash\]\s*$(.*?)(?=^\[|\Z)", text, re.M | re.S)
        lines = table.group(1) if table else ""
        return dict(re.findall(r"""^\s*([\w-]+)\s*=\s*["']([^"']*)["']\s*(?:#.*)?$""", lines, re.M))
    try:
        found = tomllib.loads(text).get("tool", {}).get("codeflash", {})
    except (tomllib.TOMLDecodeError, AttributeError):
        raise Refused("%s: not valid TOML" % path) from None
    return {k: v for k, v in found.items() if isinstance(v, str)}


def below(project: str, path: str, what: str) -> str:
    """path relative to the project. Refused when it is outside or no directory."""
    if not os.path.isdir(path):
        raise Refused("%s %s: no such directory" % (what, path))
    real, root = os.path.realpath(path), os.path.realpath(project)
    if real != root and not real.startswith(os.path.join(root, "")):
        raise Refused("%s %s is outside the project %s" % (what, path, project))
    return os.path.relpath(real, root)


def roots(project: str, cwd: str, options: Dict[str, Any], file: str = "pyproject.toml") -> Tuple[str, str]:
    """(module root, tests root), relative to the project. file: where its settings are."""
    config = settings(os.path.join(project, file))
    module, tests = options.get("module_root"), options.get("tests_root")
    if module:
        module = below(project, os.path.join(cwd, module), "--module-root")
    elif config.get("module-root"):
        path = os.path.join(project, config["module-root"])
        module = below(project, path, "pyproject.toml: module-root")
    else:
        module = "."
    if tests:
        path = os.path.normpath(os.path.join(cwd, tests))
        # it may be for cf-replaygen to make
        tests = os.path.relpath(path, project)
        if tests.startswith(".."):
            raise Refused("--tests-root %s is outside the project %s" % (path, project))
    elif config.get("tests-root"):
        tests = os.path.normpath(config["tests-root"])
    else:
        there = [d for d in ("tests", "test") if os.path.isdir(os.path.join(project, d))]
        tests = (there or ["tests"])[0]
    return module, tests


# The verbs. ---------------------------------------------------------------------------------------


def recognise(words: List[str], cwd: str) -> Optional[Tuple[Optional[str], List[str], List[str]]]:
    """(the Python named, its options, the program) of a command line; None when it is not ours."""
    name = words[0]
    if PYTHON.match(os.path.basename(name)):
        runtime = which(name, cwd)
        if not runtime:
            raise Refused("%s: no such program" % name, MISSING)
        return (runtime,) + split(words[1:])
    if name.startswith("-"):
        return (None,) + split(words)
    path = os.path.join(cwd, name)
    if name.endswith((".py", ".pyz", ".pyw")) or os.path.isfile(os.path.join(path, "__main__.py")):
        return None, [], words
    found = path if os.path.isfile(path) else which(name, cwd)
    runtime = shebang(found, cwd) if found else None
    if not runtime:
        return None
    # as given when it is in a folder we were told of, else where PATH has it
    return runtime, [], [name if found == path else found] + words[1:]


def detect(request: Dict[str, Any]) -> Dict[str, Any]:
    words, cwd = request.get("command") or [], request["cwd"]
    found = recognise(words, cwd) if words else None
    if not found:
        return {"match": False}
    runtime, flags, program = found
    if not program or program[0] == "-":
        raise Refused("python is given nothing to run: name a script, or -m and a module")
    start = cwd
    kind = {"-m": "module", "-c": "command"}.get(program[0], "script")
    if kind == "script":
        path = os.path.join(cwd, program[0])
        if not os.path.exists(path):
            raise Refused("%s: no such file" % program[0])
        if os.path.isdir(path) and not os.path.isfile(os.path.join(path, "__main__.py")):
            raise Refused("%s: a directory without __main__.py" % program[0])
        if not os.access(path, os.R_OK):
            raise Refused("%s: cannot be read" % program[0])
        # a console script lies in the interpreter's folder, its project is where we are
        path = os.path.abspath(path)
        if os.path.dirname(path) != os.path.dirname(runtime or ""):
            start = path if os.path.isdir(path) else os.path.dirname(path)
    elif len(program) < 2:
        raise Refused("python %s needs an argument" % program[0])
    project = find_project(os.path.realpath(start))
    runtime = runtime or default_runtime(cwd, project)
    module_root, tests_root = roots(project, cwd, request.get("options") or {})
    number, program_of_it = interpreter(runtime)
    return {
        "match": True, "kind": kind, "runtime": program_of_it, "runtime_version": number,
        "project_root": project, "module_root": module_root, "tests_root": tests_root,
        "command": [runtime] + flags + program, "error": None,
    }


def trace(request: Dict[str, Any]) -> Dict[str, Any]:
    from codeflash import netstring

    flags, program = split(request["command"][1:])
    config = {
        "spool": request["spool"], "module_root": request["module_root"],
        "tests_root": request["tests_root"], "quota": request["max_function_count"],
        "only": request.get("only_functions") or [],
    }
    launch = os.path.join(HERE, "launch.py")
    # what is recorded is what the user runs, shims and all
    return {"argv": request["command"][:1] + flags + [launch] + program,
            "env": {"CODEFLASH_RECORD": netstring.pack(config)}, "unset": []}


def replaygen(request: Dict[str, Any]) -> Dict[str, Any]:
    from codeflash import replaygen as other

    return other.generate(request)


def scope(request: Dict[str, Any]) -> Dict[str, Any]:
    from codeflash import scope as other

    return other.scope(request)


def tests(request: Dict[str, Any]) -> Dict[str, Any]:
    from codeflash import findtests

    return findtests.answer(request)


def main(argv: List[str]) -> int:
    verbs = {"detect": detect, "trace": trace, "replaygen": replaygen, "scope": scope, "tests": tests}
    if len(argv) != 2 or argv[1] not in verbs:
        print("usage: verbs.py %s < request" % "|".join(verbs), file=sys.stderr)
        return USAGE
    sys.path.insert(0, os.path.dirname(HERE))
    sys.dont_write_bytecode = True
    try:
        answer = verbs[argv[1]](json.load(sys.stdin))
    except Refused as error:
        answer = {"match": True, "error": " ".join(str(error).split()), "exit": error.status}
    except (ValueError, KeyError, TypeError) as error:
        print("verbs.py: %s: the request is wrong: %s" % (argv[1], error), file=sys.stderr)
        return USAGE
    json.dump(answer, sys.stdout)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
