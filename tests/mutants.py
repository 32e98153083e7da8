# SPDX-License-Identifier: Apache-2.0
"""What cf-verify can tell apart: all mutants of ten functions of PyPI packages, judged as candidates.

usage: mutants.py [--only FUNCTION] [--prune]

The functions are recorded in all their uses (tests/mutants/workload.py), so that what is left over says
something about the comparison, and in a few (tests/mutants/few.py), as they are in a program that happens
to call them: there it is derived inputs that must make up for what no call shows. In the former, every
mutant that passes for equivalent has its reason in tests/mutants/survivors.json: either no input at all could tell it from the original,
or such an input is not among those recorded. A survivor without one is printed, and the exit status is
1. A reason whose mutant is told apart by now is listed; --prune takes it out of the file. The table
lands in tests/results/mutants.md.
"""
import argparse
import collections
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
from typing import Any, Dict, List

HERE = os.path.dirname(os.path.abspath(__file__))
PARTS = os.path.join(HERE, "mutants")
BUILD = os.path.abspath(os.environ.get("O") or os.path.join(HERE, "..", "build"))
WORK = os.path.join(BUILD, "mutants")
REASONS = os.path.join(PARTS, "survivors.json")
RESULTS = os.path.join(HERE, "results", "mutants.md")
SCRIPTS = ("workload.py", "few.py")
KINDS = ("equivalent", "input")  # no input tells it apart; one would, but it is not recorded
FUNCTIONS = {
    "boltons.strutils": "parse_int_list",
    "dateutil.easter": "easter",
    "humanize.filesize": "naturalsize",
    "idna.core": "check_bidi",
    "inflection": "ordinal",
    "more_itertools.more": "split_at",
    "mpmath.libmp.libintmath": "isprime",
    "packaging.utils": "parse_wheel_filename",
    "sortedcontainers.sortedlist": "SortedList._pos",
    "toolz.itertoolz": "partition_all",
}

Record = Dict[str, Any]


class Trouble(Exception):
    """One line for the user."""


def tool(name: str, *args: str, given: str = "") -> str:
    """Runs one of ours in the project; its stdout."""
    ran = subprocess.run([os.path.join(BUILD, "bin", name), *args], input=given, encoding="utf-8",
                         cwd=os.path.join(WORK, "project"), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE)
    if ran.returncode:
        last = (ran.stderr.strip() or "?").splitlines()[-1]
        raise Trouble(f"{name} ended with status {ran.returncode}: {last}")
    return ran.stdout


def records(lines: str, kind: str) -> List[Record]:
    return [r for r in map(json.loads, lines.splitlines()) if r["schema"] == f"cf/{kind}/1"]


def installed() -> str:
    """The Python of a venv with the packages."""
    venv = os.path.join(WORK, "venv")
    python, stamp = os.path.join(venv, "bin", "python"), os.path.join(venv, ".stamp")
    requirements = os.path.join(PARTS, "requirements.txt")
    with open(requirements, encoding="utf-8") as f:
        wanted = sys.executable + "\n" + f.read()
    try:
        with open(stamp, encoding="utf-8") as f:
            if f.read() == wanted:
                return python
    except OSError:
        pass
    shutil.rmtree(venv, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r",
                    requirements], check=True)
    with open(stamp, "w", encoding="utf-8") as f:
        f.write(wanted)
    return python


def project(python: str) -> None:
    """A folder with the packages as its own, and what uses them."""
    folder = os.path.join(WORK, "project")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    open(os.path.join(folder, "pyproject.toml"), "w", encoding="utf-8").close()
    for script in SCRIPTS:
        shutil.copy(os.path.join(PARTS, script), folder)
    where = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    site = subprocess.run([python, "-c", where], stdout=subprocess.PIPE, encoding="utf-8",
                          check=True).stdout.strip()
    for package in sorted({module.split(".")[0] for module in FUNCTIONS}):
        shutil.copytree(os.path.join(site, package), os.path.join(folder, package),
                        ignore=shutil.ignore_patterns("__pycache__"))


def targets(python: str, script: str) -> List[Record]:
    trace = tool("cf-trace", "--quiet", "-o", script + ".trace", "--module-root", ".", python, script)
    ranked = tool("cf-rank", "--quiet", "--top", "100000", "--min-share", "0", given=trace)
    found = {(t["module"], t["name"]): t for t in records(ranked, "target")}
    missing = [f"{m}.{n}" for m, n in FUNCTIONS.items() if (m, n) not in found]
    if missing:
        raise Trouble(f"{script}: not recorded: {', '.join(missing)}")
    return [found[key] for key in FUNCTIONS.items()]


