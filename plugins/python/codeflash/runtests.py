# SPDX-License-Identifier: Apache-2.0
"""The verb `runtests` (cf-plugin.7): tests by name, run in this process as the command that the trace
has would run them, a frame for each as it begins and one with its outcome as it ends.

Nothing of the project's is in the way: its conftest, plugins and settings apply. What would have
tests run elsewhere, measured, or not at all after a failure is taken back: -n, --cov, -x.
"""

from __future__ import annotations

import os
import sys
from typing import Callable, Optional

from . import encode, verbs


class NoTests(Exception):
    """They cannot be run; the message is one line."""


def serve(session: object) -> int:
    """Answers a request; session is worker.py's."""
    request = session.request  # type: ignore[attr-defined]
    report = _Report(session.write, request["tests"], request["nonce"])  # type: ignore[attr-defined]
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.close(null)
    try:
        name, flags = _framework(request["command"])
        sys.path.insert(0, os.getcwd())
        {"pytest": _run_pytest, "unittest": _run_unittest}[name](flags, report)
        _came_from_here(request)
    except NoTests as error:
        report.write([("error", str(error))])
        return 0
    report.write([("end", report.ended)])
    return 0


def _framework(command: list) -> tuple:
    """(pytest or unittest, its arguments) of a command line."""
    _flags, program = verbs.split(command[1:])
    if program[:1] == ["-m"] and program[1:2] and program[1] in ("pytest", "unittest"):
        return program[1], program[2:]
    if program and os.path.basename(program[0]) in ("pytest", "py.test"):
        return "pytest", program[1:]
    raise NoTests("the recorded tests were run by something else than pytest or unittest")


def _came_from_here(request: dict) -> None:
    """Tests that ran over another copy of the project's modules say nothing of this one."""
    for name, file in request["modules"].items():
        module = sys.modules.get(name)
        where = getattr(module, "__file__", None)
        path = os.path.join(request["project_root"], file)
        if where and not (os.path.exists(where) and os.path.samefile(where, path)):
            raise NoTests("in the tests %s comes from %s" % (name, where))


class _Report:
    """What is told of the tests that were asked for. Its functions hold what they need themselves, so
    that an object which the code under test may come upon has nothing of it."""

    def __init__(self, send: Callable[[bytes], None], names: list, nonce: str) -> None:
        frame, here, pid = encode.frame, os.getpid(), os.getpid
        wanted = set(names)
        self.ended = 0
        self.collected = False

        def write(pairs: list) -> None:
            if pid() == here:  # not for what a test has forked
                send(frame(pairs + [("nonce", nonce)]))

        def begin(name: str) -> None:
            if name in wanted:
                write([("test", name)])

        def end(name: str, outcome: str, why: str = "") -> None:
            if name in wanted:
                self.ended += 1
                more = [("why", why)] if why else []
                write([("test", name), ("outcome", outcome)] + more)

        def absent(found: set) -> None:
            self.collected = True
            for name in names:
                if name not in found:
                    end(name, "not found")

        self.write, self.begin, self.end, self.absent, self.wants = (
            write, begin, end, absent, wanted.__contains__)
        self.files = {n.partition("::")[0] for n in names}


