# SPDX-License-Identifier: Apache-2.0
"""The table "language features by CPython": every row of features_rows.py recorded with cf-trace, replayed with
cf-replaygen and pytest, under every CPython from 3.8 that is found. A row holds if every call was counted, the
function is described as what it is, each captured call loads back as what the call was given, and the replay
is stable and green; or the ledger names the function with the reason.

    features.py [--python FILE]... [--row WORDS] [--here] [--write]

The table goes to standard output; --write puts it into tests/results/features.md. The status is 1 when a row
does not hold, or one of features_rows.NOT_YET does.

--here takes the Pythons as they are: they have pytest, and rows that need more are left out.
"""

from __future__ import annotations

import argparse
import collections
import datetime
import glob
import json
import os
import re
import shutil
import subprocess
import sys
from typing import Any, Dict, List, Tuple

import features_rows
from features_rows import Lost, Row

HERE = os.path.dirname(os.path.abspath(__file__))
O = os.path.abspath(os.environ.get("O") or os.path.join(HERE, "../build"))
WORK = os.path.join(O, "features")
TOOLS = ["pytest==8.3.5", "numpy"]  # the last pytest for 3.8; numpy is what pip finds for each

MAIN = '''\
import importlib, os, sys, traceback


def top(x): return x


class Top:
    def __init__(self, n): self.n = n
    def m(self, other): return self.n, other.n
    @classmethod
    def c(cls, x): return x


if __name__ == "__main__":
    def guarded(): return 1
    for name in sys.argv[1:]:
        try:
            importlib.import_module(name)
        except BaseException:
            print("ROW", name, traceback.format_exc(), file=sys.stderr)
'''
RUN_MAIN = "main = __import__('__main__')\nmain.top(1); main.Top(2).m(main.Top(3)); main.Top.c(4); main.guarded(); f(main.Top(5))\n"

# In the test process: what became of each call.
CONFTEST = '''\
import inspect, json, re
DONE = {}


def pytest_runtest_makereport(item, call):
    if call.when == "call":
        number = re.search(r"replay\\.check\\((\\d+)\\)", inspect.getsource(item.function)).group(1)
        DONE[number] = str(call.excinfo.value) if call.excinfo else ""


def pytest_sessionfinish():
    with open("replayed.json", "w") as f:
        json.dump(DONE, f)
'''


def pythons() -> List[str]:
    found = {}
    for minor in range(8, 20):
        inside = sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.%d.*/bin/python" % minor)))
        for path in inside + [shutil.which("python3.%d" % minor) or ""]:
            if path and minor not in found and subprocess.run([path, "-c", "import sqlite3, venv"], stderr=subprocess.DEVNULL).returncode == 0:
                found[minor] = path
    return list(found.values())


def version(python: str) -> Tuple[int, int]:
    out = subprocess.run([python, "-c", "import sys; print(*sys.version_info[:2])"], stdout=subprocess.PIPE, check=True).stdout
    major, minor = map(int, out.split())
    return major, minor


def venv(python: str, name: str) -> str:
    """An environment with what the replays and the rows need."""
    folder = os.path.join(WORK, "venv-" + name)
    stamp = os.path.join(folder, "tools")
    wanted = " ".join(TOOLS)
    if not os.path.exists(stamp) or open(stamp).read() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        subprocess.run([folder + "/bin/pip", "install", "-q", "--disable-pip-version-check"] + TOOLS, check=True)
        with open(stamp, "w") as f:
            f.write(wanted)
    return folder + "/bin/python"


def write(folder: str, name: str, text: str) -> None:
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    encoding, _, rest = text.partition(":") if text.startswith("latin-1:") else ("utf-8", "", text)
    with open(path, "w", encoding=encoding, newline="") as f:
        f.write(rest)


def named(row: Row, number: int) -> Row:
    """The row with the name of its own module."""
    name = "r%d" % number

    def own(text: str) -> str:
        return re.sub(r"\bROW", name, text)

    expected = {own(k): type(v)(*map(own, v)) if not isinstance(v, Lost) else v for k, v in row.expected.items()}
    return row._replace(files={own(k): own(v) for k, v in row.files.items()}, run=own(row.run), expected=expected)


