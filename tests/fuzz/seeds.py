# SPDX-License-Identifier: Apache-2.0
"""Inputs for the fuzz targets, of real values, spools and traces.

usage: seeds.py DIR

Runs cf-trace on a small program of many kinds of calls; writes DIR/value/, DIR/spool/ and DIR/trace/ in
the encodings that the targets of these names describe.
"""

import collections
import datetime
import decimal
import fractions
import hashlib
import os
import pathlib
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zlib

PROGRAM = '''
import glob, os, shutil, threading

class Point:
    def __init__(self, x, y=2.5):
        self.x, self.y = x, y
    def moved(self, *by, **how):
        return Point(self.x + sum(by), self.y)

def numbers(n):
    for i in range(n):
        yield i * i

def total(items, factor=1):
    return sum(items) * factor

def fails(text):
    raise ValueError(text)

def main():
    for i in range(30):
        total(list(numbers(i)), factor=i / 2)
        Point(i).moved(i, how="far")
        try:
            fails("e" * (i * 40))
        except ValueError:
            pass
    total({1, 2}, 3)
    total((1, 2.5, True), 3)
    total(b"bytes")
    t = threading.Thread(target=total, args=([],))
    t.start()
    t.join()

main()
# its own spool, as it is now
for path in glob.glob(".codeflash.trace.spool-*/spools/*.spool"):
    shutil.copy(path, os.environ["SEEDS"])
'''

HEADER, FUNCTION = 4096, 2
TABLES = [
    ("meta", "key value"), ("process", "id pid ppid argv start_ns ended"),
    ("function", "id file module qualname class kind line end_line source_sha256 signature main is_test"
                 " replayable reason"),
    ("value", "id hash codec size packing data"),
    ("call", "id function process thread seq time_ns duration_ns weight seen why value"),
    ("distribution", "function sampled inputs repeated size_min size_median size_p90 size_max"),
    ("profile", "function calls own_ns total_ns samples"), ("edge", "caller callee ns calls"),
    ("line", "function line ns"), ("test", "id name outcome"), ("test_function", "test function"),
    ("ledger", "function reason n"), ("outcome", "call stable input data mask"),
    ("input", "size packing data"), ("complete", "exit_status signal timed_out wall_ns"),
]


