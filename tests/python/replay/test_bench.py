# SPDX-License-Identifier: Apache-2.0
"""The verb `bench`: what it tells of the calls that it timed is what `run` tells of them."""

import base64
import json
import subprocess
import sys

from codeflash import outcomes as reading
from conftest import WORKER, environment, pickled


def bench(project, file, qualname, calls, *operations):
    """The answers to the operations. The command line does not name the verb."""
    blobs = [pickled(call) for call in calls]
    head = project.request(file, qualname, blobs, verb="bench")
    text = json.dumps(head).encode() + b"\n" + b"".join(blobs)
    text += b"".join(json.dumps(o).encode() + b"\n" for o in operations)
    done = subprocess.run([sys.executable, "-B", WORKER], input=text, stdout=subprocess.PIPE,
                          cwd=project.root, env=environment(), timeout=120)
    return [json.loads(line) for line in done.stdout.splitlines()]


BEGIN, END = {"op": "begin"}, {"op": "end"}


def order(*ids, inner=1):
    return {"op": "pass", "order": list(ids), "inner": inner}


def results(which=0):
    return {"op": "results", "which": which}


def outcomes(answers):
    return [base64.b64decode(a["outcome"]) for a in answers if "outcome" in a]


def test_results_are_those_of_the_last_call_as_run_tells_them(project):
    project.write("m.py", """
        def f(items, fails):
            print(len(items))
            items.append(0)
            if fails:
                raise ValueError(items)
            return (x for x in items)
    """)
    calls = [(([1], False), {}), (([2, 3], True), {})]
    answers = bench(project, "m.py", "f", calls, BEGIN, order(1, 2), results(), order(2, 1),
                    results(), END)
    assert outcomes(answers) == project.run("m.py", "f", *calls).raw[::-1]
    assert [a["call"] for a in answers if "outcome" in a] == [2, 1]


def test_each_execution_has_its_results_and_they_are_told_once(project):
    project.write("m.py", "seen = []\ndef f():\n    seen.append(0)\n    return len(seen)\n")
    answers = bench(project, "m.py", "f", [((), {})], BEGIN, order(1, inner=3), results(1),
                    results(1))
    roots = [reading.decode(o)["roots"][0] for o in outcomes(answers)]
    assert [list(r) for r in roots] == [["return", 2]]
    assert "no pass" in answers[-1]["error"]


def test_the_two_verbs_have_the_same_descriptors_and_modules(project):
    project.write("m.py", """
        import os, sys
        def f():
            return sorted(map(int, os.listdir("/proc/self/fd")))[:-1], sorted(sys.modules), sys.argv
    """)
    mine, = outcomes(bench(project, "m.py", "f", [((), {})], BEGIN, order(1), results()))
    theirs, = project.run("m.py", "f", ((), {})).raw
    assert mine == theirs
