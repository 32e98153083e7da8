# SPDX-License-Identifier: Apache-2.0
"""What being recorded costs: the same programs with and without cf-trace, side by side.

usage: bench_trace.py [--quick] [--rounds N] [--only WORKLOAD] [--python PYTHON] [--output FILE]

All ways to run a workload are run in every round, in an order drawn anew, so that each figure is a
median of ratios of two runs that had the same weather; `plain again` says how much of it is weather.
The way a run ended and the calls the trace counted are checked; how long it took is only printed.
"""
import argparse
import collections
import dataclasses
import datetime
import glob
import json
import os
import platform
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PARTS = os.path.join(HERE, "bench_trace")
BUILD = os.path.abspath(os.environ.get("O") or os.path.join(HERE, "..", "build"))
WORK = os.path.join(BUILD, "bench-trace")
CF_TRACE = os.path.join(BUILD, "bin", "cf-trace")
RESULTS = os.path.join(HERE, "results", "trace-cost.md")
VERSIONS = ("3.11", "3.13")
OUT = "rounds.json"
TRACE = "run.trace"
LOG = "run.log"
TOO_LONG = 300  # seconds; none takes a minute, and a recorder that hangs is a result, too
# In every how many rounds: what is there for scale only takes three times as long as the rest.
EVERY = {"plain": 1, "again": 1, "traced": 1, "cold": 3, "setprofile": 8, "cprofile": 8}


class Trouble(Exception):
    pass


@dataclasses.dataclass
class Workload:
    name: str
    module: str = ""            # with main(*args), run by drive.py
    args: tuple = ()
    rounds: int = 1             # of main() in a process
    quick: tuple = ()           # args for --quick; without, it is left out there
    packages: tuple = ()        # copied to be the project's own
    needs: str = ""             # what the interpreter must be able to import
    command: tuple = ()         # instead of module

    def argv(self, quick):
        if self.command:
            return list(self.command)
        args = self.quick if quick else self.args
        return ["drive.py", OUT, self.module, str(2 if quick else self.rounds), json.dumps(args)]


def pytest(*args):
    return ("-m", "pytest", "-q", "-p", "no:cacheprovider", *args)


# A few of mpmath's tests take most of the time, in very few functions, and one fails with this numpy.
WORKLOADS = (
    Workload("fib", "fib", (32,), 6, quick=(18,)),
    Workload("oo", "parcels", (50000,), 6, quick=(300,)),
    Workload("networkx tests", packages=("networkx",), needs="networkx",
             command=pytest("networkx/algorithms/tests")),
    Workload("mpmath tests", packages=("mpmath",), needs="mpmath", command=pytest(
        "mpmath/tests", "--ignore=mpmath/tests/test_elliptic.py",
        "--deselect=mpmath/tests/test_functions2.py::test_bessel_zeros_extra",
        "--deselect=mpmath/tests/test_calculus.py::test_polyroots_legendre",
        "--deselect=mpmath/tests/test_convert.py::test_compatibility")),
    Workload("sqlglot script", "sqlglot_script", (), 6, packages=("sqlglot",), needs="sqlglot"),
    Workload("networkx script", "networkx_script", (["--towns", "200"],), 7,
             packages=("networkx",), needs="networkx"),
    Workload("I/O", "service", (3000,), 6, quick=(100,)),
    Workload("numpy", "arrays", (10000,), 8, needs="numpy"),
)
TEN_MILLION = Workload("10 M calls", "steps", (10_000_000,), 1, quick=(10_000,))


# Interpreters and what they run. --------------------------------------------------------------------


