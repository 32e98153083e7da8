# SPDX-License-Identifier: Apache-2.0
"""Finding the programs that this package belongs to."""

from __future__ import annotations

import os
import shutil
from typing import Optional

_HERE = os.path.dirname(os.path.abspath(__file__))


def find(name: str) -> Optional[str]:
    """A program of ours: in $CODEFLASH_BIN and nowhere else if that is set; else in the bin that this
    package was built, installed or pip-installed with, or in PATH."""
    only = os.environ.get("CODEFLASH_BIN")
    places = [only] if only else [
        os.path.join(_HERE, up, "bin") for up in ("../../../..", "../../../../..")]
    for place in places:
        path = os.path.join(place, name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.realpath(path)
    return None if only else shutil.which(name)
