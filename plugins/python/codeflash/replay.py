# SPDX-License-Identifier: Apache-2.0
"""What replay tests import: one recorded call done again and compared with what it did then.

The call runs in the test's process, refused what a replay must not do to the world (guard.py).
When it does not agree it is done once more in a process of its own, after the calls of the same
function that were recorded before it: there it finds the module as it was found when its outcome was
written down. Only if that does not agree either does the test fail.
"""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import subprocess
import sys
import warnings
import zlib
from typing import Any, Dict, List, Optional, Tuple
from urllib.parse import quote

import pytest

from . import effects, guard, load, outcomes, runner, values

APPLICATION_ID = 0x63665452  # "cfTR"
VERSION = 3  # of lib/schema.sql
CALL_S = 60.0

# as a worker has them, whatever pytest makes of them
_FILTERS = [("ignore", None, category, None, 0) for category in effects.HIDDEN]
_ALLOW = {guard.NETWORK: "network", guard.WRITES: "writes", guard.PROCESS: "processes"}
_AGAIN = "record it again: codeflash optimize --trace-only <the command>"

_CALL = """
SELECT f.id, f.file, f.module, f.qualname, f.class, f.kind, f.main, v.codec, v.packing, v.data,
       o.stable, o.input, o.data, o.mask
FROM call c JOIN function f ON f.id = c.function JOIN value v ON v.id = c.value
     LEFT JOIN outcome o ON o.call = c.id
WHERE c.id = ?"""
_BEFORE = """
SELECT c.id, v.codec, v.packing, v.data FROM call c JOIN value v ON v.id = c.value
WHERE c.function = ? ORDER BY c.seq, c.process, c.id"""


class _Failed(Exception):
    """The test fails with this message."""


class _Skipped(Exception):
    """The call cannot be replayed here; the message says why."""


def _is_the_program() -> bool:
    """Whether the test suite itself is what codeflash records or times. The recorder hides what it was
    given from os.environ."""
    if "CODEFLASH_WHOLE_PROGRAM" in os.environ:
        return True
    try:
        with open("/proc/self/environ", "rb") as f:
            return b"\0CODEFLASH_SPOOL=" in b"\0" + f.read()
    except OSError:
        return False


def _unpack(data: bytes, packing: int) -> bytes:
    """A blob of the trace as it was before it was packed."""
    if packing == 0:
        return data
    if packing != 2:
        raise _Failed("the trace packs its values in a way this build does not know; " + _AGAIN)
    try:
        return zlib.decompress(data)
    except zlib.error as error:
        raise _Failed("the trace is damaged (%s); %s" % (error, _AGAIN)) from None


class _Trace:
    """The SQLite file, read only."""

    def __init__(self, path: str) -> None:
        if not os.path.exists(path):
            raise _Failed("%s: no such trace; %s" % (path, _AGAIN))
        try:
            self.db = sqlite3.connect("file:%s?mode=ro" % quote(path), uri=True)
            application = self.db.execute("PRAGMA application_id").fetchone()[0]
            version = self.db.execute("PRAGMA user_version").fetchone()[0]
        except sqlite3.Error as error:
            raise _Failed("%s: not a trace (%s); %s" % (path, error, _AGAIN))
        if application != APPLICATION_ID:
            raise _Failed("%s: not a trace; %s" % (path, _AGAIN))
        if version != VERSION:
            raise _Failed("%s: schema %d, this build reads %d; %s" % (path, version, VERSION, _AGAIN))
        self.path = path
        self.meta = {k: json.loads(v) for k, v in self.rows("SELECT key, value FROM meta")}

    def rows(self, sql: str, args: tuple = ()) -> List[tuple]:
        try:
            return self.db.execute(sql, args).fetchall()
        except sqlite3.Error as error:
            raise _Failed("%s: %s; %s" % (self.path, error, _AGAIN))


