# SPDX-License-Identifier: Apache-2.0
"""What a call does beside returning is part of its outcome, and nothing is there where it does nothing."""

import pytest
from codeflash import effects as effects_module
from codeflash import encode, outcomes

from test_worker import root, value

PLAIN = {"return", "self", "args", "kwargs"}


def beside(outcome):
    """The roots that are there for what the call did beside returning."""
    return {name: value(outcome, name) for name, _ in outcome["roots"] if name not in PLAIN}


@pytest.fixture
def effects(project):
    """effects(code, call): what that call does, once and again."""
    def run(code, *calls, **more):
        project.write("m.py", code)
        answer = project.run("m.py", "f", *[((c,), {}) for c in calls or (1,)], **more)
        assert answer.error is None, answer.error
        found = [beside(o) for o in answer.outcomes]
        assert len(found) == len(calls or (1,)), answer.stderr
        return found if len(found) > 1 else found[0]
    return run


def test_nothing_is_there_where_nothing_is_done(effects):
    assert effects("""
        import decimal, locale, logging, os, random, sys, threading, warnings
        table = {1: [2]}
        class C:
            known = []
        def f(x):
            with decimal.localcontext() as c:
                c.prec = 50
                decimal.Decimal(1) / 3
            table[1].append(3)
            table[1].pop()
            C.known, table[2] = C.known, 5
            del table[2]
            os.environ["X"] = "1"
            del os.environ["X"]
            t = threading.Thread(target=print, kwargs={"end": ""})
            t.start()
            t.join()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.warn("quiet")
            return random.random()
        """) == {}


def test_stdout_and_stderr_are_their_lines(effects):
    assert effects("""
        import os, subprocess, sys, traceback
        kept = sys.stderr
        def f(x):
            print("a", file=sys.stderr)
            kept.write("b\\n")
            kept.flush()
            os.write(2, b"c\\n")
            subprocess.run("echo d >&2", shell=True)
            print("out\\nput")
            try:
                1 // 0
            except ZeroDivisionError:
                traceback.print_exc()
            sys.stderr.write("end")
        """) == {"stdout": ["out\n", "put\n"], "stderr": [
            "a\n", "b\n", "c\n", "d\n", "Traceback (most recent call last):\n",
            "ZeroDivisionError: %s\n" % _zero(), "end"]}


def _zero():
    try:
        return 1 // 0
    except ZeroDivisionError as error:
        return error


def test_log_records_of_the_project_count_at_any_level(effects):
    found = effects("""
        import logging
        log = logging.getLogger("app")
        quiet = logging.getLogger("quiet")
        quiet.propagate = False
        def f(x):
            log.debug("one %d", x)
            if log.isEnabledFor(logging.INFO):
                log.info("two")
            quiet.error("three")
            log.info("%d", "no number")
            try:
                {}[0]
            except KeyError:
                log.warning("four", exc_info=True)
            logging.LoggerAdapter(log, {}).debug("five")
            return log.level, log.getEffectiveLevel()
        """)
    assert found["logs"] == [
        ("DEBUG", "app", "one 1"), ("INFO", "app", "two"), ("ERROR", "quiet", "three"),
        ("INFO", "app", found["logs"][3][2]), ("WARNING", "app", "four (KeyError)"),
        ("DEBUG", "app", "five")]
    assert found["logs"][3][2].startswith("%d, which cannot be formatted: TypeError")
    # and no more is shown than would be
    assert found["stderr"] == [
        "three\n", "four\n", "Traceback (most recent call last):\n", "KeyError: 0\n"]


def test_log_records_of_libraries_count_where_they_are_let_through(effects):
    # asyncio logs which selector it uses whenever a loop is made
    code = """
        import asyncio, logging
        logging.getLogger("asyncio").setLevel(logging.%s)
        def f(x):
            async def g():
                return x
            return asyncio.run(g())
        """
    assert effects(code % "INFO") == {}
    [(level, name, _)] = effects(code % "DEBUG")["logs"]
    assert (level, name) == ("DEBUG", "asyncio")