def put(directory, data):
    directory.mkdir(parents=True, exist_ok=True)
    (directory / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def values(out):
    from codeflash import encode

    class Thing:
        def __init__(self):
            self.items, self.me = [1, "two"], self

    try:
        raise KeyError("k") from ValueError(1)
    except KeyError as error:
        raised = error
    samples = [
        None, True, 0, -1, 1 << 200, 1.5, float("nan"), -0.0, 2j, "text", "\u00e9\U0001f600", b"b", (1, (2,)),
        [[], [1]], {"a": 1, 2: "b"}, {3, 1, 2}, frozenset("ab"), range(5), Thing(), raised, Thing,
        collections.Counter("aab"), collections.deque([1], 3), collections.OrderedDict(a=1),
        datetime.datetime(2020, 1, 2, 3, 4, 5), datetime.timedelta(1), decimal.Decimal("1.50"),
        fractions.Fraction(1, 3), pathlib.PurePath("a/b"), iter([1, 2]), len, "x" * 400, sys.stdout,
    ]
    shared = [1]
    samples.append([shared, shared, {"again": shared}])
    encoded = [encode.value(s) for s in samples]
    encoded += [encode.outcome("return", [("return", s), ("args", (s,))], "", lambda: "out\n")
                for s in samples[:12]]
    encoded.append(encode.outcome("raise", [("raise", raised)], "project", lambda: ""))
    encoded.append(encode.skipped("a reason"))
    for a, b in zip(encoded, encoded[1:] + encoded[:1]):
        for second in (a, b):
            if len(a) + len(second) < 3000:
                put(out, struct.pack("<H", len(a)) + a + second)


def records(data):
    """(type, body) of a spool's records."""
    tail = struct.unpack_from("<Q", data, 16)[0]
    at, end = HEADER, HEADER + tail
    while at < end:
        size, kind, pad = struct.unpack_from("<IHH", data, at)
        if kind:
            yield kind, data[at + 8:at + size - pad], data[at:at + size]
        at += size


def spools(out, kept):
    for path in kept.glob("*.spool"):
        data = path.read_bytes()
        by_kind = collections.defaultdict(list)
        for kind, body, framed in records(data):
            by_kind[kind].append((body, framed))
        chosen = []
        for kind in sorted(by_kind):
            small = [r for r in by_kind[kind] if len(r[0]) < 600]
            chosen += [(kind, *r) for r in small[:6 if kind == FUNCTION else 3]]
            for body, _ in small[:2]:
                put(out, b"\0" + struct.pack("<BH", kind, len(body)) + body)
        put(out, b"\x08" + b"".join(struct.pack("<BH", k, len(b)) + b for k, b, _ in chosen))
        put(out, b"\x09" + b"".join(framed for _, _, framed in chosen))
        put(out, b"\x03" + data[:64] + b"".join(framed for _, _, framed in chosen))


def column(value, packed):
    if value is None:
        return b"\0"
    if isinstance(value, int):
        return b"\1" + struct.pack("<b", value) if -128 <= value < 128 else b"\2" + struct.pack("<q", value)
    if isinstance(value, float):
        return b"\3" + struct.pack("<d", value)
    if packed:
        data = zlib.decompress(value)
        return b"\6" + struct.pack("<H", len(data)) + data
    data = value.encode() if isinstance(value, str) else value
    return (b"\4" if isinstance(value, str) else b"\5") + struct.pack("<H", len(data)) + data


def traces(out, path):
    db = sqlite3.connect(path)
    everything = []
    for number, (table, names) in enumerate(TABLES):
        rows = db.execute("SELECT %s FROM %s" % (", ".join(names.split()), table)).fetchall()
        encoded = []
        for row in rows:
            named = dict(zip(names.split(), row))
            packed = named.get("packing") == 2 or table == "outcome"
            columns = [column(v, packed and isinstance(v, bytes) and n == "data") for n, v in named.items()]
            encoded.append(bytes([number]) + b"".join(columns))
        encoded.sort(key=len)
        everything += encoded if table == "meta" else encoded[:4]
        for row in encoded[:2]:
            put(out, b"\3" + row)
    put(out, b"\0" + b"".join(everything))
    put(out, b"\3" + b"".join(everything))
    # calls with the inputs that they refer to
    for call, value in db.execute("SELECT id, value FROM call ORDER BY random() LIMIT 12").fetchall():
        rows = []
        for table, where, key in (("value", "id", value), ("call", "id", call)):
            names = dict(TABLES)[table].split()
            row = db.execute("SELECT %s FROM %s WHERE %s = ?" % (", ".join(names), table, where), (key,)).fetchone()
            packed = dict(zip(names, row)).get("packing") == 2
            rows.append(bytes([[t for t, _ in TABLES].index(table)]) + b"".join(
                column(v, packed and n == "data") for n, v in zip(names, row)))
        function = dict(TABLES)["function"].split()
        row = db.execute("SELECT f.%s FROM function f JOIN call c ON c.function = f.id WHERE c.id = ?"
                         % ", f.".join(function), (call,)).fetchone()
        rows.append(b"\2" + b"".join(column(v, False) for v in row))
        put(out, b"\3" + b"".join(rows))


def main():
    out = pathlib.Path(sys.argv[1])
    values(out / "value")
    with tempfile.TemporaryDirectory() as where:
        where = pathlib.Path(where)
        (where / "program.py").write_text(PROGRAM)
        (where / "kept").mkdir()
        subprocess.run(["cf-trace", "--quiet", "program.py"], cwd=str(where), check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       env=dict(os.environ, SEEDS=str(where / "kept")))
        subprocess.run(["cf-replaygen", "--quiet", "codeflash.trace"], cwd=str(where),
                       stdout=subprocess.DEVNULL)
        spools(out / "spool", where / "kept")
        traces(out / "trace", where / "codeflash.trace")
    for name in ("value", "spool", "trace"):
        files = list((out / name).iterdir())
        print("%s: %d inputs, %d bytes" % (name, len(files), sum(f.stat().st_size for f in files)))


if __name__ == "__main__":
    main()
