# SPDX-License-Identifier: Apache-2.0
"""Holds cf-verify to a corpus of rewrites, right ones and wrong ones: tests/proof/*.py and *.js.

A file is a program, recorded by calling its main(), and after it rewrites of its functions, each below
a line that says what it is:

    #+ split | what was done                      right
    #- split | return | kind: what is wrong       wrong, and where that shows
    #! split | kind                               right, but its gain is not one

In JavaScript the lines begin with // in place of #. A rewrite takes the place of the function, which may be a method. Where a wrong one shows is the first
part of a difference's path ("args", "kind"), "error" (it cannot be loaded), "scope" (what it changes is
refused without a run), "any", or "derived": on no recorded input, but on one derived from them.

    proof.py [--corpus DIR] [--work DIR] [--every N] [--only WORDS] [--bench] [--write]

All workloads are recorded at once and all rewrites verified at once; with --bench what is accepted of
those marked #! is measured too. The table goes to standard output, or to tests/results/proof.md. The
status is 1 when a wrong rewrite is accepted, a right one refused, one refused for another reason than
the corpus says, or an illusory gain called faster.
"""

from __future__ import annotations

import argparse
import ast
import collections
import datetime
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from typing import Any, Dict, List, NamedTuple, Set, Tuple

HERE = os.path.dirname(os.path.abspath(__file__))
O = os.path.abspath(os.environ.get("O") or os.path.join(HERE, "../build"))
LEAST = {".py": {"right": 60, "wrong": 60, "functions": 30}, ".js": {"right": 30, "wrong": 60, "functions": 15}}
# kinds of mistakes that are not looked for yet; one that is caught must go from here
NOT_YET = {"attribute of a function"}
SORTS = {"+": "right", "-": "wrong", "!": "cheat"}

RUN = """\
import importlib

for name in %r:
    importlib.import_module(name).main()
"""
RUN_JS = """\
(async () => {
	for (const name of %s) await require(`./${name}`).main();
})();
"""


class Rewrite(NamedTuple):
    """One candidate of the corpus."""

    where: str     # FILE:LINE
    program: str   # the file
    sort: str
    function: str  # qualified name
    shows: str     # where, for a wrong one
    what: str
    text: str

    @property
    def kind(self) -> str:
        return self.what.partition(":")[0]


class Result(NamedTuple):
    """What became of a rewrite."""

    rewrite: Rewrite
    answer: str
    source: str   # of the input that caught it; "" where it was accepted
    place: str
    problem: str  # "": as the corpus says
    pending: bool


def read(path: str) -> Tuple[str, List[Rewrite]]:
    """The program of a file and the rewrites below it."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    mark = "//" if path.endswith(".js") else "#"
    heads = [i for i, line in enumerate(lines) if re.match(mark + "[-+!] ", line)] + [len(lines)]
    rewrites = []
    for start, end in zip(heads, heads[1:]):
        sort = SORTS[lines[start][len(mark)]]
        function, *shows, what = lines[start][len(mark) + 2:].split(" | ")
        if len(shows) != (sort == "wrong"):
            sys.exit("proof: %s:%d: not a line as proof.py wants it" % (path, start + 1))
        rewrites.append(Rewrite(
            "%s:%d" % (os.path.basename(path), start + 1), os.path.basename(path), sort, function,
            "".join(shows), what, "\n".join(lines[start + 1:end]).strip("\n") + "\n"))
    return "\n".join(lines[:heads[0]]).rstrip("\n") + "\n", rewrites


def span(source: str, qualname: str, target: Dict[str, Any]) -> Tuple[int, int]:
    """The bytes of a function's definition; of JavaScript the lines that the recorder says."""
    if target["file"].endswith(".js"):
        lines = source.encode().splitlines(keepends=True)
        start = sum(map(len, lines[:target["line"] - 1]))
        return start, start + sum(map(len, lines[target["line"] - 1:target["end_line"]]))
    body: List[Any] = ast.parse(source).body
    node = None
    for part in qualname.split("."):
        node = next(n for n in body if getattr(n, "name", None) == part)
        body = node.body
    first = min([d.lineno for d in node.decorator_list] + [node.lineno])  # type: ignore[union-attr]
    ends = [0]
    for line in source.splitlines(keepends=True):
        ends.append(ends[-1] + len(line.encode()))
    return ends[first - 1], ends[node.end_lineno]  # type: ignore[union-attr]


def candidate(rewrite: Rewrite, source: str, target: Dict[str, Any]) -> Dict[str, Any]:
    start, end = span(source, rewrite.function, target)
    return {
        "schema": "cf/candidate/1", "id": hashlib.sha256(rewrite.where.encode()).hexdigest()[:16],
        "name": rewrite.where, "target": target, "origin": "proof/" + rewrite.sort, "diff": "",
        "edits": [{"path": target["file"], "sha256_before": hashlib.sha256(source.encode()).hexdigest(),
                   "start": start, "end": end, "text": rewrite.text}],
        "explanation": rewrite.what, "cost": {"input_tokens": 0, "output_tokens": 0},
    }