def test_warnings_count_once_and_by_their_words_where_they_are_the_projects(effects):
    found = effects("""
        import warnings
        def f(x):
            for _ in range(3):
                warnings.warn("mind %d" % x)
            warnings.warn("odd", RuntimeWarning, stacklevel=2)
            return compile("1 is 1", "x", "eval") and None
        """, 1, 1, 2)
    assert [f["warnings"] for f in found] == [
        [("UserWarning", "mind %d" % n), ("RuntimeWarning", "odd"), ("SyntaxWarning", found[0]["warnings"][2][1])]
        for n in (1, 1, 2)]
    assert all("stderr" not in f for f in found)


def test_a_librarys_warnings_of_numbers_count_on_inputs_that_somebody_gave(monkeypatch):
    found = effects_module.Warnings()
    for derived, said in ((False, [("RuntimeWarning", ""), ("FutureWarning", "")]),
                          (True, [("FutureWarning", "")])):
        monkeypatch.setattr(encode, "DERIVED", derived)
        found.begin()
        found.note("divide by zero", RuntimeWarning, "numpy.py", 1)
        found.note("soon", FutureWarning, "pandas.py", 1)
        assert found.said == said


def test_what_python_hides_counts_where_the_project_says_it(effects):
    code = """
        import warnings
        def f(x):
            if x:
                warnings.warn("old", DeprecationWarning, stacklevel=2)
            said = 'import warnings; warnings.warn("a library says", DeprecationWarning)'
            exec(compile(said, "/usr/lib/library.py", "exec"), {})
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.warn("asked not to", DeprecationWarning)
        """
    assert effects(code)["warnings"] == [("DeprecationWarning", "old")]
    assert effects(code, 0) == {}


def test_a_generator_is_ended_where_it_first_yields_and_left_standing_there(effects):
    code = """
        import contextlib
        state = []
        %s
        def f(lines):
            state.append("in")
            try:
                yield next(lines)
            except RuntimeError:
                state.append("error")
            finally:
                state.append("out")
        """

    def run(decorator):
        found = effects(code % decorator, iter([1, 2, 3]), again=True)
        return found["ended"], found["begun"]

    ended, begun = run("")
    assert ended[:2] == [1, None] and begun[0] == 1
    assert dict(ended[-1])["globals"]["state"] == ["in", "out"] * 3 + ["in"]
    ended, begun = run("@contextlib.contextmanager")
    assert ended[:2] == [1, True] and begun[0] == 1
    assert "error" in dict(begun[-1])["globals"]["state"]
    assert dict(begun[-1])["globals"]["state"][-1] == "in"


def test_what_comes_from_the_system_by_chance_is_the_same_in_each_run(project):
    project.write("m.py", """
        import os, random, secrets, uuid
        from os import urandom
        def f(x):
            return [uuid.uuid4().hex, secrets.token_hex(4), secrets.choice(range(1000)), urandom(3),
                    os.urandom(0), random.random()]
        """)
    one, other = [project.run("m.py", "f", ((1,), {}), ((2,), {}), again=True).outcomes
                  for _ in range(2)]
    assert [value(o, "return") for o in one] == [value(o, "return") for o in other]
    assert value(one[0], "return")[0] != value(one[1], "return")[0]
    # what is kept for the next call is not what that one would draw
    assert all(a != b for i, (a, b) in enumerate(
        zip(value(one[0], "return"), value(one[0], "again"))) if i != 4)


def test_variables_of_modules_and_classes(project, effects):
    project.write("pkg/__init__.py", "")
    project.write("pkg/other.py", """
        count = 0
        class Account:
            total = 0
            known = []
            class Inner:
                held = {}
        def bump():
            global count
            count += 1
        """)
    assert effects("""
        import collections
        from pkg import other
        from pkg.other import Account
        number = 0
        seen = []
        objects = [object()]
        order = collections.OrderedDict(a=1, b=2)
        config = Account()
        table = {"a": Account()}
        def helper():
            pass
        def f(x):
            global number, fresh, helper
            number += 1
            fresh = {"a": 1}
            seen.append(x)
            objects.append(1)
            order.move_to_end("a")
            config.debug = True
            table["a"].name = "n"
            other.bump()
            Account.total += 5
            Account.known.append(2)
            Account.Inner.held["k"] = 1
            Account.late = 3
        """)["globals"] == {
            "number": 1, "fresh": {"a": 1}, "seen": [1], "order": ["b", 2, "a", 1],
            "objects": [{}, 1], "config": {"debug": True}, "table": {"a": {"name": "n"}},
            "pkg.other.count": 1, "pkg.other.Account.total": 5, "pkg.other.Account.known": [2],
            "pkg.other.Account.Inner.held": {"k": 1}, "pkg.other.Account.late": 3}