class Replay:
    """The calls of one test file. trace and root (the project's) are relative to the file."""

    def __init__(self, trace: str, root: str, file: str) -> None:
        if _is_the_program():
            pytest.skip("replay tests are no part of the program", allow_module_level=True)
        here = os.path.dirname(os.path.abspath(file))
        self.path = os.path.normpath(os.path.join(here, trace))
        self.root = os.path.normpath(os.path.join(here, root))
        self._trace: Optional[_Trace] = None
        self._targets: Dict[int, load.Target] = {}

    @property
    def trace(self) -> _Trace:
        if self._trace is None:
            self._trace = _Trace(self.path)
        return self._trace

    def check(self, call: int) -> None:
        """Passes if the call does what it did when it was recorded."""
        __tracebackhide__ = True
        failed = skipped = ""
        try:
            self._check(call)
        except _Failed as error:
            failed = str(error)
        except _Skipped as error:
            skipped = str(error)
        if failed:
            pytest.fail(failed, pytrace=False)
        if skipped:
            pytest.skip(skipped)

    def _check(self, call: int) -> None:
        rows = self.trace.rows(_CALL, (call,))
        if not rows:
            raise _Failed("%s has no call %d; %s" % (self.path, call, _AGAIN))
        (function, file, module, qualname, cls, kind, main, codec, packing, data,
         stable, shown, expected, mask) = rows[0]
        if expected is None:
            raise _Failed("%s has no outcome of call %d; write the tests again: cf-replaygen %s" % (
                self.path, call, self.path))
        recorded = _unpack(expected, 2)
        blob = _unpack(data, packing)
        request = self._request(file, module, qualname, cls, kind, main)
        wanted = self._decoded(recorded)
        if outcomes.kind(wanted) == "skip":
            raise _Skipped(str(wanted.get("reason")))
        refused, got = self._here(function, request, call, blob, codec)
        difference = self._difference(recorded, wanted, got, stable, mask)
        if difference and not refused:
            got = _elsewhere(request, self._up_to(function, call)) or got
            difference = self._difference(recorded, wanted, got, stable, mask)
        if refused:
            allow = _ALLOW.get(refused)
            raise _Skipped(refused + ("; here: CODEFLASH_ALLOW=%s" % allow if allow else ""))
        if difference:
            raise _Failed("%s does not do what it did when it was recorded\n  call:     %s\n%s" % (
                qualname, shown, difference))

    def _up_to(self, function: int, call: int) -> List[Tuple[int, str, bytes]]:
        """(id, codec, inputs) of the function's calls in the order they were run, this one last."""
        rows = self.trace.rows(_BEFORE, (function,))
        last = [row[0] for row in rows].index(call)
        return [(i, codec, _unpack(data, packing)) for i, codec, packing, data in rows[: last + 1]]

    def _request(self, file: str, module: str, qualname: str, cls: Optional[str], kind: str,
                 main: int) -> Dict[str, Any]:
        """What a worker is told."""
        meta = self.trace.meta
        program = self.trace.rows("SELECT module, file FROM function WHERE main LIMIT 1")
        cwd = meta.get("cwd") or self.root
        return {
            "verb": "run", "project_root": self.root, "file": file, "module": module,
            "module_root": meta.get("module_root") or "", "tests_root": meta.get("tests_root") or "",
            "qualname": qualname, "class": cls, "kind": kind, "main": bool(main),
            "main_module": program[0][0] if program else None,
            "main_file": program[0][1] if program else None,
            "command": meta.get("command"),
            "sys_path": meta.get("sys_path"),
            "cwd": cwd if os.path.isdir(cwd) else self.root,
            "seed": int(meta.get("seed") or 1),
            "call_timeout_s": float(os.environ.get("CODEFLASH_CALL_TIMEOUT") or CALL_S),
        }

    @staticmethod
    def _decoded(data: bytes) -> dict:
        try:
            return outcomes.decode(data)
        except outcomes.Damaged as error:
            raise _Failed("the trace is damaged (%s); %s" % (error, _AGAIN))

    def _here(self, function: int, request: Dict[str, Any], call: int, blob: bytes,
              codec: str) -> Tuple[str, Optional[bytes]]:
        """(why the call was refused something, its outcome) in this process."""
        watch = _guard()
        watch.protected.add(os.path.realpath(self.root))
        output = runner.Output()
        with _Surroundings(request), warnings.catch_warnings():
            warnings.filters[:] = _FILTERS  # type: ignore[index]
            effects.Warnings.install(warnings)
            output.install()
            runner.CHANCE.install()
            try:
                target = self._targets.get(function)
                if target is None:
                    target = self._targets[function] = _opened(request, watch)
                work = runner.Runner(request, target, output, watch)
                _, outcome = work.run(call, lambda: work.restore(blob, codec))
            finally:
                runner.CHANCE.remove()
                output.remove()
        return watch.reason, outcome

    def _difference(self, recorded: bytes, wanted: dict, got: Optional[bytes], stable: int,
                    mask: Optional[str]) -> str:
        """Lines that say how they differ; "" when they agree."""
        if got is None:
            return "  expected: %s\n  got:      no answer in time" % outcomes.render(wanted)
        if got == recorded:
            return ""
        have = outcomes.decode(got)
        both = "  expected: %s\n  got:      %s" % (outcomes.render(wanted), outcomes.render(have))
        if outcomes.kind(have) != outcomes.kind(wanted):
            return both
        if not stable:
            return ""
        try:
            # what of a script's top level can be run hangs on what the guard here refuses
            answer = values.ask(recorded, got, json.loads(mask or "[]") + ["left_out"])
        except (OSError, ValueError) as error:
            return both + "\n  (%s)" % error
        if answer["answer"] == "equal":
            return ""
        if answer["answer"] == "unknown":
            return both + "\n  (it cannot be told: %s)" % answer.get("reason")
        return "  at:       %s\n  expected: %s\n  got:      %s" % (
            answer.get("path"), answer.get("original"), answer.get("candidate"))