def record(python: str, rows: Dict[str, Row], folder: str) -> Dict[str, List[str]]:
    """Runs the rows as one program; by row what does not hold."""
    shutil.rmtree(folder, ignore_errors=True)
    write(folder, "pyproject.toml", "")
    write(folder, "main.py", MAIN)
    for name, row in rows.items():
        for path, text in row.files.items():
            write(folder, path, text)
        run = RUN_MAIN if row.run == "MAIN" else row.run
        write(folder, "run_%s.py" % name, "from %s import *\n%s\n" % (name, run))
    env = dict(os.environ, XDG_CACHE_HOME=folder + ".cache", PYTHONDONTWRITEBYTECODE="1", PATH=O + "/bin:" + os.environ["PATH"])
    env.pop("PYTHONPATH", None)

    def step(argv: List[str], **more: Any) -> str:
        done = subprocess.run(argv, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        if done.returncode:
            sys.exit("features: %s: status %d: %s" % (argv[0], done.returncode, done.stderr.decode()[-2000:]))
        write(folder, os.path.basename(argv[0]) + ".err", done.stderr.decode())
        return done.stdout.decode()

    said = step(["cf-trace", "-q", "--exit-code", python, "main.py"] + ["run_" + name for name in rows])
    said = step(["cf-replaygen", "-q", "-j", "2"], input=said.encode())
    write(folder, "replay.jsonl", said)
    if os.path.isdir(folder + "/tests"):
        write(folder, "tests/conftest.py", CONFTEST)
        subprocess.run([python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"], cwd=folder, env=env,
                       stdout=open(folder + "/pytest.out", "w"), stderr=subprocess.STDOUT)
    request = {name: {q: [type(e).__name__] + list(e) for q, e in row.expected.items()} for name, row in rows.items()}
    write(folder, "expected.json", json.dumps(request))
    problems = json.loads(step([python, os.path.join(HERE, "features_check.py"), O + "/libexec/plugins/python"]))
    error = ""
    for line in open(folder + "/cf-trace.err", encoding="utf-8"):
        if line.startswith("ROW run_"):
            error = line.split()[1][4:]
        elif error and not line.startswith((" ", "Traceback")) and line.strip():
            problems.setdefault(error, []).insert(0, "the program: " + line.strip())
            error = ""
    return problems


def main() -> int:
    ask = argparse.ArgumentParser()
    ask.add_argument("--python", action="append")
    ask.add_argument("--row", default="")
    ask.add_argument("--here", action="store_true")
    ask.add_argument("--write", action="store_true")
    asked = ask.parse_args()
    found = asked.python or pythons()
    answers: Dict[Tuple[int, int], Dict[int, List[str]]] = {}
    chosen = [i for i, r in enumerate(features_rows.ROWS) if asked.row in r.name]
    for python in found:
        which = version(python)
        name = "%d.%d" % which
        if not asked.here:
            python = venv(python, name)
        programs: Dict[str, Dict[str, Row]] = collections.defaultdict(dict)
        for i in chosen:
            row = features_rows.ROWS[i]
            has = not row.needs or subprocess.run([python, "-c", "import " + row.needs], stderr=subprocess.DEVNULL).returncode == 0
            if row.since <= which and has:
                programs[row.program]["r%d" % i] = named(row, i)
        answers[which] = {}
        for program, rows in programs.items():
            problems = record(python, rows, os.path.join(WORK, name, program))
            for r in rows:
                answers[which][int(r[1:])] = problems.get(r, [])
    text = table(chosen, answers)
    sys.stdout.write(text)
    if asked.write:
        os.makedirs(os.path.join(HERE, "results"), exist_ok=True)
        with open(os.path.join(HERE, "results/features.md"), "w", encoding="utf-8") as f:
            f.write(text)
    odd = [features_rows.ROWS[i].name for by_row in answers.values() for i, p in by_row.items()
           if bool(p) != features_rows.ROWS[i].name.startswith(tuple(features_rows.NOT_YET))]
    for name in sorted(set(odd)):
        print("features: %s: not as features_rows.py says" % name, file=sys.stderr)
    return int(bool(odd))


def table(chosen: List[int], answers: Dict[Tuple[int, int], Dict[int, List[str]]]) -> str:
    versions = sorted(answers)
    notes: Dict[str, List[str]] = {}
    lines = []
    held = 0
    for i in chosen:
        cells = []
        for v in versions:
            problems = answers[v].get(i)
            if problems is None:
                cells.append("–")
                continue
            held += not problems
            cells.append("✗" if problems else "✓")
            for p in problems:
                notes.setdefault("%s: %s" % (features_rows.ROWS[i].name, p), []).append("%d.%d" % v)
        lines.append("| %s | %s |" % (features_rows.ROWS[i].name.replace("|", "\\|"), " | ".join(cells)))
    rows = sum(len(a) for a in answers.values())
    head = ["%s, %d of %d hold. ✓: every call counted, described, loaded back as given, replayed stable and green, or in the "
            "ledger with the reason; –: not in that Python." % (datetime.date.today(), held, rows), "",
            "| feature | %s |" % " | ".join("%d.%d" % v for v in versions), "|---" * (len(versions) + 1) + "|"]
    tail = ["", "What does not hold:", ""] if notes else []
    tail += ["- %s (%s)" % (note, ", ".join(vs)) for note, vs in notes.items()]
    return "\n".join(head + lines + tail) + "\n"


if __name__ == "__main__":
    sys.exit(main())