def test_variables_are_what_they_hold_and_not_who_they_are(effects):
    found = effects("""
        import io, sys
        a, b, c, gone = [1], {"x": 1}, (1, 2), 5
        handle = None
        def f(x):
            global a, b, c, gone, handle
            a = list(a)
            b = dict(b)
            c = (1, 3)
            if x == 2:
                b["x"] = True
                del gone
                handle = io.StringIO()
            import json.tool
        """, 1, 2)
    assert found[0]["globals"] == {"c": (1, 3)}
    assert found[1]["globals"] == {"b": {"x": True}, "gone": "(deleted)", "handle": "a _io.StringIO"}


def test_names_that_a_candidate_adds_are_its_own_affair(effects):
    code = """
        class C:
            def g(self):
                pass
        def f(x):
            global _memo
            _memo = {x: 1}
            C._cache = 2
        """
    assert set(effects(code)["globals"]) == {"_memo", "C._cache"}
    assert effects(code, new_names=["_memo", "_cache"]) == {}


def test_the_environment(effects):
    found = effects("""
        import os
        os.environ["GONE"] = "1"
        def f(x):
            os.environ["NEW"] = str(x)
            os.environ.pop("GONE", None)
        """, 1, 1, 2)
    assert [f.get("environ") for f in found] == [{"GONE": None, "NEW": "1"}, None, {"NEW": "2"}]


def test_the_process(effects):
    found = effects("""
        import decimal, locale, os, signal, sys, threading, time
        def handler(*_):
            pass
        def f(x):
            if x == 1:
                os.chdir("/")
                sys.path.append("here")
                signal.signal(signal.SIGUSR1, handler)
                decimal.getcontext().prec = 7
            elif x == 2:
                threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
            elif x == 3:
                threading.Thread(target=time.sleep, args=(0.01,)).start()
        """, 1, 2, 3)
    assert sorted(found[0]["process"]) == ["cwd", "decimal", "signals", "sys.path"]
    assert found[0]["process"]["cwd"] == "/"
    assert found[0]["process"]["decimal"][0] == 7
    assert found[0]["process"]["sys.path"][-1] == "here"
    assert found[1]["process"] == {"threads": 1}
    assert found[2] == {}


def test_random_numbers_that_are_drawn_count_where_others_draw_too(effects):
    code = """
        import random
        def f(x):
            for _ in range(x):
                random.random()
        def g(x):
            return %s
        """
    found = effects(code % "random.choice(x)", 0, 1, 2)
    assert "process" not in found[0]
    assert found[1]["process"]["random"] != found[2]["process"]["random"]
    assert effects(code % "x", 1) == {}


def test_what_a_call_does_with_logging_ends_with_it(effects):
    """The program's own handlers and levels are as they were, between calls and in what they show."""
    found = effects("""
        import logging, sys
        logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(message)s")
        def f(x):
            logging.debug("hidden")
            logging.info("shown %d", x)
            raise ValueError(x)
        """, 1, 2)
    assert [f["stderr"] for f in found] == [["INFO shown 1\n"], ["INFO shown 2\n"]]
    assert found[1]["logs"] == [("DEBUG", "root", "hidden"), ("INFO", "root", "shown 2")]


def test_outcomes_are_rendered_with_what_was_printed(project):
    project.write("m.py", "def f(x):\n    print('hello')\n")
    out = project.one("m.py", "f", 1)
    assert outcomes.render(out) == "return None; stdout lines('hello\\n')"
    assert root(out, "stderr") is None
