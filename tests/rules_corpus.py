# SPDX-License-Identifier: Apache-2.0
"""Holds the rules to a corpus of functions as people write them: tests/fixtures/rules/*.py.

A case starts with a line that says what is expected of the function f below it:

    #+ dedupe growing-list | L I    one of these rules proposes something
    #- dedupe | L                   none of these does ("*": no rule; "none": whichever does is right)
    #> C([1]).f(2)                  an expression to evaluate, beside the calls that | makes

Letters behind the bar are kinds of argument (KINDS). Every rule's proposals, expected or not, and
those of all rules together are run against the original on all of their combinations: the answer, the
exception, what became of the arguments and what was printed must be the same. Arguments that nobody
would pass (HOSTILE) are tried with --hostile, which only reports.

    rules_corpus.py [--hostile] [--show] RULES_TEST FILE...
"""

import collections
import contextlib
import io
import itertools
import json
import re
import signal
import subprocess
import sys
from typing import Any, Dict, Iterator, List, NamedTuple, Tuple

KINDS = {
    "L": ["[]", "[1]", "[1, 2, 1, 3]", "[3, 1, 2]", "[5, 5, 5]", "[9, -1, 4, 4, 0, 7, 2, 9, 3]"],
    "S": ["[]", "['a']", "['b', 'a', 'b']", "['the cat', 'A', '', 'dog', 'the', 'a']"],
    "T": ["''", "'a'", "'abca'", "'the cat sat on the mat'"],
    "I": ["0", "1", "2", "3", "5", "8"],
    "R": [
        "[]",
        "[{'id': 1, 'k': 'a', 'v': 10, 'name': 'n'}]",
        "[{'id': 2, 'k': 'b', 'v': 1, 'name': 'x'}, {'id': 1, 'k': 'a', 'v': 3, 'name': 'n'},"
        " {'id': 2, 'k': 'a', 'v': 3, 'name': 'y'}, {'id': 7, 'k': 'c', 'v': 0, 'name': ''}]",
    ],
    "O": ["[]", "[O(1, 'a')]", "[O(2, 'b'), O(1, 'a'), O(2, 'c')]"],
    "P": ["[]", "[(1, 2)]", "[(2, 'a'), (1, 'b'), (2, 'c')]"],
    "M": ["[]", "[[]]", "[[1, 2], [3], [1, 2]]", "[[0, 5, 1], [2, 0, 1], [4, 4, 0]]"],
    "D": ["{}", "{'a': 1}", "{'a': 3, 'b': 1, 'the': 2}"],
    "G": ["{0: []}", "{0: [1, 2], 1: [3], 2: [3, 0], 3: []}"],
    "N": ["None"],
}
HOSTILE = [
    "None", "5", "'abc'", "iter([1, 2, 1])", "[[1], [2], [1]]", "[None, 1, 'a']", "[1, 1.0, True]",
    "[NAN, 1, NAN]", "(1, 2, 1)", "{1: 2}", "{1, 2}", "[{}]", "b'ab'", "[1]", "[]", "['a', 'a']",
]
CALLS = 80
SECONDS = 2


class O:
    """A row with attributes."""

    def __init__(self, id: int, k: str) -> None:
        self.id, self.k, self.v, self.name = id, k, id * 3, k * 2

    def __repr__(self) -> str:
        return f"O({self.id!r}, {self.k!r}, {self.v!r}, {self.name!r})"


class Case(NamedTuple):
    """One function of the corpus."""

    where: str
    wanted: bool
    rules: List[str]
    kinds: List[str]
    checks: List[str]
    source: str


