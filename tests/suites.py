# SPDX-License-Identifier: Apache-2.0
"""What a recorded test suite has in its trace, beside what the suite says without.

usage: suites.py watch OUT COMMAND ...       runs it; OUT gets cf-trace's own CPU seconds and peak memory
       suites.py row PACKAGE PLAIN.xml TRACED.xml TRACE REPLAY.jsonl WATCHED LEDGER.md

`row` prints a Markdown row, adds the reasons of the ledger to LEDGER.md, and exits 1 when a test has another outcome
under the recorder, or a function that was entered is in the trace without calls and without a reason.
"""
import json
import os
import sqlite3
import subprocess
import sys
import time
import xml.etree.ElementTree as ET


def ours() -> dict:
    """pid: (CPU ticks, peak KB) of every cf-trace process of this run."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                head, rest = f.read().rsplit(")", 1)
            if not head.endswith("(cf-trace") or os.readlink(f"/proc/{pid}/cwd") != os.getcwd():
                continue
            with open(f"/proc/{pid}/status") as f:
                peak = [line.split()[1] for line in f if line.startswith("VmHWM")]
        except OSError:
            continue
        fields = rest.split()
        found[pid] = (int(fields[11]) + int(fields[12]), int(peak[0]) if peak else 0)
    return found


def watch(out: str, *command: str) -> int:
    last: dict = {}
    child = subprocess.Popen(command)
    while child.poll() is None:
        last.update(ours())
        time.sleep(0.05)
    ticks, peak = sum(t for t, _ in last.values()), max((m for _, m in last.values()), default=0)
    with open(out, "w") as f:
        f.write(f"{ticks / os.sysconf('SC_CLK_TCK'):.1f} {peak / 1024:.0f}\n")
    return child.returncode


def outcomes(path: str) -> dict:
    """Outcome by test; a name that comes twice has two."""
    found: dict = {}
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        result = sorted(e.tag for e in case if e.tag in ("failure", "error", "skipped")) or ["passed"]
        found.setdefault(name, []).append(" ".join(result))
    return found


def row(name: str, plain: str, traced: str, trace: str, replay: str, watched: str, ledger: str) -> int:
    before, after = outcomes(plain), outcomes(traced)
    differ = sorted(k for k in before.keys() | after.keys() if before.get(k) != after.get(k))
    db = sqlite3.connect(trace)

    def count(sql: str) -> int:
        return db.execute(sql).fetchone()[0] or 0

    entered = "FROM profile p JOIN function f ON f.id = p.function WHERE p.calls > 0 AND NOT f.is_test AND f.kind <> 'module'"
    functions = count(f"SELECT count(*) {entered}")
    kept = count(f"SELECT count(*) {entered} AND f.id IN (SELECT function FROM call)")
    calls = count(f"SELECT sum(p.calls) {entered}")
    captured = count("SELECT count(*) FROM call")
    unaccounted = db.execute(
        f"SELECT f.file, f.qualname {entered} AND f.id NOT IN (SELECT function FROM call)"
        " AND f.id NOT IN (SELECT function FROM ledger WHERE function IS NOT NULL)").fetchall()
    reached = count("SELECT count(*) FROM test_function")
    with open(watched) as f:
        cpu, peak = f.read().split()
    replayed = calls_in = 0
    for record in map(json.loads, open(replay)):
        if record["schema"] == "cf/replay/1":
            replayed += len(record["functions"])
            calls_in += sum(f["calls"] for f in record["functions"])
    tests = sum(map(len, after.values()))
    passed = sum(v.count("passed") for v in after.values())
    print(
        f"| {name} | {tests} ({passed} pass) | {len(differ)} | {functions} | {kept} ({100 * kept / max(functions, 1):.1f} %) "
        f"| {len(unaccounted)} | {calls} | {captured} | {replayed} functions, {calls_in} calls | {reached} "
        f"| {os.path.getsize(trace) / 1e6:.1f} | {cpu} s, {peak} MB |")
    reasons = db.execute(
        "SELECT l.reason, sum(l.n), count(DISTINCT l.function), count(DISTINCT iif(l.function IN (SELECT function FROM"
        " call), NULL, l.function)) FROM ledger l LEFT JOIN function f ON f.id = l.function WHERE ifnull(f.kind, '') <> 'module'"
        " AND NOT ifnull(f.is_test, 0) GROUP BY 1 ORDER BY 4 DESC, 2 DESC LIMIT 25").fetchall()
    with open(ledger, "a") as f:
        f.write(f"\n{name}:\n\n| reason | calls | functions | of these without any call kept |\n|---|---|---|---|\n")
        for reason, n, some, none in reasons:
            f.write(f"| {reason.replace('|', '/')} | {n} | {some} | {none} |\n")
    for test in differ[:20]:
        print(f"  {name}: {test}: {before.get(test)} is {after.get(test)} under the recorder", file=sys.stderr)
    for file, qualname in unaccounted[:20]:
        print(f"  {name}: unaccounted: {file}: {qualname}", file=sys.stderr)
    return 1 if differ or unaccounted else 0


if __name__ == "__main__":
    sys.exit({"watch": watch, "row": row}[sys.argv[1]](*sys.argv[2:]))