class Python:
    def __init__(self, path):
        self.path = path
        try:
            self.version = subprocess.run(
                [path, "-c", "import platform; print(platform.python_version())"],
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            raise Trouble(f"{path} is not a Python that runs") from None
        self.folder = os.path.join(WORK, self.version)

    def add_packages(self):
        """A venv of its own with what can be installed of the requirements."""
        venv = os.path.join(self.folder, "venv")
        stamp = os.path.join(venv, ".stamp")
        wanted = list(requirements(os.path.join(PARTS, "requirements.txt")))
        key = "\n".join([os.path.realpath(self.path), *wanted])
        self.path = os.path.join(venv, "bin", "python")
        if os.path.exists(stamp) and open(stamp).read() == key:
            return
        say(f"{self.version}: installing {' '.join(wanted)}")
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([key.split("\n")[0], "-m", "venv", venv], check=True)
        for one in wanted:
            pip = subprocess.run([self.path, "-m", "pip", "install", "-q", "--disable-pip-version-check",
                                  "--only-binary", ":all:", one], stderr=subprocess.DEVNULL)
            if pip.returncode:
                say(f"{self.version}: {one} cannot be installed")
        with open(stamp, "w") as f:
            f.write(key)

    def imports(self, name):
        return subprocess.run([self.path, "-c", f"import {name}"], cwd=PARTS,
                              stderr=subprocess.DEVNULL).returncode == 0

    def project(self, workload):
        """A fresh folder with the workload and the packages that are to be its own."""
        folder = os.path.join(self.folder, workload.name.replace(" ", "-").replace("/", ""))
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        # Else the project would be the one that the build folder is in.
        open(os.path.join(folder, "pyproject.toml"), "w").close()
        for name in ("drive.py", "hook.py"):
            shutil.copy(os.path.join(PARTS, name), folder)
        if workload.module:
            for place in (PARTS, os.path.join(HERE, "real")):
                source = os.path.join(place, workload.module + ".py")
                if os.path.exists(source):
                    shutil.copy(source, folder)
        for package in workload.packages:
            where = subprocess.run([self.path, "-c", f"import {package}; print({package}.__path__[0])"],
                                   stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
            shutil.copytree(where, os.path.join(folder, package),
                            ignore=shutil.ignore_patterns("__pycache__"))
        return folder


def requirements(path):
    for line in open(path):
        line = line.strip()
        if line.startswith("-r "):
            yield from requirements(os.path.join(os.path.dirname(path), line[3:]))
        elif line:
            yield line


def version_key(path):
    return [int(x) if x.isdigit() else 0 for x in path.split(os.sep)[-3].split(".")]


def find_python(name):
    """A path, or of a version such as 3.11 pyenv's newest or the one in PATH; None if there is none."""
    if os.sep in name:
        return name
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    installed = [p for pattern in (name, name + ".*")
                 for p in glob.glob(os.path.join(root, "versions", pattern, "bin", "python"))]
    return max(installed, key=version_key) if installed else shutil.which("python" + name)


def pythons(names):
    found = []
    for name in names:
        path = find_python(name)
        if path:
            found.append(Python(path))
        else:
            say(f"Python {name} is not installed; left out")
    if not found:
        raise Trouble("no Python to measure; name one with --python or BENCH_PYTHONS")
    return found


# One run. -------------------------------------------------------------------------------------------


def cf_trace(argv):
    return [CF_TRACE, "-q", "--module-root", ".", "-o", TRACE, *argv]


def command(way, python, argv):
    if way in ("traced", "cold"):
        return cf_trace([python, *argv])
    if way == "setprofile":
        return [python, "hook.py", *argv]
    if way == "cprofile":
        return [python, "-m", "cProfile", "-o", "run.cprofile", *argv]
    return [python, *argv]


def environment(cache):
    # One order of sets and one thread of BLAS: otherwise two plain runs do different things.
    return dict(os.environ, XDG_CACHE_HOME=cache, PYTHONHASHSEED="0", OPENBLAS_NUM_THREADS="1")


def start(argv, folder, cache):
    with open(os.path.join(folder, LOG), "wb") as log:
        return subprocess.Popen(argv, cwd=folder, env=environment(cache), stdin=subprocess.DEVNULL,
                                stdout=log, stderr=log)


def finish(process, folder):
    """The usage of the process and of all it waited for."""
    late = threading.Event()

    def end():
        late.set()
        process.terminate()

    clock = threading.Timer(TOO_LONG, end)
    clock.start()
    _, status, usage = os.wait4(process.pid, 0)
    clock.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if late.is_set():
        raise Trouble(f"{' '.join(process.args)}: had not ended after {TOO_LONG} s")
    if process.returncode:
        path = os.path.join(folder, LOG)
        last = open(path, errors="replace").read().strip().split("\n")[-1]
        raise Trouble(f"{' '.join(process.args)}: exit status {process.returncode}: {last}; see {path}")
    return usage


def run(workload, way, python, folder, quick):
    cache = os.path.join(WORK, "cache")
    if way == "cold":
        cache = tempfile.mkdtemp(dir=WORK)
    begin = time.perf_counter()
    process = start(command(way, python.path, workload.argv(quick)), folder, cache)
    usage = finish(process, folder)
    wall = time.perf_counter() - begin
    if way == "cold":
        shutil.rmtree(cache)
    row = {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime}
    known = {}
    if workload.module:
        with open(os.path.join(folder, OUT)) as f:
            told = json.load(f)
        known = told["counts"]
        times = told["rounds"]
        # The later half: what is kept of a function's first calls is behind it.
        row["round"] = statistics.median(times[len(times) // 2:])
    if way in ("traced", "cold"):
        row["calls"] = check_trace(os.path.join(folder, TRACE), known)
    return row


def check_trace(path, known):
    """Calls the trace counted; it must be whole and agree with what the workload knows."""
    db = sqlite3.connect(path)
    try:
        end = db.execute("SELECT exit_status, signal FROM complete").fetchone()
        counted = dict(db.execute("SELECT f.qualname, sum(p.calls) FROM profile p"
                                  " JOIN function f ON f.id = p.function GROUP BY 1"))
    finally:
        db.close()
    if end != (0, None):
        raise Trouble(f"{path}: the program ended with (status, signal) {end}; see {LOG} beside it")
    for name, calls in known.items():
        if counted.get(name, 0) != calls:
            raise Trouble(f"{path}: {name}: {counted.get(name, 0)} calls counted of {calls}")
    return sum(counted.values())


# What cf-trace's own processes use, apart from the program. -------------------------------------------


def own_processes(pid):
    """cf-trace itself and its collector: children that are still what they were forked from."""
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        for one in [str(pid), *f.read().split()]:
            try:
                with open(f"/proc/{one}/comm") as comm:
                    if comm.read() == "cf-trace\n":
                        yield one
            except OSError:
                continue  # it has ended


def sample(pid, cpu, rss):
    seen = set(own_processes(pid))
    for one in seen:
        try:
            with open(f"/proc/{one}/schedstat") as f:
                cpu[one] = int(f.read().split()[0]) / 1e9
            with open(f"/proc/{one}/status") as f:
                for line in f:
                    if line.startswith("VmHWM:"):
                        rss[one] = int(line.split()[1]) / 1024
        except OSError:
            continue
    return seen


def own_cost(python, folder, quick):
    """A run of ten million calls, watched every 5 ms: what a process uses after that is missed."""
    cpu, rss = {}, {}
    begin = time.perf_counter()
    process = start(cf_trace([python.path, *TEN_MILLION.argv(quick)]), folder, os.path.join(WORK, "cache"))
    while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        for gone in set(cpu) - sample(process.pid, cpu, rss):
            # A child that has become the program meanwhile was not ours to count.
            if os.path.exists(f"/proc/{gone}"):
                cpu.pop(gone), rss.pop(gone, None)
        time.sleep(0.005)
    sample(process.pid, cpu, rss)
    finish(process, folder)
    wall = time.perf_counter() - begin
    with open(os.path.join(folder, OUT)) as f:
        known = json.load(f)["counts"]
    path = os.path.join(folder, TRACE)
    check_trace(path, known)
    return {"wall": wall, "cpu": sum(cpu.values()), "rss": sum(rss.values()),
            "calls": known["step"], "size": os.path.getsize(path)}


# Rounds. ----------------------------------------------------------------------------------------------


def measure(todo, rounds, quick):
    """{(version, workload): [{way: row} of each round]}, and what went wrong, once a workload."""
    taken = collections.defaultdict(list)
    wrong = []
    todo = list(todo)

    def go_round(n, python, workload, folder):
        ways = [way for way, every in EVERY.items() if n % every == 0]
        random.shuffle(ways)
        if n == 0:
            # So that every plain run finds its .pyc files, and every traced one but `cold` the cache.
            ways = ["plain", "traced"] + ways
        # A later run of the same way replaces the one that was only to fill the caches.
        rows = {}
        for way in ways:
            rows[way] = run(workload, way, python, folder, quick)
        taken[python.version, workload.name].append(rows)
        say(f"round {n + 1} of {rounds}: {python.version}: {workload.name}: "
            + ", ".join(f"{way} {row['wall']:.1f}" for way, row in rows.items()))

    for n in range(rounds):
        random.shuffle(todo)
        for one in list(todo):
            try:
                go_round(n, *one)
            except Trouble as trouble:
                todo.remove(one)
                wrong.append(f"{one[0].version}: {one[1].name}: {trouble}")
                say(wrong[-1])
    return taken, wrong


def measure_own(found, rounds, quick):
    """{version: [row of each round]}, with the wall time of a plain run beside it; and what went wrong."""
    taken = collections.defaultdict(list)
    wrong = []
    for python in found:
        folder = python.project(TEN_MILLION)
        try:
            for _ in range(rounds):
                plain = run(TEN_MILLION, "plain", python, folder, quick)
                taken[python.version].append(dict(own_cost(python, folder, quick), plain=plain["wall"]))
        except Trouble as trouble:
            wrong.append(f"{python.version}: {TEN_MILLION.name}: {trouble}")
            say(wrong[-1])
    return taken, wrong


# The tables. ------------------------------------------------------------------------------------------


def ratio(rounds, way, what):
    """Median of way ÷ plain, with the quartiles when there are enough rounds to have some."""
    values = [r[way][what] / r["plain"][what] for r in rounds if way in r and what in r[way]]
    if not values:
        return "–"
    text = f"{statistics.median(values):.2f}"
    if len(values) >= 4:
        low, _, high = statistics.quantiles(values, method="inclusive")
        text += f" ({low:.2f}–{high:.2f})"
    elif len(values) > 1:
        text += f" ({min(values):.2f}–{max(values):.2f})"
    return text


def middle(rounds, way, what):
    return statistics.median(r[way][what] for r in rounds)


def table(heads, rows):
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(row) + " |"
    yield ""


def report(taken, own, wrong, rounds, load):
    keys = sorted(taken, key=lambda k: ([w.name for w in WORKLOADS].index(k[1]), k[0]))
    yield (f"{datetime.date.today()}, {os.cpu_count()} cores, Linux {platform.release()}, "
           f"CPython {' and '.join(sorted({v for v, _ in taken} | set(own)))}; rounds: {rounds}, load at the start: {load:.2f}.")
    yield ""
    yield ("Times over the time of a plain run beside it: the median, with the quartiles (of fewer than four "
           "runs, the extremes). `plain again` is a plain run, too: what differs from 1 there is the machine.")
    yield ""
    yield "Whole process: start, finish and everything between, wall time; cpu is of all processes together."
    yield ""
    yield from table(
        ("workload", "Python", "plain, s", "calls, M", "plain again", "traced", "traced, cold cache",
         "cpu: plain again", "cpu: traced", "empty sys.setprofile", "cProfile"),
        ((name, version, f"{middle(t, 'plain', 'wall'):.2f}", f"{middle(t, 'traced', 'calls') / 1e6:.2f}",
          ratio(t, "again", "wall"), ratio(t, "traced", "wall"), ratio(t, "cold", "wall"),
          ratio(t, "again", "cpu"), ratio(t, "traced", "cpu"),
          ratio(t, "setprofile", "wall"), ratio(t, "cprofile", "wall"))
         for (version, name), t in ((k, taken[k]) for k in keys)))
    yield "Steady state: one round of the workload in a process that has done as many before."
    yield ""
    yield from table(
        ("workload", "Python", "plain, ms", "plain again", "traced", "empty sys.setprofile", "cProfile"),
        ((name, version, f"{middle(t, 'plain', 'round') / 1e6:.0f}",
          *(ratio(t, way, "round") for way in ("again", "traced", "setprofile", "cprofile")))
         for (version, name), t in ((k, taken[k]) for k in keys) if "round" in t[0]["plain"]))
    if wrong:
        yield "Left out from the round in which it happened:"
        yield ""
        yield from (f"- {one.replace(BUILD + os.sep, '')}" for one in wrong)
        yield ""
    if own:
        yield "cf-trace's own processes while the program makes that many calls of one function; medians."
        yield ""
        yield from table(
            ("Python", "calls, M", "plain, s", "traced, s", "cf-trace: cpu, s", "cf-trace: peak RSS, MB", "trace, kB"),
            ((version, *(f"{statistics.median(r[what] for r in rows) / unit:.{digits}f}" for what, unit, digits in (
                ("calls", 1e6, 2), ("plain", 1, 2), ("wall", 1, 2), ("cpu", 1, 3), ("rss", 1, 1), ("size", 1024, 0))))
             for version, rows in sorted(own.items())))


def say(text):
    print("bench-trace: " + text, file=sys.stderr)


def options():
    p = argparse.ArgumentParser(prog="bench-trace", allow_abbrev=False,
                                description="Wall time of programs traced, over their time plain.")
    p.add_argument("--rounds", type=int, default=9, metavar="N", help="(9)")
    p.add_argument("--only", action="append", metavar="WORKLOAD", choices=[w.name for w in (*WORKLOADS, TEN_MILLION)],
                   help="may be given more than once: " + ", ".join(w.name for w in (*WORKLOADS, TEN_MILLION)))
    p.add_argument("--python", action="append", metavar="PYTHON",
                   help="a version or a path; may be given more than once; BENCH_PYTHONS holds several (3.11 3.13)")
    p.add_argument("--quick", action="store_true",
                   help="tiny, with this very Python and without packages: does it run, do the counts agree")
    p.add_argument("--output", metavar="FILE", help="the table; by default tests/results/trace-cost.md for a whole run")
    o = p.parse_args()
    if o.rounds < 1:
        p.error("--rounds must be 1 or more")
    return o


def bench(o):
    if not os.access(CF_TRACE, os.X_OK):
        raise Trouble(f"{CF_TRACE} is not built; make all")
    os.makedirs(WORK, exist_ok=True)
    load = os.getloadavg()[0]
    names = o.python or os.environ.get("BENCH_PYTHONS", "").split() or VERSIONS
    found = [Python(sys.executable)] if o.quick else pythons(names)
    wanted = [w for w in (*WORKLOADS, TEN_MILLION) if not o.only or w.name in o.only]
    todo = []
    for python in found:
        if o.quick:
            python.folder = tempfile.mkdtemp(dir=WORK)
        else:
            python.add_packages()
        for workload in wanted:
            if workload is TEN_MILLION or o.quick and not workload.quick:
                continue
            if workload.needs and not python.imports(workload.needs):
                say(f"{python.version}: {workload.name} left out: no {workload.needs}")
                continue
            todo.append((python, workload, python.project(workload)))
    rounds = 1 if o.quick else o.rounds
    taken, wrong = measure(todo, rounds, o.quick)
    own = {}
    if TEN_MILLION in wanted:
        own, more = measure_own(found, min(rounds, 3), o.quick)
        wrong += more
    text = "\n".join(report(taken, own, wrong, rounds, load))
    print(text)
    output = o.output or (None if o.quick or o.only else RESULTS)
    if output:
        with open(output, "w") as f:
            f.write(text)
    if o.quick and not wrong:
        shutil.rmtree(found[0].folder)
    return 1 if wrong else 0


def main():
    try:
        return bench(options())
    except Trouble as trouble:
        say(str(trouble))
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
