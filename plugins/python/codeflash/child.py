# SPDX-License-Identifier: Apache-2.0
"""A Python that the recorded program started: it records itself into a spool of its own."""

from __future__ import annotations

import os
import sys

from . import importer, netstring, program, recording


def _script_at(words: list) -> int:
    """Where the script, -m or -c is among the words; 0: nowhere."""
    i = 1
    while i < len(words):
        w = words[i]
        if w in ("-m", "-c") or not w.startswith("-") or w == "-":
            return i
        if w in ("-W", "-X", "--check-hash-based-pycs"):
            i += 1
        i += 1
    return 0


def _spawned_main(made: importer.Importer) -> None:
    """multiprocessing's spawned children run the parent's main module once more, through runpy."""
    import runpy

    original = runpy._get_code_from_file  # type: ignore[attr-defined]

    def get_code(*args):
        found = original(*args)
        path = args[-1]
        code, rest = (found[0], found[1:]) if isinstance(found, tuple) else (found, None)
        full = os.path.abspath(path)
        if made.wants(full):
            with open(path, "rb") as f:
                source = f.read()
            again = made.instrument(source, code.co_filename, program._module_name(path), True)
            code = again or code
        return code if rest is None else (code,) + rest

    runpy._get_code_from_file = get_code  # type: ignore[attr-defined]


def start() -> None:
    """Called before the program: the interpreter's own start-up is nearly over."""
    words = recording.command_line()
    at = _script_at(words)
    what = words[at] if at else "-"
    text = words[at + 1] if what == "-c" and at + 1 < len(words) else ""
    if what == recording.LAUNCH:
        return
    if "multiprocessing.resource_tracker" in text:
        recording.hide_environment()
        return
    if recording.PLAIN not in os.environ and what.endswith(".py") and os.path.isfile(what):
        config = netstring.unpack(os.environ[recording.CONFIG])
        probe = importer.Importer(None, config["module_root"], config["tests_root"], [], None)
        if probe.wants(what):
            # only a launcher can have the script itself instrumented
            os.execv(sys.executable, words[:at] + [recording.LAUNCH] + words[at:])
    made = recording.start()
    if what == "-m" and at + 1 < len(words):
        made.main_modules = {words[at + 1], words[at + 1] + ".__main__"}
    if "multiprocessing" in text:
        _spawned_main(made)
