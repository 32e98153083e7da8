# SPDX-License-Identifier: Apache-2.0
"""Runs every rule's examples under Python: before and after must answer the same.

Reads what `rules_test --json` prints on stdin; prints each difference and exits 1 if there is one.
"""

import contextlib
import io
import json
import sys
from typing import Any, Dict, Tuple


def evaluate(source: str, expression: str) -> Tuple[str, str]:
    """What the expression gives, or raises, and prints, after the source has run."""
    scope: Dict[str, Any] = {"__name__": "example"}
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "<example>", "exec"), scope)
        try:
            answer = repr(eval(expression, scope))
        except Exception as error:
            answer = repr(error)
    return answer, out.getvalue()


def main() -> int:
    """Compares all; the exit status."""
    failed = done = 0
    for example in json.load(sys.stdin):
        if not example["check"]:
            print(f"{example['rule']}: an example without a check")
            failed += 1
            continue
        for expression in example["check"].splitlines():
            before = evaluate(example["before"], expression)
            after = evaluate(example["after"], expression)
            done += 1
            if before != after:
                print(f"{example['rule']}: {expression}: {before} became {after}\n{example['after']}")
                failed += 1
    print(f"{done} passed, {failed} failed")
    return 1 if failed or not done else 0


sys.exit(main())