def step(folder: str, argv: List[str], given: str = "") -> List[Dict[str, Any]]:
    """The records that a stage writes."""
    env = dict(os.environ, PATH=O + "/bin:" + os.environ["PATH"], PYTHONDONTWRITEBYTECODE="1")
    env.pop("PYTHONPATH", None)
    done = subprocess.run(argv, cwd=folder, env=env, input=given, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, encoding="utf-8")
    if done.returncode:
        sys.exit("proof: %s: status %d: %s" % (argv[0], done.returncode, done.stderr[-2000:]))
    return [json.loads(line) for line in done.stdout.splitlines()]


def stream(records: List[Dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def record(work: str, suffix: str, programs: Dict[str, str], chosen: Set[str]) -> Dict[Tuple[str, str], Dict[str, Any]]:
    """Runs the chosen programs as one, recorded; the target record of each function."""
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    files, script = dict(programs), "run_proof" + suffix
    if suffix == ".js":
        files.update({script: RUN_JS % json.dumps(sorted(chosen)), "package.json": "{}\n"})
    else:
        files.update({script: RUN % [name[:-3] for name in sorted(chosen)], "pyproject.toml": ""})
    for name, text in files.items():
        with open(os.path.join(work, name), "w", encoding="utf-8") as file:
            file.write(text)
    trace = step(work, ["cf-trace", "-q", "--exit-code", "node" if suffix == ".js" else sys.executable, script])
    ranked = step(work, ["cf-rank", "-q", "--min-share", "0", "--top", "1000"], stream(trace))
    return {(r["file"], r["name"]): {k: v for k, v in r.items() if k != "schema"}
            for r in ranked if r["schema"] == "cf/target/1"}


def judge(rewrite: Rewrite, verdict: Dict[str, Any]) -> Result:
    """Whether a verdict is the one that the corpus says."""
    answer = verdict["answer"]
    difference = verdict["difference"] or {}
    source, place = "", answer
    if answer == "different":
        source = difference.get("source") or ("replay" if difference.get("call") else "derived")
        place = re.sub(r"^(?:type|len)\(", "", difference["path"])
        place = re.match(r"\w+", place)[0]  # type: ignore[index]
    elif answer == "unverified":
        source = place = "scope"
    elif answer != "equivalent":
        source = "replay" if "compared" in verdict and answer != "error" else "load"
    problem, pending = "", False
    if rewrite.sort == "right":
        problem = "" if answer == "equivalent" else "refused: %s" % verdict["reason"]
    elif rewrite.sort == "wrong":
        if answer == "equivalent":
            pending = rewrite.kind in NOT_YET
            problem = "" if pending else "accepted"
        elif rewrite.kind in NOT_YET:
            problem = "caught, and yet in NOT_YET"
        elif rewrite.shows == "derived":
            if source != "derived":
                problem = "said to be reached by derived inputs only: %s" % verdict["reason"]
        elif rewrite.shows not in (place, "any"):
            problem = "shows at %s, not at %s: %s" % (place, rewrite.shows, verdict["reason"])
    where = difference.get("path") or (verdict["reason"] or "")
    return Result(rewrite, answer, source, where, problem, pending)


def bench(work: str, verified: List[Dict[str, Any]], cheats: Dict[str, Rewrite]) -> List[Result]:
    """What cf-bench says of gains that are none."""
    asked = [r for r in verified if r["id"] in cheats]
    results = []
    for r in step(work, ["cf-bench", "-q", "--budget", "5"], stream(asked)):
        measured = r.get("measurement") or {}
        decision = measured.get("decision")
        said = measured.get("reason") or ("it remembers across calls" if measured.get("caching") else "")
        if r["verdict"]["answer"] != "equivalent":
            decision, said = r["verdict"]["answer"], r["verdict"]["reason"]
        fooled = decision in ("faster", None)
        rewrite = cheats[r["id"]]
        late = rewrite.kind in NOT_YET
        problem = ""
        if late and not fooled:
            problem = "caught, and yet in NOT_YET"
        elif fooled and not late:
            problem = "called faster"
        results.append(Result(rewrite, decision, "", said or "", problem, late and fooled))
    return results


def verify(work: str, suffix: str, programs: Dict[str, str],
           chosen: List[Rewrite]) -> Tuple[List[Result], List[Result]]:
    """What is said of the rewrites, and of the gains that are none."""
    targets = record(work, suffix, programs, {r.program for r in chosen})
    records = {}
    for rewrite in chosen:
        target = targets.get((rewrite.program, rewrite.function))
        if target is None:
            sys.exit("proof: %s: no call of %s was recorded" % (rewrite.where, rewrite.function))
        made = candidate(rewrite, programs[rewrite.program], target)
        records[made["id"]] = made, rewrite
    verified = step(work, ["cf-verify", "-q", "--call-timeout", "5", "--memory", str(1 << 30)],
                    stream([made for made, _ in records.values()]))
    results = [judge(records[r["id"]][1], r["verdict"]) for r in verified]
    if [r["id"] for r in verified] != list(records):
        sys.exit("proof: there are not as many verdicts as rewrites")
    cheats = [r for r in results if r.rewrite.sort == "cheat"]
    if cheats:
        cheats = bench(work, verified, {id: r for id, (_, r) in records.items() if r.sort == "cheat"})
    return [r for r in results if r.rewrite.sort != "cheat"], cheats


def cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")


def table(results: List[Result], cheats: List[Result]) -> str:
    by = collections.Counter((r.rewrite.sort, bool(r.problem), r.pending) for r in results)
    wrong = [r for r in results if r.rewrite.sort == "wrong"]
    caught = collections.Counter(r.source for r in wrong if r.answer != "equivalent")
    functions = {(r.rewrite.program, r.rewrite.function) for r in results}
    lines = [
        "%s: %d rewrites of %d functions." % (datetime.date.today(), len(results), len(functions)), "",
        "| | rewrites | as they should be | not | not looked for yet |", "|---|---|---|---|---|"]
    for sort, fault in (("wrong", "accepted, or refused for another reason"), ("right", "refused")):
        lines.append("| %s | %d | %d | %d %s | %d |" % (
            sort, sum(n for k, n in by.items() if k[0] == sort), by[sort, False, False],
            by[sort, True, False] + by[sort, True, True], fault, by[sort, False, True]))
    lines += ["", "Caught by: " + ", ".join("%s %d" % pair for pair in caught.most_common()) + ".", ""]
    head = "| function | %s | verdict | %s |"
    lines += ["## Wrong", "", head % ("mistake", "caught by | at"), "|---|---|---|---|---|"]
    for r in wrong:
        lines.append("| %s: %s | %s | %s | %s | %s |" % (
            r.rewrite.program, r.rewrite.function, cell(r.rewrite.what),
            "not yet" if r.pending else r.answer + (" **%s**" % cell(r.problem) if r.problem else ""),
            r.source or "–", cell(r.place[:80])))
    lines += ["", "## Right", "", head % ("what was done", "why"), "|---|---|---|---|"]
    for r in results:
        if r.rewrite.sort == "right":
            lines.append("| %s: %s | %s | %s | %s |" % (
                r.rewrite.program, r.rewrite.function, cell(r.rewrite.what), r.answer, cell(r.problem)))
    if cheats:
        lines += ["", "## Gains that are none", "", head % ("gain", "said"), "|---|---|---|---|"]
        for r in cheats:
            lines.append("| %s: %s | %s | %s | %s |" % (
                r.rewrite.program, r.rewrite.function, cell(r.rewrite.what),
                r.answer + (" (not looked for yet)" if r.pending else ""), cell(r.place[:120])))
    return "\n".join(lines) + "\n"


def main() -> int:
    ask = argparse.ArgumentParser()
    ask.add_argument("--corpus", default=os.path.join(HERE, "proof"))
    ask.add_argument("--work", default=os.path.join(O, "proof"))
    ask.add_argument("--every", type=int, default=1)
    ask.add_argument("--only", default="")
    ask.add_argument("--bench", action="store_true")
    ask.add_argument("--write", action="store_true")
    asked = ask.parse_args()
    programs, rewrites = {}, []
    for path in sorted(glob.glob(os.path.join(asked.corpus, "*.py")) + glob.glob(os.path.join(asked.corpus, "*.js"))):
        text, below = read(path)
        programs[os.path.basename(path)] = text
        rewrites += below
    whole = asked.every == 1 and not asked.only and asked.corpus == ask.get_default("corpus")
    for suffix, least in LEAST.items():
        of = [r for r in rewrites if r.program.endswith(suffix)]
        counts = collections.Counter(r.sort for r in of)
        counts["functions"] = len({(r.program, r.function) for r in of})
        if whole and any(counts[sort] < n for sort, n in least.items()):
            sys.exit("proof: the corpus has shrunk: *%s: %s" % (suffix, dict(counts)))
    chosen = [r for r in rewrites if r.sort != "cheat"][::asked.every]
    chosen += [r for r in rewrites if r.sort == "cheat" and asked.bench]
    chosen = [r for r in chosen if asked.only in r.where + " " + r.function + " " + r.what]
    if not chosen:
        sys.exit("proof: nothing of that name")
    results, cheats = [], []
    for suffix in LEAST:
        here = [r for r in chosen if r.program.endswith(suffix)]
        if here and suffix == ".js" and not shutil.which("node"):
            print("proof: no node here, so nothing of JavaScript", file=sys.stderr)
        elif here:
            judged, gains = verify(os.path.join(asked.work, suffix[1:]), suffix, {
                name: text for name, text in programs.items() if name.endswith(suffix)}, here)
            results += judged
            cheats += gains
    text = table(results, cheats)
    if asked.write:
        with open(os.path.join(HERE, "results/proof.md"), "w", encoding="utf-8") as file:
            file.write(text)
    else:
        sys.stdout.write(text)
    bad = [r for r in results + cheats if r.problem]
    for r in bad:
        print("proof: %s: %s: %s: %s" % (r.rewrite.where, r.rewrite.function, r.rewrite.what, r.problem),
              file=sys.stderr)
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
