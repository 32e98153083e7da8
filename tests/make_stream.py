#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A finished stream for tests of cf-pr: make_stream.py ROOT [--no-combine] FILE OLD NEW [FILE OLD NEW …].

Each triple is one verified, faster candidate that replaces OLD by NEW in ROOT/FILE; together they
make the combined one.
"""
import hashlib
import json
import sys


def main() -> None:
    root, words = sys.argv[1], sys.argv[2:]
    combine = "--no-combine" not in words
    words = [word for word in words if word != "--no-combine"]
    command = ["/usr/bin/python3", "-B", root + "/job.py", "--output", "x"]
    records = [{"schema": "cf/trace/1", "trace": "codeflash.trace", "project_root": root,
                "command": command}]
    members = []
    for path, old, new in zip(words[0::3], words[1::3], words[2::3]):
        with open(root + "/" + path, "rb") as file:
            data = file.read()
        start = data.index(old.encode())
        edit = {"path": path, "sha256_before": hashlib.sha256(data).hexdigest(), "start": start,
                "end": start + len(old.encode()), "text": new}
        number = len(members) + 1
        target = {"id": f"{number:016x}", "project_root": root, "trace": "codeflash.trace",
                  "file": path, "module": path[:-3].replace("/", "."), "name": f"f{number}"}
        members.append({
            "schema": "cf/candidate/1", "id": f"{number + 15:016x}", "name": f"f{number}",
            "target": target, "origin": "rules/test", "edits": [edit], "diff": "",
            "explanation": f"candidate {number} does less",
            "verdict": {"answer": "equivalent", "compared": {"replay": 7}},
            "measurement": {"decision": "faster", "speedup": 1.5 * number, "low": 1.4, "high": 9.9,
                            "confidence": 0.95, "pairs": 20}})
        records += [{"schema": "cf/target/1", **target}]
    records += members
    if combine and members:
        edits = sorted((e for m in members for e in m["edits"]), key=lambda e: (e["path"], e["start"]))
        records.append({
            "schema": "cf/candidate/1", "id": "f" * 16, "name": "all", "target": members[0]["target"],
            "origin": "combined", "members": [m["id"] for m in members], "edits": edits,
            "verdict": {"answer": "equivalent", "compared": {"replay": 7}},
            "workflow": {"original_ns": 4000000000, "optimized_ns": 1000000000, "speedup": 4.0,
                         "low": 3.9, "high": 4.1, "pairs": 8, "output_identical": True,
                         "exit_status": 0}})
    for record in records:
        print(json.dumps(record, ensure_ascii=False))


main()
