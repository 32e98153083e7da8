# SPDX-License-Identifier: Apache-2.0
"""The verb `replaygen`: the text of pytest files that replay recorded calls. Runs nothing of the
user's and reads nothing but the request."""

from __future__ import annotations

import os
import textwrap
import unicodedata

MARKER = "codeflash replay test"

_HEAD = '''\
# {marker}
# trace: {trace_line}
"""Calls of the functions in {source}, as a traced run made them.

Each test calls one function with inputs that were recorded, and compares what it returns or raises,
its arguments afterwards and what it prints with what the code did when this was written.

    pytest {path}

It belongs to the trace named above: neither is meant for version control.
"""

import sys

try:
    from codeflash.replay import Replay
except ImportError:
    sys.modules.pop("codeflash", None)
    sys.path.insert(0, {libexec!r})
    from codeflash.replay import Replay

replay = Replay(trace={trace!r}, root={root!r}, file=__file__)
'''


def one_line(text: str) -> str:
    """Text fit for a comment: nothing in it ends the line or hides."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def test_name(qualname: str, taken: set, number: int) -> str:
    """A valid and unused name: test_Account_pay_3."""
    text = unicodedata.normalize("NFKC", qualname.replace("<locals>.", "").replace("<", "").replace(">", ""))
    stem = "".join(c if ("a" + c).isidentifier() else "_" for c in text).strip("_") or "call"
    name = "test_%s_%d" % (stem, number)
    more = 1
    while name in taken:
        more += 1
        name = "test_%s_%d_%d" % (stem, number, more)
    taken.add(name)
    return name


def _comment(text: str) -> list:
    return textwrap.wrap(
        one_line(text), 96, initial_indent="    # ", subsequent_indent="    #   ",
        break_on_hyphens=False) or ["    # (inputs not shown)"]


def _docstring_safe(text: str) -> str:
    return one_line(text).replace("\\", "\\\\").replace('"', "'")


def file_text(request: dict, group: dict, path: str) -> str:
    """The test file of one source module; path is relative to the project's root."""
    root = request["project_root"]
    here = os.path.dirname(os.path.join(root, path))
    trace = os.path.relpath(request["trace"], here)
    lines = [_HEAD.format(
        marker=MARKER, trace_line=one_line(trace), trace=trace, root=os.path.relpath(root, here),
        source=_docstring_safe(group["file"]), path=_docstring_safe(path),
        libexec=request["libexec"])]
    taken: set = {"replay", "Replay", "sys"}
    for function in group["functions"]:
        lines.append("\n# %s in %s\n" % (one_line(function["qualname"]), one_line(group["file"])))
        for number, call in enumerate(function["calls"], 1):
            lines.append("\ndef %s():" % test_name(function["qualname"], taken, number))
            shown = call.get("input") or function["qualname"]
            if call.get("outcome") == "raise":
                shown += "  raises"
            lines += _comment(shown)
            if not call.get("stable", True):
                lines.append("    # not the same every time: only required to end the same way")
            lines.append("    replay.check(%d)\n" % call["id"])
    return "\n".join(lines)


def generate(request: dict) -> dict:
    """The verb's answer."""
    root = request["project_root"]
    tests = os.path.relpath(os.path.join(root, request["tests_root"]), root)
    files = []
    number = int(request.get("first_number") or 0)
    for group in request["groups"]:
        if not any(function["calls"] for function in group["functions"]):
            continue
        path = os.path.normpath(os.path.join(tests, "test_replay_test_%d.py" % number))
        files.append({"path": path, "text": file_text(request, group, path)})
        number += 1
    return {"files": files}

