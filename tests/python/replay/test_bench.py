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


def variant(number, *ids):
    return {"op": "pass", "order": list(ids), "inner": 1, "variant": number}


def test_a_variant_changes_one_part_the_same_way_in_every_worker(project):
    project.write("m.py", """
        class Box:
            def __init__(self, word):
                self.word = word
            def f(self, n, *rest, **more):
                print(self.word, n, rest, sorted(more.items()))
        def f(box, n, rest, more):
            box.f(n, *rest, **more)
        def g():
            return None
    """)
    sys.path.insert(0, project.root)
    try:
        import m

        calls = [((m.Box("word"), 5, ([1, (2.5, b"ab")],), {"k": {7}}), {})]
        asked = [BEGIN] + [o for n in range(1, 9) for o in (variant(n, 1), results())]
        one, two = (bench(project, "m.py", "f", calls, *asked) for _ in range(2))
    finally:
        sys.path.remove(project.root)
        sys.modules.pop("m", None)
    assert all(a["changed"] == {"1": True} for a in one if "ns" in a)
    assert outcomes(one) == outcomes(two)
    said = [reading.render(dict(decoded, roots=[r for r in decoded["roots"] if r[0] == "stdout"]))
            for decoded in map(reading.decode, outcomes(one))]
    recorded = "stdout lines(\"word 5 ([1, (2.5, b'ab')],) [('k', {7})]\\n\")"
    for text in said:
        parts, before = text.split(), recorded.split()
        assert len(parts) == len(before) and sum(a != b for a, b in zip(parts, before)) == 1, text
    assert len(set(said)) > 3


def test_a_variant_of_what_cannot_be_changed_or_raises_is_not_changed(project):
    project.write("m.py", """
        def f(x):
            if x not in (None, True, 4, float("inf"), "", "\\u00e9"):
                raise ValueError(x)
    """)
    calls = [((x,), {}) for x in (None, True, 4, float("inf"), "", "\u00e9")]
    answers = bench(project, "m.py", "f", calls, BEGIN, variant(1, 1, 2, 3, 4, 5, 6), order(1, 3))
    passes = [a for a in answers if "ns" in a]
    assert "changed" not in passes[0] and sorted(passes[0]["ns"]) == ["3"]
    assert sorted(passes[1]["ns"]) == ["1", "3"]


def test_what_is_realised_is_told_apart(project):
    project.write("m.py", """
        import time
        def slow():
            time.sleep(0.02)
            yield 1
        def f(where):
            if where is None:
                return slow()
            where.append(slow())
            return where
        def g(where):
            where["x"] = [slow()]
    """)
    answers = bench(project, "m.py", "f", [((None,), {}), (([],), {})], BEGIN, order(1, 2), results())
    ran = [a for a in answers if "ns" in a][0]
    for call in ("1", "2"):
        assert 15e6 < ran["lazy_ns"][call] <= ran["ns"][call]
    answers = bench(project, "m.py", "g", [(({},), {})], BEGIN, order(1), results())
    assert [a for a in answers if "ns" in a][0]["lazy_ns"]["1"] > 15e6
    outcome = reading.decode(outcomes(answers)[0])
    realised = dict(map(tuple, outcome["roots"]))["realised"]
    assert reading.render(dict(outcome, roots=[("return", realised)])) == "return [[1]]"


def test_an_iterator_that_was_given_is_left_alone(project):
    project.write("m.py", "def f(rest):\n    return next(rest[0])\n")
    answers = bench(project, "m.py", "f", [(([iter([1, 2, 3])],), {})], BEGIN, order(1), results())
    assert "lazy_ns" not in [a for a in answers if "ns" in a][0]


def test_what_goes_on_behind_the_answer_is_counted(project):
    project.write("m.py", """
        import _thread, os, threading, time
        def none():
            t = threading.Thread(target=int)
            t.start()
            t.join()
            if os.fork() == 0:
                os._exit(0)
        def thread():
            _thread.start_new_thread(time.sleep, (60,))
        def orphan():
            if os.fork() == 0:
                if os.fork() == 0:
                    time.sleep(3)
                os._exit(0)
            os.wait()
    """)
    for name, expected in (("none", 0), ("thread", 1), ("orphan", 1)):
        answers = bench(project, "m.py", name, [((), {})], BEGIN, order(1), END)
        assert answers[-1]["threads"] == expected, name
    project.write("early.py", """
        import threading, time
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
        def f():
            pass
    """)
    assert bench(project, "early.py", "f", [((), {})], BEGIN, order(1), END)[-1]["threads"] >= 1