def _plain(name: str) -> str:
    """A name as the trace has it."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _first_line(text: object) -> str:
    return _plain(str(text).strip().partition("\n")[0][:200])


# pytest. ------------------------------------------------------------------------------------------


def _run_pytest(arguments: list, report: _Report) -> None:
    try:
        import pytest
    except ImportError as error:
        raise NoTests("pytest cannot be imported: %s" % error) from None
    sys.argv[:] = [os.path.join(os.path.dirname(pytest.__file__), "__main__.py")] + arguments
    status = pytest.main(list(arguments), plugins=[_plugin(pytest, report)])
    if not report.collected:
        raise NoTests("pytest ended with status %d before it ran any" % status)


def _undo(options: object, arguments: list) -> None:
    """Takes back what settings or the command line say of where and how long tests run, as far as this
    pytest and its plugins know it."""
    words = {
        "maxfail": ["--maxfail=0"], "continue_on_collection_errors": ["--continue-on-collection-errors"],
        "no_cov": ["--no-cov"], "numprocesses": ["-n0"], "dist": ["--dist=no"],
    }
    more = [w for name in words if hasattr(options, name) for w in words[name]]
    at = arguments.index("--") if "--" in arguments else len(arguments)
    arguments[at:at] = more
    for name, value in (("no_cov", True), ("numprocesses", 0), ("dist", "no")):
        if hasattr(options, name):  # looked at before these words are
            setattr(options, name, value)


def _phase(report: object) -> Optional[str]:
    """What one phase of a test makes of its outcome; None: nothing."""
    when, outcome = report.when, report.outcome  # type: ignore[attr-defined]
    if outcome == "failed":
        return "failed" if when == "call" else "error"
    if outcome == "skipped":
        return "xfailed" if hasattr(report, "wasxfail") else "skipped"
    if outcome == "passed" and when == "call":
        return "xpassed" if hasattr(report, "wasxfail") else "passed"
    return None


def _plugin(pytest: object, report: _Report) -> object:
    hook = pytest.hookimpl  # type: ignore[attr-defined]
    outcomes: dict = {}
    whys: dict = {}
    rank = {None: 0, "passed": 1, "xpassed": 1, "skipped": 1, "xfailed": 1, "failed": 2, "error": 3}

    class Plugin:
        @hook(tryfirst=True)
        def pytest_load_initial_conftests(self, early_config, args):
            _undo(early_config.known_args_namespace, args)

        @hook(trylast=True)
        def pytest_collection_modifyitems(self, items):
            items[:] = [i for i in items if report.wants(_plain(i.nodeid))]
            report.absent({_plain(i.nodeid) for i in items})

        @hook(tryfirst=True, hookwrapper=True)
        def pytest_runtest_protocol(self, item):
            name = item.nodeid
            report.begin(_plain(name))
            outcomes.pop(name, None)
            yield
            report.end(_plain(name), outcomes.pop(name, None) or "not run", whys.pop(name, ""))

        @hook(tryfirst=True)
        def pytest_runtest_logreport(self, report):
            name, outcome = report.nodeid, _phase(report)
            if report.outcome == "rerun":
                outcomes.pop(name, None)
            elif rank[outcome] >= rank[outcomes.get(name)] and outcome:
                outcomes[name] = outcome
                crash = getattr(report.longrepr, "reprcrash", None)
                if outcome in ("failed", "error") and crash is not None:
                    whys[name] = _first_line(crash.message)

    # files that have none of the tests need not be imported
    def ignore(path: object, config: object) -> Optional[bool]:
        root = getattr(config, "rootpath", None) or config.rootdir  # type: ignore[attr-defined]
        name = os.path.relpath(str(path), str(root)).replace(os.sep, "/")
        ours = os.path.basename(name) in ("__init__.py", "conftest.py") or _plain(name) in report.files
        return None if ours or not os.path.isfile(str(path)) else True

    version = getattr(pytest, "__version__", "0").partition(".")[0]
    if version.isdigit() and int(version) >= 7:
        def pytest_ignore_collect(collection_path, config):
            return ignore(collection_path, config)
    else:
        def pytest_ignore_collect(path, config):  # type: ignore[misc]
            return ignore(path, config)
    Plugin.pytest_ignore_collect = staticmethod(pytest_ignore_collect)  # type: ignore[attr-defined]
    return Plugin()


# unittest. ----------------------------------------------------------------------------------------


def _run_unittest(arguments: list, report: _Report) -> None:
    import unittest

    class Result(unittest.TestResult):
        outcome = ""
        why = ""

        def startTest(self, test):
            super().startTest(test)
            self.outcome, self.why = "", ""
            report.begin(_plain(test.id()))

        def stopTest(self, test):
            super().stopTest(test)
            report.end(_plain(test.id()), self.outcome or "not run", self.why)

        def failed(self, outcome, err):
            self.outcome = outcome
            self.why = _first_line("%s: %s" % (err[0].__name__, err[1]))

        def addSuccess(self, test):
            self.outcome = self.outcome or "passed"

        def addFailure(self, test, err):
            super().addFailure(test, err)
            self.failed("failed", err)

        def addError(self, test, err):
            super().addError(test, err)
            self.failed("error", err)

        def addSubTest(self, test, subtest, err):
            super().addSubTest(test, subtest, err)
            if err is not None:
                failure = issubclass(err[0], test.failureException)
                self.failed("failed" if failure else "error", err)

        def addSkip(self, test, reason):
            super().addSkip(test, reason)
            self.outcome = self.outcome or "skipped"

        def addExpectedFailure(self, test, err):
            super().addExpectedFailure(test, err)
            self.outcome = "xfailed"

        def addUnexpectedSuccess(self, test):
            super().addUnexpectedSuccess(test)
            self.outcome = "xpassed"

    class Runner:
        def run(self, tests):
            chosen, rest = [], [tests]
            while rest:
                one = rest.pop()
                if isinstance(one, unittest.BaseTestSuite):
                    rest.extend(reversed(list(one)))
                elif report.wants(_plain(one.id())):
                    chosen.append(one)
            report.absent({_plain(t.id()) for t in chosen})
            result = Result()
            # it sets classes and modules up and takes them down round the tests
            unittest.TestSuite(chosen).run(result)
            return result

    sys.argv[:] = ["python -m unittest"] + arguments
    try:
        unittest.main(module=None, argv=sys.argv[:], testRunner=Runner(), exit=False)
    except (SystemExit, ImportError) as error:
        raise NoTests("unittest ended before it ran any: %s" % _first_line(error)) from None
