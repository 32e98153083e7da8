# SPDX-License-Identifier: Apache-2.0
"""A Python that the recorded program started: it records itself into a spool of its own."""

from __future__ import annotations

import os
import sys

from . import importer, netstring, recording


def start() -> None:
    """Called before the program: the interpreter's own start-up is nearly over."""
    words = recording.command_line()
    flags, _letters, run = recording.split(words)
    what = run[0] if run else "-"
    if what == recording.LAUNCH:
        return
    if recording.is_helper(run or ["-"]):
        recording.hide_environment()
        return
    if recording.PLAIN not in os.environ and what.endswith(".py") and os.path.isfile(what):
        config = netstring.unpack(os.environ[recording.CONFIG])
        probe = importer.Importer(None, config["module_root"], config["tests_root"], [], None)
        if probe.wants(what):
            # only a launcher can have the script itself instrumented
            os.execve(sys.executable, words[:1] + flags + [recording.LAUNCH] + run,
                      recording.first_environment())
    made = recording.start()
    if what == "-m" and len(run) > 1:
        made.main_modules = {run[1], run[1] + ".__main__"}
