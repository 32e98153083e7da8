#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks streams against schema/: validate.py STREAM…; prints "kind count" and every mistake."""
import collections
import json
import pathlib
import sys

import jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent / "schema"


def main() -> int:
    validators = {}
    for path in SCHEMAS.glob("cf-*-1.schema.json"):
        schema = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        kind = schema["properties"]["schema"]["const"]
        validators[kind] = jsonschema.Draft202012Validator(schema)
    kinds: collections.Counter = collections.Counter()
    mistakes = 0
    for name in sys.argv[1:]:
        for number, line in enumerate(open(name, encoding="utf-8"), 1):
            record = json.loads(line)
            kind = next(iter(record.values()))
            kinds[kind] += 1
            if next(iter(record)) != "schema" or kind not in validators:
                print(f"{name}:{number}: the first key is not a known schema")
                mistakes += 1
                continue
            for error in validators[kind].iter_errors(record):
                print(f"{name}:{number}: {kind} {error.json_path}: {error.message[:300]}")
                mistakes += 1
    for kind, count in sorted(kinds.items()):
        print(kind, count)
    return 1 if mistakes else 0


sys.exit(main())
