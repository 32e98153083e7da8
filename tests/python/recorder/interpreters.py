# SPDX-License-Identifier: Apache-2.0
"""The Pythons to record under: those of $RECORDER_PYTHONS, paths with colons between, or "all" for
pyenv's; else our own."""

from __future__ import annotations

import glob
import os
import re
import sys

OLDEST, NEWEST = 8, 13


def _pyenv() -> dict:
    found = {}
    for path in sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.*/bin/python"))):
        version = re.search(r"/3\.(\d+)", path)
        if version and OLDEST <= int(version.group(1)) <= NEWEST:
            found[int(version.group(1))] = path
    return found


def pythons() -> list:
    named = os.environ.get("RECORDER_PYTHONS") or sys.executable
    return list(_pyenv().values()) if named == "all" else named.split(":")


def ends() -> list:
    """The oldest and the newest that can be recorded, where they are here and not among the others."""
    found = _pyenv()
    if os.environ.get("RECORDER_PYTHONS"):
        return []
    return [found[v] for v in (OLDEST, NEWEST) if v in found]


def name(path: str) -> str:
    version = re.search(r"3\.\d+|$", path)
    return version.group() if version and version.group() else "own"