def read(path: str) -> Iterator[Case]:
    """The cases of a file."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    starts = [i for i, line in enumerate(lines) if re.match(r"#[-+] ", line)] + [len(lines)]
    for start, end in zip(starts, starts[1:]):
        rules, _, kinds = lines[start][3:].partition("|")
        checks = [line[3:] for line in lines[start:end] if line.startswith("#> ")]
        body = [line for line in lines[start + 1 : end] if not line.startswith("#> ")]
        yield Case(
            f"{path}:{start + 1}", lines[start][1] == "+", rules.split(), kinds.split(), checks,
            "\n".join(body).strip("\n") + "\n",
        )


def calls(case: Case, hostile: bool) -> List[Tuple[str, ...]]:
    """The arguments to try, as source text."""
    usual = [KINDS[kind] for kind in case.kinds]
    if not usual:
        return []
    if not hostile:
        every = list(itertools.product(*usual))
        step = max(1, len(every) // CALLS)
        return every[::step]
    made = []
    for at in range(len(usual)):
        for value in HOSTILE:
            for others in (0, 1, -1):
                row = [kind[others] for kind in usual]
                row[at] = value
                made.append(tuple(row))
    return made


def plain(value: Any) -> Any:
    """What an iterator or a coroutine gives."""
    if hasattr(value, "__next__"):
        return list(itertools.islice(value, 1000))
    if hasattr(value, "send") and hasattr(value, "cr_frame"):
        try:
            value.send(None)
        except StopIteration as stop:
            return stop.value
    return value


class TooLong(BaseException):
    """Time is up."""


def outcome(code: Any, expression: str, arguments: Tuple[str, ...]) -> Tuple[str, ...]:
    """What the call gives or raises, prints, and leaves of its arguments."""
    scope: Dict[str, Any] = {"__name__": "case", "O": O, "NAN": float("nan")}
    out = io.StringIO()
    values: List[Any] = []
    with contextlib.redirect_stdout(out):
        exec(code, scope)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            values = [eval(argument, scope) for argument in arguments]
            scope["_values"] = values
            answer = plain(eval(expression or "f(*_values)", scope))
            text = f"{type(answer).__name__} {answer!r}"
        except (Exception, TooLong) as error:
            text = f"raises {type(error).__name__}: {error}"
        signal.setitimer(signal.ITIMER_REAL, 0)
    left = [repr(v) for v in values if not hasattr(v, "__next__")]
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    return (text, out.getvalue(), *left)


def differences(case: Case, after: str, hostile: bool) -> List[str]:
    """How before and after differ, a line each."""
    found = []
    before_code = compile(case.source, "before", "exec")
    after_code = compile(after, "after", "exec")
    tries = [("", row) for row in calls(case, hostile)]
    if not hostile:
        tries += [(check, ()) for check in case.checks]
    for expression, row in tries:
        a, b = outcome(before_code, expression, row), outcome(after_code, expression, row)
        if a != b:
            found.append(f"{expression or 'f(' + ', '.join(row) + ')'}: {a} became {b}")
    if not tries and not hostile:
        found.append("nothing to try it with")
    return found


def too_long(_signal: int, _frame: Any) -> None:
    """A call ran for SECONDS."""
    raise TooLong


def main() -> int:
    """Reads the arguments; the exit status."""
    options = [a for a in sys.argv[1:] if a.startswith("--")]
    program, *paths = [a for a in sys.argv[1:] if not a.startswith("--")]
    cases = [case for path in paths for case in read(path)]
    answer = subprocess.run(
        [program, "--rewrite"], input=json.dumps([case.source for case in cases]),
        stdout=subprocess.PIPE, check=True, encoding="utf-8",
    )
    failed = 0
    tally: Dict[str, List[int]] = collections.defaultdict(lambda: [0, 0, 0, 0])
    signal.signal(signal.SIGALRM, too_long)
    for case, made in zip(cases, json.loads(answer.stdout)):
        named = [*made] if "*" in case.rules else [rule for rule in case.rules if rule in made]
        count = tally[case.where.rpartition(":")[0]]
        count[0 if case.wanted else 2] += 1
        if case.wanted == bool(named):
            count[1 if case.wanted else 3] += 1
        else:
            failed += 1
            print(f"{case.where}: {' '.join(case.rules)}: " + (
                "not found" if case.wanted else f"proposed by {' '.join(named)}") +
                f" (others: {' '.join(made)})")
            print(case.source if case.wanted else "\n".join(made[rule] for rule in named))
        for rule, after in made.items():
            if "--show" in options:
                print(f"{case.where}: {rule}:\n{after}")
            different = differences(case, after, "--hostile" in options)
            if different:
                failed += 1
                print(f"{case.where}: {rule} is different in {len(different)}:")
                print("\n".join("    " + line for line in different[:6]))
                print(after)
    for path, (wanted, found, near, left) in tally.items():
        print(f"{path}: found {found} of {wanted}, left alone {left} of {near}")
    print(f"{len(cases)} cases, {failed} failed")
    return 1 if failed or not cases else 0


sys.exit(main())
