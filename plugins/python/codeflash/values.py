# SPDX-License-Identifier: Apache-2.0
"""Comparing values as cf-verify does: codeflash.compare() and codeflash.dump(). What a value is is
encode.py's matter, and whether two of them are equal is cf-verify's."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import IO, Any, Dict, Optional, Sequence, Union

from . import encode, tools

Path = Union[str, "os.PathLike[str]"]


class Difference:
    """Where two values differ first: path ("value[3].price"), and what each has there, in words.

    Where it cannot be told whether they differ, because part of them cannot be looked into, reason
    says why; it is None otherwise.
    """

    __slots__ = ("path", "original", "candidate", "reason")

    def __init__(self, path: Optional[str], original: Optional[str], candidate: Optional[str],
                 reason: Optional[str] = None) -> None:
        self.path = path
        self.original = original
        self.candidate = candidate
        self.reason = reason

    def __str__(self) -> str:
        if self.reason is not None:
            return "%s: cannot be told: %s" % (self.path or "value", self.reason)
        return "%s: %s != %s" % (self.path, self.original, self.candidate)

    def __repr__(self) -> str:
        return "<Difference %s>" % self


def compare(original: object, candidate: object, float_rel: float,
            ignore: Sequence[str]) -> Optional[Difference]:
    """codeflash.compare()."""
    answer = ask(_encoded(original), _encoded(candidate), ignore, float_rel)
    if answer["answer"] == "equal":
        return None
    return Difference(answer["path"], answer["original"], answer["candidate"], answer["reason"])


def dump(value: object, file: Union[Path, IO[bytes]]) -> None:
    """codeflash.dump()."""
    data = _encoded(value)
    if hasattr(file, "write"):
        file.write(data)  # type: ignore[union-attr]
        return
    with open(file, "wb") as f:  # type: ignore[arg-type]
        f.write(data)


def _encoded(value: object) -> bytes:
    try:
        return encode.value(value)
    except encode.TooLarge:
        raise ValueError("a value of more than %d objects or %d MiB cannot be compared" % (
            encode.MAX_NODES, encode.MAX_BYTES >> 20)) from None


def ask(original: bytes, candidate: bytes, ignore: Sequence[str] = (),
        float_rel: Optional[float] = None) -> Dict[str, Any]:
    """cf-verify's answer about two encoded values or outcomes (cf-verify --values). An OSError says
    that it is not there or does not run, a ValueError that it cannot read what it got."""
    program = tools.find("cf-verify")
    if program is None:
        raise FileNotFoundError(
            "cf-verify, which compares values, was not found: put it on PATH or set CODEFLASH_BIN")
    with tempfile.TemporaryDirectory(prefix="codeflash-") as scratch:
        argv = [program, "--values"]
        if float_rel is not None:
            argv += ["--float-rel", repr(float(float_rel))]
        parts = [("original", original), ("candidate", candidate)]
        if ignore:
            argv += ["--mask", os.path.join(scratch, "mask")]
            parts.append(("mask", json.dumps(list(ignore)).encode()))
        for name, data in parts:
            with open(os.path.join(scratch, name), "wb") as f:
                f.write(data)
        argv += [os.path.join(scratch, name) for name in ("original", "candidate")]
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        answer = json.loads(done.stdout.decode("utf-8", "replace"))
        if isinstance(answer, dict) and "answer" in answer:
            return answer
    except ValueError:
        pass
    said = " ".join(done.stderr.decode("utf-8", "replace").split())
    raise ValueError(said or "cf-verify ended with status %d" % done.returncode)
