# SPDX-License-Identifier: Apache-2.0
"""SIGKILL at random moments of a recording, and what is left of it afterwards.

usage: kill-trials.py [N [SEED [REPLAYS]]]

N trials spread over: the program; cf-trace; its collector; both; the program and cf-trace; all at once. The
moments are uniform over the whole run, from before cf-trace has read its options to after its end. The program
(several modules, threads, forked and started processes) writes a byte to a file of its own in every call of one
function, so that it is known how many there were.

After each: every process has ended and no folder of spools is left, or it holds no recording, or `cf-trace
--recover` or the next run makes a trace of it; the trace is an intact database, says that it was cut short if it
was, and each of its functions has all its calls kept or in the ledger; no call that the program saw is missing; and
in REPLAYS of the trials (a tenth), cf-replaygen accounts for every function, kept or with a reason.
"""

import collections
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

PROGRAM = {
    "main.py": """
import multiprocessing, os, subprocess, sys, threading, time
from pack import shapes, words
from pack.log import seen

def thread(n):
    for k in range(n):
        words.count("the cat saw the %d dogs" % (k % 7)); seen(k)
        time.sleep(0.002)

def worker(n):
    for k in range(25):
        seen(shapes.Square(n % 5 + 1).area()); time.sleep(0.002)
    return n

def main():
    threads = [threading.Thread(target=thread, args=(350,)) for _ in range(3)]
    for t in threads: t.start()
    child = subprocess.Popen([sys.executable, "-c", "from pack import words, log\\nfor i in range(500): log.seen(words.count('a b %d' % (i % 9))['a'])"])
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(sum(pool.map(worker, range(24), chunksize=1)))
    for t in threads: t.join()
    child.wait()

if __name__ == "__main__":
    main()
""",
    "pack/__init__.py": "",
    "pack/log.py": """
import os
_fd = os.open("seen", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def seen(value):
    os.write(_fd, b".")
    return value
""",
    "pack/shapes.py": """
class Shape:
    def __init__(self, side):
        self.side = side
    def area(self):
        raise NotImplementedError

class Square(Shape):
    def area(self):
        return times(self.side, self.side)

def times(a, b):
    return sum(a for _ in range(b))
""",
    "pack/words.py": """
def split(text):
    return text.split()

def count(text):
    found = {}
    for word in split(text):
        found[word] = found.get(word, 0) + 1
    return found
""",
}
# Calls that had begun when the blow fell, and had not written yet: one a thread.
UNDER_WAY = 8
KINDS = ("program", "cf-trace", "collector", "both", "program and cf-trace", "everything")
NAME = "codeflash.trace"


class Wrong(Exception):
    pass


