"""What a run over a real package left behind, as one row of a table.

usage: accounts.py PROJECT TRACE STREAM JUNIT SECONDS  (STREAM: the last stage's; SECONDS: of pytest)

Prints a Markdown row and exits 1 if an entered function is neither captured nor in the ledger, fewer than
95 of 100 captured calls replay green, or a candidate has no verdict.
"""
import glob
import json
import os
import sqlite3
import sys
import xml.etree.ElementTree as ET


def stage_times(folder: str) -> str:
    """Seconds of each stage, by when its stream was complete; the recording has a name of its own."""
    files = sorted(glob.glob(os.path.join(folder, "[0-9]*.jsonl")))
    ends = [(os.path.basename(f)[3:-6], os.path.getmtime(f)) for f in files]
    return ", ".join(f"{b} {end - start:.0f}" for (_, start), (b, end) in zip(ends, ends[1:]))


def main() -> int:
    name, trace, stream, junit, seconds = sys.argv[1:]
    db = sqlite3.connect(trace)
    entered = db.execute(
        "SELECT count(*) FROM profile p JOIN function f ON f.id = p.function"
        " WHERE p.calls > 0 AND NOT f.is_test AND f.kind <> 'module'"
    ).fetchone()[0]
    captured = db.execute("SELECT count(DISTINCT function) FROM call").fetchone()[0]
    lost = db.execute(
        "SELECT f.file, f.qualname FROM profile p JOIN function f ON f.id = p.function"
        " WHERE p.calls > 0 AND NOT f.is_test"
        " AND NOT EXISTS (SELECT 1 FROM call c WHERE c.function = f.id)"
        " AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.function = f.id)"
        " AND f.reason IS NULL"
    ).fetchall()
    calls = db.execute("SELECT count(*) FROM call").fetchone()[0]
    stable = db.execute("SELECT count(*) FROM outcome WHERE stable = 1").fetchone()[0]
    suites = ET.parse(junit).getroot().iter("testsuite")
    tests = failed = 0
    for suite in suites:
        tests += int(suite.get("tests", 0))
        failed += sum(int(suite.get(k, 0)) for k in ("failures", "errors", "skipped"))
    green = tests - failed
    verdicts = {}
    faster = missing = 0
    for line in open(stream, encoding="utf-8"):
        record = json.loads(line)
        if record.get("schema") != "cf/candidate/1" or record["origin"] == "combined":
            continue
        answer = record.get("verdict", {}).get("answer")
        missing += answer is None
        verdicts[answer] = verdicts.get(answer, 0) + 1
        faster += record.get("measurement", {}).get("decision") == "faster"
    print(
        f"| {name} | {entered} | {captured} | {len(lost)} | {calls} | {green} ({100 * green / max(calls, 1):.1f} %) | {stable} "
        f"| {', '.join(f'{k} {v}' for k, v in sorted(verdicts.items(), key=str)) or 'none'} | {faster} "
        f"| {stage_times(os.path.dirname(stream))}, pytest {float(seconds):.0f} |"
    )
    for file, qualname in lost[:20]:
        print(f"  unaccounted: {file}: {qualname}", file=sys.stderr)
    reasons = db.execute(
        "SELECT l.reason, count(DISTINCT l.function) FROM ledger l JOIN function f ON f.id = l.function"
        " WHERE f.kind <> 'module' AND NOT EXISTS (SELECT 1 FROM call c WHERE c.function = l.function)"
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 6"
    ).fetchall()
    with open("../reasons.md", "a", encoding="utf-8") as f:
        f.write(f"- {name}: " + "; ".join(f"{n} {reason}" for reason, n in reasons) + "\n")
    if green < 0.95 * calls:
        print(f"  {name}: only {green} of {calls} captured calls replay green", file=sys.stderr)
    return 1 if lost or missing or green < 0.95 * calls else 0


if __name__ == "__main__":
    sys.exit(main())
