# SPDX-License-Identifier: Apache-2.0
"""A project, a trace of it and candidates for cf-bench's tests, without the stages before it.

usage: make_bench.py DIR SPEC.py

SPEC.py binds: source (the module's text), function (a qualified name), calls (a list of (args,
weight)), candidates ({name: whole new text of the module}), and may bind answer (the verdict),
command (a list) with stdout checked by --workflow, piped (bytes of its standard input, None for too
many), sys_version. DIR/app.py and DIR/codeflash.trace
are written; the stream of candidates goes to stdout.
"""

import hashlib
import json
import os
import pickle
import sqlite3
import sys


def put(db, key, value):
    db.execute("INSERT INTO meta VALUES (?, ?)", (key, json.dumps(value)))


def make_trace(path, root, spec):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "..", "lib", "schema.sql")) as f:
        schema = f.read()
    if os.path.exists(path):
        os.remove(path)
    db = sqlite3.connect(path)
    db.executescript(schema)
    db.execute("PRAGMA application_id = %d" % 0x63665452)
    db.execute("PRAGMA user_version = 3")
    command = spec.get("command", [sys.executable, "app.py"])
    for key, value in {
        "language": "python", "plugin": "python", "runtime": sys.executable,
        "runtime_version": "%d.%d.%d" % sys.version_info[:3], "project_root": root,
        "module_root": ".", "tests_root": "tests", "command": command, "cwd": root,
    }.items():
        put(db, key, value)
    if "piped" in spec:
        put(db, "stdin", {"kind": "pipe"})
        text = spec["piped"]
        db.execute("INSERT INTO input VALUES (?, 0, ?)", (1 << 40 if text is None else len(text), text))
    db.execute("INSERT INTO process VALUES (1, 1, 0, '[]', 0, 'exit')")
    name = spec["function"]
    db.execute(
        "INSERT INTO function (id, file, module, qualname, kind, line, end_line) "
        "VALUES (1, 'app.py', 'app', ?, 'function', 1, 1)", (name,))
    total = 0
    for number, (args, weight) in enumerate(spec["calls"], 1):
        blob = pickle.dumps((tuple(args), {}), 4)
        db.execute("INSERT INTO value VALUES (?, ?, 'pickle', ?, 0, ?)",
                   (number, hashlib.md5(b"%d" % number + blob).digest(), len(blob), blob))
        db.execute("INSERT INTO call VALUES (?, 1, 1, 1, ?, ?, NULL, ?, ?, 'uniform', ?)",
                   (number, number, number, weight, weight, number))
        total += weight
    db.execute("INSERT INTO profile VALUES (1, ?, 1000000, 1000000, 10)",
               (spec.get("total_calls", total),))
    db.execute("INSERT INTO complete VALUES (?, NULL, 0, 1000000000)", (spec.get("exit_status", 0),))
    db.commit()
    db.close()


def candidates(root, spec):
    before = spec["source"].encode()
    for name, text in spec["candidates"].items():
        combined = name == "combined"
        yield {
            "schema": "cf/candidate/1",
            "id": hashlib.sha256((name + text).encode()).hexdigest()[:16],
            "name": name,
            "target": {
                "id": "0" * 16, "trace": "codeflash.trace", "project_root": root,
                "language": "python", "function": 1, "file": "app.py", "name": spec["function"],
                "kind": "function", "module": "app", "line": 1, "end_line": 1,
            },
            "origin": "combined" if combined else "exec/" + name,
            "edits": [{
                "path": "app.py", "sha256_before": hashlib.sha256(before).hexdigest(),
                "start": 0, "end": len(before), "text": text,
            }],
            "verdict": {"answer": spec.get("answer", "equivalent")},
        }


def main():
    root, spec_path = os.path.abspath(sys.argv[1]), sys.argv[2]
    spec = {}
    with open(spec_path) as f:
        exec(compile(f.read(), spec_path, "exec"), spec)
    os.makedirs(root, exist_ok=True)
    with open(os.path.join(root, "app.py"), "w") as f:
        f.write(spec["source"])
    make_trace(os.path.join(root, "codeflash.trace"), root, spec)
    for record in candidates(root, spec):
        print(json.dumps(record))


if __name__ == "__main__":
    main()