def processes(folder):
    """pid: (name, parent, session) of what runs in the folder or was started for its recording."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                head, rest = f.read().rsplit(")", 1)
            state, parent, _, session = rest.split()[:4]
            if state in "ZX" or int(pid) == os.getpid():
                continue
            with open("/proc/%s/environ" % pid, "rb") as f:
                marked = (folder + "/." + NAME).encode() in f.read()
            if marked or os.readlink("/proc/%s/cwd" % pid) == folder:
                found[int(pid)] = (head.split("(", 1)[1], int(parent), int(session), marked)
        except OSError:
            continue
    return found


def victims(kind, tracer, folder):
    all_ = processes(folder)
    collectors = [p for p, (name, _, session, _) in all_.items() if name == "cf-trace" and session == p]
    program = [p for p, (_, parent, _, marked) in all_.items() if marked and parent == tracer]
    if kind == "program":
        return program
    if kind == "cf-trace":
        return [tracer]
    if kind == "collector":
        return collectors
    if kind == "both":
        # the collector first: it would end the program
        return collectors + [tracer]
    if kind == "program and cf-trace":
        return random.sample(program + [tracer], len(program) + 1)
    return collectors + random.sample([p for p in all_ if p not in collectors], len(all_) - len(collectors))


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


def left(folder):
    return [n for n in os.listdir(folder) if n.startswith("." + NAME + ".spool-")]


def recording_in(folder, name):
    """Whether a process has begun a spool there."""
    spools = os.path.join(folder, name, "spools")
    for spool in os.listdir(spools) if os.path.isdir(spools) else ():
        with open(os.path.join(spools, spool), "rb") as f:
            if f.read(8) == b"cfspool\0":
                return True
    return False


def run(folder, *argv):
    return subprocess.run(argv, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                          text=True, timeout=120)


def take_up(folder, trial):
    """What is left of a run killed whole is made a trace of: by name, or by the next run."""
    had = any(recording_in(folder, name) for name in left(folder))
    if trial % 2:
        done = run(folder, "cf-trace", "-q", "--recover")
        where, expected = NAME, 0 if had else 2
        said = "" if had else "nothing is left"
    else:
        done = run(folder, "cf-trace", "-q", "-m", "timeit", "-n", "1", "-r", "1", "pass")
        where, expected = NAME + ".cut", 0
        said = "cut" if had else ""
    if done.returncode != expected or said not in done.stderr:
        raise Wrong("taken up with status %d: %s" % (done.returncode, done.stderr))
    return where if had else None


def check_trace(path, cut_short, seen):
    """Returns its row of `complete`, None if it is cut short."""
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    if db.execute("PRAGMA integrity_check").fetchone() != ("ok",):
        raise Wrong("the database is damaged")
    complete = db.execute("SELECT exit_status, signal FROM complete").fetchone()
    if complete is None and not cut_short:
        raise Wrong("a whole run is said to be cut short")
    for name, calls, kept, lost in db.execute(
            "SELECT qualname, p.calls, (SELECT total(seen) FROM call c WHERE c.function = f.id),"
            " (SELECT total(n) FROM ledger l WHERE l.function = f.id) FROM profile p JOIN function f ON f.id = p.function"
            " WHERE kind <> 'module'"):
        if calls != kept + lost:
            raise Wrong("%s: %d calls, %d kept and %d in the ledger" % (name, calls, kept, lost))
    counted = db.execute("SELECT total(calls) FROM profile p JOIN function f ON f.id = p.function WHERE qualname = 'seen'"
                         ).fetchone()[0]
    # what outlives a program that was killed is no longer recorded
    killed = complete and complete[1]
    if not killed and not seen <= counted <= seen + UNDER_WAY:
        raise Wrong("the program saw %d calls of a function, the trace %d" % (seen, counted))
    db.close()
    return complete


def check_replay(folder, path):
    done = run(folder, "cf-replaygen", "-q", path)
    if done.returncode:
        raise Wrong("cf-replaygen: status %d: %s" % (done.returncode, done.stderr.strip()))
    record = [r for r in map(json.loads, done.stdout.splitlines()) if r["schema"] == "cf/replay/1"]
    db = sqlite3.connect("file:%s?mode=ro" % os.path.join(folder, path), uri=True)
    entered = {i for (i,) in db.execute("SELECT f.id FROM profile p JOIN function f ON f.id = p.function"
                                        " WHERE p.calls > 0 AND kind <> 'module' AND NOT is_test")}
    named = {f.get("function", f.get("id")) for r in record for f in r["functions"] + r["dropped"]}
    if not entered <= named:
        raise Wrong("cf-replaygen leaves out functions %s" % sorted(entered - named))


def write_program(folder):
    for name, text in PROGRAM.items():
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)


def one(kind, trial, folder, whole, replay):
    """A trial; what became of it in a word."""
    write_program(folder)
    moment = random.uniform(0, whole * 1.05)
    tracer = subprocess.Popen(["cf-trace", "-q", "main.py"], cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(moment)
    hit = victims(kind, tracer.pid, folder) if tracer.poll() is None else []
    kill(hit)
    if kind == "everything":
        while processes(folder):
            kill(processes(folder))
    tracer.wait()
    deadline = time.monotonic() + 60
    while processes(folder):
        if time.monotonic() > deadline:
            raise Wrong("still running: %s" % processes(folder))
        time.sleep(0.02)
    seen = os.path.getsize(os.path.join(folder, "seen")) if os.path.exists(os.path.join(folder, "seen")) else 0
    where = NAME if NAME in os.listdir(folder) else None
    taken = False
    if left(folder):
        if kind in ("program", "collector"):
            raise Wrong("left behind: %s" % left(folder))
        if kind in ("cf-trace", "program and cf-trace") and any(recording_in(folder, n) for n in left(folder)):
            raise Wrong("the collector has left a recording")
        if not os.path.exists(os.path.join(folder, left(folder)[0], "lock")):
            # the few instructions before it has one; a directory without is cleared when it is a minute old
            os.utime(os.path.join(folder, left(folder)[0]), (0, 0))
        taken = True
        if where:
            # in its place when all were killed, tidying up; the next run has the name to itself
            os.rename(os.path.join(folder, NAME), os.path.join(folder, "whole.trace"))
            where = "whole.trace"
        where = take_up(folder, trial) or where
        if left(folder) or processes(folder):
            raise Wrong("left behind: %s" % left(folder))
    if not where:
        if seen:
            raise Wrong("the program had begun, and there is no trace")
        return "nothing had begun"
    cut = kind != "collector" and bool(hit)
    complete = check_trace(os.path.join(folder, where), cut, seen)
    if replay and seen:
        check_replay(folder, where)
    return ("taken up, " if taken else "") + (
        "cut short" if complete is None else "whole" if complete == (0, None) else "whole, program killed" if complete[1] else
        "whole, status %s" % complete[0])


def main():
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 30)
    replays = int(sys.argv[3]) if len(sys.argv) > 3 else -(-n // 10)
    random.seed(seed)
    tally, wrong = {kind: collections.Counter() for kind in KINDS}, 0
    with tempfile.TemporaryDirectory() as top:
        top = os.path.realpath(top)
        whole = 0.0
        write_program(os.path.join(top, "undisturbed"))
        for _ in range(2):
            begin = time.monotonic()
            run(os.path.join(top, "undisturbed"), "cf-trace", "-q", "main.py")
            whole = time.monotonic() - begin
        for trial in range(n):
            kind = KINDS[trial % len(KINDS)]
            folder = os.path.join(top, "t%d" % trial)
            try:
                what = one(kind, trial // len(KINDS), folder, whole, trial * replays // n != (trial + 1) * replays // n)
            except Wrong as e:
                what = "WRONG"
                wrong += 1
                print("trial %d of seed %d, %s: %s" % (trial, seed, kind, e), file=sys.stderr)
            tally[kind][what] += 1
            if what != "WRONG" or not os.environ.get("KEEP"):
                shutil.rmtree(folder)
        if wrong and os.environ.get("KEEP"):
            shutil.copytree(top, os.environ["KEEP"])
    print("%d trials over a run of %.1f s, seed %d, replay tests written of %d; wrong: %d\n" % (n, whole, seed, replays, wrong))
    print("| killed | trials | what was left |\n|---|---|---|")
    for kind, counts in tally.items():
        print("| %s | %d | %s |" % (kind, sum(counts.values()), ", ".join("%d %s" % (c, w) for w, c in counts.most_common())))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