_GUARDS: List[guard.Guard] = []


def _guard() -> guard.Guard:
    """The process's one: nothing is allowed but what CODEFLASH_ALLOW names."""
    if not _GUARDS:
        allowed = os.environ.get("CODEFLASH_ALLOW", "").replace(",", " ").split()
        _GUARDS.append(guard.Guard(
            network="network" in allowed, writes="writes" in allowed,
            processes="processes" in allowed))
    return _GUARDS[0]


def _opened(request: Dict[str, Any], watch: guard.Guard) -> load.Target:
    """The function. A script's top level runs under the guard, but for its imports."""
    try:
        load.GUARD = watch
        return load.open_target(request)
    except load.LoadError as error:
        raise _Failed(str(error))
    finally:
        load.GUARD = None
        watch.leave()


class _Surroundings:
    """Directory, argv, byte code and recursion limit as a worker has them, for one call."""

    def __init__(self, request: Dict[str, Any]) -> None:
        self.request = request
        self.before: tuple = ()

    def __enter__(self) -> None:
        self.before = (os.getcwd(), sys.argv, sys.dont_write_bytecode, sys.getrecursionlimit())
        depth = 0
        frame: Any = sys._getframe()
        while frame is not None:
            depth += 1
            frame = frame.f_back
        os.chdir(self.request["cwd"])
        sys.argv = [os.path.join(self.request["project_root"], self.request["file"])]
        sys.dont_write_bytecode = True
        sys.setrecursionlimit(self.before[3] + depth)

    def __exit__(self, *_: object) -> None:
        os.chdir(self.before[0])
        sys.argv = self.before[1]
        sys.dont_write_bytecode = self.before[2]
        sys.setrecursionlimit(self.before[3])


def _elsewhere(request: Dict[str, Any], calls: List[Tuple[int, str, bytes]]) -> Optional[bytes]:
    """The last call's outcome in a process of its own; None when there is none."""
    head = dict(request, refuse=True, calls=[
        {"id": i, "size": len(blob), "codec": codec} for i, codec, blob in calls])
    text = json.dumps(head).encode() + b"\n" + b"".join(blob for _, _, blob in calls)
    worker = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")
    env = dict(os.environ, PYTHONHASHSEED=str(request["seed"] % 4294967296))
    try:
        done = subprocess.run(
            [sys.executable, "-B", worker, "run"], input=text, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, cwd=request["cwd"], env=env,
            timeout=2 * request["call_timeout_s"] + 60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    data = done.stdout
    at = 0
    while len(data) - at >= 4:
        size = struct.unpack_from("<I", data, at)[0]
        answer = outcomes.frame(data[at + 4 : at + 4 + size])
        if answer.get("call") == calls[-1][0]:
            return answer.get("outcome")
        at += 4 + size
    return None
