# SPDX-License-Identifier: Apache-2.0
"""Which test reached which function: a pytest plugin that comes in when pytest's own is loaded."""

from __future__ import annotations

from .importer import importlib_frame, quote


class Plugin:
    """Compares the counters before and after a test."""

    @importlib_frame
    def __init__(self, recorder) -> None:
        self.recorder = recorder
        self.outcomes: dict = {}

    @importlib_frame
    def pytest_runtest_logreport(self, report) -> None:
        # of the three phases the worst counts: failed, else skipped, else passed
        if report.outcome == "failed" or self.outcomes.get(report.nodeid) != "failed":
            if report.when == "call" or report.outcome != "passed":
                self.outcomes[report.nodeid] = report.outcome

    @importlib_frame
    def pytest_runtest_protocol(self, item, nextitem):
        before = self.recorder.counts()
        yield
        functions = self.recorder.changed(before)
        outcome = self.outcomes.pop(item.nodeid, None)
        self.recorder.test(b'{"test":%s,"outcome":%s,"functions":[%s]}' % (
            quote(item.nodeid).encode(), quote(outcome).encode() if outcome else b"null",
            b",".join(map(b"%d".__mod__, functions))))


def join(config_module, recorder) -> None:
    """Has every configuration that pytest makes carry the plugin."""
    get_config = getattr(config_module, "get_config", None)
    hookimpl = getattr(config_module, "hookimpl", None)
    if get_config is None or hookimpl is None:
        recorder.loss("tests are not named: this pytest is not known")
        return
    Plugin.pytest_runtest_protocol = hookimpl(hookwrapper=True, tryfirst=True)(
        Plugin.pytest_runtest_protocol)

    @importlib_frame
    def with_plugin(*args, **kwargs):
        config = get_config(*args, **kwargs)
        config.pluginmanager.register(Plugin(recorder), "codeflash-recorder")
        return config

    config_module.get_config = with_plugin