def key_of(mutant: Record) -> str:
    """Names a mutant in the file of reasons: where it is, and what it changes."""
    edit, target = mutant["edits"][0], mutant["target"]
    with open(os.path.join(target["project_root"], edit["path"]), "rb") as f:
        before = f.read()[: edit["start"]]
    column = len(before) - before.rfind(b"\n")
    return f"{mutant['origin'].partition('/')[2]}, column {column}, {mutant['explanation']}"


def source_of(verdict: Record) -> str:
    """Which kind of input told a mutant apart; else what it did."""
    if verdict["answer"] != "different":
        return str(verdict["answer"])
    return str(verdict["difference"].get("source", "replay"))


def judged(target: Record) -> List[Record]:
    """All its mutants, each with its verdict."""
    listed = tool("cf-verify", "--list-mutants", given=json.dumps(target) + "\n")
    mutants = records(tool("cf-verify", "--quiet", "--mutants", "0", given=listed), "candidate")
    if not mutants:
        raise Trouble(f"{target['module']}.{target['name']} has no mutants")
    return mutants


def told_apart(mutants: List[Record]) -> str:
    """Cells of the table: the calls, how many mutants are told apart, by what, and what is not judged."""
    tally = collections.Counter(source_of(m["verdict"]) for m in mutants)
    of = len(mutants) - tally["unverified"]
    killed = of - tally["equivalent"]
    by = ", ".join(f"{n} {what}" for what, n in tally.most_common()
                   if what not in ("equivalent", "unverified"))
    calls = mutants[0]["target"]["captured"]
    return f"{calls} | {killed} ({100 * killed / max(of, 1):.0f} %) | {by} | {tally['unverified']}"


def described(key: str, reason: Record) -> str:
    what = {"equivalent": "no input tells it apart", "input": "no such input"}[reason["kind"]]
    return f"- {key}: {what}: {reason['why']}"


def run(only: str, prune: bool) -> int:
    with open(REASONS, encoding="utf-8") as f:
        reasons: Dict[str, Dict[str, Record]] = json.load(f)
    wrong = [key for some in reasons.values() for key, r in some.items()
             if r["kind"] not in KINDS or not r["why"]]
    if wrong:
        raise Trouble(f"{REASONS}: {wrong[0]} has no kind or no reason")
    lines: List[str] = []
    notes: List[str] = []
    unexplained, stale, total, killed_all = [], [], 0, 0
    python = installed()
    project(python)
    for target, few in zip(*(targets(python, script) for script in SCRIPTS)):
        name = f"{target['module']}.{target['name']}"
        if only and only != name:
            continue
        mutants = judged(target)
        survivors = [key_of(m) for m in mutants if m["verdict"]["answer"] == "equivalent"]
        text = f"| {name} | {len(mutants)} | {told_apart(mutants)} | {told_apart(judged(few))} |"
        print(text, flush=True)
        lines.append(text)
        known = reasons.get(name, {})
        unexplained += [f"{name}: {key}" for key in survivors if key not in known]
        stale += [(name, key) for key in known if key not in survivors]
        total += len(mutants)
        killed_all += len(mutants) - len(survivors)
        if survivors:
            notes += ["", f"{name}:", ""]
            notes += [described(key, known[key]) for key in survivors if key in known]
    for name, key in stale:
        print(f"told apart by now: {name}: {key}")
        if prune:
            del reasons[name][key]
    if prune and stale:
        with open(REASONS, "w", encoding="utf-8") as f:
            json.dump({n: r for n, r in reasons.items() if r}, f, indent=1, ensure_ascii=False)
            f.write("\n")
    for key in unexplained:
        print(f"survives without a reason: {key}")
    if not only:
        write(lines, notes, total, killed_all)
    return 1 if unexplained else 0


def write(lines: List[str], notes: List[str], total: int, killed: int) -> None:
    with open(RESULTS, "w", encoding="utf-8") as f:
        print(f"{datetime.date.today()}, Python {platform.python_version()}; {total} mutants, {killed} of"
              f" them not taken for equivalent, {total - killed} survivors\n", file=f)
        print("| function | mutants | calls in all uses | killed | by | unverified"
              " | calls in a few | killed | by | unverified |", file=f)
        print("|---|---|---|---|---|---|---|---|---|---|", file=f)
        print("\n".join(lines), file=f)
        print("\nThe survivors of all uses, each with its reason:", file=f)
        print("\n".join(notes), file=f)


def main() -> int:
    parser = argparse.ArgumentParser(usage=(__doc__ or "").split("usage: ")[1].split("\n")[0])
    parser.add_argument("--only", default="")
    parser.add_argument("--prune", action="store_true")
    options = parser.parse_args()
    try:
        return run(options.only, options.prune)
    except (Trouble, OSError, subprocess.CalledProcessError) as error:
        print(f"mutants: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
