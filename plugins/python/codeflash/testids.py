# SPDX-License-Identifier: Apache-2.0
"""Which test reached which function: what comes into pytest and unittest when these are loaded."""

from __future__ import annotations

from time import perf_counter_ns

from .importer import importlib_frame, quote


class Watch:
    """Compares the counters before and after a test. Of tests inside one another the outer counts:
    pytest runs those of unittest by their own method."""

    def __init__(self, recorder) -> None:
        self.recorder = recorder
        self.clock = perf_counter_ns  # a program may change what the time module has
        self.depth = 0

    @importlib_frame
    def begin(self) -> tuple:
        self.depth += 1
        return (self.clock(), self.recorder.counts())

    @importlib_frame
    def end(self, begun: tuple, name: str, outcome) -> None:
        start, before = begun
        took = self.clock() - start
        self.depth -= 1
        if not self.depth:
            functions = self.recorder.changed(before)
            self.recorder.test(b'{"test":%s,"outcome":%s,"functions":[%s],"ns":%d}' % (
                quote(name).encode(), quote(outcome).encode() if outcome else b"null",
                b",".join(map(b"%d".__mod__, functions)), max(took, 0)))


# pytest. ------------------------------------------------------------------------------------------


class Plugin:
    @importlib_frame
    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.outcomes: dict = {}

    @importlib_frame
    def pytest_runtest_logreport(self, report) -> None:
        # of the three phases the worst counts: failed, else skipped, else passed
        if report.outcome == "failed" or self.outcomes.get(report.nodeid) != "failed":
            if report.when == "call" or report.outcome != "passed":
                self.outcomes[report.nodeid] = report.outcome

    @importlib_frame
    def pytest_runtest_protocol(self, item, nextitem):
        begun = self.watch.begin()
        yield
        self.watch.end(begun, item.nodeid, self.outcomes.pop(item.nodeid, None))


def join_pytest(config_module, watch: Watch) -> None:
    """Has every configuration that pytest makes carry the plugin."""
    get_config = getattr(config_module, "get_config", None)
    hookimpl = getattr(config_module, "hookimpl", None)
    if get_config is None or hookimpl is None:
        watch.recorder.loss("tests are not named: this pytest is not known")
        return
    Plugin.pytest_runtest_protocol = hookimpl(hookwrapper=True, tryfirst=True)(
        Plugin.pytest_runtest_protocol)

    @importlib_frame
    def with_plugin(*args, **kwargs):
        config = get_config(*args, **kwargs)
        config.pluginmanager.register(Plugin(watch), "codeflash-recorder")
        return config

    config_module.get_config = with_plugin


# unittest. ----------------------------------------------------------------------------------------


@importlib_frame
def _entries(result) -> list:
    """How many tests failed, and were skipped, so far."""
    names = ("failures", "errors", "unexpectedSuccesses"), ("skipped", "expectedFailures")
    return [sum([len(getattr(result, n, ())) for n in some]) for some in names]


def join_unittest(case_module, watch: Watch) -> None:
    """Has every test case tell when it runs."""
    test_case = getattr(case_module, "TestCase", None)
    original = getattr(test_case, "run", None)
    if original is None:
        watch.recorder.loss("tests are not named: this unittest is not known")
        return

    @importlib_frame
    def run(self, result=None):
        if result is None or watch.depth:
            return original(self, result)
        before = _entries(result)
        begun = watch.begin()
        outcome = None
        try:
            done = original(self, result)
            after = _entries(result)
            outcome = ("failed" if after[0] > before[0] else
                       "skipped" if after[1] > before[1] else "passed")
        finally:
            watch.end(begun, self.id(), outcome)
        return done

    run.__doc__ = original.__doc__
    test_case.run = run
