# SPDX-License-Identifier: Apache-2.0
"""What a call did to files: part of its outcome, as what it returned is.

The guard's audit hook tells of each path before anything is done to it; what is there then and what is
there after the call make the difference. A file that was written anew with what it held already is
none, and neither is one that came and went.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Dict, Optional

_READ_MAX = 256 << 20  # of one file
_CHUNK = 1 << 20


class Files:
    """The paths that calls are about to change."""

    def __init__(self, root: str) -> None:
        """root: the project's, to which paths in it are named relative."""
        self.root = os.path.realpath(root)
        self.before: Dict[str, Optional[str]] = {}

    def note(self, path: str) -> None:
        """path (real) is about to be changed."""
        if path not in self.before:
            self.before[path] = _state(path)

    def changed(self) -> Dict[str, Optional[str]]:
        """{path: what is there now} of those that are not as they were; forgets them all."""
        now = {}
        for path in sorted(self.before):
            after = _state(path)
            if after != self.before[path]:
                now[self._name(path)] = after
        self.before.clear()
        return now

    def _name(self, path: str) -> str:
        inside = path.startswith(self.root + os.sep)
        return path[len(self.root) + 1:] if inside else path


def _state(path: str) -> Optional[str]:
    """What is at path, in words; None when there is nothing."""
    try:
        found = os.lstat(path)
        mode = stat.S_IMODE(found.st_mode)
        if stat.S_ISDIR(found.st_mode):
            return "directory, mode %o" % mode
        if stat.S_ISLNK(found.st_mode):
            return "link to %s" % os.readlink(path)
        if not stat.S_ISREG(found.st_mode):
            return "device"
        digest = hashlib.sha256()
        left = _READ_MAX
        with open(path, "rb") as f:
            while left > 0:
                chunk = f.read(min(_CHUNK, left))
                if not chunk:
                    break
                digest.update(chunk)
                left -= len(chunk)
        return "%d bytes, mode %o, sha256 %s" % (found.st_size, mode, digest.hexdigest())
    except OSError:
        return None
