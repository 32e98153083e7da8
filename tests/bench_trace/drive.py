# SPDX-License-Identifier: Apache-2.0
"""Rounds of a workload in one process.

usage: drive.py OUT MODULE ROUNDS ARGS

Calls MODULE.main(*ARGS), a JSON list, ROUNDS times. What main() returns, if anything, is how often it
knows to have called its functions. OUT gets {"rounds": [ns, …], "counts": {qualified name: calls}}.
"""
import collections
import importlib
import json
import sys
import time


def main():
    out, name, rounds, args = sys.argv[1:]
    workload = importlib.import_module(name)
    times = []
    counts = collections.Counter()
    for _ in range(int(rounds)):
        start = time.perf_counter_ns()
        known = workload.main(*json.loads(args))
        times.append(time.perf_counter_ns() - start)
        counts.update(known or {})
    with open(out, "w") as f:
        json.dump({"rounds": times, "counts": counts}, f)


if __name__ == "__main__":
    main()
