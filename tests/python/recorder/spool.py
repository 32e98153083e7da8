# SPDX-License-Identifier: Apache-2.0
"""A reader of spools (lib/spool.h) for the tests, strict about every rule of the format."""

from __future__ import annotations

import glob
import json
import os
import struct
from collections import Counter

CHUNK = 1 << 20
PAD, PROCESS, FUNCTION, VALUE, CALL, COUNTS, PROFILE, EDGE, LINE, LOSS, TEST, DURATION = range(12)


class Spool:
    """One process's spool, read whole."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as f:
            data = f.read()
        magic, version, self.state, tail, self.lost, self.pid, self.ppid, self.start_ns = struct.unpack_from(
            "<8sIIQQqqQ", data)
        assert magic == b"cfspool\0" and version == 2
        self.functions: dict = {}
        self.values: dict = {}
        self.calls: list = []
        self.durations: dict = {}
        self.counts: Counter = Counter()
        self.own: Counter = Counter()
        self.total: Counter = Counter()
        self.samples: Counter = Counter()
        self.edges: Counter = Counter()
        self.lines: Counter = Counter()
        self.loss: Counter = Counter()
        self.tests: list = []
        at = 4096
        while at < 4096 + tail:
            size, kind, pad = struct.unpack_from("<IHH", data, at)
            assert size >= 8 and size % 8 == 0 and pad < 8
            first, last = (at - 4096) // CHUNK, (at - 4096 + size - 1) // CHUNK
            assert first == last or (at - 4096) % CHUNK == 0, "a record straddles chunks"
            self.take(kind, data[at + 8:at + size - pad])
            at += size
        assert at == 4096 + tail

    def take(self, kind: int, body: bytes) -> None:
        if kind == PROCESS:
            self.process = json.loads(body)
        elif kind == FUNCTION:
            f = json.loads(body)
            assert f["id"] == len(self.functions)
            self.functions[f["id"]] = f
        elif kind == VALUE:
            assert body[:16] not in self.values, "a value twice"
            self.values[body[:16]] = (body[16:32].rstrip(b"\0").decode(), body[32:])
        elif kind == CALL:
            names = ("function", "why", "thread", "seq", "time_ns", "duration_ns", "hash", "size")
            self.calls.append(dict(zip(names, struct.unpack("<IIQQQQ16sQ", body))))
        elif kind == COUNTS:
            first, n = struct.unpack_from("<II", body)
            for i in range(n):
                self.counts[first + i] = struct.unpack_from("<Q", body, 8 + 8 * i)[0]
        elif kind == PROFILE:
            for f, samples, own, total in struct.iter_unpack("<IIQQ", body):
                self.own[f] += own
                self.total[f] += total
                self.samples[f] += samples
        elif kind in (EDGE, LINE):
            into = self.edges if kind == EDGE else self.lines
            for a, b, ns in struct.iter_unpack("<IIQ", body):
                into[a, b] += ns
        elif kind == DURATION:
            function, zero, seq, ns = struct.unpack("<IIQQ", body)
            assert zero == 0 and any(c["function"] == function and c["seq"] == seq for c in self.calls)
            self.durations[function, seq] = ns
        elif kind == LOSS:
            loss = json.loads(body)
            self.loss[loss["function"], loss["reason"]] += loss["n"]
        elif kind == TEST:
            self.tests.append(json.loads(body))
        else:
            assert kind == PAD

    def name(self, qualname: str, module: str = "") -> int:
        """The id of a function."""
        found = [i for i, f in self.functions.items()
                 if f["qualname"] == qualname and f["module"].endswith(module)]
        assert found, "no %s in %s" % (qualname, [f["qualname"] for f in self.functions.values()])
        return found[0]

    def count(self, qualname: str) -> int:
        return self.counts[self.name(qualname)]

    def captured(self, qualname: str) -> list:
        """(codec, blob) of its calls in order."""
        i = self.name(qualname)
        return [self.values[c["hash"]] for c in self.calls if c["function"] == i]

    def reasons(self, qualname: str) -> dict:
        i = self.name(qualname)
        return {reason: n for (f, reason), n in self.loss.items() if f == i}


def read(folder: str) -> list:
    """The spools of a folder, the program's first."""
    spools = [Spool(p) for p in glob.glob(os.path.join(folder, "*.spool"))]
    return sorted(spools, key=lambda s: s.start_ns)
